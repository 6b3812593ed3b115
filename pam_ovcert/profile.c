/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of a renewal. Called by renewal.c and account.c; must never ask in root's own name for a change, nor for
 * anything that an owner could not do. */
#include "pam_ovcert/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/dict.h"
#include "common/protocol.h"

void certificate_view_done(CertificateView *view) {
    bytes_done(&view->fingerprint);
    free(view->subject);
    free(view->common_name);
    free(view->serial);
    *view = (CertificateView){0};
}

void profile_done(Profile *profile) {
    certificate_view_done(&profile->certificate);
    free(profile->operation);
    *profile = (Profile){0};
}

void profile_verdict_done(ProfileVerdict *verdict) {
    certificate_view_done(&verdict->certificate);
    free(verdict->reason);
    *verdict = (ProfileVerdict){0};
}

/* --- Describe --- */

static int read_certificate(sd_bus_message *message, void *userdata) {
    CertificateView *view = userdata;
    const DictField dict[] = {
        {.key = "fingerprint", .type = "ay", .target = &view->fingerprint, .optional = true},
        {.key = "subject", .type = "s", .target = &view->subject, .optional = true},
        {.key = "common-name", .type = "s", .target = &view->common_name, .optional = true},
        {.key = "serial", .type = "s", .target = &view->serial, .optional = true},
        {.key = "not-after", .type = "x", .target = &view->not_after, .optional = true},
    };
    return dict_read(message, dict, ELEMENTSOF(dict));
}

static bool is_complete(const CertificateView *view) {
    return view->fingerprint.size == STATEMENT_FINGERPRINT_SIZE && view->subject && view->common_name && view->serial;
}

static int read_assigned(sd_bus_message *message, void *userdata) {
    Profile *profile = userdata;
    profile->assigned = true;
    int r = read_certificate(message, &profile->certificate);
    if (r < 0)
        return r;
    return is_complete(&profile->certificate) ? 0 : -EBADMSG;
}

typedef struct Operation {
    char *id;
    char *kind;
    char *state;
    bool until_assign;
    uint32_t opener;
} Operation;

static void operation_done(Operation *operation) {
    free(operation->id);
    free(operation->kind);
    free(operation->state);
}

static int read_operation(sd_bus_message *message, void *userdata) {
    Profile *profile = userdata;
    Operation CLEANUP(operation_done) operation = {0};
    const DictField dict[] = {
        {.key = "id", .type = "s", .target = &operation.id},
        {.key = "kind", .type = "s", .target = &operation.kind},
        {.key = "state", .type = "s", .target = &operation.state},
        {.key = "until-assign", .type = "b", .target = &operation.until_assign},
        {.key = "opener", .type = "u", .target = &operation.opener},
    };
    int r = dict_read(message, dict, ELEMENTSOF(dict));
    if (r < 0 || strcmp(operation.kind, "unlink") != 0)
        return r;
    if (profile->has_unlink)
        return -EBADMSG; /* one open operation per profile and kind */
    profile->has_unlink = true;
    profile->is_swap = operation.until_assign;
    profile->opener = operation.opener;
    profile->confirmed = strcmp(operation.state, "confirmed") == 0;
    profile->operation = TAKE_PTR(operation.id);
    return 0;
}

static int read_operations(sd_bus_message *message, void *profile) {
    return dict_read_list(message, "a{sv}", read_operation, profile);
}

static int read_profile(sd_bus_message *reply, Profile *profile) {
    profile->uid = UINT32_MAX;
    const DictField dict[] = {
        {.key = "uid", .type = "u", .target = &profile->uid, .optional = true},
        {.key = "certificate", .type = "a{sv}", .target = profile, .read = read_assigned, .optional = true},
        {.key = "operations", .type = "aa{sv}", .target = profile, .read = read_operations, .optional = true},
    };
    return dict_read(reply, dict, ELEMENTSOF(dict));
}

int profile_describe(Client *client, const char *user, uint64_t deadline, Profile *ret) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL, *CLEANUP(sd_bus_message_unrefp) reply = NULL;
    Profile CLEANUP(profile_done) profile = {0};
    int r = client_profile_message(client, user, "Describe", &message);
    if (r < 0)
        return r;
    r = client_call(client, message, deadline, &reply);
    if (r != 0)
        return r;
    r = read_profile(reply, &profile);
    if (r < 0)
        return client_bad_reply(client, r);
    *ret = profile;
    profile = (Profile){0};
    return 0;
}

/* --- CheckCertificate --- */

static int read_reason(sd_bus_message *message, void *userdata) {
    ProfileVerdict *verdict = userdata;
    char *CLEANUP(free_pointer) name = NULL;
    const DictField dict[] = {{.key = "name", .type = "s", .target = &name}};
    int r = dict_read(message, dict, ELEMENTSOF(dict));
    if (r >= 0 && !verdict->reason)
        verdict->reason = TAKE_PTR(name);
    return r;
}

