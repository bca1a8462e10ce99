// SPDX-License-Identifier: GPL-2.0-only
/*
 * user WHOSE WHERE HOW: has /dev/keep keep an address where this process has an A, and read there.
 *   WHOSE  own     by this process
 *          other   by its child, which has a B at the same address
 *          absent  by this process, whose page is mapped but has no memory, as one that was swapped out
 *          gone    by this process, which has unmapped the page
 *   WHERE  call, work or interrupt
 *   HOW    plain, nosmap, copy or pinned
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../keep.h"

static int fail(const char *what)
{
	perror(what);
	return 1;
}

/* The place of a word in a list, the first if it is none of them. */
static int place(const char *word, const char *const *list, int count)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(word, list[i]))
			return i;
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const wheres[] = { "call", "work", "interrupt" };
	static const int calls[] = { KEEP_CALL, KEEP_WORK, KEEP_INTERRUPT };
	static const char *const hows[] = { "plain", "nosmap", "copy", "pinned" };
	const char *whose = argc == 4 ? argv[1] : "";
	int call, how, status = 0;
	int keep = open("/dev/keep", O_RDWR);
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (argc != 4 || keep < 0 || page == MAP_FAILED)
		return fail("user WHOSE WHERE HOW, with /dev/keep");
	call = calls[place(argv[2], wheres, 3)];
	how = place(argv[3], hows, 4);

	*page = 'A';
	ioctl(keep, KEEP_ADDRESS, page);
	if (how == KEEP_PINNED && ioctl(keep, KEEP_PIN, 0))
		return fail("pin");
	if (!strcmp(whose, "other") && fork()) {
		wait(&status);
		return status != 0;
	}
	if (!strcmp(whose, "other"))
		*page = 'B';
	if (!strcmp(whose, "absent"))
		madvise(page, 4096, MADV_DONTNEED);
	if (!strcmp(whose, "gone"))
		munmap(page, 4096);
	return ioctl(keep, call, how) ? fail("read") : 0;
}
