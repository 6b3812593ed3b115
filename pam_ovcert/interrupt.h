/* SPDX-License-Identifier: BSD-2-Clause */
/* Ctrl-C ends a wait, and not the program that the module is loaded into: in this thread, from interrupt_begin() to
 * interrupt_end(). A host that ignores SIGINT, as login(1) does, is interrupted all the same. */
#pragma once

#include <signal.h>

typedef struct Interrupt {
    int fd; /* readable after a Ctrl-C (signalfd(2)); -1 where there cannot be one, and Ctrl-C does what it ever does */
    sigset_t before;
} Interrupt;

void interrupt_begin(Interrupt *ret);
/* A Ctrl-C that has come is used up. */
void interrupt_end(Interrupt *interrupt);
