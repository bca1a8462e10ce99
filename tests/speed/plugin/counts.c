// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin of QEMU's: how often each block of code runs between two marks, with one CPU.
 *
 * A mark is a no-operation with a number in it, `nopl NUMBER(%rax,%rax,1)`: 0x5eed0000 begins, any number up to
 * 0x5eedffff above it ends and is the name of what was counted. For each of those, the file that the argument
 * `out=FILE` names gets a line "mark NUMBER", and then a line "ADDRESS INSTRUCTIONS TIMES" for each block that ran.
 *
 * QEMU's own header is not packaged. These are the few of its declarations that are used, of version 4.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_info;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_scoreboard;
typedef struct {
	struct qemu_plugin_scoreboard *score;
	size_t offset;
} qemu_plugin_u64;

enum { INLINE_ADD_U64 = 0, CB_NO_REGS = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*cb)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_plugin_tb *tb, int op,
						       qemu_plugin_u64 entry, uint64_t amount);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*cb)(unsigned int, void *), int flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to, size_t len);
struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element_size);
void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *score, unsigned int vcpu);

EXPORT int qemu_plugin_version = 4;

/* As many blocks as are told apart. The last one is for all others. */
#define BLOCKS (1u << 20)
/* A no-operation of eight bytes; the last four are its number. */
static const uint8_t NOP[4] = { 0x0f, 0x1f, 0x84, 0x00 };
#define FIRST_MARK 0x5eed0000u

struct block {
	uint64_t address;
	uint32_t instructions;
};

static struct block blocks[BLOCKS];
static uint32_t used;
static uint64_t before[BLOCKS];
static struct qemu_plugin_scoreboard *times;
static FILE *out;

/* The number of a block: a hash table without deletion. */
static uint32_t number_of(uint64_t address, uint32_t instructions)
{
	uint32_t place = (uint32_t)((address * 0x9e3779b97f4a7c15u) >> 44) % (BLOCKS - 1);

	for (uint32_t tries = 0; tries < BLOCKS - 1; tries++) {
		struct block *block = &blocks[place];

		if (!block->instructions) {
			*block = (struct block){ address, instructions };
			used++;
			return place;
		}
		if (block->address == address && block->instructions == instructions)
			return place;
		place = (place + 1) % (BLOCKS - 1);
	}
	return BLOCKS - 1;
}

static void mark(unsigned int vcpu, void *data)
{
	uint32_t number = (uint32_t)(uintptr_t)data;
	const uint64_t *now = qemu_plugin_scoreboard_find(times, vcpu);

	if (number != FIRST_MARK) {
		fprintf(out, "mark %u\n", number - FIRST_MARK);
		for (uint32_t i = 0; i < BLOCKS; i++)
			if (now[i] != before[i])
				fprintf(out, "%" PRIx64 " %u %" PRIu64 "\n", blocks[i].address,
					blocks[i].instructions, now[i] - before[i]);
		fflush(out);
	}
	memcpy(before, now, sizeof(before));
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);
	uint32_t number = number_of(qemu_plugin_tb_vaddr(tb), (uint32_t)count);
	qemu_plugin_u64 entry = { times, number * sizeof(uint64_t) };

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, INLINE_ADD_U64, entry, 1);
	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint8_t bytes[8];
		uint32_t value;

		if (qemu_plugin_insn_data(insn, bytes, sizeof(bytes)) != sizeof(bytes) ||
		    memcmp(bytes, NOP, sizeof(NOP)))
			continue;
		memcpy(&value, bytes + sizeof(NOP), sizeof(value));
		if (value >> 16 == FIRST_MARK >> 16)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark, CB_NO_REGS,
							       (void *)(uintptr_t)value);
	}
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
	if (!out) {
		fputs("counts: out=FILE is missing, or cannot be written\n", stderr);
		return -1;
	}
	times = qemu_plugin_scoreboard_new(BLOCKS * sizeof(uint64_t));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
