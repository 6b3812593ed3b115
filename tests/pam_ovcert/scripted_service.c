/* SPDX-License-Identifier: BSD-2-Clause */
/* The stand-in service, run in a child of the tests by test_service_start(). */
#include "tests/pam_ovcert/scripted_service.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/protocol.h"
#include "tests/pam_ovcert/script.h"

/* Does the script say this about the member? */
static bool says(const char *script, const char *member, const char *what) {
    char *word = NULL;
    if (asprintf(&word, "%s:%s", member, what) < 0)
        _exit(1);
    const char *found = strstr(script, word);
    size_t size = strlen(word);
    free(word);
    return found && (found[size] == '\0' || found[size] == ' ');
}

static void need(int r) {
    if (r < 0) {
        (void) fprintf(stderr, "the service of the test failed: %s\n", strerrordesc_np(-r));
        _exit(1);
    }
}

/* Calls that bring no terminal play the script of the last sign-in: tests sign in one after the other. */
static char *last_script;

static void remember(const char *script) {
    free(last_script);
    last_script = strdup(script);
    need(last_script ? 0 : -ENOMEM);
}

/* Of the a{sv} that Hint and Begin get: uid (absent unless root asks), tty and service. */
static void read_context(sd_bus_message *message, uint32_t *uid, const char **tty, const char **service) {
    const char *key;
    need(sd_bus_message_enter_container(message, 'a', "{sv}"));
    while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
        need(sd_bus_message_read(message, "s", &key));
        if (strcmp(key, "uid") == 0)
            need(sd_bus_message_read(message, "v", "u", uid));
        else
            need(sd_bus_message_read(message, "v", "s", strcmp(key, "tty") == 0 ? tty : service));
        need(sd_bus_message_exit_container(message));
    }
    need(sd_bus_message_exit_container(message));
}

static void append_octets(sd_bus_message *reply, const char *key, int octet, size_t size) {
    uint8_t octets[32];
    memset(octets, octet, sizeof octets);
    need(sd_bus_message_open_container(reply, 'e', "sv"));
    need(sd_bus_message_append(reply, "s", key));
    need(sd_bus_message_open_container(reply, 'v', "ay"));
    need(sd_bus_message_append_array(reply, 'y', octets, size));
    need(sd_bus_message_close_container(reply));
    need(sd_bus_message_close_container(reply));
}

static void fill_hint(sd_bus_message *reply, const char *script) {
    int octet = says(script, "Hint", "other") ? 0x33 : SCRIPT_FINGERPRINT_OCTET;
    need(sd_bus_message_open_container(reply, 'a', "{sv}"));
    append_octets(reply, "fingerprint", octet, 32);
    need(sd_bus_message_close_container(reply));
}

static void fill_challenge(sd_bus_message *reply, const char *id, const char *purpose, const char *user, uint32_t uid,
                           const char *tty, const char *service, int replaced) {
    uint8_t nonce[32] = {7};
    need(sd_bus_message_append(reply, "s", id));
    need(sd_bus_message_append_array(reply, 'y', nonce, sizeof nonce));
    need(sd_bus_message_open_container(reply, 'a', "{sv}"));
    need(sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}{sv}", "purpose", "s", purpose, "user", "s", user, "uid",
                               "u", uid, "service", "s", service, "tty", "s", tty, "deadline", "t", UINT64_MAX));
    append_octets(reply, "host-id", 1, 16);
    append_octets(reply, "boot-id", 2, 16);
    if (replaced)
        append_octets(reply, "replaced", replaced, 32);
    need(sd_bus_message_close_container(reply));
}

/* The script travels to Finish as the challenge's id. */
static void fill_begin(sd_bus_message *reply, const char *user, uint32_t uid, const char *tty, const char *service) {
    fill_challenge(reply, tty, "login", user, uid, tty, service, 0);
}

static void fill_finish(sd_bus_message *reply, const char *script, const char *user) {
    int64_t days = says(script, "Finish", "expiring") ? 12 : says(script, "Finish", "today") ? 0 : 400;
    need(sd_bus_message_append(reply, "a{sv}", 4, "user", "s", user, "not-after", "x", INT64_C(2000000000), "days-left",
                               "x", days, "expiring", "b", days < 30));
}

