// SPDX-License-Identifier: GPL-2.0-only

//! Bad values through every interface: refused with EINVAL or ERANGE, nothing changed, no flood in the log.

use nix::errno::Errno;
use simrupt_vm_tests::{KNOBS, Line, Offline, Simrupt, eventually, log_lines, simructl};

/// Values that no knob takes.
fn bad_values() -> Vec<Vec<u8>> {
    let texts: [&[u8]; 17] = [
        b"\n",
        b"   ",
        b"abc",
        b"-2",
        b"-5\n",
        b"200000000",
        b"99999999999",
        b"18446744073709551616",
        b"1.5",
        b"1e3",
        b"0x10",
        b"5\0",
        b"5\n5",
        b"1 2",
        b"[bh]",
        b"bh unbound",
        b"\xff\xfe",
    ];
    let mut values: Vec<Vec<u8>> = texts.map(<[u8]>::to_vec).into();
    values.push(vec![b'9'; 4000]);
    values
}

fn assert_refused(what: &str, value: &[u8], result: Result<(), Errno>) {
    let shown = String::from_utf8_lossy(&value[..value.len().min(30)]);
    assert!(
        matches!(result, Err(Errno::EINVAL | Errno::ERANGE)),
        "{what}={shown:?}: {result:?}"
    );
}

fn with_unchanged(lines: &[Line], test: impl FnOnce()) {
    let before: Vec<_> = lines.iter().map(|line| line.knobs()).collect();
    test();
    let after: Vec<_> = lines.iter().map(|line| line.knobs()).collect();
    assert_eq!(before, after);
}

#[test]
fn debugfs_refuses_bad_values() {
    let module = Simrupt::load("lines=2");
    let lines = [module.line(0), module.line(1)];
    with_unchanged(&lines, || {
        for knob in KNOBS {
            for value in bad_values() {
                assert_refused(knob, &value, lines[1].try_set(knob, &value));
            }
            // A file of one line takes one value.
            assert_refused(knob, b"5,5", lines[1].try_set(knob, "5,5"));
            assert_refused(knob, b"bh,bh", lines[1].try_set(knob, "bh,bh"));
            assert_refused(knob, b"(long)", lines[1].try_set(knob, vec![b' '; 5000]));
        }
        assert_refused(
            "rate_hz",
            b"1000001",
            lines[0].try_set("rate_hz", "1000001"),
        );
        for (knob, value) in [
            ("cpu", "2"),
            ("cpu", "-2"),
            ("masked", "2"),
            ("work_us", "5000001"),
            ("work_sleep_us", "-1"),
            ("work_sleep_us", "5000001"),
            ("work_bytes", "-1"),
            ("work_bytes", "16777217"),
            ("burst", "0"),
            ("burst", "4097"),
            ("replay_loop", "2"),
            ("coalesce_us", "-1"),
            ("coalesce_us", "1000001"),
            ("coalesce_events", "0"),
            ("coalesce_events", "4097"),
            ("jitter_pct", "101"),
            ("cpu_limit_pct", "0"),
            ("cpu_limit_pct", "101"),
            ("fault_every", "0"),
            ("fault_every", "1000001"),
            ("fault_probability_ppm", "0"),
            ("fault_probability_ppm", "1000001"),
            ("fault_times", "-2"),
            ("fault_times", "1000001"),
            ("fault_us", "0"),
            ("fault_us", "30000001"),
        ] {
            assert_eq!(lines[0].try_set(knob, value), Err(Errno::ERANGE), "{knob}");
        }
        assert_eq!(lines[0].try_set("pattern", "gauss"), Err(Errno::EINVAL));
        assert_eq!(lines[0].try_set("stress", "cpu"), Err(Errno::EINVAL));
        assert_eq!(lines[0].try_set("irq_type", "high"), Err(Errno::EINVAL));
        assert_eq!(lines[0].try_set("fault", "flood"), Err(Errno::EINVAL));
        assert_eq!(lines[0].try_set("recover", "0"), Err(Errno::EINVAL));
        assert_eq!(lines[0].try_set("stress_us", "0"), Err(Errno::ERANGE));
        assert_eq!(lines[0].try_set("stress_hz", "10001"), Err(Errno::ERANGE));
        assert_eq!(lines[0].try_set("fifo_size", "15"), Err(Errno::ERANGE));
        assert_eq!(lines[0].try_set("fifo_size", "1048577"), Err(Errno::ERANGE));
        assert_eq!(lines[0].try_set("workqueue", "softirq"), Err(Errno::EINVAL));
    });
    module.verify();
}

