/* SPDX-License-Identifier: BSD-2-Clause */
/* How an assignment is made without proof, for "assign" and "setup", and how it ends, for "renew" too. */
#pragma once

#include "common/bytes.h"
#include "ovcertctl/description.h"
#include "ovcertctl/tool.h"

/* Says that the certificate is assigned. 0, or an ExitStatus, said. */
int assign_summary(const Tool *tool, const char *user, const CertificateInfo *certificate);
/* As an administrator, without proof. A result of client/. */
int assign_certificate(Tool *tool, const char *user, View certificate, const BytesList *chain);
