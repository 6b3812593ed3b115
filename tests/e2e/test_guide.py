# SPDX-License-Identifier: BSD-2-Clause
"""The guide's own order: unlink, confirm, "no certificate assigned yet", assign; and the rules of operations and holders."""
import dbus

import harness
from harness import DENIED, DONE, FAILED, NOT_FOUND, ask, ca, ctl, kit, manager, must, profile, sign_in_with

EMPTY = dbus.Dictionary({}, signature="sv")


class Order(harness.Case):
    def setUp(self):
        super().setUp()
        harness.write_pam_service()
        self.world.begin_expired()
        self.new = kit.give_credential("demo", ca("new.p12"))

    def test_unlink_confirm_nothing_assigned_assign(self):
        self.assertEnded(ask("demo", "unlink"), DONE)
        self.assertAssigned("old")
        self.assertEnded(ask("demo", "confirm"), DONE)
        self.assertUnassigned()
        status = self.assertStatus(ctl("demo", "status"), NOT_FOUND)
        self.assertRegex(status.out + status.err, "(?i)no certificate")
        self.assertCode(sign_in_with("old"), "PAM_AUTHINFO_UNAVAIL")
        self.assertEnded(ask("demo", "assign", "--credential", self.new), DONE)
        self.assertAssigned("new")
        self.assertCode(sign_in_with("new"), "PAM_SUCCESS")
        must(ctl("root", "log", "--verify"))

    def test_step_by_step_with_the_old_one_kept_until_the_new_one_is_there(self):
        self.assertEnded(ask("demo", "unlink", "--until-assign"), DONE)
        self.assertEnded(ask("demo", "confirm"), DONE)
        self.assertAssigned("old")
        self.assertEnded(ask("demo", "assign", "--credential", self.new), DONE)
        self.assertAssigned("new")

    def test_what_an_administrator_types_next_names_the_user(self):
        for options, pattern in (([], "unlinked; .*assign --user demo"), (["--until-assign"], "stays until .*assign --user demo")):
            with self.subTest(options=options):
                self.world.begin_expired()
                self.assertRegex(must(ctl("root", "unlink", *options, "demo")).out, "confirm --user demo")
                self.assertRegex(must(ctl("root", "confirm", "--user", "demo")).out, pattern)

    def test_cancel_leaves_everything_as_it_was(self):
        self.assertEnded(ask("demo", "unlink"), DONE)
        self.assertEnded(ask("demo", "cancel"), DONE)
        self.assertAssigned("old")
        self.assertEqual(self.described()["operations"], [])

    def test_without_the_password_nothing_is_opened(self):
        self.assertEnded(ask("demo", "unlink", password="wrong"), DENIED)
        self.assertStatus(ctl("demo", "unlink"), DENIED)
        self.assertEqual(self.described()["operations"], [])

    def test_another_user_opens_nothing_here(self):
        self.assertStatus(ctl("other", "unlink", "--user", "demo"), DENIED)
        self.assertEqual(self.described()["operations"], [])

    def test_assign_without_a_confirmed_unlink_is_refused(self):
        terminal = self.assertEnded(ask("demo", "assign", "--credential", self.new), FAILED)
        self.assertRegex(terminal.shown, "(?i)has a certificate already|unlink")
        self.assertAssigned("old")

    def test_assign_after_a_requested_but_unconfirmed_unlink_is_refused(self):
        self.assertEnded(ask("demo", "unlink", "--until-assign"), DONE)
        self.assertEnded(ask("demo", "assign", "--credential", self.new), FAILED)
        self.assertAssigned("old")

    def test_a_second_unlink_names_the_open_one(self):
        self.assertEnded(ask("demo", "unlink"), DONE)
        first = self.described()["operations"]
        second = self.assertEnded(ask("demo", "unlink"), FAILED)
        self.assertIn(first[0]["id"], second.shown)
        self.assertEqual(self.described()["operations"], first)

    def test_an_administrators_unlink_cancels_the_users_open_one(self):
        self.assertEnded(ask("demo", "unlink"), DONE)
        users = self.described()["operations"][0]["id"]
        operation = self.assertReply(profile("root", "demo", "Unlink", "a{sv}", EMPTY), "ok").value
        self.assertEqual([row["id"] for row in self.described()["operations"]], [operation])
        self.assertReply(self.confirm(users), "OperationInvalid")

    def confirm(self, operation, user="root"):
        return profile(user, "demo", "Confirm", "ssa{sv}", operation, "", EMPTY)

    def test_confirm_of_a_wrong_operation_is_refused(self):
        self.assertReply(profile("root", "demo", "Unlink", "a{sv}", EMPTY), "ok")
        for wrong in ("", "0" * 32, "x" * 4096, "no such\noperation"):
            with self.subTest(operation=wrong[:12]):
                self.assertIn(self.confirm(wrong).name, ("OperationInvalid", "InvalidArgument"))
        self.assertAssigned("old")

    def test_confirm_of_a_used_operation_is_refused(self):
        operation = self.assertReply(profile("root", "demo", "Unlink", "a{sv}", EMPTY), "ok").value
        self.assertReply(self.confirm(operation), "ok")
        self.assertReply(self.confirm(operation), "OperationInvalid")
        must(ctl("root", "assign", "--user", "demo", "--certificate", ca("new.pem")))
        self.assertReply(self.confirm(operation), "OperationInvalid")
        self.assertAssigned("new")

    def test_confirm_of_a_foreign_operation_is_refused(self):
        operation = self.assertReply(profile("root", "demo", "Unlink", "a{sv}", EMPTY), "ok").value
        self.assertEnded(ask("demo", "confirm", operation), NOT_FOUND)
        self.assertAssigned("old")

    def test_confirm_of_another_profiles_operation_is_refused(self):
        import pwd
        must(ctl("root", "profile", "create", "other", "--holder", f"ES:{kit.OTHER_HOLDER}"))
        must(ctl("root", "assign", "--user", "other", "--certificate", ca("other.pem")))
        operation = self.assertReply(profile("root", "other", "Unlink", "a{sv}", EMPTY), "ok").value
        self.assertReply(self.confirm(operation), "OperationInvalid")
        self.assertAssigned("other", pwd.getpwnam("other").pw_name)

    def test_confirm_of_a_lapsed_operation_is_refused(self):
        operation = self.assertReply(profile("root", "demo", "Unlink", "a{sv}", EMPTY), "ok").value
        self.world.restart(clock="+16m")
        self.assertReply(self.confirm(operation), "OperationLapsed")
        self.assertAssigned("old")

    def test_a_confirmed_swap_that_nobody_finished_lapses_after_a_day(self):
        operation = self.assertReply(profile("root", "demo", "Unlink", "a{sv}", {"until-assign": True}), "ok").value
        self.assertReply(self.confirm(operation), "ok")
        self.world.restart(clock="+25h")
        result = ctl("root", "assign", "--user", "demo", "--certificate", ca("new.pem"))
        self.assertStatus(result, FAILED)
        self.assertAssigned("old")

    def test_s17_a_certificate_revoked_between_proof_and_assignment_is_refused(self):
        kit.install_trust(ca(""), "crls-before")
        self.world.restart()
        path = kit.give_credential("demo", ca("revoked.p12"))
        self.assertEnded(ask("demo", "unlink", "--until-assign"), DONE)
        terminal = ask("demo", "confirm")
        self.assertEnded(terminal, DONE)
        kit.install_trust(ca(""), "crls")
        self.world.restart()
        self.assertEnded(ask("demo", "assign", "--credential", path), FAILED)
        self.assertAssigned("old")

    def test_an_open_operation_survives_a_restart(self):
        operation = self.assertReply(profile("root", "demo", "Unlink", "a{sv}", EMPTY), "ok").value
        self.world.restart()
        self.assertReply(self.confirm(operation), "ok")
        self.assertUnassigned()


