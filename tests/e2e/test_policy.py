# SPDX-License-Identifier: BSD-2-Clause
"""SECURITY 27: every method, property, signal and Introspect is authorized and leaks nothing.

TABLE says, for every member that introspection shows, what a stranger, the owner and root are answered when nobody can be asked for a
password. A member without an entry fails, and so does an entry without a member.
"""
import pwd
import hashlib
import os
import re
import subprocess
import threading
import time
import xml.etree.ElementTree as ElementTree

import dbus

import harness
from harness import BUS_NAME, PROFILE_PREFIX, ROOT_PATH, call, call_on, connect, der, in_child, kit, login, manager, profile, profile_path

NOBODY = "other"
OWNER = "demo"
PROPERTIES = "org.freedesktop.DBus.Properties"
PEER = "org.freedesktop.DBus.Peer"
INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
EMPTY = dbus.Dictionary({}, signature="sv")
NONE = dbus.Array([], signature="ay")


class Method:
    """arguments: a function, since certificates are made at test time; answers: (stranger, owner, root)."""

    def __init__(self, signature, arguments, *answers):
        self.signature, self.arguments, self.answers = signature, arguments, answers


class Property:
    def __init__(self, *answers):
        self.answers = answers


class Signal:
    """seen: by whom."""

    def __init__(self, *seen):
        self.seen = seen


OCTETS = dbus.ByteArray(b"\0" * 32)


def uid_of(name):
    return dbus.UInt32(pwd.getpwnam(name).pw_uid)


def certificate(name):
    return dbus.ByteArray(der(name))


