/* SPDX-License-Identifier: BSD-2-Clause */
/* Length-framed messages with deadlines. Used by client/ and ovcert-credential; must never block past its deadline. */
#include "common/frame.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "common/macros.h"
#include "common/secret.h"

uint64_t frame_now(void) {
    struct timespec now;
    (void) clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (uint64_t) now.tv_sec * 1000000u + (uint64_t) now.tv_nsec / 1000u;
}

/* Waits until the descriptor is ready or the deadline is past. */
static int wait_ready(int fd, short events, uint64_t deadline) {
    for (;;) {
        uint64_t now = frame_now();
        if (now >= deadline)
            return -ETIMEDOUT;
        uint64_t milliseconds = (deadline - now + 999u) / 1000u;
        struct pollfd watched = {.fd = fd, .events = events};
        int r = poll(&watched, 1, milliseconds > INT_MAX ? INT_MAX : (int) milliseconds);
        if (r > 0)
            return 0;
        if (r < 0 && errno != EINTR)
            return -errno;
    }
}

static int send_all(int fd, View octets, uint64_t deadline) {
    while (octets.size > 0) {
        int r = wait_ready(fd, POLLOUT, deadline);
        if (r < 0)
            return r;
        ssize_t n = send(fd, octets.data, octets.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0)
            return -errno;
        octets = (View){octets.data + n, octets.size - (size_t) n};
    }
    return 0;
}

static int receive_all(int fd, uint8_t *data, size_t size, uint64_t deadline) {
    while (size > 0) {
        int r = wait_ready(fd, POLLIN, deadline);
        if (r < 0)
            return r;
        ssize_t n = recv(fd, data, size, MSG_DONTWAIT);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0)
            return errno == ECONNRESET ? -EPIPE : -errno;
        if (n == 0)
            return -EPIPE;
        data += n;
        size -= (size_t) n;
    }
    return 0;
}

int frame_send(int fd, uint8_t type, View payload, uint64_t deadline) {
    if (payload.size > FRAME_PAYLOAD_MAX)
        return -EMSGSIZE;
    Bytes CLEANUP(bytes_done) header = {0};
    int r = bytes_append_u32(&header, (uint32_t) payload.size + 1);
    if (r < 0 || (r = bytes_append_u8(&header, type)) < 0)
        return r;
    r = send_all(fd, bytes_view(&header), deadline);
    return r < 0 ? r : send_all(fd, payload, deadline);
}

/* Reads in steps, so that a liar about the length cannot make us allocate much more than he sends. */
static int receive_payload(int fd, size_t size, Bytes *payload, uint64_t deadline) {
    uint8_t step[4096];
    int r = 0;
    while (size > 0 && r == 0) {
        size_t n = size < sizeof step ? size : sizeof step;
        r = receive_all(fd, step, n, deadline);
        if (r == 0)
            r = bytes_append(payload, (View){step, n});
        size -= n;
    }
    secret_wipe(step, sizeof step);
    return r;
}

int frame_receive(int fd, uint8_t *ret_type, Bytes *ret_payload, uint64_t deadline) {
    uint8_t header[4];
    int r = receive_all(fd, header, sizeof header, deadline);
    if (r < 0)
        return r;
    uint32_t length = 0;
    Reader reader = {{header, sizeof header}};
    (void) reader_u32(&reader, &length); /* four octets are there */
    if (length == 0)
        return -EBADMSG;
    if (length - 1 > FRAME_PAYLOAD_MAX)
        return -EMSGSIZE;
    uint8_t type;
    r = receive_all(fd, &type, 1, deadline);
    if (r < 0)
        return r;
    Bytes CLEANUP(bytes_done) payload = {0};
    r = receive_payload(fd, length - 1, &payload, deadline);
    if (r < 0)
        return r;
    *ret_type = type;
    *ret_payload = payload;
    payload = (Bytes){0};
    return 0;
}
