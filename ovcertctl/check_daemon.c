/* SPDX-License-Identifier: BSD-2-Clause */
/* What runs, and what the daemon knows of itself. Must never take a thing that could not be asked for a good one. */
#include "ovcertctl/check_daemon.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/dict.h"
#include "common/error.h"
#include "common/frame.h"
#include "common/i18n.h"
#include "common/protocol.h"
#include "common/text.h"
#include "config.h"
#include "ovcertctl/log_entry.h"

#define SECOND UINT64_C(1000000)
#define ANSWER_TIME (10 * SECOND) /* activation included */

#define BUS "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"
#define POLKIT "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"

typedef struct Asking {
    Tool *tool;
    const Machine *machine;
    const TrustCounts *counts;
    Findings *findings;
} Asking;

/* A call with at most one string. A result of client/. */
static int ask(const Asking *asking, const char *destination, const char *path, const char *interface,
               const char *member, const char *word, sd_bus_message **ret) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int r = client_message_to(asking->tool->client, destination, path, interface, member, &message);
    if (r == 0 && word)
        r = sd_bus_message_append_basic(message, 's', word);
    return r < 0 ? r : client_call(asking->tool->client, message, frame_now() + ANSWER_TIME, ret);
}

static const char *failure(const Asking *asking) {
    return client_failure(asking->tool->client);
}

/* --- the bus --- */

static int connect_bus(const Asking *asking) {
    Tool *tool = asking->tool;
    int r = client_new(secure_getenv("DBUS_SYSTEM_BUS_ADDRESS"), frame_now() + ANSWER_TIME, &tool->client);
    if (r == 0)
        client_set_interrupt(tool->client, tool->interrupt);
    return r;
}

static bool exists(const Asking *asking, const char *path) {
    CLEANUP(free_pointer) char *whole = NULL;
    if (asprintf(&whole, "%s%s", asking->machine->root, path) < 0) {
        whole = NULL; /* unspecified after a failure */
        asking->findings->fault = -ENOMEM;
        return true;
    }
    return access(whole, F_OK) == 0;
}

static void check_bus_policy(const Asking *asking) {
    if (exists(asking, OVCERT_DATA_DIR "/dbus-1/system.d/org.ovcert1.conf") ||
        exists(asking, "/etc/dbus-1/system.d/org.ovcert1.conf"))
        return;
    findings_add(asking->findings, FINDING_ERROR, "bus", _("Install it again, and reload the bus."),
                 _("The bus policy org.ovcert1.conf is missing, so nobody may have the name, or call it."));
}

/* Who has the name. 0 with *ret_is_ours, or a result of client/. */
static int owner_is_ours(const Asking *asking, bool *ret_is_ours) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    uint32_t uid;
    const struct passwd *entry = getpwnam(asking->machine->daemon);
    int r = ask(asking, BUS, BUS_PATH, BUS, "GetConnectionUnixUser", OVCERT_BUS_NAME, &reply);
    if (r != 0)
        return r;
    r = sd_bus_message_read(reply, "u", &uid);
    *ret_is_ours = r > 0 && entry && entry->pw_uid == uid;
    return r < 0 ? client_bad_reply(asking->tool->client, r) : 0;
}

static int check_name(const Asking *asking) {
    bool is_ours = false;
    int r = owner_is_ours(asking, &is_ours);
    if (r != 0)
        return r;
    if (!is_ours)
        findings_add(asking->findings, FINDING_ERROR, "bus",
                     _("Find out who that is, and stop it; then start ovcertd."),
                     _("The bus name org.ovcert1 belongs to somebody else than %s."), asking->machine->daemon);
    else
        findings_add(asking->findings, FINDING_OK, "bus", NULL, _("The bus name org.ovcert1 is %s's."),
                     asking->machine->daemon);
    return 0;
}

/* Starts it where the bus can. */
static int check_answer(const Asking *asking) {
    int r = ask(asking, OVCERT_BUS_NAME, OVCERT_OBJECT_PATH, "org.freedesktop.DBus.Peer", "Ping", NULL, NULL);
    if (r == OVCERT_ERROR_DENIED)
        findings_add(asking->findings, FINDING_ERROR, "daemon",
                     _("Install org.ovcert1.conf again, and reload the bus."),
                     _("The bus lets nothing through to ovcertd: %s."), failure(asking));
    else if (r > 0)
        findings_add(asking->findings, FINDING_ERROR, "daemon",
                     _("Start it with \"systemctl start ovcertd\"; \"journalctl -u ovcertd\" says why it ended."),
                     _("ovcertd does not answer: %s."), failure(asking));
    return r;
}

