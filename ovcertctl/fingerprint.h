/* SPDX-License-Identifier: BSD-2-Clause */
/* Fingerprints as people type and paste them. */
#pragma once

#include <stdbool.h>

#include "trust/certificate.h"

/* 64 hexadecimal digits, colons between them or not, as "status", "log" and openssl(1) show them. */
bool fingerprint_read(const char *text, uint8_t ret[CERTIFICATE_FINGERPRINT_SIZE]);
