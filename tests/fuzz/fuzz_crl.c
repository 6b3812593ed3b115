/* SPDX-License-Identifier: BSD-2-Clause */
/* Revocation lists (trust/crl.c): a list that nobody of ours signed verifies for nobody and answers nothing. */
#include "common/macros.h"
#include "tests/fuzz/input.h"
#include "tests/trust/pki.h"
#include "trust/internal.h"

static PkiIdentity issuer, leaf; /* made once; the key signs no list at all */

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void) argc;
    (void) argv;
    pki_root(NULL, &issuer);
    pki_leaf(&issuer, NULL, &leaf);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(crl_unrefp) Crl *crl = NULL;
    CrlAnswer answer;
    const char *problem = NULL;
    int r = crl_parse((View){data, size}, "fuzz.crl", &crl, &problem);
    FUZZ_PROMISE(r == 0 || ((r == PARSE_UNFIT || r == PARSE_MALFORMED) && problem && !crl));
    if (r != 0)
        return 0;
    (void) crl_this_update(crl); /* any time is one */
    (void) crl_next_update(crl);
    (void) crl_is_issued_by(crl, issuer.certificate); /* anybody may bear the name */
    (void) crl_concerns(crl, leaf.certificate, issuer.certificate);
    crl_ask(crl, leaf.certificate, issuer.certificate, &answer); /* it may say anything, since it does not count */
    FUZZ_PROMISE(!answer.held || answer.revoked);
    FUZZ_PROMISE((answer.covers & ~CRL_REASONS_ALL) == 0);
    FUZZ_PROMISE(!crl_updates(crl, crl));
    FUZZ_PROMISE(crl_verify(crl, issuer.certificate) == 0 && !crl_was_verified(crl));
    return 0;
}
