// SPDX-License-Identifier: GPL-2.0-only

//! Tests of the rows of a trace.

use super::*;

fn parsed(text: &str) -> (Result<Row, Damage>, Names) {
    let mut names = Names::default();
    (Row::parse(text, &mut names), names)
}

fn event(text: &str) -> (Event, Names) {
    match parsed(text) {
        (Ok(Row::Event(event)), names) => (event, names),
        other => panic!("{text}: {other:?}"),
    }
}

/// The event in a row with these fields.
fn said(fields: &str) -> (What, Names) {
    let (event, names) = event(&format!("cat-12 [000] ..... 0.000001: {fields}"));
    (event.what, names)
}

const IRQ: &str =
    "          <idle>-0       [001] d.h1.    12.345678: irq_handler_entry: irq=26 name=simrupt0";
const SWITCH: &str = "sched_switch: prev_comm=irq/26-simrupt0 prev_pid=70 prev_prio=49 prev_state=S ==> next_comm=swapper/0 next_pid=0 next_prio=120";
const QUEUE: &str = "workqueue_queue_work: work struct=000000006cd8a5a8 function=flush [tty] workqueue=events_unbound req_cpu=8192 cpu=-1";

#[test]
fn a_row_has_a_place_a_time_and_an_event() {
    let (event, mut names) = event(IRQ);
    let action = names.of(b"simrupt0");
    let what = What::Enter(Handler::Irq { irq: 26, action });
    assert_eq!(
        event,
        Event {
            at: At {
                ns: 12_345_678_000,
                cpu: 1,
                pid: 0
            },
            what
        }
    );
}

#[test]
fn each_event_is_understood() {
    let (what, mut names) = said("irq_handler_exit: irq=26 ret=handled");
    assert_eq!(what, What::Leave(Slot::irq(26)));
    let softirq = Handler::Softirq(6);
    for (fields, expected) in [
        ("softirq_raise: vec=6 [action=TASKLET]", What::Raise(6)),
        (
            "softirq_entry: vec=6 [action=TASKLET]",
            What::Enter(softirq),
        ),
        (
            "softirq_exit: vec=6 [action=TASKLET]",
            What::Leave(Slot::softirq(6)),
        ),
        (
            "workqueue_execute_end: work struct 000000006cd8a5a8: function flush",
            What::Leave(Slot::work(0x6cd8_a5a8)),
        ),
        (
            "sched_waking: comm=irq/26-a b pid=70 prio=49 target_cpu=001",
            What::Wake { pid: 70 },
        ),
    ] {
        assert_eq!(said(fields).0, expected, "{fields}");
    }
    let timer = names.of(b"local_timer");
    let (what, names) = said("local_timer_entry: vector=236");
    assert!(
        matches!(what, What::Enter(Handler::Vector(name)) if names.text(name) == "local_timer")
    );
    let (what, mut names) = said("local_timer_exit: vector=236");
    assert_eq!(what, What::Leave(Slot::vector(names.of(b"local_timer"))));
    let _ = timer;
    let (what, names) = said("tasklet_entry: tasklet=0xffff function=net_rx [e1000]");
    assert!(matches!(
        what,
        What::Enter(Handler::Tasklet(Function::Symbol(name))) if names.text(name) == "net_rx [e1000]"
    ));
}

#[test]
fn a_work_item_is_known_from_its_queue_to_its_begin() {
    let (what, names) = said(QUEUE);
    let What::Queue {
        work,
        function: Function::Symbol(function),
        queue,
    } = what
    else {
        panic!("{what:?}")
    };
    assert_eq!(work, 0x6cd8_a5a8);
    assert_eq!(names.text(function), "flush [tty]");
    assert_eq!(names.text(queue), "events_unbound");
    let (what, names) =
        said("workqueue_execute_start: work struct 0x6cd8a5a8: function flush [tty]");
    assert!(matches!(
        what,
        What::Start { work: 0x6cd8_a5a8, function: Function::Symbol(name) } if names.text(name) == "flush [tty]"
    ));
}

