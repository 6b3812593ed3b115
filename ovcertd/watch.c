/* SPDX-License-Identifier: BSD-2-Clause */
/* Watching the trust folders, for daemon.c. Must never read them itself: what is in them is trust/'s business, in the
 * pool. */
#include "ovcertd/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <time.h>

#define WATCH_FOLDERS 4u
#define QUIET_USEC UINT64_C(1000000)

struct Watch {
    sd_event_source *folders[WATCH_FOLDERS];
    size_t n_folders;
    sd_event_source *quiet;
    void (*changed)(void *data);
    void *data;
};

static int on_quiet(sd_event_source *source, uint64_t usec, void *userdata) {
    const Watch *watch = userdata;
    (void) source, (void) usec;
    watch->changed(watch->data);
    return 0;
}

static int on_event(sd_event_source *source, const struct inotify_event *event, void *userdata) {
    const Watch *watch = userdata;
    (void) source, (void) event;
    int r = sd_event_source_set_time_relative(watch->quiet, QUIET_USEC);
    return r < 0 ? r : sd_event_source_set_enabled(watch->quiet, SD_EVENT_ONESHOT);
}

static int add_folder(Watch *watch, sd_event *event, const char *folder) {
    sd_event_source **source = &watch->folders[watch->n_folders];
    int r = sd_event_add_inotify(event, source, folder,
                                 IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_ONLYDIR,
                                 on_event, watch);
    if (r == -ENOENT || r == -ENOTDIR || r == -EACCES)
        return 0; /* the loading of trust has said so already */
    if (r >= 0)
        watch->n_folders++;
    return r;
}

int watch_new(sd_event *event, const char *const *folders, size_t n_folders, void (*changed)(void *data), void *data,
              Watch **ret) {
    if (n_folders > WATCH_FOLDERS)
        return -E2BIG;
    CLEANUP(watch_freep) Watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return -ENOMEM;
    watch->changed = changed;
    watch->data = data;
    int r = sd_event_add_time_relative(event, &watch->quiet, CLOCK_MONOTONIC, QUIET_USEC, 0, on_quiet, watch);
    if (r < 0)
        return r;
    r = sd_event_source_set_enabled(watch->quiet, SD_EVENT_OFF);
    for (size_t i = 0; r >= 0 && i < n_folders; i++)
        r = add_folder(watch, event, folders[i]);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(watch);
    return 0;
}

Watch *watch_free(Watch *watch) {
    if (!watch)
        return NULL;
    for (size_t i = 0; i < watch->n_folders; i++)
        sd_event_source_disable_unref(watch->folders[i]);
    sd_event_source_disable_unref(watch->quiet);
    free(watch);
    return NULL;
}
