// SPDX-License-Identifier: GPL-2.0-only

//! The lanes of a picture as SVG: bands, marks, the way of the highlighted event, the scale of time. Sizes and places
//! are in pixels. timeline.js places what is here anew when the page shows another span of time, by the same rules.

use maud::{Markup, html};
use simrupt::trace::journey::Journey;
use simrupt_page::axis::Axis;
use simrupt_page::color::{AXIS, Color, GRID, GROUND, Look, SOFT, TEXT, color};
use simrupt_page::measure::{FONT, px, text_width};

use super::mark::{Context, Mark, Row};
use super::step::steps;
use super::{Picture, name_of};

/// How wide a drawing is; in a page, the window decides.
pub(super) const WIDTH: f64 = 760.0;
/// Where time begins, and how far from the right edge it ends.
pub(super) const LEFT: f64 = 112.0;
pub(super) const RIGHT: f64 = 24.0;
/// How high the legend is.
pub(super) const TOP: f64 = 34.0;
/// How high a lane is. In it come the numbers of steps, then the bars.
pub(super) const ROW: f64 = 48.0;
pub(super) const NUMBER_AT: f64 = 11.0;
pub(super) const NUMBER: f64 = 8.0;
pub(super) const BAR_AT: f64 = 24.0;
pub(super) const BAR: f64 = 18.0;
/// How wide a mark is at least.
const LEAST: f64 = 2.0;
/// How high the scale of time is.
const SCALE: f64 = 46.0;
const TICK: f64 = 4.0;
/// Of texts in bars, in numbers and in the legend.
pub(super) const SMALL: f64 = 11.0;
/// How much is shown before and behind what is highlighted, as a share of it.
const MARGIN: f64 = 0.04;
/// How much of the ground is seen through bars of other events.
const FAINT: &str = "0.3";

/// Of the contexts: text in the colour of the ground can be read on them.
const HARDIRQ: Color = color("hardirq", "#b34700", "#ff8f45");
const SOFTIRQ: Color = color("softirq", "#007a58", "#2fc79a");
const TASK: Color = color("task", "#0067a5", "#4fb0ee");

/// All colours that a drawing has.
pub(super) const COLORS: [Color; 8] = [TEXT, SOFT, GRID, AXIS, GROUND, HARDIRQ, SOFTIRQ, TASK];

/// The colour of a context.
fn color_of(context: Context) -> Color {
    match context {
        Context::Hardirq => HARDIRQ,
        Context::Softirq => SOFTIRQ,
        Context::Task => TASK,
    }
}

fn color_of_row(row: Row) -> Color {
    match row {
        Row::Device => TEXT,
        Row::Cpu(_, context) => color_of(context),
    }
}

/// A picture that is drawn, with the span of time that is shown.
#[derive(Debug)]
pub(super) struct Drawing<'a> {
    picture: &'a Picture,
    look: Look,
    rows: Vec<Row>,
    /// Microseconds since the highlighted event was due, or since the begin.
    axis: Axis,
    zero_ns: u64,
}

impl<'a> Drawing<'a> {
    pub(super) fn of(picture: &'a Picture, look: Look) -> Self {
        let (from_ns, to_ns) = picture.window_ns();
        let length = to_ns.saturating_sub(from_ns) as f64 / 1000.0;
        let title = match picture.chosen() {
            Some(journey) => format!("µs since {} was due", name_of(journey)),
            None => "µs since the begin".to_string(),
        };
        let shown = [-length * MARGIN, length * (1.0 + MARGIN)];
        Self {
            picture,
            look,
            rows: picture.rows(),
            axis: Axis::linear(&title, shown.into_iter()),
            zero_ns: from_ns,
        }
    }

    /// How high it is.
    pub(super) fn height(&self) -> f64 {
        self.bottom() + SCALE
    }

    /// Where the lanes end.
    pub(super) fn bottom(&self) -> f64 {
        TOP + self.rows.len() as f64 * ROW
    }

    /// The nanoseconds at the left and right end, counted from the picture's begin.
    pub(super) fn ends_ns(&self) -> (f64, f64) {
        let begin_ns = self.zero_ns as f64 - self.picture.zero_ns() as f64;
        let (low, high) = self.axis.ends();
        (low * 1000.0 + begin_ns, high * 1000.0 + begin_ns)
    }

    /// The place of a lane among the others.
    pub(super) fn row_at(&self, row: Row) -> usize {
        self.rows.iter().position(|one| *one == row).unwrap_or(0)
    }

    fn top(&self, row: Row) -> f64 {
        TOP + self.row_at(row) as f64 * ROW
    }

    fn x(&self, ns: u64) -> f64 {
        let micros = (ns as f64 - self.zero_ns as f64) / 1000.0;
        LEFT + (WIDTH - LEFT - RIGHT) * self.axis.place(micros)
    }

    /// Whether a mark is in the span of time that is shown.
    fn is_shown(&self, mark: &Mark) -> bool {
        let (low, high) = self.axis.ends();
        let micros = |ns: u64| (ns as f64 - self.zero_ns as f64) / 1000.0;
        micros(mark.to_ns) >= low && micros(mark.from_ns) <= high
    }

