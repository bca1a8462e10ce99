// SPDX-License-Identifier: GPL-2.0-only

//! The commands: what each takes, and what `--help` says about it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use clap_complete::Shell;

use crate::cli::bench::Bench;
use simrupt::lines::Assignment;

use crate::cli::values::{parse_duration, parse_interval, parse_percent};
use crate::cli::{Handlers, Interrupts, Outputs};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Load the module, with the knobs given
    ///
    /// A knob takes one value for all lines, or one per line, separated by commas (the last repeats).
    /// Without --module, the file simrupt.ko is looked for beside simructl, in the current directory, in
    /// its build/kmod and kmod, and in the running kernel's extra and updates modules.
    #[command(after_help = "Example:\n  simructl load lines=2 rate_hz=100,1000 workqueue=bh")]
    Load {
        /// The module file
        #[arg(long, value_name = "FILE")]
        module: Option<PathBuf>,
        /// Knobs to load it with
        #[arg(value_name = "KNOB=VALUE")]
        knobs: Vec<Assignment>,
    },

    /// Unload the module
    #[command(after_help = "Example:\n  simructl unload")]
    Unload,

    /// Show on one screen what runs and how
    ///
    /// A module that is not loaded is a state like any other: it is shown, and the exit code is 0.
    /// "lost" is what no reader can get any more: overrun, dropped, overwritten and flushed events.
    #[command(after_help = "Example:\n  simructl status")]
    Status,

    /// List the knobs: what each takes, what it is by default, and what it means
    ///
    /// The module itself describes them. "live" can be changed while it is loaded, "load" is fixed then.
    #[command(after_help = "Example:\n  simructl knobs")]
    Knobs,

    /// Show a knob, or all of them
    ///
    /// Prints `line0 rate_hz 100`, one per line and knob; a load-time knob, which all lines share, as
    /// `module lines 2`. One knob of one line is printed as its value alone.
    #[command(after_help = "Example:\n  simructl get rate_hz --line 0")]
    Get {
        /// The knob
        knob: Option<String>,
    },

    /// Change knobs while the module runs
    ///
    /// A knob takes one value for all lines meant, or one per line, separated by commas (the last
    /// repeats). All values are checked before the first is written; if a write fails all the same, the
    /// earlier ones are undone.
    #[command(after_help = "Example:\n  simructl set rate_hz=5000 workqueue=bh --line 0")]
    Set {
        /// Knobs and their new values
        #[arg(value_name = "KNOB=VALUE", required = true)]
        knobs: Vec<Assignment>,
    },

    /// Change the event rate: short for set rate_hz=HZ
    #[command(after_help = "Example:\n  simructl set-rate 5000")]
    SetRate {
        /// Events per second; 0 is silent
        #[arg(value_name = "HZ", allow_negative_numbers = true)]
        value: String,
    },

    /// Change the workqueue of the bottom half: short for set workqueue=FLAVOR
    #[command(after_help = "Example:\n  simructl set-wq bh")]
    SetWq {
        /// The flavor; a word that is none is answered with those that the module has
        #[arg(value_name = "FLAVOR")]
        value: String,
    },

    /// Change how much the fifo holds: short for set fifo_size=RECORDS
    ///
    /// The module rounds up to a power of two; the line that is printed shows what is in force.
    #[command(after_help = "Example:\n  simructl set-fifo-size 1024 --line 1")]
    SetFifoSize {
        /// Records
        #[arg(value_name = "RECORDS", allow_negative_numbers = true)]
        value: String,
    },

    /// Show what each line has counted, and in which context each stage ran
    ///
    /// With --watch again and again, with the events per second since the sample before; in_ring, queued
    /// and pending are levels and have no such rate. On a terminal in place, else one block after the
    /// other, or with --json one document per line.
    #[command(
        after_help = "Example:\n  simructl stats --line 0 --json\n  simructl stats --watch --interval 0.5"
    )]
    Stats(Stats),

    /// Show how long each stage of an event's way took
    ///
    /// due_irq is from the due time to the top half, irq_bh from there to the bottom half, bh_run the run
    /// time of the bottom half, due_read from the due time to a reader. Times are in microseconds, and
    /// at_s is when the longest was, in seconds of CLOCK_MONOTONIC.
    ///
    /// A percentile is the value at the nearest rank, as the high bound of its bucket: at most 1/64 too
    /// high. One that lies above all buckets is shown as >BOUND, and in JSON as null.
    #[command(after_help = "Example:\n  simructl latency --line 0")]
    Latency,

    /// Copy what a line gives to its readers to standard output
    ///
    /// Ends after COUNT events, on Ctrl-C, when the line is gone, or when nobody reads the output any
    /// more. An event is one byte, or 40 of them in format record: the line's knob `format` tells.
    ///
    /// --follow decodes records, one per line: number, due time, microseconds from it to the top half and
    /// from there to the bottom half, their CPUs, and the character; between them, how many events are
    /// missing. The totals go to stderr at the end.
    #[command(
        after_help = "Example:\n  simructl read --line 1 -n 20\n  simructl set format=record && simructl read --follow"
    )]
    Read(Read),

    /// Show the way of each event through the kernel, hop by hop
    ///
    /// The module's tracepoints are recorded in a trace instance of its own, which is gone again when
    /// simructl ends: after TIME, after COUNT events, on Ctrl-C. An event is shown when it has come to its
    /// end, with the time since it was due and since the hop before, and with the CPU, the context and the
    /// thread of each hop; in hardirq and softirq that is the thread that was interrupted.
    ///
    /// emit: the device has it. irq: the top half acknowledges it. queue: a run of the bottom half is asked
    /// for. run, done: it begins and ends. wake: readers are woken. read: a reader has it. lost: nobody will.
    /// A line without a reader is silent, unless its trigger is always.
    #[command(
        after_help = "Example:\n  simructl trace -n 3\n  simructl trace --for 2s --perfetto trace.pftrace > /dev/null"
    )]
    Trace(Trace),

    /// Tell what the kernel does with one interrupt, step by step, as it happens
    ///
    /// Reads the device of a line itself until an event has come all the way, and tells each step: what
    /// happens, in the kernel's terms, in which context, on which CPU and when; what code may do there, and
    /// what it may not; and where to read on. Events that are read are gone, for other readers too.
    #[command(
        after_help = "Example:\n  simructl explain\n  simructl set-wq bh && simructl explain --line 0"
    )]
    Explain(Explain),

    /// Watch the lines on the terminal, live, and turn their knobs by keys
    ///
    /// Of each line: what it is set to, events per second, what was read and lost, how full its fifo is, and
    /// the latencies of a stage since the sample before, with the past of its p99. Below the table: of the
    /// selected line, which stage ran in which context and which CPU took its interrupt, or the histogram.
    /// The key ? lists the keys.
    #[command(after_help = "Example:\n  simructl top\n  simructl top --once --width 120")]
    Top(Top),

    /// Show which interrupts come to which CPU, and how often: /proc/interrupts of any machine
    ///
    /// Takes two samples, SECONDS apart, and shows what was counted between them; with or without the module.
    /// Above the table: the sum of each CPU, and of each NUMA node. Of each interrupt: its total, how often it
    /// came per second, a cell for each CPU (or for some neighbours, where there are more CPUs than places), its
    /// actions, the interrupt controller and its number there, the trigger, the CPUs that it may go to (affinity)
    /// and goes to (effective), the node of its device, and its threads.
    ///
    /// A row is known by its number, its controller and its actions, a column by the CPU's number: interrupts and
    /// CPUs that come and go between two samples put no count in a wrong place. A copy may be of any architecture
    /// and any kernel since Linux 2.6.
    ///
    /// Keys with --watch on a terminal: i, t, d, n order by number, total, rate, name; r reverses; space pauses;
    /// arrows scroll; q quits.
    #[command(
        after_help = "Example:\n  simructl irqs --watch --threshold 1\n  simructl irqs --once --json\n  cp /proc/interrupts before; make; simructl irqs --diff before /proc/interrupts\n  simructl irqs --metrics prometheus --no-zeros --output /var/lib/prometheus/node-exporter/irqs.prom"
    )]
    Irqs(Interrupts),

    /// Show which softirqs run on which CPU, how often, and what each of them does: /proc/softirqs
    ///
    /// Takes the same options as irqs, and shows softirqs in the same way.
    #[command(
        after_help = "Example:\n  simructl softirqs\n  simructl softirqs --watch --interval 0.5 --json"
    )]
    Softirqs(Interrupts),

    /// Measure how often interrupt handlers, softirqs and work items run, and how long they wait and run
    ///
    /// Records the kernel's tracepoints for a second, or as long as --for says, in a trace instance of its own,
    /// with or without the module. A row is a handler of an interrupt (irq), an interrupt of the architecture's
    /// own (vector), the thread of an interrupt (thread), a softirq, a tasklet, or a work function on a
    /// workqueue (work).
    ///
    /// A wait is from the request to the begin: raised, queued, woken. No tracepoint tells when a device requested
    /// an interrupt. A run is from the begin to the end, with all interrupts and sleep in between. cpu_% is the
    /// share of one CPU that the handler had by itself, without them. Times are in microseconds; a percentile is
    /// the value at the nearest rank, as the high bound of its bucket: at most 1/64 too high.
    ///
    /// Keys with --watch on a terminal: c, d, u, w, n order by CPU time, rate, longest run, longest wait, name;
    /// r reverses; space pauses; arrows scroll; q quits.
    #[command(
        after_help = "Example:\n  simructl handlers --for 10s --sort wait\n  simructl handlers --watch --filter '^(irq|softirq)$'\n  simructl handlers --for 1m --json > handlers.json\n  simructl handlers --watch --interval 15 --metrics prometheus --output /var/lib/prometheus/node-exporter/handlers.prom"
    )]
    Handlers(Handlers),

    /// Write the knobs in force as a profile
    ///
    /// A profile is TOML: above the tables the knobs that all lines share, in [line0], [line1] and so on
    /// those of each line. Behind each stands what it takes.
    #[command(after_help = "Example:\n  simructl dump before.toml")]
    Dump {
        /// Where to; - is standard output
        #[arg(value_name = "FILE", default_value = "-")]
        file: PathBuf,
    },

    /// Put a profile in force, all of it or nothing
    ///
    /// Knobs under [all] are for every line that does not say otherwise; what is not named is left as it
    /// is. All is checked before the first write; if a write fails all the same, the earlier ones are
    /// undone. Load-time knobs must be as the profile says, and each of its lines must exist.
    #[command(
        after_help = "Example:\n  simructl apply before.toml\n  echo 'all.rate_hz = 100' | simructl apply -"
    )]
    Apply {
        /// Where from; - is standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },

    /// Say where a profile differs from what is in force
    ///
    /// Prints what is and what it says: `line0 rate_hz 10 -> 100`. Exit code 0 when nothing differs, 1 when
    /// something does.
    #[command(after_help = "Example:\n  simructl diff before.toml || simructl apply before.toml")]
    Diff {
        /// Where from; - is standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },

    /// Start the counters and the histograms of lines at 0 again
    ///
    /// Both are zeroed together, line by line.
    #[command(after_help = "Example:\n  simructl reset --line 0")]
    Reset,

    /// Check that the books balance and that no stage ran in a wrong context
    ///
    /// Every event, interrupt and work item must end in exactly one counter. Exit code 3 when the sums do
    /// not hold.
    #[command(after_help = "Example:\n  simructl verify && echo all accounted for")]
    Verify,

    /// Make reports of a benchmark's result file
    ///
    /// Without an option the tables are printed.
    #[command(
        after_help = "Example:\n  simructl report result.json\n  simructl report result.json --html result.html --svg charts"
    )]
    Report {
        /// What simructl bench --json has written; - is standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        outputs: Outputs,
    },

    /// Compare two result files of the benchmark, setting by setting
    ///
    /// Each figure of B is compared with that of A: "no significant difference" when the 95 % interval of
    /// the difference of the medians contains 0, "within noise" when it does not but the difference is
    /// below the threshold, else "better" or "worse". Exit code 3 when anything is worse.
    #[command(
        after_help = "Example:\n  simructl compare before.json after.json --threshold 5 --metric irq_bh_p50_ns,loss_ratio"
    )]
    Compare(Compare),
    /// Measure what each flavor costs, and how it behaves under load
    ///
    /// A job is a matrix of cells: every flavor at every rate, and so on. Each cell is measured several
    /// times, the order shuffled anew for every round; the table shows the medians of the rounds. All
    /// lines are silenced meanwhile, the counters of those used are reset, and every knob is as it was
    /// before when it ends: also after Ctrl-C, which ends it with what was finished by then and exit
    /// code 1. Exit code 3 when the books of a line do not balance.
    #[command(
        after_help = "Example:\n  simructl bench --dry-run\n  simructl bench --flavors bh,unbound --rates 1000,50000 --stress idle,cpu --json out.json"
    )]
    Bench(Box<Bench>),

    /// Print a script that completes simructl's command line in a shell
    #[command(
        after_help = "Example:\n  simructl completions bash > /etc/bash_completion.d/simructl"
    )]
    Completions {
        /// The shell that it is for
        shell: Shell,
    },

    /// Print the manual page of simructl, or of one of its commands
    #[command(after_help = "Example:\n  simructl man set | man -l -")]
    Man {
        /// The command
        command: Option<String>,
    },
}

