// SPDX-License-Identifier: GPL-2.0-only

//! The knobs: the one table behind the module parameters, the debugfs files, the file `knobs`, and
//! the check of every value.
//!
//! To add a knob, add a row to [`for_each_knob`] and an arm to the function that applies it.

use core::fmt;

/// The largest number of lines.
pub const MAX_LINES: usize = 64;

/// Calls the macro `$callback` with the rows of the table.
///
/// `Variant = "name": kind (…) default "…" unit "…" when "help";`, where `kind` is
/// - `number (min, max)`,
/// - `power_of_two (min, max)`: any number in the range, rounded up to a power of two,
/// - `choice (Enum { Variant = "name", … })`,
///
/// and `when` is `live`, `load` (a value for each line, fixed at load) or `module` (one value for
/// all lines, fixed at load). A new line gets its knobs in this order; `run`, which may start the
/// device, is the last.
macro_rules! for_each_knob {
    ($callback:ident) => {
        $callback! {
            Lines = "lines": number (1, 64) default "1" unit "lines" module
                "how many independent devices";
            RateHz = "rate_hz": number (0, 1000000) default "10" unit "Hz" live
                "events per second on the ideal schedule; 0 is silent";
            Pattern = "pattern": choice (Pattern {
                Periodic = "periodic",
                Uniform = "uniform",
                Poisson = "poisson",
                Burst = "burst",
                Closed = "closed",
                Replay = "replay",
            }) default "periodic" unit "-" live
                "how due times are spread around rate_hz; closed: as soon as the bottom half is done with the previous events; replay: by the gaps in the file schedule";
            JitterPct = "jitter_pct": number (0, 100) default "0" unit "%" live
                "spread of pattern uniform: each event is up to this share of half a period early or late";
            Burst = "burst": number (1, 4096) default "1" unit "events" live
                "events per interrupt of patterns burst and closed";
            ReplayLoop = "replay_loop": number (0, 1) default "0" unit "-" live
                "after the last gap of pattern replay: 1 begins again, with 0 the device becomes silent";
            CoalesceUs = "coalesce_us": number (0, 1000000) default "0" unit "us" live
                "how long an event may wait for its interrupt, so that several share one; 0: an interrupt at once";
            CoalesceEvents = "coalesce_events": number (1, 4096) default "4096" unit "events" live
                "this many waiting events get their interrupt before coalesce_us is over";
            CoalesceAdaptive = "coalesce_adaptive": number (0, 1) default "0" unit "-" live
                "1 lets the kernel's net_dim choose how long and how many events wait, instead of coalesce_us and coalesce_events";
            IrqType = "irq_type": choice (IrqType {
                Edge = "edge",
                Level = "level",
            }) default "edge" unit "-" live
                "edge: the line interrupts when it goes up; level: it interrupts as long as it is up, until the driver acknowledges it";
            Shared = "shared": number (0, 1) default "0" unit "-" load
                "1 lets an even line and the next one share an interrupt, if both have 1; each handler checks whether its own device has interrupted";
            Affinity = "affinity": choice (Affinity {
                Free = "free",
                Fixed = "fixed",
                Managed = "managed",
            }) default "free" unit "-" load
                "whether user space (free, by smp_affinity), the driver (fixed) or the kernel (managed) chooses the CPUs of the line's interrupt; a managed one is shut down while they are offline";
            Workqueue = "workqueue": choice (Flavor {
                Bound = "bound",
                Unbound = "unbound",
                Bh = "bh",
                Ordered = "ordered",
                Highpri = "highpri",
                UnboundHighpri = "unbound-highpri",
                BhHighpri = "bh-highpri",
                CpuIntensive = "cpu-intensive",
                None = "none",
                IrqThread = "irq-thread",
                Tasklet = "tasklet",
                KthreadWorker = "kthread-worker",
                IrqPoll = "irq-poll",
                Napi = "napi",
                NapiThreaded = "napi-threaded",
            }) default "unbound" unit "-" live
                "flavor of the bottom half's workqueue; none (all in the top half) and the values after it are no workqueues, but other mechanisms to compare with";
            PollBudget = "poll_budget": number (0, 4096) default "0" unit "events" live
                "how many events a run of the bottom half takes at most; it runs again while there are more, with the interrupt masked; 0: an interrupt for each run";
            FifoSize = "fifo_size": power_of_two (16, 1048576) default "4096" unit "records" live
                "fifo capacity, rounded up to a power of two";
            FifoPolicy = "fifo_policy": choice (Policy {
                Overwrite = "overwrite",
                Drop = "drop",
            }) default "overwrite" unit "-" live
                "what a full fifo does: overwrite the oldest record or drop the newest";
            Format = "format": choice (Format {
                Char = "char",
                Record = "record",
            }) default "char" unit "-" live
                "what read() returns: one printable byte per event, or a struct simrupt_record";
            Cpu = "cpu": number (-1, 8191) default "-1" unit "CPU" live
                "CPU of the device's timer; -1: the CPU where it is started";
            CpuLimitPct = "cpu_limit_pct": number (1, 100) default "50" unit "%" live
                "how much of a CPU all lines together may use in interrupts and softirqs before this line has to wait; 100: no limit";
            WorkUs = "work_us": number (0, 5000000) default "0" unit "us" live
                "simulated cost of the bottom half: how long a run keeps its CPU busy; at most 50 ms in an interrupt or a softirq";
            WorkSleepUs = "work_sleep_us": number (0, 5000000) default "0" unit "us" live
                "how long a run of the bottom half sleeps after work_us; only with flavors that may sleep";
            WorkBytes = "work_bytes": number (0, 16777216) default "0" unit "bytes" live
                "how much of the line's own memory a run of the bottom half reads and writes, a word of every 64 bytes";
            Stress = "stress": choice (Interference {
                None = "none",
                IrqsOff = "irqs-off",
                PreemptOff = "preempt-off",
                Softirq = "softirq",
            }) default "none" unit "-" live
                "what disturbs the line's CPU: stretches with interrupts or preemption disabled, or in softirq";
            StressUs = "stress_us": number (1, 10000) default "50" unit "us" live
                "length of a stretch of stress";
            StressHz = "stress_hz": number (1, 10000) default "1000" unit "Hz" live
                "stretches of stress per second, as far as cpu_limit_pct allows them";
            Fault = "fault": choice (Fault {
                None = "none",
                Lost = "lost",
                Late = "late",
                Spurious = "spurious",
                Storm = "storm",
                Stuck = "stuck",
                Unhandled = "unhandled",
                Stall = "stall",
                DroppedWakeup = "dropped-wakeup",
            }) default "none" unit "-" live
                "fault that is injected; a write to this or to another fault_ knob starts the faults over";
            FaultEvery = "fault_every": number (1, 1000000) default "1" unit "chances" live
                "only the last of this many chances can bring a fault; 1: each chance";
            FaultProbabilityPpm = "fault_probability_ppm": number (1, 1000000) default "1000000" unit "ppm" live
                "probability of a fault at such a chance; 1000000: certain";
            FaultTimes = "fault_times": number (-1, 1000000) default "-1" unit "faults" live
                "how many faults happen at most; -1: no limit";
            FaultUs = "fault_us": number (1, 30000000) default "1000" unit "us" live
                "delay of late, length of storm and stall";
            Masked = "masked": number (0, 1) default "0" unit "-" live
                "1 disables the interrupt line; events then stay in the ring or overrun it";
            // Applied last: it may start the device, which then runs with all other values.
            Run = "run": choice (Run {
                Open = "open",
                Always = "always",
            }) default "open" unit "-" live
                "when the device runs: while a process has it open, or always";
        }
    };
}
#[allow(unused_imports)]
pub(crate) use for_each_knob;

