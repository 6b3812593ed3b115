# SPDX-License-Identifier: BSD-2-Clause
"""kill -9 of the daemon at random moments, over and over: what it had answered holds, nothing is half done, and the audit log tells
exactly what happened (SECURITY 36).

A person works on a profile, one change after the other, until the daemon is gone in the middle of one. Then the database is looked at
as it lies there, the daemon is started again, and its description of the profile must be the one before that change or the one after it.

    OVCERT_CRASH_ROUNDS  rounds (300)
    OVCERT_CRASH_SEED    the numbers that moments and changes follow from (a new one each time; it is printed)
"""
import hashlib
import itertools
import os
import random
import shutil
import sqlite3
import tempfile
import threading

import dbus

import harness
from harness import ROOT_PATH, call_on, certificates, connect, der, kit, profile_path, well
from test_proof import EMPTY, PROFILE, sign, statement

MANAGER = "org.ovcert1.Manager"
CERTIFICATES = ("new", "spare")
# Longer than a renewal takes, so that every step of one is hit.
LONGEST_LIFE = 0.15
# Longer than one change takes; and the most changes that are made before the one that is aimed at.
LONGEST_CHANGE = 0.002
MOST_CHANGES = 12
# What a call says when the daemon went away under it, or before it.
GONE = ("org.freedesktop.DBus.Error.NoReply", "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.Disconnected",
        "org.freedesktop.DBus.Error.NameHasNoOwner")


class Gone(Exception):
    """The daemon did not answer: the change may hold or not."""


class Change:
    """One change: how to ask for it, what it makes of a state, what the audit log says of it."""

    def __init__(self, name, ask, apply, events):
        self.name, self.ask, self.apply, self.events = name, ask, apply, events


def state_of(description):
    """What must hold or not, without what time and chance have made (deadlines, ids)."""
    certificate = description.get("certificate")
    return {
        "certificate": certificate_name(certificate["fingerprint"]) if certificate else None,
        "blocked": description["state"] == "blocked",
        "operations": sorted((row["kind"], row["state"], row["until-assign"]) for row in description["operations"]),
        "candidates": sorted(certificate_name(row["fingerprint"]) for row in description["candidates"]),
    }


def certificate_name(fingerprint):
    names = [name for name in CERTIFICATES if hashlib.sha256(der(name)).digest() == fingerprint]
    assert names, f"an association that nobody asked for: {fingerprint}"
    return names[0]


class Person:
    """An administrator who works on the profile "demo", and knows what was answered."""

    def __init__(self, chance):
        self.chance = chance
        self.connection = connect()
        self.created = []
        self.operation = None
        self.candidates = {}
        self.chain = certificates("intermediate")

    # ---- the bus ----

    def call(self, path, interface, member, signature, *arguments):
        reply = call_on(self.connection, path, interface, member, signature, *arguments)
        if reply.error in GONE:
            raise Gone
        return well(reply).values

    def profile(self, member, signature="", *arguments):
        return self.call(profile_path("demo"), PROFILE, member, signature, *arguments)

    def describe(self):
        description = self.profile("Describe")[0]
        self.operation = "".join(row["id"] for row in description["operations"])
        self.candidates = {certificate_name(row["fingerprint"]): row["id"] for row in description["candidates"]}
        return state_of(description)

    def audit_rows(self, after):
        """Everything that the log says happened since, and the last row's number."""
        events = []
        while True:
            rows, last = self.call(ROOT_PATH, MANAGER, "ReadLog", "a{sv}tu", EMPTY, dbus.UInt64(after), dbus.UInt32(1000))
            events += [row["event"] for _, row in rows]
            if not rows:
                return events, after
            after = last

    def verify_audit(self, after=0):
        while True:
            checked, problem, head, _ = self.call(ROOT_PATH, MANAGER, "VerifyLog", "tu", dbus.UInt64(after), dbus.UInt32(1000))
            assert problem == "", f"audit log: {problem}"
            if checked >= head:
                return head
            after = checked

    # ---- changes ----

    def next_change(self, state):
        return self.chance.choice(self.possible(state))

    def possible(self, state):
        if state["blocked"]:
            return [self.unblock()]
        if not state["operations"]:
            return [self.block(), self.create()] + (self.openings() if state["certificate"] else self.assignments(state, []))
        if state["operations"][0][1] == "requested":
            return [self.confirm(state), self.confirm(state), self.confirm(state), self.cancel()]
        swap = self.assignments(state, ["unlinked"])
        return swap + swap + [self.cancel()]

    def openings(self):
        return [self.unlink(True), self.unlink(True), self.unlink(True), self.unlink(False)]

    def assignments(self, state, before):
        """A certificate other than the one there is, proven or not; before: what the log says of the one that gives way."""
        changes = []
        for name in CERTIFICATES:
            if name == state["certificate"]:
                continue
            changes.append(self.assign_unproven(name, before))
            changes.append(self.assign_candidate(name, before) if name in state["candidates"] else self.prove(name))
        return changes

    def create(self):
        name = f"u{len(self.created)}x{self.chance.randrange(1 << 30)}"
        return Change(f"create {name}", lambda: self.ask_create(name), lambda state: None, ["profile-created"])

    def ask_create(self, name):
        self.created.append(name)
        self.call(ROOT_PATH, MANAGER, "CreateProfile", "sa{sv}a{sv}", name, {"uid": dbus.UInt32(70000 + len(self.created))}, EMPTY)

    def block(self):
        return Change("block", lambda: self.profile("Block", "a{sv}", EMPTY), lambda state: state.update(blocked=True), ["profile-blocked"])

    def unblock(self):
        return Change("unblock", lambda: self.profile("Unblock", "a{sv}", EMPTY), lambda state: state.update(blocked=False),
                      ["profile-unblocked"])

    def unlink(self, until_assign):
        return Change(f"unlink {until_assign}", lambda: self.ask_unlink(until_assign),
                      lambda state: state["operations"].append(("unlink", "requested", until_assign)), ["unlink-requested"])

    def ask_unlink(self, until_assign):
        self.operation, _ = self.profile("Unlink", "a{sv}", {"until-assign": until_assign})

    def confirm(self, state):
        kind, _, until_assign = state["operations"][0]

        def apply(after):
            after["operations"] = [(kind, "confirmed", True)] if until_assign else []
            after["certificate"] = after["certificate"] if until_assign else None
        return Change("confirm", lambda: self.profile("Confirm", "ssa{sv}", self.operation, "", EMPTY), apply,
                      ["unlink-confirmed" if until_assign else "unlinked"])

    def cancel(self):
        return Change("cancel", lambda: self.profile("Cancel", "sa{sv}", self.operation, EMPTY),
                      lambda state: state.update(operations=[]), ["operation-cancelled"])

    def assign_unproven(self, name, before):
        values = {"certificate": dbus.ByteArray(der(name)), "chain": self.chain}
        return Change(f"assign {name}", lambda: self.profile("Assign", "sa{sv}", "", dbus.Dictionary(values, signature="sv")),
                      lambda state: state.update(certificate=name, operations=[]), before + ["assigned"])

    def assign_candidate(self, name, before):
        def apply(state):
            state.update(certificate=name, operations=[])
            state["candidates"].remove(name)
        return Change(f"assign the candidate {name}", lambda: self.profile("Assign", "sa{sv}", self.candidates[name], EMPTY), apply,
                      before + ["assigned"])

    def prove(self, name):
        return Change(f"prove {name}", lambda: self.ask_prove(name), lambda state: state["candidates"].append(name), ["proven"])

    def ask_prove(self, name):
        challenge, nonce, fields = self.profile("BeginProof", "ayaaya{sv}", dbus.ByteArray(der(name)), self.chain, EMPTY)
        signature = sign(statement(nonce, fields, name), name)
        self.candidates[name], = self.profile("Prove", "ssay", challenge, "rsa-pkcs1-sha256", dbus.ByteArray(signature))