/// What `read` takes.
#[derive(Debug, Args)]
pub(crate) struct Read {
    /// Stop after COUNT events
    #[arg(short = 'n', long, value_name = "COUNT")]
    pub(crate) count: Option<u64>,
    /// Do not wait: take what is there, and end
    #[arg(long)]
    pub(crate) nonblock: bool,
    /// Show events in words instead of copying them; the line must be in format record
    #[arg(long)]
    pub(crate) follow: bool,
}

/// What `stats` takes.
#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// Show them again and again, until Ctrl-C or until nobody reads the output
    #[arg(long)]
    pub(crate) watch: bool,
    /// Seconds from one sample to the next
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "1",
        value_parser = parse_interval,
        requires = "watch"
    )]
    pub(crate) interval: Duration,
    /// End after N samples
    #[arg(short = 'n', long, value_name = "N", requires = "watch")]
    pub(crate) count: Option<u64>,
}

/// What `trace` takes.
#[derive(Debug, Args)]
pub(crate) struct Trace {
    /// Stop after TIME: seconds, or with a unit (500ms, 2s, 1m)
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration, conflicts_with = "from")]
    pub(crate) duration: Option<Duration>,
    /// Stop after COUNT events
    #[arg(short = 'n', long, value_name = "COUNT")]
    pub(crate) count: Option<u64>,
    /// Keep the trace itself, as tracefs shows it, in FILE
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub(crate) out: Option<PathBuf>,
    /// Write it for the viewer of Perfetto, with a track for each hop on each CPU
    #[arg(long, value_name = "FILE")]
    pub(crate) perfetto: Option<PathBuf>,
    /// Show a trace that --out has kept, or tracefs; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
}

