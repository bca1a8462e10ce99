// SPDX-License-Identifier: GPL-2.0-only

//! Finds reports of errors in a kernel's console log.
//!
//! Pure: text in, findings out. The phrases are those of the kernel's own reports (warnings, oopses,
//! lockdep, KASAN, KCSAN, UBSAN, watchdogs, RCU, object and list debugging, irq core, leaks), and
//! those of KUnit's failures.

/// A line of the log that fails a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Counted from 1.
    pub line: usize,
    /// The unchanged line.
    pub text: String,
}

impl Finding {
    /// Whether this line reports a panic.
    pub fn is_panic(&self) -> bool {
        message(&self.text).starts_with("Kernel panic")
    }
}

/// Reports that begin a message. Elsewhere in a line the same word may be harmless: "Spectre V2 : WARNING: Unprivileged
/// eBPF is enabled" is an ordinary line of a boot.
const BEGINNINGS: &[&str] = &[
    // "BUG: KASAN: ..." in most reports, "BUG kmalloc-64 (...): ..." in those of the slab allocator.
    "BUG: ",
    "BUG ",
    "Kernel panic",
    "ODEBUG: ",
    "Oops: ",
    "UBSAN: ",
    "WARNING: ",
    "[ BUG: ",
    "kernel BUG at ",
    // Each leak, if kmemleak is set to be verbose; then their number, which is not checked.
    "kmemleak: unreferenced object",
    // A line of KUnit's results.
    "not ok ",
    "refcount_t: ",
];

/// Reports that are recognized anywhere in a message.
const PHRASES: &[&str] = &[
    "------------[ cut here ]------------",
    "ASSERTION FAILED",
    "BUG: KASAN",
    "Bad page state",
    "Call Trace:",
    "DEBUG_LOCKS_WARN_ON",
    "Disabling lock debugging",
    "EXPECTATION FAILED",
    "INFO: possible circular locking",
    "INFO: trying to register non-static key",
    "Kernel memory leak detector disabled",
    "NOHZ tick-stop error",
    "Out of memory",
    "Trying to free already-free IRQ",
    "Voluntary context switch within RCU",
    "bad: scheduling from the idle thread",
    "blocked for more than",
    "detected expedited stall",
    "detected stall",
    "enqueued on deprecated workqueue",
    "general protection fault",
    "hard LOCKUP",
    "inconsistent lock state",
    "invalid opcode: ",
    "invoked oom-killer",
    "list_add corruption",
    "list_del corruption",
    "lockdep is turned off",
    "lock held when returning to user space",
    "nobody cared",
    "page allocation failure",
    "possible recursive locking",
    "rust_kernel: panicked at",
    "scheduling while atomic",
    "self-detected stall",
    "sleeping function called from invalid context",
    "soft lockup",
    "stack-protector: ",
    "suspicious RCU usage",
    "turning off the locking correctness validator",
    "unable to handle",
    "workqueue lockup",
];

/// The beginning and the end of the report of a data race.
const RACE: (&str, &str) = ("BUG: KCSAN: ", "=======");

/// The text after the name of a function of our module in a call trace.
const OURS: &str = " [simrupt]";

/// The beginning of the report of a leak, and that of its further lines.
const LEAK: (&str, &str) = ("kmemleak: unreferenced object", "kmemleak:  ");

/// A function in the call trace of a leak of the kernel's own. If a probe is deferred while the device is being
/// created, the driver core does not free the reason when the device is removed.
const FORGETFUL: &str = " device_set_deferred_probe_reason+";

/// An idle CPU's report about tasklets and BH work that wait for ksoftirqd, and the line that follows at once if the
/// CPU is going offline: its ksoftirqd stops earlier.
const PARKED: &str = "NOHZ tick-stop error: local softirq work is pending, handler #40!!!";
const GONE: [&str; 2] = [" is now offline", "psci: CPU"];

/// The line that a test writes to the log before it makes the kernel complain on purpose. Words of the complaint
/// follow.
const EXPECTED: &str = "simrupt tests: expected: ";

