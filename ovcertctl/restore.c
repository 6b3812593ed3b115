/* SPDX-License-Identifier: BSD-2-Clause */
/* "restore", for root: stops the service, lets "ovcertd --restore" do it as the daemon's user, starts the service. The
 * file is opened here, and goes over as standard input: the daemon's user opens no path of root's. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/i18n.h"
#include "common/protocol.h"
#include "common/text.h"
#include "config.h"
#include "ovcertctl/json.h"
#include "ovcertctl/service.h"
#include "ovcertctl/verbs.h"

#define EXIT_NOT_STARTED 127
#define TRIES 3u

static int file_failed(const char *path, int error) {
    CLEANUP(free_pointer) char *shown = text_escape_string(path);
    output_complain(_("Give a file that \"ovcertctl backup\" has written."), _("%s cannot be read: %s."),
                    shown ? shown : "",
                    error == EINVAL    ? _("it is not a regular file")
                    : error == EBADMSG ? _("it is no backup")
                                       : strerrordesc_np(error));
    return error == ENOENT ? EXIT_NOT_FOUND : EXIT_FAILED;
}

/* Whether it can be one at all, before anybody is asked; what is in it is looked at by the daemon's own restoring. */
static bool begins_like_a_backup(int file) {
    static const char header[] = "SQLite format 3"; /* with its NUL, https://www.sqlite.org/fileformat.html */
    char read_there[sizeof header] = "";
    return pread(file, read_there, sizeof read_there, 0) == sizeof read_there &&
           memcmp(read_there, header, sizeof header) == 0;
}

static int open_file(const char *path, int *ret) {
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return file_failed(path, errno);
    int error = fstat(file, &status) < 0      ? errno
                : !S_ISREG(status.st_mode)    ? EINVAL
                : !begins_like_a_backup(file) ? EBADMSG
                                              : 0;
    if (error == 0) {
        *ret = file;
        return 0;
    }
    (void) close(file); /* nothing was read */
    return file_failed(path, error);
}

/* 0 for yes, EXIT_FAILED for no, having said so. */
static int question(Tool *tool, const char *path) {
    Ask *ask = NULL;
    CLEANUP(free_pointer) char *text = NULL;
    CLEANUP(free_pointer) char *shown = text_escape_string(path);
    if (options_has(tool->options, OPTION_YES))
        return 0;
    int r = tool_terminal(tool, _("The answer to the question before the restoring (--yes)"), &ask);
    if (r != 0)
        return r;
    if (!shown || asprintf(&text, _("Put the backup %s in the place of the database?"), shown) < 0) {
        text = NULL; /* unspecified after a failure */
        return tool_fault(-ENOMEM);
    }
    r = ask_yes(ask, text);
    if (r == 0)
        output_complain_more(NULL, _("Nothing was changed."));
    return r < 0 ? tool_fault(r) : r == 1 ? 0 : EXIT_FAILED;
}

/* --- the daemon's restore mode --- */

