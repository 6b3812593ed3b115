/* SPDX-License-Identifier: BSD-2-Clause */
/* The vtables of the three interfaces: their userdata is the BusContext. Kept together with dbus/ by a test. */
#pragma once

#include <systemd/sd-bus.h>

extern const sd_bus_vtable manager_vtable[];
extern const sd_bus_vtable profile_vtable[]; /* a fallback under OVCERT_PROFILE_PREFIX */
extern const sd_bus_vtable login_vtable[];
