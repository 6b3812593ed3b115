/* SPDX-License-Identifier: BSD-2-Clause */
/* bench-verify [ROUNDS [JUDGEMENTS]]: what one verdict of trust/ costs beside the OpenSSL calls that anybody would make
 * for it: parse the certificate and its intermediate, X509_verify_cert() along the chain; without revocation lists,
 * which is less than trust/ does, and with them ("lists"). They take turns; printed are medians of the rounds'
 * processor time in microseconds, as JSON, one line for each kind of key, and the speed of trust/ as a part of that
 * without lists.
 *
 * "parsed" is a verdict on octets never seen before, "known" one on certificates that were parsed before, as in a
 * sign-in (ovcertd/core/certificate_cache.h). */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "bench/scene.h"
#include "common/macros.h"
#include "tests/trust/pki.h"
#include "trust/trust.h"

#define ROUNDS_MAX 1000u

typedef struct Work {
    PkiIdentity root, intermediate, leaf;
    Bytes lists[2];
    TrustStore *trust;
    X509_STORE *store; /* the same for OpenSSL */
    Certificate *known[2];
} Work;

static double microseconds(void) {
    struct timespec now;
    MUST(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
    return (double) now.tv_sec * 1e6 + (double) now.tv_nsec * 1e-3;
}

static void make_trust(Work *work) {
    TrustFile anchor = {"root", bytes_view(&work->root.der)};
    TrustFile lists[] = {{"root.crl", bytes_view(&work->lists[0])}, {"intermediate.crl", bytes_view(&work->lists[1])}};
    TrustFiles files = {.anchors = &anchor, .n_anchors = 1, .crls = lists, .n_crls = ELEMENTSOF(lists)};
    MUST(trust_store_make(&(TrustOptions){0}, &files, PKI_NOW, &work->trust, NULL) == 0);
}

static void make_store(Work *work) {
    work->store = X509_STORE_new();
    MUST(work->store && X509_STORE_add_cert(work->store, work->root.certificate));
    for (size_t i = 0; i < ELEMENTSOF(work->lists); i++) {
        const unsigned char *position = work->lists[i].data;
        X509_CRL *list = d2i_X509_CRL(NULL, &position, (long) work->lists[i].size);
        MUST(list && X509_STORE_add_crl(work->store, list));
        X509_CRL_free(list);
    }
}

static void make(Work *work, PkiKey issuers, PkiKey leaf) {
    pki_root(&(PkiOptions){.key_type = issuers}, &work->root);
    pki_intermediate(&work->root, &(PkiOptions){.key_type = issuers}, &work->intermediate);
    pki_leaf(&work->intermediate,
             &(PkiOptions){.key_type = leaf, .serial_number = "IDCES-99999999R", .policies = "1.3.6.1.4.1.5734.3.10.1"},
             &work->leaf);
    pki_crl(&work->root, NULL, &work->lists[0]);
    pki_crl(&work->intermediate, NULL, &work->lists[1]);
    make_trust(work);
    make_store(work);
    MUST(certificate_parse(bytes_view(&work->leaf.der), &work->known[0]) == 0);
    MUST(certificate_parse(bytes_view(&work->intermediate.der), &work->known[1]) == 0);
}

static void done(Work *work) {
    for (size_t i = 0; i < ELEMENTSOF(work->known); i++)
        (void) certificate_free(work->known[i]); /* returns NULL */
    (void) trust_store_unref(work->trust);       /* returns NULL */
    X509_STORE_free(work->store);
    for (size_t i = 0; i < ELEMENTSOF(work->lists); i++)
        bytes_done(&work->lists[i]);
    pki_identity_done(&work->leaf);
    pki_identity_done(&work->intermediate);
    pki_identity_done(&work->root);
}

/* ── the two ── */

static void judge(const Work *work, size_t n_known) {
    CLEANUP(verdict_done) Verdict verdict = {0};
    View chain = bytes_view(&work->intermediate.der);
    TrustQuery query = {.leaf = bytes_view(&work->leaf.der),
                        .chain = &chain,
                        .n_chain = 1,
                        .known = work->known,
                        .n_known = n_known,
                        .now = PKI_NOW};
    MUST(trust_judge(work->trust, &query, &verdict) == 0 && verdict_accepted(&verdict));
}

static X509 *parse(const Bytes *der) {
    const unsigned char *position = der->data;
    X509 *x509 = d2i_X509(NULL, &position, (long) der->size);
    MUST(x509);
    return x509;
}

static void openssl_alone(const Work *work, unsigned long flags) {
    X509 *leaf = parse(&work->leaf.der), *intermediate = parse(&work->intermediate.der);
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    MUST(untrusted && ctx && sk_X509_push(untrusted, intermediate) > 0);
    MUST(X509_STORE_CTX_init(ctx, work->store, leaf, untrusted));
    X509_STORE_CTX_set_time(ctx, 0, (time_t) PKI_NOW);
    X509_STORE_CTX_set_flags(ctx, flags | X509_V_FLAG_X509_STRICT | X509_V_FLAG_POLICY_CHECK);
    MUST(X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_CLIENT) && X509_verify_cert(ctx) == 1);
    X509_STORE_CTX_free(ctx);
    sk_X509_free(untrusted);
    X509_free(intermediate);
    X509_free(leaf);
}

