// SPDX-License-Identifier: GPL-2.0-only

//! What the module writes to the kernel's log. All of it comes about by something that root, or an event, may do again
//! and again, so one limit holds for all of it: [`ffi::may_log`](crate::ffi::may_log). Not from NMI.

use kernel::str::BStr;

/// How much of a user's text is shown, in bytes: it may be a page long.
const SHOWN: usize = 40;

/// A user's text as it is shown with `{:?}`: in quotes, cut, and with escapes for what is not printable.
pub(crate) fn shown(text: &[u8]) -> &BStr {
    let text = text.trim_ascii();
    BStr::from_bytes(text.get(..SHOWN).unwrap_or(text))
}

/// `pr_err!`, within the limit.
macro_rules! error {
    ($($arguments:tt)*) => {
        if $crate::ffi::may_log() {
            ::kernel::pr_err!($($arguments)*);
        }
    };
}
pub(crate) use error;

/// `pr_warn!`, within the limit.
macro_rules! warning {
    ($($arguments:tt)*) => {
        if $crate::ffi::may_log() {
            ::kernel::pr_warn!($($arguments)*);
        }
    };
}
pub(crate) use warning;
