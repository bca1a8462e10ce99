/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The records that /dev/simruptN returns in format "record".
 *
 * Each read() returns whole records, as many as are available and fit. A buffer that is smaller
 * than one record gets EINVAL. Fields are in native byte order, times are CLOCK_MONOTONIC
 * nanoseconds. FIONREAD returns the number of bytes that a read would return now.
 */
#ifndef _UAPI_SIMRUPT_H
#define _UAPI_SIMRUPT_H

#include <linux/types.h>

struct simrupt_record {
	__u64 seq;	/* number of the event since the driver was bound; gaps are lost events */
	__u64 due_ns;	/* when the event was due on the ideal schedule */
	__u64 irq_ns;	/* when the driver acknowledged it: in an interrupt, or in a poll */
	__u64 bh_ns;	/* start of the run of the bottom half that queued it */
	__u16 irq_cpu;	/* CPU that acknowledged it */
	__u16 bh_cpu;	/* CPU of the bottom half */
	__u8 value;	/* the character of format "char": 0x20..0x7e, cycling with seq */
	__u8 flags;	/* 0 */
	__u16 reserved;	/* 0 */
};

#endif
