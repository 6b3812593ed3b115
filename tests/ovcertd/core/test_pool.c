/* SPDX-License-Identifier: BSD-2-Clause */
#include "ovcertd/core/pool.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/error.h"

#define PATIENCE_MS 10000

/* Jobs that wait at a gate, so that a test decides when the threads are busy. */
typedef struct Gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned open; /* jobs that wait with a number below this may go */
    unsigned entered;
    char order[1024]; /* one letter per job, in the order in which they ran */
    size_t n_order;
    unsigned done;
} Gate;

typedef struct Job {
    Gate *gate;
    char letter;
    bool waits;
    unsigned number;
    bool ran;
    pthread_t thread;
} Job;

static void gate_init(Gate *gate) {
    *gate = (Gate){0};
    assert_int_equal(pthread_mutex_init(&gate->lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&gate->changed, NULL), 0);
}

static void gate_open(Gate *gate, unsigned count) {
    (void) pthread_mutex_lock(&gate->lock);
    gate->open = count;
    (void) pthread_cond_broadcast(&gate->changed);
    (void) pthread_mutex_unlock(&gate->lock);
}

static void gate_await_entered(Gate *gate, unsigned count) {
    (void) pthread_mutex_lock(&gate->lock);
    while (gate->entered < count)
        (void) pthread_cond_wait(&gate->changed, &gate->lock);
    (void) pthread_mutex_unlock(&gate->lock);
}

static void run(void *data) {
    Job *job = data;
    Gate *gate = job->gate;
    (void) pthread_mutex_lock(&gate->lock);
    gate->entered++;
    (void) pthread_cond_broadcast(&gate->changed);
    while (job->waits && job->number >= gate->open)
        (void) pthread_cond_wait(&gate->changed, &gate->lock);
    gate->order[gate->n_order++] = job->letter;
    (void) pthread_mutex_unlock(&gate->lock);
    job->ran = true;
    job->thread = pthread_self();
}

static void done(void *data) {
    Job *job = data;
    job->gate->done++;
}

static int submit(Pool *pool, uid_t uid, Job *job) {
    PoolJob pool_job = {.run = run, .done = done, .data = job};
    return pool_submit(pool, uid, &pool_job);
}

static void dispatch_until(Pool *pool, Gate *gate, unsigned count) {
    while (gate->done < count) {
        struct pollfd poll_fd = {.fd = pool_fd(pool), .events = POLLIN};
        assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
        pool_dispatch(pool);
    }
}

/* Both threads stand at the gate; what is submitted next has to queue. */
static void occupy(Pool *pool, Gate *gate, Job jobs[POOL_THREADS]) {
    for (unsigned i = 0; i < POOL_THREADS; i++) {
        jobs[i] = (Job){.gate = gate, .letter = '.', .waits = true, .number = i};
        assert_int_equal(submit(pool, 1, &jobs[i]), 0);
    }
    gate_await_entered(gate, POOL_THREADS);
}

static void test_one_uid_cannot_fill_the_queue(void **unused) {
    (void) unused;
    Gate gate;
    gate_init(&gate);
    Job busy[POOL_THREADS], jobs[POOL_QUEUE_PER_UID + 1] = {0}, other = {.gate = &gate, .letter = 'o'};
    Pool *pool = NULL;
    assert_int_equal(pool_new(&pool), 0);
    occupy(pool, &gate, busy);
    for (unsigned i = 0; i <= POOL_QUEUE_PER_UID; i++) {
        jobs[i] = (Job){.gate = &gate, .letter = 'a'};
        assert_int_equal(submit(pool, 1000, &jobs[i]), i < POOL_QUEUE_PER_UID ? 0 : OVCERT_ERROR_LIMIT_EXCEEDED);
    }
    assert_int_equal(submit(pool, 1001, &other), 0);
    gate_open(&gate, POOL_THREADS);
    dispatch_until(pool, &gate, POOL_THREADS + POOL_QUEUE_PER_UID + 1);
    assert_null(pool_free(pool));
}

