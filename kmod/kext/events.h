/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracepoints simrupt:*, one for each step of an event. Documentation/tracing/events.md
 * documents their fields; tracepoint.rs has the functions that Rust calls.
 *
 * The name of a tracepoint is part of global symbols (__tracepoint_*), and eBPF identifies raw
 * tracepoints by name only. So each name begins with the name of the module.
 *
 * Every event has its line and, in ns, its time: CLOCK_MONOTONIC, the clock of due times,
 * independent of trace_clock.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM simrupt

#if !defined(SIMRUPT_EVENTS_H) || defined(TRACE_HEADER_MULTI_READ)
#define SIMRUPT_EVENTS_H

#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#ifndef SIMRUPT_WORD
/* Room for the name of a flavor, a context, a cause or a fault; and for that of a knob. */
#define SIMRUPT_WORD 16
#define SIMRUPT_KNOB 24
/* Copies a Rust string, which has a length and no NUL, to a C string. */
#define simrupt_word(to, from, length)					\
	do {								\
		size_t count_ = min_t(size_t, length, sizeof(to) - 1);	\
									\
		memset(to, 0, sizeof(to));				\
		memcpy(to, from, count_);				\
	} while (0)
#endif

TRACE_EVENT(simrupt_emit,
	TP_PROTO(u32 line, u64 seq, u64 due_ns),
	TP_ARGS(line, seq, due_ns),
	TP_STRUCT__entry(
		__field(u64, seq)
		__field(u64, due_ns)
		__field(u64, ns)
		__field(u32, line)
	),
	TP_fast_assign(
		__entry->seq = seq;
		__entry->due_ns = due_ns;
		__entry->ns = ktime_get_ns();
		__entry->line = line;
	),
	TP_printk("line=%u seq=%llu due_ns=%llu ns=%llu",
		__entry->line, __entry->seq, __entry->due_ns, __entry->ns)
);

TRACE_EVENT(simrupt_irq,
	TP_PROTO(u32 line, u64 seq, u64 last_seq, u64 events, u64 raises, u64 ns),
	TP_ARGS(line, seq, last_seq, events, raises, ns),
	TP_STRUCT__entry(
		__field(u64, seq)
		__field(u64, last_seq)
		__field(u64, events)
		__field(u64, raises)
		__field(u64, ns)
		__field(u32, line)
	),
	TP_fast_assign(
		__entry->seq = seq;
		__entry->last_seq = last_seq;
		__entry->events = events;
		__entry->raises = raises;
		__entry->ns = ns;
		__entry->line = line;
	),
	TP_printk("line=%u seq=%llu last_seq=%llu events=%llu raises=%llu ns=%llu",
		__entry->line, __entry->seq, __entry->last_seq, __entry->events,
		__entry->raises, __entry->ns)
);

TRACE_EVENT(simrupt_bh_queue,
	TP_PROTO(u32 line, const u8 *flavor, size_t length, bool queued, u64 ns),
	TP_ARGS(line, flavor, length, queued, ns),
	TP_STRUCT__entry(
		__field(u64, ns)
		__field(u32, line)
		__field(bool, queued)
		__array(char, flavor, SIMRUPT_WORD)
	),
	TP_fast_assign(
		__entry->ns = ns;
		__entry->line = line;
		__entry->queued = queued;
		simrupt_word(__entry->flavor, flavor, length);
	),
	TP_printk("line=%u flavor=%s queued=%d ns=%llu",
		__entry->line, __entry->flavor, __entry->queued, __entry->ns)
);

TRACE_EVENT(simrupt_bh_start,
	TP_PROTO(u32 line, const u8 *flavor, size_t length, const u8 *context,
		 size_t context_length, u64 ns),
	TP_ARGS(line, flavor, length, context, context_length, ns),
	TP_STRUCT__entry(
		__field(u64, ns)
		__field(u32, line)
		__array(char, flavor, SIMRUPT_WORD)
		__array(char, context, SIMRUPT_WORD)
	),
	TP_fast_assign(
		__entry->ns = ns;
		__entry->line = line;
		simrupt_word(__entry->flavor, flavor, length);
		simrupt_word(__entry->context, context, context_length);
	),
	TP_printk("line=%u flavor=%s context=%s ns=%llu",
		__entry->line, __entry->flavor, __entry->context, __entry->ns)
);

