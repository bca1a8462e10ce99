// SPDX-License-Identifier: GPL-2.0-only
/* The same driver once more, for the other device. */
#define DEVICE 1
#include "first.c"
