// SPDX-License-Identifier: GPL-2.0-only

//! Faults of the device: raises of its line that are lost, late, or too many. In hardirq, but for setting the rules.
//!
//! The device has a chance of a fault whenever it raises its line for events. A fault may leave it with a raise that
//! it *owes*: a late one, or one more than there should be. The generator's timer looks after those.
//!
//! The device's registers tell it when the driver has acknowledged a raise. A storm, and a line that is stuck, raise
//! again then, but leave the CPU alone for a moment each time, and wait for CPU time as all emissions do.

use super::generator::{
    State,
    Watch,
    MIN_REARM_NS,
    POLL_NS, //
};
use crate::logic::{
    fault::{
        Injector,
        Rules, //
    },
    knobs::Fault, //
};

/// A fault that has happened, and how often it has under the rules in force.
pub(crate) type Fired = (Fault, u64);

/// A raise that the device owes, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owed {
    Nothing,
    /// The raise for events that were emitted, at this time. Meanwhile the device raises for nothing else.
    Late(u64),
    /// One for which there is no cause, after the next acknowledgement.
    Spurious,
    /// One after each acknowledgement, until this time.
    Storm(u64),
    /// One after the next acknowledgement, if the line is still stuck then.
    Stuck,
}

/// A raise that is owed and comes now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Raise {
    /// The cause register tells of it.
    Noted,
    /// The driver will find no cause.
    Spurious,
}

/// The faults of a device.
pub(crate) struct Faults {
    injector: Injector,
    /// The fault of the rules is one of the device.
    is_active: bool,
    owed: Owed,
    /// When the device looks after that next, and how long after the last look that is.
    look_ns: u64,
    wait_ns: u64,
}

impl Faults {
    /// No faults. Equal seeds make equal choices.
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            injector: Injector::new(seed),
            is_active: false,
            owed: Owed::Nothing,
            look_ns: 0,
            wait_ns: 0,
        }
    }

    /// Begins with `rules`. Whatever else was owed is forgotten.
    pub(crate) fn start(&mut self, rules: Rules) {
        self.is_active = matches!(
            rules.fault,
            Fault::Lost | Fault::Late | Fault::Spurious | Fault::Storm | Fault::Stuck
        );
        self.injector.start(rules);
        self.forget();
    }

    /// The device owes nothing any more.
    pub(super) fn forget(&mut self) {
        self.owed = Owed::Nothing;
    }

    /// Takes a late raise, which is to come now.
    pub(super) fn take_late(&mut self) -> bool {
        let is_late = matches!(self.owed, Owed::Late(_));
        if is_late {
            self.forget();
        }
        is_late
    }

    /// Whether to raise the line for events that are emitted now, and the fault that has happened.
    fn emission(&mut self, now_ns: u64) -> (bool, Option<Fired>) {
        match self.owed {
            Owed::Nothing => {}
            Owed::Late(_) => return (false, None),
            Owed::Spurious | Owed::Storm(_) | Owed::Stuck => return (true, None),
        }
        let Rules { fault, span_ns, .. } = *self.injector.rules();
        if fault == Fault::Stuck {
            // The chance comes when this raise is acknowledged.
            self.owe(Owed::Stuck, now_ns, MIN_REARM_NS);
            return (true, None);
        }
        let Some(number) = self.injector.fires(fault) else {
            return (true, None);
        };
        match fault {
            Fault::Late => self.owe(Owed::Late(now_ns.saturating_add(span_ns)), now_ns, span_ns),
            Fault::Spurious => self.owe(Owed::Spurious, now_ns, MIN_REARM_NS),
            Fault::Storm => {
                let end_ns = now_ns.saturating_add(span_ns);
                self.owe(Owed::Storm(end_ns), now_ns, MIN_REARM_NS);
            }
            _ => {}
        }
        let is_raised = !matches!(fault, Fault::Lost | Fault::Late);
        (is_raised, Some((fault, number)))
    }

    fn owe(&mut self, owed: Owed, now_ns: u64, wait_ns: u64) {
        self.owed = owed;
        self.wait_ns = wait_ns;
        self.look_ns = now_ns.saturating_add(wait_ns);
    }

    /// Looks after what is owed: the raise that comes now, and the fault that has happened.
    fn look(&mut self, now_ns: u64, is_acknowledged: bool) -> (Option<Raise>, Option<Fired>) {
        match self.owed {
            Owed::Nothing => return (None, None),
            Owed::Late(due_ns) if due_ns <= now_ns => {
                self.forget();
                return (Some(Raise::Noted), None);
            }
            Owed::Storm(end_ns) if end_ns <= now_ns => {
                self.forget();
                return (None, None);
            }
            _ => {}
        }
        if !is_acknowledged {
            // The driver may be held off for long.
            let wait_ns = self.wait_ns.saturating_mul(2).min(POLL_NS);
            self.owe(self.owed, now_ns, wait_ns);
            return (None, None);
        }
        self.owe(self.owed, now_ns, MIN_REARM_NS);
        match self.owed {
            Owed::Spurious => {
                self.forget();
                (Some(Raise::Spurious), None)
            }
            Owed::Stuck => match self.injector.fires(Fault::Stuck) {
                None => {
                    self.forget();
                    (None, None)
                }
                Some(number) => (Some(Raise::Noted), Some((Fault::Stuck, number))),
            },
            Owed::Storm(_) => (Some(Raise::Noted), None),
            Owed::Late(due_ns) => {
                self.look_ns = due_ns;
                (None, None)
            }
            Owed::Nothing => (None, None),
        }
    }

    /// When the device has to look after what it owes; `None` when it owes nothing.
    fn look_ns(&self) -> Option<u64> {
        (self.owed != Owed::Nothing).then_some(self.look_ns)
    }
}

impl<W: Watch> State<W> {
    /// Whether the device may do something wrong.
    #[inline(always)]
    pub(super) fn is_faulty(&mut self) -> bool {
        self.watch.faults().is_some_and(|faults| faults.is_active)
    }

    /// Emits every event that has come due by `now_ns`; tells whether to raise the line for that, or `None` when there
    /// was no event.
    #[cold]
    pub(super) fn emit_at_fault(&mut self, now_ns: u64) -> Option<bool> {
        let mut raises = true;
        let has_emitted = self.emit(now_ns, |watch| {
            if let Some(faults) = watch.faults() {
                let (is_raised, fired) = faults.emission(now_ns);
                raises = is_raised;
                if let Some((fault, number)) = fired {
                    watch.fault(fault, number);
                }
            }
            raises
        });
        has_emitted.then_some(raises)
    }

    /// When the device has to look after a raise that it owes; `None` when it owes none.
    pub(super) fn look_ns(&mut self) -> Option<u64> {
        self.watch.faults().and_then(|faults| faults.look_ns())
    }

    /// Whether the line is to be raised now, for a raise that is owed. Notes it in the cause register if there is a
    /// cause.
    pub(super) fn raises_owed(&mut self, now_ns: u64) -> bool {
        if self.look_ns().is_none_or(|look_ns| look_ns > now_ns) {
            return false;
        }
        let Self { ring, watch, .. } = self;
        let Some(ring) = ring else {
            return false;
        };
        watch.emission(|watch| {
            let Some(faults) = watch.faults() else {
                return false;
            };
            let (raise, fired) = faults.look(now_ns, ring.is_acknowledged());
            if let Some((fault, number)) = fired {
                watch.fault(fault, number);
            }
            if raise == Some(Raise::Noted) {
                ring.note_raise();
            }
            raise.is_some()
        })
    }
}
