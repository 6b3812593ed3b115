/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes records to the journal or to stderr. Called by main.c, daemon.c and bus/. Must never fail its caller: a record
 * that cannot be written is lost. */
#include "ovcertd/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

/* Ours is no source position worth a field of its own. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "common/bytes.h"
#include "common/macros.h"
#include "common/text.h"

typedef struct Event {
    const char *name;
    const char *id;
} Event;

static const Event events[] = {
#define X(symbol, name_, id_) [LOG_EVENT_##symbol] = {.name = name_, .id = id_},
    LOG_EVENTS(X)
#undef X
};

static int journal_is_there(void) {
    return access("/run/systemd/journal/socket", W_OK) == 0;
}

static void to_stderr(const char *text) {
    if (journal_is_there() && getenv("JOURNAL_STREAM"))
        return; /* systemd has connected stderr to the journal: the record would be there twice */
    (void) fprintf(stderr, "ovcertd: %s\n", text); /* nowhere left to report to */
}

void log_write(int priority, LogEvent event, const char *format, ...) {
    CLEANUP(free_pointer) char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int r = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (r < 0) {
        text = NULL;
        return;
    }
    CLEANUP(free_pointer) char *escaped = text_escape_string(text);
    if (!escaped)
        return;
    if (journal_is_there())
        (void) sd_journal_send("MESSAGE=%s", escaped, "PRIORITY=%i", priority, "MESSAGE_ID=%s", events[event].id,
                               "OVCERT_EVENT=%s", events[event].name, "SYSLOG_IDENTIFIER=ovcertd",
                               NULL); /* see above */
    to_stderr(escaped);
}

void log_audit_head(uint64_t seq, const uint8_t hash[32]) {
    CLEANUP(free_pointer) char *hex = hex_encode((View){.data = hash, .size = 32});
    if (!hex)
        return;
    if (journal_is_there())
        (void) sd_journal_send("MESSAGE=audit log: row %" PRIu64 ", hash %s", seq, hex, "PRIORITY=%i", LOG_INFO,
                               "MESSAGE_ID=%s", events[LOG_EVENT_AUDIT_HEAD].id, "OVCERT_EVENT=%s",
                               events[LOG_EVENT_AUDIT_HEAD].name, "OVCERT_AUDIT_SEQ=%" PRIu64, seq,
                               "OVCERT_AUDIT_HASH=%s", hex, "SYSLOG_IDENTIFIER=ovcertd", NULL); /* see above */
    CLEANUP(free_pointer) char *text = NULL;
    if (asprintf(&text, "audit log: row %" PRIu64 ", hash %s", seq, hex) < 0) {
        text = NULL;
        return;
    }
    to_stderr(text);
}
