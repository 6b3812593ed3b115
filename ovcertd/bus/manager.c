/* SPDX-License-Identifier: BSD-2-Clause */
/* org.ovcert1.Manager: reads, authorizes, calls the service, answers. Must never decide anything itself, nor let an
 * answer tell an existing profile from a missing one before the caller is authorized. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/frame.h"
#include "common/protocol.h"
#include "config.h"
#include "ovcertd/bus/answers.h"
#include "ovcertd/bus/backup.h"
#include "ovcertd/bus/object.h"
#include "ovcertd/bus/request.h"
#include "ovcertd/bus/signals.h"
#include "ovcertd/bus/vtables.h"

#define PAGE_MAX 1000u

/* --- CreateProfile --- */

static int create_profile(Request *request) {
    const Arguments *arguments = &request->arguments;
    NewProfile profile = {
        .name = request->user,
        .kind = arguments->has_uid ? PROFILE_UNIX : PROFILE_PORTAL,
        .uid = arguments->has_uid ? arguments->uid : STORE_UID_NONE,
        .holder = arguments->holder,
    };
    int r =
        service_create_profile(request->context->service, &request->actor, &profile, &request->now, &request->failure);
    if (r != 0)
        return r;
    r = signals_announce(request->context, "ProfileAdded", request->user);
    if (r < 0)
        return r;
    CLEANUP(free_pointer) char *path = NULL;
    r = object_path_of(request->user, &path);
    return r < 0 ? r : request_reply(request, "o", path);
}

static int check_kind(Request *request) {
    const Arguments *arguments = &request->arguments;
    if (strcmp(arguments->kind, "portal") == 0) {
        if (arguments->has_uid)
            return arguments_invalid(&request->failure, "a portal profile has no uid");
        return 0;
    }
    if (arguments->kind[0] != '\0' && strcmp(arguments->kind, "unix") != 0)
        return arguments_invalid(&request->failure, "the kind is unix or portal");
    /* A uid is believed of root alone. */
    if (request->actor.uid != 0)
        return OVCERT_ERROR_DENIED;
    if (!arguments->has_uid)
        return arguments_invalid(&request->failure, "a unix profile needs its uid");
    return 0;
}

static int read_create_profile(Request *request) {
    static const Option data[] = {
        {"holder", OPTION_TEXT, offsetof(Arguments, holder)},
        {"kind", OPTION_TEXT, offsetof(Arguments, kind)},
        {"uid", OPTION_UID, offsetof(Arguments, uid)},
    };
    Arguments *arguments = &request->arguments;
    int r = arguments_read_user(request->message, &arguments->user, &request->failure);
    if (r != 0)
        return r;
    r = arguments_read_options(request->message, data, ELEMENTSOF(data), arguments, &request->failure);
    if (r != 0)
        return r;
    r = arguments_read_no_options(request->message, &request->failure);
    if (r != 0)
        return r;
    r = check_kind(request);
    if (r != 0)
        return r;
    r = request_set_user(request, arguments->user);
    return r < 0 ? r : request_authorize(request, POLICY_ADMINISTER, create_profile);
}
DEFINE_METHOD(create_profile)

/* --- GetProfile --- */

static int get_profile(Request *request) {
    CLEANUP(profile_description_done) ProfileDescription description = {0};
    int r = service_describe(request->context->service, request->user, &request->now, &description);
    if (r != 0)
        return r;
    CLEANUP(free_pointer) char *path = NULL;
    r = object_path_of(request->user, &path);
    return r < 0 ? r : request_reply(request, "o", path);
}

static int read_get_profile(Request *request) {
    Arguments *arguments = &request->arguments;
    int r = arguments_read_user_or_empty(request->message, &arguments->user, &request->failure);
    if (r != 0)
        return r;
    if (arguments->user[0] == '\0')
        r = service_own_name(request->context->service, request->actor.uid, &request->user);
    else
        r = request_set_user(request, arguments->user);
    return r != 0 ? r : request_authorize(request, POLICY_READ_PROFILE, get_profile);
}
DEFINE_METHOD(get_profile)

/* --- ListProfiles --- */

static int append_row(sd_bus_message *reply, const ProfileDescription *description) {
    int r = sd_bus_message_open_container(reply, 'r', "sa{sv}");
    if (r < 0)
        return r;
    r = sd_bus_message_append_basic(reply, 's', description->profile.name);
    if (r < 0)
        return r;
    r = answers_row(reply, description);
    return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int reply_list(Request *request, const ProfileDescription *page, size_t count, const char *next) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = request_new_reply(request, &reply);
    if (r < 0)
        return r;
    r = sd_bus_message_open_container(reply, 'a', "(sa{sv})");
    for (size_t i = 0; r >= 0 && i < count; i++)
        r = append_row(reply, &page[i]);
    if (r < 0)
        return r;
    r = sd_bus_message_close_container(reply);
    if (r < 0)
        return r;
    r = sd_bus_message_append_basic(reply, 's', next);
    return r < 0 ? r : request_send(request, reply);
}

