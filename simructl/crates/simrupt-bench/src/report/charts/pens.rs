// SPDX-License-Identifier: GPL-2.0-only

//! The colours, dashes and markers of the series, and the colours of the parts of bars, for light and dark backgrounds.

use simrupt_page::color::{self, AXIS, Color, GRID, GROUND, SOFT, TEXT, color};

use crate::report::group::all_series;
use crate::results::Results;

/// A marker's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Glyph {
    Circle,
    Square,
    Diamond,
    Up,
    Down,
    Star,
}

/// The parts of a bar, distinguished by lightness alone.
pub(super) const PARTS: [Color; 4] = [
    color("part-a", "#3b2a6b", "#7d68c9"),
    color("part-b", "#2a7fb8", "#4fa3d9"),
    color("part-c", "#7fcdbb", "#b4ecdd"),
    color("part-d", "#c9c9c9", "#6b6b6b"),
];

/// The look of a series in every chart: the contrast of its colour to the background is at least 3 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pen {
    pub(super) color: Color,
    /// As `stroke-dasharray`, in pixels; empty for a solid line.
    pub(super) dash: &'static str,
    pub(super) glyph: Glyph,
}

const fn pen(color: Color, dash: &'static str, glyph: Glyph) -> Pen {
    Pen { color, dash, glyph }
}

/// The dashes of the line that marks a limit.
pub(super) const DASHED: &str = "7 3.5";

/// Each flavor has its own pen, so that it looks the same on every page. Related flavors have related hues; within a
/// hue, lightness, dashes and markers differ.
///
/// Curves on top of each other must be visible. So every flavor has its own dashes, and the lower line shows in the
/// gaps of the upper one.
#[rustfmt::skip]
const FLAVORS: [Pen; 15] = [
    pen(color("none", "#767676", "#a3a3a3"), "2 3", Glyph::Circle),
    pen(color("irq-thread", "#a6377f", "#e58cc5"), "12 3 3 3", Glyph::Diamond),
    pen(color("kthread-worker", "#7a2d5d", "#f0b3d9"), "12 3 3 3 3 3", Glyph::Up),
    pen(color("tasklet", "#8f6400", "#e8b931"), "9 3 2 3", Glyph::Star),
    pen(color("irq-poll", "#5b4a00", "#d9c24a"), "6 3 1 3", Glyph::Square),
    pen(color("napi", "#a31515", "#ff9a8f"), "24 4", Glyph::Circle),
    pen(color("napi-threaded", "#6d1b2e", "#e8a0b0"), "16 3 6 3", Glyph::Down),
    pen(color("bound", "#0072b2", "#4fb0ee"), "", Glyph::Circle),
    pen(color("highpri", "#1b2f7d", "#9aaaff"), "7 3.5", Glyph::Up),
    pen(color("cpu-intensive", "#3b8fcc", "#a8d8ff"), "3 3", Glyph::Square),
    pen(color("unbound", "#00805d", "#2fc79a"), "14 4", Glyph::Square),
    pen(color("unbound-highpri", "#174f2e", "#8fe0a8"), "5 3", Glyph::Down),
    pen(color("ordered", "#5a8f1f", "#b9dd6a"), "2 5", Glyph::Diamond),
    pen(color("bh", "#d55e00", "#ff8f45"), "20 3 2 3", Glyph::Up),
    pen(color("bh-highpri", "#8c2d04", "#ffc19a"), "10 3", Glyph::Star),
];

/// For a series that is not a known flavor: one of a newer module, or one with an affinity scope.
#[rustfmt::skip]
const OTHERS: [Pen; 6] = [
    pen(color("other-a", "#333333", "#e0e0e0"), "8 6", Glyph::Circle),
    pen(color("other-b", "#6a4fb3", "#b7a3f5"), "4 4", Glyph::Square),
    pen(color("other-c", "#0b7f8c", "#5fd0dc"), "9 3 2 3 2 3", Glyph::Up),
    pen(color("other-d", "#c62828", "#ff8a80"), "2 4", Glyph::Diamond),
    pen(color("other-e", "#795548", "#c7a291"), "16 6", Glyph::Down),
    pen(color("other-f", "#6b7000", "#cfd46a"), "6 2", Glyph::Star),
];

/// The pen of each series.
#[derive(Debug, Clone)]
pub(super) struct Pens(Vec<(String, Pen)>);

