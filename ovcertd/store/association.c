/* SPDX-License-Identifier: BSD-2-Clause */
/* Associations of profiles and certificates. Called by core/ through store.h; must never forget one that has ended. */
#include "ovcertd/store/certificate.h"
#include "ovcertd/store/columns.h"
#include "ovcertd/store/query.h"
#include "ovcertd/store/store.h"

void association_row_done(AssociationRow *row) {
    certificate_row_done(&row->certificate);
    *row = (AssociationRow){0};
}

static int association_load(Columns *columns, void *ret) {
    CLEANUP(association_row_done)
    AssociationRow row = {
        .id = columns_rowid(columns),
    };

    row.profile = columns_rowid(columns);
    row.since = columns_time(columns);
    row.by_uid = columns_uid(columns);
    row.proven = columns_bool(columns);
    certificate_load(columns, &row.certificate);
    int r = columns_end(columns);
    if (r < 0)
        return r;
    *(AssociationRow *) ret = row;
    row = (AssociationRow){0};
    return 0;
}

static void association_done(void *row) {
    association_row_done(row);
}

static const RowType association_type = {
    .size = sizeof(AssociationRow),
    .load = association_load,
    .done = association_done,
};

int store_association_active(Store *store, int64_t profile, AssociationRow *ret) {
    return row_get(store, SQL_ASSOCIATION_ACTIVE, VALUES(value_integer(profile)), &association_type, ret);
}

int store_association_by_fingerprint(Store *store, const uint8_t fingerprint[32], AssociationRow *ret) {
    return row_get(store, SQL_ASSOCIATION_BY_FINGERPRINT, VALUES(value_hash(fingerprint)), &association_type, ret);
}

int store_association_create(Store *store, int64_t profile, int64_t certificate, int64_t since, uint32_t by_uid,
                             bool proven, int64_t *ret_id) {
    return query_insert(store, SQL_ASSOCIATION_CREATE,
                        VALUES(value_integer(profile), value_integer(certificate), value_integer(since),
                               value_integer(by_uid), value_integer(proven)),
                        ret_id);
}

int store_association_end(Store *store, int64_t id, int64_t when, uint32_t by_uid, const char *why) {
    return query_change(store, SQL_ASSOCIATION_END,
                        VALUES(value_integer(id), value_integer(when), value_integer(by_uid), value_text(why)));
}
