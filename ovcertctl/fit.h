/* SPDX-License-Identifier: BSD-2-Clause */
/* Fit: what can be said of a credential's certificate without asking the daemon, whose verdict comes on top. */
#pragma once

#include "client/helper.h"
#include "ovcertctl/description.h"
#include "ovcertctl/tool.h"

/* Zero-initialised *ret; certificate_info_done() in any case. 0; positive: it is no certificate; -ENOMEM. */
int fit_read(const HelperCertificate *certificate, CertificateInfo *ret);
/* Is it the one that is assigned to the profile now? */
bool fit_is_assigned(const ProfileInfo *profile, const CertificateInfo *info);
/* Why it is none that the profile could change to; NULL when it may be. */
const char *fit_problem(const Tool *tool, const ProfileInfo *profile, const CertificateInfo *info);
/* At most as many issuers as the contract lets through; borrowed. */
BytesList fit_issuers(const HelperCertificate *certificate);