impl Pens {
    /// Gives every series of the results a pen.
    pub(super) fn of(results: &Results) -> Self {
        let mut others = OTHERS.iter().cycle();
        let mut with_knobs = OTHERS.iter().cycle();
        let pens = all_series(results).into_iter().map(|name| {
            // A flavor with other knobs has the flavor's colour.
            let (flavor, knobs) = name.split_once(' ').unwrap_or((&name, ""));
            let known = FLAVORS.iter().find(|pen| pen.color.name == flavor);
            let pen = match (known, knobs) {
                (Some(known), "") => *known,
                (Some(known), _) => {
                    let other = with_knobs.next().unwrap_or(known);
                    pen(known.color, other.dash, other.glyph)
                }
                (None, _) => *others.next().unwrap_or(&FLAVORS[0]),
            };
            (name, pen)
        });
        Self(pens.collect())
    }

    /// The pen of a series.
    pub(super) fn of_series(&self, series: &str) -> Pen {
        let pen = self.0.iter().find(|(name, _)| name == series);
        pen.map_or(FLAVORS[0], |(_, pen)| *pen)
    }
}

/// Every colour of a chart.
pub(super) fn colors() -> impl Iterator<Item = Color> {
    let pens = FLAVORS.iter().chain(&OTHERS).map(|pen| pen.color);
    [TEXT, SOFT, GRID, AXIS, GROUND]
        .into_iter()
        .chain(PARTS)
        .chain(pens)
}

/// The colours as CSS variables: for a light background, then for a dark one.
pub(crate) fn style_sheet() -> String {
    color::style_sheet(colors())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::setting::Flavor;
    use simrupt_page::color::contrast;

    #[test]
    fn every_pen_stands_out_from_its_ground() {
        for pen in FLAVORS.iter().chain(&OTHERS) {
            assert!(contrast(pen.color.light, GROUND.light) >= 3.0, "{pen:?}");
            assert!(contrast(pen.color.dark, GROUND.dark) >= 3.0, "{pen:?}");
        }
    }

    #[test]
    fn no_two_pens_are_the_same() {
        let pens: Vec<&Pen> = FLAVORS.iter().chain(&OTHERS).collect();
        for (at, one) in pens.iter().enumerate() {
            for other in &pens[at + 1..] {
                assert_ne!(one.color.light, other.color.light);
                assert_ne!(one.color.dark, other.color.dark);
            }
        }
    }

    #[test]
    fn lines_and_markers_of_flavors_can_be_told_apart_without_colour() {
        let pens: Vec<&Pen> = FLAVORS.iter().chain(&OTHERS).collect();
        for (at, one) in pens.iter().enumerate() {
            for other in &pens[at + 1..] {
                assert_ne!(one.dash, other.dash);
            }
        }
        let solid = pens.iter().filter(|pen| pen.dash.is_empty());
        assert_eq!(solid.count(), 1);
    }

    #[test]
    fn a_flavor_has_its_pen_whatever_the_other_series_are() {
        let mut results = sample::results();
        let pen = |results: &Results| Pens::of(results).of_series("bh");
        let before = pen(&results);
        results
            .cells
            .retain(|cell| cell.setting.flavor == Flavor::Bh);
        assert_eq!(pen(&results), before);
    }

    #[test]
    fn a_flavor_with_other_knobs_has_its_colour_and_another_marker() {
        let mut results = sample::results();
        for (cell, value) in results.cells.iter_mut().zip(["10", "50", "100"]) {
            cell.setting = crate::setting::tests::setting(Flavor::Bh, Some(1000));
            let knob = ("coalesce_us".to_string(), value.to_string());
            cell.setting.knobs.extend([knob]);
        }
        let pens = Pens::of(&results);
        let plain = pens.of_series("bh");
        let some = ["10", "50", "100"].map(|us| pens.of_series(&format!("bh coalesce_us={us}")));
        for (at, one) in some.iter().enumerate() {
            assert_eq!(one.color, plain.color);
            assert_ne!(one.dash, plain.dash);
            assert!(some[at + 1..].iter().all(|other| other.glyph != one.glyph));
        }
    }

    #[test]
    fn an_unknown_series_has_its_own_pen() {
        let results = sample::results();
        let pens = Pens::of(&results);
        let scoped = ["cpu", "cache", "system"].map(|scope| {
            let pen = pens.of_series(&format!("unbound/{scope}"));
            assert!(!FLAVORS.contains(&pen));
            (pen.color.name, pen.dash, pen.glyph)
        });
        assert!(scoped[0] != scoped[1] && scoped[1] != scoped[2] && scoped[0] != scoped[2]);
    }
}
