// SPDX-License-Identifier: GPL-2.0-only

//! A reader of copies that is independent of the program's own, which it checks.

use std::fs;
use std::path::Path;
use std::process::Command;

/// A copy, read as simply as possible.
pub(crate) struct Copy {
    pub(crate) cpus: Vec<u64>,
    pub(crate) rows: Vec<Row>,
}

/// A row, with all of its counts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) counts: Vec<u128>,
    pub(crate) words: String,
}

impl Copy {
    pub(crate) fn read(path: &Path) -> Self {
        let bytes = match path.file_stem().is_some_and(|name| name == "packed") {
            true => unpacked(path),
            false => fs::read(path).unwrap(),
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut lines: Vec<&str> = text.lines().collect();
        // The last line of a file with this name is not a row.
        if path.to_str().unwrap().contains("cut-in-a-number") {
            lines.pop();
        }
        let header = lines
            .iter()
            .position(|line| line.trim().starts_with("CPU"))
            .unwrap();
        let numbers = lines[header]
            .split_whitespace()
            .map(|cpu| cpu[3..].parse().unwrap());
        let cpus: Vec<u64> = numbers.collect();
        let rows = lines[header + 1..]
            .iter()
            .map_while(|line| row(line, cpus.len()));
        Self {
            rows: rows.collect(),
            cpus,
        }
    }

    /// The rows that are not the sum of others: `CLK: 7 [EXT] Clock` makes `EXT` a sum.
    pub(crate) fn summands(&self) -> impl Iterator<Item = &Row> {
        let is_sum = |row: &Row| {
            let lead = format!("[{}]", row.name);
            let mut others = self.rows.iter().filter(|other| other.name != row.name);
            others.any(|other| other.words.starts_with(&lead))
        };
        self.rows.iter().filter(move |row| !is_sum(row))
    }

    pub(crate) fn total(&self) -> u128 {
        capped(self.summands().map(Row::total).sum())
    }

    /// The sum of the CPUs in these columns.
    pub(crate) fn of_cpus(&self, columns: impl Iterator<Item = usize> + Clone) -> u128 {
        let by_cpu = self
            .summands()
            .filter(|row| row.counts.len() == self.cpus.len());
        let by_cpu = by_cpu.filter(|row| !row.is_once(self));
        capped(
            by_cpu
                .map(|row| columns.clone().map(|at| row.counts[at]).sum::<u128>())
                .sum(),
        )
    }
}

impl Row {
    pub(crate) fn total(&self) -> u128 {
        capped(self.counts.iter().sum())
    }

    /// Whether it is counted once for all CPUs.
    pub(crate) fn is_once(&self, copy: &Copy) -> bool {
        let is_known = ["ERR", "Err", "MIS", "BAD"].contains(&self.name.as_str());
        self.counts.len() == 1 && self.words.is_empty() && (copy.cpus.len() > 1 || is_known)
    }

    pub(crate) fn by_cpu(&self, copy: &Copy) -> Option<&[u128]> {
        (!self.counts.is_empty() && !self.is_once(copy)).then_some(&self.counts)
    }
}

/// Sums are capped at the greatest number of 64 bits.
pub(crate) fn capped(sum: u128) -> u128 {
    sum.min(u64::MAX.into())
}

fn unpacked(path: &Path) -> Vec<u8> {
    let output = Command::new("gzip").arg("-dc").arg(path).output().unwrap();
    assert!(output.status.success(), "gzip: {output:?}");
    output.stdout
}

/// The row in a line; `None` for a prompt, for instance.
fn row(line: &str, cpus: usize) -> Option<Row> {
    let (name, rest) = line.split_once(':')?;
    let name = name.trim();
    if name.is_empty() || name.contains([' ', '@', '[', '-']) {
        return None;
    }
    let mut counts = Vec::new();
    let mut words = rest.trim();
    while counts.len() < cpus {
        let (word, behind) = words.split_once(' ').unwrap_or((words, ""));
        let Ok(count) = word.parse() else { break };
        counts.push(count);
        words = behind.trim();
    }
    Some(Row {
        name: name.to_string(),
        counts,
        words: words.to_string(),
    })
}
