// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watches an interrupt, as bpftrace and perf do: by a function that the kernel calls at
 * the tracepoint irq_handler_entry. `insmod tap.ko irq=26`.
 */
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

static int irq;
module_param(irq, int, 0444);
MODULE_PARM_DESC(irq, "the interrupt to watch");

static unsigned int calls;
module_param(calls, uint, 0444);
MODULE_PARM_DESC(calls, "how often its handler was called");

/* Called in the interrupt, before each handler. */
static void probe(void *data, int number, struct irqaction *action)
{
	if (number == irq)
		calls++;
}

static struct tracepoint *entry;

static void find(struct tracepoint *tracepoint, void *data)
{
	if (!strcmp(tracepoint->name, "irq_handler_entry"))
		entry = tracepoint;
}

static int __init tap_init(void)
{
	for_each_kernel_tracepoint(find, NULL);
	if (!entry)
		return -ENOENT;
	return tracepoint_probe_register(entry, probe, NULL);
}

static void __exit tap_exit(void)
{
	tracepoint_probe_unregister(entry, probe, NULL);
	/* A CPU may be in probe() still. */
	tracepoint_synchronize_unregister();
}

module_init(tap_init);
module_exit(tap_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Counts the calls of an interrupt's handlers");
