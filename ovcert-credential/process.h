/* SPDX-License-Identifier: BSD-2-Clause */
/* What the helper takes away from its own process before it serves (SECURITY 20, 21, 24): whatever it inherited, and
 * every right that it does not need. For main() alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* First step, with the rights it was started with: keeps descriptors 0 to 3 alone (3 is a UNIX stream socket) and no
 * environment; default signal dispositions, nothing blocked; killed by SIGALRM after deadline seconds whatever happens;
 * undumpable; no new privileges; umask 077; in "/"; small limits of CPU, memory, files. tokens: modules may write small
 * files, since those that keep a token in files count wrong PINs there. 0 or -errno. */
int process_isolate(unsigned deadline, bool tokens);

/* Second step, after the change of user (which the kernel answers by forgetting both of these): undumpable, and killed
 * when the parent ends. parent: getppid() at the very start. 0, -ESRCH when the parent has ended already, -errno. */
int process_seal(pid_t parent);

/* What the modules find in their environment, which is otherwise without anything of the caller's: p11-kit reads no
 * file of a user's, OpenSC the given configuration; then the NAME=VALUE that root's configuration has (SECURITY 21).
 * 0 or -ENOMEM. */
int process_set_environment(const char *opensc_conf, char *const *variables, size_t n_variables);
