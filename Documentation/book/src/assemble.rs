// SPDX-License-Identifier: GPL-2.0-only

//! The folder that mdBook takes: pages, pictures, pages of files, the summary and the configuration.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::links::{self, Link};
use crate::{audience, generated, place, sources, width};

/// The list of all pages, in their order.
const SUMMARY: &str = "Documentation/SUMMARY.md";
/// The folder of this program, of mdBook's configuration, and of what each page has with it.
const BOOK: &str = "Documentation/book";
const OWN: [&str; 2] = ["style.css", "accessible.js"];
/// The page that lists the pages of files.
const SOURCES: &str = "sources.md";

/// Assembles all in `out`, and tells how much that is.
pub(crate) fn run(checkout: &Path, out: &Path) -> Result<String, String> {
    if out.exists() {
        fs::remove_dir_all(out)
            .map_err(|error| format!("cannot delete {}: {error}", out.display()))?;
    }
    let summary = read(checkout, Path::new(SUMMARY))?;
    let pages = listed(checkout, &summary)?;
    let mut book = Book {
        checkout,
        out: out.join("src"),
        pages,
        files: BTreeSet::new(),
        pictures: BTreeSet::new(),
    };
    for page in book.pages.clone() {
        book.add(&page)
            .map_err(|why| format!("{}: {why}", page.display()))?;
    }
    for picture in &book.pictures {
        let to = book.out.join(picture);
        fs::create_dir_all(to.parent().unwrap_or(&to))
            .and_then(|()| fs::copy(checkout.join(picture), &to))
            .map_err(|error| format!("cannot copy {}: {error}", picture.display()))?;
    }
    for file in &book.files {
        let to = place::in_book(file, checkout.join(file).is_dir());
        write(&book.out.join(to), &sources::page(checkout, file)?)?;
    }
    write(&book.out.join(SOURCES), &list(checkout, &book.files))?;
    write(
        &book.out.join("SUMMARY.md"),
        &whole_summary(checkout, &summary, &book.files)?,
    )?;
    write(
        &out.join("book.toml"),
        &configuration(checkout, &book.files)?,
    )?;
    for own in OWN {
        write(&out.join(own), &read(checkout, &Path::new(BOOK).join(own))?)?;
    }
    Ok(format!(
        "{} pages, {} pictures, {} files",
        book.pages.len(),
        book.pictures.len(),
        book.files.len()
    ))
}

/// A book in the making.
struct Book<'a> {
    checkout: &'a Path,
    out: PathBuf,
    pages: Vec<PathBuf>,
    files: BTreeSet<PathBuf>,
    pictures: BTreeSet<PathBuf>,
}

impl Book<'_> {
    /// Adds a page, and notes what it refers to.
    fn add(&mut self, page: &Path) -> Result<(), String> {
        let text = with_readers(page, read(self.checkout, page)?);
        // The project's own page says in a table who begins where.
        if let Some(why) = audience::objection(&text).filter(|_| page != Path::new("README.md")) {
            return Err(why);
        }
        if let Some(why) = width::objection(&text) {
            return Err(why);
        }
        let text = generated::fill(self.checkout, text)?;
        let here = place::in_book(page, false);
        let text = links::rewrite(&text, |link| self.lead(page, &here, link))?;
        write(&self.out.join(here), &text)
    }

    /// The target in the book of a link that stands in a page.
    fn lead(&mut self, page: &Path, here: &Path, link: &Link) -> Result<Option<String>, String> {
        if link.target.is_empty() {
            return Ok(None);
        }
        let meant = place::resolve(page, &link.target)
            .ok_or_else(|| format!("{} is outside the source tree", link.target))?;
        let found = self.checkout.join(&meant);
        if !found.exists() {
            return Err(format!("{} is not there", link.target));
        }
        let readme = meant.join("README.md");
        let is_folder = found.is_dir() && !self.pages.contains(&readme);
        let meant = if found.is_dir() && !is_folder {
            readme
        } else {
            meant
        };
        let fragment = if self.pages.contains(&meant) {
            link.fragment.as_str()
        } else if place::is_page(&meant) {
            return Err(format!("{} is not in {SUMMARY}", link.target));
        } else if place::is_picture(&meant) {
            self.pictures.insert(meant.clone());
            ""
        } else {
            self.files.insert(meant.clone());
            ""
        };
        let there = place::in_book(&meant, is_folder);
        Ok(Some(place::between(here, &there) + fragment))
    }
}

