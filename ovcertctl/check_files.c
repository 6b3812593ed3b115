/* SPDX-License-Identifier: BSD-2-Clause */
/* Users, settings, owners, modes and room. Must never open the database, nor follow a link to judge what it leads to as
 * if it were the link. */
#include "ovcertctl/check_files.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/i18n.h"
#include "common/text.h"
#include "config.h"

#define MEBIBYTE (UINT64_C(1024) * 1024)
#define ROOM_NEEDED (16 * MEBIBYTE)
#define ROOM_WANTED (256 * MEBIBYTE)

/* "" when out of memory, which findings->fault then says. */
static char *path_on(const Machine *machine, const char *path, Findings *findings) {
    char *whole = NULL;
    if (asprintf(&whole, "%s%s", machine->root, path) >= 0)
        return whole;
    findings->fault = -ENOMEM;
    return NULL;
}

/* --- settings --- */

/* A user may not be allowed to read what the daemon reads. */
static bool is_hidden(const char *path) {
    return access(path, R_OK) < 0 && errno == EACCES;
}

static int load(const Machine *machine, Findings *findings, Config *ret, char **ret_problem, bool *ret_hidden) {
    CLEANUP(free_pointer) char *etc = path_on(machine, OVCERT_CONFIG_DIR, findings);
    CLEANUP(free_pointer) char *run = path_on(machine, "/run/ovcert", findings);
    CLEANUP(free_pointer) char *vendor = path_on(machine, OVCERT_VENDOR_CONFIG_DIR, findings);
    CLEANUP(free_pointer) char *file = path_on(machine, OVCERT_CONFIG_DIR "/ovcertd.conf", findings);
    CLEANUP(free_pointer) char *drop_ins = path_on(machine, OVCERT_CONFIG_DIR "/ovcertd.conf.d", findings);
    if (!etc || !run || !vendor || !file || !drop_ins)
        return -ENOMEM;
    *ret_hidden = is_hidden(file) || is_hidden(drop_ins);
    return config_load(&(ConfigFolders){.etc = etc, .run = run, .vendor = vendor}, ret, ret_problem);
}

int check_configuration(const Machine *machine, Findings *findings, Config *ret) {
    CLEANUP(free_pointer) char *problem = NULL;
    bool hidden = false;
    int r = load(machine, findings, ret, &problem, &hidden);
    if (r == 0) {
        findings_add(findings, FINDING_OK, "configuration", NULL, _("The settings of ovcertd are valid."));
        return 0;
    }
    if (r < 0)
        return r;
    if (hidden)
        findings_add(findings, FINDING_UNKNOWN, "configuration", _("Run it as root."), "%s.", problem);
    else
        findings_add(findings, FINDING_ERROR, "configuration",
                     _("Correct it: ovcertd does not start with it, and goes on with the former settings on a reload."),
                     "%s.", problem);
    free(TAKE_PTR(problem));
    return config_load(&(ConfigFolders){0}, ret, &problem);
}

/* --- users --- */

static void check_account(const char *name, Findings *findings, unsigned *missing) {
    if (getpwnam(name))
        return;
    ++*missing;
    findings_add(findings, FINDING_ERROR, "accounts", _("Make it with systemd-sysusers."),
                 _("The system user %s is missing."), name);
}

void check_accounts(const Machine *machine, Findings *findings) {
    unsigned missing = 0;
    check_account(machine->daemon, findings, &missing);
    check_account(machine->credential, findings, &missing);
    if (missing == 0)
        findings_add(findings, FINDING_OK, "accounts", NULL, _("The system users %s and %s are there."),
                     machine->daemon, machine->credential);
}

/* --- owners and modes --- */

/* How something has to be. */
typedef struct Rule {
    mode_t type;   /* S_IFREG, S_IFDIR */
    bool private;  /* the daemon's, and nobody else may do anything with it; else root's, and nobody else may write */
    bool optional; /* may be missing */
    const char *what; /* to do, when it is not as it has to be; translated */
} Rule;

typedef struct Files {
    const Machine *machine;
    Findings *findings;
    uid_t daemon; /* (uid_t) -1 when there is no such user */
    unsigned looked_at, wrong, hidden;
} Files;

__attribute__((format(printf, 3, 4))) static void wrong(Files *files, const char *advice, const char *format, ...) {
    CLEANUP(free_pointer) char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL; /* unspecified after a failure */
    va_end(arguments);
    files->wrong++;
    if (text)
        findings_add(files->findings, FINDING_ERROR, "files", advice, "%s", text);
    else
        files->findings->fault = -ENOMEM;
}

static const char *owner_name(uid_t uid, char number[static 16]) {
    const struct passwd *entry = getpwuid(uid);
    (void) snprintf(number, 16, "%u", (unsigned) uid); /* fits */
    return entry ? entry->pw_name : number;
}

static void judge(Files *files, const char *shown, const struct stat *status, const Rule *rule) {
    uid_t owner = rule->private ? files->daemon : files->machine->administrator;
    mode_t denied = rule->private ? S_IRWXG | S_IRWXO : S_IWGRP | S_IWOTH;
    mode_t set_id = rule->type == S_IFREG ? S_ISUID | S_ISGID : 0; /* of a folder it means the files' group */
    char is[16], should[16];
    if ((status->st_mode & S_IFMT) != rule->type)
        wrong(files, rule->what,
              rule->type == S_IFDIR ? _("%s is not a folder.") : _("%s is not a regular file (links do not count)."),
              shown);
    else if (status->st_uid != owner) {
        const char *name = owner_name(status->st_uid, is);
        CLEANUP(free_pointer) char *kept = strdup(name); /* getpwuid(3) has one place for its answers */
        wrong(files, rule->what, _("%s belongs to %s, and has to be %s's."), shown, kept ? kept : is,
              owner_name(owner, should));
    } else if (status->st_mode & (denied | set_id))
        wrong(files, rule->what, _("%s has mode %04o, which allows others too much."), shown,
              (unsigned) (status->st_mode & ALLPERMS));
}

