/* SPDX-License-Identifier: BSD-2-Clause */
/* See pki.h. Linked by test programs only; must never be linked into anything that is installed. */
#include "tests/trust/pki.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "common/macros.h"
#include "trust/signature.h"

static _Noreturn void fail(const char *what, const char *file, int line) {
    (void) fprintf(stderr, "%s:%d: test certificates: %s\n", file, line, what); /* nowhere else to say it */
    ERR_print_errors_fp(stderr);
    abort();
}

#define MUST(expression)                                                                                               \
    do {                                                                                                               \
        if (!(expression))                                                                                             \
            fail(#expression, __FILE__, __LINE__);                                                                     \
    } while (0)

void pki_identity_done(PkiIdentity *identity) {
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
    bytes_done(&identity->der);
    *identity = (PkiIdentity){0};
}

static EVP_PKEY *dsa_key(void) {
    EVP_PKEY_CTX *parameters_ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
    EVP_PKEY_CTX *key_ctx;
    EVP_PKEY *parameters = NULL, *key = NULL;

    MUST(parameters_ctx && EVP_PKEY_paramgen_init(parameters_ctx) > 0);
    MUST(EVP_PKEY_CTX_set_dsa_paramgen_bits(parameters_ctx, 1024) > 0);
    MUST(EVP_PKEY_paramgen(parameters_ctx, &parameters) > 0);
    key_ctx = EVP_PKEY_CTX_new_from_pkey(NULL, parameters, NULL);
    MUST(key_ctx && EVP_PKEY_keygen_init(key_ctx) > 0 && EVP_PKEY_keygen(key_ctx, &key) > 0);
    EVP_PKEY_CTX_free(key_ctx);
    EVP_PKEY_free(parameters);
    EVP_PKEY_CTX_free(parameters_ctx);
    return key;
}

EVP_PKEY *pki_key(PkiKey type) {
    EVP_PKEY *key = NULL;

    switch (type) {
    case PKI_KEY_P256:
        key = EVP_EC_gen("P-256");
        break;
    case PKI_KEY_P384:
        key = EVP_EC_gen("P-384");
        break;
    case PKI_KEY_P521:
        key = EVP_EC_gen("P-521");
        break;
    case PKI_KEY_P192:
        key = EVP_EC_gen("P-192");
        break;
    case PKI_KEY_SECP256K1:
        key = EVP_EC_gen("secp256k1");
        break;
    case PKI_KEY_RSA2048:
        key = EVP_RSA_gen(2048);
        break;
    case PKI_KEY_RSA1024:
        key = EVP_RSA_gen(1024);
        break;
    case PKI_KEY_DSA1024:
        key = dsa_key();
        break;
    case PKI_KEY_ED25519:
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        break;
    }
    MUST(key);
    return key;
}

static void name_add(X509_NAME *name, const PkiAttribute *attribute) {
    size_t size = attribute->size > 0 ? attribute->size : strlen(attribute->value);
    bool printable = strcmp(attribute->type, "serialNumber") == 0 || strcmp(attribute->type, "C") == 0;
    int type = attribute->string_type;

    if (type == 0)
        type = printable ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING;
    MUST(X509_NAME_add_entry_by_txt(name, attribute->type, type, (const unsigned char *) attribute->value, (int) size,
                                    -1, 0));
}

static void subject_fill(X509_NAME *name, const PkiOptions *options, const char *common_name) {
    if (!options->bare_subject) {
        name_add(name, &(PkiAttribute){.type = "C", .value = "ES"});
        name_add(name, &(PkiAttribute){.type = "CN", .value = common_name});
    }
    if (options->serial_number)
        name_add(name, &(PkiAttribute){.type = "serialNumber", .value = options->serial_number});
    if (options->organization_identifier)
        name_add(name, &(PkiAttribute){.type = "2.5.4.97", .value = options->organization_identifier});
    for (size_t i = 0; i < options->n_more; i++)
        name_add(name, &options->more[i]);
}

static ASN1_INTEGER *serial_make(const char *hex) {
    BIGNUM *number = NULL;
    ASN1_INTEGER *serial;

    if (hex)
        MUST(BN_hex2bn(&number, hex) > 0);
    else
        MUST((number = BN_new()) && BN_rand(number, 64, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY));
    serial = BN_to_ASN1_INTEGER(number, NULL);
    MUST(serial);
    BN_free(number);
    return serial;
}

static X509_EXTENSION *extension_make(X509V3_CTX *ctx, int nid, const char *value) {
    CONF *empty = NCONF_new(NULL); /* some extensions insist on a database, even to look nothing up */
    X509_EXTENSION *extension;

    MUST(empty);
    X509V3_set_nconf(ctx, empty);
    extension = X509V3_EXT_nconf_nid(empty, ctx, nid, value);
    MUST(extension);
    NCONF_free(empty);
    return extension;
}

static void extension_add(X509 *certificate, const PkiIdentity *issuer, int nid, const char *value) {
    X509V3_CTX ctx;
    X509_EXTENSION *extension;

    if (!value || value[0] == '\0')
        return;
    X509V3_set_ctx(&ctx, issuer ? issuer->certificate : certificate, certificate, NULL, NULL, 0);
    extension = extension_make(&ctx, nid, value);
    MUST(X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

static X509_EXTENSION *extension_raw(const PkiExtension *source) {
    ASN1_OBJECT *oid = OBJ_txt2obj(source->oid, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension;
    long size = 0;
    unsigned char *der = OPENSSL_hexstr2buf(source->der, &size);

    MUST(oid && value && der);
    MUST(ASN1_OCTET_STRING_set(value, der, (int) size));
    extension = X509_EXTENSION_create_by_OBJ(NULL, oid, source->critical ? 1 : 0, value);
    MUST(extension);
    OPENSSL_free(der);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
    return extension;
}

static void directory_add(X509 *certificate, const PkiOptions *options) {
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *general = GENERAL_NAME_new();
    X509_NAME *name = X509_NAME_new();

    MUST(names && general && name);
    for (size_t i = 0; i < options->n_directory; i++)
        name_add(name, &options->directory[i]);
    GENERAL_NAME_set0_value(general, GEN_DIRNAME, name);
    MUST(sk_GENERAL_NAME_push(names, general) > 0);
    MUST(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND));
    GENERAL_NAMES_free(names);
}

static void extensions_fill(X509 *certificate, const PkiIdentity *issuer, const PkiOptions *options, bool authority) {
    const char *constraints = authority ? "critical,CA:TRUE" : "critical,CA:FALSE";
    const char *usage = authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature";
    const char *purposes = authority ? NULL : "clientAuth,emailProtection";

    if (!options->without_key_identifiers)
        extension_add(certificate, issuer, NID_subject_key_identifier, "hash");
    if (issuer && !options->without_key_identifiers)
        extension_add(certificate, issuer, NID_authority_key_identifier, "keyid:always");
    extension_add(certificate, issuer, NID_basic_constraints,
                  options->basic_constraints ? options->basic_constraints : constraints);
    extension_add(certificate, issuer, NID_key_usage, options->key_usage ? options->key_usage : usage);
    extension_add(certificate, issuer, NID_ext_key_usage,
                  options->extended_key_usage ? options->extended_key_usage : purposes);
    extension_add(certificate, issuer, NID_certificate_policies, options->policies);
    extension_add(certificate, issuer, NID_name_constraints, options->name_constraints);
    extension_add(certificate, issuer, NID_subject_alt_name, options->alternative_name);
    if (options->n_directory > 0)
        directory_add(certificate, options);
    for (size_t i = 0; i < options->n_extensions; i++) {
        X509_EXTENSION *extension = extension_raw(&options->extensions[i]);

        MUST(X509_add_ext(certificate, extension, -1));
        X509_EXTENSION_free(extension);
    }
}

static const EVP_MD *digest_for(EVP_PKEY *key, const char *digest) {
    const EVP_MD *md;

    if (EVP_PKEY_is_a(key, "ED25519"))
        return NULL;
    md = EVP_get_digestbyname(digest ? digest : "SHA256");
    MUST(md);
    return md;
}

static void identity_finish(PkiIdentity *identity, bool break_signature) {
    unsigned char *der = NULL;
    const unsigned char *position;
    int size = i2d_X509(identity->certificate, &der);

    MUST(size > 0);
    if (break_signature) {
        der[size - 1] ^= 1;
        X509_free(identity->certificate);
        position = der;
        identity->certificate = d2i_X509(NULL, &position, size);
        MUST(identity->certificate);
    }
    MUST(bytes_copy((View){.data = der, .size = (size_t) size}, &identity->der) == 0);
    OPENSSL_free(der);
}

static void issue(const PkiIdentity *issuer, const PkiOptions *given, bool authority, const char *common_name,
                  PkiIdentity *ret) {
    const PkiOptions *options = given ? given : &(PkiOptions){0};
    X509 *certificate = X509_new();
    EVP_PKEY *key = options->key, *signer;
    ASN1_INTEGER *serial = serial_make(options->serial);
    X509_NAME *subject = X509_NAME_new();
    int64_t not_before = options->not_before ? options->not_before : PKI_NOW - 365 * PKI_DAY;
    int64_t not_after = options->not_after ? options->not_after : PKI_NOW + 365 * PKI_DAY;
    long version = options->version ? options->version : 3;

    if (key)
        MUST(EVP_PKEY_up_ref(key));
    else
        key = pki_key(options->key_type);
    signer = issuer ? issuer->key : key;
    MUST(certificate && subject);
    subject_fill(subject, options, options->common_name ? options->common_name : common_name);
    MUST(X509_set_version(certificate, version - 1) && X509_set_serialNumber(certificate, serial));
    MUST(X509_set_subject_name(certificate, subject));
    MUST(X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer->certificate) : subject));
    MUST(ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t) not_before));
    MUST(ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t) not_after));
    MUST(X509_set_pubkey(certificate, key));
    if (version == 3)
        extensions_fill(certificate, issuer, options, authority);
    MUST(X509_sign(certificate, signer, digest_for(signer, options->digest)) > 0);
    X509_NAME_free(subject);
    ASN1_INTEGER_free(serial);
    *ret = (PkiIdentity){.certificate = certificate, .key = key};
    identity_finish(ret, options->break_signature);
}

