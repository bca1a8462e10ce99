// SPDX-License-Identifier: GPL-2.0-only

//! The scale of a chart: the position of a value between 0 and 1, and the ticks.

/// A scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What it measures.
    pub title: String,
    scale: Scale,
    low: f64,
    high: f64,
    /// Values with their labels, within the bounds.
    pub ticks: Vec<(f64, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Scale {
    Linear,
    Logarithmic,
}

/// The approximate number of ticks between the ends.
const TICKS: f64 = 6.0;

/// The margin beside the least and the greatest value, as a share of the scale.
const MARGIN: f64 = 0.03;

impl Axis {
    /// A linear scale from 0 to the greatest of the values.
    pub fn from_zero(title: &str, values: impl Iterator<Item = f64>) -> Self {
        let greatest = values.fold(0.0, f64::max);
        let high = if greatest > 0.0 { greatest } else { 1.0 };
        let mut axis = Self {
            title: title.to_string(),
            scale: Scale::Linear,
            low: 0.0,
            high: high * (1.0 + MARGIN),
            ticks: Vec::new(),
        };
        axis.ticks = axis.linear_ticks();
        axis
    }

    /// A linear scale over the values.
    pub fn linear(title: &str, values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = bounds(values, 0.0);
        // A single value is in the middle.
        let room = match high - low {
            0.0 => (low.abs() * MARGIN).max(0.5),
            range => range * MARGIN,
        };
        let mut axis = Self {
            title: title.to_string(),
            scale: Scale::Linear,
            low: low - room,
            high: high + room,
            ticks: Vec::new(),
        };
        axis.ticks = axis.linear_ticks();
        axis
    }

    /// A logarithmic scale over the values; what is less than `least` stands at `least`.
    pub fn logarithmic(title: &str, values: impl Iterator<Item = f64>, least: f64) -> Self {
        let (low, high) = bounds(values, least);
        let (low, high) = (low.max(least), high.max(least));
        let room = match high / low {
            1.0 => 1.2,
            ratio => ratio.powf(MARGIN),
        };
        let mut axis = Self {
            title: title.to_string(),
            scale: Scale::Logarithmic,
            low: low / room,
            high: high * room,
            ticks: Vec::new(),
        };
        axis.ticks = axis.logarithmic_ticks();
        axis
    }

    /// So many places of equal size, the first at the top or left, each with its label.
    pub fn places(title: &str, labels: &[String], upside_down: bool) -> Self {
        let count = labels.len().max(1) as f64;
        let (low, high) = if upside_down {
            (count, 0.0)
        } else {
            (0.0, count)
        };
        let ticks = labels.iter().zip(0u32..);
        Self {
            title: title.to_string(),
            scale: Scale::Linear,
            low,
            high,
            ticks: ticks
                .map(|(label, at)| (f64::from(at) + 0.5, label.clone()))
                .collect(),
        }
    }

    /// The values at its two ends.
    pub fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// Where a value stands: 0 is one end and 1 the other; never beyond them.
    pub fn place(&self, value: f64) -> f64 {
        let place = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Logarithmic if value <= self.low => 0.0,
            Scale::Logarithmic => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        place.clamp(0.0, 1.0)
    }

    fn linear_ticks(&self) -> Vec<(f64, String)> {
        let step = nice((self.high - self.low) / TICKS);
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        let tick = |at: i64| {
            let value = at as f64 * step;
            (value, format!("{value:.decimals$}"))
        };
        (first..=last).map(tick).collect()
    }

    fn logarithmic_ticks(&self) -> Vec<(f64, String)> {
        let decades = (self.high / self.low).log10();
        // Over a few decades, ticks within them are needed; within less than one decade, the scale is nearly linear.
        let parts: &[f64] = match decades {
            decades if decades < 0.8 => return self.linear_ticks(),
            decades if decades < 2.0 => &[1.0, 2.0, 5.0],
            decades if decades < 3.5 => &[1.0, 3.0],
            _ => &[1.0],
        };
        let stride = (decades / 7.0).ceil().max(1.0) as i32;
        let exponents = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        let mut ticks = Vec::new();
        for exponent in exponents.filter(|exponent| exponent % stride == 0) {
            for part in parts {
                let value = part * 10f64.powi(exponent);
                if (self.low..=self.high).contains(&value) {
                    let decimals = (-exponent).max(0) as usize;
                    ticks.push((value, format!("{value:.decimals$}")));
                }
            }
        }
        ticks
    }
}

/// The least and the greatest value; `none` twice if there are no values.
fn bounds(values: impl Iterator<Item = f64>, none: f64) -> (f64, f64) {
    let bounds = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if bounds.0 <= bounds.1 {
        bounds
    } else {
        (none, none)
    }
}

/// The next of 1, 2, 5, 10 and so on that is not less.
fn nice(step: f64) -> f64 {
    let magnitude = 10f64.powf(step.log10().floor());
    let parts = [1.0, 2.0, 5.0];
    let fits = parts
        .into_iter()
        .find(|part| part * magnitude >= step * 0.999);
    fits.unwrap_or(10.0) * magnitude
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_and_few() {
        let axis = Axis::from_zero("x", [3.0, 7400.0].into_iter());
        assert_eq!(labels(&axis), ["0", "2000", "4000", "6000"]);
        let axis = Axis::linear("x", [0.0012, 0.0031].into_iter());
        assert_eq!(labels(&axis), ["0.0015", "0.0020", "0.0025", "0.0030"]);
        let axis = Axis::logarithmic("x", [0.3, 12_000.0].into_iter(), 0.001);
        assert_eq!(labels(&axis), ["1", "10", "100", "1000", "10000"]);
        let axis = Axis::logarithmic("x", [2.0, 80.0].into_iter(), 0.001);
        assert_eq!(labels(&axis), ["2", "5", "10", "20", "50"]);
        let axis = Axis::logarithmic("x", [5.2, 5.6].into_iter(), 0.001);
        assert_eq!(labels(&axis), ["5.2", "5.3", "5.4", "5.5", "5.6"]);
    }

    #[test]
    fn any_values_have_a_scale() {
        for values in [&[][..], &[0.0], &[5.0], &[0.0, 0.0], &[1e-9, 1e9]] {
            for axis in [
                Axis::from_zero("x", values.iter().copied()),
                Axis::linear("x", values.iter().copied()),
                Axis::logarithmic("x", values.iter().copied(), 0.001),
            ] {
                assert!(axis.ticks.len() <= 12, "{axis:?}");
                for value in values {
                    assert!((0.0..=1.0).contains(&axis.place(*value)), "{axis:?}");
                }
            }
        }
    }

    #[test]
    fn a_logarithmic_scale_has_equal_ratios_at_equal_distances() {
        let axis = Axis::logarithmic("x", [1.0, 1000.0].into_iter(), 0.001);
        let distance = |a, b| axis.place(b) - axis.place(a);
        assert!((distance(1.0, 10.0) - distance(100.0, 1000.0)).abs() < 1e-9);
        assert_eq!(axis.place(0.0), 0.0);
    }

    #[test]
    fn places_may_go_downwards() {
        let labels = ["a", "b"].map(String::from);
        let axis = Axis::places("", &labels, true);
        assert_eq!(axis.place(0.0), 1.0);
        assert_eq!(axis.place(0.5), 0.75);
        assert_eq!(axis.place(2.0), 0.0);
    }
}
