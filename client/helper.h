/* SPDX-License-Identifier: BSD-2-Clause */
/* Helper: one run of ovcert-credential, started, spoken to and ended by its user (common/credential.h is the dialogue).
 * The framed answer decides, never the exit status, since host programs reap children.
 *
 * int results: 0; a CredentialOutcome as a positive outcome, helper_detail() saying more; a negative errno for faults
 * (-ETIMEDOUT at the deadline, -EPIPE when the helper has died, -EBADMSG when it talks nonsense). After a fault every
 * call returns it again, since nobody knows which answer would come next. Deadlines are on CLOCK_MONOTONIC, in
 * microseconds. The helper's process sees no environment, no descriptor but its own, and default signals; it leads a
 * session of its own, so that keys typed at the terminal do not reach it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/bytes.h"
#include "common/credential.h"
#include "common/macros.h"
#include "common/secret.h"
#include "common/statement.h"

typedef struct Helper Helper;

typedef struct HelperOptions {
    const char *path; /* NULL for the one fixed at build time */
    unsigned seconds; /* the helper ends itself after so many */
    bool as_user;     /* we are root: become the user below */
    uid_t uid;
    gid_t gid;
    const char *user;
    const char *home;
    bool tokens; /* tokens alone, as the helper's own system user when we are root; not with as_user */
} HelperOptions;

typedef struct HelperCertificate {
    uint8_t fingerprint[STATEMENT_FINGERPRINT_SIZE]; /* the helper's word, good for finding one among many */
    Bytes der;
    BytesList chain;
} HelperCertificate;

typedef struct HelperSource {
    char *kind; /* CREDENTIAL_KIND_... */
    char *id;   /* any octets but NUL: to be escaped before it is shown, as is the label */
    char *label;
    uint8_t flags; /* CredentialSourceFlag */
    char *problem; /* "" or a credential outcome's name */
    char *detail;
    HelperCertificate *certificates; /* that show without a secret */
    size_t n_certificates;
} HelperSource;

typedef struct HelperUnlock {
    const Secret *secret;  /* NULL: empty, since it is typed on the reader */
    const uint8_t *wanted; /* fingerprint (STATEMENT_FINGERPRINT_SIZE) that must be there; NULL: any */
    bool final_try;        /* the person was told that it is the last try, and wants it */
} HelperUnlock;

/* deadline: until READY has arrived. */
int helper_start(const HelperOptions *options, uint64_t deadline, Helper **ret);
Helper *helper_free(Helper *helper); /* closes; kills and reaps the child if it is still ours; accepts NULL */
DEFINE_CLEANUP(Helper *, helper_free)
const char *helper_detail(const Helper *helper); /* "" when none; printable */

int helper_list(Helper *helper, uint64_t deadline, HelperSource **ret, size_t *ret_count);
/* helper_start() and helper_list() in two halves, so that the caller does something else while the helper works: starts
 * it and asks for the list, waiting for neither; then, once and before anything else, waits for both. */
int helper_start_list(const HelperOptions *options, Helper **ret);
int helper_finish_list(Helper *helper, uint64_t deadline, HelperSource **ret, size_t *ret_count);
/* Waits for a token, seconds at most, which the deadline has to be later than. Once interrupt_fd is readable (-1: none)
 * it gives up with -EINTR, and the helper has to be freed. */
int helper_wait(Helper *helper, uint32_t seconds, int interrupt_fd, uint64_t deadline, HelperSource **ret,
                size_t *ret_count);
HelperSource *helper_sources_free(HelperSource *sources, size_t count);
/* The certificate of this fingerprint; NULL when it is not among them. Borrowed. */
const HelperCertificate *helper_find_certificate(const HelperCertificate *certificates, size_t count,
                                                 const uint8_t *fingerprint);
int helper_unlock(Helper *helper, const HelperSource *source, const HelperUnlock *how, uint64_t deadline,
                  HelperCertificate **ret, size_t *ret_count);
HelperCertificate *helper_certificates_free(HelperCertificate *certificates, size_t count);
/* statement->fingerprint names the certificate. */
int helper_sign(Helper *helper, const Statement *statement, uint64_t deadline, char **ret_algorithm,
                Bytes *ret_signature);
