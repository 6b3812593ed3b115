/* SPDX-License-Identifier: BSD-2-Clause */
/* The errors org.ovcert1.Error.*: every one once, with its errno(3), its PAM code (pam(3)), what happened and what to
 * do next.
 *
 * A function of the daemon's core returns 0, a negative errno (a fault: ours or the system's), or one of these as a
 * positive outcome. Texts are for gettext(3) in the client; the daemon sends names and a detail, never translated text.
 */
#pragma once

#include "common/macros.h"

#define OVCERT_ERROR_PREFIX "org.ovcert1.Error."

/* X(symbol, name, errno, PAM code, what happened, what to do) */
#define OVCERT_ERRORS(X)                                                                                               \
    X(NOT_FOUND, "NotFound", ENOENT, PAM_AUTHINFO_UNAVAIL, N_("There is no such profile."),                            \
      N_("Check the name; an administrator makes a profile with \"ovcertctl profile create\"."))                       \
    X(DENIED, "Denied", EACCES, PAM_AUTH_ERR, N_("You are not allowed to do this."),                                   \
      N_("Identify with your password when asked, or ask an administrator."))                                          \
    X(INVALID_ARGUMENT, "InvalidArgument", EINVAL, PAM_AUTHINFO_UNAVAIL, N_("The request is not valid."),              \
      N_("Correct what the message names and try again."))                                                             \
    X(PROFILE_EXISTS, "ProfileExists", EEXIST, PAM_AUTHINFO_UNAVAIL,                                                   \
      N_("There is a profile of this name or user id already."), N_("See it with \"ovcertctl profile show\"."))        \
    X(PROFILE_BLOCKED, "ProfileBlocked", EUCLEAN, PAM_AUTH_ERR, N_("The profile is blocked."),                         \
      N_("Only an administrator can unblock it."))                                                                     \
    X(ACCOUNT_CHANGED, "AccountChanged", ESTALE, PAM_AUTH_ERR, N_("The user name now belongs to another account."),    \
      N_("An administrator has to look into it."))                                                                     \
    X(NO_CERTIFICATE, "NoCertificate", ENODATA, PAM_AUTHINFO_UNAVAIL,                                                  \
      N_("No certificate is assigned to the profile."), N_("Assign one with \"ovcertctl assign\"."))                   \
    X(CERTIFICATE_ASSIGNED, "CertificateAssigned", EISCONN, PAM_AUTH_ERR,                                              \
      N_("The profile has a certificate already."), N_("Unlink it and confirm first, or use \"ovcertctl renew\"."))    \
    X(CERTIFICATE_TAKEN, "CertificateTaken", EADDRINUSE, PAM_AUTH_ERR,                                                 \
      N_("The certificate cannot be assigned to this profile."),                                                       \
      N_("Use another certificate, or ask an administrator."))                                                         \
    X(CERTIFICATE_REFUSED, "CertificateRefused", EKEYREJECTED, PAM_AUTH_ERR, N_("The certificate is not accepted."),   \
      N_("See every reason with \"ovcertctl check\"."))                                                                \
    X(CERTIFICATE_EXPIRED, "CertificateExpired", EKEYEXPIRED, PAM_CRED_EXPIRED, N_("The certificate has expired."),    \
      N_("Get a new one from its issuer, then run \"ovcertctl renew\"."))                                              \
    X(HOLDER_MISMATCH, "HolderMismatch", EPERM, PAM_AUTH_ERR, N_("The certificate belongs to another holder."),        \
      N_("Use a certificate of the profile's holder."))                                                                \
    X(HOLDER_UNKNOWN, "HolderUnknown", ENOKEY, PAM_AUTH_ERR,                                                           \
      N_("The profile has no holder yet, so its first certificate needs an administrator."),                           \
      N_("Ask an administrator to assign it."))                                                                        \
    X(OPERATION_PENDING, "OperationPending", EBUSY, PAM_AUTH_ERR, N_("An operation is open already."),                 \
      N_("Go on with \"ovcertctl confirm\", or drop it with \"ovcertctl cancel\"."))                                   \
    X(OPERATION_INVALID, "OperationInvalid", EBADR, PAM_AUTH_ERR, N_("There is no such open operation for you here."), \
      N_("See the open ones with \"ovcertctl status\"."))                                                              \
    X(OPERATION_LAPSED, "OperationLapsed", ETIME, PAM_AUTH_ERR,                                                        \
      N_("The operation's time has run out; nothing was changed."), N_("Start again."))                                \
    X(CHALLENGE_INVALID, "ChallengeInvalid", EBADE, PAM_AUTH_ERR, N_("The challenge is not, or no longer, valid."),    \
      N_("Try again."))                                                                                                \
    X(SIGNATURE_INVALID, "SignatureInvalid", EBADMSG, PAM_AUTH_ERR,                                                    \
      N_("The signature does not prove possession of the certificate's key."),                                         \
      N_("Use the key that belongs to the certificate."))                                                              \
    X(CANDIDATE_INVALID, "CandidateInvalid", EBADSLT, PAM_AUTH_ERR,                                                    \
      N_("There is no such proven certificate for this profile."), N_("Prove it again; a proof is good for an hour.")) \
    X(REVOCATION_PENDING, "RevocationPending", EAGAIN, PAM_AUTHINFO_UNAVAIL,                                           \
      N_("Revocation data for the certificate is not here yet."), N_("Try again later; nothing entered is lost."))     \
    X(LIMIT_EXCEEDED, "LimitExceeded", EUSERS, PAM_AUTHINFO_UNAVAIL, N_("Too many requests at once."),                 \
      N_("Wait a moment and try again."))                                                                              \
    X(STORAGE, "Storage", EIO, PAM_AUTHINFO_UNAVAIL, N_("The database cannot be used."),                               \
      N_("Nothing was changed; an administrator has to look at the journal of ovcertd."))                              \
    X(UNAVAILABLE, "Unavailable", EHOSTDOWN, PAM_AUTHINFO_UNAVAIL, N_("The service ovcertd does not answer."),         \
      N_("Is it running? \"systemctl status ovcertd\" tells."))

typedef enum OvcertError {
    OVCERT_OK = 0,
#define X(symbol, name, number, pam, text, advice) OVCERT_ERROR_##symbol,
    OVCERT_ERRORS(X)
#undef X
        OVCERT_ERROR_COUNT_,
} OvcertError;

/* "NotFound" → "org.ovcert1.Error.NotFound"; NULL for OVCERT_OK and unknown values. Static. */
const char *ovcert_error_name(int error);
/* The error of a full D-Bus name; OVCERT_OK when it is not one of ours (NULL included). */
OvcertError ovcert_error_from_name(const char *name);
int ovcert_error_errno(int error);          /* positive errno, 0 for unknown values */
const char *ovcert_error_text(int error);   /* untranslated msgid; static */
const char *ovcert_error_advice(int error); /* untranslated msgid; static */
