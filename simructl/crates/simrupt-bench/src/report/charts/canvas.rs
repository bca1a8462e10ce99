// SPDX-License-Identifier: GPL-2.0-only

//! Draws a plot with plotters: axes and shapes. The colours are inks; see `ink`.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter};
use plotters::prelude::*;

use super::axis::Axis;
use super::ink::Ink;
use super::legend::Entries;
use super::pens::{Glyph, Pens};
use super::plot::{Plot, Shape};

/// Plotters rounds to whole units: so a pixel has ten of them.
pub(super) const UNITS: f64 = 10.0;

/// How wide a chart is, in pixels: on a telephone it is nearly as wide.
pub(super) const WIDTH: f64 = 440.0;

/// Sizes in pixels.
pub(super) const FONT: f64 = 13.0;
pub(super) const MARGIN: f64 = 8.0;
const MARKER: f64 = 3.6;

/// What drawing something comes to.
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Surface<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (first, last): (i32, i32)) -> i32 {
        first + (f64::from(last - first) * self.place(*value)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Light lines are not drawn.
        match hint.weight().allow_light_points() {
            true => Vec::new(),
            false => self.ticks.iter().map(|(value, _)| *value).collect(),
        }
    }

    fn range(&self) -> Range<f64> {
        let (low, high) = self.ends();
        low..high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|(tick, _)| tick == value);
        tick.map_or(String::new(), |(_, label)| label.clone())
    }
}

pub(super) fn units(pixels: f64) -> i32 {
    (pixels * UNITS).round() as i32
}

/// A size that plotters takes for sizes.
pub(super) fn size(pixels: f64) -> u32 {
    units(pixels).unsigned_abs()
}

/// How wide a text is in a usual font without serifs, about.
pub(super) fn text_width(text: &str) -> f64 {
    let width = |letter: char| match letter {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | ' ' | '-' | '/' | '.' | ',' => 0.37,
        'm' | 'w' | 'M' | 'W' | '→' | '%' => 0.9,
        _ => 0.63,
    };
    text.chars().map(width).sum::<f64>() * FONT
}

pub(super) fn font(ink: Ink) -> TextStyle<'static> {
    // Plotters takes the height of a line for the size of a font, and writes 1/1.24 of it.
    ("sans-serif", FONT * UNITS * 1.24)
        .into_font()
        .color(&ink.color())
}

/// The drawing as SVG, in inks. The error is plotters'.
pub(super) fn draw(plot: &Plot, pens: &Pens) -> Result<String, String> {
    let legend = Entries::of(plot, pens);
    let labels = plot.y.ticks.iter().map(|(_, label)| text_width(label));
    let y_title = if plot.y.title.is_empty() {
        0.0
    } else {
        FONT * 1.6
    };
    let left = labels.fold(0.0, f64::max) + y_title + 10.0;
    // The last label stands in the middle below its tick, which may be at the very end.
    let last = plot
        .x
        .ticks
        .last()
        .map_or(0.0, |(_, label)| text_width(label));
    let right = (last / 2.0).max(MARGIN * 2.0);
    let bottom = FONT * 3.4;
    let chart_height = f64::from(plot.height) + bottom + 2.0 * MARGIN;
    let height = chart_height + legend.height() + MARGIN / 2.0;

    let mut svg = String::new();
    // The text is borrowed until the areas that draw into it are gone.
    let draw = |svg: &mut String| -> Drawn {
        let root = SVGBackend::with_string(svg, (size(WIDTH), size(height))).into_drawing_area();
        let (upper, lower) = root.split_vertically(units(chart_height));
        let mut chart = ChartBuilder::on(&upper)
            .margin(units(MARGIN))
            .margin_right(units(right))
            .set_label_area_size(LabelAreaPosition::Left, units(left))
            .set_label_area_size(LabelAreaPosition::Bottom, units(bottom))
            .build_cartesian_2d(plot.x.clone(), plot.y.clone())?;
        mesh(&mut chart, plot)?;
        for shape in &plot.shapes {
            draw_shape(&mut chart, shape, pens)?;
        }
        legend.draw(&lower, pens)?;
        root.present()
    };
    draw(&mut svg).map_err(|error| error.to_string())?;
    Ok(svg)
}

