// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asks the kernel, in each place where a driver's code may run, in which context
 * it is. Each place prints one line, "contexts: timer: softirq in_softirq=yes".
 */
#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_sim.h>
#include <linux/irqdomain.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/string_choices.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

/*
 * TODO 1: return "hardirq", "softirq" or "task", by the three functions that
 * include/linux/preempt.h recommends: in_hardirq(), in_serving_softirq(), in_task().
 */
static const char *context(void)
{
	return "unknown";
}

/* Completed by the last line of each place, so that init waits for it. */
static DECLARE_COMPLETION(told);

static void tell(const char *place)
{
	pr_info("contexts: %s: %s in_softirq=%s\n", place, context(), str_yes_no(in_softirq()));
	complete(&told);
}

static void work_fn(struct work_struct *work)
{
	tell("work");
}
static DECLARE_WORK(work, work_fn);

static void bh_work_fn(struct work_struct *work)
{
	tell("bh work");
}
static DECLARE_WORK(bh_work, bh_work_fn);

static void timer_fn(struct timer_list *timer)
{
	tell("timer");
}
static DEFINE_TIMER(timer, timer_fn);

static struct hrtimer hrtimer;
/* TODO 4: a callback hrtimer_fn() that tells "hrtimer" and does not restart the timer. */

static irqreturn_t handler(int irq, void *cookie)
{
	tell("handler");
	return IRQ_WAKE_THREAD;
}

static irqreturn_t thread_fn(int irq, void *cookie)
{
	tell("irq thread");
	return IRQ_HANDLED;
}

static int kthread_fn(void *nothing)
{
	tell("kthread");
	return 0;
}

/* An interrupt of a controller that the kernel simulates: raised by a call. */
static int raise_interrupt(void)
{
	struct irq_domain *domain = irq_domain_create_sim(NULL, 1);
	unsigned int irq;
	int error;

	if (IS_ERR(domain))
		return PTR_ERR(domain);
	irq = irq_create_mapping(domain, 0);
	error = request_threaded_irq(irq, handler, thread_fn, 0, "contexts", &told);
	if (!error) {
		irq_set_irqchip_state(irq, IRQCHIP_STATE_PENDING, true);
		/* The handler, and its thread. */
		wait_for_completion(&told);
		wait_for_completion(&told);
		free_irq(irq, &told);
	}
	irq_dispose_mapping(irq);
	irq_domain_remove_sim(domain);
	return error;
}

static int __init contexts_init(void)
{
	struct task_struct *task;

	tell("init");
	wait_for_completion(&told);

	/*
	 * TODO 2: tell("bh off") while bottom halves are disabled on this CPU. Enable
	 * them again, and then wait as above: a task must not sleep meanwhile.
	 */

	schedule_work(&work);
	wait_for_completion(&told);

	queue_work(system_bh_wq, &bh_work);
	wait_for_completion(&told);

	/* TODO 3: let the timer expire in a jiffy, by mod_timer(), and wait as above. */

	/*
	 * TODO 4: set hrtimer up for CLOCK_MONOTONIC and HRTIMER_MODE_REL, start it
	 * for a millisecond, and wait.
	 */

	task = kthread_run(kthread_fn, NULL, "contexts");
	if (!IS_ERR(task))
		wait_for_completion(&told);

	return raise_interrupt();
}

static void __exit contexts_exit(void)
{
	/* The places have told, but may not have returned yet. */
	flush_work(&work);
	flush_work(&bh_work);
	timer_delete_sync(&timer);
	/* TODO 4: cancel hrtimer. */
}

module_init(contexts_init);
module_exit(contexts_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Tells in which context code runs");
