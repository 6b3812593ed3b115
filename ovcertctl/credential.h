/* SPDX-License-Identifier: BSD-2-Clause */
/* Credential: the user's .p12 file or token, found, chosen and unlocked through the helper, ready to sign once. The
 * passphrase or PIN goes to the helper and nowhere else. Functions return 0 or an ExitStatus, said, unless they say
 * otherwise. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "client/helper.h"
#include "common/macros.h"
#include "ovcertctl/description.h"
#include "ovcertctl/tool.h"

/* Zero-initialise; credential_done() frees, and ends the helper. */
typedef struct Credential {
    char *label; /* for people, printable */
    Helper *helper;
    HelperCertificate *certificates;
    size_t n_certificates;
} Credential;

void credential_done(Credential *credential);

/* What there is to choose from. Zero-initialise; credential_sources_done(). */
typedef struct CredentialSources {
    HelperSource *items;
    size_t count;
} CredentialSources;

void credential_sources_done(CredentialSources *sources);
/* What --credential names, which has no problem then, else everything that the helper finds. */
int credential_find(Tool *tool, CredentialSources *ret);
bool credential_is_token(const HelperSource *source);
/* Printable; caller frees; NULL when out of memory. */
char *credential_label(const HelperSource *source);
/* Why it cannot be used, translated; NULL when nothing is known against it. */
const char *credential_problem(const HelperSource *source);

/* A helper that may open this source (NULL: those that are files, and a user's tokens). */
int credential_start(const HelperSource *source, Helper **ret);
/* Says what an outcome or fault of the helper means; its exit status. helper may be NULL. */
int credential_failed(const Helper *helper, int r);
/* Asks for what unlocks it. */
int credential_unlock(Tool *tool, const HelperSource *source, Credential *ret);

/* Finds, lets the person choose where there is a choice, and unlocks. profile: for whom. */
int credential_open(Tool *tool, const ProfileInfo *profile, Credential *ret);
int credential_sign(Credential *credential, const Statement *statement, char **ret_algorithm, Bytes *ret_signature);
