/* SPDX-License-Identifier: BSD-2-Clause */
/* Views: how profiles, certificates and verdicts look to people. */
#pragma once

#include "ovcertctl/description.h"
#include "ovcertctl/tool.h"

/* "My profile" (own) or "Profile": everything, with how to go on. */
void view_profile(const Tool *tool, const ProfileInfo *profile, bool own);
void view_certificate(const Tool *tool, const CertificateInfo *certificate);
/* Of which day the oldest revocation list was that the verdict rests on; nothing for 0. */
void view_revocation(const Tool *tool, int64_t checked);
bool view_is_blocked(const ProfileInfo *profile);
/* Nothing unless it is blocked. */
void view_block(const Tool *tool, const ProfileInfo *profile);
/* The certificate and its issuers, the anchor last, each with its usages, its policies and what was asked about its
 * revocation. */
void view_path(const Tool *tool, const Path *path, const Reasons *reasons);
/* What the certificate's kind says, with the file and line of each; nothing without a kind. */
void view_kind(const Tool *tool, const char *kind, const Rules *rules);
/* With how to go on. */
void view_operations(const Tool *tool, const ProfileInfo *profile);
/* Every reason, each with what to do. `to_errors`: on standard error, as part of an error. */
void view_reasons(const Tool *tool, const Reasons *reasons, bool to_errors);
/* Old and new side by side; the old one may be NULL. 0 or a negative errno. */
int view_old_and_new(const Tool *tool, const CertificateInfo *old, const CertificateInfo *new);
/* The colour of a state or status. */
Colour view_colour(const char *word);
