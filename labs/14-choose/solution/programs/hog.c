// SPDX-License-Identifier: GPL-2.0-only
/* A real-time program on CPU 1 that computes for 20 ms and sleeps for 5 ms, again and again. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int main(void)
{
	const struct sched_param priority = { .sched_priority = 1 };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(1, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) || sched_setscheduler(0, SCHED_FIFO, &priority)) {
		perror("hog");
		return 1;
	}
	for (;;) {
		long long begin = now_us();

		while (now_us() - begin < 20000)
			;
		usleep(5000);
	}
}
