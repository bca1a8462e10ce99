// SPDX-License-Identifier: GPL-2.0-only

//! Lines in pairs share an interrupt: `shared=1`.

use nix::errno::Errno;
use simrupt_vm_tests::{
    Context, Line, Simrupt, enough, eventually, expect_report, field, flavors, is_real_time,
    log_lines, move_irq, simructl, skip, try_load, watches_itself,
};
use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Instant,
};

/// The module with two lines that share an interrupt, and the lines.
fn pair(params: &str) -> (Simrupt, [Line; 2]) {
    let module = Simrupt::load(&format!("lines=2 shared=1 run=always {params}"));
    let lines = [module.line(0), module.line(1)];
    (module, lines)
}

/// The row of a line's interrupt in /proc/interrupts.
fn row(line: Line) -> String {
    let table = fs::read_to_string("/proc/interrupts").unwrap();
    let number = format!("{}:", line.irq());
    let row = table
        .lines()
        .find(|row| row.trim_start().starts_with(&number));
    row.expect("the interrupt has a row").to_owned()
}

/// All events of the lines have gone through the bottom half, and none was lost.
fn assert_none_lost(lines: [Line; 2]) {
    for line in lines {
        line.silence();
        let stats = line.stats();
        assert_eq!(stats["overrun"], 0, "line {}: {stats:?}", line.index());
        assert_eq!(stats["events"], stats["drained"], "{stats:?}");
        assert!(stats["events"] > 0, "{stats:?}");
    }
}

#[test]
fn an_even_line_and_the_next_one_have_one_interrupt() {
    let module = Simrupt::load("lines=5 shared=1 rate_hz=1000 run=always");
    let irqs: Vec<u32> = (0..5).map(|index| module.line(index).irq()).collect();
    assert_eq!((irqs[0], irqs[2]), (irqs[1], irqs[3]));
    assert!(irqs[0] != irqs[2] && irqs[4] != irqs[0] && irqs[4] != irqs[2]);
    for (index, actions) in [
        (0, "simrupt0, simrupt1"),
        (3, "simrupt2, simrupt3"),
        (4, " simrupt4"),
    ] {
        let row = row(module.line(index));
        assert!(row.ends_with(actions), "{row}");
    }
    for index in 0..5 {
        module.line(index).wait_for("drained", 20);
    }
    // The last has nobody to share with.
    assert_eq!(module.line(4).stat("not_mine"), 0);
    module.verify();
}

#[test]
fn a_line_whose_neighbour_does_not_share_is_alone() {
    let module = Simrupt::load("lines=4 shared=1,0,1,1 rate_hz=1000 run=always");
    let irqs: Vec<u32> = (0..4).map(|index| module.line(index).irq()).collect();
    assert_ne!(irqs[0], irqs[1]);
    assert_eq!(irqs[2], irqs[3]);
    for index in 0..4 {
        let line = module.line(index);
        line.wait_for("drained", 20);
        assert_eq!(line.get("shared"), if index == 1 { "0" } else { "1" });
    }
    for index in 0..2 {
        assert_eq!(module.line(index).stat("not_mine"), 0);
    }
    module.verify();
}

#[test]
fn each_handler_answers_for_its_own_device_alone() {
    for irq_type in ["edge", "level"] {
        for busy in [0, 1] {
            let (module, lines) = pair(&format!("rate_hz=0 irq_type={irq_type}"));
            let (line, other) = (lines[busy], lines[1 - busy]);
            line.set("rate_hz", "1000");
            line.wait_for("handled", 200);
            line.silence();
            let (stats, others) = (line.stats(), other.stats());
            assert_eq!((stats["spurious"], stats["not_mine"]), (0, 0), "{stats:?}");
            let handled = [others["handled"], others["spurious"], others["scheduled"]];
            assert_eq!(handled, [0; 3], "{others:?}");
            // A thread that was not done is not woken a second time.
            match Context::of_top_half() {
                Context::Hardirq => assert_eq!(others["not_mine"], stats["handled"]),
                _ => assert!((1..=stats["handled"]).contains(&others["not_mine"])),
            }
            module.verify();
        }
    }
}

