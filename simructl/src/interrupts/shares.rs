// SPDX-License-Identifier: GPL-2.0-only

//! Numbers of CPUs side by side: one for each CPU or, if there is no room, one for several neighbours together.

use proc_interrupts::CpuList;

use simrupt::layout::{compact, width};

/// How CPUs share columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shares {
    /// How many CPUs share a number, which is their sum.
    pub(super) cpus: usize,
    /// Whether numbers are written with K and M.
    pub(super) is_compact: bool,
}

/// How numbers are written: as rates or as counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    /// The divisor of a count: the seconds of the interval for a rate, or 1.
    pub(super) unit: f64,
    /// Whether the numbers are rates, which have a decimal.
    pub(super) is_rate: bool,
}

impl Shares {
    /// The fewest CPUs that must share a number so that columns of these cells fit into `room`, with `gap` spaces
    /// between them. `cells` makes the columns.
    pub(super) fn fitting(
        cpus: usize,
        room: usize,
        gap: usize,
        cells: impl Fn(Self) -> Vec<Vec<String>>,
    ) -> Option<(Self, Vec<Vec<String>>)> {
        // It grows by an eighth, so that a thousand CPUs take some dozen steps.
        let mut sharing = 1;
        while sharing <= cpus.max(1) {
            for is_compact in [false, true] {
                let shares = Self {
                    cpus: sharing,
                    is_compact: is_compact || sharing > 1,
                };
                // A column takes 3 places at least.
                if cpus.div_ceil(sharing) * (1 + gap) > room + gap {
                    continue;
                }
                let cells = cells(shares);
                let widths = cells
                    .iter()
                    .map(|column| column.iter().map(|cell| width(cell)).max().unwrap_or(0) + gap);
                if widths.sum::<usize>() <= room + gap {
                    return Some((shares, cells));
                }
            }
            sharing += 1 + sharing / 8;
        }
        None
    }

    /// The titles of the columns.
    pub(super) fn names(self, cpus: &[u32]) -> impl Iterator<Item = String> {
        let groups = cpus.chunks(self.cpus);
        groups.map(|group| group.iter().copied().collect::<CpuList>().to_string())
    }

    /// The numbers of the columns; `-` if nothing is known.
    pub(super) fn numbers(self, counts: &[Option<u64>], numbers: Numbers) -> Vec<String> {
        let groups = counts.chunks(self.cpus);
        groups
            .map(|group| {
                let known = group.iter().flatten().copied();
                match known.reduce(u64::saturating_add) {
                    Some(count) => self.number(count, numbers),
                    None => "-".to_string(),
                }
            })
            .collect()
    }

    fn number(self, count: u64, numbers: Numbers) -> String {
        let number = count as f64 / numbers.unit;
        match (self.is_compact, numbers.is_rate) {
            (true, _) => compact(number),
            (false, true) => format!("{number:.1}"),
            (false, false) => count.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTS: [Option<u64>; 5] = [Some(12_345), Some(0), None, Some(7), None];

    fn fitted(room: usize) -> Option<(usize, bool, String)> {
        let numbers = Numbers {
            unit: 1.0,
            is_rate: false,
        };
        let fitting = Shares::fitting(5, room, 2, |shares| {
            let numbers = shares.numbers(&COUNTS, numbers);
            let names = shares.names(&[0, 1, 2, 4, 6]);
            names
                .zip(numbers)
                .map(|(name, number)| vec![name, number])
                .collect()
        });
        let (shares, cells) = fitting?;
        let texts: Vec<String> = cells.iter().map(|cell| cell.join("=")).collect();
        Some((shares.cpus, shares.is_compact, texts.join(" ")))
    }

    #[test]
    fn numbers_are_exact_then_compact_then_shared() {
        let text = |text: &str| text.to_string();
        assert_eq!(
            fitted(17),
            Some((1, false, text("0=12345 1=0 2=- 4=7 6=-")))
        );
        assert_eq!(fitted(16), Some((1, true, text("0=12K 1=0 2=- 4=7 6=-"))));
        assert_eq!(fitted(14), Some((2, true, text("0-1=12K 2,4=7 6=-"))));
        assert_eq!(fitted(3), None);
    }
}
