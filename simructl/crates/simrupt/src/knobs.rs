// SPDX-License-Identifier: GPL-2.0-only

//! The knobs of the loaded module, by whichever of its two interfaces can be reached.
//!
//! debugfs has one file per line and knob, and describes every knob. Without it, there are the module parameters: one
//! file per knob with a list of values, and no description except whether it is writable.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use simrupt_core::knobs::TABLE;

use crate::failure::Failure;
use crate::files::table::{self, Knob};
use crate::files::value;
use crate::module::{Module, parameter_names};
use crate::nearest::nearest;
use crate::sysroot::read_text;

/// The knobs, and the places of their values.
#[derive(Debug)]
pub struct Knobs {
    table: Vec<Knob>,
    /// The debugfs directory. Without it, or if its knobs cannot be opened, `parameters` has the live values too.
    debugfs: Option<PathBuf>,
    parameters: PathBuf,
}

/// A file with the value of one knob: of one line in debugfs, of all lines in the parameters.
#[derive(Debug, PartialEq)]
pub struct KnobFile {
    /// The path of the file.
    pub path: PathBuf,
    /// The line of the file; `None` if it has a value for each line.
    pub line: Option<u32>,
}

impl Knobs {
    /// The knobs of the module, by debugfs if it can be reached, else by its parameters.
    pub fn of(module: &Module<'_>) -> Result<Self, Failure> {
        let parameters = module.sysroot().parameters();
        let debugfs = module.debugfs_of_knobs().map(Path::to_path_buf);
        let table = match module.debugfs() {
            Some(directory) => described(&directory.join("knobs"))?,
            None => undescribed(&parameters)?,
        };
        Ok(Self {
            table,
            debugfs,
            parameters,
        })
    }

    /// All knobs, in the module's order.
    pub fn iter(&self) -> impl Iterator<Item = &Knob> {
        self.table.iter()
    }

    /// The knob of a name, or a failure that names the nearest one.
    pub fn find(&self, name: &str) -> Result<&Knob, Failure> {
        self.iter().find(|knob| knob.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.iter().map(|knob| knob.name.as_str()).collect();
            unknown_knob(name, "the module has no such knob", &names)
        })
    }

    /// The file that holds a knob of a line; a knob that all lines share has one file for the whole module.
    pub fn file(&self, knob: &Knob, line: u32) -> KnobFile {
        let debugfs = self.debugfs.as_deref().filter(|_| knob.per_line);
        KnobFile::of(debugfs, &self.parameters, &knob.name, line)
    }

    /// The value of a knob in force on a line.
    pub fn value(&self, knob: &Knob, line: u32) -> Result<String, Failure> {
        self.file(knob, line).value(line)
    }

    /// The value of a knob that all lines share.
    pub fn module_value(&self, knob: &Knob) -> Result<String, Failure> {
        self.file(knob, 0).read()
    }
}

impl KnobFile {
    /// The file of a knob: the line's own in debugfs, if there is one, else the parameter of all lines.
    pub(crate) fn of(debugfs: Option<&Path>, parameters: &Path, name: &str, line: u32) -> Self {
        match debugfs {
            Some(directory) => Self {
                path: directory.join(format!("line{line}")).join(name),
                line: Some(line),
            },
            None => Self {
                path: parameters.join(name),
                line: None,
            },
        }
    }

    /// The value in force on a line: the file is the line's own, or has a value for it.
    pub(crate) fn value(&self, line: u32) -> Result<String, Failure> {
        let text = self.read()?;
        if self.line.is_some() {
            return Ok(text);
        }
        let mut values = value::list(&text);
        let at = values.len().saturating_sub(1).min(line as usize);
        Ok(values.swap_remove(at))
    }

    /// The value in force, or the list of them.
    pub fn read(&self) -> Result<String, Failure> {
        match read_text(&self.path) {
            Ok(text) => Ok(value::current(&text).to_string()),
            Err(error) => Err(Failure::file("read", &self.path, self.line, &error)),
        }
    }
}

/// The knobs of the module of the same version, for when no module is loaded.
pub fn built_in() -> Vec<Knob> {
    let rows: Vec<String> = TABLE.iter().map(ToString::to_string).collect();
    let text = rows.join("\n");
    // The tests of the parser use this very text.
    table::parse(&text).unwrap_or_default()
}

/// The failure for an unknown knob.
pub fn unknown_knob(name: &str, why: &str, names: &[&str]) -> Failure {
    let failure = Failure::new(format!("unknown knob `{name}`"), why)
        .remedy(format!("one of {}", names.join(", ")));
    match nearest(name, names.iter().copied()) {
        Some(near) => failure.because(&format!("did you mean {near}?")),
        None => failure,
    }
}

/// The knobs as the module describes them.
fn described(path: &Path) -> Result<Vec<Knob>, Failure> {
    let text = read_text(path).map_err(|error| Failure::file("read", path, None, &error))?;
    table::parse(&text).map_err(|why| Failure::malformed(path, why))
}

/// The knobs, as far as the parameters show them.
fn undescribed(directory: &Path) -> Result<Vec<Knob>, Failure> {
    let failed = |error| Failure::file("read", directory, None, &error);
    let mut knobs = Vec::new();
    for name in parameter_names(directory).map_err(failed)? {
        let mode = fs::metadata(directory.join(&name)).map_err(failed)?;
        let live = mode.permissions().mode() & 0o222 != 0;
        knobs.push(Knob::bare(name, live));
    }
    Ok(knobs)
}
