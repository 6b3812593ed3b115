/* SPDX-License-Identifier: BSD-2-Clause */
/* One question to polkit and its answer. Used by request.c alone. Must never block, and never read anything but a
 * complete "authorized" as a yes. */
#include "ovcertd/bus/authority.h"

#include <errno.h>
#include <stdlib.h>

#include <systemd/sd-id128.h>

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"
#define POLKIT_ALLOW_USER_INTERACTION UINT32_C(1)

struct Authorization {
    sd_bus *bus;
    sd_bus_slot *slot;
    char id[SD_ID128_STRING_MAX]; /* polkit's cancellation id */
    bool open;
    AuthorityAnswer answer;
    void *data;
};

static void take_back(Authorization *authorization) {
    authorization->open = false;
    /* Best effort: nobody is left who could be told. */
    (void) sd_bus_call_method_async(authorization->bus, NULL, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                                    "CancelCheckAuthorization", NULL, NULL, "s", authorization->id);
}

Authorization *authorization_free(Authorization *authorization) {
    if (!authorization)
        return NULL;
    if (authorization->open)
        take_back(authorization);
    sd_bus_slot_unref(authorization->slot);
    sd_bus_unref(authorization->bus);
    free(authorization);
    return NULL;
}

static bool reads_as_yes(sd_bus_message *reply) {
    int authorized = 0;
    if (sd_bus_message_is_method_error(reply, NULL) || !sd_bus_message_has_signature(reply, "(bba{ss})"))
        return false;
    if (sd_bus_message_enter_container(reply, 'r', "bba{ss}") <= 0)
        return false;
    if (sd_bus_message_read_basic(reply, 'b', &authorized) <= 0)
        return false;
    return authorized == 1;
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
    Authorization *authorization = userdata;
    (void) error;
    if (sd_bus_message_is_method_error(reply, SD_BUS_ERROR_NO_REPLY))
        take_back(authorization); /* too late: the dialogue would authorize nothing */
    authorization->open = false;
    authorization->answer(authorization->data, reads_as_yes(reply));
    return 1;
}

static int make_question(sd_bus *bus, const AuthorityQuestion *question, const char *id, sd_bus_message **ret) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int r =
        sd_bus_message_new_method_call(bus, &message, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE, "CheckAuthorization");
    if (r < 0)
        return r;
    uint32_t flags = question->interactive ? POLKIT_ALLOW_USER_INTERACTION : 0;
    r = sd_bus_message_append(message, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s", question->sender,
                              question->action, 0, flags, id);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(message);
    return 0;
}

int authority_ask(sd_bus *bus, const AuthorityQuestion *question, AuthorityAnswer answer, void *data,
                  Authorization **ret) {
    CLEANUP(authorization_freep) Authorization *authorization = calloc(1, sizeof *authorization);
    if (!authorization)
        return -ENOMEM;
    authorization->bus = sd_bus_ref(bus);
    authorization->answer = answer;
    authorization->data = data;
    sd_id128_t id;
    int r = sd_id128_randomize(&id);
    if (r < 0)
        return r;
    (void) sd_id128_to_string(id, authorization->id); /* returns its argument */
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    r = make_question(bus, question, authorization->id, &message);
    if (r < 0)
        return r;
    r = sd_bus_call_async(bus, &authorization->slot, message, on_answer, authorization,
                          question->interactive ? AUTHORITY_INTERACTIVE_USEC : AUTHORITY_USEC);
    if (r < 0)
        return r;
    authorization->open = true;
    *ret = TAKE_PTR(authorization);
    return 0;
}
