# SPDX-License-Identifier: BSD-2-Clause
"""Signing in through PAM: pamtester with pam_ovcert.so, and the real su(1)."""
import os
import pwd
import subprocess

import dbus

import harness
from harness import Terminal, assign, ca, create, kit, profile, sign_in, well

EMPTY = dbus.Dictionary({}, signature="sv")


class SignIn(harness.Case):
    def setUp(self):
        super().setUp()
        harness.write_pam_service()

    def test_an_expired_certificate_is_refused_with_the_reason_and_the_way_out(self):
        self.world.begin_expired()
        result = self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_CRED_EXPIRED")
        self.assertRegex(result.shown, "(?i)expired")
        self.assertIn("ovcertctl renew", result.shown)

    def test_s22_a_wrong_passphrase_is_refused_without_a_second_try(self):
        self.world.begin_valid()
        result = self.assertCode(sign_in("demo", "wrong", kit.PASSPHRASE, kit.PASSPHRASE), "PAM_AUTH_ERR")
        self.assertEqual(result.shown.lower().count("passphrase of"), 1, str(result))

    def test_another_certificate_in_the_folder_is_no_help(self):
        self.world.begin_valid()
        kit.take_credentials("demo")
        kit.give_credential("demo", ca("other.p12"))
        self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_AUTHINFO_UNAVAIL")

    def test_a_renewed_certificate_that_was_never_assigned_is_refused(self):
        self.world.begin_expired()
        kit.take_credentials("demo")
        kit.give_credential("demo", ca("new.p12"))
        self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_AUTHINFO_UNAVAIL")

    def test_without_a_credential_nothing_is_asked(self):
        self.world.begin_valid()
        kit.take_credentials("demo")
        result = self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_AUTHINFO_UNAVAIL")
        self.assertNotRegex(result.shown, "(?i)passphrase")

    def test_s23_no_profile_and_no_certificate_look_the_same(self):
        self.world.begin_unassigned()
        for user in kit.PEOPLE:
            kit.give_credential(user, ca("new.p12"))
        unassigned = self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_AUTHINFO_UNAVAIL")
        unknown = self.assertCode(sign_in("other", kit.PASSPHRASE), "PAM_AUTHINFO_UNAVAIL")
        self.assertEqual(unassigned.shown.replace("demo", "NAME"), unknown.shown.replace("other", "NAME"))

    def test_a_user_whom_nobody_knows_is_refused(self):
        self.world.begin_valid()
        result = sign_in("nosuchuser", kit.PASSPHRASE)
        self.assertIn(result.code, ("PAM_AUTHINFO_UNAVAIL", "PAM_USER_UNKNOWN"), str(result))

    def test_s09_a_revoked_certificate_is_refused(self):
        self.world.begin_empty()
        kit.install_trust(ca(""), "crls-before")
        self.world.restart()
        well(create("demo", kit.HOLDER))
        well(assign("demo", "revoked"))
        kit.give_credential("demo", ca("revoked.p12"))
        self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_SUCCESS")
        kit.install_trust(ca(""), "crls")
        self.world.restart()
        result = self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_AUTH_ERR")
        self.assertLogged("revoked", result.shown)

    def test_s09_a_list_that_another_key_signs_serves_with_the_keys_certificate_in_its_file(self):
        self.world.clear()
        kit.install_trust(ca(""), "crls-by-another")
        self.addCleanup(kit.install_trust, ca(""), "crls")
        self.world.start()
        well(create("demo", kit.HOLDER))
        kit.give_credential("demo", ca("new.p12"))
        self.assertEnded(harness.ask("demo", "assign"), harness.DONE)
        self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_SUCCESS")
        path = os.path.join(kit.CONFIG_DIR, "crls.d", "intermediate.crl")
        with open(path, encoding="ascii") as file:
            alone = file.read().partition("-----BEGIN CERTIFICATE-----")[0]
        with open(path, "w", encoding="ascii") as file:
            file.write(alone)
        self.world.restart()
        self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_AUTH_ERR")
        self.assertLogged("revocation-missing")

    def test_s09_without_a_revocation_list_it_is_refused(self):
        self.world.begin_valid()
        os.unlink(os.path.join(kit.CONFIG_DIR, "crls.d", "intermediate.crl"))
        self.world.restart()
        self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_AUTH_ERR")
        self.assertLogged("revocation-missing")

    def test_s12_a_certificate_whose_anchor_was_taken_away_is_refused(self):
        self.world.begin_valid()
        os.unlink(os.path.join(kit.CONFIG_DIR, "anchors.d", "root.pem"))
        self.world.restart()
        self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_AUTH_ERR")
        self.assertLogged("untrusted")

    def test_a_blocked_profile_is_refused_until_unblocked(self):
        self.world.begin_valid()
        self.assertReply(profile("root", "demo", "Block", "a{sv}", EMPTY), "ok")
        self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_AUTH_ERR")
        self.assertReply(profile("root", "demo", "Unblock", "a{sv}", EMPTY), "ok")
        self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_SUCCESS")

    def test_s42_a_recycled_user_name_inherits_no_certificate(self):
        self.world.begin_valid()
        uid = pwd.getpwnam("demo").pw_uid
        self.addCleanup(subprocess.run, ["usermod", "-u", str(uid), "demo"], check=True, capture_output=True)
        subprocess.run(["usermod", "-u", "4711", "demo"], check=True, capture_output=True)
        kit.give_credential("demo", ca("new.p12"))
        result = sign_in("demo", kit.PASSPHRASE)
        self.assertIn(result.code, ("PAM_AUTH_ERR", "PAM_AUTHINFO_UNAVAIL"), str(result))

    def test_a_terminal_that_is_gone_is_a_conversation_error(self):
        self.world.begin_valid()
        result = sign_in("demo")
        self.assertIn(result.code, ("PAM_CONV_ERR", "PAM_AUTH_ERR", "PAM_ABORT"), str(result))

    def test_an_unknown_module_option_refuses_and_is_reported(self):
        self.world.begin_valid()
        harness.write_pam_service("ovcert-bad-option", options="no_such_option=1")
        result = sign_in("demo", kit.PASSPHRASE, service="ovcert-bad-option", operations=["authenticate"])
        self.assertNotEqual(result.code, "PAM_SUCCESS", str(result))
        self.assertLogged("no_such_option")

    def test_the_assigned_certificate_signs_in(self):
        self.world.begin_valid()
        self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_SUCCESS")
        self.assertGreater(self.described()["last-login"], 0)

    def test_s24_no_secret_is_logged(self):
        self.world.begin_valid()
        self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_SUCCESS")
        self.assertCode(sign_in("demo", "another-wrong-secret"), "PAM_AUTH_ERR")
        self.assertLogged("pam_ovcert|pamtester|ovcert")
        for secret in (kit.PASSPHRASE, "another-wrong-secret"):
            self.assertNotIn(secret, self.logs.text())

    def test_an_elliptic_key_signs_in(self):
        self.world.begin_valid("ec")
        self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_SUCCESS")

    def test_a_file_in_the_old_format_signs_in(self):
        self.world.begin_valid()
        kit.take_credentials("demo")
        kit.give_credential("demo", ca("legacy.p12"))
        self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_SUCCESS")

    def test_a_file_without_the_intermediate_signs_in_along_the_chain_of_the_assignment(self):
        self.world.begin_valid()
        kit.take_credentials("demo")
        kit.give_credential("demo", ca("nochain.p12"))
        self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_SUCCESS")

    def test_users_may_authenticate_themselves_without_root(self):
        self.world.begin_valid()
        self.assertCode(sign_in("demo", kit.PASSPHRASE, caller="demo", operations=["authenticate"]), "PAM_SUCCESS")

    def test_users_may_not_authenticate_somebody_else_without_root(self):
        self.world.begin_valid()
        result = sign_in("demo", kit.PASSPHRASE, caller="other", operations=["authenticate"])
        self.assertNotEqual(result.code, "PAM_SUCCESS", str(result))

    def test_several_sign_ins_at_once_all_succeed(self):
        import concurrent.futures
        self.world.begin_valid()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda _: sign_in("demo", kit.PASSPHRASE), range(8)))
        self.assertEqual([str(result) for result in results if result.code != "PAM_SUCCESS"], [])


