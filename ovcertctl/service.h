/* SPDX-License-Identifier: BSD-2-Clause */
/* Service: ovcertd.service, stopped and started through systemd (org.freedesktop.systemd1(5)), where systemd runs the
 * machine. Elsewhere nothing happens. */
#pragma once

#include <stdbool.h>

/* Waits until it has stopped. 0, or an ExitStatus, said. *ret_ran: it ran before. */
int service_stop(bool *ret_ran);
/* Waits until it runs. 0, or an ExitStatus, said. */
int service_start(void);
