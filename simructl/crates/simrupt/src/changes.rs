// SPDX-License-Identifier: GPL-2.0-only

//! Changes of knobs: planned together, written all or none, and reported with the values that they led to.

use nix::errno::Errno;
use serde_json::{Value, json};
use simrupt_core::knobs::Knob as TableKnob;

use crate::failure::{Failure, errno};
use crate::files::table::{Knob, Values};
use crate::files::value;
use crate::knobs::{KnobFile, Knobs};
use crate::module::Module;
use crate::nearest::nearest;
use crate::pairs;
use crate::sysroot::write_value;
use crate::text::word;

/// A value of a knob, or one of a list, needs an option that this kernel does not have.
pub fn lacking(knob: &str, value: &str) -> Failure {
    let what = format!("cannot set {knob} to {value}");
    let Some((one, needs)) = need(knob, value) else {
        // Of a newer module.
        return Failure::new(what, "this kernel was built without what it needs")
            .remedy("another value: simructl knobs lists them");
    };
    match TableKnob::named(knob) {
        Some(TableKnob::CoalesceAdaptive) => Failure::new(
            what,
            format!(
                "this kernel has no net_dim: it was built without {needs}, or dimlib is a module that was not loaded \
                 before simrupt"
            ),
        )
        .remedy("modprobe dimlib, then load simrupt again; or coalesce_adaptive=0"),
        _ => Failure::new(
            what,
            format!("this kernel has no {one}: it was built without {needs}"),
        )
        .remedy("another flavor: simructl knobs lists them"),
    }
}

/// The first of a knob's values that needs a kernel option, and that option.
pub fn need(knob: &str, value: &str) -> Option<(String, &'static str)> {
    let knob = TableKnob::named(knob)?;
    value::list(value).into_iter().find_map(|one| {
        let number = knob.spec().parse(&one).ok()?;
        let needs = knob.needs(number)?;
        Some((one, needs))
    })
}

/// One file to write, with the value that undoes it.
#[derive(Debug)]
pub struct Change<'a> {
    /// The knob.
    pub knob: &'a Knob,
    /// The file to write.
    pub file: KnobFile,
    /// The value in force before.
    pub old: String,
    /// The value to write.
    pub new: String,
}

/// The failure for a value that the knob does not take.
pub fn refused(knob: &Knob, value: &str, why: &str) -> Failure {
    let what = format!("cannot set {} to {}", knob.name, word(value));
    let failure = Failure::new(what, why).remedy(
        knob.accepts()
            .unwrap_or("dmesg | tail says why".to_string()),
    );
    let near = match &knob.values {
        Values::Choices(choices) => nearest(value, choices.iter().map(String::as_str)),
        _ => None,
    };
    match near {
        Some(near) if near != value => failure.because(&format!("did you mean {near}?")),
        _ => failure,
    }
}

/// The failure for a value of the knob `cpu`, or a list of values, that names an offline CPU.
pub fn offline(value: &str) -> Failure {
    let named: Vec<String> = value::list(value)
        .into_iter()
        .filter(|cpu| !cpu.starts_with('-'))
        .collect();
    let (why, cpu) = match named.as_slice() {
        [cpu] => (format!("CPU {cpu} is offline"), cpu.as_str()),
        _ => ("one of these CPUs is offline".to_string(), "N"),
    };
    Failure::new(format!("cannot set cpu to {value}"), why).remedy(format!(
        "a CPU of /sys/devices/system/cpu/online; or echo 1 > /sys/devices/system/cpu/cpu{cpu}/online"
    ))
}

/// The failure for a value of the knob `masked` that would enable a managed interrupt whose CPUs are offline.
fn shut_down(value: &str) -> Failure {
    let why = "the interrupt is managed, and its CPUs are offline";
    Failure::new(format!("cannot set masked to {value}"), why).remedy(
        "a CPU of /proc/irq/N/smp_affinity_list: \
         echo 1 > /sys/devices/system/cpu/cpuM/online (simructl status has N)",
    )
}

/// The files to write for a knob: one per line, or one with a value for each line.
pub fn plan<'a>(
    knobs: &Knobs,
    module: &Module<'_>,
    knob: &'a Knob,
    lines: &[u32],
    values: Vec<String>,
) -> Result<Vec<Change<'a>>, Failure> {
    let mut changes: Vec<Change<'a>> = Vec::new();
    for (&line, new) in lines.iter().zip(values) {
        let file = knobs.file(knob, line);
        if file.line.is_some() {
            let old = file.read()?;
            changes.push(Change {
                knob,
                file,
                old,
                new,
            });
            continue;
        }
        if changes.is_empty() {
            let old = file.read()?;
            let listed = value::spread(&value::list(&old), module.lines().len());
            changes.push(Change {
                knob,
                file,
                new: listed.unwrap_or_default().join(","),
                old,
            });
        }
        // All lines share one file: this line's value replaces its entry.
        for change in &mut changes {
            let mut all = value::list(&change.new);
            if let Some(entry) = all.get_mut(line as usize) {
                *entry = new.clone();
            }
            change.new = all.join(",");
        }
    }
    Ok(changes)
}

