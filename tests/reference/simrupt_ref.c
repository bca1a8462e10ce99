// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same device and driver once more, in plain C and without statistics: what simrupt's costs are
 * compared with. It is built by the lab for the tables of Documentation/performance.md, and never shipped.
 *
 * A hard hrtimer puts events into a ring and raises an edge on an interrupt chip in software. The top half
 * stamps the events, the bottom half moves them into a fifo under a spinlock, and readers of /dev/simruptref0
 * wait for them.
 *
 * Ring: one producer (the timer), one consumer (the bottom half), and the top half in between. Each of the
 * three cursors has one writer; a slot belongs to the context whose cursor comes next.
 */
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/kfifo.h>
#include <linux/math64.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#define NAME		"simruptref"
#define RING_EVENTS	4096
/* As many events as one hold of the fifo's lock moves. */
#define BATCH		64
/* As many events as one expiry emits. */
#define EMIT_BATCH	1024

static unsigned int rate_hz = 10;
module_param(rate_hz, uint, 0444);
MODULE_PARM_DESC(rate_hz, "events per second, 1 to 1000000 (default 10)");

static unsigned int burst = 1;
module_param(burst, uint, 0444);
MODULE_PARM_DESC(burst, "events per interrupt, 1 to 1024 (default 1)");

static unsigned int fifo_size = 4096;
module_param(fifo_size, uint, 0444);
MODULE_PARM_DESC(fifo_size, "records, a power of two (default 4096)");

static bool record;
module_param(record, bool, 0444);
MODULE_PARM_DESC(record, "readers get 40-byte records instead of characters (default N)");

static bool always;
module_param(always, bool, 0444);
MODULE_PARM_DESC(always, "the device runs without a reader, too (default N)");

static char *deferral = "unbound";
module_param(deferral, charp, 0444);
MODULE_PARM_DESC(deferral, "none, bound, unbound or bh (default unbound)");

static int cpu = -1;
module_param(cpu, int, 0444);
MODULE_PARM_DESC(cpu, "CPU of the timer; -1: wherever it is started (default -1)");

struct ref_event {
	u64 seq;
	u64 due_ns;
	u64 irq_ns;
	u16 irq_cpu;
	u8 value;
};

struct ref_record {
	u64 seq;
	u64 due_ns;
	u64 irq_ns;
	u64 bh_ns;
	u16 irq_cpu;
	u16 bh_cpu;
	u8 value;
	u8 flags;
	u16 reserved;
};

/* The device and its driver. */
struct ref_line {
	/* The device. */
	struct hrtimer timer;
	struct irq_domain *domain;
	struct fwnode_handle *fwnode;
	struct platform_device *pdev;
	u64 next_due_ns;
	u64 carried;
	u64 seq;
	/* The ring: written by the timer, the top half and the bottom half, in this order. */
	u64 head;
	u64 seen;
	u64 tail;
	struct ref_event *ring;

	/* The driver. */
	int irq;
	struct workqueue_struct *wq;
	struct work_struct work;
	struct miscdevice misc;
	/* One of the two is in use. The lock is for those who put something in, the mutex for readers. */
	DECLARE_KFIFO_PTR(characters, u8);
	DECLARE_KFIFO_PTR(records, struct ref_record);
	spinlock_t lock;
	struct mutex reader;
	wait_queue_head_t readable;
	/* Guards users. */
	struct mutex users_lock;
	unsigned int users;
};

static struct ref_line *line;

static void ref_nothing(struct irq_data *data)
{
}

static struct irq_chip ref_chip = {
	.name = NAME,
	.irq_ack = ref_nothing,
	.irq_mask = ref_nothing,
	.irq_unmask = ref_nothing,
};

static int ref_map(struct irq_domain *domain, unsigned int virq, irq_hw_number_t hwirq)
{
	irq_set_chip_and_handler_name(virq, &ref_chip, handle_edge_irq, "edge");
	irq_modify_status(virq, IRQ_NOREQUEST, IRQ_NOPROBE);
	return 0;
}

