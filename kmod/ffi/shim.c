// SPDX-License-Identifier: GPL-2.0-only
/*
 * The C side of the shim: see shim.h.
 */
#include <asm/ioctls.h>
#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/hardirq.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>
#include <linux/version.h>
#include <linux/uaccess.h>

#include "shim.h"

const unsigned int simrupt_fionread = FIONREAD;
const int simrupt_iocb_nowait = IOCB_NOWAIT;
const unsigned int simrupt_fmode_nowait = (__force unsigned int)FMODE_NOWAIT;

unsigned int simrupt_context(void)
{
	return (in_hardirq() ? SIMRUPT_IN_HARDIRQ : 0) |
	       (in_serving_softirq() ? SIMRUPT_IN_SERVING_SOFTIRQ : 0) |
	       (in_task() ? SIMRUPT_IN_TASK : 0);
}

_Bool simrupt_cpu_is_online(unsigned int cpu)
{
	return cpu < nr_cpu_ids && cpu_online(cpu);
}

_Bool simrupt_irq_is_threaded(unsigned int irq)
{
	struct irq_data *data = irq_get_irq_data(irq);
	struct irqaction *action = data ? irq_data_to_desc(data)->action : NULL;

	/* What the thread function would have run in is then the thread of a second action. */
	return action && action->secondary;
}

_Bool simrupt_tasklet_schedule(void *tasklet)
{
	struct tasklet_struct *t = tasklet;

	/* As tasklet_schedule(), which does not tell. */
	if (test_and_set_bit(TASKLET_STATE_SCHED, &t->state))
		return false;
	__tasklet_schedule(t);
	return true;
}

void simrupt_preempt_disable(void)
{
	preempt_disable();
}

void simrupt_preempt_enable(void)
{
	preempt_enable();
}

unsigned long simrupt_irqs_off(void)
{
	unsigned long flags;

	local_irq_save(flags);
	return flags;
}

void simrupt_irqs_restore(unsigned long flags)
{
	local_irq_restore(flags);
}

void simrupt_pagefault_disable(void)
{
	pagefault_disable();
}

void simrupt_pagefault_enable(void)
{
	pagefault_enable();
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
unsigned long simrupt_spin_lock_irqsave(void *lock)
{
	unsigned long flags;

	spin_lock_irqsave((spinlock_t *)lock, flags);
	return flags;
}

_Bool simrupt_spin_trylock_irqsave(void *lock, unsigned long *flags)
{
	return spin_trylock_irqsave((spinlock_t *)lock, *flags);
}

void simrupt_spin_unlock_irqrestore(void *lock, unsigned long flags)
{
	spin_unlock_irqrestore((spinlock_t *)lock, flags);
}
#endif

_Bool simrupt_may_log(void)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 10);

	return __ratelimit(&limit);
}
