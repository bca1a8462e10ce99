// SPDX-License-Identifier: GPL-2.0-only

//! Faults: each shows its symptom, the counters' sums hold under all of them, and each can be recovered from.

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};
use simrupt::trace::event::NAMES;
use simrupt_vm_tests::{
    Context, FAULTS, Line, Reader, Simrupt, action_counts, decode, eventually, expect_report,
    flavors, is_brief, lacking_flavors, log_lines, of_turn, read_records, simructl, skip,
    watches_itself,
};
use std::{
    fs,
    io::Read,
    os::fd::AsFd,
    thread,
    time::{Duration, Instant},
};

const MS: u64 = 1_000_000;

/// Sets a fault with its rules; the kind is set last.
fn fault(line: Line, kind: &str, rules: &[(&str, &str)]) {
    for (rule, value) in rules {
        line.set(&format!("fault_{rule}"), value);
    }
    line.set("fault", kind);
}

/// Ends the fault of a line and repairs its consequences.
fn recover(line: Line) {
    line.set("recover", "1");
    assert_eq!(line.get("fault"), "none");
}

/// How many values of a stage are at least this, by the lower bounds of its buckets.
fn values_from(line: Line, stage: &str, least_ns: u64) -> u64 {
    let buckets = line.stage(stage);
    let counts = buckets.buckets().filter(|[low, ..]| *low >= least_ns);
    counts.map(|[.., count]| count).sum()
}

#[test]
fn events_of_a_lost_edge_wait_for_the_next_one() {
    let module = Simrupt::load("rate_hz=0 run=always format=record");
    let line = module.line(0);
    fault(line, "lost", &[("every", "3")]);
    line.set("rate_hz", "100");
    let records = read_records(&mut line.open(), 30);
    recover(line);
    line.silence();
    // The third event of each three has the stamp of the fourth.
    for (at, record) in records.iter().enumerate() {
        let late_ns = record.irq_ns - record.due_ns;
        assert_eq!(late_ns > 5 * MS, at % 3 == 2, "{at}: {record:?}");
    }
    let stats = line.stats();
    assert_eq!(
        stats["raised"] + stats["fault_lost"],
        stats["events"],
        "{stats:?}"
    );
    assert!(stats["fault_lost"] >= 10, "{stats:?}");
    module.verify();
}

#[test]
fn events_whose_edges_are_all_lost_are_delivered_by_recover() {
    let module = Simrupt::load("rate_hz=1000 run=always fault=lost");
    let line = module.line(0);
    line.wait_for("events", 10);
    line.set("rate_hz", "0");
    let stats = line.stats();
    assert_eq!((stats["raised"], stats["drained"]), (0, 0), "{stats:?}");
    assert_eq!(stats["in_ring"], stats["events"], "{stats:?}");
    assert_eq!(stats["fault_lost"], stats["events"], "{stats:?}");
    module.verify();
    // The end of a fault does not undo its effects.
    line.set("fault", "none");
    assert_eq!(line.stat("in_ring"), stats["events"]);
    recover(line);
    line.silence();
    assert_eq!(line.stat("drained"), stats["events"]);
    module.verify();
}

#[test]
fn a_late_edge_is_a_tail_in_due_irq() {
    let module = Simrupt::load("rate_hz=0 run=always");
    let line = module.line(0);
    fault(line, "late", &[("every", "10"), ("us", "3000")]);
    line.set("rate_hz", "100");
    line.wait_for("drained", 200);
    line.silence();
    let late = line.stat("fault_late");
    assert!((20..=25).contains(&late), "{late}");
    assert_eq!(
        values_from(line, "due_irq", 2_900_000),
        late,
        "{:?}",
        line.stage("due_irq")
    );
    module.verify();
}

/// While a raise is late, the device raises for nothing else: later events wait for the same raise.
#[test]
fn a_late_edge_comes_after_the_end_of_a_replay() {
    let module = Simrupt::load("pattern=replay");
    let line = module.line(0);
    fs::write(line.path("schedule"), "1000000\n").unwrap();
    fault(line, "late", &[("us", "5000")]);
    let file = line.open();
    eventually("the event is delivered", || line.stat("drained") == 1);
    assert_eq!(line.stat("fault_late"), 1);
    assert_eq!(values_from(line, "due_irq", 4_900_000), 1);
    drop(file);
    module.verify();
}

