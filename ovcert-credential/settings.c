/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads credential.conf. Called by main() after the change of user; must never accept what it does not know. */
#include "ovcert-credential/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/ini.h"
#include "common/macros.h"
#include "config.h"
#include "ovcert-credential/failure.h"

#define DEFAULT_FILES "%h/.ovcert/*.p12 %h/.ovcert/*.pfx"
#define DEFAULT_MAX_ITERATIONS 1000000u
#define HIGHEST_MAX_ITERATIONS 100000000u
#define DEFAULT_MODULES "opensc-pkcs11.so"
#define PATTERNS_MAX 32u
#define MODULES_MAX 16u
#define ENVIRONMENT_MAX 32u
#define WHITE_SPACE " \t\r\n"

/* Returned by the setters below, which leave the wording to their caller. */
static const int bad_value = CREDENTIAL_OUTCOME_CONFIGURATION;

typedef struct Words {
    char **items;
    size_t count;
} Words;

static void words_done(Words *words) {
    for (size_t i = 0; i < words->count; i++)
        free(words->items[i]);
    free(words->items);
    *words = (Words){0};
}

void settings_done(Settings *settings) {
    words_done(&(Words){settings->patterns, settings->n_patterns});
    words_done(&(Words){settings->modules, settings->n_modules});
    words_done(&(Words){settings->environment, settings->n_environment});
    *settings = (Settings){0};
}

/* Takes the word, NULL when there was no memory for it. */
static int add_word(Words *words, char *word) {
    char **grown = word ? reallocarray(words->items, words->count + 1, sizeof *grown) : NULL;

    if (!grown) {
        free(word);
        return -ENOMEM;
    }
    words->items = grown;
    grown[words->count++] = word;
    return 0;
}

static int split(const char *value, size_t max, bool (*is_valid)(const char *word), Words *words) {
    for (const char *c = value + strspn(value, WHITE_SPACE); *c != '\0'; c += strspn(c, WHITE_SPACE)) {
        size_t length = strcspn(c, WHITE_SPACE);
        int r = words->count == max ? bad_value : add_word(words, strndup(c, length));
        if (r != 0)
            return r;
        if (!is_valid(words->items[words->count - 1]))
            return bad_value;
        c += length;
    }
    return 0;
}

static bool pattern_is_valid(const char *pattern) {
    if (pattern[0] != '/' && strncmp(pattern, "%h", 2) != 0)
        return false;
    for (const char *c = strchr(pattern, '%'); c; c = strchr(c + 2, '%'))
        if (c[1] != 'h' && c[1] != 'u' && c[1] != '%')
            return false;
    return true;
}

static int set_files(Settings *settings, const char *value) {
    Words CLEANUP(words_done) words = {0};
    int r = split(value, PATTERNS_MAX, pattern_is_valid, &words);
    if (r != 0)
        return r;
    words_done(&(Words){settings->patterns, settings->n_patterns});
    settings->patterns = TAKE_PTR(words.items);
    settings->n_patterns = words.count;
    words.count = 0;
    return 0;
}

static bool module_is_valid(const char *module) {
    return module[0] == '/' || !strchr(module, '/');
}

static char *module_path(const char *module) {
    char *path = NULL;

    if (module[0] == '/')
        return strdup(module);
    return asprintf(&path, "%s/%s", OVCERT_PKCS11_MODULE_DIR, module) < 0 ? NULL : path;
}

static int set_modules(Settings *settings, const char *value) {
    Words CLEANUP(words_done) names = {0};
    Words CLEANUP(words_done) paths = {0};
    int r = split(value, MODULES_MAX, module_is_valid, &names);

    for (size_t i = 0; r == 0 && i < names.count; i++)
        r = add_word(&paths, module_path(names.items[i]));
    if (r != 0)
        return r;
    words_done(&(Words){settings->modules, settings->n_modules});
    settings->modules = TAKE_PTR(paths.items);
    settings->n_modules = paths.count;
    settings->modules_optional = false;
    paths.count = 0;
    return 0;
}

static bool variable_is_valid(const char *word) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char more[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

    return strspn(word, letters) > 0 && word[strspn(word, more)] == '=';
}

