// SPDX-License-Identifier: GPL-2.0-only

//! The lines under test: checks whether the module supports the plan, and sets up the lines.
//!
//! Every knob that affects the figures is set: pattern, jitter and burst; flavor, work and fifo; format char; masked 0;
//! cpu_limit_pct, which a closed loop does not have. Further knobs have the values of the cell, or their defaults. A
//! full fifo drops new records (fifo_policy=drop): losses then cost no time, and the latencies of the others stay
//! correct. The timer and the interrupt of line i are on the i-th CPU of the placement, which starts again if there are
//! more lines. So their places are the same in all rounds. The reader is on the CPU after it.
//!
//! In an open loop the device runs while a reader has it open (run=open). In a closed loop nobody reads (run=always):
//! the measurement ends with the bottom half, and a reader would only take CPU time from it.

use std::collections::{BTreeMap, HashMap};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::thread;
use std::time::{Duration, Instant};

use nix::libc::O_NONBLOCK;
use simrupt_core::knobs::{Format, Interference, Knob, Pattern, Policy, Run, Spec};

use crate::cpu::online;
use crate::foreign::Known;
use crate::further;
use crate::placement::Placement;
use crate::plan::Plan;
use crate::results::Histogram;
use crate::saved::{affinity, attributes, first_word, queue};
use crate::setting::{Mode, Named, SCOPED, Scope, Setting};
use crate::stress;
use simrupt::changes::{apply, plan};
use simrupt::failure::Failure;
use simrupt::files::table::Values;
use simrupt::knobs::{KnobFile, Knobs};
use simrupt::line::Counters;
use simrupt::module::Module;
use simrupt::schedule::Schedule;
use simrupt::sysroot::{read_text, write_value};

/// The text of a failure when the lines cannot be measured.
pub const WHAT: &str = "cannot bench";

/// How long a line may take to come to rest once it is silent.
const REST_LIMIT: Duration = Duration::from_secs(10);

/// The lines.
#[derive(Debug)]
pub struct Rig<'a> {
    module: &'a Module<'a>,
    knobs: &'a Knobs,
    cpus: Vec<u32>,
    placement: Placement,
    /// The last value written to each knob.
    written: HashMap<(u32, String), String>,
    /// The values that no other program may change.
    known: Known,
    /// The gaps that lines replay, in the module's format.
    gaps: Vec<u8>,
    /// The schedules that were overwritten.
    schedules: BTreeMap<u32, Schedule>,
}

impl<'a> Rig<'a> {
    /// Changes nothing.
    pub fn new(module: &'a Module<'a>, knobs: &'a Knobs, placement: Placement) -> Self {
        let cpus = online(module.sysroot());
        Self {
            module,
            knobs,
            known: Known::new(cpus.clone()),
            cpus,
            placement,
            written: HashMap::new(),
            gaps: Vec::new(),
            schedules: BTreeMap::new(),
        }
    }

    /// The module that has the lines.
    pub fn module(&self) -> &'a Module<'a> {
        self.module
    }

