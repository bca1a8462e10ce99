// SPDX-License-Identifier: GPL-2.0-only

//! An interrupt controller in software: a domain of interrupts, edge- or level-triggered, and a chip without
//! registers.
//!
//! Raising a line runs its handlers where the caller is, in hardirq, or, when the line's affinity says so, on
//! another CPU: genirq's redirection does that (`irq_chip_redirect_set_affinity`), so that
//! /proc/irq/N/smp_affinity works as for real hardware. Edges that arrive while the handler runs, or while
//! the line is masked, are kept as one pending interrupt, as real edges are. A level-triggered line stays up
//! until the driver acknowledges it ([`IrqLine::acknowledge`]); genirq masks it while the handler runs, and a line
//! that is up when it is unmasked interrupts again.
//!
//! Two lines may share an interrupt ([`IrqLine::pair`]). The wire is up while one of them is. Each raise of a line is a
//! pulse of its own on the wire, so an edge is never hidden by the other line: one that comes while the handlers run
//! has them run once more, all of them.
//!
//! Hardware would deliver every interrupt in hardirq. Software does not by itself: see [`Bounce`].

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

/// What makes a line interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// That it goes up.
    Edge,
    /// That it is up.
    Level,
}

/// Who chooses the CPUs of an interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Affinity {
    /// User space, by /proc/irq/N/smp_affinity.
    Free,
    /// The driver. The kernel refuses what user space writes there (`IRQ_NO_BALANCING`). The line's interrupts are for
    /// the CPUs where it is raised.
    Fixed,
    /// The kernel: a managed interrupt, as those of a device with several queues. It has its part of the CPUs for good.
    /// When the last of them goes offline, the kernel shuts the interrupt down, until one is back.
    Managed {
        /// Which of the managed interrupts that share the CPUs this is.
        rank: usize,
        /// How many there are.
        count: usize,
    },
}

/// Follows the interrupts of a line. In hardirq, with interrupts off.
pub(crate) trait Observer: Send + Sync + 'static {
    /// Handles an interrupt that arrived on this CPU: calls `handle`, once.
    fn deliver(&self, handle: impl FnOnce());
}

/// Observes nothing.
impl Observer for () {
    #[inline(always)]
    fn deliver(&self, handle: impl FnOnce()) {
        handle();
    }
}

/// The chip needs no registers: masking and acknowledging are genirq's bookkeeping. Still, the flow handlers
/// call `irq_ack` without looking whether there is one.
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

