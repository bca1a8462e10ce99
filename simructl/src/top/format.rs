// SPDX-License-Identifier: GPL-2.0-only

//! Numbers, bars and sparks of text.

use simrupt::text::{self, LEVELS};

/// A rate in at most six places: `0`, `12.5`, `5000`, `1.20M`.
pub(super) fn rate(hz: Option<f64>) -> String {
    match hz {
        None => "-".to_string(),
        Some(hz) if hz >= 999_999.5 => format!("{:.2}M", hz / 1e6),
        Some(hz) if hz >= 99.95 || hz == 0.0 => format!("{hz:.0}"),
        Some(hz) => format!("{hz:.1}"),
    }
}

/// Nanoseconds as microseconds, in at most six places.
pub(crate) fn micros(ns: Option<u64>) -> String {
    match ns.map(|ns| ns as f64 / 1e3) {
        None => "-".to_string(),
        Some(us) if us < 9.9995 => format!("{us:.3}"),
        Some(us) if us < 99.995 => format!("{us:.2}"),
        Some(us) if us < 99_999.5 => format!("{us:.0}"),
        Some(us) => format!("{:.1}s", us / 1e6),
    }
}

/// A share from 0 to 1 as a bar of `width` places.
pub(super) fn bar(share: f64, width: usize) -> String {
    let eighths = (share.clamp(0.0, 1.0) * width as f64 * 8.0).round() as usize;
    text::bar(eighths)
}

/// The last `width` values, each as high as its share of the highest one.
pub(super) fn spark(values: impl DoubleEndedIterator<Item = Option<f64>>, width: usize) -> String {
    let mut last: Vec<Option<f64>> = values.rev().take(width).collect();
    last.reverse();
    let most = last.iter().flatten().copied().fold(0.0, f64::max);
    let cell = |value: Option<f64>| match value {
        None => ' ',
        Some(value) if most > 0.0 => LEVELS[((value / most * 8.0).ceil() as usize).clamp(1, 8) - 1],
        Some(_) => LEVELS[0],
    };
    last.into_iter().map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_six_places_at_most() {
        for (hz, text) in [
            (0.0, "0"),
            (0.04, "0.0"),
            (12.55, "12.6"),
            (99.96, "100"),
            (999_999.0, "999999"),
            (1_200_000.0, "1.20M"),
        ] {
            assert_eq!(rate(Some(hz)), text);
        }
        for (ns, text) in [
            (0, "0.000"),
            (2_367, "2.367"),
            (9_999, "9.999"),
            (10_000, "10.00"),
            (483_327, "483"),
            (99_999_000, "99999"),
            (2_500_000_000, "2.5s"),
        ] {
            assert_eq!(micros(Some(ns)), text);
            assert!(text.len() <= 6);
        }
        assert_eq!((rate(None), micros(None)), ("-".into(), "-".into()));
    }

    #[test]
    fn bars_are_as_long_as_their_share() {
        assert_eq!(bar(0.0, 4), "");
        assert_eq!(bar(0.5, 4), "██");
        assert_eq!(bar(0.53125, 4), "██▏");
        assert_eq!(bar(7.0, 4), "████");
    }

    #[test]
    fn sparks_end_with_the_newest_value() {
        let values = [Some(9.0), Some(1.0), None, Some(4.0), Some(8.0)];
        assert_eq!(spark(values.into_iter(), 4), "▁ ▄█");
        assert_eq!(spark([Some(0.0)].into_iter(), 4), "▁");
        assert_eq!(spark(values.into_iter(), 0), "");
    }
}
