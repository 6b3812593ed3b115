/* SPDX-License-Identifier: BSD-2-Clause */
/* Log: records of ovcertd, for its edges alone (main, bus/). One record per event, one line each, escaped: nothing from
 * outside can forge a second one (SECURITY 33). Goes to the journal when there is one, with fields, and to stderr
 * unless that is the journal too. Never a secret. */
#pragma once

#include <stdint.h>

/* priority: LOG_ERR, ... of syslog(3). event: a stable word, the field OVCERT_EVENT. */
void log_write(int priority, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The audit chain's head, so that cutting the log short shows (SECURITY 37): fields OVCERT_AUDIT_SEQ and _HASH. */
void log_audit_head(uint64_t seq, const uint8_t hash[32]);