/// The same, for an interrupt that two lines share. A chip of its own, so that an interrupt of one line looks for no
/// other.
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
/// Called by genirq with the interrupt that it is mapping.
unsafe extern "C" fn map(
    _domain: *mut bindings::irq_domain,
    virq: c_uint,
    _hwirq: bindings::irq_hw_number_t,
) -> c_int {
    // SAFETY: The interrupt exists and is not in use yet; the chip lives as long as the module,
    // which disposes of all its mappings before it goes.
    unsafe {
        bindings::irq_set_chip_and_handler_name(
            virq,
            CHIP.as_ptr(),
            Some(flow),
            EDGE.as_char_ptr(),
        );
        // Requestable, but not for drivers that probe for their interrupt.
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
/// `domain` is a live domain, and `fwnode` the name node that it was made with.
pub(crate) struct IrqDomain {
    domain: *mut bindings::irq_domain,
    fwnode: *mut bindings::fwnode_handle,
}

// SAFETY: genirq does its own locking; the pointers are only handed to it.
unsafe impl Send for IrqDomain {}
// SAFETY: As above.
unsafe impl Sync for IrqDomain {}

impl IrqDomain {
    /// A controller with `lines` interrupts, named as the module.
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
        // SAFETY: `info` is complete, and only read during the call. Everything that it points to outlives the
        // domain.
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
        // SAFETY: By the type invariant; every `IrqLine` holds a reference, so no mapping is left.
        unsafe {
            bindings::irq_domain_remove(self.domain);
            bindings::irq_domain_free_fwnode(self.fwnode);
        }
    }
}

/// The functions of the chip, for an interrupt whose observer's type they do not know.
#[derive(Clone, Copy)]
struct Calls {
    /// Handles the interrupt of a description, in hardirq.
    handle: unsafe fn(*const c_void, *mut bindings::irq_desc),
    /// Interrupts this CPU for it.
    bounce: unsafe fn(*const c_void),
}

/// The data of a line, for the chip. An interrupt that two lines share has the data of the first.
///
/// # Invariants
///
/// `other` is null, or points to the data of the second line. That lives as long as this.
#[repr(C)]
struct ChipData {
    calls: Calls,
    other: *const ChipData,
    /// [`Trigger::Level`]; changes under the descriptor's lock, and is read without it.
    is_level: Atomic<bool>,
    /// The line is up: the status that the driver acknowledges.
    is_up: Atomic<bool>,
    /// Nobody has requested the interrupt, or it is a managed one whose CPUs are offline. Changes as `is_level`.
    is_shut_down: Atomic<bool>,
}

// SAFETY: `other` is only read, and what it points to is shared by reference.
unsafe impl Send for ChipData {}
// SAFETY: As above.
unsafe impl Sync for ChipData {}

impl ChipData {
    /// The data of the second line.
    fn other(&self) -> Option<&Self> {
        // SAFETY: By the type invariant.
        unsafe { self.other.as_ref() }
    }

    /// Whether a line of a shared interrupt is up.
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

    /// Notes for all lines of the interrupt what makes it interrupt.
    fn set_level(&self, is_level: bool) {
        self.is_level.store(is_level, Relaxed);
        if let Some(other) = self.other() {
            other.is_level.store(is_level, Relaxed);
        }
    }
}

/// Delivers an interrupt in hardirq where the kernel would deliver it elsewhere.
///
/// There are two such places. A redirected interrupt travels as a cross-CPU call; a CPU that is about
/// to go idle is not interrupted for that, but looks for calls itself, and would run the handler in
/// the idle task. And an interrupt that was kept pending while the line was masked is sent again
/// from a tasklet, in softirq. Instead, both queue an irq_work on the CPU where they are, which is
/// a real interrupt, and start over from there.
#[repr(C)]
struct Bounce<O: Observer> {
    // The first: the chip finds it here.
    chip_data: ChipData,
    domain: Arc<IrqDomain>,
    hwirq: bindings::irq_hw_number_t,
    observer: O,
}

impl<O: Observer> Bounce<O> {
    /// The bounce of a line that interrupts as number `hwirq` of the domain, alone or together with the line `other`, which
    /// is then the second.
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
                // INVARIANT: `Wire` keeps both.
                other: other.map_or(core::ptr::null(), |other| core::ptr::from_ref(other).cast()),
                is_level: Atomic::new(false),
                is_up: Atomic::new(false),
                // Nor does the kernel shut a managed interrupt down that was never started.
                is_shut_down: Atomic::new(true),
            },
            domain,
            hwirq,
            observer,
        })
    }

    /// # Safety
    ///
    /// `this` is the chip data of an interrupt of the domain, and `desc` its description; in hardirq, with
    /// interrupts off.
    unsafe fn handle(this: *const c_void, desc: *mut bindings::irq_desc) {
        // SAFETY: As the caller promises.
        let this = unsafe { &*this.cast::<Self>() };
        this.observer.deliver(|| {
            // SAFETY: As the caller promises.
            unsafe {
                if !this.chip_data.is_level.load(Relaxed) {
                    bindings::handle_edge_irq(desc);
                } else if this.chip_data.is_up.load(Relaxed) {
                    // It may have been acknowledged since this interrupt was sent.
                    bindings::handle_level_irq(desc);
                }
            }
        });
    }

    /// Handles an interrupt that two lines share: it is the first line's, unless only the second one is up.
    ///
    /// # Safety
    ///
    /// As [`Self::handle`]; two lines share the interrupt.
    unsafe fn handle_shared(this: *const c_void, desc: *mut bindings::irq_desc) {
        // SAFETY: As the caller promises. Both lines have observers of one type, and their data begins with that for
        // the chip.
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
        // The interrupt arrives here for both of them. The outer one of the observers is the one that charges it.
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
        // SAFETY: As the caller promises: it is the callee of an `IrqWork`, which `IrqLine` keeps.
        unsafe { IrqWork::<Self>::of_callee(this.cast()) }.queue();
    }
}