    fn ink(&self, color: Color) -> String {
        self.look.color(color)
    }

    /// Everything.
    pub(super) fn markup(&self) -> Markup {
        html! {
            rect width="100%" height="100%" fill=(self.ink(GROUND)) {}
            (self.legend())
            (self.lanes())
            (self.scale())
            (self.marks())
            (self.way())
        }
    }

    fn legend(&self) -> Markup {
        let mut x = 8.0;
        let mut entry = |text: &'static str, sample: f64| {
            let at = x;
            x += sample + 6.0 + text_width(text) + 18.0;
            at
        };
        let middle = TOP / 2.0 - 2.0;
        let is_there = |context: &Context| {
            let is_its = |row: &Row| matches!(row, Row::Cpu(_, one) if one == context);
            self.rows.iter().any(is_its)
        };
        html! {
            g {
                @for context in Context::ALL.into_iter().filter(is_there) {
                    @let at = entry(context.name(), 18.0);
                    rect x=(px(at)) y=(px(middle - 6.0)) width="18" height="12" fill=(self.ink(color_of(context))) {}
                    text x=(px(at + 24.0)) y=(middle) dy=".35em" { (context.name()) }
                }
                @if self.picture.chosen().is_some() {
                    @let text = "the way of the event";
                    @let at = entry(text, 26.0);
                    line x1=(px(at)) y1=(middle) x2=(px(at + 26.0)) y2=(middle) stroke=(self.ink(TEXT))
                        stroke-width="1.5" {}
                    text x=(px(at + 32.0)) y=(middle) dy=".35em" { (text) }
                }
            }
        }
    }

    fn lanes(&self) -> Markup {
        html! {
            @for row in &self.rows {
                @let top = self.top(*row);
                rect x="0" y=(px(top)) width="100%" height="1" fill=(self.ink(GRID)) {}
                text x="8" y=(px(top + BAR_AT + BAR / 2.0)) dy=".35em" { (row.label()) }
            }
        }
    }

    /// The scale of time, with a line over all lanes at each of its ticks.
    fn scale(&self) -> Markup {
        let bottom = self.bottom();
        let (left, right) = (LEFT, WIDTH - RIGHT);
        let place = |value: f64| px(left + (right - left) * self.axis.place(value));
        html! {
            rect x="0" y=(px(bottom)) width="100%" height="1" fill=(self.ink(AXIS)) {}
            g id="ticks" text-anchor="middle" {
                @for (value, label) in &self.axis.ticks {
                    @let x = place(*value);
                    line x1=(x) y1=(TOP) x2=(x) y2=(bottom + TICK) stroke=(self.ink(GRID)) {}
                    text x=(x) y=(bottom + TICK * 2.0) dy=".76em" { (label) }
                }
            }
            text id="unit" x=(px(left)) y=(px(bottom + SCALE - 7.0)) fill=(self.ink(SOFT)) { (self.axis.title) }
        }
    }

    /// The marks. A page has those that are not shown yet as well.
    fn marks(&self) -> Markup {
        let is_page = self.look == Look::Page;
        let marks = self.picture.marks.iter();
        let marks = marks.filter(|mark| is_page || self.is_shown(mark));
        html! {
            g id="all-marks" font-size=(SMALL) {
                @for mark in marks {
                    (self.mark(mark))
                }
            }
        }
    }

    fn mark(&self, mark: &Mark) -> Markup {
        let is_page = self.look == Look::Page;
        let is_hidden = !self.is_shown(mark);
        let is_mine = self.picture.chosen().is_some_and(|one| is_of(mark, one));
        let (from, to) = (self.x(mark.from_ns), self.x(mark.to_ns));
        let width = (to - from).max(LEAST);
        let top = self.top(mark.row) + BAR_AT;
        let ink = self.ink(color_of_row(mark.row));
        let label = mark.is_bar().then_some(mark.kind);
        let needed = text_width(mark.kind) * SMALL / FONT + 8.0;
        let has_room = is_mine && width >= needed;
        let zero_ns = self.picture.zero_ns();
        let since = |ns: u64| is_page.then_some(ns - zero_ns);
        let (first, last) = mark.events.filter(|_| is_page).unzip();
        html! {
            g.mark role="img" tabindex=[is_page.then_some("-1")] display=[is_hidden.then_some("none")]
                data-from=[since(mark.from_ns)] data-to=[since(mark.to_ns)] data-line=[is_page.then_some(mark.line)]
                data-first=[first] data-last=[last] {
                title { (mark.sentence()) }
                rect x=(px(from)) y=(px(top)) width=(px(width)) height=(BAR) fill=(ink) stroke=(ink)
                    fill-opacity=[(!is_mine).then_some(FAINT)] {}
                @if let Some(label) = label {
                    @if is_page || has_room {
                        text x=(px(from + 4.0)) y=(px(top + BAR / 2.0)) dy=".35em" fill=(self.ink(GROUND))
                            data-room=[is_page.then_some(px(needed))] display=[(!has_room).then_some("none")] { (label) }
                    }
                }
            }
        }
    }

    /// The way of the highlighted event: a line from step to step, and their numbers.
    fn way(&self) -> Markup {
        let steps = self.picture.chosen().map(steps).unwrap_or_default();
        let points: Vec<(f64, f64)> = steps
            .iter()
            .map(|step| (self.x(step.ns), self.top(step.row) + BAR_AT + BAR / 2.0))
            .collect();
        let line: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{},{}", px(*x), px(*y)))
            .collect();
        let mut numbers: Vec<f64> = points.iter().map(|(x, _)| *x).collect();
        for row in &self.rows {
            let of_row = |at: &usize| steps.get(*at).is_some_and(|step| step.row == *row);
            let places: Vec<usize> = (0..steps.len()).filter(of_row).collect();
            apart(&mut numbers, &places);
        }
        html! {
            g id="way" font-size=(SMALL) text-anchor="middle" pointer-events="none" {
                polyline points=(line.join(" ")) fill="none" stroke=(self.ink(TEXT)) stroke-width="1.5" {}
                @for (at, (step, (x, y))) in steps.iter().zip(&points).enumerate() {
                    @let middle = self.top(step.row) + NUMBER_AT;
                    (self.number(at + 1, (numbers[at], middle), (*x, *y)))
                }
            }
        }
    }

    /// The number of a step, and a line to the place that it is about.
    pub(super) fn number(&self, number: usize, (x, y): (f64, f64), to: (f64, f64)) -> Markup {
        let foot = to.1 - BAR / 2.0;
        html! {
            line x1=(px(x)) y1=(px(y)) x2=(px(to.0)) y2=(px(foot)) stroke=(self.ink(TEXT)) {}
            circle cx=(px(to.0)) cy=(px(to.1)) r="3" fill=(self.ink(TEXT)) {}
            circle cx=(px(x)) cy=(px(y)) r=(NUMBER) fill=(self.ink(TEXT)) {}
            text x=(px(x)) y=(px(y)) dy=".35em" fill=(self.ink(GROUND)) { (number) }
        }
    }
}

