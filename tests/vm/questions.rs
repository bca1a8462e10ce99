// SPDX-License-Identifier: GPL-2.0-only

//! The answers in Documentation/questions.md: their direction, by the commands of that page. The page has the figures
//! of one run.

use nix::unistd::{Pid, gettid};
use serde_json::Value;
use simrupt_core::abi::Record;
use simrupt_vm_tests::{
    Context, Line, Offline, Reader, Simrupt, action_counts, eventually, lacking_flavors, move_irq,
    read_fresh_records, simructl, skip, stay_on_cpu, threads, watches_itself,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
};

/// Runs simructl with these words, which must succeed.
fn run(words: &str) -> String {
    let output = simructl(&words.split_whitespace().collect::<Vec<_>>());
    assert!(output.status.success(), "{words}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The same, for a command that prints a JSON document.
fn document(words: &str) -> Value {
    serde_json::from_str(&run(words)).expect("a document")
}

/// Pins all interrupts of the module, and its timers, to one CPU.
fn pin(module: &Simrupt, lines: usize, cpu: usize) -> Vec<Line> {
    let lines: Vec<_> = (0..lines).map(|index| module.line(index)).collect();
    for line in &lines {
        line.set("cpu", &cpu.to_string());
        move_irq(line.irq(), cpu);
    }
    lines
}

/// A percentile of a stage of a line, in microseconds.
fn latency_us(line: usize, stage: &str, percentile: &str) -> f64 {
    let document = document(&format!("latency --line {line} --json"));
    let stages = document["lines"][0]["stages"].as_array().expect("stages");
    let stage = stages.iter().find(|row| row["stage"] == stage);
    let value = &stage.expect("the stage")["percentiles_ns"][percentile];
    value.as_f64().unwrap_or_else(|| panic!("{document}")) / 1000.0
}

/// The cells of a benchmark with these options.
fn bench(options: &str) -> Vec<Value> {
    let document = document(&format!("bench {options} --json -"));
    assert_eq!(document["complete"], true);
    document["cells"].as_array().expect("cells").clone()
}

/// The median of a figure of a cell.
fn figure(cell: &Value, name: &str) -> f64 {
    let median = cell["metrics"][name]["median"].as_f64();
    median.unwrap_or_else(|| panic!("{name} of {}", cell["setting"]))
}

/// The median of a figure of the cell of this flavor and stress.
fn figure_of(cells: &[Value], flavor: &str, stress: &str, name: &str) -> f64 {
    let mut cells = cells.iter();
    let cell = cells.find(|cell| {
        let setting = &cell["setting"];
        setting["flavor"] == flavor && setting["stress"] == stress
    });
    figure(cell.expect("the cell"), name)
}

/// A thread that keeps a CPU busy until this is dropped.
struct Busy {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// The kernel's number of the thread. A trace may lack its name.
    id: Pid,
}

impl Busy {
    fn on_cpu(cpu: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let (sends, id) = mpsc::channel();
        let thread = thread::spawn(move || {
            stay_on_cpu(cpu);
            sends.send(gettid()).expect("somebody waits for it");
            while !stopped.load(Ordering::Relaxed) {}
        });
        Self {
            stop,
            thread: Some(thread),
            id: id.recv().expect("it has begun"),
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("it ends");
        }
    }
}

/// Records of events that come from now on.
fn records(line: Line, count: usize) -> Vec<Record> {
    let mut file = line.open();
    read_fresh_records(line, &mut file, count)
}

/// How many of these had their bottom half on this CPU.
fn were_run_on(cpu: u16, records: &[Record]) -> usize {
    records
        .iter()
        .filter(|record| u32::from(record.bh_cpu) == u32::from(cpu))
        .count()
}

/// Question 1.
#[test]
fn a_real_time_poller_starves_items_of_its_cpu_and_neither_softirqs_nor_unbound_queues() {
    if Context::of_top_half() == Context::Task {
        return skip(
            "interrupts and softirqs of this kernel run in threads, which have priorities",
        );
    }
    if watches_itself() {
        return skip("the checks of this kernel keep an unbound item waiting as well");
    }
    let _module = Simrupt::load("");
    let cells = bench(
        "--flavors bh,irq-thread,bound,unbound --rates 1000 --stress fifo --cpus 1,0 --rounds 2 \
         --duration 0.2 --warm-up 0.05",
    );
    let all = ["bh", "irq-thread", "bound", "unbound"]
        .map(|flavor| figure_of(&cells, flavor, "fifo", "irq_bh_p99_ns") / 1000.0);
    let [bh, irq_thread, bound, unbound] = all;
    assert!(bound > 2000.0, "{all:?}");
    assert!(bh < 100.0 && irq_thread < 100.0, "{all:?}");
    assert!(unbound < bound / 3.0, "{all:?}");
}

/// Question 3.
#[test]
fn bound_and_unbound_queues_cost_alike_where_nothing_is_in_the_way() {
    let _module = Simrupt::load("");
    let cells = bench(
        "--flavors bound,unbound --rates 1000 --cpus 1,0 --rounds 2 --duration 0.2 --warm-up 0.05",
    );
    for name in ["irq_bh_p50_ns", "due_read_p50_ns"] {
        let [bound, unbound] = ["bound", "unbound"].map(|it| figure_of(&cells, it, "idle", name));
        let ratio = unbound / bound;
        assert!((0.5..2.0).contains(&ratio), "{name}: {bound} {unbound}");
    }
}

/// Question 4.
#[test]
fn equal_runs_compare_as_equal_and_a_run_of_a_busy_machine_does_not() {
    let _module = Simrupt::load("");
    let compare = |run: &str| {
        bench_file(run);
        let after = format!("/tmp/{run}.json");
        // Two runs of one boot may differ by some percent, and not by chance.
        simructl(&["compare", "/tmp/before.json", &after, "--threshold", "10"])
    };
    bench_file("before");
    let output = compare("after");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let _busy = Busy::on_cpu(0);
    let _busier = Busy::on_cpu(1);
    let output = compare("busy");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
}

/// Makes /tmp/RUN.json.
fn bench_file(run: &str) {
    self::run(&format!(
        "bench --flavors bh,bound --rates 1000 --rounds 6 --duration 0.1 --warm-up 0.02 \
         --json /tmp/{run}.json"
    ));
}

/// Question 5.
#[test]
fn an_item_of_a_bound_queue_stays_on_its_busy_cpu_and_one_of_an_unbound_queue_leaves_it() {
    if watches_itself() {
        return skip("the scheduler of this kernel leaves an unbound item on the busy CPU");
    }
    let module = Simrupt::load("rate_hz=1000 format=record");
    let line = pin(&module, 1, 1)[0];
    for flavor in ["bound", "unbound", "bh"] {
        let run_us = ["0", "65536"].map(|bytes| {
            run(&format!("set workqueue={flavor} work_bytes={bytes}"));
            run("reset");
            records(line, 100);
            latency_us(0, "bh_run", "p50")
        });
        assert!(run_us[1] > run_us[0] + 1.0, "{flavor}: {run_us:?}");
    }
    let _busy = Busy::on_cpu(1);
    for (flavor, least, most) in [("bound", 200, 200), ("bh", 200, 200), ("unbound", 0, 100)] {
        run(&format!("set workqueue={flavor}"));
        let count = were_run_on(1, &records(line, 200));
        assert!((least..=most).contains(&count), "{flavor}: {count}");
    }
    module.verify();
}

/// Question 7.
#[test]
fn a_tasklet_runs_on_top_of_the_thread_that_was_interrupted() {
    if Context::of_top_half() == Context::Task {
        return skip("softirqs of this kernel run in threads");
    }
    let module = Simrupt::load("rate_hz=1000 run=always");
    let line = pin(&module, 1, 1)[0];
    let busy = Busy::on_cpu(1);
    let reader = Reader::start(line, 4096);
    for (flavor, context, is_on_top) in [("tasklet", "softirq", true), ("bound", "task", false)] {
        run(&format!("set-wq {flavor}"));
        let events = run("trace -n 20 --json");
        let events = events
            .lines()
            .map(|row| serde_json::from_str::<Value>(row).expect("a row"));
        let runs: Vec<_> = events
            .flat_map(|event| event["hops"].as_array().cloned().unwrap_or_default())
            .filter(|hop| hop["hop"] == "run")
            .collect();
        assert!(runs.len() >= 20, "{runs:?}");
        let of_busy = format!("-{}", busy.id);
        let is_of_busy = |hop: &&Value| hop["task"].as_str().expect("a task").ends_with(&of_busy);
        assert!(runs.iter().all(|hop| hop["context"] == context), "{runs:?}");
        // Sometimes another thread has the CPU.
        let count = runs.iter().filter(is_of_busy).count();
        if is_on_top {
            assert!(count * 10 >= runs.len() * 8, "{of_busy}: {runs:?}");
        } else {
            assert_eq!(count, 0, "{of_busy}: {runs:?}");
        }
    }
    line.silence();
    reader.stop();
    module.verify();
}

/// The affinity of each interrupt of the module, by action.
fn affinities() -> Vec<(String, String)> {
    let document = document("irqs --once --json --filter simrupt");
    let rows = document["rows"].as_array().expect("rows").iter();
    let text = |value: &Value| value.as_str().expect("text").to_string();
    let mut all: Vec<_> = rows
        .map(|row| (text(&row["actions"][0]), text(&row["affinity"])))
        .collect();
    // They are listed by rate.
    all.sort();
    all
}

/// Question 8.
#[test]
fn an_interrupt_that_was_moved_is_told_from_those_that_were_not() {
    let module = Simrupt::load("lines=64 rate_hz=0");
    let before = affinities();
    assert_eq!(before.len(), 64);
    for index in [3, 40] {
        move_irq(module.line(index).irq(), 1);
    }
    let after = affinities();
    let moved = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before != after);
    let moved: Vec<_> = moved.map(|(_, after)| after.clone()).collect();
    let expected = ["simrupt3", "simrupt40"].map(|name| (name.to_string(), "1".to_string()));
    assert_eq!(moved, expected);
}

/// Question 9.
#[test]
fn interrupts_that_may_go_anywhere_go_to_one_cpu_until_they_are_moved() {
    let module = Simrupt::load("lines=3 rate_hz=1000 run=always cpu=0");
    let shares = || {
        let document = document("irqs --json --interval 0.3 --filter simrupt");
        let rows = document["rows"].as_array().expect("rows").clone();
        rows.into_iter().map(|row| {
            let name = row["actions"][0].as_str().expect("a name").to_string();
            let increase = row["per_cpu"]["increase"].as_array().expect("counts");
            let counts = increase
                .iter()
                .map(|count| count.as_u64().expect("a count"));
            let counts: Vec<_> = counts.collect();
            let affinity = row["affinity"].as_str().expect("CPUs").to_string();
            (name, affinity, counts)
        })
    };
    for (_, affinity, counts) in shares() {
        assert_ne!(affinity, "0");
        assert_eq!(counts[0], counts.iter().sum::<u64>(), "{counts:?}");
        assert!(counts[0] > 100, "{counts:?}");
    }
    move_irq(module.line(1).irq(), 1);
    module.line(1).wait_for("handled", 10);
    for (name, _, counts) in shares() {
        let cpu = usize::from(name == "simrupt1");
        assert_eq!(
            counts[cpu],
            counts.iter().sum::<u64>(),
            "{name}: {counts:?}"
        );
    }
}

/// Question 10.
#[test]
fn the_kernel_refuses_an_affinity_without_a_cpu_and_one_of_a_fixed_interrupt() {
    let module = Simrupt::load("rate_hz=0");
    let file = format!("/proc/irq/{}/smp_affinity", module.line(0).irq());
    let affinity = || fs::read_to_string(&file).expect("it can be read");
    let refused = |file: &str, mask: &str| {
        let error = fs::write(file, mask).expect_err("it is refused");
        error.raw_os_error().expect("an error of the kernel")
    };
    let before = affinity();
    let offline = Offline::take(1);
    for mask in ["0", "2"] {
        assert_eq!(refused(&file, mask), nix::libc::EINVAL, "{mask}");
        assert_eq!(affinity(), before);
    }
    // With an additional CPU that is online, it is accepted, and kept as it was written.
    fs::write(&file, "3").expect("it is taken");
    assert_eq!(u64::from_str_radix(affinity().trim(), 16), Ok(3));
    drop(offline);
    let files = fs::read_dir("/proc/irq").expect("interrupts").flatten();
    let files = files.map(|folder| folder.path().join("smp_affinity"));
    let is_fixed = |file: &std::path::PathBuf| {
        let mode = fs::metadata(file).map(|data| data.permissions().mode());
        mode.is_ok_and(|mode| mode & 0o222 == 0)
    };
    let fixed: Vec<_> = files.filter(is_fixed).collect();
    if cfg!(target_arch = "x86_64") {
        assert_ne!(fixed.len(), 0, "the timer's is one");
    }
    for fixed in fixed {
        let error = refused(fixed.to_str().expect("a path"), "1");
        assert!(
            [nix::libc::EPERM, nix::libc::EIO].contains(&error),
            "{error}"
        );
    }
}

/// Question 2.
#[test]
fn a_long_item_of_a_bound_queue_keeps_others_waiting_and_one_of_an_unbound_queue_does_not() {
    let module = Simrupt::load("lines=2 rate_hz=0 run=always workqueue=bound");
    let lines = pin(&module, 2, 0);
    let waited_us = ["bound", "cpu-intensive", "unbound"].map(|flavor| {
        run(&format!("set --line 0 workqueue={flavor} work_us=12000"));
        run("set rate_hz=20,1000");
        lines[1].wait_for("drained", 100);
        run("reset");
        lines[1].wait_for("drained", 600);
        let waited_us = latency_us(1, "irq_bh", "p99");
        run("set rate_hz=0");
        waited_us
    });
    let [bound, cpu_intensive, unbound] = waited_us;
    assert!(bound > 6000.0, "{waited_us:?}");
    assert!(cpu_intensive < bound / 2.0, "{waited_us:?}");
    assert!(unbound < bound / 2.0, "{waited_us:?}");
    module.verify();
}

/// Question 6.
#[test]
fn a_tasklet_starts_sooner_than_a_work_item_and_before_every_thread() {
    if watches_itself() {
        return skip("the checks of this kernel take longer than what is compared");
    }
    let _module = Simrupt::load("");
    let cells = bench(
        "--flavors tasklet,bh,bound --rates 1000 --stress idle,fifo --cpus 1,0 --rounds 2 \
         --duration 0.2 --warm-up 0.05",
    );
    let median_us =
        |flavor: &str, stress: &str| figure_of(&cells, flavor, stress, "irq_bh_p50_ns") / 1000.0;
    let [tasklet, bh, bound] = ["tasklet", "bh", "bound"].map(|flavor| median_us(flavor, "idle"));
    assert!(tasklet < bh, "{tasklet} {bh}");
    assert!(bh * 1.5 < bound, "{bh} {bound}");
    if Context::of_top_half() == Context::Task {
        return;
    }
    for flavor in ["tasklet", "bh"] {
        let us = median_us(flavor, "fifo");
        assert!(us < 100.0, "{flavor}: {us}");
    }
    let us = median_us("bound", "fifo");
    assert!(us > 500.0, "{us}");
}

/// How many times as long work, gaps and waits are. The checks of some kernels would otherwise take more of the CPU than they.
fn slower() -> u64 {
    if watches_itself() { 10 } else { 1 }
}

/// The CPU time of a thread, in nanoseconds.
fn cpu_time_ns(thread: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{thread}/schedstat")).expect("the kernel has it");
    let time = text.split(' ').next().expect("a field");
    time.parse().expect("a number")
}

/// Question 11.
#[test]
fn ksoftirqd_serves_long_bursts_unless_the_budget_is_large() {
    if Context::of_top_half() == Context::Task {
        return skip("softirqs of this kernel run in threads in any case");
    }
    if lacking_flavors().contains(&"napi-threaded") {
        return skip("this kernel has no NAPI");
    }
    let slower = slower();
    let module = Simrupt::load(&format!(
        "rate_hz=0 run=always workqueue=bh work_us={} poll_budget=1 fifo_policy=overwrite",
        100 * slower
    ));
    let line = pin(&module, 1, 1)[0];
    let ksoftirqd = threads("ksoftirqd/1")[0];
    // The time of ksoftirqd for each event, as a percentage of the event's work, and the median of the waits.
    let measure = |knobs: &str| {
        run(&format!("set {knobs} rate_hz={}", 3000 / slower));
        line.wait_for("drained", 300);
        run("reset");
        let [time_ns, drained] = [cpu_time_ns(ksoftirqd), line.stat("drained")];
        line.wait_for("drained", 1500);
        let time_ns = cpu_time_ns(ksoftirqd) - time_ns;
        let drained = line.stat("drained") - drained;
        (
            time_ns as f64 / drained as f64 / 1000.0 / slower as f64,
            latency_us(0, "irq_bh", "p50"),
        )
    };
    let even = measure("pattern=periodic");
    let burst = measure("pattern=burst burst=300");
    let budget = measure("poll_budget=64");
    let thread = measure("poll_budget=1 workqueue=napi-threaded");
    line.silence();
    let all = format!("{even:?} {burst:?} {budget:?} {thread:?}");
    assert!(even.0 < 10.0, "{all}");
    assert!(burst.0 > 30.0, "{all}");
    assert!(budget.0 < 10.0 && thread.0 < 10.0, "{all}");
    assert!(budget.1 < burst.1 / 10.0, "{all}");
    assert!(thread.1 > burst.1 / 2.0, "{all}");
    module.verify();
}

/// Question 12.
#[test]
fn events_that_wait_for_each_other_save_interrupts_and_are_later() {
    let slower = slower();
    let module = Simrupt::load("rate_hz=0 run=always workqueue=bh");
    let line = module.line(0);
    let measured = [0, 50, 200, 1000].map(|us| {
        run(&format!(
            "set coalesce_us={} rate_hz={}",
            us * slower,
            10_000 / slower
        ));
        line.wait_for("drained", 500);
        run("reset");
        // Queued events count as new after it.
        let before = line.stats();
        line.wait_for("drained", 3000);
        let after = line.stats();
        line.silence();
        let count = |name: &str| (after[name] - before[name]) as f64;
        let per_interrupt = count("events") / count("handled");
        (
            per_interrupt,
            latency_us(0, "due_irq", "p50") / slower as f64,
        )
    });
    let [none, short, middle, long] = measured;
    // Below the gap between two events, waiting saves nothing.
    for of in [none, short] {
        assert!((0.9..1.2).contains(&of.0), "{measured:?}");
    }
    assert!(short.1 > none.1 + 45.0, "{measured:?}");
    assert!((2.5..3.5).contains(&middle.0), "{measured:?}");
    assert!((9.0..12.0).contains(&long.0), "{measured:?}");
    assert!((400.0..600.0).contains(&long.1), "{measured:?}");
    module.verify();
}

/// Question 13.
#[test]
fn a_cause_that_nobody_clears_storms_whether_the_driver_polls_or_not() {
    let module = Simrupt::load("rate_hz=0 run=always irq_type=level workqueue=bh");
    let line = module.line(0);
    for budget in ["0", "64"] {
        run(&format!("set poll_budget={budget} rate_hz=10"));
        line.wait_for("events", 2);
        let before: u64 = action_counts("simrupt0").iter().sum();
        let handled = line.stat("handled");
        run("fault set stuck");
        line.wait_for("events", 5);
        let handled = line.stat("handled") - handled;
        // A kernel that checks itself has hundreds for each event, others have thousands.
        assert!(handled > 500, "{handled}");
        // While it is masked, no interrupts come, though the device goes on.
        run("set masked=1");
        let masked: u64 = action_counts("simrupt0").iter().sum();
        assert!(masked - before >= handled, "{before} {masked} {handled}");
        line.wait_for("events", 2);
        assert_eq!(action_counts("simrupt0").iter().sum::<u64>(), masked);
        run("set masked=0");
        run("recover");
        line.wait_for("events", 1);
        let before = line.stat("handled");
        line.wait_for("events", 5);
        line.silence();
        let handled = line.stat("handled") - before;
        assert!((4..=8).contains(&handled), "{handled}");
        module.verify();
    }
}

/// Question 14.
#[test]
fn the_work_item_that_takes_a_cpu_is_the_first_of_all_handlers() {
    let module = Simrupt::load("lines=2 rate_hz=0 run=always workqueue=bound,bh work_us=3000,100");
    run("set rate_hz=100,500");
    eventually("both are at work", || {
        (0..2).all(|index| module.line(index).stat("runs") > 10)
    });
    let document = document("handlers --for 500ms --json");
    let rows = document["rows"].as_array().expect("rows");
    let first = &rows[0];
    assert_eq!(first["queue"], "simrupt0-bound", "{first}");
    assert_eq!(first["kind"], "work", "{first}");
    let percent = first["cpu_percent"].as_f64().expect("a number");
    assert!((20.0..40.0).contains(&percent), "{first}");
    // By interrupts, the other line is first.
    let of_interrupt = |name: &str| {
        let row = rows
            .iter()
            .find(|row| row["name"] == name && row["kind"] == "irq");
        let row = row.expect("the interrupt has a row");
        (row["per_second"].as_f64(), row["cpu_percent"].as_f64())
    };
    let [long, short] = ["simrupt0", "simrupt1"].map(of_interrupt);
    assert!(
        short.0 > long.0.map(|rate| 3.0 * rate),
        "{long:?} {short:?}"
    );
    assert!(long.1 < Some(5.0), "{long:?}");
}

/// Question 15.
#[test]
fn the_mask_of_an_unbound_queue_keeps_its_items_off_a_cpu_and_goes_with_the_queue() {
    const QUEUES: &str = "/sys/devices/virtual/workqueue";
    let module = Simrupt::load("rate_hz=1000 format=record workqueue=unbound");
    let line = pin(&module, 1, 1)[0];
    let queue = format!("{QUEUES}/simrupt0-unbound/cpumask");
    let mask = || fs::read_to_string(&queue).expect("the queue has a mask");
    let before = mask();
    fs::write(&queue, "1").expect("the mask can be set");
    assert_eq!(were_run_on(0, &records(line, 200)), 200);
    run("set-wq bound");
    assert_eq!(were_run_on(1, &records(line, 200)), 200);
    // The next queue is a new one.
    run("set-wq unbound");
    assert_eq!(mask(), before);
    // The mask of all unbound queues applies to it as well.
    let global = format!("{QUEUES}/cpumask");
    let of_all = fs::read_to_string(&global).expect("the mask of all");
    fs::write(&global, "1").expect("it can be set");
    let records = records(line, 200);
    fs::write(&global, of_all.trim_end()).expect("it can be set");
    assert_eq!(were_run_on(0, &records), 200);
    assert_eq!(mask(), before);
    module.verify();
}