impl<O: Observer> InHardirq for Bounce<O> {
    /// Runs the line's handlers, here or on the CPU that its affinity names.
    fn run(&self) {
        let domain = self.domain.domain;
        if self.chip_data.is_shut_down.load(Relaxed) {
            // The redirection would be to a CPU that is offline. Here the flow handler keeps the interrupt pending. If
            // it is started at this very moment, its handler runs on this CPU, once.
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
    // SAFETY: As the caller promises. `IrqLine::new` has put the chip data there, and keeps it until the
    // interrupt is unmapped.
    unsafe {
        let data = (*desc).irq_data.chip_data.cast_const();
        let calls = (*data.cast::<ChipData>()).calls;
        match context() {
            Context::Hardirq => (calls.handle)(data, desc),
            Context::Softirq | Context::Task => (calls.bounce)(data),
        }
    }
}

/// Sends an interrupt again that was kept pending; tells genirq that this was done.
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

/// The data of an interrupt of ours.
///
/// # Safety
///
/// As [`unmask`].
unsafe fn chip_data<'a>(data: *mut bindings::irq_data) -> &'a ChipData {
    // SAFETY: As in `flow`.
    unsafe { &*(*data).chip_data.cast_const().cast() }
}

/// Enables an interrupt again, whose line may be up.
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

/// As [`unmask`], of an interrupt that two lines share.
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

/// Starts an interrupt that was requested, or a managed one whose CPU is back.
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

/// Shuts an interrupt down that is freed, or a managed one whose last CPU goes offline.
///
/// # Safety
///
/// As [`unmask`].
unsafe extern "C" fn shut_down(data: *mut bindings::irq_data) {
    // SAFETY: As in `flow`.
    unsafe { chip_data(data) }.set_shut_down(true);
}

/// Changes what makes a line interrupt.
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
    // SAFETY: As in `flow`; genirq hands over the data that is part of a description.
    unsafe {
        chip_data(data).set_level(is_level);
        let desc = kernel::container_of!(data, bindings::irq_desc, irq_data);
        (*desc).name = if is_level { LEVEL } else { EDGE }.as_char_ptr();
    }
    0
}

/// An interrupt of the controller, with the lines that raise it: one, or two that share it. Fields are dropped after
/// [`Drop::drop`].
///
/// # Invariants
///
/// `virq` is the Linux interrupt that the bounces' `hwirq` of their domain is mapped to. The first bounce is its chip
/// data, and has that of the second, if there is one.
struct Wire<O: Observer> {
    virq: u32,
    first: Pin<KBox<IrqWork<Bounce<O>>>>,
    /// Kept for the line, and for the first bounce.
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
            // SAFETY: The domain is live; no affinity is asked for.
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
        // SAFETY: The interrupt was just mapped and nobody uses it yet; the bounce stays where it is. The chip lives as
        // long as the module.
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
        // SAFETY: The mapping is ours, and the platform devices of its lines, hence their drivers, are gone.
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

// SAFETY: The bounce is a part of the wire, which may be used by any thread, and is shared by reference.
unsafe impl<O: Observer> Send for IrqLine<O> {}
// SAFETY: As above.
unsafe impl<O: Observer> Sync for IrqLine<O> {}

impl<O: Observer> IrqLine<O> {
    /// Maps line number `index`, which has its interrupt to itself.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and those of irq_set_affinity().
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
            // INVARIANT: It is the wire's.
            bounce: NonNull::from(&*wire.first),
            wire,
        })
    }

    /// Maps line number `index` and the one behind it, which share the interrupt of the first.
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
        // INVARIANT: They are the wire's.
        let bounces = [NonNull::from(&*first), NonNull::from(&*second)];
        let wire = Wire::new(affinity, first, Some(second))?;
        Ok(bounces.map(|bounce| Self {
            bounce,
            wire: wire.clone(),
        }))
    }

    #[inline(always)]
    fn bounce(&self) -> &IrqWork<Bounce<O>> {
        // SAFETY: By the type invariant it is there as long as the wire.
        unsafe { self.bounce.as_ref() }
    }

    /// The Linux interrupt number.
    pub(crate) fn virq(&self) -> u32 {
        self.wire.virq
    }

    /// Raises the line: runs its handlers, here or on the CPU that its affinity names.
    ///
    /// Only from hardirq.
    #[inline]
    pub(crate) fn raise(&self) {
        let bounce = self.bounce();
        bounce.chip_data.is_up.store(true, Release);
        bounce.run();
    }

    /// Takes the line down; tells whether it was up. The driver's acknowledge register. Any context.
    ///
    /// The caller then sees all that the device had announced before it raised the line. A later raise takes the line
    /// up again.
    #[inline]
    pub(crate) fn acknowledge(&self) -> bool {
        // Not a store: it must be over before the driver looks for events.
        self.bounce().chip_data.is_up.xchg(false, Full)
    }

    /// Whether the line is up. The driver's status register. Any context.
    #[inline]
    pub(crate) fn is_up(&self) -> bool {
        self.bounce().chip_data.is_up.load(Acquire)
    }

    /// Changes what makes the line interrupt, and with it the line that shares its interrupt; at first it is
    /// [`Trigger::Edge`]. Process context. The handler must be held off, or there is none.
    ///
    /// # Errors
    ///
    /// Those of irq_set_irq_type().
    pub(crate) fn set_trigger(&self, trigger: Trigger) -> Result {
        let flow_type = match trigger {
            Trigger::Edge => bindings::IRQ_TYPE_EDGE_RISING,
            Trigger::Level => bindings::IRQ_TYPE_LEVEL_HIGH,
        };
        // SAFETY: The interrupt is ours.
        to_result(unsafe { bindings::irq_set_irq_type(self.virq(), flow_type) })
    }

    /// What makes the line interrupt.
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
    /// Called by genirq with the `Calls` that [`Handled::new`] has put there.
    unsafe extern "C" fn handle(_: c_int, calls: *mut c_void) -> bindings::irqreturn_t {
        // SAFETY: As the caller promises; they outlive the handler.
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

    /// A line with a handler. Fields are dropped in order, after [`Drop::drop`].
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
            // SAFETY: The interrupt is ours; the handler is freed in `drop`, before what it uses.
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

        /// How often the handler was called until now, and how often in hardirq.
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
        // SAFETY: In a pair with the above.
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
        // The other one is still there, and so is the interrupt.
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
