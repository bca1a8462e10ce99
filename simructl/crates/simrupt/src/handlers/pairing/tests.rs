// SPDX-License-Identifier: GPL-2.0-only

//! Tests of the pairing.

use super::*;
use crate::handlers::event::{Event, Names, What};
use crate::handlers::histogram::{Histogram, Max};
use crate::handlers::works::{NEAR, WAITING};
use proptest::prelude::*;

/// An event of a test: CPU, thread, time, and kind.
type Step = (u32, u32, u64, What);

struct Bench {
    names: Names,
    pairing: Pairing,
}

impl Bench {
    fn new() -> Self {
        Self {
            names: Names::default(),
            pairing: Pairing::default(),
        }
    }

    fn name(&mut self, text: &str) -> Name {
        self.names.of(text.as_bytes())
    }

    fn irq(&mut self, irq: u32) -> Handler {
        let action = self.name("dev");
        Handler::Irq { irq, action }
    }

    fn work(&mut self, queue: Option<&str>) -> Handler {
        Handler::Work {
            function: Function::Address(7),
            queue: queue.map(|queue| self.name(queue)),
        }
    }

    fn run(&mut self, steps: &[Step]) {
        for (cpu, pid, ns, what) in steps {
            let (ns, cpu, pid, what) = (*ns, *cpu, *pid, *what);
            let at = At { ns, cpu, pid };
            self.pairing.take(&Event { at, what });
        }
    }

    fn end(&mut self, ns: u64) -> Taken {
        self.pairing.end(ns)
    }
}

fn of(taken: &Taken, handler: Handler) -> Counted {
    let row = taken.rows.iter().find(|(one, _)| *one == handler);
    row.unwrap_or_else(|| panic!("{handler:?}: {taken:?}"))
        .1
        .clone()
}

fn unpaired(begins: u64, ends: u64, requests: u64) -> Unpaired {
    Unpaired {
        ends,
        begins,
        requests,
    }
}

fn sums(histogram: &Histogram) -> (u64, u64) {
    (histogram.count, histogram.sum_ns)
}

fn enter(handler: Handler) -> What {
    What::Enter(handler)
}

fn queue(work: u64, queue: Name) -> What {
    What::Queue {
        work,
        function: Function::Address(7),
        queue,
    }
}

fn start(work: u64) -> What {
    What::Start {
        work,
        function: Function::Address(7),
    }
}

const END: fn(u64) -> What = |work| What::Leave(Slot::work(work));

fn switch(from: Task, to: Task, sleeps: bool) -> What {
    What::Switch { from, to, sleeps }
}

fn task(pid: u32) -> Task {
    Task {
        pid,
        irq_thread: None,
    }
}

#[test]
fn a_run_includes_what_interrupts_it_and_cpu_time_does_not() {
    let mut bench = Bench::new();
    let irq = bench.irq(26);
    let softirq = Handler::Softirq(6);
    bench.run(&[
        (1, 0, 5, What::Raise(6)),
        (1, 0, 100, enter(softirq)),
        (1, 0, 130, enter(irq)),
        (1, 0, 140, What::Leave(Slot::irq(26))),
        (1, 0, 200, What::Leave(Slot::softirq(6))),
        (1, 0, 1000, enter(irq)),
        (1, 0, 1007, What::Leave(Slot::irq(26))),
    ]);
    let taken = bench.end(2000);
    let softirq = of(&taken, softirq);
    assert_eq!(sums(&softirq.run), (1, 100));
    assert_eq!(sums(&softirq.wait), (1, 95));
    let on = OnCpuOf(1, 1, 100, 90);
    assert_eq!(on_cpus(&softirq), [on]);
    let irq = of(&taken, irq);
    assert_eq!(sums(&irq.run), (2, 17));
    let max = Max {
        value_ns: 10,
        at_ns: 140,
        cpu: 1,
    };
    assert_eq!(irq.run.max(), Some(max));
    assert_eq!(on_cpus(&irq), [OnCpuOf(1, 2, 17, 17)]);
    assert_eq!((taken.events, taken.unpaired), (7, unpaired(0, 0, 0)));
}

/// CPU, runs, time of runs, CPU time.
#[derive(Debug, PartialEq)]
struct OnCpuOf(u32, u64, u64, u64);

