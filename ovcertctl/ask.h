/* SPDX-License-Identifier: BSD-2-Clause */
/* Ask: questions to the person at the terminal, whatever standard input and output are connected to. Whenever a
 * question returns, the terminal is as it was before.
 *
 * Each returns 0 (or what it says); -EINTR when interrupted by a signal, -ECANCELED when the person gives no answer
 * (end of file, or nonsense three times), other negative errno. */
#pragma once

#include <stddef.h>

#include "common/macros.h"
#include "common/secret.h"

typedef struct Ask Ask;

/* path: of the terminal, "/dev/tty". interrupt: a signalfd(2), borrowed; -1 for none. -ENXIO when there is none. */
int ask_open(const char *path, int interrupt, Ask **ret);
Ask *ask_close(Ask *ask); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(Ask *, ask_close)
int ask_descriptor(const Ask *ask);

/* Without echo. -EMSGSIZE for more than fits into a line of a terminal. */
int ask_secret(Ask *ask, const char *prompt, Secret **ret);
/* One line, echoed; *ret may be "" (caller frees). */
int ask_text(Ask *ask, const char *prompt, char **ret);
/* 1 for yes, 0 for no, by the words of the locale; " [y/n] " is added to the question. */
int ask_yes(Ask *ask, const char *question);
/* A number from 1 to max; the prompt says so itself. */
int ask_number(Ask *ask, const char *prompt, size_t max, size_t *ret);
