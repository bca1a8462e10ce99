// SPDX-License-Identifier: GPL-2.0-only

//! What a bench changes and has to put back: the knobs of all lines, the affinity of their interrupts,
//! and the attributes of their workqueues.
//!
//! It is on disk before the first change. A run that is killed leaves it there, and the next one finds
//! it. The knobs are a profile, which `simructl apply` would put in force as well.

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

/// What was saved. Dropping it puts it back.
#[derive(Debug)]
pub struct Saved<'a> {
    module: &'a Module<'a>,
    knobs: &'a Knobs,
    is_restored: bool,
}

/// The two files: the profile, and the other files with their contents.
fn files(sysroot: &Sysroot) -> [PathBuf; 2] {
    [
        sysroot.run("simrupt-bench.toml"),
        sysroot.run("simrupt-bench.files"),
    ]
}

impl<'a> Saved<'a> {
    /// Saves what there is. Only a holder of the lock may do that.
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
        // The profile last: where it is, all is.
        for (path, text) in [(others_path, others), (profile_path, profile)] {
            replace(&path, &text).map_err(|error| Failure::file("write", &path, None, &error))?;
        }
        Ok(Self {
            module,
            knobs,
            is_restored: false,
        })
    }

    /// Puts everything back.
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
        // The files stay where this fails: the next bench tries again, and says why it cannot.
        let _ = restore(self.module, self.knobs);
    }
}

/// Puts back what a run that was killed had changed; returns what there is to say about it. Only a holder
/// of the lock may do that.
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
            "an earlier bench was killed; the module was loaded anew since",
        ));
    }
    restore(module, knobs)?;
    Ok(Some(
        "an earlier bench was killed; what it had changed is as it was before",
    ))
}

/// Puts back what the files say, and deletes them.
fn restore(module: &Module<'_>, knobs: &Knobs) -> Result<(), Failure> {
    if !module::is_loaded(module.sysroot()) {
        // Its knobs went with it.
        return forget(module.sysroot());
    }
    let [profile, others] = files(module.sysroot());
    let mut target = Target::of(&profile, knobs, module, &Lines::All)?;
    // The rate last: no line starts before all else is as it was.
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

/// When the module was loaded, by its directory: knobs that were saved before are not this module's.
fn loaded_at(sysroot: &Sysroot) -> String {
    match fs::metadata(sysroot.debugfs()) {
        Ok(meta) => format!("{}.{:09}", meta.mtime(), meta.mtime_nsec()),
        Err(_) => "-".to_string(),
    }
}

/// The file that says which CPUs may take the interrupt of a line.
pub fn affinity(module: &Module<'_>, line: u32) -> Option<PathBuf> {
    let irq = module.irq(line)?;
    let path = module
        .sysroot()
        .proc(&format!("irq/{irq}/smp_affinity_list"));
    path.exists().then_some(path)
}

/// The attribute files of a line's workqueue, as far as it has them.
pub fn attributes(sysroot: &Sysroot, line: u32, flavor: &str) -> Vec<PathBuf> {
    let directory = queue(sysroot, line, flavor);
    let paths = ATTRIBUTES.map(|name| directory.join(name));
    paths.into_iter().filter(|path| path.exists()).collect()
}

/// The directory of a line's workqueue, which is there for some flavors.
pub fn queue(sysroot: &Sysroot, line: u32, flavor: &str) -> PathBuf {
    sysroot.sys(&format!("devices/virtual/workqueue/simrupt{line}-{flavor}"))
}

/// The value itself: `default (cache)` is `default`.
pub fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or("")
}
