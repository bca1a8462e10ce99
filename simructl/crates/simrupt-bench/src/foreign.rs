// SPDX-License-Identifier: GPL-2.0-only

//! Changes that other programs make to the lines during a measurement. Without this check, a knob that is set during a
//! benchmark would silently change its figures.
//!
//! Values are compared before and after a round. During a round, writes to the files are detected as well, so that a
//! change is not missed if it is reverted. If the CPU of an interrupt went offline and came back, the interrupt's
//! affinity shows it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::cpu::online;
use crate::rig::WHAT;
use crate::saved::first_word;
use crate::writes::Writes;
use simrupt::changes::{apply, plan};
use simrupt::failure::Failure;
use simrupt::knobs::Knobs;
use simrupt::module::Module;
use simrupt::sysroot::{read_text, write_value};

/// The values that the benchmark has set or found, and that no other program may change.
#[derive(Debug)]
pub struct Known {
    begun: Instant,
    /// By line and name, in the kernel's form.
    knobs: BTreeMap<(u32, String), String>,
    /// The first word of files: the affinity of interrupts, attributes of workqueues.
    files: BTreeMap<PathBuf, String>,
    /// The CPUs that are online.
    cpus: Vec<u32>,
    /// The changes by others so far, a sentence each.
    changes: Vec<String>,
    watch: Writes,
    /// The files that others have written to during a round.
    written: BTreeSet<PathBuf>,
}

impl Known {
    /// Only the online CPUs are known.
    pub fn new(cpus: Vec<u32>) -> Self {
        Self {
            begun: Instant::now(),
            knobs: BTreeMap::new(),
            files: BTreeMap::new(),
            cpus,
            changes: Vec::new(),
            watch: Writes::new(),
            written: BTreeSet::new(),
        }
    }

    /// From now on, detects writes to a file, or to the files of a directory.
    pub fn watch(&mut self, path: &Path) {
        self.watch.watch(path);
    }

    /// From here on, this program does not write until [`Known::end_of_silence`].
    pub fn begin_silence(&mut self) {
        self.watch.begin();
    }

    /// From here on, this program may write again.
    pub fn end_of_silence(&mut self) {
        self.written.extend(self.watch.seen());
    }

    /// Notes that a knob was set to this value.
    pub fn set_knob(&mut self, line: u32, name: &str, value: String) {
        self.knobs.insert((line, name.to_string()), value);
    }

    /// Notes that a file was set to this value.
    pub fn set_file(&mut self, path: PathBuf, value: &str) {
        self.files.insert(path, value.to_string());
    }

    /// Reads the live knobs of a line, and these files, unless their values are already known.
    ///
    /// # Errors
    ///
    /// A knob cannot be read.
    pub fn look_at(
        &mut self,
        knobs: &Knobs,
        line: u32,
        files: impl IntoIterator<Item = PathBuf>,
    ) -> Result<(), Failure> {
        for knob in knobs.iter().filter(|knob| knob.live) {
            if let Entry::Vacant(unknown) = self.knobs.entry((line, knob.name.clone())) {
                unknown.insert(knobs.value(knob, line)?);
            }
        }
        for path in files {
            if let Ok(value) = read_text(&path) {
                let value = first_word(&value).to_string();
                self.files.entry(path).or_insert(value);
            }
        }
        Ok(())
    }

    /// Whether a knob of a line still has its value. If not, the change is noted, in a sentence with `when`.
    ///
    /// # Errors
    ///
    /// The knob cannot be read.
    pub fn holds(
        &mut self,
        knobs: &Knobs,
        line: u32,
        name: &str,
        when: &str,
    ) -> Result<bool, Failure> {
        let now = knobs.value(knobs.find(name)?, line)?;
        let known = self.knobs.get(&(line, name.to_string()));
        let change = known.filter(|known| **known != now);
        let change = change.map(|known| knob_changed(line, name, &now, known));
        let holds = change.is_none();
        self.keep(when, change);
        Ok(holds)
    }

    /// Reverts changes by others; returns whether there were any. A CPU that came online stays online.
    ///
    /// # Errors
    ///
    /// A CPU went offline, or a value cannot be read or written.
    pub fn put_right(
        &mut self,
        module: &Module<'_>,
        knobs: &Knobs,
        when: &str,
    ) -> Result<bool, Failure> {
        let cpus = online(module.sysroot());
        if let Some(cpu) = self.cpus.iter().find(|cpu| !cpus.contains(cpu)) {
            return Err(Failure::new(WHAT, format!("CPU {cpu} went offline {when}"))
                .remedy("run it while all CPUs stay online, or take the CPU offline before"));
        }
        let came = cpus.iter().filter(|cpu| !self.cpus.contains(cpu));
        let mut changes: Vec<String> = came.map(|cpu| format!("CPU {cpu} came online")).collect();
        self.cpus = cpus;
        for ((line, name), known) in &self.knobs {
            let knob = knobs.find(name)?;
            let now = knobs.value(knob, *line)?;
            if now != *known {
                apply(&plan(knobs, module, knob, &[*line], vec![known.clone()])?)?;
                changes.push(knob_changed(*line, name, &now, known));
            }
        }
        for (path, known) in &self.files {
            // If the flavor changes, the workqueue is removed, with its files.
            let Ok(now) = read_text(path) else {
                continue;
            };
            let now = first_word(&now);
            if now != known {
                let failed = |error| Failure::file("write", path, None, &error);
                write_value(path, known).map_err(failed)?;
                changes.push(format!("{} was {now}, not {known}", path.display()));
            }
        }
        let written = std::mem::take(&mut self.written);
        if changes.is_empty() {
            let told = |path: PathBuf| format!("{} was written to", path.display());
            changes.extend(written.into_iter().map(told));
        }
        let is_any = !changes.is_empty();
        self.keep(when, changes);
        Ok(is_any)
    }

