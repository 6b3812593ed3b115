/* SPDX-License-Identifier: BSD-2-Clause */
/* See softhsm.h. Linked by test programs only. */
#include "tests/ovcert-credential/softhsm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "common/macros.h"
#include "ovcert-credential/cryptoki.h"
#include "tests/ovcert-credential/support.h"

#ifdef __SANITIZE_ADDRESS__
#define HAVE_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef HAVE_ADDRESS_SANITIZER
#include <sanitizer/lsan_interface.h>
#endif

#define ATTRIBUTES_MAX 20

static void need(CK_RV rv, const char *what) {
    if (rv != CKR_OK)
        fail_msg("%s: %s", what, p11_kit_strerror(rv));
}

SoftHsm *softhsm_new(const char *mechanisms) {
    SoftHsm *hsm = calloc(1, sizeof *hsm);
    char *CLEANUP(free_pointer) text = NULL;
    char *CLEANUP(free_pointer) tokens = NULL;

    assert_non_null(hsm);
    hsm->folder = pki_folder();
    assert_true(asprintf(&tokens, "%s/tokens", hsm->folder) > 0);
    assert_int_equal(mkdir(tokens, 0700), 0);
    assert_true(asprintf(&text, "directories.tokendir = %s\nobjectstore.backend = file\nslots.mechanisms = %s\n",
                         tokens, mechanisms ? mechanisms : "ALL") > 0);
    pki_write(hsm->folder, "softhsm2.conf", (View){(const uint8_t *) text, strlen(text)});
    assert_true(asprintf(&hsm->configuration, "%s/softhsm2.conf", hsm->folder) > 0);
    assert_int_equal(setenv("SOFTHSM2_CONF", hsm->configuration, 1), 0);
    return hsm;
}

void softhsm_free(SoftHsm *hsm) {
    if (!hsm)
        return;
    home_free(hsm->folder); /* any folder */
    free(hsm->configuration);
    free(hsm);
    assert_int_equal(unsetenv("SOFTHSM2_CONF"), 0);
}

void softhsm_leak(bool may) {
#ifdef HAVE_ADDRESS_SANITIZER
    may ? __lsan_disable() : __lsan_enable();
#else
    (void) may;
#endif
}

static bool is_blank(CK_FUNCTION_LIST *functions, CK_SLOT_ID slot) {
    CK_TOKEN_INFO info;

    need(functions->C_GetTokenInfo(slot, &info), "C_GetTokenInfo");
    return !(info.flags & CKF_TOKEN_INITIALIZED);
}

