/* SPDX-License-Identifier: BSD-2-Clause */
/* The stand-in service, run in a child of the tests by test_service_start(). */
#include "tests/pam_ovcert/scripted_service.h"

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

/* The script travels to Finish as the challenge's id. */
static void fill_begin(sd_bus_message *reply, const char *user, uint32_t uid, const char *tty, const char *service) {
    uint8_t nonce[32] = {7};
    need(sd_bus_message_append(reply, "s", tty));
    need(sd_bus_message_append_array(reply, 'y', nonce, sizeof nonce));
    need(sd_bus_message_open_container(reply, 'a', "{sv}"));
    need(sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}{sv}", "purpose", "s", "login", "user", "s", user, "uid",
                               "u", uid, "service", "s", service, "tty", "s", tty, "deadline", "t", UINT64_MAX));
    append_octets(reply, "host-id", 1, 16);
    append_octets(reply, "boot-id", 2, 16);
    need(sd_bus_message_close_container(reply));
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

int scripted_service(sd_bus_message *message, void *userdata, sd_bus_error *error) {
    static char *user; /* of the last Begin: tests sign in one after the other */
    const char *subject = "", *tty = "", *service = "", *member = sd_bus_message_get_member(message);
    uint32_t uid = geteuid();
    (void) userdata, (void) error; /* sd-bus's signature */
    if (!sd_bus_message_is_method_call(message, OVCERT_LOGIN_INTERFACE, NULL))
        return 0;
    need(sd_bus_message_read(message, "s", &subject));
    if (strcmp(member, "Finish") == 0)
        tty = subject;
    else
        read_context(message, &uid, &tty, &service);
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
