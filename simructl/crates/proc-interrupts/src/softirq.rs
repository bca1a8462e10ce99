// SPDX-License-Identifier: GPL-2.0-only

//! The purposes of softirqs.

/// The purpose of a softirq, by its name in `/proc/softirqs`; `None` if the name is unknown.
///
/// `include/linux/interrupt.h` of Linux 7.3 has the names. `BLOCK_IOPOLL` is what `IRQ_POLL` was called before
/// Linux 4.5.
#[must_use]
pub fn description(name: &str) -> Option<&'static str> {
    Some(match name {
        "HI" => "urgent tasklets and BH work items: workqueues of WQ_BH | WQ_HIGHPRI",
        "TIMER" => "timers of the timer wheel that are due: jiffies, add_timer()",
        "NET_TX" => "network: queues that can send again, sent packets that are freed",
        "NET_RX" => "network: packets that have come are taken from the devices (NAPI)",
        "BLOCK" => "block devices: requests that are done are completed",
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
