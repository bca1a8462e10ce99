// SPDX-License-Identifier: GPL-2.0-only

//! Values on the command line: times, numbers, percentages and regular expressions.

use std::ops::RangeInclusive;
use std::time::Duration;

use regex_lite::Regex;

/// The longest time that is accepted.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The shortest time that is accepted.
const MOMENT: Duration = Duration::from_millis(1);

/// A parser of whole numbers in a range; its error names the range.
pub(super) fn whole<T: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        let number = number.and_then(|number: u64| T::try_from(number).ok());
        number.ok_or_else(|| {
            let (low, high) = (range.start(), range.end());
            format!("not a whole number from {low} to {high}")
        })
    }
}

/// Whole numbers without a bound: how many times, or a seed.
pub(super) const ANY: RangeInclusive<u64> = 0..=u64::MAX;
/// A number of samples, at least one.
pub(super) const COUNT: RangeInclusive<u64> = 1..=u64::MAX;
/// A number of columns or rows, for text that may be printed anywhere.
pub(super) const PLACES: RangeInclusive<u64> = 1..=u16::MAX as u64;

/// The name of a figure of a result.
pub(super) fn parse_metric(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("not the name of a figure, such as irq_bh_p99_ns"),
        name => Ok(name.to_string()),
    }
}

/// The time between two samples.
pub(super) fn parse_interval(text: &str) -> Result<Duration, &'static str> {
    parse_duration(text)
}

/// A number of seconds, or numbers with their units: `500ms`, `1m 30s`.
pub(super) fn parse_duration(text: &str) -> Result<Duration, &'static str> {
    const ODD: &str = "not a time from 1ms to 1day: seconds, or with units such as 500ms or 1m 30s";
    let duration = match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => humantime::parse_duration(text).ok(),
    };
    let in_bounds = duration.filter(|duration| (MOMENT..=DAY).contains(duration));
    in_bounds.ok_or(ODD)
}

/// As [`parse_duration`], but in seconds, and 0 is accepted.
pub(super) fn parse_seconds(text: &str) -> Result<f64, &'static str> {
    match text.parse::<f64>() {
        // The job checks which numbers it takes.
        Ok(seconds) => Ok(seconds),
        Err(_) => parse_duration(text).map(|duration| duration.as_secs_f64()),
    }
}

/// A number from 0 up, which may end in K, M or G: thousands, millions, billions.
pub(super) fn parse_quantity(text: &str) -> Result<f64, &'static str> {
    let units = [('K', 1e3), ('M', 1e6), ('G', 1e9)];
    let unit = |(unit, by): &(char, f64)| {
        let number = text.strip_suffix([*unit, unit.to_ascii_lowercase()])?;
        Some((number, *by))
    };
    let (number, by) = units.iter().find_map(unit).unwrap_or((text, 1.0));
    let number = number.parse().ok().map(|number: f64| number * by);
    number
        .filter(|number| *number >= 0.0 && number.is_finite())
        .ok_or("not a number from 0 up, such as 100 or 1.2K")
}

/// A factor of speed.
pub(super) fn parse_speed(text: &str) -> Result<f64, &'static str> {
    let speed = text.parse().ok();
    speed
        .filter(|speed| (1e-6..=1e6).contains(speed))
        .ok_or("not a number from 0.000001 to 1000000")
}

pub(super) fn parse_regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| format!("not a regular expression: {error}"))
}

pub(super) fn parse_percent(text: &str) -> Result<f64, &'static str> {
    let percent = text.trim_end_matches('%').trim_end().parse().ok();
    percent
        .filter(|percent| (0.0..=1e6).contains(percent))
        .ok_or("not a percentage from 0 to 1000000")
}

/// A probability in percent, as parts per million.
pub(super) fn parse_ppm(text: &str) -> Result<u64, &'static str> {
    let percent = text.trim_end_matches('%').trim_end().parse().ok();
    percent
        .filter(|percent: &f64| (0.0001..=100.0).contains(percent))
        .map(|percent| (percent * 10_000.0).round() as u64)
        .ok_or("not a percentage from 0.0001 to 100")
}

/// The most characters that a label may have: it stands in headings.
const LONGEST_LABEL: usize = 60;

