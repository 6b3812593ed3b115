/* SPDX-License-Identifier: BSD-2-Clause */
/* See scene.h. Linked by measuring programs only; must never be linked into anything that is installed. */
#include "bench/scene.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

_Noreturn void scene_fail(const char *what, const char *file, int line) {
    (void) fprintf(stderr, "%s:%d: failed: %s (%s)\n", file, line, what, strerror(errno)); /* nowhere else to say it */
    exit(EXIT_FAILURE);
}

char *scene_path(const char *folder, const char *name) {
    char *path = NULL;
    MUST(asprintf(&path, "%s/%s", folder, name) > 0);
    return path;
}

void scene_read(const char *folder, const char *name, Bytes *ret) {
    CLEANUP(free_pointer) char *path = scene_path(folder, name);
    FILE *file = fopen(path, "re");
    MUST(file);
    uint8_t part[8192];
    size_t size;
    while ((size = fread(part, 1, sizeof part, file)) > 0)
        MUST(bytes_append(ret, (View){part, size}) == 0);
    MUST(!ferror(file));
    (void) fclose(file); /* only read */
}

void scene_user_name(uint32_t row, char ret[16]) {
    (void) snprintf(ret, 16, "user%07" PRIu32, row); /* fits, and is checked by nobody but us */
}

static void load_key(const char *folder, Scene *scene) {
    CLEANUP(bytes_done) Bytes der = {0};
    scene_read(folder, "user.key", &der);
    const unsigned char *position = der.data;
    scene->key = d2i_AutoPrivateKey(NULL, &position, (long) der.size);
    MUST(scene->key);
    scene->algorithm = EVP_PKEY_is_a(scene->key, "RSA") ? "rsa-pkcs1-sha256" : "ecdsa-sha256";
}

static void add_user(Scene *scene, uint32_t row, View certificate) {
    scene->users = reallocarray(scene->users, scene->n_users + 1, sizeof *scene->users);
    MUST(scene->users);
    SceneUser *user = &scene->users[scene->n_users++];
    *user = (SceneUser){.uid = SCENE_UID_BASE + row};
    scene_user_name(row, user->name);
    MUST(bytes_copy(certificate, &user->certificate) == 0);
    MUST(EVP_Q_digest(NULL, "SHA256", NULL, certificate.data, certificate.size, user->fingerprint, NULL));
}

void scene_load(const char *folder, Scene *ret) {
    CLEANUP(bytes_done) Bytes users = {0};
    *ret = (Scene){0};
    load_key(folder, ret);
    scene_read(folder, "users", &users);
    Reader reader = {.rest = bytes_view(&users)};
    while (!reader_at_end(&reader)) {
        uint32_t row;
        View certificate;
        MUST(reader_u32(&reader, &row) == 0 && reader_sized(&reader, &certificate) == 0);
        add_user(ret, row, certificate);
    }
    MUST(ret->n_users > 0);
}

void scene_done(Scene *scene) {
    for (size_t i = 0; i < scene->n_users; i++)
        bytes_done(&scene->users[i].certificate);
    free(scene->users);
    EVP_PKEY_free(scene->key);
}

void scene_sign(const Scene *scene, const SceneUser *user, Statement *statement, Bytes *ret) {
    CLEANUP(bytes_done) Bytes encoded = {0};
    memcpy(statement->fingerprint, user->fingerprint, sizeof statement->fingerprint);
    MUST(statement_encode(statement, &encoded) == 0);
    uint8_t signature[1024];
    size_t size = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    MUST(context && EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, scene->key, NULL) == 1);
    MUST(EVP_DigestSign(context, signature, &size, encoded.data, encoded.size) == 1);
    EVP_MD_CTX_free(context);
    MUST(bytes_copy((View){signature, size}, ret) == 0);
}