static const struct irq_domain_ops ref_domain_ops = {
	.map = ref_map,
};

/* The device: emits all that has come due, with its own due time, and raises the line once. */
static enum hrtimer_restart ref_expire(struct hrtimer *timer)
{
	struct ref_line *l = container_of(timer, struct ref_line, timer);
	u64 now_ns = ktime_get_ns();
	u64 tail = smp_load_acquire(&l->tail);
	u64 head = l->head;
	unsigned int emitted = 0;

	while (l->next_due_ns <= now_ns && emitted < EMIT_BATCH) {
		unsigned int n;

		for (n = 0; n < burst; n++) {
			if (head - tail < RING_EVENTS) {
				struct ref_event *event = &l->ring[head % RING_EVENTS];

				event->seq = l->seq;
				event->due_ns = l->next_due_ns;
				event->value = 0x20 + l->seq % 95;
				head++;
			}
			l->seq++;
			emitted++;
		}
		l->next_due_ns += div64_u64_rem((u64)burst * NSEC_PER_SEC + l->carried, rate_hz,
						&l->carried);
	}
	smp_store_release(&l->head, head);
	if (emitted)
		generic_handle_domain_irq(l->domain, 0);
	hrtimer_set_expires(timer, ns_to_ktime(max(l->next_due_ns, now_ns + 1)));
	return HRTIMER_RESTART;
}

static void ref_put(struct ref_line *l, const struct ref_event *event, u64 bh_ns, u16 bh_cpu)
{
	struct ref_record to;

	/* A full fifo loses the newest. */
	if (!record) {
		kfifo_put(&l->characters, event->value);
		return;
	}
	to = (struct ref_record) {
		.seq = event->seq,
		.due_ns = event->due_ns,
		.irq_ns = event->irq_ns,
		.bh_ns = bh_ns,
		.irq_cpu = event->irq_cpu,
		.bh_cpu = bh_cpu,
		.value = event->value,
	};
	kfifo_put(&l->records, to);
}

/* The bottom half: moves everything that the top half has stamped into the fifo. */
static void ref_bottom_half(struct ref_line *l)
{
	u64 seen = smp_load_acquire(&l->seen);
	u64 bh_ns = ktime_get_ns();
	u16 bh_cpu = raw_smp_processor_id();
	u64 tail = l->tail;
	bool moved = tail != seen;
	unsigned long flags;

	while (tail != seen) {
		u64 end = tail + min_t(u64, seen - tail, BATCH);

		spin_lock_irqsave(&l->lock, flags);
		for (; tail != end; tail++)
			ref_put(l, &l->ring[tail % RING_EVENTS], bh_ns, bh_cpu);
		smp_store_release(&l->tail, tail);
		spin_unlock_irqrestore(&l->lock, flags);
	}
	if (moved)
		wake_up_interruptible(&l->readable);
}

static void ref_work(struct work_struct *work)
{
	ref_bottom_half(container_of(work, struct ref_line, work));
}

/* The top half: stamps what the device has announced, and hands over. */
static irqreturn_t ref_top_half(int irq, void *data)
{
	struct ref_line *l = data;
	u64 head = smp_load_acquire(&l->head);
	u64 irq_ns = ktime_get_ns();
	u16 irq_cpu = raw_smp_processor_id();
	u64 seen = l->seen;

	if (seen == head)
		return IRQ_NONE;
	for (; seen != head; seen++) {
		struct ref_event *event = &l->ring[seen % RING_EVENTS];

		event->irq_ns = irq_ns;
		event->irq_cpu = irq_cpu;
	}
	smp_store_release(&l->seen, seen);
	if (l->wq)
		queue_work(l->wq, &l->work);
	else
		ref_bottom_half(l);
	return IRQ_HANDLED;
}

