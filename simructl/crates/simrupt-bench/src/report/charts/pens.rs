// SPDX-License-Identifier: GPL-2.0-only

//! The colours, dashes and markers of the series, and the colours of all else, for light and dark grounds.

use std::fmt::Write;

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

/// A colour: its name in the style sheet, and what it is on a light ground and on a dark one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Color {
    pub(super) name: &'static str,
    pub(super) light: &'static str,
    dark: &'static str,
}

const fn color(name: &'static str, light: &'static str, dark: &'static str) -> Color {
    Color { name, light, dark }
}

pub(super) const TEXT: Color = color("text", "#222222", "#e4e4e4");
pub(super) const GRID: Color = color("grid", "#dddddd", "#3b3f45");
pub(super) const AXIS: Color = color("axis", "#777777", "#8b9098");
/// What is behind a chart.
pub(super) const GROUND: Color = color("ground", "#ffffff", "#1b1e23");

/// The parts of a bar; their lightness alone tells them apart.
pub(super) const PARTS: [Color; 4] = [
    color("part-a", "#3b2a6b", "#7d68c9"),
    color("part-b", "#2a7fb8", "#4fa3d9"),
    color("part-c", "#7fcdbb", "#b4ecdd"),
    color("part-d", "#c9c9c9", "#6b6b6b"),
];

/// How a series looks in every chart: its colour stands out from the ground 3 to 1 at least.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pen {
    color: Color,
    /// As `stroke-dasharray`, in tenths of a pixel; empty for none.
    dash: &'static str,
    glyph: Glyph,
}

const fn pen(color: Color, dash: &'static str, glyph: Glyph) -> Pen {
    Pen { color, dash, glyph }
}

pub(super) const DASHED: &str = "70 35";
const DOTTED: &str = "20 30";
const CHAINED: &str = "90 30 20 30";

/// The flavors have pens of their own, so that they look the same in every page. Kin have kindred hues,
/// which also people see who see few colours; within a hue, lightness, dashes and markers differ.
#[rustfmt::skip]
const FLAVORS: [Pen; 11] = [
    pen(color("none", "#767676", "#a3a3a3"), DOTTED, Glyph::Circle),
    pen(color("irq-thread", "#a6377f", "#e58cc5"), "", Glyph::Diamond),
    pen(color("tasklet", "#8f6400", "#e8b931"), CHAINED, Glyph::Star),
    pen(color("bound", "#0072b2", "#4fb0ee"), "", Glyph::Circle),
    pen(color("highpri", "#1b2f7d", "#9aaaff"), DASHED, Glyph::Up),
    pen(color("cpu-intensive", "#3b8fcc", "#a8d8ff"), DOTTED, Glyph::Square),
    pen(color("unbound", "#00805d", "#2fc79a"), "", Glyph::Square),
    pen(color("unbound-highpri", "#174f2e", "#8fe0a8"), DASHED, Glyph::Down),
    pen(color("ordered", "#5a8f1f", "#b9dd6a"), DOTTED, Glyph::Diamond),
    pen(color("bh", "#d55e00", "#ff8f45"), "", Glyph::Up),
    pen(color("bh-highpri", "#8c2d04", "#ffc19a"), DASHED, Glyph::Star),
];

/// For what is no flavor that is known: one of a newer module, or one with an affinity scope.
#[rustfmt::skip]
const OTHERS: [Pen; 6] = [
    pen(color("other-a", "#333333", "#e0e0e0"), "", Glyph::Circle),
    pen(color("other-b", "#6a4fb3", "#b7a3f5"), DASHED, Glyph::Square),
    pen(color("other-c", "#0b7f8c", "#5fd0dc"), CHAINED, Glyph::Up),
    pen(color("other-d", "#c62828", "#ff8a80"), DOTTED, Glyph::Diamond),
    pen(color("other-e", "#795548", "#c7a291"), "", Glyph::Down),
    pen(color("other-f", "#6b7000", "#cfd46a"), DASHED, Glyph::Star),
];

/// Which series has which pen.
#[derive(Debug, Clone)]
pub(super) struct Pens(Vec<(String, Pen)>);

