// SPDX-License-Identifier: GPL-2.0-only

//! tools/rtla. The main test needs kernels with the tracers: Debian's with PREEMPT_RT.

use super::{interrupted, printed, run};
use simrupt_vm_tests::{Line, Simrupt, skip};
use std::{collections::BTreeMap, fs};

const NO_TRACERS: &str = "this kernel was built without the tracers osnoise and timerlat";

/// Whether the kernel has what rtla needs.
fn has_tracers() -> bool {
    let tracers = fs::read_to_string("/sys/kernel/tracing/available_tracers").unwrap();
    ["osnoise", "timerlat"]
        .iter()
        .all(|name| tracers.split_whitespace().any(|tracer| tracer == *name))
}

/// Everything that the script changes.
fn state(line: Line) -> (BTreeMap<&'static str, String>, String) {
    let affinity = format!("/proc/irq/{}/smp_affinity_list", line.irq());
    (line.knobs(), fs::read_to_string(affinity).unwrap())
}

#[test]
fn a_kernel_without_the_tracers_is_told_apart_and_bad_options_change_nothing() {
    assert_eq!(run("rtla/noise", &["-x"]).status.code(), Some(2));
    let module = Simrupt::load("rate_hz=77 workqueue=ordered");
    let before = state(module.line(0));
    let options: &[&str] = if has_tracers() { &["-w", "bogus"] } else { &[] };
    let output = run("rtla/noise", options);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    let why = if has_tracers() {
        "no flavor bogus"
    } else {
        "linux-image-rt"
    };
    assert!(told.contains(why), "{told}");
    assert_eq!(before, state(module.line(0)));
}

/// A row's figures, checked for the properties of all rows: the noise in percent, interrupts, softirqs and threads per
/// second, mean and maximum of both latencies.
fn figures(row: &str, rate: u32, flavor: &str) -> [f64; 8] {
    let cells: Vec<_> = row.split_whitespace().collect();
    assert_eq!(cells[..2], [&*rate.to_string(), flavor], "{row}");
    let figures: Vec<f64> = cells[2..]
        .iter()
        .map(|cell| cell.parse().expect(row))
        .collect();
    let figures: [f64; 8] = figures.try_into().expect(row);
    let [_, irqs, _, threads, timer, timer_max, thread, thread_max] = figures;
    // Each event is at least an interrupt there, and a run of a thread: that of the interrupt on these kernels.
    assert!(
        irqs >= f64::from(rate) && threads >= f64::from(rate),
        "{row}"
    );
    assert!(
        timer <= timer_max && timer <= thread && thread <= thread_max,
        "{row}"
    );
    figures
}

#[test]
fn noise_grows_with_the_rate() {
    if !has_tracers() {
        return skip(NO_TRACERS);
    }
    let module = Simrupt::load("lines=2 rate_hz=77 workqueue=ordered");
    let line = module.line(1);
    let before = state(line);
    let options = ["-l", "1", "-c", "1", "-d", "1", "-w", "bound", "-r"];
    let text = printed("rtla/noise", &[&options[..], &["0,1000,4000"]].concat());
    let rows: Vec<_> = text.lines().skip(2).collect();
    assert_eq!(rows.len(), 3, "{text}");
    let [none, some, many] =
        [0, 1, 2].map(|index| figures(rows[index], [0, 1000, 4000][index], "bound"));
    assert!(none[0] < some[0] && some[0] < many[0], "{text}");
    assert!(
        none[1] + 1000.0 <= some[1] && some[1] + 3000.0 <= many[1],
        "{text}"
    );
    assert_eq!(before, state(line));
    // Without a reader, and of this line only.
    assert!(line.stat("events") > 5000, "{:?}", line.stats());
    assert_eq!(module.line(0).stat("events"), 0);
    module.verify();
}

#[test]
fn each_flavor_has_its_row() {
    if !has_tracers() {
        return skip(NO_TRACERS);
    }
    let module = Simrupt::load("rate_hz=77 workqueue=ordered");
    let before = state(module.line(0));
    let options = ["-c", "1", "-d", "1", "-r", "2000", "-w", "bh,irq-thread"];
    let text = printed("rtla/noise", &options);
    let rows: Vec<_> = text.lines().skip(2).collect();
    assert_eq!(rows.len(), 2, "{text}");
    let bh = figures(rows[0], 2000, "bh");
    let irq_thread = figures(rows[1], 2000, "irq-thread");
    // A second thread runs for each event.
    assert!(
        irq_thread[3] >= bh[3] + 1000.0 && irq_thread[0] > bh[0],
        "{text}"
    );
    assert_eq!(before, state(module.line(0)));
}

/// Whether there is a sample in a trace instance; rtla creates one.
fn has_sampled() -> bool {
    let instances = fs::read_dir("/sys/kernel/tracing/instances").unwrap();
    let per_cpu = instances.flatten().map(|one| one.path().join("per_cpu"));
    let mut cpus = per_cpu.filter_map(|path| fs::read_dir(path).ok()).flatten();
    cpus.any(|cpu| {
        let stats = fs::read_to_string(cpu.unwrap().path().join("stats")).unwrap_or_default();
        let mut rows = stats.lines();
        rows.any(|row| row.starts_with("entries: ") && row != "entries: 0")
    })
}

#[test]
fn ctrl_c_puts_all_back() {
    if !has_tracers() {
        return skip(NO_TRACERS);
    }
    let module = Simrupt::load("rate_hz=77 workqueue=ordered");
    let line = module.line(0);
    let before = state(line);
    let options = ["-d", "600", "-r", "2000", "-w", "bh"];
    // rtla continues if the signal comes after its check for one and before it waits for its first sample.
    let output = interrupted("rtla/noise", &options, has_sampled);
    assert_ne!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(before, state(line));
}
