// SPDX-License-Identifier: GPL-2.0-only

//! Colours, dashes and markers, and how they get into the SVG.
//!
//! Plotters knows colours only, and a page has two sets of them. So a chart is drawn in inks: colours that
//! stand for what is drawn. [`dressed`] puts the real ones in their place: fixed ones for paper, variables of
//! the style sheet for the page. It also adds what plotters cannot: dashes, and to which series an element
//! belongs.

use std::fmt::Write;

use plotters::style::RGBColor;

use super::Chart;
use crate::bench::report::group::all_series;
use crate::bench::report::html::escaped;
use crate::bench::results::Results;

/// What something is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Text,
    Grid,
    Axis,
    /// What is behind the chart.
    Ground,
    /// A limit: a dashed line in the colour of text.
    Limit,
    /// A series by its index: a line with its dashes.
    Line(usize),
    /// A series by its index: a marker or a thin line.
    Mark(usize),
    /// A part of a bar, and whose bar it is.
    Part(usize, usize),
    /// The same three in the legend, where they belong to no series.
    LegendLine(usize),
    LegendMark(usize),
    LegendPart(usize),
}

impl Ink {
    /// The colour that stands for it. The first byte says what it is, the others which.
    pub(super) fn color(self) -> RGBColor {
        let of = |kind: u8, index: usize| {
            let [low, high, ..] = index.to_le_bytes();
            RGBColor(kind, high, low)
        };
        match self {
            Self::Text => of(1, 0),
            Self::Grid => of(2, 0),
            Self::Axis => of(3, 0),
            Self::Ground => of(4, 0),
            Self::Limit => of(5, 0),
            Self::Line(series) => of(6, series),
            Self::Mark(series) => of(7, series),
            Self::LegendLine(series) => of(8, series),
            Self::LegendMark(series) => of(9, series),
            Self::LegendPart(part) => of(10, part),
            Self::Part(part, series) => of(16 + (part % PARTS.len()) as u8, series),
        }
    }

    /// What a colour stands for, given as six hexadecimal digits.
    fn of_color(digits: &str) -> Option<Self> {
        let number = u32::from_str_radix(digits, 16).ok()?;
        let index = (number & 0xffff) as usize;
        Some(match number >> 16 {
            1 => Self::Text,
            2 => Self::Grid,
            3 => Self::Axis,
            4 => Self::Ground,
            5 => Self::Limit,
            6 => Self::Line(index),
            7 => Self::Mark(index),
            8 => Self::LegendLine(index),
            9 => Self::LegendMark(index),
            10 => Self::LegendPart(index),
            part @ 16.. => Self::Part((part - 16) as usize, index),
            _ => return None,
        })
    }

    /// The series that an element in this ink shows.
    fn series(self) -> Option<usize> {
        match self {
            Self::Line(series) | Self::Mark(series) | Self::Part(_, series) => Some(series),
            _ => None,
        }
    }
}

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

/// How a series looks in every chart.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pen {
    /// On a light ground and on a dark one: each with a contrast of 3 to 1 at least.
    light: &'static str,
    dark: &'static str,
    /// As `stroke-dasharray`, in tenths of a pixel; empty for none.
    dash: &'static str,
    glyph: Glyph,
}

const fn pen(light: &'static str, dark: &'static str, dash: &'static str, glyph: Glyph) -> Pen {
    Pen {
        light,
        dark,
        dash,
        glyph,
    }
}

const DASHED: &str = "70 35";
const DOTTED: &str = "20 30";
const CHAINED: &str = "90 30 20 30";

/// The flavors have pens of their own, so that they look the same in every page. Kin have kindred hues,
/// which also people see who see few colours; within a hue, lightness, dashes and markers differ.
const FLAVORS: [(&str, Pen); 11] = [
    ("none", pen("#767676", "#a3a3a3", DOTTED, Glyph::Circle)),
    ("irq-thread", pen("#a6377f", "#e58cc5", "", Glyph::Diamond)),
    ("tasklet", pen("#8f6400", "#e8b931", CHAINED, Glyph::Star)),
    ("bound", pen("#0072b2", "#4fb0ee", "", Glyph::Circle)),
    ("highpri", pen("#1b2f7d", "#9aaaff", DASHED, Glyph::Up)),
    (
        "cpu-intensive",
        pen("#3b8fcc", "#a8d8ff", DOTTED, Glyph::Square),
    ),
    ("unbound", pen("#00805d", "#2fc79a", "", Glyph::Square)),
    (
        "unbound-highpri",
        pen("#174f2e", "#8fe0a8", DASHED, Glyph::Down),
    ),
    ("ordered", pen("#5a8f1f", "#b9dd6a", DOTTED, Glyph::Diamond)),
    ("bh", pen("#d55e00", "#ff8f45", "", Glyph::Up)),
    ("bh-highpri", pen("#8c2d04", "#ffc19a", DASHED, Glyph::Star)),
];

