/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what the daemon tells, for all verbs. What decisions rest on must be there; what is only shown may be missing.
 */
#include "ovcertctl/description.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/dict.h"

void reasons_done(Reasons *reasons) {
    for (size_t i = 0; i < reasons->count; i++) {
        free(reasons->items[i].name);
        free(reasons->items[i].detail);
        free(reasons->items[i].wanted);
    }
    free(reasons->items);
    *reasons = (Reasons){0};
}

void rules_done(Rules *rules) {
    for (size_t i = 0; i < rules->count; i++) {
        free(rules->items[i].key);
        free(rules->items[i].text);
        free(rules->items[i].source);
    }
    free(rules->items);
    *rules = (Rules){0};
}

bool reasons_have(const Reasons *reasons, const char *name) {
    for (size_t i = 0; i < reasons->count; i++)
        if (strcmp(reasons->items[i].name, name) == 0)
            return true;
    return false;
}

void certificate_info_done(CertificateInfo *info) {
    bytes_done(&info->fingerprint);
    free(info->subject);
    free(info->issuer);
    free(info->common_name);
    free(info->serial);
    free(info->holder);
    free(info->kind);
    rules_done(&info->rules);
    free(info->key_type);
    reasons_done(&info->reasons);
    path_done(&info->path);
    *info = (CertificateInfo){0};
}

static void operation_done(OperationInfo *operation) {
    free(operation->id);
    free(operation->kind);
    free(operation->state);
}

static void candidate_done(CandidateInfo *candidate) {
    free(candidate->id);
    certificate_info_done(&candidate->certificate);
}

void profile_info_done(ProfileInfo *info) {
    free(info->user);
    free(info->kind);
    free(info->holder);
    free(info->state);
    free(info->block_reason);
    free(info->certificate_status);
    certificate_info_done(&info->certificate);
    for (size_t i = 0; i < info->n_operations; i++)
        operation_done(&info->operations[i]);
    free(info->operations);
    for (size_t i = 0; i < info->n_candidates; i++)
        candidate_done(&info->candidates[i]);
    free(info->candidates);
    *info = (ProfileInfo){0};
}

static int or_empty(char **text) {
    if (!*text)
        *text = strdup("");
    return *text ? 0 : -ENOMEM;
}

/* Room for one more element of the given size, zeroed; NULL when out of memory. */
static void *grow(void **items, size_t *count, size_t size) {
    char *grown = reallocarray(*items, *count + 1, size);
    if (!grown)
        return NULL;
    *items = grown;
    return memset(grown + (*count)++ * size, 0, size);
}

static int read_reason(sd_bus_message *message, void *userdata) {
    Reasons *reasons = userdata;
    Reason *reason = grow((void **) &reasons->items, &reasons->count, sizeof *reason);
    if (!reason)
        return -ENOMEM;
    const DictField dict[] = {
        {.key = "name", .type = "s", .target = &reason->name},
        {.key = "depth", .type = "u", .target = &reason->depth, .optional = true},
        {.key = "detail", .type = "s", .target = &reason->detail, .optional = true},
        {.key = "wanted", .type = "s", .target = &reason->wanted, .optional = true},
    };
    int r = dict_read(message, dict, ELEMENTSOF(dict));
    if (r < 0 || (r = or_empty(&reason->detail)) < 0)
        return r;
    return or_empty(&reason->wanted);
}

int reasons_read(sd_bus_message *message, void *reasons) {
    return dict_read_list(message, "a{sv}", read_reason, reasons);
}

static int add_rule(Rules *rules, const char *key, const char *text, const char *source) {
    Rule *rule = grow((void **) &rules->items, &rules->count, sizeof *rule);
    if (!rule)
        return -ENOMEM;
    rule->key = strdup(key);
    rule->text = strdup(text);
    rule->source = strdup(source);
    return rule->key && rule->text && rule->source ? 0 : -ENOMEM;
}

static int read_rule(sd_bus_message *message, void *rules) {
    const char *key, *text, *source;
    int r = sd_bus_message_read(message, "(sss)", &key, &text, &source);
    return r < 0 ? r : add_rule(rules, key, text, source);
}

int rules_fill(const Kind *kind, Rules *ret) {
    int r = 0;
    for (KindKey key = 0; kind && r == 0 && key < KIND_KEY_COUNT_; key++)
        r = add_rule(ret, kind_key_name(key), kind_text(kind, key), kind_source(kind, key));
    return r;
}

