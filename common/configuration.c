/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds, reads and merges the daemon's configuration. Must never guess: an unknown key or a bad value is an error
 * with file and line, and nothing of the set is used. */
#include "common/configuration.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/config_files.h"
#include "common/ini.h"
#include "common/macros.h"
#include "common/text.h"
#include "config.h"

#define CONFIG_NAME "ovcertd.conf"
#define CONFIG_FOLDERS 3u
#define DAYS_MAX 3650u

void config_done(Config *config) {
    free(config->store_path);
    free(config->anchors_dir);
    free(config->crls_dir);
    *config = (Config){0};
}

static int config_defaults(Config *ret) {
    CLEANUP(config_done)
    Config config = {
        .store_path = strdup(OVCERT_STATE_DIR "/ovcert.db"),
        .anchors_dir = strdup(OVCERT_CONFIG_DIR "/anchors.d"),
        .crls_dir = strdup(OVCERT_CONFIG_DIR "/crls.d"),
        .max_stale_days = 7,
        .warn_days = 30,
    };
    if (!config.store_path || !config.anchors_dir || !config.crls_dir)
        return -ENOMEM;
    *ret = config;
    config = (Config){0};
    return 0;
}

/* --- values --- */

static int invalid(char **ret_what, const char *what) {
    *ret_what = strdup(what);
    return *ret_what ? CONFIG_INVALID : -ENOMEM;
}

static int set_path(const char *value, char **path, char **ret_what) {
    if (value[0] != '/')
        return invalid(ret_what, "wants an absolute path");
    char *copy = strdup(value);
    if (!copy)
        return -ENOMEM;
    free(*path);
    *path = copy;
    return 0;
}

static int set_days(const char *value, uint32_t *days, char **ret_what) {
    size_t digits = strspn(value, "0123456789");
    if (digits == 0 || digits > 4 || value[digits] != '\0' || strtoul(value, NULL, 10) > DAYS_MAX)
        return invalid(ret_what, "wants a number of days from 0 to 3650");
    *days = (uint32_t) strtoul(value, NULL, 10);
    return 0;
}

static int set_choice(const char *value, const char *no, const char *yes, bool *ret, char **ret_what) {
    if (strcmp(value, no) != 0 && strcmp(value, yes) != 0) {
        if (asprintf(ret_what, "wants %s or %s", no, yes) < 0)
            return -ENOMEM;
        return CONFIG_INVALID;
    }
    *ret = strcmp(value, yes) == 0;
    return 0;
}

static int set_store_path(Config *config, const char *value, char **ret_what) {
    return set_path(value, &config->store_path, ret_what);
}

static int set_anchors(Config *config, const char *value, char **ret_what) {
    return set_path(value, &config->anchors_dir, ret_what);
}

static int set_crls(Config *config, const char *value, char **ret_what) {
    return set_path(value, &config->crls_dir, ret_what);
}

static int set_revocation(Config *config, const char *value, char **ret_what) {
    return set_choice(value, "hard", "soft", &config->soft_revocation, ret_what);
}

static int set_max_stale(Config *config, const char *value, char **ret_what) {
    return set_days(value, &config->max_stale_days, ret_what);
}

static int set_warn_days(Config *config, const char *value, char **ret_what) {
    return set_days(value, &config->warn_days, ret_what);
}

static int set_first_assign(Config *config, const char *value, char **ret_what) {
    return set_choice(value, "admin", "user", &config->first_assign_user, ret_what);
}

static const struct {
    const char *section;
    const char *key;
    int (*set)(Config *config, const char *value, char **ret_what);
} keys[] = {
    {"Store", "path", set_store_path},
    {"Trust", "anchors", set_anchors},
    {"Trust", "crls", set_crls},
    {"Trust", "revocation", set_revocation},
    {"Trust", "max-stale", set_max_stale},
    {"Profile", "expiry-warning-days", set_warn_days},
    {"Profile", "first-assign", set_first_assign},
};