void pki_root(const PkiOptions *options, PkiIdentity *ret) {
    issue(NULL, options, true, "AC PRUEBAS RAIZ", ret);
}

void pki_intermediate(const PkiIdentity *issuer, const PkiOptions *options, PkiIdentity *ret) {
    issue(issuer, options, true, "AC PRUEBAS USUARIOS", ret);
}

void pki_leaf(const PkiIdentity *issuer, const PkiOptions *options, PkiIdentity *ret) {
    issue(issuer, options, false, "EIDAS CERTIFICADO PRUEBAS", ret);
}

void pki_self_signed(const PkiOptions *options, PkiIdentity *ret) {
    issue(NULL, options, false, "EIDAS CERTIFICADO PRUEBAS", ret);
}

static void crl_time(X509_CRL *crl, int (*set)(X509_CRL *, const ASN1_TIME *), int64_t seconds) {
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t) seconds);

    MUST(time && set(crl, time));
    ASN1_TIME_free(time);
}

static void crl_reason(X509_REVOKED *revoked, int reason) {
    ASN1_ENUMERATED *value = ASN1_ENUMERATED_new();

    MUST(value && ASN1_ENUMERATED_set(value, reason));
    MUST(X509_REVOKED_add1_ext_i2d(revoked, NID_crl_reason, value, 0, X509V3_ADD_APPEND));
    ASN1_ENUMERATED_free(value);
}

