/* SPDX-License-Identifier: BSD-2-Clause */
/* Trial: a sign-in through a PAM service that nothing else uses and that is gone afterwards: the real module, the real
 * daemon, and the person's own file or token. */
#pragma once

#include "ovcertctl/tool.h"

/* 0 when the user was let in, or an ExitStatus, said. Root's. */
int trial_sign_in(Tool *tool, const char *user);