macro_rules! declare {
    ($($knob:ident = $name:literal: $kind:ident $values:tt
        default $default:literal unit $unit:literal $when:ident $help:literal;)*) => {
        /// Names a knob; its discriminant is its index in [`TABLE`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Knob {
            $(#[doc = $help] $knob,)*
        }

        impl Knob {
            /// Every knob, in the table's order.
            pub const ALL: &'static [Self] = &[$(Self::$knob,)*];
        }

        /// The description of each knob.
        pub static TABLE: &[Spec] = &[$(Spec {
            name: $name,
            values: declare!(@values $kind $values),
            default: $default,
            unit: $unit,
            live: declare!(@live $when),
            per_line: declare!(@per_line $when),
            help: $help,
        },)*];

        $(declare!(@choices $kind $values $help);)*
    };
    (@values number ($min:literal, $max:literal)) => {
        Values::Number { min: $min, max: $max }
    };
    (@values power_of_two ($min:literal, $max:literal)) => {
        Values::PowerOfTwo { min: $min, max: $max }
    };
    (@values choice ($choice:ident $names:tt)) => { Values::Choice($choice::NAMES) };
    (@live live) => { true };
    (@live load) => { false };
    (@live module) => { false };
    (@per_line live) => { true };
    (@per_line load) => { true };
    (@per_line module) => { false };
    (@choices choice ($choice:ident { $($variant:ident = $text:literal,)+ }) $help:literal) => {
        #[doc = $help]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $choice {
            $(#[doc = $text] $variant,)+
        }

        impl $choice {
            /// Every choice, in the order in which the choices are shown.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
            /// The names of [`Self::ALL`].
            pub const NAMES: &'static [&'static str] = &[$($text,)+];

            /// The choice of index `value`; the first one if there is no such choice.
            pub fn from_value(value: i64) -> Self {
                const FIRST: $choice = $choice::ALL[0];
                usize::try_from(value)
                    .ok()
                    .and_then(|index| Self::ALL.get(index))
                    .copied()
                    .unwrap_or(FIRST)
            }

            /// The name that users write.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
    (@choices $kind:ident $values:tt $help:literal) => {};
}

for_each_knob!(declare);

/// The values of a knob. A value is stored as a number; of a choice, that is the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// A decimal number from `min` to `max`.
    Number {
        /// The least value.
        min: i64,
        /// The greatest value.
        max: i64,
    },
    /// A decimal number from `min` to `max`, both powers of two, rounded up to a power of two.
    PowerOfTwo {
        /// The least value.
        min: i64,
        /// The greatest value.
        max: i64,
    },
    /// One of these names.
    Choice(&'static [&'static str]),
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// The name of the parameter and of the file.
    pub name: &'static str,
    /// The values that the knob takes.
    pub values: Values,
    /// The value until one is set.
    pub default: &'static str,
    /// The unit of the number; `-` for a choice.
    pub unit: &'static str,
    /// Whether the value can be changed while the module is loaded.
    pub live: bool,
    /// Whether each line has its own value. This holds for every live knob.
    pub per_line: bool,
    /// The meaning.
    pub help: &'static str,
}

