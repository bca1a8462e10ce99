// SPDX-License-Identifier: GPL-2.0-only

//! Random bytes into every writable file: a refused text changes nothing, and an accepted one has exactly the effect
//! that the pure parser gives it.

use super::{
    Tally,
    memory::{BAD, Edge},
    rounds, seed, texts,
};
use crate::model::{cpus, errno, spec};
use fastrand::Rng;
use nix::{errno::Errno, libc};
use simrupt_core::{
    knobs::{Knob, Rejection, Spec},
    pairs::refusal,
};
use simrupt_vm_tests::{DRIVER, Simrupt, enough, lacks};
use std::{
    fs::File,
    io::IoSlice,
    os::fd::{AsFd, AsRawFd},
    ptr,
};

const LINES: usize = 2;

/// The longest text that a file in debugfs takes, and that one in sysfs reads.
const MOST: usize = 4096;

/// The expected values of the knobs, and the loaded module.
struct Knobs {
    module: Simrupt,
    values: [Vec<i64>; LINES],
    cpus: i64,
}

/// The file that a text is written to.
#[derive(Clone, Copy, Debug)]
enum Target {
    Debugfs(usize, Knob),
    Parameter(Knob),
}

impl Knobs {
    fn load() -> Self {
        let module = Simrupt::load("lines=2 rate_hz=0");
        let mut values: Vec<i64> = Knob::ALL.iter().map(|knob| knob.default_value()).collect();
        values[Knob::Lines as usize] = LINES as i64;
        values[Knob::RateHz as usize] = 0;
        Self {
            module,
            values: [values.clone(), values],
            cpus: cpus(),
        }
    }

    fn spec(&self, knob: Knob) -> Spec {
        spec(knob, self.cpus)
    }

    fn path(&self, target: Target) -> String {
        match target {
            Target::Debugfs(line, knob) => self.module.line(line).path(knob.spec().name),
            Target::Parameter(knob) => {
                format!("/sys/module/simrupt/parameters/{}", knob.spec().name)
            }
        }
    }

    /// The expected outcome of a text: the values of its lines, or why it is refused.
    fn outcome(&self, target: Target, text: &[u8]) -> Result<Vec<i64>, Errno> {
        let parsed = |text: &[u8], parse: &dyn Fn(&str) -> Result<Vec<i64>, Rejection>| {
            let text = std::str::from_utf8(text).map_err(|_| Errno::EINVAL)?;
            parse(text).map_err(errno)
        };
        let checked = |first: usize, knob: Knob, values: Vec<i64>| {
            let mut lines = self.values[first..].iter().zip(&values);
            let refused = |(line, value): (&Vec<i64>, &i64)| {
                refusal(knob, *value, |other| line[other as usize]).is_some()
            };
            match lines.any(refused) {
                true => Err(Errno::EBUSY),
                false => Ok(values),
            }
        };
        match target {
            Target::Debugfs(..) if text.len() > MOST => Err(Errno::EINVAL),
            Target::Debugfs(line, knob) => {
                parsed(text, &|text| Ok(vec![self.spec(knob).parse(text)?]))
                    .and_then(|values| checked(line, knob, values))
            }
            Target::Parameter(knob) => {
                // For the kernel a parameter is a C string of at most a page.
                let text = &text[..text.len().min(MOST)];
                let text = text.split(|byte| *byte == 0).next().unwrap_or(text);
                parsed(text, &|text| {
                    let mut values = vec![0; LINES];
                    self.spec(knob)
                        .parse_list(text, &mut values)
                        .map(|_| values)
                })
                .and_then(|values| checked(0, knob, values))
            }
        }
    }

    /// Compares the outcome of a text with the expected one, and records the change.
    fn judge(&mut self, target: Target, text: &[u8], seen: Result<usize, Errno>) {
        let mut expected = self.outcome(target, text);
        let (first, knob) = match target {
            Target::Debugfs(line, knob) => (line, knob),
            Target::Parameter(knob) => (0, knob),
        };
        if (knob, seen) == (Knob::FifoSize, Err(Errno::ENOMEM)) && expected.is_ok() {
            expected = Err(Errno::ENOMEM);
        }
        let lacks = |value: &i64| {
            let mut shown = String::new();
            self.spec(knob).show(*value, &mut shown).expect("a string");
            lacks(knob.spec().name, &shown)
        };
        if matches!(&expected, Ok(values) if values.iter().any(lacks)) {
            expected = Err(Errno::EOPNOTSUPP);
        }
        let shown = String::from_utf8_lossy(&text[..text.len().min(60)]);
        let about = format!(
            "{target:?} <- {} bytes {shown:?}: {seen:?}, not {expected:?}",
            text.len()
        );
        match (expected, target) {
            (Err(why), _) => assert_eq!(seen, Err(why), "{about}"),
            (Ok(values), _) => {
                let taken = match target {
                    Target::Debugfs(..) => text.len(),
                    Target::Parameter(_) => text.len().min(MOST),
                };
                assert_eq!(seen, Ok(taken), "{about}");
                for (line, value) in (first..).zip(values) {
                    self.values[line][knob as usize] = value;
                }
            }
        }
        self.check(knob, &about);
    }

