// SPDX-License-Identifier: GPL-2.0-only

//! Why a line has no events, or none for its readers: the cause, and the remedy.

use std::time::{Duration, Instant};

use simrupt::failure::Failure;
use simrupt::knobs::Knobs;
use simrupt::line::Counters;
use simrupt::lines::Lines;
use simrupt::module::Module;
use simrupt::sysroot::{Sysroot, read_text};

/// How long a line may be silent before it is reported.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// The settings and the counters of a line at a moment.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    at: Instant,
    is_bound: bool,
    rate_hz: u64,
    /// The number of events that come together.
    burst: u64,
    /// The next events come when the driver is done with the last ones.
    is_closed_loop: bool,
    /// Events come by the gaps of a schedule, which may be over.
    is_replay: bool,
    is_masked: bool,
    /// It runs only while its device is open.
    needs_open: bool,
    /// Open files of the module, including those of other lines; `None` if it is unknown.
    users: Option<u64>,
    events: u64,
    read: u64,
    throttled: u64,
}

impl Look {
    /// Takes a look at a line; it has no counters if its driver is unbound.
    pub(crate) fn at(
        module: &Module<'_>,
        knobs: &Knobs,
        line: u32,
        counters: Option<&Counters>,
    ) -> Result<Self, Failure> {
        // Without a driver its knobs may be out of reach, and a module may not have all knobs.
        let knob = |name: &str| match (counters, knobs.find(name)) {
            (Some(_), Ok(knob)) => knobs.value(knob, line).map(Some),
            _ => Ok(None),
        };
        let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
        let counter = |name| {
            counters
                .and_then(|counters| counters.stats.get(name))
                .unwrap_or(0)
        };
        let pattern = knob("pattern")?.unwrap_or_default();
        let burst = match pattern.as_str() {
            "burst" => number(knob("burst")?).unwrap_or(1),
            _ => 1,
        };
        Ok(Self {
            at: Instant::now(),
            is_bound: counters.is_some(),
            rate_hz: number(knob("rate_hz")?).unwrap_or(0),
            burst,
            is_closed_loop: pattern == "closed",
            is_replay: pattern == "replay",
            is_masked: knob("masked")?.as_deref() == Some("1"),
            needs_open: knob("run")?.as_deref() == Some("open"),
            users: users(module.sysroot()),
            events: counter("events"),
            read: counter("read"),
            throttled: counter("throttled"),
        })
    }

    /// The longest time between two events on the ideal schedule.
    fn period(&self) -> Duration {
        match (self.is_closed_loop || self.is_replay, self.rate_hz) {
            (true, _) | (_, 0) => Duration::ZERO,
            (false, rate_hz) => Duration::from_secs_f64(self.burst as f64 / rate_hz as f64),
        }
    }
}

/// The use count of the module: open devices of any line.
fn users(sysroot: &Sysroot) -> Option<u64> {
    let text = read_text(&sysroot.module().join("refcnt")).ok()?;
    text.trim().parse().ok()
}

/// The cause of the silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// There is no driver.
    Unbound,
    /// The device is silent.
    Silent,
    /// Nobody has the device open, which it needs to run.
    Unopened,
    /// It waits for CPU time.
    Throttled,
    /// Its interrupt is disabled.
    Masked,
    /// Events come, and nobody reads them.
    Unread,
    /// The replay is over, or in a long gap.
    Replayed,
    /// The next event may take this long.
    Slow(Duration),
}

