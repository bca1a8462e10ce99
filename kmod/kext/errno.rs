// SPDX-License-Identifier: GPL-2.0-only

//! Errors that the kernel crate names on some of the kernels only that the module is for. Any context.

use kernel::{
    bindings,
    error::Error,
    ffi::c_int, //
};

/// EOPNOTSUPP: the kernel crate has it since Linux 7.3.
pub(crate) fn eopnotsupp() -> Error {
    Error::from_errno(-(bindings::EOPNOTSUPP as c_int))
}
