/* SPDX-License-Identifier: BSD-2-Clause */
/* Builds the signed statement. Called by the helper before it signs and by the daemon before it verifies; must never
 * grow a variant. */
#include "common/statement.h"

#include <errno.h>
#include <string.h>

#include "common/macros.h"
#include "common/text.h"

static const char statement_magic[] = "ovcert statement"; /* its NUL is part of it */

static int statement_check(const Statement *statement) {
    if (!statement_purpose_name(statement->purpose))
        return -EINVAL;
    if (!text_is_user_name(statement->user))
        return -EINVAL;
    if (strnlen(statement->service, STATEMENT_TEXT_MAX + 1) > STATEMENT_TEXT_MAX ||
        strnlen(statement->tty, STATEMENT_TEXT_MAX + 1) > STATEMENT_TEXT_MAX)
        return -EINVAL;
    if (statement->purpose == STATEMENT_LOGIN && statement->has_replaced)
        return -EINVAL;
    return 0;
}

static int append_sized_u32(Bytes *bytes, uint32_t value) {
    int r = bytes_append_u32(bytes, sizeof value);
    return r < 0 ? r : bytes_append_u32(bytes, value);
}

static int append_sized_u64(Bytes *bytes, uint64_t value) {
    int r = bytes_append_u32(bytes, sizeof value);
    return r < 0 ? r : bytes_append_u64(bytes, value);
}

int statement_encode(const Statement *statement, Bytes *ret) {
    int r = statement_check(statement);
    if (r < 0)
        return r;
    Bytes CLEANUP(bytes_done) all = {0};
    View replaced = {statement->replaced, statement->has_replaced ? STATEMENT_FINGERPRINT_SIZE : 0};
    if ((r = bytes_append(&all, (View){(const uint8_t *) statement_magic, sizeof statement_magic})) < 0 ||
        (r = bytes_append_u8(&all, STATEMENT_VERSION)) < 0 ||
        (r = bytes_append_u8(&all, (uint8_t) statement->purpose)) < 0 ||
        (r = bytes_append_sized(&all, (View){statement->nonce, STATEMENT_NONCE_SIZE})) < 0 ||
        (r = bytes_append_string(&all, statement->user)) < 0 || (r = append_sized_u32(&all, statement->uid)) < 0 ||
        (r = bytes_append_string(&all, statement->service)) < 0 ||
        (r = bytes_append_string(&all, statement->tty)) < 0 ||
        (r = bytes_append_sized(&all, (View){statement->host_id, STATEMENT_ID_SIZE})) < 0 ||
        (r = bytes_append_sized(&all, (View){statement->boot_id, STATEMENT_ID_SIZE})) < 0 ||
        (r = bytes_append_sized(&all, (View){statement->fingerprint, STATEMENT_FINGERPRINT_SIZE})) < 0 ||
        (r = bytes_append_sized(&all, replaced)) < 0 || (r = append_sized_u64(&all, statement->deadline)) < 0)
        return r;
    return bytes_append(ret, bytes_view(&all));
}

const char *statement_purpose_name(StatementPurpose purpose) {
    switch (purpose) {
    case STATEMENT_LOGIN:
        return "login";
    case STATEMENT_ASSIGN:
        return "assign";
    }
    return NULL;
}
