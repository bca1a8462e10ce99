// SPDX-License-Identifier: GPL-2.0-only

//! A journey told step by step: what the kernel did, in its terms, what may be done there and what may not,
//! and where to read on.

use serde_json::{Value, json};

use simrupt::layout::wrapped;
use simrupt::text::micros;
use simrupt::trace::journey::{Hop, Journey, Kind};
use simrupt_core::knobs::Flavor;

/// One step of the way.
#[derive(Debug, PartialEq)]
struct Step {
    title: &'static str,
    text: String,
    /// What code in that context may do.
    may: &'static str,
    may_not: &'static str,
    /// Below Documentation of the kernel's source, also on docs.kernel.org.
    read_on: &'static str,
}

const IN_HARDIRQ: [&str; 2] = [
    "touch the device, take raw spinlocks (and others, but on PREEMPT_RT), queue work, wake threads; in_hardirq() says yes",
    "sleep: no mutex, no GFP_KERNEL, no user memory. Interrupts are off on this CPU: be short",
];
const IN_SOFTIRQ: [&str; 2] = [
    "take spinlocks, allocate with GFP_ATOMIC, be interrupted; in_serving_softirq() says yes",
    "sleep, any more than in hardirq; and but on PREEMPT_RT no thread runs on this CPU until it is over",
];
const IN_TASK: [&str; 2] = [
    "sleep: take mutexes, allocate with GFP_KERNEL, wait; in_task() says yes",
    "count on when it runs: the scheduler decides, and others may have to run first",
];

const IN_POLL: [&str; 2] = [
    "take spinlocks, allocate with GFP_ATOMIC, be interrupted; in_task() says yes, and in_softirq() too: softirqs are disabled",
    "sleep, although it is a thread; and but on PREEMPT_RT no other thread runs on this CPU until the poll is over",
];

/// What holds for code in this context, in this task.
fn rules(context: &str, task: &str) -> [&'static str; 2] {
    match context {
        "hardirq" => IN_HARDIRQ,
        "softirq" => IN_SOFTIRQ,
        // A thread of threaded NAPI.
        _ if task.starts_with("napi/") => IN_POLL,
        _ => IN_TASK,
    }
}

/// How a flavor runs the bottom half, and where to read on.
fn flavor(name: &str) -> (&'static str, &'static str) {
    const WORKQUEUE: &str = "core-api/workqueue.rst";
    const IRQ: &str = "core-api/genericirq.rst";
    const NAPI: &str = "networking/napi.rst";
    const KTHREAD: &str = "driver-api/basics.rst";
    let known = Flavor::ALL.iter().find(|one| one.name() == name);
    match known {
        Some(Flavor::Bound) => (
            "queue_work() on a per-CPU workqueue: a kworker of this very CPU will run it",
            WORKQUEUE,
        ),
        Some(Flavor::Highpri) => (
            "queue_work() on a per-CPU workqueue with WQ_HIGHPRI: a kworker of this CPU, of nice -20, will run it",
            WORKQUEUE,
        ),
        Some(Flavor::CpuIntensive) => (
            "queue_work() on a workqueue with WQ_CPU_INTENSIVE: a kworker of this CPU will run it, and others need not wait for it",
            WORKQUEUE,
        ),
        Some(Flavor::Unbound) => (
            "queue_work() on a workqueue with WQ_UNBOUND: a kworker that may run on any CPU of its affinity scope will run it",
            WORKQUEUE,
        ),
        Some(Flavor::UnboundHighpri) => (
            "queue_work() on a workqueue with WQ_UNBOUND | WQ_HIGHPRI: a kworker of nice -20, on any CPU of its scope, will run it",
            WORKQUEUE,
        ),
        Some(Flavor::Ordered) => (
            "queue_work() on an ordered workqueue: an unbound kworker will run it, one item at a time, in the order of queueing",
            WORKQUEUE,
        ),
        Some(Flavor::Bh) => (
            "queue_work() on a workqueue with WQ_BH: the softirq TASKLET of this CPU will run it, when the interrupt is over",
            WORKQUEUE,
        ),
        Some(Flavor::BhHighpri) => (
            "queue_work() on a workqueue with WQ_BH | WQ_HIGHPRI: the softirq HI of this CPU will run it, before all other softirqs",
            WORKQUEUE,
        ),
        Some(Flavor::Tasklet) => (
            "tasklet_schedule(): the softirq TASKLET of this CPU will run it. New drivers take a workqueue with WQ_BH",
            WORKQUEUE,
        ),
        Some(Flavor::IrqThread) => (
            "it returns IRQ_WAKE_THREAD: the interrupt's own thread, of real-time priority, will run it",
            IRQ,
        ),
        Some(Flavor::KthreadWorker) => (
            "kthread_queue_work() on a kthread worker: a thread that runs this line's work alone will run it",
            KTHREAD,
        ),
        Some(Flavor::IrqPoll) => (
            "irq_poll_sched(): the softirq IRQ_POLL of this CPU will poll, as block drivers have it done",
            NAPI,
        ),
        Some(Flavor::Napi) => (
            "napi_schedule(): the softirq NET_RX of this CPU will poll, as network drivers have it done",
            NAPI,
        ),
        Some(Flavor::NapiThreaded) => (
            "napi_schedule(): NAPI's own thread will poll, with softirqs disabled",
            NAPI,
        ),
        Some(Flavor::None) => ("nothing: the top half does all the work itself", IRQ),
        // Of a module that is newer.
        None => ("the work is handed on", WORKQUEUE),
    }
}

