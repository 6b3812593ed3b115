/* SPDX-License-Identifier: BSD-2-Clause */
/* "log --verify": the chain of the audit log, checked by the daemon slice by slice. Must never call a log whole that
 * was not looked at to its end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/i18n.h"
#include "common/protocol.h"
#include "ovcertctl/log_entry.h"

#define SLICE_ROWS 1000u

void log_chain_done(LogChain *chain) {
    free(chain->problem);
    bytes_done(&chain->hash);
}

static int read_chain(sd_bus_message *reply, LogChain *chain) {
    const char *problem;
    const void *hash;
    size_t size;
    int r = sd_bus_message_read(reply, "tst", &chain->checked, &problem, &chain->head);
    if (r < 0)
        return r;
    r = sd_bus_message_read_array(reply, 'y', &hash, &size);
    if (r < 0)
        return r;
    free(chain->problem);
    chain->problem = strdup(problem);
    if (!chain->problem)
        return -ENOMEM;
    bytes_done(&chain->hash);
    return bytes_copy((View){hash, size}, &chain->hash);
}

int log_chain_check(Tool *tool, uint64_t after, uint32_t limit, LogChain *chain) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = client_message(tool->client, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, "VerifyLog", &message);
    if (r < 0)
        return r;
    r = sd_bus_message_append(message, "tu", after, limit);
    if (r < 0)
        return r;
    r = tool_call(tool, message, &reply);
    if (r != 0)
        return r;
    r = read_chain(reply, chain);
    return r < 0 ? client_bad_reply(tool->client, r) : 0;
}

static int verify_slice(Tool *tool, LogChain *chain) {
    uint64_t after = chain->checked;
    int r = log_chain_check(tool, after, SLICE_ROWS, chain);
    if (r != 0)
        return r;
    bool stuck = chain->checked <= after && chain->head > after && chain->problem[0] == '\0';
    return stuck ? client_bad_reply(tool->client, -EBADMSG) : 0;
}

static int print_chain(const Tool *tool, const LogChain *chain, const char *hash) {
    if (tool->output.format == OUTPUT_TEXT) {
        if (chain->problem[0] == '\0')
            output_say(&tool->output, _("The log is whole: %llu entries; the newest one's hash is %s."),
                       (unsigned long long) chain->head, hash);
        return 0;
    }
    CLEANUP(json_freep) JsonObject *object = json_object_new_object();
    int r = object ? json_put(object, "checked", json_object_new_uint64(chain->checked)) : -ENOMEM;
    if (r == 0)
        r = json_put(object, "problem", json_object_new_string(chain->problem));
    if (r == 0)
        r = json_put(object, "head", json_object_new_uint64(chain->head));
    if (r == 0)
        r = json_put(object, "hash", json_object_new_string(hash));
    if (r < 0)
        return tool_fault(r);
    json_print(&tool->output, object);
    return 0;
}

int log_chain_walk(Tool *tool, LogChain *chain) {
    do {
        int r = verify_slice(tool, chain);
        if (r != 0)
            return r;
    } while (chain->problem[0] == '\0' && chain->checked < chain->head);
    return 0;
}

int log_verify(Tool *tool) {
    CLEANUP(log_chain_done) LogChain chain = {0};
    int r = log_chain_walk(tool, &chain);
    if (r != 0)
        return tool_failed(tool, r);
    CLEANUP(free_pointer) char *hash = hex_encode(bytes_view(&chain.hash));
    if (!hash)
        return tool_fault(-ENOMEM);
    r = print_chain(tool, &chain, hash);
    if (r != 0 || chain.problem[0] == '\0')
        return r;
    output_complain(NULL, _("The log is not whole; entry %llu is the last one looked at:"),
                    (unsigned long long) chain.checked);
    output_complain_more(chain.problem, _("Keep the database as it is, and compare with the heads in the journal."));
    return EXIT_FAILED;
}