static ListFilter filter_of(const Arguments *arguments) {
    return (ListFilter){
        .state = arguments->state,
        .certificate_status = arguments->certificate_status,
        .has_expiring = arguments->has_expiring,
        .expiring_within = arguments->expiring_within,
    };
}

static int list_profiles(Request *request) {
    const Arguments *arguments = &request->arguments;
    ListFilter filter = filter_of(arguments);
    ProfileDescription *page = NULL;
    size_t count = 0;
    CLEANUP(free_pointer) char *next = NULL;
    int r = service_list(request->context->service, &filter, arguments->user, arguments->limit, &request->now, &page,
                         &count, &next);
    if (r != 0)
        return r;
    r = reply_list(request, page, count, next);
    (void) profile_descriptions_free(page, count);
    return r;
}

static int check_limit(Request *request) {
    uint32_t limit = request->arguments.limit;
    if (limit == 0 || limit > PAGE_MAX)
        return arguments_invalid(&request->failure, "the limit is 1 to %u", PAGE_MAX);
    return 0;
}

static int read_list_profiles(Request *request) {
    static const Option filter[] = {
        {"state", OPTION_TEXT, offsetof(Arguments, state)},
        {"certificate-status", OPTION_TEXT, offsetof(Arguments, certificate_status)},
        {"expiring-within", OPTION_EXPIRING, offsetof(Arguments, expiring_within)},
    };
    Arguments *arguments = &request->arguments;
    int r = arguments_read_options(request->message, filter, ELEMENTSOF(filter), arguments, &request->failure);
    if (r != 0)
        return r;
    r = arguments_read_user_or_empty(request->message, &arguments->user, &request->failure);
    if (r != 0)
        return r;
    r = arguments_read_u32(request->message, &arguments->limit, &request->failure);
    if (r != 0)
        return r;
    r = check_limit(request);
    if (r != 0)
        return r;
    ListFilter wanted = filter_of(arguments);
    if (!list_filter_is_valid(&wanted))
        return arguments_invalid(&request->failure, "no profile can be as the filter says");
    return request_authorize(request, POLICY_READ_ALL, list_profiles);
}
DEFINE_METHOD(list_profiles)

/* --- FindByCertificate --- */

static int reply_found(Request *request, const char *user, const CheckResult *result) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = request_new_reply(request, &reply);
    if (r < 0)
        return r;
    r = sd_bus_message_append_basic(reply, 's', user);
    if (r < 0)
        return r;
    r = answers_facts(reply, result->certificate, &result->verdict);
    return r < 0 ? r : request_send(request, reply);
}

static int find_judged(Request *request) {
    CLEANUP(free_pointer) char *user = NULL;
    CLEANUP(check_result_done) CheckResult result = {0};
    int r = service_find(request->context->service, &request->actor, request->judgement, &request->now, &user, &result,
                         &request->failure);
    return r != 0 ? r : reply_found(request, user, &result);
}

static int find_unvalidated(Request *request) {
    CLEANUP(free_pointer) char *user = NULL;
    CLEANUP(check_result_done) CheckResult result = {0};
    int r = service_find_unvalidated(request->context->service, &request->actor, request->arguments.certificate,
                                     &request->now, &user, &result, &request->failure);
    return r != 0 ? r : reply_found(request, user, &result);
}

/* Hands the certificate to the pool. */
static int judge(Request *request, RequestStep next) {
    const Arguments *arguments = &request->arguments;
    int r = judgement_new(request->context->service, arguments->certificate, arguments->chain.items,
                          arguments->chain.count, &request->now, &request->judgement);
    return r != 0 ? r : request_compute(request, request->judgement, next);
}

static int find_by_certificate(Request *request) {
    return request->arguments.no_validation ? find_unvalidated(request) : judge(request, find_judged);
}

static int read_certificate_and_chain(Request *request) {
    Arguments *arguments = &request->arguments;
    int r = arguments_read_certificate(request->message, &arguments->certificate, &request->failure);
    return r != 0 ? r : arguments_read_chain(request->message, &arguments->chain, &request->failure);
}

