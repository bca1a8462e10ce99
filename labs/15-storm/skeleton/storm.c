// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two drivers whose devices, a disk and a card, share one interrupt. Writing N to
 * /sys/module/storm/parameters/disk has the disk interrupt N times, and so with
 * card; with nobody, the interrupt comes without a cause.
 */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_sim.h>
#include <linux/irqdomain.h>
#include <linux/module.h>

static unsigned int irq;
module_param(irq, uint, 0444);

/* The status registers: whether the device has a cause to interrupt. */
static bool disk_status, card_status;

static unsigned int disk_handled, card_handled;
module_param(disk_handled, uint, 0444);
module_param(card_handled, uint, 0444);

/* How often the disk's handler was called. */
static unsigned int calls;
module_param(calls, uint, 0444);

/* The card's driver, in which all is right. */
static irqreturn_t card_handler(int irq, void *cookie)
{
	if (!card_status)
		return IRQ_NONE;
	card_status = false;
	card_handled++;
	return IRQ_HANDLED;
}

static irqreturn_t disk_handler(int irq, void *cookie)
{
	calls++;
	/*
	 * TODO 1: say whether the interrupt was the disk's, by its status register. If
	 * it was, acknowledge it, by clearing the register, and count it in disk_handled.
	 */
	return IRQ_NONE;
}

static int disk_request(void)
{
	return request_irq(irq, disk_handler, IRQF_SHARED, "storm-disk", &disk_status);
}

static void disk_free(void)
{
	free_irq(irq, &disk_status);
}

/* The disk's driver has noticed that its interrupt is dead. */
static int disk_recover(void)
{
	/* TODO 2: have the interrupt back as if the driver had just been loaded. */
	return 0;
}

/* The interrupts come one after the other, on this CPU. */
static int raise(const char *value, const struct kernel_param *kp)
{
	bool *status = kp->arg;
	unsigned int times;
	int error = kstrtouint(value, 10, &times);

	if (error || !irq)
		return error ?: -ENODEV;
	for (; times; times--) {
		if (status)
			*status = true;
		irq_set_irqchip_state(irq, IRQCHIP_STATE_PENDING, true);
	}
	return 0;
}

static const struct kernel_param_ops raise_ops = { .set = raise };
module_param_cb(disk, &raise_ops, &disk_status, 0200);
module_param_cb(card, &raise_ops, &card_status, 0200);
module_param_cb(nobody, &raise_ops, NULL, 0200);

static int recover(const char *value, const struct kernel_param *kp)
{
	return irq ? disk_recover() : -ENODEV;
}

static const struct kernel_param_ops recover_ops = { .set = recover };
module_param_cb(recover, &recover_ops, NULL, 0200);

static struct irq_domain *domain;

static int __init storm_init(void)
{
	int error;

	domain = irq_domain_create_sim(NULL, 1);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	irq = irq_create_mapping(domain, 0);
	error = request_irq(irq, card_handler, IRQF_SHARED, "storm-card", &card_status);
	if (error)
		goto remove;
	error = disk_request();
	if (error)
		goto free_card;
	return 0;

free_card:
	free_irq(irq, &card_status);
remove:
	irq_dispose_mapping(irq);
	irq_domain_remove_sim(domain);
	return error;
}

static void __exit storm_exit(void)
{
	disk_free();
	free_irq(irq, &card_status);
	irq_dispose_mapping(irq);
	irq_domain_remove_sim(domain);
}

module_init(storm_init);
module_exit(storm_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Two devices that share an interrupt");