/// For what is no flavor that is known: one of a newer module, or one with an affinity scope.
const OTHERS: [Pen; 6] = [
    pen("#00805d", "#2fc79a", "", Glyph::Circle),
    pen("#a6377f", "#e58cc5", DASHED, Glyph::Square),
    pen("#d55e00", "#ff8f45", CHAINED, Glyph::Up),
    pen("#1b2f7d", "#9aaaff", DOTTED, Glyph::Diamond),
    pen("#8f6400", "#e8b931", "", Glyph::Down),
    pen("#333333", "#e0e0e0", DASHED, Glyph::Star),
];

/// The parts of a bar on a light ground and on a dark one; their lightness alone tells them apart.
const PARTS: [(&str, &str); 4] = [
    ("#3b2a6b", "#7d68c9"),
    ("#2a7fb8", "#4fa3d9"),
    ("#7fcdbb", "#b4ecdd"),
    ("#c9c9c9", "#6b6b6b"),
];

/// Text, grid, axis and ground, each on a light ground and on a dark one.
const FRAME: [(&str, &str, &str); 4] = [
    ("text", "#222222", "#e4e4e4"),
    ("grid", "#dddddd", "#3b3f45"),
    ("axis", "#777777", "#8b9098"),
    ("ground", "#ffffff", "#1b1e23"),
];

/// Which series has which pen.
#[derive(Debug, Clone)]
pub(super) struct Pens(Vec<(String, usize)>);

impl Pens {
    /// Gives every series of the results a pen.
    pub(super) fn of(results: &Results) -> Self {
        let mut others = 0;
        let pens = all_series(results).into_iter().map(|name| {
            let known = FLAVORS.iter().position(|(flavor, _)| *flavor == name);
            let pen = known.unwrap_or_else(|| {
                others += 1;
                FLAVORS.len() + (others - 1) % OTHERS.len()
            });
            (name, pen)
        });
        Self(pens.collect())
    }

    /// The index of a series, which its ink carries.
    pub(super) fn index(&self, series: &str) -> usize {
        let index = self.0.iter().position(|(name, _)| name == series);
        index.unwrap_or(0)
    }

    pub(super) fn glyph(&self, index: usize) -> Glyph {
        pen_at(self.pen(index)).glyph
    }

    fn pen(&self, index: usize) -> usize {
        self.0.get(index).map_or(0, |(_, pen)| *pen)
    }

    fn name(&self, index: usize) -> &str {
        self.0.get(index).map_or("", |(name, _)| name)
    }
}

fn pen_at(number: usize) -> Pen {
    let others = number.saturating_sub(FLAVORS.len());
    match FLAVORS.get(number) {
        Some((_, pen)) => *pen,
        None => OTHERS[others % OTHERS.len()],
    }
}

/// Where a chart is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// On white, by itself.
    Paper,
    /// Within the page, in whose colours.
    Page,
}

/// The colours of the page's charts as variables of CSS: for a light ground, then for a dark one.
pub(crate) fn style_sheet() -> String {
    let pens = (0..FLAVORS.len() + OTHERS.len()).map(|at| (format!("s{at}"), pen_at(at)));
    let mut colors: Vec<(String, &str, &str)> = pens
        .map(|(name, pen)| (name, pen.light, pen.dark))
        .collect();
    let parts = PARTS.iter().zip(0..);
    colors.extend(parts.map(|((light, dark), at)| (format!("p{at}"), *light, *dark)));
    colors.extend(FRAME.map(|(name, light, dark)| (name.to_string(), light, dark)));
    let mut light = String::new();
    let mut dark = String::new();
    for (name, on_light, on_dark) in colors {
        let _ = write!(light, "--{name}:{on_light};");
        let _ = write!(dark, "--{name}:{on_dark};");
    }
    format!(":root{{{light}}}\n@media (prefers-color-scheme: dark){{:root{{{dark}}}}}\n")
}

/// A chart's drawing with the real colours, with its title, and with the series of each element.
pub(super) fn dressed(chart: &Chart, look: Look) -> String {
    let mut lines = chart.svg.lines();
    let mut text = head(chart, look, lines.next().unwrap_or_default());
    for line in lines {
        text += &element(line, &chart.pens, look);
        text.push('\n');
    }
    text
}

/// The opening tag, which plotters gives the size only.
fn head(chart: &Chart, look: Look, tag: &str) -> String {
    let attribute = |name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        rest.split_once('"').map(|(value, _)| value)
    };
    let size = |name| {
        let tenths: f64 = attribute(name)
            .and_then(|value| value.parse().ok())
            .unwrap_or(0.0);
        tenths / super::canvas::UNITS
    };
    let view = attribute("viewBox").unwrap_or("0 0 0 0");
    let title = escaped(&chart.title);
    let about = format!(
        "role=\"img\" aria-label=\"{title}\" data-chart=\"{}\" data-kind=\"{}\" data-series-count=\"{}\" \
         data-points=\"{}\"",
        chart.id,
        chart.kind,
        chart.series.len(),
        chart.points
    );
    match look {
        Look::Page => format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{view}\" {about}>\n<title>{title}</title>\n"
        ),
        Look::Paper => format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"{view}\" \
             {about}>\n<title>{title}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
            size("width"),
            size("height"),
        ),
    }
}