    /// Asserts that a knob has its expected value, through both interfaces.
    fn check(&self, knob: Knob, about: &str) {
        let name = knob.spec().name;
        let shown = |line: usize| {
            let mut text = String::new();
            let value = self.values[line][knob as usize];
            knob.spec()
                .show(value, &mut text)
                .expect("writing to a string works");
            text
        };
        for line in 0..LINES {
            assert_eq!(
                self.module.line(line).get(name),
                shown(line),
                "{name} after {about}"
            );
        }
        let list = format!("{},{}\n", shown(0), shown(1));
        assert_eq!(self.module.parameter(name), list, "{name} after {about}");
    }

    fn check_all(&self, about: &str) {
        for knob in Knob::ALL.iter().filter(|knob| knob.spec().live) {
            self.check(*knob, about);
        }
    }

    /// Reverts changes that would cost the following tests time or memory.
    fn calm(&mut self, knob: Knob) {
        let harmless = match knob {
            Knob::FifoSize => "16",
            Knob::RateHz | Knob::WorkUs | Knob::WorkSleepUs | Knob::WorkBytes => "0",
            Knob::Stress | Knob::Fault => "none",
            Knob::Run => "open",
            _ => return,
        };
        self.judge_write(Target::Parameter(knob), harmless.as_bytes());
    }

    fn judge_write(&mut self, target: Target, text: &[u8]) {
        let file = self.open(target);
        self.judge(target, text, nix::unistd::write(&file, text));
    }

    fn open(&self, target: Target) -> File {
        let path = self.path(target);
        let file = File::options().write(true).open(&path);
        file.unwrap_or_else(|why| panic!("{path}: {why}"))
    }

    /// Writes a text in a random way.
    fn write(&mut self, random: &mut Rng, target: Target, text: &[u8]) {
        let file = self.open(target);
        match (random.u8(..8), target) {
            // The position does not matter in sysfs, and debugfs refuses it.
            (0, _) => {
                let seen = nix::sys::uio::pwrite(&file, text, random.i64(0..1 << 40));
                match target {
                    Target::Debugfs(..) => {
                        assert_eq!(seen, Err(Errno::ESPIPE));
                        self.check_all("pwrite");
                    }
                    Target::Parameter(_) if text.is_empty() => assert_eq!(seen, Ok(0)),
                    Target::Parameter(_) => self.judge(target, text, seen),
                }
            }
            // In sysfs the parts of a vector are one text.
            (1, Target::Parameter(_)) if text.len() > 1 => {
                let (first, second) = text.split_at(random.usize(1..text.len()));
                let parts = [IoSlice::new(first), IoSlice::new(&[]), IoSlice::new(second)];
                let seen = nix::sys::uio::writev(&file, &parts);
                self.judge(target, text, seen);
            }
            // In debugfs each is one.
            (1, Target::Debugfs(..)) if text.len() > 1 => {
                let (first, second) = text.split_at(random.usize(1..text.len()));
                let parts = [IoSlice::new(first), IoSlice::new(second)];
                let seen = nix::sys::uio::writev(&file, &parts);
                match (self.outcome(target, first), seen) {
                    (Ok(_), Ok(count)) if count == first.len() => {
                        self.judge(target, first, seen);
                        assert!(self.outcome(target, second).is_err(), "{target:?} {text:?}");
                    }
                    (Ok(_), Ok(count)) => {
                        assert_eq!(count, text.len());
                        self.judge(target, second, Ok(second.len()));
                    }
                    (_, seen) => self.judge(target, first, seen),
                }
            }
            (2, _) => self.write_bad(random, target, &file, text),
            (_, Target::Parameter(_)) if text.is_empty() => {
                assert_eq!(nix::unistd::write(&file, text), Ok(0));
            }
            _ => self.judge(target, text, nix::unistd::write(&file, text)),
        }
    }