/// Why a value was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Not a number, or not one of the names: EINVAL.
    Invalid,
    /// A number outside the range: ERANGE.
    OutOfRange,
    /// More values than there are lines: EINVAL.
    TooMany,
}

impl Flavor {
    /// The kernel option that the flavor needs, if it needs one. Without that option the knob still
    /// lists the flavor, and refuses it with EOPNOTSUPP.
    pub fn needs(self) -> Option<&'static str> {
        match self {
            Self::IrqPoll => Some("CONFIG_IRQ_POLL"),
            Self::Napi | Self::NapiThreaded => Some("CONFIG_NET"),
            _ => None,
        }
    }

    /// Whether a bottom half of this flavor may sleep, on every kernel: it runs in a thread, with
    /// bottom halves and preemption enabled.
    pub fn may_sleep(self) -> bool {
        match self {
            Self::Bound
            | Self::Unbound
            | Self::Ordered
            | Self::Highpri
            | Self::UnboundHighpri
            | Self::CpuIntensive
            | Self::IrqThread
            | Self::KthreadWorker => true,
            // NAPI's thread polls with bottom halves disabled.
            Self::Bh
            | Self::BhHighpri
            | Self::None
            | Self::Tasklet
            | Self::IrqPoll
            | Self::Napi
            | Self::NapiThreaded => false,
        }
    }
}

