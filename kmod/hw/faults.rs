// SPDX-License-Identifier: GPL-2.0-only

//! Faults of the device: raises of its line that are lost, late, or too many. In hardirq, except
//! for setting the rules.
//!
//! The device has a chance of a fault whenever it raises its line for events. After a fault the
//! device may *owe* a raise: a late one, or one too many. The generator's timer makes the owed
//! raises.
//!
//! The device knows from its registers when the driver has acknowledged a raise. A storm and a
//! stuck line then raise again, after a pause of [`MIN_REARM_NS`] each time. They wait for CPU time
//! like all emissions.

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

/// A fault that has happened, and how many times it has under the rules in force.
pub(crate) type Fired = (Fault, u64);

/// A raise that the device owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owed {
    Nothing,
    /// The raise for emitted events, at this time. The device raises for nothing else until then.
    Late(u64),
    /// A raise without a cause, after the next acknowledgement.
    Spurious,
    /// A raise after each acknowledgement, until this time.
    Storm(u64),
    /// A raise after the next acknowledgement, if the line is still stuck then.
    Stuck,
}

/// An owed raise that comes now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Raise {
    /// The cause register counts it.
    Noted,
    /// The driver will find no cause.
    Spurious,
}

/// The faults of a device.
pub(crate) struct Faults {
    injector: Injector,
    /// Whether the fault in the rules is one of the device.
    is_active: bool,
    owed: Owed,
    /// The time of the next check of the owed raise, and its distance from the last check.
    look_ns: u64,
    wait_ns: u64,
}

impl Faults {
    /// No faults. Equal seeds give equal decisions.
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            injector: Injector::new(seed),
            is_active: false,
            owed: Owed::Nothing,
            look_ns: 0,
            wait_ns: 0,
        }
    }

    /// Starts over with `rules`. An owed raise is discarded.
    pub(crate) fn start(&mut self, rules: Rules) {
        self.is_active = matches!(
            rules.fault,
            Fault::Lost | Fault::Late | Fault::Spurious | Fault::Storm | Fault::Stuck
        );
        self.injector.start(rules);
        self.forget();
    }

    /// Discards an owed raise.
    pub(super) fn forget(&mut self) {
        self.owed = Owed::Nothing;
    }

    /// Takes a late raise, if one is owed, so that the caller makes it now.
    pub(super) fn take_late(&mut self) -> bool {
        let is_late = matches!(self.owed, Owed::Late(_));
        if is_late {
            self.forget();
        }
        is_late
    }

    /// Whether to raise the line for events that are emitted now, and the fault that happened, if
    /// any.
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

    /// Checks the owed raise. Returns the raise that comes now, and the fault that happened, if
    /// any.
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
            // The driver may be held off for long, so the checks become less frequent.
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

    /// When the owed raise must be checked; `None` when the device owes none.
    fn look_ns(&self) -> Option<u64> {
        (self.owed != Owed::Nothing).then_some(self.look_ns)
    }
}

impl<W: Watch> State<W> {
    /// Whether a fault of the device is in force.
    #[inline(always)]
    pub(super) fn is_faulty(&mut self) -> bool {
        self.watch.faults().is_some_and(|faults| faults.is_active)
    }

    /// Emits every event that is due at `now_ns`. Tells whether to raise the line for them; `None`
    /// when they give no reason to raise it.
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

    /// When the owed raise must be checked; `None` when the device owes none.
    pub(super) fn look_ns(&mut self) -> Option<u64> {
        self.watch.faults().and_then(|faults| faults.look_ns())
    }

    /// Whether to raise the line now for an owed raise. Notes the raise in the cause register if it
    /// has a cause.
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
