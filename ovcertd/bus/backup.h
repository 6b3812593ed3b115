/* SPDX-License-Identifier: BSD-2-Clause */
/* Backup and ReadBackup of org.ovcert1.Manager: one copy of the database at a time, kept for the connection that asked
 * for it until that leaves or another copy
 * is made. */
#pragma once

#include <systemd/sd-bus.h>

#include "ovcertd/bus/context.h"

int method_backup(sd_bus_message *message, void *context, sd_bus_error *error);
int method_read_backup(sd_bus_message *message, void *context, sd_bus_error *error);

/* The connection has left the bus. */
void backup_drop_sender(BusContext *context, const char *sender);
void backup_drop(BusContext *context);
