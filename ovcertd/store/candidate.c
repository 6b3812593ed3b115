/* SPDX-License-Identifier: BSD-2-Clause */
/* Candidates: certificates whose possession was proven, waiting for their assignment. Called by core/ through store.h;
 * must never judge whether one is still good: deadlines are core's. */
#include <string.h>

#include "ovcertd/store/certificate.h"
#include "ovcertd/store/columns.h"
#include "ovcertd/store/id.h"
#include "ovcertd/store/query.h"
#include "ovcertd/store/store.h"

void candidate_row_done(CandidateRow *row) {
    certificate_row_done(&row->certificate);
    *row = (CandidateRow){0};
}

static int candidate_load(Columns *columns, void *ret) {
    CLEANUP(candidate_row_done) CandidateRow row = {0};

    columns_hex_id(columns, row.id);
    row.profile = columns_rowid(columns);
    row.proven = columns_time(columns);
    row.deadline = columns_time(columns);
    row.by_uid = columns_uid(columns);
    certificate_load(columns, &row.certificate);
    int r = columns_end(columns);
    if (r < 0)
        return r;
    *(CandidateRow *) ret = row;
    row = (CandidateRow){0};
    return 0;
}

static void candidate_done(void *row) {
    candidate_row_done(row);
}

static const RowType candidate_type = {.size = sizeof(CandidateRow), .load = candidate_load, .done = candidate_done};

CandidateRow *candidate_rows_free(CandidateRow *rows, size_t count) {
    return rows_free(&candidate_type, rows, count);
}

int store_candidate_create(Store *store, int64_t profile, int64_t certificate, int64_t proven, int64_t deadline,
                           uint32_t by_uid, char ret_id[STORE_ID_SIZE]) {
    char id[STORE_ID_SIZE];

    int r = query_run(store, SQL_CANDIDATE_DELETE_SAME, VALUES(value_integer(profile), value_integer(certificate)));
    if (r != 0)
        return r;
    id_make(id);
    r = query_run(store, SQL_CANDIDATE_CREATE,
                  VALUES(value_text(id), value_integer(profile), value_integer(certificate), value_integer(proven),
                         value_integer(deadline), value_integer(by_uid)));
    if (r == 0)
        memcpy(ret_id, id, sizeof(id));
    return r;
}

int store_candidate_get(Store *store, const char *id, CandidateRow *ret) {
    return row_get(store, SQL_CANDIDATE_GET, VALUES(value_text(id)), &candidate_type, ret);
}

int store_candidate_list(Store *store, int64_t profile, CandidateRow **ret, size_t *ret_count) {
    void *rows = NULL;

    int r = rows_get(store, SQL_CANDIDATE_LIST, VALUES(value_integer(profile), value_limit(STORE_LIST_MAX)),
                     &candidate_type, &rows, ret_count);
    if (r == 0)
        *ret = rows;
    return r;
}

int store_candidate_delete(Store *store, const char *id) {
    return query_change(store, SQL_CANDIDATE_DELETE, VALUES(value_text(id)));
}

int store_candidate_expire(Store *store, int64_t now, uint64_t *ret_count) {
    uint64_t count = 0;

    int r = query_run(store, SQL_CANDIDATE_EXPIRE, VALUES(value_integer(now)));
    if (r == 0) {
        count = query_changed(store);
        if (count > 0)
            r = query_run(store, SQL_CERTIFICATE_SWEEP, NO_VALUES);
    }
    if (r == 0)
        *ret_count = count;
    return r;
}
