// SPDX-License-Identifier: GPL-2.0-only

//! The counts of a row, one for each CPU.
//!
//! The kernel's counters have 32 bits. Large tables have a million of them, so they are stored as 32 bits. Only a row
//! with a larger number, which an edited copy may have, takes more memory.

use std::fmt;

/// The counts of one row, in the order of the table's CPUs.
#[derive(Clone, PartialEq, Eq)]
pub struct CpuCounts(Width);

#[derive(Clone, PartialEq, Eq)]
enum Width {
    /// All of them fit into 32 bits.
    Narrow(Box<[u32]>),
    /// One of them does not.
    Wide(Box<[u64]>),
}

impl CpuCounts {
    /// How many counts there are: as many as the table has CPUs.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Width::Narrow(counts) => counts.len(),
            Width::Wide(counts) => counts.len(),
        }
    }

    /// Whether there is no count, as after all CPUs of the table were deselected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The count in a column; `None` beyond the last one.
    #[must_use]
    pub fn get(&self, column: usize) -> Option<u64> {
        match &self.0 {
            Width::Narrow(counts) => counts.get(column).map(|count| u64::from(*count)),
            Width::Wide(counts) => counts.get(column).copied(),
        }
    }

    /// The counts, column by column.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = u64> + Clone + '_ {
        (0..self.len()).map(|column| match &self.0 {
            Width::Narrow(counts) => u64::from(counts[column]),
            Width::Wide(counts) => counts[column],
        })
    }

    /// The sum of all counts; `u64::MAX` if it is larger than that.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.iter().fold(0, u64::saturating_add)
    }

    /// The highest count; `None` if there are no counts.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        self.iter().max()
    }

    /// The counts in the columns for which `keep` is true.
    pub(crate) fn retained(&self, keep: &[bool]) -> Self {
        let kept = self.iter().zip(keep).filter(|(_, keep)| **keep);
        kept.map(|(count, _)| count).collect()
    }
}

impl From<&[u64]> for CpuCounts {
    fn from(counts: &[u64]) -> Self {
        let narrow: Result<Box<[u32]>, _> =
            counts.iter().map(|count| u32::try_from(*count)).collect();
        Self(match narrow {
            Ok(counts) => Width::Narrow(counts),
            Err(_) => Width::Wide(counts.into()),
        })
    }
}

impl FromIterator<u64> for CpuCounts {
    fn from_iter<T: IntoIterator<Item = u64>>(counts: T) -> Self {
        let counts: Vec<u64> = counts.into_iter().collect();
        Self::from(&counts[..])
    }
}

impl fmt::Debug for CpuCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_any_width_are_what_they_were() {
        for counts in [
            &[][..],
            &[0, 7, u64::from(u32::MAX)],
            &[1, u64::from(u32::MAX) + 1, u64::MAX],
        ] {
            let kept = CpuCounts::from(counts);
            assert_eq!(kept.iter().collect::<Vec<_>>(), counts);
            assert_eq!(kept.len(), counts.len());
            assert_eq!(kept.max(), counts.iter().max().copied());
            assert_eq!(kept.get(1), counts.get(1).copied());
            assert_eq!(kept.get(3), None);
        }
    }

    #[test]
    fn sums_stay_in_their_bounds() {
        assert_eq!(CpuCounts::from(&[u64::MAX, 1][..]).sum(), u64::MAX);
        assert_eq!(
            CpuCounts::from(&[u64::from(u32::MAX), 1][..]).sum(),
            1 << 32
        );
    }
}
