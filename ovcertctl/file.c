/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads files for "check", "assign", "verify". Must never wait for a pipe or fill the memory. */
#include "ovcertctl/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/i18n.h"
#include "common/macros.h"
#include "common/protocol.h"
#include "common/text.h"
#include "ovcertctl/exit_status.h"
#include "ovcertctl/output.h"
#include "trust/pem.h"

/* The size is checked while reading too: a file may grow. */
static int read_all(int fd, size_t max, Bytes *ret) {
    uint8_t step[16384];
    for (;;) {
        ssize_t n = read(fd, step, sizeof step);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : 0;
        if (ret->size + (size_t) n > max)
            return -EFBIG;
        int r = bytes_append(ret, (View){step, (size_t) n});
        if (r < 0)
            return r;
    }
}

static int check_and_read(int fd, size_t max, Bytes *ret) {
    struct stat status;
    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -EINVAL;
    return (uint64_t) status.st_size > max ? -EFBIG : read_all(fd, max, ret);
}

int file_read(const char *path, size_t max, Bytes *ret) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    Bytes contents = {0};
    int r = check_and_read(fd, max, &contents);
    (void) close(fd); /* only read from */
    if (r < 0)
        bytes_done(&contents);
    else
        *ret = contents;
    return r;
}

static int unreadable(const char *path, int error) {
    CLEANUP(free_pointer) char *shown = text_escape_string(path);
    const char *why = error == -EFBIG      ? _("it is larger than 1 MiB")
                      : error == -EINVAL   ? _("it is not a regular file")
                      : error == -ENODATA  ? _("it holds no certificate in PEM or DER")
                      : error == -EMSGSIZE ? _("it holds more than 8 certificates")
                                           : strerrordesc_np(-error);
    output_complain(_("Give a file with a certificate in PEM or DER; in PEM its issuers may follow it."),
                    _("%s cannot be used: %s."), shown ? shown : "", why);
    return error == -ENOENT ? EXIT_NOT_FOUND : EXIT_FAILED;
}

/* number: of the certificate in the file. */
static int damaged(const char *path, size_t number) {
    CLEANUP(free_pointer) char *shown = text_escape_string(path);
    output_complain(_("Give a file with a certificate in PEM or DER; in PEM its issuers may follow it."),
                    _("%s cannot be used: certificate %zu in it is damaged."), shown ? shown : "", number);
    return EXIT_FAILED;
}

static int read_list(const char *path, BytesList *ret) {
    CLEANUP(bytes_done) Bytes contents = {0};
    int r = file_read(path, FILE_SIZE_MAX, &contents);
    if (r == 0)
        r = trust_read_certificates(bytes_view(&contents), ret);
    if (r == 0 && ret->count > OVCERT_CHAIN_MAX)
        r = -EMSGSIZE;
    return r;
}

int file_read_certificates(const char *path, Bytes *ret_leaf, BytesList *ret_chain) {
    CLEANUP(bytes_list_done) BytesList all = {0};
    int r = read_list(path, &all);
    if (r == -EBADMSG)
        return damaged(path, all.count + 1);
    if (r == 0)
        r = bytes_copy(bytes_view(&all.items[0]), ret_leaf);
    for (size_t i = 1; r == 0 && i < all.count; i++)
        r = bytes_list_append(ret_chain, bytes_view(&all.items[i]));
    return r < 0 ? unreadable(path, r) : 0;
}
