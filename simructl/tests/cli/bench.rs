// SPDX-License-Identifier: GPL-2.0-only

//! `simructl bench`: its plan, its refusals, and that it restores everything that it changes. Its measurements are
//! tested with the real module.

use std::fs::{self, File};
use std::os::unix::fs::symlink;

use nix::fcntl::{Flock, FlockArg};

use crate::fake::{Fake, debugfs};

/// Knobs that a bench uses and that the fake module does not have.
const MORE_KNOBS: &str = "\
pattern\tenum\tperiodic|burst|closed\tperiodic\t-\tlive\thow due times are spread\n\
burst\tu64\t1..4096\t1\tevents\tlive\tevents per interrupt\n\
stress\tenum\tnone|irqs-off\tnone\t-\tlive\twhat disturbs the CPU\n";

/// An idle module that can be measured in a way: nothing ever happens on it.
pub(crate) fn fake() -> Fake {
    let fake = Fake::with_lines(2);
    let knobs = fake.read("sys/kernel/debug/simrupt/knobs");
    fake.write("sys/kernel/debug/simrupt/knobs", &(knobs + MORE_KNOBS));
    for line in 0..2 {
        fake.write(&debugfs(line, "pattern"), "[periodic] burst closed\n");
        fake.write(&debugfs(line, "burst"), "7\n");
        fake.write(&debugfs(line, "stress"), "[none] irqs-off\n");
        fake.set_counters(
            line,
            &[
                ("queued", 0),
                ("read", 88),
                ("in_ring", 0),
                ("drained", 98),
                ("events", 98),
            ],
        );
        fake.write(
            &format!("proc/irq/{}/smp_affinity_list", 24 + line),
            "0-1\n",
        );
        let queue = format!("sys/devices/virtual/workqueue/simrupt{line}-unbound");
        fake.write(&format!("{queue}/affinity_scope"), "default (cache)\n");
    }
    fake.write("sys/devices/system/cpu/online", "0-1\n");
    fake.write("run/empty", "");
    fake
}

/// Everything that a bench must leave unchanged.
fn state(fake: &Fake) -> Vec<String> {
    let names = [
        "rate_hz",
        "workqueue",
        "fifo_size",
        "fifo_policy",
        "format",
        "run",
        "cpu",
        "pattern",
        "burst",
        "stress",
    ];
    let knobs = (0..2).flat_map(|line| names.map(|name| fake.read(&debugfs(line, name))));
    let affinity = [24, 25].map(|irq| fake.read(&format!("proc/irq/{irq}/smp_affinity_list")));
    // A written knob contains the bare word, as a file does.
    let bare = |text: String| {
        let word = text.split(['[', ']']).nth(1).map(String::from);
        word.unwrap_or(text).trim().to_string()
    };
    knobs.chain(affinity).map(bare).collect()
}

/// Checks that nothing was measured and nothing was changed.
fn refused(fake: &Fake, golden: &str, arguments: &str) {
    let before = state(fake);
    fake.check(golden, arguments);
    assert_eq!(state(fake), before, "{arguments}");
    assert!(!fake.path("run/simrupt-bench.toml").exists());
}

/// A bench that takes almost no time.
pub(crate) const SHORT: &str =
    "bench --flavors bound,bh --rates 1000 --rounds 2 --duration 0.01 --warm-up 0";

#[test]
fn a_dry_run_needs_neither_the_module_nor_root() {
    let fake = Fake::unloaded();
    fake.check("bench-dry-run", "bench --dry-run");
    fake.check("bench-dry-run-matrix", "bench --dry-run --flavors bh,unbound --rates 100,200 --bursts 1,8 --affinity-scopes default,cpu --stress idle,cpu --work-us 5 --fifo-sizes 64 --seed 9 --find-knee --knee-max 50000");
    fake.check(
        "bench-dry-run-knobs",
        "bench --dry-run --preset moderation --flavors bh,unbound,-unbound --rates 1000 --rounds 6 --knob coalesce_us=0,050 --knob irq_type=level",
    );
    fake.write("sys/devices/system/cpu/online", "0-3,8\n");
    fake.check(
        "bench-dry-run-shards",
        "bench --dry-run --preset cache-shard",
    );
}

#[test]
fn a_job_file_is_a_union_of_matrices() {
    let fake = Fake::unloaded();
    fake.write(
        "job.toml",
        "rounds = 3\nduration_s = 2\n\
         [[matrix]]\nflavors = ['bh', 'none']\nrates_hz = [1000]\n\
         [[matrix]]\nmode = 'saturate'\nflavors = ['bh']\nlines = 2\n",
    );
    fake.check("bench-job", "bench --dry-run --job job.toml");
    fake.check(
        "bench-job-override",
        "bench --dry-run --job job.toml --rates 50,60 --rounds 1",
    );
}

