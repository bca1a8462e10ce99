// SPDX-License-Identifier: GPL-2.0-only

//! The module's own tracepoints, through the kernel's interfaces: their fields, filters and histograms.

use simrupt::trace::event::NAMES;
use simrupt_core::abi::Record;
use simrupt_vm_tests::{Line, Simrupt, decode, eventually, flavors, skip};
use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
};

/// A trace instance of the test's own, removed when this is dropped.
struct Instance(PathBuf);

/// An event of the trace: its name, and its fields.
#[derive(Debug)]
struct Event {
    name: String,
    fields: BTreeMap<String, String>,
}

impl Event {
    fn number(&self, field: &str) -> u64 {
        let text = self.fields.get(field);
        let text = text.unwrap_or_else(|| panic!("no {field} in {self:?}"));
        text.parse().unwrap_or_else(|_| panic!("{field}: {text}"))
    }

    /// Whether it covers the event with this number.
    fn covers(&self, seq: u64) -> bool {
        self.number("events") != 0 && (self.number("seq")..=self.number("last_seq")).contains(&seq)
    }
}

impl Instance {
    fn new(name: &str) -> Self {
        let folder = Path::new("/sys/kernel/tracing/instances").join(name);
        fs::create_dir(&folder).expect("an instance can be made");
        Self(folder)
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.0.join(file), text).unwrap_or_else(|why| panic!("{file}={text}: {why}"));
    }

    fn enable(&self, names: &[&str]) {
        for name in names {
            self.write(&format!("events/simrupt/{name}/enable"), "1");
        }
    }

    /// All events so far.
    fn events(&self) -> Vec<Event> {
        self.write("tracing_on", "0");
        let text = fs::read_to_string(self.0.join("trace")).unwrap();
        assert!(!text.contains("LOST"), "{text}");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let events = lines.map(|line| {
            // "comm-12 [000] d.h1. 12.345678: name: field=value field=value"
            let mut parts = line.splitn(3, ": ").skip(1);
            let (name, fields) = (parts.next().unwrap(), parts.next().unwrap());
            let fields = fields.split(' ').filter_map(|field| field.split_once('='));
            Event {
                name: name.to_owned(),
                fields: fields
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
            }
        });
        events.collect()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let removed = fs::remove_dir(&self.0);
        if !std::thread::panicking() {
            removed.expect("nobody uses the instance any more");
        }
    }
}

fn named<'a>(events: &'a [Event], name: &str) -> Vec<&'a Event> {
    events.iter().filter(|event| event.name == name).collect()
}

/// The only event with that name that covers the event with this number.
fn about<'a>(events: &'a [Event], name: &str, seq: u64) -> &'a Event {
    let mut found = named(events, name).into_iter();
    found
        .find(|event| event.covers(seq))
        .unwrap_or_else(|| panic!("{name} of {seq}: {events:?}"))
}

/// Asserts that the trace has all hops of each record, from emission to read, in order.
fn assert_hops(flavor: &str, records: &[Record], events: &[Event]) {
    for record in records {
        let mut emits = named(events, "simrupt_emit").into_iter();
        let emit = emits
            .find(|event| event.number("seq") == record.seq)
            .unwrap();
        assert_eq!(emit.number("due_ns"), record.due_ns);
        assert!(emit.number("ns") >= record.due_ns);
        let irq = about(events, "simrupt_irq", record.seq);
        assert_eq!(irq.number("ns"), record.irq_ns);
        let end = about(events, "simrupt_bh_end", record.seq);
        let starts = named(events, "simrupt_bh_start");
        let start = starts
            .iter()
            .find(|start| start.number("ns") == record.bh_ns)
            .unwrap_or_else(|| panic!("{flavor}: {record:?}: {starts:?}"));
        assert_eq!(start.fields["flavor"], flavor);
        let read = about(events, "simrupt_read", record.seq);
        let hops = [
            record.due_ns,
            emit.number("ns"),
            record.irq_ns,
            record.bh_ns,
            end.number("ns"),
            read.number("ns"),
        ];
        assert!(hops.is_sorted(), "{flavor}: {hops:?}");
    }
}

/// Lets a silent line emit some events, and traces all of them: each has its hops. Returns its records, and the trace.
fn trace_some(flavor: &str, line: Line, instance: &Instance) -> (Vec<Record>, Vec<Event>) {
    instance.enable(&NAMES);
    line.set("rate_hz", "2000");
    line.wait_for("drained", 50);
    line.silence();
    let mut bytes = vec![0; 1 << 16];
    let count = line.open().read(&mut bytes).unwrap();
    let records = decode(&bytes[..count]);
    assert_eq!(records.len() as u64, line.stat("events"));
    let events = instance.events();
    assert_hops(flavor, &records, &events);
    (records, events)
}

