// SPDX-License-Identifier: GPL-2.0-only

//! The colours that all pages and pictures share, for light and dark grounds.

use std::fmt::Write;

/// Where a drawing is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// By itself, in a file of its own.
    Paper,
    /// Within a page, whose style sheet has the colours.
    Page,
}

impl Look {
    /// A colour as an attribute of SVG has it.
    pub fn color(self, color: Color) -> String {
        match self {
            Self::Paper => color.light.to_string(),
            Self::Page => format!("var(--{})", color.name),
        }
    }
}

/// A colour: its name in the style sheet, and what it is on a light ground and on a dark one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Color {
    /// Lower-case letters and dashes.
    pub name: &'static str,
    /// As `#rrggbb`.
    pub light: &'static str,
    /// As `#rrggbb`.
    pub dark: &'static str,
}

/// A colour by its name and what it is on a light ground and on a dark one.
pub const fn color(name: &'static str, light: &'static str, dark: &'static str) -> Color {
    Color { name, light, dark }
}

/// Of text.
pub const TEXT: Color = color("text", "#222222", "#e4e4e4");
/// Of lines that help to read a chart.
pub const GRID: Color = color("grid", "#dddddd", "#3b3f45");
/// Of text that is less important.
pub const SOFT: Color = color("soft", "#5a6068", "#a4abb5");
/// Of axes and outlines.
pub const AXIS: Color = color("axis", "#777777", "#8b9098");
/// What is behind a chart.
pub const GROUND: Color = color("ground", "#ffffff", "#1b1e23");

/// The colours as variables of CSS: for a light ground, then for a dark one.
pub fn style_sheet(colors: impl IntoIterator<Item = Color>) -> String {
    let mut light = String::new();
    let mut dark = String::new();
    for color in colors {
        let _ = write!(light, "--{}:{};", color.name, color.light);
        let _ = write!(dark, "--{}:{};", color.name, color.dark);
    }
    format!(":root{{{light}}}\n@media (prefers-color-scheme: dark){{:root{{{dark}}}}}\n")
}

/// The style sheet of a drawing that stands by itself ([`Look::Paper`]): where dark grounds are preferred, it has each
/// colour's dark form. Programs that know no style sheets show the light one.
pub fn dark_rules(colors: impl IntoIterator<Item = Color>) -> String {
    let mut rules = String::new();
    for Color { light, dark, .. } in colors {
        for property in ["fill", "stroke"] {
            let _ = write!(rules, "[{property}=\"{light}\"]{{{property}:{dark}}}");
        }
    }
    format!("@media (prefers-color-scheme: dark){{{rules}}}")
}

/// The contrast of two colours, from 1 to 21, as WCAG 2 defines it. A text that is no `#rrggbb` counts as black.
pub fn contrast(one: &str, other: &str) -> f64 {
    let luminance = |color: &str| {
        let channel = |at: usize| {
            let digits = color.get(at..at + 2).unwrap_or("0");
            let value = f64::from(u8::from_str_radix(digits, 16).unwrap_or(0)) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stands_out_from_its_ground() {
        assert!(contrast(SOFT.light, GROUND.light) >= 4.5);
        assert!(contrast(SOFT.dark, GROUND.dark) >= 4.5);
        assert!(contrast(TEXT.light, GROUND.light) >= 7.0);
        assert!(contrast(TEXT.dark, GROUND.dark) >= 7.0);
    }

    #[test]
    fn contrasts_are_those_of_the_definition() {
        assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 1e-9);
        assert!((contrast("#777777", "#777777") - 1.0).abs() < 1e-9);
        assert!((contrast("#ffffff", "#767676") - 4.54).abs() < 0.01);
    }

    #[test]
    fn a_drawing_by_itself_has_every_colour_twice() {
        let rules = dark_rules([TEXT, GROUND]);
        for rule in [
            "[fill=\"#222222\"]{fill:#e4e4e4}",
            "[stroke=\"#ffffff\"]{stroke:#1b1e23}",
        ] {
            assert!(rules.contains(rule), "{rules}");
        }
    }
}
