/* SPDX-License-Identifier: BSD-2-Clause */
/* Turns SIGINT into something to wait for. Runs inside login, su and the like: must never install a handler, nor leave
 * the thread's signal mask other than it was. */
#include "pam_ovcert/interrupt.h"

#include <sys/signalfd.h>
#include <unistd.h>

void interrupt_begin(Interrupt *ret) {
    sigset_t signals;
    *ret = (Interrupt){.fd = -1};
    (void) sigemptyset(&signals); /* these two cannot fail */
    (void) sigaddset(&signals, SIGINT);
    if (pthread_sigmask(SIG_BLOCK, &signals, &ret->before) != 0)
        return;
    ret->fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (ret->fd < 0)
        (void) pthread_sigmask(SIG_SETMASK, &ret->before, NULL); /* cannot fail: it is the mask that there was */
}

void interrupt_end(Interrupt *interrupt) {
    struct signalfd_siginfo used_up;
    if (interrupt->fd < 0)
        return;
    (void) read(interrupt->fd, &used_up, sizeof used_up); /* EAGAIN: there was none */
    (void) close(interrupt->fd);                          /* nothing was written to it */
    (void) pthread_sigmask(SIG_SETMASK, &interrupt->before, NULL);
}