#[test]
fn a_matrix_may_have_its_own_rounds_and_lines_have_their_cpus() {
    let fake = Fake::unloaded();
    fake.write("sys/devices/system/cpu/online", "0-3,8\n");
    fake.write(
        "job.toml",
        "rounds = 6\nduration_s = 2\ncpus = '2-3,8'\npercentiles = [90, 99.9]\n\
         [[matrix]]\nflavors = ['bh', 'none']\nlines = 'cpus'\n\
         [[matrix]]\nflavors = ['bound']\nrounds = 3\nduration_s = 10\nwarm_up_s = 1\n",
    );
    fake.check("bench-nested", "bench --dry-run --job job.toml");
    fake.check(
        "bench-nested-override",
        "bench --dry-run --job job.toml --rounds 4 --duration 1 --warm-up 0.1 --cpus 0",
    );
}

#[test]
fn an_invalid_job_is_refused_by_name_and_line() {
    let fake = fake();
    refused(&fake, "bench-no-job", "bench --job absent.toml");
    refused(&fake, "bench-offline", "bench --cpus 0,2");
    for (golden, job) in [
        ("bench-job-syntax", "[[matrix]]\nflavors = bh\n"),
        ("bench-job-key", "[[matrix]]\n\nflavor = 'bh'\n"),
        ("bench-job-flavor", "[[matrix]]\nflavors = ['bhh']\n"),
        ("bench-job-empty", "rounds = 3\n"),
        ("bench-job-cpus", "cpus = '1,1'\n[[matrix]]\n"),
        (
            "bench-job-percentiles",
            "percentiles = [50, 99.9999]\n[[matrix]]\n",
        ),
        (
            "bench-job-twice",
            "[[matrix]]\nflavors = ['bh']\n[[matrix]]\nflavors = ['bh']\nrounds = 3\n",
        ),
    ] {
        fake.write("job.toml", job);
        refused(&fake, golden, "bench --job job.toml");
    }
}

#[test]
fn invalid_options_are_usage_errors() {
    let fake = fake();
    for (golden, options) in [
        ("bench-usage-flavor", "--flavors unbond"),
        ("bench-usage-preset", "--preset slow"),
        ("bench-usage-both", "--preset quick --job x"),
        ("bench-usage-rate", "--mode saturate --rates 5"),
        ("bench-usage-short", "--rates 100 --duration 0.01"),
        ("bench-usage-scope", "--flavors bh --affinity-scopes cpu"),
        ("bench-usage-lines", "--lines 65"),
        ("bench-usage-knee", "--p99-limit 5"),
        ("bench-usage-line", "--line 0"),
        ("bench-usage-mode", "--mode satturate"),
        ("bench-usage-stress", "--stress fifi"),
        ("bench-usage-knob", "--knob burst=5"),
        ("bench-usage-cpus", "--cpus 3-1"),
        ("bench-usage-percentiles", "--percentiles 50,100"),
    ] {
        refused(&fake, golden, &format!("bench {options}"));
    }
}

#[test]
fn a_replay_is_a_plan_and_bad_files_are_refused_before_anything_changes() {
    let fake = Fake::unloaded();
    fake.write(
        "good",
        "# simrupt arrivals 1\n# lost: 3\n250000\n0\n500000\n",
    );
    let dry = "bench --dry-run --flavors bh";
    fake.check("bench-replay", &format!("{dry} --replay good"));
    fake.write(
        "job.toml",
        "replay = 'good'\n[[matrix]]\nflavors = ['bh']\n[[matrix]]\nmode = 'replay'\nflavors = ['bh']\n",
    );
    fake.check(
        "bench-replay-job",
        "bench --dry-run --job job.toml --json -",
    );
    fake.check(
        "bench-replay-output",
        "bench --dry-run --job job.toml --json good",
    );
    let fake = self::fake();
    for (name, text) in [
        ("empty", ""),
        ("odd", "1000\n10 us\n"),
        ("cut", "# simrupt arrivals 1\n# arrivals: 3\n1000\n"),
        ("fast", "5\n5\n"),
        ("slow", "5000000000\n"),
    ] {
        fake.write(name, text);
        let arguments = format!("bench --flavors bh --replay {name}");
        refused(&fake, &format!("bench-replay-{name}"), &arguments);
    }
    fake.write("good", "250000\n");
    for (golden, options) in [
        ("bench-replay-absent", "--replay absent"),
        ("bench-replay-rates", "--replay good --rates 5"),
        ("bench-replay-mode", "--replay good --mode rate"),
        ("bench-replay-none", "--mode replay"),
        ("bench-replay-bursts", "--replay good --bursts 8"),
        ("bench-replay-older", "--replay good"),
    ] {
        refused(&fake, golden, &format!("bench --flavors bh {options}"));
    }
}

