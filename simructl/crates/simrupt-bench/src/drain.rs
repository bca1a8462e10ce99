// SPDX-License-Identifier: GPL-2.0-only

//! The cost of reading records that are already there. A full fifo is read out in large pieces, and for comparison the
//! same number of bytes is read from a pipe, the kernel's own way to transfer bytes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use simrupt_core::abi::RECORD_SIZE;
use simrupt_core::knobs::{Format, Run};

use crate::results::Cost;
use crate::rig::{Rig, WHAT};
use crate::setting::{Flavor, Mode, Setting, Stress};
use simrupt::device;
use simrupt::failure::{Failure, describe};

/// The cost of a record that is read out of a full fifo.
pub const READ: &str = "record_read";
/// The cost of reading the same number of bytes from a pipe.
pub const THROUGH_PIPE: &str = "record_through_pipe";

/// How many records the fifo has.
const RECORDS: u64 = 65_536;

/// How much is read at once; a pipe holds the same amount.
const PIECE: usize = 64 * 1024;

/// How long it may take to fill the fifo.
const FILL_LIMIT: Duration = Duration::from_secs(10);

/// The mean time of a record, from the fifo and from a pipe.
pub fn measure(rig: &mut Rig<'_>) -> Result<Vec<Cost>, Failure> {
    let setting = Setting {
        mode: Mode::Rate,
        flavor: Flavor::Unbound,
        rate_hz: Some(1_000_000),
        burst: 1024,
        fifo_size: RECORDS,
        work_us: 0,
        affinity_scope: None,
        stress: Stress::Idle,
        lines: 1,
        knobs: BTreeMap::new(),
    };
    rig.prepare(&setting)?;
    let line = rig.lines(1).first().copied().unwrap_or(0);
    rig.set(line, "format", Format::Record.name())?;
    rig.set(line, "run", Run::Always.name())?;
    rig.start(&setting)?;
    let filled = fill(rig, line);
    rig.silence(&setting)?;
    filled?;

    let mut buffer = vec![1; PIECE];
    let path = rig.module().sysroot().device(line);
    let device = device::open(rig.module().sysroot(), line, false)?;
    let failed = |error| Failure::file("read", &path, Some(line), &error);
    let (bytes, time) = read_out(device, &mut buffer).map_err(failed)?;
    let pipe_time = through_a_pipe(bytes, &mut buffer)
        .map_err(|error| Failure::new("cannot read from a pipe", describe(&error)))?;
    let count = bytes / RECORD_SIZE as u64;
    let cost = |name: &str, time: Duration| Cost {
        name: name.to_string(),
        mean_ns: time.as_nanos() as f64 / count.max(1) as f64,
        count,
    };
    Ok(vec![cost(READ, time), cost(THROUGH_PIPE, pipe_time)])
}

/// Waits until the fifo is full.
fn fill(rig: &Rig<'_>, line: u32) -> Result<(), Failure> {
    let until = Instant::now() + FILL_LIMIT;
    loop {
        let counters = rig.module().counters(line, WHAT)?;
        let counters = counters.ok_or_else(|| Failure::unbound(line))?;
        let queued = counters.stats.get("queued").unwrap_or(0);
        if queued >= RECORDS {
            return Ok(());
        }
        if Instant::now() > until {
            let seconds = FILL_LIMIT.as_secs();
            return Err(Failure::new(
                format!("the fifo of line {line} is not full after {seconds} s"),
                format!("queued {queued} of {RECORDS}"),
            )
            .remedy("does something else read it?"));
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Reads everything: returns the number of bytes, and how long read() took.
fn read_out(mut device: impl Read, buffer: &mut [u8]) -> io::Result<(u64, Duration)> {
    let mut bytes = 0;
    let begun = Instant::now();
    loop {
        match device.read(buffer) {
            Ok(0) => break,
            Ok(count) => bytes += count as u64,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok((bytes, begun.elapsed()))
}

/// Sends the same number of bytes through a pipe: returns how long reading them took.
fn through_a_pipe(bytes: u64, buffer: &mut [u8]) -> io::Result<Duration> {
    let (reader, writer) = nix::unistd::pipe()?;
    let (mut reader, mut writer) = (File::from(reader), File::from(writer));
    let mut time = Duration::ZERO;
    let mut left = bytes;
    while left > 0 {
        let piece = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        writer.write_all(&buffer[..piece])?;
        let begun = Instant::now();
        reader.read_exact(&mut buffer[..piece])?;
        time += begun.elapsed();
        left -= piece as u64;
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_there_is_read() {
        let mut buffer = vec![0; 16];
        let (bytes, _) = read_out(&[7_u8; 100][..], &mut buffer).unwrap();
        assert_eq!(bytes, 100);
    }

    #[test]
    fn a_pipe_takes_every_piece() {
        let mut buffer = vec![3; PIECE];
        let time = through_a_pipe(2 * PIECE as u64 + 5, &mut buffer).unwrap();
        assert!(time > Duration::ZERO);
    }
}
