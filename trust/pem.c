/* SPDX-License-Identifier: BSD-2-Clause */
/* PEM and DER framing of certificates and CRLs. Called for files of the administrator and, in the tool, of the user;
 * must never keep anything but the blocks asked for, since a bundle may hold a private key. */
#include "trust/pem.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>

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

int trust_read_certificates(View file, BytesList *ret) {
    return read_some(file, (const char *const[]){"CERTIFICATE", "X509 CERTIFICATE", NULL}, ret);
}

int trust_read_crls(View file, BytesList *ret) {
    return read_some(file, (const char *const[]){"X509 CRL", NULL}, ret);
}
