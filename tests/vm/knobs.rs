// SPDX-License-Identifier: GPL-2.0-only

//! Each knob through each of its interfaces.

use simrupt_vm_tests::{KNOBS, LOAD_KNOBS, Simrupt, lacks, simructl};

/// A value of each knob that is not its default.
const OTHER: [&str; KNOBS.len()] = [
    "250", "poisson", "30", "7", "1", "150", "9", "1", "level", "ordered", "16", "128", "drop",
    "record", "1", "60", "50", "40", "1000", "softirq", "70", "500", "late", "3", "500000", "9",
    "2000", "1", "always",
];

/// Each knob with that value, except those for which this kernel lacks something.
fn others() -> impl Iterator<Item = (&'static str, &'static str)> {
    let all = KNOBS.into_iter().zip(OTHER);
    all.filter(|(knob, value)| !lacks(knob, value))
}

#[test]
fn each_knob_can_be_changed_for_one_line_in_debugfs() {
    let module = Simrupt::load("lines=2");
    let before = module.line(0).knobs();
    for (knob, value) in others() {
        module.line(1).set(knob, &format!(" {value}\n"));
        assert_eq!(module.line(1).get(knob), value, "{knob}");
    }
    assert_eq!(module.line(0).knobs(), before);
    assert_eq!(module.parameter("rate_hz"), "10,250\n");
}

#[test]
fn each_knob_can_be_changed_for_all_lines_by_parameter() {
    let module = Simrupt::load("lines=2");
    for (knob, value) in others() {
        module
            .set_parameter(knob, format!("{value}\n").as_bytes())
            .unwrap();
        assert_eq!(module.parameter(knob), format!("{value},{value}\n"));
        assert_eq!(module.line(0).get(knob), value, "{knob}");
        assert_eq!(module.line(1).get(knob), value, "{knob}");
    }
}

#[test]
fn each_knob_can_be_changed_by_simructl() {
    let module = Simrupt::load("lines=2");
    for (knob, value) in others() {
        let output = simructl(&["--line", "1", "set", &format!("{knob}={value}")]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(module.line(1).get(knob), value, "{knob}");
    }
    assert_eq!(module.line(0).get("rate_hz"), "10");
}

#[test]
fn a_parameter_takes_a_list() {
    let module = Simrupt::load("lines=3");
    module.set_parameter("rate_hz", b"5,6").unwrap();
    assert_eq!(module.parameter("rate_hz"), "5,6,6\n");
    assert_eq!(module.line(2).get("rate_hz"), "6");
}

#[test]
fn the_number_of_lines_cannot_be_written() {
    let module = Simrupt::load("lines=2");
    let path = "/sys/module/simrupt/parameters/lines";
    let error = std::fs::File::options().write(true).open(path).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
    assert_eq!(module.parameter("lines"), "2\n");
}

#[test]
fn the_rate_is_what_was_asked_for() {
    let module = Simrupt::load("rate_hz=1000");
    let line = module.line(0);
    let mut file = line.open();
    for rate_hz in [1000_u32, 300, 5000] {
        line.set("rate_hz", &rate_hz.to_string());
        let mut second = vec![0; rate_hz as usize];
        // The first event starts the clock.
        std::io::Read::read_exact(&mut file, &mut [0]).unwrap();
        let start = std::time::Instant::now();
        std::io::Read::read_exact(&mut file, &mut second).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        assert!(
            (0.95..=1.05).contains(&seconds),
            "{rate_hz} events in {seconds} s"
        );
    }
    drop(file);
    module.verify();
}

#[test]
fn at_rate_zero_the_device_is_silent() {
    let module = Simrupt::load("rate_hz=0 run=always");
    let line = module.line(0);
    line.set("rate_hz", "1000");
    simrupt_vm_tests::eventually("events arrive", || line.stat("events") > 5);
    line.silence();
    let events = line.stat("events");
    let mut file = line.open_nonblock();
    let mut bytes = vec![0; 1000];
    assert_eq!(
        std::io::Read::read(&mut file, &mut bytes).unwrap() as u64,
        events
    );
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert_eq!(line.stat("events"), events);
    module.verify();
}

#[test]
fn the_device_runs_while_it_is_open_or_always() {
    let module = Simrupt::load("rate_hz=1000");
    let line = module.line(0);
    let idle = || {
        let before = line.stat("events");
        std::thread::sleep(std::time::Duration::from_millis(100));
        line.stat("events") == before
    };
    assert!(idle(), "runs although nobody has it open");
    let (first, second) = (line.open(), line.open());
    drop(first);
    assert!(!idle(), "stopped although one has it open");
    drop(second);
    assert!(idle(), "runs although the last one closed it");
    line.set("run", "always");
    assert!(!idle(), "run=always");
    line.set("run", "open");
    assert!(idle(), "run=open");
    module.verify();
}

#[test]
fn the_knobs_file_describes_every_knob() {
    let module = Simrupt::load("");
    let text = std::fs::read_to_string("/sys/kernel/debug/simrupt/knobs").unwrap();
    let named = |when: &str, scope: &str| -> Vec<String> {
        let rows = text.lines().map(|row| row.split('\t').collect::<Vec<_>>());
        let rows = rows.filter(|row| row[5] == when && row[7] == scope);
        rows.map(|row| row[0].to_owned()).collect()
    };
    assert_eq!(named("load", "module"), ["lines"]);
    assert_eq!(named("load", "line"), LOAD_KNOBS);
    assert_eq!(named("live", "line"), KNOBS);
    assert_eq!(
        text.lines().count(),
        1 + LOAD_KNOBS.len() + KNOBS.len(),
        "{text}"
    );
    for row in text.lines() {
        let fields: Vec<&str> = row.split('\t').collect();
        assert_eq!(fields.len(), 8, "{row}");
        if fields[7] == "line" {
            assert_eq!(module.line(0).get(fields[0]), fields[3], "{row}");
        }
    }
}
