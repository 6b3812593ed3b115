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
#define STEP_NSEC 50000000L

/* "active", "deactivating", ...; a unit that there is none of is "inactive". */
static int read_state(sd_bus *bus, char **ret) {
    return sd_bus_get_property_string(bus, MANAGER, UNIT_PATH, "org.freedesktop.systemd1.Unit", "ActiveState", NULL,
                                      ret);
}

static bool is_at_rest(const char *state) {
    return strcmp(state, "inactive") == 0 || strcmp(state, "failed") == 0;
}

static bool is_settled(const char *state) {
    return is_at_rest(state) || strcmp(state, "active") == 0;
}

/* 0 with the state that it has come to, -ETIMEDOUT, or another negative errno. */
static int wait_for(sd_bus *bus, bool (*wanted)(const char *state), bool *ret_rests) {
    uint64_t deadline = frame_now() + PATIENCE_USEC;
    for (;;) {
        CLEANUP(free_pointer) char *state = NULL;
        int r = read_state(bus, &state);
        if (r < 0)
            return r;
        *ret_rests = is_at_rest(state);
        if (wanted(state))
            return 0;
        if (frame_now() > deadline)
            return -ETIMEDOUT;
        (void) nanosleep(&(struct timespec){.tv_nsec = STEP_NSEC}, NULL); /* a shorter one does no harm */
    }
}

static int connect_bus(sd_bus **ret) {
    int r = sd_bus_open_system(ret);
    return r < 0 ? r : sd_bus_set_method_call_timeout(*ret, CALL_USEC);
}

static int ask_manager(sd_bus *bus, const char *member) {
    return sd_bus_call_method(bus, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, member, NULL, NULL, "ss", UNIT, "replace");
}

static int stop(sd_bus *bus, bool *ret_ran) {
    CLEANUP(free_pointer) char *state = NULL;
    bool rests = false;
    int r = read_state(bus, &state);
    if (r < 0)
        return r;
    *ret_ran = !is_at_rest(state);
    if (!*ret_ran)
        return 0;
    r = ask_manager(bus, "StopUnit");
    return r < 0 ? r : wait_for(bus, is_at_rest, &rests);
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

/* Whoever called it meanwhile has made it fail, perhaps too often for systemd. */
static int start(sd_bus *bus) {
    bool rests = false;
    (void) sd_bus_call_method(bus, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, "ResetFailedUnit", NULL, NULL, "s", UNIT);
    int r = ask_manager(bus, "StartUnit");
    if (r < 0)
        return r;
    r = wait_for(bus, is_settled, &rests);
    return r == 0 && rests ? -ECHILD : r;
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
