/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads credential.conf. Called by main() after the change of user; must never accept what it does not know. */
#include "ovcert-credential/settings.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <libeconf.h>
#include <libeconf_ext.h>

#include "common/macros.h"
#include "ovcert-credential/failure.h"

#define DEFAULT_FILES "%h/.ovcert/*.p12 %h/.ovcert/*.pfx"
#define DEFAULT_MAX_ITERATIONS 1000000u
#define HIGHEST_MAX_ITERATIONS 100000000u
#define PATTERNS_MAX 32u
#define WHITE_SPACE " \t\r\n"

DEFINE_CLEANUP(econf_file *, econf_freeFile)
DEFINE_CLEANUP(char **, econf_freeArray)

/* Returned by the setters below, which leave the wording to their caller. */
static const int bad_value = CREDENTIAL_OUTCOME_CONFIGURATION;

static void free_patterns(Settings *settings) {
    for (size_t i = 0; i < settings->n_patterns; i++)
        free(settings->patterns[i]);
    free(settings->patterns);
    settings->patterns = NULL;
    settings->n_patterns = 0;
}

void settings_done(Settings *settings) {
    free_patterns(settings);
    *settings = (Settings){0};
}

static bool pattern_is_valid(const char *pattern) {
    if (pattern[0] != '/' && strncmp(pattern, "%h", 2) != 0)
        return false;
    for (const char *c = strchr(pattern, '%'); c; c = strchr(c + 2, '%'))
        if (c[1] != 'h' && c[1] != 'u' && c[1] != '%')
            return false;
    return true;
}

static int add_pattern(Settings *settings, const char *start, size_t length) {
    char **grown;
    char *pattern;

    if (settings->n_patterns == PATTERNS_MAX)
        return bad_value;
    grown = reallocarray(settings->patterns, settings->n_patterns + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    settings->patterns = grown;
    pattern = strndup(start, length);
    if (!pattern)
        return -ENOMEM;
    grown[settings->n_patterns++] = pattern;
    return pattern_is_valid(pattern) ? 0 : bad_value;
}

static int set_files(Settings *settings, const char *value) {
    free_patterns(settings);
    for (const char *c = value + strspn(value, WHITE_SPACE); *c != '\0'; c += strspn(c, WHITE_SPACE)) {
        size_t length = strcspn(c, WHITE_SPACE);
        int r = add_pattern(settings, c, length);
        if (r != 0)
            return r;
        c += length;
    }
    return 0;
}

static int set_max_iterations(Settings *settings, const char *value) {
    uint64_t number = 0;

    for (const char *c = value; *c != '\0'; c++) {
        if (*c < '0' || *c > '9')
            return bad_value;
        number = number * 10 + (uint64_t) (*c - '0');
        if (number > HIGHEST_MAX_ITERATIONS)
            return bad_value;
    }
    if (number == 0)
        return bad_value;
    settings->max_iterations = number;
    return 0;
}

static const struct Key {
    const char *group;
    const char *name;
    int (*set)(Settings *settings, const char *value);
} keys[] = {
    {"pkcs12", "files", set_files},
    {"pkcs12", "max-iterations", set_max_iterations},
};

static const struct Key *find_key(const char *group, const char *name) {
    for (size_t i = 0; i < ELEMENTSOF(keys); i++)
        if (group && strcmp(keys[i].group, group) == 0 && strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

static bool group_is_known(const char *group) {
    for (size_t i = 0; i < ELEMENTSOF(keys); i++)
        if (strcmp(keys[i].group, group) == 0)
            return true;
    return false;
}

static uint64_t line_of(econf_file *file, const char *group, const char *name) {
    econf_ext_value *place = NULL;
    uint64_t line = 0;

    if (econf_getExtValue(file, group, name, &place) == ECONF_SUCCESS) {
        line = place->line_number;
        econf_freeExtValue(place);
    }
    return line;
}

/* The one place where settings take a value. */
static int apply(econf_file *file, const char *path, const char *group, const char *name, Settings *settings,
                 char **ret_detail) {
    const struct Key *key = find_key(group, name);
    unsigned long long line = line_of(file, group, name);
    char *CLEANUP(free_pointer) value = NULL;
    int r;

    if (!key && (!group || group_is_known(group)))
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_CONFIGURATION, "%s:%llu: unknown key \"%s\"%s", path, line,
                           name, group ? "" : " before any section");
    if (!key)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_CONFIGURATION, "%s:%llu: unknown section \"%s\"", path, line,
                           group);
    if (econf_getStringValue(file, group, name, &value) == ECONF_NOMEM)
        return -ENOMEM;
    r = key->set(settings, value ? value : "");
    if (r > 0)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_CONFIGURATION, "%s:%llu: bad value of \"%s\"", path, line,
                           name);
    return r;
}

