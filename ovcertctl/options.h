/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of ovcertctl: every option once, with its help; which verb takes which stands in the verb table of
 * main.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ovcertctl/output.h"

/* X(symbol, name, letter or 0, argument or "" or "[argument]" that may be left out, help) */
#define OPTIONS(X)                                                                                                     \
    X(HELP, "help", 'h', "", N_("Show this help"))                                                                     \
    X(VERSION, "version", 0, "", N_("Show the version"))                                                               \
    X(JSON, "json", 0, "[short|pretty]", N_("Print JSON (default: pretty on a terminal, else short)"))                 \
    X(NO_LEGEND, "no-legend", 0, "", N_("Print no headings and hints"))                                                \
    X(NO_ASK_PASSWORD, "no-ask-password", 0, "", N_("Ask nothing: no password, no passphrase, no question"))           \
    X(QUIET, "quiet", 'q', "", N_("Print nothing but errors"))                                                         \
    X(USER, "user", 0, "NAME", N_("The profile of this user instead of one's own"))                                    \
    X(CREDENTIAL, "credential", 0, "FILE",                                                                             \
      N_("The .p12 file, or the pkcs11: URI of the token, with certificate and key"))                                  \
    X(YES, "yes", 'y', "", N_("Answer the question with yes"))                                                         \
    X(UNTIL_ASSIGN, "until-assign", 0, "", N_("Keep the old certificate until the new one is assigned"))               \
    X(CERTIFICATE, "certificate", 0, "FILE",                                                                           \
      N_("This certificate file (\"assign\": as administrator, without proof)"))                                       \
    X(HOLDER_CHANGE, "holder-change", 0, "", N_("As administrator: let another holder in"))                            \
    X(STATE, "state", 0, "STATE", N_("Only profiles that are unassigned, assigned or blocked"))                        \
    X(STATUS, "status", 0, "STATUS",                                                                                   \
      N_("Only certificates that are none, valid, expiring, expired, not-yet-valid, revoked or untrusted"))            \
    X(EXPIRING, "expiring", 0, "TIME",                                                                                 \
      N_("Only certificates that end within this time, such as 12h, 30d or 8w, or have ended"))                        \
    X(UID, "uid", 0, "UID", N_("The user id (default: that of the account of this name)"))                             \
    X(HOLDER, "holder", 0, "ID", N_("The holder, such as 99999999R or ES:99999999R"))                                  \
    X(VERIFY, "verify", 0, "", N_("Check the chain of the log instead of showing it"))                                 \
    X(LINES, "lines", 'n', "N", N_("Only the newest N entries"))                                                       \
    X(FOLLOW, "follow", 'f', "", N_("Show the newest entries, and new ones as they come, until interrupted"))          \
    X(REASON, "reason", 0, "TEXT", N_("Why, for those who see the profile"))                                           \
    X(BAR, "bar", 0, "", N_("As administrator: never accept this certificate again (a lost key, say)"))                \
    X(NO_VALIDATION, "no-validation", 0, "", N_("As root: also a certificate that is not accepted"))                   \
    X(UNLOCK, "unlock", 0, "", N_("Ask for passphrases and PINs, and show what is inside"))                            \
    X(FORCE, "force", 0, "", N_("\"backup\": replace the file; \"restore\": also when the audit logs part ways"))      \
    X(CA, "ca", 0, "FILE", N_("Trust anchors: self-issued CA certificates; may be repeated"))                          \
    X(INTERMEDIATES, "intermediates", 0, "FILE", N_("Certificates between the anchor and this one; may be repeated"))  \
    X(CRL, "crl", 0, "FILE",                                                                                           \
      N_("Revocation lists (\"verify\": then each certificate of the chain needs a current one); may be repeated"))    \
    X(OCSP, "ocsp", 0, "FILE",                                                                                         \
      N_("An OCSP response; then the certificate needs a current one, or a list; may be repeated"))                    \
    X(AT, "at", 0, "TIME|@SECONDS", N_("As of this time, such as \"2026-01-31 12:00\" or 2026-01-31T11:00:00Z"))       \
    X(PURPOSE, "purpose", 0, "PURPOSE",                                                                                \
      N_("login (default), any, clientAuth, serverAuth, or the OID of an extended key usage"))                         \
    X(KINDS, "kinds", 0, "FOLDER",                                                                                     \
      N_("For login: kinds of certificate from the .conf files in this folder instead of the installed ones"))         \
    X(POLICY, "policy", 0, "OID", N_("A certificate policy that would do; may be repeated"))                           \
    X(EXPLICIT_POLICY, "explicit-policy", 0, "", N_("Accept no chain without such a policy"))                          \
    X(INHIBIT_ANY_POLICY, "inhibit-any-policy", 0, "", N_("Let anyPolicy stand for no policy"))                        \
    X(INHIBIT_POLICY_MAPPING, "inhibit-policy-mapping", 0, "", N_("Let no policy stand for another"))                  \
    X(MAX_DEPTH, "max-depth", 0, "N", N_("At most N intermediate certificates"))                                       \
    X(ANCHOR, "anchor", 0, "FILE", N_("A root certificate to trust; may be repeated"))                                 \
    X(ENABLE_PAM, "enable-pam", 0, "", N_("Turn signing in with certificates on, once it has been tried"))

