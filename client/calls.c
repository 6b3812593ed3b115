/* SPDX-License-Identifier: BSD-2-Clause */
/* The typed calls: signing in, and proving possession. Used by the PAM module and ovcertctl; must never hand on a
 * challenge for anything but what was asked, since the user is about to sign it. */
#include "client/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/dict.h"
#include "common/protocol.h"
#include "common/text.h"

/* What a challenge must be for. */
typedef struct Asked {
    StatementPurpose purpose;
    const char *user;
    const char *service;
    const char *tty;
    bool has_uid;
    uint32_t uid;
} Asked;

/* A challenge as it arrives. */
typedef struct Fields {
    char *purpose;
    uint32_t uid;
    Bytes nonce;
    Bytes host_id;
    Bytes boot_id;
    Bytes replaced;
    uint64_t deadline;
} Fields;

static void fields_done(Fields *fields) {
    free(fields->purpose);
    bytes_done(&fields->nonce);
    bytes_done(&fields->host_id);
    bytes_done(&fields->boot_id);
    bytes_done(&fields->replaced);
}

void client_challenge_done(ClientChallenge *challenge) {
    free(challenge->id);
    free(challenge->user);
    free(challenge->service);
    free(challenge->tty);
    *challenge = (ClientChallenge){0};
}

void client_login_done(ClientLogin *login) {
    free(login->user);
    *login = (ClientLogin){0};
}

static int read_fields(sd_bus_message *reply, ClientChallenge *challenge, Fields *fields) {
    const char *id;
    int r = sd_bus_message_read(reply, "s", &id);
    if (r < 0)
        return r;
    challenge->id = strdup(id);
    if (!challenge->id)
        return -ENOMEM;
    const void *nonce;
    size_t size;
    r = sd_bus_message_read_array(reply, 'y', &nonce, &size);
    if (r < 0)
        return r;
    r = bytes_copy((View){nonce, size}, &fields->nonce);
    if (r < 0)
        return r;
    const DictField dict[] = {
        {.key = "purpose", .type = "s", .target = &fields->purpose},
        {.key = "user", .type = "s", .target = &challenge->user},
        {.key = "uid", .type = "u", .target = &fields->uid},
        {.key = "service", .type = "s", .target = &challenge->service},
        {.key = "tty", .type = "s", .target = &challenge->tty},
        {.key = "host-id", .type = "ay", .target = &fields->host_id},
        {.key = "boot-id", .type = "ay", .target = &fields->boot_id},
        {.key = "replaced", .type = "ay", .target = &fields->replaced, .optional = true},
        {.key = "deadline", .type = "t", .target = &fields->deadline},
    };
    return dict_read(reply, dict, ELEMENTSOF(dict));
}

static bool is_as_asked(const Asked *asked, const ClientChallenge *challenge, const Fields *fields) {
    return strcmp(fields->purpose, statement_purpose_name(asked->purpose)) == 0 &&
           strcmp(challenge->user, asked->user) == 0 && strcmp(challenge->service, asked->service) == 0 &&
           strcmp(challenge->tty, asked->tty) == 0 && (!asked->has_uid || fields->uid == asked->uid);
}

static bool has_sizes(const Asked *asked, const Fields *fields) {
    bool may_replace = asked->purpose == STATEMENT_ASSIGN;
    return fields->nonce.size == STATEMENT_NONCE_SIZE && fields->host_id.size == STATEMENT_ID_SIZE &&
           fields->boot_id.size == STATEMENT_ID_SIZE &&
           (fields->replaced.size == 0 || (may_replace && fields->replaced.size == STATEMENT_FINGERPRINT_SIZE));
}

static void fill_statement(const Asked *asked, const Fields *fields, ClientChallenge *challenge) {
    Statement *statement = &challenge->statement;
    statement->purpose = asked->purpose;
    statement->user = challenge->user;
    statement->uid = fields->uid;
    statement->service = challenge->service;
    statement->tty = challenge->tty;
    statement->deadline = fields->deadline;
    statement->has_replaced = fields->replaced.size > 0;
    memcpy(statement->nonce, fields->nonce.data, STATEMENT_NONCE_SIZE);
    memcpy(statement->host_id, fields->host_id.data, STATEMENT_ID_SIZE);
    memcpy(statement->boot_id, fields->boot_id.data, STATEMENT_ID_SIZE);
    if (statement->has_replaced)
        memcpy(statement->replaced, fields->replaced.data, STATEMENT_FINGERPRINT_SIZE);
}

static int read_challenge(Client *client, sd_bus_message *reply, const Asked *asked, ClientChallenge *ret) {
    CLEANUP(client_challenge_done) ClientChallenge challenge = {0};
    CLEANUP(fields_done) Fields fields = {0};
    int r = read_fields(reply, &challenge, &fields);
    if (r < 0)
        return client_bad_reply(client, r);
    if (!is_as_asked(asked, &challenge, &fields) || !has_sizes(asked, &fields))
        return client_bad_reply(client, -EBADMSG);
    fill_statement(asked, &fields, &challenge);
    *ret = challenge;
    challenge = (ClientChallenge){0};
    return 0;
}

static const char *or_empty(const char *text) {
    return text ? text : "";
}

/* The bus ends a connection that sends a string which is not UTF-8. */
static bool is_sendable(const char *text) {
    return text_is_utf8((View){(const uint8_t *) text, strlen(text)});
}

/* Only root may say a uid; the bus tells everybody else's. */
static int append_context(sd_bus_message *message, const ClientContext *context) {
    int r = sd_bus_message_open_container(message, 'a', "{sv}");
    if (r < 0)
        return r;
    if (geteuid() == 0) {
        r = sd_bus_message_append(message, "{sv}", "uid", "u", context->uid);
        if (r < 0)
            return r;
    }
    r = sd_bus_message_append(message, "{sv}{sv}", "service", "s", or_empty(context->service), "tty", "s",
                              or_empty(context->tty));
    return r < 0 ? r : sd_bus_message_close_container(message);
}

