/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds files by pattern. Called by the PKCS#12 backend, as the user; must never open what it finds. */
#include "ovcert-credential/paths.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "common/macros.h"

void paths_done(Paths *paths) {
    for (size_t i = 0; i < paths->count; i++)
        free(paths->items[i]);
    free(paths->items);
    *paths = (Paths){0};
}

bool paths_contain(const Paths *paths, const char *path) {
    for (size_t i = 0; i < paths->count; i++)
        if (strcmp(paths->items[i], path) == 0)
            return true;
    return false;
}

static char *put_quoted(char *to, const char *text) {
    for (; *text != '\0'; text++) {
        if (strchr("*?[]\\", *text))
            *to++ = '\\';
        *to++ = *text;
    }
    return to;
}

char *paths_expand(const char *pattern, const Account *account) {
    size_t longest = strlen(account->home) > strlen(account->name) ? strlen(account->home) : strlen(account->name);
    /* Each character of the pattern becomes at most a whole quoted name. */
    char *expanded = calloc(strlen(pattern) + 1, 2 * longest + 1);
    char *to = expanded;

    if (!expanded)
        return NULL;
    for (const char *c = pattern; *c != '\0'; c++) {
        if (*c != '%') {
            *to++ = *c;
            continue;
        }
        c++; /* settings_load() has seen to it that h, u or % follows */
        to = put_quoted(to, *c == 'h' ? account->home : *c == 'u' ? account->name : "%");
    }
    return expanded;
}

static int add(Paths *paths, const char *path) {
    if (paths->count == PATHS_MAX || path[0] != '/' || paths_contain(paths, path))
        return 0;
    char **grown = reallocarray(paths->items, paths->count + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    paths->items = grown;
    grown[paths->count] = strdup(path);
    if (!grown[paths->count])
        return -ENOMEM;
    paths->count++;
    return 0;
}

/* Of a folder that cannot be opened. */
static int is_lack_of_memory(const char *path, int error) {
    (void) path;
    return error == ENOMEM;
}

static int add_matches(Paths *paths, const char *pattern) {
    glob_t CLEANUP(globfree) found = {0};
    int r = glob(pattern, 0, is_lack_of_memory, &found);

    if (r == GLOB_NOSPACE || r == GLOB_ABORTED)
        return -ENOMEM;
    if (r != 0)
        return r == GLOB_NOMATCH ? 0 : -EIO; /* folders that cannot be read match nothing */
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (add(paths, found.gl_pathv[i]) < 0)
            return -ENOMEM;
    return 0;
}

int paths_find(const Settings *settings, const Account *account, Paths *ret) {
    Paths CLEANUP(paths_done) paths = {0};

    for (size_t i = 0; i < settings->n_patterns; i++) {
        char *CLEANUP(free_pointer) pattern = paths_expand(settings->patterns[i], account);
        if (!pattern)
            return -ENOMEM;
        int r = add_matches(&paths, pattern);
        if (r < 0)
            return r;
    }
    *ret = paths;
    paths = (Paths){0};
    return 0;
}
