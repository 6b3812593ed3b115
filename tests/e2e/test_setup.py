# SPDX-License-Identifier: BSD-2-Clause
"""ovcertctl setup: from an empty machine to a user who signs in with a certificate, by dialogue and by flags; wrong answers, Ctrl-C."""
import os
import re
import shutil
import subprocess

import harness
from harness import DENIED, DONE, FAILED, NOT_FOUND, UNAVAILABLE, USAGE, ca, ctl, kit

ANCHORS, LISTS = "/etc/ovcert/anchors.d", "/etc/ovcert/crls.d"
PROFILE = "/usr/share/pam-configs/ovcert"
PROFILE_TEXT = """\
Name: ovcert certificate sign-in
Default: no
Priority: 260
Auth-Type: Primary
Auth:
\t[success=end auth_err=die default=ignore] pam_ovcert.so
Account-Type: Primary
Account:
\t[success=ignore ignore=ignore module_unknown=ignore default=die] pam_ovcert.so renew=login,su,gdm-password
"""
ROOT_FILE = r"root certificate[^\r\n]*: ?$"
LIST_FILE = r"revocation list \([^\r\n]*: ?$"
USER = r"User who signs in[^\r\n]*: ?$"
CERTIFICATE_FILE = r"File of the certificate[^\r\n]*: ?$"


def crls():
    return [os.path.join(ca("crls"), name) for name in sorted(os.listdir(ca("crls")))]


def empty(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)