static void look(Files *files, const char *path, const Rule *rule) {
    struct stat status;
    CLEANUP(free_pointer) char *whole = path_on(files->machine, path, files->findings);
    CLEANUP(free_pointer) char *shown = text_escape_string(path);
    if (!whole || !shown) {
        files->findings->fault = -ENOMEM;
        return;
    }
    files->looked_at++;
    if ((rule->type == S_IFDIR ? stat : lstat)(whole, &status) == 0)
        judge(files, shown, &status, rule);
    else if (errno == EACCES)
        files->hidden++;
    else if (errno != ENOENT || !rule->optional)
        wrong(files, rule->what, "%s: %s.", shown, strerrordesc_np(errno));
}

/* Itself and what is in it. */
static void look_at_folder(Files *files, const char *path, const Rule *rule) {
    Rule inside = {.type = S_IFREG, .what = rule->what};
    CLEANUP(free_pointer) char *whole = path_on(files->machine, path, files->findings);
    look(files, path, rule);
    DIR *folder = whole ? opendir(whole) : NULL;
    if (!folder)
        return; /* look() has said what is wrong with it */
    for (const struct dirent *entry; (entry = readdir(folder));) {
        CLEANUP(free_pointer) char *file = NULL;
        if (entry->d_name[0] == '.')
            continue;
        if (asprintf(&file, "%s/%s", path, entry->d_name) < 0) {
            file = NULL; /* unspecified after a failure */
            files->findings->fault = -ENOMEM;
            break;
        }
        look(files, file, &inside);
    }
    (void) closedir(folder); /* was only read */
}

/* The database and its folder. */
static void look_at_database(Files *files, const char *path) {
    const char *slash = strrchr(path, '/');
    CLEANUP(free_pointer) char *folder = strndup(path, slash > path ? (size_t) (slash - path) : 1);
    Rule rule = {.type = S_IFDIR, .private = true, .what = _("The folder has to be ovcertd's own, with mode 0700.")};
    if (!folder) {
        files->findings->fault = -ENOMEM;
        return;
    }
    look(files, folder, &rule);
    rule = (Rule){
        .type = S_IFREG, .private = true, .optional = true, .what = _("It has to be ovcertd's own, with mode 0600.")};
    look(files, path, &rule);
}

static uid_t uid_of(const char *name) {
    const struct passwd *entry = getpwnam(name);
    return entry ? entry->pw_uid : (uid_t) -1;
}

static void look_at_programs(Files *files) {
    Rule rule = {.type = S_IFREG, .what = _("Install it again.")};
    look(files, OVCERT_HELPER_PATH, &rule);
    look(files, OVCERT_DAEMON_PATH, &rule);
    look(files, OVCERT_PAM_MODULE_DIR "/pam_ovcert.so", &rule);
}

void check_files(const Machine *machine, const Config *config, Findings *findings) {
    Files files = {.machine = machine, .findings = findings, .daemon = uid_of(machine->daemon)};
    Rule folder = {.type = S_IFDIR, .what = _("Make it root's: chown root:root, chmod go-w.")};
    Rule file = {.type = S_IFREG, .optional = true, .what = folder.what};
    look(&files, OVCERT_CONFIG_DIR, &folder);
    look(&files, OVCERT_CONFIG_DIR "/ovcertd.conf", &file);
    look(&files, OVCERT_CONFIG_DIR "/credential.conf", &file);
    look_at_folder(&files, config->anchors_dir, &folder);
    folder.optional = true;
    look_at_folder(&files, config->crls_dir, &folder);
    look_at_folder(&files, OVCERT_CONFIG_DIR "/ovcertd.conf.d", &folder);
    look_at_folder(&files, OVCERT_CONFIG_DIR "/kinds.d", &folder);
    look_at_programs(&files);
    if (files.daemon != (uid_t) -1)
        look_at_database(&files, config->store_path);
    if (files.hidden > 0)
        findings_add(findings, FINDING_UNKNOWN, "files", _("Run it as root."),
                     _("%u of %u files and folders cannot be seen."), files.hidden, files.looked_at);
    else if (files.wrong == 0)
        findings_add(findings, FINDING_OK, "files", NULL, _("Owners and modes of %u files and folders are right."),
                     files.looked_at);
}

/* --- room --- */

void check_disk(const Machine *machine, const Config *config, Findings *findings) {
    struct statvfs status;
    const char *slash = strrchr(config->store_path, '/');
    CLEANUP(free_pointer) char *whole = path_on(machine, config->store_path, findings);
    if (!whole)
        return;
    whole[strlen(machine->root) + (size_t) (slash - config->store_path)] = '\0';
    if (statvfs(whole, &status) < 0) {
        findings_add(findings, FINDING_UNKNOWN, "disk", NULL, _("How much room there is cannot be seen: %s."),
                     strerrordesc_np(errno));
        return;
    }
    uint64_t room = (uint64_t) status.f_bavail * status.f_frsize;
    bool full = room < ROOM_NEEDED || (status.f_files > 0 && status.f_favail == 0);
    FindingState state = full ? FINDING_ERROR : room < ROOM_WANTED ? FINDING_WARNING : FINDING_OK;
    findings_add(findings, state, "disk",
                 state == FINDING_OK ? NULL
                                     : _("Make room: without it no sign-in can be written down, so none succeeds."),
                 _("%llu MiB are free for the database."), (unsigned long long) (room / MEBIBYTE));
}
