// SPDX-License-Identifier: GPL-2.0-only

//! The files of one line in debugfs and /dev.

use crate::{
    eventually,
    kernel::{is_brief, of_turn},
    module::{DRIVER, read, write},
    within_20_s,
};
use nix::errno::Errno;
use simrupt::files::{
    contexts::Contexts,
    latency::{Latency, Stage},
    stats::Stats,
    value,
};
use simrupt_core::knobs::Flavor;
use simrupt_core::{knobs::Knob, pairs::refusal};
use std::{
    collections::BTreeMap,
    fs::File,
    os::unix::fs::OpenOptionsExt,
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The knobs that can be changed while the module is loaded.
pub const KNOBS: [&str; 29] = [
    "rate_hz",
    "pattern",
    "jitter_pct",
    "burst",
    "replay_loop",
    "coalesce_us",
    "coalesce_events",
    "coalesce_adaptive",
    "irq_type",
    "workqueue",
    "poll_budget",
    "fifo_size",
    "fifo_policy",
    "format",
    "cpu",
    "cpu_limit_pct",
    "work_us",
    "work_sleep_us",
    "work_bytes",
    "stress",
    "stress_us",
    "stress_hz",
    "fault",
    "fault_every",
    "fault_probability_ppm",
    "fault_times",
    "fault_us",
    "masked",
    "run",
];

/// The load-time knobs of a line.
pub const LOAD_KNOBS: [&str; 2] = ["shared", "affinity"];

/// Flavors that differ from another one in a flag or a limit of the workqueue alone.
const VARIANTS: [&str; 5] = [
    "highpri",
    "unbound-highpri",
    "bh-highpri",
    "cpu-intensive",
    "ordered",
];

/// The flavors of workqueue and the baselines that this kernel has. Where tests are brief, variants are left to the tests
/// that name them, and each call gives half of the others: the next one gives the other half.
pub fn flavors() -> Vec<&'static str> {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let lacking = lacking_flavors();
    let all = Flavor::NAMES.iter().copied();
    let all = all.filter(|name| !lacking.contains(name));
    if !is_brief() {
        return all.collect();
    }
    let others = all.filter(|name| !VARIANTS.contains(name));
    of_turn(others, CALLS.fetch_add(1, Ordering::Relaxed), 2).collect()
}

/// The flavors that this kernel was built without.
pub fn lacking_flavors() -> &'static [&'static str] {
    static LACKING: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let all = Flavor::NAMES.iter().copied();
        all.filter(|name| lacks("workqueue", name)).collect()
    });
    &LACKING
}

/// Whether this kernel was built without the option that a value of a knob needs.
pub fn lacks(knob: &str, value: &str) -> bool {
    let knob = Knob::named(knob).expect("a knob");
    let value = knob.spec().parse(value).expect("a value");
    knob.needs(value).is_some_and(lacks_option)
}

fn lacks_option(option: &str) -> bool {
    // The table of symbols is long, so it is read once.
    static LACKING: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let symbols = read("/proc/kallsyms");
        let has = |symbol: &str| symbols.lines().any(|line| line.ends_with(symbol));
        let lacking = SYMBOLS.iter().filter(|(_, symbol)| !has(symbol));
        lacking.map(|(option, _)| *option).collect()
    });
    let is_known = SYMBOLS.iter().any(|(known, _)| *known == option);
    assert!(
        is_known,
        "nobody knows how to see that a kernel has {option}"
    );
    LACKING.contains(&option)
}

/// Options of a kernel, and a symbol that shows each of them.
const SYMBOLS: [(&str, &str); 3] = [
    ("CONFIG_IRQ_POLL", " irq_poll_sched"),
    ("CONFIG_NET", " napi_enable"),
    ("CONFIG_DIMLIB", " net_dim"),
];

/// The faults that a line can have.
pub const FAULTS: [&str; 8] = [
    "lost",
    "late",
    "spurious",
    "storm",
    "stuck",
    "unhandled",
    "stall",
    "dropped-wakeup",
];

/// A line of the loaded module.
#[derive(Clone, Copy)]
pub struct Line {
    index: usize,
}

impl Line {
    pub(crate) fn new(index: usize) -> Self {
        Self { index }
    }

    /// Its number.
    pub fn index(self) -> usize {
        self.index
    }

    /// The path of its character device.
    pub fn device(self) -> String {
        format!("/dev/simrupt{}", self.index)
    }

