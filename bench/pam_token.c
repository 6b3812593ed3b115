/* SPDX-License-Identifier: BSD-2-Clause */
/* bench-pam-token.so MODULE|FILE.p12: the credential's own work as a PAM module, to be set beside pam_ovcert.so in the
 * same pamtester: ask for the PIN, load the PKCS#11 module, read the certificates, log in, sign 32 octets once; or open
 * the .p12 file and sign once. Verifies nothing and accepts whoever knows the PIN: a yardstick, never to be installed.
 *
 * Of several certificates the one with id 01 is used. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <p11-kit/pkcs11.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include "common/macros.h"

#define SLOTS_MAX 16u
#define OBJECTS_MAX 16u
#define CERTIFICATE_MAX 8192u

typedef struct Token {
    void *library;
    CK_FUNCTION_LIST *p11;
    CK_SESSION_HANDLE session;
} Token;

static void token_done(Token *token) {
    if (token->p11)
        (void) token->p11->C_Finalize(NULL); /* nothing hangs on it */
    if (token->library)
        (void) dlclose(token->library); /* likewise */
}

static bool open_token(Token *token, const char *path) {
    CK_C_GetFunctionList get;
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX;
    token->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!token->library)
        return false;
    *(void **) &get = dlsym(token->library, "C_GetFunctionList");
    return get && get(&token->p11) == CKR_OK && token->p11->C_Initialize(NULL) == CKR_OK &&
           token->p11->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK && count > 0 &&
           token->p11->C_OpenSession(slots[0], CKF_SERIAL_SESSION, NULL, NULL, &token->session) == CKR_OK;
}

static CK_ULONG find(const Token *token, CK_ATTRIBUTE *wanted, CK_ULONG n_wanted, CK_OBJECT_HANDLE *ret) {
    CK_ULONG count = 0;
    if (token->p11->C_FindObjectsInit(token->session, wanted, n_wanted) != CKR_OK ||
        token->p11->C_FindObjects(token->session, ret, OBJECTS_MAX, &count) != CKR_OK)
        return 0;
    (void) token->p11->C_FindObjectsFinal(token->session); /* the search is over anyway */
    return count;
}

static bool read_certificates(const Token *token) {
    static const unsigned char first[] = {1};
    CK_OBJECT_CLASS class = CKO_CERTIFICATE;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof class}};
    CK_OBJECT_HANDLE objects[OBJECTS_MAX];
    CK_ULONG count = find(token, wanted, 1, objects);
    bool found = false;
    for (CK_ULONG i = 0; i < count; i++) {
        unsigned char der[CERTIFICATE_MAX], id[64];
        CK_ATTRIBUTE values[] = {{CKA_VALUE, der, sizeof der}, {CKA_ID, id, sizeof id}};
        if (token->p11->C_GetAttributeValue(token->session, objects[i], values, 2) != CKR_OK)
            return false;
        found = found || (values[1].ulValueLen == sizeof first && memcmp(id, first, sizeof first) == 0);
    }
    return found;
}

static bool token_sign(const Token *token) {
    unsigned char id[] = {1}, octets[32] = {7}, signature[1024];
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, id, sizeof id}};
    CK_OBJECT_HANDLE keys[OBJECTS_MAX];
    CK_KEY_TYPE type = 0;
    CK_ATTRIBUTE type_value = {CKA_KEY_TYPE, &type, sizeof type};
    CK_ULONG size = sizeof signature;
    if (find(token, wanted, 2, keys) == 0 ||
        token->p11->C_GetAttributeValue(token->session, keys[0], &type_value, 1) != CKR_OK)
        return false;
    CK_MECHANISM mechanism = {type == CKK_RSA ? CKM_SHA256_RSA_PKCS : CKM_ECDSA, NULL, 0};
    return token->p11->C_SignInit(token->session, &mechanism, keys[0]) == CKR_OK &&
           token->p11->C_Sign(token->session, octets, sizeof octets, signature, &size) == CKR_OK;
}

static bool use_token(const char *path, char *pin) {
    CLEANUP(token_done) Token token = {0};
    return open_token(&token, path) && read_certificates(&token) &&
           token.p11->C_Login(token.session, CKU_USER, (CK_UTF8CHAR *) pin, strlen(pin)) == CKR_OK &&
           token_sign(&token);
}

static bool software_sign(EVP_PKEY *key) {
    unsigned char octets[32] = {7}, signature[1024];
    size_t size = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context && EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL) == 1 &&
                EVP_DigestSign(context, signature, &size, octets, sizeof octets) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

static bool use_file(const char *path, const char *passphrase) {
    FILE *file = fopen(path, "re");
    PKCS12 *p12 = file ? d2i_PKCS12_fp(file, NULL) : NULL;
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;
    STACK_OF(X509) *others = NULL;
    bool good = p12 && PKCS12_parse(p12, passphrase, &key, &certificate, &others) == 1 && key && software_sign(key);
    EVP_PKEY_free(key);
    X509_free(certificate);
    sk_X509_pop_free(others, X509_free);
    PKCS12_free(p12);
    if (file)
        (void) fclose(file); /* only read */
    return good;
}

__attribute__((visibility("default"))) int pam_sm_authenticate(pam_handle_t *pam, int flags, int argc,
                                                               const char **argv) {
    char *pin = NULL;
    (void) flags;
    if (argc != 1 || pam_prompt(pam, PAM_PROMPT_ECHO_OFF, &pin, "PIN: ") != PAM_SUCCESS || !pin)
        return PAM_SERVICE_ERR;
    const char *end = strrchr(argv[0], '.');
    bool good = end && strcmp(end, ".p12") == 0 ? use_file(argv[0], pin) : use_token(argv[0], pin);
    free(pin);
    return good ? PAM_SUCCESS : PAM_AUTH_ERR;
}

__attribute__((visibility("default"))) int pam_sm_setcred(pam_handle_t *pam, int flags, int argc, const char **argv) {
    (void) pam, (void) flags, (void) argc, (void) argv;
    return PAM_SUCCESS;
}
