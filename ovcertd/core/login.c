/* SPDX-License-Identifier: BSD-2-Clause */
/* Signing in: Hint, Begin, Finish. Called by bus/ for PAM modules; must never accept without a verified signature over
 * a challenge of its own (SECURITY 1), nor let its answers tell unknown users from those without a certificate
 * (SECURITY 23). */
#include "ovcertd/core/service_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "common/error.h"
#include "common/text.h"

#define DAY_SECONDS (24 * 60 * 60)

void login_result_done(LoginResult *result) {
    free(result->user);
    *result = (LoginResult){0};
}

/* The uid that the caller says the user has: root's word, everybody else's own. */
static int login_uid(const Actor *actor, const char *user, const LoginContext *context, uint32_t *ret) {
    bool root = actor->uid == 0;
    if (root != context->has_uid || (root && context->uid == STORE_UID_NONE))
        return OVCERT_ERROR_INVALID_ARGUMENT;
    if (!text_is_user_name(user))
        return OVCERT_ERROR_INVALID_ARGUMENT;
    *ret = root ? context->uid : actor->uid;
    return 0;
}

/* Whom a sign-in is for, as the store has it. */
typedef struct Target {
    ProfileRow profile;
    AssociationRow association;
    bool known;    /* there is a profile of this name and uid */
    bool assigned; /* with a certificate */
    bool changed;  /* the name has another uid now (SECURITY 42); told to root alone */
} Target;

static void target_done(Target *target) {
    profile_row_done(&target->profile);
    association_row_done(&target->association);
}

/* The same look-ups whatever they find; -1 is nobody's id. */
static int target_find(Service *service, const Actor *actor, const char *user, uint32_t uid, Target *ret) {
    int r = store_profile_by_name(service->store, user, &ret->profile);
    if (r != 0 && r != STORE_NOT_FOUND)
        return core_fault(r);
    bool unix_profile = r == 0 && ret->profile.kind == PROFILE_UNIX;
    ret->known = unix_profile && ret->profile.uid == uid;
    ret->changed = unix_profile && !ret->known && actor->uid == 0;
    r = store_association_active(service->store, ret->known ? ret->profile.id : -1, &ret->association);
    if (r != 0 && r != STORE_NOT_FOUND)
        return core_fault(r);
    ret->assigned = r == 0;
    return 0;
}

/* --- Hint --- */

static const char *static_key_type(const char *type) {
    static const char *const types[] = {"rsa", "ecdsa", "ed25519"};
    for (size_t i = 0; i < ELEMENTSOF(types); i++)
        if (strcmp(types[i], type) == 0)
            return types[i];
    return "other";
}

static int hint_real(Service *service, const CertificateRow *row, LoginHint *ret) {
    Certificate *CLEANUP(certificate_freep) certificate = NULL;
    int r = service_certificate(service, row, &certificate);
    if (r < 0)
        return r;
    memcpy(ret->fingerprint, row->fingerprint, sizeof ret->fingerprint);
    ret->key_type = static_key_type(certificate_facts(certificate)->key_type);
    return 0;
}

/* Stable over restarts, and what most cards and files have. */
static void hint_made_up(const Service *service, const char *user, LoginHint *ret) {
    *ret = (LoginHint){.has_fingerprint = true, .key_type = "rsa"};
    (void) crypto_generichash(ret->fingerprint, sizeof ret->fingerprint, (const unsigned char *) user, strlen(user),
                              service->hint_key, sizeof service->hint_key); /* sizes are within its bounds */
}

int service_login_hint(Service *service, const Actor *actor, const char *user, const LoginContext *context,
                       const Moment *now, LoginHint *ret) {
    (void) now; /* a hint does not depend on the time */
    if (*user == '\0' && actor->uid == 0) {
        *ret = (LoginHint){.key_type = ""};
        return 0;
    }
    Target CLEANUP(target_done) target = {0};
    uint32_t uid = 0;
    int r = login_uid(actor, user, context, &uid);
    if (r != 0 || (r = target_find(service, actor, user, uid, &target)) < 0)
        return r;
    hint_made_up(service, user, ret);
    return target.assigned ? hint_real(service, &target.association.certificate, ret) : 0;
}

/* --- Begin --- */

static int begin(Request *request, const char *user, const LoginContext *context, ChallengeIssued *ret) {
    Target CLEANUP(target_done) target = {0};
    Challenge CLEANUP(challenge_done) draft = {.purpose = STATEMENT_LOGIN};
    int r = login_uid(request->actor, user, context, &draft.uid);
    if (r != 0)
        return r;
    request->counted = draft.uid;
    if ((r = target_find(request->service, request->actor, user, draft.uid, &target)) < 0)
        return r;
    if (!(request->profile = strdup(target.known || target.changed ? user : "")) || !(draft.user = strdup(user)))
        return -ENOMEM;
    if (target.changed)
        return OVCERT_ERROR_ACCOUNT_CHANGED;
    return challenge_issue(request, &draft, context->service, context->tty, ret);
}

/* In a crowd, most requests end here, and cost those that get a place nothing: no look-up, no unit of work, no row,
 * since this user's refusals of the minute are only counted by now (SECURITY 33, 40). Known and unknown names alike. */
