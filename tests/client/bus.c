/* SPDX-License-Identifier: BSD-2-Clause */
/* The private bus of the tests. Used by tests/client and tests/ovcertctl; must leave no process and no file behind. */
#include "tests/client/bus.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/protocol.h"

static const char configuration[] =
    "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
    " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
    "<busconfig><type>session</type><auth>EXTERNAL</auth><listen>unix:path=%s/bus</listen>\n"
    "<policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/><allow send_destination=\"*\"/>"
    "<allow receive_sender=\"*\"/>\n"
    "<deny send_destination=\"org.ovcert1\" send_interface=\"org.ovcert1.Manager\" "
    "send_member=\"Forbidden\"/></policy></busconfig>\n";

static void need(int ok, const char *what) {
    if (!ok) {
        (void) fprintf(stderr, "the tests' own set-up failed: %s: %s\n", what, strerrordesc_np(errno));
        abort();
    }
}

static char *write_configuration(const char *folder) {
    char *path = NULL;
    need(asprintf(&path, "%s/bus.conf", folder) >= 0, "asprintf");
    FILE *file = fopen(path, "we");
    need(file != NULL, path);
    need(fprintf(file, configuration, folder) > 0, "writing");
    need(fclose(file) == 0, "closing");
    return path;
}

/* Runs in the child. The address is printed once the bus listens. */
static void run_bus(const char *path, int address) {
    char *option = NULL, *print = NULL;
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL); /* cannot fail for a valid signal */
    if (dup2(address, 3) < 0 || asprintf(&option, "--config-file=%s", path) < 0 ||
        asprintf(&print, "--print-address=%d", 3) < 0)
        _exit(1);
    (void) execlp("dbus-daemon", "dbus-daemon", option, "--nofork", "--nopidfile", "--nosyslog", print, (char *) NULL);
    _exit(1);
}

TestBus test_bus_start(void) {
    char folder[] = "/tmp/ovcert-bus-XXXXXX";
    need(mkdtemp(folder) != NULL, "mkdtemp");
    char *path = write_configuration(folder);
    int ends[2];
    need(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
    pid_t pid = fork();
    need(pid >= 0, "fork");
    if (pid == 0)
        run_bus(path, ends[1]);
    need(close(ends[1]) == 0, "close");
    char line[512];
    need(read(ends[0], line, sizeof line) > 0, "dbus-daemon did not start");
    need(close(ends[0]) == 0, "close");
    free(path);
    TestBus bus = {.folder = strdup(folder), .pid = pid};
    need(bus.folder && asprintf(&bus.address, "unix:path=%s/bus", folder) >= 0, "memory");
    return bus;
}

void test_bus_signal(const TestBus *bus, int signal) {
    need(kill(bus->pid, signal) == 0, "kill");
}

void test_child_end(pid_t pid) {
    need(kill(pid, SIGKILL) == 0, "kill");
    need(waitpid(pid, NULL, 0) == pid, "waitpid");
}

static void remove_file(const char *folder, const char *name) {
    char *path = NULL;
    need(asprintf(&path, "%s/%s", folder, name) >= 0, "asprintf");
    (void) unlink(path); /* the socket is gone when the bus was quicker */
    free(path);
}

void test_bus_end(TestBus *bus) {
    test_child_end(bus->pid);
    remove_file(bus->folder, "bus");
    remove_file(bus->folder, "bus.conf");
    need(rmdir(bus->folder) == 0, "rmdir");
    free(bus->folder);
    free(bus->address);
    *bus = (TestBus){0};
}

static void run_service(const TestBus *bus, sd_bus_message_handler_t handler, int ready) {
    sd_bus *connection = NULL;
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL); /* cannot fail for a valid signal */
    if (sd_bus_new(&connection) < 0 || sd_bus_set_address(connection, bus->address) < 0 ||
        sd_bus_set_bus_client(connection, true) < 0 || sd_bus_start(connection) < 0 ||
        sd_bus_add_filter(connection, NULL, handler, NULL) < 0 ||
        sd_bus_request_name(connection, OVCERT_BUS_NAME, 0) < 0)
        _exit(1);
    if (write(ready, "", 1) != 1)
        _exit(1);
    for (;;) {
        int r = sd_bus_process(connection, NULL);
        if (r < 0 || (r == 0 && sd_bus_wait(connection, UINT64_MAX) < 0))
            _exit(1);
    }
}

pid_t test_service_start(const TestBus *bus, sd_bus_message_handler_t handler) {
    int ends[2];
    need(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
    pid_t pid = fork();
    need(pid >= 0, "fork");
    if (pid == 0)
        run_service(bus, handler, ends[1]);
    char ready;
    need(close(ends[1]) == 0, "close");
    need(read(ends[0], &ready, 1) == 1, "the service of the test did not start");
    need(close(ends[0]) == 0, "close");
    return pid;
}
