/* SPDX-License-Identifier: BSD-2-Clause */
/* How an assignment ends, for "assign" and "renew". */
#pragma once

#include "ovcertctl/description.h"
#include "ovcertctl/tool.h"

/* Says that the certificate is assigned. 0, or an ExitStatus, said. */
int assign_summary(const Tool *tool, const char *user, const CertificateInfo *certificate);
