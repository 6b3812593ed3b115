/* SPDX-License-Identifier: BSD-2-Clause */
/* HelperProcess: a child process with one socket, that ends when its owner says so and never leaves the owner waiting.
 * Works inside programs that reap children or ignore SIGCHLD. */
#pragma once

#include <sys/types.h>

typedef struct HelperProcess {
    int socket; /* our end; -1 when closed */
    int pidfd;  /* -1 when the child is not, or no longer, ours to end */
} HelperProcess;

/* Starts path with these arguments (argv[0] first, NULL-terminated), an empty environment and its end of the socket as
 * CREDENTIAL_SOCKET_FD. 0 or a negative errno. */
int helper_process_start(const char *path, char *const arguments[], HelperProcess *ret);
/* Closes the socket, kills and reaps. */
void helper_process_end(HelperProcess *process);
