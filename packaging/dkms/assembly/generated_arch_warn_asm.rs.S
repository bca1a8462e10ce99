/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's assembly for Rust's macros, as a string: see Kbuild. */
#include <linux/bug.h>
// Cut here.
::kernel::concat_literals!(ARCH_WARN_ASM("{file}", "{line}", "{flags}", "{size}"))
