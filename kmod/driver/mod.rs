// SPDX-License-Identifier: GPL-2.0-only

//! The driver: what a driver for real hardware of this kind would be.
//!
//! The pieces, in the order in which an event meets them: [`top_half`] is the interrupt handler,
//! [`bottom_half`] what it hands over to, by the [`deferral`] of the chosen flavor ([`tasklet`] is one
//! of those), [`reader`] what read(2) does, behind the [`chardev`]. [`line`] is what they share, [`room`] the memory of
//! its fifo, [`costs`] what the mechanism itself costs; [`probe`] puts it together when the
//! driver is bound to a device, and takes it apart when it is unbound.

mod bottom_half;
mod chardev;
mod costs;
mod deferral;
mod latency;
mod line;
mod probe;
mod reader;
mod room;
mod tasklet;
mod top_half;

pub(crate) use self::{
    costs::TIMESTAMPS,
    deferral::Deferral,
    line::Line,
    probe::{
        register,
        Registration, //
    },
    room::fifo_slots,
    top_half::{
        Counter,
        CONTEXTS, //
    },
};
