// SPDX-License-Identifier: GPL-2.0-only

//! A line's tasklet: what drivers used before workqueues had a flavor for softirq. Here to compare
//! with; new drivers take `bh`.

use super::line::Line;
use crate::ffi;
use kernel::{
    bindings,
    prelude::*,
    types::Opaque, //
};

/// A tasklet that runs the bottom half of the [`Line`] whose field it is.
#[pin_data]
pub(super) struct Tasklet {
    #[pin]
    tasklet: Opaque<bindings::tasklet_struct>,
}

// SAFETY: A tasklet may be scheduled and waited for on any CPU; only its functions touch it.
unsafe impl Send for Tasklet {}
// SAFETY: As above.
unsafe impl Sync for Tasklet {}

impl Tasklet {
    /// A tasklet that is not scheduled.
    ///
    /// # Safety
    ///
    /// What is made is the field `tasklet` of a [`Line`], and [`Self::flush`]ed before that goes.
    pub(super) unsafe fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            tasklet <- Opaque::ffi_init(|place| {
                // SAFETY: `place` is valid for writing, and stays where it is.
                unsafe { bindings::tasklet_setup(place, Some(run)) }
            }),
        })
    }

    /// Has the tasklet run once more on this CPU; `false` when it is about to run anyway. Any
    /// context.
    #[inline]
    pub(super) fn schedule(&self) -> bool {
        // SAFETY: The tasklet was set up by `new`.
        unsafe { ffi::tasklet_schedule(self.tasklet.get()) }
    }

    /// Waits until the tasklet has run as often as it was scheduled. Process context; nobody
    /// schedules it meanwhile.
    pub(super) fn flush(&self) {
        // SAFETY: The tasklet was set up by `new`.
        unsafe { bindings::tasklet_kill(self.tasklet.get()) };
    }
}

/// # Safety
///
/// Called as the function of a line's tasklet.
unsafe extern "C" fn run(tasklet: *mut bindings::tasklet_struct) {
    let tasklet = tasklet.cast::<Opaque<bindings::tasklet_struct>>();
    // SAFETY: As `new` was promised: the tasklet is the field of a line that outlives its runs.
    let line = unsafe {
        let tasklet = kernel::container_of!(tasklet, Tasklet, tasklet);
        &*kernel::container_of!(tasklet, Line, tasklet)
    };
    line.run_bottom_half();
}
