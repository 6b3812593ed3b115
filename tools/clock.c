/* SPDX-License-Identifier: BSD-2-Clause */
/* Clock: lets a program in the sandbox believe that it is another day. tools/sandboxkit.py compiles it and loads it
 * into ovcertd with LD_PRELOAD; OVCERT_CLOCK_OFFSET says by how many seconds the wall clock is moved, or the file that
 * OVCERT_CLOCK_FILE names does, which may change while the program runs. The size of the file that OVCERT_CLOCK_SLEPT
 * names, in octets, is how many seconds the machine was suspended: CLOCK_BOOTTIME counts them, CLOCK_MONOTONIC does
 * not.
 *
 * Else only the wall clock moves, as when somebody sets it: libfaketime moves the absolute timers of every clock along,
 * so that sd-event, which waits on the monotonic one, never wakes up. Never part of the product. */
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t offset_in_file(const char *path) {
    char text[32] = {0};
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0)
        return 0;
    if (read(file, text, sizeof text - 1) < 0)
        text[0] = '\0';
    (void) close(file);
    return (time_t) strtoll(text, NULL, 10);
}

static time_t offset(void) {
    const char *file = getenv("OVCERT_CLOCK_FILE");
    const char *text = getenv("OVCERT_CLOCK_OFFSET");

    if (file)
        return offset_in_file(file);
    return text ? (time_t) strtoll(text, NULL, 10) : 0;
}

static time_t slept(void) {
    const char *path = getenv("OVCERT_CLOCK_SLEPT");
    struct stat status;

    return path && stat(path, &status) == 0 ? (time_t) status.st_size : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    long r = syscall(SYS_clock_gettime, clock, now);

    if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += offset();
    if (r == 0 && clock == CLOCK_BOOTTIME)
        now->tv_sec += slept();
    return (int) r;
}

time_t time(time_t *ret) {
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return (time_t) -1;
    if (ret)
        *ret = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;

    (void) zone;
    if (clock_gettime(CLOCK_REALTIME, &precise) != 0)
        return -1;
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}