static int check_version(const Asking *asking) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL, *reply = NULL;
    const char *version;
    int r = client_message_to(asking->tool->client, OVCERT_BUS_NAME, OVCERT_OBJECT_PATH,
                              "org.freedesktop.DBus.Properties", "Get", &message);
    if (r == 0)
        r = sd_bus_message_append(message, "ss", OVCERT_MANAGER_INTERFACE, "Version");
    if (r < 0)
        return r;
    r = client_call(asking->tool->client, message, frame_now() + ANSWER_TIME, &reply);
    if (r != 0)
        return r;
    r = sd_bus_message_read(reply, "v", "s", &version);
    if (r < 0)
        return client_bad_reply(asking->tool->client, r);
    CLEANUP(free_pointer) char *shown = text_escape_string(version);
    if (!shown)
        return -ENOMEM;
    if (strcmp(version, OVCERT_VERSION) != 0)
        findings_add(asking->findings, FINDING_WARNING, "daemon", _("Restart it: systemctl restart ovcertd."),
                     _("ovcertd %s runs, and this is version %s."), shown, OVCERT_VERSION);
    else
        findings_add(asking->findings, FINDING_OK, "daemon", NULL, _("ovcertd %s answers."), shown);
    return 0;
}

/* --- what the daemon knows --- */

typedef struct Diagnosis {
    char *database;
    char *database_problem;
    uint32_t anchors;
    uint32_t revocation_lists;
    int64_t clock;
    int64_t clock_floor;
} Diagnosis;

static void diagnosis_done(Diagnosis *diagnosis) {
    free(diagnosis->database);
    free(diagnosis->database_problem);
}

static int diagnose(const Asking *asking, Diagnosis *ret) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL, *reply = NULL;
    const DictField fields[] = {
        {.key = "database", .type = "s", .target = &ret->database},
        {.key = "database-problem", .type = "s", .target = &ret->database_problem},
        {.key = "anchors", .type = "u", .target = &ret->anchors},
        {.key = "revocation-lists", .type = "u", .target = &ret->revocation_lists},
        {.key = "clock", .type = "x", .target = &ret->clock},
        {.key = "clock-floor", .type = "x", .target = &ret->clock_floor},
    };
    Client *client = asking->tool->client;
    int r = client_message(client, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, "Diagnose", &message);
    if (r == 0)
        r = sd_bus_message_append(message, "a{sv}", 0);
    if (r < 0)
        return r;
    r = tool_call(asking->tool, message, &reply);
    if (r != 0)
        return r;
    r = dict_read(reply, fields, ELEMENTSOF(fields));
    return r < 0 ? client_bad_reply(client, r) : 0;
}

static void report_database(const Asking *asking, const Diagnosis *diagnosis) {
    CLEANUP(free_pointer) char *problem = text_escape_string(diagnosis->database_problem);
    if (!problem)
        asking->findings->fault = -ENOMEM;
    else if (strcmp(diagnosis->database, "ok") == 0)
        findings_add(asking->findings, FINDING_OK, "database", NULL, _("The database is whole."));
    else if (strcmp(diagnosis->database, "damaged") == 0)
        findings_add(asking->findings, FINDING_ERROR, "database",
                     _("Stop ovcertd, keep a copy of the file, and restore a backup."),
                     _("The database is damaged: %s."), problem);
    else
        findings_add(asking->findings, FINDING_UNKNOWN, "database", _("Try again while less goes on."),
                     _("The database was not looked at to its end: %s."), problem);
}

static void report_clock(const Asking *asking, const Diagnosis *diagnosis) {
    if (diagnosis->clock < diagnosis->clock_floor)
        findings_add(asking->findings, FINDING_ERROR, "clock",
                     _("Set the clock; until then ovcertd refuses every certificate."),
                     _("The clock says %s, and there is a revocation list of %s: it is wrong."),
                     output_time(diagnosis->clock).text, output_time(diagnosis->clock_floor).text);
    else
        findings_add(asking->findings, FINDING_OK, "clock", NULL, _("The clock is not behind any revocation list."));
}

static void report_loaded(const Asking *asking, const Diagnosis *diagnosis) {
    const TrustCounts *counts = asking->counts;
    if (counts->known &&
        (counts->anchors != diagnosis->anchors || counts->revocation_lists != diagnosis->revocation_lists))
        findings_add(asking->findings, FINDING_WARNING, "daemon",
                     _("Let it read them again (systemctl reload ovcertd), and look whether its user may read them."),
                     _("ovcertd uses %u trust anchors and %u revocation lists, and %zu and %zu are there."),
                     diagnosis->anchors, diagnosis->revocation_lists, counts->anchors, counts->revocation_lists);
}

/* What only those who may read everything are told. */
static void report_denied(const Asking *asking) {
    static const char *const checks[] = {"database", "clock", "audit"};
    for (size_t i = 0; i < ELEMENTSOF(checks); i++)
        findings_add(asking->findings, FINDING_UNKNOWN, checks[i], _("Run it as root."),
                     _("ovcertd tells this to administrators alone."));
}

