/* SPDX-License-Identifier: BSD-2-Clause */
/* What the helper takes away from its own process before it serves (SECURITY 20, 21, 24): whatever it inherited, and
 * every right that it does not need. For main() alone. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* First step, with the rights it was started with: keeps descriptors 0 to 3 alone (3 is a UNIX stream socket) and no
 * environment; default signal dispositions, nothing blocked; killed by SIGALRM after deadline seconds whatever happens;
 * undumpable; no new privileges; umask 077; in "/"; small limits of CPU, memory, files. 0 or -errno. */
int process_isolate(unsigned deadline);

/* Second step, after the change of user (which the kernel answers by forgetting both of these): undumpable, and killed
 * when the parent ends. parent: getppid() at the very start. 0, -ESRCH when the parent has ended already, -errno. */
int process_seal(pid_t parent);