int rules_read(sd_bus_message *message, void *rules) {
    return dict_read_list(message, "(sss)", read_rule, rules);
}

#define CERTIFICATE_FIELDS(info)                                                                                       \
    {.key = "fingerprint", .type = "ay", .target = &(info)->fingerprint, .optional = true},                            \
        {.key = "subject", .type = "s", .target = &(info)->subject, .optional = true},                                 \
        {.key = "issuer", .type = "s", .target = &(info)->issuer, .optional = true},                                   \
        {.key = "common-name", .type = "s", .target = &(info)->common_name, .optional = true},                         \
        {.key = "serial", .type = "s", .target = &(info)->serial, .optional = true},                                   \
        {.key = "holder", .type = "s", .target = &(info)->holder, .optional = true},                                   \
        {.key = "kind", .type = "s", .target = &(info)->kind, .optional = true},                                       \
        {.key = "not-before", .type = "x", .target = &(info)->not_before, .optional = true},                           \
        {.key = "not-after", .type = "x", .target = &(info)->not_after, .optional = true},                             \
        {.key = "key-type", .type = "s", .target = &(info)->key_type, .optional = true}, {                             \
        .key = "key-bits", .type = "u", .target = &(info)->key_bits, .optional = true                                  \
    }

static int fill_empty(CertificateInfo *info) {
    int r;
    if ((r = or_empty(&info->subject)) < 0 || (r = or_empty(&info->issuer)) < 0 ||
        (r = or_empty(&info->common_name)) < 0 || (r = or_empty(&info->serial)) < 0 ||
        (r = or_empty(&info->kind)) < 0 || (r = or_empty(&info->key_type)) < 0)
        return r;
    return or_empty(&info->holder);
}

/* Of a certificate that certainly is one. */
static int certificate_complete(CertificateInfo *info) {
    if (info->fingerprint.size != CERTIFICATE_FINGERPRINT_SIZE || !info->subject)
        return -EBADMSG;
    return fill_empty(info);
}

int certificate_info_read(sd_bus_message *message, void *userdata) {
    CertificateInfo *info = userdata;
    const DictField dict[] = {CERTIFICATE_FIELDS(info)};
    int r = dict_read(message, dict, ELEMENTSOF(dict));
    if (r < 0)
        return r;
    return info->fingerprint.size == 0 ? fill_empty(info) : certificate_complete(info);
}

static int read_assigned(sd_bus_message *message, void *userdata) {
    ProfileInfo *profile = userdata;
    CertificateInfo *info = &profile->certificate;
    profile->has_certificate = true;
    const DictField dict[] = {
        CERTIFICATE_FIELDS(info),
        {.key = "since", .type = "x", .target = &info->since, .optional = true},
        {.key = "proven", .type = "b", .target = &info->proven, .optional = true},
        {.key = "accepted", .type = "b", .target = &info->accepted},
        {.key = "reasons", .type = "aa{sv}", .target = &info->reasons, .read = reasons_read, .optional = true},
        {.key = "revocation-checked", .type = "x", .target = &info->revocation_checked, .optional = true},
        {.key = "path", .type = "aa{sv}", .target = &info->path, .read = path_read, .optional = true},
        {.key = "rules", .type = "a(sss)", .target = &info->rules, .read = rules_read, .optional = true},
    };
    int r = dict_read(message, dict, ELEMENTSOF(dict));
    return r < 0 ? r : certificate_complete(info);
}

static int read_operation(sd_bus_message *message, void *userdata) {
    ProfileInfo *profile = userdata;
    OperationInfo *operation = grow((void **) &profile->operations, &profile->n_operations, sizeof *operation);
    if (!operation)
        return -ENOMEM;
    const DictField dict[] = {
        {.key = "id", .type = "s", .target = &operation->id},
        {.key = "kind", .type = "s", .target = &operation->kind},
        {.key = "state", .type = "s", .target = &operation->state},
        {.key = "until-assign", .type = "b", .target = &operation->until_assign, .optional = true},
        {.key = "opener", .type = "u", .target = &operation->opener},
        {.key = "deadline", .type = "x", .target = &operation->deadline},
    };
    return dict_read(message, dict, ELEMENTSOF(dict));
}

