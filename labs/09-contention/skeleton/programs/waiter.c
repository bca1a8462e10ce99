// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same in user space, on one CPU: a thread computes for 20 ms with a lock
 * held, and another waits for it. Tells how long the waiter computed, and how
 * long the holder took. `waiter spin` or `waiter mutex`.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define WORK_MS 20

static int spins;
static atomic_flag spinlock = ATOMIC_FLAG_INIT;
/* TODO 3: and a mutex. */
static sem_t is_held;

static void take(void)
{
	/* TODO 3: spin only if spins is true, and take the mutex otherwise. */
	while (atomic_flag_test_and_set(&spinlock))
		;
}

static void release(void)
{
	/* TODO 3 */
	atomic_flag_clear(&spinlock);
}

static double now_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static double holder_took_ms, waiter_computed_ms;

static void *holder(void *nothing)
{
	double start = now_ms(CLOCK_MONOTONIC), computed = now_ms(CLOCK_THREAD_CPUTIME_ID);

	take();
	sem_post(&is_held);
	while (now_ms(CLOCK_THREAD_CPUTIME_ID) < computed + WORK_MS)
		;
	release();
	holder_took_ms = now_ms(CLOCK_MONOTONIC) - start;
	return nothing;
}

static void *waiter(void *nothing)
{
	sem_wait(&is_held);
	take();
	release();
	waiter_computed_ms = now_ms(CLOCK_THREAD_CPUTIME_ID);
	return nothing;
}

/* To the next ten. */
static int rounded(double ms)
{
	return (int)((ms + 5) / 10) * 10;
}

int main(int count, char **words)
{
	pthread_t threads[2];

	if (count != 2 || (strcmp(words[1], "spin") && strcmp(words[1], "mutex"))) {
		fprintf(stderr, "usage: waiter spin|mutex\n");
		return 2;
	}
	spins = !strcmp(words[1], "spin");
	sem_init(&is_held, 0, 0);
	pthread_create(&threads[0], NULL, holder, NULL);
	pthread_create(&threads[1], NULL, waiter, NULL);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	printf("%s: the waiter computed for about %d ms\n", words[1], rounded(waiter_computed_ms));
	printf("%s: the holder took about %d ms for %d ms of work\n", words[1],
	       rounded(holder_took_ms), WORK_MS);
	return 0;
}
