/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel offers only to C (macros and inline functions), as functions for Rust.
 * Plain C types only: bindgen reads this file without the kernel's headers and flags.
 */
#ifndef SIMRUPT_SHIM_H
#define SIMRUPT_SHIM_H

/* Bits of simrupt_context(). */
#define SIMRUPT_IN_HARDIRQ 1u
#define SIMRUPT_IN_SERVING_SOFTIRQ 2u
#define SIMRUPT_IN_TASK 4u

/* Constants that are not the same on all kernels and architectures, and that only C knows. */

/* FIONREAD */
extern const unsigned int simrupt_fionread;
/* Of a kiocb's flags: the caller must not wait for anything. IOCB_NOWAIT. */
extern const int simrupt_iocb_nowait;
/* Of a file's mode: its reads know of that. FMODE_NOWAIT. */
extern const unsigned int simrupt_fmode_nowait;

/* In which context the caller runs. Callable from anywhere. */
unsigned int simrupt_context(void);

/* Whether there is this CPU, and it is online. It may go, or come, at any moment. Callable from anywhere. */
_Bool simrupt_cpu_is_online(unsigned int cpu);

/*
 * Whether the kernel has the handler of an interrupt run in a thread though it was requested for hardirq, as
 * PREEMPT_RT and "threadirqs" want it. The interrupt was requested with a handler and a thread function, and is
 * not freed meanwhile. Callable from anywhere.
 */
_Bool simrupt_irq_is_threaded(unsigned int irq);

/*
 * Has a tasklet (struct tasklet_struct) run once more on this CPU; false when it is about to run anyway.
 * Callable from anywhere.
 */
_Bool simrupt_tasklet_schedule(void *tasklet);

/* preempt_disable() and preempt_enable(), in pairs. Callable from anywhere. */
void simrupt_preempt_disable(void);
void simrupt_preempt_enable(void);

/*
 * local_irq_save() and local_irq_restore(), in pairs: the second takes what the first returned. Callable
 * from anywhere.
 */
unsigned long simrupt_irqs_off(void);
void simrupt_irqs_restore(unsigned long flags);

/*
 * pagefault_disable() and pagefault_enable(), in pairs: in between, who copies to user space gets as far as
 * the memory is there, and waits for nobody. Process context.
 */
void simrupt_pagefault_disable(void);
void simrupt_pagefault_enable(void);

/* Before Linux 7.3, which has them for Rust: spin_lock_irqsave() and so on, of a spinlock_t. */
unsigned long simrupt_spin_lock_irqsave(void *lock);
_Bool simrupt_spin_trylock_irqsave(void *lock, unsigned long *flags);
void simrupt_spin_unlock_irqrestore(void *lock, unsigned long flags);

/* Whether one more line may go to the kernel log: at most 10 in 5 seconds. Not from NMI. */
_Bool simrupt_may_log(void);

#endif
