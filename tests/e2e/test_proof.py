# SPDX-License-Identifier: BSD-2-Clause
"""Challenges and signatures over the bus, with a client of its own: the statement is encoded here a second time, from its description in
common/statement.h, and signed by openssl(1)."""
import hashlib
import os
import pwd
import signal
import struct
import subprocess
import tempfile

import dbus
import dbus.lowlevel
import dbus.mainloop.glib
from gi.repository import GLib

import harness
from harness import ROOT_PATH, ask, assign, ca, call_on, certificates, connect, der, in_child, kit, profile_path, well

EMPTY = dbus.Dictionary({}, signature="sv")
LOGIN = "org.ovcert1.Login"
PROFILE = "org.ovcert1.Profile"
PURPOSES = {"login": 1, "assign": 2}


def sized(octets):
    return struct.pack(">I", len(octets)) + octets


def statement(nonce, fields, certificate):
    values = [bytes(nonce), fields["user"].encode(), struct.pack(">I", fields["uid"]), fields["service"].encode(), fields["tty"].encode(),
              bytes(fields["host-id"]), bytes(fields["boot-id"]), hashlib.sha256(der(certificate)).digest(),
              bytes(fields.get("replaced", b"")), struct.pack(">Q", fields["deadline"])]
    return b"ovcert statement\0" + bytes([1, PURPOSES[fields["purpose"]]]) + b"".join(sized(value) for value in values)


def sign(data, key, digest="sha256"):
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return subprocess.run(["openssl", "dgst", f"-{digest}", "-sign", ca(f"{key}.key"), file.name], capture_output=True,
                              check=True).stdout


class Signer:
    """One connection that signs in as root for demo, as pam_ovcert.so does."""

    def __init__(self, certificate="new"):
        self.certificate = certificate
        self.connection = connect()
        self.context = {"uid": dbus.UInt32(pwd.getpwnam("demo").pw_uid), "service": "e2e"}

    def begin(self):
        reply = well(call_on(self.connection, ROOT_PATH, LOGIN, "Begin", "sa{sv}", "demo", self.context))
        self.challenge, self.nonce, self.fields = reply.values
        return self

    def signature(self, **changed):
        nonce = changed.pop("nonce", self.nonce)
        purpose_certificate = changed.pop("certificate", self.certificate)
        return sign(statement(nonce, {**self.fields, **changed}, purpose_certificate), self.certificate)

    def finish(self, signature=None, algorithm="rsa-pkcs1-sha256", connection=None, certificate=None):
        signature = self.signature() if signature is None else signature
        leaf = dbus.ByteArray(der(certificate or self.certificate))
        return call_on(connection or self.connection, ROOT_PATH, LOGIN, "Finish", "sayaaysaya{sv}", self.challenge, leaf,
                       certificates("intermediate"), algorithm, dbus.ByteArray(signature), EMPTY).name


