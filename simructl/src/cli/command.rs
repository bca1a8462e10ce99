// SPDX-License-Identifier: GPL-2.0-only

//! The commands: what each takes, and what `--help` says about it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand, ValueHint};
use clap_complete::Shell;

use crate::cli::bench::Bench;
use simrupt::lines::Assignment;
use simrupt_bench::report::metric::THRESHOLD;

use crate::cli::values::{ANY, parse_duration, parse_interval, parse_metric, parse_percent, whole};
use crate::cli::{Fault, Handlers, Interrupts, Outputs, Record, Replay};
use crate::cli::{help, knobs};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Load the module, with the knobs given
    ///
    /// A knob takes one value for all lines, or one per line, separated by commas; the last value repeats.
    /// Without --module, simructl looks for simrupt.ko beside itself, in the current directory, in its
    /// build/kmod and kmod, and among the extra and updates modules of the running kernel.
    #[command(after_help = "Example:\n  simructl load lines=2 rate_hz=100,1000 workqueue=bh")]
    Load {
        /// The module file
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        module: Option<PathBuf>,
        /// Knobs and the values to load the module with
        #[arg(value_name = "KNOB=VALUE", value_parser = knobs::load_setting(), hide_possible_values = true)]
        knobs: Vec<Assignment>,
    },

    /// Unload the module
    #[command(after_help = "Example:\n  simructl unload")]
    Unload,

    /// Show all lines on one screen: settings, events, losses and state
    ///
    /// The exit code is 0 even if the module is not loaded. "lost" counts events that no reader will get: overrun,
    /// dropped, overwritten and flushed events.
    #[command(after_help = "Example:\n  simructl status")]
    Status,

    /// List the knobs: values, default and meaning of each
    ///
    /// The loaded module describes its knobs. If it is not loaded, the list is that of the module of the same version
    /// as simructl. A "live" knob can be changed while the module is loaded, a "load" knob cannot.
    #[command(after_help = "Example:\n  simructl knobs")]
    Knobs,

    /// Show one knob, or all knobs
    ///
    /// Prints one row per line and knob, such as `line0 rate_hz 100`. A load-time knob, which all lines share, is
    /// printed as `module lines 2`. One knob of one line is printed as its value alone.
    #[command(after_help = "Example:\n  simructl get rate_hz --line 0")]
    Get {
        /// The knob; without it, all knobs
        #[arg(value_parser = knobs::name())]
        knob: Option<String>,
    },

    /// Change knobs while the module runs
    ///
    /// A knob takes one value for all selected lines, or one per line, separated by commas; the last value repeats.
    /// All values are checked before the first one is written. If a write fails, the earlier ones are undone.
    #[command(after_help = "Example:\n  simructl set rate_hz=5000 workqueue=bh --line 0")]
    Set {
        /// Knobs and their new values
        #[arg(value_name = "KNOB=VALUE", required = true, value_parser = knobs::setting(), hide_possible_values = true)]
        knobs: Vec<Assignment>,
    },

    /// Change the event rate: short for set rate_hz=HZ
    #[command(after_help = "Example:\n  simructl set-rate 5000")]
    SetRate {
        /// Events per second, 0 to 1000000; at 0 the device is silent
        #[arg(value_name = "HZ")]
        value: String,
    },

    /// Change the workqueue of the bottom half: short for set workqueue=FLAVOR
    #[command(after_help = "Example:\n  simructl set-wq bh")]
    SetWq {
        /// The flavor
        #[arg(value_name = "FLAVOR", value_parser = knobs::flavor())]
        value: String,
    },

    /// Change the capacity of the fifo: short for set fifo_size=RECORDS
    ///
    /// The module rounds up to a power of two. The row that is printed shows the value in force.
    #[command(after_help = "Example:\n  simructl set-fifo-size 1024 --line 1")]
    SetFifoSize {
        /// Records, 16 to 1048576
        #[arg(value_name = "RECORDS")]
        value: String,
    },

    /// Show the counters of each line, and in which context each stage ran
    ///
    /// --watch shows them repeatedly, with rates per second since the previous sample. in_ring, queued, pending
    /// and what ends in _now are levels and have no rate. A terminal shows the samples in place, on a screen of
    /// their own; the key q quits. Elsewhere one block follows the other, or with --json one document per row.
    #[command(
        after_help = "Example:\n  simructl stats --line 0 --json\n  simructl stats --watch --interval 0.5"
    )]
    Stats(Stats),

    /// Show the latency of each stage of an event
    ///
    /// due_irq is the time from the due time to the top half, irq_bh from the top half to the bottom half, bh_run the
    /// run time of the bottom half, due_read from the due time to a reader. Times are in microseconds. at_s is the time
    /// of the longest one, in seconds of CLOCK_MONOTONIC.
    ///
    /// A percentile is the value at the nearest rank, shown as the high bound of its bucket: at most 1/64 too
    /// high, and never above the maximum. A percentile above all buckets is shown as >BOUND, and in JSON as null.
    #[command(after_help = "Example:\n  simructl latency --line 0")]
    Latency,

    /// Copy the events of a line to standard output
    ///
    /// The command ends after COUNT events, on Ctrl-C, when the line is gone, or when the reader of its output has
    /// gone. An event is one byte, or 40 bytes in format record: see the line's knob `format`.
    ///
    /// --follow decodes records, one per row: number, due time, microseconds from the due time to the top half and from
    /// the top half to the bottom half, their CPUs, and the character. If events are missing, a row says how many. The
    /// totals go to standard error at the end.
    #[command(
        after_help = "Example:\n  simructl read --line 1 -n 20\n  simructl set format=record && simructl read --follow"
    )]
    Read(Read),

    /// Show the way of each event through the kernel, hop by hop
    ///
    /// The module's tracepoints are recorded in a trace instance of simructl's own. It is removed when simructl
    /// ends: after TIME, after COUNT events, or on Ctrl-C. An event is shown when it has been read or lost, with
    /// the time since it was due and since the previous hop, and with the CPU, the context and the thread of
    /// each hop. In hardirq and softirq that is the interrupted thread.
    ///
    /// emit: the device has the event. irq: the top half acknowledges it. queue: the top half asks for a run of
    /// the bottom half. run, done: the bottom half begins and ends. wake: readers are woken. read: a reader has
    /// the event. lost: no reader will get it.
    ///
    /// Unless run=always, a line is silent while nobody has its device open. If nothing comes for a
    /// second, standard error says what is missing.
    #[command(
        after_help = "Example:\n  simructl trace -n 3\n  simructl trace --for 2s --perfetto trace.pftrace > /dev/null\n  simructl trace -n 50 --html trace.html > /dev/null"
    )]
    Trace(Trace),

    /// Explain what the kernel does with one interrupt, step by step, as it happens
    ///
    /// It reads the device of a line until an event has come all the way. Then it explains each step: what
    /// happens, in the kernel's terms, in which context, on which CPU and when; what code may and may not do
    /// there; and where to read on. Other readers do not get the events that it reads.
    #[command(
        after_help = "Example:\n  simructl explain\n  simructl set-wq bh && simructl explain --line 0"
    )]
    Explain(Explain),

    /// Watch the lines live on the terminal, and change their knobs by keys
    ///
    /// The table shows for each line its settings, the events per second, events read and lost, the fill of its fifo,
    /// and the latencies of a stage since the previous sample, with the history of p99. If there is room, the contexts,
    /// the CPUs and the histogram of the selected line are below the table. The key ? lists the keys.
    #[command(after_help = "Example:\n  simructl top\n  simructl top --once --width 120")]
    Top(Top),

    /// Show which interrupts each CPU handles, and how often: /proc/interrupts of any machine
    ///
    /// Takes two samples, SECONDS apart, and shows the increase between them. It works with or without the module.
    /// Above the table are the sums of each CPU and of each NUMA node. A row is an interrupt: its total, its rate per
    /// second, a cell for each CPU (for several neighbouring CPUs if space is short), its actions, the interrupt
    /// controller and the number there, the trigger, the CPUs that it may go to (affinity) and goes to (effective), the
    /// node of its device, and its threads.
    ///
    /// A row is recognized by number, controller and actions, a column by the CPU's number. So counts stay right when
    /// interrupts or CPUs come and go between two samples. A copy may be of any architecture, and of any kernel since
    /// Linux 2.6.
    ///
    /// Keys with --watch on a terminal: i, t, d, n order by number, total, rate, name; r reverses; space pauses;
    /// arrows scroll; q quits.
    #[command(
        after_help = "Example:\n  simructl irqs --watch --threshold 1\n  simructl irqs --once --json\n  cp /proc/interrupts before; make; simructl irqs --diff before /proc/interrupts\n  simructl irqs --metrics prometheus --no-zeros --output /var/lib/prometheus/node-exporter/irqs.prom"
    )]
    Irqs(Interrupts),

    /// Show which softirqs run on each CPU, how often, and what each of them does: /proc/softirqs
    ///
    /// The options and the table are those of irqs.
    #[command(
        after_help = "Example:\n  simructl softirqs\n  simructl softirqs --watch --interval 0.5 --json"
    )]
    Softirqs(Interrupts),

    /// Measure how often interrupt handlers, softirqs and work items run, and how long they wait and run
    ///
    /// Records the kernel's tracepoints for a second, or as long as --for says, in a trace instance of its own. It
    /// works with or without the module. A row is a handler of an interrupt (irq), an interrupt of the architecture's
    /// own (vector), the thread of an interrupt (thread), a softirq, a tasklet, or a work function on a workqueue
    /// (work).
    ///
    /// A wait lasts from the request (raised, queued or woken) to the start. Handlers of interrupts have no wait: no
    /// tracepoint tells when a device requested an interrupt. A run lasts from the start to the end, and includes
    /// interrupts and sleep in between. cpu_% is the share of one CPU that the handler used, without them. Times are in
    /// microseconds. A percentile is the value at the nearest rank, as the high bound of its bucket: at most 1/64 too
    /// high.
    ///
    /// Keys with --watch on a terminal: c, d, u, w, n order by CPU time, rate, longest run, longest wait, name;
    /// r reverses; space pauses; arrows scroll; q quits.
    #[command(
        after_help = "Example:\n  simructl handlers --for 10s --sort wait\n  simructl handlers --watch --filter '^(irq|softirq)$'\n  simructl handlers --for 1m --json > handlers.json\n  simructl handlers --watch --interval 15 --metrics prometheus --output /var/lib/prometheus/node-exporter/handlers.prom"
    )]
    Handlers(Handlers),

    /// Record when an interrupt arrives, for a replay; works for any interrupt of any machine
    ///
    /// Records the kernel's tracepoint irq_handler_entry in a trace instance of its own, for TIME, up to COUNT
    /// arrivals, or until Ctrl-C. It works with or without the module. The file has the nanoseconds from each arrival
    /// to the next, one number per row; the first counts from the beginning of the recording. An interrupt that several
    /// devices share counts once.
    ///
    /// If arrivals are lost because they come faster than they can be read, the file says how many.
    #[command(
        after_help = "Example:\n  simructl record --irq 26 --for 10s --out eth0.arrivals\n  simructl record --line 1 -n 1000 --out line1.arrivals"
    )]
    Record(Record),

    /// Make lines repeat arrivals: those of a recorded interrupt, or any that a file lists
    ///
    /// Writes the gaps to the file `schedule` of each line, sets rate_hz to their mean rate, and pattern to replay. The
    /// first event is due one gap later, or, unless run=always, one gap after the device is opened. After the last one
    /// the line is silent, unless --loop is given. If anything fails, the lines stay as they were.
    #[command(
        after_help = "Example:\n  simructl replay eth0.arrivals --line 0\n  simructl replay eth0.arrivals --speed 2 --loop"
    )]
    Replay(Replay),

    /// Write the knobs in force as a profile
    ///
    /// A profile is TOML. Knobs that all lines share come first, then those of each line in [line0], [line1] and so on.
    /// A comment after each value says which values the knob takes. An existing file is replaced as a whole.
    #[command(after_help = "Example:\n  simructl dump before.toml")]
    Dump {
        /// The profile to write; - is standard output
        #[arg(value_name = "FILE", default_value = "-", value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },

    /// Put a profile in force, all of it or nothing
    ///
    /// Knobs under [all] are for every line without a value of its own. Knobs that are not in the profile do not
    /// change. All values are checked before the first one is written. If a write fails, the earlier ones are undone.
    /// Load-time knobs must already have the values of the profile, and each of its lines must exist.
    #[command(
        after_help = "Example:\n  simructl apply before.toml\n  echo 'all.rate_hz = 100' | simructl apply -"
    )]
    Apply {
        /// The profile; - is standard input
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },

    /// Show where a profile differs from the knobs in force
    ///
    /// Prints the value in force and that of the profile: `line0 rate_hz 10 -> 100`. The exit code is 0 if nothing
    /// differs, 1 if something does.
    #[command(after_help = "Example:\n  simructl diff before.toml || simructl apply before.toml")]
    Diff {
        /// The profile; - is standard input
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },

    /// Inject faults into lines, end them, and show those in force
    ///
    /// lost, late: an interrupt of the device does not come, or comes later. spurious: an interrupt comes without a
    /// cause. storm: for a while, interrupts follow each other without a pause. stuck: a storm without an end.
    /// unhandled: the handler answers IRQ_NONE, until the kernel says "nobody cared" and disables the line. stall: a
    /// run of the bottom half keeps its CPU busy. dropped-wakeup: the bottom half does not wake readers.
    ///
    /// set gives all rules of the fault: an option that is not given has its default. Only root can set faults.
    /// "happened" counts since the last reset. To repair what a fault leaves behind, see recover.
    #[command(
        after_help = "Examples:\n  simructl fault set late --every 100 --us 3000 --line 0\n  simructl fault set lost --probability 0.1% --times 5\n  simructl fault\n  simructl fault off"
    )]
    Fault(Fault),

    /// End the faults of lines, and repair what they have done
    ///
    /// Enables an interrupt that the kernel has disabled ("nobody cared"), makes the device interrupt again for events
    /// that are still waiting, and wakes readers. Counters, events and open files stay.
    #[command(after_help = "Example:\n  simructl recover --line 0")]
    Recover,

    /// Set the counters and the histograms of lines to 0
    ///
    /// The counters of one line are reset together, line after line.
    #[command(after_help = "Example:\n  simructl reset --line 0")]
    Reset,

    /// Check that the sums of the counters hold and that no stage ran in a wrong context
    ///
    /// Every event, interrupt and work item must end in exactly one counter. The exit code is 3 if a sum does not hold.
    #[command(
        after_help = "Example:\n  simructl verify && echo all accounted for\n  simructl verify --ktap"
    )]
    Verify {
        /// Print KTAP, the kernel's format for test results: a test for each sum and for each stage
        #[arg(long, conflicts_with = "json")]
        ktap: bool,
    },

    /// Make reports from a benchmark's result file, or from those of several machines
    ///
    /// Without an option, the tables are printed.
    ///
    /// Files of one machine are joined, if their plans and environments are the same. For several machines, tables,
    /// Markdown and CSV have a column or a section for each.
    #[command(
        after_help = "Example:\n  simructl report result.json\n  simructl report result.json --html result.html --svg charts\n  simructl report machine-1.json machine-2.json --csv all.csv"
    )]
    Report {
        /// Result files of simructl bench --json; - is standard input
        #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        outputs: Outputs,
    },

    /// Compare two result files of the benchmark, setting by setting
    ///
    /// Each figure of B is compared with that of A. In at most 5 of 100 comparisons of equal runs, chance makes any
    /// figure look changed. A change that is not due to chance, and not below the threshold, is "better" or "worse".
    /// The exit code is 3 if anything is worse, 4 if nothing is but there were too few rounds to tell.
    ///
    /// With --before and --after, each side may have several files. Their rounds are joined if their plans and
    /// environments are the same; otherwise the files are refused.
    #[command(
        after_help = "Example:\n  simructl compare before.json after.json --threshold 5 --metric irq_bh_p50_ns,loss_ratio\n  simructl compare --before main-1.json main-2.json --after change-1.json change-2.json"
    )]
    Compare(Compare),
    /// Measure what each flavor costs, and how it behaves under load
    ///
    /// A job is a matrix of cells: every flavor at every rate, and so on. Each cell is measured several times, in an
    /// order that is shuffled for every round. The table shows the medians of the rounds. During a run all lines are
    /// silent, and the counters of the lines in use are reset. At the end, also after Ctrl-C, every knob has its old
    /// value again. Ctrl-C ends the benchmark with the finished rounds and exit code 1. The exit code is 3 if the sums
    /// of a line's counters do not hold.
    #[command(
        after_help = "Example:\n  simructl bench --dry-run\n  simructl bench --flavors bh,unbound --rates 1000,50000 --stress idle,cpu --json out.json"
    )]
    Bench(Box<Bench>),

    /// Print the JSON Schema of the documents that a command writes, or list all schemas
    ///
    /// Each JSON document of simructl has a schema, in draft 2020-12. Later versions may add fields, so programs should
    /// ignore fields that they do not know. The name, the type and the meaning of a field stay the same; if one must
    /// change, the number at the end of the schema's $id changes too.
    #[command(
        after_help = "Example:\n  simructl schema\n  simructl schema verify > verify.schema.json"
    )]
    Schema {
        /// The schema, or the command whose documents it describes; without it, all schemas are listed
        name: Option<String>,
    },

    /// Print a script that makes a shell complete command lines of simructl
    #[command(
        after_help = "Example:\n  simructl completions bash > /etc/bash_completion.d/simructl"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },

    /// Print the manual page of simructl, or of a command or a topic
    ///
    /// simructl help lists commands and topics. Those of commands are in section 1 of the manual, those of topics in
    /// section 7.
    #[command(
        after_help = "Examples:\n  simructl man set | man -l -\n  simructl man --directory /usr/local/share/man"
    )]
    Man {
        /// The command or the topic; without it, the page of simructl
        #[arg(value_name = "NAME", value_parser = help::name(), hide_possible_values = true)]
        name: Option<String>,

        /// Write all pages below this directory, in man1 and man7, each into its own file
        #[arg(long, value_name = "DIRECTORY", conflicts_with = "name", value_hint = ValueHint::DirPath)]
        directory: Option<PathBuf>,
    },

    /// Explain a command or a topic, or list all of them
    ///
    /// Topics are pages of the documentation. They need neither the module nor a network.
    #[command(after_help = "Examples:\n  simructl help set\n  simructl help glossary | less")]
    Help {
        /// The command or the topic; without it, all are listed
        #[arg(value_name = "NAME", value_parser = help::name(), hide_possible_values = true)]
        name: Option<String>,
    },
}