fn on_cpus(counted: &Counted) -> Vec<OnCpuOf> {
    let cpus = counted.cpus.iter();
    cpus.map(|(cpu, on)| OnCpuOf(*cpu, on.runs, on.run_ns, on.cpu_ns))
        .collect()
}

#[test]
fn a_softirq_waits_since_it_was_raised_first_and_on_its_own_cpu() {
    let mut bench = Bench::new();
    let softirq = Handler::Softirq(1);
    bench.run(&[
        (0, 9, 10, What::Raise(1)),
        (1, 0, 15, What::Raise(1)),
        (0, 9, 20, What::Raise(1)),
        (0, 9, 30, enter(softirq)),
        // Raised while it runs, so for the next time.
        (0, 9, 35, What::Raise(1)),
        (0, 9, 40, What::Leave(Slot::softirq(1))),
        (0, 9, 42, enter(softirq)),
        (0, 9, 50, What::Leave(Slot::softirq(1))),
        // It was raised before the trace began.
        (0, 9, 60, enter(softirq)),
        (0, 9, 61, What::Leave(Slot::softirq(1))),
    ]);
    let taken = bench.end(100);
    let row = of(&taken, softirq);
    assert_eq!(sums(&row.wait), (2, 20 + 7));
    assert_eq!(row.run.count, 3);
    // The softirq of CPU 1 never ran.
    assert_eq!(taken.unpaired, unpaired(0, 0, 1));
}

#[test]
fn a_work_item_may_wait_on_one_cpu_begin_on_another_and_end_on_a_third() {
    let mut bench = Bench::new();
    let name = bench.name("events");
    let row = bench.work(Some("events"));
    let [a, b] = [task(50), task(60)];
    bench.run(&[
        (0, 1, 10, queue(0xabc, name)),
        (1, 50, 25, start(0xabc)),
        // It sleeps, and continues on another CPU.
        (1, 50, 30, switch(a, b, true)),
        (2, 0, 90, switch(task(0), a, false)),
        (2, 50, 100, END(0xabc)),
    ]);
    let taken = bench.end(200);
    let work = of(&taken, row);
    assert_eq!(sums(&work.wait), (1, 15));
    assert_eq!(sums(&work.run), (1, 75));
    assert_eq!(work.run.max().unwrap().cpu, 2);
    // 5 before it slept, 10 after.
    assert_eq!(on_cpus(&work), [OnCpuOf(1, 0, 0, 5), OnCpuOf(2, 1, 75, 10)]);
    assert_eq!(taken.unpaired, unpaired(0, 0, 0));
}

#[test]
fn the_idle_threads_of_two_cpus_are_two() {
    let mut bench = Bench::new();
    let irq = bench.irq(1);
    bench.run(&[
        (0, 0, 10, enter(irq)),
        (1, 0, 11, enter(irq)),
        (0, 0, 20, What::Leave(Slot::irq(1))),
        (1, 0, 31, What::Leave(Slot::irq(1))),
    ]);
    assert_eq!(sums(&of(&bench.end(40), irq).run), (2, 30));
}

#[test]
fn bh_work_is_in_a_softirq_that_has_the_rest_of_the_cpu_time() {
    let mut bench = Bench::new();
    let name = bench.name("bh");
    let (softirq, work) = (Handler::Softirq(6), bench.work(Some("bh")));
    bench.run(&[
        (0, 0, 10, queue(1, name)),
        (0, 0, 12, enter(softirq)),
        (0, 0, 20, start(1)),
        (0, 0, 50, END(1)),
        (0, 0, 55, What::Leave(Slot::softirq(6))),
    ]);
    let taken = bench.end(60);
    assert_eq!(sums(&of(&taken, softirq).run), (1, 43));
    assert_eq!(of(&taken, softirq).cpu_ns(), 13);
    assert_eq!(of(&taken, work).cpu_ns(), 30);
}

