// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver whose bottom half counts the events of its device. The init function
 * lets the device interrupt CPU 1, and tells what the bottom half made of it.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/workqueue.h>

/* Events that were raised, that the driver has taken notice of, and that it has handled. */
static atomic_t raised, noticed, handled;
static atomic_t runs;
static bool in_softirq_context;

/* The bottom half. */

static void count_events(void)
{
	atomic_inc(&runs);
	atomic_add(atomic_xchg(&noticed, 0), &handled);
	in_softirq_context = in_serving_softirq();
}

/* TODO 1: this is a tasklet. Make it a work item. */
static void bottom_half_fn(struct tasklet_struct *tasklet)
{
	count_events();
}
static DECLARE_TASKLET(bottom_half, bottom_half_fn);

static void defer(void)
{
	/* TODO 2: a workqueue whose items run in a softirq. */
	tasklet_schedule(&bottom_half);
}

/* From here to resume() the bottom half does not run. */
static void pause(void)
{
	/* TODO 3 */
	tasklet_disable(&bottom_half);
}

/* The events that came meanwhile are handled now. */
static void resume(void)
{
	/* TODO 4 */
	tasklet_enable(&bottom_half);
}

/* The last events are handled, and then the bottom half does not run again. */
static void stop(void)
{
	/* TODO 5 */
	tasklet_kill(&bottom_half);
}

/* The device. */

static void interrupt_fn(struct irq_work *work)
{
	atomic_inc(&noticed);
	defer();
}
static DEFINE_IRQ_WORK(interrupt, interrupt_fn);

/* On CPU 1, which stays in the interrupt until it is over. */
static void raise(void)
{
	atomic_inc(&raised);
	irq_work_queue(&interrupt);
	while (irq_work_is_busy(&interrupt))
		cpu_relax();
}

/* Keeps CPU 1 for 1 ms too busy for bottom halves, and begins with something there. */
static void (*begin_busy)(void);
static DECLARE_COMPLETION(has_begun);

static void busy_fn(struct work_struct *work)
{
	local_bh_disable();
	begin_busy();
	complete(&has_begun);
	udelay(1000);
	local_bh_enable();
}
static DECLARE_WORK(busy, busy_fn);

static void while_busy(void (*begin)(void))
{
	begin_busy = begin;
	schedule_work_on(1, &busy);
	wait_for_completion(&has_begun);
}

static void raise_three(void)
{
	raise();
	raise();
	raise();
}

static void raise_fn(struct work_struct *work)
{
	raise();
}
static DECLARE_WORK(raise_work, raise_fn);

/* On CPU 1, which is not busy. */
static void raise_once(void)
{
	schedule_work_on(1, &raise_work);
	flush_work(&raise_work);
}

/* Facts about work items of a BH workqueue, to be predicted. */

static bool has_run;

static void fact_fn(struct work_struct *work)
{
	has_run = true;
}
static DECLARE_WORK(fact, fact_fn);

static void queue_fact(void)
{
	has_run = false;
	queue_work(system_bh_wq, &fact);
}

static void tell_fact(const char *what)
{
	msleep(10);
	pr_info("bottom_half: %s: %s\n", what, has_run ? "has run" : "never ran");
}

static void tell_facts(void)
{
	disable_work_sync(&fact);
	queue_fact();
	enable_work(&fact);
	tell_fact("queued while disabled");

	while_busy(queue_fact);
	cancel_work_sync(&fact);
	tell_fact("cancelled while pending");

	while_busy(queue_fact);
	flush_work(&fact);
	tell_fact("flushed while pending");
}

static int __init bottom_half_init(void)
{
	tell_facts();

	while_busy(raise_three);
	flush_work(&busy);
	msleep(10);
	pr_info("bottom_half: three events: handled=%d runs=%d in a %s\n", atomic_read(&handled),
		atomic_read(&runs), in_softirq_context ? "softirq" : "task");

	pause();
	raise_once();
	msleep(10);
	pr_info("bottom_half: paused: handled=%d\n", atomic_read(&handled));
	resume();
	msleep(10);
	pr_info("bottom_half: resumed: handled=%d\n", atomic_read(&handled));
	return 0;
}

static void __exit bottom_half_exit(void)
{
	/* Three last events are pending when the driver goes. */
	while_busy(raise_three);
	stop();
	pr_info("bottom_half: at the end: raised=%d handled=%d\n", atomic_read(&raised),
		atomic_read(&handled));
	flush_work(&busy);
}

module_init(bottom_half_init);
module_exit(bottom_half_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Counts the events of a device in a bottom half");
