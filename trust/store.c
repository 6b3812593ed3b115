/* SPDX-License-Identifier: BSD-2-Clause */
/* The trust store: anchors and what tells revocation, loaded into something immutable. Called at start and on reload,
 * from a worker; must never read the system's CA set (SECURITY 10). */
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "common/text.h"
#include "trust/loader.h"
#include "trust/pem.h"

#define STORE_ANCHOR_FILE_MAX (1024u * 1024u)
#define STORE_CRL_FILE_MAX (32u * 1024u * 1024u) /* SECURITY 14 */

void trust_problems_done(TrustProblems *problems) {
    for (size_t i = 0; i < problems->count; i++)
        free(problems->items[i].line);
    free(problems->items);
    *problems = (TrustProblems){0};
}

int trust_problems_add(TrustProblems *problems, TrustProblem problem) {
    TrustProblem *items = reallocarray(problems->items, problems->count + 1, sizeof(*items));

    if (!items) {
        free(problem.line);
        return -ENOMEM;
    }
    problems->items = items;
    items[problems->count++] = problem;
    return 0;
}

int loader_problem(Loader *loader, TrustProblemKind kind, const char *file, const char *format, ...) {
    CLEANUP(free_pointer) char *text = NULL, *name = NULL, *line = NULL;
    va_list arguments;
    int r;

    if (!loader->problems)
        return 0;
    va_start(arguments, format);
    r = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (r < 0) {
        text = NULL;
        return -ENOMEM;
    }
    name = text_escape_string(file);
    if (!name || asprintf(&line, "%s: %s", name, text) < 0) {
        line = NULL;
        return -ENOMEM;
    }
    return trust_problems_add(loader->problems,
                              (TrustProblem){.kind = kind, .malformed = loader->malformed, .line = TAKE_PTR(line)});
}

/* ── anchors ── */

static const char *anchor_problem(X509 *x509) {
    uint32_t flags = X509_get_extension_flags(x509);

    if (flags & EXFLAG_INVALID)
        return "an extension cannot be read";
    if (!(flags & EXFLAG_SS))
        return "not self-issued; an intermediate comes with the certificates below it";
    if (X509_check_ca(x509) != 1)
        return "not a CA certificate (basicConstraints)";
    return key_problem(X509_get0_pubkey(x509));
}

static int anchor_keep(TrustStore *store, Certificate *anchor) {
    Certificate **anchors = reallocarray(store->anchors, store->n_anchors + 1, sizeof(*anchors));
    X509 *x509 = certificate_x509(anchor);

    if (!anchors)
        return -ENOMEM;
    store->anchors = anchors;
    if (!X509_add_cert(store->stack, x509, X509_ADD_FLAG_UP_REF))
        return -ENOMEM;
    anchors[store->n_anchors++] = anchor;
    return 0;
}

/* number: of the certificate in the file. */
static int anchor_unread(Loader *loader, const char *file, size_t number, int outcome) {
    int r;

    if (outcome == CERTIFICATE_TOO_LARGE)
        return loader_problem(loader, TRUST_PROBLEM_ANCHOR, file, "certificate %zu is over 64 KiB", number);
    loader->malformed = true;
    r = loader_problem(loader, TRUST_PROBLEM_ANCHOR, file, "certificate %zu is not a certificate in DER", number);
    loader->malformed = false;
    return r;
}

static int anchor_take(Loader *loader, const char *file, View der, size_t number) {
    CLEANUP(certificate_freep) Certificate *anchor = NULL;
    const CertificateFacts *facts;
    const char *wrong;
    int r = certificate_parse(der, &anchor);

    if (r < 0)
        return r;
    if (r > 0)
        return anchor_unread(loader, file, number, r);
    if (trust_store_holds_anchor(loader->store, certificate_x509(anchor)))
        return 0;
    facts = certificate_facts(anchor);
    wrong = anchor_problem(certificate_x509(anchor));
    if (wrong)
        return loader_problem(loader, TRUST_PROBLEM_ANCHOR, file, "%s is no trust anchor: %s", facts->subject, wrong);
    if (facts->not_after < loader->now) {
        r = loader_problem(loader, TRUST_PROBLEM_ANCHOR_EXPIRED, file, "%s has expired", facts->subject);
        if (r < 0)
            return r;
    }
    r = anchor_keep(loader->store, anchor);
    if (r == 0)
        (void) TAKE_PTR(anchor); /* the store's now */
    return r;
}

