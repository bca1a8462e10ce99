// SPDX-License-Identifier: GPL-2.0-only

//! An interrupt controller in software: an irq domain with edge- or level-triggered interrupts, and
//! a chip without registers.
//!
//! Raising a line runs its handlers in hardirq, on the caller's CPU or on the CPU that the line's
//! affinity names. genirq's redirection does the latter (`irq_chip_redirect_set_affinity`), so
//! /proc/irq/N/smp_affinity works as for real hardware. Edges that arrive while the handler runs,
//! or while the line is masked, are kept as one pending interrupt, like real edges. A
//! level-triggered line stays up until the driver acknowledges it ([`IrqLine::acknowledge`]).
//! genirq masks it while the handler runs; if it is up when it is unmasked, it interrupts again.
//!
//! Two lines may share an interrupt ([`IrqLine::pair`]). The wire is up while at least one of them
//! is. Each raise of a line is a separate pulse on the wire, so one line never hides an edge of the
//! other: after an edge that arrives while the handlers run, all handlers run once more.
//!
//! Hardware delivers every interrupt in hardirq. Software needs help for that: see [`Bounce`].

use super::{
    context::{
        context,
        Context, //
    },
    irq_work::{
        InHardirq,
        IrqWork, //
    },
    module,
    shim,
    CTable, //
};
use core::ptr::NonNull;
use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*,
    str::as_char_ptr_in_const_context,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Full,
            Relaxed,
            Release, //
        },
        Arc, //
    }, //
};

/// The trigger type of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// The line interrupts when it goes up.
    Edge,
    /// The line interrupts while it is up.
    Level,
}

/// The affinity of an interrupt: user space, the driver or the kernel chooses its CPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Affinity {
    /// User space chooses, by /proc/irq/N/smp_affinity.
    Free,
    /// The driver chooses. The kernel refuses writes of user space to smp_affinity
    /// (`IRQ_NO_BALANCING`). An interrupt is delivered on the CPU where the line is raised.
    Fixed,
    /// The kernel chooses: a managed interrupt, as for a device with several queues. Its part of
    /// the CPUs never changes. While all of them are offline, the kernel shuts the interrupt down.
    Managed {
        /// The number of this interrupt among the managed ones that share the CPUs, from 0.
        rank: usize,
        /// The number of managed interrupts that share the CPUs.
        count: usize,
    },
}

/// Observes the interrupts of a line. In hardirq, with interrupts off.
pub(crate) trait Observer: Send + Sync + 'static {
    /// Handles an interrupt that arrived on this CPU. It must call `handle`.
    fn deliver(&self, handle: impl FnOnce());
}

/// Observes nothing.
impl Observer for () {
    #[inline(always)]
    fn deliver(&self, handle: impl FnOnce()) {
        handle();
    }
}

/// The chip has no registers: genirq itself keeps the masked and pending states. But the flow
/// handlers call `irq_ack` without a check for null.
static CHIP: CTable<bindings::irq_chip> = CTable::new(bindings::irq_chip {
    name: as_char_ptr_in_const_context(module::NAME),
    irq_startup: Some(start_up),
    irq_shutdown: Some(shut_down),
    irq_ack: Some(nothing),
    irq_mask: Some(nothing),
    irq_unmask: Some(unmask),
    irq_set_type: Some(set_type),
    irq_retrigger: Some(retrigger),
    irq_set_affinity: Some(bindings::irq_chip_redirect_set_affinity),
    ..pin_init::zeroed()
});

/// The chip of an interrupt that two lines share. It is separate, so that an interrupt of one line
/// does not check for a second line.
static SHARED_CHIP: CTable<bindings::irq_chip> = CTable::new(bindings::irq_chip {
    name: as_char_ptr_in_const_context(module::NAME),
    irq_startup: Some(start_up),
    irq_shutdown: Some(shut_down),
    irq_ack: Some(nothing),
    irq_mask: Some(nothing),
    irq_unmask: Some(unmask_shared),
    irq_set_type: Some(set_type),
    irq_retrigger: Some(retrigger),
    irq_set_affinity: Some(bindings::irq_chip_redirect_set_affinity),
    ..pin_init::zeroed()
});

