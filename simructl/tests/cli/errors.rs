// SPDX-License-Identifier: GPL-2.0-only

//! Errors if the module, debugfs or a line is missing, or the command line is invalid.

use std::process::{Command, Stdio};

use crate::fake::{Fake, compare, transcript};

#[test]
fn without_the_module_every_command_says_how_to_load_it() {
    let fake = Fake::unloaded();
    for command in [
        "get",
        "set-rate 5",
        "stats",
        "read",
        "verify",
        "dump",
        "apply -",
        "diff -",
        "latency",
        "reset",
    ] {
        let name = command.split(' ').next().unwrap();
        fake.check(&format!("unloaded-{name}"), command);
    }
}

#[test]
fn without_debugfs_the_counters_cannot_be_shown() {
    let fake = Fake::with_lines(1).without_debugfs();
    fake.check("no-debugfs-stats", "stats");
    fake.check("no-debugfs-verify", "verify");
}

#[test]
fn a_mounted_debugfs_without_the_module_has_its_own_error() {
    let fake = Fake::with_lines(1);
    fake.remove("sys/kernel/debug/simrupt");
    fake.check("no-directory-stats", "stats");
}

#[test]
fn a_line_that_does_not_exist_is_answered_with_those_that_do() {
    let fake = Fake::with_lines(2);
    fake.check("no-line-get", "get --line 3");
    fake.check("no-line-set", "set-rate 5 --line 2");
    fake.check("no-line-status", "status --line 2");
    fake.check("no-line-listed", "stats --line 0,1-3");
    // More lines than any module has: loading it with more is no remedy.
    fake.check("no-line-beyond", "read --line 99");
    Fake::with_lines(1).check("no-line-of-one", "stats --line 1");
}

#[test]
fn no_module_is_loaded_under_another_root() {
    let fake = Fake::unloaded();
    fake.check("sysroot-load", "load rate_hz=5");
    fake.check("sysroot-unload", "unload");
}

#[test]
fn a_missing_module_file_is_named() {
    let arguments = "load --module /absent/simrupt.ko";
    let mut command = Command::new(env!("CARGO_BIN_EXE_simructl"));
    command.args(arguments.split(' ')).stdin(Stdio::null());
    compare("load-no-file", &transcript(arguments, &mut command));
}

#[test]
fn a_knob_or_value_that_the_module_file_does_not_have_is_not_loaded() {
    not_loaded("load-unknown", "load --module simrupt.ko rate=5");
    not_loaded(
        "load-no-choice",
        "load --module simrupt.ko workqueue=bh,unbond",
    );
}