static int call_login(Client *client, const char *member, const char *user, const ClientContext *context,
                      uint64_t deadline, sd_bus_message **ret) {
    if (!is_sendable(user) || !is_sendable(or_empty(context->service)) || !is_sendable(or_empty(context->tty)))
        return -EINVAL;
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int r = client_message(client, OVCERT_OBJECT_PATH, OVCERT_LOGIN_INTERFACE, member, &message);
    if (r < 0)
        return r;
    r = sd_bus_message_append(message, "s", user);
    if (r < 0)
        return r;
    r = append_context(message, context);
    if (r < 0)
        return r;
    return client_call(client, message, deadline, ret);
}

int client_login_hint(Client *client, const char *user, const ClientContext *context, uint64_t deadline,
                      uint8_t ret_fingerprint[32]) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = call_login(client, "Hint", user, context, deadline, &reply);
    if (r != 0)
        return r;
    CLEANUP(bytes_done) Bytes fingerprint = {0};
    const DictField dict[] = {{.key = "fingerprint", .type = "ay", .target = &fingerprint}};
    r = dict_read(reply, dict, ELEMENTSOF(dict));
    if (r < 0)
        return client_bad_reply(client, r);
    if (fingerprint.size != STATEMENT_FINGERPRINT_SIZE)
        return client_bad_reply(client, -EBADMSG);
    memcpy(ret_fingerprint, fingerprint.data, STATEMENT_FINGERPRINT_SIZE);
    return 0;
}

int client_login_begin(Client *client, const char *user, const ClientContext *context, uint64_t deadline,
                       ClientChallenge *ret) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = call_login(client, "Begin", user, context, deadline, &reply);
    if (r != 0)
        return r;
    const Asked asked = {
        .purpose = STATEMENT_LOGIN,
        .user = user,
        .service = or_empty(context->service),
        .tty = or_empty(context->tty),
        .has_uid = true,
        .uid = geteuid() == 0 ? context->uid : geteuid(),
    };
    return read_challenge(client, reply, &asked, ret);
}

static int read_login(Client *client, sd_bus_message *reply, const char *user, ClientLogin *ret) {
    CLEANUP(client_login_done) ClientLogin login = {0};
    const DictField dict[] = {
        {.key = "user", .type = "s", .target = &login.user},
        {.key = "not-after", .type = "x", .target = &login.not_after},
        {.key = "days-left", .type = "x", .target = &login.days_left},
        {.key = "expiring", .type = "b", .target = &login.expiring},
    };
    int r = dict_read(reply, dict, ELEMENTSOF(dict));
    if (r < 0)
        return client_bad_reply(client, r);
    if (strcmp(login.user, user) != 0)
        return client_bad_reply(client, -EBADMSG);
    *ret = login;
    login = (ClientLogin){0};
    return 0;
}

static int append_answer(sd_bus_message *message, const char *algorithm, View signature) {
    int r = sd_bus_message_append(message, "s", algorithm);
    return r < 0 ? r : sd_bus_message_append_array(message, 'y', signature.data, signature.size);
}

int client_login_finish(Client *client, const ClientChallenge *challenge, View certificate, const BytesList *chain,
                        const char *algorithm, View signature, uint64_t deadline, ClientLogin *ret) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = client_message(client, OVCERT_OBJECT_PATH, OVCERT_LOGIN_INTERFACE, "Finish", &message);
    if (r < 0)
        return r;
    if ((r = sd_bus_message_append(message, "s", challenge->id)) < 0 ||
        (r = client_append_certificate(message, certificate, chain)) < 0 ||
        (r = append_answer(message, algorithm, signature)) < 0 || (r = sd_bus_message_append(message, "a{sv}", 0)) < 0)
        return r;
    r = client_call(client, message, deadline, &reply);
    return r != 0 ? r : read_login(client, reply, challenge->user, ret);
}

int client_begin_proof(Client *client, const char *user, View certificate, const BytesList *chain, const char *service,
                       const char *tty, uint64_t deadline, ClientChallenge *ret) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = client_profile_message(client, user, "BeginProof", &message);
    if (r < 0)
        return r;
    r = client_append_certificate(message, certificate, chain);
    if (r < 0)
        return r;
    const Asked asked = {.purpose = STATEMENT_ASSIGN, .user = user, .service = or_empty(service), .tty = or_empty(tty)};
    r = sd_bus_message_append(message, "a{sv}", 2, "service", "s", asked.service, "tty", "s", asked.tty);
    if (r < 0)
        return r;
    r = client_call(client, message, deadline, &reply);
    return r != 0 ? r : read_challenge(client, reply, &asked, ret);
}

int client_prove(Client *client, const char *user, const ClientChallenge *challenge, const char *algorithm,
                 View signature, uint64_t deadline, char **ret_candidate) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = client_profile_message(client, user, "Prove", &message);
    if (r < 0)
        return r;
    if ((r = sd_bus_message_append(message, "s", challenge->id)) < 0 ||
        (r = append_answer(message, algorithm, signature)) < 0)
        return r;
    r = client_call(client, message, deadline, &reply);
    if (r != 0)
        return r;
    const char *candidate;
    r = sd_bus_message_read(reply, "s", &candidate);
    if (r < 0)
        return client_bad_reply(client, r);
    char *copy = strdup(candidate);
    if (!copy)
        return -ENOMEM;
    *ret_candidate = copy;
    return 0;
}
