// SPDX-License-Identifier: GPL-2.0-only

//! Whether a line's counters are right: the sums of `simrupt_core::invariants` and the contexts.

use serde_json::{Value, json};
use simrupt_core::invariants::{INVARIANTS, Invariant};

use crate::files::stats::Stats;
use crate::ktap::{Ktap, Outcome};
use crate::line::Counters;

/// The verdict on the counters of one line.
///
/// ```
/// use simrupt::files::contexts::Contexts;
/// use simrupt::files::stats::Stats;
/// use simrupt::line::Counters;
/// use simrupt::verdict::Verdict;
///
/// let mut counters = String::from("events 100\ndrained 99\n");
/// for name in simrupt_core::invariants::COUNTERS {
///     if !["events", "drained"].contains(&name) {
///         counters += &format!("{name} 0\n");
///     }
/// }
/// let counters = Counters {
///     stats: Stats::parse(&counters)?,
///     contexts: Contexts::parse("stage hardirq wrong\ndevice 100 0\n")?,
/// };
/// let verdict = Verdict::of(&counters)?;
/// assert_eq!(verdict.amiss(), Some("sums do not hold"));
/// assert!(verdict.text(0).contains("events 100 != overrun 0 + in_ring 0 + drained 99 (99)"));
/// # Ok::<(), String>(())
/// ```
#[derive(Debug)]
pub struct Verdict {
    sums: Vec<Sum>,
    /// How often each stage ran in a wrong context.
    wrong: Vec<(String, u64)>,
}

