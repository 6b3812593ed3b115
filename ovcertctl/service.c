/* SPDX-License-Identifier: BSD-2-Clause */
/* Called by "restore" as root, before and after the database is replaced. Must never take a service that is still
 * stopping for a stopped one. */
#include "ovcertctl/service.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>

#include "common/frame.h"
#include "common/i18n.h"
#include "common/macros.h"
#include "ovcertctl/exit_status.h"
#include "ovcertctl/output.h"

#define UNIT "ovcertd.service"
#define UNIT_PATH "/org/freedesktop/systemd1/unit/ovcertd_2eservice"
#define MANAGER "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"
#define CALL_USEC UINT64_C(25000000)
#define PATIENCE_USEC UINT64_C(120000000) /* more than systemd has with a service that does not end */
#define STEP_NSEC 2000000L
#define START_TRIES 3u

/* "active", "deactivating", ...; a unit that there is none of is "inactive". */
static int read_state(sd_bus *bus, char **ret) {
    return sd_bus_get_property_string(bus, MANAGER, UNIT_PATH, "org.freedesktop.systemd1.Unit", "ActiveState", NULL,
                                      ret);
}

/* 1 when systemd is done with it, which is when there is no such job any more; 0; a negative errno. */
static int is_done(sd_bus *bus, const char *job) {
    CLEANUP(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
    CLEANUP(free_pointer) char *state = NULL;
    int r = sd_bus_get_property_string(bus, MANAGER, job, "org.freedesktop.systemd1.Job", "State", &error, &state);
    return r >= 0 ? 0 : sd_bus_error_has_name(&error, SD_BUS_ERROR_UNKNOWN_OBJECT) ? 1 : r;
}

/* The job is waited for and not a state: whoever calls the service meanwhile has it started again at once. */
static int wait_for(sd_bus *bus, const char *job) {
    uint64_t deadline = frame_now() + PATIENCE_USEC;
    int r;
    while ((r = is_done(bus, job)) == 0 && frame_now() < deadline)
        (void) nanosleep(&(struct timespec){.tv_nsec = STEP_NSEC}, NULL); /* a shorter one does no harm */
    return r < 0 ? r : r == 0 ? -ETIMEDOUT : 0;
}

static int connect_bus(sd_bus **ret) {
    int r = sd_bus_open_system(ret);
    return r < 0 ? r : sd_bus_set_method_call_timeout(*ret, CALL_USEC);
}

static int run_job(sd_bus *bus, const char *member) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    const char *job = NULL;
    int r =
        sd_bus_call_method(bus, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, member, NULL, &reply, "ss", UNIT, "replace");
    if (r < 0)
        return r;
    r = sd_bus_message_read(reply, "o", &job);
    return r < 0 ? r : wait_for(bus, job);
}

static bool is_at_rest(const char *state) {
    return strcmp(state, "inactive") == 0 || strcmp(state, "failed") == 0;
}

static int stop(sd_bus *bus, bool *ret_ran) {
    CLEANUP(free_pointer) char *state = NULL;
    int r = read_state(bus, &state);
    if (r < 0)
        return r;
    *ret_ran = !is_at_rest(state);
    return *ret_ran ? run_job(bus, "StopUnit") : 0;
}

int service_stop(bool *ret_ran) {
    CLEANUP(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
    *ret_ran = false;
    if (sd_booted() <= 0)
        return 0;
    int r = connect_bus(&bus);
    if (r >= 0)
        r = stop(bus, ret_ran);
    if (r >= 0)
        return 0;
    output_complain(_("Look at it with \"systemctl status ovcertd\"."), _("The service cannot be stopped: %s."),
                    strerrordesc_np(-r));
    return EXIT_FAILED;
}

/* 1 when it runs, 0 when not, or a negative errno. */
static int start_once(sd_bus *bus) {
    CLEANUP(free_pointer) char *state = NULL;
    int r = run_job(bus, "StartUnit");
    if (r == 0)
        r = read_state(bus, &state);
    return r < 0 ? r : strcmp(state, "active") == 0;
}

/* Whoever called it meanwhile has made it fail, perhaps too often for systemd; and the start that the first job joins
 * may be one that has found the database locked. */
static int start(sd_bus *bus) {
    int r = 0;
    (void) sd_bus_call_method(bus, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, "ResetFailedUnit", NULL, NULL, "s", UNIT);
    for (unsigned tries = 0; tries < START_TRIES && r == 0; tries++)
        r = start_once(bus);
    return r < 0 ? r : r == 1 ? 0 : -ECHILD;
}

int service_start(void) {
    CLEANUP(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
    if (sd_booted() <= 0)
        return 0;
    int r = connect_bus(&bus);
    if (r >= 0)
        r = start(bus);
    if (r >= 0)
        return 0;
    output_complain(_("Look at it with \"systemctl status ovcertd\"."), _("The service does not start."));
    return EXIT_FAILED;
}
