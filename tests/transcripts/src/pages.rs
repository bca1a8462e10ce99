// SPDX-License-Identifier: GPL-2.0-only

//! Finds the pages of a checkout, reads them, and writes those that change.

use std::fs;
use std::io;
use std::path::Path;

use simrupt::failure::Failure;

use crate::page::{Fault, Page};

/// Folders without pages of ours.
const LEFT_OUT: [&str; 2] = ["build", "target"];

/// All pages with one of these texts in their paths, or all there are, and what is amiss in them: "PATH:LINE: WHAT".
pub(crate) fn read(
    checkout: &Path,
    wanted: &[String],
) -> Result<(Vec<Page>, Vec<String>), Failure> {
    let mut paths = Vec::new();
    find(checkout, checkout, &mut paths).map_err(|error| {
        Failure::new(
            format!("cannot read {}", checkout.display()),
            error.to_string(),
        )
    })?;
    paths.sort();
    let all = paths.len();
    paths
        .retain(|path| wanted.is_empty() || wanted.iter().any(|part| path.contains(part.as_str())));
    for part in wanted {
        if !paths.iter().any(|path| path.contains(part.as_str())) {
            return Err(Failure::new(
                format!("no page has '{part}' in its path"),
                format!("there are {all} pages"),
            ));
        }
    }
    let (mut pages, mut faults) = (Vec::new(), Vec::new());
    for path in paths {
        let text = fs::read_to_string(checkout.join(&path))
            .map_err(|error| Failure::new(format!("cannot read {path}"), error.to_string()))?;
        let (page, of_page) = Page::parse(&path, &text);
        faults.extend(of_page.iter().map(|fault| told(&path, fault)));
        pages.push(page);
    }
    Ok((pages, faults))
}

pub(crate) fn told(path: &str, fault: &Fault) -> String {
    format!("{path}:{}: {}", fault.line, fault.what)
}

fn find(checkout: &Path, folder: &Path, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (name, path) = (entry.file_name(), entry.path());
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else {
            continue;
        };
        // A symbolic link is another name of a page.
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if !LEFT_OUT.contains(&name) {
                find(checkout, &path, paths)?;
            }
        } else if let (true, Some(path)) = (
            kind.is_file() && name.ends_with(".md"),
            path.strip_prefix(checkout).ok().and_then(Path::to_str),
        ) {
            paths.push(path.to_owned());
        }
    }
    Ok(())
}

/// The bodies of blocks that were made anew, by the index of the transcript.
pub(crate) type MadeAnew = Vec<(usize, Vec<String>)>;

/// Writes a page with these blocks in the place of those that it has.
pub(crate) fn write(checkout: &Path, page: &Page, mut made_anew: MadeAnew) -> Result<(), Failure> {
    // From the end, so that indices stay right.
    made_anew.sort_by_key(|(index, _)| std::cmp::Reverse(*index));
    let mut lines = page.lines.clone();
    for (index, body) in made_anew {
        lines.splice(page.transcripts[index].body.clone(), body);
    }
    let text: String = lines
        .iter()
        .flat_map(|line| [line.as_ref(), "\n"])
        .collect();
    let file = checkout.join(&page.path);
    let new = file.with_extension("md.new");
    fs::write(&new, text)
        .and_then(|()| fs::rename(&new, &file))
        .map_err(|error| Failure::new(format!("cannot write {}", page.path), error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout() -> tempfile::TempDir {
        let scratch = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("README.md", "```\nno marker\n```\n"),
            (
                "Documentation/a.md",
                "<!-- transcript: new -->\n```\n$ x\n1\n```\nand\n<!-- transcript: -->\n```\n$ y\n```\n",
            ),
            ("build/b.md", "```\n"),
            (".git/c.md", "```\n"),
            ("Documentation/d.txt", "```\n"),
        ] {
            let file = scratch.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        scratch
    }

    #[test]
    fn pages_are_found_and_what_is_amiss_in_them_has_a_place() {
        let scratch = checkout();
        let (pages, faults) = read(scratch.path(), &[]).unwrap();
        let paths: Vec<_> = pages.iter().map(|page| page.path.as_str()).collect();
        assert_eq!(paths, ["Documentation/a.md", "README.md"]);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("README.md:1: "), "{faults:?}");
    }

    #[test]
    fn every_transcript_of_our_pages_says_how_it_is_made() {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let (pages, faults) = read(&checkout, &[]).unwrap();
        assert_eq!(faults, [""; 0]);
        let runs = pages.iter().enumerate().map(|(index, page)| {
            let sessions = crate::plan::sessions(index, page);
            sessions
                .unwrap_or_else(|fault| panic!("{}", told(&page.path, &fault)))
                .len()
        });
        assert!(runs.sum::<usize>() > 20);
    }

    #[test]
    fn pages_can_be_chosen_and_a_choice_of_nothing_is_refused() {
        let scratch = checkout();
        let (pages, faults) = read(scratch.path(), &["tation/a".to_owned()]).unwrap();
        assert_eq!((pages.len(), faults.len()), (1, 0));
        let error = read(scratch.path(), &["z.md".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("'z.md'"));
    }

    #[test]
    fn only_the_blocks_made_anew_change() {
        let scratch = checkout();
        let (pages, _) = read(scratch.path(), &["a.md".to_owned()]).unwrap();
        let blocks = vec![
            (0, vec!["$ x".to_owned(), "2".to_owned(), "3".to_owned()]),
            (1, vec!["$ y".to_owned(), "4".to_owned()]),
        ];
        write(scratch.path(), &pages[0], blocks).unwrap();
        let text = fs::read_to_string(scratch.path().join("Documentation/a.md")).unwrap();
        assert_eq!(
            text,
            "<!-- transcript: new -->\n```\n$ x\n2\n3\n```\nand\n<!-- transcript: -->\n```\n$ y\n4\n```\n"
        );
    }
}
