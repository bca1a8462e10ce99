// SPDX-License-Identifier: GPL-2.0-only

//! This module, as C knows it.

use kernel::{
    bindings,
    prelude::*, //
};

/// This module: before Linux 7.3 a static that the `module!` macro leaves in the crate's root.
pub(super) const fn this_module() -> *mut bindings::module {
    #[cfg(not(BEFORE_LINUX_7_3))]
    return kernel::module::this_module::<crate::LocalModule>().as_ptr();
    #[cfg(BEFORE_LINUX_7_3)]
    return crate::THIS_MODULE.as_ptr();
}

/// The name of the module, and of everything that is registered for it.
pub(crate) const NAME: &CStr = <crate::LocalModule as kernel::ModuleMetadata>::NAME;

/// How many references there are to the module; the kernel itself holds one while it is loaded.
pub(super) fn references() -> c_int {
    // SAFETY: The module is ours, and there.
    unsafe { bindings::module_refcount(this_module()) }
}

/// Does what `init` does, and hands its outcome to `note` before it returns it.
///
/// The driver core does not tell the outcome of a probe to the one that registers the device.
pub(crate) fn recording_result<T>(
    init: impl PinInit<T, Error>,
    note: impl FnOnce(Result),
) -> impl PinInit<T, Error> {
    let noting = move |place: *mut T| {
        // SAFETY: As the caller of this initializer promises.
        #[cfg(not(BEFORE_LINUX_7_3))]
        let result = unsafe { init.__init(place) };
        #[cfg(BEFORE_LINUX_7_3)]
        // SAFETY: As above; before Linux 7.3 it had a name of its own.
        let result = unsafe { init.__pinned_init(place) };
        note(result);
        result
    };
    // SAFETY: `noting` does what `init` does.
    unsafe { pin_init::pin_init_from_closure(noting) }
}

/// A `.modinfo` string, `tag=value` with the NUL at its end.
pub(crate) const fn modinfo<const LEN: usize>(text: &str) -> [u8; LEN] {
    match text.as_bytes().first_chunk() {
        Some(bytes) => *bytes,
        None => panic!("the length is the text's own"),
    }
}
