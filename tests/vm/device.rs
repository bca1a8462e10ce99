// SPDX-License-Identifier: GPL-2.0-only

//! The simulated device: patterns, the CPU of its timer, masking, and the cost of a run.

use simrupt_core::abi::Record;
use simrupt_vm_tests::{
    Context, Line, Simrupt, action_counts, eventually, move_irq, read_fresh_records, read_records,
    were_taken_on,
};

/// Mean and variance of the gaps between due times, in periods.
fn gaps(records: &[Record], rate_hz: f64) -> (f64, f64) {
    let period_ns = 1e9 / rate_hz;
    let gaps: Vec<f64> = records
        .windows(2)
        .map(|pair| (pair[1].due_ns - pair[0].due_ns) as f64 / period_ns)
        .collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
    (mean, variance)
}

/// The first `count` records of the line with these settings.
fn records_of(line: Line, rate_hz: u32, settings: &[(&str, &str)], count: usize) -> Vec<Record> {
    line.silence();
    for (knob, value) in settings {
        line.set(knob, value);
    }
    let queued = line.stat("queued") as usize;
    let mut file = line.open();
    read_records(&mut file, queued);
    line.set("rate_hz", &rate_hz.to_string());
    read_records(&mut file, count)
}

#[test]
fn every_pattern_keeps_the_mean_rate() {
    let module = Simrupt::load("format=record fifo_size=65536");
    let line = module.line(0);

    let records = records_of(line, 5000, &[("pattern", "periodic")], 2000);
    let (mean, variance) = gaps(&records, 5000.0);
    assert!(
        (0.9999..1.0001).contains(&mean) && variance < 1e-6,
        "{mean} {variance}"
    );

    let settings = [("pattern", "uniform"), ("jitter_pct", "80")];
    let records = records_of(line, 5000, &settings, 5000);
    let (mean, variance) = gaps(&records, 5000.0);
    let expected = 2.0 * 0.8_f64.powi(2) / 12.0;
    assert!((0.999..1.001).contains(&mean), "{mean}");
    assert!((variance / expected - 1.0).abs() < 0.1, "{variance}");

    let records = records_of(line, 20_000, &[("pattern", "poisson")], 60_000);
    let (mean, variance) = gaps(&records, 20_000.0);
    assert!((0.99..1.01).contains(&mean), "{mean}");
    assert!((0.95..1.05).contains(&variance), "{variance}");

    let settings = [("pattern", "burst"), ("burst", "50")];
    let records = records_of(line, 5000, &settings, 5000);
    for burst in records.chunks(50) {
        assert!(burst.iter().all(|record| record.due_ns == burst[0].due_ns));
        assert!(burst.iter().all(|record| record.irq_ns == burst[0].irq_ns));
    }
    assert_eq!(records[50].due_ns - records[0].due_ns, 10_000_000);
    module.verify();
}

#[test]
fn the_timer_runs_on_the_cpu_that_it_is_given() {
    let module = Simrupt::load("format=record rate_hz=2000");
    let line = module.line(0);
    let mut file = line.open();
    for cpu in [1, 0, 1, 0] {
        line.set("cpu", &cpu.to_string());
        // Skips events that were under way when the timer moved.
        read_fresh_records(line, &mut file, 1);
        let before = action_counts("simrupt0");
        let records = read_records(&mut file, 200);
        let after = action_counts("simrupt0");
        assert_eq!(after[1 - cpu], before[1 - cpu], "the other CPU took some");
        assert!(were_taken_on(cpu, &records), "{cpu}");
    }
    // The interrupt's own affinity takes precedence over the timer's CPU.
    line.set("cpu", "0");
    move_irq(line.irq(), 1);
    assert!(
        read_fresh_records(line, &mut file, 200)
            .iter()
            .all(|record| record.irq_cpu == 1)
    );
    line.set("cpu", "-1");
    drop(file);
    module.verify();
}

#[test]
fn a_masked_line_keeps_its_events_until_it_is_unmasked() {
    let module = Simrupt::load("rate_hz=5000 run=always");
    let line = module.line(0);
    eventually("events arrive", || line.stat("drained") >= 100);
    line.set("masked", "1");
    let handled = line.stat("handled");
    eventually("events wait in the ring", || line.stat("in_ring") >= 500);
    let stats = line.stats();
    assert_eq!(stats["handled"], handled);
    // A late timer raises the line once for several events.
    let pending = stats["pending"];
    assert!(pending >= 2, "{stats:?}");
    module.verify();

    line.set("rate_hz", "0");
    line.set("masked", "0");
    eventually("all are delivered", || line.stat("in_ring") == 0);
    let stats = line.stats();
    // One edge stands for all of them.
    assert_eq!(stats["pending"], 0);
    assert!(stats["coalesced"] >= pending - 1, "{stats:?}");
    assert_eq!(stats["events"], stats["drained"]);
    line.assert_ran_in("top_half", Context::of_top_half());
    module.verify();
}

#[test]
fn a_line_that_stays_masked_overruns_its_ring() {
    let module = Simrupt::load("rate_hz=20000 run=always masked=1");
    let line = module.line(0);
    eventually("the ring overruns", || line.stat("overrun") >= 100);
    let stats = line.stats();
    assert_eq!((stats["in_ring"], stats["handled"]), (4096, 0));
    module.verify();
    // Unloading while the line is masked is the rest of this test.
}

#[test]
fn a_run_of_the_bottom_half_takes_its_simulated_cost() {
    for flavor in ["bh", "unbound"] {
        let module = Simrupt::load(&format!("format=record rate_hz=500 workqueue={flavor}"));
        let line = module.line(0);
        let mut file = line.open();
        line.set("work_us", "5000");
        // At an interval of 2 ms, events pile up behind each run of 5 ms.
        let records = read_fresh_records(line, &mut file, 100);
        let mut runs: Vec<u64> = records.iter().map(|record| record.bh_ns).collect();
        runs.dedup();
        assert!(runs.len() <= 50, "{} runs", runs.len());
        for pair in runs.windows(2) {
            assert!(pair[1] - pair[0] >= 5_000_000, "{flavor}: {pair:?}");
        }
        drop(file);
        line.set("work_us", "0");
        module.verify();
    }
}