/// The excused lines: each mark, and for it the first complaint with its words, and the call trace of that.
fn excused(lines: &[&str]) -> Vec<usize> {
    let mut excused = Vec::new();
    let mut expected: Vec<&str> = Vec::new();
    let mut has_trace = false;
    for (at, line) in lines.iter().enumerate() {
        let message = message(line);
        if let Some(words) = message.strip_prefix(EXPECTED) {
            expected.push(words.trim_end());
            excused.push(at);
        } else if let Some(first) = expected.iter().position(|words| message.contains(words)) {
            expected.remove(first);
            excused.push(at);
            has_trace = true;
        } else if is_report(message) {
            if has_trace && message.starts_with("Call Trace:") {
                excused.push(at);
            }
            has_trace = false;
        }
    }
    excused
}

/// All lines of `log` that report an error.
pub fn findings(log: &str) -> Vec<Finding> {
    let lines: Vec<&str> = log.lines().collect();
    let excused = excused(&lines);
    (0..lines.len())
        .filter(|&at| is_report(message(lines[at])) && !excused.contains(&at))
        .filter(|&at| {
            let report = &lines[at..];
            !is_race_of_others(report)
                && !is_leak_of_others(report)
                && !is_of_a_cpu_that_goes(report)
        })
        .map(|at| Finding {
            line: at + 1,
            text: lines[at].trim_end().to_owned(),
        })
        .collect()
}

/// Whether `lines` begin with the report of a data race without our module. The kernel itself has some that it
/// tolerates.
fn is_race_of_others(lines: &[&str]) -> bool {
    let (begin, end) = RACE;
    message(lines[0]).starts_with(begin)
        && !lines
            .iter()
            .take_while(|line| !message(line).starts_with(end))
            .any(|line| line.contains(OURS))
}

/// Whether `lines` begin with the report of a leak that is known, and not ours.
fn is_leak_of_others(lines: &[&str]) -> bool {
    let (begin, further) = LEAK;
    message(lines[0]).starts_with(begin)
        && lines[1..]
            .iter()
            .take_while(|line| message(line).starts_with(further))
            .any(|line| line.contains(FORGETFUL))
}

/// Whether `lines` begin with softirqs that wait on a CPU that is going offline. The kernel runs them with the next
/// interrupt, or on another CPU.
fn is_of_a_cpu_that_goes(lines: &[&str]) -> bool {
    message(lines[0]) == PARKED
        && lines
            .get(1)
            .is_some_and(|next| GONE.iter().any(|text| next.contains(text)))
}

/// Whether the kernel ran KUnit suites, by the first line of their results.
pub fn has_kunit_results(log: &str) -> bool {
    log.lines()
        .any(|line| message(line).starts_with("KTAP version "))
}

/// How many lines an excerpt shows from a report's first line on.
const EXCERPT: usize = 24;

/// The excerpt of `log` to show: the first report with the lines that follow it, and the other findings.
pub fn excerpt(log: &str, findings: &[Finding]) -> Vec<String> {
    let Some(first) = findings.first().map(|finding| finding.line) else {
        return Vec::new();
    };
    let report = (first..).zip(log.lines().skip(first - 1)).take(EXCERPT);
    let others = findings
        .iter()
        .map(|finding| (finding.line, finding.text.as_str()))
        .filter(|(line, _)| *line >= first + EXCERPT);
    report
        .chain(others)
        .map(|(line, text)| format!("console:{line}: {}", text.trim_end()))
        .collect()
}

/// Whether a message is part of a report.
fn is_report(message: &str) -> bool {
    BEGINNINGS.iter().any(|text| message.starts_with(text))
        || PHRASES.iter().any(|text| message.contains(text))
        || has_oops_number(message)
}

/// Whether a message contains an oops' running number, as in "int3: 0000 [#1] SMP".
fn has_oops_number(message: &str) -> bool {
    message
        .match_indices("[#")
        .any(|(at, _)| message[at + 2..].starts_with(|c: char| c.is_ascii_digit()))
}