/// How many interrupts of a line the kernel has counted as unhandled.
fn unhandled(line: Line) -> u64 {
    let path = format!("/proc/irq/{}/spurious", line.irq());
    u64::try_from(field(&path, "unhandled")).expect("a count")
}

#[test]
fn the_kernel_counts_an_interrupt_of_a_pair_as_unhandled_only_if_neither_has_raised_it() {
    // A thread may not have answered when the next interrupt comes: the kernel counts that one as unhandled then.
    if Context::of_top_half() != Context::Hardirq {
        return skip("handlers run in threads");
    }
    for busy in [0, 1] {
        let (module, lines) = pair("rate_hz=0");
        lines[busy].set("rate_hz", "2000");
        lines[busy].wait_for("handled", 300);
        assert_eq!(unhandled(lines[0]), 0, "line {busy}");
        module.verify();
    }
    // Both at once on two CPUs: one call of the handlers may serve both devices, and the next one finds nothing to do.
    let (module, lines) = pair("rate_hz=2000,3000 cpu=0,1");
    for line in lines {
        line.wait_for("handled", 300);
    }
    lines.into_iter().for_each(Line::silence);
    let others = lines.map(|line| line.stat("not_mine"));
    let unhandled = unhandled(lines[0]);
    assert!(
        others.iter().all(|not_mine| unhandled <= *not_mine),
        "{unhandled} {others:?}"
    );
    module.verify();
}

#[test]
fn every_flavor_serves_both_lines_with_either_type() {
    for irq_type in ["edge", "level"] {
        let (module, lines) = pair(&format!("rate_hz=5000 irq_type={irq_type} cpu=0,1"));
        for line in lines {
            assert!(row(line).contains(irq_type), "{}", row(line));
        }
        for flavor in flavors() {
            for line in lines {
                line.set("workqueue", flavor);
            }
            for line in lines {
                line.wait_for("drained", 100);
                assert_eq!(line.contexts("top_half")[3], 0, "{flavor}");
                assert_eq!(line.contexts("bottom_half")[3], 0, "{flavor}");
            }
        }
        assert_none_lost(lines);
        module.verify();
    }
}

/// A closed loop ends with the first interrupt that is lost, as nobody takes its event then.
#[test]
fn no_interrupt_is_lost_when_both_lines_raise_at_once() {
    for irq_type in ["edge", "level"] {
        let (module, lines) = pair(&format!(
            "rate_hz=1 pattern=closed irq_type={irq_type} cpu=0,1"
        ));
        for cpu in [0, 1] {
            move_irq(lines[0].irq(), cpu);
            for flavors in [["unbound", "unbound"], ["bh", "unbound"], ["none", "bound"]] {
                for (line, flavor) in lines.iter().zip(flavors) {
                    line.set("workqueue", flavor);
                }
                for line in lines {
                    line.wait_for("handled", enough(500));
                }
            }
        }
        assert_none_lost(lines);
        module.verify();
    }
}

#[test]
fn a_slow_handler_keeps_the_other_lines_edges_pending() {
    let (module, lines) = pair("rate_hz=1000,3000 cpu=0,1 workqueue=none work_us=300,0");
    let [slow, quick] = lines;
    slow.wait_for("drained", 300);
    quick.wait_for("drained", 300);
    assert_none_lost(lines);
    for line in lines {
        let stats = line.stats();
        assert_eq!(stats["raised"], stats["handled"] + stats["coalesced"]);
    }
    module.verify();
}

#[test]
fn the_interrupt_goes_where_the_affinity_says() {
    for affinity in ["free", "fixed"] {
        let (module, lines) = pair(&format!("rate_hz=2000 cpu=0 affinity={affinity}"));
        if affinity == "free" {
            move_irq(lines[0].irq(), 1);
        } else {
            for line in lines {
                line.set("cpu", "1");
            }
        }
        let counts = || {
            let row = row(lines[0]);
            let counts = row.split_whitespace().skip(1).take(2);
            counts
                .map(|count| count.parse().unwrap())
                .collect::<Vec<u64>>()
        };
        for line in lines {
            line.wait_for("handled", 5);
        }
        let before = counts();
        for line in lines {
            line.wait_for("handled", 100);
        }
        let after = counts();
        assert_eq!(after[0], before[0], "{affinity}");
        assert!(after[1] >= before[1] + 100, "{affinity}: {after:?}");
        assert_none_lost(lines);
        module.verify();
    }
}

