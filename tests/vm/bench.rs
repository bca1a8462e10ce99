// SPDX-License-Identifier: GPL-2.0-only

//! `simructl bench` with the real module: its measurements, and that it leaves nothing behind.

use nix::sys::signal::Signal;
use serde_json::Value;
use simrupt_vm_tests::{
    Context, Line, Simrupt, end, eventually, flavors, is_real_time, simructl, start_simructl,
    watches_itself,
};
use std::{
    collections::BTreeMap,
    fs, iter,
    path::Path,
    process::{Child, Output},
};

const JSON: &str = "/tmp/bench.json";
const SAVED: &str = "/run/simrupt-bench.toml";

/// Lines that are not as they were made, so that what is put back can be told from a default.
const ODD: &str = "lines=2 rate_hz=7,1000 workqueue=highpri,ordered fifo_size=64 pattern=poisson \
                   burst=3 format=record run=always cpu=1 work_us=5";

/// All knobs of both lines, and the CPUs that may handle their interrupts.
fn state(module: &Simrupt) -> Vec<(BTreeMap<&'static str, String>, String)> {
    let of = |line: Line| {
        let affinity = format!("/proc/irq/{}/smp_affinity_list", line.irq());
        (line.knobs(), fs::read_to_string(affinity).unwrap())
    };
    vec![of(module.line(0)), of(module.line(1))]
}

/// The words of `simructl bench` with these options.
fn words(options: &str) -> Vec<&str> {
    let options = options.split_whitespace();
    iter::once("bench").chain(options).collect()
}

/// A running bench.
fn start(options: &str) -> Child {
    start_simructl(&words(options))
}

/// A bench that has ended.
fn bench(options: &str) -> Output {
    simructl(&words(options))
}

fn results() -> Value {
    serde_json::from_str(&fs::read_to_string(JSON).unwrap()).unwrap()
}

/// A bench that would run for hours, during its first round.
fn endless(module: &Simrupt, flavors: &str) -> Child {
    let child = start(&format!(
        "--flavors {flavors} --rates 1000 --rounds 1000 --duration 0.1 --warm-up 0.01 \
         --json {JSON}"
    ));
    eventually("it measures", || module.line(0).get("rate_hz") == "1000");
    child
}

