/* SPDX-License-Identifier: BSD-2-Clause */
/* PEM and DER framing of certificates and CRLs. Called for files of the administrator and, in the tool, of the user;
 * must never keep anything but the blocks asked for, since a bundle may hold a private key (of which the text without a
 * certificate is a copy, for its own file). */
#include "trust/pem.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>

#include "common/macros.h"
#include "trust/internal.h"

/* A SEQUENCE of 128 octets or more, which no certificate or CRL goes below and no text begins with. */
static bool is_der(View file) {
    return file.size > 2 && file.data[0] == 0x30 && (file.data[1] & 0x80) != 0;
}

static bool is_wanted(const char *const *types, const char *type) {
    for (size_t i = 0; types[i]; i++)
        if (strcmp(types[i], type) == 0)
            return true;
    return false;
}

/* 1 for a block, 0 at the end. */
static int block_read(BIO *bio, const char *const *types, BytesList *ret) {
    char *type = NULL, *header = NULL;
    unsigned char *data = NULL;
    long size = 0;
    int r;

    if (!PEM_read_bio(bio, &type, &header, &data, &size)) {
        bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

        if (openssl_out_of_memory())
            return -ENOMEM;
        return end ? 0 : -EBADMSG;
    }
    r = is_wanted(types, type) ? bytes_list_append(ret, (View){.data = data, .size = (size_t) size}) : 0;
    OPENSSL_free(type);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, (size_t) size);
    return r < 0 ? r : 1;
}

int pem_read(View file, const char *const *types, BytesList *ret) {
    BIO *bio;
    int r;

    if (is_der(file))
        return bytes_list_append(ret, file);
    if (file.size == 0 || file.size > INT_MAX)
        return 0;
    bio = BIO_new_mem_buf(file.data, (int) file.size);
    if (!bio)
        return -ENOMEM;
    do
        r = block_read(bio, types, ret);
    while (r > 0);
    BIO_free(bio);
    return r;
}

static int read_some(View file, const char *const *types, BytesList *ret) {
    size_t before = ret->count;
    int r = pem_read(file, types, ret);

    if (r < 0)
        return r;
    return ret->count > before ? 0 : -ENODATA;
}

static const char *const certificate_types[] = {"CERTIFICATE", "X509 CERTIFICATE", NULL};

int trust_read_certificates(View file, BytesList *ret) {
    return read_some(file, certificate_types, ret);
}

int trust_read_signers(View file, BytesList *ret) {
    return is_der(file) ? 0 : pem_read(file, certificate_types, ret);
}

int trust_read_crls(View file, BytesList *ret) {
    return read_some(file, (const char *const[]){"X509 CRL", NULL}, ret);
}

/* ── taking one out ── */

/* The first line, with its end. */
static View first_line(View text) {
    const uint8_t *end = memchr(text.data, '\n', text.size);

    return (View){.data = text.data, .size = end ? (size_t) (end - text.data) + 1 : text.size};
}

static View behind(View text, size_t size) {
    return (View){.data = text.data + size, .size = text.size - size};
}

static bool begins_with(View text, const char *word) {
    return text.size >= strlen(word) && memcmp(text.data, word, strlen(word)) == 0;
}

/* A block from its first line to its last, or else one line. */
static View first_piece(View text) {
    View line = first_line(text);
    size_t size = line.size;

    if (!begins_with(line, "-----BEGIN "))
        return line;
    while (size < text.size && !begins_with(line, "-----END ")) {
        line = first_line(behind(text, size));
        size += line.size;
    }
    return (View){.data = text.data, .size = size};
}

/* Whether the piece is this certificate; -ENOMEM. */
static int is_block_of(View piece, View der) {
    CLEANUP(bytes_list_done) BytesList list = {0};
    int r = begins_with(piece, "-----BEGIN ") ? pem_read(piece, certificate_types, &list) : 0;

    if (r == -ENOMEM)
        return r;
    return r == 0 && list.count == 1 && view_equal(bytes_view(&list.items[0]), der);
}

static int copy_others(View file, View der, Bytes *ret) {
    while (file.size > 0) {
        View piece = first_piece(file);
        int r = is_block_of(piece, der);

        if (r == 0)
            r = bytes_append(ret, piece);
        if (r < 0)
            return r;
        file = behind(file, piece.size);
    }
    return 0;
}

static bool next_other(const BytesList *list, size_t *at, View der) {
    while (*at < list->count && view_equal(bytes_view(&list->items[*at]), der))
        ++*at;
    return *at < list->count;
}

/* Both hold the same in the same order, but for the one of this DER, which only the first may have. */
static bool is_without(const BytesList *all, const BytesList *rest, View der) {
    size_t at = 0;

    for (size_t i = 0; i < rest->count; i++, at++)
        if (!next_other(all, &at, der) || !view_equal(bytes_view(&all->items[at]), bytes_view(&rest->items[i])))
            return false;
    return !next_other(all, &at, der);
}

/* By the reader's own eyes, which are not those that cut. */
static int check_rest(View file, View rest, View der) {
    CLEANUP(bytes_list_done) BytesList all = {0}, left = {0};
    int r = pem_read(file, certificate_types, &all);

    if (r == 0)
        r = pem_read(rest, certificate_types, &left);
    if (r < 0)
        return r;
    return is_without(&all, &left, der) ? 0 : -EBADMSG;
}

int trust_cut_certificate(View file, View der, Bytes *ret) {
    CLEANUP(bytes_done) Bytes rest = {0};
    int r = is_der(file) ? -ENODATA : copy_others(file, der, &rest);

    if (r == 0 && rest.size == file.size)
        r = -ENODATA;
    if (r == 0)
        r = check_rest(file, bytes_view(&rest), der);
    if (r < 0)
        return r;
    *ret = rest;
    rest = (Bytes){0};
    return 0;
}
