/* SPDX-License-Identifier: BSD-2-Clause */
/* Small durable values of core/. Called through store.h; must never hold what belongs in a table. */
#include <errno.h>
#include <string.h>

#include "ovcertd/store/columns.h"
#include "ovcertd/store/query.h"
#include "ovcertd/store/store.h"

#define OWN_PREFIX "store." /* marks of the store itself */

int store_setting_get(Store *store, const char *key, Bytes *ret) {
    CLEANUP(query_done) Query query = {0};

    int r = query_start(store, SQL_SETTING_GET, VALUES(value_text(key)), &query);
    if (r < 0)
        return r;
    r = query_next(&query);
    if (r != 0)
        return r;
    Columns columns = {.statement = query.statement};
    View value = columns_view(&columns);
    r = columns_end(&columns);
    return r < 0 ? r : bytes_copy(value, ret);
}

int store_setting_set(Store *store, const char *key, View value) {
    if (strncmp(key, OWN_PREFIX, strlen(OWN_PREFIX)) == 0)
        return -EINVAL;
    return query_run(store, SQL_SETTING_SET, VALUES(value_text(key), value_blob(value)));
}