/* ── taking turns ── */

static int by_size(const void *a, const void *b) {
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, by_size);
    return values[count / 2];
}

typedef enum Way { WAY_OPENSSL, WAY_OPENSSL_LISTS, WAY_PARSED, WAY_KNOWN, WAY_COUNT_ } Way;

static void go(const Work *work, Way way) {
    if (way == WAY_OPENSSL || way == WAY_OPENSSL_LISTS)
        openssl_alone(work, way == WAY_OPENSSL ? 0 : X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    else
        judge(work, way == WAY_KNOWN ? ELEMENTSOF(work->known) : 0);
}

static double time_of(const Work *work, Way way, size_t judgements) {
    double begin = microseconds();
    for (size_t i = 0; i < judgements; i++)
        go(work, way);
    return (microseconds() - begin) / (double) judgements;
}

static void measure(const char *name, const Work *work, size_t rounds, size_t judgements) {
    static double times[WAY_COUNT_][ROUNDS_MAX];
    double us[WAY_COUNT_];
    for (size_t round = 0; round < rounds; round++)
        for (Way way = 0; way < WAY_COUNT_; way++)
            times[way][round] = time_of(work, way, judgements);
    for (Way way = 0; way < WAY_COUNT_; way++)
        us[way] = median(times[way], rounds);
    (void) printf(
        "{\"keys\": \"%s\", \"openssl\": %.1f, \"openssl_lists\": %.1f, \"parsed\": %.1f, \"known\": %.1f, "
        "\"parsed_speed\": %.2f, \"known_speed\": %.2f}\n",
        name, us[WAY_OPENSSL], us[WAY_OPENSSL_LISTS], us[WAY_PARSED], us[WAY_KNOWN], us[WAY_OPENSSL] / us[WAY_PARSED],
        us[WAY_OPENSSL] / us[WAY_KNOWN]); /* seen when it is missing */
}

static void run(const char *name, PkiKey issuers, PkiKey leaf, size_t rounds, size_t judgements) {
    Work work = {0};
    make(&work, issuers, leaf);
    measure(name, &work, rounds, judgements);
    done(&work);
}

int main(int argc, char **argv) {
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 101;
    size_t judgements = argc > 2 ? strtoul(argv[2], NULL, 10) : 100;
    if (rounds == 0 || rounds > ROUNDS_MAX || judgements == 0)
        return 2;
    run("RSA-2048, P-256 leaf", PKI_KEY_RSA2048, PKI_KEY_P256, rounds, judgements);
    run("RSA-2048", PKI_KEY_RSA2048, PKI_KEY_RSA2048, rounds, judgements);
    run("P-256", PKI_KEY_P256, PKI_KEY_P256, rounds, judgements);
    return 0;
}