impl Knob {
    /// The knob with this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut knobs = Self::ALL.iter().copied();
        knobs.find(|knob| knob.spec().name == name)
    }

    /// The knob's row.
    pub fn spec(self) -> &'static Spec {
        // The enum and the table come from the same rows, so the index is valid.
        &TABLE[self as usize]
    }

    /// The kernel option that a value needs, if it needs one. Without that option the module
    /// refuses the value with EOPNOTSUPP.
    pub fn needs(self, value: i64) -> Option<&'static str> {
        match self {
            Self::Workqueue => Flavor::from_value(value).needs(),
            Self::CoalesceAdaptive if value != 0 => Some("CONFIG_DIMLIB"),
            _ => None,
        }
    }

    /// The value until one is set.
    pub fn default_value(self) -> i64 {
        self.spec().parse(self.spec().default).unwrap_or(0)
    }
}

fn parse_number(text: &str, min: i64, max: i64) -> Result<i64, Rejection> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Rejection::Invalid);
    }
    // Only digits, so the only possible error is the size.
    match text.parse() {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        _ => Err(Rejection::OutOfRange),
    }
}

impl Spec {
    /// Parses one value; white space around it is ignored.
    ///
    /// # Errors
    ///
    /// [`Rejection::Invalid`] or [`Rejection::OutOfRange`].
    pub fn parse(&self, text: &str) -> Result<i64, Rejection> {
        let text = text.trim_ascii();
        match self.values {
            Values::Number { min, max } => parse_number(text, min, max),
            Values::PowerOfTwo { min, max } => {
                let number = parse_number(text, min, max)?;
                let rounded = number.unsigned_abs().checked_next_power_of_two();
                rounded
                    .and_then(|rounded| i64::try_from(rounded).ok())
                    .ok_or(Rejection::OutOfRange)
            }
            Values::Choice(names) => names
                .iter()
                .position(|name| *name == text)
                .and_then(|index| i64::try_from(index).ok())
                .ok_or(Rejection::Invalid),
        }
    }

    /// Parses a list of values, one per line, separated by commas, into `values`. The last value
    /// repeats to the end. Returns the number of values in the list.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`], and [`Rejection::TooMany`]. The content of `values` is then unspecified.
    pub fn parse_list(&self, text: &str, values: &mut [i64]) -> Result<usize, Rejection> {
        let mut count = 0;
        let mut last = 0;
        for part in text.split(',') {
            last = self.parse(part)?;
            *values.get_mut(count).ok_or(Rejection::TooMany)? = last;
            count += 1;
        }
        if let Some(rest) = values.get_mut(count..) {
            rest.fill(last);
        }
        Ok(count)
    }

    /// Writes a value in the form that the knob takes.
    pub fn show(&self, value: i64, out: &mut dyn fmt::Write) -> fmt::Result {
        match self.values {
            Values::Choice(names) => {
                let index = usize::try_from(value).unwrap_or(usize::MAX);
                out.write_str(names.get(index).copied().unwrap_or("?"))
            }
            _ => write!(out, "{value}"),
        }
    }

    /// Writes a value in the form that its file shows: of a choice, all names with the chosen one
    /// in brackets.
    pub fn show_among(&self, value: i64, out: &mut dyn fmt::Write) -> fmt::Result {
        let Values::Choice(names) = self.values else {
            return self.show(value, out);
        };
        for (index, name) in names.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            if i64::try_from(index) == Ok(value) {
                write!(out, "{space}[{name}]")?;
            } else {
                write!(out, "{space}{name}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { min, max } | Self::PowerOfTwo { min, max } => write!(f, "{min}..{max}"),
            Self::Choice(names) => {
                for (index, name) in names.iter().enumerate() {
                    let bar = if index == 0 { "" } else { "|" };
                    write!(f, "{bar}{name}")?;
                }
                Ok(())
            }
        }
    }
}

/// The row as a line of the `knobs` file, with tabs between the fields. So a tool that is older
/// than the module can still list and check its knobs.
impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.values {
            Values::Choice(_) => "enum",
            Values::Number { min, .. } if min < 0 => "i64",
            Values::Number { .. } | Values::PowerOfTwo { .. } => "u64",
        };
        let when = if self.live { "live" } else { "load" };
        let scope = if self.per_line { "line" } else { "module" };
        let Self {
            name,
            values,
            default,
            unit,
            help,
            ..
        } = self;
        write!(
            f,
            "{name}\t{kind}\t{values}\t{default}\t{unit}\t{when}\t{help}\t{scope}"
        )
    }
}
