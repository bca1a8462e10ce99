// SPDX-License-Identifier: GPL-2.0-only

//! Adaptive coalescing: `coalesce_adaptive`.

use nix::errno::Errno;
use simrupt_vm_tests::{
    Context, Hog, Line, Reader, Simrupt, enough, eventually, flavors, lacks, log_lines, move_irq,
    of_turn, settle, simructl, skip, stay_on_cpu, try_load, watches_itself,
};
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

/// For how long events wait with the kernel's profiles, in microseconds: `NET_DIM_RX_EQE_PROFILES` of
/// lib/dim/net_dim.c.
const WAITS_US: [u64; 5] = [1, 8, 64, 128, 256];

/// How many events end the wait, in each profile: `NET_DIM_DEFAULT_RX_CQ_PKTS_FROM_EQE`.
const EVENTS: u64 = 256;

/// The first wait: that of the profile `NET_DIM_DEF_PROFILE_EQE`.
const FIRST_US: u64 = 8;

/// The kernel chooses after this many interrupts: `DIM_NEVENTS`.
const INTERRUPTS: u64 = 64;

/// The CPU whose threads are kept from running.
const CPU: usize = 1;

/// Reports that a test is skipped if the kernel has no `net_dim()`.
fn is_skipped() -> bool {
    let lacks = lacks("coalesce_adaptive", "1");
    if lacks {
        skip("this kernel was built without CONFIG_DIMLIB");
    }
    lacks
}

/// The limits in force: microseconds and events.
fn now(line: Line) -> (u64, u64) {
    let stats = line.stats();
    (stats["coalesce_us_now"], stats["coalesce_events_now"])
}

/// The waits that are chosen during this many choices. Each is in the kernel's table.
fn chosen(line: Line, choices: u64) -> BTreeSet<u64> {
    let wanted = line.stat("coalesce_changes") + choices;
    let mut waits = BTreeSet::new();
    eventually(&format!("{choices} choices are made"), || {
        let stats = line.stats();
        assert_eq!(stats["coalesce_events_now"], EVENTS);
        waits.insert(stats["coalesce_us_now"]);
        stats["coalesce_changes"] >= wanted
    });
    for wait in &waits {
        assert!(WAITS_US.contains(wait), "{waits:?}");
    }
    waits
}

/// Lets the bottom half report its traffic to the kernel for a while. The kernel may keep the current wait: if the
/// bottom half polls, there are hardly any interrupts.
fn tell(line: Line) {
    line.wait_for("drained", enough(1000));
    let (wait, events) = now(line);
    assert!(
        WAITS_US.contains(&wait) && events == EVENTS,
        "{wait} {events}"
    );
}