/* An IniAssign. */
static int assign(void *data, const char *section, const char *key, const char *value, char **ret_what) {
    CLEANUP(free_pointer) char *what = NULL;
    int r = CONFIG_INVALID;
    for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
        if (strcmp(keys[i].section, section) != 0 || strcmp(keys[i].key, key) != 0)
            continue;
        r = keys[i].set(data, value, &what);
        if (r <= 0)
            return r;
        return asprintf(ret_what, "%s in [%s] %s, not \"%s\"", key, section, what, value) < 0 ? -ENOMEM : r;
    }
    if (section[0] == '\0')
        return asprintf(ret_what, "unknown key %s before any [Section]", key) < 0 ? -ENOMEM : r;
    return asprintf(ret_what, "unknown key %s in [%s]", key, section) < 0 ? -ENOMEM : r;
}

/* --- files --- */

static int problem(char **ret_problem, const char *path, unsigned line, const char *what) {
    CLEANUP(free_pointer) char *escaped = text_escape_string(what);
    if (!escaped)
        return -ENOMEM;
    int r = line > 0 ? asprintf(ret_problem, "%s:%u: %s", path, line, escaped)
                     : asprintf(ret_problem, "%s: %s", path, escaped);
    return r < 0 ? -ENOMEM : CONFIG_INVALID;
}

static int load_one(const char *path, Config *config, char **ret_problem) {
    CLEANUP(bytes_done) Bytes text = {0};
    int r = config_file_read(path, &text);
    if (r == -ENOMEM)
        return r;
    if (r < 0)
        return problem(ret_problem, path, 0, strerror(-r));
    unsigned line;
    CLEANUP(free_pointer) char *what = NULL;
    r = ini_read((char *) text.data, text.size - 1, assign, config, &line, &what);
    return r <= 0 ? r : problem(ret_problem, path, line, what);
}

int config_load_file(const char *path, Config *ret, char **ret_problem) {
    CLEANUP(config_done) Config config = {0};
    int r = config_defaults(&config);
    if (r < 0)
        return r;
    r = load_one(path, &config, ret_problem);
    if (r != 0)
        return r;
    *ret = config;
    config = (Config){0};
    return 0;
}

/* --- the order of files --- */

/* Highest priority first. */
static void folders_in_order(const ConfigFolders *folders, const char *ret[CONFIG_FOLDERS]) {
    ret[0] = folders->etc;
    ret[1] = folders->run;
    ret[2] = folders->vendor;
}

static int load_main(const char *const folders[CONFIG_FOLDERS], Config *config, char **ret_problem) {
    for (size_t i = 0; i < CONFIG_FOLDERS; i++) {
        CLEANUP(free_pointer) char *path = NULL;
        if (!folders[i])
            continue;
        if (asprintf(&path, "%s/" CONFIG_NAME, folders[i]) < 0)
            return -ENOMEM;
        if (access(path, F_OK) == 0 || errno != ENOENT)
            return load_one(path, config, ret_problem);
    }
    return 0;
}

static int load_drop_ins(const char *const folders[CONFIG_FOLDERS], Config *config, char **ret_problem) {
    CLEANUP(config_files_done) ConfigFiles files = {0};
    CLEANUP(free_pointer) char *folder = NULL;
    int r = config_files_find(folders, CONFIG_FOLDERS, CONFIG_NAME ".d", &files, &folder);
    if (r < 0 && folder)
        return problem(ret_problem, folder, 0, strerror(-r));
    for (size_t i = 0; r == 0 && i < files.count; i++)
        r = load_one(files.paths[i], config, ret_problem);
    return r;
}

int config_load(const ConfigFolders *folders, Config *ret, char **ret_problem) {
    CLEANUP(config_done) Config config = {0};
    int r = config_defaults(&config);
    if (r < 0)
        return r;
    const char *order[CONFIG_FOLDERS];
    folders_in_order(folders, order);
    r = load_main(order, &config, ret_problem);
    if (r != 0)
        return r;
    r = load_drop_ins(order, &config, ret_problem);
    if (r != 0)
        return r;
    *ret = config;
    config = (Config){0};
    return 0;
}