static CK_SLOT_ID blank_slot(CK_FUNCTION_LIST *functions) {
    CK_SLOT_ID slots[16];
    CK_ULONG count = ELEMENTSOF(slots);

    need(functions->C_GetSlotList(CK_TRUE, NULL, &count), "C_GetSlotList");
    count = ELEMENTSOF(slots);
    need(functions->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
    for (CK_ULONG i = 0; i < count; i++)
        if (is_blank(functions, slots[i]))
            return slots[i];
    fail_msg("no blank token");
    return 0;
}

SoftToken softhsm_token(const SoftHsm *hsm, const char *label) {
    SoftToken token = {.functions = p11_kit_module_load(SOFTHSM_MODULE, 0)};
    CK_BYTE padded[32];

    (void) hsm; /* its configuration is in the environment */
    if (!token.functions)
        fail_msg("%s: %s", SOFTHSM_MODULE, p11_kit_message());
    need(p11_kit_module_initialize(token.functions), "C_Initialize");
    token.slot = blank_slot(token.functions);
    memset(padded, ' ', sizeof padded);
    memcpy(padded, label, strlen(label));
    need(token.functions->C_InitToken(token.slot, cryptoki_input(SOFTHSM_SO_PIN), strlen(SOFTHSM_SO_PIN), padded),
         "C_InitToken");
    need(token.functions->C_OpenSession(token.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &token.session),
         "C_OpenSession");
    need(token.functions->C_Login(token.session, CKU_SO, cryptoki_input(SOFTHSM_SO_PIN), strlen(SOFTHSM_SO_PIN)),
         "C_Login");
    need(token.functions->C_InitPIN(token.session, cryptoki_input(SOFTHSM_PIN), strlen(SOFTHSM_PIN)), "C_InitPIN");
    need(token.functions->C_Logout(token.session), "C_Logout");
    need(token.functions->C_Login(token.session, CKU_USER, cryptoki_input(SOFTHSM_PIN), strlen(SOFTHSM_PIN)),
         "C_Login");
    return token;
}

void softtoken_done(SoftToken *token) {
    need(token->functions->C_CloseSession(token->session), "C_CloseSession");
    need(p11_kit_module_finalize(token->functions), "C_Finalize");
    p11_kit_module_release(token->functions);
    *token = (SoftToken){0};
}

/* An object as it grows. Values are copied. */
typedef struct Template {
    CK_ATTRIBUTE items[ATTRIBUTES_MAX];
    CK_ULONG count;
} Template;

static void template_done(Template *template) {
    for (CK_ULONG i = 0; i < template->count; i++)
        free(template->items[i].pValue);
}

static void add(Template *template, CK_ATTRIBUTE_TYPE type, const void *value, size_t size) {
    void *copy = malloc(size + 1);

    assert_non_null(copy);
    assert_true(template->count < ATTRIBUTES_MAX);
    if (size > 0)
        memcpy(copy, value, size);
    template->items[template->count++] = (CK_ATTRIBUTE){type, copy, size};
}

static void add_number(Template *template, CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
    add(template, type, &value, sizeof value);
}

static void add_bool(Template *template, CK_ATTRIBUTE_TYPE type, bool value) {
    add(template, type, &(CK_BBOOL){value ? CK_TRUE : CK_FALSE}, sizeof(CK_BBOOL));
}

static void add_id(Template *template, const SoftObject *object) {
    if (object->id)
        add(template, CKA_ID, object->id, strlen(object->id));
}

static void add_big(Template *template, CK_ATTRIBUTE_TYPE type, EVP_PKEY *key, const char *name) {
    BIGNUM *number = NULL;
    uint8_t octets[1024];

    assert_int_equal(EVP_PKEY_get_bn_param(key, name, &number), 1);
    assert_true(BN_num_bytes(number) <= (int) sizeof octets);
    add(template, type, octets, (size_t) BN_bn2bin(number, octets));
    BN_clear_free(number);
}

static void add_rsa(Template *template, EVP_PKEY *key) {
    add_number(template, CKA_KEY_TYPE, CKK_RSA);
    add_big(template, CKA_MODULUS, key, OSSL_PKEY_PARAM_RSA_N);
    add_big(template, CKA_PUBLIC_EXPONENT, key, OSSL_PKEY_PARAM_RSA_E);
    add_big(template, CKA_PRIVATE_EXPONENT, key, OSSL_PKEY_PARAM_RSA_D);
    add_big(template, CKA_PRIME_1, key, OSSL_PKEY_PARAM_RSA_FACTOR1);
    add_big(template, CKA_PRIME_2, key, OSSL_PKEY_PARAM_RSA_FACTOR2);
    add_big(template, CKA_EXPONENT_1, key, OSSL_PKEY_PARAM_RSA_EXPONENT1);
    add_big(template, CKA_EXPONENT_2, key, OSSL_PKEY_PARAM_RSA_EXPONENT2);
    add_big(template, CKA_COEFFICIENT, key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
}

/* CKA_EC_PARAMS: the curve's OBJECT IDENTIFIER, as it stands in the SubjectPublicKeyInfo. */
static void add_curve(Template *template, EVP_PKEY *key) {
    char name[64];
    unsigned char *der = NULL;
    ASN1_OBJECT *curve;
    int size;

    assert_int_equal(EVP_PKEY_get_group_name(key, name, sizeof name, NULL), 1);
    curve = OBJ_txt2obj(name, 0);
    size = i2d_ASN1_OBJECT(curve, &der);
    assert_true(size > 0);
    add(template, CKA_EC_PARAMS, der, (size_t) size);
    ASN1_OBJECT_free(curve);
    OPENSSL_free(der);
}

static void add_ed25519(Template *template, EVP_PKEY *key) {
    static const uint8_t name[] = {0x13, 0x0c, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'};
    uint8_t octets[32];
    size_t size = sizeof octets;

    add_number(template, CKA_KEY_TYPE, CKK_EC_EDWARDS);
    add(template, CKA_EC_PARAMS, name, sizeof name);
    assert_int_equal(EVP_PKEY_get_raw_private_key(key, octets, &size), 1);
    add(template, CKA_VALUE, octets, size);
}

static void add_private(Template *template, EVP_PKEY *key) {
    if (EVP_PKEY_is_a(key, "RSA")) {
        add_rsa(template, key);
    } else if (EVP_PKEY_is_a(key, "EC")) {
        add_number(template, CKA_KEY_TYPE, CKK_EC);
        add_curve(template, key);
        add_big(template, CKA_VALUE, key, OSSL_PKEY_PARAM_PRIV_KEY);
    } else {
        add_ed25519(template, key);
    }
}

static void create(SoftToken *token, Template *template) {
    CK_OBJECT_HANDLE handle;

    add_bool(template, CKA_TOKEN, true);
    need(token->functions->C_CreateObject(token->session, template->items, template->count, &handle), "C_CreateObject");
}

void softtoken_put_key(SoftToken *token, EVP_PKEY *key, const SoftObject *object) {
    Template CLEANUP(template_done) template = {0};

    add_number(&template, CKA_CLASS, CKO_PRIVATE_KEY);
    add_private(&template, key);
    add_bool(&template, CKA_PRIVATE, true);
    add_bool(&template, CKA_SENSITIVE, true);
    add_bool(&template, CKA_SIGN, !object->cannot_sign);
    if (object->always_authenticate)
        add_bool(&template, CKA_ALWAYS_AUTHENTICATE, true);
    if (object->only != 0)
        add(&template, CKA_ALLOWED_MECHANISMS, &object->only, sizeof object->only);
    add_id(&template, object);
    create(token, &template);
}

void softtoken_put_public_key(SoftToken *token, EVP_PKEY *key, const SoftObject *object) {
    Template CLEANUP(template_done) template = {0};
    uint8_t point[256];
    unsigned char *der = NULL;
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    size_t size = 0;
    int length;

    assert_int_equal(
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, sizeof point, &size), 1);
    assert_int_equal(ASN1_OCTET_STRING_set(octets, point, (int) size), 1);
    length = i2d_ASN1_OCTET_STRING(octets, &der);
    assert_true(length > 0);
    add_number(&template, CKA_CLASS, CKO_PUBLIC_KEY);
    add_number(&template, CKA_KEY_TYPE, CKK_EC);
    add_curve(&template, key);
    add(&template, CKA_EC_POINT, der, (size_t) length);
    add_bool(&template, CKA_PRIVATE, false);
    add_id(&template, object);
    create(token, &template);
    ASN1_OCTET_STRING_free(octets);
    OPENSSL_free(der);
}

static void add_subject(Template *template, View der) {
    const unsigned char *position = der.data;
    X509 *certificate = d2i_X509(NULL, &position, (long) der.size);
    unsigned char *subject = NULL;
    int size;

    if (!certificate) {
        add(template, CKA_SUBJECT, "", 0);
        return;
    }
    size = i2d_X509_NAME(X509_get_subject_name(certificate), &subject);
    assert_true(size > 0);
    add(template, CKA_SUBJECT, subject, (size_t) size);
    OPENSSL_free(subject);
    X509_free(certificate);
}

void softtoken_put_certificate(SoftToken *token, View der, const SoftObject *object) {
    Template CLEANUP(template_done) template = {0};

    add_number(&template, CKA_CLASS, CKO_CERTIFICATE);
    add_number(&template, CKA_CERTIFICATE_TYPE, CKC_X_509);
    add_bool(&template, CKA_PRIVATE, object->hidden);
    add_subject(&template, der);
    add(&template, CKA_VALUE, der.data, der.size);
    add_id(&template, object);
    create(token, &template);
}

void softtoken_put(SoftToken *token, const PkiIdentity *identity, const SoftObject *object) {
    softtoken_put_key(token, identity->key, object);
    softtoken_put_certificate(token, bytes_view(&identity->der), object);
}
