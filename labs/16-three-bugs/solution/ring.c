// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device of bytes, /dev/ring. While somebody has it open, a timer makes a byte
 * with each jiffy and puts it into a ring of 64 places. Readers take the oldest. When
 * the ring is full, the oldest byte is dropped.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#define PLACES 64

static DEFINE_SPINLOCK(lock);
/* Guarded by lock. */
static unsigned int head, tail;
static unsigned int made, given, lost;

/* The places: from init to exit. */
static unsigned char *bytes;
static DECLARE_WAIT_QUEUE_HEAD(readers);

static DEFINE_MUTEX(open_mutex);
/* Guarded by open_mutex. */
static unsigned int users, releases;

static void drop_oldest(void)
{
	lockdep_assert_held_once(&lock);
	tail++;
	lost++;
}

static void timer_fn(struct timer_list *timer)
{
	spin_lock(&lock);
	if (head - tail == PLACES)
		drop_oldest();
	bytes[head++ % PLACES] = made++;
	spin_unlock(&lock);
	wake_up_interruptible(&readers);
	mod_timer(timer, jiffies + 1);
}
static DEFINE_TIMER(timer, timer_fn);

static int ring_open(struct inode *inode, struct file *file)
{
	guard(mutex)(&open_mutex);
	if (!users++)
		mod_timer(&timer, jiffies + 1);
	return 0;
}

static int ring_release(struct inode *inode, struct file *file)
{
	guard(mutex)(&open_mutex);
	releases++;
	if (!--users)
		timer_delete_sync(&timer);
	return 0;
}

static ssize_t ring_read(struct file *file, char __user *to, size_t count, loff_t *offset)
{
	unsigned char taken[PLACES];
	size_t n = 0;
	int error;

	while (count && !n) {
		error = wait_event_interruptible(readers, READ_ONCE(head) != READ_ONCE(tail));
		if (error)
			return error;
		spin_lock_bh(&lock);
		while (n < count && head != tail)
			taken[n++] = bytes[tail++ % PLACES];
		given += n;
		spin_unlock_bh(&lock);
	}
	return copy_to_user(to, taken, n) ? -EFAULT : n;
}

static const struct file_operations ring_fops = {
	.owner = THIS_MODULE,
	.open = ring_open,
	.release = ring_release,
	.read = ring_read,
};

static struct miscdevice ring = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ring",
	.fops = &ring_fops,
};

/* /sys/module/ring/parameters/counters */
static int counters(char *buffer, const struct kernel_param *kp)
{
	guard(spinlock_bh)(&lock);
	return sysfs_emit(buffer, "users=%u releases=%u made=%u given=%u lost=%u inside=%u\n",
			  users, releases, made, given, lost, head - tail);
}

static const struct kernel_param_ops counters_ops = { .get = counters };
module_param_cb(counters, &counters_ops, NULL, 0444);

static int __init ring_init(void)
{
	int error;

	bytes = kmalloc(PLACES, GFP_KERNEL);
	if (!bytes)
		return -ENOMEM;
	error = misc_register(&ring);
	if (error)
		kfree(bytes);
	return error;
}

static void __exit ring_exit(void)
{
	misc_deregister(&ring);
	kfree(bytes);
}

module_init(ring_init);
module_exit(ring_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A device of bytes");
