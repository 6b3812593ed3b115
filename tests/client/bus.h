/* SPDX-License-Identifier: BSD-2-Clause */
/* A private bus (a real dbus-daemon) and a child process on it that plays the service, for tests. Whatever fails here
 * ends the test program with a message. Children die with the test. */
#pragma once

#include <sys/types.h>

#include <systemd/sd-bus.h>

typedef struct TestBus {
    char *folder;
    char *address;
    pid_t pid;
} TestBus;

TestBus test_bus_start(void);
void test_bus_signal(const TestBus *bus, int signal); /* SIGSTOP, SIGCONT */
void test_bus_end(TestBus *bus);

/* A child that owns org.ovcert1 and hands every method call to this handler; a handler may exit. */
pid_t test_service_start(const TestBus *bus, sd_bus_message_handler_t handler);
void test_child_end(pid_t pid);