impl Cause {
    /// The state of a line with this cause, in one or two words.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Unbound => "no driver",
            Self::Silent => "silent",
            Self::Unopened => "not open",
            Self::Throttled => "throttled",
            Self::Masked => "masked",
            Self::Unread => "unread",
            Self::Replayed => "no replay",
            Self::Slow(_) => "waits",
        }
    }

    /// The cause, for a line that was named before.
    pub(crate) fn why(self) -> String {
        match self {
            Self::Unbound => "its driver is unbound".to_string(),
            Self::Silent => "rate_hz is 0".to_string(),
            Self::Unopened => "nobody has its device open".to_string(),
            Self::Throttled => "it waits for cpu_limit_pct".to_string(),
            Self::Masked => "its interrupt is masked".to_string(),
            Self::Unread => "nobody reads its device".to_string(),
            Self::Replayed => {
                "its replay is over, or in a long gap, or has no schedule".to_string()
            }
            Self::Slow(period) => {
                let whole = Duration::from_millis(u64::try_from(period.as_millis()).unwrap_or(0));
                let period = humantime::format_duration(whole);
                format!("it has events only every {period}")
            }
        }
    }

    /// The remedy.
    pub(crate) fn remedy(self, line: u32) -> String {
        match self {
            Self::Unbound => {
                format!("echo simrupt.{line} > /sys/bus/platform/drivers/simrupt/bind")
            }
            Self::Silent => format!("simructl set rate_hz=100 --line {line}"),
            Self::Unopened | Self::Unread => {
                format!("simructl read --line {line} > /dev/null")
            }
            Self::Replayed => format!("simructl replay FILE --line {line}"),
            Self::Throttled => "a lower rate_hz or a higher limit".to_string(),
            Self::Masked => format!("simructl set masked=0 --line {line}"),
            Self::Slow(_) => format!("simructl set rate_hz=100 --line {line}"),
        }
    }
}

/// Whether a line had to wait for CPU time between two looks.
pub(crate) fn is_throttled(before: &Look, now: &Look) -> bool {
    now.throttled > before.throttled
}

/// Why a line has no events, judged by two looks; `None` if it has events, or nothing is known.
pub(crate) fn missing(before: &Look, now: &Look) -> Option<Cause> {
    let has_events = now.events > before.events;
    let elapsed = now.at.duration_since(before.at);
    if !now.is_bound {
        Some(Cause::Unbound)
    } else if now.rate_hz == 0 {
        Some(Cause::Silent)
    } else if now.is_masked && (has_events || now.is_closed_loop) {
        Some(Cause::Masked)
    } else if is_throttled(before, now) {
        Some(Cause::Throttled)
    } else if has_events {
        None
    } else if now.needs_open
        && (now.users == Some(0) || (!now.is_replay && now.period() * 2 < elapsed))
    {
        Some(Cause::Unopened)
    } else if now.is_masked {
        Some(Cause::Masked)
    } else if now.is_replay {
        Some(Cause::Replayed)
    } else if now.period() * 2 >= elapsed {
        Some(Cause::Slow(now.period()))
    } else {
        None
    }
}

/// As [`missing`], but causes that only time can show are not named too early.
pub(crate) fn missing_for_sure(before: &Look, now: &Look) -> Option<Cause> {
    let is_early = now.at.duration_since(before.at) < PATIENCE;
    missing(before, now).filter(|cause| match cause {
        Cause::Slow(_) | Cause::Replayed => !is_early,
        Cause::Unopened => !is_early || now.users == Some(0),
        _ => true,
    })
}

/// Whether events came between two looks.
pub(crate) fn has_events(before: &Look, now: &Look) -> bool {
    now.events != before.events
}

/// As [`missing`], where events must also be read.
pub(crate) fn missing_to_readers(before: &Look, now: &Look) -> Option<Cause> {
    missing(before, now).or_else(|| {
        let is_unread = now.events > before.events && now.read == before.read;
        is_unread.then_some(Cause::Unread)
    })
}

/// Reports on standard error what is missing when nothing has come for a while.
#[derive(Debug)]
pub(crate) struct Watchman {
    what: &'static str,
    lines: Vec<u32>,
    quiet_since: Instant,
    /// The state of the lines when they became silent.
    before: Option<Vec<Look>>,
    next: Instant,
    told: Option<String>,
}

impl Watchman {
    /// Begins to wait for `what` on these lines.
    pub(crate) fn new(what: &'static str, module: &Module<'_>, lines: Vec<u32>) -> Self {
        let now = Instant::now();
        let mut this = Self {
            what,
            lines,
            quiet_since: now,
            before: None,
            next: now + PATIENCE,
            told: None,
        };
        this.before = this.look(module);
        this
    }