typedef enum OptionId {
#define X(symbol, name, letter, argument, help) OPTION_##symbol,
    OPTIONS(X)
#undef X
        OPTION_COUNT_,
} OptionId;

_Static_assert(OPTION_COUNT_ <= 64, "options are bits of a uint64_t");

#define OPTION_BIT(symbol) (UINT64_C(1) << OPTION_##symbol)
/* What every verb takes. */
#define OPTIONS_COMMON                                                                                                 \
    (OPTION_BIT(HELP) | OPTION_BIT(VERSION) | OPTION_BIT(JSON) | OPTION_BIT(NO_LEGEND) | OPTION_BIT(NO_ASK_PASSWORD) | \
     OPTION_BIT(QUIET))

#define OPTION_USES_MAX 64u

/* One option with its argument, as it was given. */
typedef struct OptionUse {
    OptionId id;
    const char *value;
} OptionUse;

/* Strings are argv's. */
typedef struct Options {
    uint64_t given;                    /* OPTION_BIT()s */
    const char *values[OPTION_COUNT_]; /* of those with an argument, the last one; NULL */
    OptionUse uses[OPTION_USES_MAX];   /* all of those with an argument, in order, for options that may be repeated */
    size_t n_uses;
    OutputFormat format; /* --json */
    uint32_t uid;        /* --uid */
    uint64_t lines;      /* --lines; 0: all */
    int64_t expiring;    /* --expiring, seconds */
    int64_t at;          /* --at, seconds since the epoch */
    unsigned max_depth;  /* --max-depth */
    char **operands;     /* the verb first */
    size_t n_operands;
} Options;

static inline bool options_has(const Options *options, OptionId id) {
    return options->given & UINT64_C(1) << id;
}

/* The values of a repeated option, in order: begin with *cursor 0; NULL at the end. */
const char *options_next(const Options *options, OptionId id, size_t *cursor);
/* 0, or EXIT_USAGE, having said why. Reorders argv. */
int options_parse(int argc, char *argv[], Options *ret);
/* "--user", for messages; static. */
const char *options_name(OptionId id);
/* The help lines of these options, to standard output. */
void options_print_help(uint64_t mask);
/* "12h", "30d", "8w": seconds, at most a hundred years; 0 or -EINVAL. */
int options_time(const char *text, int64_t *ret);
/* "@SECONDS"; "2026-01-31", "2026-01-31 12:00", "2026-01-31 12:00:00" in local time, a "T" for the space, a "Z" behind
 * the seconds for UTC: seconds since the epoch; 0 or -EINVAL. */
int options_moment(const char *text, int64_t *ret);
/* A decimal number without sign or space, at most max; 0 or -EINVAL. */
int options_number(const char *text, uint64_t max, uint64_t *ret);
