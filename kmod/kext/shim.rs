// SPDX-License-Identifier: GPL-2.0-only

//! The C shim: see `shim.h`. bindgen makes these declarations, with the kernel's flags and types.

#![allow(
    dead_code,
    improper_ctypes,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unreachable_pub,
    clippy::all
)]

use kernel::{
    bindings::*,
    ffi, //
};

include!(env!("SIMRUPT_BINDINGS"));
