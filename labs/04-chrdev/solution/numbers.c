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
	unregister_chrdev(major, "numbers");
}

/* kind=one */
static dev_t number;
static struct cdev cdev;

static int register_one(void)
{
	int error = alloc_chrdev_region(&number, 0, 1, "numbers");

	if (error)
		return error;
	cdev_init(&cdev, &numbers_fops);
	cdev.owner = THIS_MODULE;
	error = cdev_add(&cdev, number, 1);
	if (error)
		unregister_chrdev_region(number, 1);
	return error;
}

static void unregister_one(void)
{
	cdev_del(&cdev);
	unregister_chrdev_region(number, 1);
}

/* kind=misc */
static struct miscdevice misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "numbers",
	.fops = &numbers_fops,
};

static int register_misc(void)
{
	return misc_register(&misc);
}

static void unregister_misc(void)
{
	misc_deregister(&misc);
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
