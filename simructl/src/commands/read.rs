// SPDX-License-Identifier: GPL-2.0-only

//! `simructl read`: copies the events of a line to standard output, or shows them decoded.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};

use simrupt_core::abi::RECORD_SIZE;

use crate::cli::{Options, Read};
use crate::commands::follow;
use crate::output;
use simrupt::device;
use simrupt::failure::Failure;
use simrupt::knobs::Knobs;
use simrupt::lines::Lines;
use simrupt::module::Module;
use simrupt::sysroot::Sysroot;

/// How much is read at once: whole records.
const CHUNK: usize = 1600 * RECORD_SIZE;

pub(crate) fn run(sysroot: &Sysroot, options: &Options, how: &Read) -> Result<(), Failure> {
    let line = options.one_line("read", "read")?;
    let module = Module::find(sysroot, &format!("cannot read line {line}"))?;
    module.select(&Lines::one(line))?;
    let is_record = match how.follow || how.count.is_some() {
        true => format(&module, line)? == "record",
        // The format does not matter.
        false => false,
    };
    if how.follow && !is_record {
        let why = "its format is char, which has neither numbers nor times";
        return Err(Failure::new(format!("cannot follow line {line}"), why)
            .remedy(format!("simructl set format=record --line {line}")));
    }

    let path = sysroot.device(line);
    let failed = |error: io::Error| Failure::file("read", &path, Some(line), &error);
    let device = device::open(sysroot, line, !how.nonblock)?;
    if how.follow {
        return follow::run(device, how.count, options.json, failed);
    }
    let size = if is_record { RECORD_SIZE } else { 1 };
    let bytes = how.count.map(|count| count.saturating_mul(size as u64));
    copy(device, bytes, failed)
}

/// The format of a line. A module without that knob has format `char` only.
fn format(module: &Module<'_>, line: u32) -> Result<String, Failure> {
    let knobs = Knobs::of(module)?;
    match knobs.find("format") {
        Ok(knob) => knobs.value(knob, line),
        Err(_) => Ok("char".to_string()),
    }
}

/// Copies until `count` bytes, the end, or, without waiting, until there are no more events.
fn copy(
    mut device: File,
    count: Option<u64>,
    failed: impl Fn(io::Error) -> Failure,
) -> Result<(), Failure> {
    let mut chunk = vec![0; CHUNK];
    let mut left = count.unwrap_or(u64::MAX);
    while left > 0 {
        let most = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
        let got = match device.read(&mut chunk[..most]) {
            Ok(0) => break,
            Ok(got) => got,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(failed(error)),
        };
        // Each chunk is written at once: somebody may be watching.
        if !output::copy(&chunk[..got])? {
            break;
        }
        if count.is_some() {
            left -= got as u64;
        }
    }
    Ok(())
}