#[test]
fn a_switch_names_both_threads_and_whether_the_first_one_waits() {
    for (state, waits) in [
        ("S", true),
        ("D", true),
        ("I", true),
        ("R", false),
        ("R+", false),
    ] {
        let (what, names) = said(&SWITCH.replace("state=S", &format!("state={state}")));
        let What::Switch { from, to, sleeps } = what else {
            panic!("{what:?}")
        };
        assert_eq!((from.pid, to.pid, sleeps), (70, 0, waits));
        let name = from.irq_thread.map(|name| names.text(name).to_string());
        assert_eq!(name.as_deref(), Some("26-simrupt0"));
        assert_eq!(to.irq_thread, None);
    }
}

#[test]
fn times_have_up_to_nine_decimals_and_a_process_may_be_named() {
    for (time, ns) in [
        ("0.5", 500_000_000),
        ("7.000001", 7_000_001_000),
        ("7.123456789", 7_123_456_789),
    ] {
        assert_eq!(event(&IRQ.replace("12.345678", time)).0.at.ns, ns);
    }
    let text = IRQ.replace("<idle>-0       ", "a b-c-77 (     77) ");
    assert_eq!(event(&text).0.at.pid, 77);
    let (why, _) = parsed(&IRQ.replace("12.345678", "123456"));
    let damage = why.unwrap_err();
    assert_eq!(damage.why, "'123456' is not a time in seconds");
    assert_eq!(damage.remedy, SECONDS);
}

#[test]
fn a_thread_may_have_any_name() {
    for name in ["a [0] x", "[1]", "a: irq_handler_entry: irq=1", "-3"] {
        let (event, _) = event(&IRQ.replace("<idle>-0", &format!("{name}-77")));
        assert_eq!((event.at.pid, event.at.cpu), (77, 1), "{name}");
    }
}

#[test]
fn other_rows_are_skipped_and_lost_events_counted() {
    for text in [
        "",
        "# tracer: nop",
        "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION",
        "x-1 [000] ..... 1.0: sys_read: fd=3",
        "x-1 [000] ..... 1.0: sched_waking: comm=bash pid=3 prio=1 target_cpu=000",
        "x-1 [000] ..... 1.0: vector_setup: irq=3",
        "x-1 [000] 1.0 [1] a",
    ] {
        assert_eq!(parsed(text).0, Ok(Row::Other), "{text}");
    }
    assert_eq!(parsed("CPU:1 [LOST 12 EVENTS]").0, Ok(Row::Lost(12)));
}

#[test]
fn a_damaged_row_names_its_field() {
    for (text, why) in [
        (
            IRQ.replace("irq=26", "irq=x"),
            "the field irq of irq_handler_entry is missing or damaged",
        ),
        (
            IRQ.replace(" name=simrupt0", ""),
            "the field name of irq_handler_entry is missing or damaged",
        ),
        (IRQ.replace("[001]", "[9000]"), "there is no CPU 9000"),
        (
            format!("x-1 [000] ..... 1.0: {}", QUEUE.replace("workqueue=", "")),
            "the field function of workqueue_queue_work is missing or damaged",
        ),
        (
            "x-1 [000] ..... 1.0: softirq_raise: vec=32".to_string(),
            "the field vec of softirq_raise is missing or damaged",
        ),
    ] {
        let damage = parsed(&text).0.unwrap_err();
        assert_eq!((damage.why.as_str(), damage.remedy), (why, WHOLE));
    }
}

proptest::proptest! {
    #[test]
    fn no_row_makes_it_panic(text in damaged_text::texts(&[
        IRQ,
        "kworker/0:1-9 [000] ..... 1.0: workqueue_queue_work: work struct=000000006cd8a5a8 function=flush workqueue=events req_cpu=0 cpu=0",
        "irq/26-a-70 [000] d..2. 1.0: sched_switch: prev_comm=irq/26-a prev_pid=70 prev_prio=49 prev_state=S ==> next_comm=swapper/0 next_pid=0 next_prio=120",
        "<idle>-0 [000] ..s1. 1.0: softirq_entry: vec=6 [action=TASKLET]",
        "CPU:1 [LOST 12 EVENTS]",
    ])) {
        let mut names = Names::default();
        let mut pairing = crate::handlers::pairing::Pairing::default();
        use crate::handlers::event::Sink;
        for row in text.lines() {
            if let Ok(Row::Event(event)) = Row::parse(row, &mut names) {
                pairing.take(&event);
            }
        }
        let _ = pairing.end(u64::MAX);
    }
}
