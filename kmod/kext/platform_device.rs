// SPDX-License-Identifier: GPL-2.0-only

//! Platform devices, registered as if firmware described them: with an interrupt as a resource and
//! a number as a property. The driver core finds the driver. Process context.

use kernel::{
    bindings,
    error::from_err_ptr,
    prelude::*, //
};

/// A registered platform device.
///
/// # Invariants
///
/// The pointer is to a registered platform device.
pub(crate) struct PlatformDevice(*mut bindings::platform_device);

// SAFETY: The pointer is only used to unregister the device, which any thread may do.
unsafe impl Send for PlatformDevice {}
// SAFETY: No method takes `&self`.
unsafe impl Sync for PlatformDevice {}

impl PlatformDevice {
    /// Registers `<name>.<id>` with interrupt `virq`, and with `id` as the property `property`. Its
    /// driver probes before this returns.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(name: &CStr, id: u32, virq: u32, property: &'static CStr) -> Result<Self> {
        let interrupt = bindings::resource {
            start: virq.into(),
            end: virq.into(),
            flags: bindings::IORESOURCE_IRQ as usize,
            ..pin_init::zeroed()
        };
        // Two entries: the property, and the empty one that ends the list.
        let properties = [
            bindings::property_entry {
                name: property.as_char_ptr(),
                length: size_of::<u32>(),
                is_inline: true,
                type_: bindings::dev_prop_type_DEV_PROP_U32,
                __bindgen_anon_1: bindings::property_entry__bindgen_ty_1 {
                    value: bindings::property_entry__bindgen_ty_1__bindgen_ty_1 {
                        u32_data: [id, 0],
                    },
                },
            },
            pin_init::zeroed(),
        ];
        let info = bindings::platform_device_info {
            name: name.as_char_ptr(),
            id: id.try_into()?,
            res: &interrupt,
            num_res: 1,
            properties: properties.as_ptr(),
            ..pin_init::zeroed()
        };
        // SAFETY: `info` and everything that it points to are complete, and are copied during the
        // call.
        let device = from_err_ptr(unsafe { bindings::platform_device_register_full(&info) });
        // The driver core returns EINVAL when there is no memory for the name.
        let device = device.map_err(|error| if error == EINVAL { ENOMEM } else { error })?;
        // INVARIANT: Just registered.
        Ok(Self(device))
    }
}

impl Drop for PlatformDevice {
    fn drop(&mut self) {
        // SAFETY: By the type invariant, and nothing else unregisters it.
        unsafe { bindings::platform_device_unregister(self.0) };
    }
}