static void crl_revoke(X509_CRL *crl, const PkiIdentity *identity, int64_t when, int reason) {
    X509_REVOKED *revoked = X509_REVOKED_new();
    ASN1_INTEGER *serial = ASN1_INTEGER_dup(X509_get0_serialNumber(identity->certificate));
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t) when);

    MUST(revoked && serial && time);
    MUST(X509_REVOKED_set_serialNumber(revoked, serial) && X509_REVOKED_set_revocationDate(revoked, time));
    if (reason)
        crl_reason(revoked, reason);
    MUST(X509_CRL_add0_revoked(crl, revoked));
    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(time);
}

static void crl_extensions(X509_CRL *crl, const PkiIdentity *issuer, const PkiCrlOptions *options) {
    X509V3_CTX ctx;
    X509_EXTENSION *extension;
    ASN1_INTEGER *number = serial_make(options->number && *options->number ? options->number : NULL);

    X509V3_set_ctx(&ctx, issuer->certificate, NULL, NULL, crl, 0);
    extension = extension_make(&ctx, NID_authority_key_identifier, "keyid:always");
    MUST(X509_CRL_add_ext(crl, extension, -1));
    X509_EXTENSION_free(extension);
    if (!options->number || *options->number)
        MUST(X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, X509V3_ADD_APPEND));
    ASN1_INTEGER_free(number);
    for (size_t i = 0; i < options->n_extensions; i++) {
        extension = extension_raw(&options->extensions[i]);
        MUST(X509_CRL_add_ext(crl, extension, -1));
        X509_EXTENSION_free(extension);
    }
}

