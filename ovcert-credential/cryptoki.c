/* SPDX-License-Identifier: BSD-2-Clause */
/* Wraps PKCS#11. Called by the PKCS#11 backend's parts; must never trust a size that a module names. */
#include "ovcert-credential/cryptoki.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/macros.h"
#include "ovcert-credential/failure.h"

CK_BYTE *cryptoki_input(const void *octets) {
    return (CK_BYTE *) (uintptr_t) octets;
}

static const struct {
    CK_RV rv;
    CredentialOutcome outcome;
} meanings[] = {
    {CKR_PIN_INCORRECT, CREDENTIAL_OUTCOME_WRONG_PIN},
    {CKR_PIN_INVALID, CREDENTIAL_OUTCOME_WRONG_PIN},
    {CKR_PIN_LEN_RANGE, CREDENTIAL_OUTCOME_WRONG_PIN},
    {CKR_PIN_LOCKED, CREDENTIAL_OUTCOME_PIN_LOCKED},
    {CKR_PIN_EXPIRED, CREDENTIAL_OUTCOME_PIN_CHANGE},
    {CKR_USER_PIN_NOT_INITIALIZED, CREDENTIAL_OUTCOME_PIN_CHANGE},
    {CKR_FUNCTION_CANCELED, CREDENTIAL_OUTCOME_CANCELLED},
    {CKR_CANCEL, CREDENTIAL_OUTCOME_CANCELLED},
    {CKR_TOKEN_NOT_PRESENT, CREDENTIAL_OUTCOME_TOKEN_REMOVED},
    {CKR_DEVICE_REMOVED, CREDENTIAL_OUTCOME_TOKEN_REMOVED},
    {CKR_SESSION_HANDLE_INVALID, CREDENTIAL_OUTCOME_TOKEN_REMOVED},
    {CKR_SESSION_CLOSED, CREDENTIAL_OUTCOME_TOKEN_REMOVED},
    {CKR_SLOT_ID_INVALID, CREDENTIAL_OUTCOME_TOKEN_REMOVED},
    {CKR_MECHANISM_INVALID, CREDENTIAL_OUTCOME_NOT_SUPPORTED},
    {CKR_MECHANISM_PARAM_INVALID, CREDENTIAL_OUTCOME_NOT_SUPPORTED},
    {CKR_KEY_FUNCTION_NOT_PERMITTED, CREDENTIAL_OUTCOME_NOT_SUPPORTED},
    {CKR_KEY_TYPE_INCONSISTENT, CREDENTIAL_OUTCOME_NOT_SUPPORTED},
    {CKR_FUNCTION_NOT_SUPPORTED, CREDENTIAL_OUTCOME_NOT_SUPPORTED},
};

int cryptoki_failure(CK_RV rv, const char *function, char **ret_detail) {
    CredentialOutcome outcome = CREDENTIAL_OUTCOME_TOKEN_FAULT;

    if (rv == CKR_HOST_MEMORY)
        return -ENOMEM;
    for (size_t i = 0; i < ELEMENTSOF(meanings); i++)
        if (meanings[i].rv == rv)
            outcome = meanings[i].outcome;
    return failure_set(ret_detail, outcome, "%s: %s (0x%lx)", function, p11_kit_strerror(rv), rv);
}

int cryptoki_open(CK_FUNCTION_LIST *functions, CK_SLOT_ID slot, CryptokiSession *ret, char **ret_detail) {
    CK_SESSION_HANDLE handle = 0;
    CK_RV rv = functions->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &handle);
    if (rv != CKR_OK)
        return cryptoki_failure(rv, "C_OpenSession", ret_detail);
    *ret = (CryptokiSession){.functions = functions, .slot = slot, .handle = handle};
    return 0;
}

void cryptoki_close(CryptokiSession *session) {
    /* The last session of a slot takes the login with it. A token that has gone needs neither. */
    if (session->functions)
        (void) session->functions->C_CloseSession(session->handle);
    *session = (CryptokiSession){0};
}

int cryptoki_find(const CryptokiSession *session, CK_OBJECT_CLASS class, View id, CryptokiObjects *ret,
                  char **ret_detail) {
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, cryptoki_input(id.data), id.size}};
    CK_ULONG found = 0;
    CK_RV rv = session->functions->C_FindObjectsInit(session->handle, template, id.size > 0 ? 2 : 1);
    if (rv != CKR_OK)
        return cryptoki_failure(rv, "C_FindObjectsInit", ret_detail);
    do {
        CK_ULONG room = CRYPTOKI_OBJECTS_MAX - ret->count;
        rv = session->functions->C_FindObjects(session->handle, ret->items + ret->count, room, &found);
        if (rv == CKR_OK && found > room)
            rv = CKR_GENERAL_ERROR;
        if (rv == CKR_OK)
            ret->count += found;
    } while (rv == CKR_OK && found > 0 && ret->count < CRYPTOKI_OBJECTS_MAX);
    (void) session->functions->C_FindObjectsFinal(session->handle); /* what was found is what counts */
    return rv == CKR_OK ? 0 : cryptoki_failure(rv, "C_FindObjects", ret_detail);
}

/* *ret_size: what *value has room for, then what is in it; 0 when there is no such attribute. */
static int get(const CryptokiSession *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *value,
               size_t *ret_size, char **ret_detail) {
    CK_ATTRIBUTE attribute = {type, value, *ret_size};
    CK_RV rv = session->functions->C_GetAttributeValue(session->handle, object, &attribute, 1);

    if (rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_BUFFER_TOO_SMALL) {
        *ret_size = 0;
        return 0;
    }
    if (rv != CKR_OK)
        return cryptoki_failure(rv, "C_GetAttributeValue", ret_detail);
    if (attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION || (value && attribute.ulValueLen > *ret_size))
        attribute.ulValueLen = 0;
    *ret_size = attribute.ulValueLen;
    return 0;
}

int cryptoki_attribute(const CryptokiSession *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, size_t max,
                       Bytes *ret, char **ret_detail) {
    size_t size = 0;
    void *CLEANUP(free_pointer) value = NULL;
    int r = get(session, object, type, NULL, &size, ret_detail);
    if (r != 0 || size == 0 || size > max)
        return r;
    value = malloc(size);
    if (!value)
        return -ENOMEM;
    r = get(session, object, type, value, &size, ret_detail);
    return r != 0 ? r : bytes_append(ret, (View){value, size});
}

int cryptoki_bool(const CryptokiSession *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, bool *ret,
                  char **ret_detail) {
    CK_BBOOL value = CK_FALSE;
    size_t size = sizeof value;
    int r = get(session, object, type, &value, &size, ret_detail);
    if (r == 0 && size == sizeof value)
        *ret = value != CK_FALSE;
    return r;
}

int cryptoki_number(const CryptokiSession *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_ULONG *ret,
                    char **ret_detail) {
    CK_ULONG value = 0;
    size_t size = sizeof value;
    int r = get(session, object, type, &value, &size, ret_detail);
    if (r == 0 && size == sizeof value)
        *ret = value;
    return r;
}
