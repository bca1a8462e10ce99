// SPDX-License-Identifier: GPL-2.0-only

//! Work items that go to queues of threads as well as to queues of softirqs. Any context.
//!
//! lockdep follows a work item as if it were a lock that is held while the item runs, so that it can
//! tell when waiting for one would deadlock. One that runs both in threads, where softirqs may come,
//! and in softirqs looks like a deadlock to it. So whoever goes to both has two items, one for each:
//! lockdep knows them apart.

use crate::ffi::Context;
use kernel::{
    sync::Arc,
    workqueue::{
        Queue,
        RawWorkItem, //
    },
};

/// The item that runs in threads.
pub(crate) const THREAD: u64 = 0;

/// The item that runs in softirqs.
pub(crate) const SOFTIRQ: u64 = 1;

/// Queues one of the two items on a queue that runs it in `context`; `false` when it is queued already.
#[inline]
pub(crate) fn enqueue<T>(queue: &Queue, context: Context, owner: Arc<T>) -> bool
where
    Arc<T>: RawWorkItem<THREAD, EnqueueOutput = Result<(), Arc<T>>>
        + RawWorkItem<SOFTIRQ, EnqueueOutput = Result<(), Arc<T>>>
        + Send
        + 'static,
{
    match context {
        Context::Softirq => queue.enqueue::<_, SOFTIRQ>(owner).is_ok(),
        Context::Hardirq | Context::Task => queue.enqueue::<_, THREAD>(owner).is_ok(),
    }
}

/// Makes `$owner`, which has both items, call `$run` when either runs, and gives it `flush_works`,
/// which waits until both have run as often as they were queued: process context, and nobody queues
/// them meanwhile.
macro_rules! impl_works {
    ($owner:ty { thread: $thread:ident, softirq: $softirq:ident, run: $run:expr }) => {
        kernel::impl_has_work! {
            impl HasWork<Self, 0> for $owner { self.$thread }
            impl HasWork<Self, 1> for $owner { self.$softirq }
        }

        impl kernel::workqueue::WorkItem<{ $crate::work::THREAD }> for $owner {
            type Pointer = kernel::sync::Arc<Self>;

            fn run(this: kernel::sync::Arc<Self>) {
                $run(&this);
            }
        }

        impl kernel::workqueue::WorkItem<{ $crate::work::SOFTIRQ }> for $owner {
            type Pointer = kernel::sync::Arc<Self>;

            fn run(this: kernel::sync::Arc<Self>) {
                $run(&this);
            }
        }

        impl $owner {
            fn flush_works(&self) {
                use kernel::workqueue::Work;
                // SAFETY: The pointers are to live, initialized work items.
                unsafe {
                    kernel::bindings::flush_work(Work::raw_get(&raw const self.$thread));
                    kernel::bindings::flush_work(Work::raw_get(&raw const self.$softirq));
                }
            }
        }
    };
}
pub(crate) use impl_works;
