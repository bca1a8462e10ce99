// SPDX-License-Identifier: GPL-2.0-only

//! Polling with a budget: `poll_budget`.

use simrupt_core::knobs::Flavor;
use simrupt_vm_tests::{
    Context, Line, Simrupt, action_counts, enough, eventually, flavors, is_brief, keep_on_cpu,
    let_all_cpus_take, move_irq, read_records, set_priority, threads,
};

/// The flavors that have a later run, which can poll.
fn polling() -> impl Iterator<Item = &'static str> {
    let all = flavors().into_iter();
    all.filter(|name| *name != Flavor::None.name())
}

/// Brings a line to rest and checks that nothing was lost or forgotten; returns its counters.
fn rests(module: &Simrupt, line: Line) -> std::collections::BTreeMap<String, u64> {
    line.silence();
    module.verify();
    let stats = line.stats();
    assert_eq!(stats["in_ring"], 0, "{stats:?}");
    assert_eq!(stats["overrun"], 0, "{stats:?}");
    stats
}

#[test]
fn a_run_takes_its_budget_and_runs_again_while_there_is_more() {
    for flavor in polling() {
        let module = Simrupt::load(&format!(
            "rate_hz=100 pattern=burst burst=100 poll_budget=16 run=always workqueue={flavor}"
        ));
        let line = module.line(0);
        line.wait_for("drained", enough(1000));
        let stats = rests(&module, line);
        // Each interrupt has six runs of 16 events, and one run of the remaining four.
        let bursts = stats["events"] / 100;
        assert_eq!(stats["events"], 100 * bursts);
        // A slow device raises once more in the middle of a burst. If the poll ends just before that, there is one more
        // run, and events of one run may be spread over two.
        let splits = stats["raised"] - bursts;
        let polls = 7 * bursts..=7 * bursts + splits;
        assert!(polls.contains(&stats["polls"]), "{flavor}: {stats:?}");
        let full = 6 * bursts - splits..=6 * bursts;
        assert!(
            full.contains(&stats["budget_exhausted"]),
            "{flavor}: {stats:?}"
        );
        assert_eq!(stats["runs"], stats["polls"]);
        assert_eq!(stats["handled"], bursts, "{flavor}: {stats:?}");
    }
}

#[test]
fn a_line_that_never_rests_hardly_interrupts() {
    for flavor in polling() {
        let module = Simrupt::load(&format!(
            "rate_hz=0 poll_budget=64 work_us=200 run=always workqueue={flavor}"
        ));
        let line = module.line(0);
        let before: u64 = action_counts("simrupt0").iter().sum();
        line.set("rate_hz", "20000");
        // It takes some interrupts until it does not rest any more: on arm64, about 100.
        line.wait_for("drained", if is_brief() { 500 } else { 1500 });
        let stats = rests(&module, line);
        let interrupts = action_counts("simrupt0").iter().sum::<u64>() - before;
        // A run takes as long as four periods, in which more events come, so the driver goes on. Emulated CPUs take
        // turns, so now and then none comes while a thread works on another CPU: on arm64, an eighth of the events
        // interrupt.
        assert!(
            interrupts * 4 < stats["events"],
            "{flavor}: {interrupts}, {stats:?}"
        );
        assert!(
            stats["polls"] > interrupts,
            "{flavor}: {interrupts}, {stats:?}"
        );
        assert_eq!(stats["raised"], stats["handled"] + stats["coalesced"]);
        // The kernel has called the handler as often as the line has counted. A thread that was not done is not woken a
        // second time.
        let calls = stats["handled"] + stats["spurious"];
        match Context::of_top_half() {
            Context::Hardirq => assert_eq!(interrupts, calls, "{flavor}"),
            _ => assert!(
                (1..=interrupts).contains(&calls),
                "{flavor}: {interrupts}, {stats:?}"
            ),
        }
    }
}