#[test]
fn a_load_with_lines_that_do_not_agree_fails_and_says_why() {
    for (params, words) in [
        (
            "lines=2 shared=1 affinity=managed",
            "shared=1 cannot be combined with affinity=managed",
        ),
        (
            "lines=2 shared=1 affinity=free,fixed",
            "line 0: affinity=free cannot be combined with affinity=fixed of line 1",
        ),
        (
            "lines=4 shared=0,0,1,1 irq_type=edge,level,level,edge",
            "line 2: irq_type=level cannot be combined with irq_type=edge of line 3",
        ),
    ] {
        let before = log_lines(words).len();
        assert_eq!(try_load(params), Err(Errno::EINVAL), "{params}");
        assert_eq!(log_lines(words).len(), before + 1, "{params}");
        let words: Vec<&str> = params.split(' ').collect();
        let output = simructl(&[&["load"], words.as_slice()].concat());
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains("cannot be combined with"), "{message}");
    }
    // Lines that share with nobody need not agree.
    let module = Simrupt::load("lines=3 shared=1,0,1 affinity=free,managed,fixed");
    module.verify();
}

#[test]
fn the_type_of_one_line_is_that_of_the_other() {
    let (module, lines) = pair("rate_hz=10000 cpu=0,1");
    let types = || lines.map(|line| line.get("irq_type"));
    for (round, irq_type) in ["level", "edge"].repeat(10).into_iter().enumerate() {
        let line = lines[round / 2 % 2];
        line.set("irq_type", irq_type);
        assert_eq!(types(), [irq_type; 2]);
        assert!(row(line).contains(irq_type), "{}", row(line));
        for line in lines {
            line.wait_for("drained", 20);
        }
    }
    for refused in ["edge,level", "level,edge"] {
        let outcome = module.set_parameter("irq_type", refused.as_bytes());
        assert_eq!(outcome, Err(Errno::EBUSY));
        assert_eq!(types(), ["edge"; 2]);
    }
    module.set_parameter("irq_type", b"level").unwrap();
    assert_eq!(types(), ["level"; 2]);
    // Also while one of them has no driver.
    for line in lines {
        line.unbind();
        line.set("irq_type", "edge");
        assert_eq!(types(), ["edge"; 2]);
        line.bind();
        line.set("irq_type", "level");
        for line in lines {
            line.wait_for("drained", 20);
        }
    }
    assert_none_lost(lines);
    module.verify();
}

/// Nothing of the lines is handled, although they send events.
fn assert_wait(lines: [Line; 2]) {
    // A handler may be running still.
    for line in lines {
        line.wait_for("events", 5);
    }
    let handled = lines.map(|line| line.stat("handled"));
    for line in lines {
        line.wait_for("events", 20);
    }
    assert_eq!(lines.map(|line| line.stat("handled")), handled);
}

fn assert_go(lines: [Line; 2]) {
    for line in lines {
        line.wait_for("handled", 20);
    }
}

#[test]
fn both_lines_wait_while_one_is_masked_and_lose_nothing() {
    for irq_type in ["edge", "level"] {
        let (module, lines) = pair(&format!("rate_hz=1000 irq_type={irq_type}"));
        assert_go(lines);
        for [first, second] in [lines, [lines[1], lines[0]]] {
            first.set("masked", "1");
            assert_wait(lines);
            first.set("masked", "0");
            assert_go(lines);
            first.set("masked", "1");
            second.set("masked", "1");
            first.set("masked", "0");
            assert_wait(lines);
            // Other changes go on meanwhile.
            for line in lines {
                line.set("workqueue", "bh");
                line.set("fifo_size", "8192");
                line.set("workqueue", "unbound");
            }
            assert_wait(lines);
            second.set("masked", "0");
            assert_go(lines);
        }
        assert_none_lost(lines);
        module.verify();
    }
}