static DOMAIN_OPS: CTable<bindings::irq_domain_ops> = CTable::new(bindings::irq_domain_ops {
    map: Some(map),
    ..pin_init::zeroed()
});

extern "C" fn nothing(_data: *mut bindings::irq_data) {}

/// The names of the flows, for /proc/interrupts.
const EDGE: &CStr = c"edge";
const LEVEL: &CStr = c"level";

/// Sets up a new interrupt of the domain.
///
/// # Safety
///
/// Called by genirq with the interrupt that it maps.
unsafe extern "C" fn map(
    _domain: *mut bindings::irq_domain,
    virq: c_uint,
    _hwirq: bindings::irq_hw_number_t,
) -> c_int {
    // SAFETY: The interrupt exists and is not in use yet. The chip lives as long as the module,
    // which disposes of all its mappings before it is unloaded.
    unsafe {
        bindings::irq_set_chip_and_handler_name(
            virq,
            CHIP.as_ptr(),
            Some(flow),
            EDGE.as_char_ptr(),
        );
        // Drivers may request it, but not probe for it.
        bindings::irq_modify_status(
            virq,
            bindings::IRQ_NOREQUEST as usize,
            bindings::IRQ_NOPROBE as usize,
        );
    }
    0
}

/// The interrupt controller.
///
/// # Invariants
///
/// `domain` is a live domain, and `fwnode` is the node with which it was made.
pub(crate) struct IrqDomain {
    domain: *mut bindings::irq_domain,
    fwnode: *mut bindings::fwnode_handle,
}

// SAFETY: genirq does its own locking, and the pointers are only passed to it.
unsafe impl Send for IrqDomain {}
// SAFETY: As above.
unsafe impl Sync for IrqDomain {}

impl IrqDomain {
    /// A controller with `lines` interrupts, with the name of the module.
    pub(crate) fn new(lines: usize) -> Result<Arc<Self>> {
        let size = u32::try_from(lines)?;
        // SAFETY: The name is a C string, and is copied.
        let fwnode = unsafe {
            bindings::__irq_domain_alloc_fwnode(
                bindings::IRQCHIP_FWNODE_NAMED,
                0,
                module::NAME.as_char_ptr(),
                core::ptr::null_mut(),
                core::ptr::null_mut(),
            )
        };
        if fwnode.is_null() {
            return Err(ENOMEM);
        }
        let info = bindings::irq_domain_info {
            fwnode,
            size,
            hwirq_max: lines,
            ops: DOMAIN_OPS.as_ptr(),
            ..pin_init::zeroed()
        };
        // SAFETY: `info` is complete, and is only read during the call. Everything that it points
        // to outlives the domain.
        match from_err_ptr(unsafe { bindings::irq_domain_instantiate(&info) }) {
            // INVARIANT: The domain was just made, with this node.
            Ok(domain) => Ok(Arc::new(Self { domain, fwnode }, GFP_KERNEL)?),
            Err(error) => {
                // SAFETY: The node was allocated above and no domain uses it.
                unsafe { bindings::irq_domain_free_fwnode(fwnode) };
                Err(error)
            }
        }
    }
}

impl Drop for IrqDomain {
    fn drop(&mut self) {
        // SAFETY: By the type invariant. Every `IrqLine` holds a reference to the domain, so no
        // mapping is left.
        unsafe {
            bindings::irq_domain_remove(self.domain);
            bindings::irq_domain_free_fwnode(self.fwnode);
        }
    }
}

/// The functions that depend on the type of the observer, which the chip does not know.
#[derive(Clone, Copy)]
struct Calls {
    /// Handles the interrupt of a descriptor, in hardirq.
    handle: unsafe fn(*const c_void, *mut bindings::irq_desc),
    /// Queues an irq_work on this CPU that delivers the interrupt.
    bounce: unsafe fn(*const c_void),
}

