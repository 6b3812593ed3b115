# SPDX-License-Identifier: BSD-2-Clause
"""The main job: a user whose certificate has expired renews it with his password, and signs in with the new one."""
import os

import harness
from harness import (ASK_PASSPHRASE, DENIED, DONE, FAILED, NOT_FOUND, PASSWORD, QUESTION, Terminal, ask, ca, ctl, kit, memory_holds, must,
                     sign_in_with)


class Renew(harness.Case):
    def setUp(self):
        super().setUp()
        harness.write_pam_service()
        self.world.begin_expired()
        self.new = kit.give_credential("demo", ca("new.p12"))

    def nothing_changed(self):
        self.assertAssigned("old")
        self.assertEqual(self.described()["operations"], [])

    def renew(self, *arguments, **options):
        return ask("demo", "renew", *(arguments or ("--credential", self.new)), **options)

    def test_a_wrong_password_is_denied_and_nothing_changes(self):
        self.assertEnded(self.renew(password="wrong"), DENIED)
        self.nothing_changed()

    def test_without_anybody_to_ask_it_is_denied_and_nothing_changes(self):
        result = ctl("demo", "renew", "--credential", self.new)
        self.assertIn(result.status, (DENIED, FAILED), str(result))
        self.nothing_changed()

    def test_s22_a_wrong_passphrase_ends_it_after_three_at_most(self):
        terminal = Terminal("demo", "ovcertctl", "renew", "--credential", self.new)
        status = terminal.converse({PASSWORD: "demo", ASK_PASSPHRASE: ["wrong", "wrong", "wrong"], QUESTION: "y"})
        self.assertEqual(status, FAILED, terminal.shown)
        self.assertRegex(terminal.shown, "(?i)passphrase is wrong")
        self.nothing_changed()

    def refuses(self, name, reason):
        path = kit.give_credential("demo", ca(f"{name}.p12"))
        terminal = self.assertEnded(self.renew("--credential", path), FAILED)
        self.assertRegex(terminal.shown, reason)
        self.nothing_changed()

    def test_another_holders_certificate_is_refused(self):
        self.refuses("other", "(?i)another holder|holder-mismatch")

    def test_a_certificate_that_is_not_valid_yet_is_refused(self):
        self.refuses("future", "(?i)not valid yet|not-yet-valid")

    def test_a_revoked_certificate_is_refused(self):
        self.refuses("revoked", "(?i)revoked")

    def test_an_untrusted_certificate_is_refused(self):
        self.refuses("untrusted", "(?i)trust")

    def test_a_signature_only_certificate_is_refused_with_every_reason(self):
        path = kit.give_credential("demo", ca("signature.p12"))
        terminal = self.assertEnded(self.renew("--credential", path), FAILED)
        self.assertRegex(terminal.shown, "(?i)key usage|key-usage")
        self.assertRegex(terminal.shown, "(?i)extended")
        self.nothing_changed()

    def test_the_expired_certificate_itself_is_refused(self):
        terminal = self.assertEnded(self.renew("--credential", os.path.expanduser("~demo/.ovcert/old.p12")), FAILED)
        self.assertRegex(terminal.shown, "(?i)expired")
        self.nothing_changed()

    def test_a_file_that_is_not_there_is_said_so(self):
        result = self.renew("--credential", "/home/demo/.ovcert/nothing.p12")
        self.assertIn(result.status, (FAILED, NOT_FOUND), result.shown)
        self.nothing_changed()

    def test_s20_a_file_with_ten_million_rounds_is_refused_at_once(self):
        path = kit.give_credential("demo", ca("iterations.p12"))
        terminal = self.assertEnded(self.renew("--credential", path), FAILED)
        self.assertRegex(terminal.shown, "(?i)rounds|iterations")
        self.nothing_changed()

    def refuses_file(self, path, reason):
        terminal = self.assertEnded(self.renew("--credential", path), FAILED)
        self.assertRegex(terminal.shown, reason)
        self.nothing_changed()

    def place(self, name):
        path = os.path.join(os.path.dirname(self.new), name)
        if os.path.lexists(path):
            os.unlink(path)
        return path

    def test_s20_a_symlink_is_refused(self):
        path = self.place("link.p12")
        os.symlink(self.new, path)
        self.refuses_file(path, "(?i)regular file")

    def test_s20_a_fifo_is_refused(self):
        path = self.place("pipe.p12")
        os.mkfifo(path)
        kit.own(path, "demo", 0o600)
        self.refuses_file(path, "(?i)regular file")

    def test_s20_somebody_elses_file_is_refused(self):
        path = kit.give_credential("demo", ca("new.p12"), "foreign.p12")
        kit.own(path, "other", 0o644)
        self.refuses_file(path, "(?i)somebody else")

    def test_s20_a_file_that_is_too_large_is_refused(self):
        path = self.place("large.p12")
        with open(path, "wb") as file:
            file.truncate(64 * 1024 * 1024)
        kit.own(path, "demo", 0o600)
        self.refuses_file(path, "(?i)too large")

    def test_s24_at_the_question_the_passphrase_is_in_nobodys_memory(self):
        terminal = Terminal("demo", "ovcertctl", "renew", "--credential", self.new)
        self.until_question(terminal)
        for pid in (terminal.child.pid, self.world.daemon.pid):
            with open(f"/proc/{pid}/comm", encoding="ascii") as name:
                self.assertIn(name.read().strip(), ("ovcertctl", "ovcertd"))
            self.assertTrue(memory_holds(pid, b"ovcert"), "the search finds nothing at all")
            self.assertFalse(memory_holds(pid, kit.PASSPHRASE.encode()), f"process {pid} still holds the passphrase")
        terminal.type("n")
        terminal.finish()

    def test_answering_no_changes_nothing(self):
        terminal = self.renew(question="n")
        self.assertNotEqual(terminal.status, DONE, terminal.shown)
        self.assertAssigned("old")

    def test_a_user_without_a_profile_is_told_so(self):
        kit.give_credential("other", ca("other.p12"))
        terminal = ask("other", "renew")
        self.assertIn(terminal.status, (NOT_FOUND, DENIED), terminal.shown)

    def test_the_whole_renewal_and_signing_in_with_the_new_one(self):
        self.assertCode(sign_in_with("old"), "PAM_CRED_EXPIRED")
        terminal = self.assertEnded(self.renew(), DONE)
        self.assertRegex(terminal.shown, kit.HOLDER)
        self.assertAssigned("new")
        self.assertEqual(self.described()["operations"], [])
        self.assertCode(sign_in_with("new"), "PAM_SUCCESS")
        must(ctl("root", "log", "--verify"))

    def test_the_password_is_asked_once(self):
        terminal = Terminal("demo", "ovcertctl", "renew", "--credential", self.new)
        status = terminal.converse({PASSWORD: ["demo"], ASK_PASSPHRASE: [kit.PASSPHRASE], QUESTION: ["y"]})
        self.assertEqual(status, DONE, terminal.shown)

    def test_the_file_is_chosen_when_none_is_named(self):
        self.assertEnded(self.renew("--credential", self.new), DONE)

    def test_no_file_named_offers_those_of_the_folder(self):
        os.unlink(os.path.expanduser("~demo/.ovcert/old.p12"))
        terminal = ask("demo", "renew")
        self.assertEnded(terminal, DONE)
        self.assertAssigned("new")

    def test_the_old_certificate_signs_nobody_in_afterwards(self):
        self.assertEnded(self.renew(), DONE)
        os.unlink(self.new)
        self.assertCode(sign_in_with("old"), "PAM_AUTHINFO_UNAVAIL")

    def test_interrupted_at_the_question_it_goes_on_later(self):
        terminal = Terminal("demo", "ovcertctl", "renew", "--credential", self.new)
        self.until_question(terminal)
        terminal.interrupt()
        self.assertNotEqual(terminal.finish(), DONE, terminal.shown)
        self.assertAssigned("old")
        self.assertEnded(self.renew(), DONE)
        self.assertAssigned("new")

    def test_killed_at_the_question_it_goes_on_later(self):
        terminal = Terminal("demo", "ovcertctl", "renew", "--credential", self.new)
        self.until_question(terminal)
        terminal.child.close(force=True)
        self.assertAssigned("old")
        self.assertEnded(self.renew(), DONE)
        self.assertAssigned("new")

    def test_the_daemon_restarted_at_the_question_leaves_a_whole_profile(self):
        terminal = Terminal("demo", "ovcertctl", "renew", "--credential", self.new)
        self.until_question(terminal)
        self.world.restart()
        terminal.type("y")
        terminal.converse({PASSWORD: "demo", ASK_PASSPHRASE: kit.PASSPHRASE, QUESTION: "y"})
        if "fingerprint" not in self.described()["certificate"]:
            self.fail("no certificate at all")
        self.assertEnded(self.renew(), DONE) if not self.is_assigned("new") else None
        self.assertAssigned("new")

    def is_assigned(self, name):
        import hashlib
        return self.described()["certificate"]["fingerprint"] == hashlib.sha256(harness.der(name)).digest()

    @staticmethod
    def until_question(terminal):
        answers = {PASSWORD: "demo", ASK_PASSPHRASE: kit.PASSPHRASE, harness.CHOICE: "1"}
        patterns = list(answers)
        while True:
            which = terminal.expect(*patterns, QUESTION)
            if which == len(patterns):
                return
            terminal.answer(patterns[which], answers[patterns[which]])

    def test_an_administrator_renews_for_the_user_by_certificate_with_an_audit_row_that_says_so(self):
        operation = harness.profile("root", "demo", "Unlink", "a{sv}", {"until-assign": True})
        self.assertReply(operation, "ok")
        self.assertReply(harness.profile("root", "demo", "Confirm", "ssa{sv}", operation.value, "", {}), "ok")
        must(ctl("root", "assign", "--user", "demo", "--certificate", ca("new.pem")))
        self.assertAssigned("new")
        self.assertIs(self.described()["certificate"]["proven"], False)


