// SPDX-License-Identifier: GPL-2.0-only

//! Arrivals in files: `simructl record` records each interrupt, and leaves nothing behind. Pattern `replay` is exact to
//! the nanosecond, and a bad schedule changes nothing.

use nix::{
    errno::Errno,
    sys::signal::Signal,
    time::{ClockId, clock_gettime},
};
use simrupt::arrivals::Arrivals;
use simrupt_core::gaps::{MAX_GAP_NS, MAX_GAPS};
use simrupt_vm_tests::{
    Line, Simrupt, action_counts, end, eventually, log_lines, read_records, simructl,
    start_simructl,
};
use std::{
    fs::{self, File},
    io::Read,
    path::Path,
    process::Output,
    time::Duration,
};

const INSTANCES: &str = "/sys/kernel/tracing/instances";
const FILE: &str = "/tmp/test.arrivals";

/// The output of a command, which must have succeeded.
#[track_caller]
fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn arrivals(path: &str) -> Arrivals {
    Arrivals::read(Path::new(path)).unwrap_or_else(|failure| panic!("{failure}"))
}

fn assert_no_instance() {
    let names = fs::read_dir(INSTANCES).expect("tracefs is mounted");
    let mut names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.find(|name| name.starts_with("simructl-")), None);
}

#[test]
fn a_recording_has_each_interrupt_and_their_gaps() {
    let module = Simrupt::load("lines=2 rate_hz=0 run=always");
    let [line, other] = [0, 1].map(|index| module.line(index));
    let irq = line.irq().to_string();
    let child = start_simructl(&["record", "--irq", &irq, "--out", FILE]);
    let on = format!("{INSTANCES}/simructl-{}/tracing_on", child.id());
    let event = format!(
        "{INSTANCES}/simructl-{}/events/irq/irq_handler_entry/enable",
        child.id()
    );
    eventually("it records", || {
        let is = |path: &str| fs::read_to_string(path).is_ok_and(|text| text.trim() == "1");
        is(&event) && is(&on)
    });
    let before: u64 = action_counts("simrupt0").iter().sum();
    // Only one of them is recorded.
    other.set("rate_hz", "3000");
    line.set("rate_hz", "1000");
    line.wait_for("handled", 500);
    line.silence();
    other.silence();
    let count = action_counts("simrupt0").iter().sum::<u64>() - before;
    let output = end(child, Signal::SIGINT);
    let text = printed(&output);
    let begin = format!("irq {irq} (simrupt0): {count} arrivals in ");
    assert!(text.starts_with(&begin), "{text}");
    let recorded = arrivals(FILE);
    assert_eq!(recorded.gaps_ns.len() as u64, count);
    let about = |key: &str| {
        let mut rows = recorded.about.iter();
        rows.find(|(one, _)| one == key)
            .map(|(_, value)| value.as_str())
    };
    assert_eq!(
        about("source"),
        Some(format!("irq {irq} (simrupt0)").as_str())
    );
    assert!(about("kernel").is_some() && about("recorded").is_some());
    assert_eq!(recorded.lost(), 0);
    // The sum of the gaps is the time from the first interrupt to the last, however many of the line's periods share
    // one: a busy machine makes late interrupts.
    let all_ns = recorded.gaps_ns[1..].iter().sum::<u64>();
    let events = line.stat("events");
    let mean_ns = all_ns / (events - 1);
    assert!((990_000..=1_010_000).contains(&mean_ns), "{mean_ns}");
    assert_no_instance();
}

#[test]
fn a_recording_ends_by_itself_and_nothing_is_written_without_an_arrival() {
    let module = Simrupt::load("rate_hz=2000 run=always");
    let line = module.line(0);
    let output = simructl(&["record", "-n", "100", "--out", FILE]);
    let text = printed(&output);
    assert!(text.contains("(simrupt0): 100 arrivals in "), "{text}");
    assert_eq!(arrivals(FILE).gaps_ns.len(), 100);
    let output = simructl(&["record", "--for", "0.25", "--out", "-"]);
    let recorded = Arrivals::parse(output.stdout.as_slice(), "stdout").unwrap();
    let count = recorded.gaps_ns.len();
    assert!((300..=700).contains(&count), "{count}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains(&format!("(simrupt0): {count} arrivals in ")),
        "{told}"
    );

    line.silence();
    let before = fs::read_to_string(FILE).unwrap();
    let output = simructl(&["record", "--for", "50ms", "--out", FILE]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("it did not come within 0.0"), "{told}");
    assert_eq!(fs::read_to_string(FILE).unwrap(), before);
    assert_no_instance();
}