/// The data of a line, for the chip. An interrupt that two lines share has the data of the first
/// line.
///
/// # Invariants
///
/// `other` is null, or points to the data of the second line, which lives as long as this.
#[repr(C)]
struct ChipData {
    calls: Calls,
    other: *const ChipData,
    /// Whether the type is [`Trigger::Level`]. Changes under the descriptor's lock, and is read
    /// without it.
    is_level: Atomic<bool>,
    /// Whether the line is up: the status that the driver acknowledges.
    is_up: Atomic<bool>,
    /// Whether the interrupt is not requested, or is a managed one whose CPUs are offline. Changes
    /// like `is_level`.
    is_shut_down: Atomic<bool>,
}

// SAFETY: `other` is only read, and is used only as a shared reference to atomics.
unsafe impl Send for ChipData {}
// SAFETY: As above.
unsafe impl Sync for ChipData {}

impl ChipData {
    /// The data of the second line.
    fn other(&self) -> Option<&Self> {
        // SAFETY: By the type invariant.
        unsafe { self.other.as_ref() }
    }

    /// Whether a line of the interrupt is up.
    fn is_wire_up(&self) -> bool {
        self.is_up.load(Relaxed) || self.other().is_some_and(|other| other.is_up.load(Relaxed))
    }

    /// Notes for all lines of the interrupt whether it is shut down.
    fn set_shut_down(&self, is_shut_down: bool) {
        self.is_shut_down.store(is_shut_down, Relaxed);
        if let Some(other) = self.other() {
            other.is_shut_down.store(is_shut_down, Relaxed);
        }
    }

    /// Notes for all lines of the interrupt its trigger type.
    fn set_level(&self, is_level: bool) {
        self.is_level.store(is_level, Relaxed);
        if let Some(other) = self.other() {
            other.is_level.store(is_level, Relaxed);
        }
    }
}

/// Delivers an interrupt in hardirq where the kernel would deliver it in another context.
///
/// There are two such places. First, a redirected interrupt is sent as a cross-CPU call. A CPU that
/// is about to go idle is not interrupted for such a call. It checks for calls itself, and would
/// run the handler in the idle task. Second, an interrupt that was pending while the line was
/// masked is resent from a tasklet, in softirq. In both places an irq_work is queued on the CPU
/// instead, which is a real interrupt, and delivery starts over from there.
#[repr(C)]
struct Bounce<O: Observer> {
    // The first field: the chip has a pointer to it.
    chip_data: ChipData,
    domain: Arc<IrqDomain>,
    hwirq: bindings::irq_hw_number_t,
    observer: O,
}

impl<O: Observer> Bounce<O> {
    /// The bounce of a line with interrupt `hwirq` of the domain. With `other`, two lines share the
    /// interrupt, and `other` is the second line.
    fn new(
        domain: Arc<IrqDomain>,
        hwirq: bindings::irq_hw_number_t,
        observer: O,
        other: Option<&Self>,
    ) -> Result<Pin<KBox<IrqWork<Self>>>> {
        IrqWork::new(Self {
            chip_data: ChipData {
                calls: Calls {
                    handle: match other {
                        None => Self::handle,
                        Some(_) => Self::handle_shared,
                    },
                    bounce: Self::bounce,
                },
                // INVARIANT: `Wire` keeps both bounces.
                other: other.map_or(core::ptr::null(), |other| core::ptr::from_ref(other).cast()),
                is_level: Atomic::new(false),
                is_up: Atomic::new(false),
                // The kernel does not shut down a managed interrupt that was never started, so it
                // starts as shut down here.
                is_shut_down: Atomic::new(true),
            },
            domain,
            hwirq,
            observer,
        })
    }