class Setup(harness.Case):
    def setUp(self):
        super().setUp()
        self.world.clear()
        empty(ANCHORS)
        empty(LISTS)
        self.world.start()
        kit.give_credential("demo", ca("new.p12"))
        # What pam-auth-update changes is put back as it was.
        shutil.copytree("/etc/pam.d", "/etc/pam.d.kept", symlinks=True)
        shutil.copytree("/var/lib/pam", "/var/lib/pam.kept", symlinks=True)
        self.addCleanup(self.put_back, "/etc/pam.d")
        self.addCleanup(self.put_back, "/var/lib/pam")
        if not os.path.exists(PROFILE):
            os.makedirs(os.path.dirname(PROFILE), exist_ok=True)
            with open(PROFILE, "w", encoding="ascii") as file:
                file.write(PROFILE_TEXT)

    @staticmethod
    def put_back(folder):
        # In place: sessions may have it open.
        for name in os.listdir(folder):
            if not os.path.exists(os.path.join(folder + ".kept", name)):
                os.unlink(os.path.join(folder, name))
        shutil.copytree(folder + ".kept", folder, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(folder + ".kept")

    def flags(self):
        return ["--anchor", ca("root.pem"), *(word for file in crls() for word in ("--crl", file)), "--user", "demo",
                "--certificate", ca("new.pem")]

    def talk(self, *arguments, answers=None):
        terminal = harness.Terminal("root", "ovcertctl", "setup", *arguments)
        terminal.status = terminal.converse({kit.ASK_PASSPHRASE: kit.PASSPHRASE, ROOT_FILE: [ca("root.pem"), ""], LIST_FILE: [*crls(), ""],
                                             USER: "demo", CERTIFICATE_FILE: ca("new.pem"), kit.QUESTION: "y", **(answers or {})})
        return terminal

    def assertNothingHalfDone(self):
        for folder in (ANCHORS, LISTS):
            self.assertEqual([name for name in os.listdir(folder) if name.startswith(".")], [])
        self.assertEqual([name for name in os.listdir("/run") if name.startswith("ovcert-setup")], [])

    def is_on(self):
        with open("/etc/pam.d/common-auth", encoding="utf-8") as file:
            return "pam_ovcert.so" in file.read()

    def assertSignsIn(self, service):
        self.assertCode(harness.sign_in("demo", kit.PASSPHRASE, service=service), "PAM_SUCCESS")

    # ---- the whole way ----

    def test_from_an_empty_machine_to_a_signing_in_user_by_dialogue(self):
        self.assertStatus(ctl("root", "doctor"), FAILED)
        terminal = self.assertEnded(self.talk(), DONE)
        self.assertRegex(terminal.shown, "Fingerprint: [0-9a-f]{64}")
        self.assertIn("was let in with the certificate", terminal.shown)
        self.assertTrue(self.is_on(), terminal.shown)
        self.assertAssigned("new")
        self.assertNothingHalfDone()
        with open("/etc/pam.d/ovcert-real", "w", encoding="ascii") as file:
            file.write("@include common-auth\n@include common-account\n")
        self.assertSignsIn("ovcert-real")
        # A wrong passphrase does not fall back; none does.
        self.assertCode(harness.sign_in("demo", "", "demo", service="ovcert-real"), "PAM_SUCCESS")
        self.assertStatus(ctl("root", "doctor"), DONE)

    def test_by_flags_everything_but_what_a_person_types(self):
        terminal = self.assertEnded(self.talk(*self.flags(), "--yes", "--enable-pam", answers={ROOT_FILE: [], LIST_FILE: [], USER: [],
                                                                                              CERTIFICATE_FILE: [], kit.QUESTION: []}), DONE)
        self.assertTrue(self.is_on(), terminal.shown)
        self.assertAssigned("new")

    def test_by_flags_without_anybody_there_all_but_the_sign_in(self):
        result = self.assertStatus(ctl("root", "setup", "--yes", "--json=short", *self.flags()), DONE)
        self.assertEqual(result.json, {"tried": False, "enabled": False, "user": "demo"})
        self.assertAssigned("new")
        self.assertFalse(self.is_on())
        self.assertEqual(self.described()["holder"], f"ES:{kit.HOLDER}")
        # And nothing turns it on untried.
        result = self.assertStatus(ctl("root", "setup", "--yes", "--enable-pam", *self.flags()), FAILED)
        self.assertIn("only after a sign-in has succeeded", result.err)
        self.assertFalse(self.is_on())

    def test_what_it_makes_can_be_read_by_the_daemon_whatever_the_umask(self):
        result = harness.run_as("root", "sh", "-c", 'umask 077; exec ovcertctl --no-ask-password setup --yes "$@"', "sh", *self.flags())
        self.assertStatus(result, DONE)
        for folder in (ANCHORS, LISTS):
            for name in os.listdir(folder):
                self.assertEqual(os.stat(os.path.join(folder, name)).st_mode & 0o777, 0o644)

    def test_run_again_it_says_what_is_there_and_goes_on(self):
        self.assertStatus(ctl("root", "setup", "--yes", *self.flags()), DONE)
        before = sorted(os.listdir(ANCHORS)), sorted(os.listdir(LISTS)), self.described()
        result = self.assertStatus(ctl("root", "setup", "--yes", *self.flags()), DONE)
        self.assertEqual((sorted(os.listdir(ANCHORS)), sorted(os.listdir(LISTS)), self.described()), before)
        for text in ("is trusted already", "is there already", "has a profile already", "is assigned already"):
            self.assertIn(text, result.out)
        terminal = self.assertEnded(self.talk("--user", "demo", answers={ROOT_FILE: [], LIST_FILE: [], CERTIFICATE_FILE: []}), DONE)
        self.assertTrue(self.is_on())
        terminal = self.assertEnded(self.talk("--user", "demo"), DONE)
        self.assertIn("sign people in already", terminal.shown)

    def test_where_there_is_no_pam_auth_update_it_prints_the_lines_to_add(self):
        os.rename(PROFILE, PROFILE + ".away")
        self.addCleanup(os.rename, PROFILE + ".away", PROFILE)
        terminal = self.assertEnded(self.talk(), DONE)
        self.assertIn("pam_ovcert.so renew=login,su,gdm-password", terminal.shown)
        self.assertFalse(self.is_on())
        # They are the good ones.
        lines = re.findall(r"(?m)^((?:auth|account) +\[.*pam_ovcert\.so.*?)\r?$", terminal.shown)
        with open("/etc/pam.d/ovcert-real", "w", encoding="ascii") as file:
            file.write(f"{lines[0]}\nauth required pam_unix.so\n{lines[1]}\naccount required pam_unix.so\n")
        self.assertSignsIn("ovcert-real")
        self.assertStatus(ctl("root", "doctor"), DONE)

    def test_a_token_is_tried_like_a_file(self):
        kit.take_credentials("demo")
        tokens = kit.Tokens(ca(""))
        self.addCleanup(tokens.remove)
        tokens.insert("My card", "new")
        terminal = harness.Terminal("root", "ovcertctl", "setup", "--yes", *self.flags())
        status = terminal.converse({r"PIN[^\r\n]*: ?$": kit.PIN, kit.QUESTION: "n"})
        self.assertEqual(status, DONE, terminal.shown)
        self.assertIn("was let in with the certificate", terminal.shown)

    # ---- no ----

    def test_only_root_may(self):
        result = self.assertStatus(ctl("demo", "setup", "--yes", *self.flags()), DENIED)
        self.assertIn("Only root", result.err)
        self.assertEqual(os.listdir(ANCHORS), [])

    def test_an_anchor_that_nobody_agrees_to_is_left_out(self):
        terminal = harness.Terminal("root", "ovcertctl", "setup", "--anchor", ca("root.pem"))
        self.assertEqual(terminal.converse({kit.QUESTION: "n", ROOT_FILE: ""}), FAILED, terminal.shown)
        self.assertEqual(os.listdir(ANCHORS), [])
        self.assertStatus(ctl("root", "setup", "--anchor", ca("root.pem")), FAILED)  # nobody there to agree
        self.assertEqual(os.listdir(ANCHORS), [])

    def test_what_is_no_anchor_or_no_list_is_refused(self):
        for arguments in (["--anchor", ca("intermediate.pem")], ["--anchor", "/etc/passwd"], ["--anchor", "/nosuch"],
                          ["--anchor", ca("root.pem"), "--crl", ca("root.pem")], ["--anchor", ca("root.pem"), "--crl", "/nosuch"],
                          ["--anchor", ca("root.pem"), "--crl", "/dev/zero"]):
            with self.subTest(arguments=arguments):
                result = ctl("root", "setup", "--yes", *arguments)
                self.assertIn(result.status, (FAILED, NOT_FOUND), str(result))
                self.assertNothingHalfDone()
        self.assertEqual(os.listdir(LISTS), [])
        self.assertEqual(len(os.listdir(ANCHORS)), 1)

    def test_a_list_never_replaces_another_of_its_name(self):
        name = os.path.basename(crls()[0])
        shutil.copyfile(crls()[1], os.path.join(LISTS, name))
        result = self.assertStatus(ctl("root", "setup", "--yes", "--anchor", ca("root.pem"), "--crl", crls()[0]), FAILED)
        self.assertIn("is another list", result.err)
        with open(os.path.join(LISTS, name), "rb") as there, open(crls()[1], "rb") as other:
            self.assertEqual(there.read(), other.read())

    def test_a_key_beside_an_anchor_stays_where_it_is(self):
        both = "/root/both.pem"
        with open(both, "wb") as file:
            for name in ("root.pem", "new.key"):
                with open(ca(name), "rb") as part:
                    file.write(part.read())
        self.assertStatus(ctl("root", "setup", "--yes", "--anchor", both, "--crl", crls()[0]), DONE)
        for name in os.listdir(ANCHORS):
            with open(os.path.join(ANCHORS, name), "rb") as file:
                self.assertNotIn(b"PRIVATE", file.read())

    def test_s41_a_certificate_of_another_holder_than_the_given_one_is_not_assigned(self):
        result = ctl("root", "setup", "--yes", *self.flags(), "--holder", kit.OTHER_HOLDER)
        self.assertStatus(result, FAILED)
        self.assertIn("holder is", result.err)
        self.assertReply(harness.manager("root", "GetProfile", "s", "demo"), "NotFound")
        self.assertFalse(self.is_on())

    def test_a_certificate_that_is_not_accepted_makes_no_profile(self):
        flags = self.flags()
        flags[-1] = ca("old.pem")
        result = self.assertStatus(ctl("root", "setup", "--yes", *flags), FAILED)
        self.assertIn("not accepted", result.err)
        self.assertReply(harness.manager("root", "GetProfile", "s", "demo"), "NotFound")

    def test_a_user_with_another_certificate_keeps_it(self):
        self.assertStatus(ctl("root", "setup", "--yes", *self.flags()), DONE)
        flags = self.flags()
        flags[-1] = ca("spare.pem")
        result = self.assertStatus(ctl("root", "setup", "--yes", *flags), FAILED)
        self.assertIn("renew", result.err)
        self.assertAssigned("new")

    def test_without_the_daemon_it_says_so_and_goes_on_later(self):
        self.world.stop()
        self.assertStatus(ctl("root", "setup", "--yes", *self.flags()), UNAVAILABLE)
        self.world.start()
        self.assertStatus(ctl("root", "setup", "--yes", *self.flags()), DONE)
        self.assertAssigned("new")

    def test_too_many_files_are_a_usage_error(self):
        self.assertStatus(ctl("root", "setup", *["--anchor=/x"] * 65), USAGE)
        self.assertStatus(ctl("root", "status", "--anchor=/x"), USAGE)

    # ---- wrong answers ----

    def test_wrong_answers_are_asked_again(self):
        terminal = self.talk(answers={ROOT_FILE: ["/nosuch", ca("new.pem"), ca("root.pem"), ""], LIST_FILE: [ca("new.pem"), *crls(), ""],
                                      USER: ["nosuch", "no/one", "demo"], CERTIFICATE_FILE: [ca("old.pem"), "/etc", ca("new.pem")]})
        self.assertEnded(terminal, DONE)
        self.assertIn('There is no account "nosuch"', terminal.shown)
        self.assertAssigned("new")
        self.assertTrue(self.is_on())

    def test_a_sign_in_that_fails_turns_nothing_on(self):
        terminal = self.talk(answers={kit.ASK_PASSPHRASE: "wrong"})
        self.assertEnded(terminal, FAILED)
        self.assertIn("did not succeed", terminal.shown)
        self.assertFalse(self.is_on())
        self.assertNothingHalfDone()
        self.assertEnded(self.talk("--user", "demo"), DONE)
        self.assertTrue(self.is_on())

    def test_without_a_credential_it_says_where_to_put_it(self):
        kit.take_credentials("demo")
        terminal = self.assertEnded(self.talk(), FAILED)
        self.assertIn("~/.ovcert", terminal.shown)
        self.assertFalse(self.is_on())

    def test_a_declined_question_turns_nothing_on(self):
        terminal = self.assertEnded(self.talk(answers={kit.QUESTION: ["y", "y", "y", "n"]}), DONE)
        self.assertIn("Not turned on", terminal.shown)
        self.assertFalse(self.is_on())

    # ---- Ctrl-C ----

    def test_ctrl_c_at_each_question_leaves_nothing_half_done(self):
        stops = [ROOT_FILE, kit.QUESTION, LIST_FILE, USER, CERTIFICATE_FILE, kit.ASK_PASSPHRASE]
        answers = {ROOT_FILE: [ca("root.pem"), ""], LIST_FILE: [*crls(), ""], USER: ["demo"], CERTIFICATE_FILE: [ca("new.pem")],
                   kit.ASK_PASSPHRASE: [kit.PASSPHRASE], kit.QUESTION: ["y"] * 9}
        for stop in stops:
            with self.subTest(stop=stop):
                given = {pattern: list(texts) for pattern, texts in answers.items()}
                terminal = harness.Terminal("root", "ovcertctl", "setup")
                patterns = list(given)
                while (which := terminal.expect(*patterns)) >= 0 and patterns[which] != stop:
                    terminal.answer(patterns[which], given[patterns[which]].pop(0))
                terminal.interrupt()
                self.assertEqual(terminal.finish(), 130, terminal.shown)
                self.assertNothingHalfDone()
                self.assertFalse(self.is_on())
        self.assertEnded(self.talk(), DONE)
        self.assertTrue(self.is_on())

    def test_s24_the_passphrase_is_not_shown_or_logged(self):
        terminal = self.assertEnded(self.talk(), DONE)
        self.assertNotIn(kit.PASSPHRASE, terminal.shown)
        self.assertNotIn(kit.PASSPHRASE, self.logs.text())

    def test_what_pam_auth_update_refuses_is_told(self):
        with open("/etc/pam.d/common-auth", "w", encoding="ascii") as file:
            file.write("auth required pam_unix.so\n")  # by hand, so pam-auth-update leaves it alone
        terminal = self.talk()
        self.assertEnded(terminal, FAILED)
        self.assertIn("pam-auth-update --enable ovcert failed", terminal.shown)
        self.assertEqual(subprocess.run(["grep", "-c", "pam_ovcert", "/etc/pam.d/common-auth"], capture_output=True, check=False).stdout,
                         b"0\n")
