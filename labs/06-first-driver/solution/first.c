// SPDX-License-Identifier: GPL-2.0-only
/* A driver for device 0 of the board. It counts the device's interrupts. */
#include <linux/interrupt.h>
#include <linux/module.h>
#include "board.h"

#ifndef DEVICE
#define DEVICE 0
#endif

static bool shared;
module_param(shared, bool, 0444);
MODULE_PARM_DESC(shared, "share the interrupt (default 0)");

static bool no_id;
module_param(no_id, bool, 0444);
MODULE_PARM_DESC(no_id, "request the interrupt without a dev_id (default 0)");

/* Calls of the handler, and interrupts of the device among them. */
static unsigned int calls;
module_param(calls, uint, 0444);
static unsigned int count;
module_param(count, uint, 0444);

static irqreturn_t handler(int irq, void *dev_id)
{
	calls++;
	if (!board_status(DEVICE))
		return IRQ_NONE;
	board_acknowledge(DEVICE);
	count++;
	return IRQ_HANDLED;
}

static int __init first_init(void)
{
	unsigned long flags = shared ? IRQF_SHARED : 0;
	void *dev_id = no_id ? NULL : &count;

	return request_irq(board_irq(), handler, flags, KBUILD_MODNAME, dev_id);
}

static void __exit first_exit(void)
{
	free_irq(board_irq(), no_id ? NULL : &count);
}

module_init(first_init);
module_exit(first_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A first driver");
