// SPDX-License-Identifier: GPL-2.0-only

//! A diff of git, and what it makes of the files of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use diffy::patch_set::{FileOperation, FilePatch, ParseOptions, PatchSet};

/// Which way a diff is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// As it is.
    Forth,
    /// Taken back.
    Back,
}

/// A diff of git: files that are changed, and new ones.
#[derive(Debug)]
pub(crate) struct Example {
    /// The name of its file.
    name: String,
    text: String,
}

/// A file, and what becomes of it.
#[derive(Debug, PartialEq)]
pub(crate) struct Change {
    path: PathBuf,
    /// Its new text; none, if it goes.
    text: Option<String>,
}

impl Example {
    /// Reads a diff.
    ///
    /// # Errors
    ///
    /// A sentence that says why it cannot be read.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let name = path.file_name().unwrap_or_default();
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            text,
        })
    }

    fn parts(&self) -> Result<Vec<FilePatch<'_, str>>, String> {
        PatchSet::parse(&self.text, ParseOptions::gitdiff())
            .collect::<Result<_, _>>()
            .map_err(|error| format!("{} is no diff of git: {error}", self.name))
    }

    /// The files that it changes or makes.
    ///
    /// # Errors
    ///
    /// As [`Self::changes`], where the diff itself is what is wrong.
    #[cfg(test)]
    pub(crate) fn files(&self) -> Result<Vec<String>, String> {
        let parts = self.parts()?;
        parts.iter().map(|part| Ok(self.file(part)?.0)).collect()
    }

    /// The file of a part, and whether it is a new one.
    fn file(&self, part: &FilePatch<'_, str>) -> Result<(String, bool), String> {
        match part.operation().strip_prefix(1) {
            FileOperation::Create(path) => Ok((path.into_owned(), true)),
            FileOperation::Modify { original, modified } if original == modified => {
                Ok((modified.into_owned(), false))
            }
            _ => Err(format!("{} renames or deletes a file", self.name)),
        }
    }

    /// What it makes of the files in a folder. Changes nothing.
    ///
    /// # Errors
    ///
    /// A sentence that names the file which is not as the diff has it, and says how to make the diff anew.
    pub(crate) fn changes(
        &self,
        folder: &Path,
        direction: Direction,
    ) -> Result<Vec<Change>, String> {
        let parts = self.parts()?;
        parts
            .iter()
            .map(|part| self.change(part, folder, direction))
            .collect()
    }

    fn change(
        &self,
        part: &FilePatch<'_, str>,
        folder: &Path,
        direction: Direction,
    ) -> Result<Change, String> {
        let (file, is_new) = self.file(part)?;
        let stale = |why: String| {
            format!(
                "{} no longer applies to {file}: {why}\n  try: make it anew, as CONTRIBUTING.md says under \"When an \
                 example no longer applies\"",
                self.name
            )
        };
        let patch = part
            .patch()
            .as_text()
            .ok_or_else(|| stale("it is not text".to_owned()))?;
        let path = folder.join(&file);
        let is_there = path.exists();
        let (comes, goes) = match direction {
            Direction::Forth => (is_new, false),
            Direction::Back => (false, is_new),
        };
        if comes && is_there {
            return Err(stale("there is such a file".to_owned()));
        }
        let before = match comes {
            true => String::new(),
            false => fs::read_to_string(&path).map_err(|error| stale(error.to_string()))?,
        };
        let after = match direction {
            Direction::Forth => diffy::apply(&before, patch),
            Direction::Back => diffy::apply(&before, &patch.reverse()),
        };
        let after = after.map_err(|error| stale(error.to_string()))?;
        Ok(Change {
            path,
            text: (!goes).then_some(after),
        })
    }
}

impl Change {
    /// Writes the file, or deletes it.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(crate) fn make(&self) -> Result<(), String> {
        let made = match &self.text {
            Some(text) => self
                .path
                .parent()
                .map_or(Ok(()), fs::create_dir_all)
                .and_then(|()| fs::write(&self.path, text)),
            None => fs::remove_file(&self.path),
        };
        made.map_err(|error| format!("cannot change {}: {error}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIFF: &str = "\
diff --git a/old.txt b/old.txt
index 1111111..2222222 100644
--- a/old.txt
+++ b/old.txt
@@ -1,3 +1,4 @@
 one
+and a half
 two
 three
diff --git a/new/new.txt b/new/new.txt
new file mode 100644
index 0000000..3333333
--- /dev/null
+++ b/new/new.txt
@@ -0,0 +1 @@
+first
";

    fn example() -> Example {
        Example {
            name: "knob.patch".to_owned(),
            text: DIFF.to_owned(),
        }
    }

    #[test]
    fn a_stale_example_says_which_file_and_how_to_refresh_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("old.txt"), "1\n2\n3\n").unwrap();
        let why = example()
            .changes(folder.path(), Direction::Forth)
            .unwrap_err();
        assert!(
            why.starts_with("knob.patch no longer applies to old.txt: "),
            "{why}"
        );
        assert!(
            why.ends_with("under \"When an example no longer applies\""),
            "{why}"
        );
        let page = include_str!("../../../CONTRIBUTING.md");
        assert!(page.contains("\n### When an example no longer applies\n"));
        assert!(!folder.path().join("new").exists());
    }

    #[test]
    fn a_file_that_is_there_is_not_replaced_by_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("old.txt"), "one\ntwo\nthree\n").unwrap();
        fs::create_dir(folder.path().join("new")).unwrap();
        fs::write(folder.path().join("new/new.txt"), "mine\n").unwrap();
        let why = example()
            .changes(folder.path(), Direction::Forth)
            .unwrap_err();
        assert!(why.contains("new/new.txt: there is such a file"), "{why}");
    }

    #[test]
    fn lines_that_have_moved_are_found() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("old.txt"),
            "zero\nzero\none\ntwo\nthree\n",
        )
        .unwrap();
        let changes = example().changes(folder.path(), Direction::Forth).unwrap();
        let text = changes[0].text.as_deref();
        assert_eq!(text, Some("zero\nzero\none\nand a half\ntwo\nthree\n"));
    }
}
