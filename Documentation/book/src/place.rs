// SPDX-License-Identifier: GPL-2.0-only

//! Where the files of the checkout are in the book. All paths are relative to the top of either.

use std::path::{Component, Path, PathBuf};

/// The file that a target means, which is relative to the folder of `page`; `None` if it is outside the checkout.
pub(crate) fn resolve(page: &Path, target: &str) -> Option<PathBuf> {
    if target.is_empty() {
        return Some(page.to_path_buf());
    }
    let mut path = page.parent()?.to_path_buf();
    for part in Path::new(target).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if path.pop() => {}
            Component::Normal(name) => path.push(name),
            _ => return None,
        }
    }
    Some(path)
}

/// Whether the file is a page.
pub(crate) fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "md")
}

/// Whether the file is a picture, which a browser shows as it is.
pub(crate) fn is_picture(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending == "svg" || ending == "png")
}

/// The place of a page, a picture, a folder, or a file that gets a page which shows it. The page of a folder is its
/// README.md, which browsers know as index.
pub(crate) fn in_book(path: &Path, is_folder: bool) -> PathBuf {
    if is_folder {
        path.join("index.md")
    } else if path.file_name().is_some_and(|name| name == "README.md") {
        path.with_file_name("index.md")
    } else if is_page(path) || is_picture(path) {
        path.to_path_buf()
    } else {
        let mut name = path.as_os_str().to_owned();
        name.push(".md");
        PathBuf::from(name)
    }
}

/// The way from one page of the book to another file there.
pub(crate) fn between(from: &Path, to: &Path) -> String {
    let from: Vec<_> = from
        .parent()
        .into_iter()
        .flat_map(Path::components)
        .collect();
    let to: Vec<_> = to.components().collect();
    let shared = from
        .iter()
        .zip(&to)
        .take_while(|(one, other)| one == other)
        .count();
    let ups = from[shared..].iter().map(|_| "..".into());
    let downs = to[shared..]
        .iter()
        .map(|part| part.as_os_str().to_string_lossy());
    ups.chain(downs).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_relative_to_the_folder_of_their_page() {
        let page = Path::new("Documentation/tracing/perf.md");
        assert_eq!(
            resolve(page, "events.md"),
            Some("Documentation/tracing/events.md".into())
        );
        assert_eq!(resolve(page, "../../tools/"), Some("tools".into()));
        assert_eq!(resolve(page, ""), Some(page.into()));
        assert_eq!(resolve(page, "../../../etc/passwd"), None);
        assert_eq!(resolve(page, "/etc/passwd"), None);
    }

    #[test]
    fn a_readme_is_the_index_of_its_folder_and_code_gets_a_page() {
        assert_eq!(
            in_book(Path::new("labs/README.md"), false),
            Path::new("labs/index.md")
        );
        assert_eq!(
            in_book(Path::new("tools"), true),
            Path::new("tools/index.md")
        );
        assert_eq!(
            in_book(Path::new("kmod/a.rs"), false),
            Path::new("kmod/a.rs.md")
        );
        assert_eq!(
            in_book(Path::new("LICENSE"), false),
            Path::new("LICENSE.md")
        );
        assert_eq!(in_book(Path::new("a/b.svg"), false), Path::new("a/b.svg"));
    }

    #[test]
    fn the_way_between_two_pages_goes_by_the_folder_that_both_are_in() {
        let way = |from, to| between(Path::new(from), Path::new(to));
        assert_eq!(way("a/b/c.md", "a/d.md"), "../d.md");
        assert_eq!(way("c.md", "a/d.md"), "a/d.md");
        assert_eq!(way("a/c.md", "a/d.md"), "d.md");
    }
}