static void test_the_queue_of_all_is_bounded(void **unused) {
    (void) unused;
    static Job jobs[POOL_QUEUE_ALL + 1];
    Gate gate;
    gate_init(&gate);
    Job busy[POOL_THREADS];
    Pool *pool = NULL;
    assert_int_equal(pool_new(&pool), 0);
    occupy(pool, &gate, busy);
    for (unsigned i = 0; i <= POOL_QUEUE_ALL; i++) {
        jobs[i] = (Job){.gate = &gate, .letter = 'a'};
        assert_int_equal(submit(pool, 1000 + i / POOL_QUEUE_PER_UID, &jobs[i]),
                         i < POOL_QUEUE_ALL ? 0 : OVCERT_ERROR_LIMIT_EXCEEDED);
    }
    gate_open(&gate, POOL_THREADS);
    dispatch_until(pool, &gate, POOL_THREADS + POOL_QUEUE_ALL);
    assert_null(pool_free(pool));
}

static void test_s40_a_latecomer_waits_for_one_job_of_the_flooder_and_not_for_all(void **unused) {
    (void) unused;
    Gate gate;
    gate_init(&gate);
    Job busy[POOL_THREADS], flood[POOL_QUEUE_PER_UID] = {0}, late = {.gate = &gate, .letter = 'l'};
    Pool *pool = NULL;
    assert_int_equal(pool_new(&pool), 0);
    occupy(pool, &gate, busy);
    for (unsigned i = 0; i < POOL_QUEUE_PER_UID; i++) {
        flood[i] = (Job){.gate = &gate, .letter = 'f'};
        assert_int_equal(submit(pool, 1000, &flood[i]), 0);
    }
    assert_int_equal(submit(pool, 1001, &late), 0);
    gate_open(&gate, 1); /* one thread goes on, so that the order of starting is the order of ending */
    dispatch_until(pool, &gate, 1 + POOL_QUEUE_PER_UID + 1);
    assert_int_equal(gate.order[1], 'f');
    assert_int_equal(gate.order[2], 'l');
    gate_open(&gate, POOL_THREADS);
    assert_null(pool_free(pool));
}

static void test_free_ends_every_job(void **unused) {
    (void) unused;
    Gate gate;
    gate_init(&gate);
    Job busy[POOL_THREADS], queued = {.gate = &gate, .letter = 'q'};
    Pool *pool = NULL;
    assert_int_equal(pool_new(&pool), 0);
    occupy(pool, &gate, busy);
    assert_int_equal(submit(pool, 1000, &queued), 0);
    gate_open(&gate, POOL_THREADS);
    assert_null(pool_free(pool));
    assert_int_equal(gate.done, POOL_THREADS + 1);
    assert_true(busy[0].ran);
    assert_true(busy[1].ran);
}

static void test_jobs_run_in_a_thread_of_the_pool(void **unused) {
    (void) unused;
    Gate gate;
    gate_init(&gate);
    Job job = {.gate = &gate, .letter = 'a'};
    Pool *CLEANUP(pool_freep) pool = NULL;
    assert_int_equal(pool_new(&pool), 0);
    assert_int_equal(submit(pool, 1000, &job), 0);
    dispatch_until(pool, &gate, 1);
    assert_true(job.ran);
    assert_false(pthread_equal(job.thread, pthread_self()));
}

static void test_dispatch_without_work_does_nothing(void **unused) {
    (void) unused;
    Pool *CLEANUP(pool_freep) pool = NULL;
    assert_int_equal(pool_new(&pool), 0);
    pool_dispatch(pool);
    struct pollfd poll_fd = {.fd = pool_fd(pool), .events = POLLIN};
    assert_int_equal(poll(&poll_fd, 1, 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_uid_cannot_fill_the_queue),
        cmocka_unit_test(test_the_queue_of_all_is_bounded),
        cmocka_unit_test(test_s40_a_latecomer_waits_for_one_job_of_the_flooder_and_not_for_all),
        cmocka_unit_test(test_free_ends_every_job),
        cmocka_unit_test(test_jobs_run_in_a_thread_of_the_pool),
        cmocka_unit_test(test_dispatch_without_work_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