#[test]
fn ends_without_begins_and_begins_without_ends_are_counted_and_make_no_run() {
    let mut bench = Bench::new();
    let (irq, other) = (bench.irq(1), bench.irq(2));
    let name = bench.name("events");
    bench.run(&[
        (0, 0, 5, What::Leave(Slot::irq(1))),
        (0, 0, 6, END(9)),
        (0, 0, 10, enter(irq)),
        // The end of this one is not seen.
        (0, 0, 15, enter(other)),
        (0, 0, 20, What::Leave(Slot::irq(1))),
        (0, 0, 21, queue(3, name)),
        (0, 0, 22, queue(3, name)),
        (0, 0, 30, enter(irq)),
    ]);
    let taken = bench.end(40);
    assert_eq!(sums(&of(&taken, irq).run), (1, 10));
    assert_eq!(of(&taken, other).run.count, 0);
    // One queued twice without a begin was cancelled; the other one still waits.
    assert_eq!(taken.unpaired, unpaired(2, 2, 2));
}

#[test]
fn a_work_item_that_was_queued_before_has_a_run_and_no_wait() {
    let mut bench = Bench::new();
    let row = bench.work(None);
    bench.run(&[(0, 5, 10, start(1)), (0, 5, 12, END(1))]);
    let taken = bench.end(20);
    assert_eq!(sums(&of(&taken, row).run), (1, 2));
    assert_eq!(of(&taken, row).wait.count, 0);
}

#[test]
fn the_request_for_another_item_in_the_same_memory_is_no_wait() {
    let mut bench = Bench::new();
    let name = bench.name("events");
    let other = What::Start {
        work: 1,
        function: Function::Address(8),
    };
    bench.run(&[(0, 5, 10, queue(1, name)), (0, 5, 900, other)]);
    let taken = bench.end(1000);
    assert!(
        taken
            .rows
            .iter()
            .all(|(_, counted)| counted.wait.count == 0)
    );
    assert_eq!(taken.unpaired, unpaired(1, 0, 1));
}

#[test]
fn the_thread_of_an_interrupt_runs_from_its_wake_up_to_its_sleep() {
    let mut bench = Bench::new();
    let name = bench.name("26-dev");
    let irq_task = |pid| Task {
        pid,
        irq_thread: Some(name),
    };
    bench.run(&[
        (0, 0, 10, What::Wake { pid: 70 }),
        (0, 0, 15, switch(task(0), irq_task(70), false)),
        // Preempted, woken, and back.
        (0, 70, 20, switch(irq_task(70), task(3), false)),
        (0, 3, 22, What::Wake { pid: 70 }),
        (0, 3, 25, switch(task(3), irq_task(70), false)),
        (0, 70, 40, switch(irq_task(70), task(0), true)),
        // The begin of this run is not known.
        (0, 0, 50, switch(task(0), irq_task(71), false)),
        (0, 71, 60, switch(irq_task(71), task(0), true)),
    ]);
    let taken = bench.end(100);
    let row = of(&taken, Handler::Thread(name));
    assert_eq!(sums(&row.wait), (1, 5));
    assert_eq!(sums(&row.run), (1, 25));
    assert_eq!(row.cpu_ns(), 5 + 15);
    assert_eq!(taken.unpaired, unpaired(0, 1, 0));
}

#[test]
fn nothing_is_paired_across_a_gap() {
    let mut bench = Bench::new();
    let irq = bench.irq(1);
    let name = bench.name("events");
    bench.run(&[
        (0, 0, 10, enter(irq)),
        (0, 0, 11, What::Raise(3)),
        (0, 0, 12, queue(1, name)),
    ]);
    bench.pairing.lose();
    bench.run(&[
        (0, 0, 9000, What::Leave(Slot::irq(1))),
        (0, 0, 9001, enter(Handler::Softirq(3))),
        (0, 0, 9002, What::Leave(Slot::softirq(3))),
        (0, 0, 9003, start(1)),
    ]);
    let taken = bench.end(9010);
    assert_eq!(of(&taken, Handler::Softirq(3)).wait.count, 0);
    assert!(taken.rows.iter().all(|(_, row)| row.run.sum_ns < 10));
    assert_eq!((taken.events, taken.unpaired), (7, unpaired(2, 1, 2)));
}