#[test]
fn a_worker_that_goes_before_the_interrupts_thread_leaves_it_the_cpu() {
    // A thread of an interrupt has the priority 50. As soon as it asks for a run, the worker takes its CPU from it.
    let module =
        Simrupt::load("rate_hz=0 poll_budget=16 run=always workqueue=kthread-worker cpu=1");
    let line = module.line(0);
    move_irq(line.irq(), 1);
    let [worker] = threads("simrupt0-kthread-worker")[..] else {
        panic!("no worker");
    };
    keep_on_cpu(worker, 1);
    set_priority(worker, 60);
    line.set("rate_hz", "5000");
    line.wait_for("drained", enough(1000));
    rests(&module, line);
    let_all_cpus_take(line.irq());
}

#[test]
fn no_event_is_forgotten_with_one_event_a_run() {
    for flavor in polling() {
        let module = Simrupt::load(&format!(
            "rate_hz=3000 pattern=poisson poll_budget=1 format=record run=always workqueue={flavor}"
        ));
        let line = module.line(0);
        let records = read_records(&mut line.open(), enough(1500) as usize);
        let mut seqs = records.iter().map(|record| record.seq);
        let first = seqs.next().unwrap();
        assert!(
            seqs.zip(first + 1..).all(|(seq, next)| seq == next),
            "{flavor}"
        );
        // An event that a poll has found was acknowledged by it.
        assert!(
            records
                .iter()
                .all(|record| record.due_ns <= record.irq_ns && record.irq_ns <= record.bh_ns)
        );
        let stats = rests(&module, line);
        assert!(stats["polls"] >= stats["events"], "{flavor}: {stats:?}");
    }
}

#[test]
fn level_triggered_lines_poll_as_well() {
    let module = Simrupt::load("rate_hz=20000 irq_type=level poll_budget=8 work_us=100 run=always");
    let line = module.line(0);
    line.wait_for("drained", enough(5000));
    let stats = rests(&module, line);
    assert!(stats["handled"] < stats["polls"], "{stats:?}");
    assert!(stats["acknowledged"] >= stats["handled"], "{stats:?}");
}

#[test]
fn a_closed_loop_stays_in_the_poll() {
    let module = Simrupt::load("pattern=closed burst=4 poll_budget=64 run=always workqueue=bound");
    let line = module.line(0);
    line.wait_for("drained", enough(10_000));
    let stats = rests(&module, line);
    assert!(stats["handled"] * 10 < stats["polls"], "{stats:?}");
}

#[test]
fn without_a_later_run_nothing_polls() {
    let module = Simrupt::load("rate_hz=5000 poll_budget=16 run=always workqueue=none");
    let line = module.line(0);
    line.wait_for("drained", 500);
    assert_eq!(line.stat("polls"), 0);
    line.set("workqueue", "bh");
    eventually("it polls", || line.stat("polls") > 100);
    line.set("workqueue", "none");
    let polls = line.stat("polls");
    line.wait_for("drained", 500);
    let stats = rests(&module, line);
    assert_eq!(stats["polls"], polls);
}

#[test]
fn the_budget_changes_while_the_line_is_busy() {
    // The threads of an ordinary queue leave time to others when they cannot keep up. The other flavors take precedence
    // over the test.
    for (flavor, rate_hz, work_us) in [
        ("bound", 20_000, 200),
        ("bh", 4000, 100),
        ("tasklet", 4000, 100),
        ("irq-thread", 4000, 100),
    ] {
        let module = Simrupt::load(&format!(
            "rate_hz={rate_hz} work_us={work_us} run=always workqueue={flavor}"
        ));
        let line = module.line(0);
        for budget in [1, 64, 0, 4096, 3, 0, 16] {
            line.set("poll_budget", &budget.to_string());
            line.wait_for("drained", 100);
        }
        line.set("fifo_size", "64");
        line.set("workqueue", "unbound");
        line.wait_for("drained", 100);
        line.silence();
        module.verify();
        assert_eq!(line.stat("in_ring"), 0);
    }
}

#[test]
fn a_driver_that_is_unbound_while_it_polls_leaves_the_device_as_it_found_it() {
    let module = Simrupt::load("rate_hz=50000 work_us=300 poll_budget=4 run=always");
    let line = module.line(0);
    for _ in 0..5 {
        eventually("it polls", || line.stat("polls") > 20);
        line.unbind();
        line.bind();
    }
    eventually("it polls", || line.stat("polls") > 20);
    line.silence();
    module.verify();
}
