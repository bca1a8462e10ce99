// SPDX-License-Identifier: GPL-2.0-only

//! 10,000 events per second with a reader of records, while everything is changed at random.

use nix::errno::Errno;
use simrupt_vm_tests::{Reader, Simrupt, enough, eventually, flavors, settle};

fn ten_thousand_a_second_on(flavor: &str) {
    let module = Simrupt::load(&format!("format=record rate_hz=10000 workqueue={flavor}"));
    let line = module.line(0);
    let reader = Reader::start(line, 64 * 1024);
    // Those of 0.4 s, or a tenth.
    let wanted = enough(4000);
    eventually("they are due", || line.stat("events") >= wanted);
    settle(&module, line, reader);
}

#[test]
fn ten_thousand_events_a_second_on_each_flavor() {
    for flavor in flavors() {
        ten_thousand_a_second_on(flavor);
    }
}

/// Marsaglia's xorshift: the same changes in each run.
struct Random(u64);

impl Random {
    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        choices[(self.0 % choices.len() as u64) as usize]
    }
}

#[test]
fn two_hundred_random_changes_of_all_knobs_leave_nothing_unaccounted() {
    let flavors = flavors();
    let knobs: [(&str, &[&str]); 15] = [
        ("rate_hz", &["10000", "5000", "20000", "0", "1"]),
        (
            "pattern",
            &[
                "periodic", "uniform", "poisson", "burst", "closed", "replay",
            ],
        ),
        ("replay_loop", &["0", "1"]),
        ("jitter_pct", &["0", "50", "100"]),
        ("burst", &["1", "10", "100"]),
        ("workqueue", &flavors),
        ("fifo_size", &["16", "64", "1024", "65536"]),
        ("fifo_policy", &["overwrite", "drop"]),
        ("cpu", &["-1", "0", "1"]),
        ("work_us", &["0", "10", "300"]),
        ("work_sleep_us", &["0", "100"]),
        ("work_bytes", &["0", "64", "100000"]),
        ("stress", &["none", "irqs-off", "preempt-off", "softirq"]),
        ("masked", &["0", "1"]),
        ("run", &["open", "always"]),
    ];
    let names: Vec<&str> = knobs.iter().map(|(name, _)| *name).collect();
    let module = Simrupt::load("format=record rate_hz=10000 lines=2");
    let line = module.line(0);
    line.set("schedule", &"100000\n".repeat(500));
    let reader = Reader::start(line, 64 * 1024);
    let mut random = Random(2024);
    for round in 0..200 {
        let name = random.pick(&names);
        let choices = knobs.iter().find(|(knob, _)| *knob == name).unwrap().1;
        let value = random.pick(choices);
        let (before, refused) = (line.get(name), line.refuses(name, value));
        let (outcome, now) = match refused {
            true => (Err(Errno::EBUSY), before.as_str()),
            false => (Ok(()), value),
        };
        assert_eq!(line.try_set(name, value), outcome, "{name}={value}");
        assert_eq!(line.get(name), now);
        if round % 10 == 0 {
            module.verify();
            // Do not leave it silent or masked for long.
            line.set("rate_hz", "10000");
            line.set("masked", "0");
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    settle(&module, line, reader);
    assert!(line.stat("events") >= 1000, "{:?}", line.stats());
}
