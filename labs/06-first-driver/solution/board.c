// SPDX-License-Identifier: GPL-2.0-only
/*
 * The board: two devices at one interrupt. Writing 0 or 1 to
 * /sys/module/board/parameters/raise has that device raise it. Do not change it.
 */
#include <linux/atomic.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_sim.h>
#include <linux/irqdomain.h>
#include <linux/module.h>
#include "board.h"

static struct irq_domain *domain;
static unsigned int irq;
static unsigned long status;

unsigned int board_irq(void)
{
	return irq;
}
EXPORT_SYMBOL_GPL(board_irq);

bool board_status(unsigned int device)
{
	return test_bit(device, &status);
}
EXPORT_SYMBOL_GPL(board_status);

void board_acknowledge(unsigned int device)
{
	clear_bit(device, &status);
}
EXPORT_SYMBOL_GPL(board_acknowledge);

static int raise(const char *text, const struct kernel_param *parameter)
{
	unsigned int device;
	int error = kstrtouint(text, 0, &device);

	if (error)
		return error;
	if (device > 1)
		return -ENODEV;
	set_bit(device, &status);
	error = irq_set_irqchip_state(irq, IRQCHIP_STATE_PENDING, true);
	/* A handler that runs on another CPU is done when the write is. */
	synchronize_irq(irq);
	return error;
}

static const struct kernel_param_ops raise_ops = {
	.set = raise,
};
module_param_cb(raise, &raise_ops, NULL, 0200);
MODULE_PARM_DESC(raise, "the device that is to raise the interrupt");

static int __init board_init(void)
{
	domain = irq_domain_create_sim(NULL, 1);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	irq = irq_create_mapping(domain, 0);
	if (!irq) {
		irq_domain_remove_sim(domain);
		return -ENOMEM;
	}
	pr_info("board: interrupt %u\n", irq);
	return 0;
}

static void __exit board_exit(void)
{
	irq_dispose_mapping(irq);
	irq_domain_remove_sim(domain);
}

module_init(board_init);
module_exit(board_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Two simulated devices at one interrupt");
