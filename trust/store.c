/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading of anchors and revocation lists into an immutable store. Called at start and on reload, from a worker; must
 * never read the system's CA set, follow a symbolic link, or lose revocation data to a faulty file (SECURITY 10, 12).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/x509v3.h>

#include "common/text.h"
#include "trust/internal.h"
#include "trust/pem.h"
#include "trust/trust.h"

#define STORE_ANCHOR_FILE_MAX (1024u * 1024u)
#define STORE_CRL_FILE_MAX (32u * 1024u * 1024u) /* SECURITY 14 */

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

__attribute__((format(printf, 4, 5))) static int problem(Loader *loader, TrustProblemKind kind, const char *file,
                                                         const char *format, ...) {
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

/* ── files ── */

static int is_visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static int by_octets(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_all(int fd, size_t size, Bytes *ret) {
    uint8_t buffer[16384];

    while (ret->size <= size) {
        ssize_t n = read(fd, buffer, sizeof(buffer));
        int r;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        r = bytes_append(ret, (View){.data = buffer, .size = (size_t) n});
        if (r < 0)
            return r;
    }
    return -EFBIG;
}

/* Opens first and checks the descriptor, so that nothing changes in between. */
static int read_regular(int folder, const char *name, size_t max, Bytes *ret) {
    struct stat status;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), r;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &status) < 0)
        r = -errno;
    else if (!S_ISREG(status.st_mode))
        r = -ELOOP;
    else if (status.st_size < 0 || (uint64_t) status.st_size > max)
        r = -EFBIG;
    else
        r = read_all(fd, max, ret);
    (void) close(fd); /* read only */
    return r;
}

static const char *read_error_text(int r) {
    switch (r) {
    case -ELOOP:
        return "not a regular file (links are not followed)";
    case -EFBIG:
        return "too large";
    default:
        return strerror(-r);
    }
}

typedef int (*FileFunction)(Loader *loader, const char *file, View contents);
typedef int (*FaultFunction)(Loader *loader, const char *file);

static int load_file(Loader *loader, int folder, const char *name, size_t max, FileFunction take, FaultFunction fault) {
    CLEANUP(bytes_done) Bytes contents = {0};
    int r = read_regular(folder, name, max, &contents);

    if (r == -ENOMEM)
        return r;
    if (r == 0)
        return take(loader, name, bytes_view(&contents));
    r = problem(loader, loader->kind, name, "%s", read_error_text(r));
    return r < 0 ? r : fault(loader, name);
}

static int load_folder(Loader *loader, const char *path, size_t max, FileFunction take, FaultFunction fault) {
    struct dirent **entries = NULL;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), count, r = 0;

    if (folder < 0)
        return -errno;
    count = scandirat(folder, ".", &entries, is_visible, by_octets);
    if (count < 0)
        r = -errno;
    for (int i = 0; i < count; i++) {
        if (r == 0)
            r = load_file(loader, folder, entries[i]->d_name, max, take, fault);
        free(entries[i]);
    }
    free(entries);
    (void) close(folder); /* read only */
    return r;
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
        return problem(loader, TRUST_PROBLEM_ANCHOR, file, "certificate %zu is over 64 KiB", number);
    loader->malformed = true;
    r = problem(loader, TRUST_PROBLEM_ANCHOR, file, "certificate %zu is not a certificate in DER", number);
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
        return problem(loader, TRUST_PROBLEM_ANCHOR, file, "%s is no trust anchor: %s", facts->subject, wrong);
    if (facts->not_after < loader->now) {
        r = problem(loader, TRUST_PROBLEM_ANCHOR_EXPIRED, file, "%s has expired", facts->subject);
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
        return problem(loader, TRUST_PROBLEM_ANCHOR, file, "holds no certificate");
    if (r == -EBADMSG)
        return problem(loader, TRUST_PROBLEM_ANCHOR, file, "a PEM block is damaged; none of its certificates is used");
    for (size_t i = 0; r == 0 && i < list.count; i++)
        r = anchor_take(loader, file, bytes_view(&list.items[i]), i + 1);
    return r;
}