#[test]
fn events_that_come_before_a_late_edge_wait_for_it_too() {
    let module = Simrupt::load("rate_hz=0 run=always");
    let line = module.line(0);
    fault(line, "late", &[("us", "20500")]);
    line.set("rate_hz", "1000");
    line.wait_for("drained", 100);
    line.silence();
    let stats = line.stats();
    assert!(stats["raised"] * 15 <= stats["events"], "{stats:?}");
    module.verify();
}

#[test]
fn a_spurious_interrupt_finds_nothing_and_is_counted() {
    let module = Simrupt::load("rate_hz=0 run=always");
    let line = module.line(0);
    fault(line, "spurious", &[("every", "4")]);
    line.set("rate_hz", "1000");
    line.wait_for("spurious", 25);
    line.set("rate_hz", "0");
    eventually("the last of them has come", || {
        let stats = line.stats();
        stats["spurious"] + 1 >= stats["fault_spurious"]
    });
    line.silence();
    let stats = line.stats();
    assert_eq!(
        stats["raised"],
        stats["handled"] + stats["coalesced"],
        "{stats:?}"
    );
    assert!(stats["events"] / 4 >= stats["spurious"], "{stats:?}");
    let calls = stats["handled"] + stats["spurious"];
    assert_eq!(action_counts("simrupt0").iter().sum::<u64>(), calls);
    module.verify();
}

#[test]
fn a_storm_is_survived_and_ends() {
    let module = Simrupt::load("rate_hz=0 run=always workqueue=none cpu=0 cpu_limit_pct=5");
    let line = module.line(0);
    simrupt_vm_tests::move_irq(line.irq(), 0);
    fault(line, "storm", &[("us", "300000"), ("times", "2")]);
    line.set("rate_hz", "10");
    eventually("two storms", || line.stat("fault_storm") == 2);
    eventually("the second ends", || {
        let raised = line.stat("raised");
        line.wait_for("events", 5);
        line.stat("raised") - raised < 10
    });
    line.silence();
    let stats = line.stats();
    assert!(stats["raised"] > 20 * stats["events"], "{stats:?}");
    assert!(stats["throttled"] > 10, "{stats:?}");
    assert_eq!(stats["spurious"], 0, "{stats:?}");
    assert_eq!(line.get("fault"), "storm", "it is shown though it is over");
    module.verify();
}

#[test]
fn the_machine_survives_a_stuck_line_until_it_is_recovered() {
    let module = Simrupt::load("rate_hz=0 run=always workqueue=none cpu=0 cpu_limit_pct=5");
    let line = module.line(0);
    simrupt_vm_tests::move_irq(line.irq(), 0);
    fault(line, "stuck", &[]);
    line.set("rate_hz", "10");
    line.wait_for("fault_stuck", 1000);
    line.wait_for("throttled", 10);
    let start = Instant::now();
    fs::read_dir("/proc").unwrap().count();
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "the machine is hardly usable"
    );
    recover(line);
    let stuck = line.stat("fault_stuck");
    line.wait_for("events", 5);
    assert_eq!(line.stat("fault_stuck"), stuck);
    line.silence();
    module.verify();
}

#[test]
fn a_line_is_stuck_for_the_set_number_of_interrupts() {
    let module = Simrupt::load("rate_hz=0 run=always");
    let line = module.line(0);
    fault(line, "stuck", &[("times", "50")]);
    line.set("rate_hz", "100");
    eventually("that many have come", || line.stat("fault_stuck") == 50);
    line.wait_for("events", 20);
    line.silence();
    let stats = line.stats();
    assert_eq!(stats["fault_stuck"], 50);
    assert_eq!(stats["raised"], stats["events"] + 50, "{stats:?}");
    module.verify();
}

/// The number of the kernel's messages that nobody handled a line.
fn complaints(line: Line) -> usize {
    log_lines(&format!("irq {}: nobody cared", line.irq())).len()
}

/// Leaves the interrupts of a line unhandled until the kernel disables it.
fn let_it_die(line: Line) {
    let before = complaints(line);
    expect_report("nobody cared");
    fault(line, "unhandled", &[]);
    line.set("rate_hz", "50000");
    eventually("the kernel disables the line", || complaints(line) > before);
    line.set("rate_hz", "1000");
    let raised = line.stat("raised");
    line.wait_for("raised", 10);
    let stats = line.stats();
    assert!(stats["fault_unhandled"] >= 99_900, "{stats:?}");
    assert_eq!((stats["handled"], stats["spurious"]), (0, 0), "{stats:?}");
    assert!(
        stats["raised"] > raised && stats["in_ring"] == 4096,
        "{stats:?}"
    );
    // Dead means that not even a handler that handles events is called.
    line.set("fault", "none");
    line.wait_for("raised", 10);
    assert_eq!(line.stat("handled"), 0);
}