/// The options of `read`.
#[derive(Debug, Args)]
pub(crate) struct Read {
    /// Stop after COUNT events
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = whole::<u64>(ANY))]
    pub(crate) count: Option<u64>,
    /// Do not wait: copy the events that are there, then end
    #[arg(long)]
    pub(crate) nonblock: bool,
    /// Decode the events instead of copying them; the line must be in format record
    #[arg(long)]
    pub(crate) follow: bool,
}

/// The options of `stats`.
#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// Show them repeatedly, until Ctrl-C or until the reader of the output has gone
    #[arg(long)]
    pub(crate) watch: bool,
    /// Time between two samples: seconds, or with a unit such as 500ms
    #[arg(
        long,
        value_name = "TIME",
        default_value = "1",
        value_parser = parse_interval,
        requires = "watch"
    )]
    pub(crate) interval: Duration,
    /// End after N samples
    #[arg(short = 'n', long, value_name = "N", requires = "watch", value_parser = whole::<u64>(ANY))]
    pub(crate) count: Option<u64>,
}

/// The options of `trace`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("pictures").args(["html", "svg"]).multiple(true))]
pub(crate) struct Trace {
    /// Stop after TIME: seconds, or with units such as 500ms or 1m 30s
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration, conflicts_with = "from")]
    pub(crate) duration: Option<Duration>,
    /// Stop after COUNT events
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = whole::<u64>(ANY))]
    pub(crate) count: Option<u64>,
    /// Keep the trace in FILE, as tracefs shows it; - is standard output, which then has nothing else
    #[arg(long, value_name = "FILE", conflicts_with = "from", value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
    /// Write the trace to FILE for the viewer of Perfetto, with a track for each hop on each CPU; - is standard
    /// output, which then has nothing else
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) perfetto: Option<PathBuf>,
    /// Draw the trace as one HTML page without further files, to zoom and to move; - is standard output, which then has
    /// nothing else
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) html: Option<PathBuf>,
    /// Draw the way of one event as an SVG file; - is standard output, which then has nothing else
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) svg: Option<PathBuf>,
    /// The number of the event that the pictures highlight [default: one with a median time to its reader]
    #[arg(long, value_name = "NUMBER", value_parser = whole::<u64>(ANY), requires = "pictures")]
    pub(crate) event: Option<u64>,
    /// Show a trace that was kept by --out, or by tracefs; - is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) from: Option<PathBuf>,
}