class Holders(harness.Case):
    """SECURITY 41: each path to a certificate, as user and as root."""

    def setUp(self):
        super().setUp()
        self.world.begin_empty()

    def assign(self, certificate, *options):
        return ctl("root", "assign", "--user", "demo", "--certificate", ca(f"{certificate}.pem"), *options)

    def test_s41_a_first_certificate_without_a_holder_needs_an_administrator(self):
        must(ctl("root", "profile", "create", "demo"))
        path = kit.give_credential("demo", ca("new.p12"))
        terminal = ask("demo", "assign", "--credential", path)
        self.assertNotEqual(terminal.status, DONE, terminal.shown)
        self.assertRegex(terminal.shown, "(?i)administrator")
        self.assertUnassigned()

    def test_s41_an_administrators_first_certificate_sets_the_holder(self):
        must(ctl("root", "profile", "create", "demo"))
        must(self.assign("new"))
        self.assertEqual(self.described()["holder"], f"ES:{kit.HOLDER}")

    def test_s41_root_cannot_assign_another_holders_certificate(self):
        must(ctl("root", "profile", "create", "demo", "--holder", f"ES:{kit.HOLDER}"))
        result = self.assertStatus(self.assign("other"), FAILED)
        self.assertRegex(result.out + result.err, "(?i)holder")
        self.assertUnassigned()

    def test_s41_the_holder_survives_unlink(self):
        must(ctl("root", "profile", "create", "demo"))
        must(self.assign("new"))
        operation = self.assertReply(profile("root", "demo", "Unlink", "a{sv}", EMPTY), "ok").value
        self.assertReply(profile("root", "demo", "Confirm", "ssa{sv}", operation, "", EMPTY), "ok")
        self.assertStatus(self.assign("other"), FAILED)
        self.assertEqual(self.described()["holder"], f"ES:{kit.HOLDER}")

    def test_s41_the_same_holders_first_certificate_is_the_users_own_act(self):
        must(ctl("root", "profile", "create", "demo", "--holder", f"ES:{kit.HOLDER}"))
        path = kit.give_credential("demo", ca("new.p12"))
        self.assertEnded(ask("demo", "assign", "--credential", path), DONE)
        self.assertAssigned("new")

    def test_a_certificate_of_somebody_else_is_refused_without_saying_whose(self):
        for name in ("demo", "other"):
            must(ctl("root", "profile", "create", name, "--holder", f"ES:{kit.HOLDER}"))
        must(self.assign("new"))
        path = kit.give_credential("other", ca("new.p12"))
        terminal = ask("other", "assign", "--credential", path)
        self.assertNotEqual(terminal.status, DONE, terminal.shown)
        self.assertNotIn("demo", terminal.shown.replace("demo-p12", ""))
        self.assertUnassigned("other")

    def test_one_profile_per_user_and_uid(self):
        must(ctl("root", "profile", "create", "demo"))
        self.assertStatus(ctl("root", "profile", "create", "demo"), FAILED)
        import pwd
        uid = dbus.UInt32(pwd.getpwnam("demo").pw_uid)
        self.assertReply(manager("root", "CreateProfile", "sa{sv}a{sv}", "another", {"uid": uid}, EMPTY), "ProfileExists")

    def test_a_holder_that_is_none_is_refused(self):
        for holder in ("ES:99999999A", "ES:", "99999999", "ES:99999999R\n"):
            with self.subTest(holder=holder):
                result = ctl("root", "profile", "create", "demo", "--holder", holder)
                self.assertIn(result.status, (FAILED, harness.USAGE), str(result))

    def test_profiles_are_made_by_administrators(self):
        self.assertStatus(ctl("demo", "profile", "create", "demo"), DENIED)

    def test_the_other_spelling_of_a_holder_is_the_same_holder(self):
        must(ctl("root", "profile", "create", "demo", "--holder", f"IDCES-{kit.HOLDER}"))
        must(self.assign("new"))
