// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sleeps where nothing may sleep: in a softirq. The init function does the
 * experiment that the parameter names.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

static char *experiment = "";
module_param(experiment, charp, 0);
MODULE_PARM_DESC(experiment, "bh, tasklet, free-mutex, held-mutex, idle or driver");

static DECLARE_COMPLETION(done);
static DEFINE_MUTEX(mutex);

static void msleep_fn(struct work_struct *work)
{
	msleep(10);
	pr_info("sleep: msleep() has returned\n");
	complete(&done);
}
static DECLARE_WORK(msleep_work, msleep_fn);

static void tasklet_fn(struct tasklet_struct *tasklet)
{
	msleep_fn(NULL);
}
static DECLARE_TASKLET(tasklet, tasklet_fn);

static void mutex_fn(struct work_struct *work)
{
	mutex_lock(&mutex);
	pr_info("sleep: the mutex is ours\n");
	mutex_unlock(&mutex);
	complete(&done);
}
static DECLARE_WORK(mutex_work, mutex_fn);

/* The interrupt of a timer. */
static enum hrtimer_restart interrupt_fn(struct hrtimer *timer)
{
	queue_work(system_bh_wq, &msleep_work);
	return HRTIMER_NORESTART;
}
static struct hrtimer interrupt;

/*
 * The bottom half of a driver. For each interrupt, its device needs a command,
 * 10 ms of time, and another command.
 */
static void command_fn(struct work_struct *work)
{
	pr_info("sleep: first command\n");
	msleep(10);
	pr_info("sleep: second command, in a %s\n", in_task() ? "task" : "softirq");
	complete(&done);
}
static DECLARE_WORK(command_work, command_fn);

static void bottom_half_fn(struct work_struct *work)
{
	schedule_work(&command_work);
}
static DECLARE_WORK(bottom_half_work, bottom_half_fn);

static int __init sleep_init(void)
{
	if (!strcmp(experiment, "bh")) {
		queue_work(system_bh_wq, &msleep_work);
		wait_for_completion(&done);
	} else if (!strcmp(experiment, "tasklet")) {
		tasklet_schedule(&tasklet);
		wait_for_completion(&done);
	} else if (!strcmp(experiment, "free-mutex")) {
		queue_work(system_bh_wq, &mutex_work);
		wait_for_completion(&done);
	} else if (!strcmp(experiment, "held-mutex")) {
		mutex_lock(&mutex);
		queue_work(system_bh_wq, &mutex_work);
		msleep(10);
		mutex_unlock(&mutex);
		wait_for_completion(&done);
	} else if (!strcmp(experiment, "idle")) {
		/* This CPU is idle when it comes. */
		hrtimer_setup(&interrupt, interrupt_fn, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED);
		hrtimer_start(&interrupt, ms_to_ktime(5), HRTIMER_MODE_REL_PINNED);
		wait_for_completion(&done);
	} else if (!strcmp(experiment, "driver")) {
		queue_work(system_bh_wq, &bottom_half_work);
		wait_for_completion(&done);
	} else {
		return -EINVAL;
	}
	return 0;
}

static void __exit sleep_exit(void)
{
	/* The functions have completed, but may not have returned yet. */
	flush_work(&msleep_work);
	tasklet_kill(&tasklet);
	flush_work(&mutex_work);
	flush_work(&bottom_half_work);
	flush_work(&command_work);
}

module_init(sleep_init);
module_exit(sleep_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Sleeps where nothing may sleep");
