// SPDX-License-Identifier: GPL-2.0-only

//! One round of one cell: set up, warm up, wait for rest, measure, wait for rest, and check the counters. Then the
//! lines run once more, for half as long, while the idle CPU time is soaked up, to measure the CPU time that they take:
//! see [`soak`](crate::soak). Latencies are not measured in that part, because no CPU is ever idle in it.
//!
//! The measurement begins when the rate is set and ends with the rate of 0. The counters are reset at rest, before it:
//! a reset blocks all stages, and an event in the meantime would have to wait. Everything else that costs time, such as
//! finding threads, is also done before or after. Events that are under way at the end still arrive, and count.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use crate::cpu::Accounts;
use crate::metrics::{Sample, Spent};
use crate::reader::Reader;
use crate::rig::{Rig, WHAT};
use crate::setting::{Setting, Timing};
use crate::soak::{Mark, Soak, Stretch, taken_ns};
use crate::steady::{self, WarmUp};
use crate::stress::{Places, Running};
use simrupt::device;
use simrupt::failure::{Failure, describe};
use simrupt::line::Counters;
use simrupt::stop::Stop;
use simrupt::verdict::Verdict;

/// Runs a round, again if others have changed the lines during it; `None` if it was stopped. The lines are silent
/// afterwards in any case.
pub fn run(
    rig: &mut Rig<'_>,
    setting: &Setting,
    timing: Timing,
    stop: &Stop,
) -> Result<Option<Sample>, Failure> {
    let name = setting.to_string();
    for _ in 0..TRIES {
        let outcome = attempt(rig, setting, timing, stop);
        let silent = rig.silence(setting).and_then(|_| rig.relieve(setting));
        let sample = outcome.map_err(|failure| failure.at(&name))?;
        silent.map_err(|failure| failure.at(&name))?;
        match sample {
            Some(Measured { is_foreign, .. }) if is_foreign => {}
            Some(measured) => return Ok(Some(measured.sample)),
            None => return Ok(None),
        }
    }
    let change = rig.known().last_change().unwrap_or_default().to_string();
    let what = format!("{name}: something else changed the lines in each of {TRIES} tries");
    Err(Failure::new(what, change).remedy("run it again when nothing else sets the knobs"))
}

/// How often a round is tried if others change the lines during it.
const TRIES: usize = 3;

/// The outcome of a try.
struct Measured {
    sample: Sample,
    /// Whether others have changed the lines during it. Then it does not count.
    is_foreign: bool,
}

fn attempt(
    rig: &mut Rig<'_>,
    setting: &Setting,
    timing: Timing,
    stop: &Stop,
) -> Result<Option<Measured>, Failure> {
    let name = setting.to_string();
    rig.put_right(&format!("before {name}"))?;
    rig.prepare(setting)?;
    let readers = readers(rig, setting)?;
    let tids = readers.iter().map(Reader::tid).collect();
    let mut accounts = Accounts::open(rig.module().sysroot(), tids);
    let stress = start_interference(rig, setting, timing)?;
    rig.start_hog(setting)?;
    rig.start(setting)?;
    let Some(warm_up) = warm_up(rig, setting, timing, &accounts, stop)? else {
        return Ok(None);
    };
    rig.silence(setting)?;
    rig.rest(setting)?;
    rig.reset(setting)?;
    // If idle time is soaked up, CPU time is measured in that part.
    let is_soaked = timing.is_soaked(setting);
    let before = (!is_soaked).then(|| accounts.before());
    let begun = rig.start(setting)?;
    rig.known().begin_silence();
    let in_time = stop.sleep(timing.duration);
    let when = format!("during {name}");
    let has_rates = rig.rates_hold(setting, &when)?;
    rig.known().end_of_silence();
    let ended = rig.silence(setting)?;
    // The last events are on their way, and this thread would disturb them.
    rig.rest(setting)?;
    let usage = before.map(|before| before.until(&accounts.after()));
    if !in_time {
        return Ok(None);
    }
    drop(stress);
    rig.relieve(setting)?;

    let mut sample = Sample {
        elapsed_ns: mean_ns(&begun, &ended),
        warm_up,
        ..Sample::default()
    };
    count(rig, setting, &mut sample)?;
    if let Some(usage) = usage {
        sample.spent = Spent {
            events: sample.counter("events"),
            busy_ns: None,
            usage,
        };
    }
    if is_soaked {
        match spend(rig, setting, timing, &mut accounts, stop)? {
            Some(spent) => sample.spent = spent,
            None => return Ok(None),
        }
    }
    for (line, reader) in rig.lines(setting.lines).into_iter().zip(readers) {
        let device = rig.module().sysroot().device(line);
        let read = reader.finish();
        read.map_err(|error| Failure::file("read", &device, Some(line), &error))?;
    }
    if !setting.is_read() {
        rig.drain(setting)?;
    }
    let is_foreign = rig.put_right(&when)? || !has_rates;
    Ok(Some(Measured { sample, is_foreign }))
}