static int become(const struct passwd *user) {
    sigset_t none;
    (void) sigemptyset(&none); /* cannot fail */
    (void) setsid();           /* root's terminal is not the daemon's user's; a new child leads no group */
    if (initgroups(user->pw_name, user->pw_gid) < 0 || setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
        setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0 || chdir("/") < 0)
        return -errno;
    return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

static void run_daemon(const struct passwd *user, int file, bool force) {
    char program[] = "ovcertd", restore[] = "--restore", with_force[] = "--force";
    char *const arguments[] = {program, restore, force ? with_force : NULL, NULL};
    char *const no_environment[] = {NULL};
    if (become(user) < 0 || dup2(file, STDIN_FILENO) < 0 || close_range(STDERR_FILENO + 1, ~0u, 0) < 0)
        _exit(EXIT_NOT_STARTED);
    (void) execve(OVCERT_DAEMON_PATH, arguments, no_environment); /* returns when it cannot */
    _exit(EXIT_NOT_STARTED);
}

/* Its exit status, or a negative errno. */
static int wait_for(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_NOT_STARTED;
}

static int run_restore(const Tool *tool, int file) {
    const struct passwd *user = getpwnam(OVCERT_DAEMON_USER);
    if (!user || user->pw_uid == 0)
        return EXIT_NOT_STARTED;
    pid_t child = fork();
    if (child < 0)
        return -errno;
    if (child == 0)
        run_daemon(user, file, options_has(tool->options, OPTION_FORCE));
    return wait_for(child);
}

/* The reason has been said by the daemon. */
static int restored(int r) {
    if (r <= 0)
        return r < 0 ? tool_fault(r) : 0;
    if (r == OVCERT_RESTORE_RUNNING)
        output_complain(_("Stop it (\"systemctl stop ovcertd\") and try again."), _("The service is running."));
    else if (r == OVCERT_RESTORE_FORKED)
        output_complain(_("If the backup is the right one all the same, restore it with --force."),
                        _("The audit log of the database does not go on from that of the backup."));
    else if (r == OVCERT_RESTORE_DAMAGED)
        output_complain(
            _("If there is no better backup, restore it with --force, and unlink, block, bar and delete again."),
            _("The database is damaged: what was forbidden since the backup would be forgotten."));
    else if (r == EXIT_NOT_STARTED)
        output_complain(_("Check the installation."), _("%s cannot be run as the user %s."), OVCERT_DAEMON_PATH,
                        OVCERT_DAEMON_USER);
    else
        output_complain(NULL, _("The backup was not restored."));
    return EXIT_FAILED;
}

static int print(const Tool *tool, const char *path) {
    CLEANUP(free_pointer) char *shown = text_escape_string(path);
    output_say(&tool->output, _("The backup %s is the database now."), shown ? shown : "");
    if (tool->output.format == OUTPUT_TEXT)
        return 0;
    CLEANUP(json_freep) JsonObject *object = json_object_new_object();
    int r = object ? json_put(object, "file", json_object_new_string(shown ? shown : "")) : -ENOMEM;
    if (r == 0)
        r = json_put(object, "state", json_object_new_string("restored"));
    if (r < 0)
        return tool_fault(r);
    json_print(&tool->output, object);
    return 0;
}

/* A call may start the service again before the daemon's restore mode has taken its place: then once more. 0 with the
 * daemon's result, or an ExitStatus, said. *ret_ran: the service ran. */
static int stop_and_restore(const Tool *tool, int file, bool *ret_ran, int *ret_result) {
    bool runs = true;
    *ret_ran = false;
    *ret_result = OVCERT_RESTORE_RUNNING;
    for (unsigned tries = 0; tries < TRIES && runs && *ret_result == OVCERT_RESTORE_RUNNING; tries++) {
        int r = service_stop(&runs);
        if (r != 0)
            return r;
        *ret_ran |= runs;
        *ret_result = run_restore(tool, file);
    }
    return 0;
}

/* The service runs again afterwards if it ran before, whatever has come of it. */
static int replace(Tool *tool, const char *path, int file) {
    bool ran = false;
    int result = 0;
    int r = stop_and_restore(tool, file, &ran, &result);
    if (r == 0)
        r = restored(result);
    int started = r == 0 || ran ? service_start() : 0;
    if (r == 0)
        r = print(tool, path);
    return r != 0 ? r : started;
}

int verb_restore(Tool *tool, char **operands, size_t n_operands) {
    (void) n_operands; /* the table says one */
    int file = -1;
    if (geteuid() != 0) {
        output_complain(_("Run it as root, with sudo say."), _("Only root may replace the database."));
        return EXIT_DENIED;
    }
    int r = open_file(operands[0], &file);
    if (r != 0)
        return r;
    r = question(tool, operands[0]);
    if (r == 0)
        r = replace(tool, operands[0], file);
    (void) close(file); /* only read from */
    return r;
}
