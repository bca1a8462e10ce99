// SPDX-License-Identifier: GPL-2.0-only

//! Draws a plot as SVG: axes, shapes and legend. Sizes and places are in pixels.

use maud::{Markup, PreEscaped, html};

use super::Chart;
use super::legend::Entries;
use super::pens::{DASHED, Glyph, PARTS, Pens, colors};
use super::plot::{Plot, Shape};
use simrupt_page::axis::Axis;
use simrupt_page::color::{AXIS, Color, GRID, GROUND, Look, SOFT, TEXT, dark_rules};
use simrupt_page::measure::{FONT, px, text_width};

/// The width of a chart: about that of a telephone.
pub(super) const WIDTH: f64 = 440.0;

pub(super) const MARGIN: f64 = 8.0;
/// The length of a tick.
const TICK: f64 = 4.0;
const MARKER: f64 = 3.6;
/// The height of the row with the name of the run.
const RUN: f64 = 16.0;
const RUN_FONT: f64 = 10.0;

/// A chart as an element. It has a name and a description for screen readers, and its kind, series and number of points
/// for programs.
pub(super) fn svg(chart: &Chart, pens: &Pens, look: Look) -> Markup {
    let plot = &chart.plot;
    let frame = Frame::of(plot);
    let legend = Entries::of(plot);
    let below = frame.height() + legend.height();
    let height = px(below + RUN);
    let is_paper = look == Look::Paper;
    let (name, about) = (format!("{}-name", chart.id), format!("{}-about", chart.id));
    let run = WIDTH - MARGIN;
    html! {
        svg xmlns="http://www.w3.org/2000/svg" width=[is_paper.then_some(WIDTH)] height=[is_paper.then_some(height)]
            viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-labelledby=(name) aria-describedby=(about)
            data-chart=(chart.id) data-kind=(plot.kind) data-series-count=(chart.series.len())
            data-points=(chart.points) font-family="sans-serif" font-size=(FONT) fill=(look.color(TEXT)) {
            title id=(name) { (chart.title) }
            desc id=(about) { (plot.explanation) }
            @if is_paper {
                style { (PreEscaped(dark_rules(colors()))) }
                rect width="100%" height="100%" fill=(look.color(GROUND)) {}
            }
            (frame.axes(plot, look))
            @for shape in &plot.shapes {
                (frame.shape(shape, pens, look))
            }
            (legend.svg(frame.height(), pens, look))
            text x=(run) y=(px(below + RUN * 0.6)) text-anchor="end" font-size=(RUN_FONT) fill=(look.color(SOFT)) {
                (chart.run)
            }
        }
    }
}

/// The position of the part inside the axes.
#[derive(Debug)]
struct Frame<'a> {
    x: &'a Axis,
    y: &'a Axis,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// The height of the labels and the title below the part inside the axes.
const BELOW: f64 = FONT * 3.4;

impl<'a> Frame<'a> {
    fn of(plot: &'a Plot) -> Self {
        let labels = plot.y.ticks.iter().map(|(_, label)| text_width(label));
        let title = match plot.y.title.is_empty() {
            true => 0.0,
            false => FONT * 1.6,
        };
        // The last label is centered below its tick, which may be at the very end.
        let last = plot.x.ticks.last();
        let last = last.map_or(0.0, |(_, label)| text_width(label));
        Self {
            x: &plot.x,
            y: &plot.y,
            left: labels.fold(0.0, f64::max) + title + MARGIN + TICK + 6.0,
            right: WIDTH - (last / 2.0).max(MARGIN * 2.0),
            top: MARGIN,
            bottom: MARGIN + f64::from(plot.height),
        }
    }

    /// The total height, without the legend.
    fn height(&self) -> f64 {
        self.bottom + BELOW + MARGIN
    }

    fn at_x(&self, value: f64) -> f64 {
        px(self.left + (self.right - self.left) * self.x.place(value))
    }

    fn at_y(&self, value: f64) -> f64 {
        px(self.bottom - (self.bottom - self.top) * self.y.place(value))
    }

