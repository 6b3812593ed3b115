/* SPDX-License-Identifier: BSD-2-Clause */
/* Lets the helper look, for "doctor": its settings, the PKCS#11 modules and the tokens. ovcertctl loads none itself. */
#pragma once

#include "ovcertctl/findings.h"

void check_credentials(Findings *findings);
