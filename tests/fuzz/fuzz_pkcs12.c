/* SPDX-License-Identifier: BSD-2-Clause */
/* .p12 files (ovcert-credential/pkcs12_file.h, iterations.h below it): with the right passphrase or a wrong one, no
 * file costs more rounds of key derivation than are allowed; one that would takes longer than the time limit of the
 * run. */
#include <string.h>

#include <openssl/provider.h>

#include "common/credential.h"
#include "common/macros.h"
#include "ovcert-credential/pkcs12_file.h"
#include "tests/fuzz/input.h"

#define ITERATIONS_ALLOWED 3000u

static OSSL_LIB_CTX *libctx; /* made once */

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void) argc;
    (void) argv;
    libctx = OSSL_LIB_CTX_new();
    FUZZ_PROMISE(libctx && OSSL_PROVIDER_load(libctx, "default") && OSSL_PROVIDER_load(libctx, "legacy"));
    return 0;
}

/* The passphrase of the seeds is "". */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(secret_freep) Secret *passphrase = NULL;
    CLEANUP(pkcs12_contents_done) Pkcs12Contents contents = {0};
    CLEANUP(free_pointer) char *detail = NULL;
    FUZZ_PROMISE(secret_new("", 0, &passphrase) == 0);
    int r = pkcs12_open(libctx, (View){data, size}, passphrase, ITERATIONS_ALLOWED, &contents, &detail);
    FUZZ_PROMISE(r == 0 || r == (int) CREDENTIAL_OUTCOME_MALFORMED || r == (int) CREDENTIAL_OUTCOME_ITERATIONS ||
                 r == (int) CREDENTIAL_OUTCOME_ALGORITHM || r == (int) CREDENTIAL_OUTCOME_WRONG_SECRET);
    FUZZ_PROMISE(r == 0 || contents.n_keys == 0);
    FUZZ_PROMISE(contents.n_keys <= PKCS12_KEYS_MAX);
    return 0;
}
