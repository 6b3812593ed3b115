/* SPDX-License-Identifier: BSD-2-Clause */
/* Token: a token in a slot, as C_GetTokenInfo() describes it, and its name: a PKCS#11 URI (RFC 7512) of its label,
 * manufacturer, model and serial number. */
#pragma once

#include <stdint.h>

#include "ovcert-credential/modules.h"

/* Zero-initialise; token_done(). The module is borrowed. */
typedef struct Token {
    const Module *module;
    CK_SLOT_ID slot;
    CK_TOKEN_INFO info;
    char *uri;
} Token;

void token_done(Token *token);

#define TOKEN_SLOTS_MAX 64u

/* Slots of a module with a token in them. Zero-initialise. */
typedef struct TokenSlots {
    CK_SLOT_ID items[TOKEN_SLOTS_MAX];
    CK_ULONG count;
} TokenSlots;

/* All: 0, a CredentialOutcome with *ret_detail, or -ENOMEM. */
int token_slots(const Module *module, TokenSlots *ret, char **ret_detail);
/* TOKEN_REMOVED also for a slot whose token has no contents yet (CKF_TOKEN_INITIALIZED). */
int token_read(const Module *module, CK_SLOT_ID slot, Token *ret, char **ret_detail);
/* Looks into the slot again: how many tries are left changes with each. */
int token_refresh(Token *token, char **ret_detail);
/* The token of that very URI, or the only one that a URI with fewer attributes fits; NOT_FOUND when it fits several or
 * is none, TOKEN_REMOVED when it fits none. */
int token_find(const Modules *modules, const char *uri, Token *ret, char **ret_detail);

/* Label for people, escaped. free(3); NULL when out of memory. */
char *token_label(const Token *token);
uint8_t token_flags(const Token *token); /* CredentialSourceFlag, but for HIDDEN, which depends on what is there */
/* Why no PIN can be given to it: 0, PIN_LOCKED, PIN_CHANGE, NOT_SUPPORTED. */
int token_problem(const Token *token, char **ret_detail);
