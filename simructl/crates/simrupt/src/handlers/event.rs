// SPDX-License-Identifier: GPL-2.0-only

//! One event of a trace, read from the binary ring buffer or from text.

use rustc_hash::FxHashMap;

/// A name, represented by a number, so that names are compared and hashed as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Name(u32);

/// The names that events refer to.
#[derive(Debug, Default)]
pub(super) struct Names {
    texts: Vec<String>,
    places: FxHashMap<Box<[u8]>, Name>,
    /// The names that were looked up last.
    recent: [Option<(Digest, Name)>; RECENT],
}

/// How many names are found without hashing; a power of two.
const RECENT: usize = 32;

/// A short name as a whole: its length, its first bytes and its last bytes.
type Digest = (usize, u64, u64);

/// The digest of a name of 8 to 16 bytes; most names are that long.
#[inline(always)]
fn digest(bytes: &[u8]) -> Option<Digest> {
    let word = |bytes: Option<&[u8; 8]>| bytes.map(|bytes| u64::from_ne_bytes(*bytes));
    let (first, last) = (word(bytes.first_chunk())?, word(bytes.last_chunk())?);
    (bytes.len() <= 16).then_some((bytes.len(), first, last))
}

impl Names {
    /// The number of a name; a new name gets a new number.
    #[inline(always)]
    pub(super) fn of(&mut self, bytes: &[u8]) -> Name {
        // The last byte of a name differs from that of similar names: eth0, eth1.
        let place = usize::from(bytes.last().copied().unwrap_or(0)) % RECENT;
        let digest = digest(bytes);
        match self.recent[place] {
            Some((known, name)) if digest == Some(known) => name,
            _ => self.remembered(bytes, digest, place),
        }
    }

    #[cold]
    fn remembered(&mut self, bytes: &[u8], digest: Option<Digest>, place: usize) -> Name {
        let name = self.looked_up(bytes);
        self.recent[place] = digest.map(|digest| (digest, name));
        name
    }

    fn looked_up(&mut self, bytes: &[u8]) -> Name {
        if let Some(name) = self.places.get(bytes) {
            return *name;
        }
        // More names than 32 bits can count do not fit into the memory of any machine.
        let name = Name(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        self.texts.push(String::from_utf8_lossy(bytes).into_owned());
        self.places.insert(bytes.into(), name);
        name
    }

    /// The number of a name; numbers count from 0.
    pub(super) fn number(name: Name) -> usize {
        name.0 as usize
    }

    pub(super) fn text(&self, name: Name) -> &str {
        self.texts.get(name.0 as usize).map_or("", String::as_str)
    }
}

/// A function of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Function {
    /// From the binary ring buffer.
    Address(u64),
    /// From text.
    Symbol(Name),
}

/// Something that runs. Each has a row of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Handler {
    /// A handler that a driver requested for an interrupt.
    Irq {
        irq: u32,
        action: Name,
    },
    /// An interrupt of the architecture itself, which has no number: timers, calls from other CPUs.
    Vector(Name),
    /// The thread of an interrupt.
    Thread(Name),
    /// A softirq, by its number.
    Softirq(u32),
    Tasklet(Function),
    /// A work function on a workqueue. The workqueue of an item that was queued before the trace began is unknown.
    Work {
        function: Function,
        queue: Option<Name>,
    },
}

/// The part of a handler by which its end is matched with its begin. The end of an interrupt's handler has only the
/// number of the interrupt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    kind: SlotKind,
    id: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SlotKind {
    Irq,
    Vector,
    Thread,
    Softirq,
    Tasklet,
    Work,
}

impl Slot {
    /// The slot of an interrupt thread; a thread has only one.
    pub(super) const THREAD: Self = Self::new(SlotKind::Thread, 0);

    const fn new(kind: SlotKind, id: u64) -> Self {
        Self { kind, id }
    }

    pub(super) fn irq(irq: u32) -> Self {
        Self::new(SlotKind::Irq, irq.into())
    }

    pub(super) fn vector(name: Name) -> Self {
        Self::new(SlotKind::Vector, name.0.into())
    }

    pub(super) fn softirq(vector: u32) -> Self {
        Self::new(SlotKind::Softirq, vector.into())
    }

    pub(super) fn tasklet(function: Function) -> Self {
        // A trace has either addresses or symbols.
        let id = match function {
            Function::Address(address) => address,
            Function::Symbol(name) => name.0.into(),
        };
        Self::new(SlotKind::Tasklet, id)
    }

