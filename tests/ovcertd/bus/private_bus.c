/* SPDX-License-Identifier: BSD-2-Clause */
/* See private_bus.h. */
#include "tests/ovcertd/bus/private_bus.h"

#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"

#define NOBODY 65534

static void become_ordinary(void) {
    if (geteuid() != 0)
        return;
    assert_int_equal(setresgid(NOBODY, NOBODY, NOBODY), 0);
    assert_int_equal(setresuid(NOBODY, NOBODY, NOBODY), 0);
}

static void write_configuration(const PrivateBus *bus, const char *path) {
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fprintf(file,
                        "<busconfig><type>session</type><listen>%s</listen><auth>EXTERNAL</auth>"
                        "<policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/>"
                        "<allow send_destination=\"*\"/><allow eavesdrop=\"false\"/></policy></busconfig>\n",
                        bus->address) > 0);
    assert_int_equal(fclose(file), 0);
}

static sd_bus *try_to_connect(const PrivateBus *private) {
    sd_bus *bus = NULL;
    assert_true(sd_bus_new(&bus) >= 0);
    assert_true(sd_bus_set_address(bus, private->address) >= 0);
    assert_true(sd_bus_set_bus_client(bus, 1) >= 0);
    assert_true(sd_bus_negotiate_fds(bus, 1) >= 0);
    const char *name = NULL;
    if (sd_bus_start(bus) >= 0 && sd_bus_get_unique_name(bus, &name) >= 0)
        return bus;
    sd_bus_close_unref(bus);
    return NULL;
}

sd_bus *private_bus_connect(const PrivateBus *bus) {
    for (unsigned i = 0; i < 1000; i++) {
        sd_bus *connection = try_to_connect(bus);
        if (connection)
            return connection;
        assert_int_equal(usleep(10000), 0);
    }
    fail_msg("dbus-daemon does not answer");
    return NULL;
}

/* In the child. A test that crashes leaves no bus behind. */
_Noreturn static void run_dbus_daemon(const char *configuration) {
    char option[80];
    (void) snprintf(option, sizeof option, "--config-file=%s", configuration);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
        (void) execlp("dbus-daemon", "dbus-daemon", option, "--nofork", "--nopidfile", "--nosyslog", (char *) NULL);
    _exit(127); /* the test sees that nobody answers */
}

void private_bus_start(PrivateBus *bus) {
    become_ordinary();
    *bus = (PrivateBus){.folder = "/tmp/ovcert-busd-XXXXXX"};
    assert_non_null(mkdtemp(bus->folder));
    (void) snprintf(bus->address, sizeof bus->address, "unix:path=%s/bus", bus->folder);
    char path[64];
    (void) snprintf(path, sizeof path, "%s/bus.conf", bus->folder);
    write_configuration(bus, path);
    bus->pid = fork();
    assert_true(bus->pid >= 0);
    if (bus->pid == 0)
        run_dbus_daemon(path);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void) status, (void) type, (void) walk;
    return remove(path);
}

void private_bus_stop(PrivateBus *bus) {
    assert_int_equal(kill(bus->pid, SIGTERM), 0);
    assert_int_equal(waitpid(bus->pid, NULL, 0), bus->pid);
    assert_int_equal(nftw(bus->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

void private_bus_drive(sd_bus *const *connections, size_t count, const bool *flag) {
    time_t end = time(NULL) + 10;
    while (!*flag) {
        bool busy = false;
        for (size_t i = 0; i < count; i++) {
            int r = sd_bus_process(connections[i], NULL);
            assert_true(r >= 0);
            busy = busy || r > 0;
        }
        assert_true(time(NULL) < end);
        if (!busy && !*flag)
            (void) poll(NULL, 0, 1);
    }
}

/* --- polkit --- */

static int reply_with(FakePolkit *polkit, sd_bus_message *call) {
    switch (polkit->answer) {
    case POLKIT_YES:
        return sd_bus_reply_method_return(call, "(bba{ss})", 1, 0, 0);
    case POLKIT_NO:
        return sd_bus_reply_method_return(call, "(bba{ss})", 0, 0, 0);
    case POLKIT_CHALLENGE:
        return sd_bus_reply_method_return(call, "(bba{ss})", 0, 1, 0);
    case POLKIT_ERROR:
        return sd_bus_reply_method_errorf(call, "org.freedesktop.PolicyKit1.Error.Failed", "no");
    case POLKIT_GARBLED:
        return sd_bus_reply_method_return(call, "s", "yes");
    case POLKIT_SHORT:
        return sd_bus_reply_method_return(call, "(b)", 1);
    case POLKIT_SILENT:
        return 1;
    }
    return -EINVAL;
}

static int on_check(sd_bus_message *call, void *userdata, sd_bus_error *error) {
    FakePolkit *polkit = userdata;
    const char *subject;
    const char *key;
    const char *name;
    const char *action;
    const char *id;
    uint32_t flags;
    (void) error;
    assert_true(sd_bus_message_read(call, "(sa{sv})s", &subject, 1, &key, "s", &name, &action) > 0);
    assert_true(sd_bus_message_skip(call, "a{ss}") > 0);
    assert_true(sd_bus_message_read(call, "us", &flags, &id) > 0);
    assert_string_equal(key, "name");
    polkit->asked++;
    polkit->flags = flags;
    (void) snprintf(polkit->subject, sizeof polkit->subject, "%s", subject);
    (void) snprintf(polkit->name, sizeof polkit->name, "%s", name);
    (void) snprintf(polkit->action, sizeof polkit->action, "%s", action);
    return reply_with(polkit, call);
}

static int on_cancel(sd_bus_message *call, void *userdata, sd_bus_error *error) {
    FakePolkit *polkit = userdata;
    (void) error;
    polkit->cancelled++;
    return sd_bus_reply_method_return(call, "");
}

static const sd_bus_vtable polkit_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", on_check, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("CancelCheckAuthorization", "s", "", on_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

void fake_polkit_init(FakePolkit *polkit, const PrivateBus *bus) {
    *polkit = (FakePolkit){.bus = private_bus_connect(bus)};
    assert_true(sd_bus_add_object_vtable(polkit->bus, NULL, "/org/freedesktop/PolicyKit1/Authority",
                                         "org.freedesktop.PolicyKit1.Authority", polkit_vtable, polkit) >= 0);
    assert_true(sd_bus_request_name(polkit->bus, "org.freedesktop.PolicyKit1", 0) >= 0);
}

void fake_polkit_done(FakePolkit *polkit) {
    polkit->bus = sd_bus_flush_close_unref(polkit->bus);
}
