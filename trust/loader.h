/* SPDX-License-Identifier: BSD-2-Clause */
/* The loading of a trust store, for the files that do it: store.c begins with anchors, lists.c takes what tells
 * revocation, folder.c reads folders. Nobody else includes this. */
#pragma once

#include <stdatomic.h>

#include "trust/internal.h"
#include "trust/trust.h"

/* A certificate in a file of lists. */
typedef struct Signer {
    Certificate *certificate;
    char *file;
} Signer;

struct TrustStore {
    atomic_uint references;
    Certificate **anchors;
    size_t n_anchors;
    STACK_OF(X509) * stack; /* of the anchors */
    Crl **crls;
    size_t n_crls;
    char *crls_dir; /* NULL: from files that the caller has read */
    Signer *signers;
    size_t n_signers;
    Ocsp **ocsps;
    size_t n_ocsps;
    bool soft;
    int64_t max_stale;
    int64_t clock_floor;
    Kinds *kinds;
};

/* What a load works with. */
typedef struct Loader {
    const TrustOptions *options;
    const TrustStore *previous;
    int64_t now;
    TrustStore *store;
    TrustProblems *problems; /* may be NULL */
    TrustProblemKind kind;   /* of a file that cannot be read */
    bool malformed;          /* what is being said of a file */
} Loader;

/* Called with a file's contents, and with one that cannot be read. 0, or a negative error that ends the load. */
typedef int (*FileFunction)(Loader *loader, const char *file, View contents);
typedef int (*FaultFunction)(Loader *loader, const char *file);

/* Adds one to loader->problems. 0 or -ENOMEM. */
__attribute__((format(printf, 4, 5))) int loader_problem(Loader *loader, TrustProblemKind kind, const char *file,
                                                         const char *format, ...);
/* The folder's visible regular files of max octets at most, in the order of their names' octets. 0, -errno when the
 * folder cannot be read, or what the functions returned. */
int loader_read_folder(Loader *loader, const char *path, size_t max, FileFunction take, FaultFunction fault);

/* ── lists.c ── */
int lists_take_file(Loader *loader, const char *file, View contents);   /* a FileFunction */
int lists_keep_previous(Loader *loader, const char *file);              /* a FaultFunction */
int lists_keep_all(Loader *loader, const TrustStore *from);             /* 0 or -ENOMEM */
void lists_done(TrustStore *store);                                     /* of the store's lists and signers */
int answers_take_file(Loader *loader, const char *file, View contents); /* a FileFunction, for an OCSP response */