#[test]
fn a_line_that_nobody_cared_for_is_dead_until_it_is_recovered() {
    let module = Simrupt::load("rate_hz=0 run=always cpu_limit_pct=100");
    let line = module.line(0);
    let_it_die(line);
    module.verify();
    // Both the kernel and the user have disabled it.
    line.set("masked", "1");
    recover(line);
    line.wait_for("raised", 10);
    assert_eq!(line.stat("handled"), 0);
    line.set("masked", "0");
    line.wait_for("handled", 10);
    line.silence();
    let again = log_lines("line 0: its interrupt is enabled again").len();
    assert!(again >= 1);
    recover(line);
    assert_eq!(
        log_lines("line 0: its interrupt is enabled again").len(),
        again
    );
    module.verify();
}

#[test]
fn a_level_that_nobody_acknowledges_is_disabled_after_one_event() {
    if watches_itself() {
        return skip("on this kernel, 100,000 interrupts one after the other may take minutes");
    }
    let module = Simrupt::load("rate_hz=0 run=always irq_type=level");
    let line = module.line(0);
    let before = complaints(line);
    expect_report("nobody cared");
    fault(line, "unhandled", &[]);
    line.set("rate_hz", "10");
    eventually("the kernel disables the line", || complaints(line) > before);
    line.set("rate_hz", "0");
    let stats = line.stats();
    assert!(stats["fault_unhandled"] >= 99_900, "{stats:?}");
    assert!((1..100).contains(&stats["raised"]), "{stats:?}");
    assert_eq!(stats["handled"], 0, "{stats:?}");
    recover(line);
    eventually("all is delivered", || line.stat("in_ring") == 0);
    line.set("rate_hz", "1000");
    line.wait_for("handled", 10);
    line.silence();
    module.verify();
}

#[test]
fn a_dead_line_works_again_when_its_driver_is_bound_again() {
    let module = Simrupt::load("rate_hz=0 run=always cpu_limit_pct=100");
    let line = module.line(0);
    let_it_die(line);
    line.unbind();
    line.bind();
    line.wait_for("handled", 10);
    line.silence();
    module.verify();
}

/// A few unhandled interrupts do not disable the line; a handled one takes their events.
#[test]
fn events_of_an_unhandled_interrupt_wait_for_the_next_one() {
    let module = Simrupt::load("rate_hz=0 run=always");
    let line = module.line(0);
    fault(line, "unhandled", &[("every", "2")]);
    line.set("rate_hz", "1000");
    line.wait_for("drained", 100);
    recover(line);
    line.silence();
    let stats = line.stats();
    assert!(stats["fault_unhandled"] >= 45, "{stats:?}");
    assert!(stats["coalesced"] >= 45, "{stats:?}");
    let calls = stats["handled"] + stats["spurious"] + stats["fault_unhandled"];
    if Context::of_top_half() == Context::Hardirq {
        assert_eq!(action_counts("simrupt0").iter().sum::<u64>(), calls);
    }
    module.verify();
}

/// Waits by poll(2), with a timeout; returns whether there is something to read, and how long the wait took.
fn wait_ms(file: &fs::File, timeout_ms: u16) -> (bool, u128) {
    let start = Instant::now();
    let mut fds = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
    let ready = poll(&mut fds, PollTimeout::from(timeout_ms)).expect("poll works");
    (ready == 1, start.elapsed().as_millis())
}

#[test]
fn a_reader_that_misses_its_wake_up_goes_on_after_its_timeout() {
    let module = Simrupt::load("rate_hz=10");
    let line = module.line(0);
    let mut file = line.open_nonblock();
    let mut bytes = [0; 1000];
    let mut empty = || while file.read(&mut bytes).is_ok() {};
    empty();
    let file = line.open_nonblock();
    let (is_ready, took_ms) = wait_ms(&file, 1000);
    assert!(is_ready && took_ms < 500, "{took_ms}");
    empty();
    fault(line, "dropped-wakeup", &[]);
    let (is_ready, took_ms) = wait_ms(&file, 1000);
    assert!(is_ready && took_ms >= 1000, "{took_ms}");
    assert!(line.stat("fault_dropped_wakeup") >= 5);
    module.verify();
}

