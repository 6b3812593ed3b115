/* SPDX-License-Identifier: BSD-2-Clause */
/* A private dbus-daemon for one test program, and a polkit that answers what the test wants. Everything runs as an
 * ordinary user, root's tests too, since polkit is not asked about root. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <systemd/sd-bus.h>

typedef struct PrivateBus {
    char folder[32]; /* 0700, empty but for the bus's socket and configuration */
    char address[64];
    pid_t pid;
} PrivateBus;

void private_bus_start(PrivateBus *bus);
void private_bus_stop(PrivateBus *bus); /* and removes the folder */
sd_bus *private_bus_connect(const PrivateBus *bus);

/* Processes the connections in turn until *flag, or 10 seconds have passed (the test fails). */
void private_bus_drive(sd_bus *const *connections, size_t count, const bool *flag);

typedef enum PolkitAnswer {
    POLKIT_YES,
    POLKIT_NO,
    POLKIT_CHALLENGE, /* would have to ask somebody */
    POLKIT_ERROR,
    POLKIT_GARBLED, /* another signature */
    POLKIT_SHORT,   /* begins like a yes */
    POLKIT_SILENT,
} PolkitAnswer;

typedef struct FakePolkit {
    sd_bus *bus;
    PolkitAnswer answer;
    unsigned asked;
    unsigned cancelled;
    char subject[32];
    char name[32];
    char action[64];
    unsigned flags;
} FakePolkit;

void fake_polkit_init(FakePolkit *polkit, const PrivateBus *bus);
void fake_polkit_done(FakePolkit *polkit);
