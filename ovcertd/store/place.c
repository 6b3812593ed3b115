/* SPDX-License-Identifier: BSD-2-Clause */
/* Folder and files of the database (SECURITY 34). Called by store.c before SQLite sees the path; must never open the
 * database file itself, whose POSIX locks SQLite would lose when the descriptor is closed. */
#include "ovcertd/store/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
    CLEANUP(place_done) Place place = PLACE_NONE;

    int r = place_fill(&place, path, ret_reason);
    if (r != 0)
        return r;
    *ret = place;
    place = (Place) PLACE_NONE;
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

static char *join(const char *a, const char *b, const char *c) {
    char *text = NULL;

    return asprintf(&text, "%s%s%s", a, b, c) < 0 ? NULL : text;
}

char *place_name(const char *name, const char *suffix, uint64_t number) {
    char *text = NULL;

    return asprintf(&text, "%s%s%" PRIu64, name, suffix, number) < 0 ? NULL : text;
}

int place_remove(const Place *place, const char *suffix) {
    static const char *const companions[] = {"", "-journal", "-wal", "-shm"};

    for (size_t i = 0; i < ELEMENTSOF(companions); i++) {
        CLEANUP(free_pointer) char *name = join(place->name, suffix, companions[i]);
        if (!name)
            return -ENOMEM;
        if (unlinkat(place->folder, name, 0) < 0 && errno != ENOENT)
            return -errno;
    }
    return 0;
}

int place_make(const Place *place, const char *suffix, char **ret_path) {
    CLEANUP(free_pointer) char *path = join(place->path, suffix, "");

    if (!path)
        return -ENOMEM;
    int r = place_remove(place, suffix);
    if (r < 0)
        return r;
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0)
        return -errno;
    (void) close(file); /* nothing was written */
    *ret_path = TAKE_PTR(path);
    return 0;
}

int place_publish(const Place *place, const char *suffix, const char *final_suffix, bool replace) {
    CLEANUP(free_pointer) char *from = join(place->name, suffix, "");
    CLEANUP(free_pointer) char *to = join(place->name, final_suffix, "");

    if (!from || !to)
        return -ENOMEM;
    if (renameat2(place->folder, from, place->folder, to, replace ? 0 : RENAME_NOREPLACE) < 0)
        return -errno;
    return fsync(place->folder) < 0 ? -errno : 0;
}

/* --- what is kept of former databases --- */

static bool begins_with(const char *text, const char *beginning) {
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

static bool is_companion(const char *suffix) {
    return *suffix == '\0' || strcmp(suffix, "-wal") == 0 || strcmp(suffix, "-shm") == 0 ||
           strcmp(suffix, "-journal") == 0;
}

/* What an administrator has called in another way is the administrator's. */
static bool is_kept(const Place *place, const char *entry) {
    size_t length = strlen(place->name);

    if (strncmp(entry, place->name, length) != 0)
        return false;
    const char *number = begins_with(entry + length, PLACE_SCHEMA)     ? entry + length + strlen(PLACE_SCHEMA)
                         : begins_with(entry + length, PLACE_REPLACED) ? entry + length + strlen(PLACE_REPLACED)
                                                                       : "";
    size_t digits = strspn(number, "0123456789");
    return digits > 0 && is_companion(number + digits);
}

static void close_stream(DIR **stream) {
    if (*stream)
        (void) closedir(*stream); /* was only read */
}

static int open_stream(const Place *place, DIR **ret) {
    int folder = openat(place->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -errno;
    *ret = fdopendir(folder);
    if (*ret)
        return 0;
    int r = -errno;
    (void) close(folder); /* nothing was written */
    return r;
}

/* How many it has removed: what is removed while the folder is read may make the reading miss another. */
static int remove_kept_once(const Place *place) {
    CLEANUP(close_stream) DIR *stream = NULL;
    const struct dirent *entry;
    int count = 0, failed = 0;

    int r = open_stream(place, &stream);
    if (r < 0)
        return r;
    while ((errno = 0, entry = readdir(stream))) {
        if (!is_kept(place, entry->d_name))
            continue;
        if (unlinkat(place->folder, entry->d_name, 0) == 0)
            count++;
        else if (errno != EISDIR) /* a folder is none of ovcert's */
            failed = -errno;      /* no reason to keep the others */
    }
    return errno != 0 ? -errno : failed < 0 ? failed : count;
}

int place_remove_kept(const Place *place) {
    int r;

    while ((r = remove_kept_once(place)) > 0)
        ;
    if (r < 0)
        return r;
    return fsync(place->folder) < 0 ? -errno : 0; /* before anybody may say that they are gone */
}

/* --- the last steps of a restore --- */

static int exists_at(const Place *place, const char *name) {
    struct stat status;

    if (fstatat(place->folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
        return 1;
    return errno == ENOENT ? 0 : -errno;
}

/* The first name that no database has. Stays the same until the database itself has moved, which comes last. */
static int free_name(const Place *place, char **ret) {
    for (uint64_t i = 1;; i++) {
        CLEANUP(free_pointer) char *name = place_name(place->name, PLACE_REPLACED, i);
        int r = name ? exists_at(place, name) : -ENOMEM;
        if (r < 0)
            return r;
        if (r == 0) {
            *ret = TAKE_PTR(name);
            return 0;
        }
    }
}

/* SQLite would take the log of one database for another's: it moves first. */
static int move_aside(const Place *place, char **ret_kept) {
    static const char *const companions[] = {"-wal", "-shm", "-journal", ""};
    CLEANUP(free_pointer) char *kept = NULL;
    bool moved = false;

    int r = free_name(place, &kept);
    for (size_t i = 0; i < ELEMENTSOF(companions) && r == 0; i++) {
        CLEANUP(free_pointer) char *from = join(place->name, companions[i], "");
        CLEANUP(free_pointer) char *to = join(kept, companions[i], "");
        if (!from || !to)
            return -ENOMEM;
        if (renameat2(place->folder, from, place->folder, to, 0) == 0)
            moved = true;
        else if (errno != ENOENT)
            r = -errno;
    }
    if (r == 0 && fsync(place->folder) < 0)
        r = -errno;
    if (r == 0)
        *ret_kept = moved ? TAKE_PTR(kept) : NULL;
    return r;
}

int place_finish_restore(const Place *place, char **ret_kept, char **ret_reason) {
    off_t ignored;

    *ret_kept = NULL;
    int r = look_at(place, PLACE_RESTORED, &ignored, ret_reason);
    if (r != 0)
        return r == -ENOENT ? 0 : r;
    r = move_aside(place, ret_kept);
    if (r == 0)
        r = place_publish(place, PLACE_RESTORED, "", false);
    return r == 0 ? 1 : r;
}

void place_done(Place *place) {
    if (place->lock >= 0)
        (void) close(place->lock); /* releases the lock; nothing was written */
    if (place->folder >= 0)
        (void) close(place->folder); /* nothing was written */
    free(place->path);
    free(place->name);
    *place = (Place) PLACE_NONE;
}
