// SPDX-License-Identifier: GPL-2.0-only

//! A load-time knob that has a value for each line.

use crate::fake::{Fake, KNOBS, debugfs, parameter};

const AFFINITY: &str =
    "affinity\tenum\tfree|fixed|managed\tfree\t-\tload\twho chooses the CPUs\tline\n";

/// A module with two lines that have different values.
fn with_affinity() -> Fake {
    let fake = Fake::with_lines(2);
    fake.write(
        "sys/kernel/debug/simrupt/knobs",
        &format!("{KNOBS}{AFFINITY}"),
    );
    for (line, text) in [(0, "[free] fixed managed\n"), (1, "free [fixed] managed\n")] {
        fake.write(&debugfs(line, "affinity"), text);
        fake.read_only(&debugfs(line, "affinity"));
    }
    fake.write(&parameter("affinity"), "free,fixed\n");
    fake.read_only(&parameter("affinity"));
    fake
}

#[test]
fn each_line_shows_its_own_value() {
    let fake = with_affinity();
    fake.check("load-time-get", "get affinity");
    fake.check("load-time-get-line", "get --line 1 affinity");
    fake.check("load-time-knobs", "knobs");
    fake.check("load-time-status", "status");
    fake.check("load-time-status-json", "status --json");
    // The parameter has the same values.
    with_affinity()
        .without_debugfs()
        .check("load-time-get-parameters", "get affinity");
}

#[test]
fn it_cannot_be_set() {
    let fake = with_affinity();
    fake.check("load-time-set", "set affinity=fixed");
    assert_eq!(fake.read(&debugfs(0, "affinity")), "[free] fixed managed\n");
    with_affinity()
        .without_debugfs()
        .check("load-time-set-parameters", "set affinity=fixed");
}

#[test]
fn a_profile_has_it_with_the_line() {
    let fake = with_affinity();
    fake.check("load-time-dump", "dump");
    fake.check("load-time-dump-file", "dump p.toml");
    fake.check("load-time-apply-same", "apply p.toml");
    fake.write("p.toml", "[all]\naffinity = \"fixed\"\nrate_hz = 20\n");
    fake.check("load-time-diff", "diff p.toml");
    fake.check("load-time-apply", "apply p.toml");
    assert_eq!(fake.read(&debugfs(0, "rate_hz")), "10\n");
    fake.write("p.toml", "affinity = \"fixed\"\n");
    fake.check("load-time-apply-misplaced", "apply p.toml");
}

#[test]
fn an_interrupt_that_cannot_be_moved_is_not_measured() {
    let fake = with_affinity();
    fake.check(
        "load-time-bench",
        "bench --flavors bh --rates 1000 --lines 2 --dry-run",
    );
}