    /// The knobs of the module.
    pub fn knobs(&self) -> &'a Knobs {
        self.knobs
    }

    /// The online CPUs.
    pub fn cpus(&self) -> &[u32] {
        &self.cpus
    }

    /// The CPUs of lines and readers.
    pub fn placement(&self) -> &Placement {
        &self.placement
    }

    /// Checks that the module supports a plan, and takes over the arrivals that the lines replay.
    pub fn check(&mut self, plan: &Plan) -> Result<(), Failure> {
        // Fails if debugfs cannot be reached.
        self.module.line_directory(0, WHAT)?;
        let available = self.module.lines().len() as u32;
        if plan.lines() > available {
            let why = format!(
                "it takes {} lines, and the module has {available}",
                plan.lines()
            );
            return Err(Failure::new(WHAT, why).remedy(format!(
                "simructl unload, then simructl load lines={}; or fewer lines: --lines {available}",
                plan.lines()
            )));
        }
        for line in self.lines(plan.lines()) {
            if !self.module.is_bound(line) {
                return Err(Failure::unbound(line));
            }
            self.must_be_movable(line)?;
            self.must_be_alone(line)?;
        }
        if let Some(replay) = &plan.replay {
            self.gaps = replay.schedule();
        }
        for setting in plan.settings() {
            for (name, value) in &setting.knobs {
                let spec = further::spec(name).map_err(|why| Failure::new(WHAT, why))?;
                self.must_take(spec, value)?;
            }
            self.must_take(Knob::Workqueue.spec(), setting.flavor.name())?;
            self.must_take(Knob::Pattern.spec(), pattern(setting).name())?;
            self.must_take(Knob::FifoSize.spec(), &setting.fifo_size.to_string())?;
            if setting.work_us > 0 {
                self.must_take(Knob::WorkUs.spec(), &setting.work_us.to_string())?;
            }
            self.must_take(Knob::Stress.spec(), setting.stress.of_module().name())?;
        }
        Ok(())
    }

    /// The interrupt of a line is moved to its CPU, so user space must be able to move it.
    fn must_be_movable(&self, line: u32) -> Result<(), Failure> {
        let Ok(knob) = self.knobs.find("affinity") else {
            return Ok(());
        };
        match self.knobs.value(knob, line)?.as_str() {
            "free" => Ok(()),
            affinity => Err(Failure::new(
                WHAT,
                format!("the affinity of line{line} is {affinity}, so its interrupt cannot be moved"),
            )
            .remedy("simructl unload, then simructl load without affinity, or with affinity=free for that line")),
        }
    }

    /// The interrupt of a line goes where the plan has it, so no other line may have the same one.
    fn must_be_alone(&self, line: u32) -> Result<(), Failure> {
        let Ok(knob) = self.knobs.find("shared") else {
            return Ok(());
        };
        match self.knobs.value(knob, line)?.as_str() {
            "0" => Ok(()),
            _ => Err(Failure::new(
                WHAT,
                format!("line{line} was loaded with shared=1, so its interrupt may be another line's, too"),
            )
            .remedy("simructl unload, then simructl load without shared, or with shared=0 for that line")),
        }
    }

    /// Checks that the loaded module supports a value of a plan. A module without the knob behaves as with the knob's
    /// default.
    fn must_take(&self, spec: &Spec, value: &str) -> Result<(), Failure> {
        let Spec { name, default, .. } = spec;
        let lacks = |more: String| {
            let what = format!("{WHAT} with {name}={value}");
            Failure::new(what, more).remedy(
                "a module of the same version as simructl: simructl unload, then simructl load",
            )
        };
        match self.knobs.find(name) {
            Ok(knob) => knob.check(value).map_err(|_| {
                let has = match &knob.values {
                    Values::Choices(choices) => format!(", only {}", choices.join(", ")),
                    _ => String::new(),
                };
                lacks(format!("the loaded module does not have it{has}"))
            }),
            Err(_) if value == *default => Ok(()),
            Err(_) => Err(lacks("the loaded module has no such knob".to_string())),
        }
    }

    /// The first `count` lines.
    pub fn lines(&self, count: u32) -> Vec<u32> {
        let lines = self.module.lines().iter().copied();
        lines.take(count as usize).collect()
    }

    /// Silences every line of the module.
    pub fn silence_all(&mut self) -> Result<(), Failure> {
        for &line in self.module.lines() {
            if self.module.is_bound(line) {
                self.set(line, "rate_hz", "0")?;
            }
        }
        Ok(())
    }

    /// Sets up the lines for a setting; they stay silent.
    pub fn prepare(&mut self, setting: &Setting) -> Result<(), Failure> {
        if let Some(line) = self.hog(setting) {
            self.prepare_hog(line, setting)?;
        }
        for line in self.lines(setting.lines) {
            let cpu = self.placement.line(line).to_string();
            self.set(line, "rate_hz", "0")?;
            self.set(line, "masked", "0")?;
            self.set(line, "fault", "none")?;
            self.set_further(line, setting, true)?;
            self.set(line, "format", Format::Char.name())?;
            self.set(line, "fifo_policy", Policy::Drop.name())?;
            self.set(line, "fifo_size", &setting.fifo_size.to_string())?;
            self.set(line, "work_us", &setting.work_us.to_string())?;
            self.set(line, "jitter_pct", "0")?;
            self.set_schedule(line, setting)?;
            self.set(line, "cpu_limit_pct", limit_pct(setting))?;
            self.set(line, "pattern", pattern(setting).name())?;
            self.set(line, "burst", &setting.burst.to_string())?;
            self.set(line, "cpu", &cpu)?;
            self.set(line, "workqueue", setting.flavor.name())?;
            self.set(line, "run", run(setting).name())?;
            self.set_further(line, setting, false)?;
            self.set_scope(line, setting)?;
            self.set_affinity(line, &cpu)?;
            self.set(line, "stress_us", &stress::STRETCH_US.to_string())?;
            self.set(line, "stress_hz", &stress::STRETCHES_HZ.to_string())?;
            self.set(line, "stress", setting.stress.of_module().name())?;
            let attributes = attributes(self.module.sysroot(), line, setting.flavor.name());
            self.known.look_at(self.knobs, line, attributes)?;
            self.watch(line, setting)?;
        }
        Ok(())
    }

    /// Sets the further knobs of a line: those that get their defaults, or the others. Defaults are set before the
    /// flavor and the others after it, so that no value conflicts with one of the previous cell.
    fn set_further(
        &mut self,
        line: u32,
        setting: &Setting,
        to_defaults: bool,
    ) -> Result<(), Failure> {
        let knobs = self.knobs.iter();
        let knobs = knobs.filter(|knob| knob.live && !further::is_own(&knob.name));
        let values = knobs.filter_map(|knob| {
            let default = knob.default.as_ref()?;
            let value = setting.knobs.get(&knob.name).unwrap_or(default);
            ((value == default) == to_defaults).then(|| (knob.name.clone(), value.clone()))
        });
        let values: Vec<(String, String)> = values.collect();
        values
            .iter()
            .try_for_each(|(name, value)| self.set(line, name, value))
    }

    /// Writes the gaps to replay to a line, unless it already has them.
    fn set_schedule(&mut self, line: u32, setting: &Setting) -> Result<(), Failure> {
        let is_replay = setting.mode == Mode::Replay;
        self.set(line, "replay_loop", if is_replay { "1" } else { "0" })?;
        if !is_replay || self.schedules.contains_key(&line) {
            return Ok(());
        }
        let schedule = Schedule::of(self.module, line, WHAT)?;
        let written = schedule.write(&self.gaps);
        self.schedules.insert(line, schedule);
        written
    }

    /// Puts the schedules of all lines back.
    pub fn put_schedules_back(&mut self) -> Result<(), Failure> {
        let schedules = std::mem::take(&mut self.schedules);
        let all = schedules.values().map(Schedule::write_back);
        Failure::all(all.filter_map(Result::err)).map_or(Ok(()), Err)
    }

    /// The line that is a hog, if there is one.
    fn hog(&self, setting: &Setting) -> Option<u32> {
        let lines = self.lines(setting.lines_needed());
        lines.get(setting.lines as usize).copied()
    }

    /// Sets up a hog: a line with long runs, with the flavor of the measured lines, on the CPU of the first one,
    /// without a reader.
    fn prepare_hog(&mut self, line: u32, setting: &Setting) -> Result<(), Failure> {
        let cpu = self.placement.line(0).to_string();
        let work_us = stress::HOG_US.to_string();
        let plain = Setting {
            knobs: BTreeMap::new(),
            ..setting.clone()
        };
        self.set(line, "rate_hz", "0")?;
        self.set_further(line, &plain, true)?;
        for (name, value) in [
            ("masked", "0"),
            ("fault", "none"),
            ("stress", Interference::None.name()),
            ("fifo_policy", Policy::Drop.name()),
            ("work_us", &work_us),
            ("cpu_limit_pct", "50"),
            ("pattern", Pattern::Periodic.name()),
            ("burst", "1"),
            ("cpu", &cpu),
            ("workqueue", setting.flavor.name()),
            ("run", Run::Always.name()),
        ] {
            self.set(line, name, value)?;
        }
        self.set_scope(line, setting)?;
        self.set_affinity(line, &cpu)?;
        let attributes = attributes(self.module.sysroot(), line, setting.flavor.name());
        self.known.look_at(self.knobs, line, attributes)?;
        self.watch(line, setting)
    }

    /// Starts the hog, if there is one.
    pub fn start_hog(&mut self, setting: &Setting) -> Result<(), Failure> {
        match self.hog(setting) {
            Some(line) => self.set(line, "rate_hz", &stress::HOG_HZ.to_string()),
            None => Ok(()),
        }
    }

    /// From now on, detects writes to the files that affect a line.
    fn watch(&mut self, line: u32, setting: &Setting) -> Result<(), Failure> {
        let sysroot = self.module.sysroot();
        self.known.watch(&self.module.line_directory(line, WHAT)?);
        self.known.watch(&sysroot.module().join("parameters"));
        self.known
            .watch(&queue(sysroot, line, setting.flavor.name()));
        if let Some(affinity) = affinity(self.module, line) {
            self.known.watch(&affinity);
        }
        for cpu in &self.cpus {
            let online = format!("devices/system/cpu/cpu{cpu}/online");
            self.known.watch(&sysroot.sys(&online));
        }
        Ok(())
    }

    /// Reverts changes by others; returns whether there were any. `when` is the time, for the message.
    pub fn put_right(&mut self, when: &str) -> Result<bool, Failure> {
        self.known.put_right(self.module, self.knobs, when)
    }

    /// Whether the lines still have the rate that was set.
    pub fn rates_hold(&mut self, setting: &Setting, when: &str) -> Result<bool, Failure> {
        let mut all_hold = true;
        for line in self.lines(setting.lines) {
            all_hold &= self.known.holds(self.knobs, line, "rate_hz", when)?;
        }
        Ok(all_hold)
    }

    /// The changes by others, and their times.
    pub fn known(&mut self) -> &mut Known {
        &mut self.known
    }

    /// Starts the lines; returns when each of them started.
    pub fn start(&mut self, setting: &Setting) -> Result<Vec<Instant>, Failure> {
        // In a closed loop, any rate except 0 starts the line.
        self.set_rates(setting, setting.rate_hz.unwrap_or(1))
    }

    /// Silences the lines; returns when each of them was silent.
    pub fn silence(&mut self, setting: &Setting) -> Result<Vec<Instant>, Failure> {
        self.set_rates(setting, 0)
    }

    /// Writes only the rate, because time counts here.
    fn set_rates(&mut self, setting: &Setting, rate_hz: u64) -> Result<Vec<Instant>, Failure> {
        let lines = self.lines(setting.lines);
        let knob = self.knobs.find("rate_hz")?;
        let files: Vec<KnobFile> = lines
            .iter()
            .map(|line| self.knobs.file(knob, *line))
            .collect();
        let rate = rate_hz.to_string();
        let mut times = Vec::new();
        for (line, file) in lines.into_iter().zip(files) {
            write_value(&file.path, &rate)
                .map_err(|error| Failure::file("write", &file.path, Some(line), &error))?;
            times.push(Instant::now());
            self.written
                .insert((line, "rate_hz".to_string()), rate.clone());
            self.known.set_knob(line, "rate_hz", rate.clone());
        }
        Ok(times)
    }

    /// Resets the counters of the lines.
    pub fn reset(&self, setting: &Setting) -> Result<(), Failure> {
        for line in self.lines(setting.lines) {
            let path = self.module.line_directory(line, WHAT)?.join("reset");
            write_value(&path, "1")
                .map_err(|error| Failure::file("write", &path, Some(line), &error))?;
        }
        Ok(())
    }

    /// Ends the module's interference on the lines.
    pub fn relieve(&mut self, setting: &Setting) -> Result<(), Failure> {
        if let Some(line) = self.hog(setting) {
            self.set(line, "rate_hz", "0")?;
            self.rest_of(&[line], &["in_ring", "pending"])?;
            self.drain_of(&[line])?;
        }
        self.lines(setting.lines)
            .into_iter()
            .try_for_each(|line| self.set(line, "stress", Interference::None.name()))
    }

    /// Waits until all emitted events have arrived; returns the counters of the lines.
    pub fn rest(&self, setting: &Setting) -> Result<Vec<Counters>, Failure> {
        let levels: &[&str] = match setting.is_read() {
            true => &["in_ring", "pending", "queued"],
            // Records in the fifo stay there.
            false => &["in_ring", "pending"],
        };
        self.rest_of(&self.lines(setting.lines), levels)
    }

    /// Waits until these levels of lines are 0; returns their counters.
    fn rest_of(&self, lines: &[u32], levels: &[&str]) -> Result<Vec<Counters>, Failure> {
        let until = Instant::now() + REST_LIMIT;
        let mut all = Vec::new();
        for line in lines.iter().copied() {
            loop {
                // The wait depends on other threads, so let them run.
                thread::sleep(Duration::from_micros(500));
                let counters = self.module.counters(line, WHAT)?;
                let counters = counters.ok_or_else(|| Failure::unbound(line))?;
                let level = |name: &&str| counters.stats.get(name).unwrap_or(0);
                if levels.iter().all(|name| level(name) == 0) {
                    all.push(counters);
                    break;
                }
                if Instant::now() > until {
                    let told = levels.iter().map(|name| format!("{name} {}", level(name)));
                    let told: Vec<String> = told.collect();
                    let seconds = REST_LIMIT.as_secs();
                    return Err(Failure::new(
                        format!("line {line} did not come to rest within {seconds} s"),
                        told.join(", "),
                    )
                    .remedy("does something else read it? simructl stats shows more"));
                }
            }
        }
        Ok(all)
    }

    /// The latencies of the lines so far, by stage, all lines together.
    pub fn latencies(&self, setting: &Setting) -> Result<BTreeMap<String, Histogram>, Failure> {
        let mut all: BTreeMap<String, Histogram> = BTreeMap::new();
        for line in self.lines(setting.lines) {
            let latency = self.module.latency(line, WHAT)?;
            let latency = latency.ok_or_else(|| Failure::unbound(line))?;
            for stage in &latency.0 {
                let one = Histogram {
                    count: stage.figure("count"),
                    sum_ns: stage.figure("sum_ns"),
                    overflow: stage.figure("overflow"),
                    max_ns: stage.figure("max_ns"),
                    buckets: stage.buckets().collect(),
                };
                all.entry(stage.name.clone()).or_default().merge(&one);
            }
        }
        Ok(all)
    }

    /// Empties the fifos.
    pub fn drain(&self, setting: &Setting) -> Result<(), Failure> {
        self.drain_of(&self.lines(setting.lines))
    }

    fn drain_of(&self, lines: &[u32]) -> Result<(), Failure> {
        let mut buffer = vec![0; 64 * 1024];
        for line in lines.iter().copied() {
            let path = self.module.sysroot().device(line);
            let failed = |error| Failure::file("read", &path, Some(line), &error);
            let device = OpenOptions::new()
                .read(true)
                .custom_flags(O_NONBLOCK)
                .open(&path);
            let mut device = device.map_err(failed)?;
            loop {
                match device.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => return Err(failed(error)),
                }
            }
        }
        Ok(())
    }

    /// Sets a knob, unless it already has the value. A knob that the module does not have is skipped: `check` has made
    /// sure that it does not matter.
    pub fn set(&mut self, line: u32, name: &str, value: &str) -> Result<(), Failure> {
        let key = (line, name.to_string());
        if self.written.get(&key).is_some_and(|last| last == value) {
            return Ok(());
        }
        let Ok(knob) = self.knobs.find(name) else {
            return Ok(());
        };
        let changes = plan(
            self.knobs,
            self.module,
            knob,
            &[line],
            vec![value.to_string()],
        )?;
        apply(&changes)?;
        self.written.insert(key, value.to_string());
        // The module may have rounded a size, for instance.
        let value = self.knobs.value(knob, line)?;
        self.known.set_knob(line, name, value);
        Ok(())
    }

    /// Sets the affinity scope of the workqueue of an unbound flavor, or restores the initial one.
    fn set_scope(&mut self, line: u32, setting: &Setting) -> Result<(), Failure> {
        if !SCOPED.contains(&setting.flavor) {
            return Ok(());
        }
        let directory = queue(self.module.sysroot(), line, setting.flavor.name());
        let path = directory.join("affinity_scope");
        let scope = setting.affinity_scope;
        if scope.is_none() && !path.exists() {
            return Ok(());
        }
        let scope = scope.unwrap_or(Scope::Default).name();
        let now = read_text(&path);
        let now = now.map_err(|error| Failure::file("read", &path, Some(line), &error))?;
        self.known.set_file(path.clone(), scope);
        if first_word(&now) == scope {
            return Ok(());
        }
        write_value(&path, scope).map_err(|error| match error.kind() {
            ErrorKind::InvalidInput => Failure::new(
                format!("{WHAT} with affinity scope {scope}"),
                "the running kernel does not have it",
            )
            .remedy("other scopes: --affinity-scopes cpu,smt,cache,numa,system"),
            _ => Failure::file("write", &path, Some(line), &error),
        })
    }

    /// Moves the interrupt of a line to one CPU.
    fn set_affinity(&mut self, line: u32, cpu: &str) -> Result<(), Failure> {
        let Some(path) = affinity(self.module, line) else {
            return Ok(());
        };
        self.known.set_file(path.clone(), cpu);
        if read_text(&path).is_ok_and(|now| first_word(&now) == cpu) {
            return Ok(());
        }
        write_value(&path, cpu).map_err(|error| Failure::file("write", &path, Some(line), &error))
    }
}

fn pattern(setting: &Setting) -> Pattern {
    match (setting.mode, setting.burst) {
        (Mode::Saturate, _) => Pattern::Closed,
        (Mode::Replay, _) => Pattern::Replay,
        (Mode::Rate, 1) => Pattern::Periodic,
        (Mode::Rate, _) => Pattern::Burst,
    }
}

/// A closed loop uses all CPU time: with a limit, the limit would be measured. An open loop may have a rate that is too
/// high for the CPU: without a limit, no CPU time would be left to report that.
fn limit_pct(setting: &Setting) -> &'static str {
    match setting.is_read() {
        true => "50",
        false => "100",
    }
}

fn run(setting: &Setting) -> Run {
    match setting.is_read() {
        true => Run::Open,
        false => Run::Always,
    }
}
