/* SPDX-License-Identifier: BSD-2-Clause */
/* Unlock: the conversation about one credential: which source, its passphrase or PIN, one try (SECURITY 22). Used by
 * login.c and renewal.c. Functions return PAM codes and journal why they stop:
 *
 * PAM_SUCCESS; PAM_AUTHINFO_UNAVAIL when the person wants no certificate or the source cannot be used; PAM_AUTH_ERR for
 * a wrong passphrase or PIN, told to the person; the conversation's codes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "pam_ovcert/sources.h"

/* The source that the person wants; with one there is no question. */
int unlock_choose(const Transaction *transaction, const HelperSource *const *offers, size_t count,
                  const HelperSource **ret);
/* Asks for the secret, unless it is typed on the reader, and opens; as of source_open(). */
int unlock_source(const Transaction *transaction, Listing *listing, const HelperSource *source, const uint8_t *wanted,
                  unsigned seconds, OpenSource *ret);
/* Tells why a token that might fit is not asked for its PIN: it is locked, has one try left, or whatever the helper
 * found wrong with it. */
void unlock_tell_unusable(const Transaction *transaction, const HelperSource *source);
/* One text for all who have no certificate that fits, known to us or not (SECURITY 23). */
void unlock_tell_nothing_fits(const Transaction *transaction);