static int anchor_file(Loader *loader, const char *file, View contents) {
    CLEANUP(bytes_list_done) BytesList list = {0};
    int r = trust_read_certificates(contents, &list);

    if (r == -ENODATA)
        return loader_problem(loader, TRUST_PROBLEM_ANCHOR, file, "holds no certificate");
    if (r == -EBADMSG)
        return loader_problem(loader, TRUST_PROBLEM_ANCHOR, file,
                              "a PEM block is damaged; none of its certificates is used");
    for (size_t i = 0; r == 0 && i < list.count; i++)
        r = anchor_take(loader, file, bytes_view(&list.items[i]), i + 1);
    return r;
}

static int anchor_fault(Loader *loader, const char *file) {
    (void) loader; /* an anchor that cannot be read is not trusted, whatever was before */
    (void) file;
    return 0;
}

/* ── the store ── */

static int load_all(Loader *loader) {
    const TrustOptions *options = loader->options;
    int r = loader_read_folder(loader, options->anchors_dir, STORE_ANCHOR_FILE_MAX, anchor_file, anchor_fault);

    if (r < 0)
        return r;
    if (loader->store->n_anchors == 0) {
        r = loader_problem(loader, TRUST_PROBLEM_NO_ANCHOR, options->anchors_dir,
                           "holds no trust anchor, so no certificate is accepted");
        if (r < 0)
            return r;
    }
    loader->kind = TRUST_PROBLEM_CRL;
    r = loader_read_folder(loader, options->crls_dir, STORE_CRL_FILE_MAX, lists_take_file, lists_keep_previous);
    if (r == -ENOENT)
        return 0;
    if (r == 0 || r == -ENOMEM)
        return r;
    r = loader_problem(loader, TRUST_PROBLEM_CRL, options->crls_dir, "%s; the lists loaded before stay in use",
                       strerror(-r));
    return r == 0 && loader->previous ? lists_keep_all(loader, loader->previous) : r;
}

static TrustStore *store_new(const TrustOptions *options) {
    CLEANUP(trust_store_unrefp) TrustStore *store = calloc(1, sizeof(*store));

    if (!store)
        return NULL;
    atomic_init(&store->references, 1);
    store->soft = options->soft_revocation;
    store->max_stale = options->max_stale;
    store->clock_floor = options->clock_floor;
    store->kinds = kinds_ref(options->kinds);
    store->stack = sk_X509_new_null();
    return store->stack ? TAKE_PTR(store) : NULL;
}

int trust_store_load(const TrustOptions *options, const TrustStore *previous, int64_t now, TrustStore **ret,
                     TrustProblems *problems) {
    CLEANUP(trust_store_unrefp) TrustStore *store = store_new(options);
    Loader loader = {.options = options, .previous = previous, .now = now, .store = store, .problems = problems};
    int r = store && (store->crls_dir = strdup(options->crls_dir)) ? load_all(&loader) : -ENOMEM;

    if (r < 0)
        return r;
    *ret = TAKE_PTR(store);
    return 0;
}

static int take_files(Loader *loader, const TrustFile *files, size_t count, FileFunction take) {
    for (size_t i = 0; i < count; i++) {
        int r = take(loader, files[i].name, files[i].contents);

        if (r < 0)
            return r;
    }
    return 0;
}

