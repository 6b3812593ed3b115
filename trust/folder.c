/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the files of a folder. Must never follow a symbolic link, wait for a pipe or read without end. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trust/loader.h"

static int is_visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static int by_octets(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_all(int fd, size_t size, Bytes *ret) {
    uint8_t buffer[16384];

    while (ret->size <= size) {
        ssize_t n = read(fd, buffer, sizeof(buffer));
        int r;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        r = bytes_append(ret, (View){.data = buffer, .size = (size_t) n});
        if (r < 0)
            return r;
    }
    return -EFBIG;
}

/* Opens first and checks the descriptor, so that nothing changes in between. */
static int read_regular(int folder, const char *name, size_t max, Bytes *ret) {
    struct stat status;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), r;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &status) < 0)
        r = -errno;
    else if (!S_ISREG(status.st_mode))
        r = -ELOOP;
    else if (status.st_size < 0 || (uint64_t) status.st_size > max)
        r = -EFBIG;
    else
        r = read_all(fd, max, ret);
    (void) close(fd); /* read only */
    return r;
}

static const char *read_error_text(int r) {
    switch (r) {
    case -ELOOP:
        return "not a regular file (links are not followed)";
    case -EFBIG:
        return "too large";
    default:
        return strerror(-r);
    }
}

static int load_file(Loader *loader, int folder, const char *name, size_t max, FileFunction take, FaultFunction fault) {
    CLEANUP(bytes_done) Bytes contents = {0};
    int r = read_regular(folder, name, max, &contents);

    if (r == -ENOMEM)
        return r;
    if (r == 0)
        return take(loader, name, bytes_view(&contents));
    r = loader_problem(loader, loader->kind, name, "%s", read_error_text(r));
    return r < 0 ? r : fault(loader, name);
}

int loader_read_folder(Loader *loader, const char *path, size_t max, FileFunction take, FaultFunction fault) {
    struct dirent **entries = NULL;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), count, r = 0;

    if (folder < 0)
        return -errno;
    count = scandirat(folder, ".", &entries, is_visible, by_octets);
    if (count < 0)
        r = -errno;
    for (int i = 0; i < count; i++) {
        if (r == 0)
            r = load_file(loader, folder, entries[i]->d_name, max, take, fault);
        free(entries[i]);
    }
    free(entries);
    (void) close(folder); /* read only */
    return r;
}
