// SPDX-License-Identifier: GPL-2.0-only

//! The tracepoints simrupt:*, one for each step of an event. `events.h` defines their fields. Their
//! names in C and for users begin with `simrupt_`, which is omitted here. Any context.
//!
//! While a tracepoint is off, it costs one no-op instruction. If a value must be computed for it,
//! check its `..._enabled()` first, which costs the same.

use crate::logic::ring::Span;

/// Declares, for each tracepoint defined in C, the function that Rust calls, and the one that tells
/// whether the tracepoint is on.
macro_rules! tracepoints {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?);)*) => {
        kernel::macros::paste! {
            #[cfg(CONFIG_TRACEPOINTS)]
            #[allow(improper_ctypes, reason = "where lockdep is off, one of its types may be empty")]
            extern "C" {
                $(
                    static [<__tracepoint_simrupt_ $name>]: kernel::bindings::tracepoint;
                    fn [<rust_do_trace_simrupt_ $name>]($($argument: $type),*);
                )*
            }

            $(
                /// Whether the tracepoint of this name is on.
                #[inline(always)]
                pub(crate) fn [<$name _enabled>]() -> bool {
                    #[cfg(CONFIG_TRACEPOINTS)]
                    // SAFETY: The key is that of a tracepoint, and is only read.
                    return unsafe {
                        kernel::jump_label::static_branch_unlikely!(
                            [<__tracepoint_simrupt_ $name>],
                            kernel::bindings::tracepoint,
                            key
                        )
                    };
                    #[cfg(not(CONFIG_TRACEPOINTS))]
                    false
                }
            )*

            /// The tracepoints with the argument types of C.
            mod raw {
                $(
                    #[inline(always)]
                    pub(super) fn $name($($argument: $type),*) {
                        #[cfg(CONFIG_TRACEPOINTS)]
                        if super::[<$name _enabled>]() {
                            // SAFETY: Any context may call a tracepoint. Each pointer is followed
                            // by the number of bytes that it points to.
                            unsafe { super::[<rust_do_trace_simrupt_ $name>]($($argument),*) };
                        }
                        #[cfg(not(CONFIG_TRACEPOINTS))]
                        let _ = ($($argument,)*);
                    }
                )*
            }
        }
    };
}

tracepoints! {
    fn emit(line: u32, seq: u64, due_ns: u64);
    fn irq(line: u32, seq: u64, last_seq: u64, events: u64, raises: u64, ns: u64);
    fn bh_queue(line: u32, flavor: *const u8, length: usize, queued: bool, ns: u64);
    fn bh_start(
        line: u32,
        flavor: *const u8,
        length: usize,
        context: *const u8,
        context_length: usize,
        ns: u64,
    );
    fn bh_end(line: u32, seq: u64, last_seq: u64, events: u64, ns: u64);
    fn wake(line: u32, queued: u64);
    fn read(line: u32, seq: u64, last_seq: u64, due_ns: u64, events: u64, ns: u64);
    fn drop(line: u32, seq: u64, events: u64, cause: *const u8, length: usize);
    fn knob(line: u32, name: *const u8, length: usize, value: i64);
    fn fault(line: u32, kind: *const u8, length: usize, number: u64);
}

/// The device has emitted an event.
#[inline(always)]
pub(crate) fn emit(line: usize, seq: u64, due_ns: u64) {
    raw::emit(line as u32, seq, due_ns);
}

/// The top half has acknowledged the raises and events.
#[inline(always)]
pub(crate) fn irq(line: usize, span: Span, raises: u64, ns: u64) {
    raw::irq(
        line as u32,
        span.seq,
        span.last_seq,
        span.events,
        raises,
        ns,
    );
}

/// The top half has asked for a run of the bottom half, or found one already requested.
#[inline(always)]
pub(crate) fn bh_queue(line: usize, flavor: &str, queued: bool, ns: u64) {
    raw::bh_queue(line as u32, flavor.as_ptr(), flavor.len(), queued, ns);
}

/// A run of the bottom half begins.
#[inline(always)]
pub(crate) fn bh_start(line: usize, flavor: &str, context: &str, ns: u64) {
    raw::bh_start(
        line as u32,
        flavor.as_ptr(),
        flavor.len(),
        context.as_ptr(),
        context.len(),
        ns,
    );
}

/// A run of the bottom half has ended.
#[inline(always)]
pub(crate) fn bh_end(line: usize, span: Span, ns: u64) {
    raw::bh_end(line as u32, span.seq, span.last_seq, span.events, ns);
}

/// Readers are woken.
#[inline(always)]
pub(crate) fn wake(line: usize, queued: u64) {
    raw::wake(line as u32, queued);
}

/// Records have reached a reader; the first of them was due at `due_ns`.
#[inline(always)]
pub(crate) fn read(line: usize, span: Span, due_ns: u64, ns: u64) {
    raw::read(
        line as u32,
        span.seq,
        span.last_seq,
        due_ns,
        span.events,
        ns,
    );
}

/// Events are lost, from number `seq` on.
#[inline(always)]
pub(crate) fn drop(line: usize, seq: u64, events: u64, cause: &str) {
    raw::drop(line as u32, seq, events, cause.as_ptr(), cause.len());
}

/// A knob was set.
#[inline(always)]
pub(crate) fn knob(line: usize, name: &str, value: i64) {
    raw::knob(line as u32, name.as_ptr(), name.len(), value);
}

/// A fault happens, for the `number`-th time under the rules in force.
#[inline(always)]
pub(crate) fn fault(line: usize, kind: &str, number: u64) {
    raw::fault(line as u32, kind.as_ptr(), kind.len(), number);
}
