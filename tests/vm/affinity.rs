// SPDX-License-Identifier: GPL-2.0-only

//! The CPUs of an interrupt, and whether they can be changed: the knob `affinity`.

use nix::errno::Errno;
use simrupt_vm_tests::{
    Line, Offline, Simrupt, action_counts, enough, eventually, flavors, let_all_cpus_take,
    move_irq, of_turn, simructl,
};
use std::{fs, io, os::unix::fs::PermissionsExt};

/// The content of a file of the line's interrupt in /proc.
fn proc_file(line: Line, name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/irq/{}/{name}", line.irq())).unwrap();
    text.trim_end().to_owned()
}

/// The kernel's answer when user space writes to a file of the line's interrupt in /proc.
fn write_to_proc(line: Line, name: &str, text: &str) -> Result<(), Errno> {
    let path = format!("/proc/irq/{}/{name}", line.irq());
    let written = fs::write(path, text);
    written.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap()))
}

/// Asserts that the kernel refuses every write that would move the line's interrupt, and moves nothing.
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
        // The kernel does not even parse it.
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

/// Asserts that the line's interrupt comes to this CPU, and to no other.
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
    // It stays fixed when its driver is unbound and bound.
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
    // Not even root can open it for writing.
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

#[test]
fn managed_interrupts_share_the_cpus() {
    let module = Simrupt::load(&format!(
        "lines=4 rate_hz={} run=always cpu=0 affinity=managed,free,managed,managed",
        enough(2000)
    ));
    // Like the queues of one device. There are more of them than CPUs; the kernel decides which has which.
    let cpus = [0, 2, 3].map(|index| {
        let line = module.line(index);
        let mask = proc_file(line, "smp_affinity");
        assert_eq!(proc_file(line, "effective_affinity"), mask, "line {index}");
        assert_refused(line);
        let cpu = cpu_of(line).unwrap_or_else(|| panic!("line {index} has {mask}"));
        assert_comes_to(line, cpu);
        cpu
    });
    assert_eq!(cpus, [cpus[0], 1 - cpus[0], cpus[0]]);
    move_irq(module.line(1).irq(), 1);
    assert_comes_to(module.line(1), 1);
    let described = fs::read_to_string(format!(
        "/sys/kernel/debug/irq/irqs/{}",
        module.line(2).irq()
    ));
    // The file exists only on kernels with GENERIC_IRQ_DEBUGFS.
    if let Ok(text) = described {
        assert!(text.contains("IRQD_AFFINITY_MANAGED"), "{text}");
    }
    module.verify();
}

#[test]
fn a_single_managed_interrupt_has_all_cpus() {
    let module = Simrupt::load("rate_hz=2000 run=always cpu=0 affinity=managed");
    let line = module.line(0);
    assert_eq!(proc_file(line, "smp_affinity"), "3");
    assert_refused(line);
    for cpu in [1, 0] {
        line.set("cpu", &cpu.to_string());
        assert_comes_to(line, cpu);
    }
    line.set("cpu", "1");
    let offline = Offline::take(1);
    assert_comes_to(line, 0);
    assert_eq!(proc_file(line, "effective_affinity"), "1");
    drop(offline);
    // The kernel gives a managed interrupt its CPU back.
    eventually("it has both again", || {
        proc_file(line, "effective_affinity") == "3"
    });
    line.silence();
    assert_eq!(line.stat("overrun"), 0);
    module.verify();
}

/// The CPU that only one line's interrupt uses.
fn cpu_of(line: Line) -> Option<usize> {
    match proc_file(line, "smp_affinity").as_str() {
        "1" => Some(0),
        "2" => Some(1),
        _ => None,
    }
}

/// The module with two managed lines: the one that has CPU 1, which can go offline, and the other one.
fn with_managed(params: &str) -> (Simrupt, Line, Line) {
    let module = Simrupt::load(&format!(
        "lines=2 run=always affinity=managed cpu=0 {params}"
    ));
    let lines = [module.line(0), module.line(1)];
    let [line, other] = match lines.map(cpu_of) {
        [Some(1), Some(0)] => lines,
        [Some(0), Some(1)] => [lines[1], lines[0]],
        cpus => panic!("{cpus:?}"),
    };
    (module, line, other)
}

/// Asserts that nothing of a line is handled, although it sends events.
fn assert_waits(line: Line) {
    let handled = line.stat("handled");
    line.wait_for("events", 20);
    assert_eq!(line.stat("handled"), handled);
}