#[test]
fn a_bench_measures_every_cell_and_puts_the_knobs_back() {
    let module = Simrupt::load(ODD);
    let before = state(&module);
    let output = bench(&format!(
        "--flavors bound,bh --rates 1000,5000 --bursts 1,4 --rounds 2 --duration 0.2 \
         --warm-up 0.05 --json {JSON}"
    ));
    assert!(output.status.success(), "{output:?}");
    assert_eq!(state(&module), before);
    assert!(!Path::new(SAVED).exists());
    module.verify();

    let results = results();
    assert_eq!(results["complete"], true);
    assert_eq!(results["environment"]["cpus_online"], 2);
    assert_eq!(results["environment"]["knobs"]["fifo_policy"], "drop");
    let cells = results["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 8);
    for cell in cells {
        let setting = &cell["setting"];
        let rate = setting["rate_hz"].as_f64().unwrap();
        let rounds = cell["rounds"].as_array().unwrap();
        assert_eq!(rounds.len(), 2, "{setting}");
        for round in rounds {
            let counter = |name: &str| round["counters"][name].as_u64().unwrap();
            let metric = |name: &str| round["metrics"][name].as_f64();
            assert_eq!(counter("events"), counter("read"), "{setting}");
            let seconds = round["elapsed_ns"].as_f64().unwrap() / 1e9;
            assert!((0.2..0.3).contains(&seconds), "{setting}: {seconds} s");
            // As exact as the ends of the round allow: one burst at each end, plus the events that come due while the
            // counters are read, which takes a kernel that checks itself some time.
            let burst = setting["burst"].as_f64().unwrap();
            let off = (counter("events") as f64 - rate * seconds).abs();
            let reading_s = if watches_itself() { 0.004 } else { 0.001 };
            let limit = (rate * seconds * 0.01).max(2.0 * burst + rate * reading_s);
            assert!(off <= limit, "{setting}: off by {off} events");
            assert_eq!(metric("loss_ratio"), Some(0.0));
            for name in [
                "due_irq_p50_ns",
                "irq_bh_p99_ns",
                "bh_run_max_ns",
                "due_read_mean_ns",
                "reader_ns_per_event",
                "worker_ns_per_event",
                "switches_per_event",
            ] {
                assert!(metric(name).is_some_and(|value| value >= 0.0), "{name}");
            }
            assert!(metric("reader_ns_per_event").unwrap() > 100.0, "{round}");
            let expected_runs = counter("events") as f64 / burst;
            assert!(counter("runs") as f64 <= expected_runs + 1.0, "{round}");
        }
        let histogram = &cell["histograms"]["due_read"];
        let read: u64 = rounds
            .iter()
            .map(|round| round["counters"]["read"].as_u64().unwrap())
            .sum();
        assert_eq!(histogram["count"].as_u64(), Some(read));
        let flags = cell["flags"].as_array().unwrap();
        let is_off = |flag: &Value| flag.as_str().unwrap().contains("rate was off");
        // 1 % of a round is 2 ms.
        assert!(watches_itself() || !flags.iter().any(is_off), "{flags:?}");
    }
    let worker = |at: usize| cells[at]["metrics"]["worker_ns_per_event"]["median"].as_f64();
    // Work in a softirq is charged to no kworker.
    assert!(worker(0) > worker(4), "{:?} {:?}", worker(0), worker(4));
}

#[test]
fn a_knob_that_others_set_is_reported_and_changes_no_figure() {
    let module = Simrupt::load("");
    let child = start(&format!(
        "--flavors bh --rates 1000 --rounds 3 --duration 1 --warm-up 0.1 --json {JSON}"
    ));
    let line = module.line(0);
    eventually("it measures", || line.get("rate_hz") == "1000");
    line.set("workqueue", "unbound");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let results = results();
    let changes = results["foreign_changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{changes:?}");
    let change = changes[0].as_str().unwrap();
    let told = "workqueue of line 0 was unbound, not bh (during bh 1000 Hz";
    assert!(change.starts_with(told), "{change}");
    let cell = &results["cells"][0];
    assert_eq!(cell["rounds"].as_array().unwrap().len(), 3);
    for round in cell["rounds"].as_array().unwrap() {
        // A kernel that checks itself uses kworkers for that, too.
        if watches_itself() {
            break;
        }
        // Only the interrupt's threads take time then, if the kernel has them: 10.5 µs per event with PREEMPT_RT,
        // because softirqs run there, too. Other work of the kernel is some tenths of a µs per event. A kworker of
        // unbound takes 8 µs, and with PREEMPT_RT 14.4 µs to 17.3 µs together with the threads.
        let most_ns = if is_real_time() { 12_000.0 } else { 2_000.0 };
        let worker = round["metrics"]["worker_ns_per_event"].as_f64();
        assert!(worker.is_none_or(|ns| ns < most_ns), "{round}");
    }
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("changed by others"), "{text}");
}

#[test]
fn a_knob_that_is_changed_and_changed_back_is_reported_and_the_round_is_run_again() {
    let module = Simrupt::load("");
    let child = start(&format!(
        "--flavors bh --rates 1000 --rounds 1 --duration 1 --warm-up 0 --json {JSON}"
    ));
    let line = module.line(0);
    // The counters are reset when it does.
    eventually("it measures", || {
        line.get("rate_hz") == "1000" && (20..500).contains(&line.stat("events"))
    });
    line.set("burst", "9");
    line.set("burst", "1");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let results = results();
    let changes = results["foreign_changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{changes:?}");
    let change = changes[0].as_str().unwrap();
    let told = "/sys/kernel/debug/simrupt/line0/burst was written to (during bh 1000 Hz";
    assert!(change.starts_with(told), "{change}");
    assert_eq!(results["cells"][0]["rounds"].as_array().unwrap().len(), 1);
}

/// The threads of simructl with this name: their policies and the CPUs that they may run on.
fn threads(of: &Child, name: &str) -> Vec<(String, String)> {
    let tasks = fs::read_dir(format!("/proc/{}/task", of.id())).unwrap();
    let paths = tasks.flatten().map(|task| task.path());
    let text = |path: &Path, file: &str| fs::read_to_string(path.join(file)).unwrap_or_default();
    let named = paths.filter(|path| text(path, "comm").trim() == name);
    named
        .map(|path| {
            let stat = text(&path, "stat");
            // The 41st field is the policy; the second is the name, in parentheses.
            let (_, behind) = stat.rsplit_once(')').unwrap_or_default();
            let policy = behind.split_whitespace().nth(38).unwrap_or("?").to_string();
            let status = text(&path, "status");
            let allowed = status
                .lines()
                .find_map(|row| row.strip_prefix("Cpus_allowed_list:"));
            (policy, allowed.unwrap_or("?").trim().to_string())
        })
        .collect()
}

