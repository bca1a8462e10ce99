// SPDX-License-Identifier: GPL-2.0-only

//! Fault injection: decides at which of its chances a fault happens.
//!
//! A context that can fail has a chance to do so again and again. An [`Injector`] decides for each
//! chance whether the fault happens. The rules are those of the kernel's fault injection
//! (`Documentation/fault-injection/`): every N-th chance is considered, happens with a probability,
//! and the faults end after a number of times.
//!
//! [`Settings`] passes the rules to contexts that take no lock; each of them has a [`Follower`].

use super::{
    knobs::Fault,
    platform::Word,
    random::Random, //
};

/// A probability of 1, in parts per million.
pub const CERTAIN_PPM: u64 = 1_000_000;

/// Which fault happens, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The fault; [`Fault::None`] for no fault.
    pub fault: Fault,
    /// The last of this many chances is considered; 1: each chance.
    pub every: u64,
    /// The probability of a fault at a considered chance, in parts per million.
    pub probability_ppm: u64,
    /// The largest number of faults; `u64::MAX` for no limit.
    pub times: u64,
    /// Delay or length of one fault, in nanoseconds.
    pub span_ns: u64,
}

impl Rules {
    /// No fault.
    pub const NONE: Self = Self {
        fault: Fault::None,
        every: 1,
        probability_ppm: CERTAIN_PPM,
        times: u64::MAX,
        span_ns: 0,
    };
}

/// Decides for each chance whether the fault happens.
#[derive(Debug)]
pub struct Injector {
    rules: Rules,
    seed: u64,
    random: Random,
    /// Chances since the last considered one.
    passed: u64,
    /// How many times the fault has happened under these rules.
    fired: u64,
}

impl Injector {
    /// An injector without a fault. Equal seeds and rules give equal decisions.
    pub const fn new(seed: u64) -> Self {
        Self {
            rules: Rules::NONE,
            seed,
            random: Random::new(seed),
            passed: 0,
            fired: 0,
        }
    }

    /// Starts over with `rules`.
    pub fn start(&mut self, rules: Rules) {
        *self = Self {
            rules,
            ..Self::new(self.seed)
        };
    }

    /// The rules in force.
    #[inline]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Notes a chance for `fault`. If the fault happens, returns how many times it has happened
    /// under these rules, else `None`.
    pub fn fires(&mut self, fault: Fault) -> Option<u64> {
        if self.rules.fault != fault || fault == Fault::None || self.fired >= self.rules.times {
            return None;
        }
        self.passed = self.passed.wrapping_add(1);
        if self.passed < self.rules.every {
            return None;
        }
        self.passed = 0;
        if self.random.below(CERTAIN_PPM) >= self.rules.probability_ppm {
            return None;
        }
        self.fired = self.fired.wrapping_add(1);
        Some(self.fired)
    }
}

/// The rules in force, for contexts that take no lock. They have one writer at a time.
pub struct Settings {
    fault: Word,
    every: Word,
    probability_ppm: Word,
    times: Word,
    span_ns: Word,
    /// Changes whenever the rules are set. Stored last, so that a follower that sees it sees the
    /// rest.
    edition: Word,
}

impl Settings {
    /// Settings without a fault.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            fault: Word::new(Fault::None as u64),
            every: Word::new(1),
            probability_ppm: Word::new(CERTAIN_PPM),
            times: Word::new(u64::MAX),
            span_ns: Word::new(0),
            edition: Word::new(0),
        }
    }

    /// Puts rules in force. A follower that reads them meanwhile may mix old and new rules for one
    /// chance. It starts over with the complete new rules at its next chance.
    pub fn set(&self, rules: Rules) {
        self.fault.store(rules.fault as u64);
        self.every.store(rules.every);
        self.probability_ppm.store(rules.probability_ppm);
        self.times.store(rules.times);
        self.span_ns.store(rules.span_ns);
        self.edition
            .store_release(self.edition.load().wrapping_add(1));
    }

    /// Whether `fault` is in force. Costs one load.
    #[inline]
    pub fn has(&self, fault: Fault) -> bool {
        self.fault.load() == fault as u64
    }

    /// A number that changes whenever the rules are set.
    #[inline]
    pub fn edition(&self) -> u64 {
        self.edition.load_acquire()
    }

    fn rules(&self) -> Rules {
        Rules {
            fault: Fault::from_value(self.fault.load() as i64),
            every: self.every.load(),
            probability_ppm: self.probability_ppm.load(),
            times: self.times.load(),
            span_ns: self.span_ns.load(),
        }
    }
}

/// An injector that follows [`Settings`].
#[derive(Debug)]
pub struct Follower {
    injector: Injector,
    edition: u64,
}

impl Follower {
    /// A follower of settings that have no fault yet.
    pub const fn new(seed: u64) -> Self {
        Self {
            injector: Injector::new(seed),
            edition: 0,
        }
    }

    /// As [`Injector::fires`]. Costs one load while `fault` is not in force.
    #[inline]
    pub fn fires(&mut self, settings: &Settings, fault: Fault) -> Option<u64> {
        if settings.has(fault) {
            self.follow(settings, fault)
        } else {
            None
        }
    }

    #[cold]
    fn follow(&mut self, settings: &Settings, fault: Fault) -> Option<u64> {
        let edition = settings.edition();
        if self.edition != edition {
            self.edition = edition;
            self.injector.start(settings.rules());
        }
        self.injector.fires(fault)
    }

    /// The delay or length of a fault that has just happened, in nanoseconds.
    pub fn span_ns(&self) -> u64 {
        self.injector.rules().span_ns
    }

    /// Whether the rules of a fault that has just happened are still in force.
    #[inline]
    pub fn is_current(&self, settings: &Settings) -> bool {
        self.edition == settings.edition()
    }
}
