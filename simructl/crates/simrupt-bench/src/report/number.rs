// SPDX-License-Identifier: GPL-2.0-only

//! Numbers for people: four significant digits, no exponent.

use std::time::Duration;

use humantime::format_duration;

/// The number of decimals for a number of this size.
fn decimals(value: f64) -> usize {
    // A value that is rounded up to the next power of ten has the decimals of that.
    match value.abs() * 1.00005 {
        size if size < 10.0 => 3,
        size if size < 100.0 => 2,
        size if size < 1000.0 => 1,
        _ => 0,
    }
}

/// A number with four significant digits; a small one has at least one.
pub fn plain(value: f64) -> String {
    if value == 0.0 {
        "0".to_string()
    } else if value.abs() < 0.001 {
        // As many decimals as the first digit needs, at most nine.
        let first = (-value.abs().log10()).ceil().min(9.0) as usize;
        format!("{value:.first$}")
    } else {
        let decimals = decimals(value);
        format!("{value:.decimals$}")
    }
}

/// A number and its possible error, with the same decimals.
pub fn scaled(value: f64, off: f64) -> (String, String) {
    let decimals = decimals(value);
    let off = match off {
        0.0 => "0".to_string(),
        _ => format!("{off:.decimals$}"),
    };
    (format!("{value:.decimals$}"), off)
}

/// A share of 1 as a percentage with its sign: `+2.1`.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    match value {
        0.0 => "0".to_string(),
        value if value.abs() < 0.01 => format!("{value:+.4}"),
        value if value.abs() < 10.0 => format!("{value:+.2}"),
        value if value.abs() < 1000.0 => format!("{value:+.1}"),
        value => format!("{value:+.0}"),
    }
}

/// A probability: two significant digits, down to a thousandth.
pub fn probability(p: f64) -> String {
    match p {
        p if p < 0.001 => "<0.001".to_string(),
        p if p < 0.1 => format!("{p:.3}"),
        p => format!("{p:.2}"),
    }
}

/// A confidence as a percentage: `96.1`.
pub fn confidence(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0);
    text.trim_end_matches(".0").to_string()
}

/// A number with its noun: `1 round`, `5 rounds`.
pub fn counted(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// A time of a moment to some hours: `3m 12s`. It is rounded to milliseconds, seconds or minutes.
pub fn duration(seconds: f64) -> String {
    let unit_s = match seconds {
        ..10.0 => 0.001,
        ..3600.0 => 1.0,
        _ => 60.0,
    };
    // A result file may contain any number.
    let rounded = Duration::try_from_secs_f64((seconds / unit_s).round() * unit_s);
    format_duration(rounded.unwrap_or_default()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_digits_count() {
        for (value, text) in [
            (0.0, "0"),
            (0.000_012_3, "0.00001"),
            (0.012_34, "0.012"),
            (5.2913, "5.291"),
            (52.913, "52.91"),
            (529.13, "529.1"),
            (999.98, "1000"),
            (5291.3, "5291"),
            (5_291_300.0, "5291300"),
        ] {
            assert_eq!(plain(value), text);
        }
    }

    #[test]
    fn a_percentage_has_a_sign_unless_it_is_nothing() {
        assert_eq!(percent(0.0), "0");
        assert_eq!(percent(0.021), "+2.10");
        assert_eq!(percent(-0.000_05), "-0.0050");
        assert_eq!(percent(20.0), "+2000");
    }

    #[test]
    fn a_duration_has_two_units_at_most() {
        assert_eq!(duration(0.25), "250ms");
        assert_eq!(duration(59.4), "59s");
        assert_eq!(duration(192.2), "3m 12s");
        assert_eq!(duration(7260.0), "2h 1m");
        for odd in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(duration(odd), "0s");
        }
    }

    #[test]
    fn a_probability_is_never_shown_as_0() {
        for (p, text) in [
            (1.0, "1.00"),
            (0.123, "0.12"),
            (0.0286, "0.029"),
            (1e-9, "<0.001"),
        ] {
            assert_eq!(probability(p), text);
        }
    }

    #[test]
    fn a_confidence_has_a_decimal_where_it_needs_one() {
        assert_eq!(confidence(0.95), "95");
        assert_eq!(confidence(0.9375), "93.8");
        assert_eq!(confidence(0.0), "0");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(counted(1, "round"), "1 round");
        assert_eq!(counted(0, "round"), "0 rounds");
    }
}
