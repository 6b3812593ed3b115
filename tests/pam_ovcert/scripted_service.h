/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for org.ovcert1 where a test needs answers that the real daemon gives only in trouble. PAM_TTY is the
 * script, words of the form "MEMBER:WHAT": WHAT is the name of an OvcertError, "other" (another fingerprint),
 * "expiring", "today", "slow" (answers after three seconds) or "silent" (never answers); any other tty is answered as
 * for a good sign-in. Profile and Manager go by the script of the last sign-in: "Describe:unassigned", ":other"
 * (another certificate), ":recycled" (another uid), ":open", ":foreign", ":plain" (an open unlink),
 * "CheckCertificate:refused", "BeginProof:other", ":recycled", "FindByCertificate:odd". */
#pragma once

#include <systemd/sd-bus.h>

int scripted_service(sd_bus_message *message, void *userdata, sd_bus_error *error);