static int check_log(const Asking *asking) {
    CLEANUP(log_chain_done) LogChain chain = {0};
    int r = log_chain_walk(asking->tool, &chain);
    if (r != 0)
        return r;
    CLEANUP(free_pointer) char *problem = text_escape_string(chain.problem);
    if (!problem)
        return -ENOMEM;
    if (problem[0] != '\0')
        findings_add(asking->findings, FINDING_ERROR, "audit",
                     _("Keep the database as it is, and compare with the heads in the journal."),
                     _("The audit log is not whole: %s."), problem);
    else
        findings_add(asking->findings, FINDING_OK, "audit", NULL, _("The audit log is whole: %llu entries."),
                     (unsigned long long) chain.head);
    return 0;
}

static int check_inside(const Asking *asking) {
    CLEANUP(diagnosis_done) Diagnosis diagnosis = {0};
    int r = diagnose(asking, &diagnosis);
    if (r == OVCERT_ERROR_DENIED) {
        report_denied(asking);
        return 0;
    }
    if (r != 0)
        return r;
    report_database(asking, &diagnosis);
    report_clock(asking, &diagnosis);
    report_loaded(asking, &diagnosis);
    return check_log(asking);
}

/* --- polkit --- */

static const char *const actions[] = {OVCERT_ACTION_READ_OWN,   OVCERT_ACTION_MANAGE_OWN, OVCERT_ACTION_READ_ANY,
                                      OVCERT_ACTION_MANAGE_ANY, OVCERT_ACTION_FIND,       OVCERT_ACTION_READ_KEYS};

/* A DictReader: one (ssssssuuua{ss}) of polkit's; counts ours. */
static int count_action(sd_bus_message *message, void *userdata) {
    unsigned *found = userdata;
    const char *id;
    int r = sd_bus_message_enter_container(message, 'r', "ssssssuuua{ss}");
    if (r >= 0)
        r = sd_bus_message_read_basic(message, 's', &id);
    for (size_t i = 0; r > 0 && i < ELEMENTSOF(actions); i++)
        *found += strcmp(actions[i], id) == 0;
    if (r >= 0)
        r = sd_bus_message_skip(message, "sssssuuua{ss}");
    return r < 0 ? r : sd_bus_message_exit_container(message);
}

static int check_polkit(const Asking *asking) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    unsigned found = 0;
    int r = ask(asking, POLKIT, POLKIT_PATH, POLKIT ".Authority", "EnumerateActions", "", &reply);
    if (r == 0) {
        r = dict_read_list(reply, "(ssssssuuua{ss})", count_action, &found);
        r = r < 0 ? client_bad_reply(asking->tool->client, r) : 0;
    }
    if (r < 0)
        return r;
    if (r > 0)
        findings_add(asking->findings, FINDING_ERROR, "polkit",
                     _("Start it: without it users cannot renew, and only root manages profiles."),
                     _("polkit does not answer: %s."), failure(asking));
    else if (found < ELEMENTSOF(actions))
        findings_add(asking->findings, FINDING_ERROR, "polkit", _("Install org.ovcert1.policy again."),
                     _("polkit knows %u of %zu actions of ovcert."), found, ELEMENTSOF(actions));
    else
        findings_add(asking->findings, FINDING_OK, "polkit", NULL, _("polkit runs and knows the actions of ovcert."));
    return 0;
}

/* --- all --- */

static void report_unasked(const Asking *asking) {
    static const char *const checks[] = {"database", "clock", "audit"};
    for (size_t i = 0; i < ELEMENTSOF(checks); i++)
        findings_add(asking->findings, FINDING_UNKNOWN, checks[i], NULL, _("ovcertd is not there to be asked."));
}

/* A result of client/; what is said about a positive one is in the findings. */
static int check_service(const Asking *asking) {
    int r = check_answer(asking);
    if (r == 0)
        r = check_name(asking);
    if (r == 0)
        r = check_version(asking);
    if (r == 0) {
        r = check_inside(asking);
        if (r > 0)
            findings_add(asking->findings, FINDING_ERROR, "daemon", _("Look into \"journalctl -u ovcertd\"."),
                         _("ovcertd did not answer everything: %s"), _(ovcert_error_text(r)));
    } else if (r > 0) {
        report_unasked(asking);
    }
    return r;
}

int check_daemon(Tool *tool, const Machine *machine, const TrustCounts *counts, Findings *findings) {
    const Asking asking = {tool, machine, counts, findings};
    check_bus_policy(&asking);
    int r = connect_bus(&asking);
    if (r > 0) {
        findings_add(findings, FINDING_ERROR, "bus", _("Start it: systemctl start dbus."),
                     _("The system bus does not answer."));
        report_unasked(&asking);
        return 0;
    }
    if (r == 0)
        r = check_service(&asking);
    if (r >= 0)
        r = check_polkit(&asking);
    return r < 0 ? tool_fault(r) : 0;
}