fn step(hop: &Hop, line: u32) -> Step {
    let (context, task) = (hop.place.context, hop.place.task.as_str());
    let [may, may_not] = rules(context, task);
    let told = |title, text: String, read_on| Step {
        title,
        text,
        may,
        may_not,
        read_on,
    };
    // The thread itself runs in task context; in the others it is the one that was interrupted.
    let interrupted = match context {
        "task" => format!("in the thread {task}"),
        _ => format!("on top of {task}, which waits"),
    };
    let already = hop.detail.contains("already");
    match hop.kind {
        Kind::Emit => told(
            "The device has an event",
            format!(
                "A high-resolution timer, the device's clock, expired {interrupted}. It put the event into the \
                 ring that device and driver share, as a network card does by DMA, and raised its interrupt line."
            ),
            "timers/hrtimers.rst",
        ),
        Kind::Irq => match context {
            "hardirq" => told(
                "Top half: the interrupt handler",
                format!(
                    "The CPU left {task} for the handler that request_irq() had set up for this line. All it does is \
                     to acknowledge what is in the ring: whatever else wants this CPU waits for it."
                ),
                "core-api/genericirq.rst",
            ),
            _ => told(
                "Top half: the interrupt handler, in a thread",
                format!(
                    "This kernel runs interrupt handlers in threads (PREEMPT_RT, or threadirqs): only a stub ran in \
                     hardirq, and woke {task}, which has now acknowledged what is in the ring."
                ),
                "core-api/real-time/differences.rst",
            ),
        },
        Kind::Queue => {
            let name = hop.detail.split(',').next().unwrap_or_default();
            let (how, read_on) = flavor(name);
            let already = match already {
                true => {
                    " It had been asked for already, by an earlier interrupt: one run will do for both."
                }
                false => "",
            };
            told(
                "The rest is put off",
                format!("The flavor is {name}: {how}.{already}"),
                read_on,
            )
        }
        Kind::Run => {
            let how = match context {
                "hardirq" => "Still inside the interrupt: nothing was put off.".to_string(),
                "softirq" => format!(
                    "A softirq: the interrupt is over, but the CPU has not gone back to {task} yet. Interrupts are \
                     on again."
                ),
                _ => format!(
                    "The scheduler has put the thread {task} on CPU {}.",
                    hop.place.cpu
                ),
            };
            told(
                "Bottom half: the work begins",
                how + " It takes events out of the ring and puts them into the fifo that readers read from.",
                "core-api/workqueue.rst",
            )
        }
        Kind::Done => told(
            "Bottom half: done",
            "The event is in the fifo.".to_string()
                + &match hop.detail.as_str() {
                    "" => String::new(),
                    detail => format!(" It was not alone: {detail}."),
                },
            "core-api/workqueue.rst",
        ),
        Kind::Wake => told(
            "A reader is woken",
            format!(
                "wake_up() on the wait queue of /dev/simrupt{line}: whoever sleeps in read() or poll() becomes \
                 runnable. When it runs is for the scheduler to say."
            ),
            "kernel-hacking/hacking.rst",
        ),
        Kind::Read => told(
            "A reader has it",
            format!(
                "read() {interrupted} took the event out of the fifo and copied it to user memory, which may be paged \
                 out: that can sleep, so it could not have been done anywhere before."
            ),
            "kernel-hacking/hacking.rst",
        ),
        Kind::Lost => told(
            "Nobody will have it",
            format!(
                "Where it should have gone there was no room: {}.",
                hop.detail
            ),
            "kernel-hacking/hacking.rst",
        ),
    }
}

/// What stands before the further rows of what may be done.
const HANGING: &str = "            ";

/// The lesson as text, in rows of at most `width` places.
pub(crate) fn text(journey: &Journey, width: usize) -> String {
    let mut text = format!(
        "Event {} of line {}, due at {} s. Times are microseconds since then.\n",
        journey.seq,
        journey.line,
        simrupt::text::seconds(journey.due_ns)
    );
    for (number, hop) in journey.hops.iter().enumerate() {
        let step = step(hop, journey.line);
        let since = micros(hop.place.ns.saturating_sub(journey.due_ns));
        text += &format!("\n{}. {}\n", number + 1, step.title);
        text += &format!(
            "   {since} µs, CPU {}, {}\n",
            hop.place.cpu, hop.place.context
        );
        text += &wrapped("   ", "   ", &step.text, width);
        // The rules are the context's, and need not be told again while that is the same.
        let before = number
            .checked_sub(1)
            .map(|before| journey.hops[before].place.context);
        if before != Some(hop.place.context) {
            text += &wrapped("   may:     ", HANGING, step.may, width);
            text += &wrapped("   may not: ", HANGING, step.may_not, width);
        }
        text += &format!("   read on: Documentation/{}\n", step.read_on);
    }
    text + "\n" + &wrapped("", "", &longest(journey), width)
}

