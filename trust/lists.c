/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading of what tells revocation: lists, with the certificates of those who sign them, and OCSP answers. Must never
 * lose a list to a faulty file (SECURITY 10, 12). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/loader.h"
#include "trust/pem.h"

/* Takes the reference, also on failure. */
static int crl_keep(TrustStore *store, Crl *crl) {
    Crl **crls = reallocarray(store->crls, store->n_crls + 1, sizeof(*crls));

    if (!crls) {
        (void) crl_unref(crl);
        return -ENOMEM;
    }
    store->crls = crls;
    crls[store->n_crls++] = crl;
    return 0;
}

static int signer_keep(TrustStore *store, Certificate *certificate, const char *file) {
    Signer *signers = reallocarray(store->signers, store->n_signers + 1, sizeof(*signers));
    char *copy;

    if (!signers)
        return -ENOMEM;
    store->signers = signers;
    copy = strdup(file);
    if (!copy)
        return -ENOMEM;
    signers[store->n_signers++] = (Signer){.certificate = certificate_ref(certificate), .file = copy};
    return 0;
}

/* file: NULL for all of them. */
static int signers_keep(TrustStore *store, const TrustStore *from, const char *file) {
    for (size_t i = 0; i < from->n_signers; i++) {
        const Signer *signer = &from->signers[i];
        int r = !file || strcmp(signer->file, file) == 0 ? signer_keep(store, signer->certificate, signer->file) : 0;

        if (r < 0)
            return r;
    }
    return 0;
}

/* SECURITY 10: what the file held before goes on being used. */
int lists_keep_previous(Loader *loader, const char *file) {
    const TrustStore *previous = loader->previous;
    bool kept = false;

    for (size_t i = 0; previous && i < previous->n_crls; i++) {
        int r;

        if (strcmp(crl_file(previous->crls[i]), file) != 0)
            continue;
        r = crl_keep(loader->store, crl_ref(previous->crls[i]));
        if (r < 0)
            return r;
        kept = true;
    }
    if (previous) {
        int r = signers_keep(loader->store, previous, file);
        if (r < 0)
            return r;
    }
    return kept
               ? loader_problem(loader, TRUST_PROBLEM_CRL, file, "the list that was loaded from it before stays in use")
               : 0;
}

/* Positive when an anchor is named as issuer and none of that name has signed it; -ENOMEM. */
static int crl_check_anchors(const TrustStore *store, Crl *crl) {
    bool named = false;

    for (size_t i = 0; i < store->n_anchors; i++) {
        X509 *anchor = certificate_x509(store->anchors[i]);
        int r;

        if (!crl_is_issued_by(crl, anchor))
            continue;
        r = crl_verify(crl, anchor);
        if (r != 0)
            return r > 0 ? 0 : r;
        named = true;
    }
    return named ? 1 : 0;
}

static int crl_report_age(Loader *loader, const Crl *crl) {
    if (crl_this_update(crl) > loader->now)
        return loader_problem(loader, TRUST_PROBLEM_CRL_FUTURE, crl_file(crl),
                              "lies in the future; is the clock right?");
    if (crl_next_update(crl) < loader->now - loader->options->max_stale)
        return loader_problem(loader, TRUST_PROBLEM_CRL_STALE, crl_file(crl), "too old; fetch a fresh one");
    return 0;
}

/* Takes one list; PARSE_... with *ret_problem set when it is faulty. */
static int crl_parse_one(Loader *loader, const char *file, View der, TrustStore *into, const char **ret_problem) {
    CLEANUP(crl_unrefp) Crl *crl = NULL;
    int r = crl_parse(der, file, &crl, ret_problem);

    if (r != 0)
        return r;
    r = crl_check_anchors(loader->store, crl);
    if (r > 0) {
        *ret_problem = "its signature is not the trust anchor's that it names as issuer";
        return PARSE_UNFIT;
    }
    return r < 0 ? r : crl_keep(into, TAKE_PTR(crl));
}

/* *ret_number: of the faulty one. */
static int crl_parse_all(Loader *loader, const char *file, const BytesList *list, TrustStore *into, size_t *ret_number,
                         const char **ret_problem) {
    for (size_t i = 0; i < list->count; i++) {
        int r = crl_parse_one(loader, file, bytes_view(&list->items[i]), into, ret_problem);

        *ret_number = i + 1;
        if (r != 0)
            return r;
    }
    return 0;
}

static int signers_parse(const char *file, const BytesList *list, TrustStore *into, const char **ret_problem) {
    for (size_t i = 0; i < list->count; i++) {
        CLEANUP(certificate_freep) Certificate *signer = NULL;
        int r = certificate_parse(bytes_view(&list->items[i]), &signer);

        if (r > 0) {
            *ret_problem = "holds what is no certificate";
            return PARSE_MALFORMED;
        }
        if (r == 0)
            r = signer_keep(into, signer, file);
        if (r != 0)
            return r;
    }
    return 0;
}

void lists_done(TrustStore *store) {
    for (size_t i = 0; i < store->n_crls; i++)
        (void) crl_unref(store->crls[i]);
    for (size_t i = 0; i < store->n_signers; i++) {
        (void) certificate_free(store->signers[i].certificate);
        free(store->signers[i].file);
    }
    free(store->crls);
    free(store->signers);
}

