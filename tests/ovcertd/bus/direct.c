/* SPDX-License-Identifier: BSD-2-Clause */
/* See direct.h. */
#include "tests/ovcertd/bus/direct.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include <systemd/sd-id128.h>

void direct_init(Direct *direct) {
    int fds[2];
    sd_id128_t id;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(sd_id128_randomize(&id), 0);
    assert_true(sd_bus_new(&direct->server) >= 0);
    assert_true(sd_bus_set_fd(direct->server, fds[0], fds[0]) >= 0);
    assert_true(sd_bus_set_server(direct->server, 1, id) >= 0);
    assert_true(sd_bus_new(&direct->client) >= 0);
    assert_true(sd_bus_set_fd(direct->client, fds[1], fds[1]) >= 0);
    assert_true(sd_bus_start(direct->server) >= 0);
    assert_true(sd_bus_start(direct->client) >= 0);
}

void direct_done(Direct *direct) {
    direct->client = sd_bus_close_unref(direct->client);
    direct->server = sd_bus_close_unref(direct->server);
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
    (void) error;
    *(sd_bus_message **) userdata = sd_bus_message_ref(reply);
    return 1;
}

sd_bus_message *direct_call(Direct *direct, sd_bus_message *call) {
    sd_bus_message *reply = NULL;
    assert_true(sd_bus_call_async(direct->client, NULL, call, on_reply, &reply, 10u * 1000000u) >= 0);
    while (!reply) {
        int client = sd_bus_process(direct->client, NULL);
        int server = sd_bus_process(direct->server, NULL);
        assert_true(client >= 0 && server >= 0);
        if (client == 0 && server == 0 && !reply)
            assert_true(sd_bus_wait(direct->client, 1000) >= 0);
    }
    return reply;
}
