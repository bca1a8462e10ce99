// SPDX-License-Identifier: GPL-2.0-only

//! The values that a bench changes and must restore: the knobs of all lines, the affinity of their interrupts, and the
//! attributes of their workqueues.
//!
//! They are on disk before the first change. A killed run leaves the files there, and the next run finds them. The
//! knobs are a profile, which `simructl apply` can restore as well.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use simrupt::changes::apply;
use simrupt::failure::Failure;
use simrupt::knobs::Knobs;
use simrupt::lines::Lines;
use simrupt::module::{self, Module};
use simrupt::profile::section;
use simrupt::replacement::replace;
use simrupt::sysroot::{Sysroot, read_text, write_value};
use simrupt::target::Target;

/// The attributes of a workqueue that can be set.
const ATTRIBUTES: [&str; 5] = [
    "affinity_scope",
    "affinity_strict",
    "cpumask",
    "max_active",
    "nice",
];

const HEAD: &str = "# The knobs of simrupt before `simructl bench` changed them.\n";

/// The saved values. Dropping it restores them.
#[derive(Debug)]
pub struct Saved<'a> {
    module: &'a Module<'a>,
    knobs: &'a Knobs,
    is_restored: bool,
}

/// The two files: the profile, and the other values with their paths.
fn files(sysroot: &Sysroot) -> [PathBuf; 2] {
    [
        sysroot.run("simrupt-bench.toml"),
        sysroot.run("simrupt-bench.files"),
    ]
}

impl<'a> Saved<'a> {
    /// Saves the values. Only the holder of the lock may do that.
    pub fn take(module: &'a Module<'a>, knobs: &'a Knobs) -> Result<Self, Failure> {
        let sysroot = module.sysroot();
        let mut profile = HEAD.to_string();
        let mut others = format!("module {}\n", loaded_at(sysroot));
        for &line in module.lines() {
            if !module.is_bound(line) {
                continue;
            }
            let live: Vec<_> = knobs.iter().filter(|knob| knob.live).collect();
            let values: Vec<String> = live
                .iter()
                .map(|knob| knobs.value(knob, line))
                .collect::<Result<_, _>>()?;
            let values = live.into_iter().zip(values.iter().map(String::as_str));
            profile += &format!("\n[line{line}]\n{}", section(values));
            let flavor = knobs.value(knobs.find("workqueue")?, line)?;
            for path in affinity(module, line)
                .into_iter()
                .chain(attributes(sysroot, line, &flavor))
            {
                if let Ok(value) = read_text(&path) {
                    others += &format!("{} {}\n", path.display(), first_word(&value));
                }
            }
        }
        let [profile_path, others_path] = files(sysroot);
        // The profile is written last: if it exists, the other file is complete.
        for (path, text) in [(others_path, others), (profile_path, profile)] {
            replace(&path, &text).map_err(|error| Failure::file("write", &path, None, &error))?;
        }
        Ok(Self {
            module,
            knobs,
            is_restored: false,
        })
    }

    /// Restores everything.
    pub fn restore(mut self) -> Result<(), Failure> {
        self.is_restored = true;
        restore(self.module, self.knobs)
    }
}

impl Drop for Saved<'_> {
    fn drop(&mut self) {
        if self.is_restored {
            return;
        }
        // If this fails, the files stay: the next bench tries again, and reports why it cannot.
        let _ = restore(self.module, self.knobs);
    }
}

/// Restores the values that a killed run has changed; returns a note about it. Only the holder of the lock may do that.
pub fn recover(module: &Module<'_>, knobs: &Knobs) -> Result<Option<&'static str>, Failure> {
    let sysroot = module.sysroot();
    let [profile, others] = files(sysroot);
    if !profile.exists() {
        return Ok(None);
    }
    let saved = read_text(&others).unwrap_or_default();
    let same = saved.lines().next() == Some(&format!("module {}", loaded_at(sysroot)));
    if !same {
        forget(sysroot)?;
        return Ok(Some(
            "an earlier bench was killed; the module was loaded again since",
        ));
    }
    restore(module, knobs)?;
    Ok(Some(
        "an earlier bench was killed; its changes are reverted",
    ))
}

/// Restores the values in the files, and deletes the files.
fn restore(module: &Module<'_>, knobs: &Knobs) -> Result<(), Failure> {
    if !module::is_loaded(module.sysroot()) {
        // The knobs were lost when the module was unloaded.
        return forget(module.sysroot());
    }
    let [profile, others] = files(module.sysroot());
    let mut target = Target::of(&profile, knobs, module, &Lines::All)?;
    // The rate comes last: no line starts before everything else is restored.
    target
        .changes
        .sort_by_key(|change| change.knob.name == "rate_hz");
    apply(&target.changes)?;
    let saved = read_text(&others).map_err(|error| Failure::file("read", &others, None, &error))?;
    for row in saved.lines().skip(1) {
        let Some((path, value)) = row.rsplit_once(' ') else {
            continue;
        };
        let path = Path::new(path);
        if read_text(path).is_ok_and(|now| first_word(&now) != value) {
            write_value(path, value).map_err(|error| Failure::file("write", path, None, &error))?;
        }
    }
    forget(module.sysroot())
}

/// Deletes the files, the profile first.
fn forget(sysroot: &Sysroot) -> Result<(), Failure> {
    for path in files(sysroot) {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Failure::file("delete", &path, None, &error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// When the module was loaded, by its directory: knobs that were saved earlier are not those of this module.
fn loaded_at(sysroot: &Sysroot) -> String {
    match fs::metadata(sysroot.debugfs()) {
        Ok(meta) => format!("{}.{:09}", meta.mtime(), meta.mtime_nsec()),
        Err(_) => "-".to_string(),
    }
}

/// The file with the CPUs that may handle the interrupt of a line.
pub fn affinity(module: &Module<'_>, line: u32) -> Option<PathBuf> {
    let irq = module.irq(line)?;
    let path = module
        .sysroot()
        .proc(&format!("irq/{irq}/smp_affinity_list"));
    path.exists().then_some(path)
}

/// The attribute files of a line's workqueue that exist.
pub fn attributes(sysroot: &Sysroot, line: u32, flavor: &str) -> Vec<PathBuf> {
    let directory = queue(sysroot, line, flavor);
    let paths = ATTRIBUTES.map(|name| directory.join(name));
    paths.into_iter().filter(|path| path.exists()).collect()
}

/// The directory of a line's workqueue, which exists for some flavors.
pub fn queue(sysroot: &Sysroot, line: u32, flavor: &str) -> PathBuf {
    sysroot.sys(&format!("devices/virtual/workqueue/simrupt{line}-{flavor}"))
}

/// The first word: `default (cache)` is `default`.
pub fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or("")
}