void pki_crl(const PkiIdentity *issuer, const PkiCrlOptions *given, Bytes *ret) {
    const PkiCrlOptions *options = given ? given : &(PkiCrlOptions){0};
    X509_CRL *crl = X509_CRL_new();
    EVP_PKEY *key = options->key ? options->key : issuer->key;
    int64_t this_update = options->this_update ? options->this_update : PKI_NOW - PKI_DAY;
    unsigned char *der = NULL;
    int size;

    MUST(crl && X509_CRL_set_version(crl, 1));
    MUST(X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->certificate)));
    crl_time(crl, X509_CRL_set1_lastUpdate, this_update);
    if (options->next_update >= 0)
        crl_time(crl, X509_CRL_set1_nextUpdate, options->next_update ? options->next_update : PKI_NOW + 7 * PKI_DAY);
    for (size_t i = 0; i < options->n_revoked; i++)
        crl_revoke(crl, options->revoked[i], this_update, options->reason);
    crl_extensions(crl, issuer, options);
    MUST(X509_CRL_sort(crl) && X509_CRL_sign(crl, key, digest_for(key, options->digest)) > 0);
    size = i2d_X509_CRL(crl, &der);
    MUST(size > 0);
    *ret = (Bytes){0};
    MUST(bytes_copy((View){.data = der, .size = (size_t) size}, ret) == 0);
    OPENSSL_free(der);
    X509_CRL_free(crl);
}

static ASN1_TIME *ocsp_time(int64_t seconds) {
    ASN1_TIME *time = ASN1_GENERALIZEDTIME_set(NULL, (time_t) seconds);

    MUST(time);
    return time;
}

void pki_ocsp(const PkiIdentity *subject, const PkiIdentity *issuer, const PkiOcspOptions *given, Bytes *ret) {
    const PkiOcspOptions *options = given ? given : &(PkiOcspOptions){0};
    const PkiIdentity *signer = options->signer ? options->signer : issuer;
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), subject->certificate, issuer->certificate);
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    ASN1_TIME *from = ocsp_time(options->this_update ? options->this_update : PKI_NOW - 3600);
    ASN1_TIME *until = options->next_update ? ocsp_time(options->next_update) : NULL;
    OCSP_RESPONSE *response;
    unsigned char *der = NULL;
    int size;

    MUST(id && basic && OCSP_basic_add1_status(basic, id, options->status, 0, from, from, until));
    MUST(OCSP_basic_sign(basic, signer->certificate, signer->key, digest_for(signer->key, NULL), NULL,
                         options->signer ? 0 : OCSP_NOCERTS));
    response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    MUST(response);
    size = i2d_OCSP_RESPONSE(response, &der);
    MUST(size > 0);
    *ret = (Bytes){0};
    MUST(bytes_copy((View){.data = der, .size = (size_t) size}, ret) == 0);
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
}

