/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks for a verdict, for "check", "renew" and "assign". Decides nothing itself. */
#include "ovcertctl/verdict.h"

#include "client/dict.h"
#include "common/protocol.h"

void verdict_info_done(VerdictInfo *info) {
    reasons_done(&info->reasons);
    certificate_info_done(&info->certificate);
    path_done(&info->path);
    rules_done(&info->rules);
    *info = (VerdictInfo){0};
}

static int read_verdict(sd_bus_message *reply, VerdictInfo *info) {
    const DictField dict[] = {
        {.key = "accepted", .type = "b", .target = &info->accepted},
        {.key = "reasons", .type = "aa{sv}", .target = &info->reasons, .read = reasons_read},
        {.key = "facts",
         .type = "a{sv}",
         .target = &info->certificate,
         .read = certificate_info_read,
         .optional = true},
        {.key = "revocation-checked", .type = "x", .target = &info->revocation_checked, .optional = true},
        {.key = "path", .type = "aa{sv}", .target = &info->path, .read = path_read, .optional = true},
        {.key = "rules", .type = "a(sss)", .target = &info->rules, .read = rules_read, .optional = true},
    };
    return dict_read(reply, dict, ELEMENTSOF(dict));
}

static int call(Tool *tool, View certificate, const BytesList *chain, const char *user, sd_bus_message **ret) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int r = client_message(tool->client, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, "CheckCertificate", &message);
    if (r < 0)
        return r;
    r = client_append_certificate(message, certificate, chain);
    if (r < 0)
        return r;
    r = user ? sd_bus_message_append(message, "a{sv}", 1, "user", "s", user)
             : sd_bus_message_append(message, "a{sv}", 0);
    return r < 0 ? r : tool_call(tool, message, ret);
}

int verdict_ask(Tool *tool, View certificate, const BytesList *chain, const char *user, VerdictInfo *ret,
                sd_bus_message **ret_reply) {
    CLEANUP(verdict_info_done) VerdictInfo info = {0};
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = call(tool, certificate, chain, user, &reply);
    if (r != 0)
        return r;
    r = read_verdict(reply, &info);
    if (r >= 0)
        r = sd_bus_message_rewind(reply, true);
    if (r < 0)
        return client_bad_reply(tool->client, r);
    *ret = info;
    info = (VerdictInfo){0};
    if (ret_reply)
        *ret_reply = TAKE_PTR(reply);
    return 0;
}
