// SPDX-License-Identifier: GPL-2.0-only

//! This module, for C. Any context.

use kernel::{
    bindings,
    prelude::*, //
};

/// The pointer to this module. Before Linux 7.3 it comes from a static that the `module!` macro
/// puts into the crate root.
pub(super) const fn this_module() -> *mut bindings::module {
    #[cfg(not(BEFORE_LINUX_7_3))]
    return kernel::module::this_module::<crate::LocalModule>().as_ptr();
    #[cfg(BEFORE_LINUX_7_3)]
    return crate::THIS_MODULE.as_ptr();
}

/// The name of the module, and of everything that is registered for it.
pub(crate) const NAME: &CStr = <crate::LocalModule as kernel::ModuleMetadata>::NAME;

/// The number of references to the module. The kernel itself holds one while the module is loaded.
pub(super) fn references() -> c_int {
    // SAFETY: It is this module, which exists while its code runs.
    unsafe { bindings::module_refcount(this_module()) }
}

/// An initializer that does the same as `init`, and passes the result to `note` before it returns
/// it.
///
/// The driver core does not return the result of a probe to the code that registers the device.
pub(crate) fn recording_result<T>(
    init: impl PinInit<T, Error>,
    note: impl FnOnce(Result),
) -> impl PinInit<T, Error> {
    let noting = move |place: *mut T| {
        // SAFETY: As the caller of this initializer promises.
        #[cfg(not(BEFORE_LINUX_7_3))]
        let result = unsafe { init.__init(place) };
        #[cfg(BEFORE_LINUX_7_3)]
        // SAFETY: As above; before Linux 7.3 it had another name.
        let result = unsafe { init.__pinned_init(place) };
        note(result);
        result
    };
    // SAFETY: `noting` initializes the place exactly as `init` does, and returns its result.
    unsafe { pin_init::pin_init_from_closure(noting) }
}

/// A `.modinfo` string: `tag=value` with a NUL at its end. The length must be that of `text`.
pub(crate) const fn modinfo<const LEN: usize>(text: &str) -> [u8; LEN] {
    match text.as_bytes().first_chunk() {
        Some(bytes) => *bytes,
        None => panic!("the length is the text's own"),
    }
}
