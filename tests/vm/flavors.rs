// SPDX-License-Identifier: GPL-2.0-only

//! Each flavor of workqueue, and the baselines: where it runs, and that it loses nothing.

use nix::{errno::Errno, libc};
use simrupt_vm_tests::{
    Context, Reader, Simrupt, enough, eventually, flavors, lacking_flavors, log_lines, policy,
    set_priority, simructl, skip, threads, try_load,
};
use std::path::Path;

/// A second at 5,000 events/s with a reader, or a tenth of that: contexts right, sums hold, nothing lost.
fn runs_in(flavor: &str, context: Context, tunable: bool) {
    let module = Simrupt::load(&format!("workqueue={flavor} rate_hz=5000"));
    let line = module.line(0);
    let reader = Reader::start(line, 4096);
    let wanted = enough(5000);
    eventually("the events were read", || line.stat("read") >= wanted);
    module.verify();
    line.silence();
    let read = reader.stop();
    module.verify();

    let stats = line.stats();
    assert_eq!(stats["read"], read.len() as u64);
    assert_eq!(stats["events"], stats["read"]);
    assert_eq!(stats["raised"], stats["handled"] + stats["coalesced"]);
    line.assert_ran_in("device", Context::Hardirq);
    line.assert_ran_in("top_half", Context::of_top_half());
    line.assert_ran_in("bottom_half", context);
    assert_eq!(
        line.contexts("bottom_half")[context as usize],
        stats["runs"]
    );
    assert!(stats["runs"] > 0);
    // Every character is the successor of the one before.
    let next = |byte: u8| if byte == 0x7e { 0x20 } else { byte + 1 };
    assert!(read.windows(2).all(|pair| pair[1] == next(pair[0])));

    // Flavors that users can tune have a directory in sysfs.
    let folder = format!("/sys/devices/virtual/workqueue/simrupt0-{flavor}");
    assert_eq!(Path::new(&folder).exists(), tunable);
}

/// As above, if the kernel has the flavor.
fn runs_if_there(flavor: &str, context: Context) {
    if lacking_flavors().contains(&flavor) {
        return skip("this kernel was built without it");
    }
    runs_in(flavor, context, false);
}

/// Runs all flavors, one after the other.
pub(crate) fn every_flavor() {
    for flavor in flavors() {
        let (context, tunable) = match flavor {
            "none" => (Context::of_top_half(), false),
            "irq-thread" | "kthread-worker" | "napi-threaded" => (Context::Task, false),
            "bh" | "bh-highpri" | "tasklet" | "irq-poll" | "napi" => (Context::Softirq, false),
            _ => (Context::Task, true),
        };
        runs_in(flavor, context, tunable);
    }
}

#[test]
fn bound_runs_in_task_context() {
    runs_in("bound", Context::Task, true);
}

#[test]
fn unbound_runs_in_task_context() {
    runs_in("unbound", Context::Task, true);
}

#[test]
fn bh_runs_in_softirq_context() {
    runs_in("bh", Context::Softirq, false);
}

#[test]
fn highpri_runs_in_task_context() {
    runs_in("highpri", Context::Task, true);
}

#[test]
fn unbound_highpri_runs_in_task_context() {
    runs_in("unbound-highpri", Context::Task, true);
}

#[test]
fn bh_highpri_runs_in_softirq_context() {
    runs_in("bh-highpri", Context::Softirq, false);
}

#[test]
fn cpu_intensive_runs_in_task_context() {
    runs_in("cpu-intensive", Context::Task, true);
}

#[test]
fn ordered_runs_in_task_context() {
    runs_in("ordered", Context::Task, true);
}

#[test]
fn none_runs_in_the_interrupt_itself() {
    runs_in("none", Context::of_top_half(), false);
}

#[test]
fn irq_thread_runs_in_task_context() {
    runs_in("irq-thread", Context::Task, false);
}

#[test]
fn irq_poll_runs_in_softirq_context() {
    runs_if_there("irq-poll", Context::Softirq);
}

