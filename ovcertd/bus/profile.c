/* SPDX-License-Identifier: BSD-2-Clause */
/* org.ovcert1.Profile: reads, authorizes, calls the service, answers. Must never look a profile up before the caller is
 * authorized, except for whether it is his own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/protocol.h"
#include "ovcertd/bus/answers.h"
#include "ovcertd/bus/object.h"
#include "ovcertd/bus/request.h"
#include "ovcertd/bus/signals.h"
#include "ovcertd/bus/vtables.h"

static int read_options(Request *request, const Option *options, size_t count) {
    return arguments_read_options(request->message, options, count, &request->arguments, &request->failure);
}

/* Root's word that the owner has identified to him, as PAM modules give it: the request is the owner's from here on,
 * with his rights alone (SECURITY 41), and what it opens is his to go on with. */
static int act_for_owner(Request *request) {
    const Arguments *arguments = &request->arguments;
    if (!arguments->has_uid)
        return 0;
    if (request->actor.uid != 0)
        return OVCERT_ERROR_DENIED;
    if (!request->user || !service_is_owner(request->context->service, request->user, arguments->uid))
        return OVCERT_ERROR_ACCOUNT_CHANGED;
    request->actor.uid = arguments->uid;
    request->actor.administrator = false;
    request->actor.through = arguments->service;
    return 0;
}

#define OPTIONS_FOR_OWNER                                                                                              \
    {"uid", OPTION_UID, offsetof(Arguments, uid)}, {                                                                   \
        "service", OPTION_TEXT, offsetof(Arguments, service)                                                           \
    }

/* --- Describe --- */

static int describe(Request *request) {
    CLEANUP(profile_description_done) ProfileDescription description = {0};
    int r = service_describe(request->context->service, request->user, &request->now, &description);
    if (r != 0)
        return r;
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    r = request_new_reply(request, &reply);
    if (r < 0)
        return r;
    r = answers_description(reply, &description);
    return r < 0 ? r : request_send(request, reply);
}

static int read_describe(Request *request) {
    return request_authorize(request, POLICY_READ_PROFILE, describe);
}
DEFINE_METHOD(describe)

/* --- Unlink, Delete --- */

static int reply_opened(Request *request, const OperationOpened *opened) {
    return request_reply(request, "st", opened->id, (uint64_t) opened->deadline);
}

static int unlink_certificate(Request *request) {
    OperationOpened opened = {0};
    int r = act_for_owner(request);
    if (r != 0)
        return r;
    r = service_unlink(request->context->service, &request->actor, request->user, request->arguments.until_assign,
                       request->arguments.bar, &request->now, &opened, &request->failure);
    return r != 0 ? r : reply_opened(request, &opened);
}

static int read_unlink(Request *request) {
    static const Option options[] = {
        {"until-assign", OPTION_FLAG, offsetof(Arguments, until_assign)},
        {"bar", OPTION_FLAG, offsetof(Arguments, bar)},
        OPTIONS_FOR_OWNER,
    };
    int r = read_options(request, options, ELEMENTSOF(options));
    if (r != 0)
        return r;
    PolicyRequest policy = request->arguments.bar ? POLICY_ADMINISTER : POLICY_MANAGE_PROFILE;
    return request_authorize(request, policy, unlink_certificate);
}
DEFINE_METHOD(unlink)

static int delete_profile(Request *request) {
    OperationOpened opened = {0};
    int r = service_delete(request->context->service, &request->actor, request->user, &request->now, &opened,
                           &request->failure);
    return r != 0 ? r : reply_opened(request, &opened);
}

static int read_delete(Request *request) {
    int r = arguments_read_no_options(request->message, &request->failure);
    return r != 0 ? r : request_authorize(request, POLICY_MANAGE_PROFILE, delete_profile);
}
DEFINE_METHOD(delete)

/* --- Confirm, Cancel --- */

/* Confirming a deletion ends the profile; nothing else does. */
static int announce_if_removed(Request *request) {
    CLEANUP(profile_description_done) ProfileDescription description = {0};
    int r = service_describe(request->context->service, request->user, &request->now, &description);
    if (r != OVCERT_ERROR_NOT_FOUND)
        return r;
    return signals_announce(request->context, "ProfileRemoved", request->user);
}

static int confirm(Request *request) {
    int r = act_for_owner(request);
    if (r != 0)
        return r;
    r = service_confirm(request->context->service, &request->actor, request->user, request->arguments.id, &request->now,
                        &request->failure);
    if (r != 0)
        return r;
    r = announce_if_removed(request);
    return r != 0 ? r : request_reply(request, "");
}

static int read_owner_options(Request *request) {
    static const Option options[] = {OPTIONS_FOR_OWNER};
    return read_options(request, options, ELEMENTSOF(options));
}

