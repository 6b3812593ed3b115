/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads fingerprints for "unbar" and "trust remove". Must never take a part of one for the whole. */
#include "ovcertctl/fingerprint.h"

#include <string.h>

bool fingerprint_read(const char *text, uint8_t ret[CERTIFICATE_FINGERPRINT_SIZE]) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    size_t n = 0;
    for (; *text; text++) {
        const char *digit = strchr(digits, *text);
        if (*text == ':')
            continue;
        if (!digit || n == (size_t) 2 * CERTIFICATE_FINGERPRINT_SIZE)
            return false;
        uint8_t value = (uint8_t) ((digit - digits) % 16);
        ret[n / 2] = (uint8_t) (n % 2 == 0 ? value << 4 : ret[n / 2] | value);
        n++;
    }
    return n == (size_t) 2 * CERTIFICATE_FINGERPRINT_SIZE;
}