#[test]
fn a_masked_line_that_goes_masks_nothing_any_more() {
    let (module, lines) = pair("rate_hz=1000");
    for [line, other] in [lines, [lines[1], lines[0]]] {
        line.set("masked", "1");
        assert_wait(lines);
        line.unbind();
        other.wait_for("handled", 20);
        // It is masked again from the beginning.
        line.bind();
        assert_wait(lines);
        other.unbind();
        other.bind();
        assert_wait(lines);
        line.set("masked", "0");
        assert_go(lines);
    }
    // The first that comes and the last that goes may be a masked one.
    for line in lines {
        line.set("masked", "1");
        line.unbind();
    }
    for line in lines {
        line.bind();
    }
    assert_wait(lines);
    for line in lines {
        line.set("masked", "0");
    }
    assert_go(lines);
    assert_none_lost(lines);
    module.verify();
}

#[test]
fn a_line_that_goes_and_comes_does_not_disturb_the_other() {
    for irq_type in ["edge", "level"] {
        let (module, lines) = pair(&format!("rate_hz=3000 irq_type={irq_type} cpu=0,1"));
        for flavor in flavors() {
            for line in lines {
                line.set("workqueue", flavor);
            }
            for [line, other] in [lines, [lines[1], lines[0]]] {
                line.unbind();
                other.wait_for("drained", 20);
                let actions = row(other);
                assert!(
                    !actions.contains(&format!("simrupt{}", line.index())),
                    "{actions}"
                );
                line.bind();
                for line in lines {
                    line.wait_for("drained", 20);
                }
            }
        }
        assert_none_lost(lines);
        module.verify();
    }
}

/// Each of two threads changes its own line again and again, in all ways that hold the interrupt off.
fn change_both_at_once(lines: [Line; 2], rounds: usize) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let is_over = &is_over;
        let changes = lines.map(|line| {
            scope.spawn(move || {
                let flavors = flavors();
                for round in 0..rounds {
                    line.set("workqueue", flavors[round % flavors.len()]);
                    line.set("fifo_size", ["4096", "8192"][round % 2]);
                    line.set("poll_budget", ["0", "16"][round % 2]);
                    line.set("masked", "1");
                    line.set("work_bytes", ["0", "4096"][round % 2]);
                    line.set("masked", "0");
                    line.set("irq_type", ["level", "edge"][round % 2]);
                    fs::write(line.path("reset"), "1").unwrap();
                }
                line.set("poll_budget", "0");
            })
        });
        let recovers = scope.spawn(move || {
            while !is_over.load(Ordering::SeqCst) {
                for line in lines {
                    fs::write(line.path("recover"), "1").unwrap();
                }
                thread::yield_now();
            }
        });
        let outcomes = changes.map(|change| change.join());
        is_over.store(true, Ordering::SeqCst);
        recovers.join().unwrap();
        for outcome in outcomes {
            outcome.unwrap();
        }
    });
}

#[test]
fn both_lines_change_at_once_and_lose_nothing() {
    // Slow enough for the ring to hold what comes while either line is masked.
    let (module, lines) = pair("rate_hz=1000 cpu=0,1");
    change_both_at_once(lines, 40);
    assert_go(lines);
    for line in lines {
        line.silence();
        assert_eq!(line.stat("overrun"), 0);
    }
    module.verify();
}

/// What the kernel says of an interrupt that nobody handled.
fn complaints(line: Line) -> usize {
    log_lines(&format!("irq {}: nobody cared", line.irq())).len()
}

/// Leaves the interrupts of a line to nobody until the kernel disables the interrupt. It ends with both lines sending
/// events.
fn let_it_die(line: Line, other: Line) {
    let before = complaints(line);
    expect_report("nobody cared");
    other.set("rate_hz", "0");
    line.set("fault", "unhandled");
    line.set("rate_hz", "50000");
    eventually("the kernel disables it", || complaints(line) > before);
    for line in [line, other] {
        line.set("rate_hz", "1000");
    }
}

/// How many interrupts of a line the kernel has polled in softirq.
fn polled(line: Line) -> u64 {
    line.contexts("top_half")[1]
}

