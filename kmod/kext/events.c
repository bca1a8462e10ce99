// SPDX-License-Identifier: GPL-2.0-only
/*
 * Defines the tracepoints of events.h, and for each of them a function that Rust calls.
 */
#define CREATE_TRACE_POINTS
#define CREATE_RUST_TRACE_POINTS
#include "events.h"
