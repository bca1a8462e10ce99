// SPDX-License-Identifier: GPL-2.0-only

//! The purposes of softirqs.

/// The purpose of a softirq, by its name in `/proc/softirqs`; `None` if the name is unknown.
///
/// The names are those of `include/linux/interrupt.h` of Linux 7.3. Before Linux 4.5, `IRQ_POLL` was called
/// `BLOCK_IOPOLL`.
#[must_use]
pub fn description(name: &str) -> Option<&'static str> {
    Some(match name {
        "HI" => "urgent tasklets and BH work items: workqueues of WQ_BH | WQ_HIGHPRI",
        "TIMER" => "timers of the timer wheel that are due: jiffies, add_timer()",
        "NET_TX" => "network: starts stopped queues again, frees sent packets",
        "NET_RX" => "network: takes received packets from the devices (NAPI)",
        "BLOCK" => "block devices: completes finished requests",
        "IRQ_POLL" | "BLOCK_IOPOLL" => {
            "devices that are polled for a while instead of interrupting"
        }
        "TASKLET" => "tasklets and BH work items: workqueues of WQ_BH",
        "SCHED" => "the scheduler balances the load of the CPUs",
        "HRTIMER" => "high-resolution timers that are not to run in hardirq: HRTIMER_MODE_SOFT",
        "RCU" => "RCU: callbacks after a grace period, freed memory",
        _ => return None,
    })
}