class Login(harness.Case):
    def setUp(self):
        super().setUp()
        self.world.begin_valid()

    def test_the_description_of_the_statement_is_right(self):
        self.assertEqual(Signer().begin().finish(), "ok")

    def test_s01_no_signature_no_sign_in(self):
        for signature in (b"", b"\0", b"\0" * 256, b"\0" * 1025):
            with self.subTest(octets=len(signature)):
                self.assertNotEqual(Signer().begin().finish(signature), "ok")

    def test_s02_a_signature_over_any_other_field_is_refused(self):
        changes = {"nonce": bytes(32), "user": "other", "uid": 0, "service": "sshd", "tty": "tty9", "host-id": bytes(16),
                   "boot-id": bytes(16), "replaced": bytes(32), "deadline": 1, "purpose": "assign", "certificate": "other"}
        for field, value in changes.items():
            with self.subTest(field=field):
                signer = Signer().begin()
                self.assertEqual(signer.finish(signer.signature(**{field: value})), "SignatureInvalid")

    def test_s02_a_signature_over_something_else_is_refused(self):
        signer = Signer().begin()
        whole = statement(signer.nonce, signer.fields, "new")
        for name, data in (("nonce", bytes(signer.nonce)), ("nothing", b""), ("more", whole + b"\0"), ("less", whole[:-1]),
                           ("version", whole[:17] + b"\2" + whole[18:]), ("magic", b"O" + whole[1:])):
            with self.subTest(data=name):
                signer.begin()
                self.assertEqual(signer.finish(sign(data, "new")), "SignatureInvalid")

    def test_s03_a_challenge_works_once(self):
        signer = Signer().begin()
        signature = signer.signature()
        self.assertEqual(signer.finish(signature), "ok")
        self.assertEqual(signer.finish(signature), "ChallengeInvalid")

    def test_s03_a_challenge_ends_after_thirty_seconds_also_when_the_machine_sleeps(self):
        slept = os.path.join(kit.SANDBOX, "slept")
        with open(slept, "wb"):
            pass
        self.addCleanup(os.unlink, slept)
        self.world.restart(clock="+0s", extra_environment={"OVCERT_CLOCK_SLEPT": slept})
        signer = Signer().begin()
        os.truncate(slept, 25)
        self.assertEqual(signer.finish(), "ok")
        signer.begin()
        os.truncate(slept, 25 + 31)
        self.assertEqual(signer.finish(), "ChallengeInvalid")

    def test_s05_a_failed_answer_uses_the_challenge_up(self):
        signer = Signer().begin()
        self.assertEqual(signer.finish(b"\0" * 256), "SignatureInvalid")
        self.assertEqual(signer.finish(), "ChallengeInvalid")

    def test_s05_of_many_answers_at_once_one_succeeds_at_most(self):
        def send_all():
            dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
            loop = GLib.MainLoop()
            signer = Signer().begin()
            values = (signer.challenge, dbus.ByteArray(der("new")), certificates("intermediate"), "rsa-pkcs1-sha256",
                      dbus.ByteArray(signer.signature()), EMPTY)
            names = []

            def note(reply):
                names.append(reply.get_error_name() if isinstance(reply, dbus.lowlevel.ErrorMessage) else "ok")
                if len(names) == 100:
                    loop.quit()
            for _ in range(100):
                message = dbus.lowlevel.MethodCallMessage(harness.BUS_NAME, ROOT_PATH, LOGIN, "Finish")
                message.append(*values, signature="sayaaysaya{sv}")
                signer.connection.send_message_with_reply(message, note, harness.PATIENCE)
            GLib.timeout_add_seconds(harness.PATIENCE, loop.quit)
            loop.run()
            return names
        answers = in_child("root", send_all)
        self.assertEqual(len(answers), 100)
        self.assertEqual(answers.count("ok"), 1)
        self.assertEqual(answers.count("org.ovcert1.Error.ChallengeInvalid"), 99)

    def test_s04_another_connection_cannot_answer(self):
        signer = Signer().begin()
        self.assertEqual(signer.finish(connection=connect()), "ChallengeInvalid")

    def test_s07_the_algorithm_follows_from_the_key(self):
        for algorithm in ("", "none", "rsa-pkcs1-sha1", "ecdsa-sha256", "ed25519", "rsa-pss-sha256"):
            with self.subTest(algorithm=algorithm):
                self.assertEqual(Signer().begin().finish(algorithm=algorithm), "SignatureInvalid")
        signer = Signer().begin()
        weak = sign(statement(signer.nonce, signer.fields, "new"), "new", "sha1")
        self.assertEqual(signer.finish(weak), "SignatureInvalid")

    def test_s15_the_same_name_on_another_certificate_signs_nobody_in(self):
        """"spare" has the same subject, issuer and holder, and a key that we hold."""
        signer = Signer("spare").begin()
        self.assertNotEqual(signer.finish(), "ok")

    def test_s15_the_assigned_certificate_needs_its_own_key(self):
        signer = Signer().begin()
        other = sign(statement(signer.nonce, signer.fields, "new"), "shared")
        self.assertEqual(signer.finish(other), "SignatureInvalid")

    def test_s06_a_user_holds_four_challenges_at_most(self):
        def flood():
            names = []
            connections = [connect() for _ in range(8)]
            for connection in connections:
                names.append(call_on(connection, ROOT_PATH, LOGIN, "Begin", "sa{sv}", "demo", EMPTY).name)
            return names
        names = in_child("demo", flood)
        self.assertLessEqual(names.count("ok"), 4)
        self.assertIn("LimitExceeded", names)
        # Root signs demo in all the same.
        self.assertEqual(Signer().begin().finish(), "ok")

    def test_s42_the_uid_must_be_the_profiles(self):
        signer = Signer()
        signer.context["uid"] = dbus.UInt32(4711)
        reply = call_on(signer.connection, ROOT_PATH, LOGIN, "Begin", "sa{sv}", "demo", signer.context)
        self.assertEqual(reply.name, "AccountChanged")