pub(super) fn parse_label(text: &str) -> Result<String, String> {
    let label = text.trim();
    let count = label.chars().count();
    match (1..=LONGEST_LABEL).contains(&count) && !label.contains(char::is_control) {
        true => Ok(label.to_string()),
        false => Err(format!("not 1 to {LONGEST_LABEL} characters of one line")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_is_never_nothing_and_never_more_than_certain() {
        assert_eq!(parse_ppm("100"), Ok(1_000_000));
        assert_eq!(parse_ppm("0.0001 %"), Ok(1));
        assert_eq!(parse_ppm("12.5%"), Ok(125_000));
        for text in ["0", "0%", "0.00001", "-1", "100.1", "NaN", "often", ""] {
            assert!(parse_ppm(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_interval_is_a_day_at_most_and_never_nothing() {
        assert_eq!(parse_interval("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_interval("86400"), Ok(DAY));
        assert_eq!(parse_interval("500ms"), Ok(Duration::from_millis(500)));
        for odd in ["", "0", "-1", "1e-9", "86401", "1e300", "nan", "inf", "0s"] {
            assert!(parse_interval(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_duration_may_have_a_unit() {
        for (text, ms) in [
            ("2", 2000),
            ("0.25", 250),
            ("2s", 2000),
            ("500ms", 500),
            ("0.5m", 30_000),
            ("1m 30s", 90_000),
            ("2h", 7_200_000),
            ("1day", 86_400_000),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(ms)),
                "{text}"
            );
        }
        for odd in [
            "",
            "s",
            "0",
            "-1s",
            "2 light-years",
            "1e300",
            "nan",
            "0.5ms",
            "86401",
            "2days",
            "1us",
        ] {
            assert!(parse_duration(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_quantity_may_be_of_thousands_millions_or_billions() {
        for (text, number) in [
            ("0", 0.0),
            ("1.2K", 1200.0),
            ("3m", 3e6),
            (".5G", 5e8),
            ("7", 7.0),
        ] {
            assert_eq!(parse_quantity(text), Ok(number), "{text}");
        }
        for odd in ["", "K", "-1", "1KK", "1 K", "nan", "inf", "1e308G", "1T"] {
            assert!(parse_quantity(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_number_of_seconds_may_be_0() {
        for (text, seconds) in [("0", 0.0), ("0.2", 0.2), ("200ms", 0.2), ("2m", 120.0)] {
            assert_eq!(parse_seconds(text), Ok(seconds), "{text}");
        }
        assert!(parse_seconds("soon").is_err());
    }

    #[test]
    fn a_percentage_may_have_its_sign_and_is_not_negative() {
        assert_eq!(parse_percent("2"), Ok(2.0));
        assert_eq!(parse_percent("0.5 %"), Ok(0.5));
        assert_eq!(parse_percent("0"), Ok(0.0));
        for odd in ["", "-1", "NaN", "inf", "two"] {
            assert!(parse_percent(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_speed_is_above_0() {
        assert_eq!(parse_speed("0.5"), Ok(0.5));
        assert_eq!(parse_speed("1e6"), Ok(1e6));
        for odd in ["", "0", "-1", "nan", "inf", "2x", "1e7"] {
            assert!(parse_speed(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_whole_number_is_in_its_range() {
        let places = whole::<u16>(PLACES);
        assert_eq!((places("1"), places("65535")), (Ok(1), Ok(65535)));
        for odd in [
            "",
            "0",
            "-1",
            "1e3",
            "1.0",
            "65536",
            "x",
            "99999999999999999999",
        ] {
            let why = places(odd).unwrap_err();
            assert_eq!(why, "not a whole number from 1 to 65535", "{odd}");
        }
        assert_eq!(whole::<u64>(ANY)("18446744073709551615"), Ok(u64::MAX));
    }

    #[test]
    fn a_label_is_a_line_that_is_not_empty() {
        assert_eq!(parse_label(" with 网 "), Ok("with 网".to_string()));
        assert!(parse_label(&"x".repeat(60)).is_ok());
        for odd in ["", "  ", "two\nlines", "\x1b[1m", &"x".repeat(61)] {
            assert!(parse_label(odd).is_err(), "{odd:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_word_makes_the_command_line_panic(text in damaged_text::texts(&[
            "0.5", "2 %", "500ms",
        ])) {
            let _ = (parse_percent(&text), parse_duration(&text), parse_seconds(&text));
            if let Ok(interval) = parse_interval(&text) {
                proptest::prop_assert!(interval <= DAY);
            }
        }
    }
}