static int anchor_fault(Loader *loader, const char *file) {
    (void) loader; /* an anchor that cannot be read is not trusted, whatever was before */
    (void) file;
    return 0;
}

/* ── revocation lists ── */

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
static int crl_fault(Loader *loader, const char *file) {
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
    return kept ? problem(loader, TRUST_PROBLEM_CRL, file, "the list that was loaded from it before stays in use") : 0;
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
        return problem(loader, TRUST_PROBLEM_CRL_FUTURE, crl_file(crl), "lies in the future; is the clock right?");
    if (crl_next_update(crl) < loader->now - loader->options->max_stale)
        return problem(loader, TRUST_PROBLEM_CRL_STALE, crl_file(crl), "too old; fetch a fresh one");
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

static void crls_done(TrustStore *store) {
    for (size_t i = 0; i < store->n_crls; i++)
        (void) crl_unref(store->crls[i]);
    for (size_t i = 0; i < store->n_signers; i++) {
        (void) certificate_free(store->signers[i].certificate);
        free(store->signers[i].file);
    }
    free(store->crls);
    free(store->signers);
}

static int crl_take_all(Loader *loader, const TrustStore *from) {
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
    r = problem(loader, TRUST_PROBLEM_CRL, file, "%s", wrong);
    loader->malformed = false;
    return r < 0 ? r : crl_fault(loader, file);
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
        r = crl_take_all(loader, &fresh);
    crls_done(&fresh);
    if (r <= 0)
        return r;
    if (numbered && asprintf(&text, "list %zu: %s", number, wrong) < 0) {
        text = NULL; /* unspecified after a failure */
        return -ENOMEM;
    }
    return crl_faulty(loader, file, r == PARSE_MALFORMED, text ? text : wrong);
}

static int crl_take_file(Loader *loader, const char *file, View contents) {
    CLEANUP(crl_file_done) CrlFile read = {0};
    int r = crl_read(contents, &read);

    if (r == 0)
        return crl_contents(loader, file, &read);
    if (r == -ENOMEM)
        return r;
    return crl_faulty(loader, file, true, r == -EBADMSG ? "a PEM block is damaged" : "holds no CRL");
}

/* ── OCSP answers ── */

static int ocsp_take_file(Loader *loader, const char *file, View contents) {
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
    r = problem(loader, TRUST_PROBLEM_OCSP, file, "%s", wrong);
    loader->malformed = false;
    return r;
}

/* ── the store ── */

static int load_all(Loader *loader) {
    const TrustOptions *options = loader->options;
    int r = load_folder(loader, options->anchors_dir, STORE_ANCHOR_FILE_MAX, anchor_file, anchor_fault);

    if (r < 0)
        return r;
    if (loader->store->n_anchors == 0) {
        r = problem(loader, TRUST_PROBLEM_NO_ANCHOR, options->anchors_dir,
                    "holds no trust anchor, so no certificate is accepted");
        if (r < 0)
            return r;
    }
    loader->kind = TRUST_PROBLEM_CRL;
    r = load_folder(loader, options->crls_dir, STORE_CRL_FILE_MAX, crl_take_file, crl_fault);
    if (r == -ENOENT)
        return 0;
    if (r == 0 || r == -ENOMEM)
        return r;
    r = problem(loader, TRUST_PROBLEM_CRL, options->crls_dir, "%s; the lists loaded before stay in use", strerror(-r));
    return r == 0 && loader->previous ? crl_take_all(loader, loader->previous) : r;
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
        r = take_files(&loader, files->crls, files->n_crls, crl_take_file);
    if (r == 0)
        r = take_files(&loader, files->ocsps, files->n_ocsps, ocsp_take_file);
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
    crls_done(store);
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