/// A line without the brackets that printk puts before the message: "[    1.234567][   T12] ".
pub fn message(line: &str) -> &str {
    let mut rest = line.trim_start();
    while let Some((stamp, after)) = rest
        .strip_prefix('[')
        .and_then(|inner| inner.split_once(']'))
    {
        let is_time = stamp.contains('.') && is_made_of(stamp, "0123456789. ");
        let is_caller =
            stamp.trim_start().starts_with(['T', 'C']) && is_made_of(stamp, "TC0123456789 ");
        if !is_time && !is_caller {
            break;
        }
        rest = after.trim_start();
    }
    rest
}

fn is_made_of(text: &str, alphabet: &str) -> bool {
    text.chars().all(|c| alphabet.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernels_reports_are_found() {
        for text in [
            "[    3.1] ------------[ cut here ]------------",
            "[    3.123456] WARNING: kernel/irq/manage.c:1234 at free_irq+0x1/0x2, CPU#0: sh/71",
            "[    3.123456][  T71] WARNING: possible recursive locking detected",
            "[    3.123456][  C0] WARNING: inconsistent lock state",
            "[    3.1] WARNING: suspicious RCU usage",
            "[    3.1] WARNING: possible circular locking dependency detected",
            "[    3.1] WARNING: possible irq lock inversion dependency detected",
            "[    3.1] [ BUG: Invalid wait context ]",
            "[    3.123456][  C1] [ BUG: Invalid wait context ]",
            "[    3.1] turning off the locking correctness validator.",
            "[    3.1] INFO: lockdep is turned off.",
            "[    3.1] Disabling lock debugging due to kernel taint",
            "[    3.1] BUG: KFENCE: use-after-free read in simrupt_bh+0x1/0x2",
            "[    3.1] BUG kmalloc-64 (Tainted: G           O      ): Right Redzone overwritten",
            "[    3.1] BUG: using smp_processor_id() in preemptible [00000000] code: sh/71",
            "[    3.1] kmemleak: Kernel memory leak detector disabled",
            "[    3.1] rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-...D }",
            "[    3.1]     not ok 2 a_spin_is_as_long_as_it_says",
            "[    3.1] not ok 1 simrupt_clock",
            "[    3.1]     # a_spin: ASSERTION FAILED at kmod/clock.rs:60",
            "[    3.1]     # a_spin: EXPECTATION FAILED at kmod/clock.rs:60",
            "[    3.1] sh invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
            "[    3.1] BUG: scheduling while atomic: swapper/0/0/0x00010001",
            "[    3.1] BUG: KASAN: slab-use-after-free in simrupt_bh+0x1/0x2",
            "[    3.1] BUG: kernel NULL pointer dereference, address: 0000000000000000",
            "[    3.1] BUG: sleeping function called from invalid context at kernel/mutex.c:1",
            "[    3.1] BUG: workqueue lockup - pool cpus=0 node=0 stuck for 31s!",
            "[    3.1] watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [sh:71]",
            "[    3.1] UBSAN: array-index-out-of-bounds in x.c:1:2",
            "[    3.1] Oops: Oops: 0002 [#1] SMP NOPTI",
            "[    3.1] Oops: general protection fault, probably for non-canonical address",
            "[    3.1] int3: 0000 [#1] PREEMPT SMP",
            "[    3.1] refcount_t: underflow; use-after-free.",
            "[    3.1] ODEBUG: free active (active state 0) object: 1 object type: hrtimer",
            "[    3.1] list_del corruption. prev->next should be 1, but was 2",
            "[    3.1] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
            "[    3.1] rcu: INFO: rcu_preempt self-detected stall on CPU",
            "[    3.1] INFO: task rmmod:99 blocked for more than 120 seconds.",
            "[    3.1] kmemleak: unreferenced object 0xffff888000a1a980 (size 64):",
            "[    3.1] irq 25: nobody cared (try booting with the \"irqpoll\" option)",
            "[    3.1] rust_kernel: panicked at kmod/simrupt.rs:1:2:",
            "[    3.1] Kernel panic - not syncing: Fatal exception in interrupt",
            "[    3.1] Call Trace:",
            "[    3.1] NOHZ tick-stop error: local softirq work is pending, handler #08!!!",
            "[    3.1] sh: page allocation failure: order:10, mode:0xcc0",
            "[    3.1] Out of memory: Killed process 105 (sh) total-vm:205760kB, UID:0",
            "[    3.1] workqueue: work func x enqueued on deprecated workqueue. Use system_dfl_wq instead.",
        ] {
            assert_eq!(findings(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn ordinary_lines_are_not() {
        for text in [
            "",
            "[    0.000000] Linux version 7.3.4+deb13-amd64 (debian-kernel@lists.debian.org)",
            "[    0.000000] Command line: console=ttyS0 loglevel=5 panic=-1 -- test bug",
            "[    0.000000] ACPI BIOS Warning (bug): Optional FADT field Pm2ControlBlock has valid Length",
            "[    0.000000] ACPI BIOS Error (bug): Could not resolve symbol [\\_SB.X], AE_NOT_FOUND",
            "[    0.1] Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on",
            "[    0.1] x86/fpu: x87 FPU will use FXSR",
            "[    0.1] Debug: preemption not checked; [bug 12], #1, [#]",
            "[    0.1] rcu: \tRCU debug extended QS entry/exit.",
            "[    0.1] kmemleak: Kernel memory leak detector initialized (mem pool available: 15809)",
            "[    0.1] kmemleak: Automatic memory scanning thread started",
            "[    0.1] stackdepot: allocating hash table of 1048576 entries via kvcalloc",
            "[    0.1] BTF: [1] INT (anon) warning: off",
            "[    0.1] Freeing unused kernel image (initmem) memory: 2956K",
            "[    0.1] random: crng init done",
            "[    0.1] Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar",
            "[    0.1] kcsan: enabled early",
            "[    0.1] kasan: KernelAddressSanitizer initialized (generic)",
            "[    3.1] KTAP version 1",
            "[    3.1]     ok 1 a_spin_is_as_long_as_it_says",
            "[    3.1] # simrupt_clock: pass:3 fail:0 skip:0 total:3",
            "[    3.1] ok 1 simrupt_clock",
            "[    0.1] workqueue: simrupt_bh hogged CPU for >10000us 4 times, consider switching to WQ_UNBOUND",
            "[    0.1] hrtimer: interrupt took 5000 ns",
            "[    3.1] simrupt: loading out-of-tree module taints kernel.",
            "[    3.1] simrupt: module verification failed: signature and/or required key missing - tainting kernel",
            "[    3.1] simrupt: 2 lines, irqs 25..26",
            "[    3.1] simrupt: line 0: rate_hz: 'WARNING: 1' is not a number",
            "[    3.1] simrupt: unloaded",
            "[    3.1] reboot: Power down",
        ] {
            assert_eq!(findings(text), [], "{text}");
        }
    }

    #[test]
    fn a_data_race_counts_if_the_module_has_a_part_in_it() {
        let race = |function: &str| {
            format!(
                "[    3.1] ==================\n\
                 [    3.1] BUG: KCSAN: data-race in tick_sched_do_timer / {function}\n\
                 [    3.1] write to 0xffffffff82809000 of 8 bytes by interrupt on cpu 0:\n\
                 [    3.1]  tick_sched_do_timer+0x37/0xc0\n\
                 [    3.1] read to 0xffffffff82809000 of 8 bytes by task 71 on cpu 1:\n\
                 [    3.1]  {function}+0x12/0x34\n\
                 [    3.1] ==================\n"
            )
        };
        let ours = "simrupt_read+0x1/0x2 [simrupt]";
        assert_eq!(findings(&race("tick_nohz_next_event")), []);
        let log = race("tick_nohz_next_event") + &race(ours);
        assert_eq!(findings(&log).len(), 1);
        assert_eq!(findings(&log)[0].line, 9);
        // Cut off in the middle.
        let (cut, _) = log.split_at(log.len() - 60);
        assert_eq!(findings(cut).len(), 1);
    }

    #[test]
    fn softirqs_may_wait_on_a_cpu_that_goes() {
        let waits = |number: &str| {
            format!(
                "[    1.2] NOHZ tick-stop error: local softirq work is pending, handler #{number}!!!\n"
            )
        };
        let goes = "[    1.3] smpboot: CPU 1 is now offline\n";
        let stays = "[    1.3] simrupt: loaded\n";
        assert_eq!(findings(&(waits("40") + goes)), []);
        assert_eq!(findings(&(waits("40") + stays + goes)).len(), 1);
        assert_eq!(findings(&waits("40")).len(), 1);
        assert_eq!(findings(&(waits("08") + goes)).len(), 1);
    }

    #[test]
    fn a_leak_counts_unless_it_is_known() {
        let leak = |function: &str| {
            format!(
                "[    9.1] kmemleak: unreferenced object 0xffff888000a1a980 (size 64):\n\
                 [    9.1] kmemleak:   comm \"insmod\", pid 1819, jiffies 4294956668\n\
                 [    9.1] kmemleak:   backtrace (crc 964b6adc):\n\
                 [    9.1] kmemleak:     kasprintf+0x97/0xc0\n\
                 [    9.1] kmemleak:     {function}+0x4a/0xe0\n"
            )
        };
        let known = leak("device_set_deferred_probe_reason");
        assert_eq!(findings(&known), []);
        let log = known.clone() + &leak("0xffffffffa0001234") + &known;
        assert_eq!(findings(&log).len(), 1);
        assert_eq!(findings(&log)[0].line, 6);
    }

    #[test]
    fn a_finding_names_its_line() {
        let log = "[    0.1] Linux version 7.3.4\n[    3.1] BUG: KASAN: x\r\n[    3.2] fine\n";
        let expected = Finding {
            line: 2,
            text: "[    3.1] BUG: KASAN: x".to_owned(),
        };
        assert_eq!(findings(log), [expected]);
    }

    #[test]
    fn an_excerpt_is_the_first_report_and_all_other_findings() {
        let mut log = "fine\nBUG: one\n".to_owned();
        log.push_str(&"detail\n".repeat(40));
        log.push_str("BUG: two\n");
        let lines = excerpt(&log, &findings(&log));
        assert_eq!(lines.len(), EXCERPT + 1);
        assert_eq!(lines[0], "console:2: BUG: one");
        assert_eq!(lines[1], "console:3: detail");
        assert_eq!(lines[EXCERPT], "console:43: BUG: two");
        assert_eq!(excerpt("fine\n", &[]), [""; 0]);
    }

    #[test]
    fn only_a_panic_is_a_panic() {
        let of = |text| findings(text)[0].is_panic();
        assert!(of("[    3.1] Kernel panic - not syncing: x"));
        assert!(!of("[    3.1] BUG: KASAN: before Kernel panic"));
    }

    const DEAD_LINE: &str = "\
[    3.1] irq 24: nobody cared (try booting with the \"irqpoll\" option)
[    3.1] CPU: 0 UID: 0 PID: 0 Comm: swapper/0 Tainted: G           OE
[    3.1] Call Trace:
[    3.1]  <IRQ>
[    3.1] handlers:
[    3.1] Disabling IRQ #24
";

    #[test]
    fn a_complaint_that_a_test_expects_is_excused_once() {
        let mark = "[    3.0] simrupt tests: expected: nobody cared\n";
        assert_eq!(findings(DEAD_LINE).len(), 2);
        assert_eq!(findings(&[mark, DEAD_LINE].concat()), []);
        assert_eq!(findings(&[mark, DEAD_LINE, DEAD_LINE].concat()).len(), 2);
        assert_eq!(findings(&[DEAD_LINE, mark].concat()).len(), 2);
        assert_eq!(findings(&[mark, mark, DEAD_LINE, DEAD_LINE].concat()), []);
    }

    #[test]
    fn another_complaint_is_not_excused() {
        let mark = "[    3.0] simrupt tests: expected: nobody cared\n";
        let other = "[    3.0] WARNING: kernel/irq/manage.c:1234 at free_irq+0x1/0x2\n[    3.0] Call Trace:\n";
        assert_eq!(findings(&[mark, other].concat()).len(), 2);
        assert_eq!(findings(&[mark, other, DEAD_LINE].concat()).len(), 2);
        assert_eq!(findings(&[mark, DEAD_LINE, other].concat()).len(), 2);
    }
}
