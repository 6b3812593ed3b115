/* SPDX-License-Identifier: BSD-2-Clause */
/* Profiles. Called by core/ through store.h; must never reuse an id, and never leave anything of a deleted profile but
 * erased audit rows and barred fingerprints. */
#include <errno.h>
#include <stdlib.h>

#include "ovcertd/store/columns.h"
#include "ovcertd/store/query.h"
#include "ovcertd/store/store.h"

void profile_row_done(ProfileRow *row) {
    free(row->name);
    free(row->holder);
    free(row->block_reason);
    *row = (ProfileRow){0};
}

static int profile_load(Columns *columns, void *ret) {
    CLEANUP(profile_row_done)
    ProfileRow row = {
        .id = columns_rowid(columns),
        .uid = STORE_UID_NONE,
    };

    row.name = columns_text(columns);
    row.kind = (ProfileKind) columns_integer(columns, PROFILE_UNIX, PROFILE_PORTAL);
    if (row.kind == PROFILE_UNIX)
        row.uid = (uint32_t) columns_integer(columns, 0, STORE_UID_NONE - 1);
    else
        columns_null(columns);
    row.holder = columns_text(columns);
    row.blocked = columns_bool(columns);
    row.block_reason = columns_text(columns);
    row.created = columns_time(columns);
    row.last_login = columns_time(columns);
    int r = columns_end(columns);
    if (r < 0)
        return r;
    *(ProfileRow *) ret = row;
    row = (ProfileRow){0};
    return 0;
}

static void profile_done(void *row) {
    profile_row_done(row);
}

static const RowType profile_type = {.size = sizeof(ProfileRow), .load = profile_load, .done = profile_done};

ProfileRow *profile_rows_free(ProfileRow *rows, size_t count) {
    return rows_free(&profile_type, rows, count);
}

int store_profile_create(Store *store, const ProfileRow *row, int64_t *ret_id) {
    if ((row->kind == PROFILE_UNIX) != (row->uid != STORE_UID_NONE))
        return -EINVAL;
    return query_insert(store, SQL_PROFILE_CREATE,
                        VALUES(value_text(row->name), value_integer(row->kind),
                               row->uid == STORE_UID_NONE ? value_null() : value_integer(row->uid),
                               value_text(row->holder ? row->holder : ""), value_integer(row->blocked),
                               value_text(row->block_reason ? row->block_reason : ""), value_integer(row->created),
                               value_integer(row->last_login)),
                        ret_id);
}

int store_profile_by_name(Store *store, const char *name, ProfileRow *ret) {
    return row_get(store, SQL_PROFILE_BY_NAME, VALUES(value_text(name)), &profile_type, ret);
}

int store_profile_by_uid(Store *store, uint32_t uid, ProfileRow *ret) {
    return row_get(store, SQL_PROFILE_BY_UID, VALUES(value_integer(uid)), &profile_type, ret);
}

int store_profile_by_id(Store *store, int64_t id, ProfileRow *ret) {
    return row_get(store, SQL_PROFILE_BY_ID, VALUES(value_integer(id)), &profile_type, ret);
}

int store_profile_list(Store *store, const char *after, uint32_t limit, ProfileRow **ret, size_t *ret_count) {
    void *rows = NULL;

    int r = rows_get(store, SQL_PROFILE_LIST, VALUES(value_text(after ? after : ""), value_limit(limit)), &profile_type,
                     &rows, ret_count);
    if (r == 0)
        *ret = rows;
    return r;
}

int store_profile_set_holder(Store *store, int64_t id, const char *holder) {
    return query_change(store, SQL_PROFILE_SET_HOLDER, VALUES(value_integer(id), value_text(holder)));
}

int store_profile_set_block(Store *store, int64_t id, bool blocked, const char *reason) {
    return query_change(store, SQL_PROFILE_SET_BLOCK,
                        VALUES(value_integer(id), value_integer(blocked), value_text(reason ? reason : "")));
}

int store_profile_set_last_login(Store *store, int64_t id, int64_t when) {
    return query_change(store, SQL_PROFILE_SET_LAST_LOGIN, VALUES(value_integer(id), value_integer(when)));
}

int store_profile_delete(Store *store, int64_t id) {
    CLEANUP(profile_row_done) ProfileRow row = {0};
    static const SqlQuery dependents[] = {
        SQL_PROFILE_DELETE_OPERATIONS,
        SQL_PROFILE_DELETE_CANDIDATES,
        SQL_PROFILE_DELETE_ASSOCIATIONS,
    };

    int r = store_profile_by_id(store, id, &row);
    if (r == 0)
        r = store_audit_erase_person(store,
                                     row.name); /* first: it finds the person's subjects through the associations */
    for (size_t i = 0; i < ELEMENTSOF(dependents) && r == 0; i++)
        r = query_run(store, dependents[i], VALUES(value_integer(id)));
    if (r == 0)
        r = query_change(store, SQL_PROFILE_DELETE, VALUES(value_integer(id)));
    if (r == 0)
        r = query_run(store, SQL_CERTIFICATE_SWEEP, NO_VALUES);
    return r;
}