#[test]
fn each_hop_of_each_event_is_traced_on_every_flavor() {
    for flavor in flavors() {
        let module = Simrupt::load(&format!(
            "format=record rate_hz=0 run=always workqueue={flavor}"
        ));
        let line = module.line(0);
        let instance = Instance::new("hops");
        let (_, events) = trace_some(flavor, line, &instance);
        let stats = line.stats();
        let with = |name: &str| named(&events, name).len() as u64;
        assert_eq!(with("simrupt_emit"), stats["events"]);
        assert_eq!(with("simrupt_irq"), stats["handled"] + stats["spurious"]);
        let queued = named(&events, "simrupt_bh_queue");
        let new = queued.iter().filter(|event| event.number("queued") == 1);
        assert_eq!(new.count() as u64, stats["scheduled"]);
        assert_eq!(queued.len() as u64, stats["handled"]);
        assert_eq!(with("simrupt_bh_start"), stats["runs"]);
        assert_eq!(with("simrupt_bh_end"), stats["runs"]);
        assert!(with("simrupt_wake") > 0 && with("simrupt_wake") <= stats["runs"]);
        assert_eq!(with("simrupt_drop"), 0);
        let knobs = named(&events, "simrupt_knob");
        let seen: Vec<_> = knobs
            .iter()
            .map(|event| (&*event.fields["name"], &*event.fields["value"]))
            .collect();
        assert_eq!(seen, [("rate_hz", "2000"), ("rate_hz", "0")]);
        drop(instance);
        module.verify();
    }
}

#[test]
fn each_hop_of_each_polled_event_is_traced() {
    for flavor in ["bound", "bh", "irq-thread"] {
        let module = Simrupt::load(&format!(
            "format=record rate_hz=0 run=always workqueue={flavor} poll_budget=3 pattern=burst burst=10"
        ));
        let line = module.line(0);
        let instance = Instance::new("polled");
        let (records, events) = trace_some(flavor, line, &instance);
        // Each event is in one run.
        let ends = named(&events, "simrupt_bh_end");
        let moved: u64 = ends.iter().map(|end| end.number("events")).sum();
        assert_eq!(moved, records.len() as u64);
        for record in &records {
            let runs = ends.iter().filter(|end| end.covers(record.seq));
            assert_eq!(runs.count(), 1, "{flavor}: {record:?}");
        }
    }
}

/// For C and eBPF a tracepoint has only its name: others may have one called `read`.
#[test]
fn the_names_of_tracepoints_contain_that_of_the_module() {
    let module = Simrupt::load("");
    let symbols = fs::read_to_string("/proc/kallsyms").unwrap();
    let names = symbols.lines().filter_map(|line| {
        let symbol = line.strip_suffix("\t[simrupt]")?.split(' ').nth(2)?;
        symbol.strip_prefix("__tracepoint_")
    });
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    let mut expected = NAMES;
    expected.sort_unstable();
    assert_eq!(names, expected);
    drop(module);
}

/// Sends `count` events at once.
fn burst(line: Line, count: u64) {
    line.set("pattern", "burst");
    line.set("burst", &count.to_string());
    let before = line.stat("events");
    line.set("rate_hz", &(5 * count).to_string());
    eventually("a burst comes", || line.stat("events") >= before + count);
    line.silence();
}

#[test]
fn every_loss_is_traced_with_its_cause() {
    let module = Simrupt::load("rate_hz=0 run=always fifo_size=16");
    let line = module.line(0);
    let instance = Instance::new("losses");
    instance.enable(&["simrupt_drop"]);
    burst(line, 20);
    line.set("fifo_policy", "drop");
    burst(line, 5);
    line.set("fifo_size", "64");
    burst(line, 30);
    line.set("fifo_size", "16");
    line.set("masked", "1");
    line.set("burst", "4096");
    line.set("rate_hz", "8192");
    eventually("the ring is full", || line.stat("overrun") > 0);
    line.set("rate_hz", "0");
    line.set("masked", "0");
    line.silence();
    let stats = line.stats();
    let events = instance.events();
    for cause in ["overrun", "dropped", "overwritten", "flushed"] {
        let lost = events
            .iter()
            .filter(|event| event.fields["cause"] == cause)
            .map(|event| event.number("events"));
        assert!(stats[cause] > 0, "{cause}: {stats:?}");
        assert_eq!(lost.sum::<u64>(), stats[cause], "{cause}");
    }
    let first = |cause: &str| {
        let mut losses = events.iter().filter(|event| event.fields["cause"] == cause);
        losses.next().unwrap().number("seq")
    };
    // The oldest, and then the newest.
    assert_eq!((first("overwritten"), first("dropped")), (0, 20));
    drop(instance);
    module.verify();
}