    /// # Safety
    ///
    /// `this` is the chip data of an interrupt of the domain, and `desc` its descriptor. Called in
    /// hardirq, with interrupts off.
    unsafe fn handle(this: *const c_void, desc: *mut bindings::irq_desc) {
        // SAFETY: As the caller promises.
        let this = unsafe { &*this.cast::<Self>() };
        this.observer.deliver(|| {
            // SAFETY: As the caller promises.
            unsafe {
                if !this.chip_data.is_level.load(Relaxed) {
                    bindings::handle_edge_irq(desc);
                } else if this.chip_data.is_up.load(Relaxed) {
                    // Not if it was acknowledged since this interrupt was sent.
                    bindings::handle_level_irq(desc);
                }
            }
        });
    }

    /// Handles an interrupt that two lines share. It is charged to the first line, unless only the
    /// second one is up.
    ///
    /// # Safety
    ///
    /// As [`Self::handle`]; two lines share the interrupt.
    unsafe fn handle_shared(this: *const c_void, desc: *mut bindings::irq_desc) {
        // SAFETY: As the caller promises. Both lines have observers of one type, and a bounce
        // begins with its chip data.
        let (this, other) = unsafe {
            let this = &*this.cast::<Self>();
            (this, &*this.chip_data.other.cast::<Self>())
        };
        let flow = || {
            // SAFETY: As the caller promises.
            unsafe {
                if !this.chip_data.is_level.load(Relaxed) {
                    bindings::handle_edge_irq(desc);
                } else if this.chip_data.is_wire_up() {
                    // As above.
                    bindings::handle_level_irq(desc);
                }
            }
        };
        // The interrupt arrives here for both lines. The outer observer charges it.
        if !this.chip_data.is_up.load(Relaxed) && other.chip_data.is_up.load(Relaxed) {
            other.observer.deliver(|| this.observer.deliver(flow));
        } else {
            this.observer.deliver(|| other.observer.deliver(flow));
        }
    }

    /// # Safety
    ///
    /// `this` is the chip data of an interrupt of the domain.
    unsafe fn bounce(this: *const c_void) {
        // SAFETY: As the caller promises. The bounce is the callee of an `IrqWork`, which `Wire`
        // keeps.
        unsafe { IrqWork::<Self>::of_callee(this.cast()) }.queue();
    }
}

impl<O: Observer> InHardirq for Bounce<O> {
    /// Runs the line's handlers, on this CPU or on the CPU that its affinity names.
    fn run(&self) {
        let domain = self.domain.domain;
        if self.chip_data.is_shut_down.load(Relaxed) {
            // Redirection would choose a CPU that is offline. Without it, the flow handler keeps
            // the interrupt pending. If the interrupt is started at this moment, its handler runs
            // once, on this CPU.
            // SAFETY: The domain is live.
            unsafe { bindings::generic_handle_domain_irq(domain, self.hwirq) };
            return;
        }
        // SAFETY: As above. An interrupt without a handler stays pending.
        unsafe { bindings::generic_handle_demux_domain_irq(domain, self.hwirq) };
    }
}

/// The flow of an interrupt, in hardirq.
///
/// # Safety
///
/// Called by genirq with an interrupt of the domain, with interrupts off.
unsafe extern "C" fn flow(desc: *mut bindings::irq_desc) {
    // SAFETY: As the caller promises. `Wire::new` has put the chip data there, and `Wire` keeps it
    // until the interrupt is unmapped.
    unsafe {
        let data = (*desc).irq_data.chip_data.cast_const();
        let calls = (*data.cast::<ChipData>()).calls;
        match context() {
            Context::Hardirq => (calls.handle)(data, desc),
            Context::Softirq | Context::Task => (calls.bounce)(data),
        }
    }
}

/// Resends a pending interrupt. Returns 1 to tell genirq so.
///
/// # Safety
///
/// Called by genirq with an interrupt of the domain, with interrupts off.
unsafe extern "C" fn retrigger(data: *mut bindings::irq_data) -> c_int {
    // SAFETY: As in `flow`.
    unsafe {
        let data = (*data).chip_data.cast_const();
        ((*data.cast::<ChipData>()).calls.bounce)(data);
    }
    1
}

