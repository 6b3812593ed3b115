/* SPDX-License-Identifier: BSD-2-Clause */
/* The stage for tests of the store and the judgement: folders with a root and the CRLs of root and intermediate, and
 * verdicts as text. A function that fails ends the test. */
#pragma once

#include "tests/trust/pki.h"
#include "trust/trust.h"

typedef struct Scene {
    char *anchors, *crls; /* folders */
    PkiIdentity root, intermediate;
    TrustOptions options;
    TrustStore *store; /* after scene_load() */
    TrustProblems problems;
} Scene;

/* root.pem in anchors; root.crl and intermediate.crl, which list nothing, in crls. cmocka set-up and tear-down of one
 * test. */
int scene_setup(void **state);
int scene_teardown(void **state);

/* (Re)loads at PKI_NOW, with the store of before as `previous`. */
void scene_load(Scene *scene);
void scene_write_crl(Scene *scene, const char *name, const PkiIdentity *issuer, const PkiCrlOptions *options);
/* A leaf under the intermediate. */
PkiIdentity scene_leaf(const Scene *scene, const PkiOptions *options);

/* "expired@0 revoked@1", in the order of the enum and depth; "" when accepted. */
typedef struct Reasons {
    char text[512];
} Reasons;
Reasons reasons_of(const Verdict *verdict);

/* "0 crl good intermediate.crl; 1 crl good root.crl", in their order, files without their folder. */
Reasons sources_of(const Verdict *verdict);

/* Judges leaf with the chain (NULL: the intermediate alone) at now (0: PKI_NOW); loads first if need be. */
Reasons scene_judge(Scene *scene, const PkiIdentity *leaf, const PkiIdentity *const *chain, size_t n_chain, int64_t now,
                    Verdict *ret);
/* As above with the usual chain, and the verdict dropped. */
Reasons scene_reasons(Scene *scene, const PkiIdentity *leaf, int64_t now);
bool scene_has_problem(const Scene *scene, const char *part);
