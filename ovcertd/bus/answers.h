/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers: what the service tells, as the a{sv} of dbus/. Each appends to an open message; 0 or a negative errno. */
#pragma once

#include <stdint.h>

#include <systemd/sd-bus.h>

#include "ovcertd/core/service.h"

/* One {sv} of an open a{sv}. */
int answers_string(sd_bus_message *message, const char *key, const char *value);
int answers_time(sd_bus_message *message, const char *key, int64_t value);
int answers_flag(sd_bus_message *message, const char *key, bool value);
int answers_u32(sd_bus_message *message, const char *key, uint32_t value);
int answers_octets(sd_bus_message *message, const char *key, View value);

/* Whole a{sv}. */
int answers_facts(sd_bus_message *message, const Certificate *certificate, const Verdict *verdict);
int answers_verdict(sd_bus_message *message, const CheckResult *result);
int answers_description(sd_bus_message *message, const ProfileDescription *description); /* Describe */
int answers_row(sd_bus_message *message, const ProfileDescription *description);         /* ListProfiles */
int answers_audit(sd_bus_message *message, const AuditRow *row);
int answers_fields(sd_bus_message *message, const Statement *statement); /* of a challenge */
