/* SPDX-License-Identifier: BSD-2-Clause */
/* Folder and files of the database (SECURITY 34). Called by store.c before SQLite sees the path; must never open the
 * database file itself, whose POSIX locks SQLite would lose when the descriptor is closed. */
#include "ovcertd/store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ovcertd/store/store.h"

static int refuse(int outcome, char **ret_reason, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int refuse(int outcome, char **ret_reason, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    int length = vasprintf(ret_reason, format, arguments);
    va_end(arguments);
    if (length >= 0)
        return outcome;
    *ret_reason = NULL;
    return -ENOMEM;
}

/* Ours, and nobody else may do anything with it. */
static int check_private(const struct stat *status, const char *what, char **ret_reason) {
    if (status->st_uid != geteuid())
        return refuse(STORE_INSECURE, ret_reason,
                      "%s belongs to user id %u and not to %u, which runs this; correct its owner", what,
                      (unsigned) status->st_uid, (unsigned) geteuid());
    if ((status->st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return refuse(STORE_INSECURE, ret_reason,
                      "others may use %s (mode %04o); take their rights away with \"chmod go=\"", what,
                      (unsigned) (status->st_mode & ALLPERMS));
    return 0;
}

static int check_file(const struct stat *status, const char *name, char **ret_reason) {
    if (S_ISLNK(status->st_mode))
        return refuse(STORE_INSECURE, ret_reason, "%s is a symbolic link; put the file itself there", name);
    if (!S_ISREG(status->st_mode) || status->st_nlink != 1)
        return refuse(STORE_INSECURE, ret_reason, "%s is not a regular file with one name; put the file itself there",
                      name);
    return check_private(status, name, ret_reason);
}

/* The file with the suffix: 0 with its size, -ENOENT, STORE_INSECURE, or another negative errno. */
static int look_at(const Place *place, const char *suffix, off_t *ret_size, char **ret_reason) {
    CLEANUP(free_pointer) char *name = NULL;
    struct stat status;

    if (asprintf(&name, "%s%s", place->name, suffix) < 0) {
        name = NULL;
        return -ENOMEM;
    }
    if (fstatat(place->folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    *ret_size = status.st_size;
    return check_file(&status, name, ret_reason);
}

static int open_folder(const char *path, int *ret, char **ret_reason) {
    struct stat status;

    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0 && (errno == ELOOP || errno == ENOTDIR))
        return refuse(STORE_INSECURE, ret_reason, "%s is not a folder or is a symbolic link to one", path);
    if (folder < 0)
        return -errno;
    *ret = folder;
    if (fstat(folder, &status) < 0)
        return -errno;
    return check_private(&status, "its folder", ret_reason);
}

/* "/folder/name" → "/folder" and "name"; without a slash the folder is ".". */
static int split(const char *path, char **ret_folder, char **ret_name) {
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    if (*name == '\0')
        return -EINVAL;
    *ret_name = strdup(name);
    if (!slash)
        *ret_folder = strdup(".");
    else
        *ret_folder = slash == path ? strdup("/") : strndup(path, (size_t) (slash - path));
    return *ret_name && *ret_folder ? 0 : -ENOMEM;
}

/* SQLite refuses symbolic links anywhere in a path, and parents of the folder may be some: it gets the real path. */
static int name_paths(Place *place, const char *folder) {
    CLEANUP(free_pointer) char *real = realpath(folder, NULL);
    struct stat opened, found;

    if (!real || stat(real, &found) < 0 || fstat(place->folder, &opened) < 0)
        return -errno;
    if (opened.st_dev != found.st_dev || opened.st_ino != found.st_ino)
        return -EAGAIN; /* replaced between two looks */
    if (asprintf(&place->path, "%s/%s", real, place->name) < 0) {
        place->path = NULL;
        return -ENOMEM;
    }
    if (asprintf(&place->new_path, "%s.new", place->path) < 0) {
        place->new_path = NULL;
        return -ENOMEM;
    }
    return 0;
}

static int place_fill(Place *place, const char *path, char **ret_reason) {
    CLEANUP(free_pointer) char *folder = NULL;

    int r = split(path, &folder, &place->name);
    if (r < 0)
        return r;
    r = open_folder(folder, &place->folder, ret_reason);
    if (r != 0)
        return r;
    return name_paths(place, folder);
}

int place_open(const char *path, Place *ret, char **ret_reason) {
    CLEANUP(place_done) Place place = {.folder = -1, .lock = -1};

    int r = place_fill(&place, path, ret_reason);
    if (r != 0)
        return r;
    *ret = place;
    place = (Place){.folder = -1, .lock = -1};
    return 0;
}

int place_lock(Place *place, char **ret_reason) {
    CLEANUP(free_pointer) char *name = NULL;
    struct stat status;

    if (asprintf(&name, "%s.lock", place->name) < 0) {
        name = NULL;
        return -ENOMEM;
    }
    int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    place->lock = openat(place->folder, name, flags, S_IRUSR | S_IWUSR);
    if (place->lock < 0 && errno == ELOOP)
        return refuse(STORE_INSECURE, ret_reason, "%s is a symbolic link; remove it", name);
    if (place->lock < 0 || fstat(place->lock, &status) < 0)
        return -errno;
    int r = check_file(&status, name, ret_reason);
    if (r != 0)
        return r;
    if (flock(place->lock, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno != EWOULDBLOCK)
        return -errno;
    return refuse(STORE_LOCKED, ret_reason, "another ovcertd uses it; stop that one first");
}

int place_check(Place *place, char **ret_reason) {
    static const char *const companions[] = {"-wal", "-shm", "-journal"};
    bool companion = false;
    off_t size = 0, ignored;

    for (size_t i = 0; i < ELEMENTSOF(companions); i++) {
        int r = look_at(place, companions[i], &ignored, ret_reason);
        if (r != 0 && r != -ENOENT)
            return r;
        companion |= r == 0;
    }
    int r = look_at(place, "", &size, ret_reason);
    if (r != 0 && r != -ENOENT)
        return r;
    place->exists = r == 0;
    if (!place->exists && companion)
        return refuse(STORE_CORRUPT, ret_reason,
                      "it is missing, but the files beside it (-wal, -shm, -journal) are there");
    if (place->exists && size == 0) /* a new database gets its name only when it is whole */
        return refuse(STORE_CORRUPT, ret_reason, "it is empty");
    return 0;
}

int place_prepare_new(const Place *place) {
    static const char *const leftovers[] = {".new", ".new-journal", ".new-wal", ".new-shm"};

    for (size_t i = 0; i < ELEMENTSOF(leftovers); i++) {
        CLEANUP(free_pointer) char *name = NULL;
        if (asprintf(&name, "%s%s", place->name, leftovers[i]) < 0) {
            name = NULL;
            return -ENOMEM;
        }
        if (unlinkat(place->folder, name, 0) < 0 && errno != ENOENT)
            return -errno;
    }
    int file = open(place->new_path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0)
        return -errno;
    (void) close(file); /* nothing was written */
    return 0;
}

int place_publish_new(const Place *place) {
    if (renameat2(AT_FDCWD, place->new_path, AT_FDCWD, place->path, RENAME_NOREPLACE) < 0)
        return -errno;
    return fsync(place->folder) < 0 ? -errno : 0;
}

void place_done(Place *place) {
    if (place->lock >= 0)
        (void) close(place->lock); /* releases the lock; nothing was written */
    if (place->folder >= 0)
        (void) close(place->folder); /* nothing was written */
    free(place->path);
    free(place->name);
    free(place->new_path);
    *place = (Place){.folder = -1, .lock = -1};
}
