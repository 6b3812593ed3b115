/* SPDX-License-Identifier: BSD-2-Clause */
/* Profile: the calls of org.ovcert1.Profile that a renewal at the prompt needs, in the owner's name (dbus/: options uid
 * and service), so that the daemon grants root no more than the owner has (SECURITY 41).
 *
 * int results as of client/client.h; deadlines too. Strings are NULL or as they may be shown. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/client.h"
#include "client/helper.h"

/* What is shown of a certificate. Zero-initialise; certificate_view_done(). */
typedef struct CertificateView {
    Bytes fingerprint;
    char *subject;
    char *common_name; /* may be "" */
    char *serial;
    int64_t not_after;
} CertificateView;
void certificate_view_done(CertificateView *view);

/* Zero-initialise; profile_done(). */
typedef struct Profile {
    uint32_t uid; /* UINT32_MAX without a Unix account */
    bool assigned;
    CertificateView certificate; /* if assigned */
    bool has_unlink;             /* an Unlink is open ... */
    bool is_swap;                /* ... that keeps the old certificate until the new one is assigned */
    uint32_t opener;
    bool confirmed;
    char *operation; /* its id */
} Profile;
void profile_done(Profile *profile);

int profile_describe(Client *client, const char *user, uint64_t deadline, Profile *ret);

/* Would the certificate do for this user? Zero-initialise; profile_verdict_done(). */
typedef struct ProfileVerdict {
    bool accepted;
    CertificateView certificate;
    char *reason; /* the first name of why not; NULL */
} ProfileVerdict;
void profile_verdict_done(ProfileVerdict *verdict);
int profile_check(Client *client, const char *user, const HelperCertificate *certificate, uint64_t deadline,
                  ProfileVerdict *ret);

/* Opens the swap; *ret_operation is the caller's to free. */
int profile_unlink(Client *client, const char *user, const ClientContext *owner, uint64_t deadline,
                   char **ret_operation);
int profile_confirm(Client *client, const char *user, const ClientContext *owner, const char *operation,
                    uint64_t deadline);
int profile_cancel(Client *client, const char *user, const ClientContext *owner, const char *operation,
                   uint64_t deadline);
int profile_assign(Client *client, const char *user, const ClientContext *owner, const char *candidate,
                   uint64_t deadline);