/// Checks that a command line is refused before the kernel is asked.
fn not_loaded(golden: &str, arguments: &str) {
    let fake = Fake::unloaded();
    fake.write(
        "simrupt.ko",
        "\0parm=lines:devices\0parm=rate_hz:events\0\
         parm=workqueue:flavor (bound|unbound|bh, default unbound)\0",
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_simructl"));
    command
        .args(arguments.split(' '))
        .current_dir(fake.path(""))
        .stdin(Stdio::null());
    compare(golden, &transcript(arguments, &mut command));
}

#[test]
fn the_knobs_are_known_without_the_module() {
    let fake = Fake::unloaded();
    fake.check("unloaded-knobs", "knobs");
    let run = fake.command("knobs --json").output().unwrap();
    assert!(run.status.success());
    let document: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(document["loaded"], false);
    let knobs = document["knobs"].as_array().unwrap();
    assert_eq!(knobs.len(), simrupt_core::knobs::TABLE.len());
    let told: serde_json::Value = serde_json::from_slice(&run.stderr).unwrap();
    assert_eq!(
        (&told["code"], &told["remedy"]),
        (&0.into(), &"simructl load".into())
    );
}

#[test]
fn with_json_every_failure_is_one_document() {
    let fake = Fake::with_lines(1);
    for (arguments, code) in [
        ("stats --line 7 --json", 1),
        ("--json stats --line 7", 1),
        ("stats --json --line x", 2),
        ("--json stat", 2),
        ("--json", 2),
        ("set --json rate_hz=x", 1),
        ("get nothing --json", 1),
        ("read --json", 2),
        ("read --follow --json", 1),
        ("top --json", 2),
        ("--json bench --dry-run", 2),
        ("irqs --json --once", 1),
        ("unload --json --line 0", 2),
    ] {
        let run = fake.command(arguments).output().unwrap();
        assert_eq!(run.status.code(), Some(code), "{arguments}: {run:?}");
        assert!(run.stdout.is_empty(), "{arguments}");
        // The totals of `--follow` are in a row of their own.
        let told = String::from_utf8(run.stderr).unwrap();
        crate::schema::check_messages(arguments, &told);
        let last = told.lines().last().unwrap();
        let document: serde_json::Value = serde_json::from_str(last).unwrap();
        assert_eq!(document["code"], code, "{arguments}: {told}");
        for part in ["what", "why"] {
            let text = document[part].as_str().unwrap();
            assert!(!text.is_empty() && !text.contains('\n'), "{told}");
        }
        let remedy = &document["remedy"];
        assert!(remedy.is_string() || remedy.is_null(), "{told}");
    }
    // With a document in a file, the messages stay text.
    let run = fake
        .command("bench --json out.json --rounds x")
        .output()
        .unwrap();
    assert!(run.stderr.starts_with(b"error: invalid value"), "{run:?}");
}

#[test]
fn options_that_a_command_does_not_take_are_refused() {
    let fake = Fake::with_lines(1);
    fake.check("usage-line", "unload --line 0");
    for (golden, arguments) in [
        ("usage-line-before", "--line 0 unload"),
        ("load-dash", "load --module -"),
    ] {
        let run = transcript(arguments, &mut fake.bare_command(arguments));
        compare(golden, &run);
    }
    fake.check("usage-json", "read --json");
    fake.check("usage-bad-line", "stats --line one");
    fake.check("usage-bad-lines", "stats --line 3-1");
    fake.check("usage-command", "stat");
    fake.check("usage-nothing", "");
}

#[test]
fn an_option_that_needs_another_is_refused_even_if_the_other_could_not_be_added() {
    let nothing = Fake::unloaded();
    for arguments in [
        "compare a.json b.json --after c.json",
        "irqs --once --count 3",
        "irqs --from copy --count 3",
        "irqs --diff copy copy --count 3",
        "irqs --pairs --count 3",
        "irqs --metrics prometheus --count 3",
        "irqs --output copy --count 3",
        "irqs --csv --no-zeros",
        "irqs --pairs --sum",
        "irqs --json --sum",
        "softirqs --watch --no-zeros",
        "softirqs --diff copy copy --sum",
        "softirqs --interval 1 --sum",
        "softirqs --columns irq --sum",
        "softirqs --cells numbers --sum",
        "softirqs --transpose --sum",
        "softirqs --noheadings --sum",
        "softirqs --width 80 --sum",
        "handlers --from trace --count 3",
        "handlers --from trace --interval 1",
    ] {
        let run = nothing.bare_command(arguments).output().unwrap();
        let told = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(2), "{arguments}: {told}");
        assert!(told.contains("cannot be used with"), "{arguments}: {told}");
    }
}