    /// The position of a point of the data.
    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.at_x(x), self.at_y(y))
    }

    /// The axes with their lines, labels and titles.
    fn axes(&self, plot: &Plot, look: Look) -> Markup {
        let (left, right) = (px(self.left), px(self.right));
        let (top, bottom) = (px(self.top), px(self.bottom));
        let middle = (px((left + right) / 2.0), px((top + bottom) / 2.0));
        let title_x = px(MARGIN + FONT * 0.7);
        let (grid, axis) = (look.color(GRID), look.color(AXIS));
        html! {
            g stroke=(grid) {
                @for (value, _) in &self.x.ticks {
                    @let x = self.at_x(*value);
                    line x1=(x) y1=(top) x2=(x) y2=(bottom) {}
                }
                @for (value, _) in &self.y.ticks {
                    @let y = self.at_y(*value);
                    line x1=(left) y1=(y) x2=(right) y2=(y) {}
                }
            }
            g stroke=(axis) {
                line x1=(left) y1=(top) x2=(left) y2=(bottom) {}
                line x1=(left) y1=(bottom) x2=(right) y2=(bottom) {}
                @for (value, _) in &self.x.ticks {
                    @let x = self.at_x(*value);
                    line x1=(x) y1=(bottom) x2=(x) y2=(px(bottom + TICK)) {}
                }
                @for (value, _) in &self.y.ticks {
                    @let y = self.at_y(*value);
                    line x1=(px(left - TICK)) y1=(y) x2=(left) y2=(y) {}
                }
            }
            g text-anchor="middle" {
                @for (value, label) in &self.x.ticks {
                    text x=(self.at_x(*value)) y=(px(bottom + TICK * 2.0)) dy=".76em" { (label) }
                }
                @if !plot.x.title.is_empty() {
                    text x=(middle.0) y=(px(bottom + BELOW)) dy="-.25em" { (plot.x.title) }
                }
                @if !plot.y.title.is_empty() {
                    text x=(title_x) y=(middle.1) dy=".35em" transform={ "rotate(-90 " (title_x) " " (middle.1) ")" } {
                        (plot.y.title)
                    }
                }
            }
            g text-anchor="end" {
                @for (value, label) in &self.y.ticks {
                    text x=(px(left - TICK * 2.0)) y=(self.at_y(*value)) dy=".35em" { (label) }
                }
            }
        }
    }

    /// A shape, with the name of its series for the pointer and for programs.
    fn shape(&self, shape: &Shape, pens: &Pens, look: Look) -> Markup {
        let Some(series) = shape.series() else {
            return self.drawn(shape, pens, look);
        };
        html! {
            g data-series=(series) {
                title { (series) }
                (self.drawn(shape, pens, look))
            }
        }
    }

    fn drawn(&self, shape: &Shape, pens: &Pens, look: Look) -> Markup {
        match shape {
            Shape::Line { series, points } => {
                let pen = pens.of_series(series);
                let points: Vec<(f64, f64)> = points.iter().map(|point| self.at(*point)).collect();
                line(&points, 1.8, pen.dash, pen.color, look)
            }
            Shape::Link { series, from, to } => {
                let points = [self.at(*from), self.at(*to)];
                line(&points, 2.0, "", pens.of_series(series).color, look)
            }
            Shape::Spread { series, from, to } => {
                let points = [self.at(*from), self.at(*to)];
                line(&points, 1.0, "", pens.of_series(series).color, look)
            }
            Shape::Edge { points } => {
                let points: Vec<(f64, f64)> = points.iter().map(|point| self.at(*point)).collect();
                line(&points, 1.2, DASHED, TEXT, look)
            }
            Shape::Markers {
                series,
                points,
                hollow,
            } => {
                let pen = pens.of_series(series);
                html! {
                    @for point in points {
                        (marker(pen.glyph, self.at(*point), pen.color, *hollow, look))
                    }
                }
            }
            Shape::Bar {
                series,
                part,
                from,
                to,
                top,
                bottom,
            } => {
                let color = match part {
                    Some(part) => PARTS[part % PARTS.len()],
                    None => pens.of_series(series).color,
                };
                let (x, y) = self.at((*from, *top));
                let (end, foot) = self.at((*to, *bottom));
                rect((x, y), (end - x, foot - y), color, look)
            }
            Shape::Limit { at } => {
                let y = self.at_y(*at);
                let ends = [(px(self.left), y), (px(self.right), y)];
                line(&ends, 1.2, DASHED, TEXT, look)
            }
        }
    }
}

/// A line through points, with dashes unless these are empty.
pub(super) fn line(
    points: &[(f64, f64)],
    width: f64,
    dash: &str,
    color: Color,
    look: Look,
) -> Markup {
    let dash = (!dash.is_empty()).then_some(dash);
    html! {
        polyline points=(joined(points)) fill="none" stroke=(look.color(color)) stroke-width=(width)
            stroke-dasharray=[dash] {}
    }
}

/// A filled rectangle, from its upper left corner, with an outline, because not every filling stands out from the
/// background.
pub(super) fn rect(
    (x, y): (f64, f64),
    (width, height): (f64, f64),
    color: Color,
    look: Look,
) -> Markup {
    html! {
        rect x=(px(x)) y=(px(y)) width=(px(width)) height=(px(height)) fill=(look.color(color))
            stroke=(look.color(AXIS)) stroke-width="0.8" {}
    }
}

/// A marker about a point.
pub(super) fn marker(
    glyph: Glyph,
    at: (f64, f64),
    color: Color,
    is_hollow: bool,
    look: Look,
) -> Markup {
    let ink = look.color(color);
    let fill = if is_hollow {
        look.color(GROUND)
    } else {
        ink.clone()
    };
    let stroke = is_hollow.then_some(ink);
    let width = is_hollow.then_some(1.6);
    html! {
        @if glyph == Glyph::Circle {
            circle cx=(px(at.0)) cy=(px(at.1)) r=(MARKER) fill=(fill) stroke=[stroke] stroke-width=[width] {}
        } @else {
            polygon points=(joined(&outline(glyph, at))) fill=(fill) stroke=[stroke] stroke-width=[width] {}
        }
    }
}

fn joined(points: &[(f64, f64)]) -> String {
    let points: Vec<String> = points
        .iter()
        .map(|(x, y)| format!("{},{}", px(*x), px(*y)))
        .collect();
    points.join(" ")
}

/// A marker's corners about a point.
fn outline(glyph: Glyph, (x, y): (f64, f64)) -> Vec<(f64, f64)> {
    // Markers with few corners look smaller than they are.
    let (corners, first_turn, radius): (u32, f64, f64) = match glyph {
        Glyph::Circle => return Vec::new(),
        Glyph::Square => (4, 0.125, MARKER * 1.25),
        Glyph::Diamond => (4, 0.0, MARKER * 1.35),
        Glyph::Up => (3, 0.75, MARKER * 1.4),
        Glyph::Down => (3, 0.25, MARKER * 1.4),
        Glyph::Star => (10, 0.75, MARKER * 1.7),
    };
    let corner = |at: u32| {
        // Every other corner of a star is an inner one.
        let inner = glyph == Glyph::Star && at % 2 == 1;
        let radius = if inner { radius * 0.45 } else { radius };
        let turn = std::f64::consts::TAU * (first_turn + f64::from(at) / f64::from(corners));
        (x + radius * turn.cos(), y + radius * turn.sin())
    };
    (0..corners).map(corner).collect()
}
