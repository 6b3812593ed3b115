/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker threads. Used by bus/ for judgements; a thread must never touch anything but its job's data, and nothing
 * here waits for a job except pool_free(). */
#include "ovcertd/core/pool.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/error.h"

typedef struct Node {
    struct Node *next;
    PoolJob job;
} Node;

typedef struct Queue {
    Node *first;
    Node **last;
} Queue;

/* The waiting jobs of one uid; exists only while there are some. */
typedef struct Line {
    struct Line *next;
    uid_t uid;
    Queue jobs;
    size_t count;
} Line;

struct Pool {
    pthread_mutex_t lock; /* guards everything below but the threads */
    pthread_cond_t wake;
    Line *lines; /* whose turn it is first */
    size_t waiting;
    Queue finished;
    bool stopping;
    int event;
    pthread_t threads[POOL_THREADS];
    size_t n_threads;
};

static void queue_init(Queue *queue) {
    queue->first = NULL;
    queue->last = &queue->first;
}

static void queue_push(Queue *queue, Node *node) {
    node->next = NULL;
    *queue->last = node;
    queue->last = &node->next;
}

static Node *queue_pop(Queue *queue) {
    Node *node = queue->first;
    if (!node)
        return NULL;
    queue->first = node->next;
    if (!queue->first)
        queue->last = &queue->first;
    return node;
}

static void lines_push(Pool *pool, Line *line) {
    Line **end = &pool->lines;
    while (*end)
        end = &(*end)->next;
    line->next = NULL;
    *end = line;
}

/* The next job, one of each uid in turn. */
static Node *pool_pop(Pool *pool) {
    Line *line = pool->lines;
    if (!line)
        return NULL;
    pool->lines = line->next;
    pool->waiting--;
    line->count--;
    Node *node = queue_pop(&line->jobs);
    if (line->count > 0)
        lines_push(pool, line);
    else
        free(line);
    return node;
}

static void pool_report(Pool *pool, Node *node) {
    queue_push(&pool->finished, node);
    uint64_t one = 1;
    ssize_t n = write(pool->event, &one, sizeof one);
    assert(n == sizeof one || errno == EAGAIN); /* EAGAIN: readable already */
    (void) n;
}

static void *pool_thread(void *data) {
    Pool *pool = data;
    (void) pthread_mutex_lock(&pool->lock); /* a plain mutex that is never destroyed in use cannot fail */
    for (;;) {
        Node *node = pool->stopping ? NULL : pool_pop(pool);
        if (node) {
            (void) pthread_mutex_unlock(&pool->lock);
            node->job.run(node->job.data);
            (void) pthread_mutex_lock(&pool->lock);
            pool_report(pool, node);
        } else if (pool->stopping) {
            break;
        } else {
            (void) pthread_cond_wait(&pool->wake, &pool->lock);
        }
    }
    (void) pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* Signals are the state thread's business. */
static int pool_start(Pool *pool) {
    sigset_t all, before;
    (void) sigfillset(&all); /* cannot fail */
    int r = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (r != 0)
        return -r;
    while (r == 0 && pool->n_threads < POOL_THREADS) {
        r = pthread_create(&pool->threads[pool->n_threads], NULL, pool_thread, pool);
        pool->n_threads += r == 0;
    }
    (void) pthread_sigmask(SIG_SETMASK, &before, NULL); /* the mask is the one that was in force */
    return -r;
}

int pool_new(Pool **ret) {
    Pool *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return -ENOMEM;
    (void) pthread_mutex_init(&fresh->lock, NULL); /* with default attributes glibc's cannot fail */
    (void) pthread_cond_init(&fresh->wake, NULL);
    queue_init(&fresh->finished);
    fresh->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int r = fresh->event < 0 ? -errno : pool_start(fresh);
    if (r < 0) {
        (void) pool_free(fresh); /* returns NULL */
        return r;
    }
    *ret = fresh;
    return 0;
}

static void queue_finish(Queue *queue) {
    for (Node *node = queue_pop(queue); node; node = queue_pop(queue)) {
        node->job.done(node->job.data);
        free(node);
    }
}

Pool *pool_free(Pool *pool) {
    if (!pool)
        return NULL;
    (void) pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    (void) pthread_cond_broadcast(&pool->wake);
    (void) pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->n_threads; i++)
        (void) pthread_join(pool->threads[i], NULL); /* ours and joined once */
    for (Node *node = pool_pop(pool); node; node = pool_pop(pool))
        queue_push(&pool->finished, node);
    queue_finish(&pool->finished);
    if (pool->event >= 0)
        (void) close(pool->event);
    (void) pthread_cond_destroy(&pool->wake);
    (void) pthread_mutex_destroy(&pool->lock);
    free(pool);
    return NULL;
}

static Line *pool_line(Pool *pool, uid_t uid) {
    Line *line = pool->lines;
    while (line && line->uid != uid)
        line = line->next;
    if (line)
        return line;
    line = calloc(1, sizeof *line);
    if (!line)
        return NULL;
    line->uid = uid;
    queue_init(&line->jobs);
    lines_push(pool, line);
    return line;
}

static int pool_enqueue(Pool *pool, uid_t uid, Node *node) {
    if (pool->waiting >= POOL_QUEUE_ALL)
        return OVCERT_ERROR_LIMIT_EXCEEDED;
    Line *line = pool_line(pool, uid);
    if (!line)
        return -ENOMEM;
    if (line->count >= POOL_QUEUE_PER_UID)
        return OVCERT_ERROR_LIMIT_EXCEEDED;
    queue_push(&line->jobs, node);
    line->count++;
    pool->waiting++;
    (void) pthread_cond_signal(&pool->wake);
    return 0;
}

int pool_submit(Pool *pool, uid_t uid, const PoolJob *job) {
    assert(job->run && job->done);
    Node *node = calloc(1, sizeof *node);
    if (!node)
        return -ENOMEM;
    node->job = *job;
    (void) pthread_mutex_lock(&pool->lock);
    int r = pool_enqueue(pool, uid, node);
    (void) pthread_mutex_unlock(&pool->lock);
    if (r != 0)
        free(node);
    return r;
}

int pool_fd(const Pool *pool) {
    return pool->event;
}

void pool_dispatch(Pool *pool) {
    uint64_t count;
    ssize_t n = read(pool->event, &count, sizeof count);
    (void) n; /* EAGAIN: nothing has been reported, and the queue is empty then */
    Queue finished;
    queue_init(&finished);
    (void) pthread_mutex_lock(&pool->lock);
    for (Node *node = queue_pop(&pool->finished); node; node = queue_pop(&pool->finished))
        queue_push(&finished, node);
    (void) pthread_mutex_unlock(&pool->lock);
    queue_finish(&finished);
}
