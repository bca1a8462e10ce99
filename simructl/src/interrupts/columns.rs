// SPDX-License-Identifier: GPL-2.0-only

//! The columns of the table, by the names that `--columns` takes.

use std::str::FromStr;

use proc_interrupts::Kind;

use crate::interrupts::view::{Shown, View};
use simrupt::text::in_one_row;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Irq,
    Total,
    Increase,
    PerSecond,
    Cpus,
    Actions,
    Chip,
    Hwirq,
    Trigger,
    Type,
    Affinity,
    Effective,
    Node,
    Threads,
}

/// A row for each column: its name, and whether it holds numbers.
const FIELDS: [(Field, &str, bool); 14] = [
    (Field::Irq, "irq", true),
    (Field::Total, "total", true),
    (Field::Increase, "increase", true),
    (Field::PerSecond, "per_s", true),
    (Field::Cpus, "cpus", false),
    (Field::Actions, "actions", false),
    (Field::Chip, "chip", false),
    (Field::Hwirq, "hwirq", true),
    (Field::Trigger, "trigger", false),
    (Field::Type, "type", false),
    (Field::Affinity, "affinity", false),
    (Field::Effective, "effective", false),
    (Field::Node, "node", true),
    (Field::Threads, "threads", false),
];

/// The columns of an interrupt that are shown by default.
const OF_INTERRUPTS: [Field; 12] = [
    Field::Irq,
    Field::Total,
    Field::PerSecond,
    Field::Cpus,
    Field::Actions,
    Field::Chip,
    Field::Hwirq,
    Field::Trigger,
    Field::Affinity,
    Field::Effective,
    Field::Node,
    Field::Threads,
];
/// The columns of a softirq that are shown by default.
const OF_SOFTIRQS: [Field; 5] = [
    Field::Irq,
    Field::Total,
    Field::PerSecond,
    Field::Cpus,
    Field::Actions,
];

/// The columns of the command line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chosen {
    /// Whether they are added to the default ones.
    is_more: bool,
    fields: Vec<Field>,
}

impl Field {
    /// Its name on the command line.
    pub(super) fn name(self) -> &'static str {
        let known = FIELDS.iter().find(|(field, ..)| *field == self);
        known.map_or("", |(_, name, _)| name)
    }

    pub(super) fn is_number(self) -> bool {
        FIELDS
            .iter()
            .any(|(field, _, is_number)| *field == self && *is_number)
    }

    /// Its title in the table.
    pub(super) fn title(self, view: &View<'_>) -> &'static str {
        match (self, view.kind, view.interval) {
            (Self::Irq, Kind::Softirqs, _) => "softirq",
            (Self::Actions, Kind::Softirqs, _) => "what it does",
            (Self::PerSecond, _, None) if view.changes.is_some() => "increase",
            _ => self.name(),
        }
    }

    /// The cell in the table, if there is one; `None` for the cells of CPUs. It has no control characters, and one row.
    pub(super) fn cell(self, view: &View<'_>, shown: &Shown<'_>) -> Option<String> {
        let text = self.text(view, shown)?;
        Some(in_one_row(&text).into_owned())
    }

    /// The kernel's text of the column for a row, if there is one; `None` for the cells of CPUs.
    pub(super) fn text(self, view: &View<'_>, shown: &Shown<'_>) -> Option<String> {
        let about = &shown.row.about;
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        match self {
            Self::Irq => Some(shown.row.name.clone()),
            Self::Total => number(shown.row.total()),
            Self::Increase => number(shown.increase()),
            Self::PerSecond => match view.interval {
                Some(_) => view
                    .per_second(shown.increase())
                    .map(|rate| format!("{rate:.1}")),
                None => number(shown.increase()),
            },
            Self::Cpus => None,
            Self::Actions => match view.description(shown.row) {
                Some(description) => Some(description.to_string()),
                None => Some(about.text()),
            },
            Self::Chip => about.chip.clone(),
            Self::Hwirq => number(about.hwirq),
            Self::Trigger => about.trigger().map(str::to_string),
            Self::Type => about.trigger_type.map(|of| of.to_string()),
            Self::Affinity => shown.placement?.affinity.clone(),
            Self::Effective => shown.placement?.effective.clone(),
            Self::Node => shown.placement?.node.map(|node| node.to_string()),
            Self::Threads => {
                let pids = shown.placement?.threads.iter().map(u32::to_string);
                Some(pids.collect::<Vec<_>>().join(","))
            }
        }
    }
}

impl Chosen {
    /// Whether these are all columns, rather than additions to the default ones.
    pub(super) fn is_all(&self) -> bool {
        !self.is_more
    }

    /// The columns in their order.
    pub(super) fn fields(chosen: Option<&Self>, kind: Kind) -> Vec<Field> {
        let usual = match kind {
            Kind::Interrupts => &OF_INTERRUPTS[..],
            Kind::Softirqs => &OF_SOFTIRQS[..],
        };
        match chosen {
            None => usual.to_vec(),
            Some(Self {
                is_more: false,
                fields,
            }) => fields.clone(),
            Some(Self {
                is_more: true,
                fields,
            }) => {
                let more = fields.iter().filter(|field| !usual.contains(field));
                usual.iter().chain(more).copied().collect()
            }
        }
    }
}

impl FromStr for Chosen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (is_more, names) = match text.strip_prefix('+') {
            Some(names) => (true, names),
            None => (false, text),
        };
        let mut fields = Vec::new();
        for name in names.split(',').map(str::trim) {
            let name = name.to_lowercase();
            let known = FIELDS.iter().find(|(_, known, _)| *known == name);
            let Some((field, ..)) = known else {
                let all = FIELDS.map(|(_, name, _)| name).join(", ");
                return Err(format!("no column is called `{name}`; there are {all}"));
            };
            if !fields.contains(field) {
                fields.push(*field);
            }
        }
        Ok(Self { is_more, fields })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_chosen_or_added() {
        let fields = |text: &str| {
            let chosen: Chosen = text.parse().unwrap();
            Chosen::fields(Some(&chosen), Kind::Softirqs)
        };
        assert_eq!(fields("total, IRQ,total"), [Field::Total, Field::Irq]);
        let mut expected = OF_SOFTIRQS.to_vec();
        expected.push(Field::Type);
        assert_eq!(fields("+type,cpus"), expected);
    }

    #[test]
    fn an_unknown_column_is_answered_with_those_that_there_are() {
        let error = "irq,what".parse::<Chosen>().unwrap_err();
        assert!(
            error.starts_with("no column is called `what`; there are irq, total"),
            "{error}"
        );
        assert!("".parse::<Chosen>().is_err());
    }
}