fn mesh(chart: &mut Surface<'_, '_>, plot: &Plot) -> Drawn {
    chart
        .configure_mesh()
        .x_desc(plot.x.title.as_str())
        .y_desc(plot.y.title.as_str())
        .label_style(font(Ink::Text))
        .axis_desc_style(font(Ink::Text))
        .axis_style(Ink::Axis.color().stroke_width(size(1.0)))
        .bold_line_style(Ink::Grid.color().stroke_width(size(1.0)))
        .light_line_style(TRANSPARENT)
        .set_all_tick_mark_size(units(4.0))
        .draw()
}

fn draw_shape(chart: &mut Surface<'_, '_>, shape: &Shape, pens: &Pens) -> Drawn {
    let area = chart.plotting_area();
    match shape {
        Shape::Line { series, points } => {
            let ink = Ink::Line(pens.index(series)).color();
            area.draw(&PathElement::new(
                points.clone(),
                ink.stroke_width(size(1.8)),
            ))
        }
        Shape::Link { series, from, to } => {
            let ink = Ink::Mark(pens.index(series)).color();
            let points = vec![*from, *to];
            area.draw(&PathElement::new(points, ink.stroke_width(size(2.0))))
        }
        Shape::Markers {
            series,
            points,
            hollow,
        } => {
            let index = pens.index(series);
            for point in points {
                let at = area.map_coordinate(point);
                // The area knows places only, its backend units.
                let glyph = outline(pens.glyph(index), at);
                draw_glyph(
                    &area.strip_coord_spec(),
                    area.get_base_pixel(),
                    glyph,
                    Ink::Mark(index),
                    *hollow,
                )?;
            }
            Ok(())
        }
        Shape::Bar {
            series,
            part,
            from,
            to,
            top,
            bottom,
        } => {
            let index = pens.index(series);
            let ink = part.map_or(Ink::Mark(index), |part| Ink::Part(part, index));
            let corners = [(*from, *top), (*to, *bottom)];
            area.draw(&Rectangle::new(corners, ink.color().filled()))
        }
        Shape::Limit { at } => {
            let (low, high) = area.as_coord_spec().x_spec().ends();
            let line = vec![(low, *at), (high, *at)];
            area.draw(&PathElement::new(
                line,
                Ink::Limit.color().stroke_width(size(1.2)),
            ))
        }
    }
}

/// A marker's corners about a point, in units.
pub(super) fn outline(glyph: Glyph, (x, y): (i32, i32)) -> Vec<(i32, i32)> {
    // Markers of few corners look smaller than they are.
    let (corners, first_turn, radius): (u32, f64, f64) = match glyph {
        Glyph::Circle => (16, 0.0, MARKER),
        Glyph::Square => (4, 0.125, MARKER * 1.25),
        Glyph::Diamond => (4, 0.0, MARKER * 1.35),
        Glyph::Up => (3, 0.75, MARKER * 1.4),
        Glyph::Down => (3, 0.25, MARKER * 1.4),
        Glyph::Star => (10, 0.75, MARKER * 1.7),
    };
    let corner = |at: u32| {
        // Every other corner of a star lies within.
        let inner = glyph == Glyph::Star && at % 2 == 1;
        let radius = if inner { radius * 0.45 } else { radius };
        let turn = std::f64::consts::TAU * (first_turn + f64::from(at) / f64::from(corners));
        (
            x + units(radius * turn.cos()),
            y + units(radius * turn.sin()),
        )
    };
    (0..corners).map(corner).collect()
}

/// Draws a marker on an area whose first unit is at `base`.
pub(super) fn draw_glyph(
    area: &Area<'_>,
    base: (i32, i32),
    corners: Vec<(i32, i32)>,
    ink: Ink,
    hollow: bool,
) -> Drawn {
    let mut corners: Vec<(i32, i32)> = corners
        .into_iter()
        .map(|(x, y)| (x - base.0, y - base.1))
        .collect();
    let filling = if hollow { Ink::Ground } else { ink };
    area.draw(&Polygon::new(corners.clone(), filling.color()))?;
    if hollow {
        corners.extend(corners.first().copied());
        area.draw(&PathElement::new(
            corners,
            ink.color().stroke_width(size(1.6)),
        ))?;
    }
    Ok(())
}
