// SPDX-License-Identifier: GPL-2.0-only

//! The `latency` file of a line: a histogram for each stage of an event, in nanoseconds.
//!
//! A line `stage NAME`, followed by pairs of a name and a number, begins a stage. `bucket LOW HIGH COUNT` lines follow
//! in ascending order, one for each bucket that is not empty; both bounds are included. Stages and pairs that a newer
//! module adds are kept.

use serde_json::{Map, Value, json};

/// The stages in the module's order.
#[derive(Debug, PartialEq)]
pub struct Latency(pub Vec<Stage>);

/// One histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Name of the stage, such as `irq_bh`.
    pub name: String,
    /// The figures of its first line, with their names.
    figures: Vec<(String, u64)>,
    buckets: Vec<Bucket>,
}

/// The number of values from `low` to `high`, both included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    low: u64,
    high: u64,
    count: u64,
}

/// The value below which a share of the values lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Percentile {
    /// This value or, by at most the width of a bucket, a lower one.
    Below(u64),
    /// Somewhere above this value: it is among those that are above all buckets.
    Above(u64),
}

/// The figures that every stage has.
const FIGURES: [&str; 5] = ["count", "overflow", "max_ns", "max_time_ns", "max_cpu"];

/// The value that `share` of `whole` parts of all values do not exceed, by nearest rank. It is the high bound of its
/// bucket, at most 1/64 too high, but never more than the greatest value. `None` if there are no values.
///
/// Buckets are high bounds and counts, ascending; `overflow` values are above all of them.
pub fn percentile(
    buckets: impl Iterator<Item = (u64, u64)> + Clone,
    overflow: u64,
    max: u64,
    share: u32,
    whole: u32,
) -> Option<Percentile> {
    let counted: u128 = buckets.clone().map(|(_, count)| u128::from(count)).sum();
    let total = counted + u128::from(overflow);
    let rank = (total * u128::from(share))
        .div_ceil(u128::from(whole))
        .max(1);
    let (mut seen, mut last) = (0, 0);
    for (high, count) in buckets {
        seen += u128::from(count);
        if seen >= rank {
            return Some(Percentile::Below(high.min(max)));
        }
        last = high;
    }
    (total > 0).then_some(Percentile::Above(last.min(max)))
}

impl Latency {
    /// Parses the file `latency` of a line; the error names the unexpected part.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut stages: Vec<Stage> = Vec::new();
        for line in text.lines() {
            let odd = |why: &str| format!("`{line}`: {why}");
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["stage", name, figures @ ..] => {
                    if stages.iter().any(|stage| stage.name == *name) {
                        return Err(odd("the stage appears twice"));
                    }
                    stages.push(Stage::parse(name, figures).map_err(|why| odd(&why))?);
                }
                ["bucket", bounds @ ..] => {
                    let stage = stages
                        .last_mut()
                        .ok_or_else(|| odd("it belongs to no stage"))?;
                    stage.add(bounds).map_err(odd)?;
                }
                _ => return Err(odd("neither a stage nor a bucket")),
            }
        }
        match stages.as_slice() {
            [] => Err("it is empty".to_string()),
            _ => Ok(Self(stages)),
        }
    }
}

impl Stage {
    fn parse(name: &str, words: &[&str]) -> Result<Self, String> {
        let mut figures: Vec<(String, u64)> = Vec::new();
        for pair in words.chunks(2) {
            match pair {
                [name, value] => {
                    let value = value
                        .parse()
                        .map_err(|_| format!("{name} is not a number"))?;
                    figures.push((name.to_string(), value));
                }
                _ => return Err("not pairs of a name and a number".to_string()),
            }
        }
        let has = |name: &str| figures.iter().any(|(known, _)| known == name);
        match FIGURES.into_iter().find(|name| !has(name)) {
            Some(missing) => Err(format!("it has no {missing}")),
            None => Ok(Self {
                name: name.to_string(),
                figures,
                buckets: Vec::new(),
            }),
        }
    }

