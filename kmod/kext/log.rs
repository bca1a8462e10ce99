// SPDX-License-Identifier: GPL-2.0-only

//! The kernel log, within a limit: most of what a module logs comes about by something that users, or events,
//! may do again and again. One limit holds for all of it. Any context but NMI.

use super::shim;
use kernel::str::BStr;

/// Whether one more line may be logged: a few in some seconds.
pub(crate) fn may_log() -> bool {
    // SAFETY: The function may be called from any context but NMI, where this module never runs.
    unsafe { shim::simrupt_may_log() }
}

/// How much of a user's text is shown, in bytes: it may be a page long.
const SHOWN: usize = 40;

/// A user's text as it is shown with `{:?}`: in quotes, cut, and with escapes for what is not printable.
pub(crate) fn shown(text: &[u8]) -> &BStr {
    let text = text.trim_ascii();
    BStr::from_bytes(text.get(..SHOWN).unwrap_or(text))
}

/// `pr_err!`, within the limit.
#[allow(unused_macros, reason = "not every module has errors")]
macro_rules! error {
    ($($arguments:tt)*) => {
        if $crate::kext::log::may_log() {
            ::kernel::pr_err!($($arguments)*);
        }
    };
}
#[allow(unused_imports, reason = "not every module has errors")]
pub(crate) use error;

/// `pr_warn!`, within the limit.
#[allow(unused_macros, reason = "the template warns of nothing")]
macro_rules! warning {
    ($($arguments:tt)*) => {
        if $crate::kext::log::may_log() {
            ::kernel::pr_warn!($($arguments)*);
        }
    };
}
#[allow(unused_imports, reason = "as above")]
pub(crate) use warning;