#[test]
fn a_run_that_is_under_way_goes_on_in_the_next_sample() {
    let mut bench = Bench::new();
    let softirq = Handler::Softirq(9);
    bench.run(&[(0, 0, 10, enter(softirq))]);
    let first = bench.pairing.taken(100, false);
    assert_eq!(of(&first, softirq).cpu_ns(), 90);
    assert_eq!(of(&first, softirq).run.count, 0);
    bench.run(&[(0, 0, 130, What::Leave(Slot::softirq(9)))]);
    let kept = bench.pairing.taken(150, true);
    let second = bench.pairing.taken(150, false);
    for taken in [&kept, &second] {
        assert_eq!(sums(&of(taken, softirq).run), (1, 120));
        assert_eq!(of(taken, softirq).cpu_ns(), 30);
        assert_eq!(taken.events, 1);
    }
    assert!(bench.pairing.taken(160, false).rows.is_empty());
}

#[test]
fn cancelled_work_does_not_pile_up() {
    let mut bench = Bench::new();
    let name = bench.name("events");
    let many = (WAITING + NEAR) as u64 + 10;
    for work in 0..many {
        bench.run(&[(0, 0, work, queue(work * 16, name))]);
    }
    assert!(bench.pairing.all.works.len() < WAITING);
    let taken = bench.end(0);
    assert_eq!(taken.unpaired.requests, many);
}

fn any_what() -> impl Strategy<Value = What> {
    let mut names = Names::default();
    let name = names.of(b"x");
    let function = Function::Address(7);
    let few = 0_u32..3;
    let irq = move |irq| Handler::Irq { irq, action: name };
    let thread = move |pid: u32| Task {
        pid,
        irq_thread: (pid == 2).then_some(name),
    };
    prop_oneof![
        few.clone().prop_map(move |n| What::Enter(irq(n))),
        few.clone().prop_map(|n| What::Leave(Slot::irq(n))),
        few.clone().prop_map(What::Raise),
        few.clone().prop_map(|n| What::Enter(Handler::Softirq(n))),
        few.clone().prop_map(|n| What::Leave(Slot::softirq(n))),
        few.clone().prop_map(move |n| queue(n.into(), name)),
        few.clone().prop_map(move |n| What::Start {
            work: n.into(),
            function,
        }),
        few.clone().prop_map(|n| What::Leave(Slot::work(n.into()))),
        few.clone().prop_map(|pid| What::Wake { pid }),
        (few.clone(), few, any::<bool>()).prop_map(move |(a, b, sleeps)| switch(
            thread(a),
            thread(b),
            sleeps
        )),
    ]
}

proptest! {
    /// No CPU gives more time than it has, and every begin and request ends up in exactly one count.
    #[test]
    fn whatever_comes_the_sums_hold(
        steps in proptest::collection::vec((0_u32..3, 0_u32..3, 0_u64..50, any_what(), 0_u32..30), 0..200),
    ) {
        let mut bench = Bench::new();
        let mut now = 0;
        let (mut begins, mut ends) = (0, 0);
        for (cpu, pid, passed, what, is_lost) in steps {
            if is_lost == 0 {
                bench.pairing.lose();
            }
            now += passed;
            bench.run(&[(cpu, pid, now, what)]);
            begins += u64::from(matches!(what, What::Enter(_) | What::Start { .. }));
            ends += u64::from(matches!(what, What::Leave(_)));
        }
        let taken = bench.end(now);
        for cpu in 0..3 {
            let on = taken.rows.iter().flat_map(|(_, row)| &row.cpus);
            let used: u64 = on.filter(|(number, _)| *number == cpu).map(|(_, on)| on.cpu_ns).sum();
            prop_assert!(used <= now, "CPU {cpu}: {used} of {now}");
        }
        let others = taken.rows.iter().filter(|(handler, _)| !matches!(handler, Handler::Thread(_)));
        let runs: u64 = others.map(|(_, row)| row.run.count).sum();
        let threads = taken.rows.iter().filter(|(handler, _)| matches!(handler, Handler::Thread(_)));
        let waits: u64 = threads.map(|(_, row)| row.wait.count).sum();
        prop_assert!(runs <= begins && runs <= ends);
        prop_assert!(begins <= runs + taken.unpaired.begins);
        prop_assert!(runs + taken.unpaired.begins <= begins + waits);
        prop_assert!(taken.rows.iter().all(|(_, row)| row.run.max().is_none_or(|max| max.value_ns <= now)));
    }
}