static int apply_group(econf_file *file, const char *path, const char *group, Settings *settings, char **ret_detail) {
    char **CLEANUP(econf_freeArrayp) names = NULL;
    size_t count = 0;
    econf_err error = econf_getKeys(file, group, &count, &names);

    if (error == ECONF_NOKEY || error == ECONF_NOGROUP)
        return 0;
    if (error != ECONF_SUCCESS)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        int r = apply(file, path, group, names[i], settings, ret_detail);
        if (r != 0)
            return r;
    }
    return 0;
}

static int apply_all(econf_file *file, const char *path, Settings *settings, char **ret_detail) {
    char **CLEANUP(econf_freeArrayp) groups = NULL;
    size_t count = 0;
    econf_err error;
    int r = apply_group(file, path, NULL, settings, ret_detail);
    if (r != 0)
        return r;
    error = econf_getGroups(file, &count, &groups);
    if (error == ECONF_NOMEM)
        return -ENOMEM;
    for (size_t i = 0; error == ECONF_SUCCESS && i < count && r == 0; i++)
        r = apply_group(file, path, groups[i], settings, ret_detail);
    return r;
}

static int check_file(const char *path, uid_t owner, char **ret_detail) {
    struct stat status;

    if (stat(path, &status) < 0) {
        if (errno == ENOENT)
            return -ENOENT;
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_CONFIGURATION, "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(status.st_mode))
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_CONFIGURATION, "%s: not a regular file", path);
    if (status.st_uid != owner)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_CONFIGURATION, "%s: owned by uid %lu, not by %lu", path,
                           (unsigned long) status.st_uid, (unsigned long) owner);
    if (status.st_mode & (S_IWGRP | S_IWOTH))
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_CONFIGURATION, "%s: group or others may write it", path);
    return 0;
}

static int load_file(const char *path, Settings *settings, char **ret_detail) {
    econf_file *CLEANUP(econf_freeFilep) file = NULL;
    econf_err error = econf_readFile(&file, path, "=", "#");

    if (error == ECONF_NOMEM)
        return -ENOMEM;
    if (error != ECONF_SUCCESS) {
        char *CLEANUP(free_pointer) name = NULL;
        uint64_t line = 0;
        econf_errLocation(&name, &line);
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_CONFIGURATION, "%s:%llu: %s", path, (unsigned long long) line,
                           econf_errString(error));
    }
    return apply_all(file, path, settings, ret_detail);
}

int settings_load(const char *path, uid_t owner, Settings *ret, char **ret_detail) {
    Settings CLEANUP(settings_done) settings = {.max_iterations = DEFAULT_MAX_ITERATIONS};
    int r = set_files(&settings, DEFAULT_FILES);
    if (r != 0)
        return r;
    r = check_file(path, owner, ret_detail);
    if (r == 0)
        r = load_file(path, &settings, ret_detail);
    if (r != 0 && r != -ENOENT)
        return r;
    *ret = settings;
    settings = (Settings){0};
    return 0;
}
