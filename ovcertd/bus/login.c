/* SPDX-License-Identifier: BSD-2-Clause */
/* org.ovcert1.Login: reads, calls the service, answers, all at once: a login waits for nobody. Root asks for anybody,
 * everybody else for himself, and the bus says who is who; the service holds them to it. Must never believe a uid that
 * anybody but root sends. */
#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "common/error.h"
#include "ovcertd/bus/answers.h"
#include "ovcertd/bus/request.h"
#include "ovcertd/bus/vtables.h"
#include "ovcertd/log.h"

static LoginContext login_context(const Arguments *arguments) {
    return (LoginContext){
        .has_uid = arguments->has_uid,
        .uid = arguments->uid,
        .service = arguments->service,
        .tty = arguments->tty,
    };
}

/* user and context, of Hint and Begin alike. */
static int read_login(Request *request) {
    static const Option options[] = {
        {"uid", OPTION_UID, offsetof(Arguments, uid)},
        {"service", OPTION_TEXT, offsetof(Arguments, service)},
        {"tty", OPTION_TEXT, offsetof(Arguments, tty)},
    };
    Arguments *arguments = &request->arguments;
    int r = arguments_read_user_or_empty(request->message, &arguments->user, &request->failure);
    if (r != 0)
        return r;
    r = arguments_read_options(request->message, options, ELEMENTSOF(options), arguments, &request->failure);
    if (r != 0)
        return r;
    if (request->actor.uid != 0)
        return arguments->has_uid || arguments->user[0] == '\0' ? OVCERT_ERROR_DENIED : 0;
    if (!arguments->has_uid && arguments->user[0] != '\0')
        return arguments_invalid(&request->failure, "the context has no uid");
    return 0;
}

/* --- Hint --- */

static int reply_hint(Request *request, const LoginHint *hint) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = request_new_reply(request, &reply);
    if (r < 0)
        return r;
    r = sd_bus_message_open_container(reply, 'a', "{sv}");
    if (r < 0)
        return r;
    if (hint->has_fingerprint) {
        r = answers_octets(reply, "fingerprint", (View){hint->fingerprint, sizeof hint->fingerprint});
        if (r < 0)
            return r;
        r = answers_string(reply, "key-type", hint->key_type);
        if (r < 0)
            return r;
    }
    r = sd_bus_message_close_container(reply);
    return r < 0 ? r : request_send(request, reply);
}

static int read_hint(Request *request) {
    int r = read_login(request);
    if (r != 0)
        return r;
    LoginContext context = login_context(&request->arguments);
    LoginHint hint = {0};
    r = service_login_hint(request->context->service, &request->actor, request->arguments.user, &context, &request->now,
                           &hint);
    return r != 0 ? r : reply_hint(request, &hint);
}
DEFINE_METHOD(hint)

/* --- Begin --- */

static int read_begin(Request *request) {
    int r = read_login(request);
    if (r != 0)
        return r;
    if (request->arguments.user[0] == '\0')
        return arguments_invalid(&request->failure, "the user is empty");
    LoginContext context = login_context(&request->arguments);
    CLEANUP(challenge_issued_done) ChallengeIssued issued = {0};
    r = service_login_begin(request->context->service, &request->actor, request->arguments.user, &context,
                            &request->now, &issued, &request->failure);
    return r != 0 ? r : request_reply_challenge(request, &issued);
}
DEFINE_METHOD(begin)

/* --- Finish --- */

static int append_result(sd_bus_message *reply, const LoginResult *result) {
    int r = sd_bus_message_open_container(reply, 'a', "{sv}");
    if (r < 0)
        return r;
    r = answers_string(reply, "user", result->user);
    if (r < 0)
        return r;
    r = answers_time(reply, "not-after", result->not_after);
    if (r < 0)
        return r;
    r = answers_time(reply, "days-left", result->days_left);
    if (r < 0)
        return r;
    r = answers_flag(reply, "expiring", result->expiring);
    if (r < 0)
        return r;
    r = sd_bus_message_append(reply, "{sv}", "warnings", "as", 0); /* none is known yet */
    return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* The reason for whoever looks into it; the prompt does not say it. Of root's callers alone, whose sign-ins these are:
 * others could fill the journal, and their refusals are in the audit log, counted. */
static void log_refusal(const Request *request, int outcome) {
    if (request->actor.uid != 0)
        return;
    const char *detail = request->failure.detail;
    log_write(LOG_NOTICE, LOG_EVENT_LOGIN_REFUSED, "sign-in by certificate refused: %s%s%s",
              ovcert_error_name(outcome) + strlen(OVCERT_ERROR_PREFIX), detail ? ": " : "", detail ? detail : "");
}

static int finish(Request *request) {
    const Arguments *arguments = &request->arguments;
    CLEANUP(login_result_done) LoginResult result = {0};
    int r = service_login_finish(request->context->service, &request->actor, arguments->id, arguments->certificate,
                                 arguments->algorithm, arguments->signature, &request->now, &result, &request->failure);
    if (r > 0)
        log_refusal(request, r);
    if (r != 0)
        return r;
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    r = request_new_reply(request, &reply);
    if (r < 0)
        return r;
    r = append_result(reply, &result);
    return r < 0 ? r : request_send(request, reply);
}

static int read_finish(Request *request) {
    Arguments *arguments = &request->arguments;
    int r = arguments_read_text(request->message, "challenge", &arguments->id, &request->failure);
    if (r != 0)
        return r;
    r = arguments_read_certificate(request->message, &arguments->certificate, &request->failure);
    if (r != 0)
        return r;
    /* Held to its limits and left aside: a login is judged along the chain stored at assignment. */
    r = arguments_read_chain(request->message, &arguments->chain, &request->failure);
    if (r != 0)
        return r;
    r = arguments_read_text(request->message, "algorithm", &arguments->algorithm, &request->failure);
    if (r != 0)
        return r;
    r = arguments_read_signature(request->message, &arguments->signature, &request->failure);
    if (r != 0)
        return r;
    r = arguments_read_no_options(request->message, &request->failure);
    return r != 0 ? r : finish(request);
}
DEFINE_METHOD(finish)

const sd_bus_vtable login_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD_WITH_ARGS("Hint", SD_BUS_ARGS("s", user, "a{sv}", context), SD_BUS_RESULT("a{sv}", hint), method_hint,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Begin", SD_BUS_ARGS("s", user, "a{sv}", context),
                            SD_BUS_RESULT("s", challenge, "ay", nonce, "a{sv}", fields), method_begin,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS(
        "Finish",
        SD_BUS_ARGS("s", challenge, "ay", certificate, "aay", chain, "s", algorithm, "ay", signature, "a{sv}", options),
        SD_BUS_RESULT("a{sv}", result), method_finish, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};
