/* SPDX-License-Identifier: BSD-2-Clause */
/* Signs a person in. Called by entry.c; must never end in PAM_SUCCESS or PAM_IGNORE but by the one line that grants
 * access, keep a passphrase longer than its use, or let the daemon's answer decide whether to prompt. */
#include "pam_ovcert/login.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_ext.h>

#include "client/client.h"
#include "common/error.h"
#include "common/frame.h"
#include "common/i18n.h"
#include "common/text.h"
#include "pam_ovcert/budget.h"
#include "pam_ovcert/codes.h"
#include "pam_ovcert/files.h"
#include "pam_ovcert/memory.h"
#include "pam_ovcert/options.h"
#include "pam_ovcert/person.h"
#include "pam_ovcert/prompts.h"

#define WRONG_PASSPHRASE_DELAY_MICROSECONDS 2000000u

/* One run of auth. Each step fills in its part and returns true, or returns false by stop(). */
typedef struct Login {
    pam_handle_t *pam;
    const Places *places;
    Options options;
    Prompts prompts;
    Person person;
    char *name, *service, *tty; /* of person and context; libpam's own go when the host sets them anew */
    ClientContext context;
    Budget bus;
    int hint; /* OvcertError in place of a fingerprint: told after the prompt */
    uint8_t fingerprint[STATEMENT_FINGERPRINT_SIZE];
    Files files;
    const HelperSource *source;
    Secret *secret;
    OpenFile open;
    const HelperCertificate *certificate;
    Client *client;
    ClientChallenge challenge;
    char *algorithm;
    Bytes signature;
    int code; /* of the step that stopped */
} Login;

static void login_done(Login *login) {
    (void) secret_free(login->secret); /* returns NULL */
    (void) client_free(login->client); /* likewise */
    client_challenge_done(&login->challenge);
    open_file_done(&login->open);
    files_done(&login->files);
    free(login->algorithm);
    bytes_done(&login->signature);
    free(login->name);
    free(login->service);
    free(login->tty);
}

/* One record, whatever the parts hold: details of the daemon have several lines. */
__attribute__((format(printf, 3, 0))) static void journal(const Login *login, int priority, const char *format,
                                                          va_list arguments) {
    char *CLEANUP(free_pointer) line = NULL;
    if (priority == LOG_DEBUG && !login->options.debug)
        return;
    if (vasprintf(&line, format, arguments) < 0) {
        line = NULL; /* its value is not defined then */
        return;
    }
    for (char *c = strchr(line, '\n'); c; c = strchr(c, '\n'))
        *c = ';';
    pam_syslog(login->pam, priority, "%s: %s", login->person.name ? login->person.name : "(no user)", line);
}

__attribute__((format(printf, 4, 5))) static bool stop(Login *login, int code, int priority, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    journal(login, priority, format, arguments);
    va_end(arguments);
    login->code = code;
    return false;
}

/* --- what the user is told --- */

/* One text for all who have no certificate that fits, known to us or not (SECURITY 23). */
static void tell_nothing_fits(const Login *login) {
    prompts_error(&login->prompts, _("None of the certificates can be used to sign in."));
}

/* Why, one line each, then the way out; only to who has proven possession. */
static void tell_reasons(const Login *login, int outcome, const char *reasons, const char *advice) {
    prompts_error(&login->prompts, "%s", _(ovcert_error_text(outcome)));
    while (*reasons) {
        size_t length = strcspn(reasons, "\n");
        prompts_error(&login->prompts, "  %.*s", (int) length, reasons);
        reasons += length + (reasons[length] == '\n');
    }
    prompts_info(&login->prompts, "%s", advice);
}

static void tell_neutral(const Login *login, int code) {
    if (code == PAM_AUTH_ERR)
        prompts_error(&login->prompts, _("The certificate is not accepted."));
    else
        prompts_error(&login->prompts, _("Signing in with a certificate is not possible at the moment."));
}

/* --- ends of calls --- */

static bool stop_at_daemon(Login *login, const char *member, int result) {
    const char *name = result > 0 ? ovcert_error_name(result) : strerrordesc_np(-result);
    const char *detail = result > 0 && login->client ? client_failure(login->client) : "";
    return stop(login, codes_of_login(result), LOG_NOTICE, "%s: %s%s%s", member, name ? name : "unknown outcome",
                detail[0] ? ": " : "", detail);
}

