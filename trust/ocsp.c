/* SPDX-License-Identifier: BSD-2-Clause */
/* One OCSP response (RFC 6960). Parsed when the store is made, asked during judgements; must never count unless the
 * certificate's issuer has signed it, or a responder that this very issuer has made one (4.2.2.2). */
#include <errno.h>
#include <stdlib.h>

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "trust/internal.h"

#define OCSP_DAY INT64_C(86400)

struct Ocsp {
    OCSP_BASICRESP *response;
    char *file;
};

Ocsp *ocsp_free(Ocsp *ocsp) {
    if (!ocsp)
        return NULL;
    OCSP_BASICRESP_free(ocsp->response);
    free(ocsp->file);
    free(ocsp);
    return NULL;
}

static const char *response_problem(OCSP_BASICRESP *response) {
    if (digest_problem(OCSP_resp_get0_tbs_sigalg(response)))
        return "signed with a broken or unknown algorithm";
    if (OCSP_BASICRESP_get_ext_by_critical(response, 1, -1) >= 0)
        return "it has a critical extension";
    return NULL;
}

/* NULL when it is none. */
static OCSP_RESPONSE *decode(View der) {
    const unsigned char *position = der.data;
    OCSP_RESPONSE *whole = d2i_OCSP_RESPONSE(NULL, &position, (long) der.size);

    if (whole && position == der.data + der.size)
        return whole;
    OCSP_RESPONSE_free(whole);
    return NULL;
}

