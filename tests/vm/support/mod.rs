// SPDX-License-Identifier: GPL-2.0-only

//! Shared by the tests in the virtual machine: loading the module, its interfaces, and traffic.

mod context;
mod cpu;
mod hog;
mod interrupts;
mod kernel;
mod line;
mod module;
mod priority;
mod record;
mod skip;
mod traffic;

pub use self::{
    context::Context,
    cpu::{Offline, keep_on_cpu, stay_on_cpu},
    hog::Hog,
    interrupts::{action_counts, let_all_cpus_take, move_irq},
    kernel::{
        enough, expect_report, field, is_brief, is_real_time, log_lines, meminfo, of_turn,
        watches_itself,
    },
    line::{FAULTS, KNOBS, LOAD_KNOBS, Line, flavors, lacking_flavors, lacks},
    module::{
        DRIVER, Simrupt, assert_nothing_left, end, simructl, start_simructl, try_load, unload,
    },
    priority::{
        ABOVE_INTERRUPTS, KernelThreads, go_before_others, policy, set_priority, take_priority,
        threads,
    },
    record::{decode, missing, read_fresh_records, read_records, were_taken_on},
    skip::skip,
    traffic::{Reader, eventually, read_in_time, settle, within_20_s},
};
