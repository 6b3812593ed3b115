/* SPDX-License-Identifier: BSD-2-Clause */
/* ovcertd: the system service that keeps the association of users and certificates, started by systemd or by D-Bus
 * activation. Here: options, and what has to hold for the process before anything is opened. Must never run as root. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "common/secret.h"
#include "config.h"
#include "ovcertd/daemon.h"
#include "ovcertd/log.h"
#include "ovcertd/restore.h"

#define EXIT_USAGE 2

typedef struct MainOptions {
    const char *config_file;
    bool check;
    bool restore;
    bool force;
    bool help;
    bool version;
} MainOptions;

static void print_help(FILE *stream) {
    /* A help text that cannot be written has nobody to complain to. */
    (void) fputs(
        "Usage: ovcertd [OPTION]...\n"
        "The certificate service of ovcert, on the system bus as org.ovcert1.\n\n"
        "  -c, --config=FILE  read this configuration file alone\n"
        "                     (default: " OVCERT_CONFIG_DIR
        "/ovcertd.conf and its drop-ins)\n"
        "      --check        read configuration and kinds of certificate, say what is wrong with them, and end\n"
        "      --restore      put the backup on standard input in the place of the database, and end\n"
        "                     (\"ovcertctl restore\" does this)\n"
        "      --force        with --restore: also when the audit log there does not go on from the backup's,\n"
        "                     or the database is damaged\n"
        "  -h, --help         show this text\n"
        "      --version      show the version\n\n"
        "SIGHUP reads configuration, trust anchors and revocation lists again.\n",
        stream);
}

static int read_options(int argc, char *argv[], MainOptions *ret) {
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, 'C'},
        {"restore", no_argument, NULL, 'R'},
        {"force", no_argument, NULL, 'F'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {0},
    };
    for (;;) {
        int c = getopt_long(argc, argv, "c:h", options, NULL);
        if (c < 0)
            return optind == argc && (ret->restore || !ret->force) && !(ret->restore && ret->check) ? 0 : -EINVAL;
        if (c == 'c')
            ret->config_file = optarg;
        else if (c == 'C')
            ret->check = true;
        else if (c == 'R')
            ret->restore = true;
        else if (c == 'F')
            ret->force = true;
        else if (c == 'h')
            ret->help = true;
        else if (c == 'V')
            ret->version = true;
        else
            return -EINVAL;
    }
}

static int prepare_process(void) {
    if (geteuid() == 0) {
        log_write(LOG_ERR, LOG_EVENT_START_FAILED,
                  "ovcertd does not run as root; start it as its own user (systemctl start ovcertd)");
        return -EPERM;
    }
    (void) umask(077); /* cannot fail */
    int r = secret_harden_process();
    if (r < 0) {
        log_write(LOG_ERR, LOG_EVENT_START_FAILED, "cannot protect the process: %s", strerror(-r));
        return r;
    }
    /* Before any thread is made; the event loop takes them. */
    sigset_t signals;
    (void) sigemptyset(&signals); /* cannot fail for valid signals */
    (void) sigaddset(&signals, SIGTERM);
    (void) sigaddset(&signals, SIGINT);
    (void) sigaddset(&signals, SIGHUP);
    return sigprocmask(SIG_BLOCK, &signals, NULL) < 0 ? -errno : 0;
}

int main(int argc, char *argv[]) {
    MainOptions options = {0};
    if (read_options(argc, argv, &options) < 0) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (options.help) {
        print_help(stdout);
        return EXIT_SUCCESS;
    }
    if (options.version) {
        (void) puts("ovcertd " OVCERT_VERSION); /* as with the help text */
        return EXIT_SUCCESS;
    }
    if (prepare_process() < 0)
        return EXIT_FAILURE;
    if (options.check)
        return daemon_check(options.config_file);
    return options.restore ? restore_run(options.config_file, options.force) : daemon_run(options.config_file);
}