#[test]
fn a_real_time_hog_keeps_work_items_waiting_but_no_softirq_and_ends() {
    let module = Simrupt::load("");
    let child = start(&format!(
        "--flavors bh,bound --rates 1000 --stress fifo --cpus 1,0 --rounds 1 \
         --duration 0.5 --warm-up 0.1 --json {JSON}"
    ));
    // SCHED_FIFO is 1. The line is on CPU 1.
    let expected = [("1".to_string(), "1".to_string())];
    eventually("the hog is at work", || {
        threads(&child, "stress-fifo") == expected
    });
    assert_eq!(module.line(0).get("cpu"), "1");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let results = results();
    assert_eq!(results["plan"]["cpus"], serde_json::json!([1, 0]));
    let wait = |at: usize| {
        let metrics = &results["cells"][at]["metrics"];
        metrics["irq_bh_p50_ns"]["median"].as_f64().unwrap()
    };
    // The work item waits for the rest of 4 ms, in four of five cases. On a kernel that runs softirqs in threads, or
    // leaves them to ksoftirqd, they wait as well.
    assert!(wait(1) > 500_000.0, "{}", wait(1));
    let in_softirq = Context::of_top_half() != Context::Task;
    assert!(wait(0) < 100_000.0 || !in_softirq, "{}", wait(0));
    module.verify();
}