#[test]
fn where_the_kernel_lacks_it_adaptive_coalescing_is_refused_and_changes_nothing() {
    if !lacks("coalesce_adaptive", "1") {
        return skip("this kernel has net_dim");
    }
    let module = Simrupt::load("lines=2 rate_hz=1000 run=always coalesce_us=70");
    let line = module.line(0);
    let answer = line.try_set("coalesce_adaptive", "1");
    assert_eq!(answer, Err(Errno::EOPNOTSUPP));
    let answer = module.set_parameter("coalesce_adaptive", b"0,1");
    assert_eq!(answer, Err(Errno::EOPNOTSUPP));
    assert_eq!(module.parameter("coalesce_adaptive"), "0,0\n");
    assert_eq!(now(line), (70, 4096));
    let output = simructl(&["set", "coalesce_adaptive=1"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("CONFIG_DIMLIB"), "{told}");
    line.set("coalesce_adaptive", "0");
    line.wait_for("drained", 20);
    module.verify();
    drop(module);
    assert_eq!(try_load("coalesce_adaptive=1"), Err(Errno::EOPNOTSUPP));
    let said = log_lines("coalesce_adaptive: 1 is refused");
    assert_eq!(said.len(), 1);
}

/// A rate in Hz at which the first two profiles have the same number of interrupts. The kernel counts whole events per
/// millisecond: here 4, whatever the lateness of a timer adds.
const LOW_HZ: &str = "3500";

#[test]
fn few_events_have_the_shortest_waits_and_many_get_longer_ones() {
    if is_skipped() {
        return;
    }
    if watches_itself() {
        return skip("the checks of this kernel delay interrupts by more than what is compared");
    }
    let module = Simrupt::load(&format!(
        "rate_hz={LOW_HZ} run=always workqueue=bh coalesce_adaptive=1"
    ));
    let line = module.line(0);
    assert_eq!(chosen(line, 6), BTreeSet::from([1, 8]));
    line.set("rate_hz", "400000");
    eventually("the longest wait is chosen", || now(line) == (256, EVENTS));
    let before = line.stats();
    line.wait_for("events", 20_000);
    let after = line.stats();
    let more = |name: &str| after[name] - before[name];
    assert!(more("events") >= 20 * more("raised"), "{after:?}");
    // Fewer events alone do not make it choose shorter waits again.
    line.set("rate_hz", LOW_HZ);
    let waits = chosen(line, 6);
    assert!(waits.is_subset(&BTreeSet::from([128, 256])), "{waits:?}");
    // It starts again with the first wait.
    line.set("coalesce_adaptive", "0");
    line.set("coalesce_adaptive", "1");
    assert_eq!(chosen(line, 6), BTreeSet::from([1, 8]));
    line.silence();
    module.verify();
}

#[test]
fn the_users_limits_are_kept_and_in_force_again_afterwards() {
    if is_skipped() {
        return;
    }
    let module = Simrupt::load("lines=2 rate_hz=4000 run=always coalesce_us=300 coalesce_events=7");
    let [line, other] = [module.line(0), module.line(1)];
    assert_eq!(now(line), (300, 7));
    line.set("coalesce_adaptive", "1");
    assert_eq!(now(line), (FIRST_US, EVENTS));
    let limits = || ["coalesce_us", "coalesce_events"].map(|knob| line.get(knob));
    assert_eq!(limits(), ["300", "7"]);
    line.set("coalesce_us", "500");
    line.set("coalesce_events", "9");
    assert_eq!(limits(), ["500", "9"]);
    chosen(line, 3);
    // Writing the same value does not restart it.
    let changes = line.stat("coalesce_changes");
    line.set("coalesce_adaptive", "1");
    assert!(line.stat("coalesce_changes") >= changes);
    line.set("coalesce_adaptive", "0");
    assert_eq!(now(line), (500, 9));
    let changes = line.stat("coalesce_changes");
    line.wait_for("raised", 4 * INTERRUPTS);
    assert_eq!(
        (now(line), line.stat("coalesce_changes")),
        ((500, 9), changes)
    );
    // The other line was not changed, and in a closed loop nothing waits.
    assert_eq!((now(other), other.stat("coalesce_changes")), ((300, 7), 0));
    line.set("coalesce_adaptive", "1");
    line.set("pattern", "closed");
    assert_eq!(now(line), (0, 1));
    line.wait_for("drained", 1000);
    line.set("pattern", "periodic");
    chosen(line, 3);
    // A reset counts from 0, and the kernel goes on choosing.
    line.set("reset", "1");
    chosen(line, 3);
    line.silence();
    module.verify();
}

#[test]
fn without_a_driver_the_knob_is_for_later() {
    if is_skipped() {
        return;
    }
    let module = Simrupt::load("rate_hz=4000 run=always coalesce_us=300");
    let line = module.line(0);
    line.unbind();
    line.set("coalesce_adaptive", "1");
    line.bind();
    assert_eq!(now(line).1, EVENTS);
    chosen(line, 3);
    line.unbind();
    line.set("coalesce_adaptive", "0");
    line.set("coalesce_events", "5");
    line.bind();
    assert_eq!(now(line), (300, 5));
    line.wait_for("drained", 100);
    assert_eq!(line.stat("coalesce_changes"), 0);
    line.silence();
    module.verify();
}

#[test]
fn every_flavor_reports_its_traffic_to_the_kernel_and_changes_lose_nothing() {
    if is_skipped() {
        return;
    }
    for (number, flavor) in flavors().into_iter().enumerate() {
        for budget in of_turn(["0", "16"], number, 2) {
            let module = Simrupt::load(&format!(
                "rate_hz={} format=record fifo_size=65536 workqueue={flavor} poll_budget={budget} coalesce_adaptive=1",
                enough(20_000)
            ));
            let line = module.line(0);
            let reader = Reader::start(line, 65536);
            tell(line);
            for round in 0..6 {
                line.set("coalesce_adaptive", ["0", "1"][round % 2]);
                line.set("coalesce_us", ["0", "200"][round % 2]);
                line.wait_for("events", enough(200));
            }
            tell(line);
            settle(&module, line, reader);
        }
    }
}

#[test]
fn it_can_be_switched_under_traffic_by_several_at_once() {
    if is_skipped() {
        return;
    }
    let module = Simrupt::load("rate_hz=20000 run=always workqueue=none coalesce_adaptive=1");
    let line = module.line(0);
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        for (knob, values) in [
            ("coalesce_adaptive", ["0", "1"]),
            ("coalesce_us", ["0", "100"]),
            ("workqueue", ["none", "bound"]),
            ("rate_hz", ["20000", "5000"]),
        ] {
            let ends = &ends;
            scope.spawn(move || {
                for value in values.iter().cycle() {
                    line.set(knob, value);
                    if ends.load(Ordering::Relaxed) {
                        return;
                    }
                }
            });
        }
        for _ in 0..20 {
            thread::sleep(Duration::from_millis(20));
            line.set("reset", "1");
        }
        ends.store(true, Ordering::Relaxed);
    });
    line.set("coalesce_adaptive", "0");
    line.set("coalesce_us", "90");
    assert_eq!(now(line).0, 90);
    line.silence();
    module.verify();
}

