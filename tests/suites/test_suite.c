/* SPDX-License-Identifier: BSD-2-Clause */
/* Judges every case of one suite (SECURITY 8, 14): nothing is accepted that should be refused; what is refused that
 * should be accepted stands in the deviation file with its argument; each takes less than a second.
 *
 *   test-suite SUITES NAME DEVIATIONS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/macros.h"
#include "tests/suites/suite.h"
#include "trust/pem.h"
#include "trust/trust.h"

#define SECOND INT64_C(1000000000)

static Bytes read_file(const char *path) {
    Bytes contents = {0};
    uint8_t buffer[4096];
    FILE *file = path ? fopen(path, "re") : NULL;
    size_t n;

    if (path && !file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    while (file && (n = fread(buffer, 1, sizeof buffer, file)) > 0)
        if (bytes_append(&contents, (View){buffer, n}) < 0)
            abort();
    if (file)
        (void) fclose(file); /* read only */
    return contents;
}

static BytesList read_certificates(const char *path) {
    CLEANUP(bytes_done) Bytes contents = read_file(path);
    BytesList list = {0};

    if (path && trust_read_certificates(bytes_view(&contents), &list) < 0) {
        (void) fprintf(stderr, "%s: no certificates\n", path);
        exit(EXIT_FAILURE);
    }
    return list;
}

static TrustStore *make_store(const SuiteCase *one) {
    CLEANUP(bytes_done) Bytes roots = read_file(one->roots), crls = read_file(one->crls);
    TrustFile anchors = {"roots", bytes_view(&roots)}, lists = {"crls", bytes_view(&crls)};
    TrustFiles files = {.anchors = &anchors, .n_anchors = 1, .crls = &lists, .n_crls = one->crls ? 1 : 0};
    TrustStore *store = NULL;

    if (trust_store_make(&(TrustOptions){0}, &files, one->time, &store, NULL) < 0)
        abort();
    return store;
}

static TrustRules rules_of(const SuiteCase *one) {
    return (TrustRules){
        .purpose = one->purpose ? TRUST_PURPOSE_USAGE : TRUST_PURPOSE_ANY,
        .usage = one->purpose,
        .revocation = one->check_crls ? TRUST_REVOCATION_CHAIN : TRUST_REVOCATION_NONE,
        .policies = (const char *const *) one->policies,
        .n_policies = one->n_policies,
        .explicit_policy = one->explicit_policy,
        .inhibit_any_policy = one->inhibit_any_policy,
        .inhibit_policy_mapping = one->inhibit_policy_mapping,
        .limit_depth = one->max_depth >= 0,
        .max_depth = one->max_depth >= 0 ? (unsigned) one->max_depth : 0,
    };
}

static int64_t work_now(void) {
    struct timespec now;

    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); /* cannot fail with this clock */
    return (int64_t) now.tv_sec * SECOND + now.tv_nsec;
}

static void judge(const SuiteCase *one, Verdict *ret) {
    CLEANUP(trust_store_unrefp) TrustStore *store = make_store(one);
    CLEANUP(bytes_list_done)
    BytesList leaf = read_certificates(one->leaf), sent = read_certificates(one->intermediates);
    CLEANUP(free_pointer) View *chain = calloc(sent.count + 1, sizeof(View));
    TrustRules rules = rules_of(one);

    if (!chain)
        abort();
    for (size_t i = 0; i < sent.count; i++)
        chain[i] = bytes_view(&sent.items[i]);
    TrustQuery query = {
        .leaf = bytes_view(&leaf.items[0]), .chain = chain, .n_chain = sent.count, .rules = &rules, .now = one->time};
    if (trust_judge(store, &query, ret) < 0)
        abort();
}

/* NULL when all is as it should be. */
static const char *fault_of(const SuiteCase *one, bool accepted, int64_t work) {
    if (work > SECOND)
        return "takes more than a second";
    if (accepted && !one->accept)
        return "is accepted and should be refused";
    if (accepted && one->deviation)
        return "is accepted: it no longer deviates";
    if (!accepted && one->accept && !one->deviation)
        return "is refused and should be accepted";
    return NULL;
}

static bool run(const SuiteCase *one, size_t number) {
    CLEANUP(verdict_done) Verdict verdict = {0};
    int64_t begin = work_now();
    const char *fault;

    judge(one, &verdict);
    fault = fault_of(one, verdict_accepted(&verdict), work_now() - begin);
    (void) printf("%sok %zu - %s%s%s\n", fault ? "not " : "", number, one->id, fault ? " " : "", fault ? fault : "");
    if (fault || getenv("OVCERT_SUITE_VERBOSE")) {
        CLEANUP(free_pointer) char *summary = verdict_summary(&verdict);

        for (char *line = summary ? strtok(summary, "\n") : NULL; line; line = strtok(NULL, "\n"))
            (void) printf("# %s\n", line);
    }
    return !fault;
}

int main(int argc, char *argv[]) {
    CLEANUP(suite_done) Suite suite = {0};
    bool passed = true;

    if (argc != 4)
        return 2;
    if (!suite_read(argv[1], argv[2], argv[3], &suite)) {
        (void) printf("1..1\nok 1 - %s # SKIP the suite is not there: %s\n", argv[2], argv[1]);
        return EXIT_SUCCESS;
    }
    (void) printf("1..%zu\n", suite.count);
    for (size_t i = 0; i < suite.count; i++)
        passed = run(&suite.cases[i], i + 1) && passed;
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
