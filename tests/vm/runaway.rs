// SPDX-License-Identifier: GPL-2.0-only

//! Loads beyond the machine's capacity: it stays usable, and events that did not happen are reported.

use simrupt_vm_tests::{
    Context, KernelThreads, Line, Simrupt, eventually, flavors, log_lines, skip, watches_itself,
};
use std::{
    process::Command,
    time::{Duration, Instant},
};

/// How long a command may take on a usable machine. A kernel that checks itself is slow, and leaves simructl some
/// percent of a CPU: changing the rate of 64 lines has taken 13.5 s there.
fn answer() -> Duration {
    Duration::from_secs(if watches_itself() { 30 } else { 2 })
}

/// Runs a command, which must succeed in time.
fn answers(command: &mut Command) {
    let start = Instant::now();
    let output = command.output().expect("the command runs");
    let took = start.elapsed();
    assert!(output.status.success(), "{command:?}: {output:?}");
    assert!(took < answer(), "{command:?} took {took:?}");
}

/// Starts all lines at their greatest speed, and stops them, with shell commands only.
fn let_loose(module: &Simrupt, lines: usize) {
    answers(Command::new("simructl").args(["set-rate", "1000000"]));
    for _ in 0..2 {
        answers(Command::new("sh").args(["-c", "ls /proc | wc -l"]));
    }
    let all = || (0..lines).map(|index| module.line(index));
    eventually("some are slowed down", || {
        all().any(|line| line.stat("throttled") > 0)
    });
    for line in all() {
        eventually("none is passed over", || line.stat("events") > 0);
    }
    answers(Command::new("simructl").args(["set-rate", "0"]));
    (0..lines).for_each(|index| module.line(index).silence());
    module.verify();
    for line in (0..lines).map(|index| module.line(index)) {
        line.set("reset", "1");
        assert_eq!(line.stat("throttled"), 0);
    }
}

#[test]
fn sixty_four_lines_of_all_flavors_at_a_million_events_a_second_leave_the_machine_usable() {
    let flavors: Vec<&str> = flavors().into_iter().cycle().take(64).collect();
    let module = Simrupt::load(&format!(
        "lines=64 rate_hz=0 run=always workqueue={}",
        flavors.join(",")
    ));
    let_loose(&module, 64);
}

#[test]
pub(crate) fn long_bottom_halves_in_interrupts_and_softirqs_leave_the_machine_usable() {
    let module = Simrupt::load(
        "lines=64 rate_hz=0 run=always pattern=burst burst=4096 work_us=10000 workqueue=none",
    );
    let_loose(&module, 64);
    for flavors in ["bh", "tasklet,bh-highpri,bh"] {
        let list: Vec<&str> = flavors.split(',').cycle().take(64).collect();
        module
            .set_parameter("workqueue", list.join(",").as_bytes())
            .unwrap();
        let_loose(&module, 64);
    }
}

/// The module's messages about being slowed down.
fn said() -> Vec<String> {
    log_lines("slowed down")
}

/// For how long the device may save up unused CPU time: in any time T it may use its share of T plus this window, and
/// finish one more run.
const WINDOW: Duration = Duration::from_millis(10);

/// The share of the time, in percent, during which a line's bottom half, with runs of a millisecond, ran on CPU 0:
/// never more than the limit.
fn share_pct(module: &Simrupt, line: Line) -> u64 {
    // First the credit is spent. (The kernel itself may slow the line down, because it delays all timers of a CPU that
    // take too long; `throttled` does not count that.)
    line.wait_for("runs", 50);
    let start = Instant::now();
    line.set("reset", "1");
    eventually("the bottom half has run", || line.stat("runs") >= 50);
    let runs = line.stat("runs");
    let share_pct = u128::from(runs - 1) * 100_000_000 / (start.elapsed() + WINDOW).as_nanos();
    module.verify();
    u64::try_from(share_pct).unwrap()
}