    /// Adds the next bucket.
    fn add(&mut self, words: &[&str]) -> Result<(), &'static str> {
        let numbers: Vec<u64> = words.iter().map_while(|word| word.parse().ok()).collect();
        let &[low, high, count] = numbers.as_slice() else {
            return Err("not LOW HIGH COUNT");
        };
        if words.len() != numbers.len() {
            return Err("not LOW HIGH COUNT");
        }
        if low > high || self.buckets.last().is_some_and(|last| last.high >= low) {
            return Err("not in ascending order");
        }
        self.buckets.push(Bucket { low, high, count });
        Ok(())
    }

    /// A figure of the first line; 0 if it is absent.
    pub fn figure(&self, name: &str) -> u64 {
        let figure = self.figures.iter().find(|(known, _)| known == name);
        figure.map_or(0, |(_, value)| *value)
    }

    /// The buckets that are not empty, ascending, each as `[low, high, count]`.
    pub fn buckets(&self) -> impl Iterator<Item = [u64; 3]> {
        let buckets = self.buckets.iter();
        buckets.map(|one| [one.low, one.high, one.count])
    }

    /// The value that `permille` of 1000 values do not exceed: see [`percentile`].
    ///
    /// Counts the values in the buckets and the overflow. The file may be read while more of them arrive, so `count`
    /// may be ahead.
    pub fn percentile(&self, permille: u32) -> Option<Percentile> {
        let buckets = self
            .buckets
            .iter()
            .map(|bucket| (bucket.high, bucket.count));
        let (overflow, max) = (self.figure("overflow"), self.figure("max_ns"));
        percentile(buckets, overflow, max, permille, 1000)
    }

    /// The values since an earlier look; all of them if it was reset in between.
    pub fn since(&self, earlier: &Self) -> Self {
        let less = |figure: &(String, u64)| {
            let more = figure.1.checked_sub(earlier.figure(&figure.0))?;
            Some((figure.0.clone(), more))
        };
        let bucket = |bucket: &Bucket| {
            let same = earlier
                .buckets
                .binary_search_by_key(&bucket.low, |one| one.low);
            let before = same.map_or(0, |at| earlier.buckets[at].count);
            let count = bucket.count.checked_sub(before)?;
            Some(Bucket { count, ..*bucket })
        };
        // Only counts can be subtracted. The longest time and its place remain those since the last reset.
        let is_count = |name: &str| ["count", "overflow", "sum_ns"].contains(&name);
        let figures = self.figures.iter().map(|figure| match is_count(&figure.0) {
            true => less(figure),
            false => Some(figure.clone()),
        });
        let figures: Option<Vec<_>> = figures.collect();
        let buckets: Option<Vec<_>> = self.buckets.iter().map(bucket).collect();
        let (Some(figures), Some(mut buckets)) = (figures, buckets) else {
            return self.clone();
        };
        buckets.retain(|bucket| bucket.count > 0);
        Self {
            name: self.name.clone(),
            figures,
            buckets,
        }
    }

    /// The figures and the buckets, each bucket as `[low, high, count]`.
    pub fn document(&self) -> Map<String, Value> {
        let mut object: Map<String, Value> = self
            .figures
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        let buckets: Vec<[u64; 3]> = self.buckets().collect();
        object.insert("stage".to_string(), json!(self.name));
        object.insert("buckets".to_string(), json!(buckets));
        object
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "stage due_irq count 4 sum_ns 90 overflow 0 max_ns 41 max_time_ns 7 max_cpu 1";

    /// A stage whose longest time is that of the first line.
    fn stage(overflow: u64, buckets: &[(u64, u64, u64)]) -> Stage {
        let mut text = HEAD.replace("overflow 0", &format!("overflow {overflow}"));
        for (low, high, count) in buckets {
            text += &format!("\nbucket {low} {high} {count}");
        }
        Latency::parse(&text).unwrap().0.remove(0)
    }

    #[test]
    fn the_values_since_a_look_are_the_difference() {
        let earlier = stage(1, &[(10, 11, 2), (20, 21, 5)]);
        let later = stage(3, &[(8, 9, 1), (10, 11, 2), (20, 21, 8)]);
        let since = later.since(&earlier);
        assert_eq!(
            since.buckets().collect::<Vec<_>>(),
            [[8, 9, 1], [20, 21, 3]]
        );
        assert_eq!((since.figure("overflow"), since.figure("max_ns")), (2, 41));
        // It was reset, so all values came since then.
        let reset = stage(0, &[(20, 21, 1)]);
        assert_eq!(reset.since(&earlier), reset);
        assert_eq!(later.since(&later).buckets().count(), 0);
    }

    #[test]
    fn stages_of_a_newer_module_are_kept() {
        let text = format!(
            "{HEAD}\nbucket 10 11 3\n{}",
            HEAD.replace("due_irq", "novel")
        );
        let stages = Latency::parse(&(text + " novel_ns 5\n")).unwrap().0;
        assert_eq!(stages[0].buckets.len(), 1);
        assert_eq!(stages[0].figure("max_ns"), 41);
        assert_eq!(stages[1].name, "novel");
        assert_eq!(stages[1].document()["novel_ns"], 5);
    }

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let stage = stage(0, &[(10, 11, 1), (20, 21, 98), (30, 31, 1)]);
        let at = |permille| stage.percentile(permille).unwrap();
        assert_eq!(at(0), Percentile::Below(11));
        assert_eq!(at(10), Percentile::Below(11));
        assert_eq!(at(11), Percentile::Below(21));
        assert_eq!(at(500), Percentile::Below(21));
        assert_eq!(at(990), Percentile::Below(21));
        assert_eq!(at(991), Percentile::Below(31));
        assert_eq!(at(1000), Percentile::Below(31));
    }

    #[test]
    fn a_percentile_is_never_above_the_maximum() {
        // A bucket ends at 47, and no value in it is above 41.
        let stage = stage(0, &[(10, 11, 98), (40, 47, 2)]);
        assert_eq!(stage.percentile(980), Some(Percentile::Below(11)));
        for permille in [981, 990, 1000] {
            assert_eq!(stage.percentile(permille), Some(Percentile::Below(41)));
        }
    }

    #[test]
    fn a_percentile_in_the_overflow_is_above_all_buckets() {
        let two = stage(1, &[(10, 11, 1)]);
        assert_eq!(two.percentile(500), Some(Percentile::Below(11)));
        assert_eq!(two.percentile(501), Some(Percentile::Above(11)));
        assert_eq!(stage(2, &[]).percentile(500), Some(Percentile::Above(0)));
        assert_eq!(stage(0, &[]).percentile(500), None);
        let huge = stage(u64::MAX, &[(1, 1, u64::MAX)]);
        assert_eq!(huge.percentile(500), Some(Percentile::Below(1)));
    }

    #[test]
    fn odd_text_is_refused_with_the_odd_line() {
        for (text, why) in [
            ("", "it is empty"),
            ("bucket 1 2 3", "`bucket 1 2 3`: it belongs to no stage"),
            ("\n", "``: neither a stage nor a bucket"),
            ("stage", "`stage`: neither a stage nor a bucket"),
            (
                "stage a count",
                "`stage a count`: not pairs of a name and a number",
            ),
            (
                "stage a count -1",
                "`stage a count -1`: count is not a number",
            ),
            ("stage a count 1", "`stage a count 1`: it has no overflow"),
        ] {
            assert_eq!(Latency::parse(text).unwrap_err(), why);
        }
        for (lines, why) in [
            ("bucket 1 2", "`bucket 1 2`: not LOW HIGH COUNT"),
            ("bucket 1 2 3 x", "`bucket 1 2 3 x`: not LOW HIGH COUNT"),
            ("bucket 2 1 3", "`bucket 2 1 3`: not in ascending order"),
            (
                "bucket 1 2 3\nbucket 2 3 1",
                "`bucket 2 3 1`: not in ascending order",
            ),
            (HEAD, &format!("`{HEAD}`: the stage appears twice")),
        ] {
            assert_eq!(
                Latency::parse(&format!("{HEAD}\n{lines}")).unwrap_err(),
                why
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in damaged_text::texts(&[
            "stage due_irq count 3 sum_ns 61 overflow 1 max_ns 7 max_time_ns 42 max_cpu 1\n\
             bucket 3 3 1\nbucket 6 7 1\nstage irq_bh count 0 overflow 0 max_ns 0 max_time_ns 0 max_cpu 0\n",
        ]), permille in 0_u32..1001) {
            for stage in Latency::parse(&text).map_or(Vec::new(), |latency| latency.0) {
                let ascending = stage.buckets().collect::<Vec<_>>();
                proptest::prop_assert!(ascending.windows(2).all(|two| two[0][1] < two[1][0]));
                if let Some(Percentile::Below(ns) | Percentile::Above(ns)) = stage.percentile(permille) {
                    proptest::prop_assert!(ns <= stage.figure("max_ns"));
                }
                let _ = stage.document();
            }
        }
    }
}