    /// Notes that something has come.
    pub(crate) fn has_come(&mut self) {
        let now = Instant::now();
        self.quiet_since = now;
        self.next = now + PATIENCE;
        self.before = None;
        self.told = None;
    }

    /// Whether it is time to look.
    pub(crate) fn is_due(&self) -> bool {
        Instant::now() >= self.next
    }

    /// Finds out what is missing; returns it if it was not reported yet.
    pub(crate) fn look_out(&mut self, module: &Module<'_>) -> Option<Failure> {
        self.next = Instant::now() + PATIENCE;
        let now = self.look(module)?;
        let Some(before) = &self.before else {
            self.before = Some(now);
            return None;
        };
        let causes = before.iter().zip(&now).zip(&self.lines);
        let causes = causes.map(|((before, now), line)| {
            missing_to_readers(before, now).map(|cause| (cause, *line))
        });
        // If one line lacks nothing, there is nothing to report.
        let causes: Vec<(Cause, u32)> = causes.collect::<Option<_>>()?;
        let failure = told(self.what, causes)?;
        let text = failure.to_string();
        (self.told.as_ref() != Some(&text)).then(|| {
            self.told = Some(text);
            failure
        })
    }

    /// The cause for the first line, if there is one.
    pub(crate) fn cause(&self, module: &Module<'_>) -> Option<Cause> {
        let (before, now) = (self.before.as_ref()?, self.look(module)?);
        missing_to_readers(before.first()?, now.first()?)
    }

    /// `None` if nothing can be seen: then there is nothing to report.
    fn look(&self, module: &Module<'_>) -> Option<Vec<Look>> {
        let knobs = Knobs::of(module).ok()?;
        let look = |line: &u32| {
            let counters = module.counters(*line, self.what).ok()?;
            Look::at(module, &knobs, *line, counters.as_ref()).ok()
        };
        self.lines.iter().map(look).collect()
    }
}

/// The causes and their lines; lines with the same cause are named together.
fn told(what: &str, mut causes: Vec<(Cause, u32)>) -> Option<Failure> {
    causes.sort_unstable();
    let (first, line) = *causes.first()?;
    let groups = causes.chunk_by(|(one, _), (other, _)| one == other);
    let told = groups.map(|group| {
        let lines = Lines::Listed(group.iter().map(|(_, line)| *line).collect());
        let noun = if group.len() == 1 { "line" } else { "lines" };
        format!("{noun} {lines}: {}", group[0].0.why())
    });
    let told: Vec<String> = told.collect();
    Some(Failure::new(what, told.join("; ")).remedy(first.remedy(line)))
}

#[cfg(test)]
impl Look {
    /// A line that runs and is read, with this many events so far.
    pub(crate) fn running(at: Instant, events: u64) -> Self {
        Self {
            at,
            is_bound: true,
            rate_hz: 500,
            burst: 1,
            is_closed_loop: false,
            is_replay: false,
            is_masked: false,
            needs_open: true,
            users: Some(1),
            events,
            read: events,
            throttled: 7,
        }
    }

    /// The same line, throttled once more.
    pub(crate) fn throttled_again(mut self) -> Self {
        self.throttled += 1;
        self
    }