static bool is_crowded_out(Service *service, const Actor *actor, const char *user, const LoginContext *context,
                           const Moment *now) {
    uint32_t uid = 0;
    if (login_uid(actor, user, context, &uid) != 0)
        return false;
    char *CLEANUP(free_pointer) sender = strdup(actor->sender), *CLEANUP(free_pointer) name = strdup(user);
    Challenge wanted = {.sender = sender, .sender_uid = actor->uid, .user = name, .uid = uid};
    if (!sender || !name || !challenge_table_is_full(service->challenges, &wanted, now->boottime))
        return false;
    return audit_count_only(service, uid, now);
}

int service_login_begin(Service *service, const Actor *actor, const char *user, const LoginContext *context,
                        const Moment *now, ChallengeIssued *ret, Failure *failure) {
    Request CLEANUP(request_done) request = {
        .service = service,
        .actor = actor,
        .now = now,
        .failure = failure,
        .refused = "login-refused",
    };
    if (is_crowded_out(service, actor, user, context, now))
        return OVCERT_ERROR_LIMIT_EXCEEDED;
    int r = request_begin(&request);
    return r < 0 ? r : request_end(&request, begin(&request, user, context, ret));
}

/* --- Finish --- */

/* Possession first, so that a certificate is refused only to somebody who has its key; then it must be the assigned
 * one. Nothing else is told of a user that a stranger could not learn by asking for a name that never was. */
static int check_possession(Request *request, const Challenge *challenge, const Target *target,
                            const Certificate *certificate, const char *algorithm, View signature) {
    if (target->changed)
        return OVCERT_ERROR_ACCOUNT_CHANGED;
    if (!target->assigned)
        return OVCERT_ERROR_NO_CERTIFICATE;
    if (!certificate)
        return OVCERT_ERROR_SIGNATURE_INVALID;
    int r = challenge_verify(request->service, challenge, certificate, algorithm, signature);
    if (r != 0)
        return r;
    const CertificateRow *assigned = &target->association.certificate;
    if (memcmp(certificate_facts(certificate)->fingerprint, assigned->fingerprint, sizeof assigned->fingerprint) != 0)
        return OVCERT_ERROR_CERTIFICATE_REFUSED;
    return request_subject(request, assigned->subject);
}

/* What is the assigned one, octet by octet, has been parsed before; of nobody else's is anything kept. This decides
 * nothing: check_possession() asks the same of either. */
static int parse_sent(Service *service, const Target *target, View sent, Certificate **ret) {
    const CertificateRow *assigned = &target->association.certificate;
    if (target->assigned && view_equal(sent, bytes_view(&assigned->der)))
        return service_certificate(service, assigned, ret);
    return certificate_parse(sent, ret);
}

static int check_target(Request *request, const Target *target) {
    if (target->profile.blocked)
        return OVCERT_ERROR_PROFILE_BLOCKED;
    Verdict CLEANUP(verdict_done) verdict = {0};
    int r = service_judge(request->service, &target->association.certificate, request->now, &verdict);
    if (r < 0)
        return r;
    return verdict_accepted(&verdict) ? 0 : request_refuse(request, &verdict);
}

static int accept(Request *request, Target *target, LoginResult *ret) {
    const Moment *now = request->now;
    int64_t not_after = target->association.certificate.not_after;
    int r = core_fault(store_profile_set_last_login(request->service->store, target->profile.id, now->real));
    if (r < 0)
        return r;
    *ret = (LoginResult){
        .user = TAKE_PTR(target->profile.name),
        .not_after = not_after,
        .days_left = (not_after - now->real) / DAY_SECONDS,
        .expiring = certificate_is_expiring(request->service, not_after, now),
    };
    return 0;
}

typedef struct Answer {
    const char *challenge;
    View certificate;
    const char *algorithm;
    View signature;
} Answer;

static int finish(Request *request, const Answer *answer, LoginResult *ret) {
    Service *service = request->service;
    const Actor *actor = request->actor;
    Challenge CLEANUP(challenge_done) challenge = {0};
    Target CLEANUP(target_done) target = {0};
    Certificate *CLEANUP(certificate_freep) certificate = NULL;
    int r = challenge_table_take(service->challenges, answer->challenge, actor->sender, actor->uid, STATEMENT_LOGIN,
                                 request->now->boottime, &challenge);
    if (r != 0)
        return r;
    request->counted = challenge.uid;
    if ((r = target_find(service, actor, challenge.user, challenge.uid, &target)) < 0)
        return r;
    if (!(request->profile = strdup(target.known || target.changed ? challenge.user : "")))
        return -ENOMEM;
    r = parse_sent(service, &target, answer->certificate, &certificate);
    if (r < 0 || (r = request_note_service(request, challenge.service)) < 0)
        return r;
    r = check_possession(request, &challenge, &target, certificate, answer->algorithm, answer->signature);
    if (r != 0 || (r = check_target(request, &target)) != 0)
        return r;
    return accept(request, &target, ret);
}

int service_login_finish(Service *service, const Actor *actor, const char *challenge, View certificate,
                         const char *algorithm, View signature, const Moment *now, LoginResult *ret, Failure *failure) {
    Request CLEANUP(request_done) request = {
        .service = service,
        .actor = actor,
        .now = now,
        .failure = failure,
        .done = "login-accepted",
        .refused = "login-refused",
    };
    Answer answer = {
        .challenge = challenge, .certificate = certificate, .algorithm = algorithm, .signature = signature};
    LoginResult CLEANUP(login_result_done) result = {0};
    int r = request_begin(&request);
    if (r >= 0)
        r = request_end(&request, finish(&request, &answer, &result));
    if (r != 0) {
        service->logins_refused++;
        return r;
    }
    service->logins_accepted++;
    *ret = result;
    result = (LoginResult){0};
    return 0;
}