/* True when the script wants something else than an answer. */
static bool is_diverted(sd_bus_message *message, const char *script, const char *member) {
    if (says(script, member, "silent"))
        return true;
    if (says(script, member, "slow"))
        (void) sleep(3); /* a shorter wait would fail the test that counts on it */
    for (int error = OVCERT_OK + 1; error < OVCERT_ERROR_COUNT_; error++)
        if (says(script, member, ovcert_error_name(error) + strlen(OVCERT_ERROR_PREFIX))) {
            need(sd_bus_reply_method_errorf(message, ovcert_error_name(error), "the first reason\nthe second reason"));
            return true;
        }
    return false;
}

/* --- Profile and Manager, for the renewal --- */

static void append_facts(sd_bus_message *reply, int octet) {
    append_octets(reply, "fingerprint", octet, 32);
    need(sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}", "subject", "s", "CN=the subject", "common-name", "s",
                               "EIDAS CERTIFICADO PRUEBAS", "serial", "s", "0a", "not-after", "x",
                               INT64_C(1700000000)));
}

static void open_entry(sd_bus_message *reply, const char *key, const char *type, const char *inside) {
    need(sd_bus_message_open_container(reply, 'e', "sv"));
    need(sd_bus_message_append(reply, "s", key));
    need(sd_bus_message_open_container(reply, 'v', type));
    need(sd_bus_message_open_container(reply, 'a', inside));
}

static void close_entry(sd_bus_message *reply) {
    for (int i = 0; i < 3; i++)
        need(sd_bus_message_close_container(reply));
}

static void append_operation(sd_bus_message *reply, const char *script) {
    open_entry(reply, "operations", "aa{sv}", "a{sv}");
    if (says(script, "Describe", "open") || says(script, "Describe", "foreign") || says(script, "Describe", "plain"))
        need(sd_bus_message_append(reply, "a{sv}", 5, "id", "s", "the operation", "kind", "s", "unlink", "state", "s",
                                   "requested", "until-assign", "b", (int) !says(script, "Describe", "plain"), "opener",
                                   "u", says(script, "Describe", "foreign") ? 4242u : geteuid()));
    close_entry(reply);
}

static void fill_describe(sd_bus_message *reply, const char *script) {
    need(sd_bus_message_open_container(reply, 'a', "{sv}"));
    need(sd_bus_message_append(reply, "{sv}", "uid", "u",
                               says(script, "Describe", "recycled") ? 4242u : (uint32_t) geteuid()));
    if (!says(script, "Describe", "unassigned")) {
        open_entry(reply, "certificate", "a{sv}", "{sv}");
        append_facts(reply, says(script, "Describe", "other") ? 0x33 : SCRIPT_FINGERPRINT_OCTET);
        close_entry(reply);
    }
    append_operation(reply, script);
    need(sd_bus_message_close_container(reply));
}

static void fill_check(sd_bus_message *reply, const char *script) {
    bool refused = says(script, "CheckCertificate", "refused");
    need(sd_bus_message_open_container(reply, 'a', "{sv}"));
    need(sd_bus_message_append(reply, "{sv}", "accepted", "b", (int) !refused));
    open_entry(reply, "reasons", "aa{sv}", "a{sv}");
    if (refused)
        need(sd_bus_message_append(reply, "a{sv}", 1, "name", "s", "holder-mismatch"));
    close_entry(reply);
    open_entry(reply, "facts", "a{sv}", "{sv}");
    append_facts(reply, SCRIPT_OTHER_OCTET);
    close_entry(reply);
    need(sd_bus_message_close_container(reply));
}

