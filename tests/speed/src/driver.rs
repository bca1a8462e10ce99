// SPDX-License-Identifier: GPL-2.0-only

//! The drivers: how each is loaded for a setting, and its device.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use nix::kmod::{DeleteModuleFlags, ModuleInitFlags, delete_module, finit_module};

use crate::setting::{Kind, Setting};

/// The modules; the others are compared with the first.
pub(crate) const NAMES: [&str; 3] = ["simrupt_ref", "simrupt_min", "simrupt"];

/// The number of records of a fifo, and that of a fifo that is drained.
const FIFO: u64 = 4096;
pub(crate) const DRAINED: u64 = 65_536;

/// A driver that is not loaded yet.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) name: &'static str,
    file: PathBuf,
}

/// A loaded driver; dropping it unloads it.
#[derive(Debug)]
pub(crate) struct Loaded(&'static str);

impl Driver {
    pub(crate) fn new(name: &'static str, folder: &Path) -> Self {
        Self {
            name,
            file: folder.join(format!("{name}.ko")),
        }
    }

    /// Whether the module exists.
    pub(crate) fn is_there(&self) -> bool {
        self.file.exists()
    }

    /// The device of its one line.
    pub(crate) fn device(&self) -> &'static Path {
        Path::new(match self.name {
            "simrupt_ref" => "/dev/simruptref0",
            "simrupt_min" => "/dev/simruptmin0",
            _ => "/dev/simrupt0",
        })
    }

    /// Loads it with these parameters.
    pub(crate) fn load_with(&self, parameters: &str) -> io::Result<Loaded> {
        let parameters = CString::new(parameters).map_err(io::Error::other)?;
        finit_module(
            File::open(&self.file)?,
            &parameters,
            ModuleInitFlags::empty(),
        )?;
        Ok(Loaded(self.name))
    }

    /// Loads it for a setting.
    pub(crate) fn load(&self, setting: &Setting) -> io::Result<Loaded> {
        self.load_with(&self.parameters(setting))
    }

    fn parameters(&self, setting: &Setting) -> String {
        let Setting {
            deferral,
            rate_hz,
            burst,
            kind,
        } = setting;
        let (fifo_size, record, always) = match kind {
            Kind::Event => (FIFO, false, false),
            Kind::Drain { record } => (DRAINED, *record, true),
        };
        if self.name == "simrupt" {
            let pattern = if *burst == 1 { "periodic" } else { "burst" };
            let format = if record { "record" } else { "char" };
            let run = if always { "always" } else { "open" };
            format!(
                "rate_hz={rate_hz} pattern={pattern} burst={burst} workqueue={deferral} \
                 fifo_size={fifo_size} format={format} run={run} cpu=0 cpu_limit_pct=50"
            )
        } else {
            let yes = |is| if is { "1" } else { "0" };
            // The kernel crate's parameters are numbers.
            let deferral = match (self.name, *deferral) {
                ("simrupt_min", "none") => "0",
                ("simrupt_min", "unbound") => "1",
                ("simrupt_min", "bound") => "2",
                ("simrupt_min", _) => "3",
                (_, deferral) => deferral,
            };
            format!(
                "rate_hz={rate_hz} burst={burst} deferral={deferral} fifo_size={fifo_size} \
                 record={} always={} cpu=0",
                yes(record),
                yes(always)
            )
        }
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        if let Ok(name) = CString::new(self.0) {
            let _ = delete_module(&name, DeleteModuleFlags::O_NONBLOCK);
        }
    }
}