/// A line with a choice that is made but not in force, because no kernel thread can run on the CPU where it would be
/// put in force.
fn with_a_pending_choice(module: &Simrupt) -> (Line, Hog) {
    stay_on_cpu(0);
    let line = module.line(0);
    move_irq(line.irq(), CPU);
    chosen(line, 2);
    // Below the threads of interrupts.
    let hog = Hog::take(CPU, 1);
    let begun = Instant::now();
    let changes = line.stat("coalesce_changes");
    line.wait_for("handled", 8 * INTERRUPTS);
    // After a second the kernel lets ordinary threads run for a moment.
    assert!(begun.elapsed() < Duration::from_millis(900));
    assert!(line.stat("coalesce_changes") <= changes + 1);
    (line, hog)
}

const PENDING: &str =
    "rate_hz=4000 run=always workqueue=irq-thread coalesce_us=300 coalesce_adaptive=1";

#[test]
fn a_pending_choice_is_cancelled_when_it_is_switched_off() {
    if is_skipped() {
        return;
    }
    if watches_itself() {
        return skip("a second is too short for so many interrupts on this kernel");
    }
    let module = Simrupt::load(PENDING);
    let (line, hog) = with_a_pending_choice(&module);
    line.set("coalesce_adaptive", "0");
    assert_eq!(now(line).0, 300);
    let changes = line.stat("coalesce_changes");
    drop(hog);
    line.wait_for("handled", INTERRUPTS);
    assert_eq!((now(line).0, line.stat("coalesce_changes")), (300, changes));
    line.assert_ran_in("bottom_half", Context::Task);
    module.verify();
}

#[test]
fn a_pending_choice_is_cancelled_when_the_driver_or_the_module_goes() {
    if is_skipped() {
        return;
    }
    if watches_itself() {
        return skip("a second is too short for so many interrupts on this kernel");
    }
    let module = Simrupt::load(PENDING);
    let (line, hog) = with_a_pending_choice(&module);
    line.unbind();
    line.set("coalesce_adaptive", "0");
    drop(hog);
    line.bind();
    assert_eq!((now(line).0, line.stat("coalesce_changes")), (300, 0));
    line.set("coalesce_adaptive", "1");
    let (_, hog) = with_a_pending_choice(&module);
    // Unloading shows that nothing was left behind.
    drop(module);
    drop(hog);
}