int lists_keep_all(Loader *loader, const TrustStore *from) {
    for (size_t i = 0; i < from->n_crls; i++) {
        int r = crl_keep(loader->store, crl_ref(from->crls[i]));

        if (r == 0)
            r = crl_report_age(loader, from->crls[i]);
        if (r < 0)
            return r;
    }
    return signers_keep(loader->store, from, NULL);
}

/* What the file is no good for; then what it held before is used. */
static int crl_faulty(Loader *loader, const char *file, bool malformed, const char *wrong) {
    int r;

    loader->malformed = malformed;
    r = loader_problem(loader, TRUST_PROBLEM_CRL, file, "%s", wrong);
    loader->malformed = false;
    return r < 0 ? r : lists_keep_previous(loader, file);
}

/* What a file of lists holds. */
typedef struct CrlFile {
    BytesList lists, signers;
} CrlFile;

static void crl_file_done(CrlFile *file) {
    bytes_list_done(&file->lists);
    bytes_list_done(&file->signers);
}

/* 0, -EBADMSG, -ENODATA, -ENOMEM. */
static int crl_read(View contents, CrlFile *ret) {
    int r = trust_read_crls(contents, &ret->lists), signers;

    if (r != 0 && r != -ENODATA)
        return r;
    signers = trust_read_signers(contents, &ret->signers);
    return signers < 0 || ret->signers.count > 0 ? signers : r;
}

static bool held_lists(const Loader *loader, const char *file) {
    for (size_t i = 0; loader->previous && i < loader->previous->n_crls; i++)
        if (strcmp(crl_file(loader->previous->crls[i]), file) == 0)
            return true;
    return false;
}

static int is_followed(const TrustStore *fresh, const Crl *former) {
    int r = 0;

    for (size_t i = 0; i < fresh->n_crls && r == 0; i++)
        r = crl_follows(fresh->crls[i], former);
    return r;
}

static int keep_former(Loader *loader, Crl *former) {
    int r = loader_problem(loader, TRUST_PROBLEM_CRL, crl_file(former),
                           "no newer list of the key that signed the former one; the former stays in use, too");

    return r < 0 ? r : crl_keep(loader->store, crl_ref(former));
}

/* SECURITY 10: who writes a file that parses need not be who may. A list that was proven stays in use until one of the
 * same key, or its end, relieves it. */
static int keep_unfollowed(Loader *loader, const char *file, const TrustStore *fresh) {
    const TrustStore *previous = loader->previous;
    bool kept = false;

    for (size_t i = 0; previous && i < previous->n_crls; i++) {
        Crl *former = previous->crls[i];
        int r;

        if (strcmp(crl_file(former), file) != 0 || !crl_was_verified(former) ||
            crl_next_update(former) < loader->now - loader->options->max_stale)
            continue;
        r = is_followed(fresh, former);
        if (r == 0)
            r = keep_former(loader, former);
        else if (r > 0)
            continue;
        if (r < 0)
            return r;
        kept = true;
    }
    return kept ? signers_keep(loader->store, previous, file) : 0;
}

static int crl_contents(Loader *loader, const char *file, const CrlFile *read) {
    TrustStore fresh = {0}; /* only its lists and signers: a file counts as a whole or not at all */
    CLEANUP(free_pointer) char *text = NULL;
    const char *wrong = NULL;
    size_t number = 0;
    int r = crl_parse_all(loader, file, &read->lists, &fresh, &number, &wrong);
    bool numbered = r != 0 && read->lists.count > 1;

    if (r == 0 && read->lists.count == 0 && held_lists(loader, file)) /* one that is cut off shows no list at all */
        return crl_faulty(loader, file, true, "holds no revocation list any more");
    if (r == 0)
        r = signers_parse(file, &read->signers, &fresh, &wrong);
    if (r == 0)
        r = keep_unfollowed(loader, file, &fresh);
    if (r == 0)
        r = lists_keep_all(loader, &fresh);
    lists_done(&fresh);
    if (r <= 0)
        return r;
    if (numbered && asprintf(&text, "list %zu: %s", number, wrong) < 0) {
        text = NULL; /* unspecified after a failure */
        return -ENOMEM;
    }
    return crl_faulty(loader, file, r == PARSE_MALFORMED, text ? text : wrong);
}

int lists_take_file(Loader *loader, const char *file, View contents) {
    CLEANUP(crl_file_done) CrlFile read = {0};
    int r = crl_read(contents, &read);

    if (r == 0)
        return crl_contents(loader, file, &read);
    if (r == -ENOMEM)
        return r;
    return crl_faulty(loader, file, true, r == -EBADMSG ? "a PEM block is damaged" : "holds no CRL");
}

/* ── OCSP answers ── */

int answers_take_file(Loader *loader, const char *file, View contents) {
    TrustStore *store = loader->store;
    Ocsp **ocsps = reallocarray(store->ocsps, store->n_ocsps + 1, sizeof(*ocsps));
    const char *wrong = NULL;
    int r;

    if (!ocsps)
        return -ENOMEM;
    store->ocsps = ocsps;
    r = ocsp_parse(contents, file, &ocsps[store->n_ocsps], &wrong);
    store->n_ocsps += r == 0;
    if (r <= 0)
        return r;
    loader->malformed = r == PARSE_MALFORMED;
    r = loader_problem(loader, TRUST_PROBLEM_OCSP, file, "%s", wrong);
    loader->malformed = false;
    return r;
}
