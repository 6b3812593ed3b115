/* SPDX-License-Identifier: BSD-2-Clause */
/* Scene: what bench-fill makes and the other measuring programs read. A folder with
 *
 *   anchors.d/ crls.d/   the authorities
 *   user.key             one private key (DER) for all who sign in
 *   users                those who sign in: for each a u32 row, then its certificate after a u32 length
 *   db/ovcert.db         the database, filled
 *
 * The row tells name and uid. A function that fails ends the program with a message. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "common/bytes.h"
#include "common/statement.h"

#define SCENE_UID_BASE UINT32_C(100000)
#define SCENE_SERVICE "bench"

typedef struct SceneUser {
    char name[16];
    uint32_t uid;
    Bytes certificate;
    uint8_t fingerprint[STATEMENT_FINGERPRINT_SIZE];
} SceneUser;

typedef struct Scene {
    SceneUser *users;
    size_t n_users;
    EVP_PKEY *key;
    const char *algorithm; /* static */
} Scene;

void scene_load(const char *folder, Scene *ret);
void scene_done(Scene *scene);
void scene_user_name(uint32_t row, char ret[16]);
/* Signs for the user, who owns the scene's key; the fingerprint of *statement is filled in. */
void scene_sign(const Scene *scene, const SceneUser *user, Statement *statement, Bytes *ret);
void scene_read(const char *folder, const char *name, Bytes *ret);
char *scene_path(const char *folder, const char *name); /* caller frees */

/* Ends the program: these are measurements by hand, not a service. */
_Noreturn void scene_fail(const char *what, const char *file, int line);
#define MUST(expression)                                                                                               \
    do {                                                                                                               \
        if (!(expression))                                                                                             \
            scene_fail(#expression, __FILE__, __LINE__);                                                               \
    } while (0)