#[test]
fn an_unhandled_line_takes_the_other_one_down_with_it() {
    if watches_itself() {
        return skip("on this kernel, two handlers take minutes for 100,000 interrupts");
    }
    for irq_type in ["edge", "level"] {
        let (module, lines) = pair(&format!(
            "rate_hz=0 irq_type={irq_type} cpu_limit_pct=100 workqueue=unbound,none"
        ));
        for [line, other] in [lines, [lines[1], lines[0]]] {
            let_it_die(line, other);
            // The kernel polls a shared interrupt that it has disabled, ten times a second: all that has come by then is
            // served at once.
            let before = other.stats();
            other.wait_for("events", 500);
            let after = other.stats();
            let grown = |name: &str| after[name] - before[name];
            assert!(grown("handled") < 50, "{before:?} {after:?}");
            other.wait_for("handled", 3);
            if Context::of_top_half() == Context::Hardirq {
                assert!(polled(other) > 0);
            }
            // Where handlers run in threads, the kernel also counts an interrupt that comes before the line's thread has run:
            // both are one call.
            let least = match Context::of_top_half() {
                Context::Task => 50_000,
                _ => 99_900,
            };
            let unhandled = line.stat("fault_unhandled");
            assert!(unhandled >= least, "{unhandled}");
            module.verify();

            let name = format!("line {}: its interrupt is enabled again", line.index());
            let told = log_lines(&name).len();
            line.set("recover", "1");
            assert_eq!(log_lines(&name).len(), told + 1);
            assert_go(lines);
            // It is enabled, and the kernel does not poll it any more.
            let before = lines.map(polled);
            for line in lines {
                line.wait_for("handled", 300);
            }
            assert_eq!(lines.map(polled), before);
            line.set("recover", "1");
            assert_eq!(log_lines(&name).len(), told + 1);
            // Nor does it enable the interrupt once more when one of them comes: it would complain.
            for line in lines {
                line.unbind();
                line.bind();
            }
            assert_go(lines);
            for line in lines {
                line.silence();
            }
        }
        module.verify();
    }
}

#[test]
fn a_dead_pair_lives_when_either_driver_is_bound_anew() {
    if watches_itself() {
        return skip("on this kernel, two handlers take minutes for 100,000 interrupts");
    }
    let (module, lines) = pair("rate_hz=0 cpu_limit_pct=100");
    let [line, other] = lines;
    for rebound in lines {
        let_it_die(line, other);
        line.set("fault", "none");
        rebound.unbind();
        rebound.bind();
        assert_go(lines);
        let before = lines.map(polled);
        for line in lines {
            line.wait_for("handled", 300);
        }
        assert_eq!(lines.map(polled), before);
        for line in lines {
            line.silence();
        }
    }
    module.verify();
}

#[test]
fn recovering_the_other_line_revives_the_interrupt_and_keeps_what_is_masked() {
    if watches_itself() {
        return skip("on this kernel, two handlers take minutes for 100,000 interrupts");
    }
    let (module, lines) = pair("rate_hz=0 cpu_limit_pct=100");
    let [line, other] = lines;
    let_it_die(line, other);
    line.set("fault", "none");
    line.set("masked", "1");
    other.set("recover", "1");
    assert_wait(lines);
    other.set("masked", "1");
    line.set("masked", "0");
    assert_wait(lines);
    other.set("masked", "0");
    assert_go(lines);
    module.verify();
}

/// The kernel's poll calls handlers although the interrupt is disabled, also for a change.
#[test]
fn lines_can_be_changed_while_the_kernel_polls_their_dead_interrupt() {
    if watches_itself() {
        return skip("on this kernel, two handlers take minutes for 100,000 interrupts");
    }
    let (module, lines) = pair("rate_hz=0 cpu_limit_pct=100");
    let [line, other] = lines;
    let_it_die(line, other);
    let handled = other.stat("handled");
    let start = Instant::now();
    while start.elapsed().as_secs() < 1 {
        for line in lines {
            for (knob, value) in [
                ("workqueue", "none"),
                ("fifo_size", "8192"),
                ("workqueue", "bh"),
                ("workqueue", "irq-thread"),
                ("fifo_size", "4096"),
                ("workqueue", "unbound"),
            ] {
                line.set(knob, value);
            }
        }
    }
    // Some polls came between.
    eventually("the other line is polled", || {
        other.stat("handled") > handled
    });
    module.verify();
    for line in lines {
        line.set("recover", "1");
    }
    change_both_at_once(lines, 5);
    assert_go(lines);
    for line in lines {
        line.silence();
    }
    module.verify();
}