#[test]
pub(crate) fn the_limit_is_kept_where_it_is_set() {
    let module = Simrupt::load("rate_hz=5000 run=always cpu=0 work_us=1000 workqueue=none");
    let line = module.line(0);
    simrupt_vm_tests::move_irq(line.irq(), 0);
    for flavor in ["none", "bh", "tasklet"] {
        line.set("workqueue", flavor);
        for limit_pct in [10, 60] {
            line.set("cpu_limit_pct", &limit_pct.to_string());
            let share_pct = share_pct(&module, line);
            // The checks of a kernel, on behalf of the module, are charged to the line.
            let least_pct = limit_pct * if watches_itself() { 5 } else { 7 } / 10;
            assert!(
                (least_pct..=limit_pct).contains(&share_pct),
                "{flavor}: {share_pct} % of {limit_pct} %"
            );
        }
    }
}

#[test]
pub(crate) fn a_redirected_interrupts_use_of_its_cpu_counts() {
    let module = Simrupt::load("rate_hz=5000 run=always cpu=0 work_us=1000 workqueue=none");
    let line = module.line(0);
    simrupt_vm_tests::move_irq(line.irq(), 1);
    let share_pct = share_pct(&module, line);
    assert!((35..=50).contains(&share_pct), "{share_pct}");
    line.assert_ran_in("bottom_half", Context::of_top_half());
}

/// A work item that is still running is queued again on the same CPU, wherever the interrupt goes.
#[test]
fn a_bottom_halfs_use_of_a_cpu_that_the_interrupt_has_left_counts() {
    // Otherwise a sleep here may not end without a limit.
    let _kernel_threads = KernelThreads::go_before_others();
    let module =
        Simrupt::load("rate_hz=5000 run=always cpu=0 work_us=1000 workqueue=bh cpu_limit_pct=100");
    let line = module.line(0);
    simrupt_vm_tests::move_irq(line.irq(), 0);
    eventually("the bottom half keeps its CPU busy", || {
        line.stat("runs") > 50
    });
    simrupt_vm_tests::move_irq(line.irq(), 1);
    line.set("cpu", "1");
    line.set("cpu_limit_pct", "50");
    let share_pct = share_pct(&module, line);
    assert!(share_pct <= 50, "{share_pct}");
}

#[test]
fn two_lines_share_what_one_may_take() {
    let module = Simrupt::load("lines=2 rate_hz=5000 run=always cpu=0 work_us=1000 workqueue=none");
    let lines = [module.line(0), module.line(1)];
    for line in lines {
        simrupt_vm_tests::move_irq(line.irq(), 0);
        line.set("cpu_limit_pct", "40");
    }
    let shares = [share_pct(&module, lines[0]), share_pct(&module, lines[1])];
    assert!(shares.iter().sum::<u64>() <= 40, "{shares:?}");
    // On PREEMPT_RT they are threads, which take turns less evenly.
    let is_thread = Context::of_top_half() == Context::Task;
    let most = if is_thread { 28 } else { 22 };
    for share_pct in shares {
        assert!((12..=most).contains(&share_pct), "{shares:?}");
    }
}

#[test]
fn a_closed_loop_is_slowed_down_too() {
    let module = Simrupt::load(
        "pattern=closed rate_hz=1 run=always work_us=1000 workqueue=bh cpu_limit_pct=20",
    );
    let line = module.line(0);
    let share_pct = share_pct(&module, line);
    assert!((12..=20).contains(&share_pct), "{share_pct}");
}

/// Even with a small limit, a closed loop gets its share. Besides the 100 µs of work, a run itself and the interrupts
/// around it take another 5 to 8 µs, at 2 µs for each interrupt.
#[test]
pub(crate) fn a_closed_loop_gets_its_limit() {
    if watches_itself() {
        return skip(
            "the checks of this kernel are charged to the line, and take about as long as its work",
        );
    }
    let module = Simrupt::load(
        "pattern=closed rate_hz=1 run=always work_us=100 cpu_limit_pct=1 cpu=0 workqueue=none",
    );
    let line = module.line(0);
    simrupt_vm_tests::move_irq(line.irq(), 0);
    // Alone it gets more than 85 %; after many other tests it was once 82 %.
    let least_pct = 75;
    for flavor in ["none", "bh", "tasklet"] {
        line.set("workqueue", flavor);
        // First the credit is spent.
        line.wait_for("throttled", 10);
        let (start, before) = (Instant::now(), line.stat("runs"));
        line.wait_for("runs", 100);
        let work_ns = u128::from(line.stat("runs") - before) * 100_000;
        let allowed_ns = start.elapsed().as_nanos() / 100;
        let got_pct = work_ns * 100 / allowed_ns;
        assert!(
            (least_pct..=100).contains(&got_pct),
            "{flavor}: {got_pct} % of its limit"
        );
    }
    module.verify();
}

