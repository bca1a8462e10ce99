// SPDX-License-Identifier: GPL-2.0-only

//! Who chooses the CPUs of an interrupt: the knob `affinity`.

use nix::errno::Errno;
use simrupt_vm_tests::{
    Line, Simrupt, action_counts, flavors, let_all_cpus_take, move_irq, simructl,
};
use std::{fs, io, os::unix::fs::PermissionsExt};

/// What a file of the line's interrupt in /proc says.
fn proc_file(line: Line, name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/irq/{}/{name}", line.irq())).unwrap();
    text.trim_end().to_owned()
}

/// What the kernel answers when user space writes to a file of the line's interrupt in /proc.
fn write_to_proc(line: Line, name: &str, text: &str) -> Result<(), Errno> {
    let path = format!("/proc/irq/{}/{name}", line.irq());
    let written = fs::write(path, text);
    written.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap()))
}

/// The kernel refuses every write that would move the line's interrupt, and moves nothing.
fn assert_refused(line: Line) {
    for name in ["smp_affinity", "smp_affinity_list"] {
        let data = fs::metadata(format!("/proc/irq/{}/{name}", line.irq())).unwrap();
        assert_eq!(data.permissions().mode() & 0o777, 0o444, "{name}");
    }
    let names = ["smp_affinity", "effective_affinity"];
    let before = names.map(|name| proc_file(line, name));
    for (name, text) in [
        ("smp_affinity", "1"),
        ("smp_affinity", "2"),
        ("smp_affinity", "3"),
        ("smp_affinity_list", "0"),
        ("smp_affinity_list", "1"),
        // Not even looked at.
        ("smp_affinity", "0"),
        ("smp_affinity", "nonsense"),
    ] {
        let answer = write_to_proc(line, name, text);
        assert_eq!(answer, Err(Errno::EPERM), "{name} {text}");
    }
    assert_eq!(names.map(|name| proc_file(line, name)), before);
}

/// The name of the line's interrupt.
fn action(line: Line) -> String {
    format!("simrupt{}", line.index())
}

/// The line's interrupt comes to this CPU, and to no other.
fn assert_comes_to(line: Line, cpu: usize) {
    let action = &action(line);
    line.wait_for("handled", 2);
    let before = action_counts(action);
    line.wait_for("handled", 20);
    let after = action_counts(action);
    for (other, (before, after)) in before.iter().zip(&after).enumerate() {
        assert_eq!(after > before, other == cpu, "CPU {other} of {action}");
    }
}

#[test]
fn the_kernel_refuses_to_move_a_fixed_interrupt() {
    let module = Simrupt::load("lines=2 rate_hz=2000 run=always affinity=free,fixed");
    let (free, fixed) = (module.line(0), module.line(1));
    assert_eq!(
        (&*free.get("affinity"), &*fixed.get("affinity")),
        ("free", "fixed")
    );
    assert_eq!(module.parameter("affinity"), "free,fixed\n");
    assert_refused(fixed);
    assert_eq!(proc_file(fixed, "smp_affinity"), "3");
    assert_eq!(proc_file(fixed, "effective_affinity"), "3");
    for cpu in [1, 0] {
        move_irq(free.irq(), cpu);
        assert_comes_to(free, cpu);
    }
    let_all_cpus_take(free.irq());
    module.verify();
}

#[test]
fn a_fixed_interrupt_comes_to_the_cpu_of_the_devices_timer() {
    let module = Simrupt::load("rate_hz=2000 run=always affinity=fixed cpu=0");
    let line = module.line(0);
    for cpu in [0, 1, 0] {
        line.set("cpu", &cpu.to_string());
        assert_comes_to(line, cpu);
    }
    // It stays fixed when its driver goes and comes.
    line.unbind();
    assert_refused(line);
    line.bind();
    assert_refused(line);
    line.set("cpu", "1");
    assert_comes_to(line, 1);
    module.verify();
}

#[test]
fn the_module_refuses_to_change_it() {
    let module = Simrupt::load("lines=2 affinity=fixed,free");
    for index in 0..2 {
        let line = module.line(index);
        let before = line.get("affinity");
        assert!(line.try_set("affinity", "free").is_err());
        assert!(line.try_set("affinity", "fixed").is_err());
        assert_eq!(line.get("affinity"), before);
    }
    // Not even root opens it for writing.
    let parameter = "/sys/module/simrupt/parameters/affinity";
    let opened = fs::File::options().write(true).open(parameter);
    assert_eq!(
        opened.map_err(|error| error.kind()).err(),
        Some(io::ErrorKind::PermissionDenied)
    );
    assert_eq!(module.parameter("affinity"), "fixed,free\n");
    for (args, words) in [
        (&["set", "affinity=free"][..], "simructl load affinity=free"),
        (
            &["--line", "1", "set", "affinity=free"],
            "fixed when the module is loaded",
        ),
    ] {
        let output = simructl(args);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains(words), "{message}");
    }
}

/// The line's other knobs can be changed under traffic, on every flavor, and its driver can go and come.
fn live_changes(line: Line) {
    for flavor in flavors() {
        line.set("workqueue", flavor);
        for (knob, value) in [
            ("irq_type", "level"),
            ("poll_budget", "4"),
            ("fifo_size", "8192"),
            ("coalesce_us", "300"),
            ("masked", "1"),
            ("masked", "0"),
            ("coalesce_us", "0"),
            ("fifo_size", "4096"),
            ("poll_budget", "0"),
            ("irq_type", "edge"),
        ] {
            line.set(knob, value);
        }
        line.wait_for("drained", 50);
        assert_eq!(line.stat("overrun"), 0, "{flavor}");
        line.unbind();
        line.bind();
        line.wait_for("drained", 50);
    }
    line.silence();
    let stats = line.stats();
    assert_eq!(stats["events"], stats["drained"], "{stats:?}");
}

#[test]
fn a_fixed_line_can_be_changed_on_every_flavor() {
    let module = Simrupt::load("rate_hz=5000 run=always affinity=fixed");
    live_changes(module.line(0));
    assert_refused(module.line(0));
    module.verify();
}