#[test]
fn parameters_refuse_bad_values() {
    let module = Simrupt::load("lines=2");
    let lines = [module.line(0), module.line(1)];
    with_unchanged(&lines, || {
        for knob in KNOBS {
            for value in bad_values() {
                // The kernel ends a parameter at a NUL.
                if !value.contains(&0) {
                    assert_refused(knob, &value, module.set_parameter(knob, &value));
                }
            }
        }
        for list in ["5,6,7", "5,", ",5", ",", "5,abc", "5,200000000"] {
            let result = module.set_parameter("rate_hz", list.as_bytes());
            assert_refused("rate_hz", list.as_bytes(), result);
        }
        let list = "bh,softirq";
        let result = module.set_parameter("workqueue", list.as_bytes());
        assert_refused("workqueue", list.as_bytes(), result);
    });
}

#[test]
fn simructl_refuses_bad_values_with_the_remedy() {
    let module = Simrupt::load("lines=2");
    let lines = [module.line(0), module.line(1)];
    with_unchanged(&lines, || {
        for (setting, remedy) in [
            ("rate_hz=2000000", "1000000"),
            ("rate_hz=fast", "1000000"),
            ("fifo_size=1", "16"),
            ("workqueue=softirq", "unbound"),
            ("rate=5", "rate_hz"),
            ("lines=3", "simructl load lines=3"),
            ("affinity=fixed", "simructl load affinity=fixed"),
        ] {
            let output = simructl(&["set", setting]);
            let message = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{setting}: {message}");
            assert!(message.contains(remedy), "{setting}: {message}");
        }
        // The first one is good, the second one is not: neither is set.
        let output = simructl(&["set", "rate_hz=77", "fifo_size=1"]);
        assert_eq!(output.status.code(), Some(1));
        // Nor does a change of a line that does not exist.
        let output = simructl(&["--line", "2", "set-rate", "77"]);
        assert_eq!(output.status.code(), Some(1));
    });
}

#[test]
fn a_flood_of_bad_values_does_not_flood_the_log() {
    let module = Simrupt::load("");
    let line = module.line(0);
    let refusals = || log_lines("refused").len();
    let before = refusals();
    for _ in 0..200 {
        assert_eq!(line.try_set("rate_hz", "flood"), Err(Errno::EINVAL));
    }
    let logged = refusals() - before;
    assert!(logged <= 20, "{logged} lines");
}

/// The log message for a write that is refused. Messages are rate-limited, so the write is repeated until one appears.
fn logged(part: &str, write: impl Fn()) -> String {
    let before = log_lines(part).len();
    let mut line = None;
    eventually("the log reports it", || {
        write();
        line = log_lines(part).get(before).cloned();
        line.is_some()
    });
    line.unwrap()
}

#[test]
fn a_refused_value_is_logged_escaped_and_cut() {
    let module = Simrupt::load("");
    let line = module.line(0);
    let refuse = |text: &[u8]| {
        logged("rate_hz: ", || {
            assert_eq!(line.try_set("rate_hz", text), Err(Errno::EINVAL));
        })
    };
    let message = refuse(b"\xff\xfe5\n");
    assert!(message.contains(r#""\xff\xfe5" refused"#), "{message}");
    let message = refuse(b"five \x1b[31m\t\"of\" them");
    assert!(
        message.contains(r#""five \x1b[31m\t\"of\" them" refused"#),
        "{message}"
    );
    let message = refuse(&[b'x'; 4000]);
    assert!(message.contains("xxxxx"), "{message}");
    assert!(message.len() < 200, "{message}");

    // A CPU that is offline, after a lot of space.
    let offline = Offline::take(1);
    let text = format!("{:>4000}", "1");
    let message = logged("is refused", || {
        assert_eq!(line.try_set("cpu", &text), Err(Errno::ENXIO));
    });
    drop(offline);
    assert!(message.contains(r#"cpu: "1" is refused"#), "{message}");
    assert!(message.len() < 200, "{message}");
    module.verify();
}
