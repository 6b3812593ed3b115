/* SPDX-License-Identifier: BSD-2-Clause */
/* Sources: where the person's certificates may be, .p12 files and tokens, through runs of the helper (client/helper.h).
 * Root's module runs it as the person for the files, and in its "tokens" mode for the tokens; a person's own module
 * runs it once for both.
 *
 * int results as of client/helper.h: 0, a CredentialOutcome with *ret_detail (may be NULL; caller frees), or a negative
 * errno. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/helper.h"
#include "common/macros.h"
#include "pam_ovcert/transaction.h"

#define SOURCES_LIST_SECONDS 10u
#define SOURCES_RUN_SECONDS 60u /* a run that has listed waits so long for its secret, and holds the card meanwhile */

/* Zero-initialise; sources_done(). */
typedef struct Sources {
    HelperSource *own; /* of the person's run */
    size_t n_own;
    HelperSource *tokens; /* of the tokens' run, when it is another one */
    size_t n_tokens;
    const HelperSource **all; /* both */
    size_t count;
} Sources;

/* The runs that list, on their way, and then those that may open what they have listed, so that a PKCS#11 module is
 * loaded once. Zero-initialise; listing_done(). */
typedef struct Listing {
    uint64_t deadline;    /* of the list */
    uint64_t end;         /* of the runs */
    Helper *own, *tokens; /* NULL where it did not start, or is not needed any more */
    int own_fault, tokens_fault;
} Listing;

/* Zero-initialise; open_source_done(). The helper waits to sign. */
typedef struct OpenSource {
    Helper *helper;
    HelperCertificate *certificates;
    size_t count;
} OpenSource;

void sources_done(Sources *sources);
/* Starts the runs and waits for nothing; what went wrong is told by sources_list(). */
void listing_start(const Transaction *transaction, Listing *ret);
void listing_done(Listing *listing); /* kills and reaps the runs */
/* Ends the runs but for the one that can open this source. */
void listing_keep(Listing *listing, const HelperSource *source);
/* Waits for the runs. Tokens that cannot be listed are journalled and no reason to fail, since a file may do. */
int sources_list(const Transaction *transaction, Listing *listing, Sources *ret, char **ret_detail);
/* The tokens alone; says that a card is waited for, and does, when seconds > 0. For root, or for oneself. -EINTR: the
 * wait was cancelled. */
int sources_list_tokens(const Transaction *transaction, unsigned seconds, Sources *ret, char **ret_detail);

bool source_is_token(const HelperSource *source);
bool source_is_usable(const HelperSource *source); /* nothing is known against asking for its secret */
/* May it hold a certificate that it does not show? */
bool source_hides(const HelperSource *source);
bool source_shows(const HelperSource *source, const uint8_t fingerprint[STATEMENT_FINGERPRINT_SIZE]);
/* Its label as it may be shown; *ret_escaped is the caller's to free. */
const char *source_label(const HelperSource *source, char **ret_escaped);

void open_source_done(OpenSource *open);
/* One try with this secret (NULL: it is typed on the reader), in the run that has listed the source if it lasts so
 * long. wanted: the certificate that has to be there; NULL: any. seconds: until the signature. */
int source_open(const Transaction *transaction, Listing *listing, const HelperSource *source, const Secret *secret,
                const uint8_t *wanted, unsigned seconds, OpenSource *ret, char **ret_detail);
