// SPDX-License-Identifier: GPL-2.0-only

//! simructl with the real module.

use simrupt_vm_tests::{Offline, Simrupt, simructl, try_load};
use std::{env, fs, io::Read, process::Command};

fn run(args: &[&str]) -> String {
    let output = simructl(args);
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn failure(args: &[&str]) -> String {
    let output = simructl(args);
    assert_eq!(output.status.code(), Some(1), "{args:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn it_loads_and_unloads_the_module() {
    let file = env::var("SIMRUPT_KO").unwrap();
    assert!(failure(&["stats"]).contains("simructl load"));
    run(&["load", "--module", &file, "lines=2", "rate_hz=100,200"]);
    assert_eq!(run(&["--line", "1", "get", "rate_hz"]), "200\n");
    assert!(failure(&["load", "--module", &file]).contains("loaded"));
    let device = std::fs::File::open("/dev/simrupt0").unwrap();
    assert!(failure(&["unload"]).contains("/dev/simrupt"));
    drop(device);
    run(&["unload"]);
    assert!(failure(&["unload"]).contains("not loaded"));
}

#[test]
fn it_reports_why_the_kernel_refuses_the_parameters() {
    let file = env::var("SIMRUPT_KO").unwrap();
    let message = failure(&["load", "--module", &file, "rate_hz=1,2,3"]);
    assert!(message.contains("rate_hz=1,2,3"), "{message}");
    drop(Simrupt::load(""));
}

#[test]
fn its_shorthands_set_the_knobs() {
    let module = Simrupt::load("lines=2");
    run(&["set-rate", "1234"]);
    run(&["set-wq", "bh"]);
    run(&["--line", "0", "set-fifo-size", "1000"]);
    assert_eq!(module.parameter("rate_hz"), "1234,1234\n");
    assert_eq!(module.parameter("workqueue"), "bh,bh\n");
    assert_eq!(module.parameter("fifo_size"), "1024,4096\n");
}

#[test]
fn it_reads_events_and_shows_statistics() {
    let module = Simrupt::load("rate_hz=1000");
    let text = run(&["read", "-n", "50"]);
    assert!(text.as_bytes().starts_with(b" !\"#$%&"), "{text:?}");
    assert!(text.trim_end_matches('\n').len() >= 50);
    let stats = run(&["stats"]);
    assert!(
        stats.contains("events") && stats.contains("bottom_half"),
        "{stats}"
    );
    let json = run(&["stats", "--json"]);
    assert!(json.contains("\"already_pending\""), "{json}");
    let status = run(&["status"]);
    assert!(status.contains("unbound"), "{status}");
    module.verify();
}

#[test]
fn without_debugfs_it_uses_the_parameters_and_says_so() {
    let module = Simrupt::load("lines=2");
    let mount = |args: &[&str]| {
        assert!(
            Command::new(args[0])
                .args(&args[1..])
                .status()
                .unwrap()
                .success()
        )
    };
    mount(&["umount", "/sys/kernel/debug"]);
    let output = simructl(&["set-rate", "321"]);
    let stats = simructl(&["stats"]);
    mount(&["mount", "-t", "debugfs", "none", "/sys/kernel/debug"]);
    assert!(output.status.success(), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("debugfs"),
        "{output:?}"
    );
    assert_eq!(module.parameter("rate_hz"), "321,321\n");
    assert_eq!(stats.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&stats.stderr).contains("mount -t debugfs"),
        "{stats:?}"
    );
}

#[test]
fn it_says_how_to_bind_a_line_that_has_no_driver() {
    let module = Simrupt::load("");
    module.line(0).unbind();
    let message = failure(&["stats"]);
    assert!(
        message.contains("/sys/bus/platform/drivers/simrupt/bind"),
        "{message}"
    );
    module.line(0).bind();
    module.line(0).open().read_exact(&mut [0]).unwrap();
}

#[test]
fn it_finds_nothing_wrong_before_anything_happened() {
    let module = Simrupt::load("lines=3");
    module.verify();
    assert!(try_load("").is_err());
}

#[test]
fn it_lists_the_knobs_of_this_machine() {
    let _module = Simrupt::load("");
    let table = run(&["knobs"]);
    for (knob, values) in [
        ("rate_hz", "0..1000000"),
        ("cpu", "-1..1"),
        ("pattern", "poisson"),
    ] {
        let row = table.lines().find(|row| row.starts_with(knob));
        assert!(
            row.is_some_and(|row| row.contains(values)),
            "{knob}: {table}"
        );
    }
}

#[test]
fn it_follows_events_and_shows_their_latencies() {
    let module = Simrupt::load("rate_hz=1000 format=record");
    let followed = run(&["read", "--follow", "-n", "20"]);
    // A header, and a row for each event.
    assert_eq!(followed.lines().count(), 21, "{followed}");
    let latencies = run(&["latency"]);
    for stage in ["due_irq", "irq_bh", "bh_run", "due_read"] {
        assert!(latencies.contains(stage), "{latencies}");
    }
    assert!(run(&["latency", "--json"]).contains("\"due_read\""));
    module.line(0).set("format", "char");
    assert!(failure(&["read", "--follow", "-n", "1"]).contains("format=record"));
}

#[test]
fn it_watches_the_statistics() {
    let module = Simrupt::load("rate_hz=1000 run=always");
    let text = run(&["stats", "--watch", "--interval", "0.1", "--count", "3"]);
    assert_eq!(text.matches("already_pending").count(), 3, "{text}");
    let json = run(&[
        "stats",
        "--watch",
        "--interval",
        "0.1",
        "--count",
        "2",
        "--json",
    ]);
    assert_eq!(json.lines().count(), 2, "{json}");
    module.verify();
}

#[test]
fn it_resets() {
    let module = Simrupt::load("lines=2 rate_hz=1000 run=always");
    let line = module.line(1);
    simrupt_vm_tests::eventually("events arrive", || {
        line.stat("read") + line.stat("queued") >= 50
    });
    line.silence();
    run(&["reset", "--line", "1"]);
    assert_eq!(line.stat("handled"), 0);
    assert!(module.line(0).stat("handled") >= 50);
    module.verify();
}

#[test]
fn what_it_dumps_it_can_apply() {
    let module =
        Simrupt::load("lines=2 rate_hz=100,200 workqueue=bh,ordered fifo_size=64 pattern=poisson");
    let before = [module.line(0).knobs(), module.line(1).knobs()];
    run(&["dump", "/tmp/profile.toml"]);
    run(&["diff", "/tmp/profile.toml"]);
    run(&[
        "set",
        "rate_hz=7",
        "workqueue=bound",
        "run=always",
        "cpu=1",
        "masked=1",
    ]);
    let different = simructl(&["diff", "/tmp/profile.toml"]);
    assert_eq!(different.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&different.stdout).contains("rate_hz"));
    run(&["apply", "/tmp/profile.toml"]);
    assert_eq!(before, [module.line(0).knobs(), module.line(1).knobs()]);
    run(&["diff", "/tmp/profile.toml"]);

    // One value of many is bad: nothing is applied.
    let bad = std::fs::read_to_string("/tmp/profile.toml").unwrap();
    let bad = bad
        .replace("rate_hz = 100", "rate_hz = 101")
        .replace("fifo_size = 64", "fifo_size = 1");
    std::fs::write("/tmp/profile.toml", bad).unwrap();
    assert!(failure(&["apply", "/tmp/profile.toml"]).contains("fifo_size"));
    assert_eq!(before, [module.line(0).knobs(), module.line(1).knobs()]);
}