static void ref_arm(void *data)
{
	struct ref_line *l = data;

	hrtimer_start(&l->timer, ns_to_ktime(l->next_due_ns), HRTIMER_MODE_ABS_PINNED_HARD);
}

/* The device runs while it has users. */
static void ref_use(struct ref_line *l)
{
	mutex_lock(&l->users_lock);
	if (!l->users++) {
		l->carried = 0;
		l->next_due_ns = ktime_get_ns() + div_u64((u64)burst * NSEC_PER_SEC, rate_hz);
		if (cpu < 0 || smp_call_function_single(cpu, ref_arm, l, true))
			ref_arm(l);
	}
	mutex_unlock(&l->users_lock);
}

static void ref_unuse(struct ref_line *l)
{
	mutex_lock(&l->users_lock);
	if (!--l->users)
		hrtimer_cancel(&l->timer);
	mutex_unlock(&l->users_lock);
}

static int ref_open(struct inode *inode, struct file *file)
{
	struct ref_line *l = container_of(file->private_data, struct ref_line, misc);

	file->private_data = l;
	ref_use(l);
	return stream_open(inode, file);
}

static int ref_release(struct inode *inode, struct file *file)
{
	ref_unuse(file->private_data);
	return 0;
}

static bool ref_is_empty(struct ref_line *l)
{
	return record ? kfifo_is_empty(&l->records) : kfifo_is_empty(&l->characters);
}

static ssize_t ref_read(struct file *file, char __user *to, size_t size, loff_t *position)
{
	struct ref_line *l = file->private_data;
	unsigned int copied;
	int error;

	if (size < (record ? sizeof(struct ref_record) : 1))
		return size ? -EINVAL : 0;
	do {
		if (ref_is_empty(l)) {
			if (file->f_flags & O_NONBLOCK)
				return -EAGAIN;
			error = wait_event_interruptible(l->readable, !ref_is_empty(l));
			if (error)
				return error;
		}
		error = mutex_lock_interruptible(&l->reader);
		if (error)
			return error;
		if (record)
			error = kfifo_to_user(&l->records, to, size, &copied);
		else
			error = kfifo_to_user(&l->characters, to, size, &copied);
		mutex_unlock(&l->reader);
		/* Another reader may have been faster. */
	} while (!error && !copied);
	return error ?: copied;
}

static __poll_t ref_poll(struct file *file, poll_table *table)
{
	struct ref_line *l = file->private_data;

	poll_wait(file, &l->readable, table);
	return ref_is_empty(l) ? 0 : EPOLLIN | EPOLLRDNORM;
}

static const struct file_operations ref_fops = {
	.owner = THIS_MODULE,
	.open = ref_open,
	.release = ref_release,
	.read = ref_read,
	.poll = ref_poll,
};

static int ref_alloc_queue(struct ref_line *l)
{
	if (!strcmp(deferral, "none"))
		return 0;
	if (!strcmp(deferral, "bound"))
		l->wq = alloc_workqueue(NAME, WQ_PERCPU, 0);
	else if (!strcmp(deferral, "unbound"))
		l->wq = alloc_workqueue(NAME, WQ_UNBOUND, 0);
	else if (!strcmp(deferral, "bh"))
		l->wq = alloc_workqueue(NAME, WQ_BH | WQ_PERCPU, 0);
	else
		return -EINVAL;
	return l->wq ? 0 : -ENOMEM;
}

