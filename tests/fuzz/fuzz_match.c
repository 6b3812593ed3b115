/* SPDX-License-Identifier: BSD-2-Clause */
/* Match rules (trust/match.h): every refusal has a place in the text, and what is accepted is tested in bounded time
 * against a certificate with a name as long as its author likes. */
#include <string.h>

#include "common/macros.h"
#include "tests/fuzz/input.h"
#include "tests/trust/pki.h"
#include "trust/match.h"

/* The rule, then the subject's common name. */
static Certificate *make_certificate(View name) {
    static PkiIdentity root;
    CLEANUP(pki_identity_done) PkiIdentity leaf = {0};
    PkiAttribute attribute = {
        .type = "2.5.4.97", .value = (const char *) name.data, .size = name.size, .string_type = V_ASN1_T61STRING};
    Certificate *certificate = NULL;
    if (!root.certificate)
        pki_root(NULL, &root);
    pki_leaf(&root,
             &(PkiOptions){.key = root.key,
                           .more = &attribute,
                           .n_more = name.size > 0,
                           .policies = "1.2.3",
                           .alternative_name = "email:a@example.org,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:a@EXAMPLE"},
             &leaf);
    FUZZ_PROMISE(certificate_parse(bytes_view(&leaf.der), &certificate) == 0);
    return certificate;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Reader input = {{data, size}};
    CLEANUP(free_pointer) char *text = input_rest(&input, &size);
    CLEANUP(match_freep) MatchRule *rule = NULL;
    CLEANUP(free_pointer) char *what = NULL;
    size_t offset = 0, length = strlen(text);
    int r = match_parse(text, &rule, &offset, &what);
    FUZZ_PROMISE(r == 0 || r == MATCH_INVALID);
    FUZZ_PROMISE((r == 0) == (rule != NULL));
    if (r != 0) {
        FUZZ_PROMISE(what && offset <= length);
        return 0;
    }
    CLEANUP(certificate_freep)
    Certificate *certificate =
        make_certificate(length < size ? (View){(const uint8_t *) text + length + 1, size - length - 1} : (View){0});
    bool first, second;
    FUZZ_PROMISE(match_test(rule, certificate, &first) == 0 && match_test(rule, certificate, &second) == 0);
    FUZZ_PROMISE(first == second);
    return 0;
}
