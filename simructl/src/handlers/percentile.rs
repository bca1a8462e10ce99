// SPDX-License-Identifier: GPL-2.0-only

//! The percentiles in the output for programs.

use simrupt::files::latency::Percentile;
use simrupt::handlers::Histogram;

/// Their names, and their shares in permille.
pub(super) const PERCENTILES: [(&str, u32); 3] = [("p50", 500), ("p90", 900), ("p99", 990)];

/// A percentile in nanoseconds; `None` if there are no values, or if it is beyond the last bucket.
pub(super) fn percentile_ns(histogram: &Histogram, permille: u32) -> Option<u64> {
    match histogram.percentile(permille)? {
        Percentile::Below(ns) => Some(ns),
        Percentile::Above(_) => None,
    }
}
