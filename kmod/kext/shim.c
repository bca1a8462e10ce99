// SPDX-License-Identifier: GPL-2.0-only
/*
 * The C side of the shim: see shim.h.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/group_cpus.h>
#include <linux/hardirq.h>
#include <linux/irq.h>
#include <linux/irq_work.h>
#include <linux/irqdesc.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/wait.h>

#include "shim.h"

unsigned int simrupt_context(void)
{
	return (in_hardirq() ? SIMRUPT_IN_HARDIRQ : 0) |
	       (in_serving_softirq() ? SIMRUPT_IN_SERVING_SOFTIRQ : 0);
}

bool simrupt_tasklet_schedule(struct tasklet_struct *tasklet)
{
	if (test_and_set_bit(TASKLET_STATE_SCHED, &tasklet->state))
		return false;
	__tasklet_schedule(tasklet);
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

void simrupt_cond_resched(void)
{
	cond_resched();
}

void simrupt_pagefault_disable(void)
{
	pagefault_disable();
}

void simrupt_pagefault_enable(void)
{
	pagefault_enable();
}

void simrupt_file_may_nowait(struct file *file)
{
	file->f_mode |= FMODE_NOWAIT;
}

bool simrupt_cpu_is_online(unsigned int cpu)
{
	return cpu < nr_cpu_ids && cpu_online(cpu);
}

/* The descriptor of an interrupt. It must be in use, so that it is not freed meanwhile. */
static struct irq_desc *simrupt_irq_desc(unsigned int irq)
{
	struct irq_data *data = irq_get_irq_data(irq);

	return data ? irq_data_to_desc(data) : NULL;
}

bool simrupt_irq_is_percpu(unsigned int irq)
{
	struct irq_data *data = irq_get_irq_data(irq);

	return data && irqd_is_per_cpu(data);
}

bool simrupt_irq_is_forced_threaded(unsigned int irq, const void *device)
{
	struct irq_desc *desc = simrupt_irq_desc(irq);
	struct irqaction *action;
	unsigned long flags;
	bool is_forced = false;

	if (!desc)
		return false;
	/* Other devices of the interrupt may come and go. */
	raw_spin_lock_irqsave(&desc->lock, flags);
	for (action = desc->action; action; action = action->next) {
		/* The driver's own thread is then a second one. */
		if (action->dev_id == device)
			is_forced = action->secondary;
	}
	raw_spin_unlock_irqrestore(&desc->lock, flags);
	return is_forced;
}

int simrupt_irq_fix_affinity(unsigned int irq)
{
	irq_modify_status(irq, 0, IRQ_NO_BALANCING);
	/* The kernel does not set the CPUs of such an interrupt at its start. */
	return irq_set_affinity(irq, cpu_possible_mask);
}

unsigned int simrupt_irq_map_managed(struct irq_domain *domain, unsigned long hwirq,
				     unsigned int rank, unsigned int count)
{
	/* A mask may be too large for the stack. */
	struct irq_affinity_desc *affinity = kzalloc(sizeof(*affinity), GFP_KERNEL);
	unsigned int groups = 0, irq = 0;
	struct cpumask *masks;

	/* irq_create_affinity_masks() does the same, but is not exported. */
	masks = group_cpus_evenly(count, &groups);
	if (affinity && masks && groups) {
		cpumask_copy(&affinity->mask, &masks[rank % groups]);
		affinity->is_managed = 1;
		irq = irq_create_mapping_affinity(domain, hwirq, affinity);
	}
	kfree(masks);
	kfree(affinity);
	return irq;
}

bool simrupt_irq_is_managed(unsigned int irq)
{
	struct irq_data *data = irq_get_irq_data(irq);

	return data && irqd_affinity_is_managed(data);
}

bool simrupt_irq_is_shut_down(unsigned int irq)
{
	struct irq_data *data = irq_get_irq_data(irq);

	return data && irqd_is_managed_and_shutdown(data);
}

int simrupt_irq_enable(unsigned int irq)
{
	struct irq_data *data = irq_get_irq_data(irq);

	if (data && irqd_affinity_is_managed(data) && simrupt_irq_depth(irq) == 1 &&
	    !cpumask_intersects(irq_data_get_affinity_mask(data), cpu_online_mask))
		return -ENXIO;
	enable_irq(irq);
	return 0;
}

void simrupt_cpus_read_lock(void)
{
	cpus_read_lock();
}

void simrupt_cpus_read_unlock(void)
{
	cpus_read_unlock();
}

unsigned int simrupt_irq_depth(unsigned int irq)
{
	struct irq_desc *desc = simrupt_irq_desc(irq);

	return desc ? READ_ONCE(desc->depth) : 0;
}

int simrupt_synchronize_irq(unsigned int irq, unsigned long timeout)
{
	struct irq_desc *desc = simrupt_irq_desc(irq);
	long left;

	if (!desc)
		return 0;
#if defined(CONFIG_SMP) && LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
	irq_work_sync(&desc->redirect.work);
#endif
	synchronize_hardirq(irq);
	left = wait_event_killable_timeout(desc->wait_for_threads,
					   !atomic_read(&desc->threads_active), timeout);
	if (left < 0)
		return -EINTR;
	return left ? 0 : -ETIMEDOUT;
}

void simrupt_sema_init(struct semaphore *semaphore, int count)
{
	sema_init(semaphore, count);
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
unsigned long simrupt_spin_lock_irqsave(spinlock_t *lock)
{
	unsigned long flags;

	spin_lock_irqsave(lock, flags);
	return flags;
}

bool simrupt_spin_trylock_irqsave(spinlock_t *lock, unsigned long *flags)
{
	return spin_trylock_irqsave(lock, *flags);
}

void simrupt_spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_unlock_irqrestore(lock, flags);
}
#endif

bool simrupt_may_log(void)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 10);

	return __ratelimit(&limit);
}
