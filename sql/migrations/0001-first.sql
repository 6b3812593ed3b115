-- First schema (DESIGN 6). The generator adds the transaction and user_version around each migration; a released migration never changes.
-- Times are seconds since the epoch, uids 0 to 2^32-1. AUTOINCREMENT where an id must never name another row later.

PRAGMA application_id = 1870029669; -- "ovce"

CREATE TABLE profile (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  name         TEXT    NOT NULL UNIQUE CHECK (name <> ''),
  kind         INTEGER NOT NULL CHECK (kind IN (1, 2)), -- 1 unix, 2 portal
  uid          INTEGER CHECK (uid BETWEEN 0 AND 4294967294),
  holder       TEXT    NOT NULL,
  blocked      INTEGER NOT NULL CHECK (blocked IN (0, 1)),
  block_reason TEXT    NOT NULL,
  created      INTEGER NOT NULL,
  last_login   INTEGER NOT NULL,
  CHECK ((kind = 1) = (uid IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX profile_uid ON profile (uid) WHERE uid IS NOT NULL;

CREATE TABLE certificate (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  der         BLOB    NOT NULL,
  fingerprint BLOB    NOT NULL UNIQUE CHECK (length(fingerprint) = 32), -- SHA-256 of der
  spki_hash   BLOB    NOT NULL CHECK (length(spki_hash) = 32),
  subject     TEXT    NOT NULL,
  issuer      TEXT    NOT NULL,
  serial      TEXT    NOT NULL,
  holder      TEXT    NOT NULL,
  not_before  INTEGER NOT NULL,
  not_after   INTEGER NOT NULL,
  chain       BLOB    NOT NULL -- u32 count, then each certificate after a u32 length
) STRICT;

-- Ended associations stay as history: who, when, why.
CREATE TABLE association (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  profile     INTEGER NOT NULL REFERENCES profile (id),
  certificate INTEGER NOT NULL REFERENCES certificate (id),
  since       INTEGER NOT NULL,
  by_uid      INTEGER NOT NULL CHECK (by_uid BETWEEN 0 AND 4294967295),
  proven      INTEGER NOT NULL CHECK (proven IN (0, 1)),
  ended       INTEGER,
  ended_by    INTEGER CHECK (ended_by BETWEEN 0 AND 4294967295),
  ended_why   TEXT,
  CHECK ((ended IS NULL) = (ended_by IS NULL) AND (ended IS NULL) = (ended_why IS NULL))
) STRICT;
CREATE UNIQUE INDEX association_active_profile ON association (profile) WHERE ended IS NULL;
CREATE UNIQUE INDEX association_active_certificate ON association (certificate) WHERE ended IS NULL;
CREATE INDEX association_profile ON association (profile);
CREATE INDEX association_certificate ON association (certificate);

CREATE TABLE candidate (
  id          TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 32),
  profile     INTEGER NOT NULL REFERENCES profile (id),
  certificate INTEGER NOT NULL REFERENCES certificate (id),
  proven      INTEGER NOT NULL,
  deadline    INTEGER NOT NULL,
  by_uid      INTEGER NOT NULL CHECK (by_uid BETWEEN 0 AND 4294967295),
  UNIQUE (profile, certificate)
) STRICT;
CREATE INDEX candidate_certificate ON candidate (certificate);
CREATE INDEX candidate_deadline ON candidate (deadline);

-- Numbers as in ovcertd/core/operation.h: state 1 requested, 2 confirmed, 3 done, 4 cancelled, 5 lapsed; kind 1 unlink, 2 delete-profile.
CREATE TABLE operation (
  id           TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 32),
  profile      INTEGER NOT NULL REFERENCES profile (id),
  kind         INTEGER NOT NULL CHECK (kind IN (1, 2)),
  state        INTEGER NOT NULL CHECK (state BETWEEN 1 AND 5),
  until_assign INTEGER NOT NULL CHECK (until_assign IN (0, 1)),
  opener       INTEGER NOT NULL CHECK (opener BETWEEN 0 AND 4294967295),
  opened       INTEGER NOT NULL,
  deadline     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX operation_open ON operation (profile, kind) WHERE state IN (1, 2);
CREATE INDEX operation_due ON operation (deadline) WHERE state IN (1, 2);
CREATE INDEX operation_profile ON operation (profile);

-- The chain: hash covers the row before, every column and the commitments (ovcertd/store/audit_chain.h).
CREATE TABLE audit (
  seq                INTEGER PRIMARY KEY CHECK (seq > 0),
  time               INTEGER NOT NULL,
  event              TEXT    NOT NULL,
  actor              INTEGER NOT NULL CHECK (actor BETWEEN 0 AND 4294967295),
  outcome            TEXT    NOT NULL,
  detail             TEXT    NOT NULL,
  profile_commitment BLOB    CHECK (length(profile_commitment) = 32),
  subject_commitment BLOB    CHECK (length(subject_commitment) = 32),
  hash               BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- What can be erased without breaking the chain: names and the salts of their commitments.
CREATE TABLE audit_person (
  seq   INTEGER NOT NULL REFERENCES audit (seq),
  field INTEGER NOT NULL CHECK (field IN (1, 2)), -- 1 profile, 2 subject
  name  TEXT    NOT NULL,
  salt  BLOB    NOT NULL CHECK (length(salt) = 32),
  PRIMARY KEY (seq, field)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_person_profile ON audit_person (name, seq) WHERE field = 1;

-- Certificates that no profile may have any more, by fingerprint alone: outlives certificate and profile.
CREATE TABLE barred (
  fingerprint BLOB    NOT NULL PRIMARY KEY CHECK (length(fingerprint) = 32),
  since       INTEGER NOT NULL,
  by_uid      INTEGER NOT NULL CHECK (by_uid BETWEEN 0 AND 4294967295),
  why         TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
  key   TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
