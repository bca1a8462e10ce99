// SPDX-License-Identifier: GPL-2.0-only

//! Permissions: what only root may do, what a group may be allowed, and what it can do then.

use nix::unistd::{Gid, Uid, chown};
use simrupt_vm_tests::{
    DRIVER, KNOBS, LOAD_KNOBS, Line, Simrupt, eventually, log_lines, meminfo, watches_itself,
};
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A user other than root, and the user's group, which may be given access.
const USER: &str = "user";
const GROUP: u32 = 1234;

fn mode(path: impl AsRef<Path>) -> u32 {
    let path = path.as_ref();
    let data = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    data.permissions().mode() & 0o7777
}

/// Runs a shell command as that user.
fn as_user(script: &str) -> Output {
    Command::new("su")
        .args(["-s", "/bin/sh", "-c", script, USER])
        .output()
        .expect("su runs")
}

/// All files below a folder.
fn files_below(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(path));
        } else {
            files.push(path);
        }
    }
    files
}

/// Gives the group access, as a udev rule does.
fn give_to_group(line: Line) {
    let group = Some(Gid::from_raw(GROUP));
    chown(line.device().as_str(), Some(Uid::from_raw(0)), group).unwrap();
    fs::set_permissions(line.device(), Permissions::from_mode(0o440)).unwrap();
}

#[test]
fn files_have_the_modes_that_are_documented() {
    let module = Simrupt::load("lines=2");
    for index in 0..2 {
        let line = module.line(index);
        assert_eq!(mode(line.device()), 0o400, "{}", line.device());
        for knob in KNOBS {
            assert_eq!(mode(line.path(knob)), 0o600, "{knob}");
        }
        for knob in LOAD_KNOBS {
            assert_eq!(mode(line.path(knob)), 0o400, "{knob}");
        }
        for report in ["stats", "contexts", "latency", "costs", "irq"] {
            assert_eq!(mode(line.path(report)), 0o400, "{report}");
        }
        assert_eq!(mode(line.path("schedule")), 0o600);
        // They have no content.
        for verb in ["reset", "recover"] {
            assert_eq!(mode(line.path(verb)), 0o200, "{verb}");
        }
        let known = KNOBS.len() + LOAD_KNOBS.len() + 8;
        let folder = Path::new(&line.path("stats")).parent().unwrap().to_owned();
        assert_eq!(files_below(folder).len(), known, "a file of no known mode");
    }
    assert_eq!(mode("/sys/kernel/debug/simrupt/knobs"), 0o400);
    for knob in KNOBS {
        let path = format!("/sys/module/simrupt/parameters/{knob}");
        assert_eq!(mode(path), 0o644, "{knob}");
    }
    for knob in LOAD_KNOBS.iter().chain(&["lines"]) {
        let path = format!("/sys/module/simrupt/parameters/{knob}");
        assert_eq!(mode(path), 0o444, "{knob}");
    }
}

#[test]
fn another_user_than_root_can_only_read_the_parameters() {
    let module = Simrupt::load("rate_hz=10");
    let line = module.line(0);
    assert_eq!(as_user("id -un; id -gn").stdout, b"user\ngroup\n");
    let parameter = "/sys/module/simrupt/parameters/rate_hz";
    let read = as_user(&format!("cat {parameter}"));
    assert_eq!(String::from_utf8_lossy(&read.stdout), "10\n");
    for script in [
        format!("echo 20 > {parameter}"),
        format!("cat {}", line.device()),
        format!("cat {}", line.path("stats")),
        format!("echo 20 > {}", line.path("rate_hz")),
        "ls /sys/kernel/debug/simrupt".to_owned(),
        format!("echo simrupt.0 > {DRIVER}/unbind"),
        format!("echo 1 > /proc/irq/{}/smp_affinity", line.irq()),
    ] {
        assert!(!as_user(&script).status.success(), "{script}");
    }
    assert_eq!(line.get("rate_hz"), "10");
}

#[test]
fn a_group_that_may_read_can_read_and_nothing_else() {
    let module = Simrupt::load("rate_hz=1000 run=always");
    let line = module.line(0);
    give_to_group(line);
    let device = line.device();
    let read = as_user(&format!("head -c 20 {device}"));
    assert!(read.status.success(), "{read:?}");
    assert_eq!(read.stdout.len(), 20);
    let before = log_lines("simrupt");
    for script in [
        format!("echo x > {device}"),
        format!("echo x 1<> {device}"),
        format!("truncate -s 0 {device}"),
        format!("chmod 666 {device}"),
    ] {
        assert!(!as_user(&script).status.success(), "{script}");
    }
    let opened = as_user(&format!(
        "for i in $(seq 200); do head -c 1 {device} >/dev/null || exit 1; done"
    ));
    assert!(opened.status.success(), "{opened:?}");
    assert_eq!(
        log_lines("simrupt"),
        before,
        "a reader can make the module log"
    );
    module.verify();
}

