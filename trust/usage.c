/* SPDX-License-Identifier: BSD-2-Clause */
/* The words for key usages and extended key usages: match rules are written with them, and certificates described, so
 * that what is shown can be written down as it stands. */
#include <string.h>

#include <openssl/x509v3.h>

#include "common/macros.h"
#include "trust/internal.h"

static const struct {
    const char *word;
    uint32_t bit;
} usages[] = {
    {"digitalSignature", KU_DIGITAL_SIGNATURE},
    {"nonRepudiation", KU_NON_REPUDIATION},
    {"keyEncipherment", KU_KEY_ENCIPHERMENT},
    {"dataEncipherment", KU_DATA_ENCIPHERMENT},
    {"keyAgreement", KU_KEY_AGREEMENT},
    {"keyCertSign", KU_KEY_CERT_SIGN},
    {"cRLSign", KU_CRL_SIGN},
    {"encipherOnly", KU_ENCIPHER_ONLY},
    {"decipherOnly", KU_DECIPHER_ONLY},
};

/* Of two words for one OID, the first is the one that is shown. */
static const struct {
    const char *word, *oid;
} purposes[] = {
    {"serverAuth", "1.3.6.1.5.5.7.3.1"},     {"clientAuth", "1.3.6.1.5.5.7.3.2"},
    {"codeSigning", "1.3.6.1.5.5.7.3.3"},    {"emailProtection", "1.3.6.1.5.5.7.3.4"},
    {"timeStamping", "1.3.6.1.5.5.7.3.8"},   {"OCSPSigning", "1.3.6.1.5.5.7.3.9"},
    {"KPClientAuth", "1.3.6.1.5.2.3.4"},     {"pkinit", "1.3.6.1.5.2.3.4"},
    {"msScLogin", "1.3.6.1.4.1.311.20.2.2"},
};

static bool is_word(View view, const char *word) {
    return view.size == strlen(word) && memcmp(view.data, word, view.size) == 0;
}

const char *usage_word(size_t index, uint32_t *ret_bit) {
    if (index >= ELEMENTSOF(usages))
        return NULL;
    *ret_bit = usages[index].bit;
    return usages[index].word;
}

uint32_t usage_bit(View word) {
    for (size_t i = 0; i < ELEMENTSOF(usages); i++)
        if (is_word(word, usages[i].word))
            return usages[i].bit;
    return 0;
}

const char *usage_purpose_oid(View word) {
    for (size_t i = 0; i < ELEMENTSOF(purposes); i++)
        if (is_word(word, purposes[i].word))
            return purposes[i].oid;
    return NULL;
}

const char *usage_purpose_word(const char *oid) {
    for (size_t i = 0; i < ELEMENTSOF(purposes); i++)
        if (strcmp(oid, purposes[i].oid) == 0)
            return purposes[i].word;
    return NULL;
}
