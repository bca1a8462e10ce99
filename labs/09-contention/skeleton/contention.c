// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU 1 holds a lock, and the init function waits for it on CPU 0: it measures
 * how long, and what else CPU 0 did meanwhile.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

static char *lock = "spin_lock";
module_param(lock, charp, 0);
MODULE_PARM_DESC(lock, "spin_lock, spin_lock_irqsave or mutex");

static bool sleeps;
module_param(sleeps, bool, 0);
MODULE_PARM_DESC(sleeps, "whether the holder sleeps; for the mutex only");

static DEFINE_SPINLOCK(spinlock);
static DEFINE_MUTEX(mutex);

/* Each calls inside() with a lock held. */

static void with_spin_lock(void (*inside)(void))
{
	spin_lock(&spinlock);
	inside();
	spin_unlock(&spinlock);
}

static void with_irqsave(void (*inside)(void))
{
	/* TODO 1: with the spinlock held and the interrupts of this CPU disabled. */
	inside();
}

static void with_mutex(void (*inside)(void))
{
	/* TODO 2: with the mutex held. */
	inside();
}

static void (*with_lock)(void (*inside)(void));

/* The holder, on CPU 1. */

static DECLARE_COMPLETION(is_held);

static void hold(void)
{
	complete(&is_held);
	if (sleeps)
		msleep(2);
	else
		udelay(1000);
}

static void holder_fn(struct work_struct *work)
{
	with_lock(hold);
}
static DECLARE_WORK(holder, holder_fn);

/* An interrupt and a task, both of CPU 0. */

static bool interrupt_ran, task_ran;

static enum hrtimer_restart interrupt_fn(struct hrtimer *timer)
{
	WRITE_ONCE(interrupt_ran, true);
	return HRTIMER_NORESTART;
}
static struct hrtimer interrupt;

static void task_fn(struct work_struct *work)
{
	WRITE_ONCE(task_ran, true);
}
static DECLARE_WORK(task, task_fn);

/* The waiter, on CPU 0. */

static ktime_t start;
static s64 waited_us;
static bool interrupt_has_run, task_has_run;

static void look(void)
{
	waited_us = ktime_us_delta(ktime_get(), start);
	interrupt_has_run = READ_ONCE(interrupt_ran);
	task_has_run = READ_ONCE(task_ran);
}

static void wait_for_lock(void)
{
	start = ktime_get();
	with_lock(look);
	pr_info("contention: %s: free: waited %lld us\n", lock, waited_us);

	/* Begins with a tick, so that none comes in between. */
	msleep(1);
	schedule_work_on(1, &holder);
	wait_for_completion(&is_held);
	hrtimer_start(&interrupt, us_to_ktime(200), HRTIMER_MODE_REL_PINNED);
	schedule_work_on(0, &task);
	start = ktime_get();
	with_lock(look);
	pr_info("contention: %s: holder %s: waited %lld us\n", lock, sleeps ? "sleeps" : "computes",
		waited_us);
	pr_info("contention: %s: meanwhile, interrupt %s, task %s\n", lock,
		interrupt_has_run ? "runs" : "delayed", task_has_run ? "runs" : "delayed");
}

static int __init contention_init(void)
{
	if (!strcmp(lock, "spin_lock"))
		with_lock = with_spin_lock;
	else if (!strcmp(lock, "spin_lock_irqsave"))
		with_lock = with_irqsave;
	else if (!strcmp(lock, "mutex"))
		with_lock = with_mutex;
	else
		return -EINVAL;
	hrtimer_setup(&interrupt, interrupt_fn, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED);
	wait_for_lock();
	flush_work(&holder);
	flush_work(&task);
	hrtimer_cancel(&interrupt);
	return 0;
}

static void __exit contention_exit(void)
{
}

module_init(contention_init);
module_exit(contention_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Waits for locks");
