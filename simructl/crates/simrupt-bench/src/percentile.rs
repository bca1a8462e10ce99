// SPDX-License-Identifier: GPL-2.0-only

//! The percentiles of a stage that become figures of a run.

use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use simrupt::text::word;

/// A percentile between 0 and 100, with at most three decimals: 99.9 % of all values do not exceed the 99.9th.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percentile {
    /// Of 100,000 values, the number that do not exceed it: 1 to 99,999.
    per_100_000: u32,
}

/// One percent of 100,000.
const PERCENT: u32 = 1000;

impl Percentile {
    /// The median, by which cells are ranked.
    pub const MEDIAN: Self = Self::whole(50);

    /// A percentile of a whole number, 1 to 99.
    pub const fn whole(percent: u32) -> Self {
        assert!(0 < percent && percent < 100);
        Self {
            per_100_000: percent * PERCENT,
        }
    }

    /// Of 100,000 values, the number that do not exceed it.
    pub fn per_100_000(self) -> u32 {
        self.per_100_000
    }

    /// Its part of a metric's name: `p50`, `p999` for 99.9, `p05` for 5. The first two digits are the whole part.
    pub fn name(self) -> String {
        let (whole, rest) = (self.per_100_000 / PERCENT, self.per_100_000 % PERCENT);
        let decimals = format!("{rest:03}");
        format!("p{whole:02}{}", decimals.trim_end_matches('0'))
    }

    /// The percentile with this name.
    pub fn of_name(name: &str) -> Option<Self> {
        let digits = name.strip_prefix('p')?;
        if !(2..=5).contains(&digits.len()) || !digits.bytes().all(|one| one.is_ascii_digit()) {
            return None;
        }
        let (whole, decimals) = digits.split_at(2);
        format!("{whole}.{decimals}0").parse().ok()
    }

    /// The percentile for a number.
    fn of_number(number: f64) -> Result<Self, String> {
        number.to_string().parse()
    }
}

impl FromStr for Percentile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let per_100_000 = || {
            let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
            let is_digits = |part: &str| {
                !part.is_empty() && part.len() <= 9 && part.bytes().all(|one| one.is_ascii_digit())
            };
            if !is_digits(whole) || !is_digits(decimals) {
                return None;
            }
            let decimals = decimals.trim_end_matches('0');
            if decimals.len() > 3 {
                return None;
            }
            let whole: u32 = whole.parse().ok().filter(|whole| *whole < 100)?;
            let decimals: u32 = format!("{decimals:0<3}").parse().ok()?;
            Some(whole * PERCENT + decimals).filter(|share| *share > 0)
        };
        let per_100_000 = per_100_000().ok_or_else(|| {
            let text = word(text);
            format!("{text} is not a percentile: a number above 0 and below 100, with at most three decimals, such as 99.9")
        })?;
        Ok(Self { per_100_000 })
    }
}

/// `99.9`
impl fmt::Display for Percentile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", f64::from(self.per_100_000) / f64::from(PERCENT))
    }
}

impl Serialize for Percentile {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (f64::from(self.per_100_000) / f64::from(PERCENT)).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Percentile {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::of_number(f64::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// The percentiles of a run, ascending, each once. The median is always among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Percentiles(Vec<Percentile>);

/// The percentiles of a run if none are given.
impl Default for Percentiles {
    fn default() -> Self {
        let tails = [99_900, 99_990].map(|per_100_000| Percentile { per_100_000 });
        Self(
            [50, 90, 99]
                .map(Percentile::whole)
                .into_iter()
                .chain(tails)
                .collect(),
        )
    }
}

impl Percentiles {
    fn of(percentiles: impl IntoIterator<Item = Percentile>) -> Self {
        let mut all: Vec<Percentile> = percentiles.into_iter().collect();
        all.push(Percentile::MEDIAN);
        all.sort_unstable();
        all.dedup();
        Self(all)
    }

    /// All of them, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Percentile> + '_ {
        self.0.iter().copied()
    }

    /// Whether this one is among them.
    pub fn contains(&self, one: Percentile) -> bool {
        self.0.contains(&one)
    }
}

impl FromStr for Percentiles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all: Result<Vec<Percentile>, String> = text.split(',').map(str::parse).collect();
        all.map(Self::of)
    }
}

impl<'de> Deserialize<'de> for Percentiles {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Vec::deserialize(from).map(Self::of)
    }
}

/// `50, 90, 99.9`
impl fmt::Display for Percentiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.iter().map(|one| one.to_string()).collect();
        f.write_str(&all.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_percentile_has_a_name_of_its_own() {
        for (text, name, share) in [
            ("50", "p50", 50_000),
            ("99", "p99", 99_000),
            ("99.9", "p999", 99_900),
            ("99.990", "p9999", 99_990),
            ("5", "p05", 5_000),
            ("9.9", "p099", 9_900),
            ("0.001", "p00001", 1),
            ("99.999", "p99999", 99_999),
        ] {
            let one: Percentile = text.parse().unwrap();
            assert_eq!((one.per_100_000(), one.name().as_str()), (share, name));
            assert_eq!(Percentile::of_name(name), Some(one));
        }
        assert_eq!(Percentile::of_name("p99").unwrap().to_string(), "99");
        for odd in ["max", "p", "p5", "p00", "p123456", "px9", "mean"] {
            assert_eq!(Percentile::of_name(odd), None, "{odd}");
        }
    }

    #[test]
    fn odd_percentiles_are_refused_by_name() {
        for odd in [
            "0", "100", "-1", "99.9999", "x", "", "nan", ".5", "5.", "1e1",
        ] {
            let refused = odd.parse::<Percentile>().err();
            let told = refused
                .is_some_and(|why| why.starts_with(&format!("{} is not a percentile", word(odd))));
            assert!(told, "{odd}");
        }
        assert!("50,".parse::<Percentiles>().is_err());
    }

    #[test]
    fn lists_ascend_and_have_the_median() {
        let all: Percentiles = "99.9,90,90".parse().unwrap();
        assert_eq!(all.to_string(), "50, 90, 99.9");
        assert_eq!(
            Percentiles::default().to_string(),
            "50, 90, 99, 99.9, 99.99"
        );
    }

    #[test]
    fn documents_have_numbers() {
        let all: Percentiles = serde_json::from_str("[99, 99.9]").unwrap();
        assert_eq!(serde_json::to_string(&all).unwrap(), "[50.0,99.0,99.9]");
        assert!(serde_json::from_str::<Percentiles>("[101]").is_err());
    }

    proptest::proptest! {
        #[test]
        fn every_share_is_read_back(per_100_000 in 1_u32..100_000) {
            let one = Percentile { per_100_000 };
            assert_eq!(one.to_string().parse(), Ok(one));
            assert_eq!(Percentile::of_name(&one.name()), Some(one));
            let number = serde_json::to_string(&one).unwrap();
            assert_eq!(serde_json::from_str::<Percentile>(&number).unwrap(), one);
        }

        #[test]
        fn no_text_makes_it_panic(text in damaged_text::texts(&["50,90,99.9", "p999"])) {
            let _ = (text.parse::<Percentiles>(), Percentile::of_name(&text));
        }
    }
}
