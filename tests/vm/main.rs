// SPDX-License-Identifier: GPL-2.0-only

//! The module on a real kernel, by its public faces alone. Run in the virtual machine, one at a
//! time: there is one module.

mod affinity;
mod apart;
mod bad_input;
mod bench;
mod boots;
mod closed_loop;
mod coalescing;
mod costs;
mod debug;
mod device;
mod failed_load;
mod faults;
mod flavors;
mod fleets;
mod fuzz;
mod handlers;
mod hotplug;
mod interrupts;
mod irqs;
mod isolation;
mod knobs;
mod latency;
mod level;
mod lifetime;
mod live_changes;
mod load;
mod memory;
mod model;
mod nowait;
mod pairs;
mod parameters;
mod permissions;
mod polling;
mod pressure;
mod questions;
mod races;
mod reading;
mod recipes;
mod records;
mod replay;
mod runaway;
mod schemas;
mod starved;
mod stress;
mod stuck_reader;
mod template;
mod terminal;
mod tool;
mod top;
mod trace;
mod trace_events;
mod tracepoints;
mod work;