class Prove(harness.Case):
    """Proof of possession for a profile, by root, whom nobody asks for a password."""

    def setUp(self):
        super().setUp()
        self.world.begin_valid()
        self.connection = connect()

    def member(self, name, signature, *arguments, user="demo"):
        return call_on(self.connection, profile_path(user), PROFILE, name, signature, *arguments)

    def begin(self, certificate="spare", user="demo"):
        reply = self.member("BeginProof", "ayaaya{sv}", dbus.ByteArray(der(certificate)), certificates("intermediate"), EMPTY, user=user)
        return well(reply).values

    def prove(self, certificate="spare", key=None, **changed):
        challenge, nonce, fields = self.begin(certificate)
        signature = sign(statement(nonce, {**fields, **changed}, certificate), key or certificate)
        return self.member("Prove", "ssay", challenge, "rsa-pkcs1-sha256", dbus.ByteArray(signature))

    def test_a_proven_certificate_is_a_candidate_and_changes_nothing(self):
        candidate = well(self.prove()).value
        self.assertAssigned("new")
        self.assertEqual([row["id"] for row in self.described()["candidates"]], [candidate])
        self.assertEqual([row["kind"] for row in self.described()["candidates"]], ["fnmt-citizen"])

    def test_s02_the_statement_names_the_certificate_that_gives_way(self):
        self.assertReply(self.prove(replaced=b""), "SignatureInvalid")
        self.assertReply(self.prove(purpose="login", replaced=b""), "SignatureInvalid")
        self.assertEqual(self.described()["candidates"], [])

    def test_another_key_proves_nothing(self):
        self.assertReply(self.prove(key="new"), "SignatureInvalid")
        self.assertEqual(self.described()["candidates"], [])

    def test_a_challenge_of_one_profile_is_none_of_another(self):
        well(harness.create("other", kit.HOLDER))
        challenge, nonce, fields = self.begin("spare", user="other")
        signature = sign(statement(nonce, fields, "spare"), "spare")
        reply = self.member("Prove", "ssay", challenge, "rsa-pkcs1-sha256", dbus.ByteArray(signature))
        self.assertReply(reply, "ChallengeInvalid")

    def test_a_candidate_of_one_profile_cannot_be_assigned_to_another(self):
        well(harness.create("other", kit.HOLDER))
        candidate = well(self.prove()).value
        self.assertReply(self.member("Assign", "sa{sv}", candidate, EMPTY, user="other"), "CandidateInvalid")
        self.assertUnassigned("other")

    def test_a_candidate_lapses_after_an_hour(self):
        candidate = well(self.prove()).value
        self.world.restart(clock="+61m")
        self.connection = connect()
        operation = well(self.member("Unlink", "a{sv}", EMPTY)).value
        well(self.member("Confirm", "ssa{sv}", operation, "", EMPTY))
        self.assertReply(self.member("Assign", "sa{sv}", candidate, EMPTY), "CandidateInvalid")
        self.assertUnassigned()

    def test_s17_a_certificate_revoked_after_its_proof_is_not_assigned(self):
        kit.install_trust(ca(""), "crls-before")
        self.world.restart()
        self.connection = connect()
        candidate = well(self.prove("revoked")).value
        operation = well(self.member("Unlink", "a{sv}", {"until-assign": True})).value
        well(self.member("Confirm", "ssa{sv}", operation, "", EMPTY))
        kit.install_trust(ca(""), "crls")
        self.world.restart()
        self.connection = connect()
        reply = self.assertReply(self.member("Assign", "sa{sv}", candidate, EMPTY), "CertificateRefused")
        self.assertIn("revoked", reply.message)
        self.assertAssigned("new")

    def test_the_swap_is_one_step(self):
        candidate = well(self.prove()).value
        operation = well(self.member("Unlink", "a{sv}", {"until-assign": True})).value
        self.assertReply(self.member("Assign", "sa{sv}", candidate, EMPTY), "CertificateAssigned")
        well(self.member("Confirm", "ssa{sv}", operation, "", EMPTY))
        self.assertAssigned("new")
        well(self.member("Assign", "sa{sv}", candidate, EMPTY))
        self.assertAssigned("spare")
        self.assertReply(self.member("Assign", "sa{sv}", candidate, EMPTY), "CandidateInvalid")

    def test_s39_a_clock_earlier_than_the_lists_refuses_sign_ins_by_certificate(self):
        # The daemon has verified lists of now; then its clock goes back to before them.
        self.assertEqual(Signer().begin().finish(), "ok")
        self.world.restart(clock="-20h")
        self.assertEqual(Signer().begin().finish(), "CertificateRefused")