#[test]
fn events_wait_while_a_managed_interrupt_is_shut_down() {
    let rate_hz = enough(2000);
    for (number, flavor) in flavors().into_iter().enumerate() {
        for params in of_turn(["irq_type=edge", "irq_type=level"], number, 2) {
            let (module, line, other) =
                with_managed(&format!("rate_hz={rate_hz} workqueue={flavor} {params}"));
            line.wait_for("drained", 20);
            let offline = Offline::take(1);
            let before = action_counts(&action(line));
            assert_waits(line);
            other.wait_for("drained", 20);
            module.verify();
            drop(offline);
            eventually("all that waited is served", || line.stat("in_ring") < 20);
            line.wait_for("drained", 20);
            let after = action_counts(&action(line));
            // Once, if it was raised there at the very moment at which the kernel started it again.
            let took = after[0] - before[0];
            assert!(took <= 1, "CPU 0 took {took}: {flavor} {params}");
            assert_refused(line);
            line.silence();
            assert_eq!(line.stat("overrun"), 0, "{flavor} {params}");
            assert_eq!(line.stat("events"), line.stat("drained"));
            module.verify();
        }
    }
}

#[test]
fn a_ring_that_is_full_meanwhile_is_counted() {
    let (module, line, _) = with_managed("rate_hz=50000 cpu_limit_pct=100");
    let offline = Offline::take(1);
    line.wait_for("overrun", 100);
    module.verify();
    drop(offline);
    line.wait_for("drained", 4000);
    line.silence();
    module.verify();
}

#[test]
fn a_line_is_changed_bound_and_unloaded_while_its_interrupt_is_shut_down() {
    let (module, line, _) = with_managed("rate_hz=2000");
    line.wait_for("drained", 20);
    let offline = Offline::take(1);
    for (knob, value) in [
        ("workqueue", "bh"),
        ("workqueue", "irq-thread"),
        ("irq_type", "level"),
        ("poll_budget", "4"),
        ("fifo_size", "8192"),
        ("masked", "1"),
        ("masked", "0"),
        ("rate_hz", "1000"),
        ("irq_type", "edge"),
        ("work_bytes", "4096"),
    ] {
        line.set(knob, value);
    }
    fs::write(line.path("reset"), "1").unwrap();
    // There is nothing to recover: the kernel has shut it down for a good reason.
    fs::write(line.path("recover"), "1").unwrap();
    assert_waits(line);
    drop(offline);
    line.wait_for("drained", 20);
    module.verify();

    let offline = Offline::take(1);
    for masked in ["0", "1"] {
        line.unbind();
        line.set("masked", masked);
        line.bind();
        assert_waits(line);
        assert_refused(line);
    }
    module.verify();
    drop(offline);
    assert_waits(line);
    line.set("masked", "0");
    line.wait_for("drained", 20);
    module.verify();

    let offline = Offline::take(1);
    assert_waits(line);
    drop(module);
    // The other order: the line starts without its CPU.
    let (module, line, _) = with_managed("rate_hz=2000");
    assert_waits(line);
    drop(offline);
    line.wait_for("drained", 20);
    line.silence();
    module.verify();
}

#[test]
fn an_interrupt_that_is_masked_meanwhile_stays_masked() {
    let (module, line, _) = with_managed("rate_hz=2000");
    line.set("masked", "1");
    let offline = Offline::take(1);
    drop(offline);
    assert_waits(line);
    line.set("masked", "0");
    line.wait_for("drained", 20);

    line.set("masked", "1");
    let offline = Offline::take(1);
    line.set("masked", "0");
    assert_waits(line);
    line.set("masked", "1");
    drop(offline);
    assert_waits(line);
    // The kernel has left it off because it is masked, and cannot start it any more.
    let offline = Offline::take(1);
    assert_eq!(line.try_set("masked", "0"), Err(Errno::ENXIO));
    assert_eq!(line.get("masked"), "1");
    let output = simructl(&["--line", &line.index().to_string(), "set", "masked=0"]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("its CPUs are offline"), "{message}");
    drop(offline);
    line.set("masked", "0");
    line.wait_for("drained", 20);
    line.silence();
    module.verify();
}

/// Changes the line's other knobs under traffic, on every flavor, and unbinds and binds its driver.
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
    let module = Simrupt::load(&format!(
        "rate_hz={} run=always affinity=fixed",
        enough(5000)
    ));
    live_changes(module.line(0));
    assert_refused(module.line(0));
    module.verify();
}

#[test]
fn a_managed_line_can_be_changed_on_every_flavor() {
    let (module, line, _) = with_managed(&format!("rate_hz={}", enough(5000)));
    live_changes(line);
    assert_refused(line);
    module.verify();
}
