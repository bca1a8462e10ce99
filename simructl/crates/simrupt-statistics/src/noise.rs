// SPDX-License-Identifier: GPL-2.0-only

//! Simulated rounds for the tests: several kinds of noise, each with mean 0 and standard deviation 1.

use fastrand::Rng;

use crate::median::Interval;
use crate::power::normal;

/// The kind of noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The normal distribution.
    Normal,
    /// Lognormal, with a long tail upwards: its skewness is 3.7.
    Skewed,
    /// Two modes, equally likely, eight of their own standard deviations apart.
    Bimodal,
}

/// All kinds.
pub const KINDS: [Kind; 3] = [Kind::Normal, Kind::Skewed, Kind::Bimodal];

/// The standard deviation of the logarithm of skewed noise.
const SHAPE: f64 = 0.8;

/// The standard deviation of a mode of bimodal noise, whose modes are at -1 and 1 before it is scaled.
const MODE_SD: f64 = 0.25;

/// A source of noise.
pub struct Noise {
    kind: Kind,
    rng: Rng,
}

impl Noise {
    /// Noise of this kind; the same seed gives the same values.
    pub fn new(kind: Kind, seed: u64) -> Self {
        let rng = Rng::with_seed(seed);
        Self { kind, rng }
    }

    /// The next value.
    pub fn draw(&mut self) -> f64 {
        let normal = normal(&mut self.rng);
        match self.kind {
            Kind::Normal => normal,
            Kind::Skewed => skewed(normal),
            Kind::Bimodal => {
                let mode = if self.rng.bool() { 1.0 } else { -1.0 };
                (mode + MODE_SD * normal) / (1.0 + MODE_SD * MODE_SD).sqrt()
            }
        }
    }

    /// A number from `low` to `high`, all equally likely.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.rng.f64()
    }

    /// The median of the values.
    pub fn median(&self) -> f64 {
        match self.kind {
            Kind::Normal | Kind::Bimodal => 0.0,
            Kind::Skewed => skewed(0.0),
        }
    }
}

/// Checks that intervals of one kind cover the true value as often as they say, within the precision of the number of
/// trials.
///
/// # Panics
///
/// With `what` if they cover it less often, by more than three standard errors.
pub fn assert_covers(truth: f64, trials: u32, what: &str, mut interval: impl FnMut() -> Interval) {
    let mut covered = 0;
    let mut confidence = 0.0;
    for _ in 0..trials {
        let interval = interval();
        covered += u32::from((interval.low..=interval.high).contains(&truth));
        confidence = interval.confidence;
    }
    let share = f64::from(covered) / f64::from(trials);
    let error = (confidence * (1.0 - confidence) / f64::from(trials)).sqrt();
    assert!(
        share >= confidence - 3.0 * error,
        "{what}: {share}, not {confidence}"
    );
}

fn skewed(normal: f64) -> f64 {
    let variance = SHAPE * SHAPE;
    let mean = (variance / 2.0).exp();
    let sd = ((variance.exp() - 1.0) * variance.exp()).sqrt();
    ((SHAPE * normal).exp() - mean) / sd
}

#[test]
fn every_kind_has_mean_0_and_standard_deviation_1() {
    for kind in KINDS {
        let mut noise = Noise::new(kind, 1);
        let values: Vec<f64> = (0..400_000).map(|_| noise.draw()).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64;
        assert!(mean.abs() < 0.01, "{kind:?}: {mean}");
        assert!((variance - 1.0).abs() < 0.05, "{kind:?}: {variance}");
        let below = values.iter().filter(|value| **value < noise.median());
        let below = below.count() as f64 / values.len() as f64;
        assert!((below - 0.5).abs() < 0.005, "{kind:?}: {below}");
    }
}