#[test]
fn a_line_that_is_stuck_lets_the_other_one_work() {
    for fault in ["stuck", "storm"] {
        let (module, lines) =
            pair("rate_hz=0 cpu=0 cpu_limit_pct=20 workqueue=none fault_us=3000000");
        let [line, other] = lines;
        line.set("fault", fault);
        line.set("rate_hz", "10");
        line.wait_for("raised", 1000);
        let not_mine = other.stat("not_mine");
        other.set("rate_hz", "100");
        other.wait_for("drained", 20);
        assert!(other.stat("not_mine") > not_mine);
        assert_eq!(other.stat("spurious"), 0);
        line.set("recover", "1");
        assert_none_lost(lines);
        module.verify();
    }
}

/// An interrupt without a cause is nobody's, and the device that has raised it says so.
#[test]
fn a_spurious_interrupt_is_that_of_the_line_that_has_it() {
    let (module, lines) = pair("rate_hz=0");
    let [line, other] = lines;
    line.set("fault", "spurious");
    line.set("rate_hz", "1000");
    line.wait_for("spurious", 50);
    line.silence();
    let stats = other.stats();
    assert_eq!((stats["spurious"], stats["handled"]), (0, 0), "{stats:?}");
    assert!(stats["not_mine"] > 50, "{stats:?}");
    module.verify();
}

#[test]
fn a_lost_edge_is_not_found_by_the_other_lines_interrupt() {
    let (module, lines) = pair("rate_hz=0");
    let [line, other] = lines;
    line.set("fault", "lost");
    line.set("rate_hz", "1000");
    other.set("rate_hz", "1000");
    line.wait_for("events", 50);
    other.wait_for("handled", 50);
    line.set("rate_hz", "0");
    let stats = line.stats();
    assert_eq!((stats["drained"], stats["handled"]), (0, 0), "{stats:?}");
    assert!(stats["not_mine"] > 20, "{stats:?}");
    line.set("recover", "1");
    assert_none_lost(lines);
    module.verify();
}

#[test]
fn an_interrupt_while_a_line_polls_is_the_other_ones() {
    let (module, lines) = pair("rate_hz=10000,1000 cpu=0,1 poll_budget=4,0");
    let [polling, other] = lines;
    polling.wait_for("polls", 500);
    other.wait_for("handled", 300);
    assert!(polling.stat("not_mine") > 0);
    assert_none_lost(lines);
    module.verify();
}

/// The kernel waits for the threads of both lines when one of them goes.
#[test]
fn nothing_polls_in_the_thread_of_a_shared_interrupt() {
    let (module, lines) = pair("rate_hz=1 pattern=closed workqueue=irq-thread poll_budget=4");
    for [line, other] in [lines, [lines[1], lines[0]]] {
        line.wait_for("handled", 100);
        other.unbind();
        line.wait_for("handled", 100);
        other.bind();
        other.set("fifo_size", "8192");
        other.set("fifo_size", "4096");
        assert_eq!(line.stat("polls"), 0);
    }
    // Any other flavor polls.
    lines[0].set("workqueue", "unbound");
    lines[0].wait_for("polls", 10);
    module.verify();
}

/// Which share of a CPU a line's interrupts take, by the histogram of its runs.
fn share(line: Line) -> f64 {
    fs::write(line.path("reset"), "1").unwrap();
    let start = Instant::now();
    line.wait_for("runs", 300);
    let taken_ns = line.stage("bh_run").figure("sum_ns");
    taken_ns as f64 / start.elapsed().as_nanos() as f64
}

