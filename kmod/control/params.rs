// SPDX-License-Identifier: GPL-2.0-only

//! The knobs as module parameters: `insmod simrupt.ko rate_hz=100,1000`, and files in
//! /sys/module/simrupt/parameters. Each holds a list with one value per line. All come from the
//! knob table.

use super::{
    lines,
    set::{
        self,
        Target, //
    },
    values,
};
use crate::{
    kext::{
        module::modinfo,
        module_param::{
            self,
            Parameters, //
        }, //
    },
    logic::knobs::{
        for_each_knob,
        Knob, //
    },
};
use core::fmt::Write;
use kernel::{
    module_param::KernelParam,
    prelude::*, //
};

struct Knobs;

impl Parameters for Knobs {
    fn set(index: usize, text: &[u8]) -> Result {
        let knob = Knob::ALL.get(index).ok_or(EINVAL)?;
        set::set(Target::All, *knob, text)
    }

    fn show(index: usize, out: &mut dyn Write) -> core::fmt::Result {
        let knob = *Knob::ALL.get(index).ok_or(core::fmt::Error)?;
        let count = match knob.spec().per_line {
            true => lines::count(),
            false => 1,
        };
        for line in 0..count {
            if line != 0 {
                out.write_char(',')?;
            }
            knob.spec().show(values::value(line, knob), out)?;
        }
        out.write_char('\n')
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
            static PARAM: KernelParam = module_param::entry::<Knobs>(
                kernel::c_str!($name),
                Knob::$knob as usize,
                declare!(@perm $when),
            );
        };
    )*};
    (@values choice ($choice:ident { $first:ident = $first_text:literal,
        $($variant:ident = $text:literal,)* })) => { concat!($first_text $(, "|", $text)*) };
    (@values $kind:ident ($min:literal, $max:literal)) => { concat!($min, "..", $max) };
    (@unit choice $unit:literal) => { "" };
    (@unit $kind:ident $unit:literal) => { concat!(" ", $unit) };
    (@type module $kind:ident) => { "int" };
    (@type $when:ident choice) => { "array of string" };
    (@type $when:ident $kind:ident) => { "array of int" };
    (@perm module) => { 0o444 };
    (@perm load) => { 0o444 };
    (@perm live) => { 0o644 };
}

for_each_knob!(declare);