    /// The slot of a work item, by its address or by the number that text has instead.
    pub(super) fn work(work: u64) -> Self {
        Self::new(SlotKind::Work, work)
    }
}

/// A thread that a CPU switches from or to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Task {
    pub(super) pid: u32,
    /// Its name, if it is the thread of an interrupt.
    pub(super) irq_thread: Option<Name>,
}

/// The kind of an event, with its fields.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum What {
    /// A handler begins: of an interrupt, a vector, a softirq or a tasklet.
    Enter(Handler),
    /// It has ended.
    Leave(Slot),
    /// A softirq is requested.
    Raise(u32),
    /// A work item is queued.
    Queue {
        work: u64,
        function: Function,
        queue: Name,
    },
    /// A work item begins.
    Start { work: u64, function: Function },
    /// The thread of an interrupt is woken.
    Wake { pid: u32 },
    /// A CPU switches from one thread to another; `sleeps` if the first one now waits.
    Switch { from: Task, to: Task, sleeps: bool },
}

/// An event with its place and time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Event {
    pub(super) at: At,
    pub(super) what: What,
}

/// The place and time of an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct At {
    /// By the trace's clock.
    pub(super) ns: u64,
    /// The number of the CPU.
    pub(super) cpu: u32,
    /// The thread, or the one that was interrupted; 0 is the CPU's idle thread.
    pub(super) pid: u32,
}

/// A consumer of events, in the order of their times. Each kind has its own function, because there may be some hundred
/// thousand events per second.
pub(super) trait Sink {
    /// A handler begins: of an interrupt, a vector, a softirq or a tasklet.
    fn enter(&mut self, at: At, handler: Handler);
    /// A handler or a work item has ended.
    fn leave(&mut self, at: At, slot: Slot);
    /// A softirq is requested.
    fn raise(&mut self, at: At, vector: u32);
    /// A work item is queued.
    fn queue(&mut self, at: At, work: u64, function: Function, queue: Name);
    /// A work item begins.
    fn start(&mut self, at: At, work: u64, function: Function);
    /// The thread of an interrupt is woken.
    fn wake(&mut self, at: At, pid: u32);
    /// A CPU switches from one thread to another; `sleeps` if the first one now waits.
    fn switch(&mut self, at: At, from: Task, to: Task, sleeps: bool);
    /// Events are lost around here.
    fn lose(&mut self);

    /// An event of any kind.
    fn take(&mut self, event: &Event) {
        let at = event.at;
        match event.what {
            What::Enter(handler) => self.enter(at, handler),
            What::Leave(slot) => self.leave(at, slot),
            What::Raise(vector) => self.raise(at, vector),
            What::Queue {
                work,
                function,
                queue,
            } => self.queue(at, work, function, queue),
            What::Start { work, function } => self.start(at, work, function),
            What::Wake { pid } => self.wake(at, pid),
            What::Switch { from, to, sleeps } => self.switch(at, from, to, sleeps),
        }
    }
}

/// The most softirqs: the kernel has ten, and one 32-bit word for all of them.
pub(super) const SOFTIRQS: u32 = 32;
/// The most CPUs that a kernel is built for.
pub(super) const CPUS: u32 = 8192;

/// The name of a softirq. Linux 7.3, include/linux/interrupt.h.
pub(super) fn softirq(vector: u32) -> Option<&'static str> {
    const NAMES: [&str; 10] = [
        "HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER",
        "RCU",
    ];
    NAMES.get(vector as usize).copied()
}

/// The row of `/proc/interrupts` that counts a vector of x86; `name` is from its tracepoint.
pub(super) fn vector_row(name: &str) -> Option<&'static str> {
    Some(match name {
        "local_timer" => "LOC",
        "reschedule" => "RES",
        "call_function" | "call_function_single" => "CAL",
        "irq_work" => "IWI",
        "spurious_apic" => "SPU",
        "thermal_apic" => "TRM",
        "threshold_apic" => "THR",
        "deferred_error_apic" => "DFR",
        "x86_platform_ipi" => "PLT",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_number() {
        let mut names = Names::default();
        let [a, b] = [names.of(b"eth0"), names.of(b"disk")];
        assert_eq!((names.of(b"eth0"), names.of(b"disk")), (a, b));
        assert_ne!(a, b);
        assert_eq!((names.text(a), names.text(b)), ("eth0", "disk"));
        let odd = names.of(b"a\xffb");
        assert_eq!(names.text(odd), "a\u{fffd}b");
    }
}
