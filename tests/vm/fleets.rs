// SPDX-License-Identifier: GPL-2.0-only

//! A job of a fleet of machines, as it is in `packaging/fleets`.

use nix::unistd::gettid;
use simrupt_vm_tests::assert_nothing_left;
use std::{fs, process::Command};

#[test]
fn a_job_loads_the_module_measures_and_unloads_it() {
    let folder = format!("/tmp/fleets-{}", gettid());
    fs::create_dir(&folder).unwrap();
    for (name, text) in [
        ("run", include_str!("../../packaging/fleets/run")),
        ("job.toml", include_str!("../../packaging/fleets/job.toml")),
    ] {
        fs::write(format!("{folder}/{name}"), text).unwrap();
    }
    let options =
        "-o output --flavors bh,none --rates 10000 --stress idle --rounds 6 --duration 0.05";
    let output = Command::new("sh")
        .args(["-c", &format!("cd {folder} && sh ./run {options}")])
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stdout}{stderr}");
    assert_nothing_left();
    let lines = fs::read_to_string(format!("{folder}/output/result.txt")).unwrap();
    print!("$ ./run {options}\n{stderr}{stdout}$ cat output/result.txt\n{lines}");
    assert!(
        stdout.starts_with("KTAP version 1\n1..2\n# grade "),
        "{stdout}"
    );
    assert!(stdout.contains("\nok 1 bh-10000hz\n"), "{stdout}");
    assert!(
        lines.starts_with("simrupt-load pass\nsimrupt-bench pass\n"),
        "{lines}"
    );
    // The median is not checked: a kernel that checks itself cannot keep up with that rate, and events queue up.
    let line = lines
        .lines()
        .find(|line| line.starts_with("bh-10000hz-irq_bh_p50 "));
    let words: Vec<&str> = line.unwrap().split(' ').collect();
    assert_eq!((words[1], words[3]), ("pass", "us"));
    assert!(
        (0.1..1000.0).contains(&words[2].parse::<f64>().unwrap()),
        "{line:?}"
    );
    assert!(lines.ends_with("\nsimrupt-verify pass\n"), "{lines}");
    fs::remove_dir_all(folder).unwrap();
}
