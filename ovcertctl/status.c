/* SPDX-License-Identifier: BSD-2-Clause */
/* "status" ("Mi perfil") and "profile show". They read only. */
#include "ovcertctl/description.h"
#include "ovcertctl/json.h"
#include "ovcertctl/verbs.h"
#include "ovcertctl/view.h"

static int show_json(const Tool *tool, sd_bus_message *reply) {
    CLEANUP(json_freep) JsonObject *object = NULL;
    int r = json_from_message(reply, &object);
    if (r < 0)
        return tool_failed(tool, client_bad_reply(tool->client, r));
    json_print(&tool->output, object);
    return 0;
}

static int show(Tool *tool, const char *operand, ProfileInfo *ret) {
    CLEANUP(free_pointer) char *user = NULL;
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = tool_connect(tool);
    if (r != 0)
        return r;
    bool own = !operand && !options_has(tool->options, OPTION_USER);
    if (!own)
        tool_identify(tool);
    r = tool_user(tool, operand, &user);
    if (r != 0)
        return r;
    r = profile_describe(tool, user, ret, &reply);
    if (r != 0)
        return tool_failed(tool, r);
    if (tool->output.format != OUTPUT_TEXT)
        return show_json(tool, reply);
    view_profile(tool, ret, own);
    return 0;
}

int verb_status(Tool *tool, char **operands, size_t n_operands) {
    CLEANUP(profile_info_done) ProfileInfo profile = {0};
    int r = show(tool, n_operands > 0 ? operands[0] : NULL, &profile);
    if (r != 0)
        return r;
    if (!profile.has_certificate)
        return EXIT_NOT_FOUND;
    return profile.certificate.accepted && !view_is_blocked(&profile) ? EXIT_DONE : EXIT_FAILED;
}

int verb_profile_show(Tool *tool, char **operands, size_t n_operands) {
    CLEANUP(profile_info_done) ProfileInfo profile = {0};
    return show(tool, n_operands > 0 ? operands[0] : NULL, &profile);
}
