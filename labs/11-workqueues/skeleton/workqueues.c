// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues work items on several workqueues, and counts how many of them run at
 * once. The init function does the experiment that the parameter names, on CPU 0.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#define ITEMS 3

static char *experiment = "";
module_param(experiment, charp, 0);
MODULE_PARM_DESC(experiment, "calls, twice, sleep, spin or wait");

static atomic_t runs;
static atomic_t running;
static atomic_t most_at_once;
/* Whether an item sleeps for 10 ms, or spins for 1 ms. */
static bool sleeps, spins;

static void item_fn(struct work_struct *work)
{
	int now = atomic_inc_return(&running);

	atomic_inc(&runs);
	if (now > atomic_read(&most_at_once))
		atomic_set(&most_at_once, now);
	if (sleeps)
		msleep(10);
	if (spins)
		mdelay(1);
	atomic_dec(&running);
}

static struct work_struct items[ITEMS];

/* Queues all items, and waits until each has run. */
static void queue_items(struct workqueue_struct *queue)
{
	int i;

	atomic_set(&runs, 0);
	atomic_set(&most_at_once, 0);
	for (i = 0; i < ITEMS; i++)
		queue_work(queue, &items[i]);
	flush_workqueue(queue);
}

/* One worker at a time on the CPU where an item is queued. */
static struct workqueue_struct *bound;
/* The same, but at most one item is active on each CPU. */
static struct workqueue_struct *bound_one;
/* Workers that the scheduler may put on any CPU. */
static struct workqueue_struct *unbound;
/* One item at a time, in the order in which they were queued. */
static struct workqueue_struct *ordered;

static void free_queues(void)
{
	if (bound)
		destroy_workqueue(bound);
	if (bound_one)
		destroy_workqueue(bound_one);
	if (unbound)
		destroy_workqueue(unbound);
	if (ordered)
		destroy_workqueue(ordered);
}

static int make_queues(void)
{
	bound = alloc_workqueue("lab_bound", WQ_PERCPU, 0);
	/* TODO 1 to 3: these three are like the first, and not as their comments say. */
	bound_one = alloc_workqueue("lab_bound_one", WQ_PERCPU, 0);
	unbound = alloc_workqueue("lab_unbound", WQ_PERCPU, 0);
	ordered = alloc_workqueue("lab_ordered", WQ_PERCPU, 0);
	if (bound && bound_one && unbound && ordered)
		return 0;
	free_queues();
	return -ENOMEM;
}

static void at_once(const char *how)
{
	struct {
		const char *name;
		struct workqueue_struct *queue;
	} queues[] = {
		{ "bound", bound },
		{ "bound, max_active 1", bound_one },
		{ "unbound", unbound },
		{ "ordered", ordered },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(queues); i++) {
		queue_items(queues[i].queue);
		pr_info("workqueues: %s, %s: %s\n", how, queues[i].name,
			atomic_read(&most_at_once) > 1 ? "together" : "one by one");
	}
}

/* One item that is queued again: before it has begun, and while it runs. */
static void twice(void)
{
	atomic_set(&runs, 0);
	/* No kworker of this CPU runs until we sleep. */
	preempt_disable();
	queue_work(bound, &items[0]);
	queue_work(bound, &items[0]);
	preempt_enable();
	flush_workqueue(bound);
	pr_info("workqueues: queued twice before it began: runs=%d\n", atomic_read(&runs));

	atomic_set(&runs, 0);
	sleeps = true;
	queue_work(bound, &items[0]);
	while (!atomic_read(&running))
		msleep(1);
	queue_work(bound, &items[0]);
	queue_work(bound, &items[0]);
	flush_workqueue(bound);
	pr_info("workqueues: queued twice while it ran: runs=%d\n", atomic_read(&runs));
}

/* An item that needs the result of another. */
static void needed_fn(struct work_struct *work)
{
	pr_info("workqueues: the result is there\n");
}
static DECLARE_WORK(needed, needed_fn);

static void waiting_fn(struct work_struct *work)
{
	/* TODO 4: this item runs on ordered as well, and the next line never returns. */
	queue_work(ordered, &needed);
	flush_work(&needed);
	pr_info("workqueues: the result was used\n");
}
static DECLARE_WORK(waiting, waiting_fn);

static int do_experiment(void)
{
	if (!strcmp(experiment, "calls")) {
		queue_items(bound);
		pr_info("workqueues: %d items, %d runs\n", ITEMS, atomic_read(&runs));
	} else if (!strcmp(experiment, "twice")) {
		twice();
	} else if (!strcmp(experiment, "sleep")) {
		sleeps = true;
		at_once("they sleep");
	} else if (!strcmp(experiment, "spin")) {
		spins = true;
		at_once("they spin");
	} else if (!strcmp(experiment, "wait")) {
		queue_work(ordered, &waiting);
		flush_workqueue(ordered);
	} else {
		return -EINVAL;
	}
	return 0;
}

static int __init workqueues_init(void)
{
	int i, error = make_queues();

	if (error)
		return error;
	for (i = 0; i < ITEMS; i++)
		INIT_WORK(&items[i], item_fn);
	error = do_experiment();
	free_queues();
	return error;
}

static void __exit workqueues_exit(void)
{
}

module_init(workqueues_init);
module_exit(workqueues_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Counts how many work items run at once");
