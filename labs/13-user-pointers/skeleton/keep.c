// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps an address of a process and reads there later: in a call of a process, in
 * a work function, in an interrupt. Each time it prints a line,
 * "keep: copied in a work function: A". One process uses it at a time.
 */
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/irq_work.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>
#include "keep.h"

static char __user *address;
static struct page *page;
static enum keep_how how;

static const char *const names[] = {
	[KEEP_PLAIN] = "plain",
	[KEEP_NOSMAP] = "without SMAP",
	[KEEP_COPY] = "copied",
	[KEEP_PINNED] = "pinned",
};

static int read_plain(char *value)
{
	*value = READ_ONCE(*(char __force *)address);
	return 0;
}

/* As on a processor without SMAP, or with the kernel's parameter nosmap. */
static int read_without_smap(char *value)
{
	stac();
	read_plain(value);
	clac();
	return 0;
}

static int read_copied(char *value)
{
	/* TODO 1: copy_from_user(). It returns how many bytes it could not copy. */
	return -EOPNOTSUPP;
}

static int read_pinned(char *value)
{
	/*
	 * TODO 3: map the page into the kernel for a moment, by kmap_local_page() and
	 * kunmap_local(), and read the byte at offset_in_page(address).
	 */
	return -EOPNOTSUPP;
}

static int pin(void)
{
	/*
	 * TODO 2: pin the one page, by pin_user_pages_fast(), with FOLL_LONGTERM since
	 * it stays so for longer than this call. It returns how many pages it has pinned.
	 */
	return -EOPNOTSUPP;
}

static void unpin(void)
{
	/* TODO 4: unpin_user_page(), if there is one, and forget it. */
}

static void tell(const char *where)
{
	int (*const ways[])(char *) = {
		[KEEP_PLAIN] = read_plain,
		[KEEP_NOSMAP] = read_without_smap,
		[KEEP_COPY] = read_copied,
		[KEEP_PINNED] = read_pinned,
	};
	char value = 0;
	int error = ways[how](&value);

	if (error)
		pr_info("keep: %s in %s: %pe\n", names[how], where, ERR_PTR(error));
	else
		pr_info("keep: %s in %s: %c\n", names[how], where, value ?: '0');
}

static void work_fn(struct work_struct *work)
{
	tell("a work function");
}
static DECLARE_WORK(work, work_fn);

static void interrupt_fn(struct irq_work *interrupt)
{
	tell("an interrupt");
}
static DEFINE_IRQ_WORK(interrupt, interrupt_fn);

static long keep_ioctl(struct file *file, unsigned int call, unsigned long argument)
{
	if (call == KEEP_ADDRESS) {
		address = (char __user *)argument;
		return 0;
	}
	if (call == KEEP_PIN)
		return pin();
	if (argument >= ARRAY_SIZE(names))
		return -EINVAL;
	how = argument;
	switch (call) {
	case KEEP_CALL:
		tell("a call");
		return 0;
	case KEEP_WORK:
		schedule_work(&work);
		flush_work(&work);
		return 0;
	case KEEP_INTERRUPT:
		/* This CPU interrupts itself, at once. */
		irq_work_queue(&interrupt);
		irq_work_sync(&interrupt);
		return 0;
	}
	return -ENOTTY;
}

static int keep_release(struct inode *inode, struct file *file)
{
	unpin();
	return 0;
}

static const struct file_operations keep_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = keep_ioctl,
	.release = keep_release,
};

static struct miscdevice keep = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "keep",
	.fops = &keep_fops,
};
module_misc_device(keep);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Keeps a pointer of a process");
