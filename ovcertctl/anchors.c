/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of anchors.d, for "trust". Must never leave half a file where the daemon looks, nor follow a link. */
#include "ovcertctl/anchors.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "common/configuration.h"
#include "common/macros.h"
#include "config.h"
#include "ovcertctl/file.h"
#include "trust/pem.h"
#include "trust/trust.h"

void anchors_done(Anchors *anchors) {
    for (size_t i = 0; i < anchors->count; i++) {
        (void) certificate_free(anchors->items[i].certificate); /* returns NULL */
        free(anchors->items[i].file);
    }
    free(anchors->items);
    for (size_t i = 0; i < anchors->n_faulty; i++)
        free(anchors->faulty[i]);
    free(anchors->faulty);
    free(anchors->folder);
    *anchors = (Anchors){0};
}

/* --- reading --- */

static int add_anchor(Anchors *anchors, View der, const char *file, size_t beside) {
    Anchor *grown = reallocarray(anchors->items, anchors->count + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    anchors->items = grown;
    Anchor anchor = {.file = strdup(file), .beside = beside};
    int r = anchor.file ? certificate_parse(der, &anchor.certificate) : -ENOMEM;
    if (r != 0) {
        free(anchor.file);
        return r;
    }
    grown[anchors->count++] = anchor;
    return 0;
}

static int add_faulty(Anchors *anchors, const char *file) {
    char **grown = reallocarray(anchors->faulty, anchors->n_faulty + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    anchors->faulty = grown;
    grown[anchors->n_faulty] = strdup(file);
    if (!grown[anchors->n_faulty])
        return -ENOMEM;
    anchors->n_faulty++;
    return 0;
}

static int read_one(Anchors *anchors, const char *file) {
    CLEANUP(bytes_done) Bytes contents = {0};
    CLEANUP(bytes_list_done) BytesList list = {0};
    CLEANUP(free_pointer) char *path = NULL;
    if (asprintf(&path, "%s/%s", anchors->folder, file) < 0)
        return -ENOMEM;
    struct stat status;
    int r = lstat(path, &status) < 0 ? -errno : !S_ISREG(status.st_mode) ? -EINVAL : 0; /* as the daemon: no links */
    if (r == 0)
        r = file_read(path, FILE_SIZE_MAX, &contents);
    if (r == 0)
        r = trust_read_certificates(bytes_view(&contents), &list);
    for (size_t i = 0; r == 0 && i < list.count; i++)
        r = add_anchor(anchors, bytes_view(&list.items[i]), file, list.count - 1);
    return r == 0 || r == -ENOMEM ? r : add_faulty(anchors, file);
}

/* As the daemon: what begins with a dot is left out. */
static int is_visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static int read_folder(Anchors *anchors) {
    struct dirent **entries;
    int count = scandir(anchors->folder, &entries, is_visible, alphasort);
    if (count < 0)
        return -errno;
    int r = 0;
    for (int i = 0; i < count; i++) {
        r = r == 0 ? read_one(anchors, entries[i]->d_name) : r;
        free(entries[i]);
    }
    free(entries);
    return r;
}

int anchors_read(Anchors *ret, char **ret_problem) {
    static const ConfigFolders folders = {
        .etc = OVCERT_CONFIG_DIR, .run = "/run/ovcert", .vendor = OVCERT_VENDOR_CONFIG_DIR};
    CLEANUP(config_done) Config config = {0};
    int r = config_load(&folders, &config, ret_problem);
    if (r != 0)
        return r;
    ret->folder = TAKE_PTR(config.anchors_dir);
    return read_folder(ret);
}

/* --- judging --- */

/* The daemon would load it, and has nothing to say about it. */
char *anchors_problem(const Certificate *certificate, int64_t now) {
    CLEANUP(trust_store_unrefp) TrustStore *store = NULL;
    CLEANUP(trust_problems_done) TrustProblems problems = {0};
    TrustFile file = {.name = "certificate", .contents = certificate_der(certificate)};
    TrustFiles files = {.anchors = &file, .n_anchors = 1};
    if (trust_store_make(&(TrustOptions){0}, &files, now, &store, &problems) < 0)
        return NULL;
    return strdup(problems.count > 0 ? problems.items[0].line : "");
}

/* --- writing --- */

static void close_file(int *fd) {
    if (*fd >= 0)
        (void) close(*fd); /* was synced, or only read */
}

static int write_all(int fd, View data) {
    while (data.size > 0) {
        ssize_t n = write(fd, data.data, data.size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data = (View){data.data + n, data.size - (size_t) n};
    }
    return 0;
}

static int write_pem(int fd, const Certificate *certificate) {
    View der = certificate_der(certificate);
    BIO *memory = BIO_new(BIO_s_mem());
    char *text = NULL;
    int r = -ENOMEM;
    if (memory && PEM_write_bio(memory, PEM_STRING_X509, "", der.data, (long) der.size) > 0) {
        long size = BIO_get_mem_data(memory, &text);
        r = write_all(fd, (View){(const uint8_t *) text, (size_t) size});
    }
    BIO_free(memory);
    return r;
}

/* A name with a dot first, which nobody reads, until it is whole. */
static int write_temporary(int folder, const char *name, const Certificate *certificate) {
    CLEANUP(close_file)
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    int r = write_pem(fd, certificate);
    if (r == 0 && (fchmod(fd, 0644) < 0 || fsync(fd) < 0)) /* whatever the umask: the daemon is somebody else */
        r = -errno;
    return r;
}

static int open_folder(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int anchors_add(const char *folder, const Certificate *certificate) {
    const CertificateFacts *facts = certificate_facts(certificate);
    CLEANUP(free_pointer) char *hex = hex_encode((View){facts->fingerprint, sizeof facts->fingerprint});
    CLEANUP(free_pointer) char *name = NULL, *temporary = NULL;
    if (!hex || asprintf(&name, "%s.pem", hex) < 0 || asprintf(&temporary, ".%s.new", hex) < 0)
        return -ENOMEM;
    CLEANUP(close_file) int fd = open_folder(folder);
    int r = fd < 0 ? fd : write_temporary(fd, temporary, certificate);
    if (r == 0 && renameat2(fd, temporary, fd, name, RENAME_NOREPLACE) < 0)
        r = -errno;
    if (r < 0 && fd >= 0)
        (void) unlinkat(fd, temporary, 0); /* nothing more can be done */
    return r == 0 && fsync(fd) < 0 ? -errno : r;
}

/* With the old one's owner and mode, and only then its name. */
static int write_rest(int fd, View rest, const struct stat *old) {
    int r = write_all(fd, rest);
    if (r < 0)
        return r;
    return fchown(fd, old->st_uid, old->st_gid) < 0 || fchmod(fd, old->st_mode & ALLPERMS) < 0 || fsync(fd) < 0 ? -errno
                                                                                                                : 0;
}

static int replace(int folder, const char *file, View rest, const struct stat *old) {
    CLEANUP(free_pointer) char *temporary = NULL;
    if (asprintf(&temporary, ".%s.new", file) < 0)
        return -ENOMEM;
    (void) unlinkat(folder, temporary, 0); /* what a crash has left; mostly there is none */
    CLEANUP(close_file)
    int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int r = write_rest(fd, rest, old);
    if (r == 0 && renameat(folder, temporary, folder, file) < 0)
        r = -errno;
    if (r < 0)
        (void) unlinkat(folder, temporary, 0); /* nothing more can be done */
    return r;
}

/* What is left without the certificate; nothing, when that is but text. */
static int read_rest(const char *folder, const char *file, const Certificate *certificate, Bytes *ret) {
    CLEANUP(free_pointer) char *path = NULL;
    CLEANUP(bytes_done) Bytes contents = {0}, rest = {0};
    if (asprintf(&path, "%s/%s", folder, file) < 0)
        return -ENOMEM;
    int r = file_read(path, FILE_SIZE_MAX, &contents);
    if (r == 0)
        r = trust_cut_certificate(bytes_view(&contents), certificate_der(certificate), &rest);
    if (r == -ENODATA && view_equal(bytes_view(&contents), certificate_der(certificate)))
        return 0;
    if (r < 0)
        return r;
    return rest.size > 0 && memmem(rest.data, rest.size, "-----BEGIN ", 11) ? bytes_copy(bytes_view(&rest), ret) : 0;
}

int anchors_remove(const char *folder, const char *file, const Certificate *certificate) {
    CLEANUP(close_file) int fd = open_folder(folder);
    CLEANUP(bytes_done) Bytes rest = {0};
    struct stat status;
    if (fd < 0)
        return fd;
    if (fstatat(fd, file, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    int r = S_ISREG(status.st_mode) ? read_rest(folder, file, certificate, &rest) : -EINVAL;
    if (r == 0)
        r = rest.size > 0 ? replace(fd, file, bytes_view(&rest), &status) : unlinkat(fd, file, 0) < 0 ? -errno : 0;
    return r == 0 && fsync(fd) < 0 ? -errno : r;
}