static int read_confirm(Request *request) {
    Arguments *arguments = &request->arguments;
    int r = arguments_read_text(request->message, "operation", &arguments->id, &request->failure);
    if (r != 0)
        return r;
    r = arguments_read_text(request->message, "code", &arguments->code, &request->failure);
    if (r != 0)
        return r;
    r = read_owner_options(request);
    if (r != 0)
        return r;
    if (arguments->code[0] != '\0')
        return arguments_invalid(&request->failure, "this kind of operation has no code");
    return request_authorize(request, POLICY_MANAGE_PROFILE, confirm);
}
DEFINE_METHOD(confirm)

static int cancel(Request *request) {
    int r = act_for_owner(request);
    if (r != 0)
        return r;
    r = service_cancel(request->context->service, &request->actor, request->user, request->arguments.id, &request->now,
                       &request->failure);
    return r != 0 ? r : request_reply(request, "");
}

static int read_cancel(Request *request) {
    int r = arguments_read_text(request->message, "operation", &request->arguments.id, &request->failure);
    if (r != 0)
        return r;
    r = read_owner_options(request);
    return r != 0 ? r : request_authorize(request, POLICY_MANAGE_PROFILE, cancel);
}
DEFINE_METHOD(cancel)

/* --- BeginProof, Prove --- */

static int begin_proof(Request *request) {
    const Arguments *arguments = &request->arguments;
    CLEANUP(challenge_issued_done) ChallengeIssued issued = {0};
    int r = service_begin_proof(request->context->service, &request->actor, request->user, arguments->certificate,
                                arguments->chain.items, arguments->chain.count, arguments->service, arguments->tty,
                                &request->now, &issued, &request->failure);
    return r != 0 ? r : request_reply_challenge(request, &issued);
}

static int read_begin_proof(Request *request) {
    static const Option options[] = {
        {"service", OPTION_TEXT, offsetof(Arguments, service)},
        {"tty", OPTION_TEXT, offsetof(Arguments, tty)},
    };
    Arguments *arguments = &request->arguments;
    int r = arguments_read_certificate(request->message, &arguments->certificate, &request->failure);
    if (r != 0)
        return r;
    r = arguments_read_chain(request->message, &arguments->chain, &request->failure);
    if (r != 0)
        return r;
    r = read_options(request, options, ELEMENTSOF(options));
    return r != 0 ? r : request_authorize(request, POLICY_MANAGE_PROFILE, begin_proof);
}
DEFINE_METHOD(begin_proof)

static int finish_prove(Request *request) {
    char candidate[STORE_ID_SIZE];
    int r = service_prove_finish(request->context->service, &request->actor, request->proof, &request->now, candidate,
                                 &request->failure);
    return r != 0 ? r : request_reply(request, "s", candidate);
}

static int prove(Request *request) {
    const Arguments *arguments = &request->arguments;
    int r = service_prove_begin(request->context->service, &request->actor, request->user, arguments->id,
                                arguments->algorithm, arguments->signature, &request->now, &request->proof,
                                &request->failure);
    return r != 0 ? r : request_compute(request, proof_judgement(request->proof), finish_prove);
}

static int read_prove(Request *request) {
    Arguments *arguments = &request->arguments;
    int r = arguments_read_text(request->message, "challenge", &arguments->id, &request->failure);
    if (r != 0)
        return r;
    r = arguments_read_text(request->message, "algorithm", &arguments->algorithm, &request->failure);
    if (r != 0)
        return r;
    r = arguments_read_signature(request->message, &arguments->signature, &request->failure);
    return r != 0 ? r : request_authorize(request, POLICY_MANAGE_PROFILE, prove);
}
DEFINE_METHOD(prove)

/* --- Assign --- */

static int assign_candidate(Request *request) {
    AssignOptions options = {.allow_holder_change = request->arguments.holder_change};
    int r = act_for_owner(request);
    if (r != 0)
        return r;
    r = service_assign(request->context->service, &request->actor, request->user, request->arguments.id, &options,
                       &request->now, &request->failure);
    return r != 0 ? r : request_reply(request, "");
}

static int assign_judged(Request *request) {
    AssignOptions options = {.allow_holder_change = request->arguments.holder_change};
    int r = service_assign_unproven(request->context->service, &request->actor, request->user, request->judgement,
                                    &options, &request->now, &request->failure);
    return r != 0 ? r : request_reply(request, "");
}

static int assign_unproven(Request *request) {
    const Arguments *arguments = &request->arguments;
    int r = judgement_new(request->context->service, arguments->certificate, arguments->chain.items,
                          arguments->chain.count, &request->now, &request->judgement);
    return r != 0 ? r : request_compute(request, request->judgement, assign_judged);
}

