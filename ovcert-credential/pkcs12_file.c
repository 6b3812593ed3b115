/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens a PKCS#12 file in four steps: read the structure, count the rounds, check the MAC, decrypt (with the rounds of
 * what comes to light counted before it is decrypted in turn). Called by the PKCS#12 backend with octets that somebody
 * else may have written; must never derive a key that has not been counted. */
#include "ovcert-credential/pkcs12_file.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pkcs12.h>

#include "common/macros.h"
#include "ovcert-credential/failure.h"
#include "ovcert-credential/iterations.h"
#include "trust/openssl_fault.h"

DEFINE_CLEANUP(PKCS12 *, PKCS12_free)
DEFINE_CLEANUP(X509 *, X509_free)

typedef STACK_OF(PKCS7) SafeStack;
typedef STACK_OF(PKCS12_SAFEBAG) BagStack;

static void safe_stack_free(SafeStack *safes) {
    sk_PKCS7_pop_free(safes, PKCS7_free);
}

static void bag_stack_free(BagStack *bags) {
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

DEFINE_CLEANUP(SafeStack *, safe_stack_free)
DEFINE_CLEANUP(BagStack *, bag_stack_free)

/* What the steps share. pass is NULL or NUL-terminated text of pass_length octets, borrowed. */
typedef struct Opening {
    OSSL_LIB_CTX *libctx;
    const char *pass;
    int pass_length;
    IterationBudget budget;
    Pkcs12Contents *contents;
    char **detail;
} Opening;

void pkcs12_contents_done(Pkcs12Contents *contents) {
    sk_X509_pop_free(contents->certificates, X509_free);
    for (size_t i = 0; i < contents->n_keys; i++)
        EVP_PKEY_free(contents->keys[i]);
    *contents = (Pkcs12Contents){0};
}

static int malformed(Opening *opening, const char *what) {
    return failure_set(opening->detail, CREDENTIAL_OUTCOME_MALFORMED, "%s", what);
}

static int decode(Opening *opening, View der, PKCS12 **ret) {
    const unsigned char *position = der.data;
    PKCS12 *p12 = PKCS12_init_ex(NID_pkcs7_data, opening->libctx, NULL);

    if (!p12)
        return -ENOMEM;
    if (der.size > LONG_MAX || !d2i_PKCS12(&p12, &position, (long) der.size)) /* frees p12 when it fails */
        return malformed(opening, "not PKCS#12");
    *ret = p12;
    if (position != der.data + der.size)
        return malformed(opening, "octets after the end");
    return 0;
}

/* OpenSSL answers a wrong passphrase without an error in its queue, anything else with one. */
static bool mac_fits(PKCS12 *p12, const char *pass, int length, bool *ret_broken) {
    ERR_clear_error();
    if (PKCS12_verify_mac(p12, pass, length) > 0)
        return true;
    if (ERR_peek_error() != 0)
        *ret_broken = true;
    return false;
}

/* Programs differ in what an empty passphrase is: two zero octets or none. Whichever fits serves from here on. The
 * second try derives again, and is counted again. */
static int check_mac(Opening *opening, PKCS12 *p12) {
    bool broken = false;

    if (mac_fits(p12, opening->pass, opening->pass_length, &broken))
        return 0;
    if (opening->pass_length == 0 && !broken) {
        int r = iterations_charge_mac(&opening->budget, p12, opening->detail);
        if (r != 0)
            return r;
        opening->pass = NULL;
        if (mac_fits(p12, NULL, 0, &broken))
            return 0;
    }
    if (broken)
        return malformed(opening, "the MAC cannot be computed");
    return (int) CREDENTIAL_OUTCOME_WRONG_SECRET;
}

/* The certificate again, tied to our library context, which PKCS12_SAFEBAG_get1_cert() of OpenSSL 3.0 does not do. */
static int take_certificate(Opening *opening, const PKCS12_SAFEBAG *bag) {
    X509 *CLEANUP(X509_freep) parsed = NULL;
    X509 *CLEANUP(X509_freep) certificate = NULL;
    unsigned char *der = NULL;
    const unsigned char *position;
    int size;

    if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate)
        return 0;
    if (sk_X509_num(opening->contents->certificates) >= PKCS12_CERTIFICATES_MAX)
        return malformed(opening, "too many certificates");
    parsed = PKCS12_SAFEBAG_get1_cert(bag);
    if (!parsed)
        return malformed(opening, "a certificate that cannot be read");
    size = i2d_X509(parsed, &der);
    certificate = X509_new_ex(opening->libctx, NULL);
    position = der;
    if (size < 0 || !certificate || !d2i_X509(&certificate, &position, size) ||
        !sk_X509_push(opening->contents->certificates, certificate)) {
        OPENSSL_free(der);
        return -ENOMEM;
    }
    OPENSSL_free(der);
    certificate = NULL;
    return 0;
}

