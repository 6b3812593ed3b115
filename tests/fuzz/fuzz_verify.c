/* SPDX-License-Identifier: BSD-2-Clause */
/* Verdicts (trust/judge.c) on files that somebody has changed. The input is a list of changes to a good leaf, its
 * intermediate, a cross-certificate, the anchor's file, lists and an OCSP answer, and the rules. Promised: what is
 * accepted are the very certificates that were issued; a revoked one is never accepted, whatever is done to the lists;
 * every refusal has a reason. */
#include <string.h>

#include "common/macros.h"
#include "tests/fuzz/input.h"
#include "tests/trust/pki.h"
#include "trust/trust.h"

enum { LEAF, REVOKED, INTERMEDIATE, CROSS, ROOT, ROOT_LIST, LIST, DELTA, ANSWER, FILES };

#define CHANGES_MAX 16u

static Bytes made[FILES]; /* once, and never changed */

static void keep(int file, const Bytes *der) {
    FUZZ_PROMISE(bytes_copy(bytes_view(der), &made[file]) == 0);
}

static void make_list(int file, const PkiIdentity *issuer, const PkiCrlOptions *options) {
    CLEANUP(bytes_done) Bytes der = {0};
    pki_crl(issuer, options, &der);
    keep(file, &der);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    static const PkiExtension delta[] = {{.oid = "2.5.29.27", .critical = true, .der = "020101"}};
    CLEANUP(pki_identity_done) PkiIdentity root = {0}, intermediate = {0}, leaf = {0}, revoked = {0};
    CLEANUP(pki_identity_done) PkiIdentity other = {0}, cross = {0};
    (void) argc;
    (void) argv;
    pki_root(NULL, &root);
    pki_root(&(PkiOptions){.common_name = "AC OTRA"}, &other);
    pki_intermediate(&root, NULL, &intermediate);
    pki_intermediate(&other, &(PkiOptions){.key = intermediate.key}, &cross);
    pki_leaf(&intermediate, NULL, &leaf);
    pki_leaf(&intermediate, NULL, &revoked);
    const PkiIdentity *listed[] = {&revoked};
    keep(LEAF, &leaf.der);
    keep(REVOKED, &revoked.der);
    keep(INTERMEDIATE, &intermediate.der);
    keep(CROSS, &cross.der);
    keep(ROOT, &root.der);
    make_list(ROOT_LIST, &root, NULL);
    make_list(LIST, &intermediate, &(PkiCrlOptions){.revoked = listed, .n_revoked = 1});
    make_list(DELTA, &intermediate, &(PkiCrlOptions){.extensions = delta, .n_extensions = 1});
    return 0;
}

/* Octets for octets, or the end cut off. */
static void change(Reader *input, Bytes files[FILES]) {
    Bytes *file = &files[input_u8(input) % FILES];
    uint32_t where = input_u32(input);
    uint8_t value = input_u8(input);
    if (file->size == 0)
        return;
    if (where & 0x80000000u)
        file->size -= where % (file->size + 1);
    else
        file->data[where % file->size] = value;
}

static bool is_whole(const Bytes files[FILES], int file) {
    return view_equal(bytes_view(&files[file]), bytes_view(&made[file]));
}

static void judge(Bytes files[FILES], int leaf, const TrustRules *rules) {
    CLEANUP(trust_store_unrefp) TrustStore *store = NULL;
    CLEANUP(trust_problems_done) TrustProblems problems = {0};
    CLEANUP(verdict_done) Verdict verdict = {0};
    CLEANUP(free_pointer) char *summary = NULL;
    TrustFile anchor = {"root", bytes_view(&files[ROOT])}, answer = {"answer", bytes_view(&files[ANSWER])};
    TrustFile lists[] = {{"root.crl", bytes_view(&files[ROOT_LIST])},
                         {"list", bytes_view(&files[LIST])},
                         {"delta", bytes_view(&files[DELTA])}};
    TrustFiles inputs = {
        .anchors = &anchor, .n_anchors = 1, .crls = lists, .n_crls = 3, .ocsps = &answer, .n_ocsps = 1};
    View chain[] = {bytes_view(&files[CROSS]), bytes_view(&files[INTERMEDIATE])};
    TrustQuery query = {.leaf = bytes_view(&files[leaf]), .chain = chain, .n_chain = 2, .rules = rules, .now = PKI_NOW};
    FUZZ_PROMISE(trust_store_make(&(TrustOptions){0}, &inputs, PKI_NOW, &store, &problems) == 0);
    FUZZ_PROMISE(trust_judge(store, &query, &verdict) == 0);
    if (verdict_accepted(&verdict)) {
        FUZZ_PROMISE(is_whole(files, leaf) && is_whole(files, INTERMEDIATE));
        FUZZ_PROMISE(leaf == LEAF || rules->revocation == TRUST_REVOCATION_NONE);
        FUZZ_PROMISE(verdict.chain.count == 2);
    }
    summary = verdict_summary(&verdict);
    FUZZ_PROMISE(summary && verdict_accepted(&verdict) == (summary[0] == '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Reader input = {{data, size}};
    Bytes files[FILES] = {{0}};
    uint8_t flags = input_u8(&input), changes = input_u8(&input) % CHANGES_MAX;
    TrustRules rules = {
        .purpose = flags & 1 ? TRUST_PURPOSE_ANY : TRUST_PURPOSE_LOGIN,
        .revocation = (TrustRevocation) ((flags >> 1) % 3),
        .explicit_policy = (flags & 8) != 0,
        .limit_depth = (flags & 16) != 0,
        .max_depth = 1,
    };
    for (int i = 0; i < FILES; i++)
        FUZZ_PROMISE(bytes_copy(bytes_view(&made[i]), &files[i]) == 0);
    for (uint8_t i = 0; i < changes; i++)
        change(&input, files);
    bytes_done(&files[ANSWER]); /* the rest, as it is */
    FUZZ_PROMISE(bytes_copy(input.rest, &files[ANSWER]) == 0);
    judge(files, flags & 32 ? REVOKED : LEAF, &rules);
    for (int i = 0; i < FILES; i++)
        bytes_done(&files[i]);
    return 0;
}