/// The chip data of an interrupt of the domain.
///
/// # Safety
///
/// As [`unmask`].
unsafe fn chip_data<'a>(data: *mut bindings::irq_data) -> &'a ChipData {
    // SAFETY: As in `flow`.
    unsafe { &*(*data).chip_data.cast_const().cast() }
}

/// Enables an interrupt again. If it is level-triggered and its line is up, it interrupts again.
///
/// # Safety
///
/// Called by genirq with an interrupt of the domain, with interrupts off and the descriptor locked.
unsafe extern "C" fn unmask(data: *mut bindings::irq_data) {
    // SAFETY: As in `flow`.
    unsafe {
        let data = (*data).chip_data.cast_const();
        let chip_data = &*data.cast::<ChipData>();
        if chip_data.is_level.load(Relaxed) && chip_data.is_up.load(Relaxed) {
            (chip_data.calls.bounce)(data);
        }
    }
}

/// As [`unmask`], for an interrupt that two lines share.
///
/// # Safety
///
/// As [`unmask`].
unsafe extern "C" fn unmask_shared(data: *mut bindings::irq_data) {
    // SAFETY: As in `flow`.
    unsafe {
        let data = (*data).chip_data.cast_const();
        let chip_data = &*data.cast::<ChipData>();
        if chip_data.is_level.load(Relaxed) && chip_data.is_wire_up() {
            (chip_data.calls.bounce)(data);
        }
    }
}

/// Starts an interrupt that was requested, or a managed one of which a CPU is online again.
///
/// # Safety
///
/// As [`unmask`].
unsafe extern "C" fn start_up(data: *mut bindings::irq_data) -> c_uint {
    // SAFETY: As in `flow`.
    unsafe {
        chip_data(data).set_shut_down(false);
        unmask_shared(data);
    }
    0
}

/// Shuts down an interrupt that is freed, or a managed one whose last CPU goes offline.
///
/// # Safety
///
/// As [`unmask`].
unsafe extern "C" fn shut_down(data: *mut bindings::irq_data) {
    // SAFETY: As in `flow`.
    unsafe { chip_data(data) }.set_shut_down(true);
}

/// Changes the trigger type of an interrupt.
///
/// # Safety
///
/// As [`unmask`].
unsafe extern "C" fn set_type(data: *mut bindings::irq_data, flow_type: c_uint) -> c_int {
    let is_level = match flow_type {
        bindings::IRQ_TYPE_EDGE_RISING => false,
        bindings::IRQ_TYPE_LEVEL_HIGH => true,
        _ => return EINVAL.to_errno(),
    };
    // SAFETY: As in `flow`; the data that genirq passes is part of a descriptor.
    unsafe {
        chip_data(data).set_level(is_level);
        let desc = kernel::container_of!(data, bindings::irq_desc, irq_data);
        (*desc).name = if is_level { LEVEL } else { EDGE }.as_char_ptr();
    }
    0
}

/// An interrupt of the controller, with the one or two lines that raise it. The fields are dropped
/// after [`Drop::drop`].
///
/// # Invariants
///
/// The `hwirq` of the bounces is mapped to the Linux interrupt `virq`. The chip data of the
/// interrupt is that of the first bounce, which points to that of the second, if there is one.
struct Wire<O: Observer> {
    virq: u32,
    first: Pin<KBox<IrqWork<Bounce<O>>>>,
    /// Kept for its line, and for the first bounce.
    _second: Option<Pin<KBox<IrqWork<Bounce<O>>>>>,
}

