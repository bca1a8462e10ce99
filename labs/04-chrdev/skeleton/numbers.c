// SPDX-License-Identifier: GPL-2.0-only
/*
 * A character device that tells by which minor it was opened, registered in one
 * of three ways: kind=many, kind=one, kind=misc.
 */
#include <linux/cdev.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

static char *kind = "many";
module_param(kind, charp, 0444);
MODULE_PARM_DESC(kind, "many, one or misc (default many)");

static ssize_t numbers_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	char text[24];
	int length = scnprintf(text, sizeof(text), "minor %u\n", iminor(file_inode(file)));

	return simple_read_from_buffer(buffer, size, offset, text, length);
}

static const struct file_operations numbers_fops = {
	.owner = THIS_MODULE,
	.read = numbers_read,
};

/* kind=many */
static int major;

static int register_many(void)
{
	major = register_chrdev(0, "numbers", &numbers_fops);
	return major < 0 ? major : 0;
}

static void unregister_many(void)
{
	/* TODO 3: undo it. */
}

/* kind=one */
static dev_t number;
static struct cdev cdev;

static int register_one(void)
{
	/*
	 * TODO 1: get one number by alloc_chrdev_region(), and have cdev answer for
	 * it: cdev_init(), cdev_add(). If the latter fails, give the number back.
	 */
	return 0;
}

static void unregister_one(void)
{
	/* TODO 1: undo it, the last step first. */
}

/* kind=misc */
static struct miscdevice misc = {
	/* TODO 2: any minor that is free, the name "numbers", and numbers_fops. */
};

static int register_misc(void)
{
	/* TODO 2: register misc. */
	return 0;
}

static void unregister_misc(void)
{
	/* TODO 2: undo it. */
}

static int __init numbers_init(void)
{
	if (!strcmp(kind, "one"))
		return register_one();
	if (!strcmp(kind, "misc"))
		return register_misc();
	return register_many();
}

static void __exit numbers_exit(void)
{
	if (!strcmp(kind, "one"))
		unregister_one();
	else if (!strcmp(kind, "misc"))
		unregister_misc();
	else
		unregister_many();
}

module_init(numbers_init);
module_exit(numbers_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A character device that tells its minor");
