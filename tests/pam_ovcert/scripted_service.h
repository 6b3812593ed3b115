/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for org.ovcert1.Login where a test needs answers that the real daemon gives only in trouble. PAM_TTY is the
 * script, words of the form "MEMBER:WHAT": WHAT is the name of an OvcertError, "other" (another fingerprint),
 * "expiring", "today", "slow" (answers after three seconds) or "silent" (never answers); any other tty is answered as
 * for a good sign-in. */
#pragma once

#include <systemd/sd-bus.h>

int scripted_service(sd_bus_message *message, void *userdata, sd_bus_error *error);