#[test]
fn a_module_that_does_not_support_the_plan_is_an_error() {
    Fake::unloaded().check("bench-unloaded", "bench");
    fake().without_debugfs().check("bench-no-debugfs", "bench");
    let fake = fake();
    refused(&fake, "bench-no-flavor", "bench --flavors tasklet");
    refused(
        &fake,
        "bench-no-stress",
        "bench --flavors bh --stress softirq",
    );
    refused(&fake, "bench-no-lines", "bench --flavors bh --lines 3");
    refused(&fake, "bench-no-knob", "bench --flavors bh --work-us 5");
    fake.unbind(1);
    refused(&fake, "bench-unbound", "bench --flavors bh --lines 2");
}

#[test]
fn an_output_that_cannot_be_written_is_refused_before_anything_runs() {
    let fake = fake();
    refused(
        &fake,
        "bench-no-directory",
        &format!("{SHORT} --json absent/out.json"),
    );
    refused(&fake, "bench-directory", &format!("{SHORT} --json run"));
}

#[test]
fn a_dry_run_checks_what_a_run_checks_and_writes_nothing() {
    let fake = fake();
    fake.write("job.toml", "[[matrix]]\nflavors = ['bh']\n");
    fake.write("proc/sys/kernel/osrelease", "7.3.4\n");
    fake.write("boot/config-7.3.4", "CONFIG_KASAN=y\n");
    let run = |arguments: &str| {
        let run = fake.command(arguments).output().unwrap();
        let stderr = String::from_utf8(run.stderr).unwrap();
        (run.status.code().unwrap(), stderr)
    };
    for arguments in [
        "--flavors bh --json absent/out.json",
        "--flavors bh --csv run",
        "--flavors bh --svg absent/charts",
        "--flavors bh --svg job.toml",
        "--flavors bh --svg -",
        "--flavors bh --json out.json --csv ./out.json",
        "--flavors bh --json - --csv -",
        "--job job.toml --html job.toml",
        "--flavors bh --lines 3",
        "--flavors tasklet",
        "--flavors bh --strict",
        "--flavors bh --cpus 7",
    ] {
        let (code, told) = run(&format!("bench {arguments}"));
        assert!(code > 0 && !told.is_empty(), "{arguments}");
        let dry = run(&format!("bench --dry-run {arguments}"));
        assert_eq!(dry, (code, told), "{arguments}");
    }
    fake.write("out.json", "old");
    let before = state(&fake);
    let dry = run("bench --dry-run --flavors bh --json out.json --csv out.csv --svg charts");
    assert_eq!(dry, (0, String::new()));
    assert_eq!(fake.read("out.json"), "old");
    for name in ["out.csv", "charts"] {
        assert!(!fake.path(name).exists(), "{name}");
    }
    assert_eq!(state(&fake), before);
}

#[test]
fn a_plan_is_a_document_if_the_results_would_be_one() {
    let fake = Fake::unloaded();
    fake.check(
        "bench-dry-run-json",
        "bench --dry-run --flavors none,bh --rates 1000 --find-knee --knee-max 50000 --percentiles 99 --json -",
    );
    let run = fake.command("bench --dry-run --mode saturate --flavors bh --json /dev/stdout");
    let run = { run }.output().unwrap();
    let plan: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert!(plan["cells"][0]["setting"]["rate_hz"].is_null(), "{plan}");
}

#[test]
fn figures_of_grade_d_are_refused_with_strict() {
    let fake = fake();
    fake.write("proc/sys/kernel/osrelease", "7.3.4\n");
    fake.write(
        "boot/config-7.3.4",
        "CONFIG_KASAN=y\nCONFIG_PROVE_LOCKING=y\n",
    );
    refused(&fake, "bench-strict", "bench --flavors bh --strict");
}

#[test]
fn a_second_bench_is_refused_while_one_runs() {
    let fake = fake();
    fake.write("run/simrupt-bench.lock", "4711\n");
    let lock = File::open(fake.path("run/simrupt-bench.lock")).unwrap();
    let lock = Flock::lock(lock, FlockArg::LockExclusive).unwrap();
    refused(&fake, "bench-locked", SHORT);
    drop(lock);
    assert!(fake.command(SHORT).status().unwrap().success());
}