#[test]
fn a_busy_loop_is_pinned_to_the_cpu_of_the_line() {
    let module = Simrupt::load("");
    let child = start(&format!(
        "--flavors bh,bound --rates 1000 --stress pinned --cpus 1 --rounds 1 \
         --duration 0.2 --warm-up 0.1 --json {JSON}"
    ));
    let expected = [("0".to_string(), "1".to_string())];
    eventually("it is at work", || {
        threads(&child, "stress-pinned") == expected
    });
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let results = results();
    let cells = results["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 2);
    for cell in cells {
        assert_eq!(cell["setting"]["stress"], "pinned");
        let round = &cell["rounds"][0];
        assert!(round["counters"]["read"].as_u64() > Some(100), "{cell}");
        assert!(round["warm_up_ns"].as_u64() >= Some(100_000_000), "{cell}");
        assert!(round["steady"].is_boolean(), "{cell}");
    }
    module.verify();
}

#[test]
fn several_lines_work_at_the_same_time_each_on_its_cpu() {
    let module = Simrupt::load("lines=2");
    let child = start(&format!(
        "--flavors unbound --affinity-scopes default,cpu,system --rates 2000 \
         --lines 2 --stress idle,cpu,memory --rounds 1 --duration 0.1 --json {JSON}"
    ));
    eventually("both work", || {
        (0..2).all(|line| module.line(line).get("rate_hz") == "2000")
    });
    for line in 0..2 {
        assert_eq!(module.line(line).get("cpu"), line.to_string());
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let results = results();
    let cells = results["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 9);
    let idle = &cells[0];
    let rate = idle["metrics"]["events_hz"]["median"].as_f64().unwrap();
    assert!((3950.0..4050.0).contains(&rate), "{idle}");
    module.verify();
}

#[test]
fn ctrl_c_keeps_what_is_finished_and_puts_the_knobs_back() {
    let module = Simrupt::load(ODD);
    let before = state(&module);
    let _ = fs::remove_file(JSON);
    let child = endless(&module, "bh,bound");
    let first = module.line(0).get("workqueue");
    eventually("the next cell is measured", || {
        let line = module.line(0);
        line.get("workqueue") != first && line.get("rate_hz") == "1000"
    });
    let output = end(child, Signal::SIGINT);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("not complete"), "{told}");
    assert_eq!(state(&module), before);
    let results = results();
    assert_eq!(results["complete"], false);
    assert!(!results["cells"].as_array().unwrap().is_empty());
    module.verify();
}

/// A bench of one round of one cell.
fn short() -> Output {
    let options = "bench --flavors bh --rates 1000 --rounds 1 --duration 0.05";
    simructl(&options.split(' ').collect::<Vec<_>>())
}

#[test]
fn the_changes_of_a_killed_bench_are_reverted_by_the_next() {
    let module = Simrupt::load(ODD);
    let before = state(&module);
    let _ = fs::remove_file(JSON);
    let output = end(endless(&module, "bh"), Signal::SIGKILL);
    assert_eq!(output.status.code(), None);
    assert!(Path::new(SAVED).exists());
    assert_ne!(state(&module), before);

    let output = short();
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("killed"), "{told}");
    assert_eq!(state(&module), before);
    assert!(!Path::new(SAVED).exists());
}

#[test]
fn values_saved_from_another_module_are_not_restored() {
    let module = Simrupt::load("rate_hz=77");
    end(endless(&module, "bh"), Signal::SIGKILL);
    drop(module);
    let module = Simrupt::load("rate_hz=5");
    let output = short();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(module.line(0).get("rate_hz"), "5");
    assert!(!Path::new(SAVED).exists());
}

#[test]
fn a_second_bench_at_the_same_time_is_refused_and_changes_nothing() {
    let module = Simrupt::load("");
    let first = endless(&module, "bh");
    let pid = first.id().to_string();
    let second = bench("--flavors ordered");
    assert_eq!(second.status.code(), Some(1), "{second:?}");
    let told = String::from_utf8_lossy(&second.stderr);
    assert!(told.contains(&format!("another bench runs: process {pid}")));
    assert_eq!(module.line(0).get("workqueue"), "bh");
    end(first, Signal::SIGTERM);
    assert_eq!(module.line(0).get("workqueue"), "unbound");
}

#[test]
fn the_highest_rate_that_a_flavor_follows_is_found() {
    let module = Simrupt::load("");
    // The limit is so high that the slowest kernel meets it at the lowest rate.
    let output = bench(&format!(
        "--flavors bh --rates 1000 --rounds 1 --duration 0.1 --warm-up 0.02 \
         --find-knee --p99-limit 20000 --knee-max 200000 --json {JSON}"
    ));
    assert!(output.status.success(), "{output:?}");
    let results = results();
    let knee = &results["knees"][0];
    let found = knee["rates_hz"][0].as_u64().unwrap();
    let probes = knee["probes"].as_array().unwrap();
    let passed = |probe: &&Value| probe["passed"] == true;
    let highest = probes
        .iter()
        .filter(passed)
        .map(|one| one["rate_hz"].as_u64());
    assert_eq!(highest.max().unwrap(), Some(found), "{knee}");
    let failed = probes.iter().filter(|one| !passed(one));
    let lowest = failed.map(|one| one["rate_hz"].as_u64().unwrap()).min();
    assert!(
        lowest.is_none_or(|lowest| lowest as f64 <= found as f64 * 1.06),
        "{knee}"
    );
    module.verify();
}

#[test]
fn a_plan_that_the_module_does_not_support_is_refused_before_anything_changes() {
    let module = Simrupt::load("rate_hz=5");
    let output = bench("--lines 9");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("lines=9"));
    assert_eq!(module.line(0).get("rate_hz"), "5");
}

#[test]
fn a_closed_loop_is_bound_to_no_rate_and_no_reader_is_needed() {
    let module = Simrupt::load("lines=2");
    let before = state(&module);
    // On a kernel that checks itself, two loops leave simructl so little of two CPUs that this takes minutes.
    let lines = if watches_itself() { 1 } else { 2 };
    let output = bench(&format!(
        "--mode saturate --flavors bh,bound,irq-thread --lines {lines} --rounds 2 \
         --duration 0.05 --warm-up 0.02 --json {JSON}"
    ));
    assert!(output.status.success(), "{output:?}");
    assert_eq!(state(&module), before);
    assert_eq!(module.line(0).stat("queued"), 0);
    let results = results();
    for cell in results["cells"].as_array().unwrap() {
        let metrics = &cell["metrics"];
        let runs_hz = metrics["runs_hz"]["median"].as_f64().unwrap();
        // 1000 is how often per second the timer turns a loop that has no doorbell.
        let least = if watches_itself() { 1000.0 } else { 50_000.0 };
        assert!(runs_hz > least, "{}: {runs_hz}", cell["setting"]);
        assert!(metrics["irq_bh_p99_ns"]["median"].as_f64().is_some());
        for name in ["due_read_p50_ns", "loss_ratio", "read_hz"] {
            assert!(metrics[name].is_null(), "{name}: {cell}");
        }
    }
    module.verify();
}

