// SPDX-License-Identifier: GPL-2.0-only

//! The kernel log, rate-limited: users or events may cause most messages of the module again and
//! again. One limit holds for all messages. Any context except NMI.

use super::shim;
use kernel::str::BStr;

/// Whether one more line may be logged: at most 10 in 5 seconds.
pub(crate) fn may_log() -> bool {
    // SAFETY: The function may be called from any context except NMI, in which this module never
    // runs.
    unsafe { shim::simrupt_may_log() }
}

/// The largest part of a user's text that is shown, in bytes: the text may be a page long.
const SHOWN: usize = 40;

/// A user's text, to be shown with `{:?}`: in quotes, truncated, and with escapes for characters
/// that are not printable.
pub(crate) fn shown(text: &[u8]) -> &BStr {
    let text = text.trim_ascii();
    BStr::from_bytes(text.get(..SHOWN).unwrap_or(text))
}

/// `pr_err!`, rate-limited.
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

/// `pr_warn!`, rate-limited.
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
