/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of trust/ share and nobody else includes: OpenSSL objects behind the opaque types, names, keys, files.
 */
#pragma once

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "common/bytes.h"
#include "trust/certificate.h"
#include "trust/openssl_fault.h"

/* Borrowed, and read only by convention: OpenSSL's getters want it without const. Its extension caches are filled. */
X509 *certificate_x509(const Certificate *certificate);

/* ── names (name.c) ── */
/* RFC 4514 order and escapes over text_escape(). Caller frees; NULL when out of memory. */
char *name_text(const X509_NAME *name);
/* One attribute's value in UTF-8; what is no text comes out as it is. 0 or -ENOMEM. */
int name_entry_utf8(const X509_NAME_ENTRY *entry, Bytes *ret);
/* The text of an alternative name other than a directoryName: of an otherName only one of this type (dotted; NULL: of
 * none), addresses and OIDs as people write them. 0, 1 when there is none, -ENOMEM. */
int name_general_text(const GENERAL_NAME *name, const char *other, Bytes *ret);
#define NAME_PKINIT_OID "1.3.6.1.5.2.2"
/* Of such an otherName: "name/part@REALM" (principal.c). 0, 1 when it is no such thing or could be taken for another,
 * -ENOMEM. */
int principal_text(const ASN1_TYPE *value, Bytes *ret);
/* Every value is printable text (SECURITY 16). */
bool name_is_printable(const X509_NAME *name);
/* Subject and subjectAltName of the certificate hold printable text only. */
bool certificate_names_are_printable(X509 *certificate);
/* 0 with the text, or -ENOMEM: what organisation and person the names tell, see holder.h; "" when none or
 * contradictory. */
int name_holder(X509 *certificate, char **ret);

/* ── words for usages (usage.c), those of match rules ── */
/* All key usages in order; NULL at the end. */
const char *usage_word(size_t index, uint32_t *ret_bit);
uint32_t usage_bit(View word);                   /* 0 for no key usage */
const char *usage_purpose_oid(View word);        /* dotted; NULL for no extended key usage */
const char *usage_purpose_word(const char *oid); /* NULL: none, it is shown as the OID */

/* ── keys and digests (key.c) ── */
/* NULL when the key is one that is accepted anywhere in a chain, else what is wrong with it, in static words. */
const char *key_problem(EVP_PKEY *key);
/* The curve's NID of an EC key, NID_undef for another. */
int key_curve(EVP_PKEY *key);
/* NULL when the algorithm's digest is accepted, else its name or what is wrong with it, in static words. */
const char *digest_problem(const X509_ALGOR *algorithm);

/* ── holders (holder.c) ── */
/* Collects what a certificate says. Zero-initialise; holder_claims_done(). */
typedef struct HolderClaims {
    char *person, *organisation; /* normalised */
    bool contradictory;          /* two different persons or organisations, or one that cannot be read */
} HolderClaims;
void holder_claims_done(HolderClaims *claims);
/* A value that may be a person's id, an organisation's, or something else (a subject serialNumber). 0 or -ENOMEM. */
int holder_claim_any(HolderClaims *claims, View value);
/* A value that must be a person's id, or else makes the claims contradictory. 0 or -ENOMEM. */
int holder_claim_person(HolderClaims *claims, View value);
int holder_claim_organisation(HolderClaims *claims, View value);
/* "" when no person is named or the claims contradict each other. 0 or -ENOMEM. */
int holder_claims_finish(const HolderClaims *claims, char **ret);

/* ── times ── */
/* Seconds since the epoch; false when it is no valid time. */
bool time_from_asn1(const ASN1_TIME *time, int64_t *ret);

/* ── PEM and DER (pem.c) ── */
/* DER of every PEM block of one of the types (NULL-terminated), or the whole file when it is DER. Other blocks are
 * skipped. 0 (perhaps nothing found), -EBADMSG for a damaged block, -ENOMEM. */
int pem_read(View file, const char *const *types, BytesList *ret);

/* ── CRLs (crl.c) ── */
typedef struct Crl Crl;
#define CRL_REASONS_ALL UINT32_C(0x1fe) /* bit n for reason n of ReasonFlags (RFC 5280 4.2.1.13), 1 to 8 */
/* What one CRL says of one certificate. It counts only once its signature is proven. */
typedef struct CrlAnswer {
    bool revoked;
    bool held;           /* revoked, but perhaps not for ever (certificateHold) */
    bool removed;        /* a delta: taken off the list that it updates */
    bool in_scope;       /* it would name the certificate, for some reason at least */
    uint32_t covers;     /* the reasons for which not being listed means something */
    const char *partial; /* why not being listed means nothing, in static words; NULL */
    int64_t since;       /* when it was revoked, as far as the list says */
} CrlAnswer;
/* What crl_parse() and ocsp_parse() find, each with a reason in static words. */
#define PARSE_UNFIT 1     /* it cannot be used */
#define PARSE_MALFORMED 2 /* it is none */

