// SPDX-License-Identifier: GPL-2.0-only

//! The driver: what a driver for real hardware of this kind would be.
//!
//! The pieces, in the order in which an event meets them: [`top_half`] is the interrupt handler,
//! [`bottom_half`] the work item on the [`queue`] of the chosen flavor, [`reader`] what read(2)
//! does, behind the [`chardev`]. [`line`] is what they share, [`room`] the memory of
//! its fifo; [`probe`] puts it together when the
//! driver is bound to a device, and takes it apart when it is unbound.

mod bottom_half;
mod chardev;
mod latency;
mod line;
mod probe;
mod queue;
mod reader;
mod room;
mod top_half;

pub(crate) use self::{
    line::Line,
    probe::{
        register,
        Registration, //
    },
    queue::FlavoredQueue,
    room::fifo_slots,
    top_half::{
        Counter,
        CONTEXTS, //
    },
};