static bool stop_at_helper(Login *login, const char *step, int result, const char *detail) {
    const char *name = result > 0 ? credential_outcome_name(result) : strerrordesc_np(-result);
    return stop(login, codes_of_credential(result), result > 0 ? LOG_NOTICE : LOG_ERR, "%s: %s%s%s", step,
                name ? name : "unknown outcome", detail && detail[0] ? ": " : "", detail ? detail : "");
}

static int connect_daemon(Login *login, uint64_t deadline) {
    login->client = client_free(login->client);
    return client_new(login->places->bus_address, deadline, &login->client);
}

/* --- the steps, in their order --- */

static bool read_options(Login *login, int flags, int argc, const char *const *argv) {
    const char *unknown;
    if (options_parse(argc, argv, &login->options, &unknown) < 0)
        return stop(login, PAM_SERVICE_ERR, LOG_ERR, "unknown option \"%s\"", unknown);
    login->prompts = prompts_of(login->pam, flags, login->options.silent);
    return true;
}

static bool find_person(Login *login) {
    int code = memory_clear(login->pam);
    if (code != PAM_SUCCESS)
        return stop(login, code, LOG_ERR, "the PAM handle keeps no data");
    code = person_find(login->pam, &login->person);
    if (code != PAM_SUCCESS)
        return stop(login, code, LOG_NOTICE, "there is no usable user name");
    if (geteuid() != 0 && geteuid() != login->person.uid)
        return stop(login, PAM_AUTHINFO_UNAVAIL, LOG_NOTICE, "only root may sign in somebody else");
    login->name = strdup(login->person.name);
    if (!login->name)
        return stop(login, PAM_BUF_ERR, LOG_ERR, "out of memory");
    login->person.name = login->name;
    return true;
}

/* What the host says about itself goes into the statement, so it must be text; what is not is left out. */
static const char *item_text(const Login *login, int item) {
    const void *value = NULL;
    if (pam_get_item(login->pam, item, &value) != PAM_SUCCESS || !value)
        return "";
    const char *text = value;
    size_t size = strnlen(text, STATEMENT_TEXT_MAX + 1);
    return size <= STATEMENT_TEXT_MAX && text_is_printable((View){value, size}) ? text : "";
}

static bool read_context(Login *login) {
    login->service = strdup(item_text(login, PAM_SERVICE));
    login->tty = strdup(item_text(login, PAM_TTY));
    if (!login->service || !login->tty)
        return stop(login, PAM_BUF_ERR, LOG_ERR, "out of memory");
    login->context = (ClientContext){.uid = login->person.uid, .service = login->service, .tty = login->tty};
    return true;
}

/* The connection does not stay open while the user thinks: the bus counts them, and it may be restarted. */
static bool ask_hint(Login *login) {
    uint64_t deadline = budget_start(&login->bus, frame_now());
    int r = connect_daemon(login, deadline);
    if (r == 0)
        r = client_login_hint(login->client, login->person.name, &login->context, deadline, login->fingerprint);
    budget_stop(&login->bus, frame_now());
    if (r < 0 || r == OVCERT_ERROR_UNAVAILABLE)
        return stop_at_daemon(login, "Hint", r);
    login->hint = r;
    login->client = client_free(login->client);
    return true;
}

static bool list_files(Login *login) {
    char *CLEANUP(free_pointer) detail = NULL;
    int r = files_list(login->places->helper_path, &login->person, &login->files, &detail);
    if (r != 0)
        return stop_at_helper(login, "listing certificate files", r, detail);
    if (login->files.n_usable > 0)
        return true;
    if (login->files.count == 0)
        return stop(login, PAM_AUTHINFO_UNAVAIL, LOG_DEBUG, "no certificate file");
    char *CLEANUP(free_pointer) label = text_escape_string(login->files.items[0].label);
    return stop(login, PAM_AUTHINFO_UNAVAIL, LOG_NOTICE, "no usable certificate file; %s: %s", label ? label : "?",
                login->files.items[0].problem);
}

