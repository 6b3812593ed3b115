/* SPDX-License-Identifier: BSD-2-Clause */
/* Watch: notices that files in the trust folders came, changed or went (inotify(7)), and says so once when it has been
 * quiet for a second, so that a revocation list counts as soon as it has been dropped. Runs in the event loop that it
 * was given. */
#pragma once

#include <stddef.h>

#include <systemd/sd-event.h>

#include "common/macros.h"

typedef struct Watch Watch;

/* folders: n_folders paths, copied by the kernel; one that is not there is not watched. changed runs in the event loop.
 * 0 or -errno. */
int watch_new(sd_event *event, const char *const *folders, size_t n_folders, void (*changed)(void *data), void *data,
              Watch **ret);
Watch *watch_free(Watch *watch); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(Watch *, watch_free)
