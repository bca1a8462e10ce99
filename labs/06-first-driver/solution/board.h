/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/types.h>

/* The interrupt of the board's two devices, 0 and 1, which they share. */
unsigned int board_irq(void);

/* The status register of a device: whether it wants something. */
bool board_status(unsigned int device);

/* The device wants nothing any more. */
void board_acknowledge(unsigned int device);
