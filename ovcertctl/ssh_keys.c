/* SPDX-License-Identifier: BSD-2-Clause */
/* "ssh-keys": what sshd_config(5) calls an AuthorizedKeysCommand. Run by sshd for whatever name a stranger has typed,
 * so there is one answer, an empty one, for every user without a key; must never ask, nor keep a sign-in waiting. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/frame.h"
#include "common/protocol.h"
#include "common/text.h"
#include "ovcertctl/json.h"
#include "ovcertctl/verbs.h"
#include "trust/certificate.h"
#include "trust/ssh_key.h"

#define NOBODY 65534u               /* stands in for who has no account, so that it takes as long */
#define ALL_OF_IT UINT64_C(5000000) /* microseconds: sshd waits, and the person behind it */

static int call(Tool *tool, const char *user, uint32_t uid, uint64_t deadline, sd_bus_message **ret) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int r = client_message(tool->client, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, "GetPublicKeys", &message);
    if (r < 0)
        return r;
    r = sd_bus_message_append(message, "sa{sv}", user, 1, "uid", "u", uid);
    return r < 0 ? r : client_call(tool->client, message, deadline, ret);
}

/* One (ayay) as a line. 1: there was one; 0 at the end. */
static int next_line(sd_bus_message *reply, char **ret) {
    CLEANUP(free_pointer) char *key = NULL;
    CLEANUP(free_pointer) char *hex = NULL;
    const void *spki, *fingerprint;
    size_t spki_size, fingerprint_size;
    int r = sd_bus_message_enter_container(reply, 'r', "ayay");
    if (r <= 0)
        return r;
    if ((r = sd_bus_message_read_array(reply, 'y', &spki, &spki_size)) < 0 ||
        (r = sd_bus_message_read_array(reply, 'y', &fingerprint, &fingerprint_size)) < 0 ||
        (r = sd_bus_message_exit_container(reply)) < 0)
        return r;
    if (fingerprint_size != CERTIFICATE_FINGERPRINT_SIZE)
        return -EBADMSG;
    r = ssh_key_text((View){spki, spki_size}, &key);
    if (r == SSH_KEY_UNSUPPORTED)
        return 1; /* no line, no failure: sshd would not know it either */
    if (r < 0 || !(hex = hex_encode((View){fingerprint, fingerprint_size})))
        return -ENOMEM;
    if (asprintf(ret, "%s ovcert:%s", key, hex) >= 0)
        return 1;
    *ret = NULL; /* unspecified after a failure */
    return -ENOMEM;
}

static int print_line(const Tool *tool, const char *line, JsonObject *array) {
    if (tool->output.format != OUTPUT_TEXT)
        return json_append(array, json_object_new_string(line));
    (void) puts(line); /* main() looks whether the output was written */
    return 0;
}

static int print_keys(const Tool *tool, sd_bus_message *reply, JsonObject *array) {
    int r = sd_bus_message_enter_container(reply, 'a', "(ayay)");
    while (r >= 0) {
        CLEANUP(free_pointer) char *line = NULL;
        r = next_line(reply, &line);
        if (r == 0)
            return 0;
        if (r > 0 && line)
            r = print_line(tool, line, array);
    }
    return r;
}

static int show(const Tool *tool, sd_bus_message *reply) {
    CLEANUP(json_freep) JsonObject *array = json_object_new_array();
    int r = array ? 0 : -ENOMEM;
    if (r == 0 && reply)
        r = print_keys(tool, reply, array);
    if (r < 0)
        return tool_failed(tool, client_bad_reply(tool->client, r));
    if (tool->output.format != OUTPUT_TEXT)
        json_print(&tool->output, array);
    return 0;
}

int verb_ssh_keys(Tool *tool, char **operands, size_t n_operands) {
    (void) n_operands; /* the table says one */
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    uint64_t deadline = frame_now() + ALL_OF_IT;
    const struct passwd *entry = text_is_user_name(operands[0]) ? getpwnam(operands[0]) : NULL;
    int r = client_new(secure_getenv("DBUS_SYSTEM_BUS_ADDRESS"), deadline, &tool->client);
    if (r != 0)
        return tool_failed(tool, r);
    client_set_interrupt(tool->client, tool->interrupt);
    if (!text_is_user_name(operands[0]))
        return show(tool, NULL);
    r = call(tool, operands[0], entry ? entry->pw_uid : NOBODY, deadline, &reply);
    return r != 0 ? tool_failed(tool, r) : show(tool, entry ? reply : NULL);
}
