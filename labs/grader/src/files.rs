// SPDX-License-Identifier: GPL-2.0-only

//! The files of a lab in the folder where they are built, and the files that were built from them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use simrupt::failure::Failure;

use crate::lab::Mistake;

/// Files that are not built: those of the grader in the learner's folder.
const NOT_BUILT: [&str; 5] = [
    "answers.toml",
    "result.toml",
    "runs.txt",
    "tests.ktap",
    "tests.xml",
];

/// Copies sources. An unchanged one keeps its time, and is not compiled again. If one is gone, its copy is removed,
/// with the files that were built from it.
pub(crate) fn mirror(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    let list = to.join(".sources");
    let mut names = Vec::new();
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if NOT_BUILT.contains(&name.as_str()) {
            continue;
        }
        let target = to.join(&name);
        if entry.file_type()?.is_dir() {
            mirror(&entry.path(), &target)?;
        } else {
            let content = fs::read(entry.path())?;
            if fs::read(&target).ok().as_ref() != Some(&content) {
                fs::write(&target, content)?;
            }
        }
        names.push(name);
    }
    names.sort();
    let names = names.join("\n");
    let before = fs::read_to_string(&list).ok();
    if before.as_ref().is_some_and(|before| *before != names) {
        // The list of files differs: the old files are useless.
        fs::remove_dir_all(to)?;
        return mirror(from, to);
    }
    // An old module must not be taken for the result if the build fails.
    for entry in fs::read_dir(to)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "ko") {
            fs::remove_file(path)?;
        }
    }
    fs::write(list, names)
}

/// Makes a mistake in the copy in `folder`.
pub(crate) fn make_mistake(mistake: &Mistake, folder: &Path) -> Result<(), Failure> {
    let file = folder.join(&mistake.file);
    let cannot =
        |why: String| Failure::new(format!("cannot make the mistake '{}'", mistake.name), why);
    let told = |error: io::Error| cannot(format!("{}: {error}", file.display()));
    let text = fs::read_to_string(&file).map_err(told)?;
    let count = text.matches(&mistake.from).count();
    if count != 1 {
        return Err(cannot(format!(
            "its `from` is {count} times in {}, not once",
            mistake.file
        )));
    }
    fs::write(&file, text.replacen(&mistake.from, &mistake.to, 1)).map_err(told)
}

/// The modules that were built in a folder and those below it.
pub(crate) fn modules(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut modules = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // A link leads to sources.
        if entry.file_type()?.is_dir() {
            modules.extend(self::modules(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "ko") {
            modules.push(path);
        }
    }
    Ok(modules)
}

/// The names of the programs that were built from `programs/NAME.c`.
pub(crate) fn programs(built: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    match fs::read_dir(built.join("programs")) {
        Ok(entries) => {
            for entry in entries {
                let path = entry?.path();
                if path.extension().is_some_and(|ending| ending == "c") {
                    names.push(
                        path.file_stem()
                            .unwrap_or_default()
                            .to_string_lossy()
                            .into_owned(),
                    );
                }
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Lab;
    use crate::lab::tests::SMALL;

    #[test]
    fn a_mirror_keeps_unchanged_files_and_removes_those_that_are_gone() {
        let scratch = tempfile::tempdir().unwrap();
        let (from, to) = (scratch.path().join("from"), scratch.path().join("to"));
        fs::create_dir_all(from.join("programs")).unwrap();
        fs::write(from.join("a.c"), "a").unwrap();
        fs::write(from.join("answers.toml"), "x = 1").unwrap();
        mirror(&from, &to).unwrap();
        let time = fs::metadata(to.join("a.c")).unwrap().modified().unwrap();
        fs::write(to.join("a.o"), "object").unwrap();
        fs::write(to.join("a.ko"), "module").unwrap();
        mirror(&from, &to).unwrap();
        assert_eq!(
            fs::metadata(to.join("a.c")).unwrap().modified().unwrap(),
            time
        );
        assert!(to.join("a.o").exists() && !to.join("a.ko").exists());
        assert!(!to.join("answers.toml").exists());
        fs::rename(from.join("a.c"), from.join("b.c")).unwrap();
        mirror(&from, &to).unwrap();
        assert!(to.join("b.c").exists() && !to.join("a.c").exists() && !to.join("a.o").exists());
    }

    #[test]
    fn a_mistake_needs_its_text_exactly_once() {
        let scratch = tempfile::tempdir().unwrap();
        let lab = Lab::parse("01-a", SMALL).unwrap();
        let file = scratch.path().join("small.c");
        for (text, is_made) in [
            ("pr_info(x);", true),
            ("x", false),
            ("pr_info(pr_info)", false),
        ] {
            fs::write(&file, text).unwrap();
            assert_eq!(
                make_mistake(&lab.mistakes[0], scratch.path()).is_ok(),
                is_made,
                "{text}"
            );
        }
    }
}