#[test]
fn napi_runs_in_softirq_context() {
    runs_if_there("napi", Context::Softirq);
}

#[test]
fn napi_threaded_runs_in_task_context() {
    runs_if_there("napi-threaded", Context::Task);
}

#[test]
fn threaded_napi_has_a_thread_for_each_line_as_long_as_it_is_the_flavor() {
    if lacking_flavors().contains(&"napi-threaded") {
        return skip("this kernel was built without it");
    }
    let module = Simrupt::load("lines=2 rate_hz=2000 run=always workqueue=napi-threaded");
    for index in 0..2 {
        let line = module.line(index);
        let name = format!("napi/simrupt{index}-");
        let [thread] = threads(&name)[..] else {
            panic!("{:?}", threads(&name));
        };
        line.wait_for("drained", 100);
        set_priority(thread, 60);
        line.wait_for("drained", 100);
        line.set("workqueue", "napi");
        assert!(threads(&name).is_empty());
        line.wait_for("drained", 100);
        line.silence();
        assert_eq!(line.contexts("bottom_half")[3], 0);
    }
    module.verify();
}

#[test]
fn a_flavor_that_the_kernel_was_built_without_is_refused_and_changes_nothing() {
    let lacking = lacking_flavors();
    if lacking.is_empty() {
        return skip("this kernel has all that the flavors need");
    }
    let module = Simrupt::load("lines=2 rate_hz=1000 run=always workqueue=bh");
    let line = module.line(0);
    for &flavor in lacking {
        let answer = line.try_set("workqueue", flavor);
        assert_eq!(answer, Err(Errno::EOPNOTSUPP));
        // None of a list is set.
        let list = format!("unbound,{flavor}");
        let answer = module.set_parameter("workqueue", list.as_bytes());
        assert_eq!(answer, Err(Errno::EOPNOTSUPP));
        assert_eq!(line.get("workqueue"), "bh");
        let output = simructl(&["set", &format!("workqueue={flavor}")]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(
            told.contains(&format!("this kernel has no {flavor}")),
            "{told}"
        );
    }
    line.wait_for("drained", 20);
    line.assert_ran_in("bottom_half", Context::Softirq);
    module.verify();
    drop(module);
    for &flavor in lacking {
        let answer = try_load(&format!("workqueue={flavor}"));
        assert_eq!(answer, Err(Errno::EOPNOTSUPP));
        let said = log_lines(&format!("workqueue: {flavor} is refused"));
        assert_eq!(said.len(), 1);
    }
}

#[test]
fn kthread_worker_runs_in_task_context() {
    runs_in("kthread-worker", Context::Task, false);
}

#[test]
fn a_kthread_worker_is_a_thread_of_its_line_whose_priority_a_user_can_change() {
    const NAME: &str = "simrupt0-kthread-worker";
    let module = Simrupt::load("rate_hz=2000 run=always workqueue=kthread-worker");
    let line = module.line(0);
    let thread = || match threads(NAME)[..] {
        [thread] => thread,
        ref others => panic!("{others:?}"),
    };
    line.wait_for("drained", 100);
    assert_eq!(policy(thread()), (libc::SCHED_OTHER, 0));
    set_priority(thread(), 60);
    assert_eq!(policy(thread()).0, libc::SCHED_FIFO);
    line.wait_for("drained", 100);
    // The thread ends with its flavor, and the next one has the default priority again.
    line.set("workqueue", "bh");
    assert!(threads(NAME).is_empty());
    line.set("workqueue", "kthread-worker");
    assert_eq!(policy(thread()), (libc::SCHED_OTHER, 0));
    line.wait_for("drained", 100);
    line.assert_ran_in("top_half", Context::of_top_half());
    assert_eq!(line.contexts("bottom_half")[3], 0);
    line.silence();
    module.verify();
    drop(module);
    assert!(threads(NAME).is_empty());
}

#[test]
fn tasklet_runs_in_softirq_context() {
    runs_in("tasklet", Context::Softirq, false);
}
