/* SPDX-License-Identifier: BSD-2-Clause */
/* How a verdict made here, without the daemon, looks to people and to scripts. */
#pragma once

#include "ovcertctl/tool.h"
#include "trust/trust.h"

/* The JSON has CheckCertificate's keys (dbus/), each reason with its text and advice, and "problems". der: the
 * certificate that was judged. 0 or -ENOMEM. */
int verify_view(const Tool *tool, View der, const Verdict *verdict, const TrustProblems *problems);