int trust_store_make(const TrustOptions *options, const TrustFiles *files, int64_t now, TrustStore **ret,
                     TrustProblems *problems) {
    CLEANUP(trust_store_unrefp) TrustStore *store = store_new(options);
    Loader loader = {.options = options, .now = now, .store = store, .problems = problems};
    int r = store ? take_files(&loader, files->anchors, files->n_anchors, anchor_file) : -ENOMEM;

    if (r == 0)
        r = take_files(&loader, files->crls, files->n_crls, lists_take_file);
    if (r == 0)
        r = take_files(&loader, files->ocsps, files->n_ocsps, answers_take_file);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(store);
    return 0;
}

TrustStore *trust_store_ref(TrustStore *store) {
    (void) atomic_fetch_add(&store->references, 1);
    return store;
}

TrustStore *trust_store_unref(TrustStore *store) {
    if (!store || atomic_fetch_sub(&store->references, 1) > 1)
        return NULL;
    sk_X509_pop_free(store->stack, X509_free);
    for (size_t i = 0; i < store->n_anchors; i++)
        (void) certificate_free(store->anchors[i]);
    free(store->anchors);
    lists_done(store);
    free(store->crls_dir);
    for (size_t i = 0; i < store->n_ocsps; i++)
        (void) ocsp_free(store->ocsps[i]);
    free(store->ocsps);
    (void) kinds_unref(store->kinds);
    free(store);
    return NULL;
}

size_t trust_store_anchors(const TrustStore *store) {
    return store->n_anchors;
}

size_t trust_store_crls(const TrustStore *store) {
    return store->n_crls;
}

const CertificateFacts *trust_store_anchor_facts(const TrustStore *store, size_t index) {
    return certificate_facts(store->anchors[index]);
}

static bool is_superseded(const TrustStore *store, const Crl *crl) {
    for (size_t i = 0; i < store->n_crls; i++)
        if (crl_this_update(store->crls[i]) > crl_this_update(crl) && crl_has_same_issuer(store->crls[i], crl))
            return true;
    return false;
}

TrustCrlFacts trust_store_crl_facts(const TrustStore *store, size_t index) {
    const Crl *crl = store->crls[index];

    return (TrustCrlFacts){
        .file = crl_file(crl),
        .this_update = crl_this_update(crl),
        .next_update = crl_next_update(crl),
        .superseded = is_superseded(store, crl),
    };
}

int64_t trust_store_clock_floor(const TrustStore *store) {
    int64_t floor = store->clock_floor;

    for (size_t i = 0; i < store->n_crls; i++)
        if (crl_was_verified(store->crls[i]) && crl_this_update(store->crls[i]) > floor)
            floor = crl_this_update(store->crls[i]);
    return floor;
}

STACK_OF(X509) * trust_store_stack(const TrustStore *store) {
    return store->stack;
}

Certificate *trust_store_anchor(const TrustStore *store, size_t index) {
    return store->anchors[index];
}

size_t trust_store_ocsps(const TrustStore *store) {
    return store->n_ocsps;
}

const Ocsp *trust_store_ocsp(const TrustStore *store, size_t index) {
    return store->ocsps[index];
}

bool trust_store_holds_anchor(const TrustStore *store, X509 *certificate) {
    for (size_t i = 0; i < store->n_anchors; i++)
        if (X509_cmp(certificate_x509(store->anchors[i]), certificate) == 0)
            return true;
    return false;
}

Certificate *trust_store_find_anchor(const TrustStore *store, View der) {
    for (size_t i = 0; i < store->n_anchors; i++)
        if (view_equal(certificate_der(store->anchors[i]), der))
            return store->anchors[i];
    return NULL;
}

const char *trust_store_crls_dir(const TrustStore *store) {
    return store->crls_dir;
}

Crl *trust_store_crl(const TrustStore *store, size_t index) {
    return store->crls[index];
}

size_t trust_store_signers(const TrustStore *store) {
    return store->n_signers;
}

Certificate *trust_store_signer(const TrustStore *store, size_t index) {
    return store->signers[index].certificate;
}

Kinds *trust_store_kinds(const TrustStore *store) {
    return store->kinds;
}

bool trust_store_is_soft(const TrustStore *store) {
    return store->soft;
}

int64_t trust_store_max_stale(const TrustStore *store) {
    return store->max_stale;
}
