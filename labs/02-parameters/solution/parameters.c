// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two parameters that are arrays of four places: one has a count, one has none.
 */
#include <linux/module.h>

static int counted[4];
static unsigned int count = 77;
module_param_array(counted, int, &count, 0644);
MODULE_PARM_DESC(counted, "up to four numbers, with a count");

static int plain[4];
module_param_array(plain, int, NULL, 0644);
MODULE_PARM_DESC(plain, "up to four numbers");

static int __init parameters_init(void)
{
	unsigned int used = min_t(unsigned int, count, ARRAY_SIZE(counted));
	unsigned int i;

	pr_info("parameters: count=%u\n", count);
	for (i = 0; i < used; i++)
		pr_info("parameters: counted[%u]=%d\n", i, counted[i]);
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