static int set_environment(Settings *settings, const char *value) {
    Words CLEANUP(words_done) words = {0};
    int r = split(value, ENVIRONMENT_MAX, variable_is_valid, &words);
    if (r != 0)
        return r;
    words_done(&(Words){settings->environment, settings->n_environment});
    settings->environment = TAKE_PTR(words.items);
    settings->n_environment = words.count;
    words.count = 0;
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
    {"pkcs11", "modules", set_modules},
    {"pkcs11", "environment", set_environment},
};

static const struct Key *find_key(const char *group, const char *name) {
    for (size_t i = 0; i < ELEMENTSOF(keys); i++)
        if (strcmp(keys[i].group, group) == 0 && strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

static bool group_is_known(const char *group) {
    for (size_t i = 0; i < ELEMENTSOF(keys); i++)
        if (strcmp(keys[i].group, group) == 0)
            return true;
    return false;
}

static int refuse(char **ret_what, const char *what, const char *name, const char *where) {
    if (asprintf(ret_what, "%s \"%s\"%s", what, name, where) < 0) {
        *ret_what = NULL;
        return -ENOMEM;
    }
    return bad_value;
}

/* The one place where settings take a value (an IniAssign). */
static int assign(void *data, const char *group, const char *name, const char *value, char **ret_what) {
    const struct Key *key = find_key(group, name);
    int r;

    if (group[0] == '\0')
        return refuse(ret_what, "unknown key", name, " before any section");
    if (!group_is_known(group))
        return refuse(ret_what, "unknown section", group, "");
    if (!key)
        return refuse(ret_what, "unknown key", name, "");
    r = key->set(data, value);
    return r > 0 ? refuse(ret_what, "bad value of", name, "") : r;
}

static int check_file(const char *path, int fd, uid_t owner, char **ret_detail) {
    struct stat status;

    if (fstat(fd, &status) < 0)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_CONFIGURATION, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_CONFIGURATION, "%s: not a regular file", path);
    if (status.st_uid != owner)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_CONFIGURATION, "%s: owned by uid %lu, not by %lu", path,
                           (unsigned long) status.st_uid, (unsigned long) owner);
    if (status.st_mode & (S_IWGRP | S_IWOTH))
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_CONFIGURATION, "%s: group or others may write it", path);
    if (status.st_size > INI_SIZE_MAX)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_CONFIGURATION, "%s: larger than 1 MiB", path);
    return 0;
}

/* Up to INI_SIZE_MAX octets and a NUL behind them. */
static int read_all(int fd, Bytes *ret) {
    uint8_t step[4096];
    ssize_t n;

    while ((n = read(fd, step, sizeof step)) > 0) {
        int r = ret->size + (size_t) n > INI_SIZE_MAX ? -EFBIG : bytes_append(ret, (View){step, (size_t) n});
        if (r < 0)
            return r;
    }
    return n < 0 ? -errno : bytes_append_u8(ret, '\0');
}

static int load_file(const char *path, int fd, Settings *settings, char **ret_detail) {
    Bytes CLEANUP(bytes_done) text = {0};
    char *CLEANUP(free_pointer) what = NULL;
    unsigned line = 0;
    int r = read_all(fd, &text);

    if (r < 0 && r != -ENOMEM)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_CONFIGURATION, "%s: %s", path, strerror(-r));
    if (r == 0)
        r = ini_read((char *) text.data, text.size - 1, assign, settings, &line, &what);
    if (r > 0)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_CONFIGURATION, "%s:%u: %s", path, line, what);
    return r;
}

static int set_defaults(Settings *settings) {
    int r = set_files(settings, DEFAULT_FILES);
    if (r == 0)
        r = set_modules(settings, DEFAULT_MODULES);
    settings->modules_optional = true;
    return r;
}

int settings_load(const char *path, uid_t owner, Settings *ret, char **ret_detail) {
    Settings CLEANUP(settings_done) settings = {.max_iterations = DEFAULT_MAX_ITERATIONS};
    int fd, r = set_defaults(&settings);
    if (r != 0)
        return r;
    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && errno != ENOENT)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_CONFIGURATION, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        r = check_file(path, fd, owner, ret_detail);
    if (fd >= 0 && r == 0)
        r = load_file(path, fd, &settings, ret_detail);
    if (fd >= 0)
        (void) close(fd); /* only read from */
    if (r != 0)
        return r;
    *ret = settings;
    settings = (Settings){0};
    return 0;
}
