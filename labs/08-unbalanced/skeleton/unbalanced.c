// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sum of the numbers that are written to /proc/unbalanced. The parameter names
 * a place where interrupts are left disabled, on purpose.
 */
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/workqueue.h>

static char *leave = "";
module_param(leave, charp, 0);
MODULE_PARM_DESC(leave, "where interrupts are left disabled: init, work, write or mutex");

static DEFINE_MUTEX(mutex);

/* Its caller will wonder. */
static noinline void leave_disabled(void)
{
	local_irq_disable();
}

/* The sum and the largest number, which a handler on this CPU reads. */
static int sum, largest;

/* Called with interrupts disabled. */
static void keep_largest(int number)
{
	/* TODO 2: find the line that the kernel complains of, and mend it. */
	local_irq_disable();
	if (number > largest)
		largest = number;
	local_irq_enable();
}

/* Adds a number, which is 100 at most. */
static noinline int add(int number)
{
	unsigned long flags;

	/* TODO 1: on one way out of this function, interrupts stay disabled. */
	local_irq_save(flags);
	if (number > 100)
		return -ERANGE;
	sum += number;
	keep_largest(number);
	local_irq_restore(flags);
	return 0;
}

static ssize_t unbalanced_write(struct file *file, const char __user *text, size_t size, loff_t *at)
{
	int number, error;

	pr_info("unbalanced: a write begins with interrupts %s\n", irqs_disabled() ? "off" : "on");
	error = kstrtoint_from_user(text, size, 10, &number);
	if (!error)
		error = add(number);
	if (!strcmp(leave, "write"))
		leave_disabled();
	return error ?: size;
}

static const struct proc_ops unbalanced_ops = {
	.proc_write = unbalanced_write,
};

static void work_fn(struct work_struct *work)
{
	leave_disabled();
}
static DECLARE_WORK(work, work_fn);

static int __init unbalanced_init(void)
{
	if (!proc_create("unbalanced", 0200, NULL, &unbalanced_ops))
		return -ENOMEM;
	if (!strcmp(leave, "init"))
		leave_disabled();
	if (!strcmp(leave, "work")) {
		schedule_work(&work);
		flush_work(&work);
	}
	if (!strcmp(leave, "mutex")) {
		leave_disabled();
		mutex_lock(&mutex);
		mutex_unlock(&mutex);
		local_irq_enable();
	}
	return 0;
}

static void __exit unbalanced_exit(void)
{
	remove_proc_entry("unbalanced", NULL);
	pr_info("unbalanced: sum=%d largest=%d\n", sum, largest);
}

module_init(unbalanced_init);
module_exit(unbalanced_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Leaves interrupts disabled");