/// Runs the lines once more, and measures the CPU time that they take; `None` if it was stopped.
///
/// This thread starts and silences the lines, which takes CPU time for each of them. A stretch that ends as soon as it
/// has begun shows how much: see [`Stretch::beyond`].
fn spend(
    rig: &mut Rig<'_>,
    setting: &Setting,
    timing: Timing,
    accounts: &mut Accounts<'_>,
    stop: &Stop,
) -> Result<Option<Spent>, Failure> {
    let [quiet_time, busy_time] = timing.soaked();
    rig.rest(setting)?;
    let soak = Soak::start(rig.cpus())
        .map_err(|error| Failure::new("cannot soak up idle time", describe(&error)))?;
    let quiet = soak.mark();
    if !stop.sleep(quiet_time) {
        return Ok(None);
    }
    let quiet = [quiet, soak.mark()];
    let Some(empty) = stretch(rig, setting, &soak, &quiet, Duration::ZERO, stop)? else {
        return Ok(None);
    };
    let before = accounts.before();
    let Some(busy) = stretch(rig, setting, &soak, &quiet, busy_time, stop)? else {
        return Ok(None);
    };
    drop(soak);
    let after = accounts.after();
    Ok(Some(Spent {
        events: busy.events,
        busy_ns: busy.beyond(&empty),
        usage: before.until(&after),
    }))
}

/// Runs the lines for a while; `None` if it was stopped. `quiet` are marks between which nothing was done.
fn stretch(
    rig: &mut Rig<'_>,
    setting: &Setting,
    soak: &Soak,
    quiet: &[Mark; 2],
    time: Duration,
    stop: &Stop,
) -> Result<Option<Stretch>, Failure> {
    let events_before = events(&rig.rest(setting)?);
    let begun = soak.mark();
    rig.start(setting)?;
    rig.known().begin_silence();
    let in_time = stop.sleep(time);
    rig.known().end_of_silence();
    rig.silence(setting)?;
    let ended = soak.mark();
    let events_after = events(&rig.rest(setting)?);
    Ok(in_time.then(|| Stretch {
        events: events_after.saturating_sub(events_before),
        taken_ns: taken_ns(quiet.each_ref(), [&begun, &ended]),
    }))
}

/// Lets running lines go on for a while; `None` if it was stopped.
fn warm_up(
    rig: &Rig<'_>,
    setting: &Setting,
    timing: Timing,
    accounts: &Accounts<'_>,
    stop: &Stop,
) -> Result<Option<WarmUp>, Failure> {
    if timing.until_steady && !timing.warm_up.is_zero() {
        return steady::warm_up(rig, setting, timing.warm_up, accounts, stop);
    }
    Ok(stop.sleep(timing.warm_up).then_some(WarmUp {
        elapsed: timing.warm_up,
        is_steady: None,
    }))
}

/// Starts the interference, if there is any.
fn start_interference(
    rig: &Rig<'_>,
    setting: &Setting,
    timing: Timing,
) -> Result<Running, Failure> {
    let places = Places {
        online: rig.cpus(),
        of_lines: rig.placement().of_lines(setting.lines),
    };
    Running::start(setting.stress, places, timing.of_longest_round(setting)).map_err(|error| {
        let what = format!("cannot start the interference {}", setting.stress);
        let failure = Failure::new(what, describe(&error));
        match error.kind() {
            ErrorKind::PermissionDenied => failure.remedy(
                "a shell that may use SCHED_FIFO, outside of a container; or without --stress fifo",
            ),
            _ => failure,
        }
    })
}

/// The events of all lines so far.
fn events(counters: &[Counters]) -> u64 {
    counters
        .iter()
        .filter_map(|one| one.stats.get("events"))
        .sum()
}

/// A reader for each line, if lines are read in this mode.
fn readers(rig: &Rig<'_>, setting: &Setting) -> Result<Vec<Reader>, Failure> {
    if !setting.is_read() {
        return Ok(Vec::new());
    }
    let start = |line| {
        let sysroot = rig.module().sysroot();
        let device = device::open(sysroot, line, true)?;
        Reader::start(device, rig.placement().reader(line))
            .map_err(|error| Failure::file("read", &sysroot.device(line), Some(line), &error))
    };
    rig.lines(setting.lines).into_iter().map(start).collect()
}

/// The mean time between beginnings and ends.
fn mean_ns(begun: &[Instant], ended: &[Instant]) -> u64 {
    let times = begun.iter().zip(ended);
    let sum: Duration = times.map(|(from, to)| to.duration_since(*from)).sum();
    u64::try_from(sum.as_nanos() / begun.len().max(1) as u128).unwrap_or(u64::MAX)
}

/// Adds up the counters of the lines, once they are at rest and their sums hold.
fn count(rig: &Rig<'_>, setting: &Setting, sample: &mut Sample) -> Result<(), Failure> {
    let lines = rig.lines(setting.lines);
    for (line, counters) in lines.into_iter().zip(rig.rest(setting)?) {
        let directory = rig.module().line_directory(line, WHAT)?;
        let verdict = Verdict::of(&counters)
            .map_err(|why| Failure::malformed(&directory.join("stats"), why))?;
        if verdict.amiss().is_some() {
            let why = verdict.text(line).trim_end().replace("\n  ", "; ");
            return Err(Failure::new("the figures cannot be believed", why)
                .remedy("simructl stats for all figures; dmesg may say more")
                .verdict());
        }
        for (name, value) in counters.stats.iter() {
            *sample.counters.entry(name.to_string()).or_default() += value;
        }
    }
    sample.histograms = rig.latencies(setting)?;
    Ok(())
}
