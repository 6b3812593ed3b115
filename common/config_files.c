/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds and reads configuration files, for configuration.c and the kinds of certificate. Must never hang on what was
 * put there, nor pass over a folder that is there and cannot be read. */
#include "common/config_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/ini.h"

void config_files_done(ConfigFiles *files) {
    for (size_t i = 0; i < files->count; i++)
        free(files->paths[i]);
    free(files->paths);
    *files = (ConfigFiles){0};
}

/* --- one file --- */

static void close_file(int *fd) {
    if (*fd >= 0)
        (void) close(*fd); /* was only read */
}

static int read_all(int fd, Bytes *ret) {
    for (;;) {
        uint8_t piece[4096];
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0)
            return -errno;
        if (n == 0)
            return bytes_append_u8(ret, 0);
        if (ret->size + (size_t) n > INI_SIZE_MAX)
            return -EFBIG;
        int r = bytes_append(ret, (View){piece, (size_t) n});
        if (r < 0)
            return r;
    }
}

int config_file_read(const char *path, Bytes *ret) {
    /* O_NONBLOCK: a FIFO put here must not hang the start. /dev/null is how a file is masked. */
    CLEANUP(close_file) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    struct stat status;
    if (fstat(fd, &status) < 0)
        return -errno;
    if (S_ISDIR(status.st_mode))
        return -EISDIR;
    if (S_ISFIFO(status.st_mode))
        return -EINVAL;
    return read_all(fd, ret);
}

/* --- drop-ins --- */

typedef struct DropIn {
    char *path;
    const char *name; /* in path */
    size_t folder;
} DropIn;

typedef struct DropIns {
    DropIn *items;
    size_t count;
} DropIns;

static void drop_ins_done(DropIns *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].path);
    free(list->items);
}

static int drop_ins_add(DropIns *list, const char *folder, const char *name, size_t index) {
    DropIn *items = reallocarray(list->items, list->count + 1, sizeof *items);
    if (!items)
        return -ENOMEM;
    list->items = items;
    DropIn item = {.folder = index};
    if (asprintf(&item.path, "%s/%s", folder, name) < 0)
        return -ENOMEM;
    item.name = item.path + strlen(folder) + 1;
    list->items[list->count++] = item;
    return 0;
}

static bool is_drop_in(const char *name) {
    size_t size = strlen(name);
    return size > strlen(".conf") && name[0] != '.' && strcmp(name + size - strlen(".conf"), ".conf") == 0;
}

static void close_folder(DIR **folder) {
    if (*folder)
        (void) closedir(*folder); /* was only read */
}

static int collect(DropIns *list, const char *path, size_t index) {
    CLEANUP(close_folder) DIR *stream = opendir(path);
    if (!stream)
        return errno == ENOENT ? 0 : -errno;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (!entry)
            return -errno;
        int r = is_drop_in(entry->d_name) ? drop_ins_add(list, path, entry->d_name, index) : 0;
        if (r < 0)
            return r;
    }
}

static int compare(const void *left, const void *right) {
    const DropIn *a = left;
    const DropIn *b = right;
    int r = strcmp(a->name, b->name);
    return r != 0 ? r : (a->folder > b->folder) - (a->folder < b->folder);
}

static int take_paths(DropIns *list, ConfigFiles *ret) {
    ret->paths = calloc(list->count + 1, sizeof *ret->paths); /* never of size 0 */
    if (!ret->paths)
        return -ENOMEM;
    if (list->count > 0)
        qsort(list->items, list->count, sizeof *list->items, compare);
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0 && strcmp(list->items[i].name, list->items[i - 1].name) == 0)
            continue; /* a folder of higher priority has the name */
        ret->paths[ret->count] = strdup(list->items[i].path);
        if (!ret->paths[ret->count])
            return -ENOMEM;
        ret->count++;
    }
    return 0;
}

int config_files_find(const char *const *folders, size_t n_folders, const char *name, ConfigFiles *ret,
                      char **ret_folder) {
    CLEANUP(drop_ins_done) DropIns list = {0};
    CLEANUP(config_files_done) ConfigFiles files = {0};
    for (size_t i = 0; i < n_folders; i++) {
        CLEANUP(free_pointer) char *path = NULL;
        if (!folders[i])
            continue;
        if (asprintf(&path, "%s/%s", folders[i], name) < 0)
            return -ENOMEM;
        int r = collect(&list, path, i);
        if (r < 0 && r != -ENOMEM)
            *ret_folder = TAKE_PTR(path);
        if (r < 0)
            return r;
    }
    int r = take_paths(&list, &files);
    if (r < 0)
        return r;
    *ret = files;
    files = (ConfigFiles){0};
    return 0;
}
