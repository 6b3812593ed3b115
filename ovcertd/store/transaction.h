/* SPDX-License-Identifier: BSD-2-Clause */
/* Transaction: the parts of store.h's units of work that the rest of store/ needs. Internal to store/. */
#pragma once

#include "ovcertd/store/place.h"
#include "ovcertd/store/store.h"

/* The current request erases personal data: once it is committed, the file is written anew and its log emptied. */
int transaction_mark_scrub(Store *store);
/* Does what a crash between such a commit and the rewriting has left undone; place is whose database it is, NULL for a
 * copy. When that fails, store_finish_erasing() has it to do: nobody's open sqlite3 shell keeps the store from being
 * used. */
int transaction_finish_scrub(Store *store, const Place *place);
