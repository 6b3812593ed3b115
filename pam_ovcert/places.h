/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the module finds the bus and the helper: fixed when it was built, so that nobody who calls a setuid program can
 * choose (no environment). A parameter only for the tests. */
#pragma once

typedef struct Places {
    const char *bus_address; /* D-Bus specification, "Server Addresses" */
    const char *helper_path;
} Places;