impl Pens {
    /// Gives every series of the results a pen.
    pub(super) fn of(results: &Results) -> Self {
        let mut others = OTHERS.iter().cycle();
        let pens = all_series(results).into_iter().map(|name| {
            let known = FLAVORS.iter().find(|pen| pen.color.name == name);
            let pen = known.or_else(|| others.next()).unwrap_or(&FLAVORS[0]);
            (name, *pen)
        });
        Self(pens.collect())
    }

    /// The index of a series, which its ink carries.
    pub(super) fn index(&self, series: &str) -> usize {
        let index = self.0.iter().position(|(name, _)| name == series);
        index.unwrap_or(0)
    }

    pub(super) fn name(&self, index: usize) -> &str {
        self.0.get(index).map_or("", |(name, _)| name)
    }

    pub(super) fn glyph(&self, index: usize) -> Glyph {
        self.pen(index).glyph
    }

    pub(super) fn dash(&self, index: usize) -> &'static str {
        self.pen(index).dash
    }

    pub(super) fn color(&self, index: usize) -> Color {
        self.pen(index).color
    }

    fn pen(&self, index: usize) -> Pen {
        self.0.get(index).map_or(FLAVORS[0], |(_, pen)| *pen)
    }
}

/// The colours as variables of CSS: for a light ground, then for a dark one.
pub(crate) fn style_sheet() -> String {
    let pens = FLAVORS.iter().chain(&OTHERS).map(|pen| pen.color);
    let colors = [TEXT, GRID, AXIS, GROUND]
        .into_iter()
        .chain(PARTS)
        .chain(pens);
    let mut light = String::new();
    let mut dark = String::new();
    for color in colors {
        let _ = write!(light, "--{}:{};", color.name, color.light);
        let _ = write!(dark, "--{}:{};", color.name, color.dark);
    }
    format!(":root{{{light}}}\n@media (prefers-color-scheme: dark){{:root{{{dark}}}}}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::setting::Flavor;

    /// Relative luminance and contrast as WCAG 2 defines them.
    fn contrast(a: &str, b: &str) -> f64 {
        let luminance = |color: &str| {
            let channel = |at: usize| {
                let value = u8::from_str_radix(&color[at..at + 2], 16).unwrap();
                let value = f64::from(value) / 255.0;
                if value <= 0.04045 {
                    value / 12.92
                } else {
                    ((value + 0.055) / 1.055).powf(2.4)
                }
            };
            0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_pen_stands_out_from_its_ground() {
        for pen in FLAVORS.iter().chain(&OTHERS) {
            assert!(contrast(pen.color.light, GROUND.light) >= 3.0, "{pen:?}");
            assert!(contrast(pen.color.dark, GROUND.dark) >= 3.0, "{pen:?}");
        }
        assert!(contrast(TEXT.light, GROUND.light) >= 7.0);
        assert!(contrast(TEXT.dark, GROUND.dark) >= 7.0);
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
    fn flavors_can_be_told_apart_without_colour() {
        for (at, one) in FLAVORS.iter().enumerate() {
            for other in &FLAVORS[at + 1..] {
                assert_ne!((one.dash, one.glyph), (other.dash, other.glyph));
            }
        }
    }

    #[test]
    fn a_flavor_has_its_pen_whatever_else_there_is() {
        let mut results = sample::results();
        let pen = |results: &Results| {
            let pens = Pens::of(results);
            pens.pen(pens.index("bh"))
        };
        let before = pen(&results);
        results
            .cells
            .retain(|cell| cell.setting.flavor == Flavor::Bh);
        assert_eq!(pen(&results), before);
    }

    #[test]
    fn what_is_not_known_has_a_pen_of_its_own() {
        let results = sample::results();
        let pens = Pens::of(&results);
        let scoped = ["cpu", "cache", "system"].map(|scope| {
            let pen = pens.pen(pens.index(&format!("unbound/{scope}")));
            assert!(!FLAVORS.contains(&pen));
            (pen.color.name, pen.dash, pen.glyph)
        });
        assert!(scoped[0] != scoped[1] && scoped[1] != scoped[2] && scoped[0] != scoped[2]);
    }
}
