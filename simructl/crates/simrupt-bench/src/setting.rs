// SPDX-License-Identifier: GPL-2.0-only

//! The setting of a cell, which all of its rounds have: how events come, how work is deferred, the interference, and
//! the times. Jobs, plans, measurements and results share these types.

mod name;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::name::named;
pub use self::name::{Named, Names};
use crate::further;
use simrupt::text::word;
pub use simrupt_core::knobs::Flavor;
use simrupt_core::knobs::{Interference, MAX_LINES};

named! {
    /// How events come.
    Mode, a "mode": {
        /// Open loop: at due times, independent of earlier events.
        Rate = "rate",
        /// Open loop: at the times of a file, repeated.
        Replay = "replay",
        /// Closed loop: as soon as the earlier events are done.
        Saturate = "saturate",
    }
}

named! {
    /// Other work of the CPUs during the measurement of a cell.
    Stress, a "stress": {
        /// Nothing.
        Idle = "idle",
        /// A thread on each CPU computes.
        Cpu = "cpu",
        /// A thread on each CPU takes memory, writes to it, and gives it back.
        Memory = "memory",
        /// A thread on the CPU of each line computes.
        Pinned = "pinned",
        /// A real-time thread on the CPU of each line computes most of the time.
        Fifo = "fifo",
        /// The module disables interrupts on the CPU of each line, again and again.
        IrqsOff = "irqs-off",
        /// The module disables preemption on the CPU of each line, again and again.
        PreemptOff = "preempt-off",
        /// The module occupies the softirq on the CPU of each line.
        Softirq = "softirq",
    }
    besides {
        /// A further line on the CPU of the first one, of the same flavor, with long runs. It is not part of `all`,
        /// because not every module has a further line.
        Hog = "hog",
    }
}

named! {
    /// Which CPUs a work item of an unbound queue may run on, from narrow to wide.
    Scope, a "scope": {
        /// The CPU on which it was queued.
        Cpu = "cpu",
        /// CPUs that share a core.
        Smt = "smt",
        /// Some CPUs that share a last-level cache.
        CacheShard = "cache_shard",
        /// All CPUs that share a last-level cache.
        Cache = "cache",
        /// CPUs of a NUMA node.
        Numa = "numa",
        /// All CPUs.
        System = "system",
    }
    besides {
        /// The initial scope of the queue.
        Default = "default",
    }
}

impl Named for Flavor {
    const KIND: &'static str = "flavor";
    /// The baselines first.
    const CHOICES: &'static [Self] = &[
        Self::None,
        Self::IrqThread,
        Self::KthreadWorker,
        Self::Tasklet,
        Self::IrqPoll,
        Self::Napi,
        Self::NapiThreaded,
        Self::Bh,
        Self::BhHighpri,
        Self::Bound,
        Self::Highpri,
        Self::CpuIntensive,
        Self::Unbound,
        Self::UnboundHighpri,
        Self::Ordered,
    ];

    fn name(self) -> &'static str {
        // The inherent function of the table of knobs.
        Flavor::name(self)
    }
}

/// The flavors whose workqueue has an affinity scope that can be set. That of an ordered workqueue is fixed.
pub const SCOPED: [Flavor; 2] = [Flavor::Unbound, Flavor::UnboundHighpri];

impl Stress {
    /// The corresponding value of the module's knob `stress`.
    pub fn of_module(self) -> Interference {
        match self {
            Self::IrqsOff => Interference::IrqsOff,
            Self::PreemptOff => Interference::PreemptOff,
            Self::Softirq => Interference::Softirq,
            Self::Idle | Self::Cpu | Self::Memory | Self::Pinned | Self::Fifo | Self::Hog => {
                Interference::None
            }
        }
    }
}

/// How many lines work at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "LineCountText")]
pub enum LineCount {
    /// This many: 1 to 64.
    Count(u32),
    /// One for each CPU in use, but at most as many as the module has.
    Cpus,
}

/// The form in which it is written.
#[derive(Deserialize)]
#[serde(untagged)]
enum LineCountText {
    Number(i64),
    Word(String),
}

impl TryFrom<LineCountText> for LineCount {
    type Error = String;

    fn try_from(text: LineCountText) -> Result<Self, String> {
        match text {
            LineCountText::Number(number) => number.to_string().parse(),
            LineCountText::Word(word) => word.parse(),
        }
    }
}

impl FromStr for LineCount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(count) if (1..=MAX_LINES as u32).contains(&count) => Ok(Self::Count(count)),
            _ if text == "cpus" => Ok(Self::Cpus),
            _ => Err(format!(
                "{} is neither a number of lines from 1 to {MAX_LINES} nor cpus",
                word(text)
            )),
        }
    }
}