static const char *shown_label(const HelperSource *source, char **ret_escaped) {
    if (!text_is_printable((View){(const uint8_t *) source->label, strlen(source->label)}))
        *ret_escaped = text_escape_string(source->label);
    return *ret_escaped ? *ret_escaped : source->label;
}

/* The list belongs to the question, so "silent" does not drop it. */
static int ask_number(Login *login, size_t *ret) {
    const Prompts loud = {.pam = login->pam};
    size_t count = login->files.n_usable;
    for (size_t i = 0; i < count; i++) {
        char *CLEANUP(free_pointer) escaped = NULL;
        prompts_info(&loud, "%zu  %s", i + 1, shown_label(&login->files.items[i], &escaped));
    }
    return prompts_number(&loud, count, ret, _("Number of the certificate file (1-%zu, empty: none): "), count);
}

static bool choose_file(Login *login) {
    size_t number = 1;
    if (login->files.n_usable > 1) {
        int code = ask_number(login, &number);
        if (code == PAM_AUTHINFO_UNAVAIL)
            prompts_error(&login->prompts, _("There is no certificate file of this number."));
        if (code != PAM_SUCCESS)
            return stop(login, code, LOG_NOTICE, "no certificate file was chosen");
    }
    if (number == 0)
        return stop(login, PAM_AUTHINFO_UNAVAIL, LOG_DEBUG, "the user wants no certificate");
    login->source = &login->files.items[number - 1];
    return true;
}

static int take_first_pass(Login *login) {
    const void *token = NULL;
    int code = pam_get_item(login->pam, PAM_AUTHTOK, &token);
    if (code != PAM_SUCCESS || !token)
        return PAM_AUTHINFO_UNAVAIL;
    return secret_new(token, strlen(token), &login->secret) < 0 ? PAM_AUTH_ERR : PAM_SUCCESS;
}

static int ask_passphrase(Login *login) {
    char *CLEANUP(free_pointer) escaped = NULL;
    return prompts_secret(&login->prompts, &login->secret, _("Passphrase of %s (empty: without certificate): "),
                          shown_label(login->source, &escaped));
}

static bool get_passphrase(Login *login) {
    int code = login->options.use_first_pass ? take_first_pass(login) : ask_passphrase(login);
    if (code != PAM_SUCCESS)
        return stop(login, code, LOG_NOTICE, "no passphrase");
    if (secret_view(login->secret).size == 0)
        return stop(login, PAM_AUTHINFO_UNAVAIL, LOG_DEBUG, "the user wants no certificate");
    return true;
}

static bool open_chosen(Login *login) {
    char *CLEANUP(free_pointer) detail = NULL;
    int r = files_open(login->places->helper_path, &login->person, login->source, login->secret, &login->open, &detail);
    login->secret = secret_free(login->secret);
    if (r == 0)
        return true;
    const char *text = credential_outcome_text(r);
    if (text)
        prompts_error(&login->prompts, "%s", _(text));
    if (r == CREDENTIAL_OUTCOME_WRONG_SECRET && !login->options.no_delay)
        (void) pam_fail_delay(login->pam, WRONG_PASSPHRASE_DELAY_MICROSECONDS); /* a wish to the host */
    return stop_at_helper(login, "opening the certificate file", r, detail);
}

static bool find_certificate(Login *login) {
    if (login->hint == 0 && login->person.known)
        login->certificate = open_file_find(&login->open, login->fingerprint);
    if (login->certificate)
        return true;
    tell_nothing_fits(login);
    if (login->hint != 0)
        return stop_at_daemon(login, "Hint", login->hint);
    return stop(login, PAM_AUTHINFO_UNAVAIL, LOG_NOTICE,
                login->person.known ? "the file does not hold the assigned certificate" : "there is no such account");
}

static bool begin(Login *login) {
    uint64_t deadline = budget_start(&login->bus, frame_now());
    int r = connect_daemon(login, deadline);
    if (r == 0)
        r = client_login_begin(login->client, login->person.name, &login->context, deadline, &login->challenge);
    budget_stop(&login->bus, frame_now());
    if (r == 0)
        return true;
    if (r == OVCERT_ERROR_NO_CERTIFICATE || r == OVCERT_ERROR_NOT_FOUND)
        tell_nothing_fits(login);
    else
        tell_neutral(login, codes_of_login(r));
    return stop_at_daemon(login, "Begin", r);
}

