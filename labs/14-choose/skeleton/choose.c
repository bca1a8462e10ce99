// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that interrupts CPU 1, and whose events are processed by a bottom half that
 * has to sleep. insmod waits for 100 events and prints how long the bottom half was
 * waited for at most: "choose: 100 events, longest wait 12 us".
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_sim.h>
#include <linux/irqdomain.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

#define EVENTS 100

static struct workqueue_struct *queue;
static unsigned int irq, done;
static u64 raised_ns, longest_ns;
/* Whether the device waits for the driver. */
static bool is_busy;
static DECLARE_COMPLETION(all_done);

/* Sends a command over a slow bus, and sleeps meanwhile. */
static void bottom_half(struct work_struct *work)
{
	u64 waited_ns = ktime_get_ns() - raised_ns;

	longest_ns = max(longest_ns, waited_ns);
	usleep_range(50, 60);
	if (++done == EVENTS)
		complete(&all_done);
	WRITE_ONCE(is_busy, false);
}
static DECLARE_WORK(work, bottom_half);

static irqreturn_t top_half(int irq, void *cookie)
{
	queue_work(queue, &work);
	return IRQ_HANDLED;
}

/* The device: each millisecond it interrupts, unless the driver still processes the event before. */
static enum hrtimer_restart device_fn(struct hrtimer *timer)
{
	if (!READ_ONCE(is_busy)) {
		WRITE_ONCE(is_busy, true);
		raised_ns = ktime_get_ns();
		irq_set_irqchip_state(irq, IRQCHIP_STATE_PENDING, true);
	}
	hrtimer_forward_now(timer, ms_to_ktime(1));
	return HRTIMER_RESTART;
}

static struct hrtimer device;
static void start_device(void *nothing)
{
	hrtimer_start(&device, ms_to_ktime(1), HRTIMER_MODE_REL_PINNED);
}

static int __init choose_init(void)
{
	struct irq_domain *domain;
	int error;

	/*
	 * TODO: choose the flags with which the bottom half may sleep, and begins in time
	 * beside a hog: WQ_PERCPU or WQ_UNBOUND, and further ones that you need.
	 */
	queue = alloc_workqueue("choose", WQ_PERCPU, 0);
	if (!queue)
		return -ENOMEM;
	domain = irq_domain_create_sim(NULL, 1);
	if (IS_ERR(domain)) {
		error = PTR_ERR(domain);
		goto destroy;
	}
	irq = irq_create_mapping(domain, 0);
	error = request_irq(irq, top_half, 0, "choose", &done);
	if (error)
		goto remove;

	hrtimer_setup(&device, device_fn, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED);
	smp_call_function_single(1, start_device, NULL, 1);
	wait_for_completion_timeout(&all_done, 5 * HZ);
	hrtimer_cancel(&device);
	pr_info("choose: %u events, longest wait %llu us\n", done, longest_ns / NSEC_PER_USEC);

	free_irq(irq, &done);
remove:
	irq_dispose_mapping(irq);
	irq_domain_remove_sim(domain);
destroy:
	destroy_workqueue(queue);
	return error;
}

static void __exit choose_exit(void)
{
}

module_init(choose_init);
module_exit(choose_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A bottom half that has to sleep, beside a hog");
