/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's assembly for Rust's macros, as a string: see Kbuild. */
#include <linux/jump_label.h>
// Cut here.
::kernel::concat_literals!(ARCH_STATIC_BRANCH_ASM("{symb} + {off} + {branch}", "{l_yes}"))
