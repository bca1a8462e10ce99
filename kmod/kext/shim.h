/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interfaces that the kernel offers only to C (macros, inline functions and flags), as functions
 * and constants for Rust. bindgen makes the Rust declarations of this file, and of those names in
 * the headers below that Makefile.kext lists.
 */
#ifndef SIMRUPT_SHIM_H
#define SIMRUPT_SHIM_H

#include <asm/ioctls.h>
#include <linux/dim.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/irq_poll.h>
#include <linux/irqdomain.h>
#include <linux/netdevice.h>
#include <linux/semaphore.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>

/* Bits of simrupt_context(). */
#define SIMRUPT_IN_HARDIRQ 1u
#define SIMRUPT_IN_SERVING_SOFTIRQ 2u

static const unsigned int SIMRUPT_FIONREAD = FIONREAD;
static const unsigned int SIMRUPT_IOCB_NOWAIT = IOCB_NOWAIT;

/* The context of the caller, in the bits above. Any context. */
unsigned int simrupt_context(void);

/* tasklet_schedule(), but returns false when the tasklet was already scheduled. Any context. */
bool simrupt_tasklet_schedule(struct tasklet_struct *tasklet);

/* preempt_disable() and preempt_enable(), in pairs. Any context. */
void simrupt_preempt_disable(void);
void simrupt_preempt_enable(void);

/*
 * local_irq_save() and local_irq_restore(), in pairs: the second takes the flags that the first
 * returned. Any context.
 */
unsigned long simrupt_irqs_off(void);
void simrupt_irqs_restore(unsigned long flags);

/* cond_resched(). Only where the caller may sleep. */
void simrupt_cond_resched(void);

/*
 * pagefault_disable() and pagefault_enable(), in pairs: between them, a copy to user space ends
 * where memory is not present. Process context.
 */
void simrupt_pagefault_disable(void);
void simrupt_pagefault_enable(void);

/* Tells the VFS that reads of this file support IOCB_NOWAIT. Only in its open function. */
void simrupt_file_may_nowait(struct file *file);

/* cpu_online(), for any number. A CPU may go offline at any time. Any context. */
bool simrupt_cpu_is_online(unsigned int cpu);

/* Whether several CPUs may run the handler of an interrupt at the same time. Process context. */
bool simrupt_irq_is_percpu(unsigned int irq);

/*
 * Whether the kernel forces the handler that was registered for `device` into a thread:
 * `threadirqs`, or PREEMPT_RT. Only for a handler that was registered with a thread function.
 * Process context.
 */
bool simrupt_irq_is_forced_threaded(unsigned int irq, const void *device);

/*
 * Makes the kernel refuse writes of user space to an interrupt's smp_affinity, and lets all CPUs
 * take the interrupt. Call it before the interrupt is requested. Returns 0 or a negative errno.
 * Process context.
 */
int simrupt_irq_fix_affinity(unsigned int irq);

/*
 * Maps an interrupt as a managed one, as for a device with several queues: number `rank`, from 0,
 * of the `count` managed interrupts that share the CPUs. Returns the Linux interrupt, or 0 when
 * there is no memory. Process context.
 */
unsigned int simrupt_irq_map_managed(struct irq_domain *domain, unsigned long hwirq,
				     unsigned int rank, unsigned int count);

/* Whether an interrupt is managed. Process context. */
bool simrupt_irq_is_managed(unsigned int irq);

/*
 * Whether a managed interrupt is shut down, as no CPU of its affinity is online. This adds 1 to its
 * disable depth. The interrupt must be in use, and CPU hotplug must be blocked. Process context.
 */
bool simrupt_irq_is_shut_down(unsigned int irq);

/*
 * enable_irq(), or -ENXIO for a managed interrupt that it would start while no CPU of its affinity
 * is online. For a managed interrupt, CPU hotplug must be blocked. Process context.
 */
int simrupt_irq_enable(unsigned int irq);

/*
 * cpus_read_lock() and cpus_read_unlock(), in pairs: between them, no CPU goes online or offline.
 * Process context.
 */
void simrupt_cpus_read_lock(void);
void simrupt_cpus_read_unlock(void);

/* The disable depth of an interrupt that is in use: 0 when it is enabled. Process context. */
unsigned int simrupt_irq_depth(unsigned int irq);

/*
 * synchronize_irq() with a timeout in jiffies, and killable. Returns 0, -EINTR or -ETIMEDOUT.
 * Process context.
 */
int simrupt_synchronize_irq(unsigned int irq, unsigned long timeout);

/* sema_init(). */
void simrupt_sema_init(struct semaphore *semaphore, int count);

/* spin_lock_irqsave() and so on. Only before Linux 7.3, which has them for Rust. */
unsigned long simrupt_spin_lock_irqsave(spinlock_t *lock);
bool simrupt_spin_trylock_irqsave(spinlock_t *lock, unsigned long *flags);
void simrupt_spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags);

/*
 * Sets the name of a device that is not registered, truncated to 15 bytes. Any context. This and
 * the next three need CONFIG_NET; see napi.c.
 */
void simrupt_net_device_set_name(struct net_device *device, const char *name);

/* netif_napi_add() and netif_napi_del(). Process context. */
void simrupt_napi_add(struct net_device *device, struct napi_struct *napi,
		      int (*poll)(struct napi_struct *napi, int budget));
void simrupt_napi_del(struct napi_struct *napi);

/*
 * dev_set_threaded(): the NAPI contexts of a device get threads. Returns 0 or a negative errno.
 * Process context.
 */
int simrupt_napi_set_threaded(struct net_device *device);

/*
 * Whether the kernel had net_dim() when this module was loaded; see dim.c. The next four functions
 * may be called only if so. Any context.
 */
bool simrupt_has_dim(void);

/*
 * Initializes a dim without samples, with the default profile. When it chooses another profile, it
 * queues its work item on a system workqueue. It is for a device whose time limit starts with an
 * event, as for most devices. Process context.
 */
void simrupt_dim_init(struct dim *dim, work_func_t function);

/* net_dim() with a sample of the current time. One caller at a time for each dim. Any context. */
void simrupt_net_dim(struct dim *dim, u16 events, u64 packets, u64 bytes);

/*
 * The limits of the profile that dim has chosen, from the kernel's table for receive. Any context.
 */
void simrupt_dim_profile(const struct dim *dim, u16 *usecs, u16 *packets);

/*
 * Tells that the limits of that profile are in force, so that net_dim() measures again. In the work
 * item of dim.
 */
void simrupt_dim_applied(struct dim *dim);

/* Whether one more line may be logged: at most 10 in 5 seconds. Any context except NMI. */
bool simrupt_may_log(void);

#endif