static int read_find_by_certificate(Request *request) {
    static const Option options[] = {
        {"no-validation", OPTION_FLAG, offsetof(Arguments, no_validation)},
    };
    int r = read_certificate_and_chain(request);
    if (r != 0)
        return r;
    r = arguments_read_options(request->message, options, ELEMENTSOF(options), &request->arguments, &request->failure);
    if (r != 0)
        return r;
    if (request->arguments.no_validation && request->actor.uid != 0)
        return OVCERT_ERROR_DENIED;
    return request_authorize(request, POLICY_FIND, find_by_certificate);
}
DEFINE_METHOD(find_by_certificate)

/* --- GetPublicKeys --- */

static int append_key(sd_bus_message *reply, const PublicKey *key) {
    int r = sd_bus_message_open_container(reply, 'r', "ayay");
    if (r < 0)
        return r;
    r = sd_bus_message_append_array(reply, 'y', key->spki.data, key->spki.size);
    if (r < 0)
        return r;
    r = sd_bus_message_append_array(reply, 'y', key->fingerprint, sizeof key->fingerprint);
    return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int reply_keys(Request *request, const PublicKey *key) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = request_new_reply(request, &reply);
    if (r < 0)
        return r;
    r = sd_bus_message_open_container(reply, 'a', "(ayay)");
    if (r >= 0 && key)
        r = append_key(reply, key);
    if (r < 0)
        return r;
    r = sd_bus_message_close_container(reply);
    return r < 0 ? r : request_send(request, reply);
}

static int get_public_keys(Request *request) {
    CLEANUP(public_key_done) PublicKey key = {0};
    int r = service_public_key(request->context->service, request->user, request->arguments.uid, &request->now, &key);
    return r < 0 ? r : reply_keys(request, r > 0 ? &key : NULL);
}

static int read_get_public_keys(Request *request) {
    static const Option options[] = {
        {"uid", OPTION_UID, offsetof(Arguments, uid)},
    };
    Arguments *arguments = &request->arguments;
    int r = arguments_read_user(request->message, &arguments->user, &request->failure);
    if (r != 0)
        return r;
    r = arguments_read_options(request->message, options, ELEMENTSOF(options), arguments, &request->failure);
    if (r != 0)
        return r;
    if (!arguments->has_uid)
        return arguments_invalid(&request->failure, "the user id of the user is needed");
    r = request_set_user(request, arguments->user);
    return r < 0 ? r : request_authorize(request, POLICY_READ_KEYS, get_public_keys);
}
DEFINE_METHOD(get_public_keys)

/* --- Unbar --- */

static int unbar(Request *request) {
    int r = service_unbar(request->context->service, &request->actor, request->arguments.fingerprint.data,
                          &request->now, &request->failure);
    return r != 0 ? r : request_reply(request, "");
}

static int read_unbar(Request *request) {
    int r = arguments_read_fingerprint(request->message, &request->arguments.fingerprint, &request->failure);
    if (r != 0)
        return r;
    r = arguments_read_no_options(request->message, &request->failure);
    return r != 0 ? r : request_authorize(request, POLICY_ADMINISTER, unbar);
}
DEFINE_METHOD(unbar)

/* --- CheckCertificate --- */

static int reply_checked(Request *request) {
    CLEANUP(check_result_done) CheckResult result = {0};
    int r = service_check(request->context->service, request->judgement, request->user, &request->now, &result);
    if (r != 0)
        return r;
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    r = request_new_reply(request, &reply);
    if (r < 0)
        return r;
    r = answers_verdict(reply, &result);
    return r < 0 ? r : request_send(request, reply);
}

static int check_certificate(Request *request) {
    return judge(request, reply_checked);
}

static int read_check_certificate(Request *request) {
    static const Option options[] = {
        {"user", OPTION_USER, offsetof(Arguments, user)},
    };
    Arguments *arguments = &request->arguments;
    int r = read_certificate_and_chain(request);
    if (r != 0)
        return r;
    r = arguments_read_options(request->message, options, ELEMENTSOF(options), arguments, &request->failure);
    if (r != 0)
        return r;
    if (arguments->user[0] != '\0') {
        r = request_set_user(request, arguments->user);
        return r < 0 ? r : request_authorize(request, POLICY_READ_PROFILE, check_certificate);
    }
    r = service_own_name(request->context->service, request->actor.uid, &request->user);
    if (r != 0 && r != OVCERT_ERROR_NOT_FOUND)
        return r;
    return request_authorize_self(request, POLICY_READ_PROFILE, check_certificate);
}
DEFINE_METHOD(check_certificate)

/* --- ReadLog --- */

