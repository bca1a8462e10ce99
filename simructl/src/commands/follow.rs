// SPDX-License-Identifier: GPL-2.0-only

//! `simructl read --follow`: shows events as they come, decoded, with the gaps between them.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use serde_json::json;
use simrupt_core::abi::{RECORD_SIZE, Record};

use crate::output;
use crate::signals;
use simrupt::failure::Failure;
use simrupt::files::records;

/// How many records are read at once.
const RECORDS: usize = 1024;

/// Shows up to `count` records. At the end, whatever its cause, it says how many there were.
pub(crate) fn run(
    device: File,
    count: Option<u64>,
    as_json: bool,
    failed: impl Fn(io::Error) -> Failure,
) -> Result<(), Failure> {
    let totals = Arc::new(Totals::default());
    report_on_signal(&totals)?;
    let result = show(device, count, as_json, &totals, failed);
    totals.report();
    result
}

fn show(
    mut device: File,
    count: Option<u64>,
    as_json: bool,
    totals: &Totals,
    failed: impl Fn(io::Error) -> Failure,
) -> Result<(), Failure> {
    let mut chunk = vec![0; RECORDS * RECORD_SIZE];
    let mut held = 0;
    let mut left = count.unwrap_or(u64::MAX);
    let mut sequence = Sequence::default();
    if !as_json && !output::offer(records::header().as_bytes())? {
        return Ok(());
    }
    while left > 0 {
        let most = usize::try_from(left).map_or(RECORDS, |left| left.min(RECORDS)) * RECORD_SIZE;
        held += match device.read(&mut chunk[held..most]) {
            Ok(0) if held > 0 => return Err(failed(ErrorKind::UnexpectedEof.into())),
            Ok(0) => break,
            Ok(got) => got,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(failed(error)),
        };
        let whole = held - held % RECORD_SIZE;
        let mut rest = &chunk[..whole];
        let mut text = String::new();
        let mut odd = None;
        while let Some((bytes, more)) = rest.split_first_chunk::<RECORD_SIZE>() {
            let record = Record::from_bytes(bytes);
            if record.reserved != 0 {
                odd = Some(no_record());
                break;
            }
            text += &told(&record, sequence.step(record.seq), as_json, totals);
            left -= u64::from(count.is_some());
            rest = more;
        }
        chunk.copy_within(whole..held, 0);
        held -= whole;
        // Each chunk is printed at once: somebody may be watching.
        if !output::offer(text.as_bytes())? {
            break;
        }
        if let Some(failure) = odd {
            return Err(failure);
        }
    }
    Ok(())
}

/// A record in words or as a JSON line, preceded by a note if its number is not the next.
fn told(record: &Record, step: Step, as_json: bool, totals: &Totals) -> String {
    let lead = match step {
        Step::Next => String::new(),
        Step::Gap(missing) if as_json => format!("{}\n", json!({ "missing": missing })),
        Step::Gap(1) => "… 1 event missing\n".to_string(),
        Step::Gap(missing) => format!("… {missing} events missing\n"),
        Step::Anew if as_json => format!("{}\n", json!({ "anew": true })),
        Step::Anew => "… numbered anew\n".to_string(),
    };
    if let Step::Gap(missing) = step {
        totals.missing.fetch_add(missing, Relaxed);
    }
    totals.events.fetch_add(1, Relaxed);
    match as_json {
        true => format!("{lead}{}\n", records::document(record)),
        false => lead + &records::text(record),
    }
}

/// How a sequence number relates to those before it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    /// It is the first, or the next one.
    Next,
    /// This many numbers were skipped.
    Gap(u64),
    /// It was seen before.
    Anew,
}

/// The next sequence number, once there was a record.
#[derive(Debug, Default)]
struct Sequence(Option<u64>);

impl Sequence {
    fn step(&mut self, seq: u64) -> Step {
        let expected = self.0.replace(seq.wrapping_add(1)).unwrap_or(seq);
        match seq.checked_sub(expected) {
            Some(0) => Step::Next,
            Some(missing) => Step::Gap(missing),
            None => Step::Anew,
        }
    }
}

/// Totals so far: the reader counts, and reports them at its end; after a signal, the signal thread does.
#[derive(Debug, Default)]
struct Totals {
    events: AtomicU64,
    missing: AtomicU64,
    reported: AtomicBool,
}

impl Totals {
    /// Reports the totals on stderr, once.
    fn report(&self) {
        if !self.reported.swap(true, Relaxed) {
            let [events, missing] = [&self.events, &self.missing].map(|count| count.load(Relaxed));
            output::note_as(
                &format!("{events} events, {missing} missing"),
                &json!({ "events": events, "missing": missing }),
            );
        }
    }
}

/// Reports the totals when a signal ends the program, then lets the signal end it.
fn report_on_signal(totals: &Arc<Totals>) -> Result<(), Failure> {
    let totals = Arc::clone(totals);
    signals::take(&signals::ENDING, move |signal| {
        totals.report();
        signals::die_of(signal);
    })
}

/// The failure for data that are not valid records.
fn no_record() -> Failure {
    Failure::new(
        "cannot follow",
        "the data are not records: was the format changed?",
    )
    .remedy("simructl get format")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_is_no_gap_and_each_later_one_may_be() {
        let mut sequence = Sequence::default();
        let steps = [7, 8, 9, 20, 21, 0, 2].map(|seq| sequence.step(seq));
        let [next, anew] = [Step::Next, Step::Anew];
        let expected = [next, next, next, Step::Gap(10), next, anew, Step::Gap(1)];
        assert_eq!(steps, expected);
    }

    #[test]
    fn the_last_number_of_all_is_followed_by_the_first() {
        let mut sequence = Sequence::default();
        assert_eq!([u64::MAX, 0].map(|seq| sequence.step(seq)), [Step::Next; 2]);
    }
}
