// SPDX-License-Identifier: GPL-2.0-only

//! The flavors: all ways to defer work from the top half to the bottom half. Process context,
//! except for [`Deferral::schedule`].

#[cfg(CONFIG_IRQ_POLL)]
use crate::kext::irq_poll::IrqPoll;
#[cfg(CONFIG_NET)]
use crate::kext::napi::{
    self,
    Napi, //
};
use crate::{
    driver::{
        Asked,
        Defer,
        Runner,
        Setup, //
    },
    kext::{
        context::Context,
        errno::eopnotsupp,
        kthread_worker::KthreadWorker,
        tasklet::Tasklet,
        workqueue::{
            Builder,
            Work, //
        }, //
    },
    logic::knobs::Flavor,
};
use kernel::prelude::*;

/// The context in which a flavor runs the bottom half, given the context of the top half. On
/// PREEMPT_RT softirqs run in threads, but the kernel still reports them as softirqs. NAPI's thread
/// only disables softirqs, so it counts as a task.
pub(crate) fn context(flavor: Flavor, top_half: Context) -> Context {
    match flavor {
        Flavor::None => top_half,
        Flavor::Bh | Flavor::BhHighpri | Flavor::Tasklet | Flavor::IrqPoll | Flavor::Napi => {
            Context::Softirq
        }
        Flavor::Bound
        | Flavor::Unbound
        | Flavor::Ordered
        | Flavor::Highpri
        | Flavor::UnboundHighpri
        | Flavor::CpuIntensive
        | Flavor::IrqThread
        | Flavor::KthreadWorker
        | Flavor::NapiThreaded => Context::Task,
    }
}

/// Whether this kernel supports a flavor.
pub(crate) fn is_available(flavor: Flavor) -> bool {
    match flavor {
        Flavor::IrqPoll => cfg!(CONFIG_IRQ_POLL),
        Flavor::Napi | Flavor::NapiThreaded => cfg!(CONFIG_NET),
        _ => true,
    }
}

/// The workqueue of a flavor; `None` when the flavor is not a workqueue.
pub(super) fn queue(flavor: Flavor) -> Option<Builder> {
    Some(match flavor {
        Flavor::Bound => Builder::percpu().sysfs(),
        Flavor::Unbound => Builder::unbound().sysfs(),
        Flavor::Bh => Builder::bh(),
        Flavor::Ordered => Builder::ordered().sysfs(),
        Flavor::Highpri => Builder::percpu().highpri().sysfs(),
        Flavor::UnboundHighpri => Builder::unbound().highpri().sysfs(),
        Flavor::BhHighpri => Builder::bh().highpri(),
        Flavor::CpuIntensive => Builder::percpu().cpu_intensive().sysfs(),
        Flavor::None
        | Flavor::IrqThread
        | Flavor::Tasklet
        | Flavor::KthreadWorker
        | Flavor::IrqPoll
        | Flavor::Napi
        | Flavor::NapiThreaded => return None,
    })
}

/// A way to defer work; dropping it waits for its end.
pub(crate) enum Deferral<S: Setup> {
    /// By a work item on a queue that belongs to the line.
    Work(Pin<KBox<Work<Runner<S>>>>),
    /// By a tasklet.
    Tasklet(Pin<KBox<Tasklet<Runner<S>>>>),
    /// By a kthread worker that belongs to the line.
    KthreadWorker(Pin<KBox<KthreadWorker<Runner<S>>>>),
    /// By an irq_poll.
    #[cfg(CONFIG_IRQ_POLL)]
    IrqPoll(Pin<KBox<IrqPoll<Runner<S>>>>),
    /// By NAPI.
    #[cfg(CONFIG_NET)]
    Napi(Pin<KBox<Napi<Runner<S>>>>),
    /// In the interrupt's thread.
    Thread,
    /// Not at all: the top half does all the work.
    Direct,
}

impl<S: Setup> Deferral<S> {
    /// Makes the mechanism of a flavor. It calls `runner`. A workqueue or a kthread worker is named
    /// `simrupt<line>-<flavor>`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EINTR` when the caller is killed; `EOPNOTSUPP` when this kernel lacks the
    /// mechanism.
    pub(crate) fn new(line: usize, flavor: Flavor, runner: Runner<S>) -> Result<Self> {
        let name = flavor.name();
        if let Some(queue) = queue(flavor) {
            let queue = queue.build(fmt!("simrupt{line}-{name}"))?;
            return Ok(Self::Work(Work::new(queue, runner)?));
        }
        Ok(match flavor {
            Flavor::Tasklet => Self::Tasklet(Tasklet::new(runner)?),
            Flavor::KthreadWorker => {
                Self::KthreadWorker(KthreadWorker::new(fmt!("simrupt{line}-{name}"), runner)?)
            }
            #[cfg(CONFIG_IRQ_POLL)]
            Flavor::IrqPoll => Self::IrqPoll(IrqPoll::new(runner)?),
            #[cfg(CONFIG_NET)]
            Flavor::Napi => Self::Napi(Napi::new(
                napi::Place::Softirq,
                fmt!("simrupt{line}"),
                runner,
            )?),
            #[cfg(CONFIG_NET)]
            Flavor::NapiThreaded => Self::Napi(Napi::new(
                napi::Place::Thread,
                fmt!("simrupt{line}"),
                runner,
            )?),
            Flavor::IrqThread => Self::Thread,
            Flavor::None => Self::Direct,
            _ => return Err(eopnotsupp()),
        })
    }
}

impl<S: Setup> Defer for Deferral<S> {
    #[inline]
    fn schedule(&self) -> Asked {
        let is_new = match self {
            Self::Work(work) => work.schedule(),
            Self::Tasklet(tasklet) => tasklet.schedule(),
            Self::KthreadWorker(worker) => worker.schedule(),
            #[cfg(CONFIG_IRQ_POLL)]
            Self::IrqPoll(poll) => poll.schedule(),
            #[cfg(CONFIG_NET)]
            Self::Napi(napi) => napi.schedule(),
            Self::Thread => return Asked::Thread,
            Self::Direct => return Asked::Direct,
        };
        if is_new {
            Asked::New
        } else {
            Asked::AlreadyPending
        }
    }
}
