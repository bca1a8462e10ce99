// SPDX-License-Identifier: GPL-2.0-only

//! `simructl replay`: makes lines repeat the arrivals of a file.

use std::io;

use crate::cli::{Options, Replay};
use crate::commands::knobs_of;
use crate::output;
use simrupt::arrivals::{Arrivals, write_gaps};
use simrupt::changes::{Change, apply, plan};
use simrupt::failure::Failure;
use simrupt::module::Module;
use simrupt::schedule::Schedule;
use simrupt::sysroot::{Sysroot, input_name};
use simrupt::text::seconds;

const WHAT: &str = "cannot replay";
const UNDONE: &str = "what was already written is undone";
/// The highest rate of a device, in events per second.
const MOST_HZ: f64 = 1e6;

pub(crate) fn run(sysroot: &Sysroot, options: &Options, how: &Replay) -> Result<(), Failure> {
    let read = Arrivals::read(&how.file)?;
    let lost = read.lost();
    let arrivals = read.sped_up(how.speed)?;
    let rate_hz = rate_of(&arrivals, how)?;
    let module = Module::find(sysroot, WHAT)?;
    let lines = module.select(options.lines())?;
    module.must_be_writable(WHAT)?;
    let knobs = knobs_of(&module)?;
    let planned = |name: &str, value: &str| {
        let values = vec![value.to_string(); lines.len()];
        plan(&knobs, &module, knobs.find(name)?, &lines, values)
    };
    let is_loop = if how.repeats { "1" } else { "0" };
    // A silent line starts with the last change. So no event of its old pattern or schedule comes in between.
    let mut first = planned("rate_hz", "0")?;
    first.extend(planned("replay_loop", is_loop)?);
    let mut last = planned("pattern", "replay")?;
    last.extend(planned("rate_hz", &rate_hz.to_string())?);

    let mut text = Vec::new();
    // Writing to memory does not fail.
    let _: io::Result<()> = write_gaps(&arrivals.gaps_ns, &mut text);
    let schedules = lines.iter().map(|line| Schedule::of(&module, *line, WHAT));
    let schedules = schedules.collect::<Result<Vec<_>, _>>()?;

    apply(&first)?;
    let written = schedules.iter().try_for_each(|one| one.write(&text));
    let done = written.and_then(|()| apply(&last));
    if let Err(failure) = done {
        return Err(undo(failure, &schedules, &first));
    }
    if lost > 0 {
        let what = format!("{lost} arrivals are missing in {}", input_name(&how.file));
        let why = "they were lost when it was recorded; gaps around them are too long";
        output::warning(&Failure::new(what, why).remedy("simructl record with a larger --buffer"));
    }
    output::print(&told(&arrivals, how, &lines, rate_hz))
}

/// The mean rate of the arrivals, as a line takes it.
fn rate_of(arrivals: &Arrivals, how: &Replay) -> Result<u64, Failure> {
    let mean_hz = arrivals.mean_hz().unwrap_or(f64::INFINITY);
    if how.repeats && mean_hz > MOST_HZ {
        let what = format!("{WHAT} {} in a loop", input_name(&how.file));
        let why = "its arrivals come more than 1000000 times per second";
        return Err(Failure::new(what, why).remedy("a lower --speed, or without --loop"));
    }
    // The value is small enough.
    Ok(mean_hz.round().clamp(1.0, MOST_HZ) as u64)
}

fn told(arrivals: &Arrivals, how: &Replay, lines: &[u32], rate_hz: u64) -> String {
    let count = arrivals.gaps_ns.len();
    let noun = if count == 1 { "arrival" } else { "arrivals" };
    let length = seconds(arrivals.length_ns());
    let again = if how.repeats { ", again and again" } else { "" };
    let each = lines.iter().map(|line| {
        format!("line{line} replays {count} {noun} in {length} s, {rate_hz} per second{again}\n")
    });
    each.collect()
}

/// Puts back what was changed before a failure.
fn undo(failure: Failure, schedules: &[Schedule], changes: &[Change<'_>]) -> Failure {
    let back = changes.iter().rev().map(Change::write_back);
    let stuck = schedules.iter().map(Schedule::write_back).chain(back);
    match Failure::all(stuck.filter_map(Result::err)) {
        // The failure may already say so.
        None if failure.why().ends_with(UNDONE) => failure,
        None => failure.because(UNDONE),
        Some(more) => failure.also(more),
    }
}
