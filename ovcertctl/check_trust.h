/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks at trust anchors and revocation lists, for "doctor", with the daemon's own reader of them. */
#pragma once

#include <stdint.h>

#include "common/configuration.h"
#include "ovcertctl/findings.h"
#include "ovcertctl/machine.h"

typedef struct TrustCounts {
    bool known;
    size_t anchors;
    size_t revocation_lists;
} TrustCounts;

/* now: seconds since the epoch. *ret: what a daemon would load. */
void check_trust(const Machine *machine, const Config *config, int64_t now, Findings *findings, TrustCounts *ret);
