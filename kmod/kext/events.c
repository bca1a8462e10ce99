// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the tracepoints of events.h, and for each a function for Rust to call.
 */
#define CREATE_TRACE_POINTS
#define CREATE_RUST_TRACE_POINTS
#include "events.h"