DENIED = "Denied"
READ_ONLY = "org.freedesktop.DBus.Error.PropertyReadOnly"
TABLE = {
    "org.ovcert1.Manager": {
        "CreateProfile": Method("sa{sv}a{sv}", lambda: ("probe", {"uid": dbus.UInt32(4242)}, EMPTY), DENIED, DENIED, "ok"),
        "GetProfile": Method("s", lambda: ("demo",), DENIED, "ok", "ok"),
        "ListProfiles": Method("a{sv}su", lambda: (EMPTY, "", 10), DENIED, DENIED, "ok"),
        "FindByCertificate": Method("ayaaya{sv}", lambda: (certificate("new"), [certificate("intermediate")], EMPTY), DENIED, DENIED, "ok"),
        "GetPublicKeys": Method("sa{sv}", lambda: ("demo", {"uid": uid_of("demo")}), DENIED, "ok", "ok"),
        # Whoever holds a certificate may ask whether it would do; whose it is, is not told.
        "CheckCertificate": Method("ayaaya{sv}", lambda: (certificate("spare"), [certificate("intermediate")], EMPTY), "ok", "ok", "ok"),
        "Unbar": Method("aya{sv}", lambda: (OCTETS, EMPTY), DENIED, DENIED, "NotFound"),
        "ReadLog": Method("a{sv}tu", lambda: (EMPTY, 0, 10), DENIED, DENIED, "ok"),
        "VerifyLog": Method("tu", lambda: (0, 10), DENIED, DENIED, "ok"),
        "Diagnose": Method("a{sv}", lambda: (EMPTY,), DENIED, DENIED, "ok"),
        "Backup": Method("a{sv}", lambda: (EMPTY,), DENIED, DENIED, "ok"),
        # Each call has a connection of its own, so there is nothing to read.
        "ReadBackup": Method("t", lambda: (0,), DENIED, DENIED, "NotFound"),
        "Version": Property("ok", "ok", "ok"),
        "Backend": Property("ok", "ok", "ok"),
        "LoginsAccepted": Property(DENIED, DENIED, "ok"),
        "LoginsRefused": Property(DENIED, DENIED, "ok"),
        "ProfileAdded": Signal("root"),
        "ProfileRemoved": Signal("root"),
    },
    "org.ovcert1.Login": {
        # A stranger is answered as for a user whom nobody knows, with something made up (see below).
        "Hint": Method("sa{sv}", lambda: ("demo", EMPTY), "ok", "ok", "InvalidArgument"),
        "Begin": Method("sa{sv}", lambda: ("demo", EMPTY), "ok", "ok", "InvalidArgument"),
        "Finish": Method("sayaaysaya{sv}", lambda: ("0" * 32, certificate("new"), NONE, "rsa-pkcs1-sha256", OCTETS, EMPTY),
                         "ChallengeInvalid", "ChallengeInvalid", "ChallengeInvalid"),
    },
    "org.ovcert1.Profile": {
        "Describe": Method("", tuple, DENIED, "ok", "ok"),
        "Confirm": Method("ssa{sv}", lambda: ("0" * 32, "", EMPTY), DENIED, DENIED, "OperationInvalid"),
        "Cancel": Method("sa{sv}", lambda: ("0" * 32, EMPTY), DENIED, DENIED, "OperationInvalid"),
        "BeginProof": Method("ayaaya{sv}", lambda: (certificate("spare"), [certificate("intermediate")], EMPTY), DENIED, DENIED, "ok"),
        "Prove": Method("ssay", lambda: ("0" * 32, "rsa-pkcs1-sha256", OCTETS), DENIED, DENIED, "ChallengeInvalid"),
        "Assign": Method("sa{sv}", lambda: ("0" * 32, EMPTY), DENIED, DENIED, "CandidateInvalid"),
        "Block": Method("a{sv}", lambda: (EMPTY,), DENIED, DENIED, "ok"),
        "Unblock": Method("a{sv}", lambda: (EMPTY,), DENIED, DENIED, "ok"),
        "Unlink": Method("a{sv}", lambda: (EMPTY,), DENIED, DENIED, "ok"),
        "Delete": Method("a{sv}", lambda: (EMPTY,), DENIED, DENIED, "ok"),
        "State": Property(DENIED, "ok", "ok"),
        "CertificateStatus": Property(DENIED, "ok", "ok"),
    },
    # What sd-bus adds; the rows are for the object of a profile.
    PEER: {
        "Ping": Method("", tuple, "ok", "ok", "ok"),
        "GetMachineId": Method("", tuple, "ok", "ok", "ok"),
    },
    INTROSPECTABLE: {
        "Introspect": Method("", tuple, "ok", "ok", "ok"),
    },
    PROPERTIES: {
        "Get": Method("ss", lambda: ("org.ovcert1.Profile", "State"), DENIED, "ok", "ok"),
        "GetAll": Method("s", lambda: ("org.ovcert1.Profile",), DENIED, "ok", "ok"),
        "Set": Method("ssv", lambda: ("org.ovcert1.Profile", "State", "assigned"), READ_ONLY, READ_ONLY, READ_ONLY),
        "PropertiesChanged": Signal("owner", "root"),
    },
}
CALLERS = (NOBODY, OWNER, "root")


def object_of(interface):
    return ROOT_PATH if interface in ("org.ovcert1.Manager", "org.ovcert1.Login") else profile_path(OWNER)


def introspect(user, path):
    return call(user, path, INTROSPECTABLE, "Introspect")


def members(path):
    tree = ElementTree.fromstring(introspect("root", path).value)
    return {(interface.get("name"), member.get("name")) for interface in tree.findall("interface")
            for member in interface if member.tag in ("method", "property", "signal")}


def listen(user, seconds, calls_first=True):
    """Signals of org.ovcert1 that reach the user's connection. With calls_first, the daemon knows the connection."""
    def hear():
        import dbus.mainloop.glib
        from gi.repository import GLib
        dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
        connection = connect()
        heard = []

        def note(_, message):
            if message.get_type() == 4 and message.get_sender() != "org.freedesktop.DBus":
                heard.append((message.get_path(), message.get_interface(), message.get_member()))

        connection.add_message_filter(note)
        for rule in (f"type='signal',sender='{BUS_NAME}'", f"type='signal',path_namespace='{ROOT_PATH}'"):
            connection.add_match_string(rule)
        if calls_first:
            call_on(connection, ROOT_PATH, PROPERTIES, "Get", "ss", "org.ovcert1.Manager", "Version")
            call_on(connection, profile_path(OWNER), "org.ovcert1.Profile", "Describe", "")
        open(f"/tmp/listening-{user}", "w", encoding="ascii").close()
        loop = GLib.MainLoop()
        GLib.timeout_add(int(seconds * 1000), loop.quit)
        loop.run()
        return heard
    return in_child(user, hear)


