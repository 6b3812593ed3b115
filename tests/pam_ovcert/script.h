/* SPDX-License-Identifier: BSD-2-Clause */
/* What the stand-ins for daemon and helper agree on with the tests of the module. */
#pragma once

#define SCRIPT_PASSPHRASE "correct horse"
#define SCRIPT_FINGERPRINT_OCTET 0x11 /* 32 times: the assigned certificate */
#define SCRIPT_OTHER_OCTET 0x22       /* 32 times: another one */