/// The options of `explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Give up after TIME without an event: seconds, or with units [default: 10s]
    #[arg(long, value_name = "TIME", default_value = "10s", hide_default_value = true, value_parser = parse_duration, conflicts_with = "from")]
    pub(crate) patience: Duration,
    /// Take the event from a trace that was kept by simructl trace --out; - is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) from: Option<PathBuf>,
}

/// The options of `top`.
#[derive(Debug, Args)]
pub(crate) struct Top {
    /// Time between two samples: seconds, or with a unit such as 500ms [default: 0.5]
    #[arg(long, value_name = "TIME", default_value = "0.5", hide_default_value = true, value_parser = parse_interval)]
    pub(crate) interval: Duration,
    /// Print the screen as text after one interval, then end
    #[arg(long)]
    pub(crate) once: bool,
    /// Columns of that text [default: 80]
    #[arg(long, value_name = "COLUMNS", default_value = "80", hide_default_value = true, value_parser = whole::<u16>(1..=1000), requires = "once")]
    pub(crate) width: u16,
    /// Rows of that text [default: 24]
    #[arg(long, value_name = "ROWS", default_value = "24", hide_default_value = true, value_parser = whole::<u16>(1..=1000), requires = "once")]
    pub(crate) height: u16,
}

/// The options of `compare`.
#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// The result file to compare with; - is standard input
    #[arg(
        value_name = "A",
        required_unless_present = "before",
        conflicts_with = "before",
        requires = "b"
    )]
    pub(crate) a: Option<PathBuf>,
    /// The result file to judge
    #[arg(value_name = "B")]
    pub(crate) b: Option<PathBuf>,
    /// Several files instead of A, of the same plan on the same machine: their rounds are joined
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "after", value_hint = ValueHint::FilePath)]
    pub(crate) before: Vec<PathBuf>,
    /// Several files instead of B
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "before", conflicts_with = "a", value_hint = ValueHint::FilePath)]
    pub(crate) after: Vec<PathBuf>,
    /// Ignore differences of less than PCT percent of A
    #[arg(
        long,
        value_name = "PCT",
        default_value_t = THRESHOLD * 100.0,
        value_parser = parse_percent
    )]
    pub(crate) threshold: f64,
    /// Print KTAP, the kernel's format for test results: a test for each figure
    #[arg(long, conflicts_with_all = ["json", "lava"])]
    pub(crate) ktap: bool,
    /// Print a line for each figure, for LAVA: its name, pass, fail or skip, its value in B, and the unit
    #[arg(long, conflicts_with = "json")]
    pub(crate) lava: bool,
    /// Which figures are compared, by their names in the result file [default: irq_bh_p50_ns,
    /// irq_bh_p99_ns, due_read_p99_ns, runs_hz, busy_ns_per_event, loss_ratio, knee_hz]
    #[arg(long = "metric", value_name = "NAME", value_delimiter = ',', value_parser = parse_metric)]
    pub(crate) metrics: Vec<String>,
}
