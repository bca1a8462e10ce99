// SPDX-License-Identifier: GPL-2.0-only

//! The knobs as module parameters: `insmod simrupt.ko rate_hz=100,1000`, and
//! /sys/module/simrupt/parameters, where each holds a list with one value per line.
//!
//! The kernel crate's own parameters are read-only scalars, so these tables are written by hand,
//! from the knob table: an entry in `__param` and two strings in `.modinfo` each. The kernel calls
//! [`set`] before the module's init as well as after it, and both functions with the module's
//! parameter lock held.

use super::{
    set::{
        self,
        Target, //
    },
    values,
};
use crate::{
    ffi::CTable,
    lines::Registry,
    logic::knobs::{
        for_each_knob,
        Knob, //
    },
};
use core::fmt::Write;
use kernel::{
    bindings,
    module_param::KernelParam,
    page::PAGE_SIZE,
    prelude::*,
    str::{
        as_char_ptr_in_const_context,
        Formatter, //
    },
};

static OPS: CTable<bindings::kernel_param_ops> = CTable::new(bindings::kernel_param_ops {
    set: Some(set),
    get: Some(get),
    ..pin_init::zeroed()
});

/// The knob of a parameter.
///
/// # Safety
///
/// `param` is one of the entries below.
unsafe fn knob(param: *const bindings::kernel_param) -> Option<Knob> {
    // SAFETY: As the caller promises; the argument is the knob's index, not a pointer.
    let index = unsafe { (*param).__bindgen_anon_1.arg }.addr();
    Knob::ALL.get(index).copied()
}

/// # Safety
///
/// Called by the kernel with a C string and one of the entries below.
unsafe extern "C" fn set(text: *const c_char, param: *const bindings::kernel_param) -> c_int {
    // SAFETY: As the caller promises.
    let (knob, text) = unsafe { (knob(param), CStr::from_char_ptr(text)) };
    let result = knob
        .ok_or(EINVAL)
        .and_then(|knob| set::set(Target::All, knob, text.to_bytes()));
    match result {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}

/// # Safety
///
/// Called by the kernel with a page to write to and one of the entries below.
unsafe extern "C" fn get(page: *mut c_char, param: *const bindings::kernel_param) -> c_int {
    // SAFETY: As the caller promises.
    let Some(knob) = (unsafe { knob(param) }) else {
        return EINVAL.to_errno();
    };
    // SAFETY: The kernel passes a whole page, for us alone.
    let page = unsafe { core::slice::from_raw_parts_mut(page.cast::<u8>(), PAGE_SIZE) };
    let mut out = Formatter::new(page);
    let count = match knob {
        Knob::Lines => 1,
        _ => Registry::count(),
    };
    let mut write = || -> core::fmt::Result {
        for line in 0..count {
            if line != 0 {
                out.write_char(',')?;
            }
            knob.spec().show(values::value(line, knob), &mut out)?;
        }
        out.write_char('\n')
    };
    match write() {
        Ok(()) => out.bytes_written().try_into().unwrap_or(0),
        Err(_) => EINVAL.to_errno(),
    }
}

/// A `.modinfo` string, `tag=value` with the NUL at its end.
const fn modinfo<const LEN: usize>(text: &str) -> [u8; LEN] {
    match text.as_bytes().first_chunk() {
        Some(bytes) => *bytes,
        None => panic!("the length is the text's own"),
    }
}

macro_rules! declare {
    ($($knob:ident = $name:literal: $kind:ident $values:tt
        default $default:literal unit $unit:literal $when:ident $help:literal;)*) => {$(
        const _: () = {
            const DESCRIPTION: &str = concat!(
                "parm=", $name, ":", $help,
                " (", declare!(@values $kind $values), declare!(@unit $kind $unit),
                ", default ", $default, ")\0",
            );
            #[link_section = ".modinfo"]
            #[used(compiler)]
            static PARM: [u8; DESCRIPTION.len()] = modinfo(DESCRIPTION);

            const TYPE: &str = concat!("parmtype=", $name, ":", declare!(@type $when $kind), "\0");
            #[link_section = ".modinfo"]
            #[used(compiler)]
            static PARMTYPE: [u8; TYPE.len()] = modinfo(TYPE);

            #[link_section = "__param"]
            #[used(compiler)]
            static PARAM: KernelParam = KernelParam::new(bindings::kernel_param {
                name: as_char_ptr_in_const_context(kernel::c_str!($name)),
                mod_: &raw mut bindings::__this_module,
                ops: OPS.as_ptr(),
                perm: declare!(@perm $when),
                level: -1,
                flags: 0,
                __bindgen_anon_1: bindings::kernel_param__bindgen_ty_1 {
                    arg: core::ptr::without_provenance_mut(Knob::$knob as usize),
                },
            });
        };
    )*};
    (@values choice ($choice:ident { $first:ident = $first_text:literal,
        $($variant:ident = $text:literal,)* })) => { concat!($first_text $(, "|", $text)*) };
    (@values $kind:ident ($min:literal, $max:literal)) => { concat!($min, "..", $max) };
    (@unit choice $unit:literal) => { "" };
    (@unit $kind:ident $unit:literal) => { concat!(" ", $unit) };
    (@type load $kind:ident) => { "int" };
    (@type live choice) => { "array of string" };
    (@type live $kind:ident) => { "array of int" };
    (@perm load) => { 0o444 };
    (@perm live) => { 0o644 };
}

for_each_knob!(declare);