class BadFiles(harness.Case):
    """SECURITY 20: a .p12 that is not simply the user's own small regular file is not used, and nobody waits for it."""

    def setUp(self):
        super().setUp()
        harness.write_pam_service()
        self.world.begin_valid()
        self.path = kit.give_credential("demo", ca("new.p12"))
        os.unlink(self.path)

    def refused(self, *codes):
        result = sign_in("demo", kit.PASSPHRASE, seconds=20)
        self.assertIn(result.code, codes or ("PAM_AUTHINFO_UNAVAIL",), str(result))
        self.assertLess(result.seconds, 10)

    def test_s20_a_symlink_to_ones_own_file(self):
        target = os.path.join(pwd.getpwnam("demo").pw_dir, "elsewhere.p12")
        subprocess.run(["cp", ca("new.p12"), target], check=True)
        kit.own(target, "demo", 0o600)
        os.symlink(target, self.path)
        self.refused()

    def test_s20_a_symlink_to_a_root_file(self):
        os.symlink("/etc/shadow", self.path)
        self.refused()

    def test_s20_a_fifo(self):
        os.mkfifo(self.path)
        kit.own(self.path, "demo", 0o600)
        self.refused()

    def test_s20_somebody_elses_file(self):
        subprocess.run(["cp", ca("new.p12"), self.path], check=True)
        kit.own(self.path, "other", 0o644)
        self.refused()

    def test_s20_a_root_file(self):
        subprocess.run(["cp", ca("new.p12"), self.path], check=True)
        kit.own(self.path, "root", 0o644)
        self.refused()

    def test_s20_a_file_that_is_too_large(self):
        with open(self.path, "wb") as file:
            file.truncate(64 * 1024 * 1024)
        kit.own(self.path, "demo", 0o600)
        self.refused()

    def test_s20_ten_million_rounds_of_key_derivation(self):
        subprocess.run(["cp", ca("iterations.p12"), self.path], check=True)
        kit.own(self.path, "demo", 0o600)
        self.refused("PAM_AUTHINFO_UNAVAIL", "PAM_AUTH_ERR")

    def test_s20_a_file_of_noise(self):
        with open(self.path, "wb") as file:
            file.write(os.urandom(4096))
        kit.own(self.path, "demo", 0o600)
        self.refused("PAM_AUTHINFO_UNAVAIL", "PAM_AUTH_ERR")

    def test_s20_a_device(self):
        os.mknod(self.path, 0o600 | 0o020000, os.makedev(1, 5))
        kit.own(self.path, "demo", 0o600)
        self.refused()

    def test_bad_files_do_not_hide_the_good_one(self):
        os.mkfifo(self.path)
        kit.give_credential("demo", ca("new.p12"), "zz-good.p12")
        self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_SUCCESS")