    /// The same line without a driver.
    pub(crate) fn unbound(mut self) -> Self {
        self.is_bound = false;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line that runs, two seconds ago and now: 1,000 events more, all of them read.
    fn looks() -> [Look; 2] {
        let now = Instant::now();
        let then = now - Duration::from_secs(2);
        [Look::running(then, 100), Look::running(now, 1100)]
    }

    fn cause(change: impl Fn(&mut Look, &mut Look)) -> Option<Cause> {
        let [mut before, mut now] = looks();
        change(&mut before, &mut now);
        missing_to_readers(&before, &now)
    }

    /// No events since the look before.
    fn quiet(before: &mut Look, now: &mut Look) {
        (now.events, now.read) = (before.events, before.read);
    }

    #[test]
    fn a_line_that_runs_and_is_read_lacks_nothing() {
        assert_eq!(cause(|_, _| {}), None);
    }

    #[test]
    fn each_cause_is_told_from_the_others() {
        assert_eq!(
            cause(|before, now| {
                quiet(before, now);
                now.is_bound = false;
            }),
            Some(Cause::Unbound)
        );
        assert_eq!(
            cause(|before, now| {
                quiet(before, now);
                now.rate_hz = 0;
                now.users = Some(0);
            }),
            Some(Cause::Silent)
        );
        assert_eq!(cause(quiet), Some(Cause::Unopened));
        assert_eq!(cause(|_, now| now.read = 100), Some(Cause::Unread));
        assert_eq!(cause(|_, now| now.is_masked = true), Some(Cause::Masked));
        assert_eq!(cause(|_, now| now.throttled = 8), Some(Cause::Throttled));
        // A closed loop that is masked has no events at all.
        assert_eq!(
            cause(|before, now| {
                quiet(before, now);
                (now.is_masked, now.is_closed_loop) = (true, true);
            }),
            Some(Cause::Masked)
        );
    }

    #[test]
    fn a_replay_may_be_over() {
        let replay = |users, is_open| {
            cause(move |before, now| {
                quiet(before, now);
                (now.is_replay, now.users, now.needs_open) = (true, users, is_open);
            })
        };
        assert_eq!(replay(Some(0), true), Some(Cause::Unopened));
        assert_eq!(replay(Some(1), true), Some(Cause::Replayed));
        assert_eq!(replay(Some(0), false), Some(Cause::Replayed));
        // The rate does not determine the gaps.
        assert_eq!(cause(|_, now| now.is_replay = true), None);
    }

    #[test]
    fn a_slow_line_is_reported_with_its_period() {
        let slow = |users| {
            cause(move |before, now| {
                quiet(before, now);
                (now.rate_hz, now.burst, now.users) = (10, 4096, users);
            })
        };
        let period = Duration::from_secs_f64(409.6);
        assert_eq!(slow(Some(1)), Some(Cause::Slow(period)));
        assert_eq!(slow(None), Some(Cause::Slow(period)));
        assert_eq!(slow(Some(0)), Some(Cause::Unopened));
        assert_eq!(
            Cause::Slow(period).why(),
            "it has events only every 6m 49s 600ms"
        );
    }

    #[test]
    fn a_cause_that_only_time_can_show_is_not_reported_too_early() {
        let [mut before, mut now] = looks();
        quiet(&mut before, &mut now);
        assert_eq!(missing_for_sure(&before, &now), Some(Cause::Unopened));
        before.at = now.at - Duration::from_millis(500);
        assert_eq!(missing(&before, &now), Some(Cause::Unopened));
        assert_eq!(missing_for_sure(&before, &now), None);
        now.users = Some(0);
        assert_eq!(missing_for_sure(&before, &now), Some(Cause::Unopened));
        now.rate_hz = 0;
        assert_eq!(missing_for_sure(&before, &now), Some(Cause::Silent));
    }

    #[test]
    fn a_line_that_runs_always_needs_nobody() {
        let always = |before: &mut Look, now: &mut Look| {
            quiet(before, now);
            now.needs_open = false;
        };
        assert_eq!(cause(always), None);
    }

    #[test]
    fn lines_with_the_same_cause_are_told_together() {
        let causes = vec![
            (Cause::Unopened, 3),
            (Cause::Silent, 1),
            (Cause::Unopened, 2),
            (Cause::Unopened, 0),
        ];
        assert_eq!(
            told("nothing to trace", causes).unwrap().to_string(),
            "nothing to trace: line 1: rate_hz is 0; lines 0,2-3: nobody has its device open\n  \
             try: simructl set rate_hz=100 --line 1"
        );
        assert!(told("nothing", Vec::new()).is_none());
    }
}
