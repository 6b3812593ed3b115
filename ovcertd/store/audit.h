/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading audit rows. Internal to store/. */
#pragma once

#include "ovcertd/store/columns.h"
#include "ovcertd/store/store.h"

/* The nine columns a.seq to a.hash, as the audit queries list them. A failure sticks to columns; *ret is the caller's
 * to empty either way. */
void audit_load(Columns *columns, AuditRow *ret);
/* The hash of the row with the number, zeros for 0: 0, STORE_NOT_FOUND, or a negative errno. */
int audit_hash_of(Store *store, uint64_t seq, uint8_t ret[32]);
