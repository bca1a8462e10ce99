// SPDX-License-Identifier: GPL-2.0-only

//! How far the figures of a machine can be trusted.
//!
//! The worst of these conditions that holds is the grade; each condition worse than A is a reason:
//!
//! - D: the CPU is emulated in real time: the figures are of the emulator, and of everything else that the host does;
//! - D: the kernel has debugging features that cost time;
//! - C: the kernel has warned or crashed before, and may not behave as usual since;
//! - C: the machine is virtual: its host takes CPUs away without notice;
//! - C: the clock takes long to read (it is not a counter of the CPU, and not a hypervisor's page for it);
//! - C: the machine is busy with something else: its load is above half of its CPUs;
//! - B: the clock counts instructions: costs are exact, and the same on every machine, but they are not the latencies
//!   of real machines, with their caches and contention;
//! - B: the CPUs change their frequency: there is a governor other than `performance`;
//! - B: the CPUs may exceed their nominal frequency while few of them are busy and all are cool;
//! - B: idle CPUs sleep in states that take more than 5 µs to leave;
//! - B: irqbalance runs, which may move interrupts from one CPU to another;
//! - B: CPUs share a core: one is slower while the other works;
//! - A: none of these.
//!
//! If the clock counts instructions, then emulation, load, the clock's own cost, turbo and idle states are no reasons:
//! none of them affects the figures.

use crate::results::Environment;

/// The facts for grading that are not in the results.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Facts {
    /// The load of the last minute.
    pub load: Option<f64>,
    /// Whether several CPUs share a core.
    pub smt_active: bool,
    /// Whether the kernel has warned or crashed since it was started.
    pub has_warned: bool,
}

/// The exit latency of an idle state above which it shows in the figures. The first real states of current processors
/// (C1) take 1 to 2 µs to leave.
const MOST_EXIT_LATENCY_US: u64 = 5;

/// The clocks that are cheap to read.
const FAST_CLOCKS: [&str; 5] = [
    "tsc",
    "kvm-clock",
    "hyperv_clocksource_tsc_page",
    "arch_sys_counter",
    "riscv_clocksource",
];