    /// Writes a text whose end, or all of it, is not readable: whatever it begins with, nothing changes.
    fn write_bad(&self, random: &mut Rng, target: Target, file: &File, text: &[u8]) {
        let mut edge = Edge::new(2);
        let text = &text[..text.len().min(edge.len()).min(MOST - 1)];
        let (from, len) = if random.bool() {
            (edge.put_last(text).cast_const(), text.len() + 1)
        } else {
            let bad = BAD[random.usize(..BAD.len())];
            (ptr::without_provenance(bad), text.len().max(1))
        };
        // SAFETY: The kernel checks what it may read.
        let written = unsafe { libc::write(file.as_raw_fd(), from.cast(), len) };
        assert_eq!((written, Errno::last()), (-1, Errno::EFAULT), "{target:?}");
        self.check_all("a write of bad memory");
    }
}

#[test]
fn knobs_take_exactly_what_the_parser_takes() {
    let mut random = Rng::with_seed(seed());
    let mut knobs = Knobs::load();
    let mut tally = Tally::default();
    let live: Vec<Knob> = Knob::ALL
        .iter()
        .copied()
        .filter(|knob| knob.spec().live)
        .collect();
    for round in 0..rounds(enough(1000)) {
        let knob = live[random.usize(..live.len())];
        let target = match random.usize(..LINES + 1) {
            LINES => Target::Parameter(knob),
            line => Target::Debugfs(line, knob),
        };
        let text = texts::text(&mut random, &knobs.spec(knob));
        knobs.write(&mut random, target, &text);
        tally.add(text.len());
        tally.progress("writes to knobs");
        knobs.calm(knob);
        if round % 50 == 0 {
            knobs.check_all("all rounds so far");
        }
    }
    knobs.check_all("everything");
    knobs.module.verify();
    tally.say("writes to knobs");
}

#[test]
fn files_that_are_not_knobs_take_nothing_by_mistake() {
    let mut random = Rng::with_seed(seed());
    let knobs = Knobs::load();
    let mut tally = Tally::default();
    let line = knobs.module.line(1);
    let mut files: Vec<String> = ["stats", "contexts", "latency", "costs", "irq"]
        .map(|name| line.path(name))
        .into();
    files.push("/sys/kernel/debug/simrupt/knobs".to_owned());
    for _ in 0..rounds(300) {
        let knob = Knob::ALL[random.usize(..Knob::ALL.len())];
        let text = texts::text(&mut random, knob.spec());
        tally.add(text.len());
        // Read-only files.
        for path in &files {
            let file = File::options().write(true).open(path).expect(path);
            assert_eq!(
                nix::unistd::write(&file, &text),
                Err(Errno::EINVAL),
                "{path}"
            );
        }
        // Files that take only one word.
        let file = File::options()
            .write(true)
            .open(line.path("reset"))
            .unwrap();
        let is_one = text.trim_ascii() == b"1" && text.len() <= MOST;
        let expected = if is_one {
            Ok(text.len())
        } else {
            Err(Errno::EINVAL)
        };
        assert_eq!(
            nix::unistd::write(&file, &text),
            expected,
            "reset: {text:?}"
        );
        // Names of devices that are nearly right, but never exactly.
        let mut name = b"simrupt.1".to_vec();
        match random.u8(..3) {
            0 => name = text.clone(),
            1 => name.insert(random.usize(..name.len()), random.u8(b'!'..)),
            _ => name.truncate(random.usize(..name.len())),
        }
        for verb in ["bind", "unbind"] {
            let file = File::options()
                .write(true)
                .open(format!("{DRIVER}/{verb}"))
                .unwrap();
            match nix::unistd::write(file.as_fd(), &name) {
                Ok(0) => assert!(name.is_empty()),
                seen => assert_eq!(seen, Err(Errno::ENODEV), "{verb}: {name:?}"),
            }
        }
        let file = File::options()
            .write(true)
            .open(format!("/proc/irq/{}/smp_affinity", line.irq()));
        // The kernel decides which masks it takes; here it only matters that the line goes on.
        let _ = nix::unistd::write(file.unwrap(), &text);
    }
    // The number of lines is fixed.
    let lines = "/sys/module/simrupt/parameters/lines";
    let refused = File::options()
        .write(true)
        .open(lines)
        .map_err(|why| why.raw_os_error());
    assert_eq!(refused.unwrap_err(), Some(libc::EACCES));
    knobs.check_all("everything");
    knobs.module.verify();
    tally.say("writes to other files");
}