#[test]
fn filters_know_the_fields() {
    let module = Simrupt::load("lines=2 rate_hz=0 run=always");
    let instance = Instance::new("filters");
    instance.write(
        "events/simrupt/simrupt_emit/filter",
        "line == 1 && seq >= 3",
    );
    instance.write("events/simrupt/simrupt_bh_start/filter", "flavor == \"bh\"");
    instance.enable(&["simrupt_emit", "simrupt_bh_start"]);
    for (line, flavor) in [(0, "unbound"), (1, "bh")] {
        module.line(line).set("workqueue", flavor);
        burst(module.line(line), 5);
    }
    let events = instance.events();
    let emits = named(&events, "simrupt_emit").into_iter();
    let seen: Vec<_> = emits
        .map(|event| (event.number("line"), event.number("seq")))
        .collect();
    assert_eq!(seen[..2], [(1, 3), (1, 4)], "{seen:?}");
    let starts = named(&events, "simrupt_bh_start");
    let of_line_1 = |event: &&Event| event.number("line") == 1;
    assert!(!starts.is_empty() && starts.iter().all(of_line_1));
    drop(instance);
    module.verify();
}

#[test]
fn the_module_can_be_unloaded_while_somebody_listens() {
    let instance = Instance::new("listener");
    for name in NAMES {
        let module = Simrupt::load("rate_hz=2000 run=always");
        instance.enable(&[name]);
        module.line(0).wait_for("drained", 10);
        drop(module);
        assert!(!instance.0.join("events/simrupt").exists());
    }
    let module = Simrupt::load("rate_hz=2000 run=always");
    let event = instance.0.join("events/simrupt/simrupt_irq");
    assert_eq!(fs::read_to_string(event.join("enable")).unwrap(), "0\n");
    drop(module);
}

/// The rows of one of the kernel's histograms, as words without punctuation.
fn histogram(path: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap_or_else(|why| panic!("{path:?}: {why}"));
    let rows = text.lines().filter(|row| row.starts_with('{'));
    rows.map(|row| {
        let words = row.split([' ', ',', '{', '}', ':', '~', '[', ']']);
        let words = words.filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    })
    .collect()
}

/// The example in the documentation.
#[test]
fn the_kernel_counts_and_subtracts_by_itself() {
    let tracing = Path::new("/sys/kernel/tracing");
    let synthetic = tracing.join("synthetic_events");
    if !synthetic.exists() {
        return skip("this kernel was built without synthetic events");
    }
    let module = Simrupt::load("lines=2 rate_hz=0 run=always workqueue=bh,unbound");
    let events = tracing.join("events");
    // Truncating the file of an event's triggers removes all of them.
    let write = |path: PathBuf, text: &str| {
        let mut file = fs::File::options().append(true).open(&path).unwrap();
        let written = file.write_all(text.as_bytes());
        written.unwrap_or_else(|why| panic!("{path:?} {text}: {why}"));
    };
    write(synthetic.clone(), "simrupt_wait u32 line; u64 wait_ns");
    let triggers = [
        ("simrupt/simrupt_bh_start", "hist:keys=flavor,context"),
        ("simrupt/simrupt_bh_queue", "hist:keys=line:asked=ns"),
        (
            "simrupt/simrupt_bh_start",
            "hist:keys=line:wait=ns-$asked:onmatch(simrupt.simrupt_bh_queue).trace(simrupt_wait,line,$wait)",
        ),
        ("synthetic/simrupt_wait", "hist:keys=line:vals=wait_ns"),
    ];
    for (event, trigger) in triggers {
        write(events.join(event).join("trigger"), trigger);
    }
    for line in [0, 1] {
        burst(module.line(line), 5);
    }
    let has = |rows: &[Vec<String>], words: &[&str]| {
        rows.iter()
            .any(|row| words.iter().all(|word| row.iter().any(|it| it == word)))
    };
    let starts = histogram(&events.join("simrupt/simrupt_bh_start/hist"));
    for words in [["bh", "softirq"], ["unbound", "task"]] {
        assert!(has(&starts, &words), "{starts:?}");
    }
    let waits = histogram(&events.join("synthetic/simrupt_wait/hist"));
    for line in ["0", "1"] {
        assert!(has(&waits, &["line", line]), "{waits:?}");
    }
    // In reverse: a trigger that a later one refers to cannot be removed before it.
    for (event, trigger) in triggers.iter().rev() {
        write(events.join(event).join("trigger"), &format!("!{trigger}"));
    }
    write(synthetic, "!simrupt_wait");
    module.verify();
}
