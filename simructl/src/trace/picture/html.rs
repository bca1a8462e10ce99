// SPDX-License-Identifier: GPL-2.0-only

//! A picture as a page that needs no other file: the lanes, which can be zoomed and moved, and tables of all that is in
//! them. Without its script the page shows the highlighted event, and the tables.

use maud::{Markup, html};
use simrupt::text::{micros, seconds};
use simrupt::trace::journey::Journey;
use simrupt_page::color::{Look, style_sheet};
use simrupt_page::document::{Page, scrolled};
use simrupt_page::measure::{FONT, px};

use super::drawing::{
    BAR, BAR_AT, COLORS, Drawing, LEFT, NUMBER, NUMBER_AT, RIGHT, ROW, TOP, WIDTH,
};
use super::step::{DUE, NAMES, Step, steps};
use super::svg::{about, since_due, title, took_ns};
use super::{Picture, name_of};

const STYLE: &str = include_str!("timeline.css");
const SCRIPT: &str = include_str!("timeline.js");

/// Buttons: what the script does for them, what stands on them, and what that means.
const TOOLS: [(&str, &str, &str); 8] = [
    ("in", "+", "zoom in"),
    ("out", "−", "zoom out"),
    ("earlier", "←", "show what was earlier"),
    ("later", "→", "show what was later"),
    ("event", "event", "show the way of the event"),
    ("all", "all", "show everything"),
    ("previous", "previous event", "highlight the event before"),
    ("next", "next event", "highlight the event after"),
];

/// What can be done by keys, while the timeline has the focus.
const KEYS: [(&str, &str); 8] = [
    ("+ and −", "zoom in and out"),
    ("← and →", "show what was earlier or later"),
    (
        "↓ and ↑",
        "go to the next mark or to the one before, and read what it is",
    ),
    ("Enter", "highlight the event of the mark"),
    ("n and p", "highlight the next event or the one before"),
    ("Home", "show the way of the event"),
    ("0", "show everything"),
    ("Esc", "leave the mark"),
];