static int take_key(Opening *opening, const PKCS8_PRIV_KEY_INFO *info) {
    Pkcs12Contents *contents = opening->contents;
    EVP_PKEY *key;

    if (contents->n_keys == PKCS12_KEYS_MAX)
        return malformed(opening, "too many keys");
    key = EVP_PKCS82PKEY_ex(info, opening->libctx, NULL);
    if (key)
        contents->keys[contents->n_keys++] = key;
    else
        contents->n_unknown_keys++;
    return 0;
}

static int take_shrouded_key(Opening *opening, const PKCS12_SAFEBAG *bag) {
    PKCS8_PRIV_KEY_INFO *info = PKCS12_decrypt_skey_ex(bag, opening->pass, opening->pass_length, opening->libctx, NULL);
    int r;

    if (!info)
        return malformed(opening, "a key that the passphrase does not open");
    r = take_key(opening, info);
    PKCS8_PRIV_KEY_INFO_free(info);
    return r;
}

/* Recursion is as deep as iterations_charge_bags() has allowed. */
static int take_bags(Opening *opening, const BagStack *bags) {
    int r = 0;

    for (int i = 0; r == 0 && i < sk_PKCS12_SAFEBAG_num(bags); i++) {
        const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
        switch (PKCS12_SAFEBAG_get_nid(bag)) {
        case NID_certBag:
            r = take_certificate(opening, bag);
            break;
        case NID_keyBag:
            r = take_key(opening, PKCS12_SAFEBAG_get0_p8inf(bag));
            break;
        case NID_pkcs8ShroudedKeyBag:
            r = take_shrouded_key(opening, bag);
            break;
        case NID_safeContentsBag:
            r = take_bags(opening, PKCS12_SAFEBAG_get0_safes(bag));
            break;
        default:
            break; /* CRLs and secrets: not ours */
        }
    }
    return r;
}

/* Plain safes were counted with the outside of the file; what was encrypted is counted here, before its keys. */
static int take_safe(Opening *opening, PKCS7 *safe) {
    BagStack *CLEANUP(bag_stack_freep) bags = NULL;
    int r;

    if (PKCS7_type_is_data(safe)) {
        bags = PKCS12_unpack_p7data(safe);
        return bags ? take_bags(opening, bags) : -ENOMEM;
    }
    bags = PKCS12_unpack_p7encdata(safe, opening->pass, opening->pass_length);
    if (!bags)
        return malformed(opening, "a part that the passphrase does not open");
    r = iterations_charge_bags(&opening->budget, bags, opening->detail);
    return r != 0 ? r : take_bags(opening, bags);
}

static int open_steps(Opening *opening, View der) {
    PKCS12 *CLEANUP(PKCS12_freep) p12 = NULL;
    SafeStack *CLEANUP(safe_stack_freep) safes = NULL;
    int r = decode(opening, der, &p12);
    if (r != 0)
        return r;
    r = iterations_charge_mac(&opening->budget, p12, opening->detail);
    if (r != 0)
        return r;
    safes = PKCS12_unpack_authsafes(p12);
    if (!safes)
        return malformed(opening, "no contents");
    r = iterations_charge_safes(&opening->budget, safes, opening->detail);
    if (r == 0)
        r = check_mac(opening, p12);
    for (int i = 0; r == 0 && i < sk_PKCS7_num(safes); i++)
        r = take_safe(opening, sk_PKCS7_value(safes, i));
    return r;
}

int pkcs12_open(OSSL_LIB_CTX *libctx, View der, const Secret *passphrase, uint64_t max_iterations, Pkcs12Contents *ret,
                char **ret_detail) {
    Pkcs12Contents CLEANUP(pkcs12_contents_done) contents = {.certificates = sk_X509_new_null()};
    View pass = secret_view(passphrase);
    Opening opening = {
        .libctx = libctx,
        .pass = pass.size > 0 ? (const char *) pass.data : "",
        .pass_length = (int) pass.size,
        .budget = {.libctx = libctx, .left = max_iterations},
        .contents = &contents,
        .detail = ret_detail,
    };
    int r;

    if (!contents.certificates)
        return -ENOMEM;
    if (pass.size > 0 && memchr(pass.data, '\0', pass.size))
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_WRONG_SECRET, "a passphrase cannot hold a NUL");
    r = open_steps(&opening, der);
    iterations_done(&opening.budget);
    if (openssl_out_of_memory() && r >= 0) /* whatever it was taken for */
        r = -ENOMEM;
    if (r != 0)
        return r;
    *ret = contents;
    contents = (Pkcs12Contents){0};
    return 0;
}