#[test]
fn everything_is_put_back() {
    let fake = fake();
    let before = state(&fake);
    let run = fake.command(&format!(
        "{SHORT} --bursts 1,2 --stress idle,irqs-off,cpu --json out.json"
    ));
    let run = { run }.output().unwrap();
    assert!(run.status.success(), "{run:?}");
    assert_eq!(state(&fake), before);
    let left: Vec<_> = fs::read_dir(fake.path("run")).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
    let results: serde_json::Value = serde_json::from_str(&fake.read("out.json")).unwrap();
    assert_eq!(results["schema"], "simrupt-bench/2");
    assert_eq!(results["complete"], true);
    assert_eq!(results["cells"].as_array().unwrap().len(), 12);
    let cell = &results["cells"][0];
    assert_eq!(cell["rounds"].as_array().unwrap().len(), 2);
    // The fake always shows the same values, which are counted in every round.
    assert_eq!(cell["histograms"]["due_irq"]["count"], 240);
    assert_eq!(cell["metrics"]["due_irq_p50_ns"]["median"], 5123.0);
    let metrics = cell["metrics"].as_object().unwrap();
    assert!(!metrics.contains_key("busy_ns_per_event"), "{cell}");
    assert_eq!(results["environment"]["knobs"]["format"], "char");
}

#[test]
fn percentiles_and_cpus_of_the_command_line_are_in_all_outputs() {
    let fake = fake();
    let asked = "--percentiles 75,97.5 --cpus 1 --json out.json --csv out.csv --markdown out.md";
    let run = fake.command(&format!("{SHORT} {asked}")).output().unwrap();
    assert!(run.status.success(), "{run:?}");
    let results: serde_json::Value = serde_json::from_str(&fake.read("out.json")).unwrap();
    let expected = serde_json::json!([50.0, 75.0, 97.5]);
    assert_eq!(results["plan"]["percentiles"], expected);
    assert_eq!(results["plan"]["cpus"], serde_json::json!([1]));
    let metrics = &results["cells"][0]["metrics"];
    assert!(
        metrics["due_irq_p975_ns"]["median"].is_number(),
        "{metrics}"
    );
    assert!(metrics["due_irq_p99_ns"].is_null(), "{metrics}");
    let table = String::from_utf8(run.stdout).unwrap();
    for text in [&table, &fake.read("out.md")] {
        assert!(text.contains("p97.5") && !text.contains("p99"), "{text}");
        assert!(text.contains("lines and readers on CPUs 1;"), "{text}");
    }
    assert!(fake.read("out.csv").contains("due_irq_p975_ns"));
}

#[test]
fn a_bench_announces_how_small_a_change_it_will_find() {
    let fake = fake();
    let run = fake
        .command("bench --flavors bh --rates 1000 --rounds 6 --duration 0.01 --warm-up 0")
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    let told = String::from_utf8(run.stderr).unwrap();
    let sentence = "simructl: compare, of two such runs with 5 figures: finds a change of one by ";
    assert!(told.contains(sentence), "{told}");
}

#[test]
fn on_standard_output_the_document_is_alone() {
    let fake = fake();
    let run = fake.command(&format!("{SHORT} --json -")).output().unwrap();
    assert!(run.status.success(), "{run:?}");
    let results: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(results["cells"].as_array().unwrap().len(), 2);
}

#[test]
fn sums_that_do_not_hold_fail_the_run_and_everything_is_restored() {
    let fake = fake();
    fake.set_counters(0, &[("queued", 0), ("in_ring", 0), ("read", 87)]);
    refused(
        &fake,
        "bench-broken-sums",
        &format!("{SHORT} --json out.json"),
    );
    assert!(!fake.path("out.json").exists());
}

#[test]
fn a_knob_that_cannot_be_written_fails_the_run_and_everything_is_restored() {
    let fake = fake();
    // It can be read, but writing to it fails, even for root.
    fake.remove(&debugfs(0, "reset"));
    symlink("/dev/full", fake.path(&debugfs(0, "reset"))).unwrap();
    refused(&fake, "bench-no-reset", SHORT);
}

#[test]
fn the_changes_of_a_killed_bench_are_reverted_first() {
    let fake = fake();
    let before = state(&fake);
    let saved = "[line0]\nrate_hz = 10\nworkqueue = \"unbound\"\n[line1]\ncpu = -1\n";
    let meta = fs::metadata(fake.path("sys/kernel/debug/simrupt")).unwrap();
    let since = std::os::unix::fs::MetadataExt::mtime_nsec(&meta);
    let seconds = std::os::unix::fs::MetadataExt::mtime(&meta);
    let affinity = fake.path("proc/irq/24/smp_affinity_list");
    fake.write("run/simrupt-bench.toml", saved);
    fake.write(
        "run/simrupt-bench.files",
        &format!("module {seconds}.{since:09}\n{} 0-1\n", affinity.display()),
    );
    fake.write(&debugfs(0, "rate_hz"), "0\n");
    fake.write(&debugfs(0, "workqueue"), "bh\n");
    fake.write(&debugfs(1, "cpu"), "1\n");
    fake.write("proc/irq/24/smp_affinity_list", "1\n");
    let run = fake.command(SHORT).output().unwrap();
    assert!(run.status.success(), "{run:?}");
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(told.contains("an earlier bench was killed"), "{told}");
    assert_eq!(state(&fake), before);
}