static int read_reasons(sd_bus_message *message, void *verdict) {
    return dict_read_list(message, "a{sv}", read_reason, verdict);
}

static int read_verdict(sd_bus_message *reply, ProfileVerdict *verdict) {
    CertificateView *view = &verdict->certificate;
    const DictField dict[] = {
        {.key = "accepted", .type = "b", .target = &verdict->accepted},
        {.key = "reasons", .type = "aa{sv}", .target = verdict, .read = read_reasons},
        {.key = "facts", .type = "a{sv}", .target = view, .read = read_certificate, .optional = true},
    };
    int r = dict_read(reply, dict, ELEMENTSOF(dict));
    return r >= 0 && verdict->accepted && !is_complete(view) ? -EBADMSG : r;
}

/* At most as many issuers as the contract lets through; borrowed. */
static BytesList issuers(const HelperCertificate *certificate) {
    BytesList chain = certificate->chain;
    if (chain.count > OVCERT_CHAIN_MAX - 1)
        chain.count = OVCERT_CHAIN_MAX - 1;
    return chain;
}

int profile_check(Client *client, const char *user, const HelperCertificate *certificate, uint64_t deadline,
                  ProfileVerdict *ret) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL, *CLEANUP(sd_bus_message_unrefp) reply = NULL;
    ProfileVerdict CLEANUP(profile_verdict_done) verdict = {0};
    BytesList chain = issuers(certificate);
    int r = client_message(client, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, "CheckCertificate", &message);
    if (r < 0 || (r = client_append_certificate(message, bytes_view(&certificate->der), &chain)) < 0 ||
        (r = sd_bus_message_append(message, "a{sv}", 1, "user", "s", user)) < 0)
        return r;
    r = client_call(client, message, deadline, &reply);
    if (r != 0)
        return r;
    r = read_verdict(reply, &verdict);
    if (r < 0)
        return client_bad_reply(client, r);
    *ret = verdict;
    verdict = (ProfileVerdict){0};
    return 0;
}

/* --- what changes something --- */

/* An a{sv} that says in whose name, with until-assign on top. Only root speaks for others. */
static int append_options(sd_bus_message *message, const ClientContext *owner, bool until_assign) {
    int r = sd_bus_message_open_container(message, 'a', "{sv}");
    if (r < 0)
        return r;
    if (until_assign && (r = sd_bus_message_append(message, "{sv}", "until-assign", "b", 1)) < 0)
        return r;
    if (geteuid() == 0 && (r = sd_bus_message_append(message, "{sv}", "uid", "u", owner->uid)) < 0)
        return r;
    r = sd_bus_message_append(message, "{sv}", "service", "s", owner->service);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

int profile_unlink(Client *client, const char *user, const ClientContext *owner, uint64_t deadline,
                   char **ret_operation) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL, *CLEANUP(sd_bus_message_unrefp) reply = NULL;
    const char *id = NULL;
    uint64_t until;
    int r = client_profile_message(client, user, "Unlink", &message);
    if (r < 0 || (r = append_options(message, owner, true)) < 0)
        return r;
    r = client_call(client, message, deadline, &reply);
    if (r != 0)
        return r;
    r = sd_bus_message_read(reply, "st", &id, &until);
    if (r < 0)
        return client_bad_reply(client, r);
    *ret_operation = strdup(id);
    return *ret_operation ? 0 : -ENOMEM;
}

int profile_confirm(Client *client, const char *user, const ClientContext *owner, const char *operation,
                    uint64_t deadline) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int r = client_profile_message(client, user, "Confirm", &message);
    if (r < 0 || (r = sd_bus_message_append(message, "ss", operation, "")) < 0 ||
        (r = append_options(message, owner, false)) < 0)
        return r;
    return client_call(client, message, deadline, NULL);
}

/* Cancel and Assign: s and options. */
static int call_with_id(Client *client, const char *user, const char *member, const char *id,
                        const ClientContext *owner, uint64_t deadline) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int r = client_profile_message(client, user, member, &message);
    if (r < 0 || (r = sd_bus_message_append(message, "s", id)) < 0 || (r = append_options(message, owner, false)) < 0)
        return r;
    return client_call(client, message, deadline, NULL);
}

int profile_cancel(Client *client, const char *user, const ClientContext *owner, const char *operation,
                   uint64_t deadline) {
    return call_with_id(client, user, "Cancel", operation, owner, deadline);
}

int profile_assign(Client *client, const char *user, const ClientContext *owner, const char *candidate,
                   uint64_t deadline) {
    return call_with_id(client, user, "Assign", candidate, owner, deadline);
}
