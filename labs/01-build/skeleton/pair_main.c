// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>
#include "sum.h"

static int __init pair_init(void)
{
	pr_info("pair: 2 + 3 = %d\n", sum(2, 3));
	return 0;
}

static void __exit pair_exit(void)
{
}

module_init(pair_init);
module_exit(pair_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A module of two files");
