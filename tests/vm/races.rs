// SPDX-License-Identifier: GPL-2.0-only

//! Loading and unloading in the middle of everything else: a call that comes too late gets one of the expected errors.

use nix::{
    errno::Errno,
    fcntl::OFlag,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};
use simrupt_vm_tests::{DRIVER, Simrupt, eventually, flavors, is_brief, try_load};
use std::{
    fs::File,
    io::{self, Read, Write},
    os::{fd::AsFd, unix::fs::OpenOptionsExt},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

const DEVICE: &str = "/dev/simrupt0";
const DEBUGFS: &str = "/sys/kernel/debug/simrupt";
const PARAMETERS: &str = "/sys/module/simrupt/parameters";

/// A thread that repeats an action; each time it works, or fails as expected.
struct Hammer {
    name: &'static str,
    stop: Arc<AtomicBool>,
    /// How often it worked.
    blows: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Hammer {
    fn start(
        name: &'static str,
        expected: &'static [Errno],
        mut strike: impl FnMut() -> io::Result<()> + Send + 'static,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let blows = Arc::new(AtomicUsize::new(0));
        let (stopped, counted) = (stop.clone(), blows.clone());
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::SeqCst) {
                match strike() {
                    Ok(()) => _ = counted.fetch_add(1, Ordering::SeqCst),
                    Err(error) => {
                        let errno = Errno::from_raw(error.raw_os_error().expect("an errno"));
                        assert!(expected.contains(&errno), "{name}: {errno}");
                    }
                }
                // So that there are moments at which nobody has a file open.
                thread::sleep(Duration::from_millis(2));
            }
        });
        Self {
            name,
            stop,
            blows,
            thread,
        }
    }

    fn blows(&self) -> usize {
        assert!(!self.thread.is_finished(), "{} gave up", self.name);
        self.blows.load(Ordering::SeqCst)
    }

    fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread
            .join()
            .unwrap_or_else(|_| panic!("{} met what it did not expect", self.name));
    }
}

/// Opens the device; the reads of `nonblock` do not wait.
fn open(nonblock: bool) -> io::Result<File> {
    let flags = if nonblock {
        OFlag::O_NONBLOCK
    } else {
        OFlag::empty()
    };
    let mut options = File::options();
    options.read(true).custom_flags(flags.bits());
    options.open(DEVICE)
}

fn read_text(path: &str) -> io::Result<()> {
    let mut text = String::new();
    File::open(path)?.read_to_string(&mut text)?;
    assert!(!text.is_empty(), "{path} is empty");
    Ok(())
}

fn write_text(path: &str, text: &str) -> io::Result<()> {
    File::options()
        .write(true)
        .open(path)?
        .write_all(text.as_bytes())
}

/// No such file, because it is gone or does not exist yet; no such device, because it is unbound; the module is just
/// being loaded; or, in debugfs and sysfs, the file is being removed.
const GONE: &[Errno] = &[
    Errno::ENOENT,
    Errno::ENODEV,
    Errno::ENXIO,
    Errno::EAGAIN,
    Errno::EIO,
];

/// Everything that users can do at the same time.
fn hammers() -> Vec<Hammer> {
    let mut rates = ["1000", "2000", "0", "3000"].iter().cycle();
    let mut flavors = flavors().into_iter().cycle();
    let mut sizes = ["16", "4096", "1000"].iter().cycle();
    vec![
        Hammer::start("read", GONE, || {
            let mut file = open(true)?;
            let mut fds = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
            if poll(&mut fds, PollTimeout::from(5_u8))? == 0 {
                // Another thread has silenced the device.
                return Ok(());
            }
            file.read(&mut [0; 100]).map(|count| assert!(count > 0))
        }),
        Hammer::start("poll", GONE, || {
            let file = open(false)?;
            let mut fds = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, PollTimeout::ZERO)?;
            Ok(())
        }),
        Hammer::start("stats", GONE, || {
            read_text(&format!("{DEBUGFS}/line0/stats"))
        }),
        Hammer::start("latency", GONE, || {
            read_text(&format!("{DEBUGFS}/line0/latency"))
        }),
        Hammer::start("rate_hz", GONE, move || {
            write_text(&format!("{DEBUGFS}/line0/rate_hz"), rates.next().unwrap())
        }),
        Hammer::start("workqueue", GONE, move || {
            write_text(&format!("{PARAMETERS}/workqueue"), flavors.next().unwrap())
        }),
        Hammer::start("fifo_size", GONE, move || {
            write_text(&format!("{PARAMETERS}/fifo_size"), sizes.next().unwrap())
        }),
        Hammer::start("reset", GONE, || {
            write_text(&format!("{DEBUGFS}/line0/reset"), "1")
        }),
    ]
}

/// Loads and unloads during all of them.
fn reload_under(hammers: &[Hammer], rounds: usize) {
    for round in 0..rounds {
        let before: Vec<_> = hammers.iter().map(Hammer::blows).collect();
        let trigger = ["open", "always"][round % 2];
        let module = Simrupt::load(&format!("lines=2 rate_hz=2000 run={trigger}"));
        eventually("everybody gets at the module", || {
            hammers
                .iter()
                .zip(&before)
                .all(|(hammer, before)| hammer.blows() > before + 2)
        });
        module.unload_when_idle();
    }
}

#[test]
fn the_module_can_be_unloaded_in_the_middle_of_everything() {
    let hammers = hammers();
    reload_under(&hammers, if is_brief() { 3 } else { 8 });
    hammers.into_iter().for_each(Hammer::stop);
}

#[test]
fn the_module_can_be_unloaded_in_the_middle_of_unbinding_and_binding() {
    // The file or device is gone, already bound or unbound, or does not exist yet.
    const EXPECTED: &[Errno] = &[
        Errno::ENOENT,
        Errno::ENODEV,
        Errno::EBUSY,
        Errno::EINVAL,
        Errno::EAGAIN,
    ];
    let mut hammers = hammers();
    let mut strikes = 0;
    hammers.push(Hammer::start("unbind and bind", EXPECTED, move || {
        strikes += 1;
        if strikes % 2 == 0 {
            return write_text(&format!("{DRIVER}/bind"), "simrupt.0");
        }
        // Bound for most of the time, so that the other threads have something to lose.
        thread::sleep(Duration::from_millis(10));
        write_text(&format!("{DRIVER}/unbind"), "simrupt.0")
    }));
    reload_under(&hammers, 3);
    hammers.into_iter().for_each(Hammer::stop);
}

/// The kernel frees a module whose load fails, even if somebody has a file of it open.
#[test]
fn nobody_gets_a_file_of_a_module_whose_load_fails() {
    let refused = |path: &'static str| {
        let refusals = Arc::new(AtomicUsize::new(0));
        let counted = refusals.clone();
        // There is no such file; or it exists, but its object does not any more.
        const EXPECTED: &[Errno] = &[Errno::ENOENT, Errno::ENODEV];
        let hammer = Hammer::start(path, EXPECTED, move || match File::open(path) {
            Ok(_) => panic!("{path} could be opened"),
            Err(error) if error.raw_os_error() == Some(Errno::EAGAIN as i32) => {
                counted.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }
            Err(error) => Err(error),
        });
        (hammer, refusals)
    };
    let (hammer, refusals) = refused(DEVICE);
    eventually("the first line is met before the last one fails", || {
        // There is not enough memory for all of them.
        assert_eq!(try_load("lines=64 fifo_size=1048576"), Err(Errno::ENOMEM));
        refusals.load(Ordering::SeqCst) >= 3
    });
    hammer.stop();
}
