// SPDX-License-Identifier: GPL-2.0-only

//! The learner's copy of a lab: `labs/NN-name/work/`, or with `WORK=DIR` `DIR/NN-name/`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use simrupt::failure::Failure;

use crate::answers::{self, Answers};
use crate::lab::Lab;

/// The grader's files in the folder: the last result, and the files for other tools.
const RESULT: &str = "result.toml";

/// A learner's copy of a lab.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) folder: PathBuf,
    /// The command that grades it.
    pub(crate) command: String,
}

/// The result of the last run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) points: u32,
    pub(crate) of: u32,
}

impl Work {
    /// The copy of `lab`, in the folder `work` if one is given.
    pub(crate) fn of(lab: &Lab, work: Option<&Path>) -> Self {
        let command = format!("make lab LAB={}", lab.number());
        match work {
            Some(work) => Self {
                folder: work.join(&lab.name),
                command: format!("{command} WORK={}", quoted(work)),
            },
            None => Self {
                folder: lab.folder.join("work"),
                command,
            },
        }
    }

    /// Whether the learner has begun.
    pub(crate) fn exists(&self) -> bool {
        self.answers_file().exists()
    }

    /// Copies the skeleton and writes the questions; existing files are not changed.
    pub(crate) fn create(&self, lab: &Lab) -> Result<(), Failure> {
        let make = || {
            copy_missing(&lab.skeleton(), &self.folder)?;
            fs::write(self.answers_file(), answers::template(lab, &self.command))
        };
        make().map_err(|error| self.cannot("make", &error))
    }

    /// The file with the predictions.
    pub(crate) fn answers_file(&self) -> PathBuf {
        self.folder.join(answers::FILE)
    }

    /// The predictions.
    pub(crate) fn answers(&self, lab: &Lab) -> Result<Answers, Failure> {
        read_answers(lab, &self.folder)
    }

    /// The last result; `None` before the first.
    pub(crate) fn standing(&self) -> Option<Standing> {
        toml::from_str(&fs::read_to_string(self.folder.join(RESULT)).ok()?).ok()
    }

    /// Saves a result, and files for other tools: their names and texts.
    pub(crate) fn keep(&self, standing: Standing, files: &[(&str, String)]) -> Result<(), Failure> {
        let keep = || {
            let text = format!("points = {}\nof = {}\n", standing.points, standing.of);
            fs::write(self.folder.join(RESULT), text)?;
            files
                .iter()
                .try_for_each(|(name, text)| fs::write(self.folder.join(name), text))
        };
        keep().map_err(|error| self.cannot("write to", &error))
    }

    fn cannot(&self, verb: &str, error: &io::Error) -> Failure {
        Failure::new(
            format!("cannot {verb} {}", self.folder.display()),
            error.to_string(),
        )
    }
}

/// The answers in `folder`, which is a work folder or a solution.
pub(crate) fn read_answers(lab: &Lab, folder: &Path) -> Result<Answers, Failure> {
    let file = folder.join(answers::FILE);
    let cannot = |why: String| Failure::new(format!("cannot use {}", file.display()), why);
    let text = fs::read_to_string(&file).map_err(|error| cannot(error.to_string()))?;
    Answers::parse(lab, &text).map_err(cannot)
}

/// A path as a word for the shell.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    match path.chars().all(is_plain) {
        true => path,
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

/// Copies what of `from` is not in `to` yet.
fn copy_missing(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_missing(&entry.path(), &target)?;
        } else if !target.exists() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::tests::SMALL;

    fn lab(folder: &Path) -> Lab {
        let mut lab = Lab::parse("07-small", SMALL).unwrap();
        lab.folder = folder.join("07-small");
        fs::create_dir_all(lab.skeleton()).unwrap();
        fs::write(lab.skeleton().join("small.c"), "skeleton").unwrap();
        lab
    }

    #[test]
    fn a_copy_leaves_the_learners_files_alone() {
        let scratch = tempfile::tempdir().unwrap();
        let lab = lab(scratch.path());
        let work = Work::of(&lab, Some(&scratch.path().join("mine")));
        assert!(!work.exists());
        fs::create_dir_all(&work.folder).unwrap();
        fs::write(work.folder.join("small.c"), "mine").unwrap();
        work.create(&lab).unwrap();
        assert_eq!(fs::read(work.folder.join("small.c")).unwrap(), b"mine");
        assert!(work.exists());
        assert_eq!(work.answers(&lab).unwrap().open(&lab).len(), 1);
    }

    #[test]
    fn the_command_names_the_folder_that_the_learner_has_named() {
        let scratch = tempfile::tempdir().unwrap();
        let lab = lab(scratch.path());
        for (named, command) in [
            (None, "make lab LAB=07"),
            (Some("/mine"), "make lab LAB=07 WORK=/mine"),
            (Some("/my labs"), "make lab LAB=07 WORK='/my labs'"),
            (Some("/ann's"), r"make lab LAB=07 WORK='/ann'\''s'"),
        ] {
            assert_eq!(Work::of(&lab, named.map(Path::new)).command, command);
        }
    }

    #[test]
    fn a_result_is_read_back() {
        let scratch = tempfile::tempdir().unwrap();
        let lab = lab(scratch.path());
        let work = Work::of(&lab, None);
        work.create(&lab).unwrap();
        assert_eq!(work.standing(), None);
        let standing = Standing { points: 3, of: 5 };
        work.keep(standing, &[("tests.ktap", "KTAP".to_owned())])
            .unwrap();
        assert_eq!(work.standing(), Some(standing));
        assert_eq!(fs::read(work.folder.join("tests.ktap")).unwrap(), b"KTAP");
    }
}