/// The lesson as a JSON document.
pub(crate) fn document(journey: &Journey) -> Value {
    let steps: Vec<Value> = journey
        .hops
        .iter()
        .map(|hop| {
            let step = step(hop, journey.line);
            json!({
                "hop": hop.kind.name(), "title": step.title, "text": step.text, "may": step.may,
                "may_not": step.may_not, "read_on": step.read_on,
            })
        })
        .collect();
    let mut document = journey.document();
    document["steps"] = json!(steps);
    document
}

/// Where the time went.
fn longest(journey: &Journey) -> String {
    let mut before = journey.due_ns;
    let mut longest: Option<(u64, String)> = None;
    let mut from = "the due time";
    for hop in &journey.hops {
        let took = hop.place.ns.saturating_sub(before);
        if longest.as_ref().is_none_or(|(most, _)| took > *most) {
            longest = Some((took, format!("from {from} to {}", hop.kind.name())));
        }
        (before, from) = (hop.place.ns, hop.kind.name());
    }
    let all = before.saturating_sub(journey.due_ns);
    match longest {
        Some((most, where_to)) => format!(
            "All of it took {} µs. The longest part was {where_to}: {} µs.",
            micros(all),
            micros(most)
        ),
        None => "Nothing is known of its way.".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simrupt::trace::event::Place;

    fn hop(kind: Kind, ns: u64, context: &'static str, detail: &str) -> Hop {
        let place = Place {
            ns,
            cpu: 1,
            task: "reader-77".to_string(),
            context,
        };
        let detail = detail.to_string();
        Hop {
            kind,
            place,
            detail,
        }
    }

    fn journey(hops: Vec<Hop>) -> Journey {
        Journey {
            line: 2,
            seq: 42,
            due_ns: 1000,
            hops,
        }
    }

    #[test]
    fn every_hop_in_every_context_has_a_step_and_its_rules() {
        let kinds = [
            Kind::Emit,
            Kind::Irq,
            Kind::Queue,
            Kind::Run,
            Kind::Done,
            Kind::Wake,
            Kind::Read,
            Kind::Lost,
        ];
        for kind in kinds {
            for (context, word) in [
                ("hardirq", "in_hardirq()"),
                ("softirq", "in_serving_softirq()"),
                ("task", "in_task()"),
            ] {
                let step = step(&hop(kind, 1, context, "bh"), 0);
                assert!(step.may.contains(word), "{kind:?} {context}");
                assert!(!step.text.is_empty() && step.read_on.ends_with(".rst"));
            }
        }
    }

    #[test]
    fn in_the_thread_of_napi_nothing_may_sleep() {
        let mut run = hop(Kind::Run, 1, "task", "napi-threaded");
        assert_eq!([step(&run, 0).may, step(&run, 0).may_not], IN_TASK);
        run.place.task = "napi/simrupt0-0-77".to_string();
        assert_eq!([step(&run, 0).may, step(&run, 0).may_not], IN_POLL);
        // What interrupts it is in its own context.
        run.place.context = "hardirq";
        assert_eq!([step(&run, 0).may, step(&run, 0).may_not], IN_HARDIRQ);
    }

    #[test]
    fn every_flavor_is_explained_by_its_own_words() {
        let names = simrupt_core::knobs::Flavor::NAMES;
        let mut told: Vec<&str> = names.iter().map(|name| flavor(name).0).collect();
        assert!(!told.contains(&flavor("no such flavor").0));
        told.sort_unstable();
        told.dedup();
        assert_eq!(told.len(), names.len());
    }

    #[test]
    fn the_lesson_ends_with_where_the_time_went() {
        let journey = journey(vec![
            hop(Kind::Emit, 2000, "hardirq", ""),
            hop(Kind::Irq, 2500, "hardirq", ""),
            hop(Kind::Queue, 2600, "hardirq", "bound, asked for already"),
            hop(Kind::Run, 9600, "task", "bound"),
        ]);
        let lesson = text(&journey, 80);
        assert!(lesson.contains("3. The rest is put off\n   1.600 µs, CPU 1, hardirq\n"));
        assert!(lesson.contains("one run will do for both"), "{lesson}");
        let last = lesson.lines().last().unwrap();
        assert_eq!(
            last,
            "All of it took 8.600 µs. The longest part was from queue to run: 7.000 µs."
        );
        assert!(
            lesson.lines().all(|row| row.chars().count() <= 80),
            "{lesson}"
        );
        assert_eq!(document(&journey)["steps"].as_array().unwrap().len(), 4);
    }
}