static int read_assign(Request *request) {
    static const Option options[] = {
        {"certificate", OPTION_CERTIFICATE, offsetof(Arguments, certificate)},
        {"chain", OPTION_CHAIN, offsetof(Arguments, chain)},
        {"holder-change", OPTION_FLAG, offsetof(Arguments, holder_change)},
        OPTIONS_FOR_OWNER,
    };
    Arguments *arguments = &request->arguments;
    int r = arguments_read_text(request->message, "candidate", &arguments->id, &request->failure);
    if (r != 0)
        return r;
    r = read_options(request, options, ELEMENTSOF(options));
    if (r != 0)
        return r;
    bool proven = arguments->id[0] != '\0';
    if (arguments->has_uid && (!proven || arguments->holder_change))
        return arguments_invalid(&request->failure, "an owner assigns what is proven, of his own holder");
    if (proven == (arguments->certificate.size > 0))
        return arguments_invalid(&request->failure, "give either a candidate or a certificate");
    if (!proven)
        return request_authorize(request, POLICY_ADMINISTER, assign_unproven);
    PolicyRequest policy = arguments->holder_change ? POLICY_ADMINISTER : POLICY_MANAGE_PROFILE;
    return request_authorize(request, policy, assign_candidate);
}
DEFINE_METHOD(assign)

/* --- Block, Unblock --- */

static int set_block(Request *request, bool block) {
    int r = service_block(request->context->service, &request->actor, request->user, block, request->arguments.reason,
                          &request->now, &request->failure);
    return r != 0 ? r : request_reply(request, "");
}

static int block(Request *request) {
    return set_block(request, true);
}

static int unblock(Request *request) {
    return set_block(request, false);
}

static int read_block_options(Request *request) {
    static const Option options[] = {
        {"reason", OPTION_TEXT, offsetof(Arguments, reason)},
    };
    return read_options(request, options, ELEMENTSOF(options));
}

static int read_block(Request *request) {
    int r = read_block_options(request);
    return r != 0 ? r : request_authorize(request, POLICY_ADMINISTER, block);
}
DEFINE_METHOD(block)

static int read_unblock(Request *request) {
    int r = read_block_options(request);
    return r != 0 ? r : request_authorize(request, POLICY_ADMINISTER, unblock);
}
DEFINE_METHOD(unblock)

/* --- properties --- */

/* Getters cannot wait for polkit: owner and root by uid, the same no for everybody else, whether it exists or not. */
static int describe_for_getter(BusContext *context, sd_bus_message *call, const char *path, ProfileDescription *ret) {
    uid_t uid = (uid_t) -1;
    int r = peers_uid(context->peers, call, &uid);
    if (r != 0)
        return r < 0 ? r : OVCERT_ERROR_DENIED;
    CLEANUP(free_pointer) char *user = NULL;
    r = object_user(path, &user);
    if (r != 0)
        return r < 0 ? r : OVCERT_ERROR_DENIED;
    if (uid != 0 && !service_is_owner(context->service, user, uid))
        return OVCERT_ERROR_DENIED;
    Moment now = request_moment();
    return service_describe(context->service, user, &now, ret);
}

static int property_state(sd_bus *bus, const char *path, const char *interface, const char *property,
                          sd_bus_message *reply, void *userdata, sd_bus_error *error) {
    CLEANUP(profile_description_done) ProfileDescription description = {0};
    (void) interface;
    int r = describe_for_getter(userdata, sd_bus_get_current_message(bus), path, &description);
    if (r < 0)
        return sd_bus_error_set(error, ovcert_error_name(OVCERT_ERROR_STORAGE), "");
    if (r > 0)
        return sd_bus_error_set(error, ovcert_error_name(r), "");
    const char *value =
        strcmp(property, "State") == 0 ? profile_state_name(&description) : certificate_status_name(description.status);
    return sd_bus_message_append(reply, "s", value);
}

const sd_bus_vtable profile_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD_WITH_ARGS("Describe", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", description), method_describe,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Unlink", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("s", operation, "t", deadline),
                            method_unlink, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Confirm", SD_BUS_ARGS("s", operation, "s", code, "a{sv}", options), SD_BUS_NO_RESULT,
                            method_confirm, SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
    SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_ARGS("s", operation, "a{sv}", options), SD_BUS_NO_RESULT, method_cancel,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("BeginProof", SD_BUS_ARGS("ay", certificate, "aay", chain, "a{sv}", options),
                            SD_BUS_RESULT("s", challenge, "ay", nonce, "a{sv}", fields), method_begin_proof,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Prove", SD_BUS_ARGS("s", challenge, "s", algorithm, "ay", signature),
                            SD_BUS_RESULT("s", candidate), method_prove, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Assign", SD_BUS_ARGS("s", candidate, "a{sv}", options), SD_BUS_NO_RESULT, method_assign,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Block", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_block,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Unblock", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_unblock,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Delete", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("s", operation, "t", deadline),
                            method_delete, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_PROPERTY("State", "s", property_state, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
    SD_BUS_PROPERTY("CertificateStatus", "s", property_state, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
    SD_BUS_VTABLE_END,
};