#[test]
fn it_suggests_the_nearest_name() {
    let _module = Simrupt::load("");
    assert!(failure(&["set-wq", "unbond"]).contains("unbound"));
    assert!(failure(&["set", "burts=3"]).contains("burst"));
}

#[test]
fn it_completes_and_explains_itself_without_the_module() {
    assert!(run(&["completions", "bash"]).contains("simructl"));
    assert!(run(&["man"]).contains(".TH"));
}

#[test]
fn an_offline_cpu_is_reported_as_offline() {
    let module = Simrupt::load("lines=2");
    let offline = Offline::take(1);
    let why = failure(&["set", "cpu=1"]);
    assert!(
        why.contains("cannot set cpu to 1: CPU 1 is offline"),
        "{why}"
    );
    assert!(why.contains("/sys/devices/system/cpu/online"), "{why}");
    assert!(!why.contains("unbound"), "{why}");
    assert_eq!(module.line(0).get("cpu"), "-1");
    drop(offline);
    run(&["set", "cpu=1"]);
}

#[test]
fn a_file_that_is_not_the_device_is_not_read() {
    let _module = Simrupt::load("rate_hz=1000");
    let (device, aside) = ("/dev/simrupt0", "/dev/aside");
    fs::rename(device, aside).unwrap();
    fs::write(device, "what came too early").unwrap();
    for command in ["read", "explain"] {
        let why = failure(&[command]);
        assert!(
            why.contains("it is a regular file, and the device of line 0 is 10:"),
            "{why}"
        );
    }
    fs::remove_file(device).unwrap();
    std::os::unix::fs::symlink("/dev/null", device).unwrap();
    let why = failure(&["read", "-n", "1"]);
    assert!(why.contains("it is the character device 1:3"), "{why}");
    fs::remove_file(device).unwrap();
    fs::rename(aside, device).unwrap();
    assert_eq!(run(&["read", "-n", "1"]).len(), 1);
}

#[test]
fn another_user_than_root_gets_the_right_error() {
    let _module = Simrupt::load("");
    for command in ["trace", "explain", "stats", "verify"] {
        let output = Command::new("su")
            .args([
                "-s",
                "/bin/sh",
                "-c",
                &format!("simructl {command}"),
                "user",
            ])
            .output()
            .unwrap();
        let why = String::from_utf8(output.stderr).unwrap();
        assert!(
            why.contains("needs root\n  try: run with sudo"),
            "{command}: {why}"
        );
    }
}
