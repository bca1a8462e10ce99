// SPDX-License-Identifier: GPL-2.0-only

//! The kernel's reports on work items that keep a CPU busy. Debian's kernels are built without them.

use simrupt_vm_tests::{
    Line, Simrupt, eventually, expect_report, log_lines, move_irq, stay_on_cpu,
};
use std::fs;

/// The CPU of the lines. The test itself runs on the other one, and takes no time from the items.
const CPU: usize = 1;

/// A parameter of the kernel's workqueues that has another value until this goes.
struct Parameter {
    path: String,
    before: String,
}

impl Parameter {
    fn set(name: &str, value: u64) -> Self {
        let path = format!("/sys/module/workqueue/parameters/{name}");
        let before = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{path}: {why}"));
        fs::write(&path, value.to_string()).unwrap_or_else(|why| panic!("{path}={value}: {why}"));
        Self { path, before }
    }
}

impl Drop for Parameter {
    fn drop(&mut self) {
        fs::write(&self.path, self.before.trim_end()).expect("a value that it had");
    }
}

/// Makes the runs of a line take that long, by each of the two ways.
const CAUSES: [fn(Line, &str); 2] = [
    |line, us| line.set("work_us", us),
    |line, us| {
        line.set("fault_us", us);
        line.set("fault", "stall");
    },
];

/// Makes them short again. A run that is being made ends.
fn make_short(line: Line) {
    line.set("work_us", "0");
    line.set("recover", "1");
}

/// Loads the module with bound queues on [`CPU`].
fn load(lines: usize) -> (Simrupt, Vec<Line>) {
    stay_on_cpu(1 - CPU);
    let module = Simrupt::load(&format!(
        "lines={lines} cpu={CPU} rate_hz=0 run=always workqueue=bound"
    ));
    let lines: Vec<_> = (0..lines).map(|index| module.line(index)).collect();
    for line in &lines {
        move_irq(line.irq(), CPU);
    }
    (module, lines)
}

/// The line does as it should again.
fn assert_it_works(module: &Simrupt, line: Line) {
    make_short(line);
    line.set("rate_hz", "1000");
    line.wait_for("drained", 20);
    line.silence();
    module.verify();
}

/// Has the line run once, and waits until the run is over.
fn run_once(line: Line) {
    line.set("rate_hz", "5");
    line.wait_for("runs", 1);
    line.silence();
    assert_eq!(line.stat("runs"), 1);
    // This waits for the run's end.
    line.set("reset", "1");
}

/// How many runs of the module's work items the kernel has seen to use more CPU time than that, by each of its reports.
fn hogs(threshold_us: u64) -> Vec<u64> {
    let lines = log_lines(&format!("hogged CPU for >{threshold_us}us "));
    let ours = lines.iter().filter(|line| line.contains(" [simrupt] "));
    ours.map(|line| {
        let (before, _) = line.split_once(" times, ").expect("a number of times");
        let number = before.rsplit(' ').next().and_then(|word| word.parse().ok());
        number.unwrap_or_else(|| panic!("{line}"))
    })
    .collect()
}

/// Has the kernel report of so many runs, and then when their number beyond that is 2, 4, 8 and so on.
fn report_from(count: u64) -> Parameter {
    Parameter::set("cpu_intensive_warning_thresh", count)
}

/// Has the kernel report long runs of bound queues, as soon as it does: it reports ever fewer of them, and the tests before
/// have had some. Returns how many there were, exactly.
fn count_hogs(line: Line) -> u64 {
    // Runs that are no longer than they must be: one of these lasts until a tick of the kernel's.
    let short = Parameter::set("cpu_intensive_thresh_us", 1000);
    let reports = hogs(1000).len();
    line.set("work_us", "12000");
    line.set("rate_hz", "1000");
    eventually("the kernel reports long runs", || {
        hogs(1000).len() > reports
    });
    line.set("rate_hz", "0");
    line.set("work_us", "0");
    line.silence();
    line.set("reset", "1");
    let least = *hogs(1000).last().expect("a report");
    drop(short);
    let _soon = report_from(least + 1);
    let reports = hogs(THRESHOLD_US).len();
    line.set("work_us", RUN_US);
    while hogs(THRESHOLD_US).len() == reports {
        run_once(line);
    }
    *hogs(THRESHOLD_US).last().expect("a report")
}

