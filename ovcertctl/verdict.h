/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's verdict on a certificate that is not assigned: Manager.CheckCertificate. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"
#include "ovcertctl/description.h"
#include "ovcertctl/tool.h"

/* Zero-initialise; verdict_info_done(). */
typedef struct VerdictInfo {
    bool accepted;
    Reasons reasons;
    CertificateInfo certificate; /* empty for what is no certificate */
    int64_t revocation_checked;
    Path path;
    Rules rules; /* of the certificate's kind */
} VerdictInfo;

void verdict_info_done(VerdictInfo *info);

/* user: whose holder counts; NULL for the caller's own profile, if any. 0 with *ret and, unless NULL, *ret_reply
 * rewound; or a result of client/. */
int verdict_ask(Tool *tool, View certificate, const BytesList *chain, const char *user, VerdictInfo *ret,
                sd_bus_message **ret_reply);
