// SPDX-License-Identifier: GPL-2.0-only

//! A kernel that is locked down. Lockdown cannot be undone, and no module can be loaded after it. So this is one test,
//! and the last.

use nix::mount::{MsFlags, mount};
use simrupt_vm_tests::{Simrupt, simructl};
use std::fs;

const STATE: &str = "/sys/kernel/security/lockdown";

/// Runs simructl; returns its exit status, output and messages.
fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let output = simructl(args);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// Asserts that a command works through the parameters, and says so.
#[track_caller]
fn works(args: &[&str]) -> String {
    let (status, output, messages) = run(args);
    assert_eq!(status, Some(0), "{args:?}: {messages}");
    assert!(messages.contains("the kernel is locked down"), "{messages}");
    assert!(
        messages.contains("/sys/module/simrupt/parameters"),
        "{messages}"
    );
    output
}

/// Asserts that a command cannot work, and says why.
#[track_caller]
fn cannot(args: &[&str]) {
    let (status, output, messages) = run(args);
    assert_eq!(status, Some(1), "{args:?}: {output}{messages}");
    assert!(messages.contains("the kernel is locked down"), "{messages}");
    assert!(!messages.contains("sudo"), "{messages}");
}

#[test]
fn parameters_still_work_and_simructl_says_what_does_not() {
    let security = Some("securityfs");
    mount(
        security,
        "/sys/kernel/security",
        security,
        MsFlags::empty(),
        None::<&str>,
    )
    .unwrap();
    let module = Simrupt::load("lines=2 rate_hz=1000 run=always");
    let line = module.line(0);
    for level in ["integrity", "confidentiality"] {
        fs::write(STATE, level).unwrap();
        assert!(
            fs::read_to_string(STATE)
                .unwrap()
                .contains(&format!("[{level}]"))
        );

        // The knobs' files cannot be opened, even for reading. Files that are only readable can.
        assert!(fs::read_to_string(line.path("rate_hz")).is_err());
        assert!(fs::write(line.path("reset"), "1").is_err());
        assert!(fs::write(line.path("schedule"), "1").is_err());
        assert!(fs::read_to_string(line.path("stats")).is_ok());

        assert_eq!(works(&["--line", "1", "get", "workqueue"]), "unbound\n");
        works(&["set-rate", "500,200"]);
        assert_eq!(module.parameter("rate_hz"), "500,200\n");
        works(&["--line", "1", "set-rate", "300"]);
        works(&["set-wq", "bh"]);
        works(&["set-fifo-size", "1024"]);
        works(&["set", "burst=2", "format=record"]);
        assert_eq!(module.parameter("rate_hz"), "500,300\n");
        assert_eq!(module.parameter("workqueue"), "bh,bh\n");
        assert_eq!(module.parameter("fifo_size"), "1024,1024\n");
        assert!(works(&["get"]).contains("line1 burst 2"));
        works(&["dump", "-"]);
        // Bad input is refused as usual.
        let (status, _, messages) = run(&["set-rate", "fast"]);
        assert_eq!(status, Some(1), "{messages}");
        works(&["set", "workqueue=unbound", "burst=1", "format=char"]);

        for args in [["stats"], ["latency"], ["verify"], ["status"]] {
            let (status, _, messages) = run(&args);
            assert_eq!(status, Some(0), "{args:?}: {messages}");
        }
        cannot(&["reset"]);
        fs::write("/tmp/test.arrivals", "1000\n").unwrap();
        cannot(&["replay", "/tmp/test.arrivals"]);
        cannot(&["bench", "--preset", "quick"]);
        // A trace shows what the kernel does, which lockdown for confidentiality forbids.
        match level {
            "confidentiality" => cannot(&["handlers"]),
            _ => assert_eq!(run(&["handlers", "--for", "50ms"]).0, Some(0)),
        }
        works(&["set-rate", "1000"]);
    }
    let (status, ..) = run(&["set-rate", "0"]);
    assert_eq!(status, Some(0));
}