class Looking(harness.Case):
    """What people and scripts are shown."""

    def setUp(self):
        super().setUp()
        self.world.begin_expired()

    def test_status_shows_my_profile_and_why_the_certificate_does_not_do(self):
        result = ctl("demo", "status")
        self.assertRegex(result.out + result.err, "(?i)expired")
        self.assertIn(kit.HOLDER, result.out)

    def test_status_of_somebody_else_is_denied(self):
        self.assertStatus(ctl("other", "status", "demo"), DENIED)

    def test_status_of_a_missing_profile_looks_the_same(self):
        existing, missing = ctl("other", "status", "demo"), ctl("other", "status", "nosuch")
        self.assertEqual((existing.status, existing.err.replace("demo", "X")), (missing.status, missing.err.replace("nosuch", "X")))

    def test_status_as_json(self):
        shown = ctl("root", "--json=short", "status", "demo").json
        self.assertIn(kit.HOLDER, str(shown))

    def test_check_lists_every_reason(self):
        result = self.assertStatus(ctl("demo", "check", ca("signature.leaf.pem")), FAILED)
        self.assertRegex(result.out + result.err, "(?i)key usage|key-usage")
        self.assertRegex(result.out + result.err, "(?i)extended")
        self.assertRegex(result.out + result.err, "(?i)trust")

    def test_check_accepts_the_new_one(self):
        self.assertStatus(ctl("root", "check", ca("new.pem")), DONE)

    def test_list_is_for_administrators(self):
        self.assertIn("demo", must(ctl("root", "list")).out)
        self.assertStatus(ctl("other", "list"), DENIED)

    def test_the_log_is_for_administrators_and_is_whole(self):
        must(ctl("root", "log"))
        must(ctl("root", "log", "--verify"))
        self.assertStatus(ctl("demo", "log"), DENIED)

    def test_output_into_a_pipe_has_no_colour(self):
        for verb in (["status", "demo"], ["list"], ["log"]):
            self.assertNotIn("\033", ctl("root", *verb).out)

    def test_help_everywhere(self):
        for verb in ([], ["status"], ["renew"], ["unlink"], ["confirm"], ["cancel"], ["assign"], ["check"], ["list"], ["profile"], ["log"]):
            with self.subTest(verb=verb):
                self.assertIn("ovcertctl", must(ctl("demo", *verb, "--help")).out)

    def test_bad_usage_is_told_from_failure(self):
        for arguments in (["no-such-verb"], ["status", "--no-such-option"], ["check"], ["status", "a", "b"]):
            with self.subTest(arguments=arguments):
                self.assertStatus(ctl("demo", *arguments), harness.USAGE)