/* The default and the legacy provider in a context of their own: RC2 lives in the latter. */
static OSSL_LIB_CTX *legacy_context(OSSL_PROVIDER *providers[2]) {
    OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();

    MUST(ctx);
    providers[0] = OSSL_PROVIDER_load(ctx, "default");
    providers[1] = OSSL_PROVIDER_load(ctx, "legacy");
    MUST(providers[0] && providers[1]);
    return ctx;
}

/* Replaces the parameters of a password-based encryption with ones that ask for `iterations` rounds. */
static void claim(X509_ALGOR *algorithm, int nid, uint32_t iterations) {
    static unsigned char salt[16] = {1, 2, 3, 4};
    const EVP_CIPHER *cipher = nid == NID_aes_256_cbc ? EVP_aes_256_cbc() : NULL;
    X509_ALGOR *other;

    if (iterations == 0)
        return;
    other = cipher ? PKCS5_pbe2_set_iv(cipher, (int) iterations, salt, sizeof(salt), NULL, NID_hmacWithSHA256)
                   : PKCS5_pbe_set(nid, (int) iterations, salt, 8);
    MUST(other && X509_ALGOR_copy(algorithm, other));
    X509_ALGOR_free(other);
}

/* The MAC's rounds are the last INTEGER of the file; written anew with the two lengths around it. */
static void claim_mac(Bytes *file, int from, uint32_t to) {
    ASN1_INTEGER *old = ASN1_INTEGER_new(), *new = ASN1_INTEGER_new();
    unsigned char *old_der = NULL, *new_der = NULL;
    int old_size, new_size;
    size_t outer, kept, mac_data;

    MUST(old && new &&ASN1_INTEGER_set_int64(old, from) && ASN1_INTEGER_set_int64(new, to));
    old_size = i2d_ASN1_INTEGER(old, &old_der);
    new_size = i2d_ASN1_INTEGER(new, &new_der);
    MUST(old_size > 0 && new_size > 0 && file->size > 200 && file->data[1] == 0x82);
    kept = file->size - (size_t) old_size;
    MUST(memcmp(file->data + kept, old_der, (size_t) old_size) == 0);
    for (mac_data = file->size - 100;
         file->data[mac_data] != 0x30 || file->data[mac_data + 1] != file->size - mac_data - 2;)
        MUST(++mac_data < kept);
    outer = file->size - 4 + (size_t) (new_size - old_size);
    file->size = kept;
    MUST(bytes_append(file, (View){.data = new_der, .size = (size_t) new_size}) == 0);
    file->data[mac_data + 1] = (uint8_t) (file->data[mac_data + 1] + new_size - old_size);
    file->data[2] = (uint8_t) (outer >> 8);
    file->data[3] = (uint8_t) outer;
    OPENSSL_free(old_der);
    OPENSSL_free(new_der);
    ASN1_INTEGER_free(old);
    ASN1_INTEGER_free(new);
}

typedef struct Pkcs12Maker {
    const PkiPkcs12Options *options;
    OSSL_LIB_CTX *ctx;
    int certificate_nid;
    int key_nid;
    int iterations;
    STACK_OF(PKCS7) * safes;
} Pkcs12Maker;