static int append_audit_row(sd_bus_message *reply, const AuditRow *row) {
    int r = sd_bus_message_open_container(reply, 'r', "ta{sv}");
    if (r < 0)
        return r;
    r = sd_bus_message_append_basic(reply, 't', &row->seq);
    if (r < 0)
        return r;
    r = answers_audit(reply, row);
    return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int reply_log(Request *request, const AuditRow *rows, size_t count) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = request_new_reply(request, &reply);
    if (r < 0)
        return r;
    r = sd_bus_message_open_container(reply, 'a', "(ta{sv})");
    for (size_t i = 0; r >= 0 && i < count; i++)
        r = append_audit_row(reply, &rows[i]);
    if (r < 0)
        return r;
    r = sd_bus_message_close_container(reply);
    if (r < 0)
        return r;
    r = sd_bus_message_append(reply, "t", count > 0 ? rows[count - 1].seq : request->arguments.after);
    return r < 0 ? r : request_send(request, reply);
}

static int read_log(Request *request) {
    const Arguments *arguments = &request->arguments;
    AuditRow *rows = NULL;
    size_t count = 0;
    int r = service_read_log(request->context->service, arguments->user[0] != '\0' ? arguments->user : NULL,
                             arguments->after, arguments->limit, &rows, &count);
    if (r != 0)
        return r;
    r = reply_log(request, rows, count);
    (void) audit_rows_free(rows, count);
    return r;
}

static int read_page(Request *request) {
    Arguments *arguments = &request->arguments;
    int r = arguments_read_u64(request->message, &arguments->after, &request->failure);
    if (r != 0)
        return r;
    r = arguments_read_u32(request->message, &arguments->limit, &request->failure);
    if (r != 0)
        return r;
    return check_limit(request);
}

static int read_read_log(Request *request) {
    static const Option filter[] = {
        {"user", OPTION_USER, offsetof(Arguments, user)},
    };
    int r =
        arguments_read_options(request->message, filter, ELEMENTSOF(filter), &request->arguments, &request->failure);
    if (r != 0)
        return r;
    r = read_page(request);
    return r != 0 ? r : request_authorize(request, POLICY_READ_ALL, read_log);
}
DEFINE_METHOD(read_log)

/* --- VerifyLog --- */

static int reply_verified(Request *request, uint64_t checked, const char *problem) {
    uint64_t head = 0;
    uint8_t hash[32] = {0};
    int r = service_log_head(request->context->service, &head, hash);
    if (r != 0)
        return r;
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    r = request_new_reply(request, &reply);
    if (r < 0)
        return r;
    r = sd_bus_message_append(reply, "tst", checked, problem ? problem : "", head);
    if (r < 0)
        return r;
    r = sd_bus_message_append_array(reply, 'y', hash, sizeof hash);
    return r < 0 ? r : request_send(request, reply);
}

static int verify_log(Request *request) {
    const Arguments *arguments = &request->arguments;
    uint64_t checked = 0;
    CLEANUP(free_pointer) char *problem = NULL;
    int r = service_verify_log(request->context->service, arguments->after, arguments->limit, &checked, &problem);
    return r != 0 ? r : reply_verified(request, checked, problem);
}

static int read_verify_log(Request *request) {
    int r = read_page(request);
    return r != 0 ? r : request_authorize(request, POLICY_READ_ALL, verify_log);
}
DEFINE_METHOD(verify_log)

/* --- Diagnose --- */

#define CHECK_USEC UINT64_C(20000000) /* less than a caller waits */

static int append_facts(Request *request, sd_bus_message *reply) {
    const char *problem;
    ServiceFacts facts = service_facts(request->context->service);
    int result = store_check_result(request->check, &problem);
    if (result < 0)
        problem = strerrordesc_np(-result);
    int r = sd_bus_message_open_container(reply, 'a', "{sv}");
    if (r < 0)
        return r;
    r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}{sv}", "database", "s",
                              result == 0  ? "ok"
                              : result > 0 ? "damaged"
                                           : "unknown",
                              "database-problem", "s", problem, "anchors", "u", (uint32_t) facts.anchors,
                              "revocation-lists", "u", (uint32_t) facts.revocation_lists, "clock", "x",
                              request->now.real, "clock-floor", "x", facts.clock_floor);
    return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int reply_diagnosis(Request *request) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = request_new_reply(request, &reply);
    if (r < 0)
        return r;
    r = append_facts(request, reply);
    return r < 0 ? r : request_send(request, reply);
}

static void work_check(void *data) {
    store_check_run(data);
}

