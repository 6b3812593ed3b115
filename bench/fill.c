/* SPDX-License-Identifier: BSD-2-Clause */
/* bench-fill FOLDER ROWS USERS p256|rsa: makes a scene (scene.h) with so many profiles, each with a certificate, of
 * which USERS, spread evenly, can sign in. Run as the user who is to own the database; FOLDER exists, is his and
 * private.
 *
 * The certificates of those who sign in are real. The others are copies of one real certificate with another serial
 * number: of the right size, unique, and never verified by anybody. The rows go through the store library, so that
 * they are what ovcertd would have written. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "bench/scene.h"
#include "common/macros.h"
#include "ovcertd/store/store.h"
#include "tests/trust/pki.h"
#include "trust/certificate.h"

#define ROWS_PER_COMMIT 20000u
#define SERIAL_SIZE 16u
#define TEMPLATE_SERIAL "40112233445566778899aabbccddeeff"

typedef struct Filling {
    const char *folder;
    uint32_t rows;
    uint32_t users;
    int64_t now;
    PkiIdentity root;
    PkiIdentity issuer;
    EVP_PKEY *key;
    Certificate *model;
    size_t serial_at; /* where the serial number stands in the model's DER */
    Bytes copy;
    Bytes list; /* the file "users" */
    Store *store;
} Filling;

static void make_folder(const char *folder, const char *name) {
    CLEANUP(free_pointer) char *path = scene_path(folder, name);
    MUST(mkdir(path, 0700) == 0);
}

static void write_list(const Filling *filling, const PkiIdentity *issuer, const char *name) {
    CLEANUP(free_pointer) char *folder = scene_path(filling->folder, "crls.d");
    CLEANUP(bytes_done) Bytes list = {0};
    PkiCrlOptions options = {.this_update = filling->now - 3600, .next_update = filling->now + 7 * PKI_DAY};
    pki_crl(issuer, &options, &list);
    pki_write(folder, name, bytes_view(&list));
}

/* RSA-4096 would cost more once, at the first judgement's verification of the intermediate, on both sides alike. */
static void make_authorities(Filling *filling) {
    PkiOptions options = {
        .key_type = PKI_KEY_RSA2048,
        .not_before = filling->now - 365 * PKI_DAY,
        .not_after = filling->now + 3650 * PKI_DAY,
    };
    pki_root(&options, &filling->root);
    pki_intermediate(&filling->root, &options, &filling->issuer);
    CLEANUP(free_pointer) char *folder = scene_path(filling->folder, "anchors.d");
    CLEANUP(bytes_done) Bytes pem = {0};
    pki_pem("CERTIFICATE", bytes_view(&filling->root.der), &pem);
    pki_write(folder, "root.pem", bytes_view(&pem));
    write_list(filling, &filling->root, "root.crl");
    write_list(filling, &filling->issuer, "users.crl");
}

static void make_key(Filling *filling, const char *type) {
    MUST(strcmp(type, "p256") == 0 || strcmp(type, "rsa") == 0);
    filling->key = pki_key(strcmp(type, "rsa") == 0 ? PKI_KEY_RSA2048 : PKI_KEY_P256);
    unsigned char *der = NULL;
    int size = i2d_PrivateKey(filling->key, &der);
    MUST(size > 0);
    pki_write(filling->folder, "user.key", (View){der, (size_t) size});
    OPENSSL_free(der);
}

/* As a citizen's certificate is. */
static void make_leaf(const Filling *filling, const char *serial, PkiIdentity *ret) {
    PkiOptions options = {
        .key = filling->key,
        .serial = serial,
        .serial_number = "IDCES-99999999R",
        .not_before = filling->now - 30 * PKI_DAY,
        .not_after = filling->now + 1460 * PKI_DAY,
        .policies = "1.3.6.1.4.1.5734.3.10.1",
    };
    pki_leaf(&filling->issuer, &options, ret);
}

static void make_model(Filling *filling) {
    CLEANUP(pki_identity_done) PkiIdentity leaf = {0};
    uint8_t serial[SERIAL_SIZE];
    make_leaf(filling, TEMPLATE_SERIAL, &leaf);
    MUST(certificate_parse(bytes_view(&leaf.der), &filling->model) == 0);
    MUST(hex_decode(TEMPLATE_SERIAL, serial, sizeof serial) == 0);
    MUST(bytes_copy(bytes_view(&leaf.der), &filling->copy) == 0);
    const uint8_t *at = memmem(filling->copy.data, filling->copy.size, serial, sizeof serial);
    MUST(at);
    filling->serial_at = (size_t) (at - filling->copy.data);
}

static void open_store(Filling *filling) {
    make_folder(filling->folder, "db");
    CLEANUP(free_pointer) char *path = scene_path(filling->folder, "db/ovcert.db");
    CLEANUP(free_pointer) char *problem = NULL;
    StoreOptions options = {.path = path};
    int r = store_open(&options, &filling->store, &problem);
    if (r != 0)
        (void) fprintf(stderr, "bench-fill: %s\n", problem ? problem : "cannot open the database");
    MUST(r == 0);
}