impl<O: Observer> Wire<O> {
    /// Maps the interrupt of one line or two.
    fn new(
        affinity: Affinity,
        first: Pin<KBox<IrqWork<Bounce<O>>>>,
        second: Option<Pin<KBox<IrqWork<Bounce<O>>>>>,
    ) -> Result<Arc<Self>> {
        let (domain, hwirq) = (first.domain.domain, first.hwirq);
        let virq = match affinity {
            // SAFETY: The domain is live; a null pointer requests no affinity.
            Affinity::Free | Affinity::Fixed => unsafe {
                bindings::irq_create_mapping_affinity(domain, hwirq, core::ptr::null())
            },
            Affinity::Managed { rank, count } => {
                let (rank, count) = (rank.try_into()?, count.try_into()?);
                // SAFETY: The domain is live.
                unsafe { shim::simrupt_irq_map_managed(domain, hwirq, rank, count) }
            }
        };
        if virq == 0 {
            return Err(ENOMEM);
        }
        let chip_data = core::ptr::from_ref::<Bounce<O>>(&first).cast_mut().cast();
        let is_shared = second.is_some();
        // SAFETY: The interrupt was just mapped and is not in use yet; the bounce is pinned. The
        // chip lives as long as the module.
        unsafe {
            if is_shared {
                bindings::irq_set_chip_and_handler_name(
                    virq,
                    SHARED_CHIP.as_ptr(),
                    Some(flow),
                    EDGE.as_char_ptr(),
                );
            }
            bindings::irq_set_chip_data(virq, chip_data);
        }
        // INVARIANT: Just mapped, with the first bounce as its data.
        let wire = Self {
            virq,
            first,
            _second: second,
        };
        if affinity == Affinity::Fixed {
            // SAFETY: The interrupt is ours.
            to_result(unsafe { shim::simrupt_irq_fix_affinity(virq) })?;
        }
        Ok(Arc::new(wire, GFP_KERNEL)?)
    }
}

impl<O: Observer> Drop for Wire<O> {
    fn drop(&mut self) {
        // SAFETY: The mapping is ours. The platform devices of its lines are gone, so no driver
        // uses it.
        unsafe { bindings::irq_dispose_mapping(self.virq) };
    }
}

/// One interrupt line of the controller.
///
/// # Invariants
///
/// `bounce` is one of the bounces of `wire`.
pub(crate) struct IrqLine<O: Observer> {
    bounce: NonNull<IrqWork<Bounce<O>>>,
    wire: Arc<Wire<O>>,
}

// SAFETY: The bounce is a part of the wire. Any thread may use it, and it is only shared by
// reference.
unsafe impl<O: Observer> Send for IrqLine<O> {}
// SAFETY: As above.
unsafe impl<O: Observer> Sync for IrqLine<O> {}

impl<O: Observer> IrqLine<O> {
    /// Maps line number `index`, with an interrupt that it does not share.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and the errors of irq_set_affinity().
    pub(crate) fn new(
        domain: Arc<IrqDomain>,
        index: usize,
        affinity: Affinity,
        observer: O,
    ) -> Result<Self> {
        let hwirq = bindings::irq_hw_number_t::try_from(index)?;
        let bounce = Bounce::new(domain, hwirq, observer, None)?;
        let wire = Wire::new(affinity, bounce, None)?;
        Ok(Self {
            // INVARIANT: The bounce is the wire's.
            bounce: NonNull::from(&*wire.first),
            wire,
        })
    }

    /// Maps line number `index` and the next one. Both share the interrupt of the first.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    #[allow(dead_code, reason = "the template has one line")]
    pub(crate) fn pair(
        domain: Arc<IrqDomain>,
        index: usize,
        affinity: Affinity,
        [first, second]: [O; 2],
    ) -> Result<[Self; 2]> {
        let hwirq = bindings::irq_hw_number_t::try_from(index)?;
        let second = Bounce::new(domain.clone(), hwirq, second, None)?;
        let first = Bounce::new(domain, hwirq, first, Some(&**second))?;
        // INVARIANT: The bounces are the wire's.
        let bounces = [NonNull::from(&*first), NonNull::from(&*second)];
        let wire = Wire::new(affinity, first, Some(second))?;
        Ok(bounces.map(|bounce| Self {
            bounce,
            wire: wire.clone(),
        }))
    }

