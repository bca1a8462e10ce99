/* SPDX-License-Identifier: GPL-2.0-only */
int sum(int a, int b);
