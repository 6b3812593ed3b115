/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the daemon whose certificates the tokens show. Called by login.c before anybody is known; must never name a user
 * when more than one is possible, nor take the name for a proof. */
#include "pam_ovcert/card.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/error.h"
#include "common/frame.h"
#include "common/i18n.h"
#include "common/protocol.h"
#include "common/text.h"
#include "pam_ovcert/sources.h"

#define CARD_USERS_MAX 8u
#define CARD_CERTIFICATES_MAX 16u /* asked about in all */

/* Users that were found, each once, with a token of his; borrowed and owned. */
typedef struct Found {
    const HelperSource *sources[CARD_USERS_MAX];
    char *users[CARD_USERS_MAX];
    size_t count;
    size_t asked;
} Found;

static void found_done(Found *found) {
    for (size_t i = 0; i < found->count; i++)
        free(found->users[i]);
}

static bool is_unnamed(const Transaction *transaction) {
    const void *user = NULL;
    return pam_get_item(transaction->pam, PAM_USER, &user) == PAM_SUCCESS && (!user || *(const char *) user == '\0');
}

/* Unvalidated: the sign-in judges, and an expired card is one to renew. */
static int ask_daemon(Client *client, View certificate, uint64_t deadline, char **ret_user) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL, *CLEANUP(sd_bus_message_unrefp) reply = NULL;
    const char *user = NULL;
    int r = client_message(client, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, "FindByCertificate", &message);
    if (r < 0 || (r = client_append_certificate(message, certificate, NULL)) < 0 ||
        (r = sd_bus_message_append(message, "a{sv}", 1, "no-validation", "b", 1)) < 0)
        return r;
    r = client_call(client, message, deadline, &reply);
    if (r != 0)
        return r;
    r = sd_bus_message_read(reply, "s", &user);
    if (r < 0)
        return client_bad_reply(client, r);
    if (!text_is_user_name(user))
        return client_bad_reply(client, -EBADMSG);
    *ret_user = strdup(user);
    return *ret_user ? 0 : -ENOMEM;
}

static void add(Found *found, const HelperSource *source, char *user) {
    for (size_t i = 0; i < found->count; i++)
        if (strcmp(found->users[i], user) == 0) {
            free(user);
            return;
        }
    if (found->count == CARD_USERS_MAX) {
        free(user);
        return;
    }
    found->sources[found->count] = source;
    found->users[found->count++] = user;
}

/* 0 or what ends the asking; a certificate that nobody has is none of that. */
static int look_at(Client *client, const HelperSource *source, uint64_t deadline, Found *found) {
    for (size_t i = 0; i < source->n_certificates && found->asked < CARD_CERTIFICATES_MAX; i++) {
        char *user = NULL;
        found->asked++;
        int r = ask_daemon(client, bytes_view(&source->certificates[i].der), deadline, &user);
        if (r == 0)
            add(found, source, user);
        else if (r < 0 || r == OVCERT_ERROR_UNAVAILABLE)
            return r;
    }
    return 0;
}

static int find_users(const Transaction *transaction, const Sources *sources, Budget *bus, Found *found) {
    Client *CLEANUP(client_freep) client = NULL;
    uint64_t deadline = budget_start(bus, frame_now());
    int r = client_new(transaction->places->bus_address, deadline, &client);
    for (size_t i = 0; r == 0 && i < sources->count; i++)
        r = look_at(client, sources->all[i], deadline, found);
    budget_stop(bus, frame_now());
    return r;
}

static int choose(const Transaction *transaction, const Found *found, size_t *ret) {
    const Prompts loud = {.pam = transaction->pam};
    if (found->count <= 1) {
        *ret = found->count;
        return PAM_SUCCESS;
    }
    for (size_t i = 0; i < found->count; i++) {
        char *CLEANUP(free_pointer) escaped = NULL;
        prompts_info(&loud, "%zu  %s", i + 1, source_label(found->sources[i], &escaped));
    }
    int code = prompts_number(&loud, found->count, ret, _("Number of the card (1-%zu, empty: none): "), found->count);
    return code == PAM_AUTHINFO_UNAVAIL ? PAM_SUCCESS : code;
}

static int name_user(const Transaction *transaction, const Sources *sources, Budget *bus) {
    Found CLEANUP(found_done) found = {0};
    size_t number = 0;
    int r = find_users(transaction, sources, bus, &found);
    if (r != 0) {
        transaction_journal_daemon(transaction, "FindByCertificate", r, NULL);
        return PAM_SUCCESS;
    }
    int code = choose(transaction, &found, &number);
    if (code != PAM_SUCCESS || number == 0)
        return code;
    const char *user = found.users[number - 1];
    prompts_info(&transaction->prompts, _("Signing in %s."), user);
    return pam_set_item(transaction->pam, PAM_USER, user);
}

int card_name_user(const Transaction *transaction, Budget *bus) {
    Sources CLEANUP(sources_done) sources = {0};
    char *CLEANUP(free_pointer) detail = NULL;
    unsigned seconds = transaction->options.wait_seconds;
    if (geteuid() != 0 || !is_unnamed(transaction))
        return PAM_SUCCESS;
    int r = sources_list_tokens(transaction, seconds, &sources, &detail);
    if (r == 0)
        return name_user(transaction, &sources, bus);
    transaction_journal_helper(transaction, "listing tokens", r, detail);
    return PAM_SUCCESS;
}
