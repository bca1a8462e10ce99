// SPDX-License-Identifier: GPL-2.0-only

//! The commands, one file each. A command prints its result and returns why it failed, if it did.

mod apply;
mod bench;
mod changed;
mod compare;
mod completions;
mod diff;
mod dry_run;
mod dump;
mod explain;
mod fault;
mod follow;
mod get;
mod handlers;
mod help;
mod interrupts;
mod knobs;
mod latency;
mod lines;
mod load;
mod man;
mod press;
mod read;
mod record;
mod replay;
mod report;
mod result_files;
mod schema;
mod set;
mod stats;
mod status;
mod top;
mod trace;
mod unload;
mod verify;
mod watch;

use crate::cli::{Cli, Command, Stats};
use crate::output;
use proc_interrupts::Kind;
use simrupt::failure::Failure;
use simrupt::knobs::Knobs;
use simrupt::lines::Assignment;
use simrupt::module::Module;

/// Runs the command that was typed.
pub(crate) fn run(cli: Cli) -> Result<(), Failure> {
    let options = &cli.options;
    let sysroot = &options.sysroot();
    if !may_write_to_files(&cli.command) {
        // Before anything is changed, and before any input is consumed.
        output::check()?;
    }
    match cli.command {
        Command::Load { module, knobs } => load::run(sysroot, options, module.as_deref(), &knobs),
        Command::Unload => unload::run(options),
        Command::Status => status::run(sysroot, options),
        Command::Knobs => knobs::run(sysroot, options),
        Command::Get { knob } => get::run(sysroot, options, knob.as_deref()),
        Command::Set { knobs } => set::run(sysroot, options, &knobs),
        Command::SetRate { value } => set::run(sysroot, options, &[short("rate_hz", value)]),
        Command::SetWq { value } => set::run(sysroot, options, &[short("workqueue", value)]),
        Command::SetFifoSize { value } => set::run(sysroot, options, &[short("fifo_size", value)]),
        Command::Stats(Stats { watch: false, .. }) => stats::run(sysroot, options),
        Command::Stats(Stats {
            interval, count, ..
        }) => watch::run(sysroot, options, interval, count),
        Command::Latency => latency::run(sysroot, options),
        Command::Read(how) => read::run(sysroot, options, &how),
        Command::Explain(how) => explain::run(sysroot, options, &how),
        Command::Top(how) => top::run(sysroot, options, &how),
        Command::Irqs(how) => interrupts::run(sysroot, options, Kind::Interrupts, &how),
        Command::Softirqs(how) => interrupts::run(sysroot, options, Kind::Softirqs, &how),
        Command::Handlers(how) => handlers::run(sysroot, options, &how),
        Command::Fault(fault) => fault::run(sysroot, options, &fault),
        Command::Recover => press::run(sysroot, options, &press::RECOVER),
        Command::Record(how) => record::run(sysroot, options, &how),
        Command::Replay(how) => replay::run(sysroot, options, &how),
        Command::Reset => press::run(sysroot, options, &press::RESET),
        Command::Dump { file } => dump::run(sysroot, options, &file),
        Command::Apply { file } => apply::run(sysroot, options, &file),
        Command::Diff { file } => diff::run(sysroot, options, &file),
        Command::Report { files, outputs } => report::run(&files, &outputs),
        Command::Compare(what) => compare::run(options, &what),
        Command::Bench(bench) => bench::run(sysroot, &bench),
        Command::Schema { name } => schema::run(name.as_deref()),
        Command::Completions { shell } => completions::run(shell),
        Command::Man { name, directory } => man::run(name.as_deref(), directory.as_deref()),
        Command::Help { name } => help::run(name.as_deref()),
        Command::Trace(how) => trace::run(sysroot, options, &how),
        Command::Verify { ktap } => verify::run(sysroot, options, ktap),
    }
}

/// Whether a command may write to files instead of standard output. Such a command checks its outputs itself.
fn may_write_to_files(command: &Command) -> bool {
    matches!(
        command,
        Command::Dump { .. }
            | Command::Report { .. }
            | Command::Bench(_)
            | Command::Man { .. }
            | Command::Trace(_)
            | Command::Record(_)
            | Command::Irqs(_)
            | Command::Softirqs(_)
            | Command::Handlers(_)
    )
}

/// The knobs of the module. If debugfs cannot be reached, a note on stderr says what is used instead.
fn knobs_of(module: &Module<'_>) -> Result<Knobs, Failure> {
    let parameters = module.sysroot().parameters();
    if let Some(gap) = module.gap(&format!("using {} instead", parameters.display())) {
        output::warning(&gap);
    }
    Knobs::of(module)
}

fn short(knob: &str, value: String) -> Assignment {
    Assignment {
        knob: knob.to_string(),
        value: value.trim().to_string(),
    }
}
