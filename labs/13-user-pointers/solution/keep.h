/* SPDX-License-Identifier: GPL-2.0-only */
/* The calls of /dev/keep. */
#include <linux/ioctl.h>

/* Keeps the address that is the argument. */
#define KEEP_ADDRESS	_IO('k', 0)
/* Pins the page of the address that is kept. */
#define KEEP_PIN	_IO('k', 1)
/* Reads a byte at the address that is kept: in this call, in a work function, in an interrupt. The argument says how. */
#define KEEP_CALL	_IO('k', 2)
#define KEEP_WORK	_IO('k', 3)
#define KEEP_INTERRUPT	_IO('k', 4)

enum keep_how { KEEP_PLAIN, KEEP_NOSMAP, KEEP_COPY, KEEP_PINNED };
