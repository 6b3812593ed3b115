/* SPDX-License-Identifier: BSD-2-Clause */
/* Filter: the system calls that are left to the process (seccomp(2)), for good, before anything of the user's is opened
 * (SECURITY 20, 21, 24). What it denies, it denies with an error and does not kill for: a newer libc that tries a new
 * call first and is told ENOSYS goes on with the old one, where a killed helper would be a sign-in that stops working
 * with an update. Calls of another architecture do kill. */
#pragma once

typedef enum FilterKind {
    FILTER_FILES = 1, /* nothing but what reading a file, a signature and the client's socket take; the rest: ENOSYS */
    FILTER_TOKENS,    /* anything but what no PKCS#11 module has a use for: EPERM */
} FilterKind;

/* After the last change of user and process_seal(), with no thread but the caller's. 0 or -errno; the process must not
 * go on without it. */
int filter_install(FilterKind kind);