static int ref_probe(struct platform_device *pdev)
{
	struct ref_line *l = line;
	int error;

	l->ring = kvcalloc(RING_EVENTS, sizeof(*l->ring), GFP_KERNEL);
	if (!l->ring)
		return -ENOMEM;
	if (record)
		error = kfifo_alloc(&l->records, fifo_size, GFP_KERNEL);
	else
		error = kfifo_alloc(&l->characters, fifo_size, GFP_KERNEL);
	if (error)
		goto free;
	INIT_WORK(&l->work, ref_work);
	error = ref_alloc_queue(l);
	if (error)
		goto free;
	l->irq = platform_get_irq(pdev, 0);
	if (l->irq < 0) {
		error = l->irq;
		goto destroy;
	}
	error = request_irq(l->irq, ref_top_half, 0, NAME "0", l);
	if (error)
		goto destroy;
	l->misc.minor = MISC_DYNAMIC_MINOR;
	l->misc.name = NAME "0";
	l->misc.fops = &ref_fops;
	l->misc.mode = 0400;
	error = misc_register(&l->misc);
	if (error)
		goto free_irq;
	if (always)
		ref_use(l);
	return 0;

free_irq:
	free_irq(l->irq, l);
destroy:
	if (l->wq)
		destroy_workqueue(l->wq);
free:
	kfifo_free(&l->records);
	kfifo_free(&l->characters);
	kvfree(l->ring);
	return error;
}

static void ref_remove(struct platform_device *pdev)
{
	struct ref_line *l = line;

	misc_deregister(&l->misc);
	if (always)
		ref_unuse(l);
	free_irq(l->irq, l);
	if (l->wq)
		destroy_workqueue(l->wq);
	kfifo_free(&l->records);
	kfifo_free(&l->characters);
	kvfree(l->ring);
}

static struct platform_driver ref_driver = {
	.probe = ref_probe,
	.remove = ref_remove,
	.driver = {
		.name = NAME,
		.suppress_bind_attrs = true,
	},
};

static int __init ref_init(void)
{
	struct resource irq = { .flags = IORESOURCE_IRQ };
	int error = -ENOMEM;
	int virq;

	if (!rate_hz || rate_hz > 1000000 || !burst || burst > EMIT_BATCH || !is_power_of_2(fifo_size))
		return -EINVAL;
	line = kzalloc(sizeof(*line), GFP_KERNEL);
	if (!line)
		return -ENOMEM;
	spin_lock_init(&line->lock);
	init_waitqueue_head(&line->readable);
	mutex_init(&line->reader);
	mutex_init(&line->users_lock);
	hrtimer_setup(&line->timer, ref_expire, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_PINNED_HARD);
	line->fwnode = irq_domain_alloc_named_fwnode(NAME);
	if (!line->fwnode)
		goto free_line;
	line->domain = irq_domain_create_linear(line->fwnode, 1, &ref_domain_ops, NULL);
	if (!line->domain)
		goto free_node;
	virq = irq_create_mapping(line->domain, 0);
	if (!virq)
		goto remove_domain;
	error = platform_driver_register(&ref_driver);
	if (error)
		goto dispose;
	irq.start = irq.end = virq;
	line->pdev = platform_device_register_simple(NAME, 0, &irq, 1);
	if (IS_ERR(line->pdev)) {
		error = PTR_ERR(line->pdev);
		goto unregister_driver;
	}
	if (!line->pdev->dev.driver) {
		error = -ENODEV;
		goto unregister_device;
	}
	return 0;

unregister_device:
	platform_device_unregister(line->pdev);
unregister_driver:
	platform_driver_unregister(&ref_driver);
dispose:
	irq_dispose_mapping(virq);
remove_domain:
	irq_domain_remove(line->domain);
free_node:
	irq_domain_free_fwnode(line->fwnode);
free_line:
	kfree(line);
	return error;
}

static void __exit ref_exit(void)
{
	int virq = irq_find_mapping(line->domain, 0);

	platform_device_unregister(line->pdev);
	platform_driver_unregister(&ref_driver);
	irq_dispose_mapping(virq);
	irq_domain_remove(line->domain);
	irq_domain_free_fwnode(line->fwnode);
	kfree(line);
}

module_init(ref_init);
module_exit(ref_exit);

MODULE_AUTHOR("The simrupt authors");
MODULE_DESCRIPTION("simrupt's device and driver in plain C, for comparison");
MODULE_LICENSE("GPL");
