// SPDX-License-Identifier: GPL-2.0-only

//! The meaning of a metric's name: the figure, its unit, and which direction is better.

use super::number::{plain, scaled};
use crate::knee::RESOLUTION;
use crate::percentile::Percentile;

/// The name of the highest rate that a flavor can follow, where it is listed with metrics.
pub const KNEE: &str = "knee_hz";

/// The metrics that are compared by default, and that KTAP has for a cell. Which of them a cell has depends on its
/// mode.
pub const MAIN: [&str; 6] = [
    "irq_bh_p50_ns",
    "irq_bh_p99_ns",
    "due_read_p99_ns",
    "runs_hz",
    "busy_ns_per_event",
    "loss_ratio",
];

/// The relative standard deviation that a latency gets from being rounded to a bucket of a histogram: a bucket is at
/// most 1/64 wide.
pub const ROUNDING: f64 = 0.0045;

/// The default threshold: the share of a figure below which a difference is too small to count.
pub const THRESHOLD: f64 = 0.02;

/// A ratio is a share of all events. A difference of less than this, one event of 10,000, does not count. This also
/// covers a ratio that was 0 before, for which there is no relative change.
const LEAST_RATIO: f64 = 1e-4;

/// A metric, described by its name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric<'a>(pub &'a str);

/// The unit in which a metric is shown, and the factor by which its value is multiplied for that.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Unit {
    name: &'static str,
    factor: f64,
}

impl Metric<'_> {
    fn unit(self) -> Unit {
        let unit = |name, factor| Unit { name, factor };
        if self.0.ends_with("_ns_per_event") {
            unit("ns/event", 1.0)
        } else if self.0.ends_with("_ns") {
            unit("µs", 1e-3)
        } else if self.0.ends_with("_hz") {
            unit("/s", 1.0)
        } else if self.is_ratio() {
            unit("%", 100.0)
        } else if self.0.ends_with("_per_event") {
            unit("/event", 1.0)
        } else {
            unit("", 1.0)
        }
    }

    /// Whether more is better, as for rates.
    pub fn more_is_better(self) -> bool {
        self.0.ends_with("_hz")
    }

    /// Whether it is a share of 1.
    pub fn is_ratio(self) -> bool {
        self.0.ends_with("_ratio")
    }

    /// The least difference from this value that counts, in the metric's unit. `threshold` is a share of the value.
    pub fn least_difference(self, value: f64, threshold: f64) -> f64 {
        match self {
            // A search for the highest rate ends when this much is left.
            Self(KNEE) => threshold.max(RESOLUTION - 1.0) * value.abs(),
            ratio if ratio.is_ratio() => LEAST_RATIO.max(threshold * value.abs()),
            _ => threshold * value.abs(),
        }
    }

    /// The unit that [`Metric::shown`] shows it in.
    pub fn unit_name(self) -> &'static str {
        self.unit().name
    }

    /// A value in that unit.
    pub fn in_unit(self, value: f64) -> f64 {
        value * self.unit().factor
    }

    /// A value in that unit, with a useful number of digits.
    pub fn shown(self, value: f64) -> String {
        plain(self.in_unit(value))
    }

    /// A value with its possible error: `5.291 ±0.020`.
    pub fn shown_within(self, value: f64, off: f64) -> String {
        let (value, off) = (self.in_unit(value), self.in_unit(off));
        let (value, off) = scaled(value, off);
        format!("{value} ±{off}")
    }

    /// Its title with its unit: `irq→work p50, µs`.
    pub fn title_with_unit(self) -> String {
        format!("{}, {}", self.title(), self.unit_name())
    }

    /// Its title in words: `irq→work p50`.
    pub fn title(self) -> String {
        let name = self.0;
        let known = match name {
            KNEE => "highest rate",
            "events_hz" => "events",
            "read_hz" => "events read",
            "runs_hz" => "runs",
            "loss_ratio" => "loss",
            "coalesced_ratio" => "coalesced",
            "busy_ns_per_event" => "CPU",
            "worker_ns_per_event" => "CPU of the worker",
            "reader_ns_per_event" => "CPU of the reader",
            "interrupt_ns_per_event" => "CPU in interrupts",
            "bh_run_ns_per_event" => "CPU of the bottom half",
            "switches_per_event" => "context switches",
            _ => "",
        };
        if !known.is_empty() {
            return known.to_string();
        }
        let staged = name.strip_suffix("_ns").and_then(|rest| {
            let (stage, figure) = rest.rsplit_once('_')?;
            Some(format!("{} {}", stage_title(stage)?, figure_title(figure)))
        });
        staged.unwrap_or_else(|| name.to_string())
    }
}

/// A stage in words.
pub fn stage_title(stage: &str) -> Option<&'static str> {
    match stage {
        "due_irq" => Some("due→irq"),
        "irq_bh" => Some("irq→work"),
        "bh_run" => Some("work runs"),
        "due_read" => Some("due→read"),
        _ => None,
    }
}

/// A figure of a stage: `p999` is `p99.9`.
pub fn figure_title(figure: &str) -> String {
    match Percentile::of_name(figure) {
        Some(percentile) => format!("p{percentile}"),
        None => figure.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_the_unit() {
        for (name, shown, unit) in [
            ("irq_bh_p50_ns", "5.291", "µs"),
            ("busy_ns_per_event", "5291", "ns/event"),
            ("runs_hz", "5291", "/s"),
            ("loss_ratio", "529100", "%"),
            ("switches_per_event", "5291", "/event"),
            ("novel", "5291", ""),
        ] {
            assert_eq!(Metric(name).shown(5291.0), shown, "{name}");
            assert_eq!(Metric(name).unit_name(), unit, "{name}");
        }
    }

    #[test]
    fn more_is_better_only_for_rates() {
        assert!(Metric("runs_hz").more_is_better());
        assert!(!Metric("irq_bh_p50_ns").more_is_better());
        assert!(!Metric("loss_ratio").more_is_better());
    }

    #[test]
    fn a_difference_counts_from_a_share_of_the_value_on() {
        let least = |name, value| Metric(name).least_difference(value, 0.02);
        assert_eq!(least("irq_bh_p50_ns", -5000.0), 100.0);
        assert_eq!(least("loss_ratio", 0.5), 0.01);
        assert_eq!(least("loss_ratio", 0.0), LEAST_RATIO);
        assert!((least(KNEE, 1000.0) - 50.0).abs() < 1e-9);
    }

    #[test]
    fn a_stage_and_its_figure_are_put_in_words() {
        assert_eq!(Metric("irq_bh_p999_ns").title(), "irq→work p99.9");
        assert_eq!(Metric("due_read_max_ns").title(), "due→read max");
        assert_eq!(
            Metric("bh_run_ns_per_event").title(),
            "CPU of the bottom half"
        );
        assert_eq!(Metric("novel_p50_ns").title(), "novel_p50_ns");
    }

    #[test]
    fn a_value_and_its_possible_error_have_the_same_decimals() {
        let metric = Metric("irq_bh_p50_ns");
        assert_eq!(metric.shown_within(5291.0, 20.0), "5.291 ±0.020");
        assert_eq!(metric.shown_within(5291.0, 0.0), "5.291 ±0");
        assert_eq!(metric.shown_within(52_910_000.0, 20_000.0), "52910 ±20");
    }
}
