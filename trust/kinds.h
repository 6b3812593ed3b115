/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds: what sorts of certificate there are, and what each is good for: whether one may sign in with it, whether it
 * needs an extended key usage, and what its holder is made from. Read from configuration (data/kinds has the shipped
 * ones and says what each key means), immutable once read, shared by reference.
 *
 * Files are KINDS_FOLDER/NAME.conf in the order of the UAPI Configuration Files Specification. A section is a kind;
 * later files win, key by key, so that a drop-in may change one key of a shipped kind. The first kind that matches, by
 * priority (0 first) and then by name, is the certificate's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/macros.h"
#include "trust/certificate.h"

#define KINDS_FOLDER "kinds.d"

typedef struct Kinds Kinds;
typedef struct Kind Kind;

/* Positive outcomes, with *ret_problem (caller frees). */
#define KINDS_INVALID 1 /* "FILE:LINE:COLUMN: what is wrong" */
#define KINDS_NONE 2    /* there is no kind at all, in words */

/* folders: those that have KINDS_FOLDER, highest priority first; each may be NULL. 0 with a reference in *ret, an
 * outcome, or -ENOMEM. */
int kinds_load(const char *const *folders, size_t n_folders, Kinds **ret, char **ret_problem);
/* The same from FOLDER/NAME.conf alone. */
int kinds_load_folder(const char *folder, Kinds **ret, char **ret_problem);
Kinds *kinds_ref(Kinds *kinds);   /* thread-safe; accepts NULL */
Kinds *kinds_unref(Kinds *kinds); /* thread-safe; accepts NULL, returns NULL */
DEFINE_CLEANUP(Kinds *, kinds_unref)
size_t kinds_count(const Kinds *kinds);

/* The certificate's kind, borrowed from kinds, or NULL for none. 0 or -ENOMEM. Any thread. */
int kinds_find(const Kinds *kinds, const Certificate *certificate, const Kind **ret);

/* Both at once: the kind (NULL: none), and the holder that it makes of the certificate, or without one what the
 * certificate names. kinds may be NULL. 0 with *ret_holder (caller frees) or -ENOMEM. */
int kinds_judge(const Kinds *kinds, const Certificate *certificate, const Kind **ret_kind, char **ret_holder);

/* Who may use it to sign in. */
typedef enum KindLogin {
    KIND_LOGIN_NO,    /* nobody, until an administrator says so */
    KIND_LOGIN_YES,   /* its holder */
    KIND_LOGIN_NEVER, /* nobody, whatever later files say */
} KindLogin;

/* X(symbol, key, what counts where no file has it) */
#define KIND_KEYS(X)                                                                                                   \
    X(DESCRIPTION, "description", "")                                                                                  \
    X(MATCH, "match", "")                                                                                              \
    X(PRIORITY, "priority", "4294967295")                                                                              \
    X(LOGIN, "login", "no")                                                                                            \
    X(EXTENDED_KEY_USAGE, "extended-key-usage", "required")                                                            \
    X(HOLDER, "holder", "named")

typedef enum KindKey {
#define X(symbol, key, otherwise) KIND_##symbol,
    KIND_KEYS(X)
#undef X
        KIND_KEY_COUNT_,
} KindKey;

const char *kind_key_name(KindKey key);
const char *kind_name(const Kind *kind);
/* As it is written, or as it counts where it is not. */
const char *kind_text(const Kind *kind, KindKey key);
/* Where that stands: "FILE:LINE", or "" where it is not written. */
const char *kind_source(const Kind *kind, KindKey key);
KindLogin kind_login(const Kind *kind);
bool kind_needs_extended_key_usage(const Kind *kind);
/* The holder that the kind makes of a certificate, in the normal form of trust/holder.h, "" when it cannot. 0 with *ret
 * (caller frees) or -ENOMEM. */
int kind_holder(const Kind *kind, const Certificate *certificate, char **ret);
/* The kind says which sort of holder there has to be, so that a certificate without one is refused. */
bool kind_demands_holder(const Kind *kind);