/// The due times of the next events; the first is the next event to be read.
fn due_times(file: &mut File, count: usize) -> Vec<u64> {
    let records = read_records(file, count);
    records.iter().map(|record| record.due_ns).collect()
}

fn gaps_of(times: &[u64]) -> Vec<u64> {
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn text_of(gaps: &[u64]) -> String {
    let lines: Vec<_> = gaps.iter().map(u64::to_string).collect();
    lines.join("\n") + "\n"
}

fn schedule(line: Line) -> String {
    fs::read_to_string(line.path("schedule")).unwrap()
}

fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap();
    u64::try_from(Duration::from(now).as_nanos()).unwrap()
}

#[test]
fn a_replay_is_due_to_the_nanosecond_and_then_over() {
    let module = Simrupt::load("rate_hz=1 format=record pattern=replay");
    let line = module.line(0);
    let gaps = [1_000_003, 0, 0, 17, 4_999_999, 1, 250_000, 3_000_000];
    line.set("schedule", &text_of(&gaps));
    for _ in 0..2 {
        let before_ns = now_ns();
        // The first open starts the device.
        let mut file = line.open();
        let due = due_times(&mut file, gaps.len());
        assert_eq!(gaps_of(&due), gaps[1..]);
        let start_ns = due[0] - gaps[0];
        assert!((before_ns..now_ns()).contains(&start_ns));
        let events = line.stat("events");
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(line.stat("events"), events, "it is over");
    }
    // As a loop it begins again, and goes on.
    let mut file = line.open();
    due_times(&mut file, gaps.len());
    line.set("replay_loop", "1");
    let times = gaps_of(&due_times(&mut file, 5 * gaps.len()));
    let endless: Vec<u64> = gaps.into_iter().cycle().skip(1).take(times.len()).collect();
    assert_eq!(times, endless);
    drop(file);
    module.verify();
}

#[test]
fn a_schedule_may_come_in_any_pieces_and_is_in_force_when_it_is_closed() {
    let module = Simrupt::load("lines=2 rate_hz=0");
    let line = module.line(0);
    assert_eq!(schedule(line), "");
    let write = |file: &File, text: &str| nix::unistd::write(file, text.as_bytes());
    let open = || {
        File::options()
            .write(true)
            .open(line.path("schedule"))
            .unwrap()
    };
    let file = open();
    for piece in [
        "# simrupt arrivals 1\n12",
        "3\n 45",
        " # c",
        "omment\r\n\n0\n",
        "67",
    ] {
        assert_eq!(write(&file, piece), Ok(piece.len()));
        assert_eq!(schedule(line), "");
    }
    let copy = file.try_clone().unwrap();
    drop(file);
    assert_eq!(schedule(line), "");
    drop(copy);
    assert_eq!(schedule(line), "123\n45\n0\n67\n");
    // Opening the file, with or without O_TRUNC, changes nothing.
    drop(open());
    drop(File::create(line.path("schedule")).unwrap());
    assert_eq!(schedule(line), "123\n45\n0\n67\n");
    // The driver is not involved, and the schedule outlives it.
    line.unbind();
    line.set("schedule", "5");
    line.bind();
    assert_eq!(schedule(line), "5\n");
    assert_eq!(schedule(module.line(1)), "");
    line.set("schedule", "# nothing\n");
    assert_eq!(schedule(line), "");
}

#[test]
fn a_bad_schedule_changes_nothing() {
    let module = Simrupt::load("rate_hz=1 format=record pattern=replay replay_loop=1");
    let line = module.line(0);
    line.set("schedule", "1000000\n2000000\n");
    let mut file = line.open();
    due_times(&mut file, 1);
    for (text, error) in [
        ("x", Errno::EINVAL),
        ("1\n2 3\n", Errno::EINVAL),
        ("-1", Errno::EINVAL),
        ("1.5\n", Errno::EINVAL),
        ("1\0", Errno::EINVAL),
        ("\u{feff}1\n", Errno::EINVAL),
        ("86400000000001\n", Errno::ERANGE),
        ("18446744073709551617", Errno::ERANGE),
    ] {
        let open = File::options()
            .write(true)
            .open(line.path("schedule"))
            .unwrap();
        assert_eq!(nix::unistd::write(&open, b"5\n6\n"), Ok(4));
        let refused = nix::unistd::write(&open, text.as_bytes());
        assert_eq!(refused, Err(error), "{text:?}");
        // No later piece can correct it.
        assert_eq!(nix::unistd::write(&open, b"7\n"), Err(error), "{text:?}");
        drop(open);
        assert_eq!(schedule(line), "1000000\n2000000\n", "{text:?}");
    }
    let refused = log_lines("line 0: schedule refused, row 3: not a number of nanoseconds");
    assert!(!refused.is_empty());
    // The replay did not restart either: no event is missing, and no gap is different.
    let times = due_times(&mut file, 40);
    for (at, gap) in gaps_of(&times).into_iter().enumerate() {
        assert_eq!(gap, [1_000_000, 2_000_000][at % 2]);
    }
    let most = text_of(&[7; MAX_GAPS]);
    for last in ["8", "8\n", "# more\n8 # eight"] {
        let more = line.try_set("schedule", format!("{most}{last}"));
        assert_eq!(more, Err(Errno::ERANGE), "{last:?}");
    }
    assert_eq!(schedule(line), "1000000\n2000000\n");
}