static void fill_begin_proof(sd_bus_message *reply, sd_bus_message *message, const char *script) {
    const char *tty = "", *service = "";
    uint32_t uid = geteuid();
    char *user = NULL;
    need(sd_bus_path_decode(sd_bus_message_get_path(message), OVCERT_PROFILE_PREFIX, &user));
    need(sd_bus_message_skip(message, "ayaay"));
    read_context(message, &uid, &tty, &service);
    fill_challenge(reply, "the proof", "assign", user, says(script, "BeginProof", "recycled") ? 4242 : uid, tty,
                   service, says(script, "BeginProof", "other") ? 0x33 : SCRIPT_FINGERPRINT_OCTET);
    free(user);
}

/* Root's module acts in the owner's name alone; whoever runs the tests owns the profile. */
static void check_owner(sd_bus_message *message, const char *before) {
    uint32_t uid = UINT32_MAX;
    const char *key;
    if (before)
        need(sd_bus_message_skip(message, before));
    need(sd_bus_message_enter_container(message, 'a', "{sv}"));
    while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
        need(sd_bus_message_read(message, "s", &key));
        if (strcmp(key, "uid") == 0)
            need(sd_bus_message_read(message, "v", "u", &uid));
        else
            need(sd_bus_message_skip(message, "v"));
        need(sd_bus_message_exit_container(message));
    }
    need(geteuid() != 0 || uid == 0 ? 0 : -EPERM);
}

static void fill_other(sd_bus_message *reply, sd_bus_message *message, const char *script, const char *member) {
    if (strcmp(member, "Describe") == 0)
        fill_describe(reply, script);
    else if (strcmp(member, "CheckCertificate") == 0)
        fill_check(reply, script);
    else if (strcmp(member, "FindByCertificate") == 0)
        need(sd_bus_message_append(reply, "sa{sv}", says(script, member, "odd") ? "a:b" : "root", 0));
    else if (strcmp(member, "BeginProof") == 0)
        fill_begin_proof(reply, message, script);
    else if (strcmp(member, "Prove") == 0)
        need(sd_bus_message_append(reply, "s", "the candidate"));
    else if (strcmp(member, "Unlink") == 0) {
        check_owner(message, NULL);
        need(sd_bus_message_append(reply, "st", "the operation", UINT64_C(1)));
    } else
        check_owner(message, strcmp(member, "Confirm") == 0 ? "ss" : "s");
}

static int answer_other(sd_bus_message *message) {
    const char *script = last_script ? last_script : "", *member = sd_bus_message_get_member(message);
    sd_bus_message *reply = NULL;
    if (is_diverted(message, script, member))
        return 1;
    need(sd_bus_message_new_method_return(message, &reply));
    fill_other(reply, message, script, member);
    need(sd_bus_send(NULL, reply, NULL));
    (void) sd_bus_message_unref(reply); /* returns NULL */
    return 1;
}

int scripted_service(sd_bus_message *message, void *userdata, sd_bus_error *error) {
    static char *user; /* of the last Begin: tests sign in one after the other */
    const char *subject = "", *tty = "", *service = "", *member = sd_bus_message_get_member(message);
    uint32_t uid = geteuid();
    (void) userdata, (void) error; /* sd-bus's signature */
    if (sd_bus_message_is_method_call(message, OVCERT_PROFILE_INTERFACE, NULL) ||
        sd_bus_message_is_method_call(message, OVCERT_MANAGER_INTERFACE, NULL))
        return answer_other(message);
    if (!sd_bus_message_is_method_call(message, OVCERT_LOGIN_INTERFACE, NULL))
        return 0;
    need(sd_bus_message_read(message, "s", &subject));
    if (strcmp(member, "Finish") == 0)
        tty = subject;
    else
        read_context(message, &uid, &tty, &service);
    remember(tty);
    if (is_diverted(message, tty, member))
        return 1;
    sd_bus_message *reply = NULL;
    need(sd_bus_message_new_method_return(message, &reply));
    if (strcmp(member, "Hint") == 0)
        fill_hint(reply, tty);
    else if (strcmp(member, "Begin") == 0) {
        free(user);
        user = strdup(subject);
        fill_begin(reply, subject, uid, tty, service);
    } else
        fill_finish(reply, tty, user);
    need(sd_bus_send(NULL, reply, NULL));
    (void) sd_bus_message_unref(reply); /* returns NULL */
    return 1;
}
