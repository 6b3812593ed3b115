/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells OpenSSL's faults from its verdicts: what cannot be read for want of memory is not wrong. */
#pragma once

#include <stdbool.h>

#include <openssl/err.h>

/* True when one of OpenSSL's errors was want of memory: a fault, not an outcome. Empties its error queue. */
static inline bool openssl_out_of_memory(void) {
    bool out_of_memory = false;
    unsigned long error;

    while ((error = ERR_get_error()) != 0)
        out_of_memory = out_of_memory || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
    return out_of_memory;
}