#[test]
fn a_schedule_may_have_a_million_gaps() {
    let module = Simrupt::load("rate_hz=1 format=record run=always cpu_limit_pct=100");
    let line = module.line(0);
    // Gaps of all lengths, so that any part of the text is unique.
    let gaps: Vec<u64> = (0..MAX_GAPS as u64)
        .map(|at| {
            if at < 2000 {
                at * 100
            } else {
                MAX_GAP_NS - at * 7919
            }
        })
        .collect();
    let text = text_of(&gaps);
    fs::write(line.path("schedule"), &text).unwrap();
    assert!(schedule(line) == text, "the schedule is another one");
    let mut file = line.open();
    due_times(&mut file, 1);
    line.silence();
    line.set("pattern", "replay");
    let under_way = line.stat("queued");
    line.set("rate_hz", "1");
    let due = due_times(&mut file, under_way as usize + 2000);
    assert_eq!(gaps_of(&due[under_way as usize..]), gaps[1..2000]);
    module.verify();
}

#[test]
fn arrivals_of_one_line_are_replayed_on_another() {
    let module = Simrupt::load("lines=2 rate_hz=4000 pattern=poisson run=always format=record");
    let [line, other] = [0, 1].map(|index| module.line(index));
    other.silence();
    printed(&simructl(&[
        "record", "--line", "0", "-n", "400", "--out", FILE,
    ]));
    line.silence();
    let recorded = arrivals(FILE);
    let mut file = other.open_nonblock();
    // Events from before the line was silenced.
    let mut bytes = vec![0; 1 << 20];
    while file.read(&mut bytes).is_ok_and(|count| count > 0) {}
    let text = printed(&simructl(&["replay", FILE, "--line", "1"]));
    let length = recorded.length_ns();
    let begin = format!(
        "line1 replays 400 arrivals in {}.{:09} s, ",
        length / 1_000_000_000,
        length % 1_000_000_000
    );
    assert!(text.starts_with(&begin), "{text}");
    eventually("all have come", || other.stat("queued") >= 400);
    let due = due_times(&mut other.open(), 400);
    assert_eq!(gaps_of(&due), recorded.gaps_ns[1..]);
    assert_eq!(other.get("pattern"), "replay");
    assert_eq!(other.get("replay_loop"), "0");
    let rate: f64 = other.get("rate_hz").parse().unwrap();
    assert!((3000.0..=5000.0).contains(&rate), "{rate}");
    assert_eq!(line.get("pattern"), "poisson");

    let text = printed(&simructl(&[
        "replay", FILE, "--line", "1", "--speed", "2", "--loop",
    ]));
    assert!(
        text.trim_end().ends_with("per second, again and again"),
        "{text}"
    );
    let fast = recorded.clone().sped_up(2.0).unwrap().gaps_ns;
    let due = due_times(&mut other.open(), 900);
    let endless: Vec<u64> = fast.into_iter().cycle().skip(1).take(899).collect();
    assert_eq!(gaps_of(&due), endless);
    module.verify();
}

#[test]
fn arrivals_that_cannot_be_replayed_change_nothing() {
    let module = Simrupt::load("lines=2 rate_hz=0");
    let lines = [0, 1].map(|index| module.line(index));
    let state = || lines.map(|line| (line.knobs(), schedule(line)));
    lines[1].set("schedule", "9\n");
    let before = state();
    for (text, options, why) in [
        ("5\nx\n", vec![], "test.arrivals:2: x is not a whole number"),
        ("# a\n", vec![], "it has no arrivals"),
        (
            "5\n5\n",
            vec!["--loop"],
            "more than 1000000 times per second",
        ),
        (
            "86400000000000\n",
            vec!["--speed", "0.5"],
            "longer than a day",
        ),
        ("5\n", vec!["--line", "7"], "line 7 does not exist"),
    ] {
        fs::write(FILE, text).unwrap();
        let output = simructl(&[&["replay", FILE], options.as_slice()].concat());
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(why), "{told}");
        assert_eq!(state(), before);
    }
}