#[test]
fn a_negative_number_is_a_value_that_its_option_refuses() {
    let fake = Fake::with_lines(1);
    for (arguments, option, why) in [
        ("bench --rounds -1", "--rounds <N>", "number from 1 to 1000"),
        ("bench --rates -1,5", "--rates <HZ>", "from 1 to 1000000"),
        ("bench --rates 5,-1", "--rates <HZ>", "from 1 to 1000000"),
        ("bench --bursts -1", "--bursts <EVENTS>", "from 1 to 4096"),
        (
            "bench --fifo-sizes -8",
            "--fifo-sizes <RECORDS>",
            "from 16 to 1048576",
        ),
        ("bench --work-us -1", "--work-us <US>", "from 0 to 10000"),
        (
            "bench --seed -1",
            "--seed <N>",
            "from 0 to 18446744073709551615",
        ),
        ("bench --lines -1", "--lines <N|cpus>", "from 1 to 64"),
        (
            "bench --cpus -1",
            "--cpus <LIST>",
            "-1 is not a list of CPUs",
        ),
        (
            "bench --cpus -1-3",
            "--cpus <LIST>",
            "-1-3 is not a list of CPUs",
        ),
        (
            "bench --percentiles -1",
            "--percentiles <LIST>",
            "above 0 and below 100",
        ),
        (
            "bench --p99-limit -1",
            "--p99-limit <US>",
            "from 1 to 10000000",
        ),
        (
            "bench --knee-min -1",
            "--knee-min <HZ>",
            "from 1 to 1000000",
        ),
        (
            "bench --knee-max -1",
            "--knee-max <HZ>",
            "from 1 to 1000000",
        ),
        ("bench --warm-up -1s", "--warm-up <TIME>", "not a time"),
        ("irqs --watch -n -1", "--count <N>", "from 1 to"),
        (
            "irqs --interval -1",
            "--interval <SECONDS>",
            "not a time from 1ms",
        ),
        ("irqs --width -1", "--width <PLACES>", "from 1 to 65535"),
        ("irqs --cpu -1", "--cpu <LIST>", "`-1` is neither a CPU"),
        ("irqs --threshold -1", "--threshold <N>", "from 0 up"),
        ("handlers --watch -n -1", "--count <N>", "from 1 to"),
        (
            "handlers --buffer -1",
            "--buffer <KIB>",
            "from 8 to 1048576",
        ),
        ("handlers --for -1s", "--for <TIME>", "not a time"),
        ("stats --watch -n -1", "--count <N>", "from 0 to"),
        (
            "stats --watch --interval -1",
            "--interval <TIME>",
            "not a time",
        ),
        (
            "stats --line -1",
            "--line <LIST|all>",
            "neither a list of lines",
        ),
        (
            "--line -1 stats",
            "--line <LIST|all>",
            "neither a list of lines",
        ),
        ("read -n -1", "--count <COUNT>", "from 0 to"),
        ("trace -n -1", "--count <COUNT>", "from 0 to"),
        ("trace --for -1", "--for <TIME>", "not a time"),
        ("explain --patience -1", "--patience <TIME>", "not a time"),
        (
            "top --once --width -1",
            "--width <COLUMNS>",
            "from 1 to 1000",
        ),
        (
            "top --once --height -1",
            "--height <ROWS>",
            "from 1 to 1000",
        ),
        (
            "compare a b --threshold -1",
            "--threshold <PCT>",
            "not a percentage",
        ),
    ] {
        let run = fake.bare_command(arguments).output().unwrap();
        let told = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(2), "{arguments}: {told}");
        assert!(
            told.starts_with("error: invalid value '-") && told.contains(option),
            "{arguments}: {told}"
        );
        assert!(told.contains(why), "{arguments}: {told}");
    }
    // The job checks these values.
    for (arguments, why) in [
        (
            "bench --duration -1",
            "duration_s: -1 is not from 0.01 to 3600 s",
        ),
        (
            "bench --warm-up -0.5",
            "warm_up_s: -0.5 is not from 0 to 60 s",
        ),
    ] {
        let run = fake.bare_command(arguments).output().unwrap();
        let told = String::from_utf8(run.stderr).unwrap();
        assert!(told.contains(why), "{arguments}: {told}");
    }
}

#[test]
fn a_value_that_is_empty_is_seen() {
    let fake = Fake::with_lines(1);
    for (arguments, seen) in [
        ("bench --cpus=", "'' is not a list of CPUs"),
        ("bench --percentiles ,", "'' is not a percentile"),
        ("bench --flavors=", "there is no flavor ''"),
        ("bench --stress bh,", "there is no stress bh"),
        ("bench --stress idle,", "there is no stress ''"),
        ("bench --affinity-scopes=", "there is no scope ''"),
        ("bench --lines=", "'' is neither a number"),
        (
            "bench --rates=",
            "invalid value '' for '--rates <HZ>': not a whole number",
        ),
        (
            "bench --rates 1e3",
            "invalid value '1e3' for '--rates <HZ>': not a whole number",
        ),
        (
            "compare a b --metric=",
            "invalid value '' for '--metric <NAME>': not the name",
        ),
        ("irqs --cpu=", "`` is neither a CPU"),
        ("irqs --columns=", "no column is called ``"),
    ] {
        let run = fake.bare_command(arguments).output().unwrap();
        let told = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(2), "{arguments}: {told}");
        assert!(told.contains(seen), "{arguments}: {told}");
    }
    fake.write("job.toml", "cpus = ''\n[[matrix]]\n");
    let run = fake
        .bare_command("bench --dry-run --job job.toml")
        .output()
        .unwrap();
    let told = String::from_utf8(run.stderr).unwrap();
    assert!(told.contains("'' is not a list of CPUs"), "{told}");
    fake.write("p.toml", "[\"\"]\nrate_hz = 1\n");
    for (arguments, seen) in [
        (
            "set workqueue=,",
            "cannot set workqueue to '': no such choice",
        ),
        (
            "set rate_hz=,",
            "cannot set rate_hz to '': not a whole number",
        ),
        ("set-rate -5,10", "cannot set rate_hz to -5: out of range"),
        (
            "apply p.toml",
            "p.toml:1: [\"\"] is neither [all] nor a line",
        ),
    ] {
        let run = fake.command(arguments).output().unwrap();
        let told = String::from_utf8(run.stderr).unwrap();
        assert!(told.contains(seen), "{arguments}: {told}");
    }
}
