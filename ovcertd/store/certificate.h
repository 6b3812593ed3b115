/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading the certificate part of associations and candidates. Internal to store/. */
#pragma once

#include "ovcertd/store/columns.h"
#include "ovcertd/store/store.h"

/* The eleven columns c.id to c.chain, as every query that joins certificate lists them. A failure sticks to columns;
 * *ret is the caller's to empty either way. */
void certificate_load(Columns *columns, CertificateRow *ret);