class Meanwhile(harness.Case):
    """What happens while a password is being asked for."""

    def until_password(self, *arguments):
        terminal = harness.Terminal("demo", "ovcertctl", *arguments)
        answers = {harness.ASK_PASSPHRASE: kit.PASSPHRASE, harness.CHOICE: "1"}
        patterns = list(answers)
        while True:
            which = terminal.expect(*patterns, harness.PASSWORD)
            if which == len(patterns):
                return terminal
            terminal.answer(patterns[which], answers[patterns[which]])

    def finish(self, terminal):
        terminal.answer(harness.PASSWORD, "demo")
        return terminal.converse({harness.PASSWORD: "demo", harness.ASK_PASSPHRASE: kit.PASSPHRASE, harness.QUESTION: "y"})

    def test_s30_a_profile_assigned_meanwhile_is_not_assigned_again(self):
        self.world.begin_unassigned()
        path = kit.give_credential("demo", ca("new.p12"))
        terminal = self.until_password("assign", "--credential", path)
        well(assign("demo", "ec"))
        self.assertNotEqual(self.finish(terminal), harness.DONE, terminal.shown)
        self.assertAssigned("ec")

    def test_s30_a_profile_deleted_meanwhile_is_not_there(self):
        self.world.begin_valid()
        terminal = self.until_password("unlink")
        operation = well(harness.profile("root", "demo", "Delete", "a{sv}", EMPTY)).value
        well(harness.profile("root", "demo", "Confirm", "ssa{sv}", operation, "", EMPTY))
        self.assertNotEqual(self.finish(terminal), harness.DONE, terminal.shown)
        self.assertReply(harness.profile("root", "demo", "Describe"), "NotFound")

    def test_s29_polkit_killed_meanwhile_denies(self):
        self.world.begin_valid()
        terminal = self.until_password("unlink")
        harness.stop_polkit()
        self.addCleanup(harness.start_polkit)
        self.assertEqual(terminal.converse({harness.PASSWORD: "demo"}, seconds=60), harness.DENIED, terminal.shown)
        self.assertEqual(self.described()["operations"], [])

    def test_a_user_who_goes_away_at_the_password_changes_nothing(self):
        self.world.begin_valid()
        terminal = self.until_password("unlink")
        terminal.child.close(force=True)
        self.assertEqual(self.described()["operations"], [])
        self.assertEqual(ask("demo", "unlink").status, harness.DONE)

    def test_other_users_are_served_while_one_is_asked(self):
        self.world.begin_valid()
        harness.write_pam_service()
        terminal = self.until_password("unlink")
        self.assertCode(harness.sign_in("demo", kit.PASSPHRASE), "PAM_SUCCESS")
        self.assertEqual(self.finish(terminal), harness.DONE, terminal.shown)

    def test_s40_many_checks_of_one_user_do_not_delay_anothers_sign_in(self):
        self.world.begin_valid()
        harness.write_pam_service()
        ready, writer = os.pipe()
        children = [self.check_without_end(writer) for _ in range(20)]
        os.close(writer)
        try:
            with os.fdopen(ready, "rb") as pipe:
                pipe.read(len(children))
            for _ in range(3):
                result = self.assertCode(harness.sign_in("demo", kit.PASSPHRASE), "PAM_SUCCESS")
                self.assertLess(result.seconds, 5)
        finally:
            for child in children:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)

    @staticmethod
    def check_without_end(writer):
        """A process of "other" that has certificates checked as fast as it can."""
        entry = pwd.getpwnam("other")
        leaf, chain = dbus.ByteArray(der("spare")), certificates(*["intermediate"] * 7)
        child = os.fork()
        if child:
            return child
        os.initgroups("other", entry.pw_gid)
        os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
        os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
        connection = connect()
        call_on(connection, ROOT_PATH, "org.ovcert1.Manager", "CheckCertificate", "ayaaya{sv}", leaf, chain, EMPTY)
        os.write(writer, b"!")
        while True:
            call_on(connection, ROOT_PATH, "org.ovcert1.Manager", "CheckCertificate", "ayaaya{sv}", leaf, chain, EMPTY)