/// The labs' pages begin with their question; in the book, a line before it says whom they are for.
fn with_readers(page: &Path, text: String) -> String {
    let is_lab = page.starts_with("labs") && page.components().count() == 3;
    let title = text.split_once('\n').filter(|_| is_lab);
    match title {
        Some((title, rest)) => format!(
            "{title}\n\nFor learners. [The labs](../README.md) says how one is done.\n{rest}"
        ),
        None => text,
    }
}

/// The pages that the summary lists. Each page of the documentation must be there, once.
fn listed(checkout: &Path, summary: &str) -> Result<Vec<PathBuf>, String> {
    let mut pages = Vec::new();
    for link in links::of(summary)? {
        let page =
            place::resolve(Path::new(SUMMARY), &link.target).filter(|page| place::is_page(page));
        let page = page.ok_or_else(|| format!("{SUMMARY}: {} is no page", link.target))?;
        if pages.contains(&page) {
            return Err(format!("{SUMMARY}: {} is there twice", link.target));
        }
        pages.push(page);
    }
    let own = files(checkout, Path::new("Documentation"))?;
    let own = own
        .into_iter()
        .filter(|page| place::is_page(page) && page != Path::new(SUMMARY));
    let forgotten: Vec<_> = own
        .filter(|page| !pages.contains(page))
        .map(|page| page.display().to_string())
        .collect();
    match forgotten.is_empty() {
        true => Ok(pages),
        false => Err(format!("{SUMMARY} lacks {}", forgotten.join(", "))),
    }
}

/// The summary as mdBook takes it: at the top of all pages, and with the pages of files at its end.
fn whole_summary(
    checkout: &Path,
    summary: &str,
    files: &BTreeSet<PathBuf>,
) -> Result<String, String> {
    let mut text = links::rewrite(summary, |link| {
        let page = place::resolve(Path::new(SUMMARY), &link.target).unwrap_or_default();
        Ok(Some(place::in_book(&page, false).display().to_string()))
    })?;
    let _ = write!(
        text,
        "\n# Sources\n\n- [Files that pages refer to]({SOURCES})\n"
    );
    for file in files {
        let to = place::in_book(file, checkout.join(file).is_dir());
        let _ = writeln!(text, "  - [{}]({})", file.display(), to.display());
    }
    Ok(text)
}

/// The page that lists the pages of files.
fn list(checkout: &Path, files: &BTreeSet<PathBuf>) -> String {
    let mut text =
        "# Files that pages refer to\n\nFor those who read the code beside the pages.\n\n"
            .to_owned();
    for file in files {
        let to = place::in_book(file, checkout.join(file).is_dir());
        let _ = writeln!(text, "- [{}]({})", file.display(), to.display());
    }
    text
}

/// mdBook's configuration. Code is not searched: it would hide the pages.
fn configuration(checkout: &Path, files: &BTreeSet<PathBuf>) -> Result<String, String> {
    let mut text = read(checkout, &Path::new(BOOK).join("book.toml"))?;
    text.push_str("\n[output.html.search.chapter]\n");
    for file in files {
        let to = place::in_book(file, checkout.join(file).is_dir());
        let _ = writeln!(
            text,
            "{:?} = {{ enable = false }}",
            to.display().to_string()
        );
    }
    Ok(text)
}

