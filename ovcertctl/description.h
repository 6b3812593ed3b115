/* SPDX-License-Identifier: BSD-2-Clause */
/* Description: what the daemon tells about a profile and its certificates, read from Describe, ListProfiles and
 * CheckCertificate (dbus/). Zero-initialise; the _done() functions free. Strings are never NULL once read. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-bus.h>

#include "common/bytes.h"
#include "ovcertctl/path.h"
#include "ovcertctl/tool.h"
#include "trust/certificate.h"
#include "trust/kinds.h"

typedef struct Reason {
    char *name;
    uint32_t depth;
    char *detail;
    char *wanted; /* what was wanted in place of that; "" when not told */
} Reason;

typedef struct Reasons {
    Reason *items;
    size_t count;
} Reasons;

/* What the certificate's kind says under one key, and where. */
typedef struct Rule {
    char *key;
    char *text;
    char *source; /* "FILE:LINE"; "" for a default */
} Rule;

typedef struct Rules {
    Rule *items;
    size_t count;
} Rules;

typedef struct CertificateInfo {
    Bytes fingerprint;
    char *subject;
    char *issuer;
    char *common_name;
    char *serial;
    char *holder;
    char *kind; /* "" when not told */
    int64_t not_before;
    int64_t not_after;
    char *key_type; /* "" when not told */
    uint32_t key_bits;
    int64_t since; /* of an assigned one, from here on */
    bool proven;
    bool accepted;
    Reasons reasons;
    int64_t revocation_checked;
    Path path; /* Describe's alone, and so are the rules */
    Rules rules;
} CertificateInfo;

typedef struct OperationInfo {
    char *id;
    char *kind;
    char *state;
    bool until_assign;
    uint32_t opener;
    int64_t deadline;
} OperationInfo;

typedef struct CandidateInfo {
    char *id;
    CertificateInfo certificate;
    int64_t proven;
    int64_t deadline;
} CandidateInfo;

typedef struct ProfileInfo {
    char *user;
    char *kind;
    bool has_uid;
    uint32_t uid;
    char *holder;
    char *state;
    char *block_reason;
    char *certificate_status;
    int64_t last_login;
    bool has_certificate;
    CertificateInfo certificate;
    OperationInfo *operations;
    size_t n_operations;
    CandidateInfo *candidates;
    size_t n_candidates;
} ProfileInfo;

bool reasons_have(const Reasons *reasons, const char *name);
void reasons_done(Reasons *reasons);
void rules_done(Rules *rules);
void certificate_info_done(CertificateInfo *info);
void profile_info_done(ProfileInfo *info);

/* Each reads at the message's cursor; 0 or a negative errno, and what was read so far is the caller's to free. */
int reasons_read(sd_bus_message *message, void *reasons);
int rules_read(sd_bus_message *message, void *rules);           /* a(sss) into Rules */
int certificate_info_read(sd_bus_message *message, void *info); /* of what is no certificate there may be no facts */
int profile_info_read(sd_bus_message *message, ProfileInfo *info);

/* What a certificate that is at hand says of itself. 0 or -ENOMEM. */
int certificate_info_fill(const CertificateFacts *facts, CertificateInfo *info);
/* What its kind says; nothing without one. 0 or -ENOMEM. */
int rules_fill(const Kind *kind, Rules *ret);

/* Describe. 0 with *ret, and with *ret_reply rewound (may be NULL), or a result of client/. */
int profile_describe(Tool *tool, const char *user, ProfileInfo *ret, sd_bus_message **ret_reply);
/* The open operation of this kind; NULL. */
const OperationInfo *profile_operation(const ProfileInfo *profile, const char *kind);
/* The certificate that was proven last; NULL. */
const CandidateInfo *profile_candidate(const ProfileInfo *profile);