/// What `explain` takes.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Give up after TIME without an event: seconds, or with a unit [default: 10s]
    #[arg(long, value_name = "TIME", default_value = "10s", hide_default_value = true, value_parser = parse_duration, conflicts_with = "from")]
    pub(crate) patience: Duration,
    /// Take the event from a trace that simructl trace --out has kept; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
}

/// What `top` takes.
#[derive(Debug, Args)]
pub(crate) struct Top {
    /// Seconds from one sample to the next [default: 0.5]
    #[arg(long, value_name = "SECONDS", default_value = "0.5", hide_default_value = true, value_parser = parse_interval)]
    pub(crate) interval: Duration,
    /// Print what it shows after one interval as text, and end
    #[arg(long)]
    pub(crate) once: bool,
    /// How wide that text is [default: 80]
    #[arg(long, value_name = "COLUMNS", default_value = "80", hide_default_value = true, value_parser = clap::value_parser!(u16).range(1..=1000), requires = "once")]
    pub(crate) width: u16,
    /// How many rows that text has [default: 24]
    #[arg(long, value_name = "ROWS", default_value = "24", hide_default_value = true, value_parser = clap::value_parser!(u16).range(1..=1000), requires = "once")]
    pub(crate) height: u16,
}

/// What `compare` takes.
#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// The result file that is compared with; - is standard input
    #[arg(value_name = "A")]
    pub(crate) before: PathBuf,
    /// The result file that is judged
    #[arg(value_name = "B")]
    pub(crate) after: PathBuf,
    /// Differences of less than PCT percent of A do not count
    #[arg(
        long,
        value_name = "PCT",
        default_value = "2",
        value_parser = parse_percent,
        allow_negative_numbers = true
    )]
    pub(crate) threshold: f64,
    /// Which figures are compared, by their names in the result file [default: irq_bh_p50_ns,
    /// irq_bh_p99_ns, due_read_p99_ns, runs_hz, busy_ns_per_event, loss_ratio]
    #[arg(long = "metric", value_name = "NAME", value_delimiter = ',')]
    pub(crate) metrics: Vec<String>,
}

