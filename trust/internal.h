/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of trust/ share and nobody else includes: OpenSSL objects behind the opaque types, names, keys, files.
 */
#pragma once

#include <openssl/x509.h>

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
/* Every value is printable text (SECURITY 16). */
bool name_is_printable(const X509_NAME *name);
/* Subject and subjectAltName of the certificate hold printable text only. */
bool certificate_names_are_printable(X509 *certificate);
/* 0 with the text, or -ENOMEM: what organisation and person the names tell, see holder.h; "" when none or
 * contradictory. */
int name_holder(X509 *certificate, char **ret);

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
/* What one CRL says of one certificate. */
typedef struct CrlAnswer {
    bool verified; /* signed by the issuer's key; nothing else counts when false */
    bool revoked;
    bool covers; /* the certificate is in the CRL's scope, so that not being listed means something */
} CrlAnswer;
/* 0; 1 with a reason in static words when it is no CRL that can be used; -ENOMEM. */
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
bool crl_was_verified(const Crl *crl);
/* 0 or -ENOMEM. */
int crl_ask(Crl *crl, X509 *certificate, X509 *issuer, CrlAnswer *ret);

/* ── the store's insides (store.c), for judge.c ── */
typedef struct TrustStore TrustStore;
STACK_OF(X509) * trust_store_stack(const TrustStore *store); /* borrowed, never changed */
bool trust_store_holds_anchor(const TrustStore *store, X509 *certificate);
/* The anchor of exactly these octets, borrowed, or NULL. */
Certificate *trust_store_find_anchor(const TrustStore *store, View der);
Crl *trust_store_crl(const TrustStore *store, size_t index); /* borrowed */
bool trust_store_is_soft(const TrustStore *store);
int64_t trust_store_max_stale(const TrustStore *store);