/// A line of the drawing: an element, the text of one, or an end.
fn element(line: &str, pens: &Pens, look: Look) -> String {
    // Text that was written into the drawing has no angle bracket any more.
    let is_element = line.starts_with('<') && !line.starts_with("</");
    let ink = line.split_once("\"#").and_then(|(_, rest)| rest.get(..6));
    let (true, Some(digits)) = (is_element, ink) else {
        return line.to_string();
    };
    let Some(ink) = Ink::of_color(digits) else {
        return line.to_string();
    };
    let mut element = line.replace(&format!("#{digits}"), &color(ink, pens, look));
    let mut attributes = String::new();
    if let Some(dash) = dash(ink, pens) {
        let _ = write!(attributes, " stroke-dasharray=\"{dash}\"");
    }
    if let Some(series) = ink.series() {
        let name = escaped(pens.name(series));
        let _ = write!(attributes, " data-series=\"{name}\"");
        // The title of an element is what the pointer shows.
        let tag: String = element
            .chars()
            .skip(1)
            .take_while(|letter| *letter != ' ')
            .collect();
        if let Some(open) = element.strip_suffix("/>") {
            element = format!("{open}><title>{name}</title></{tag}>");
        }
    }
    if let Some((tag, rest)) = element.split_once(' ') {
        element = format!("{tag}{attributes} {rest}");
    }
    element
}

fn dash(ink: Ink, pens: &Pens) -> Option<&'static str> {
    let dash = match ink {
        Ink::Line(series) | Ink::LegendLine(series) => pen_at(pens.pen(series)).dash,
        Ink::Limit => DASHED,
        _ => "",
    };
    (!dash.is_empty()).then_some(dash)
}

fn color(ink: Ink, pens: &Pens, look: Look) -> String {
    let frame = |at: usize| match look {
        Look::Paper => FRAME[at].1.to_string(),
        Look::Page => format!("var(--{})", FRAME[at].0),
    };
    match ink {
        Ink::Text | Ink::Limit => frame(0),
        Ink::Grid => frame(1),
        Ink::Axis => frame(2),
        Ink::Ground => frame(3),
        Ink::Line(series)
        | Ink::Mark(series)
        | Ink::LegendLine(series)
        | Ink::LegendMark(series) => {
            let pen = pens.pen(series);
            match look {
                Look::Paper => pen_at(pen).light.to_string(),
                Look::Page => format!("var(--s{pen})"),
            }
        }
        Ink::Part(part, _) | Ink::LegendPart(part) => {
            let part = part % PARTS.len();
            match look {
                Look::Paper => PARTS[part].0.to_string(),
                Look::Page => format!("var(--p{part})"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::sample;

    #[test]
    fn every_ink_is_recognized_by_its_colour() {
        for ink in [
            Ink::Text,
            Ink::Grid,
            Ink::Axis,
            Ink::Ground,
            Ink::Limit,
            Ink::Line(0),
            Ink::Mark(300),
            Ink::Part(3, 65_535),
            Ink::LegendLine(1),
            Ink::LegendMark(2),
            Ink::LegendPart(3),
        ] {
            let RGBColor(r, g, b) = ink.color();
            assert_eq!(Ink::of_color(&format!("{r:02X}{g:02X}{b:02X}")), Some(ink));
        }
        assert_eq!(Ink::of_color("000000"), None);
    }

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
        let (_, light, dark) = FRAME[3];
        for at in 0..FLAVORS.len() + OTHERS.len() {
            let pen = pen_at(at);
            assert!(contrast(pen.light, light) >= 3.0, "{pen:?}");
            assert!(contrast(pen.dark, dark) >= 3.0, "{pen:?}");
        }
        assert!(contrast(FRAME[0].1, light) >= 7.0 && contrast(FRAME[0].2, dark) >= 7.0);
    }

    #[test]
    fn no_two_flavors_look_the_same() {
        for (at, (name, pen)) in FLAVORS.iter().enumerate() {
            for (other, another) in &FLAVORS[at + 1..] {
                assert_ne!(
                    (pen.dash, pen.glyph),
                    (another.dash, another.glyph),
                    "{name} {other}"
                );
                assert_ne!(pen.light, another.light, "{name} {other}");
                assert_ne!(pen.dark, another.dark, "{name} {other}");
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
        results.cells.retain(|cell| cell.setting.flavor == "bh");
        assert_eq!(pen(&results), before);
    }
}
