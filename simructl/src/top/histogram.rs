// SPDX-License-Identifier: GPL-2.0-only

//! A histogram with a row for each power of two, into which the module's finer buckets are added.

use simrupt::files::latency::Stage;

/// The number of values from `low` to `high` ns, `high` excluded.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bin {
    pub(super) low: u64,
    pub(super) high: u64,
    pub(super) count: u64,
}

/// The rows from the least value to the greatest, including empty ones between them.
pub(super) fn bins(stage: &Stage) -> Vec<Bin> {
    let mut bins: Vec<Bin> = Vec::new();
    for [low, _, count] in stage.buckets() {
        let exponent = low.max(1).ilog2();
        let (from, to) = (1 << exponent, 1_u64.checked_shl(exponent + 1));
        while let Some(last) = bins.last().filter(|last| last.high < from) {
            let (low, high) = (last.high, last.high * 2);
            bins.push(Bin {
                low,
                high,
                count: 0,
            });
        }
        match bins.last_mut().filter(|last| last.low == from) {
            Some(last) => last.count += count,
            None => bins.push(Bin {
                low: from,
                high: to.unwrap_or(u64::MAX),
                count,
            }),
        }
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;
    use simrupt::files::latency::Latency;

    #[test]
    fn buckets_are_added_by_powers_of_two() {
        let text = "stage irq_bh count 9 sum_ns 1 overflow 0 max_ns 1 max_time_ns 1 max_cpu 0\n\
                    bucket 0 0 1\nbucket 1 1 1\nbucket 1024 1039 2\nbucket 2000 2031 3\nbucket 4096 4159 2\n";
        let stage = Latency::parse(text).unwrap().0.remove(0);
        let bins = bins(&stage);
        assert_eq!((bins[0].low, bins[0].high, bins[0].count), (1, 2, 2));
        assert_eq!(bins.len(), 13);
        let full: Vec<_> = bins.iter().filter(|bin| bin.count > 0).collect();
        assert_eq!((full[1].low, full[1].high, full[1].count), (1024, 2048, 5));
        assert_eq!((full[2].low, full[2].count), (4096, 2));
        assert!(bins.windows(2).all(|pair| pair[0].high == pair[1].low));
    }
}
