// SPDX-License-Identifier: GPL-2.0-only

//! Errors that the kernel crate names only on some of the supported kernels. Any context.

use kernel::{
    bindings,
    error::Error,
    ffi::c_int, //
};

/// EOPNOTSUPP, which the kernel crate has since Linux 7.3.
pub(crate) fn eopnotsupp() -> Error {
    Error::from_errno(-(bindings::EOPNOTSUPP as c_int))
}