static const char *read_response(Ocsp *ocsp, OCSP_RESPONSE *whole) {
    const char *problem = NULL;

    if (OCSP_response_status(whole) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        problem = "the responder did not answer";
    else if (!(ocsp->response = OCSP_response_get1_basic(whole)))
        problem = "not a basic OCSP response";
    return problem ? problem : response_problem(ocsp->response);
}

const char *ocsp_file(const Ocsp *ocsp) {
    return ocsp->file;
}

int ocsp_parse(View der, const char *file, Ocsp **ret, const char **ret_problem) {
    CLEANUP(ocsp_freep) Ocsp *ocsp = calloc(1, sizeof(*ocsp));
    OCSP_RESPONSE *whole;
    bool decoded;

    if (!ocsp || !(ocsp->file = strdup(file)))
        return -ENOMEM;
    whole = decode(der);
    decoded = whole != NULL;
    *ret_problem = decoded ? read_response(ocsp, whole) : "not an OCSP response";
    OCSP_RESPONSE_free(whole);
    if (openssl_out_of_memory())
        return -ENOMEM;
    if (*ret_problem)
        return decoded ? PARSE_UNFIT : PARSE_MALFORMED;
    *ret = TAKE_PTR(ocsp);
    return 0;
}

/* ── who has signed it ── */

static bool is_current(X509 *x509, int64_t now) {
    int64_t begin, end;

    return time_from_asn1(X509_get0_notBefore(x509), &begin) && time_from_asn1(X509_get0_notAfter(x509), &end) &&
           begin <= now && now <= end;
}

static bool is_for_answers(X509 *responder) {
    return (X509_get_extension_flags(responder) & (EXFLAG_INVALID | EXFLAG_CRITICAL)) == 0 &&
           X509_get_ext_by_NID(responder, NID_ext_key_usage, -1) >= 0 &&
           (X509_get_extended_key_usage(responder) & XKU_OCSP_SIGN) != 0 &&
           (X509_get_key_usage(responder) & KU_DIGITAL_SIGNATURE) != 0; /* all of them without the extension */
}

/* Made a responder by the issuer itself, with a signature that is accepted anywhere in a chain. */
static bool is_delegated(X509 *responder, X509 *issuer, int64_t now) {
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    const X509_ALGOR *algorithm = NULL;

    X509_get0_signature(NULL, &algorithm, responder);
    return is_for_answers(responder) && is_current(responder, now) &&
           X509_check_issued(issuer, responder) == X509_V_OK && !key_problem(X509_get0_pubkey(responder)) &&
           !digest_problem(algorithm) && key && X509_verify(responder, key) == 1;
}

/* The issuer's own signature: nobody else's certificate is looked at. */
static bool is_signed_by(OCSP_BASICRESP *response, X509 *issuer) {
    STACK_OF(X509) *alone = sk_X509_new_null();
    bool holds = alone && sk_X509_push(alone, issuer) > 0 &&
                 OCSP_basic_verify(response, alone, NULL, OCSP_NOINTERN | OCSP_NOVERIFY) == 1;

    sk_X509_free(alone);
    return holds;
}

/* A responder of the issuer's, among the certificates that came with the answer. */
static X509 *delegated_signer(OCSP_BASICRESP *response, X509 *issuer, int64_t now) {
    X509 *signer = NULL;

    if (!OCSP_resp_get0_signer(response, &signer, NULL) || !is_delegated(signer, issuer, now) ||
        OCSP_basic_verify(response, NULL, NULL, OCSP_NOVERIFY) != 1) /* it finds the same one */
        return NULL;
    return signer;
}

static bool is_proven(OCSP_BASICRESP *response, X509 *issuer, int64_t now, X509 **ret_responder) {
    if (is_signed_by(response, issuer))
        return true;
    *ret_responder = delegated_signer(response, issuer, now);
    if (!*ret_responder)
        return false;
    if (X509_get_ext_by_NID(*ret_responder, NID_id_pkix_OCSP_noCheck, -1) >= 0)
        *ret_responder = NULL; /* the issuer vouches for it as long as it lives */
    return true;
}

/* ── what it says ── */

/* The responder chose how to hash the issuer's name and key; this names a certificate and proves nothing. */
static OCSP_SINGLERESP *find(OCSP_BASICRESP *response, X509 *certificate, X509 *issuer) {
    const EVP_MD *digests[] = {EVP_sha1(), EVP_sha256(), EVP_sha384(), EVP_sha512()};

    for (size_t i = 0; i < ELEMENTSOF(digests); i++) {
        OCSP_CERTID *id = OCSP_cert_to_id(digests[i], certificate, issuer);
        int at = id ? OCSP_resp_find(response, id, -1) : -1;

        OCSP_CERTID_free(id);
        if (at >= 0)
            return OCSP_resp_get0(response, at);
    }
    return NULL;
}

static bool read_times(OcspAnswer *answer, const ASN1_GENERALIZEDTIME *this_update, const ASN1_GENERALIZEDTIME *next) {
    answer->bounded = next != NULL;
    if (!time_from_asn1(this_update, &answer->this_update))
        return false;
    answer->next_update = answer->this_update + OCSP_DAY;
    return !next || time_from_asn1(next, &answer->next_update);
}

static void read_single(OCSP_SINGLERESP *single, OcspAnswer *answer) {
    ASN1_GENERALIZEDTIME *since = NULL, *this_update = NULL, *next = NULL;
    int reason, status = OCSP_single_get0_status(single, &reason, &since, &this_update, &next);

    if (!read_times(answer, this_update, next))
        return;
    if (status == V_OCSP_CERTSTATUS_REVOKED)
        answer->status = OCSP_REVOKED;
    else if (status == V_OCSP_CERTSTATUS_GOOD && OCSP_SINGLERESP_get_ext_by_critical(single, 1, -1) < 0)
        answer->status = OCSP_GOOD;
    else
        answer->status = OCSP_UNKNOWN;
    if (!since || !time_from_asn1(since, &answer->since))
        answer->since = 0;
}

int ocsp_ask(const Ocsp *ocsp, X509 *certificate, X509 *issuer, int64_t now, OcspAnswer *ret) {
    OCSP_SINGLERESP *single = find(ocsp->response, certificate, issuer);

    *ret = (OcspAnswer){0};
    if (single && is_proven(ocsp->response, issuer, now, &ret->responder))
        read_single(single, ret);
    else
        ret->forged = single != NULL;
    return openssl_out_of_memory() ? -ENOMEM : 0;
}
