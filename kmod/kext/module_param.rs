// SPDX-License-Identifier: GPL-2.0-only

//! Module parameters with functions to set and show them: `insmod simrupt.ko rate_hz=100,1000`, and
//! /sys/module/simrupt/parameters. Process context.
//!
//! The kernel crate's own parameters are read-only scalars. So these tables are written by hand:
//! for each parameter an entry in `__param` and two strings in `.modinfo`. The kernel calls
//! [`Parameters::set`] also before the module's init, and [`Parameters::show`] also after its exit.
//! At those times they may only use statics.

use super::{
    module::this_module,
    CTable, //
};
use core::marker::PhantomData;
use kernel::{
    bindings,
    module_param::ModuleParamAccess,
    page::PAGE_SIZE,
    prelude::*,
    str::Formatter, //
};

/// The value of a parameter of the kernel crate. Before Linux 7.3 the kernel crate returns a
/// reference to it.
#[allow(dead_code, reason = "the template uses it")]
pub(crate) fn value<T: Copy>(parameter: &ModuleParamAccess<T>) -> T {
    #[cfg(not(BEFORE_LINUX_7_3))]
    return parameter.value();
    #[cfg(BEFORE_LINUX_7_3)]
    return *parameter.value();
}

/// The functions of the parameters. They are called with the module's parameter lock held.
pub(crate) trait Parameters: 'static {
    /// Sets the parameter with this index.
    ///
    /// # Errors
    ///
    /// The writer gets the error; on the command line it fails the load.
    fn set(index: usize, text: &[u8]) -> Result;

    /// Writes the value of the parameter with this index.
    ///
    /// # Errors
    ///
    /// When there is no room for the value.
    fn show(index: usize, out: &mut dyn core::fmt::Write) -> core::fmt::Result;
}

/// The C side of parameters.
pub(crate) struct Operations<P>(PhantomData<P>);

impl<P: Parameters> Operations<P> {
    const TABLE: &'static CTable<bindings::kernel_param_ops> =
        &CTable::new(bindings::kernel_param_ops {
            set: Some(Self::set),
            get: Some(Self::get),
            ..pin_init::zeroed()
        });

    /// # Safety
    ///
    /// Called by the kernel with a C string and an entry that [`entry`] made.
    unsafe extern "C" fn set(text: *const c_char, param: *const bindings::kernel_param) -> c_int {
        // SAFETY: As the caller promises; the argument is an index, not a pointer.
        let (index, text) = unsafe {
            (
                (*param).__bindgen_anon_1.arg.addr(),
                CStr::from_char_ptr(text),
            )
        };
        match P::set(index, text.to_bytes()) {
            Ok(()) => 0,
            Err(error) => error.to_errno(),
        }
    }

    /// # Safety
    ///
    /// Called by the kernel with a page to write to and an entry that [`entry`] made.
    unsafe extern "C" fn get(page: *mut c_char, param: *const bindings::kernel_param) -> c_int {
        // SAFETY: As the caller promises. The kernel passes a whole page that nothing else uses.
        let (index, page) = unsafe {
            (
                (*param).__bindgen_anon_1.arg.addr(),
                core::slice::from_raw_parts_mut(page.cast::<u8>(), PAGE_SIZE),
            )
        };
        let mut out = Formatter::new(page);
        match P::show(index, &mut out) {
            Ok(()) => out.bytes_written().try_into().unwrap_or(0),
            Err(_) => EINVAL.to_errno(),
        }
    }
}

/// The entry of a parameter in `__param`.
pub(crate) const fn entry<P: Parameters>(
    name: &'static CStr,
    index: usize,
    mode: u16,
) -> kernel::module_param::KernelParam {
    kernel::module_param::KernelParam::new(bindings::kernel_param {
        name: kernel::str::as_char_ptr_in_const_context(name),
        mod_: &raw mut bindings::__this_module,
        ops: Operations::<P>::TABLE.as_ptr(),
        perm: mode,
        level: -1,
        flags: 0,
        __bindgen_anon_1: bindings::kernel_param__bindgen_ty_1 {
            arg: core::ptr::without_provenance_mut(index),
        },
    })
}

/// Calls `function` while no parameter is set or shown. Must not be called before the module's
/// init.
pub(crate) fn locked<R>(function: impl FnOnce() -> R) -> R {
    let module = this_module();
    // SAFETY: The module is being initialized, or is loaded, so its parameter lock exists.
    unsafe { bindings::kernel_param_lock(module) };
    let result = function();
    // SAFETY: Locked above.
    unsafe { bindings::kernel_param_unlock(module) };
    result
}