/// The values that all rounds of a cell have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Setting {
    /// How events come.
    pub mode: Mode,
    /// Value of the knob `workqueue`.
    #[serde(with = "name")]
    pub flavor: Flavor,
    /// The events per second and line that were set; for a replay, its mean rate; absent in a closed loop.
    pub rate_hz: Option<u64>,
    /// Events per interrupt.
    pub burst: u64,
    /// Records that the fifo holds.
    pub fifo_size: u64,
    /// Simulated cost of a run of the bottom half, in microseconds.
    pub work_us: u64,
    /// The affinity scope of the workqueue, for unbound flavors; absent if it was not set.
    pub affinity_scope: Option<Scope>,
    /// The interference.
    pub stress: Stress,
    /// How many lines worked at the same time.
    pub lines: u32,
    /// Values of [further](crate::further) knobs, by name, if they are not the defaults.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub knobs: BTreeMap<String, String>,
}

impl Setting {
    /// Whether the lines are read: a closed loop has no reader.
    pub fn is_read(&self) -> bool {
        self.mode != Mode::Saturate
    }

    /// How many lines it needs: with a hog, one more than are measured.
    pub fn lines_needed(&self) -> u32 {
        self.lines + u32::from(self.stress == Stress::Hog)
    }

    /// The further knobs that are choices of how to do the work, like the flavor: `coalesce_us=50`.
    pub fn choices(&self) -> impl Iterator<Item = String> {
        let knobs = self.knobs.iter();
        let choices = knobs.filter(|(name, _)| !further::is_of_load(name));
        choices.map(|(name, value)| format!("{name}={value}"))
    }

    /// The further knobs that belong to the load, with their values.
    pub fn load_knobs(&self) -> impl Iterator<Item = (&String, &String)> {
        let knobs = self.knobs.iter();
        knobs.filter(|(name, _)| further::is_of_load(name))
    }

    /// All further knobs with their values, separated by blanks.
    pub fn knobs_text(&self) -> String {
        let knobs = self.knobs.iter();
        let knobs: Vec<String> = knobs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        knobs.join(" ")
    }

    /// Whether there is no interference.
    pub fn is_idle(&self) -> bool {
        self.stress == Stress::Idle
    }
}

/// A setting in a few words; usual values are left out.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.flavor.name())?;
        if let Some(scope) = self.affinity_scope {
            write!(f, "/{scope}")?;
        }
        match self.rate_hz {
            Some(rate) if self.mode == Mode::Replay => write!(f, " replay at {rate} Hz")?,
            Some(rate) => write!(f, " {rate} Hz")?,
            None => f.write_str(" saturated")?,
        }
        for (name, value, usual) in [
            ("burst", self.burst, 1),
            ("fifo", self.fifo_size, 4096),
            ("work_us", self.work_us, 0),
            ("lines", self.lines.into(), 1),
        ] {
            if value != usual {
                write!(f, " {name} {value}")?;
            }
        }
        if !self.knobs.is_empty() {
            write!(f, " {}", self.knobs_text())?;
        }
        if !self.is_idle() {
            write!(f, " {}", self.stress)?;
        }
        Ok(())
    }
}

/// By which factor a warm-up may be longer than usual, if it lasts until the lines are steady.
pub const MOST_WARM_UPS: u32 = 5;

/// How long a round takes.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How long the lines run before they are measured.
    pub warm_up: Duration,
    /// How long they are measured.
    pub duration: Duration,
    /// Whether CPU time is measured as well.
    pub spending: bool,
    /// Whether the warm-up lasts until the lines are steady.
    pub until_steady: bool,
}

impl Timing {
    /// How long a line is silent, and then busy, while idle CPU time is soaked up.
    pub fn soaked(self) -> [Duration; 2] {
        [self.duration / 4, self.duration / 2]
    }

    /// The duration of a round.
    pub fn of_round(self, setting: &Setting) -> Duration {
        let soaked: Duration = match self.is_soaked(setting) {
            true => self.soaked().into_iter().sum(),
            false => Duration::ZERO,
        };
        self.warm_up + self.duration + soaked
    }

    /// The greatest duration of a round.
    pub fn of_longest_round(self, setting: &Setting) -> Duration {
        let more = match self.until_steady {
            true => self.warm_up * (MOST_WARM_UPS - 1),
            false => Duration::ZERO,
        };
        self.of_round(setting) + more
    }