static int64_t put_profile(const Filling *filling, uint32_t row) {
    char name[16], holder[] = "ES:99999999R", reason[] = "";
    scene_user_name(row, name);
    ProfileRow profile = {
        .name = name,
        .kind = PROFILE_UNIX,
        .uid = SCENE_UID_BASE + row,
        .holder = holder,
        .block_reason = reason,
        .created = filling->now,
    };
    int64_t id = 0;
    MUST(store_profile_create(filling->store, &profile, &id) == 0);
    return id;
}

/* The strings are borrowed from the facts. */
static CertificateRow row_of(const Filling *filling, const CertificateFacts *facts, View der, Bytes chain[2]) {
    chain[0] = filling->issuer.der;
    chain[1] = filling->root.der;
    CertificateRow row = {
        .der = {.data = (uint8_t *) (uintptr_t) der.data, .size = der.size}, /* the store only reads it */
        .subject = (char *) (uintptr_t) facts->subject,
        .issuer = (char *) (uintptr_t) facts->issuer,
        .serial = (char *) (uintptr_t) facts->serial,
        .holder = (char *) (uintptr_t) facts->holder,
        .not_before = facts->not_before,
        .not_after = facts->not_after,
        .chain = {.items = chain, .count = 2},
    };
    memcpy(row.fingerprint, facts->fingerprint, sizeof row.fingerprint);
    memcpy(row.spki_hash, facts->spki_hash, sizeof row.spki_hash);
    return row;
}

static void put_certificate(const Filling *filling, int64_t profile, const CertificateRow *row) {
    int64_t certificate = 0, association = 0;
    MUST(store_certificate_put(filling->store, row, &certificate) == 0);
    MUST(store_association_create(filling->store, profile, certificate, filling->now, 0, true, &association) == 0);
}

static void put_user(Filling *filling, uint32_t row, int64_t profile) {
    CLEANUP(pki_identity_done) PkiIdentity leaf = {0};
    CLEANUP(certificate_freep) Certificate *certificate = NULL;
    Bytes chain[2];
    make_leaf(filling, NULL, &leaf);
    MUST(certificate_parse(bytes_view(&leaf.der), &certificate) == 0);
    CertificateRow values = row_of(filling, certificate_facts(certificate), bytes_view(&leaf.der), chain);
    put_certificate(filling, profile, &values);
    MUST(bytes_append_u32(&filling->list, row) == 0);
    MUST(bytes_append_sized(&filling->list, bytes_view(&leaf.der)) == 0);
}

static void put_copy(Filling *filling, uint32_t row, int64_t profile) {
    Bytes chain[2], *copy = &filling->copy;
    for (unsigned i = 0; i < 4; i++)
        copy->data[filling->serial_at + SERIAL_SIZE - 4 + i] = (uint8_t) (row >> (8 * (3 - i)));
    CertificateRow values = row_of(filling, certificate_facts(filling->model), bytes_view(copy), chain);
    MUST(EVP_Q_digest(NULL, "SHA256", NULL, copy->data, copy->size, values.fingerprint, NULL));
    CLEANUP(free_pointer) char *serial = hex_encode((View){copy->data + filling->serial_at, SERIAL_SIZE});
    MUST(serial);
    values.serial = serial;
    put_certificate(filling, profile, &values);
}

static void put_rows(Filling *filling) {
    uint32_t every = filling->rows / filling->users, users = 0;
    for (uint32_t row = 0; row < filling->rows; row++) {
        MUST(store_begin(filling->store) == 0);
        int64_t profile = put_profile(filling, row);
        if (row % every == 0 && users++ < filling->users)
            put_user(filling, row, profile);
        else
            put_copy(filling, row, profile);
        MUST(store_end(filling->store, true) == 0);
        if (row % ROWS_PER_COMMIT == ROWS_PER_COMMIT - 1)
            MUST(store_commit(filling->store) == 0);
    }
    MUST(store_commit(filling->store) == 0);
}

static uint32_t number(const char *text) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    MUST(end != text && *end == '\0' && value > 0 && value <= 100000000);
    return (uint32_t) value;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        (void) fputs("usage: bench-fill FOLDER ROWS USERS p256|rsa\n", stderr); /* nowhere else to say it */
        return 2;
    }
    Filling filling = {
        .folder = argv[1], .rows = number(argv[2]), .users = number(argv[3]), .now = (int64_t) time(NULL)};
    MUST(filling.users <= filling.rows);
    make_folder(filling.folder, "anchors.d");
    make_folder(filling.folder, "crls.d");
    make_authorities(&filling);
    make_key(&filling, argv[4]);
    make_model(&filling);
    open_store(&filling);
    put_rows(&filling);
    pki_write(filling.folder, "users", bytes_view(&filling.list));
    (void) store_close(filling.store); /* committed */
    (void) certificate_free(filling.model);
    EVP_PKEY_free(filling.key);
    pki_identity_done(&filling.root);
    pki_identity_done(&filling.issuer);
    bytes_done(&filling.copy);
    bytes_done(&filling.list);
    return 0;
}
