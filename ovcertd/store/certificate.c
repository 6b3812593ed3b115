/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates by fingerprint, and the bar on some. Called by core/ through store.h; must never hand out octets that
 * are not the ones whose fingerprint it was asked for (SECURITY 15, 35). */
#include "ovcertd/store/certificate.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "common/protocol.h"
#include "ovcertd/store/query.h"

void certificate_row_done(CertificateRow *row) {
    bytes_done(&row->der);
    free(row->subject);
    free(row->issuer);
    free(row->serial);
    free(row->holder);
    bytes_list_done(&row->chain);
    *row = (CertificateRow){0};
}

static bool is_fingerprint(const uint8_t fingerprint[32], View der) {
    uint8_t hash[crypto_hash_sha256_BYTES];

    (void) crypto_hash_sha256(hash, der.data, der.size); /* always 0 */
    return view_equal((View){.data = hash, .size = sizeof(hash)}, (View){.data = fingerprint, .size = sizeof(hash)});
}

static int encode_chain(const BytesList *chain, Bytes *ret) {
    CLEANUP(bytes_done) Bytes encoded = {0};

    if (chain->count > OVCERT_CHAIN_MAX)
        return -EMSGSIZE;
    int r = bytes_append_u32(&encoded, (uint32_t) chain->count);
    for (size_t i = 0; i < chain->count && r == 0; i++) {
        if (chain->items[i].size > OVCERT_CERTIFICATE_MAX)
            return -EMSGSIZE;
        r = bytes_append_sized(&encoded, bytes_view(&chain->items[i]));
    }
    if (r < 0)
        return r;
    *ret = encoded;
    encoded = (Bytes){0};
    return 0;
}

static int decode_chain(View encoded, BytesList *ret) {
    CLEANUP(bytes_list_done) BytesList chain = {0};
    Reader reader = {.rest = encoded};
    uint32_t count = 0;
    View item;

    int r = reader_u32(&reader, &count);
    if (r == 0 && count > OVCERT_CHAIN_MAX)
        r = -EBADMSG;
    for (uint32_t i = 0; i < count && r == 0; i++) {
        r = reader_sized(&reader, &item);
        if (r == 0)
            r = bytes_list_append(&chain, item);
    }
    if (r == 0 && !reader_at_end(&reader))
        r = -EBADMSG;
    if (r < 0)
        return r == -EBADMSG ? -EUCLEAN : r;
    *ret = chain;
    chain = (BytesList){0};
    return 0;
}

/* Copies, and checks that the octets are the fingerprint's. */
static int load_octets(const Columns *columns, View der, View chain, CertificateRow *row) {
    if (columns->error != 0)
        return columns->error;
    if (der.size > OVCERT_CERTIFICATE_MAX || !is_fingerprint(row->fingerprint, der))
        return -EUCLEAN;
    int r = bytes_copy(der, &row->der);
    if (r < 0)
        return r;
    return decode_chain(chain, &row->chain);
}

void certificate_load(Columns *columns, CertificateRow *ret) {
    ret->id = columns_rowid(columns);
    View der = columns_view(columns);
    columns_octets(columns, ret->fingerprint, sizeof(ret->fingerprint));
    columns_octets(columns, ret->spki_hash, sizeof(ret->spki_hash));
    ret->subject = columns_text(columns);
    ret->issuer = columns_text(columns);
    ret->serial = columns_text(columns);
    ret->holder = columns_text(columns);
    ret->not_before = columns_time(columns);
    ret->not_after = columns_time(columns);
    View chain = columns_view(columns);
    int r = load_octets(columns, der, chain, ret);
    if (r < 0)
        columns->error = r;
}

int store_certificate_put(Store *store, const CertificateRow *row, int64_t *ret_id) {
    CLEANUP(bytes_done) Bytes chain = {0};
    View der = bytes_view(&row->der);

    if (der.size > OVCERT_CERTIFICATE_MAX)
        return -EMSGSIZE;
    if (!is_fingerprint(row->fingerprint, der))
        return -EINVAL;
    int r = encode_chain(&row->chain, &chain);
    if (r < 0)
        return r;
    return query_insert(store, SQL_CERTIFICATE_PUT,
                        VALUES(value_blob(der), value_hash(row->fingerprint), value_hash(row->spki_hash),
                               value_text(row->subject), value_text(row->issuer), value_text(row->serial),
                               value_text(row->holder), value_integer(row->not_before), value_integer(row->not_after),
                               value_blob(bytes_view(&chain))),
                        ret_id);
}

int store_certificate_is_barred(Store *store, const uint8_t fingerprint[32]) {
    CLEANUP(query_done) Query query = {0};

    int r = query_start(store, SQL_BARRED_GET, VALUES(value_hash(fingerprint)), &query);
    if (r < 0)
        return r;
    r = query_next(&query);
    if (r < 0)
        return r;
    return r == 0 ? STORE_EXISTS : 0;
}

int store_certificate_bar(Store *store, const uint8_t fingerprint[32], int64_t when, uint32_t by_uid, const char *why) {
    return query_run(store, SQL_BARRED_PUT,
                     VALUES(value_hash(fingerprint), value_integer(when), value_integer(by_uid), value_text(why)));
}

int store_certificate_unbar(Store *store, const uint8_t fingerprint[32]) {
    return query_change(store, SQL_BARRED_DELETE, VALUES(value_hash(fingerprint)));
}