    fn keep(&mut self, when: &str, changes: impl IntoIterator<Item = String>) {
        let seconds = self.begun.elapsed().as_secs_f64();
        let told = changes
            .into_iter()
            .map(|change| format!("{change} ({when}, {seconds:.1} s after the start)"));
        self.changes.extend(told);
    }

    /// The last change by others.
    pub fn last_change(&self) -> Option<&str> {
        self.changes.last().map(String::as_str)
    }

    /// All changes by others.
    pub fn take_changes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.changes)
    }
}

fn knob_changed(line: u32, name: &str, now: &str, known: &str) -> String {
    format!("{name} of line {line} was {now}, not {known}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use simrupt::sysroot::Sysroot;
    use std::fs;

    const KNOBS: &str = "\
        rate_hz\tu64\t0..1000000\t10\tHz\tlive\tevents per second\n\
        cpu\ti64\t-1..1\t-1\tCPU\tlive\tCPU of the timer\n";
    const AFFINITY: &str = "proc/irq/24/smp_affinity_list";

    fn write(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn knob(name: &str) -> String {
        format!("sys/kernel/debug/simrupt/line0/{name}")
    }

    /// A line at a rate of 0 on CPU 1 of two, unchanged by others.
    fn line(root: &Path) -> Sysroot {
        write(
            root,
            "proc/mounts",
            "none /sys/kernel/debug debugfs rw 0 0\n",
        );
        write(root, "sys/module/simrupt/parameters/lines", "1\n");
        write(root, "sys/kernel/debug/simrupt/knobs", KNOBS);
        write(root, &knob("rate_hz"), "0\n");
        write(root, &knob("cpu"), "1\n");
        write(root, AFFINITY, "1\n");
        write(root, "sys/devices/system/cpu/online", "0-1\n");
        Sysroot::new(root.to_path_buf())
    }

    #[test]
    fn changes_of_others_are_told_and_put_right() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let sysroot = line(root);
        let module = Module::find(&sysroot, WHAT).unwrap();
        let knobs = Knobs::of(&module).unwrap();
        let mut known = Known::new(vec![0, 1]);
        known.set_knob(0, "rate_hz", "0".to_string());
        known.set_file(root.join(AFFINITY), "1");
        known.look_at(&knobs, 0, [root.join("absent")]).unwrap();
        let put_right = |known: &mut Known| known.put_right(&module, &knobs, "during a round");
        assert!(!put_right(&mut known).unwrap());
        assert!(known.holds(&knobs, 0, "rate_hz", "at the end").unwrap());

        write(root, &knob("rate_hz"), "7\n");
        assert!(!known.holds(&knobs, 0, "rate_hz", "at the end").unwrap());
        // A value that was found, not set.
        write(root, &knob("cpu"), "-1\n");
        write(root, AFFINITY, "0-1\n");
        write(root, "sys/devices/system/cpu/online", "0-2\n");
        assert!(put_right(&mut known).unwrap());
        for (name, value) in [
            (knob("rate_hz").as_str(), "0"),
            (&knob("cpu"), "1"),
            (AFFINITY, "1"),
        ] {
            let now = fs::read_to_string(root.join(name)).unwrap();
            assert_eq!(now.trim(), value, "{name}");
        }
        assert!(!put_right(&mut known).unwrap());
        let affinity = format!("{} was 0-1, not 1", root.join(AFFINITY).display());
        let told = known.take_changes();
        let wanted = [
            "rate_hz of line 0 was 7, not 0 (at the end, 0",
            "CPU 2 came online (during a round, 0",
            "cpu of line 0 was -1, not 1 (",
            "rate_hz of line 0 was 7, not 0 (during a round, 0",
            affinity.as_str(),
        ];
        assert_eq!(told.len(), wanted.len(), "{told:?}");
        for (told, wanted) in told.iter().zip(wanted) {
            assert!(told.starts_with(wanted), "{told}");
        }
    }

    #[test]
    fn a_value_that_is_changed_back_is_told_where_it_counts() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let sysroot = line(root);
        let module = Module::find(&sysroot, WHAT).unwrap();
        let knobs = Knobs::of(&module).unwrap();
        let mut known = Known::new(vec![0, 1]);
        known.set_knob(0, "rate_hz", "0".to_string());
        known.watch(&root.join("sys/kernel/debug/simrupt/line0"));
        let there_and_back = || {
            write(root, &knob("rate_hz"), "7\n");
            write(root, &knob("rate_hz"), "0\n");
        };
        there_and_back();
        known.begin_silence();
        known.end_of_silence();
        there_and_back();
        assert!(!known.put_right(&module, &knobs, "before").unwrap());

        known.begin_silence();
        there_and_back();
        known.end_of_silence();
        assert!(known.put_right(&module, &knobs, "during a round").unwrap());
        assert!(!known.put_right(&module, &knobs, "later").unwrap());
        let told = known.take_changes();
        let path = root.join(knob("rate_hz"));
        let expected = format!("{} was written to (during a round, 0", path.display());
        assert!(
            told.len() == 1 && told[0].starts_with(&expected),
            "{told:?}"
        );
    }

    #[test]
    fn a_cpu_that_goes_ends_it() {
        let root = tempfile::tempdir().unwrap();
        let sysroot = line(root.path());
        let module = Module::find(&sysroot, WHAT).unwrap();
        let knobs = Knobs::of(&module).unwrap();
        let mut known = Known::new(vec![0, 1, 2]);
        let failure = known.put_right(&module, &knobs, "before bh 10 Hz");
        let failure = failure.unwrap_err().to_string();
        assert!(
            failure.contains("CPU 2 went offline before bh 10 Hz"),
            "{failure}"
        );
    }
}
