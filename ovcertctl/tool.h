/* SPDX-License-Identifier: BSD-2-Clause */
/* Tool: what one run of ovcertctl has at hand: options, output, the connection to the daemon, the agent and the
 * terminal, each made when first needed; and the one place where outcomes become messages and exit statuses. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-bus.h>

#include "client/client.h"
#include "ovcertctl/agent.h"
#include "ovcertctl/ask.h"
#include "ovcertctl/exit_status.h"
#include "ovcertctl/options.h"
#include "ovcertctl/output.h"

typedef struct Tool {
    const Options *options;
    Output output;
    int64_t now;   /* CLOCK_REALTIME, seconds, when the run began */
    int interrupt; /* signalfd(2) of the signals that end a run; -1: none */
    Client *client;
    Ask *ask;
    Agent *agent;
} Tool;

void tool_done(Tool *tool);

/* Connects; 0 or an ExitStatus, said. */
int tool_connect(Tool *tool);
/* Says that the calls from now on may need a password, and lets polkit ask for it. */
void tool_identify(Tool *tool);
/* client_call() with a deadline that leaves time to type a password where one may be asked. */
int tool_call(Tool *tool, sd_bus_message *message, sd_bus_message **ret_reply);
uint64_t tool_deadline(const Tool *tool);

/* The terminal in *ret, or an ExitStatus, said: `what` is missing then ("the passphrase"). */
int tool_terminal(Tool *tool, const char *what, Ask **ret);

/* Says what a result of client/ means and what to do next; its exit status. r must not be 0. */
int tool_failed(const Tool *tool, int r);
/* The same for a fault of ours or the system's (negative errno, also those of ask.h). */
int tool_fault(int r);
/* The exit status of an OvcertError. */
ExitStatus tool_exit_status(int error);

/* The name of the caller's own profile, as the daemon knows it. A result of client/. */
int tool_own_name(Tool *tool, char **ret);

/* The user whose profile is meant: --user, else the operand (may be NULL), else the caller's own as the daemon knows
 * it. 0 with *ret (caller frees), or an ExitStatus, said. */
int tool_user(Tool *tool, const char *operand, char **ret);