#[test]
fn the_cpu_time_of_an_interrupt_is_charged_to_the_line_that_has_raised_it() {
    if Context::of_top_half() != Context::Hardirq {
        return simrupt_vm_tests::skip(
            "the time of an interrupt's thread is charged in another way",
        );
    }
    for limited in [0, 1] {
        let mut limits = ["100"; 2];
        limits[limited] = "10";
        // The timers are on the other CPU, so it is the flow handler that is charged. Half of a CPU
        // is more than the limit, and leaves the test its time without one.
        let (module, lines) = pair(&format!(
            "rate_hz=0 cpu=0 workqueue=none work_us=100 cpu_limit_pct={}",
            limits.join(",")
        ));
        move_irq(lines[0].irq(), 1);
        let (line, other) = (lines[limited], lines[1 - limited]);
        line.set("rate_hz", "5000");
        line.wait_for("throttled", 20);
        let share = share(line);
        assert!(share < 0.2, "line {limited}: {share}");
        line.silence();
        other.set("rate_hz", "5000");
        other.wait_for("runs", 300);
        assert_eq!(other.stat("throttled"), 0);
        other.silence();
        module.verify();
    }
}

#[test]
fn a_reset_forgets_the_other_lines_interrupts() {
    let (module, lines) = pair("rate_hz=1000,0");
    lines[1].wait_for("not_mine", 20);
    lines[0].silence();
    fs::write(lines[1].path("reset"), "1").unwrap();
    assert_eq!(lines[1].stat("not_mine"), 0);
    module.verify();
}

#[test]
fn simructl_names_both_lines_and_counts_neither_twice() {
    let (module, lines) = pair("rate_hz=1000");
    for line in lines {
        line.wait_for("handled", 20);
    }
    let said = |args: &[&str]| {
        let output = simructl(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let status = said(&["status"]);
    for (line, other) in [(0, 1), (1, 0)] {
        let row = status
            .lines()
            .find(|row| row.starts_with(&format!("line{line} ")))
            .unwrap();
        assert!(
            row.contains(&format!("shares its interrupt with line{other}")),
            "{row}"
        );
        assert!(row.contains(&lines[0].irq().to_string()), "{row}");
    }
    let irqs = said(&["irqs", "--once", "--filter", "simrupt"]);
    let rows: Vec<&str> = irqs
        .lines()
        .filter(|row| row.contains("simrupt0"))
        .collect();
    assert_eq!(rows.len(), 1, "{irqs}");
    assert!(rows[0].contains("simrupt0, simrupt1"), "{irqs}");
    for line in ["0", "1"] {
        let stats = said(&["--line", line, "stats"]);
        assert!(stats.contains("not_mine"), "{stats}");
    }
    let handlers = said(&["handlers", "--for", "1"]);
    for name in ["simrupt0", "simrupt1"] {
        assert!(handlers.contains(name), "{handlers}");
    }
    let trace = said(&["--line", "1", "trace", "--count", "3"]);
    assert!(!trace.contains("line 0"), "{trace}");
    let bench = simructl(&["bench", "--flavors", "bh", "--rates", "1000", "--dry-run"]);
    let message = String::from_utf8_lossy(&bench.stderr);
    assert_eq!(bench.status.code(), Some(1), "{message}");
    assert!(message.contains("shared=1"), "{message}");
    module.verify();
}

#[test]
fn a_pair_survives_the_loss_of_its_cpu() {
    let (module, lines) = pair("rate_hz=2000 cpu=1");
    move_irq(lines[0].irq(), 1);
    assert_go(lines);
    let offline = simrupt_vm_tests::Offline::take(1);
    assert_go(lines);
    drop(offline);
    assert_go(lines);
    assert_none_lost(lines);
    module.verify();
}

#[test]
fn a_threaded_interrupt_has_a_thread_for_each_line() {
    if Context::of_top_half() == Context::Hardirq {
        assert!(!is_real_time());
        return simrupt_vm_tests::skip("this kernel does not thread interrupts");
    }
    let (module, lines) = pair("rate_hz=1000 workqueue=none");
    assert_go(lines);
    for (index, line) in lines.iter().enumerate() {
        let name = format!("irq/{}-simrupt{index}", line.irq());
        let has_it = fs::read_dir("/proc").unwrap().flatten().any(|entry| {
            let comm = fs::read_to_string(entry.path().join("comm"));
            comm.is_ok_and(|comm| name.starts_with(comm.trim_end()) && comm.starts_with("irq/"))
        });
        assert!(has_it, "{name}");
    }
    assert_none_lost(lines);
    module.verify();
}
