// SPDX-License-Identifier: GPL-2.0-only

//! Counts of CPUs as a row of cells, one for each CPU or for several neighbours: the higher the count, the fuller the
//! cell.

use simrupt::text::LEVELS;

/// A CPU without interrupts.
const NONE: char = '·';

/// The scale of the cells. It is the same for all rows, so that they can be compared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heat {
    /// How many CPUs share a cell.
    pub(crate) cpus_per_cell: usize,
    /// The highest count of a CPU.
    pub(crate) hottest: u64,
}

impl Heat {
    /// Cells for `cpus`, in at most `width` places.
    pub(crate) fn new(cpus: usize, width: usize, hottest: u64) -> Self {
        Self {
            cpus_per_cell: cpus.div_ceil(width.max(1)).max(1),
            hottest,
        }
    }

    /// The cells of a row. A shared cell shows the highest count of its CPUs. A cell without a known count is blank.
    pub(crate) fn cells(&self, counts: impl ExactSizeIterator<Item = Option<u64>>) -> String {
        let counts: Vec<Option<u64>> = counts.collect();
        let cells = counts.chunks(self.cpus_per_cell);
        cells
            .map(|cell| {
                cell.iter()
                    .flatten()
                    .max()
                    .map_or(' ', |max| self.cell(*max))
            })
            .collect()
    }

    /// On a logarithmic scale: a CPU with a tenth of the interrupts is still visible.
    fn cell(&self, count: u64) -> char {
        match count {
            0 => NONE,
            _ if count >= self.hottest => LEVELS[LEVELS.len() - 1],
            _ => {
                let share = (count as f64).log2() / (self.hottest as f64).log2();
                LEVELS[((share * LEVELS.len() as f64) as usize).min(LEVELS.len() - 1)]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(cpus_per_cell: usize, hottest: u64, counts: &[Option<u64>]) -> String {
        let heat = Heat {
            cpus_per_cell,
            hottest,
        };
        heat.cells(counts.iter().copied())
    }

    #[test]
    fn the_hottest_is_full_and_one_is_the_least() {
        let counts = [
            Some(0),
            Some(1),
            Some(2),
            Some(16),
            Some(255),
            Some(256),
            None,
        ];
        assert_eq!(cells(1, 256, &counts), "·▁▂▅██ ");
        assert_eq!(cells(1, 1, &[Some(1), Some(0)]), "█·");
        assert_eq!(cells(1, 0, &[Some(0)]), "·");
        assert_eq!(cells(1, u64::MAX, &[Some(u64::MAX)]), "█");
    }

    #[test]
    fn neighbours_share_a_cell_and_the_hottest_shows() {
        let counts = [Some(0), Some(256), Some(0), Some(0), None, None, Some(1)];
        assert_eq!(cells(2, 256, &counts), "█· ▁");
    }

    #[test]
    fn all_cpus_fit_whatever_the_width() {
        for (cpus, width) in [
            (1, 1),
            (2, 80),
            (512, 64),
            (512, 100),
            (100, 1),
            (3, 0),
            (0, 5),
        ] {
            let heat = Heat::new(cpus, width, 1);
            let cells = heat.cells(vec![Some(0); cpus].into_iter()).chars().count();
            assert!(cells <= width.max(1), "{cpus} in {width}");
            assert!(cells * heat.cpus_per_cell >= cpus);
        }
    }
}