#[test]
fn a_reader_that_waits_forever_is_woken_by_recover() {
    let module = Simrupt::load("rate_hz=0 fault=dropped-wakeup");
    let line = module.line(0);
    let reader = thread::spawn(move || {
        let mut byte = [0];
        line.open().read_exact(&mut byte).map(|()| byte)
    });
    line.set("run", "always");
    line.set("rate_hz", "100");
    line.wait_for("fault_dropped_wakeup", 5);
    line.silence();
    assert!(!reader.is_finished() && line.stat("read") == 0);
    recover(line);
    reader.join().unwrap().expect("a byte");
    module.verify();
}

#[test]
fn a_stall_delays_the_bottom_half_of_events_that_come_meanwhile() {
    let module = Simrupt::load("rate_hz=0 run=always workqueue=bound cpu=0");
    let line = module.line(0);
    fault(line, "stall", &[("us", "100000"), ("times", "1")]);
    line.set("rate_hz", "100");
    line.wait_for("runs", 20);
    line.silence();
    assert_eq!(line.stat("fault_stall"), 1);
    assert_eq!(values_from(line, "bh_run", 99 * MS), 1);
    // Of about ten events, the first waits nearly as long as the stall. It lets other threads have the CPU, which lengthen
    // it: a kernel that watches itself has some that take long.
    let waited = values_from(line, "irq_bh", 5 * MS);
    let most = if watches_itself() { 20 } else { 10 };
    assert!(
        (8..=most).contains(&waited),
        "{waited}: {:?}",
        line.stage("irq_bh")
    );
    module.verify();
}

#[test]
fn a_stall_of_an_interrupt_or_a_softirq_is_short() {
    let module = Simrupt::load("rate_hz=0 run=always");
    let line = module.line(0);
    // NAPI's thread polls with softirqs disabled.
    let mut flavors = vec!["bh", "tasklet", "none", "irq-poll", "napi", "napi-threaded"];
    flavors.retain(|flavor| !lacking_flavors().contains(flavor));
    for flavor in flavors {
        line.set("workqueue", flavor);
        line.set("reset", "1");
        fault(line, "stall", &[("us", "30000000"), ("times", "1")]);
        line.set("rate_hz", "100");
        line.wait_for("runs", 10);
        line.silence();
        let longest_ns = line.stage("bh_run").figure("max_ns");
        assert!(
            (50 * MS..80 * MS).contains(&longest_ns),
            "{flavor}: {longest_ns}"
        );
    }
    module.verify();
}