    #[inline(always)]
    fn bounce(&self) -> &IrqWork<Bounce<O>> {
        // SAFETY: By the type invariant it lives as long as the wire.
        unsafe { self.bounce.as_ref() }
    }

    /// The Linux interrupt number.
    pub(crate) fn virq(&self) -> u32 {
        self.wire.virq
    }

    /// Raises the line: runs its handlers, on this CPU or on the CPU that its affinity names.
    ///
    /// Only from hardirq.
    #[inline]
    pub(crate) fn raise(&self) {
        let bounce = self.bounce();
        bounce.chip_data.is_up.store(true, Release);
        bounce.run();
    }

    /// Lowers the line: the driver's acknowledge register. Tells whether it was up. Any context.
    ///
    /// The caller then sees everything that the device had announced before it raised the line. A
    /// later raise raises the line again.
    #[inline]
    pub(crate) fn acknowledge(&self) -> bool {
        // A full barrier instead of a store: it must be complete before the driver reads events.
        self.bounce().chip_data.is_up.xchg(false, Full)
    }

    /// Whether the line is up: the driver's status register. Any context.
    #[inline]
    pub(crate) fn is_up(&self) -> bool {
        self.bounce().chip_data.is_up.load(Acquire)
    }

    /// Changes the trigger type of the line, and of the line that shares its interrupt. Initially
    /// it is [`Trigger::Edge`]. There must be no handler, or it must be held off. Process context.
    ///
    /// # Errors
    ///
    /// The errors of irq_set_irq_type().
    pub(crate) fn set_trigger(&self, trigger: Trigger) -> Result {
        let flow_type = match trigger {
            Trigger::Edge => bindings::IRQ_TYPE_EDGE_RISING,
            Trigger::Level => bindings::IRQ_TYPE_LEVEL_HIGH,
        };
        // SAFETY: The interrupt is ours.
        to_result(unsafe { bindings::irq_set_irq_type(self.virq(), flow_type) })
    }

    /// The trigger type of the line.
    pub(crate) fn trigger(&self) -> Trigger {
        match self.bounce().chip_data.is_level.load(Relaxed) {
            false => Trigger::Edge,
            true => Trigger::Level,
        }
    }
}

#[kernel::macros::kunit_tests(simrupt_irq_domain)]
mod tests {
    use super::*;
    use kernel::sync::atomic::{
        Atomic,
        Relaxed, //
    };

    /// Counts of a handler.
    struct Calls {
        all: Atomic<u32>,
        in_hardirq: Atomic<u32>,
    }

    /// # Safety
    ///
    /// Called by genirq with the `Calls` that [`Handled::new`] has passed.
    unsafe extern "C" fn handle(_: c_int, calls: *mut c_void) -> bindings::irqreturn_t {
        // SAFETY: As the caller promises; the calls outlive the handler.
        let calls = unsafe { &*calls.cast::<Calls>() };
        calls.all.add(1, Relaxed);
        if context() == Context::Hardirq {
            calls.in_hardirq.add(1, Relaxed);
        }
        crate::kext::irq::IRQ_HANDLED
    }

    /// Raises a line, from hardirq.
    struct Raiser(IrqLine<()>);

    impl InHardirq for Raiser {
        fn run(&self) {
            self.0.raise();
        }
    }

    /// A line with a handler. The fields are dropped in order, after [`Drop::drop`].
    struct Handled {
        raiser: Pin<KBox<IrqWork<Raiser>>>,
        calls: KBox<Calls>,
    }