impl Command {
    /// Its name, and whether `--line` and `--json` mean anything to it.
    pub(super) fn traits(&self) -> (&'static str, bool, bool) {
        match self {
            Self::Load { .. } => ("load", false, true),
            Self::Unload => ("unload", false, true),
            Self::Status => ("status", true, true),
            Self::Knobs => ("knobs", false, true),
            Self::Get { .. } => ("get", true, true),
            Self::Set { .. } => ("set", true, true),
            Self::SetRate { .. } => ("set-rate", true, true),
            Self::SetWq { .. } => ("set-wq", true, true),
            Self::SetFifoSize { .. } => ("set-fifo-size", true, true),
            Self::Stats(_) => ("stats", true, true),
            Self::Latency => ("latency", true, true),
            Self::Read(Read { follow: true, .. }) => ("read --follow", true, true),
            Self::Read(_) => ("read without --follow", true, false),
            Self::Trace(_) => ("trace", true, true),
            Self::Irqs(how) => how.traits("irqs"),
            Self::Softirqs(how) => how.traits("softirqs"),
            Self::Handlers(how) => how.traits(),
            Self::Explain(_) => ("explain", true, true),
            Self::Top(_) => ("top", true, false),
            Self::Dump { .. } => ("dump", true, false),
            Self::Apply { .. } => ("apply", true, true),
            Self::Diff { .. } => ("diff", true, true),
            Self::Reset => ("reset", true, true),
            Self::Report { .. } => ("report", false, false),
            Self::Compare(_) => ("compare", false, true),
            Self::Completions { .. } => ("completions", false, false),
            Self::Man { .. } => ("man", false, false),
            Self::Verify => ("verify", true, true),
            Self::Bench(_) => ("bench", false, false),
        }
    }
}