/// The page.
pub(super) fn html(picture: &Picture) -> String {
    let drawing = Drawing::of(picture, Look::Page);
    let heading = heading(picture);
    let body = html! {
        h1 { (heading) }
        p { (summary(picture)) }
        @for warning in warnings(picture) {
            p.warning { (warning) }
        }
        section id="picture" {
            h2 { "timeline" }
            (tools())
            (figure(picture, &drawing))
            (help())
        }
        @if !picture.journeys.is_empty() {
            "\n"
            section id="events" {
                h2 { "events" }
                p.soft { "Microseconds since the event was due, at each hop of its way." }
                (ways(picture, &drawing))
            }
        }
        "\n"
        section id="marks" {
            h2 { "marks" }
            details {
                summary { "all that the timeline shows, as a table" }
                (marks(picture))
            }
        }
    };
    let page = Page {
        title: &heading,
        colors: style_sheet(COLORS),
        style: STYLE,
        script: Some(SCRIPT),
        body,
    };
    page.html()
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

fn heading(picture: &Picture) -> String {
    let mut lines: Vec<u32> = picture.marks.iter().map(|mark| mark.line).collect();
    lines.sort_unstable();
    lines.dedup();
    let lines = match lines.as_slice() {
        [line] => format!("line {line}"),
        lines => count(lines.len(), "line"),
    };
    let events = count(picture.journeys.len(), "event");
    format!("simrupt trace: {events} of {lines}")
}

fn summary(picture: &Picture) -> String {
    let length = picture.end_ns().saturating_sub(picture.zero_ns());
    format!(
        "The trace begins at {} s of CLOCK_MONOTONIC and is {} µs long.",
        seconds(picture.zero_ns()),
        micros(length)
    )
}

fn warnings(picture: &Picture) -> Vec<String> {
    let mut warnings = Vec::new();
    if picture.lost > 0 {
        let lost = picture.lost;
        warnings.push(format!(
            "{lost} hits of tracepoints were lost while the trace was recorded. Events and marks are missing."
        ));
    }
    if picture.left_out > 0 {
        let left_out = picture.left_out;
        warnings.push(format!(
            "The last {left_out} hits of the trace are not in this page."
        ));
    }
    warnings
}

fn tools() -> Markup {
    html! {
        // The script shows them.
        div.tools id="tools" role="toolbar" aria-label="timeline" hidden {
            @for (what, text, meaning) in TOOLS {
                button type="button" data-do=(what) aria-label=(meaning) title=(meaning) { (text) }
            }
        }
    }
}

fn figure(picture: &Picture, drawing: &Drawing<'_>) -> Markup {
    let height = px(drawing.height());
    let (from, to) = drawing.ends_ns();
    let length = picture.end_ns().saturating_sub(picture.zero_ns());
    let sizes = [
        LEFT,
        RIGHT,
        TOP,
        ROW,
        NUMBER_AT,
        NUMBER,
        BAR_AT,
        BAR,
        drawing.bottom(),
    ]
    .map(|size| size.to_string());
    html! {
        "\n"
        figure {
            div.frame id="frame" tabindex="0" role="application" aria-label="timeline" aria-describedby="keys" {
                svg xmlns="http://www.w3.org/2000/svg" id="timeline" viewBox={ "0 0 " (WIDTH) " " (height) } role="group"
                    aria-labelledby="timeline-name" aria-describedby="timeline-about" font-family="sans-serif"
                    font-size=(FONT) fill="var(--text)" data-sizes=(sizes.join(" ")) data-height=(height)
                    data-from=(px(from)) data-to=(px(to)) data-length=(length) {
                    title id="timeline-name" { (title(picture)) }
                    desc id="timeline-about" { (about(picture)) }
                    (drawing.markup())
                }
            }
            p.soft id="shown" role="status" {}
            p id="details" { "A mark under the pointer or with the focus is explained here." }
            @if let Some(journey) = picture.chosen() {
                (key(journey))
            }
        }
    }
}

/// The steps of the highlighted event, by the numbers that they have in the drawing.
fn key(journey: &Journey) -> Markup {
    let steps = steps(journey);
    html! {
        figcaption {
            h3 id="way-name" { (name_of(journey)) }
            ol id="key" {
                @for step in &steps {
                    li { (step.name) ", " (since_due(step, &steps)) " µs: " (step.words) }
                }
            }
        }
    }
}

fn help() -> Markup {
    html! {
        details {
            summary { "keys and pointer" }
            ul id="keys" {
                @for (keys, what) in KEYS {
                    li { (keys) ": " (what) }
                }
                li { "Pointer: drag to move, Ctrl and wheel to zoom; a click on a mark highlights its event" }
            }
        }
    }
}

/// A row for each event. The script finds there when and in which lane each step was.
fn ways(picture: &Picture, drawing: &Drawing<'_>) -> Markup {
    let zero_ns = picture.zero_ns();
    let chosen = picture.chosen;
    let inside = html! {
        thead {
            tr {
                th scope="col" { "event" }
                th scope="col" { "line" }
                th scope="col" { "due, s" }
                @for name in NAMES.iter().filter(|name| **name != DUE) {
                    th scope="col" { (name) }
                }
                th scope="col" { "all" }
            }
        }
        tbody id="ways" {
            @for (at, journey) in picture.journeys.iter().enumerate() {
                @let steps = steps(journey);
                "\n"
                tr data-line=(journey.line) data-seq=(journey.seq) data-name=(name_of(journey))
                    aria-current=[(chosen == Some(at)).then_some("true")] {
                    th scope="row" {
                        button type="button" disabled aria-label={ "highlight " (name_of(journey)) } { (journey.seq) }
                    }
                    td { (journey.line) }
                    @for name in NAMES {
                        (cell(steps.iter().find(|step| step.name == name), &steps, drawing, zero_ns))
                    }
                    td { (micros(took_ns(journey))) }
                }
            }
        }
    };
    scrolled(
        "the way of each event, in microseconds since it was due",
        &inside,
    )
}

fn cell(step: Option<&Step>, steps: &[Step], drawing: &Drawing<'_>, zero_ns: u64) -> Markup {
    let Some(step) = step else {
        return html! { td { "–" } };
    };
    let text = match step.name {
        DUE => seconds(step.ns),
        _ => since_due(step, steps),
    };
    html! {
        td data-at=(step.ns.saturating_sub(zero_ns)) data-row=(drawing.row_at(step.row)) data-step=(step.name)
            data-words=(step.words) { (text) }
    }
}

fn marks(picture: &Picture) -> Markup {
    let inside = html! {
        thead {
            tr {
                @for name in ["begin, s", "length, µs", "lane", "thread", "what"] {
                    th scope="col" { (name) }
                }
            }
        }
        tbody {
            @for mark in &picture.marks {
                "\n"
                tr {
                    th scope="row" { (seconds(mark.from_ns)) }
                    td { (micros(mark.to_ns - mark.from_ns)) }
                    td { (mark.row.label()) }
                    td { (mark.task.as_deref().unwrap_or("–")) }
                    td.text { (mark.words()) }
                }
            }
        }
    };
    scrolled("all marks of the timeline", &inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::picture::tests::{TRACE, picture, scene};

    /// The page as XML: the few elements of HTML without an end get one, and what XML would read otherwise goes.
    fn as_xml(page: &str) -> String {
        let (before, rest) = page.split_once("<script>").unwrap();
        let (_, behind) = rest.split_once("</script>").unwrap();
        let page = [before, behind].concat().replace("<!DOCTYPE html>\n", "");
        let page = page.replace(" hidden>", ">").replace(" disabled ", " ");
        let ended = page.split_inclusive('>').map(|part| {
            let begins = part.trim_start();
            match begins.starts_with("<meta ") || begins.starts_with("<link ") {
                true => part.replace('>', "/>"),
                false => part.to_string(),
            }
        });
        ended.collect()
    }

    #[test]
    fn every_mark_and_every_event_is_in_the_page_and_in_its_tables() {
        let picture = picture();
        let page = as_xml(&html(&picture));
        let document = roxmltree::Document::parse(&page).unwrap();
        let section = |id: &str| {
            let mut elements = document.descendants();
            let section = elements.find(|element| element.attribute("id") == Some(id));
            section.unwrap()
        };
        let rows = |id: &str| {
            let elements = section(id).descendants();
            elements
                .filter(|element| element.has_tag_name("tr"))
                .count()
                - 1
        };
        assert_eq!(rows("marks"), picture.marks.len());
        assert_eq!(rows("events"), picture.journeys.len());
        let drawn = section("all-marks").children().count();
        assert_eq!(drawn, picture.marks.len());
        // The steps of the list are those of the table's row.
        let chosen = section("ways").children();
        let chosen = chosen.filter(|row| row.attribute("aria-current") == Some("true"));
        let steps = chosen.flat_map(|row| row.children());
        let steps = steps.filter(|cell| cell.attribute("data-at").is_some());
        assert_eq!(steps.count(), section("key").children().count());
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere_and_names_of_threads_are_text() {
        let page = html(&picture());
        assert!(page.contains("a &lt;b&gt; &amp; c-99") && !page.contains("<b>"));
        assert_eq!(page.matches("<script").count(), 1);
        let without_names = page.replace("http://www.w3.org/2000/svg", "");
        for word in [
            "http:", "https:", "url(", "@import", "src=\"", "NaN", "fetch(", "eval(",
        ] {
            assert!(!without_names.contains(word), "{word}");
        }
    }

    #[test]
    fn what_is_missing_is_told() {
        let picture = scene(TRACE).finish(None, 12).unwrap();
        let page = html(&picture);
        assert!(page.contains("12 hits of tracepoints were lost"));
        assert!(page.contains("<h1>simrupt trace: 3 events of 2 lines</h1>"));
    }

    #[test]
    fn a_trace_without_an_event_is_a_page_all_the_same() {
        let knob: Vec<&str> = TRACE.lines().filter(|row| row.contains("_knob")).collect();
        let page = html(&scene(&knob.join("\n")).finish(None, 0).unwrap());
        let page = as_xml(&page);
        roxmltree::Document::parse(&page).unwrap();
        assert!(page.contains("simrupt trace: 0 events of line 0"));
    }
}