/// Writes the changes. If possible, the order avoids every pair of values that the module refuses. If a write fails,
/// the earlier ones are undone.
pub fn apply(changes: &[Change<'_>]) -> Result<(), Failure> {
    // Each write, with the content of its file before and after it.
    let mut done: Vec<(&Change<'_>, [String; 2])> = Vec::new();
    for (change, new) in pairs::in_order(changes) {
        let Err(error) = write_value(&change.file.path, &new) else {
            let last = done.iter().rfind(|(one, _)| one.file == change.file);
            let before = last.map_or(&change.old, |(_, [_, after])| after).clone();
            done.push((change, [before, new]));
            continue;
        };
        let failure = match errno(&error) {
            Errno::EINVAL => refused(change.knob, &new, "the module refused it"),
            Errno::ERANGE => refused(change.knob, &new, "out of range"),
            Errno::ENXIO if change.knob.name == "masked" => shut_down(&new),
            // The module answers so for nothing else.
            Errno::ENXIO => offline(&new),
            Errno::EBUSY => pairs::refused(change).unwrap_or_else(|| {
                refused(change.knob, &new, "it does not go with another knob")
                    .remedy("dmesg | tail names the other knob")
            }),
            Errno::EOPNOTSUPP => lacking(&change.knob.name, &change.new),
            _ => Failure::file("write", &change.file.path, change.file.line, &error),
        };
        let stuck = done
            .iter()
            .rev()
            .filter(|(done, [before, _])| write_value(&done.file.path, before).is_err())
            .map(|(done, _)| done.name())
            .collect::<Vec<_>>();
        return Err(match (done.as_slice(), stuck.as_slice()) {
            ([], _) => failure,
            (_, []) => failure.because("what was already written is undone"),
            (_, stuck) => failure.because(&format!("could not undo {}", stuck.join(", "))),
        });
    }
    Ok(())
}

impl Change<'_> {
    /// Writes the old value back.
    pub fn write_back(&self) -> Result<(), Failure> {
        let KnobFile { path, line } = &self.file;
        write_value(path, &self.old).map_err(|error| Failure::file("write", path, *line, &error))
    }

    /// Whether the new value is already in force.
    pub fn is_in_force(&self) -> bool {
        value::list(&self.old) == value::list(&self.new)
    }

    fn name(&self) -> String {
        match self.file.line {
            Some(line) => format!("line{line} {}", self.knob.name),
            None => self.knob.name.clone(),
        }
    }

    /// The change in words; `now` is the value in force after it.
    pub fn text(&self, now: &str) -> String {
        let asked = match now == self.new {
            true => String::new(),
            false => format!(" (asked for {})", self.new),
        };
        format!("{} {} -> {now}{asked}\n", self.name(), self.old)
    }

    /// The change as a JSON object.
    pub fn document(&self, now: &str) -> Value {
        json!({
            "line": self.file.line,
            "knob": self.knob.name,
            "old": value::json(&self.old),
            "asked": value::json(&self.new),
            "now": value::json(now),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simrupt_core::knobs::Flavor;

    #[test]
    fn an_offline_cpu_is_reported_as_offline() {
        assert_eq!(
            offline("1").to_string(),
            "cannot set cpu to 1: CPU 1 is offline\n  try: a CPU of /sys/devices/system/cpu/online; \
             or echo 1 > /sys/devices/system/cpu/cpu1/online"
        );
        assert!(offline("-1,3").to_string().contains("CPU 3 is offline"));
        assert!(offline("1,3").to_string().contains("one of these CPUs"));
    }

    #[test]
    fn a_flavor_that_the_kernel_lacks_is_told_with_what_it_needs() {
        for flavor in Flavor::ALL {
            let Some(needs) = flavor.needs() else {
                continue;
            };
            let name = flavor.name();
            let told = lacking("workqueue", &format!("bh,{name}")).to_string();
            assert!(
                told.starts_with(&format!(
                    "cannot set workqueue to bh,{name}: this kernel has no {name}: it was built without {needs}\n  try: "
                )),
                "{told}"
            );
        }
        let told = lacking("workqueue", "bh").to_string();
        assert!(told.contains("what it needs"), "{told}");
    }

    #[test]
    fn adaptive_coalescing_that_the_kernel_lacks_is_told_with_both_reasons() {
        assert_eq!(
            lacking("coalesce_adaptive", "0,1").to_string(),
            "cannot set coalesce_adaptive to 0,1: this kernel has no net_dim: it was built without CONFIG_DIMLIB, or \
             dimlib is a module that was not loaded before simrupt\n  \
             try: modprobe dimlib, then load simrupt again; or coalesce_adaptive=0"
        );
        assert_eq!(need("coalesce_adaptive", "0"), None);
        assert_eq!(need("unheard_of", "1"), None);
    }

    #[test]
    fn a_rounded_value_is_told_apart_from_the_one_asked_for() {
        let knob = Knob::bare("fifo_size".to_string(), true);
        let change = Change {
            knob: &knob,
            file: KnobFile {
                path: "x".into(),
                line: Some(1),
            },
            old: "4096".to_string(),
            new: "1000".to_string(),
        };
        assert_eq!(
            change.text("1024"),
            "line1 fifo_size 4096 -> 1024 (asked for 1000)\n"
        );
        assert_eq!(change.text("1000"), "line1 fifo_size 4096 -> 1000\n");
    }
}
