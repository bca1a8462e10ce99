// SPDX-License-Identifier: GPL-2.0-only

//! How colours and dashes get into the SVG, and names of series.
//!
//! Plotters knows colours only, and a page has two sets of them. So a chart is drawn in inks: colours that
//! stand for what is drawn. [`dressed`] puts the real ones in their place: fixed ones for paper, variables of
//! the style sheet for the page. It also adds what plotters cannot: dashes, and to which series an element
//! belongs.

use std::fmt::Write;

use plotters::style::RGBColor;

use super::Chart;
use super::pens::{AXIS, Color, DASHED, GRID, GROUND, PARTS, Pens, TEXT};
use crate::report::html::escaped;

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

/// Where a chart is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// On white, by itself.
    Paper,
    /// Within the page, in whose colours.
    Page,
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
        Ink::Line(series) | Ink::LegendLine(series) => pens.dash(series),
        Ink::Limit => DASHED,
        _ => "",
    };
    (!dash.is_empty()).then_some(dash)
}

fn color(ink: Ink, pens: &Pens, look: Look) -> String {
    let color: Color = match ink {
        Ink::Text | Ink::Limit => TEXT,
        Ink::Grid => GRID,
        Ink::Axis => AXIS,
        Ink::Ground => GROUND,
        Ink::Line(series)
        | Ink::Mark(series)
        | Ink::LegendLine(series)
        | Ink::LegendMark(series) => pens.color(series),
        Ink::Part(part, _) | Ink::LegendPart(part) => PARTS[part % PARTS.len()],
    };
    match look {
        Look::Paper => color.light.to_string(),
        Look::Page => format!("var(--{})", color.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
