// SPDX-License-Identifier: GPL-2.0-only

//! A picture as a file of SVG, for papers and documentation: the lanes, and below them the steps of the highlighted event
//! in words.

use maud::{PreEscaped, html};
use simrupt::text::micros;
use simrupt::trace::journey::Journey;
use simrupt_page::color::{Look, SOFT, TEXT, dark_rules};
use simrupt_page::document::printable;
use simrupt_page::measure::{FONT, px};

use super::drawing::{COLORS, Drawing, NUMBER, SMALL, WIDTH};
use super::step::{Step, steps};
use super::{Picture, name_of};

/// How high a row of the steps is.
const LINE: f64 = 21.0;
/// Where their columns are: numbers, names, times (their ends), and words.
const COLUMNS: [f64; 4] = [18.0, 34.0, 140.0, 154.0];

/// The document.
pub(super) fn svg(picture: &Picture) -> String {
    let drawing = Drawing::of(picture, Look::Paper);
    let steps = picture.chosen().map(steps).unwrap_or_default();
    let height = px(drawing.height() + steps.len() as f64 * LINE + 8.0);
    let rows = steps.iter().zip(0..);
    let soft = Look::Paper.color(SOFT);
    let document = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(WIDTH) height=(height) viewBox={ "0 0 " (WIDTH) " " (height) }
            role="img" aria-labelledby="timeline-name" aria-describedby="timeline-about" font-family="sans-serif"
            font-size=(FONT) fill=(Look::Paper.color(TEXT)) {
            title id="timeline-name" { (title(picture)) }
            desc id="timeline-about" { (about(picture)) }
            style { (PreEscaped(dark_rules(COLORS))) }
            (drawing.markup())
            @for (step, at) in rows {
                @let y = px(drawing.height() + (f64::from(at) + 0.5) * LINE);
                circle cx=(COLUMNS[0]) cy=(y) r=(NUMBER) {}
                text x=(COLUMNS[0]) y=(y) dy=".35em" font-size=(SMALL) text-anchor="middle"
                    fill=(Look::Paper.color(simrupt_page::color::GROUND)) { (at + 1) }
                text x=(COLUMNS[1]) y=(y) dy=".35em" { (step.name) }
                text x=(COLUMNS[2]) y=(y) dy=".35em" text-anchor="end" { (since_due(step, &steps)) " µs" }
                text x=(COLUMNS[3]) y=(y) dy=".35em" fill=(soft) { (step.words) }
            }
        }
    };
    printable(document) + "\n"
}

/// What the picture is called.
pub(super) fn title(picture: &Picture) -> String {
    match picture.chosen() {
        Some(journey) => {
            let took_ns = took_ns(journey);
            let name = name_of(journey);
            format!("The way of {name}: {} µs", micros(took_ns))
        }
        None => "A trace without an event".to_string(),
    }
}

/// How long the way of an event is, in nanoseconds.
pub(super) fn took_ns(journey: &Journey) -> u64 {
    let last = journey.hops.iter().map(|hop| hop.place.ns).max();
    last.map_or(0, |last| last.saturating_sub(journey.due_ns))
}

/// What the picture shows, for those that do not see it.
pub(super) fn about(picture: &Picture) -> String {
    let mut text = "Lanes for the contexts of each CPU, with time to the right.".to_string();
    let steps = picture.chosen().map(steps).unwrap_or_default();
    for step in &steps {
        text += &format!(" At {} µs {}.", since_due(step, &steps), step.words);
    }
    text
}

/// The microseconds from the first step to another.
pub(super) fn since_due(step: &Step, steps: &[Step]) -> String {
    let due_ns = steps.first().map_or(0, |due| due.ns);
    micros(step.ns.saturating_sub(due_ns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::picture::tests::{picture, scene};

    #[test]
    fn it_is_xml_with_a_title_and_a_description() {
        let text = svg(&picture());
        let document = roxmltree::Document::parse(&text).unwrap();
        let text_of = |name: &str| {
            let mut elements = document.root_element().children();
            let element =
                elements.find(|element| element.has_tag_name(("http://www.w3.org/2000/svg", name)));
            element.unwrap().text().unwrap().to_string()
        };
        assert_eq!(text_of("title"), "The way of event 7 of line 0: 19.300 µs");
        let about = text_of("desc");
        assert!(
            about.contains("At 8.400 µs the bottom half begins (bound): CPU 1, kworker/1:0-31."),
            "{about}"
        );
        assert!(text_of("style").contains("prefers-color-scheme: dark"));
    }

    #[test]
    fn no_place_in_it_is_odd() {
        // One instant, one hit, and an event that was due after it was raised.
        for trace in [
            "a-1 [000] ..... 1.0: simrupt_wake: line=0 queued=2 ns=5",
            "a-1 [000] d.h1. 1.0: simrupt_emit: line=0 seq=1 due_ns=9 ns=5",
            "a-1 [000] d.h1. 1.0: simrupt_emit: line=0 seq=1 due_ns=18446744073709551615 ns=0",
        ] {
            let text = svg(&scene(trace).finish(None, 0).unwrap());
            roxmltree::Document::parse(&text).unwrap();
            assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        }
    }

    #[test]
    fn equal_traces_make_equal_bytes() {
        assert_eq!(svg(&picture()), svg(&picture()));
    }
}
