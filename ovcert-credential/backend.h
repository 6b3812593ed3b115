/* SPDX-License-Identifier: BSD-2-Clause */
/* Backend: one way of keeping a private key (a PKCS#12 file; a PKCS#11 token), as the session sees it. A backend lists
 * its sources without a secret, opens one with a secret, and signs with a key of the one that is open.
 *
 * Functions return 0, a CredentialOutcome with what was found in *ret_detail (see failure.h), or -errno. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/secret.h"
#include "trust/certificate.h"

/* A certificate; of an opened source, one whose private key the backend can use. */
typedef struct Identity {
    Certificate *certificate;
    BytesList chain; /* DER of other certificates: the issuers in order, then what else came along; without the leaf */
} Identity;

/* Zero-initialise; identity_list_done(). */
typedef struct IdentityList {
    Identity *items;
    size_t count;
} IdentityList;

void identity_list_done(IdentityList *list);
/* The one of this fingerprint; NULL when there is none. */
const Identity *identity_list_find(const IdentityList *list, View fingerprint);

/* A place that may hold certificates with keys. Zero-initialise; source_done(). */
typedef struct Source {
    char *id;                  /* what UNLOCK names it by */
    char *label;               /* for people, escaped */
    uint8_t flags;             /* CredentialSourceFlag */
    int problem;               /* CredentialOutcome: why it cannot be used; 0: it can */
    char *detail;              /* of the problem; NULL: none */
    IdentityList certificates; /* that show without a secret; nobody knows whether they have keys */
} Source;

/* Zero-initialise; source_list_done(). */
typedef struct SourceList {
    Source *items;
    size_t count;
} SourceList;

void source_list_done(SourceList *list);
/* Moves what *source owns into the list, and empties it; -ENOMEM leaves both as they were. */
int source_list_append(SourceList *list, Source *source);
void source_done(Source *source);

/* How to open a source. Everything is borrowed. */
typedef struct Unlock {
    const char *id;
    const Secret *secret;
    View wanted;    /* fingerprint of the certificate that has to be there; empty: any */
    bool final_try; /* a token's last try may be used up */
} Unlock;

typedef struct Backend Backend;

struct Backend {
    const char *kind; /* CREDENTIAL_KIND_... */
    int (*list)(Backend *backend, SourceList *ret, char **ret_detail);
    /* Whether sources may have come or gone since it was asked or listed last; never waits. NULL where nothing is put
     * in and taken out. */
    int (*changed)(Backend *backend, bool *ret);
    /* Opens a source in place of the one that was open. The list is the backend's, until the next unlock. */
    int (*unlock)(Backend *backend, const Unlock *unlock, const IdentityList **ret, char **ret_detail);
    /* Signs with the key of the open source's certificate of this fingerprint; the algorithm (trust/signature.h)
     * follows from the key and from what the backend can do. Called with an encoded statement only. */
    int (*sign)(Backend *backend, View fingerprint, View statement, const char **ret_algorithm, Bytes *ret_signature,
                char **ret_detail);
    void (*free)(Backend *backend);
};

Backend *backend_free(Backend *backend); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(Backend *, backend_free)