static void pkcs12_add_certificates(Pkcs12Maker *maker, const PkiIdentity *identity, const PkiIdentity *const *chain,
                                    size_t n_chain) {
    const PkiPkcs12Options *options = maker->options;
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
    PKCS12_SAFEBAG *bag = PKCS12_add_cert(&bags, identity->certificate);
    unsigned char id[EVP_MAX_MD_SIZE];
    unsigned id_size = 0;
    PKCS7 *safe;

    MUST(bag && X509_digest(identity->certificate, EVP_sha1(), id, &id_size));
    MUST(PKCS12_add_localkeyid(bag, id, (int) id_size));
    if (options->friendly_name)
        MUST(PKCS12_add_friendlyname_utf8(bag, options->friendly_name, -1));
    for (size_t i = 0; i < n_chain; i++)
        MUST(PKCS12_add_cert(&bags, chain[i]->certificate));
    MUST(PKCS12_add_safe_ex(&maker->safes, bags, maker->certificate_nid, maker->iterations,
                            options->passphrase ? options->passphrase : "", maker->ctx, NULL));
    safe = sk_PKCS7_value(maker->safes, sk_PKCS7_num(maker->safes) - 1);
    claim(safe->d.encrypted->enc_data->algorithm, maker->certificate_nid, options->claim_certificate_iterations);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

static X509_SIG *key_encrypt(Pkcs12Maker *maker, PKCS8_PRIV_KEY_INFO *info) {
    const char *passphrase = maker->options->passphrase ? maker->options->passphrase : "";
    bool pbes2 = maker->key_nid == NID_aes_256_cbc;
    const EVP_CIPHER *cipher = pbes2 ? EVP_aes_256_cbc() : NULL;
    X509_SIG *encrypted = PKCS8_encrypt_ex(pbes2 ? -1 : maker->key_nid, cipher, passphrase, (int) strlen(passphrase),
                                           NULL, 0, maker->iterations, info, maker->ctx, NULL);
    X509_ALGOR *algorithm = NULL;

    MUST(encrypted);
    X509_SIG_getm(encrypted, &algorithm, NULL);
    claim(algorithm, maker->key_nid, maker->options->claim_key_iterations);
    return encrypted;
}

static void pkcs12_add_key(Pkcs12Maker *maker, const PkiIdentity *identity) {
    STACK_OF(PKCS12_SAFEBAG) *bags = sk_PKCS12_SAFEBAG_new_null();
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(identity->key);
    PKCS12_SAFEBAG *bag;
    unsigned char id[EVP_MAX_MD_SIZE];
    unsigned id_size = 0;

    MUST(bags && info && X509_digest(identity->certificate, EVP_sha1(), id, &id_size));
    bag = PKCS12_SAFEBAG_create0_pkcs8(key_encrypt(maker, info));
    MUST(bag && PKCS12_add_localkeyid(bag, id, (int) id_size));
    MUST(sk_PKCS12_SAFEBAG_push(bags, bag) > 0);
    MUST(PKCS12_add_safe_ex(&maker->safes, bags, -1, 0, NULL, maker->ctx, NULL));
    PKCS8_PRIV_KEY_INFO_free(info);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

static void pkcs12_finish(Pkcs12Maker *maker, Bytes *ret) {
    const PkiPkcs12Options *options = maker->options;
    PKCS12 *file = PKCS12_add_safes_ex(maker->safes, 0, maker->ctx, NULL);
    unsigned char *der = NULL;
    int size;

    MUST(file && PKCS12_set_mac(file, options->passphrase ? options->passphrase : "", -1, NULL, 0, maker->iterations,
                                options->pbe == PKI_PBE_AES256 ? EVP_sha256() : EVP_sha1()));
    size = i2d_PKCS12(file, &der);
    MUST(size > 0);
    *ret = (Bytes){0};
    MUST(bytes_copy((View){.data = der, .size = (size_t) size}, ret) == 0);
    if (options->claim_mac_iterations > 0)
        claim_mac(ret, maker->iterations, options->claim_mac_iterations);
    OPENSSL_free(der);
    PKCS12_free(file);
}

void pki_pkcs12(const PkiIdentity *identity, const PkiIdentity *const *chain, size_t n_chain,
                const PkiPkcs12Options *given, Bytes *ret) {
    const PkiPkcs12Options *options = given ? given : &(PkiPkcs12Options){0};
    OSSL_PROVIDER *providers[2];
    Pkcs12Maker maker = {
        .options = options,
        .ctx = legacy_context(providers),
        .certificate_nid = NID_aes_256_cbc,
        .key_nid = NID_aes_256_cbc,
        .iterations = options->iterations > 0 ? options->iterations : 2048,
    };

    if (options->pbe != PKI_PBE_AES256)
        maker.certificate_nid = maker.key_nid = NID_pbe_WithSHA1And3_Key_TripleDES_CBC;
    if (options->pbe == PKI_PBE_RC2_3DES)
        maker.certificate_nid = NID_pbe_WithSHA1And40BitRC2_CBC;
    pkcs12_add_certificates(&maker, identity, chain, n_chain);
    if (!options->without_key)
        pkcs12_add_key(&maker, identity);
    pkcs12_finish(&maker, ret);
    sk_PKCS7_pop_free(maker.safes, PKCS7_free);
    (void) OSSL_PROVIDER_unload(providers[0]); /* the context goes anyway */
    (void) OSSL_PROVIDER_unload(providers[1]);
    OSSL_LIB_CTX_free(maker.ctx);
}

static const char *signature_digest(const char *algorithm) {
    if (strcmp(algorithm, SIGNATURE_ED25519) == 0)
        return NULL;
    if (strcmp(algorithm, SIGNATURE_ECDSA_SHA384) == 0)
        return "SHA384";
    return strcmp(algorithm, SIGNATURE_ECDSA_SHA512) == 0 ? "SHA512" : "SHA256";
}

void pki_sign(EVP_PKEY *key, const char *algorithm, View data, Bytes *ret) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx = NULL;
    uint8_t *signature;
    size_t size = 0;

    MUST(ctx && EVP_DigestSignInit_ex(ctx, &key_ctx, signature_digest(algorithm), NULL, NULL, key, NULL) > 0);
    if (strcmp(algorithm, SIGNATURE_RSA_PSS_SHA256) == 0) {
        MUST(EVP_PKEY_CTX_set_rsa_padding(key_ctx, RSA_PKCS1_PSS_PADDING) > 0);
        MUST(EVP_PKEY_CTX_set_rsa_pss_saltlen(key_ctx, RSA_PSS_SALTLEN_DIGEST) > 0);
    }
    MUST(EVP_DigestSign(ctx, NULL, &size, data.data, data.size) > 0);
    signature = malloc(size);
    MUST(signature && EVP_DigestSign(ctx, signature, &size, data.data, data.size) > 0);
    *ret = (Bytes){0};
    MUST(bytes_copy((View){.data = signature, .size = size}, ret) == 0);
    free(signature);
    EVP_MD_CTX_free(ctx);
}

void pki_pem(const char *type, View der, Bytes *ret) {
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long size;

    MUST(bio && PEM_write_bio(bio, type, "", der.data, (long) der.size) > 0);
    size = BIO_get_mem_data(bio, &text);
    MUST(size > 0 && bytes_append(ret, (View){.data = (const uint8_t *) text, .size = (size_t) size}) == 0);
    BIO_free(bio);
}

static char *path_join(const char *folder, const char *name) {
    char *path = NULL;

    MUST(asprintf(&path, "%s/%s", folder, name) > 0);
    return path;
}

void pki_write(const char *folder, const char *name, View contents) {
    char *path = path_join(folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t written = 0;

    MUST(fd >= 0);
    while (written < contents.size) {
        ssize_t n = write(fd, contents.data + written, contents.size - written);

        MUST(n > 0);
        written += (size_t) n;
    }
    MUST(close(fd) == 0);
    free(path);
}

void pki_remove(const char *folder, const char *name) {
    char *path = path_join(folder, name);

    MUST(unlink(path) == 0 || errno == ENOENT);
    free(path);
}

char *pki_folder(void) {
    const char *base = getenv("TMPDIR");
    char *path = path_join(base && base[0] ? base : "/tmp", "ovcert-test-XXXXXX");

    MUST(mkdtemp(path));
    return path;
}

void pki_folder_free(char *path) {
    DIR *folder;
    struct dirent *entry;

    if (!path)
        return;
    folder = opendir(path);
    MUST(folder);
    while ((entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void) unlinkat(dirfd(folder), entry->d_name, 0); /* what stays makes rmdir() complain */
    }
    (void) closedir(folder); /* read only */
    MUST(rmdir(path) == 0);
    free(path);
}