static int read_candidate(sd_bus_message *message, void *userdata) {
    ProfileInfo *profile = userdata;
    CandidateInfo *candidate = grow((void **) &profile->candidates, &profile->n_candidates, sizeof *candidate);
    if (!candidate)
        return -ENOMEM;
    const DictField dict[] = {
        {.key = "id", .type = "s", .target = &candidate->id},
        CERTIFICATE_FIELDS(&candidate->certificate),
        {.key = "proven", .type = "x", .target = &candidate->proven},
        {.key = "deadline", .type = "x", .target = &candidate->deadline},
    };
    int r = dict_read(message, dict, ELEMENTSOF(dict));
    return r < 0 ? r : certificate_complete(&candidate->certificate);
}

static int read_operations(sd_bus_message *message, void *profile) {
    return dict_read_list(message, "a{sv}", read_operation, profile);
}

static int read_candidates(sd_bus_message *message, void *profile) {
    return dict_read_list(message, "a{sv}", read_candidate, profile);
}

int profile_info_read(sd_bus_message *message, ProfileInfo *info) {
    info->uid = UINT32_MAX;
    const DictField dict[] = {
        {.key = "user", .type = "s", .target = &info->user},
        {.key = "kind", .type = "s", .target = &info->kind, .optional = true},
        {.key = "uid", .type = "u", .target = &info->uid, .optional = true},
        {.key = "holder", .type = "s", .target = &info->holder, .optional = true},
        {.key = "state", .type = "s", .target = &info->state},
        {.key = "block-reason", .type = "s", .target = &info->block_reason, .optional = true},
        {.key = "certificate-status", .type = "s", .target = &info->certificate_status},
        {.key = "last-login", .type = "x", .target = &info->last_login, .optional = true},
        {.key = "certificate", .type = "a{sv}", .target = info, .read = read_assigned, .optional = true},
        {.key = "operations", .type = "aa{sv}", .target = info, .read = read_operations, .optional = true},
        {.key = "candidates", .type = "aa{sv}", .target = info, .read = read_candidates, .optional = true},
    };
    int r = dict_read(message, dict, ELEMENTSOF(dict));
    if (r < 0)
        return r;
    info->has_uid = info->uid != UINT32_MAX;
    if ((r = or_empty(&info->kind)) < 0 || (r = or_empty(&info->holder)) < 0)
        return r;
    return or_empty(&info->block_reason);
}

int certificate_info_fill(const CertificateFacts *facts, CertificateInfo *info) {
    info->not_before = facts->not_before;
    info->not_after = facts->not_after;
    info->subject = strdup(facts->subject);
    info->issuer = strdup(facts->issuer);
    info->common_name = strdup(facts->common_name);
    info->serial = strdup(facts->serial);
    info->holder = strdup(facts->holder);
    info->kind = strdup("");
    info->key_type = strdup(facts->key_type);
    info->key_bits = facts->key_bits;
    if (!info->subject || !info->issuer || !info->common_name || !info->serial || !info->holder || !info->kind ||
        !info->key_type)
        return -ENOMEM;
    return bytes_copy((View){facts->fingerprint, sizeof facts->fingerprint}, &info->fingerprint);
}

static int call_describe(Tool *tool, const char *user, sd_bus_message **ret) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int r = client_profile_message(tool->client, user, "Describe", &message);
    return r < 0 ? r : tool_call(tool, message, ret);
}

int profile_describe(Tool *tool, const char *user, ProfileInfo *ret, sd_bus_message **ret_reply) {
    CLEANUP(profile_info_done) ProfileInfo profile = {0};
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = call_describe(tool, user, &reply);
    if (r != 0)
        return r;
    r = profile_info_read(reply, &profile);
    if (r >= 0)
        r = sd_bus_message_rewind(reply, true);
    if (r < 0)
        return client_bad_reply(tool->client, r);
    *ret = profile;
    profile = (ProfileInfo){0};
    if (ret_reply)
        *ret_reply = TAKE_PTR(reply);
    return 0;
}

const OperationInfo *profile_operation(const ProfileInfo *profile, const char *kind) {
    for (size_t i = 0; i < profile->n_operations; i++)
        if (strcmp(profile->operations[i].kind, kind) == 0)
            return &profile->operations[i];
    return NULL;
}

const CandidateInfo *profile_candidate(const ProfileInfo *profile) {
    const CandidateInfo *newest = NULL;
    for (size_t i = 0; i < profile->n_candidates; i++)
        if (!newest || profile->candidates[i].proven > newest->proven)
            newest = &profile->candidates[i];
    return newest;
}