class Crash(harness.Case):
    def setUp(self):
        super().setUp()
        self.world.begin_unassigned()
        self.world.restart()  # the log now has what a start finds: the anchors

    def test_s36_killed_at_any_moment_of_a_change_it_holds_or_it_does_not(self):
        rounds = int(os.environ.get("OVCERT_CRASH_ROUNDS", "300"))
        seed = int(os.environ.get("OVCERT_CRASH_SEED", random.SystemRandom().randrange(1 << 32)))
        print(f"# seed {seed}, {rounds} rounds", flush=True)
        self.person = Person(random.Random(seed))
        self.state = self.person.describe()
        self.logged = self.person.audit_rows(0)[1]
        self.verified = 0
        self.answered = self.held = 0
        for _ in range(rounds):
            self.one_round()
        print(f"# {self.answered} changes were answered; of the {rounds} that were not, {self.held} held", flush=True)
        self.person.verify_audit()
        # It was not killed before it could do anything.
        self.assertGreater(self.answered, rounds)
        self.check_created()

    def one_round(self):
        """Half of the moments are anywhere in a daemon's life, half in the middle of a change."""
        chance = self.person.chance
        if chance.random() < 0.5:
            first, delay = 0, chance.uniform(0, LONGEST_LIFE)
        else:
            first, delay = chance.randrange(MOST_CHANGES), chance.uniform(0, LONGEST_CHANGE)
        killer = threading.Timer(delay, self.world.daemon.process.kill)
        events, change = self.work(first, killer)
        killer.join()
        self.world.abandon()
        self.check_database()
        self.world.start()
        self.check(events, change)

    def work(self, first, killer):
        """Changes until the daemon is gone: what the log must say of those that were answered, and the one that was not."""
        events = []
        for number in itertools.count():
            change = self.person.next_change(self.state)
            if number == first:
                killer.start()
            try:
                change.ask()
            except Gone:
                return events, change
            events += change.events
            change.apply(self.state)
            self.answered += 1

    @staticmethod
    def sorted(state):
        return {**state, "candidates": sorted(state["candidates"])}

    def check(self, events, change):
        seen = self.person.describe()
        logged, self.logged = self.person.audit_rows(self.logged)
        self.assertIn(logged, [events, events + change.events], change.name)
        held = logged != events
        if held:
            change.apply(self.state)
        elif change.name.startswith("create"):
            self.person.created.pop()
        self.assertEqual(seen, self.sorted(self.state), f"{change.name}, logged: {held}")
        self.verified = self.person.verify_audit(self.verified)
        self.held += held

    def check_created(self):
        listed, after = [], ""
        while True:
            rows, after = self.person.call(ROOT_PATH, MANAGER, "ListProfiles", "a{sv}su", EMPTY, after, dbus.UInt32(1000))
            listed += [row[0] for row in rows]
            if not after:
                break
        self.assertEqual(sorted(listed), sorted(self.person.created + ["demo"]))

    def check_database(self):
        """On a copy: whoever opens it changes it."""
        with tempfile.TemporaryDirectory() as folder:
            for name in os.listdir(kit.STATE_DIR):
                if os.path.isfile(os.path.join(kit.STATE_DIR, name)):
                    shutil.copy(os.path.join(kit.STATE_DIR, name), folder)
            database = sqlite3.connect(os.path.join(folder, os.path.basename(kit.DATABASE)))
            try:
                self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
                self.assertEqual(database.execute("PRAGMA foreign_key_check").fetchall(), [])
            finally:
                database.close()
