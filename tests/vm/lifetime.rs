// SPDX-License-Identifier: GPL-2.0-only

//! Loading, unloading, binding, unbinding, with and without users.

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent},
};
use simrupt_vm_tests::{
    Context, Reader, Simrupt, decode, enough, eventually, go_before_others, stay_on_cpu, unload,
};
use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    os::fd::AsFd,
    sync::mpsc,
    thread,
    time::Instant,
};

#[test]
fn an_open_device_keeps_the_module_loaded() {
    let module = Simrupt::load("rate_hz=1000");
    let mut file = module.line(0).open();
    assert_eq!(unload(), Err(Errno::EWOULDBLOCK));
    file.read_exact(&mut [0; 10]).unwrap();
    drop(file);
    drop(module);
}

#[test]
fn an_open_debugfs_file_keeps_the_module_loaded() {
    let module = Simrupt::load("");
    for name in [
        "stats",
        "contexts",
        "latency",
        "irq",
        "rate_hz",
        "workqueue",
    ] {
        let mut file = File::open(module.line(0).path(name)).unwrap();
        assert_eq!(unload(), Err(Errno::EWOULDBLOCK), "{name}");
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert!(!text.is_empty());
    }
    let file = File::open("/sys/kernel/debug/simrupt/knobs").unwrap();
    assert_eq!(unload(), Err(Errno::EWOULDBLOCK));
    drop(file);
    drop(module);
}

#[test]
fn unbinding_ends_reads_and_binding_starts_again() {
    let module = Simrupt::load(&format!("lines=2 rate_hz={} run=always", enough(5000)));
    let line = module.line(1);
    for round in 0..5 {
        let readers = [Reader::start(line, 10), Reader::start(line, 4096)];
        let mut waiting = line.open();
        eventually("events arrive", || line.stat("read") >= 100);
        line.unbind();
        // How the readers share the events is not specified.
        let read: usize = readers.map(|reader| reader.join().len()).iter().sum();
        assert!(read >= 100, "{read}");
        // Queued events can still be read; the end is an error, not an end of file.
        let error = waiting.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(Errno::ENODEV as i32));
        let error = File::open(line.device()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let error = fs::read_to_string(line.path("stats")).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(Errno::ENODEV as i32));

        // Knobs can be changed meanwhile, and are in force afterwards.
        let flavor = ["bh", "bound", "ordered", "unbound", "bh"][round];
        line.set("workqueue", flavor);
        line.set("fifo_size", "1000");
        line.bind();
        assert_eq!(line.get("workqueue"), flavor);
        eventually("events arrive again", || line.stat("drained") >= 100);
        drop(waiting);
        let before = line.stat("events");
        eventually("the old file's end did not stop the new line", || {
            line.stat("events") > before + 10
        });
        module.verify();
    }
}

#[test]
fn the_module_can_be_unloaded_while_unbound() {
    let module = Simrupt::load("rate_hz=1000 run=always");
    module.line(0).unbind();
    drop(module);
}

#[test]
fn loading_twice_is_refused() {
    let module = Simrupt::load("");
    assert_eq!(simrupt_vm_tests::try_load(""), Err(Errno::EEXIST));
    module.verify();
}

#[test]
fn unbinding_wakes_pollers_with_an_error() {
    let module = Simrupt::load("rate_hz=0");
    let file = module.line(0).open();
    let (sender, receiver) = std::sync::mpsc::channel();
    let poller = std::thread::spawn(move || {
        let mut fds = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
        sender.send(()).unwrap();
        let ready = poll(&mut fds, PollTimeout::from(10_000_u16)).unwrap();
        assert_eq!(ready, 1, "poll timed out");
        fds[0].revents().unwrap()
    });
    receiver.recv().unwrap();
    module.line(0).unbind();
    assert!(poller.join().unwrap().contains(PollFlags::POLLHUP));
    module.line(0).bind();
    module.line(0).set("rate_hz", "1000");
    module.line(0).open().read_exact(&mut [0; 10]).unwrap();
    module.verify();
}

/// The reader is there as soon as the file is: it waits for the file, and has a higher priority than the thread that
/// creates it.
#[test]
fn a_line_that_was_just_bound_works_as_its_knobs_say() {
    const ROUNDS: usize = 10;
    let module = Simrupt::load("format=record workqueue=bh rate_hz=64000 pattern=burst burst=64");
    let line = module.line(0);
    line.unbind();
    let folder = Inotify::init(InitFlags::empty()).unwrap();
    folder.add_watch("/dev", AddWatchFlags::IN_CREATE).unwrap();
    let (done, is_done) = mpsc::channel();
    let reader = thread::spawn(move || {
        stay_on_cpu(0);
        go_before_others();
        for _ in 0..ROUNDS {
            let is_there =
                |event: &InotifyEvent| event.name.as_deref() == Some("simrupt0".as_ref());
            while !folder.read_events().unwrap().iter().any(is_there) {}
            let mut file = line.open_nonblock();
            let mut bytes = [0; 4096];
            let start = Instant::now();
            // Waiting lets the other thread go on.
            let count = loop {
                match file.read(&mut bytes) {
                    Ok(count) => break count,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                }
                assert!(start.elapsed().as_secs() < 20, "no events arrive");
            };
            assert!(!decode(&bytes[..count]).is_empty());
            drop(file);
            done.send(()).unwrap();
        }
    });
    let binder = thread::spawn(move || {
        stay_on_cpu(0);
        for _ in 0..ROUNDS {
            line.bind();
            is_done.recv().expect("the reader had no trouble");
            line.unbind();
        }
    });
    reader.join().unwrap();
    binder.join().unwrap();
    line.bind();
    module.verify();
}

#[test]
fn a_line_that_is_masked_is_bound_masked() {
    let module = Simrupt::load("masked=1 rate_hz=1000000 run=always");
    let line = module.line(0);
    for _ in 0..20 {
        eventually("events come", || line.stat("events") > 0);
        assert_eq!(line.stat("handled"), 0);
        line.unbind();
        line.bind();
    }
    module.verify();
}

#[test]
fn an_edge_from_before_binding_calls_the_top_half_in_its_context() {
    let module = Simrupt::load("rate_hz=10000 run=always");
    let line = module.line(0);
    for _ in 0..20 {
        line.set("masked", "1");
        let raised = line.stat("events");
        eventually("the line is raised", || line.stat("events") > raised);
        line.unbind();
        line.set("masked", "0");
        line.bind();
        eventually("events are handled", || line.stat("handled") > 0);
        line.assert_ran_in("top_half", Context::of_top_half());
    }
    module.verify();
}
