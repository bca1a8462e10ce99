// SPDX-License-Identifier: GPL-2.0-only

//! `simructl stats --watch`.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::fake::Fake;

#[test]
fn each_sample_is_a_block() {
    let fake = Fake::with_lines(2);
    fake.set_counters(1, &[("events", 123_456)]);
    fake.check("watch", "stats --watch --interval 0.01 --count 2");
    fake.unbind(1);
    fake.check("watch-unbound", "stats --watch -n 1");
    fake.check("watch-nothing", "stats --watch -n 0");
}

#[test]
fn rates_come_from_the_increase_since_the_previous_sample() {
    let fake = Fake::with_lines(1);
    let mut child = fake
        .command("stats --watch --interval 0.05 --json")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut samples = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());

    let first = samples.next().unwrap();
    let line = &first["lines"][0];
    assert_eq!(line["stats"]["events"], 100);
    assert_eq!(line["contexts"]["bottom_half"]["task"], 98);
    assert!(line["per_second"]["events"].is_null());
    assert!(line["per_second"].get("queued").is_none());

    fake.set_counters(0, &[("events", 100_100)]);
    let changed = samples.find(|one| one["lines"][0]["stats"]["events"] == 100_100);
    let changed = changed.unwrap();
    let rate = changed["lines"][0]["per_second"]["events"]
        .as_f64()
        .unwrap();
    assert!(rate > 0.0 && rate <= 100_000.0 / 0.001, "{rate}");
    assert_eq!(changed["lines"][0]["per_second"]["read"], 0.0);
    assert!(changed["elapsed_s"].as_f64() > first["elapsed_s"].as_f64());

    // The reader has gone, so it ends by itself.
    drop(samples);
    assert!(child.wait().unwrap().success());
}

#[test]
fn invalid_options_are_refused() {
    let fake = Fake::with_lines(1);
    fake.check("watch-no-interval", "stats --watch --interval 0");
    fake.check("watch-not", "stats --count 3");
    fake.remove("sys/kernel/debug/simrupt/line0/stats");
    fake.check("watch-missing", "stats --watch -n 1");
}