/// The grade of a machine, and why it is not better.
pub fn grade(environment: &Environment, facts: &Facts) -> (String, Vec<String>) {
    let mut held: Vec<(char, String)> = Vec::new();
    let virtual_time = environment.virtual_time;
    if environment.emulated && !virtual_time {
        let why = "the CPU is emulated in real time: the figures are those of the emulator";
        held.push(('D', why.to_string()));
    }
    if !environment.debug_options.is_empty() {
        let options = environment.debug_options.join(", ");
        held.push((
            'D',
            format!("the kernel has debugging features on: {options}"),
        ));
    }
    if facts.has_warned {
        let why = "the kernel has warned since it was started: dmesg says of what";
        held.push(('C', why.to_string()));
    }
    if let (Some(name), false) = (&environment.hypervisor, environment.emulated) {
        let why = format!("the machine is virtual ({name}): its host takes CPUs away unseen");
        held.push(('C', why));
    }
    if let (Some(clock), false) = (&environment.clocksource, virtual_time) {
        if !FAST_CLOCKS.contains(&clock.as_str()) {
            held.push(('C', format!("the clock {clock} takes long to read")));
        }
    }
    if let (Some(load), false) = (facts.load, virtual_time) {
        if load > f64::from(environment.cpus_online) / 2.0 {
            let why = format!("something else runs: the load of the last minute is {load}");
            held.push(('C', why));
        }
    }
    if virtual_time {
        let why = "the clock counts instructions: it orders costs, and predicts no latency";
        held.push(('B', why.to_string()));
    }
    if let Some(governor) = &environment.governor {
        if governor != "performance" {
            held.push(('B', format!("the CPUs change their frequency: {governor}")));
        }
    }
    if let (Some(true), false) = (environment.turbo, virtual_time) {
        let why = "the CPUs may exceed their nominal frequency (turbo): how much depends on load and heat";
        held.push(('B', why.to_string()));
    }
    if let (Some(state), false) = (&environment.deepest_idle_state, virtual_time) {
        if state.exit_latency_us > MOST_EXIT_LATENCY_US {
            let (name, us) = (&state.name, state.exit_latency_us);
            let why =
                format!("idle CPUs sleep in states that take up to {us} µs to leave ({name})");
            held.push(('B', why));
        }
    }
    if environment.irqbalance {
        let why = "irqbalance runs: it moves interrupts from one CPU to another meanwhile";
        held.push(('B', why.to_string()));
    }
    if facts.smt_active {
        let why = "CPUs share cores: one is slower when the other works";
        held.push(('B', why.to_string()));
    }
    let worst = held.iter().map(|(grade, _)| *grade).max().unwrap_or('A');
    let reasons = held.into_iter().map(|(_, why)| why).collect();
    (worst.to_string(), reasons)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::IdleState;

    fn quiet() -> (Environment, Facts) {
        let environment = Environment {
            cpus_online: 4,
            clocksource: Some("tsc".to_string()),
            governor: Some("performance".to_string()),
            ..Environment::default()
        };
        let facts = Facts {
            load: Some(0.1),
            ..Facts::default()
        };
        (environment, facts)
    }

    /// The grade of a quiet machine that was changed, and the number of reasons.
    fn graded(change: impl Fn(&mut Environment, &mut Facts)) -> (String, usize) {
        let (mut environment, mut facts) = quiet();
        change(&mut environment, &mut facts);
        let (grade, reasons) = grade(&environment, &facts);
        (grade, reasons.len())
    }

    #[test]
    fn a_quiet_physical_machine_has_grade_a() {
        assert_eq!(graded(|_, _| {}), ("A".to_string(), 0));
        let without_scaling = graded(|environment, _| environment.governor = None);
        assert_eq!(without_scaling, ("A".to_string(), 0));
    }

    fn idle(name: &str, exit_latency_us: u64) -> Option<IdleState> {
        let name = name.to_string();
        Some(IdleState {
            name,
            exit_latency_us,
        })
    }

    #[test]
    fn a_machine_with_short_sleeps_and_no_turbo_has_grade_a() {
        let tuned = graded(|environment, _| {
            environment.turbo = Some(false);
            environment.deepest_idle_state = idle("C1", 2);
        });
        assert_eq!(tuned, ("A".to_string(), 0));
    }

    #[test]
    fn each_thing_amiss_is_a_reason() {
        type Change = fn(&mut Environment, &mut Facts);
        let changes: [(&str, Change); 11] = [
            ("B", |one, _| one.governor = Some("schedutil".to_string())),
            ("B", |_, facts| facts.smt_active = true),
            ("B", |one, _| one.turbo = Some(true)),
            ("B", |one, _| one.deepest_idle_state = idle("C1E", 10)),
            ("B", |one, _| one.irqbalance = true),
            ("C", |_, facts| facts.load = Some(2.1)),
            ("C", |_, facts| facts.has_warned = true),
            ("C", |one, _| one.clocksource = Some("hpet".to_string())),
            ("C", |one, _| one.hypervisor = Some("KVMKVMKVM".to_string())),
            ("D", |one, _| one.debug_options = vec!["KASAN".to_string()]),
            ("D", |one, _| {
                one.emulated = true;
                one.hypervisor = Some("TCGTCGTCGTCG".to_string());
            }),
        ];
        for (expected, change) in changes {
            assert_eq!(graded(change), (expected.to_string(), 1));
        }
    }

    #[test]
    fn a_clock_that_counts_instructions_makes_emulation_a_b() {
        let change = |environment: &mut Environment, facts: &mut Facts| {
            environment.emulated = true;
            environment.virtual_time = true;
            environment.hypervisor = Some("TCGTCGTCGTCG".to_string());
            environment.clocksource = Some("hpet".to_string());
            environment.turbo = Some(true);
            environment.deepest_idle_state = idle("C6", 133);
            facts.load = Some(9.0);
        };
        assert_eq!(graded(change), ("B".to_string(), 1));
    }

    #[test]
    fn the_worst_reason_decides_and_all_are_listed() {
        let change = |environment: &mut Environment, facts: &mut Facts| {
            environment.debug_options = vec!["KASAN".to_string()];
            environment.governor = Some("powersave".to_string());
            facts.has_warned = true;
        };
        assert_eq!(graded(change), ("D".to_string(), 3));
    }
}