#[test]
fn the_floor_and_what_measuring_costs_are_measured_along() {
    let module = Simrupt::load("");
    let output = bench(&format!(
        "--flavors none,bh,unbound --rates 5000 --stress idle,irqs-off --rounds 2 \
         --duration 0.1 --json {JSON}"
    ));
    assert!(output.status.success(), "{output:?}");
    let results = results();
    let costs = results["costs"].as_array().unwrap();
    let cost = |name: &str| {
        let found = costs.iter().find(|cost| cost["name"] == name);
        found.map(|cost| cost["mean_ns"].as_f64().unwrap())
    };
    for flavor in ["bh", "unbound"] {
        assert!(
            cost("timestamp").unwrap() < cost(flavor).unwrap(),
            "{costs:?}"
        );
    }
    assert_eq!(cost("none"), None);

    let cells = results["cells"].as_array().unwrap();
    let metric = |at: usize, name: &str| cells[at]["metrics"][name]["median"].as_f64().unwrap();
    // none idle, none irqs-off, bh idle, bh irqs-off, unbound idle, unbound irqs-off. If interrupts are threaded,
    // `none` includes the wake-up of a thread, too.
    let is_floor = metric(0, "irq_bh_p50_ns") < metric(2, "irq_bh_p50_ns");
    assert!(is_floor || Context::of_top_half() == Context::Task);
    // A detector that stops the watched code outweighs the wake-up of a thread.
    assert!(metric(2, "irq_bh_p50_ns") < metric(4, "irq_bh_p50_ns") || watches_itself());
    // For a twentieth of the time, interrupts wait for up to 50 us. On a kernel with all checks they do so without
    // interference.
    for at in [0, 2, 4] {
        let [idle, held] = [at, at + 1].map(|at| metric(at, "due_irq_p99_ns"));
        let is_longer = held > idle || watches_itself();
        assert!(is_longer && held > 10_000.0, "{at}: {idle} {held}");
    }
    assert_eq!(module.line(0).get("stress"), "none");
}

/// The cells of a preset, measured once for `seconds`.
fn preset(name: &str, seconds: f64, options: &str) -> Vec<Value> {
    let output = bench(&format!(
        "--preset {name} --rounds 1 --duration {seconds} --warm-up 0.01 {options} --json {JSON}"
    ));
    assert!(output.status.success(), "{output:?}");
    let results = results();
    assert_eq!(results["complete"], true);
    let cells = results["cells"].as_array().unwrap().clone();
    for cell in &cells {
        let events = cell["rounds"][0]["counters"]["events"].as_u64();
        assert!(events > Some(0), "{cell}");
    }
    cells
}

#[test]
fn preset_moderation_shares_interrupts_between_events() {
    let module = Simrupt::load("coalesce_us=7 irq_type=level");
    let cells = preset("moderation", 0.05, "--rates 1000,20000");
    assert_eq!(cells.len(), 16);
    let found = |rate_hz: u64, coalesce_us: Option<&str>| {
        let is_that = |cell: &&Value| {
            let setting = &cell["setting"];
            setting["flavor"] == "bh"
                && setting["rate_hz"] == rate_hz
                && setting["knobs"]["coalesce_us"].as_str() == coalesce_us
        };
        let cell = cells.iter().find(is_that).unwrap();
        let raised = &cell["rounds"][0]["counters"]["raised"];
        let waited = &cell["metrics"]["due_irq_p50_ns"]["median"];
        (raised.as_f64().unwrap(), waited.as_f64().unwrap())
    };
    let (each, at_once) = found(20_000, None);
    let (some, later) = found(20_000, Some("500"));
    // An event in 50 us: ten of them in 500 us.
    assert!(some * 5.0 < each, "{some} {each}");
    assert!(later > at_once + 100_000.0, "{later} {at_once}");
    // The old value is in force again, and was not in force during the measurement.
    assert_eq!(module.line(0).get("coalesce_us"), "7");
    assert_eq!(module.line(0).get("irq_type"), "level");
    assert_eq!(results()["environment"]["knobs"]["irq_type"], "edge");
    assert!(results()["environment"]["knobs"]["coalesce_us"].is_null());
    module.verify();
}

