/* SPDX-License-Identifier: BSD-2-Clause */
/* The beginning that auth and account share, and the journal. Called by login.c, account.c and what they call; must
 * never keep a string that a conversation may free. */
#include "pam_ovcert/transaction.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <security/pam_ext.h>

#include "common/credential.h"
#include "common/error.h"
#include "common/text.h"

int transaction_begin(Transaction *transaction, pam_handle_t *pam, int flags, int argc, const char *const *argv,
                      const Places *places) {
    const char *bad = NULL;
    transaction->pam = pam;
    transaction->places = places;
    if (module_options_parse(argc, argv, &transaction->options, &bad) < 0) {
        transaction_journal(transaction, LOG_ERR, "unknown or bad option \"%s\"", bad);
        return PAM_SERVICE_ERR;
    }
    transaction->prompts = prompts_of(pam, flags, transaction->options.silent);
    return PAM_SUCCESS;
}

void transaction_done(Transaction *transaction) {
    person_done(&transaction->person);
    free(transaction->service);
    free(transaction->tty);
}

/* What the host says about itself goes into the statement, so it must be text; what is not is left out. */
static const char *item_text(const Transaction *transaction, int item) {
    const void *value = NULL;
    if (pam_get_item(transaction->pam, item, &value) != PAM_SUCCESS || !value)
        return "";
    const char *text = value;
    size_t size = strnlen(text, STATEMENT_TEXT_MAX + 1);
    return size <= STATEMENT_TEXT_MAX && text_is_printable((View){value, size}) ? text : "";
}

const char *transaction_service(const Transaction *transaction) {
    return item_text(transaction, PAM_SERVICE);
}

int transaction_find_person(Transaction *transaction) {
    int code = person_find(transaction->pam, &transaction->person);
    if (code != PAM_SUCCESS) {
        transaction_journal(transaction, LOG_NOTICE, "there is no usable user name");
        return code;
    }
    transaction->service = strdup(item_text(transaction, PAM_SERVICE));
    transaction->tty = strdup(item_text(transaction, PAM_TTY));
    if (!transaction->service || !transaction->tty)
        return PAM_BUF_ERR;
    transaction->context =
        (ClientContext){.uid = transaction->person.uid, .service = transaction->service, .tty = transaction->tty};
    return PAM_SUCCESS;
}

/* Details of the daemon have several lines. */
__attribute__((format(printf, 3, 0))) static void journal(const Transaction *transaction, int priority,
                                                          const char *format, va_list arguments) {
    char *CLEANUP(free_pointer) line = NULL;
    if (vasprintf(&line, format, arguments) < 0) {
        line = NULL; /* its value is not defined then */
        return;
    }
    for (char *c = strchr(line, '\n'); c; c = strchr(c, '\n'))
        *c = ';';
    const char *name = transaction->person.name;
    pam_syslog(transaction->pam, priority, "%s: %s", name ? name : "(no user)", line);
}

void transaction_journal(const Transaction *transaction, int priority, const char *format, ...) {
    if (priority == LOG_DEBUG && !transaction->options.debug)
        return;
    va_list arguments;
    va_start(arguments, format);
    journal(transaction, priority, format, arguments);
    va_end(arguments);
}

static void journal_result(const Transaction *transaction, int priority, const char *what, const char *name,
                           const char *detail) {
    transaction_journal(transaction, priority, "%s: %s%s%s", what, name ? name : "unknown outcome",
                        detail && detail[0] ? ": " : "", detail ? detail : "");
}

void transaction_journal_daemon(const Transaction *transaction, const char *member, int result, const char *detail) {
    const char *name = result > 0 ? ovcert_error_name(result) : strerrordesc_np(-result);
    journal_result(transaction, LOG_NOTICE, member, name, detail);
}

void transaction_journal_helper(const Transaction *transaction, const char *step, int result, const char *detail) {
    const char *name = result > 0 ? credential_outcome_name(result) : strerrordesc_np(-result);
    journal_result(transaction, result > 0 ? LOG_NOTICE : LOG_ERR, step, name, detail);
}
