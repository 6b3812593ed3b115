/* SPDX-License-Identifier: BSD-2-Clause */
/* Agent: polkit's own agent for terminals, pkttyagent(1), started for this process so that polkit can ask for a
 * password, and ended with it. */
#pragma once

#include "common/macros.h"

typedef struct Agent Agent;

/* terminal: a descriptor of it. Waits until the agent has registered, a few seconds at most. 0 or a negative errno. */
int agent_start(int terminal, Agent **ret);
/* Ends it and leaves the terminal as it was at the start; accepts NULL, returns NULL. */
Agent *agent_end(Agent *agent);
DEFINE_CLEANUP(Agent *, agent_end)