TRACE_EVENT(simrupt_bh_end,
	TP_PROTO(u32 line, u64 seq, u64 last_seq, u64 events, u64 ns),
	TP_ARGS(line, seq, last_seq, events, ns),
	TP_STRUCT__entry(
		__field(u64, seq)
		__field(u64, last_seq)
		__field(u64, events)
		__field(u64, ns)
		__field(u32, line)
	),
	TP_fast_assign(
		__entry->seq = seq;
		__entry->last_seq = last_seq;
		__entry->events = events;
		__entry->ns = ns;
		__entry->line = line;
	),
	TP_printk("line=%u seq=%llu last_seq=%llu events=%llu ns=%llu",
		__entry->line, __entry->seq, __entry->last_seq, __entry->events,
		__entry->ns)
);

TRACE_EVENT(simrupt_wake,
	TP_PROTO(u32 line, u64 queued),
	TP_ARGS(line, queued),
	TP_STRUCT__entry(
		__field(u64, queued)
		__field(u64, ns)
		__field(u32, line)
	),
	TP_fast_assign(
		__entry->queued = queued;
		__entry->ns = ktime_get_ns();
		__entry->line = line;
	),
	TP_printk("line=%u queued=%llu ns=%llu", __entry->line, __entry->queued, __entry->ns)
);

TRACE_EVENT(simrupt_read,
	TP_PROTO(u32 line, u64 seq, u64 last_seq, u64 due_ns, u64 events, u64 ns),
	TP_ARGS(line, seq, last_seq, due_ns, events, ns),
	TP_STRUCT__entry(
		__field(u64, seq)
		__field(u64, last_seq)
		__field(u64, due_ns)
		__field(u64, events)
		__field(u64, ns)
		__field(u32, line)
	),
	TP_fast_assign(
		__entry->seq = seq;
		__entry->last_seq = last_seq;
		__entry->due_ns = due_ns;
		__entry->events = events;
		__entry->ns = ns;
		__entry->line = line;
	),
	TP_printk("line=%u seq=%llu last_seq=%llu due_ns=%llu events=%llu ns=%llu",
		__entry->line, __entry->seq, __entry->last_seq, __entry->due_ns,
		__entry->events, __entry->ns)
);

TRACE_EVENT(simrupt_drop,
	TP_PROTO(u32 line, u64 seq, u64 events, const u8 *cause, size_t length),
	TP_ARGS(line, seq, events, cause, length),
	TP_STRUCT__entry(
		__field(u64, seq)
		__field(u64, events)
		__field(u64, ns)
		__field(u32, line)
		__array(char, cause, SIMRUPT_WORD)
	),
	TP_fast_assign(
		__entry->seq = seq;
		__entry->events = events;
		__entry->ns = ktime_get_ns();
		__entry->line = line;
		simrupt_word(__entry->cause, cause, length);
	),
	TP_printk("line=%u seq=%llu events=%llu cause=%s ns=%llu",
		__entry->line, __entry->seq, __entry->events, __entry->cause, __entry->ns)
);

TRACE_EVENT(simrupt_knob,
	TP_PROTO(u32 line, const u8 *name, size_t length, s64 value),
	TP_ARGS(line, name, length, value),
	TP_STRUCT__entry(
		__field(s64, value)
		__field(u64, ns)
		__field(u32, line)
		__array(char, name, SIMRUPT_KNOB)
	),
	TP_fast_assign(
		__entry->value = value;
		__entry->ns = ktime_get_ns();
		__entry->line = line;
		simrupt_word(__entry->name, name, length);
	),
	TP_printk("line=%u name=%s value=%lld ns=%llu",
		__entry->line, __entry->name, __entry->value, __entry->ns)
);

TRACE_EVENT(simrupt_fault,
	TP_PROTO(u32 line, const u8 *kind, size_t length, u64 number),
	TP_ARGS(line, kind, length, number),
	TP_STRUCT__entry(
		__field(u64, number)
		__field(u64, ns)
		__field(u32, line)
		__array(char, kind, SIMRUPT_WORD)
	),
	TP_fast_assign(
		__entry->number = number;
		__entry->ns = ktime_get_ns();
		__entry->line = line;
		simrupt_word(__entry->kind, kind, length);
	),
	TP_printk("line=%u kind=%s number=%llu ns=%llu",
		__entry->line, __entry->kind, __entry->number, __entry->ns)
);

#endif

/* Outside of the guard: the kernel's macros include this file again for the definitions. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE events
#include <trace/define_trace.h>
