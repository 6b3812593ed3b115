/* SPDX-License-Identifier: BSD-2-Clause */
/* Transaction: what auth and account both begin with: the options, the person, and what the host says of itself. Owns
 * copies of libpam's strings, which a host may replace while it is asked. Zero-initialise; transaction_done(). */
#pragma once

#include <stdbool.h>

#include <security/pam_modules.h>

#include "client/client.h"
#include "pam_ovcert/options.h"
#include "pam_ovcert/person.h"
#include "pam_ovcert/places.h"
#include "pam_ovcert/prompts.h"

typedef struct Transaction {
    pam_handle_t *pam;
    const Places *places;
    Options options;
    Prompts prompts;
    Person person;
    ClientContext context; /* of the person: uid, service, tty; what is no text is "" */
    char *service, *tty;   /* context's */
} Transaction;

/* PAM_SUCCESS, or PAM_SERVICE_ERR for an option that is none. Journals. */
int transaction_begin(Transaction *transaction, pam_handle_t *pam, int flags, int argc, const char *const *argv,
                      const Places *places);
/* person and context. PAM_SUCCESS, or person_find()'s codes. Journals. */
int transaction_find_person(Transaction *transaction);
void transaction_done(Transaction *transaction);
/* PAM_SERVICE; "" when it is no text. Borrowed from libpam. */
const char *transaction_service(const Transaction *transaction);

/* One record, whatever the parts hold, with the person's name; LOG_DEBUG needs the option debug. */
__attribute__((format(printf, 3, 4))) void transaction_journal(const Transaction *transaction, int priority,
                                                               const char *format, ...);
/* What ended a call, by the names of its outcome or errno. detail may be NULL. */
void transaction_journal_daemon(const Transaction *transaction, const char *member, int result, const char *detail);
void transaction_journal_helper(const Transaction *transaction, const char *step, int result, const char *detail);
