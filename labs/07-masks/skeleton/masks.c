// SPDX-License-Identifier: GPL-2.0-only
/*
 * Masks interrupts and bottom halves in every way, and tries what still runs.
 * The init function does the experiment that the parameter names, on CPU 0.
 */
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_sim.h>
#include <linux/irq_work.h>
#include <linux/irqdomain.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

#define OTHER_CPU 1

static char *experiment = "table";
module_param(experiment, charp, 0);
MODULE_PARM_DESC(experiment, "table, nest, callee, merge, wait or thread");

static unsigned int irq;
/* How often the handler, or the bottom half, has run. */
static atomic_t runs;
/* Where the interrupt stays for a while. */
static bool slow_handler, slow_thread;
/* Whether it is there. */
static bool busy;
static bool stop_in_thread;

static irqreturn_t handler(int irq, void *cookie)
{
	atomic_inc(&runs);
	if (slow_handler) {
		WRITE_ONCE(busy, true);
		udelay(500);
		WRITE_ONCE(busy, false);
	}
	return slow_thread || stop_in_thread ? IRQ_WAKE_THREAD : IRQ_HANDLED;
}

static irqreturn_t thread_fn(int irq, void *cookie)
{
	if (stop_in_thread) {
		disable_irq(irq); /* TODO 5: this never returns. */
		return IRQ_HANDLED;
	}
	WRITE_ONCE(busy, true);
	msleep(10);
	WRITE_ONCE(busy, false);
	return IRQ_HANDLED;
}

/* The three events that a mask may delay. */

static void raise_here(void)
{
	irq_set_irqchip_state(irq, IRQCHIP_STATE_PENDING, true);
}

static void raise_fn(void *nothing)
{
	raise_here();
}
static call_single_data_t raise_call = CSD_INIT(raise_fn, NULL);

static void raise_there(void)
{
	smp_call_function_single_async(OTHER_CPU, &raise_call);
}

static void bottom_half_fn(struct work_struct *work)
{
	atomic_inc(&runs);
}
static DECLARE_WORK(bottom_half_work, bottom_half_fn);

/* In an interrupt that is not of our line. */
static void defer_work_fn(struct irq_work *work)
{
	queue_work(system_bh_wq, &bottom_half_work);
}
static DEFINE_IRQ_WORK(defer_work, defer_work_fn);

static void bottom_half_here(void)
{
	irq_work_queue(&defer_work);
}

/* The masks. */

struct mask {
	const char *name;
	void (*off)(void);
	void (*on)(void);
};

static void line_off(void)
{
	disable_irq(irq);
}

static void line_on(void)
{
	enable_irq(irq);
}

static void irqs_off(void)
{
	/* TODO 1: all interrupts of this CPU. */
}

static void irqs_on(void)
{
	/* TODO 1 */
}

static void bh_off(void)
{
	/* TODO 2: all bottom halves of this CPU. */
}

static void bh_on(void)
{
	/* TODO 2 */
}

static const struct mask masks[] = {
	{ "disable_irq", line_off, line_on },
	{ "local_irq_disable", irqs_off, irqs_on },
	{ "local_bh_disable", bh_off, bh_on },
};

/* Whether the event is handled within 100 us. */
static const char *outcome(void (*event)(void))
{
	atomic_set(&runs, 0);
	event();
	udelay(100);
	return atomic_read(&runs) ? "runs" : "delayed";
}

static const char *masked(const struct mask *mask, void (*event)(void))
{
	const char *told;

	mask->off();
	told = outcome(event);
	mask->on();
	/* What was delayed comes now. */
	msleep(20);
	return told;
}

static void table(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		const struct mask *mask = &masks[i];

		pr_info("masks: %s: here=%s there=%s bottom_half=%s\n", mask->name,
			masked(mask, raise_here), masked(mask, raise_there),
			masked(mask, bottom_half_here));
	}
}

/* Masked twice, unmasked once. */
static void nest(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		const struct mask *mask = &masks[i];
		const char *told;

		mask->off();
		mask->off();
		mask->on();
		told = outcome(mask->off == bh_off ? bottom_half_here : raise_here);
		mask->on();
		msleep(20);
		pr_info("masks: %s twice, and undone once: %s\n", mask->name, told);
	}
}

/* Adds to a sum that a handler on this CPU adds to as well. */
static int sum;

static void add(int value)
{
	/* TODO 3: callers may have disabled interrupts, and want them to stay so. */
	local_irq_disable();
	sum += value;
	local_irq_enable();
}

static void callee(void)
{
	bool were_off;

	local_irq_disable();
	add(1);
	were_off = irqs_disabled();
	local_irq_enable();
	pr_info("masks: after add(), interrupts are %s\n", were_off ? "off" : "on");
}

/* Three interrupts while the line is disabled. */
static void merge(void)
{
	int i;

	atomic_set(&runs, 0);
	disable_irq(irq);
	for (i = 0; i < 3; i++) {
		raise_here();
		udelay(100);
	}
	enable_irq(irq);
	msleep(20);
	pr_info("masks: three interrupts became %d\n", atomic_read(&runs));
}

/* Who waits for a handler, and who for its thread. */

static void nosync(void)
{
	/* TODO 4: the one that waits for nobody. */
	disable_irq(irq);
}

static void hardirq(void)
{
	/* TODO 4: the one that waits for the handler, and not for its thread. */
	disable_irq(irq);
}

static const struct mask waiters[] = {
	{ "disable_irq_nosync", nosync, line_on },
	{ "disable_hardirq", hardirq, line_on },
	{ "disable_irq", line_off, line_on },
};

static void wait(const char *place)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(waiters); i++) {
		bool still;

		raise_there();
		while (!READ_ONCE(busy))
			cpu_relax();
		waiters[i].off();
		still = READ_ONCE(busy);
		waiters[i].on();
		while (READ_ONCE(busy))
			msleep(1);
		pr_info("masks: %s returns, and the %s %s\n", waiters[i].name, place,
			still ? "runs" : "is over");
	}
}

/* The thread of an interrupt stops its own line. */
static void from_thread(void)
{
	stop_in_thread = true;
	raise_there();
	msleep(20);
	raise_there();
	msleep(20);
	pr_info("masks: stopped after %d of two interrupts\n", atomic_read(&runs));
}

static int do_experiment(void)
{
	if (!strcmp(experiment, "table")) {
		table();
	} else if (!strcmp(experiment, "nest")) {
		nest();
	} else if (!strcmp(experiment, "callee")) {
		callee();
	} else if (!strcmp(experiment, "merge")) {
		merge();
	} else if (!strcmp(experiment, "wait")) {
		slow_handler = true;
		wait("handler");
		slow_handler = false;
		slow_thread = true;
		wait("thread");
	} else if (!strcmp(experiment, "thread")) {
		from_thread();
	} else {
		return -EINVAL;
	}
	return 0;
}

/* An interrupt of a controller that the kernel simulates. */
static int __init masks_init(void)
{
	struct irq_domain *domain = irq_domain_create_sim(NULL, 1);
	int error;

	if (IS_ERR(domain))
		return PTR_ERR(domain);
	irq = irq_create_mapping(domain, 0);
	error = request_threaded_irq(irq, handler, thread_fn, 0, "masks", &runs);
	if (!error) {
		error = do_experiment();
		irq_work_sync(&defer_work);
		flush_work(&bottom_half_work);
		free_irq(irq, &runs);
	}
	irq_dispose_mapping(irq);
	irq_domain_remove_sim(domain);
	return error;
}

static void __exit masks_exit(void)
{
}

module_init(masks_init);
module_exit(masks_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Masks interrupts, and tries what still runs");