    /// Whether all CPU time of a setting is measured. With interference it is not, because that would be included.
    pub fn is_soaked(self, setting: &Setting) -> bool {
        self.spending && setting.is_idle()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A setting with usual values.
    pub(crate) fn setting(flavor: Flavor, rate_hz: Option<u64>) -> Setting {
        Setting {
            mode: match rate_hz {
                Some(_) => Mode::Rate,
                None => Mode::Saturate,
            },
            flavor,
            rate_hz,
            burst: 1,
            fifo_size: 4096,
            work_us: 0,
            affinity_scope: None,
            stress: Stress::Idle,
            lines: 1,
            knobs: BTreeMap::new(),
        }
    }

    #[test]
    fn every_flavor_of_the_module_is_known() {
        for flavor in Flavor::ALL {
            assert!(Flavor::CHOICES.contains(flavor), "{flavor:?}");
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        fn check<T: Named + std::fmt::Debug>() {
            for value in T::CHOICES.iter().chain(T::OTHERS) {
                assert_eq!(T::from_name(value.name()), Ok(*value));
            }
        }
        check::<Mode>();
        check::<Flavor>();
        check::<Stress>();
        check::<Scope>();
    }

    #[test]
    fn an_unknown_name_is_reported_with_the_known_ones() {
        assert_eq!(
            Mode::from_name("rat"),
            Err(
                "there is no mode rat; did you mean rate? (one of rate, replay, saturate)"
                    .to_string()
            )
        );
        let scopes = "all,default,x".parse::<Names<Scope>>().unwrap_err();
        assert_eq!(
            scopes,
            "there is no scope x (one of default, cpu, smt, cache_shard, cache, numa, system, or all)"
        );
    }

    #[test]
    fn all_stands_for_every_choice() {
        let scopes: Names<Scope> = "default,all".parse().unwrap();
        assert_eq!(scopes.0.len(), 7);
        let some: Names<Scope> = "all,-numa".parse().unwrap();
        assert!(some.0.len() == 5 && !some.0.contains(&Scope::Numa));
        assert!("all,-x".parse::<Names<Scope>>().is_err());
        let flavors: Names<Flavor> = "all".parse().unwrap();
        assert_eq!(flavors, Names::all());
    }

    #[test]
    fn a_setting_is_a_document_with_names() {
        let mut setting = setting(Flavor::UnboundHighpri, Some(5));
        setting.affinity_scope = Some(Scope::CacheShard);
        setting.stress = Stress::IrqsOff;
        let text = serde_json::to_string(&setting).unwrap();
        let expected = r#"{"mode":"rate","flavor":"unbound-highpri","rate_hz":5,"burst":1,"fifo_size":4096,"work_us":0,"affinity_scope":"cache_shard","stress":"irqs-off","lines":1}"#;
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<Setting>(&text).unwrap(), setting);
        let odd = text.replace("irqs-off", "irqsoff");
        let why = serde_json::from_str::<Setting>(&odd).unwrap_err();
        assert!(why.to_string().contains("did you mean irqs-off?"), "{why}");
    }

    #[test]
    fn the_longest_round_has_the_longest_warm_up() {
        let timing = |until_steady| Timing {
            warm_up: Duration::from_secs(60),
            duration: Duration::from_secs(1),
            spending: false,
            until_steady,
        };
        let setting = setting(Flavor::Bh, None);
        let longest = timing(true).of_longest_round(&setting);
        assert_eq!(longest, Duration::from_secs(301));
        let usual = timing(false).of_longest_round(&setting);
        assert_eq!(usual, timing(false).of_round(&setting));
    }

    #[test]
    fn a_setting_in_words_leaves_out_usual_values() {
        let plain = setting(Flavor::Bh, Some(1000));
        assert_eq!(plain.to_string(), "bh 1000 Hz");
        let odd = Setting {
            affinity_scope: Some(Scope::Numa),
            stress: Stress::Cpu,
            lines: 2,
            ..setting(Flavor::Unbound, None)
        };
        assert_eq!(odd.to_string(), "unbound/numa saturated lines 2 cpu");
        let knob = |name: &str| (name.to_string(), "50".to_string());
        let more = Setting {
            knobs: [knob("work_bytes"), knob("coalesce_us")].into(),
            ..plain
        };
        assert_eq!(more.to_string(), "bh 1000 Hz coalesce_us=50 work_bytes=50");
        assert_eq!(more.choices().collect::<Vec<_>>(), ["coalesce_us=50"]);
        assert_eq!(more.load_knobs().count(), 1);
    }
}
