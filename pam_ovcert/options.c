/* SPDX-License-Identifier: BSD-2-Clause */
/* Parses the module's options. Called at the start of auth and account; must never overlook what it does not know. */
#include "pam_ovcert/options.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "common/macros.h"

/* Parses what stands behind the '='; false for what is no proper value. */
typedef bool (*ValueParser)(const char *value, void *target);

static bool parse_name(const char *value, void *target) {
    *(const char **) target = value;
    return *value != '\0';
}

static bool parse_list(const char *value, void *target) {
    size_t size = strlen(value);
    *(const char **) target = value;
    return size > 0 && value[0] != ',' && value[size - 1] != ',' && !strstr(value, ",,");
}

static bool parse_seconds(const char *value, void *target) {
    unsigned seconds = 0;
    for (const char *c = value; *c; c++) {
        if (*c < '0' || *c > '9')
            return false;
        seconds = 10 * seconds + (unsigned) (*c - '0');
        if (seconds == 0 || seconds > OPTIONS_WAIT_SECONDS_MAX)
            return false;
    }
    *(unsigned *) target = seconds;
    return seconds > 0;
}

static bool parse_renew(const char *value, void *target) {
    bool renew = strcmp(value, "renew") == 0;
    *(bool *) target = renew;
    return renew;
}

typedef struct Known {
    const char *name;
    void *target;
    ValueParser parse; /* NULL: a bool that the name alone sets */
} Known;

static bool take_value(const char *argument, const Known *known) {
    size_t size = strlen(known->name);
    return strncmp(argument, known->name, size) == 0 && argument[size] == '=' &&
           known->parse(argument + size + 1, known->target);
}

static bool take(const char *argument, const Known *known) {
    if (known->parse)
        return take_value(argument, known);
    if (strcmp(argument, known->name) != 0)
        return false;
    *(bool *) known->target = true;
    return true;
}

/* Only a rule said once is sure to be the one that is meant; a flag may be repeated. */
static bool take_one_of(const char *argument, const Known *known, size_t count, unsigned *seen) {
    for (size_t i = 0; i < count; i++) {
        if (!take(argument, &known[i]))
            continue;
        bool again = known[i].parse && (*seen & 1u << i);
        *seen |= 1u << i;
        return !again;
    }
    return false;
}

/* What account hands over, it neither talks about nor answers for itself. */
static bool is_contradictory(const Options *options) {
    return options->password_renew && (options->renew || options->require);
}

int module_options_parse(int argc, const char *const *argv, Options *ret, const char **ret_bad) {
    Options options = {0};
    const Known known[] = {
        {"debug", &options.debug, NULL},
        {"silent", &options.silent, NULL},
        {"nodelay", &options.no_delay, NULL},
        {"use_first_pass", &options.use_first_pass, NULL},
        {"card-user", &options.card_user, NULL},
        {"wait", &options.wait_seconds, parse_seconds},
        {"renew", &options.renew, parse_list},
        {"require", &options.require, parse_list},
        {"exempt-group", &options.exempt_group, parse_name},
        {"password", &options.password_renew, parse_renew},
    };
    unsigned seen = 0;
    for (int i = 0; i < argc; i++)
        if (!take_one_of(argv[i], known, ELEMENTSOF(known), &seen) || is_contradictory(&options)) {
            *ret_bad = argv[i];
            return -EINVAL;
        }
    *ret = options;
    return 0;
}

bool options_list_has(const char *list, const char *service) {
    size_t size = strlen(service);
    while (list) {
        if (size > 0 && strcspn(list, ",") == size && strncmp(list, service, size) == 0)
            return true;
        list = strchr(list, ',');
        list = list ? list + 1 : NULL;
    }
    return false;
}
