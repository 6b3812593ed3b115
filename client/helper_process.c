/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts and ends the helper's process for helper.c. Runs inside login, sudo and the like, often as root: must never
 * signal a process that is not the one it started, nor wait for one that does not go. */
#include "client/helper_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/credential.h"
#include "common/frame.h"
#include "common/macros.h"

#define REAP_MILLISECONDS 1000 /* for a killed process that hangs in the kernel, on a dead file server say */

/* The socket goes to its place first: its number may be one of 0 to 2 where a host has closed those. */
static int prepare_descriptors(posix_spawn_file_actions_t *actions, int socket) {
    int r;
    if ((r = posix_spawn_file_actions_adddup2(actions, socket, CREDENTIAL_SOCKET_FD)) != 0 ||
        (r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDWR, 0)) != 0 ||
        (r = posix_spawn_file_actions_adddup2(actions, STDIN_FILENO, STDOUT_FILENO)) != 0 ||
        (r = posix_spawn_file_actions_adddup2(actions, STDIN_FILENO, STDERR_FILENO)) != 0 ||
        (r = posix_spawn_file_actions_addclosefrom_np(actions, CREDENTIAL_SOCKET_FD + 1)) != 0)
        return -r;
    return 0;
}

static int prepare_attributes(posix_spawnattr_t *attributes) {
    sigset_t none, all;
    (void) sigemptyset(&none); /* these two cannot fail */
    (void) sigfillset(&all);
    int r;
    if ((r = posix_spawnattr_setsigmask(attributes, &none)) != 0 ||
        (r = posix_spawnattr_setsigdefault(attributes, &all)) != 0 ||
        (r = posix_spawnattr_setflags(attributes,
                                      POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID)) != 0)
        return -r;
    return 0;
}

static int spawn_prepared(const char *path, char *const arguments[], int socket, posix_spawn_file_actions_t *actions,
                          posix_spawnattr_t *attributes, pid_t *ret) {
    static char *const no_environment[] = {NULL};
    int r = prepare_descriptors(actions, socket);
    if (r < 0)
        return r;
    r = prepare_attributes(attributes);
    if (r < 0)
        return r;
    return -posix_spawn(ret, path, actions, attributes, arguments, no_environment);
}

/* posix_spawn(3): runs no fork handlers of the host and is safe among its threads. */
static int spawn(const char *path, char *const arguments[], int socket, pid_t *ret) {
    posix_spawn_file_actions_t actions;
    int r = -posix_spawn_file_actions_init(&actions);
    if (r < 0)
        return r;
    posix_spawnattr_t attributes;
    r = -posix_spawnattr_init(&attributes);
    if (r == 0) {
        r = spawn_prepared(path, arguments, socket, &actions, &attributes, ret);
        (void) posix_spawnattr_destroy(&attributes); /* destroying cannot fail */
    }
    (void) posix_spawn_file_actions_destroy(&actions); /* likewise */
    return r;
}

/* A descriptor of the child, or -1 when it is gone. A host that reaps may have made the number free for another process
 * already, so the kernel is asked whether it is a child of ours. */
static int watch_child(pid_t pid) {
    int fd = (int) syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0)
        return -1;
    siginfo_t state;
    if (waitid(P_PIDFD, (id_t) fd, &state, WEXITED | WNOHANG | WNOWAIT) < 0) {
        (void) close(fd); /* nothing was written to it */
        return -1;
    }
    return fd;
}

int helper_process_start(const char *path, char *const arguments[], HelperProcess *ret) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
        return -errno;
    pid_t pid;
    int r = spawn(path, arguments, sockets[1], &pid);
    (void) close(sockets[1]); /* nothing was written to it */
    if (r < 0) {
        (void) close(sockets[0]);
        return r;
    }
    *ret = (HelperProcess){.socket = sockets[0], .pidfd = watch_child(pid)};
    return 0;
}

/* However often the signals of the host interrupt. */
static void wait_for_end(int pidfd) {
    struct pollfd watched = {.fd = pidfd, .events = POLLIN};
    uint64_t now = frame_now();
    uint64_t deadline = now + REAP_MILLISECONDS * UINT64_C(1000);
    while (now < deadline && poll(&watched, 1, (int) ((deadline - now + 999u) / 1000u)) < 0 && errno == EINTR)
        now = frame_now();
}

void helper_process_end(HelperProcess *process) {
    if (process->socket >= 0)
        (void) close(process->socket); /* a socket: close(2) has nothing left to fail at */
    process->socket = -1;
    if (process->pidfd < 0)
        return;
    (void) syscall(SYS_pidfd_send_signal, process->pidfd, SIGKILL, NULL, 0); /* ESRCH: gone by itself */
    wait_for_end(process->pidfd);
    siginfo_t state;
    (void) waitid(P_PIDFD, (id_t) process->pidfd, &state, WEXITED | WNOHANG); /* ECHILD: the host was faster */
    (void) close(process->pidfd);
    process->pidfd = -1;
}