/* 0, PARSE_... or -ENOMEM. */
int crl_parse(View der, const char *file, Crl **ret, const char **ret_problem);
Crl *crl_ref(Crl *crl);
Crl *crl_unref(Crl *crl); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(Crl *, crl_unref)
const char *crl_file(const Crl *crl);
int64_t crl_this_update(const Crl *crl);
int64_t crl_next_update(const Crl *crl);
bool crl_is_issued_by(const Crl *crl, X509 *issuer);  /* by name alone */
bool crl_has_same_issuer(const Crl *a, const Crl *b); /* likewise */
/* 1 when the signature is the issuer's, remembered once found; 0 when not; -ENOMEM. */
int crl_verify(Crl *crl, X509 *issuer);
/* The same of one who is not proven to be an issuer yet, and is therefore not remembered: the list bears its name, does
 * not name another key, and its key signed it. */
int crl_is_signed_by(const Crl *crl, X509 *issuer);
bool crl_was_verified(const Crl *crl);
/* 1 when it says what the other said, which was verified, or something newer: of the same key and scope, and complete
 * if the other was; 0; -ENOMEM. */
int crl_follows(Crl *crl, const Crl *former);
/* The list is about certificates of this issuer: its own, or one of a third party that the certificate names. */
bool crl_concerns(const Crl *crl, X509 *certificate, X509 *issuer);
void crl_ask(const Crl *crl, X509 *certificate, X509 *issuer, CrlAnswer *ret);
bool crl_is_delta(const Crl *crl);
bool crl_updates(const Crl *delta, const Crl *list); /* RFC 5280 5.2.4 */

/* ── OCSP answers (ocsp.c) ── */
typedef struct Ocsp Ocsp;
typedef enum OcspStatus {
    OCSP_SILENT, /* not about this certificate, or nobody who may say so has signed it */
    OCSP_GOOD,
    OCSP_REVOKED,
    OCSP_UNKNOWN,
} OcspStatus;
/* What one response says of one certificate. */
typedef struct OcspAnswer {
    OcspStatus status;
    bool forged;     /* about it, but signed by nobody who may say so; the status is OCSP_SILENT then */
    X509 *responder; /* whose own status matters, too; borrowed, NULL: the issuer itself, or one that is exempt */
    int64_t this_update, next_update;
    bool bounded;  /* it names a nextUpdate itself; else it is good for a day and no longer */
    int64_t since; /* when it was revoked */
} OcspAnswer;
/* 0, PARSE_... or -ENOMEM. */
int ocsp_parse(View der, const char *file, Ocsp **ret, const char **ret_problem);
const char *ocsp_file(const Ocsp *ocsp);
Ocsp *ocsp_free(Ocsp *ocsp); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(Ocsp *, ocsp_free)
/* Verifies, too. 0 or -ENOMEM. */
int ocsp_ask(const Ocsp *ocsp, X509 *certificate, X509 *issuer, int64_t now, OcspAnswer *ret);

/* ── the store's insides (store.c), for judge.c ── */
typedef struct TrustStore TrustStore;
STACK_OF(X509) * trust_store_stack(const TrustStore *store);            /* borrowed, never changed */
Certificate *trust_store_anchor(const TrustStore *store, size_t index); /* borrowed */
size_t trust_store_ocsps(const TrustStore *store);
const Ocsp *trust_store_ocsp(const TrustStore *store, size_t index); /* borrowed */
bool trust_store_holds_anchor(const TrustStore *store, X509 *certificate);
/* The anchor of exactly these octets, borrowed, or NULL. */
Certificate *trust_store_find_anchor(const TrustStore *store, View der);
/* Where lists were loaded from; NULL when the caller has read them. */
const char *trust_store_crls_dir(const TrustStore *store);
Crl *trust_store_crl(const TrustStore *store, size_t index); /* borrowed */
/* Certificates that came with the lists. They may have signed one, and MUST be taken for nothing else. */
size_t trust_store_signers(const TrustStore *store);
Certificate *trust_store_signer(const TrustStore *store, size_t index); /* borrowed */
bool trust_store_is_soft(const TrustStore *store);
int64_t trust_store_max_stale(const TrustStore *store);