class Policy(harness.Case):
    def setUp(self):
        super().setUp()
        self.world.begin_valid()

    def test_s27_every_member_has_an_entry_and_every_entry_a_member(self):
        shown = members(ROOT_PATH) | members(profile_path(OWNER))
        listed = {(interface, member) for interface, rows in TABLE.items() for member in rows}
        self.assertEqual(sorted(shown - listed), [], "members without a policy test")
        self.assertEqual(sorted(listed - shown), [], "entries without a member")

    def check_method(self, interface, name, row):
        for caller, wanted in zip(CALLERS, row.answers):
            reply = call(caller, object_of(interface), interface, name, row.signature, *row.arguments())
            with self.subTest(member=f"{interface}.{name}", caller=caller):
                self.assertReply(reply, wanted)

    def check_property(self, interface, name, row):
        for caller, wanted in zip(CALLERS, row.answers):
            reply = call(caller, object_of(interface), PROPERTIES, "Get", "ss", interface, name)
            with self.subTest(member=f"{interface}.{name}", caller=caller):
                self.assertReply(reply, wanted)

    def test_s27_every_method_and_property_answers_each_caller_as_listed(self):
        for interface, rows in TABLE.items():
            for name, row in rows.items():
                if isinstance(row, Method):
                    self.check_method(interface, name, row)
                elif isinstance(row, Property):
                    self.check_property(interface, name, row)

    def test_s27_a_stranger_changes_nothing_by_asking_for_everything(self):
        before = self.described()
        for interface, rows in TABLE.items():
            for name, row in rows.items():
                if isinstance(row, Method):
                    call(NOBODY, object_of(interface), interface, name, row.signature, *row.arguments())
        self.assertEqual(self.described(), before)

    def both(self, user, interface, member, signature, arguments_for):
        """The answers for a profile that exists and one that does not, with the names made equal."""
        answers = []
        for name in (OWNER, "nosuch"):
            path = profile_path(name) if interface != "org.ovcert1.Manager" and interface != "org.ovcert1.Login" else ROOT_PATH
            reply = call(user, path, interface, member, signature, *arguments_for(name))
            text = repr(reply).replace(profile_path(name), "PATH").replace(name, "NAME")
            answers.append(text)
        return answers

    def test_s27_a_stranger_cannot_tell_an_existing_profile_from_a_missing_one(self):
        probes = [(interface, name, row.signature, lambda _, row=row: row.arguments())
                  for interface in ("org.ovcert1.Profile", PEER, INTROSPECTABLE, PROPERTIES)
                  for name, row in TABLE[interface].items() if isinstance(row, Method)]
        probes += [(PROPERTIES, "Get", "ss", lambda _, name=name: ("org.ovcert1.Profile", name)) for name in ("State", "CertificateStatus")]
        probes += [("org.ovcert1.Manager", "GetProfile", "s", lambda user: (user,)),
                   ("org.ovcert1.Manager", "ReadLog", "a{sv}tu", lambda user: ({"user": user}, 0, 10)),
                   ("org.ovcert1.Manager", "CheckCertificate", "ayaaya{sv}", lambda user: (certificate("new"), NONE, {"user": user})),
                   ("org.ovcert1.Manager", "GetPublicKeys", "sa{sv}", lambda user: (user, {"uid": uid_of(OWNER)})),
                   ("org.ovcert1.Manager", "CreateProfile", "sa{sv}a{sv}", lambda user: (user, EMPTY, EMPTY))]
        for interface, member, signature, arguments_for in probes:
            existing, missing = self.both(NOBODY, interface, member, signature, arguments_for)
            with self.subTest(member=f"{interface}.{member}"):
                self.assertEqual(existing, missing)

    def test_s27_a_strangers_hint_is_made_up_whether_there_is_a_profile_or_not(self):
        with_profile = self.assertReply(login(NOBODY, "Hint", "sa{sv}", OWNER, EMPTY), "ok").value
        self.assertNotEqual(with_profile["fingerprint"], hashlib.sha256(der("new")).digest())
        owners = self.assertReply(login(OWNER, "Hint", "sa{sv}", OWNER, EMPTY), "ok").value
        self.assertEqual(owners["fingerprint"], hashlib.sha256(der("new")).digest())
        operation = self.assertReply(profile("root", OWNER, "Delete", "a{sv}", EMPTY), "ok").value
        self.assertReply(profile("root", OWNER, "Confirm", "ssa{sv}", operation, "", EMPTY), "ok")
        self.assertEqual(login(NOBODY, "Hint", "sa{sv}", OWNER, EMPTY).value, with_profile)

    def test_s27_a_strangers_challenge_looks_the_same_whether_there_is_a_profile_or_not(self):
        shapes = []
        for name in (OWNER, "nosuch"):
            challenge, nonce, fields = self.assertReply(login(NOBODY, "Begin", "sa{sv}", name, EMPTY), "ok").values
            fields = {key: value for key, value in fields.items() if key not in ("user", "deadline")}
            shapes.append((len(challenge), len(nonce), fields))
        self.assertEqual(shapes[0], shapes[1])

    def test_s27_introspection_names_no_profile(self):
        for caller in CALLERS:
            for path in ("/", "/org", ROOT_PATH, PROFILE_PREFIX):
                reply = introspect(caller, path)
                with self.subTest(caller=caller, path=path):
                    if reply.error is None:
                        tree = ElementTree.fromstring(reply.value)
                        nodes = [node.get("name") for node in tree.findall("node")]
                        self.assertFalse([node for node in nodes if OWNER in node], nodes)
        self.assertNotRegex(introspect(NOBODY, profile_path(OWNER)).value, kit.HOLDER)

    def test_s27_there_is_no_list_of_objects(self):
        for path in (ROOT_PATH, PROFILE_PREFIX, "/"):
            reply = call(NOBODY, path, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
            self.assertIsNotNone(reply.error, repr(reply))

    def change_everything(self):
        """What makes every signal there is."""
        self.assertReply(manager("root", "CreateProfile", "sa{sv}a{sv}", "probe", {"uid": dbus.UInt32(4242)}, EMPTY), "ok")
        self.assertReply(profile("root", OWNER, "Block", "a{sv}", EMPTY), "ok")
        self.assertReply(profile("root", OWNER, "Unblock", "a{sv}", EMPTY), "ok")
        operation = self.assertReply(profile("root", OWNER, "Unlink", "a{sv}", EMPTY), "ok").value
        self.assertReply(profile("root", OWNER, "Confirm", "ssa{sv}", operation, "", EMPTY), "ok")
        operation = self.assertReply(profile("root", OWNER, "Delete", "a{sv}", EMPTY), "ok").value
        self.assertReply(profile("root", OWNER, "Confirm", "ssa{sv}", operation, "", EMPTY), "ok")

    def hear_as(self, user):
        """What the user hears while everything changes."""
        marker = f"/tmp/listening-{user}"
        if os.path.exists(marker):
            os.unlink(marker)
        heard = []
        listener = threading.Thread(target=lambda: heard.extend(listen(user, 4)))
        listener.start()
        kit.wait_until(lambda: os.path.exists(marker), harness.PATIENCE, "the listener")
        self.change_everything()
        listener.join()
        return heard

    def test_s27_a_stranger_hears_no_signal(self):
        self.assertEqual(self.hear_as(NOBODY), [])

    def test_s27_the_owner_hears_that_his_profile_changed_and_nothing_of_others(self):
        heard = self.hear_as(OWNER)
        self.assertIn((profile_path(OWNER), PROPERTIES, "PropertiesChanged"), heard)
        self.assertEqual({path for path, _, _ in heard}, {profile_path(OWNER)})

    def test_s27_root_hears_of_profiles_made_and_removed(self):
        heard = [member for _, _, member in self.hear_as("root")]
        self.assertIn("ProfileAdded", heard)
        self.assertIn("ProfileRemoved", heard)

    def test_s27_members_of_the_services_group_may_look_up_certificates_and_keys_and_nothing_else(self):
        subprocess.run(["usermod", "-a", "-G", "ovcert-services", NOBODY], check=True)
        self.addCleanup(subprocess.run, ["gpasswd", "-d", NOBODY, "ovcert-services"], check=True, capture_output=True)
        arguments = (certificate("new"), [certificate("intermediate")], EMPTY)
        reply = self.assertReply(manager(NOBODY, "FindByCertificate", "ayaaya{sv}", *arguments), "ok")
        self.assertEqual(reply.value, OWNER)
        reply = self.assertReply(manager(NOBODY, "GetPublicKeys", "sa{sv}", OWNER, {"uid": uid_of(OWNER)}), "ok")
        self.assertEqual([fingerprint for _, fingerprint in reply.value], [hashlib.sha256(der("new")).digest()])
        self.assertReply(manager(NOBODY, "ListProfiles", "a{sv}su", EMPTY, "", 10), DENIED)
        self.assertReply(profile(NOBODY, OWNER, "Describe"), DENIED)

    def test_s27_who_may_read_keys_cannot_tell_a_user_without_one_from_a_missing_one(self):
        asked = [("other", uid_of("other")), ("nosuch", uid_of(OWNER)), (OWNER, uid_of("other"))]
        for name, uid in asked:
            self.assertEqual(self.assertReply(manager("root", "GetPublicKeys", "sa{sv}", name, {"uid": uid}), "ok").value, [])
        self.assertReply(manager("root", "GetPublicKeys", "sa{sv}", OWNER, EMPTY), "InvalidArgument")

    def test_s28_a_uid_in_the_context_of_a_stranger_is_not_believed(self):
        context = {"uid": uid_of(OWNER)}
        self.assertNotEqual(login(NOBODY, "Hint", "sa{sv}", OWNER, context).name, "ok")
        self.assertNotEqual(login(NOBODY, "Begin", "sa{sv}", OWNER, context).name, "ok")
        self.assertNotEqual(login(NOBODY, "Hint", "sa{sv}", NOBODY, context).name, "ok")

    def test_s29_without_polkit_everything_that_needs_it_is_denied(self):
        harness.stop_polkit()
        self.addCleanup(harness.start_polkit)
        start = time.monotonic()
        self.assertReply(profile(OWNER, OWNER, "Unlink", "a{sv}", EMPTY), DENIED)
        self.assertReply(manager(NOBODY, "ListProfiles", "a{sv}su", EMPTY, "", 10), DENIED)
        self.assertLess(time.monotonic() - start, harness.PATIENCE)
        self.assertEqual(self.described()["operations"], [])

    def test_s32_messages_with_descriptors_and_oversized_ones_are_refused(self):
        def with_descriptor():
            return call_on(connect(), ROOT_PATH, "org.ovcert1.Manager", "GetProfile", "sh", "demo", dbus.types.UnixFd(0))
        reply = in_child("root", with_descriptor)
        self.assertIsNotNone(reply.error)
        large = dbus.ByteArray(b"\x30" * (64 * 1024 + 1))
        reply = manager("root", "CheckCertificate", "ayaaya{sv}", large, NONE, EMPTY)
        if reply.error is None:
            self.assertFalse(reply.value["accepted"])
            self.assertTrue(re.search("too-large|malformed", repr(reply)), reply)
        self.assertIsNotNone(manager("root", "GetProfile", "s", "x" * 65536).error)
        # The daemon is still there for everybody else.
        self.assertReply(manager("root", "GetProfile", "s", "demo"), "ok")

    def test_s25_odd_names_are_refused_without_harm(self):
        for name in ("", "root\n", "a/b", "x" * 4096, "..", "demo ", "-demo"):
            with self.subTest(name=name[:20]):
                self.assertIsNotNone(manager("root", "CreateProfile", "sa{sv}a{sv}", name, {"uid": dbus.UInt32(4243)}, EMPTY).error)
        self.assertReply(manager("root", "GetProfile", "s", "demo"), "ok")

    def test_unknown_options_are_refused(self):
        reply = profile("root", OWNER, "Unlink", "a{sv}", {"no-such-option": True})
        self.assertReply(reply, "InvalidArgument")
        self.assertEqual(self.described()["operations"], [])
