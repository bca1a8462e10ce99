// SPDX-License-Identifier: GPL-2.0-only

//! tools/systemtap. The scripts were compiled together with the machine's image, because they need a compiler.

use simrupt_vm_tests::{Simrupt, eventually};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The output of tools/systemtap/hops.stp for line 0, during a command and everything that the line still does after
/// it.
fn hops(module: &Simrupt, slow_us: u32, command: &str) -> String {
    let ended = Path::new("/run/hops-ended");
    let _ = fs::remove_file(ended);
    let observed = Command::new("staprun")
        .arg("/root/systemtap/hops.ko")
        .arg(format!("slow_us={slow_us}"))
        .args([
            "-c",
            &format!("({command}) >/dev/null; touch {}; cat", ended.display()),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("staprun runs");
    eventually("the command ends", || ended.exists());
    // A reader may be woken, and end, before the bottom half that woke it has ended. A change of the flavor waits for
    // the end of the bottom half.
    module.line(0).silence();
    module.line(0).set("workqueue", "bh");
    // `cat` ends at the end of its input, and the script ends with `cat`.
    let output = observed.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    module.verify();
    text
}

/// Asserts that `hops` ends with the totals of the line's counters.
fn assert_totals(module: &Simrupt, text: &str) {
    let stats = module.line(0).stats();
    let of = |name| stats[name];
    let totals = format!(
        "line 0: {} events, {} interrupts acknowledged {}, {} runs took {}, readers got {}, {} lost\n",
        of("events"),
        of("handled"),
        of("events"),
        of("runs"),
        of("drained"),
        of("read"),
        of("dropped") + of("overwritten")
    );
    assert!(text.contains(&totals), "{totals}{text}");
}

#[test]
fn every_hop_is_counted() {
    let module = Simrupt::load("rate_hz=1000 run=open workqueue=unbound");
    let text = hops(&module, 1_000_000, "simructl read -n 200");
    assert_totals(&module, &text);
    assert!(!text.contains("waited"), "{text}");
    let runs = module.line(0).stats()["runs"];
    assert!(text.contains(&format!("line 0: {runs} waits")), "{text}");
}

#[test]
fn losses_are_counted() {
    let module = Simrupt::load("rate_hz=1000 run=open fifo_size=16");
    // Open, so that the device runs, but nobody reads.
    let text = hops(&module, 1_000_000, "exec 3</dev/simrupt0; sleep 0.1");
    assert_totals(&module, &text);
    assert!(module.line(0).stats()["overwritten"] > 0, "{text}");
}

/// A thread that uses a CPU whenever it can; ended when dropped.
struct Greedy(Child);

impl Greedy {
    fn new() -> Self {
        let child = Command::new("yes").stdout(Stdio::null()).spawn();
        Self(child.expect("yes runs"))
    }
}

impl Drop for Greedy {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn the_task_that_had_the_cpu_is_named_if_a_wait_was_long() {
    let module = Simrupt::load("rate_hz=1000 run=open workqueue=unbound");
    let greedy = [Greedy::new(), Greedy::new()];
    let text = hops(&module, 200, "simructl read -n 200");
    drop(greedy);
    assert_totals(&module, &text);
    let slow: Vec<_> = text.lines().filter(|row| row.contains("waited")).collect();
    assert!(!slow.is_empty(), "{text}");
    // Not for each wait: emulated CPUs take turns, and a CPU that is woken may have to wait for its turn.
    assert!(slow.iter().any(|row| row.contains(":yes")), "{text}");
}
