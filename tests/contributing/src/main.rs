// SPDX-License-Identifier: GPL-2.0-only

//! `apply-example [--reverse] PATCH FOLDER`: applies a diff of git to the sources in a folder, all of it or nothing.

mod example;

use std::env;
use std::path::Path;
use std::process::ExitCode;

use example::{Direction, Example};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (direction, patch, folder) = match words[..] {
        [patch, folder] => (Direction::Forth, patch, folder),
        ["--reverse", patch, folder] => (Direction::Back, patch, folder),
        _ => {
            eprintln!("usage: apply-example [--reverse] PATCH FOLDER");
            return ExitCode::from(2);
        }
    };
    let applied = Example::read(Path::new(patch))
        .and_then(|example| example.changes(Path::new(folder), direction))
        .and_then(|changes| changes.iter().try_for_each(example::Change::make));
    match applied {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("apply-example: {why}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    fn checkout() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    /// The diffs of Documentation/examples.
    fn examples() -> Vec<PathBuf> {
        let entries = fs::read_dir(checkout().join("Documentation/examples")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let mut paths: Vec<_> = paths.collect();
        paths.sort();
        paths
    }

    #[test]
    fn every_example_applies_to_the_sources() {
        let names: Vec<_> = examples()
            .iter()
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(
            names,
            ["counter.patch", "flavor.patch", "knob.patch", "lab.patch"]
        );
        for path in examples() {
            let example = Example::read(&path).unwrap();
            let changes = example.changes(&checkout(), Direction::Forth);
            assert!(changes.unwrap_or_else(|why| panic!("{why}")).len() > 4);
        }
    }

    #[test]
    fn the_page_names_each_file_of_an_example_in_its_section() {
        let page = fs::read_to_string(checkout().join("CONTRIBUTING.md")).unwrap();
        for path in examples() {
            let name = path.file_name().unwrap().to_str().unwrap();
            let sections = page.split("\n### ");
            let section = sections
                .skip(1)
                .find(|section| section.contains(&format!("[`{name}`]")))
                .unwrap_or_else(|| panic!("CONTRIBUTING.md has no section with {name}"));
            for file in Example::read(&path).unwrap().files().unwrap() {
                assert!(
                    section.contains(&format!("`{file}`")),
                    "CONTRIBUTING.md does not say what {name} does to {file}"
                );
            }
        }
    }

    #[test]
    fn an_example_can_be_taken_back() {
        for path in examples() {
            let example = Example::read(&path).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let before: Vec<_> = example
                .files()
                .unwrap()
                .into_iter()
                .map(|file| {
                    let text = fs::read_to_string(checkout().join(&file)).ok();
                    let copy = folder.path().join(&file);
                    fs::create_dir_all(copy.parent().unwrap()).unwrap();
                    if let Some(text) = &text {
                        fs::write(&copy, text).unwrap();
                    }
                    (copy, text)
                })
                .collect();
            for (direction, is_as_before) in [(Direction::Forth, false), (Direction::Back, true)] {
                let changes = example.changes(folder.path(), direction).unwrap();
                changes.iter().for_each(|change| change.make().unwrap());
                for (copy, text) in &before {
                    let now = fs::read_to_string(copy).ok();
                    assert_eq!(now == *text, is_as_before, "{}", copy.display());
                }
            }
        }
    }
}