    impl Handled {
        fn new() -> Result<Self> {
            let line = IrqLine::new(IrqDomain::new(1)?, 0, Affinity::Free, ())?;
            let virq = line.virq();
            let raiser = IrqWork::new(Raiser(line))?;
            let calls = KBox::new(
                Calls {
                    all: Atomic::new(0),
                    in_hardirq: Atomic::new(0),
                },
                GFP_KERNEL,
            )?;
            // SAFETY: The interrupt is ours; `drop` frees the handler before the data that it uses.
            kernel::error::to_result(unsafe {
                bindings::request_threaded_irq(
                    virq,
                    Some(handle),
                    None,
                    0,
                    c"simrupt-kunit".as_char_ptr(),
                    core::ptr::from_ref(&*calls).cast_mut().cast(),
                )
            })?;
            Ok(Self { raiser, calls })
        }

        fn virq(&self) -> u32 {
            self.raiser.0.virq()
        }

        fn raise(&self) {
            self.raiser.queue();
            self.raiser.wait();
        }

        /// The number of calls of the handler so far, and the number of those in hardirq.
        fn calls(&self) -> (u32, u32) {
            self.raiser.0.bounce().wait();
            // SAFETY: The interrupt is ours.
            unsafe { bindings::synchronize_irq(self.virq()) };
            let Calls { all, in_hardirq } = &*self.calls;
            (all.load(Relaxed), in_hardirq.load(Relaxed))
        }
    }

    impl Drop for Handled {
        fn drop(&mut self) {
            let calls = core::ptr::from_ref(&*self.calls).cast_mut().cast();
            // SAFETY: The handler was requested in `new`, with these.
            unsafe { bindings::free_irq(self.virq(), calls) };
        }
    }

    #[test]
    fn lines_have_numbers_of_their_own() -> Result {
        let domain = IrqDomain::new(2)?;
        let lines = (
            IrqLine::new(domain.clone(), 0, Affinity::Free, ())?,
            IrqLine::new(domain, 1, Affinity::Free, ())?,
        );
        let (first, second) = (lines.0.virq(), lines.1.virq());
        drop(lines);
        assert!(first != 0 && second != 0 && first != second);
        Ok(())
    }

    #[test]
    fn a_raise_calls_the_handler_once_in_hardirq() -> Result {
        let handled = Handled::new()?;
        for _ in 0..100 {
            handled.raise();
        }
        assert_eq!(handled.calls(), (100, 100));
        Ok(())
    }

    #[test]
    fn raises_of_a_masked_line_are_one_call_in_hardirq_when_it_is_unmasked() -> Result {
        let handled = Handled::new()?;
        // SAFETY: The interrupt is ours; enabled again below.
        unsafe { bindings::disable_irq(handled.virq()) };
        for _ in 0..3 {
            handled.raise();
        }
        let while_masked = handled.calls();
        // SAFETY: Paired with the call above.
        unsafe { bindings::enable_irq(handled.virq()) };
        let afterwards = handled.calls();
        assert_eq!(while_masked, (0, 0));
        assert_eq!(afterwards, (1, 1));
        Ok(())
    }

    #[test]
    fn two_lines_share_an_interrupt_and_each_tells_whether_it_is_up() -> Result {
        let [first, second] = IrqLine::pair(IrqDomain::new(2)?, 0, Affinity::Free, [(), ()])?;
        let is_one = first.virq() == second.virq();
        let raiser = IrqWork::new(Raiser(second))?;
        raiser.queue();
        raiser.wait();
        let are_up = [first.is_up(), raiser.0.is_up()];
        let was_up = [first.acknowledge(), raiser.0.acknowledge()];
        let are_still_up = [first.is_up(), raiser.0.is_up()];
        // The second line still exists, and so does the interrupt.
        drop(first);
        raiser.queue();
        raiser.wait();
        assert!(is_one);
        assert_eq!(are_up, [false, true]);
        assert_eq!(was_up, [false, true]);
        assert_eq!(are_still_up, [false, false]);
        Ok(())
    }

    #[test]
    fn a_raise_that_nobody_handles_is_harmless() -> Result {
        let line = IrqLine::new(IrqDomain::new(1)?, 0, Affinity::Free, ())?;
        let raiser = IrqWork::new(Raiser(line))?;
        raiser.queue();
        Ok(())
    }
}
