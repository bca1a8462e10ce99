// SPDX-License-Identifier: GPL-2.0-only

//! The cost of an event, or of reading a record.

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use nix::libc::O_NONBLOCK;
use simrupt_bench::soak::{Soak, taken_ns};

use crate::driver::{DRAINED, Driver};
use crate::setting::{Kind, Setting};

/// How long a driver runs before it is measured, and how long it is measured.
const WARM_UP: Duration = Duration::from_millis(50);
const QUIET: Duration = Duration::from_millis(100);
const BUSY: Duration = Duration::from_millis(300);

/// The cost of one event, or of one record read, in nanoseconds.
pub(crate) fn measure(driver: &Driver, setting: &Setting) -> Result<f64, Box<dyn Error>> {
    match setting.kind {
        Kind::Event => event(driver, setting),
        Kind::Drain { record } => drain(driver, setting, record),
    }
    .map_err(|error| format!("{}, {}: {error}", driver.name, setting.name()).into())
}

/// The total CPU time of an event: a thread of the lowest priority soaks up the rest.
fn event(driver: &Driver, setting: &Setting) -> Result<f64, Box<dyn Error>> {
    let _loaded = driver.load(setting)?;
    let soak = Soak::start(&[0])?;
    thread::sleep(WARM_UP);
    let quiet = [soak.mark(), {
        thread::sleep(QUIET);
        soak.mark()
    }];
    let events = Arc::<AtomicU64>::default();
    let reader = read_on(driver.device(), Arc::clone(&events))?;
    thread::sleep(WARM_UP);
    let before = events.load(Relaxed);
    let begun = soak.mark();
    crate::mark::begin();
    thread::sleep(BUSY);
    crate::mark::end();
    let ended = soak.mark();
    let count = events.load(Relaxed) - before;
    counted(driver, &setting.name(), count)?;
    reader.stop()?;
    drop(soak);
    let taken = taken_ns([&quiet[0], &quiet[1]], [&begun, &ended]).ok_or("the CPU is not idle")?;
    if count == 0 {
        return Err("no event came".into());
    }
    Ok(taken as f64 / count as f64)
}

/// Records what was counted between two marks, in the order of the marks.
pub(crate) fn counted(driver: &Driver, what: &str, count: u64) -> std::io::Result<()> {
    use std::io::Write;
    std::fs::create_dir_all("/out")?;
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open("/out/counted")?;
    writeln!(file, "{count} {} {what}", driver.name)?;
    // The addresses of the driver's functions differ from load to load.
    let symbols = std::fs::read_to_string("/proc/kallsyms")?;
    for line in symbols.lines().filter(|line| line.contains("[simrupt")) {
        writeln!(file, "{line}")?;
    }
    Ok(())
}

/// A thread that reads the device, which runs while it is open, and counts.
struct Reader {
    thread: thread::JoinHandle<std::io::Result<()>>,
    stop: Arc<AtomicU64>,
}

fn read_on(device: &Path, events: Arc<AtomicU64>) -> std::io::Result<Reader> {
    let mut file = File::open(device)?;
    let stop = Arc::<AtomicU64>::default();
    let stopped = Arc::clone(&stop);
    let thread = thread::Builder::new()
        .name("reader".to_string())
        .spawn(move || {
            let mut buffer = vec![1; 64 * 1024];
            while stopped.load(Relaxed) == 0 {
                let count = file.read(&mut buffer)?;
                events.fetch_add(count as u64, Relaxed);
            }
            Ok(())
        })?;
    Ok(Reader { thread, stop })
}

impl Reader {
    fn stop(self) -> std::io::Result<()> {
        // The next event wakes it.
        self.stop.store(1, Relaxed);
        self.thread
            .join()
            .unwrap_or_else(|_| Err(std::io::Error::other("the reader panicked")))
    }
}

/// The time to read a record from a full fifo, in pieces of 64 KiB.
fn drain(driver: &Driver, setting: &Setting, record: bool) -> Result<f64, Box<dyn Error>> {
    let _loaded = driver.load(setting)?;
    // The fifo is full after 3.2 s, and stays full, because it loses the oldest records. The next interrupt is half a
    // period away.
    thread::sleep(Duration::from_millis(3225));
    let mut device = OpenOptions::new()
        .read(true)
        .custom_flags(O_NONBLOCK)
        .open(driver.device())?;
    let size = if record { 40 } else { 1 };
    let mut buffer = vec![1; 64 * 1024];
    let mut left = DRAINED as usize * size;
    crate::mark::begin();
    let begun = Instant::now();
    while left > 0 {
        match device.read(&mut buffer[..left.min(64 * 1024)]) {
            Ok(count) => left -= count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Err("the fifo is not full".into());
            }
            Err(error) => return Err(error.into()),
        }
    }
    let elapsed = begun.elapsed();
    crate::mark::end();
    counted(driver, &setting.name(), DRAINED)?;
    Ok(elapsed.as_nanos() as f64 / DRAINED as f64)
}
