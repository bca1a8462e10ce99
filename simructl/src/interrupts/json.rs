// SPDX-License-Identifier: GPL-2.0-only

//! Tables as JSON, one document in one line. The document is written piece by piece, because the tables of large
//! machines have a million counts.

use std::io::{self, Write};

use proc_interrupts::{CpuCounts, Kind};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::interrupts::nodes::Node;
use crate::interrupts::view::{Shown, Sums, View};

impl View<'_> {
    /// Writes the document.
    pub(crate) fn json(&self, output: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *output, &Document(self))?;
        output.write_all(b"\n")
    }
}

struct Document<'a>(&'a View<'a>);

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(view) = *self;
        let seconds = |time: std::time::Duration| time.as_secs_f64();
        let sums = view.sums();
        let mut map = serializer.serialize_map(None)?;
        let time = view.time.map(humantime::format_rfc3339_millis);
        map.serialize_entry("time", &time.map(|time| time.to_string()))?;
        map.serialize_entry("elapsed_s", &view.elapsed.map(seconds))?;
        map.serialize_entry("interval_s", &view.interval.map(seconds))?;
        map.serialize_entry("cpus", &view.table.cpus)?;
        map.serialize_entry("total", &sums.total)?;
        map.serialize_entry("increase", &sums.increase)?;
        map.serialize_entry("per_second", &view.per_second(sums.increase))?;
        map.serialize_entry("per_cpu", &PerCpuSums(&sums))?;
        map.serialize_entry("nodes", &Nodes(view, &sums))?;
        map.serialize_entry("rows", &Rows(view))?;
        map.end()
    }
}

struct PerCpuSums<'a>(&'a Sums);

impl Serialize for PerCpuSums<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("total", &self.0.totals)?;
        map.serialize_entry("increase", &self.0.increases)?;
        map.end()
    }
}

struct Nodes<'a>(&'a View<'a>, &'a Sums);

impl Serialize for Nodes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.0
                .nodes
                .iter()
                .map(|node| OneNode(self.0, self.1, node)),
        )
    }
}

struct OneNode<'a>(&'a View<'a>, &'a Sums, &'a Node);

impl Serialize for OneNode<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(view, sums, node) = self;
        let of_node = |at: &usize| node.cpus.contains(view.table.cpus[*at]);
        let columns = || (0..view.table.cpus.len()).filter(of_node);
        let totals = columns().map(|at| sums.totals[at]);
        let increase = sums.increases.as_ref().and_then(|increases| {
            let known = columns().filter_map(|at| increases[at]);
            known.reduce(u64::saturating_add)
        });
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("node", &node.number)?;
        map.serialize_entry("cpus", &node.list)?;
        map.serialize_entry("total", &totals.fold(0, u64::saturating_add))?;
        map.serialize_entry("increase", &increase)?;
        map.serialize_entry("per_second", &view.per_second(increase))?;
        map.end()
    }
}

struct Rows<'a>(&'a View<'a>);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.all_shown().map(|shown| OneRow(self.0, shown)))
    }
}

struct OneRow<'a>(&'a View<'a>, Shown<'a>);

impl Serialize for OneRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(view, shown) = self;
        let Shown { row, placement, .. } = shown;
        let about = &row.about;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &row.name)?;
        if view.kind == Kind::Interrupts {
            let hidden = view.placements.is_empty();
            map.serialize_entry("irq", &row.irq())?;
            map.serialize_entry("chip", &about.chip)?;
            map.serialize_entry("hwirq", &about.hwirq)?;
            map.serialize_entry("trigger", &about.trigger())?;
            map.serialize_entry("type", &about.trigger_type.map(|of| of.as_str()))?;
            map.serialize_entry("actions", &about.actions)?;
            let placement = placement.filter(|_| !hidden);
            let affinity = placement.and_then(|place| place.affinity.as_ref());
            map.serialize_entry("affinity", &affinity)?;
            let effective = placement.and_then(|place| place.effective.as_ref());
            map.serialize_entry("effective_affinity", &effective)?;
            map.serialize_entry("node", &placement.and_then(|place| place.node))?;
            map.serialize_entry("threads", &placement.map(|place| &place.threads))?;
            map.serialize_entry("is_sum", &row.is_sum)?;
        }
        map.serialize_entry("description", &view.description(row))?;
        map.serialize_entry("total", &row.total())?;
        map.serialize_entry("increase", &shown.increase())?;
        map.serialize_entry("per_second", &view.per_second(shown.increase()))?;
        map.serialize_entry(
            "per_cpu",
            &row.per_cpu().map(|counts| PerCpu(counts, shown)),
        )?;
        map.end()
    }
}

struct PerCpu<'a>(&'a CpuCounts, &'a Shown<'a>);

impl Serialize for PerCpu<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(counts, shown) = self;
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("total", &Sequence(|| counts.iter()))?;
        match shown.change {
            Some(change) => map.serialize_entry("increase", &Sequence(|| change.per_cpu()))?,
            None => map.serialize_entry("increase", &None::<()>)?,
        }
        map.end()
    }
}

/// The items of an iterator, as an array.
struct Sequence<F>(F);

impl<F: Fn() -> I, I: Iterator<Item: Serialize>> Serialize for Sequence<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}