#[test]
fn preset_hog_keeps_the_items_of_a_bound_queue_waiting() {
    let module = Simrupt::load("lines=2");
    let before = state(&module);
    let cells = preset("hog", 0.3, "--flavors bh,bound");
    assert_eq!(cells.len(), 4);
    let longest = |at: usize| {
        cells[at]["histograms"]["irq_bh"]["max_ns"]
            .as_u64()
            .unwrap()
    };
    // The items of both lines run in one worker of the CPU. A softirq ends before the next one begins, unless softirqs
    // run in threads, which may preempt each other.
    for (flavor, idle, beside) in [("bh", 0, 1), ("bound", 2, 3)] {
        assert_eq!(cells[beside]["setting"]["stress"], "hog");
        assert!(
            longest(beside) > 5_000_000
                || flavor == "bh" && Context::of_top_half() != Context::Hardirq,
            "{flavor}: {}",
            longest(beside)
        );
        assert!(
            longest(idle) < 5_000_000 || watches_itself(),
            "{flavor}: {}",
            longest(idle)
        );
    }
    assert_eq!(state(&module), before);
    assert_eq!(module.line(1).stat("queued"), 0);
    module.verify();
}

#[test]
fn preset_hog_takes_a_further_line() {
    let module = Simrupt::load("rate_hz=5");
    let output = bench("--preset hog --rounds 1");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("lines=2"));
    assert_eq!(module.line(0).get("rate_hz"), "5");
}

#[test]
fn preset_defer_measures_edges_and_levels_of_each_flavor() {
    let module = Simrupt::load("");
    let flavors = flavors().join(",");
    let cells = preset("defer", 0.05, &format!("--rates 2000 --flavors {flavors}"));
    let levels = cells
        .iter()
        .filter(|cell| cell["setting"]["knobs"]["irq_type"] == "level");
    assert_eq!(levels.count() * 2, cells.len());
    module.verify();
}

#[test]
fn preset_footprint_measures_each_of_its_flavors() {
    let module = Simrupt::load("");
    let cells = preset("footprint", 0.05, "");
    assert!(cells.len() >= 4, "{}", cells.len());
    module.verify();
}

#[test]
fn a_replay_has_the_arrivals_of_its_file_on_each_line() {
    const ARRIVALS: &str = "/tmp/bench.arrivals";
    let module = Simrupt::load("lines=2");
    let schedule = |line: u32| format!("/sys/kernel/debug/simrupt/line{line}/schedule");
    fs::write(schedule(1), "77\n88\n").unwrap();
    // 50 ms: a gap, and nine events together.
    let gaps = iter::once("49990000\n").chain(iter::repeat_n("1250\n", 8));
    fs::write(ARRIVALS, gaps.collect::<String>()).unwrap();
    let output = bench(&format!(
        "--replay {ARRIVALS} --flavors bh,bound --lines 2 --rounds 2 --duration 0.5 \
         --warm-up 0.1 --json {JSON}"
    ));
    assert!(output.status.success(), "{output:?}");
    let results = results();
    let replay = &results["environment"]["replay"];
    assert_eq!(replay["file"], ARRIVALS);
    assert_eq!(replay["arrivals"], 9);
    assert_eq!(replay["rate_hz"], 180.0);
    assert_eq!(replay["sha256"].as_str().map(str::len), Some(64));
    let cells = results["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 2);
    for cell in cells {
        assert_eq!(cell["setting"]["mode"], "replay");
        assert_eq!(cell["setting"]["rate_hz"], 180);
        for round in cell["rounds"].as_array().unwrap() {
            let counter = |name: &str| round["counters"][name].as_u64().unwrap();
            let events = counter("events");
            // Ten times nine on each of two lines, except for those at the ends.
            assert!((144..=216).contains(&events), "{round}");
            assert_eq!(counter("read"), events);
        }
        assert_eq!(cell["flags"].as_array().map(Vec::len), Some(0), "{cell}");
    }
    assert_eq!(fs::read_to_string(schedule(0)).unwrap(), "");
    assert_eq!(fs::read_to_string(schedule(1)).unwrap(), "77\n88\n");
    assert_eq!(module.line(0).get("pattern"), "periodic");
    assert_eq!(module.line(0).get("replay_loop"), "0");
    module.verify();
}
