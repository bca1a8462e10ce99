// SPDX-License-Identifier: GPL-2.0-only

//! The gaps that a line replays: its file `schedule`.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::module::Module;

/// The schedule of a line, and its old content.
#[derive(Debug)]
pub struct Schedule {
    path: PathBuf,
    line: u32,
    old: Vec<u8>,
}

impl Schedule {
    /// Reads the schedule of a line. `what` is the text of a failure.
    ///
    /// # Errors
    ///
    /// The module has no such file, or it cannot be read.
    pub fn of(module: &Module<'_>, line: u32, what: &str) -> Result<Self, Failure> {
        let path = module.line_directory(line, what)?.join("schedule");
        match fs::read(&path) {
            Ok(old) => Ok(Self { path, line, old }),
            Err(error) => Err(Failure::file("read", &path, Some(line), &error)),
        }
    }

    /// Writes gaps. Everything that is written before the close is one text.
    ///
    /// # Errors
    ///
    /// The module refuses it.
    pub fn write(&self, text: &[u8]) -> Result<(), Failure> {
        let file = OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(&self.path);
        let written = file.and_then(|mut file| file.write_all(text));
        written.map_err(|error| Failure::file("write", &self.path, Some(self.line), &error))
    }

    /// Writes the old content back.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_back(&self) -> Result<(), Failure> {
        match self.old.is_empty() {
            // Without a write nothing would change.
            true => self.write(b"#\n"),
            false => self.write(&self.old),
        }
    }
}