/// One sum, with the figures of one line.
#[derive(Debug)]
struct Sum {
    total: (&'static str, u64),
    parts: Vec<(&'static str, u64)>,
}

impl Verdict {
    /// Judges the counters; the error names a missing counter.
    pub fn of(counters: &Counters) -> Result<Self, String> {
        let sums = INVARIANTS.iter().map(|sum| Sum::of(sum, &counters.stats));
        Ok(Self {
            sums: sums.collect::<Result<_, _>>()?,
            wrong: counters
                .contexts
                .wrong()
                .map(|(stage, count)| (stage.to_string(), count))
                .collect(),
        })
    }

    /// What is wrong, in a few words; `None` if every sum holds and no stage ran in a wrong context.
    pub fn amiss(&self) -> Option<&'static str> {
        match (self.sums_hold(), self.is_well_placed()) {
            (true, true) => None,
            (false, true) => Some("sums do not hold"),
            (true, false) => Some("a stage ran in a wrong context"),
            (false, false) => Some("sums do not hold, and a stage ran in a wrong context"),
        }
    }

    fn sums_hold(&self) -> bool {
        self.sums.iter().all(Sum::holds)
    }

    fn is_well_placed(&self) -> bool {
        self.wrong.iter().all(|(_, count)| *count == 0)
    }

    /// The verdict in words: one line, and one more for each error.
    pub fn text(&self, line: u32) -> String {
        let but = match self.is_well_placed() {
            true => "",
            false => ", but a stage ran in a wrong context",
        };
        let held = self.sums.iter().filter(|sum| sum.holds()).count();
        let count = self.sums.len();
        let mut text = format!("line{line}: {held} of {count} sums hold{but}\n");
        for sum in self.sums.iter().filter(|sum| !sum.holds()) {
            text.push_str(&format!("  {}\n", sum.text()));
        }
        for (stage, count) in self.wrong.iter().filter(|(_, count)| *count > 0) {
            text.push_str(&format!("  {stage} ran in a wrong context: {count}\n"));
        }
        text
    }

    /// Adds a test for each sum, and one for each stage, which passes if the stage ran in no wrong context.
    pub fn ktap(&self, line: u32, ktap: &mut Ktap) {
        let outcome = |holds| if holds { Outcome::Pass } else { Outcome::Fail };
        for sum in &self.sums {
            ktap.diagnostic(&sum.text());
            ktap.test(&format!("line{line}-{}", sum.total.0), outcome(sum.holds()));
        }
        for (stage, count) in &self.wrong {
            if *count > 0 {
                ktap.diagnostic(&format!("{stage} ran in a wrong context: {count}"));
            }
            ktap.test(&format!("line{line}-context-{stage}"), outcome(*count == 0));
        }
    }

    /// The verdict as a JSON object.
    pub fn json(&self, line: u32) -> Value {
        let wrong: serde_json::Map<_, _> = self
            .wrong
            .iter()
            .map(|(stage, count)| (stage.clone(), json!(count)))
            .collect();
        json!({
            "line": line,
            "bound": true,
            "holds": self.amiss().is_none(),
            "sums": self.sums.iter().map(Sum::json).collect::<Vec<_>>(),
            "wrong": wrong,
        })
    }
}

impl Sum {
    fn of(invariant: &Invariant, stats: &Stats) -> Result<Self, String> {
        let figure = |name: &'static str| match stats.get(name) {
            Some(value) => Ok((name, value)),
            None => Err(format!("it has no counter `{name}`")),
        };
        Ok(Self {
            total: figure(invariant.total)?,
            parts: invariant
                .parts
                .iter()
                .map(|part| figure(part))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The sum of the parts.
    fn sum(&self) -> u128 {
        self.parts.iter().map(|(_, value)| u128::from(*value)).sum()
    }

    fn holds(&self) -> bool {
        u128::from(self.total.1) == self.sum()
    }

    fn text(&self) -> String {
        let parts: Vec<String> = self
            .parts
            .iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        let (name, value) = self.total;
        let relation = if self.holds() { "=" } else { "!=" };
        format!(
            "{name} {value} {relation} {} ({})",
            parts.join(" + "),
            self.sum()
        )
    }

    fn json(&self) -> Value {
        let parts: serde_json::Map<_, _> = self
            .parts
            .iter()
            .map(|(name, value)| (name.to_string(), json!(value)))
            .collect();
        json!({
            "total": self.total.0,
            "value": self.total.1,
            "parts": parts,
            "holds": self.holds(),
        })
    }
}

#[cfg(test)]
mod tests {
    use simrupt_core::invariants::COUNTERS;

    use super::*;
    use crate::files::contexts::Contexts;

    /// Counters that are all 0, except those given.
    fn counters(counters: &[(&str, u64)], wrong: u64) -> Counters {
        let mut text = String::new();
        for name in COUNTERS {
            let value = counters.iter().find(|(known, _)| *known == name);
            text += &format!("{name} {}\n", value.map_or(0, |(_, value)| *value));
        }
        Counters {
            stats: Stats::parse(&text).unwrap(),
            contexts: Contexts::parse(&format!("stage task wrong\ndevice 0 {wrong}\n")).unwrap(),
        }
    }

    #[test]
    fn the_sums_of_nothing_hold() {
        let verdict = Verdict::of(&counters(&[], 0)).unwrap();
        assert_eq!(verdict.amiss(), None);
        assert_eq!(verdict.text(0), "line0: 4 of 4 sums hold\n");
    }

    #[test]
    fn every_counter_of_a_sum_can_break_it() {
        for invariant in INVARIANTS {
            for name in invariant.parts.iter().chain([&invariant.total]) {
                let verdict = Verdict::of(&counters(&[(name, 1)], 0)).unwrap();
                assert_eq!(verdict.amiss(), Some("sums do not hold"), "{name}");
            }
        }
    }

    #[test]
    fn a_wrong_context_is_an_error_even_if_all_sums_hold() {
        let verdict = Verdict::of(&counters(&[], 7)).unwrap();
        assert!(verdict.amiss().is_some());
        assert_eq!(
            verdict.text(2),
            "line2: 4 of 4 sums hold, but a stage ran in a wrong context\n  \
             device ran in a wrong context: 7\n"
        );
    }

    #[test]
    fn sums_beyond_64_bits_do_not_wrap_around() {
        // 2^64 - 1 + 1 is 0 in 64 bits.
        let verdict = Verdict::of(&counters(&[("overrun", u64::MAX), ("in_ring", 1)], 0)).unwrap();
        assert_eq!(verdict.amiss(), Some("sums do not hold"));
    }

    #[test]
    fn a_missing_counter_is_named() {
        let mut counters = counters(&[], 0);
        counters.stats = Stats::parse("events 1\n").unwrap();
        assert_eq!(
            Verdict::of(&counters).unwrap_err(),
            "it has no counter `overrun`"
        );
    }
}