/// The text of a file of the checkout.
pub(crate) fn read(checkout: &Path, path: &Path) -> Result<String, String> {
    fs::read_to_string(checkout.join(path))
        .map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// All files below a folder of the checkout, in their order.
pub(crate) fn files(checkout: &Path, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let cannot = |error| format!("cannot read {}: {error}", folder.display());
    let mut entries = Vec::new();
    for entry in fs::read_dir(checkout.join(folder)).map_err(cannot)? {
        entries.push(folder.join(entry.map_err(cannot)?.file_name()));
    }
    entries.sort();
    let mut found = Vec::new();
    for entry in entries {
        if checkout.join(&entry).is_dir() {
            found.extend(files(checkout, &entry)?);
        } else {
            found.push(entry);
        }
    }
    Ok(found)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::create_dir_all(path.parent().unwrap_or(path))
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A checkout with two pages, and with further files.
    fn checkout(further: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let common = [
            ("Documentation/book/book.toml", "[book]\n"),
            ("Documentation/book/style.css", ""),
            ("Documentation/book/accessible.js", ""),
            (SUMMARY, "# S\n\n[Top](../README.md)\n\n- [A](a.md)\n"),
            ("README.md", "# Top\n\nFor all. [A](Documentation/a.md#b)\n"),
            ("Documentation/a.md", "# A\n\nFor all.\n"),
            ("kmod/x.rs", "fn x() {}\n"),
        ];
        for (path, text) in common.iter().chain(further) {
            write(&folder.path().join(path), text).unwrap();
        }
        folder
    }

    fn run_in(folder: &tempfile::TempDir) -> Result<PathBuf, String> {
        let out = folder.path().join("out");
        run(folder.path(), &out).map(|_| out)
    }

    fn text(out: &Path, path: &str) -> String {
        fs::read_to_string(out.join(path)).unwrap()
    }

    #[test]
    fn links_between_pages_and_to_code_lead_to_pages_of_the_book() {
        let folder = checkout(&[(
            "Documentation/a.md",
            "# A\n\nFor all. [x](../kmod/x.rs), [top](../README.md), [k](../kmod)\n",
        )]);
        let out = run_in(&folder).unwrap();
        assert_eq!(
            text(&out, "src/index.md"),
            "# Top\n\nFor all. [A](Documentation/a.md#b)\n"
        );
        let page =
            "# A\n\nFor all. [x](../kmod/x.rs.md), [top](../index.md), [k](../kmod/index.md)\n";
        assert_eq!(text(&out, "src/Documentation/a.md"), page);
        assert!(text(&out, "src/kmod/x.rs.md").contains("```rust\nfn x() {}\n```"));
        let summary = text(&out, "src/SUMMARY.md");
        for row in [
            "[Top](index.md)",
            "- [A](Documentation/a.md)",
            "  - [kmod/x.rs](kmod/x.rs.md)",
        ] {
            assert!(summary.contains(row), "{summary}");
        }
        assert!(text(&out, "book.toml").contains("\"kmod/x.rs.md\" = { enable = false }"));
    }

    #[test]
    fn a_page_that_the_summary_lacks_is_an_error() {
        let folder = checkout(&[("Documentation/b.md", "# B\n\nFor all.\n")]);
        assert_eq!(
            run_in(&folder).unwrap_err(),
            "Documentation/SUMMARY.md lacks Documentation/b.md"
        );
    }

    #[test]
    fn a_link_to_a_file_that_is_not_there_is_an_error() {
        let folder = checkout(&[("Documentation/a.md", "# A\n\nFor all. [x](../kmod/y.rs)\n")]);
        assert_eq!(
            run_in(&folder).unwrap_err(),
            "Documentation/a.md: ../kmod/y.rs is not there"
        );
    }

    #[test]
    fn a_link_to_a_page_that_is_not_in_the_book_is_an_error() {
        let folder = checkout(&[
            ("b.md", "# B\n"),
            ("Documentation/a.md", "# A\n\nFor all. [b](../b.md)\n"),
        ]);
        assert_eq!(
            run_in(&folder).unwrap_err(),
            "Documentation/a.md: ../b.md is not in Documentation/SUMMARY.md"
        );
    }

    #[test]
    fn a_picture_goes_along() {
        let folder = checkout(&[
            ("Documentation/p/x.svg", "<svg/>"),
            ("Documentation/a.md", "# A\n\nFor all. ![x](p/x.svg)\n"),
        ]);
        let out = run_in(&folder).unwrap();
        assert_eq!(text(&out, "src/Documentation/p/x.svg"), "<svg/>");
    }

    #[test]
    fn the_pages_of_the_labs_get_a_line_that_says_whom_they_are_for() {
        let lab = with_readers(
            Path::new("labs/01-build/README.md"),
            "# Lab\n\n## The question\n".to_owned(),
        );
        assert_eq!(audience::objection(&lab), None);
    }

    #[test]
    fn the_documentation_makes_a_book() {
        let out = tempfile::tempdir().unwrap();
        run(&crate::truth::checkout(), &out.path().join("book")).unwrap();
    }
}
