/* SPDX-License-Identifier: BSD-2-Clause */
/* What all verbs share. Reads DBUS_SYSTEM_BUS_ADDRESS, as every client of the system bus does, unless privileges were
 * gained by exec(2); must never turn a fault into exit status 0. */
#include "ovcertctl/tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/frame.h"
#include "common/i18n.h"
#include "common/protocol.h"
#include "common/text.h"

#define SECOND UINT64_C(1000000)
#define CALL_TIME (25 * SECOND)
#define CALL_TIME_WITH_PERSON (300 * SECOND)

void tool_done(Tool *tool) {
    tool->client = client_free(tool->client);
    tool->agent = agent_end(tool->agent);
    tool->ask = ask_close(tool->ask);
}

int tool_connect(Tool *tool) {
    if (tool->client)
        return 0;
    int r = client_new(secure_getenv("DBUS_SYSTEM_BUS_ADDRESS"), frame_now() + CALL_TIME, &tool->client);
    if (r != 0)
        return tool_failed(tool, r);
    client_set_interrupt(tool->client, tool->interrupt);
    return 0;
}

static bool may_ask(const Tool *tool) {
    return !options_has(tool->options, OPTION_NO_ASK_PASSWORD);
}

static int open_terminal(Tool *tool) {
    return tool->ask ? 0 : ask_open("/dev/tty", tool->interrupt, &tool->ask);
}

void tool_identify(Tool *tool) {
    if (!may_ask(tool))
        return;
    client_set_interactive(tool->client, true); /* a desktop may have an agent of its own */
    if (tool->agent || geteuid() == 0 || open_terminal(tool) < 0)
        return;
    int r = agent_start(ask_descriptor(tool->ask), &tool->agent);
    if (r < 0)
        output_complain(NULL, _("polkit's agent could not be started: %s"), strerrordesc_np(-r));
}

uint64_t tool_deadline(const Tool *tool) {
    return frame_now() + (tool->agent ? CALL_TIME_WITH_PERSON : CALL_TIME);
}

int tool_call(Tool *tool, sd_bus_message *message, sd_bus_message **ret_reply) {
    return client_call(tool->client, message, tool_deadline(tool), ret_reply);
}

int tool_terminal(Tool *tool, const char *what, Ask **ret) {
    if (!may_ask(tool)) {
        output_complain(_("Run it without --no-ask-password."), _("%s is missing."), what);
        return EXIT_FAILED;
    }
    int r = open_terminal(tool);
    if (r < 0) {
        output_complain(_("Run it at a terminal."), _("%s is missing, and there is no terminal to ask at."), what);
        return r == -ENOMEM ? tool_fault(r) : EXIT_FAILED;
    }
    *ret = tool->ask;
    return 0;
}

ExitStatus tool_exit_status(int error) {
    switch (error) {
    case OVCERT_ERROR_NOT_FOUND:
    case OVCERT_ERROR_NO_CERTIFICATE:
    case OVCERT_ERROR_OPERATION_INVALID:
        return EXIT_NOT_FOUND;
    case OVCERT_ERROR_DENIED:
        return EXIT_DENIED;
    case OVCERT_ERROR_UNAVAILABLE:
        return EXIT_UNAVAILABLE;
    default:
        return EXIT_FAILED;
    }
}

int tool_fault(int r) {
    if (r == -EINTR) {
        output_complain(NULL, _("Interrupted."));
        return EXIT_INTERRUPTED;
    }
    if (r == -ECANCELED)
        output_complain(_("Start again when you know the answer."), _("There was no answer."));
    else
        output_complain(_("Try again; if it stays, an administrator has to look into it."), "%s.", strerrordesc_np(-r));
    return EXIT_FAILED;
}

int tool_failed(const Tool *tool, int r) {
    if (r == -EINTR && tool->agent)
        (void) fputc('\n', stderr); /* ends the line of its prompt */
    if (r < 0)
        return tool_fault(r);
    output_complain(NULL, "%s", _(ovcert_error_text(r)));
    output_complain_more(tool->client ? client_failure(tool->client) : NULL, _(ovcert_error_advice(r)));
    return (int) tool_exit_status(r);
}

int tool_own_name(Tool *tool, char **ret) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = client_message(tool->client, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, "GetProfile", &message);
    if (r < 0)
        return r;
    r = sd_bus_message_append(message, "s", "");
    if (r < 0)
        return r;
    r = tool_call(tool, message, &reply);
    if (r != 0)
        return r;
    const char *path;
    r = sd_bus_message_read(reply, "o", &path);
    if (r < 0)
        return client_bad_reply(tool->client, r);
    r = sd_bus_path_decode(path, OVCERT_PROFILE_PREFIX, ret);
    return r < 0 ? r : r == 0 ? client_bad_reply(tool->client, -EBADMSG) : 0;
}

int tool_user(Tool *tool, const char *operand, char **ret) {
    const char *given = options_has(tool->options, OPTION_USER) ? tool->options->values[OPTION_USER] : operand;
    int r;
    if (operand && given != operand) {
        output_complain(_("Give one of them."), _("There is a user both after the verb and with --user."));
        return EXIT_USAGE;
    }
    if (!given) {
        r = tool_own_name(tool, ret);
        return r == 0 ? 0 : tool_failed(tool, r);
    }
    if (!text_is_user_name(given)) {
        output_complain(_("Give the name of a user."), _("No user can have that name."));
        return EXIT_USAGE;
    }
    *ret = strdup(given);
    return *ret ? 0 : tool_fault(-ENOMEM);
}
