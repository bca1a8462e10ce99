// SPDX-License-Identifier: GPL-2.0-only
/* Wants one number for itself, and says whether it got it. Do not change it. */
#include <linux/fs.h>
#include <linux/module.h>

static unsigned int major;
module_param(major, uint, 0444);
static unsigned int minor;
module_param(minor, uint, 0444);

static int error;

static int __init rival_init(void)
{
	error = register_chrdev_region(MKDEV(major, minor), 1, "rival");
	pr_info("rival: minor %u is %s\n", minor, error ? "taken" : "free");
	return 0;
}

static void __exit rival_exit(void)
{
	if (!error)
		unregister_chrdev_region(MKDEV(major, minor), 1);
}

module_init(rival_init);
module_exit(rival_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Wants a device number");
