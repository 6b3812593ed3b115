/* SPDX-License-Identifier: BSD-2-Clause */
/* Called where a candidate or an operation is made; must never be predictable, since knowing an id is half of
 * confirming an operation. */
#include "ovcertd/store/id.h"

#include <sodium.h>

void id_make(char ret[STORE_ID_SIZE]) {
    uint8_t octets[(STORE_ID_SIZE - 1) / 2];

    randombytes_buf(octets, sizeof(octets));
    (void) sodium_bin2hex(ret, STORE_ID_SIZE, octets, sizeof(octets)); /* returns ret */
}
