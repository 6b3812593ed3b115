/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens and reads a credential file. Called by the PKCS#12 backend, as the user; must never trust a name twice. */
#include "ovcert-credential/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/macros.h"
#include "ovcert-credential/failure.h"

/* Words for the person only: what an unreadable file is. The decision to refuse has been taken. */
static int explain_denied(const char *path, uid_t owner, int error, char **ret_detail) {
    struct stat status;

    if (lstat(path, &status) == 0 && status.st_uid != owner)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_NOT_OWNER, "owned by uid %lu", (unsigned long) status.st_uid);
    return failure_set(ret_detail, CREDENTIAL_OUTCOME_UNREADABLE, "%s", strerror(error));
}

static int explain_open(const char *path, uid_t owner, int error, char **ret_detail) {
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_NOT_FOUND, "%s", strerror(error));
    case ELOOP:
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_NOT_REGULAR, "a symbolic link");
    case ENXIO:
    case ENODEV:
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_NOT_REGULAR, "a socket or device");
    default:
        return explain_denied(path, owner, error, ret_detail);
    }
}

static int check_status(int fd, uid_t owner, char **ret_detail) {
    struct stat status;

    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_NOT_REGULAR, "%s",
                           S_ISFIFO(status.st_mode)  ? "a pipe"
                           : S_ISDIR(status.st_mode) ? "a folder"
                                                     : "a device");
    if (status.st_uid != owner)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_NOT_OWNER, "owned by uid %lu", (unsigned long) status.st_uid);
    if (status.st_size > (off_t) FILE_SIZE_MAX)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_TOO_LARGE, "%lld octets", (long long) status.st_size);
    return 0;
}

int file_open(const char *path, uid_t owner, int *ret, char **ret_detail) {
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return explain_open(path, owner, errno, ret_detail);
    int r = check_status(fd, owner, ret_detail);
    if (r != 0) {
        (void) close(fd); /* only read from: nothing can be lost */
        return r;
    }
    *ret = fd;
    return 0;
}

int file_read(int fd, Bytes *ret, char **ret_detail) {
    Bytes CLEANUP(bytes_done) contents = {0};
    uint8_t step[16384];

    for (;;) {
        ssize_t n = read(fd, step, sizeof step);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failure_set(ret_detail, CREDENTIAL_OUTCOME_UNREADABLE, "%s", strerror(errno));
        if (n == 0)
            break;
        if (contents.size + (size_t) n > FILE_SIZE_MAX)
            return failure_set(ret_detail, CREDENTIAL_OUTCOME_TOO_LARGE, "it grew while it was read");
        int r = bytes_append(&contents, (View){step, (size_t) n});
        if (r < 0)
            return r;
    }
    *ret = contents;
    contents = (Bytes){0};
    return 0;
}