/// The usual value, which is larger on slow machines.
const THRESHOLD_US: u64 = 10_000;

/// How long runs last that are longer than that, also when they began just before a tick.
const RUN_US: &str = "50000";

#[test]
fn long_items_are_reported_of_per_cpu_queues_alone() {
    let _threshold = Parameter::set("cpu_intensive_thresh_us", THRESHOLD_US);
    let (module, lines) = load(1);
    let line = lines[0];
    let mut count = count_hogs(line);
    for make_long in CAUSES {
        make_short(line);
        make_long(line, RUN_US);
        for flavor in ["bound", "highpri"] {
            // The next one is reported.
            let _next = report_from(count + 1);
            let reports = hogs(THRESHOLD_US).len();
            for other in ["unbound", "unbound-highpri", "cpu-intensive", "ordered"] {
                line.set("workqueue", other);
                run_once(line);
                assert_eq!(hogs(THRESHOLD_US).len(), reports, "{other}");
            }
            line.set("workqueue", flavor);
            run_once(line);
            count += 1;
            eventually("the run is reported", || hogs(THRESHOLD_US).len() > reports);
            assert_eq!(hogs(THRESHOLD_US).last(), Some(&count), "{flavor}");
        }
    }
    assert_it_works(&module, line);
}

/// How a report on the worker pools of [`CPU`] begins, if no item of one could begin.
const LOCKUP: &str = "BUG: workqueue lockup - pool cpus=1 ";

/// How many of them there were. What tells the runner to expect one is not counted.
fn lockups() -> usize {
    log_lines(&format!("] {LOCKUP}")).len()
}

/// Has a line make a run that lasts far longer than the watchdog waits, and then the other one have events.
fn begin(long: Line, make_long: fn(Line, &str), short: Line) {
    make_long(long, "5000000");
    long.set("rate_hz", "100");
    long.wait_for("runs", 1);
    short.set("reset", "1");
    short.set("rate_hz", "100");
    short.wait_for("raised", 2);
}

#[test]
fn items_that_cannot_begin_are_reported_unless_the_kernel_helps_or_the_queue_is_unbound() {
    let (module, lines) = load(2);
    let [long, short] = [lines[0], lines[1]];
    let reports = lockups();
    for make_long in CAUSES {
        // Nothing else is to wait for the watchdog.
        let _no_help = Parameter::set("cpu_intensive_thresh_us", 0);
        let watchdog = Parameter::set("watchdog_thresh", 1);
        let reports = lockups();
        expect_report(LOCKUP);
        begin(long, make_long, short);
        eventually("the watchdog reports it", || lockups() > reports);
        drop(watchdog);
        let runs = [long, short].map(|line| line.stat("runs"));
        assert_eq!(runs, [1, 0]);
        make_short(long);
        long.silence();
        assert_it_works(&module, short);
        long.set("reset", "1");
    }
    assert_eq!(lockups(), reports + CAUSES.len());
    let threshold = "/sys/module/workqueue/parameters/cpu_intensive_thresh_us";
    let usual_us = fs::read_to_string(threshold).expect("it is there");
    let usual_us = usual_us.trim_end().parse().expect("a number");
    for (flavor, threshold_us) in [("bound", usual_us), ("unbound", 0)] {
        let _help = Parameter::set("cpu_intensive_thresh_us", threshold_us);
        let _watchdog = Parameter::set("watchdog_thresh", 1);
        long.set("workqueue", flavor);
        begin(long, CAUSES[0], short);
        // That is longer than the watchdog takes twice, and the long run goes on all the time.
        short.wait_for("drained", 250);
        assert_eq!(long.stat("runs"), 1, "{flavor}");
        make_short(long);
        long.silence();
        assert_it_works(&module, short);
        long.set("reset", "1");
    }
    assert_eq!(lockups(), reports + CAUSES.len());
    assert_it_works(&module, long);
}
