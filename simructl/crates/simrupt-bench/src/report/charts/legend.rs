// SPDX-License-Identifier: GPL-2.0-only

//! The legend below a chart: the meaning of its lines, markers and fillings.

use maud::{Markup, html};

use super::canvas::{MARGIN, WIDTH, line, marker, rect};
use super::pens::{Glyph, PARTS, Pens};
use super::plot::{Legend, Plot, Shape};
use simrupt_page::color::{Look, TEXT};
use simrupt_page::measure::{FONT, px, text_width};

/// Sizes in pixels.
const ROW: f64 = 20.0;
const BEFORE_TEXT: f64 = 6.0;
const BEHIND_TEXT: f64 = 14.0;

/// The symbol of an entry, before its words.
#[derive(Debug, Clone, Copy)]
enum Sample {
    Line,
    Marker,
    Part(usize),
    Hollow,
    Full,
}

impl Sample {
    /// Its width, in pixels.
    fn width(self) -> f64 {
        match self {
            Self::Line => 34.0,
            Self::Part(_) => 18.0,
            Self::Marker | Self::Hollow | Self::Full => 10.0,
        }
    }
}

/// An entry, and its position.
#[derive(Debug)]
struct Entry {
    sample: Sample,
    text: String,
    /// In pixels from the left.
    x: f64,
    row: u32,
}

/// All entries, laid out in rows.
#[derive(Debug)]
pub(super) struct Entries(Vec<Entry>);

impl Entries {
    pub(super) fn of(plot: &Plot) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        let (mut x, mut row) = (MARGIN, 0);
        for (sample, text) in samples(plot) {
            let width = sample.width() + BEFORE_TEXT + text_width(&text);
            if x > MARGIN && x + width > WIDTH - MARGIN {
                x = MARGIN;
                row += 1;
            }
            entries.push(Entry {
                sample,
                text,
                x,
                row,
            });
            x += width + BEHIND_TEXT;
        }
        Self(entries)
    }

    /// In pixels.
    pub(super) fn height(&self) -> f64 {
        self.0
            .last()
            .map_or(0.0, |last| f64::from(last.row + 1) * ROW)
    }

    /// The whole legend, at this distance below the top of the chart.
    pub(super) fn svg(&self, top: f64, pens: &Pens, look: Look) -> Markup {
        html! {
            @for entry in &self.0 {
                (entry.svg(top, pens, look))
            }
        }
    }
}

fn samples(plot: &Plot) -> Vec<(Sample, String)> {
    let lines = plot
        .shapes
        .iter()
        .any(|shape| matches!(shape, Shape::Line { .. }));
    let sample = if lines { Sample::Line } else { Sample::Marker };
    let series = plot.series().into_iter();
    let series = series.map(|name| (sample, name));
    match &plot.legend {
        Legend::Series => series.collect(),
        Legend::SeriesAndHollow(hollow) => {
            series.chain([(Sample::Hollow, hollow.clone())]).collect()
        }
        Legend::Parts(names) => {
            let parts = names.iter().zip(0..);
            parts
                .map(|(name, at)| (Sample::Part(at), name.clone()))
                .collect()
        }
        Legend::Markers { hollow, full } => {
            vec![
                (Sample::Hollow, hollow.clone()),
                (Sample::Full, full.clone()),
            ]
        }
    }
}

impl Entry {
    fn svg(&self, top: f64, pens: &Pens, look: Look) -> Markup {
        let y = top + (f64::from(self.row) + 0.5) * ROW;
        let (left, right) = (self.x, self.x + self.sample.width());
        let middle = ((left + right) / 2.0, y);
        let pen = || pens.of_series(&self.text);
        let sample = match self.sample {
            Sample::Line => html! {
                (line(&[(left, y), (right, y)], 1.8, pen().dash, pen().color, look))
                (marker(pen().glyph, middle, pen().color, false, look))
            },
            Sample::Marker => marker(pen().glyph, middle, pen().color, false, look),
            Sample::Part(part) => {
                let corner = (left, y - FONT / 2.0);
                rect(
                    corner,
                    (right - left, FONT),
                    PARTS[part % PARTS.len()],
                    look,
                )
            }
            Sample::Hollow => marker(Glyph::Circle, middle, TEXT, true, look),
            Sample::Full => marker(Glyph::Circle, middle, TEXT, false, look),
        };
        html! {
            (sample)
            text x=(px(right + BEFORE_TEXT)) y=(px(y)) dy=".35em" { (self.text) }
        }
    }
}
