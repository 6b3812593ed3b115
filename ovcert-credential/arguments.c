/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the command line. Called by main() before anything else; must never guess. */
#include "ovcert-credential/arguments.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/text.h"

static int parse_number(const char *text, uint32_t max, uint32_t *ret) {
    uint64_t value = 0;

    if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
        return -EINVAL;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < '0' || *c > '9')
            return -EINVAL;
        value = value * 10 + (uint64_t) (*c - '0');
        if (value > max)
            return -EINVAL;
    }
    *ret = (uint32_t) value;
    return 0;
}

static int parse_user(char *const *argv, Arguments *arguments) {
    /* The largest id is (uid_t) -1, which means "leave as it is" to setresuid(2). */
    if (parse_number(argv[0], UINT32_MAX - 1, &arguments->uid) < 0 ||
        parse_number(argv[1], UINT32_MAX - 1, &arguments->gid) < 0)
        return -EINVAL;
    if (!text_is_user_name(argv[2]) || argv[3][0] != '/')
        return -EINVAL;
    arguments->for_user = true;
    arguments->user = argv[2];
    arguments->home = argv[3];
    return 0;
}

int arguments_parse(int argc, char *const *argv, Arguments *ret) {
    Arguments arguments = {0};

    if (argc != 2 && argc != 3 && argc != 6)
        return -EINVAL;
    if (parse_number(argv[1], ARGUMENTS_DEADLINE_MAX, &arguments.deadline) < 0 || arguments.deadline == 0)
        return -EINVAL;
    if (argc == 3 && strcmp(argv[2], "tokens") != 0)
        return -EINVAL;
    arguments.tokens = argc == 3;
    if (argc == 6 && parse_user(argv + 2, &arguments) < 0)
        return -EINVAL;
    *ret = arguments;
    return 0;
}