#[test]
fn a_stall_ends_with_its_fault_and_with_its_driver() {
    let module = Simrupt::load("rate_hz=0 run=always workqueue=bound");
    let line = module.line(0);
    let stall = || {
        fault(line, "stall", &[("us", "30000000")]);
        line.set("rate_hz", "100");
        eventually("it stalls", || line.stat("fault_stall") > 0);
    };
    stall();
    assert_eq!(line.try_set("workqueue", "bh"), Err(Errno::ETIMEDOUT));
    assert_eq!(line.get("workqueue"), "bound");
    let start = Instant::now();
    recover(line);
    line.set("workqueue", "bh");
    line.set("workqueue", "bound");
    assert!(start.elapsed() < Duration::from_secs(5));
    line.set("reset", "1");
    stall();
    let start = Instant::now();
    line.unbind();
    assert!(start.elapsed() < Duration::from_secs(5));
    line.bind();
    eventually("it stalls again", || line.stat("fault_stall") > 0);
    let start = Instant::now();
    drop(module);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn each_fault_is_traced_with_its_number() {
    let module = Simrupt::load("rate_hz=0 run=always");
    let line = module.line(0);
    assert!(NAMES.contains(&"simrupt_fault"));
    let folder = "/sys/kernel/tracing/instances/faults";
    fs::create_dir(folder).unwrap();
    fs::write(format!("{folder}/events/simrupt/simrupt_fault/enable"), "1").unwrap();
    for kind in FAULTS {
        fault(line, kind, &[("times", "3"), ("us", "100")]);
        line.set("rate_hz", "1000");
        let counter = format!("fault_{}", kind.replace('-', "_"));
        eventually("it has happened three times", || line.stat(&counter) == 3);
        recover(line);
        line.silence();
        assert_eq!(line.stat(&counter), 3);
    }
    let text = fs::read_to_string(format!("{folder}/trace")).unwrap();
    fs::remove_dir(folder).unwrap();
    for kind in FAULTS {
        for number in 1..=3 {
            let hit = format!("simrupt_fault: line=0 kind={kind} number={number} ns=");
            assert_eq!(text.matches(&hit).count(), 1, "{hit}: {text}");
        }
    }
    module.verify();
}

/// The output of simructl, which must succeed.
fn told(args: &[&str]) -> String {
    let output = simructl(args);
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn simructl_sets_shows_and_ends_faults_and_recovers_lines() {
    let module = Simrupt::load("lines=2 rate_hz=0 run=always");
    let line = module.line(0);
    line.set("fault_times", "3");
    let text = told(&[
        "fault",
        "set",
        "lost",
        "--every",
        "2",
        "--probability",
        "99.5%",
        "--line",
        "0",
    ]);
    assert!(
        text.contains("line0  lost       2  99.5%        any    1000         0"),
        "{text}"
    );
    line.set("rate_hz", "1000");
    line.wait_for("fault_lost", 5);
    assert!(told(&["status"]).contains("runs, fault lost"));
    assert!(
        told(&["stats", "--line", "0"])
            .starts_with(&format!("line0  irq {}  fault lost\n", line.irq()))
    );
    assert!(told(&["top", "--once"]).contains("fault lost"));
    assert!(told(&["fault", "off"]).contains("line0  none"));
    line.set("rate_hz", "0");
    assert!(!told(&["status"]).contains("fault"));
    told(&["fault", "set", "lost"]);
    line.set("rate_hz", "1000");
    line.wait_for("fault_lost", 5);
    line.set("rate_hz", "0");
    assert!(line.stat("in_ring") > 0);
    assert_eq!(told(&["recover"]), "line0 recovered\nline1 recovered\n");
    line.silence();
    module.verify();
    line.unbind();
    let output = simructl(&["recover", "--line", "0"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    line.bind();
}

/// Under each fault, on every flavor, in an open loop and in a closed one: the sums hold, no event is lost without
/// being counted, and all events come to their end afterwards. Each flavor has a quarter of the faults, and the next one
/// other ones; or all of them where everything is asked for.
#[test]
fn the_sums_hold_under_every_fault_on_every_flavor() {
    let module =
        Simrupt::load("lines=2 rate_hz=0 format=record fault_us=2000 fault_probability_ppm=300000");
    let lines = [module.line(0), module.line(1)];
    lines[1].set("pattern", "closed");
    let events = if is_brief() { 20 } else { 60 };
    for (number, flavor) in flavors().into_iter().enumerate() {
        for line in lines {
            line.set("workqueue", flavor);
        }
        for kind in of_turn(FAULTS, number, 4) {
            let readers = lines.map(|line| Reader::start(line, 64 * 1024));
            for line in lines {
                line.set("reset", "1");
                line.set("fault", kind);
                line.set("rate_hz", "2000");
            }
            lines[0].wait_for("events", events);
            module.verify();
            for (line, reader) in lines.into_iter().zip(readers) {
                recover(line);
                line.silence();
                let records = decode(&reader.stop());
                let stats = line.stats();
                let kept = stats["read"] + stats["overrun"] + stats["overwritten"];
                assert_eq!(stats["events"], kept, "{kind} on {flavor}: {stats:?}");
                assert_eq!(records.len() as u64, stats["read"], "{kind} on {flavor}");
                line.assert_ran_in("device", Context::Hardirq);
                line.assert_ran_in("top_half", Context::of_top_half());
                assert_eq!(line.contexts("bottom_half")[3], 0, "{kind} on {flavor}");
            }
        }
        module.verify();
    }
}

/// In a closed loop the next events come when the driver is done with the last ones. After a lost edge it never is.
#[test]
fn a_lost_edge_ends_a_closed_loop_until_it_is_recovered() {
    let module = Simrupt::load("pattern=closed rate_hz=0 run=always");
    let line = module.line(0);
    fault(line, "lost", &[("every", "100"), ("times", "1")]);
    line.set("rate_hz", "1");
    eventually("an edge is lost", || line.stat("fault_lost") == 1);
    let stats = line.stats();
    assert_eq!((stats["events"], stats["in_ring"]), (100, 1), "{stats:?}");
    thread::sleep(Duration::from_millis(20));
    assert_eq!(line.stat("events"), 100);
    recover(line);
    line.wait_for("events", 100);
    line.silence();
    module.verify();
}