static bool sign(Login *login) {
    Statement statement = login->challenge.statement;
    memcpy(statement.fingerprint, login->certificate->fingerprint, sizeof statement.fingerprint);
    uint64_t deadline = frame_now() + FILES_OPEN_SECONDS * UINT64_C(1000000);
    int r = helper_sign(login->open.helper, &statement, deadline, &login->algorithm, &login->signature);
    if (r == 0)
        return true;
    tell_neutral(login, codes_of_credential(r));
    return stop_at_helper(login, "signing", r, r > 0 ? helper_detail(login->open.helper) : NULL);
}

/* Possession was proven, so this person may know why; and an expired certificate is remembered as the one that may be
 * renewed. */
static bool stop_proven(Login *login, int outcome) {
    const char *advice = _(ovcert_error_advice(outcome));
    int code = PAM_SUCCESS;
    if (outcome == OVCERT_ERROR_CERTIFICATE_EXPIRED) {
        advice = _("Sign in with your password, get a new certificate and run \"ovcertctl renew\".");
        code = memory_store(login->pam, login->person.name, &(Memory){.kind = MEMORY_EXPIRED});
    }
    tell_reasons(login, outcome, client_failure(login->client), advice);
    if (code != PAM_SUCCESS)
        return stop(login, code, LOG_ERR, "the PAM handle keeps no data");
    return stop_at_daemon(login, "Finish", outcome);
}

/* Hosts and modules may rename the user while we ask; what was proven is the former one's. */
static bool is_still_the_user(const Login *login) {
    const void *user = NULL;
    return pam_get_item(login->pam, PAM_USER, &user) == PAM_SUCCESS && user && strcmp(user, login->person.name) == 0;
}

static bool finish(Login *login) {
    ClientLogin CLEANUP(client_login_done) result = {0};
    uint64_t deadline = budget_start(&login->bus, frame_now());
    int r = client_login_finish(login->client, &login->challenge, bytes_view(&login->certificate->der),
                                &login->certificate->chain, login->algorithm, bytes_view(&login->signature), deadline,
                                &result);
    budget_stop(&login->bus, frame_now());
    if (r == OVCERT_ERROR_CERTIFICATE_EXPIRED || r == OVCERT_ERROR_CERTIFICATE_REFUSED)
        return stop_proven(login, r);
    if (r != 0) {
        tell_neutral(login, codes_of_login(r));
        return stop_at_daemon(login, "Finish", r);
    }
    if (!is_still_the_user(login))
        return stop(login, PAM_AUTHINFO_UNAVAIL, LOG_ERR, "the host has changed the user's name meanwhile");
    const Memory accepted = {.kind = MEMORY_ACCEPTED, .expiring = result.expiring, .days_left = result.days_left};
    int code = memory_store(login->pam, login->person.name, &accepted);
    if (code != PAM_SUCCESS)
        return stop(login, code, LOG_ERR, "the PAM handle keeps no data");
    return true;
}

static void journal_success(const Login *login) {
    char *CLEANUP(free_pointer) fingerprint = hex_encode((View){login->fingerprint, sizeof login->fingerprint});
    pam_syslog(login->pam, LOG_INFO, "%s: signed in by certificate %s", login->person.name,
               fingerprint ? fingerprint : "");
}

int login_authenticate(pam_handle_t *pam, int flags, int argc, const char *const *argv, const Places *places) {
    Login CLEANUP(login_done)
        login = {.pam = pam, .places = places, .bus = {.left = BUDGET_BUS_MICROSECONDS}, .code = PAM_SYSTEM_ERR};
    if (read_options(&login, flags, argc, argv) && find_person(&login) && read_context(&login) && ask_hint(&login) &&
        list_files(&login) && choose_file(&login) && get_passphrase(&login) && open_chosen(&login) &&
        find_certificate(&login) && begin(&login) && sign(&login) && finish(&login)) {
        journal_success(&login);
        return PAM_SUCCESS; /* the one line that grants access */
    }
    return login.code == PAM_SUCCESS || login.code == PAM_IGNORE ? PAM_SYSTEM_ERR : login.code;
}
