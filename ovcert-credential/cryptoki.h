/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of PKCS#11 (v2.40 with the mechanisms of v3.0) that the helper makes more than once, with its kind of
 * errors: 0, a CredentialOutcome with *ret_detail, or -ENOMEM. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <p11-kit/p11-kit.h>

#include "common/bytes.h"

#define CRYPTOKI_OBJECTS_MAX 64u /* of one kind on one token that are looked at */

/* Zero-initialise; cryptoki_close(). */
typedef struct CryptokiSession {
    CK_FUNCTION_LIST *functions; /* NULL: not open */
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE handle;
} CryptokiSession;

int cryptoki_open(CK_FUNCTION_LIST *functions, CK_SLOT_ID slot, CryptokiSession *ret, char **ret_detail);
void cryptoki_close(CryptokiSession *session); /* logs out too */

/* What the return value of a function other than CKR_OK means here. */
int cryptoki_failure(CK_RV rv, const char *function, char **ret_detail);

/* PKCS#11 has no const: for what a module promises not to change. */
CK_BYTE *cryptoki_input(const void *octets);

/* Zero-initialise. */
typedef struct CryptokiObjects {
    CK_OBJECT_HANDLE items[CRYPTOKI_OBJECTS_MAX];
    size_t count;
} CryptokiObjects;

/* Objects of a class, and of a CKA_ID unless it is empty; what is beyond the limit is left out. */
int cryptoki_find(const CryptokiSession *session, CK_OBJECT_CLASS class, View id, CryptokiObjects *ret,
                  char **ret_detail);
/* Appends an attribute of up to max octets; nothing when the object has none that can be read, or a longer one. */
int cryptoki_attribute(const CryptokiSession *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, size_t max,
                       Bytes *ret, char **ret_detail);
/* *ret stays as it is when the object has no such attribute. */
int cryptoki_bool(const CryptokiSession *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, bool *ret,
                  char **ret_detail);
int cryptoki_number(const CryptokiSession *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_ULONG *ret,
                    char **ret_detail);
