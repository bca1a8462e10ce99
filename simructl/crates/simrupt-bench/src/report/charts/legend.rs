// SPDX-License-Identifier: GPL-2.0-only

//! The legend below a chart: what its lines, markers and fillings mean.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::canvas::{
    Area, Drawn, FONT, MARGIN, WIDTH, draw_glyph, font, outline, size, text_width, units,
};
use super::ink::Ink;
use super::pens::{Glyph, Pens};
use super::plot::{Legend, Plot, Shape};

/// Sizes in pixels.
const ROW: f64 = 20.0;
const BEFORE_TEXT: f64 = 6.0;
const BEHIND_TEXT: f64 = 14.0;

/// What an entry shows before its words.
#[derive(Debug, Clone, Copy)]
enum Sample {
    Line(usize),
    Marker(usize),
    Part(usize),
    Hollow,
    Full,
}

impl Sample {
    /// How wide it is, in pixels.
    fn width(self) -> f64 {
        match self {
            Self::Line(_) => 26.0,
            Self::Part(_) => 18.0,
            Self::Marker(_) | Self::Hollow | Self::Full => 10.0,
        }
    }
}

/// An entry, and where it begins.
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
    pub(super) fn of(plot: &Plot, pens: &Pens) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        let (mut x, mut row) = (MARGIN, 0);
        for (sample, text) in samples(plot, pens) {
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

    pub(super) fn draw(&self, area: &Area<'_>, pens: &Pens) -> Drawn {
        self.0.iter().try_for_each(|entry| entry.draw(area, pens))
    }
}

fn samples(plot: &Plot, pens: &Pens) -> Vec<(Sample, String)> {
    let lines = plot
        .shapes
        .iter()
        .any(|shape| matches!(shape, Shape::Line { .. }));
    let sample = if lines { Sample::Line } else { Sample::Marker };
    let series = plot.series().into_iter();
    let series = series.map(|name| (sample(pens.index(&name)), name));
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
    fn draw(&self, area: &Area<'_>, pens: &Pens) -> Drawn {
        let y = (f64::from(self.row) + 0.5) * ROW;
        let (left, right) = (self.x, self.x + self.sample.width());
        let middle = (units((left + right) / 2.0), units(y));
        let marker =
            |glyph, ink, hollow| draw_glyph(area, (0, 0), outline(glyph, middle), ink, hollow);
        match self.sample {
            Sample::Line(index) => {
                let ink = Ink::LegendLine(index).color();
                let line = vec![(units(left), units(y)), (units(right), units(y))];
                area.draw(&PathElement::new(line, ink.stroke_width(size(1.8))))?;
                marker(pens.glyph(index), Ink::LegendMark(index), false)?;
            }
            Sample::Marker(index) => marker(pens.glyph(index), Ink::LegendMark(index), false)?,
            Sample::Part(part) => {
                let half = FONT / 2.0;
                let corners = [
                    (units(left), units(y - half)),
                    (units(right), units(y + half)),
                ];
                area.draw(&Rectangle::new(
                    corners,
                    Ink::LegendPart(part).color().filled(),
                ))?;
            }
            Sample::Hollow => marker(Glyph::Circle, Ink::Text, true)?,
            Sample::Full => marker(Glyph::Circle, Ink::Text, false)?,
        }
        let style = font(Ink::Text).pos(Pos::new(HPos::Left, VPos::Center));
        let at = (units(right + BEFORE_TEXT), units(y));
        area.draw(&Text::new(self.text.clone(), at, style))
    }
}