    /// The path of one of its files in debugfs.
    pub fn path(self, name: &str) -> String {
        format!("/sys/kernel/debug/simrupt/line{}/{name}", self.index)
    }

    /// The value of a knob; for an enum, the one in brackets.
    pub fn get(self, knob: &str) -> String {
        value::current(&read(&self.path(knob))).to_owned()
    }

    /// Writes a knob.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub fn try_set(self, knob: &str, value: impl AsRef<[u8]>) -> Result<(), Errno> {
        write(&self.path(knob), value.as_ref())
    }

    /// Writes a knob, which must succeed.
    pub fn set(self, knob: &str, value: &str) {
        self.try_set(knob, value)
            .unwrap_or_else(|error| panic!("{knob}={value}: {error}"));
    }

    /// Whether the line refuses a value because of the current values of its other knobs.
    pub fn refuses(self, knob: &str, value: &str) -> bool {
        let knob = Knob::named(knob).expect("a knob");
        let number = |knob: Knob, text: &str| knob.spec().parse(text).expect("a value");
        let value_of = |other: Knob| number(other, &self.get(other.spec().name));
        refusal(knob, number(knob, value), value_of).is_some()
    }

    /// All knobs by name.
    pub fn knobs(self) -> BTreeMap<&'static str, String> {
        KNOBS.map(|knob| (knob, self.get(knob))).into()
    }

    /// All counters by name.
    pub fn stats(self) -> BTreeMap<String, u64> {
        let stats = Stats::parse(&read(&self.path("stats"))).expect("counters");
        let counters = stats.iter().map(|(name, value)| (name.to_owned(), value));
        counters.collect()
    }

    /// One counter.
    pub fn stat(self, name: &str) -> u64 {
        self.stats()[name]
    }

    /// The census of a stage: hardirq, softirq, task, wrong.
    pub fn contexts(self, stage: &str) -> [u64; 4] {
        let table = Contexts::parse(&read(&self.path("contexts"))).expect("a table");
        let row = table.stages.iter().find(|(name, _)| name == stage);
        let (_, counts) = row.unwrap_or_else(|| panic!("no {stage} in {table:?}"));
        counts.as_slice().try_into().expect("four columns")
    }

    /// The histograms of its latencies.
    pub fn latency(self) -> Latency {
        Latency::parse(&read(&self.path("latency"))).expect("histograms")
    }

    /// The histogram of a stage.
    pub fn stage(self, name: &str) -> Stage {
        let Latency(stages) = self.latency();
        let stage = stages.into_iter().find(|stage| stage.name == name);
        stage.unwrap_or_else(|| panic!("no stage {name}"))
    }

    /// The Linux interrupt number.
    pub fn irq(self) -> u32 {
        read(&self.path("irq")).trim_end().parse().unwrap()
    }

    /// Opens the device for blocking reads.
    pub fn open(self) -> File {
        File::open(self.device()).expect("the device can be opened")
    }

    /// Opens the device for reads that do not wait.
    pub fn open_nonblock(self) -> File {
        File::options()
            .read(true)
            .custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits())
            .open(self.device())
            .expect("the device can be opened")
    }

    /// Unbinds its driver, or binds it.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub fn try_attach(self, verb: &str) -> Result<(), Errno> {
        let device = format!("simrupt.{}", self.index);
        write(&format!("{DRIVER}/{verb}"), device.as_bytes())
    }

    /// Unbinds its driver, which must succeed.
    pub fn unbind(self) {
        self.try_attach("unbind").expect("it is bound");
    }

    /// Binds its driver, which must succeed.
    pub fn bind(self) {
        self.try_attach("bind").expect("it can be bound");
    }

    /// Waits until a counter has grown by `count`.
    pub fn wait_for(self, counter: &str, count: u64) {
        let wanted = self.stat(counter) + count;
        eventually(&format!("{count} more {counter}"), || {
            self.stat(counter) >= wanted
        });
    }

    /// Silences the device and waits until all that it has sent is in the fifo. Panics with the line's counters if it
    /// does not get there.
    pub fn silence(self) {
        self.set("rate_hz", "0");
        let at_rest = within_20_s("the line is at rest", || {
            let stats = self.stats();
            Ok(stats["in_ring"] == 0 && stats["pending"] == 0)
        });
        at_rest.unwrap_or_else(|why| panic!("{why}: line {}: {:?}", self.index, self.stats()));
    }
}
