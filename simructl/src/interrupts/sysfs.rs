// SPDX-License-Identifier: GPL-2.0-only

//! `/sys/kernel/irq`: what `/proc/interrupts` says about an interrupt, each in a file of its own, so that nothing
//! has to be told apart by how it looks.

use std::collections::HashMap;
use std::fs;

use proc_interrupts::{About, Table, TriggerType};

use simrupt::sysroot::Sysroot;

/// The descriptions of the running kernel's interrupts. They are read anew only where the table says something new.
#[derive(Debug, Default)]
pub(crate) struct Described(HashMap<u32, Known>);

/// Of one interrupt: the words of the table, and what they mean.
#[derive(Debug)]
struct Known {
    words: String,
    about: About,
}

impl Described {
    /// Replaces what was told apart from the table's words by what the kernel says in sysfs.
    pub(crate) fn describe(&mut self, sysroot: &Sysroot, table: &mut Table) {
        for row in &mut table.rows {
            let Some(irq) = row.irq() else { continue };
            let known = self.0.get(&irq);
            let known = known.filter(|known| known.words == row.about.words);
            if let Some(known) = known {
                row.about.clone_from(&known.about);
                continue;
            }
            row.about = described(sysroot, irq, &row.about);
            let known = Known {
                words: row.about.words.clone(),
                about: row.about.clone(),
            };
            self.0.insert(irq, known);
        }
    }
}

/// What sysfs says about an interrupt; where it says nothing, or something else than the table, what was told
/// apart from the table's words.
fn described(sysroot: &Sysroot, irq: u32, told: &About) -> About {
    let text = |name: &str| {
        let bytes = fs::read(sysroot.sys(&format!("kernel/irq/{irq}/{name}"))).ok()?;
        Some(String::from_utf8_lossy(&bytes).trim().to_string())
    };
    let Some(actions) = text("actions") else {
        return told.clone();
    };
    let actions = match actions.is_empty() {
        true => told.actions.is_empty().then(Vec::new),
        false => actions_in(&told.words, &actions),
    };
    let Some(actions) = actions else {
        // The number has gone to another interrupt between the two.
        return told.clone();
    };
    let mut about = told.clone();
    about.actions = actions;
    let some = |name| text(name).filter(|text| !text.is_empty());
    about.chip = some("chip_name").or(about.chip);
    if let Some(hwirq) = text("hwirq") {
        about.hwirq = match hwirq.is_empty() {
            true => None,
            false => hwirq.parse().ok().or(about.hwirq),
        };
    }
    let trigger_type = some("type").and_then(|word| TriggerType::from_word(&word));
    about.trigger_type = trigger_type.or(about.trigger_type);
    if let Some(flow) = text("name") {
        about.flow = Some(flow).filter(|flow| !flow.is_empty());
    }
    about
}

/// The names of the actions: sysfs, which separates them by commas alone, tells where in the table's words they
/// begin; these tell where each of them ends. `None` if the two say different things.
fn actions_in(words: &str, actions: &str) -> Option<Vec<String>> {
    let is_same = |text: &str| text.replace(", ", ",") == actions;
    let words = words.trim_end();
    let starts = words.char_indices().map(|(at, _)| &words[at..]);
    let found = starts.into_iter().find(|text| is_same(text))?;
    Some(found.split(", ").map(str::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sysfs_tells_where_actions_begin_and_the_table_where_they_end() {
        for (words, actions, expected) in [
            ("IO-APIC   8-edge      rtc0", "rtc0", Some(vec!["rtc0"])),
            (
                "IP32 MACE PCI  aic7xxx",
                "PCI  aic7xxx",
                Some(vec!["PCI  aic7xxx"]),
            ),
            (
                "GIC  33 Level     a, b,c, d",
                "a,b,c,d",
                Some(vec!["a", "b,c", "d"]),
            ),
            ("GIC  33 Level     eth0", "eth1", None),
        ] {
            let found = actions_in(words, actions);
            let found: Option<Vec<&str>> =
                (found.as_ref()).map(|names| names.iter().map(String::as_str).collect());
            assert_eq!(found, expected, "{words}");
        }
    }
}