class Stacks(harness.Case):
    """The module among others, as the README says."""

    def setUp(self):
        super().setUp()
        with open("/etc/pam.d/ovcert-fallback", "w", encoding="ascii") as file:
            file.write("auth [success=done auth_err=die cred_expired=ignore default=ignore] pam_ovcert.so\n"
                       "auth required pam_unix.so nodelay\n"
                       "account [success=ignore ignore=ignore default=die] pam_ovcert.so\n"
                       "account required pam_unix.so\n")

    def test_the_password_works_when_the_daemon_is_gone(self):
        self.world.begin_valid()
        self.world.stop()
        self.assertCode(sign_in("demo", "demo", service="ovcert-fallback"), "PAM_SUCCESS")

    def test_the_password_works_for_users_without_a_profile(self):
        self.world.begin_valid()
        self.assertCode(sign_in("other", "other", service="ovcert-fallback"), "PAM_SUCCESS")

    def test_the_certificate_works_without_a_password(self):
        self.world.begin_valid()
        self.assertCode(sign_in("demo", kit.PASSPHRASE, service="ovcert-fallback"), "PAM_SUCCESS")

    def test_a_wrong_passphrase_does_not_fall_back_to_the_password(self):
        self.world.begin_valid()
        self.assertCode(sign_in("demo", "wrong", "demo", service="ovcert-fallback"), "PAM_AUTH_ERR")

    def test_with_an_expired_certificate_the_password_still_works(self):
        self.world.begin_expired()
        self.assertCode(sign_in("demo", kit.PASSPHRASE, "demo", service="ovcert-fallback"), "PAM_SUCCESS")

    def test_su_to_the_user(self):
        self.world.begin_valid()
        with open("/etc/pam.d/su", encoding="ascii") as file:
            original = file.read()
        self.addCleanup(lambda: open("/etc/pam.d/su", "w", encoding="ascii").write(original))
        with open("/etc/pam.d/su", "w", encoding="ascii") as file:
            file.write("auth [success=done default=die] pam_ovcert.so\naccount required pam_ovcert.so\nsession required pam_permit.so\n")
        # From another user su(1) runs set-user-id, where the loader takes no sanitizer along; from root it can.
        variables = harness.pam_host_environment()
        terminal = Terminal("root" if variables else "other", "su", "demo", "-c", "echo I am $(id -un)", variables=variables)
        status = terminal.converse({harness.ASK_PASSPHRASE: [kit.PASSPHRASE]})
        self.assertEqual(status, 0, terminal.shown)
        self.assertIn("I am demo", terminal.shown)
