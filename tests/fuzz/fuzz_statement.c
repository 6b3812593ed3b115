/* SPDX-License-Identifier: BSD-2-Clause */
/* The signed statement (common/statement.h, SECURITY 2): two statements have the same encoding exactly when all of
 * their fields are the same, and nothing is appended for one that is refused. */
#include <errno.h>
#include <string.h>

#include "common/macros.h"
#include "common/statement.h"
#include "tests/fuzz/input.h"

typedef struct Texts {
    char *user;
    char *service;
    char *tty;
} Texts;

static void texts_done(Texts *texts) {
    free(texts->user);
    free(texts->service);
    free(texts->tty);
}

static void take(Reader *input, Statement *statement, Texts *texts) {
    uint8_t flags = input_u8(input);
    texts->user = input_text(input);
    texts->service = input_text(input);
    texts->tty = input_text(input);
    *statement = (Statement){
        .purpose = (StatementPurpose) (flags & 3),
        .has_replaced = (flags & 4) != 0,
        .user = texts->user,
        .service = texts->service,
        .tty = texts->tty,
        .uid = input_u32(input),
        .deadline = input_u64(input),
    };
    input_fixed(input, statement->nonce, sizeof statement->nonce);
    input_fixed(input, statement->host_id, sizeof statement->host_id);
    input_fixed(input, statement->boot_id, sizeof statement->boot_id);
    input_fixed(input, statement->fingerprint, sizeof statement->fingerprint);
    input_fixed(input, statement->replaced, sizeof statement->replaced);
}

/* The other statement is the first one but for the fields that the input names. */
static void change(uint32_t fields, Statement *other, const Statement *first) {
    Statement mixed = *first;
    mixed.purpose = fields & 1u ? other->purpose : mixed.purpose;
    mixed.user = fields & 2u ? other->user : mixed.user;
    mixed.service = fields & 4u ? other->service : mixed.service;
    mixed.tty = fields & 8u ? other->tty : mixed.tty;
    mixed.uid = fields & 16u ? other->uid : mixed.uid;
    mixed.deadline = fields & 32u ? other->deadline : mixed.deadline;
    mixed.has_replaced = fields & 64u ? other->has_replaced : mixed.has_replaced;
    memcpy(mixed.nonce, fields & 128u ? other->nonce : first->nonce, sizeof mixed.nonce);
    memcpy(mixed.host_id, fields & 256u ? other->host_id : first->host_id, sizeof mixed.host_id);
    memcpy(mixed.boot_id, fields & 512u ? other->boot_id : first->boot_id, sizeof mixed.boot_id);
    memcpy(mixed.fingerprint, fields & 1024u ? other->fingerprint : first->fingerprint, sizeof mixed.fingerprint);
    memcpy(mixed.replaced, fields & 2048u ? other->replaced : first->replaced, sizeof mixed.replaced);
    *other = mixed;
}

static bool same(const Statement *a, const Statement *b) {
    return a->purpose == b->purpose && strcmp(a->user, b->user) == 0 && strcmp(a->service, b->service) == 0 &&
           strcmp(a->tty, b->tty) == 0 && a->uid == b->uid && a->deadline == b->deadline &&
           memcmp(a->nonce, b->nonce, sizeof a->nonce) == 0 && memcmp(a->host_id, b->host_id, sizeof a->host_id) == 0 &&
           memcmp(a->boot_id, b->boot_id, sizeof a->boot_id) == 0 &&
           memcmp(a->fingerprint, b->fingerprint, sizeof a->fingerprint) == 0 && a->has_replaced == b->has_replaced &&
           (!a->has_replaced || memcmp(a->replaced, b->replaced, sizeof a->replaced) == 0);
}

static bool encode(const Statement *statement, Bytes *ret) {
    int r = statement_encode(statement, ret);
    FUZZ_PROMISE(r == 0 || r == -EINVAL);
    FUZZ_PROMISE(r == 0 || ret->size == 0);
    return r == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Reader input = {{data, size}};
    CLEANUP(texts_done) Texts first_texts = {0};
    CLEANUP(texts_done) Texts second_texts = {0};
    CLEANUP(bytes_done) Bytes first_encoded = {0};
    CLEANUP(bytes_done) Bytes second_encoded = {0};
    Statement first, second;
    uint32_t fields = input_u32(&input);
    take(&input, &first, &first_texts);
    take(&input, &second, &second_texts);
    change(fields, &second, &first);
    if (encode(&first, &first_encoded) && encode(&second, &second_encoded))
        FUZZ_PROMISE(same(&first, &second) == view_equal(bytes_view(&first_encoded), bytes_view(&second_encoded)));
    return 0;
}