#[test]
fn readers_who_come_and_go_do_not_hold_the_device_up() {
    let module = Simrupt::load("rate_hz=1000 format=record fifo_size=65536");
    let line = module.line(0);
    let mut file = line.open();
    eventually("events arrive while others open and close", || {
        for _ in 0..100 {
            drop(line.open_nonblock());
        }
        line.stat("events") >= 200
    });
    line.silence();
    let events = line.stat("events");
    let records = simrupt_vm_tests::read_records(&mut file, events as usize);
    assert!(
        records
            .windows(2)
            .all(|two| two[1].due_ns - two[0].due_ns == 1_000_000)
    );
    module.verify();
}

#[test]
fn open_files_cost_next_to_no_memory() {
    let module = Simrupt::load("rate_hz=1000");
    let line = module.line(0);
    let count = 800;
    let before = meminfo("Slab");
    let files: Vec<_> = (0..count).map(|_| line.open_nonblock()).collect();
    let each = (meminfo("Slab") - before) * 1024 / count;
    // The kernel's own part: a struct file and its place in a table, and twice that on a kernel that checks its memory.
    let most = if watches_itself() { 2048 } else { 1024 };
    assert!(each < most, "{each} bytes for each open file");
    drop(files);
    line.silence();
    module.verify();
}

/// Whether a text contains a number that could be an address of the kernel: in its half of the address space, as
/// hexadecimal digits or as a decimal number.
fn has_address(text: &str) -> bool {
    const KERNEL: u64 = 0xffff_0000_0000_0000;
    let is_address = |number: Result<u64, _>| number.is_ok_and(|number| number >= KERNEL);
    text.split(|c: char| !c.is_ascii_hexdigit())
        .any(|word| is_address(u64::from_str_radix(word, 16)) || is_address(word.parse()))
}

#[test]
fn addresses_are_recognized() {
    for text in [
        "at ffff888003a1c000.",
        "0xFFFFFFFFC0401000",
        "x 18446683600570023936 y",
        "-> ffffffffc0401000/1",
    ] {
        assert!(has_address(text), "{text}");
    }
    for text in ["0", "bucket 1984 2015 2", "beef", "18446000000000000000"] {
        assert!(!has_address(text), "{text}");
    }
}

#[test]
fn no_address_of_the_kernel_is_in_any_output() {
    // Other tests had values refused that look like an address.
    let mark = "simrupt: outputs are looked at from here on";
    fs::write("/dev/kmsg", mark).unwrap();
    let module = Simrupt::load("lines=2 rate_hz=1000 run=always stress=softirq");
    let line = module.line(0);
    eventually("events arrive", || line.stat("drained") >= 50);
    assert!(line.try_set("workqueue", "ffff888003a1c00").is_err());
    line.set("work_us", "2000");
    line.set("workqueue", "bh");
    eventually("it is slowed down", || line.stat("throttled") > 0);
    for line in [line, module.line(1)] {
        line.set("stress", "none");
        line.silence();
    }
    let mut outputs: Vec<(String, String)> = Vec::new();
    // The kernel's other directories of any module are for root alone.
    for folder in [
        "/sys/kernel/debug/simrupt",
        "/sys/module/simrupt/parameters",
    ] {
        for path in files_below(folder) {
            if mode(&path) & 0o400 != 0 {
                let text = fs::read_to_string(&path);
                let name = path.display().to_string();
                outputs.push((name.clone(), text.unwrap_or_else(|e| panic!("{name}: {e}"))));
            }
        }
    }
    assert!(outputs.len() > 50, "{}", outputs.len());
    outputs.push((
        "interrupts".into(),
        fs::read_to_string("/proc/interrupts").unwrap(),
    ));
    for folder in [
        "/sys/bus/platform/devices/simrupt.0",
        "/sys/class/misc/simrupt0",
    ] {
        let text = fs::read_to_string(format!("{folder}/uevent")).unwrap();
        outputs.push((folder.into(), text));
    }
    let said = log_lines("simrupt").into_iter();
    let said: Vec<_> = said.skip_while(|line| !line.contains(mark)).collect();
    assert!(said.iter().any(|line| line.contains("refused")), "{said:?}");
    outputs.push(("dmesg".into(), said.join("\n")));
    for (name, text) in outputs {
        assert!(!has_address(&text), "{name}: {text}");
    }
    module.verify();
}
