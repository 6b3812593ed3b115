/* SPDX-License-Identifier: BSD-2-Clause */
/* Log: records of ovcertd, for its edges alone (main, bus/). One record per event, one line each, escaped: nothing from
 * outside can forge a second one (SECURITY 33). Goes to the journal when there is one, with fields, and to stderr
 * unless that is the journal too. Never a secret. */
#pragma once

#include <stdint.h>

/* X(symbol, field OVCERT_EVENT, field MESSAGE_ID): every kind of record. data/journal/ says of each, by its id, what
 * has happened and what to do (journalctl -x); ovcertd(8) lists them. An id is for good: another meaning gets another
 * one (systemd-id128 new). */
#define LOG_EVENTS(X)                                                                                                  \
    X(START, "start", "a4094a5653fc427385f29d5b617b00ea")                                                              \
    X(START_FAILED, "start-failed", "6265809cb5b6442c9858bb51d8588be6")                                                \
    X(STOP, "stop", "12330910253b4f02a323c2c86b863a27")                                                                \
    X(STOP_FAILED, "stop-failed", "bdf84cb4685b40e89edc394d836fdbf9")                                                  \
    X(CONFIGURATION_INVALID, "configuration-invalid", "baedf42b6b32421c9c7ab3fdfdeeffd7")                              \
    X(STORE_FAILED, "store-failed", "e6fcc1a04bb84e3d82cf3ce12b9dcb87")                                                \
    X(STORE_MOVED, "store-moved", "0d485841171a4d939dbea0674ac7ceb3")                                                  \
    X(TRUST, "trust", "4c284f55e1b14c5cacc8ba086f3eeeb4")                                                              \
    X(TRUST_FILE, "trust-file", "e13c26d5ffbb4f3395b3f37426e039f1")                                                    \
    X(TRUST_ANCHOR, "trust-anchor", "7756fa32af5249558822ae0c32679e1f")                                                \
    X(TRUST_FAILED, "trust-failed", "c13317676c8942788e00885fb008e391")                                                \
    X(RELOAD_FAILED, "reload-failed", "35c42e717eca4c6ea364561a188963df")                                              \
    X(WATCH_FAILED, "watch-failed", "4a00dd2a266b43bdae8c98549139b155")                                                \
    X(BUS_FAILED, "bus-failed", "31fc951f382b4ac98fd8398188a09273")                                                    \
    X(BUS_LOST, "bus-lost", "66ee97e009d444bfb069dd6b3043ad77")                                                        \
    X(TICK_FAILED, "tick-failed", "321b13ea0e954736a3ea5a84e26b9f30")                                                  \
    X(AUDIT_HEAD, "audit-head", "19837f63bb834f158e3e0d5a9564e789")                                                    \
    X(AUDIT_HEAD_FAILED, "audit-head-failed", "ab6aedf62baf48d5bbe9ae762615e0de")                                      \
    X(COMMIT_FAILED, "commit-failed", "189d52ac929d45c68eab2bc31e275f03")                                              \
    X(REQUEST_FAILED, "request-failed", "e35701bf85574083a36a7de901e0eb5a")                                            \
    X(REPLY_LOST, "reply-lost", "403118e267fb40048745c4634ed25c41")                                                    \
    X(SIGNAL_LOST, "signal-lost", "c6307d6b1c584bba890080fd573a0d67")                                                  \
    X(RESTORED, "restored", "25aa1d5bf68f450fb90ceb98445e49b6")                                                        \
    X(RESTORED_DAMAGED, "restored-damaged", "7d926930f1764ae38533fc8e1f2c33e4")                                        \
    X(RESTORE_FAILED, "restore-failed", "e3ab798ade554a28b19387b36dc5be31")                                            \
    X(LOGIN_REFUSED, "login-refused", "2b2ccb1a3f9b4fd184d25218ba9ae518")

typedef enum LogEvent {
#define X(symbol, name, id) LOG_EVENT_##symbol,
    LOG_EVENTS(X)
#undef X
} LogEvent;

/* priority: LOG_ERR, ... of syslog(3). */
void log_write(int priority, LogEvent event, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The audit chain's head, so that cutting the log short shows (SECURITY 37): fields OVCERT_AUDIT_SEQ and _HASH. */
void log_audit_head(uint64_t seq, const uint8_t hash[32]);
