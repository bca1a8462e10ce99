/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Things that the kernel offers only to C (macros, inline functions and flags), as functions and constants for
 * Rust. bindgen makes the Rust declarations of this file, and those that Makefile.kext names of the headers below.
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

/* The context of the caller. Callable from anywhere. */
unsigned int simrupt_context(void);

/* tasklet_schedule(), but tells whether the tasklet was not scheduled yet. Callable from anywhere. */
bool simrupt_tasklet_schedule(struct tasklet_struct *tasklet);

/* preempt_disable() and preempt_enable(), in pairs. Callable from anywhere. */
void simrupt_preempt_disable(void);
void simrupt_preempt_enable(void);

/*
 * local_irq_save() and local_irq_restore(), in pairs: the second takes what the first returned. Callable
 * from anywhere.
 */
unsigned long simrupt_irqs_off(void);
void simrupt_irqs_restore(unsigned long flags);

/* cond_resched(). Where the caller may sleep. */
void simrupt_cond_resched(void);

/*
 * pagefault_disable() and pagefault_enable(), in pairs: in between, a copy to user space ends where memory is
 * not present. Process context.
 */
void simrupt_pagefault_disable(void);
void simrupt_pagefault_enable(void);

/* Tells the VFS that reads of this file can be told not to wait. Only in its open. */
void simrupt_file_may_nowait(struct file *file);

/* cpu_online(), of any number. A CPU may go offline at any time. */
bool simrupt_cpu_is_online(unsigned int cpu);

/* Whether several CPUs may run the handler of an interrupt at the same time. Process context. */
bool simrupt_irq_is_percpu(unsigned int irq);

/*
 * Whether the kernel runs the handler of an interrupt that was registered for `device` in a thread that the driver
 * did not ask for: `threadirqs`, or PREEMPT_RT. For one with a thread of its own. Process context.
 */
bool simrupt_irq_is_forced_threaded(unsigned int irq, const void *device);

/*
 * Has the kernel refuse what user space writes to an interrupt's smp_affinity, and lets all CPUs take it. Before it
 * is requested. An errno, negative, or 0. Process context.
 */
int simrupt_irq_fix_affinity(unsigned int irq);

/*
 * Maps an interrupt as a managed one, as those of a device with several queues are: of the `count` managed interrupts
 * that share the CPUs it is number `rank`. Returns the Linux interrupt, or 0 where there is no memory. Process context.
 */
unsigned int simrupt_irq_map_managed(struct irq_domain *domain, unsigned long hwirq,
				     unsigned int rank, unsigned int count);

/* Whether an interrupt is a managed one. Process context. */
bool simrupt_irq_is_managed(unsigned int irq);

/*
 * Whether a managed interrupt is shut down, as no CPU of its affinity is online. It counts once as disabled then.
 * For one that is in use, with the hotplug of CPUs held off. Process context.
 */
bool simrupt_irq_is_shut_down(unsigned int irq);

/*
 * enable_irq(), or -ENXIO for a managed interrupt that it would have to start while no CPU of its affinity is online.
 * The hotplug of CPUs must be held off for a managed interrupt. Process context.
 */
int simrupt_irq_enable(unsigned int irq);

/* cpus_read_lock() and cpus_read_unlock(), in pairs: in between, no CPU goes online or offline. Process context. */
void simrupt_cpus_read_lock(void);
void simrupt_cpus_read_unlock(void);

/* How often an interrupt is disabled: 0 when it is enabled. For one that is in use. Process context. */
unsigned int simrupt_irq_depth(unsigned int irq);

/*
 * synchronize_irq() that can be killed and ends after some jiffies: 0, -EINTR or -ETIMEDOUT. Process context.
 */
int simrupt_synchronize_irq(unsigned int irq, unsigned long timeout);

/* sema_init(). */
void simrupt_sema_init(struct semaphore *semaphore, int count);

/* Before Linux 7.3, which has them for Rust: spin_lock_irqsave() and so on. */
unsigned long simrupt_spin_lock_irqsave(spinlock_t *lock);
bool simrupt_spin_trylock_irqsave(spinlock_t *lock, unsigned long *flags);
void simrupt_spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags);

/*
 * With CONFIG_NET; see napi.c. Names a device that is not registered: 15 bytes of the name are kept. Any context.
 */
void simrupt_net_device_set_name(struct net_device *device, const char *name);

/* netif_napi_add() and netif_napi_del(). Process context. */
void simrupt_napi_add(struct net_device *device, struct napi_struct *napi,
		      int (*poll)(struct napi_struct *napi, int budget));
void simrupt_napi_del(struct napi_struct *napi);

/* dev_set_threaded(): the NAPI contexts of a device get threads. An errno, negative, or 0. Process context. */
int simrupt_napi_set_threaded(struct net_device *device);

/* Whether the kernel had net_dim() when this module was loaded; see dim.c. The next four are for that case. */
bool simrupt_has_dim(void);

/*
 * Makes a dim that was told nothing yet, has chosen the default profile, and queues its work item to a queue of the
 * kernel's when it chooses another one. It is for a device whose time limit starts with an event, as most have it.
 * Process context.
 */
void simrupt_dim_init(struct dim *dim, work_func_t function);

/* net_dim() with a sample of now. One caller at a time for each dim. Callable from anywhere. */
void simrupt_net_dim(struct dim *dim, u16 events, u64 packets, u64 bytes);

/* The limits of the profile that dim has chosen, of the kernel's table for receiving. Callable from anywhere. */
void simrupt_dim_profile(const struct dim *dim, u16 *usecs, u16 *packets);

/* The limits of that profile are in force: net_dim() measures again. In dim's work item. */
void simrupt_dim_applied(struct dim *dim);

/* Whether one more line may go to the kernel log: at most 10 in 5 seconds. Not from NMI. */
bool simrupt_may_log(void);

#endif