#[test]
fn delayed_events_keep_their_due_times() {
    let module = Simrupt::load(
        "rate_hz=1000 run=always format=record work_us=2000 workqueue=none fifo_size=65536",
    );
    let line = module.line(0);
    let mut file = line.open();
    let records = simrupt_vm_tests::read_records(&mut file, 200);
    line.silence();
    assert!(line.stat("throttled") > 0);
    assert!(
        records
            .windows(2)
            .all(|two| two[1].due_ns - two[0].due_ns == 1_000_000),
        "the schedule has a gap"
    );
    let latest_ns = records.iter().map(|one| one.irq_ns - one.due_ns).max();
    assert!(
        latest_ns > Some(1_000_000),
        "lateness is hidden: {latest_ns:?}"
    );
    module.verify();
}

#[test]
fn below_the_limit_nothing_is_delayed() {
    let module = Simrupt::load(
        "rate_hz=1000 run=always workqueue=none pattern=burst burst=256 cpu_limit_pct=50",
    );
    let line = module.line(0);
    eventually("events arrive", || line.stat("events") >= 4096);
    line.silence();
    assert_eq!(line.stat("throttled"), 0);
}

#[test]
fn it_is_reported_once_until_a_knob_is_changed() {
    let before = said().len();
    let module = Simrupt::load("rate_hz=5000 run=always work_us=1000 workqueue=none");
    let line = module.line(0);
    eventually("it is said", || said().len() > before);
    let throttled = line.stat("throttled");
    eventually("it goes on", || line.stat("throttled") > throttled + 20);
    // Readers cannot cause another message.
    for _ in 0..5 {
        drop(line.open());
    }
    let lines = said();
    assert_eq!(lines.len(), before + 1, "{lines:?}");
    assert!(
        lines[before].contains("line 0") && lines[before].contains("cpu_limit_pct=50"),
        "{lines:?}"
    );
    line.set("cpu_limit_pct", "40");
    eventually("it is said again", || said().len() > before + 1);
    line.silence();
    module.verify();
}

/// Each change allows another message, and a change can be made a thousand times per second.
#[test]
fn a_flood_of_changes_does_not_flood_the_log() {
    let module = Simrupt::load("rate_hz=5000 run=always work_us=1000 workqueue=none");
    let line = module.line(0);
    let before = said().len();
    for round in 0..200 {
        let throttled = line.stat("throttled");
        line.set("cpu_limit_pct", ["20", "30"][round % 2]);
        line.set("reset", "1");
        eventually("it is slowed down", || {
            let now = line.stat("throttled");
            now > 0 && now != throttled
        });
    }
    line.silence();
    let logged = said().len() - before;
    assert!((1..=40).contains(&logged), "{logged} lines");
    module.verify();
}

#[test]
fn a_limit_of_one_percent_does_not_outlive_itself() {
    let module =
        Simrupt::load("rate_hz=1000 run=always work_us=10000 workqueue=none cpu_limit_pct=1");
    let line = module.line(0);
    eventually("the device is slowed down", || line.stat("throttled") > 0);
    line.set("work_us", "0");
    let start = Instant::now();
    let events = line.stat("events");
    line.set("cpu_limit_pct", "50");
    eventually("it goes on", || line.stat("events") > events + 10);
    assert!(start.elapsed() < Duration::from_millis(500));
    line.silence();
    module.verify();
}

#[test]
fn interference_on_sixty_four_lines_leaves_the_machine_usable() {
    let module = Simrupt::load("lines=64 rate_hz=0 cpu=0 stress_us=10000 stress_hz=10000");
    for stress in ["irqs-off", "softirq", "preempt-off"] {
        answers(Command::new("simructl").args(["set", &format!("stress={stress}")]));
        for _ in 0..2 {
            answers(Command::new("sh").args(["-c", "ls /proc | wc -l"]));
        }
        answers(Command::new("simructl").args(["set", "stress=none"]));
    }
    module.verify();
}
