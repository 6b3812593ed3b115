/* SPDX-License-Identifier: BSD-2-Clause */
/* See suite.h. Linked by test programs only. */
#include "tests/suites/suite.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "common/macros.h"

#define SUITE_TIME INT64_C(1767225600) /* 2026-01-01T00:00:00Z */

static _Noreturn __attribute__((format(printf, 1, 2))) void fail(const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    (void) vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void) fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

static void *must(void *pointer) {
    if (!pointer)
        fail("out of memory");
    return pointer;
}

static char *path_of(const char *folder, const char *file) {
    char *path = NULL;

    if (!file)
        return NULL;
    if (asprintf(&path, "%s/%s", folder, file) < 0)
        fail("out of memory");
    return path;
}

static struct json_object *member(struct json_object *row, const char *key) {
    struct json_object *value = NULL;

    if (!json_object_object_get_ex(row, key, &value))
        fail("a case without \"%s\"", key);
    return value;
}

static const char *text(struct json_object *row, const char *key) {
    return json_object_get_string(member(row, key)); /* NULL for null */
}

static bool flag(struct json_object *row, const char *key) {
    return json_object_get_boolean(member(row, key));
}

static char *purpose_of(const char *name) {
    if (!name)
        return NULL;
    if (strcmp(name, "clientAuth") == 0)
        return must(strdup("1.3.6.1.5.5.7.3.2"));
    if (strcmp(name, "serverAuth") == 0)
        return must(strdup("1.3.6.1.5.5.7.3.1"));
    fail("the purpose \"%s\" is unknown", name);
}

static void read_policy(struct json_object *policy, SuiteCase *ret) {
    struct json_object *set;

    if (!policy)
        return;
    set = member(policy, "set");
    ret->n_policies = json_object_array_length(set);
    ret->policies = must(calloc(ret->n_policies + 1, sizeof(*ret->policies)));
    for (size_t i = 0; i < ret->n_policies; i++)
        ret->policies[i] = must(strdup(json_object_get_string(json_object_array_get_idx(set, i))));
    ret->explicit_policy = flag(policy, "explicit");
    ret->inhibit_any_policy = flag(policy, "inhibit_any");
    ret->inhibit_policy_mapping = flag(policy, "inhibit_map");
}

static SuiteCase read_case(const char *folder, struct json_object *row) {
    struct json_object *time = member(row, "time"), *max_depth = member(row, "max_depth");
    SuiteCase ret = {
        .id = must(strdup(text(row, "id"))),
        .leaf = path_of(folder, text(row, "leaf")),
        .intermediates = path_of(folder, text(row, "intermediates")),
        .roots = path_of(folder, text(row, "roots")),
        .crls = path_of(folder, text(row, "crls")),
        .time = time ? json_object_get_int64(time) : SUITE_TIME,
        .accept = strcmp(text(row, "expected"), "accept") == 0,
        .check_crls = flag(row, "crl_check"),
        .purpose = purpose_of(text(row, "purpose")),
        .max_depth = max_depth ? json_object_get_int(max_depth) : -1,
    };

    read_policy(member(row, "policy"), &ret);
    return ret;
}

static void read_line(const char *folder, const char *line, Suite *suite) {
    struct json_object *row = json_tokener_parse(line);

    if (!row)
        fail("a line that is no JSON: %s", line);
    suite->cases = must(reallocarray(suite->cases, suite->count + 1, sizeof(*suite->cases)));
    suite->cases[suite->count++] = read_case(folder, row);
    (void) json_object_put(row);
}

static bool read_index(const char *folder, Suite *suite) {
    CLEANUP(free_pointer) char *path = path_of(folder, "index.jsonl"), *line = NULL;
    FILE *file = fopen(path, "re");
    size_t size = 0;

    if (!file && errno == ENOENT)
        return false;
    if (!file)
        fail("%s: %s", path, strerror(errno));
    while (getline(&line, &size, file) > 0)
        read_line(folder, line, suite);
    (void) fclose(file); /* read only */
    return true;
}

static SuiteCase *find(Suite *suite, const char *id) {
    for (size_t i = 0; i < suite->count; i++)
        if (strcmp(suite->cases[i].id, id) == 0)
            return &suite->cases[i];
    return NULL;
}

static bool is_of(const char *id, const char *name) {
    size_t size = strlen(name);

    return strncmp(id, name, size) == 0 && strncmp(id + size, "::", 2) == 0;
}

static void take_deviation(Suite *suite, const char *name, char *line) {
    char *argument = line + strcspn(line, " \t\n");
    SuiteCase *found;

    line[strcspn(line, "\n")] = '\0';
    if (line[0] == '#' || line[0] == '\0' || !is_of(line, name))
        return;
    if (*argument)
        *argument++ = '\0';
    argument += strspn(argument, " \t");
    found = find(suite, line);
    if (!found || !found->accept || found->deviation || !*argument)
        fail("the deviation \"%s\" is about no case that should be accepted, comes twice or has no argument", line);
    found->deviation = must(strdup(argument));
}

static void read_deviations(const char *path, const char *name, Suite *suite) {
    CLEANUP(free_pointer) char *line = NULL;
    FILE *file = fopen(path, "re");
    size_t size = 0;

    if (!file)
        fail("%s: %s", path, strerror(errno));
    while (getline(&line, &size, file) > 0)
        take_deviation(suite, name, line);
    (void) fclose(file); /* read only */
}

bool suite_read(const char *suites, const char *name, const char *deviations, Suite *ret) {
    const char *elsewhere = getenv("OVCERT_SUITES");
    CLEANUP(free_pointer) char *folder = path_of(elsewhere && *elsewhere ? elsewhere : suites, name);

    *ret = (Suite){0};
    if (!read_index(folder, ret))
        return false;
    read_deviations(deviations, name, ret);
    return true;
}

static void case_done(SuiteCase *one) {
    free(one->id);
    free(one->leaf);
    free(one->intermediates);
    free(one->roots);
    free(one->crls);
    free(one->purpose);
    for (size_t i = 0; i < one->n_policies; i++)
        free(one->policies[i]);
    free(one->policies);
    free(one->deviation);
}

void suite_done(Suite *suite) {
    for (size_t i = 0; i < suite->count; i++)
        case_done(&suite->cases[i]);
    free(suite->cases);
    *suite = (Suite){0};
}