static int diagnose(Request *request) {
    int r = service_check_store(request->context->service, frame_now() + CHECK_USEC, &request->check);
    return r < 0 ? r : request_work(request, work_check, request->check, reply_diagnosis);
}

static int read_diagnose(Request *request) {
    int r = arguments_read_no_options(request->message, &request->failure);
    return r != 0 ? r : request_authorize(request, POLICY_READ_ALL, diagnose);
}
DEFINE_METHOD(diagnose)

/* --- properties --- */

static int property_version(sd_bus *bus, const char *path, const char *interface, const char *property,
                            sd_bus_message *reply, void *userdata, sd_bus_error *error) {
    (void) bus, (void) path, (void) interface, (void) property, (void) userdata, (void) error;
    return sd_bus_message_append(reply, "s", OVCERT_VERSION);
}

static int property_backend(sd_bus *bus, const char *path, const char *interface, const char *property,
                            sd_bus_message *reply, void *userdata, sd_bus_error *error) {
    const BusContext *context = userdata;
    (void) bus, (void) path, (void) interface, (void) property, (void) error;
    return sd_bus_message_append(reply, "s", context->backend);
}

static int property_counter(sd_bus *bus, const char *path, const char *interface, const char *property,
                            sd_bus_message *reply, void *userdata, sd_bus_error *error) {
    BusContext *context = userdata;
    (void) path, (void) interface;
    uid_t uid = (uid_t) -1;
    int r = peers_uid(context->peers, sd_bus_get_current_message(bus), &uid);
    if (r < 0)
        return r;
    if (r > 0 || uid != 0)
        return sd_bus_error_set(error, ovcert_error_name(OVCERT_ERROR_DENIED), "");
    uint64_t accepted = 0;
    uint64_t refused = 0;
    service_counters(context->service, &accepted, &refused);
    return sd_bus_message_append(reply, "t", strcmp(property, "LoginsAccepted") == 0 ? accepted : refused);
}

const sd_bus_vtable manager_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD_WITH_ARGS("CreateProfile", SD_BUS_ARGS("s", user, "a{sv}", data, "a{sv}", options),
                            SD_BUS_RESULT("o", profile), method_create_profile, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("GetProfile", SD_BUS_ARGS("s", user), SD_BUS_RESULT("o", profile), method_get_profile,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("ListProfiles", SD_BUS_ARGS("a{sv}", filter, "s", after, "u", limit),
                            SD_BUS_RESULT("a(sa{sv})", profiles, "s", next), method_list_profiles,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("FindByCertificate", SD_BUS_ARGS("ay", certificate, "aay", chain, "a{sv}", options),
                            SD_BUS_RESULT("s", user, "a{sv}", facts), method_find_by_certificate,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("GetPublicKeys", SD_BUS_ARGS("s", user, "a{sv}", options), SD_BUS_RESULT("a(ayay)", keys),
                            method_get_public_keys, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("CheckCertificate", SD_BUS_ARGS("ay", certificate, "aay", chain, "a{sv}", options),
                            SD_BUS_RESULT("a{sv}", verdict), method_check_certificate, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Unbar", SD_BUS_ARGS("ay", fingerprint, "a{sv}", options), SD_BUS_NO_RESULT, method_unbar,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("ReadLog", SD_BUS_ARGS("a{sv}", filter, "t", after, "u", limit),
                            SD_BUS_RESULT("a(ta{sv})", rows, "t", next), method_read_log, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("VerifyLog", SD_BUS_ARGS("t", after, "u", limit),
                            SD_BUS_RESULT("t", checked, "s", problem, "t", head, "ay", hash), method_verify_log,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Diagnose", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("a{sv}", facts), method_diagnose,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Backup", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("t", size, "t", head, "ay", hash),
                            method_backup, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("ReadBackup", SD_BUS_ARGS("t", offset), SD_BUS_RESULT("ay", octets), method_read_backup,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_PROPERTY("Version", "s", property_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Backend", "s", property_backend, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    /* Explicit: GetAll goes on working for those who may not read them. */
    SD_BUS_PROPERTY("LoginsAccepted", "t", property_counter, 0, SD_BUS_VTABLE_PROPERTY_EXPLICIT),
    SD_BUS_PROPERTY("LoginsRefused", "t", property_counter, 0, SD_BUS_VTABLE_PROPERTY_EXPLICIT),
    SD_BUS_SIGNAL_WITH_ARGS("ProfileAdded", SD_BUS_ARGS("s", user), 0),
    SD_BUS_SIGNAL_WITH_ARGS("ProfileRemoved", SD_BUS_ARGS("s", user), 0),
    SD_BUS_VTABLE_END,
};
