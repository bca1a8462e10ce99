// SPDX-License-Identifier: GPL-2.0-only

//! `/sys/kernel/irq`: the description of an interrupt in `/proc/interrupts`, with each part in its own file. So the
//! parts need not be guessed from the words.

use std::collections::HashMap;
use std::fs;

use proc_interrupts::{About, Table, TriggerType};

use simrupt::sysroot::Sysroot;

/// The descriptions of the running kernel's interrupts. They are read again only if the table has a new text.
#[derive(Debug, Default)]
pub(crate) struct Described(HashMap<u32, Known>);

/// One interrupt: the words in the table, and their meaning.
#[derive(Debug)]
struct Known {
    words: String,
    about: About,
}

impl Described {
    /// Replaces the parts that were guessed from the table's words by those in sysfs.
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

/// The parts in sysfs of an interrupt's description. If sysfs has none, or contradicts the table, the parts that were
/// guessed from the table's words.
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
        // Between the two reads, the number was given to another interrupt.
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

/// The names of the actions. sysfs, which separates them by commas alone, shows where they begin in the table's words.
/// The words show where each of them ends. `None` if the two differ.
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
