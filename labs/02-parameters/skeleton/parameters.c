// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two parameters that are arrays of four places: one has a count, one has none.
 */
#include <linux/module.h>

static int counted[4];
/* Not 0, so that you see whether somebody writes to it. */
static unsigned int count = 77;
/*
 * TODO 1: make counted a parameter that is an array of int and has count as its
 * count. Its file in /sys is readable for all and writable for root.
 */
MODULE_PARM_DESC(counted, "up to four numbers, with a count");

static int plain[4];
/* TODO 2: make plain such a parameter, without a count. */
MODULE_PARM_DESC(plain, "up to four numbers");

static int __init parameters_init(void)
{
	unsigned int i;

	pr_info("parameters: count=%u\n", count);
	/*
	 * TODO 3: print those of counted that were given, and no others, a line
	 * each: "parameters: counted[0]=5". Mind that count begins with 77.
	 */
	for (i = 0; i < ARRAY_SIZE(plain); i++)
		pr_info("parameters: plain[%u]=%d\n", i, plain[i]);
	return 0;
}

static void __exit parameters_exit(void)
{
}

module_init(parameters_init);
module_exit(parameters_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Parameters that are arrays");
