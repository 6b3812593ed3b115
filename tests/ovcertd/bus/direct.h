/* SPDX-License-Identifier: BSD-2-Clause */
/* Direct: two sd-bus peers over a socketpair, driven in turn by one thread, for what needs no bus. */
#pragma once

#include <systemd/sd-bus.h>

typedef struct Direct {
    sd_bus *server;
    sd_bus *client;
} Direct;

void direct_init(Direct *direct);
void direct_done(Direct *direct);
/* Sends the client's call and drives both ends until the reply, an error's included, is there. Caller unrefs. */
sd_bus_message *direct_call(Direct *direct, sd_bus_message *call);