/// Whether a mark is about an event, while that is on its way.
fn is_of(mark: &Mark, journey: &Journey) -> bool {
    let last = journey.hops.iter().map(|hop| hop.place.ns).max();
    let is_meanwhile = mark.from_ns >= journey.due_ns && Some(mark.from_ns) <= last;
    let has = mark
        .events
        .is_some_and(|(first, last)| (first..=last).contains(&journey.seq));
    let is_due = mark.row == Row::Device && mark.from_ns == journey.due_ns;
    mark.line == journey.line && has && (is_meanwhile || is_due)
}

/// Moves numbers of a lane apart that would lie upon each other; `places` are theirs among all, from left to right.
fn apart(numbers: &mut [f64], places: &[usize]) {
    let room = 2.0 * NUMBER + 1.0;
    let mut least = LEFT - RIGHT;
    for at in places {
        numbers[*at] = numbers[*at].max(least);
        least = numbers[*at] + room;
    }
    let mut most = WIDTH - NUMBER - 1.0;
    for at in places.iter().rev() {
        numbers[*at] = numbers[*at].min(most);
        most = numbers[*at] - room;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::picture::tests::picture;
    use simrupt_page::color::contrast;

    #[test]
    fn contexts_stand_out_and_take_text_in_the_colour_of_the_ground() {
        for context in Context::ALL {
            let color = color_of(context);
            assert!(contrast(color.light, GROUND.light) >= 4.5, "{color:?}");
            assert!(contrast(color.dark, GROUND.dark) >= 4.5, "{color:?}");
        }
    }

    #[test]
    fn numbers_that_would_lie_upon_each_other_are_moved_apart() {
        let mut numbers = [200.0, 201.0, 500.0, 202.0, WIDTH];
        apart(&mut numbers, &[0, 1, 3, 4]);
        assert_eq!(numbers, [200.0, 217.0, 500.0, 234.0, WIDTH - 9.0]);
        let mut crowd = [WIDTH; 3];
        apart(&mut crowd, &[0, 1, 2]);
        assert!(crowd.is_sorted() && crowd[2] < WIDTH, "{crowd:?}");
    }

    #[test]
    fn only_marks_of_the_event_are_its_own() {
        let picture = picture();
        let journey = picture.chosen().unwrap();
        let own = picture.marks.iter().filter(|mark| is_of(mark, journey));
        let own: Vec<&str> = own.map(|mark| mark.kind).collect();
        assert_eq!(
            own,
            ["due", "raise", "top half", "bottom half", "wake", "read"]
        );
    }

    #[test]
    fn a_file_has_what_is_shown_and_a_page_has_everything() {
        let picture = picture();
        let count = |look| {
            let markup = Drawing::of(&picture, look).markup().into_string();
            markup.matches("class=\"mark\"").count()
        };
        assert_eq!(count(Look::Page), picture.marks.len());
        assert_eq!(count(Look::Paper), 8);
    }
}
