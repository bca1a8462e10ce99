// SPDX-License-Identifier: GPL-2.0-only

//! `simructl record`: writes the arrival times of an interrupt to a file, with or without the module.

use std::time::{Instant, SystemTime};

use humantime::format_rfc3339_seconds;
use nix::sys::utsname::uname;

use crate::cli::{Options, Record};
use crate::destination::Claims;
use crate::output;
use crate::signals;
use simrupt::arrivals::Arrivals;
use simrupt::failure::Failure;
use simrupt::handlers::Watched;
use simrupt::lines::Lines;
use simrupt::module::Module;
use simrupt::sysroot::{Sysroot, read_text};
use simrupt::text::seconds;
use simrupt::trace::PERIOD;
use simrupt_core::gaps::MAX_GAPS;

const WHAT: &str = "cannot record";

pub(crate) fn run(sysroot: &Sysroot, options: &Options, how: &Record) -> Result<(), Failure> {
    let mut claims = Claims::default();
    let to = claims.output(&how.out)?;
    if !to.is_stdout() {
        claims.stdout()?;
    }
    let irq = match how.irq {
        Some(irq) => irq,
        None => irq_of_line(sysroot, options.one_line("record", "recorded")?)?,
    };
    let most = how.count.unwrap_or(MAX_GAPS);
    let begun = SystemTime::now();
    let stop = signals::stop()?;
    let mut watched = Watched::start(sysroot, irq, how.buffer)?;
    let start = Instant::now();
    loop {
        let left = how
            .duration
            .map(|duration| duration.saturating_sub(start.elapsed()));
        let pause = left.map_or(PERIOD, |left| left.min(PERIOD));
        let goes_on = stop.sleep(pause);
        if watched.read()? >= most || !goes_on || left.is_some_and(|left| left <= pause) {
            break;
        }
    }
    let name = watched.name();
    let (mut arrivals, length_ns) = watched.end(most)?;
    if arrivals.gaps_ns.is_empty() {
        let why = format!("it did not come within {} s", seconds(length_ns));
        return Err(Failure::new(format!("{WHAT} {name}"), why)
            .remedy("simructl irqs --watch shows which interrupts come"));
    }
    arrivals.say("recorded", format_rfc3339_seconds(begun).to_string());
    if let Ok(system) = uname() {
        arrivals.say("host", system.nodename().to_string_lossy());
        arrivals.say("kernel", system.release().to_string_lossy());
    }
    arrivals.say("length_s", seconds(length_ns));
    let is_told = !to.is_stdout();
    to.open()?.write_by(|stream| arrivals.write(stream))?;
    if arrivals.lost() > 0 {
        warn(&arrivals, &name);
    }
    let count = arrivals.gaps_ns.len();
    let noun = if count == 1 { "arrival" } else { "arrivals" };
    let text = format!("{name}: {count} {noun} in {} s", seconds(length_ns));
    match is_told {
        true => output::print(&format!("{text}\n")),
        false => {
            output::note(&text);
            Ok(())
        }
    }
}

/// The interrupt of a line of the module.
fn irq_of_line(sysroot: &Sysroot, line: u32) -> Result<u32, Failure> {
    let what = format!("{WHAT} line {line}");
    let module = Module::find(sysroot, &what)
        .map_err(|failure| failure.because("--irq IRQ records any interrupt"))?;
    module.select(&Lines::one(line))?;
    let path = module.line_directory(line, &what)?.join("irq");
    let text =
        read_text(&path).map_err(|error| Failure::file("read", &path, Some(line), &error))?;
    let irq = text.trim().parse();
    irq.map_err(|_| Failure::malformed(&path, format!("it is no number: {text}")))
}

/// Warns that arrivals are missing.
fn warn(arrivals: &Arrivals, name: &str) {
    let count = arrivals.lost();
    let why = "there were more than could be read; gaps around them are too long";
    let failure = Failure::new(format!("{count} arrivals of {name} were lost"), why);
    output::warning(&failure.remedy("--buffer 16384"));
}
