/* SPDX-License-Identifier: BSD-2-Clause */
/* Facts of a certificate (trust/certificate.h): whatever it holds, they can be shown, and its holder is a holder. */
#include <string.h>

#include "common/macros.h"
#include "common/text.h"
#include "tests/fuzz/input.h"
#include "trust/certificate.h"
#include "trust/holder.h"
#include "trust/signature.h"

static void check_text(const char *text) {
    FUZZ_PROMISE(text);
    FUZZ_PROMISE(text_is_printable((View){(const uint8_t *) text, strlen(text)}));
}

static void check_facts(const CertificateFacts *facts) {
    check_text(facts->subject);
    check_text(facts->issuer);
    check_text(facts->common_name);
    check_text(facts->serial);
    check_text(facts->key_type);
    check_text(facts->holder);
    FUZZ_PROMISE(facts->holder[0] == '\0' || holder_is_valid(facts->holder));
    for (size_t i = 0; facts->policies[i]; i++)
        FUZZ_PROMISE(facts->policies[i][strspn(facts->policies[i], "0123456789.")] == '\0');
}

/* A signature costs far more than the facts, so a part of the inputs is enough. */
static void check_signature(const Certificate *certificate, View der) {
    static const uint8_t octets[64] = {1};
    const char *algorithm = signature_algorithm(certificate);
    if (algorithm)
        FUZZ_PROMISE(signature_verify(certificate, algorithm, der, (View){octets, sizeof octets}) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(certificate_freep) Certificate *certificate = NULL;
    View der = {data, size};
    int r = certificate_parse(der, &certificate);
    FUZZ_PROMISE(r >= 0);
    FUZZ_PROMISE((r == 0) == (certificate != NULL));
    if (r != 0)
        return 0;
    FUZZ_PROMISE(view_equal(certificate_der(certificate), der));
    check_facts(certificate_facts(certificate));
    if (size % 16 == 0)
        check_signature(certificate, der);
    return 0;
}
