// SPDX-License-Identifier: GPL-2.0-only

//! `simructl record`: what it needs of the kernel, and which command lines it refuses.

use std::fs;

use crate::fake::Fake;

#[test]
fn what_cannot_be_recorded_is_told() {
    let fake = Fake::unloaded();
    fake.check("record-not-there", "record --irq 26 --out new");
    fake.write("sys/kernel/irq/26/actions", "\n");
    fake.check("record-no-handler", "record --irq 26 --out new");
    fake.write("sys/kernel/irq/26/actions", "eth0\n");
    fake.check("record-not-mounted", "record --irq 26 --out new");
    fs::create_dir_all(fake.path("sys/kernel/tracing/instances")).unwrap();
    fake.check("record-no-event", "record --irq 26 --out new");
    fake.check("record-unloaded", "record --out new");
    assert!(!fake.path("new").exists());
}

#[test]
fn a_line_of_the_module_has_its_interrupt() {
    let fake = Fake::with_lines(2);
    fake.check("record-no-line", "record --line 2 --out new");
    fake.check("record-lines", "record --line 0-1 --out new");
    // Its interrupt is looked for, and nothing else is missing before that.
    fake.check("record-line", "record --line 1 --out new");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let fake = Fake::with_lines(1);
    for (golden, arguments) in [
        ("both", "record --irq 26 --line 0 --out new"),
        ("irq", "record --irq eth0 --out new"),
        ("negative", "record --irq -1 --out new"),
        ("out", "record --irq 26"),
        ("count", "record --irq 26 -n 1048577 --out new"),
        ("for", "record --irq 26 --for 0 --out new"),
        ("nowhere", "record --irq 26 --out no/such/file"),
    ] {
        fake.check(&format!("record-usage-{golden}"), arguments);
    }
}
