# SPDX-License-Identifier: BSD-2-Clause
"""The profile of pam-auth-update in the programs that people sign in with, as Debian ships and configures them."""
import concurrent.futures
import os
import re
import subprocess

import machine
from harness import DONE, Terminal, ask, ca, ctl, kit, must, sign_in
from machine import WHO
from test_ssh import archive

NUMBER_OF_OLD, NUMBER_OF_NEW = "2", "1"  # in the list of new.p12 and old.p12
NEW_PASSWORD = r"(new|retype)[^\r\n]* password: ?$"
ANOTHER = "Quite-Another-5"
LOCKER = "ovcert-locker"
SSHD_PACKAGES = ("libwrap0", "runit-helper", "openssh-sftp-server", "openssh-server")


class Programs(machine.Case):
    def setUp(self):
        super().setUp()
        self.world.begin_valid()

    def test_login_by_certificate(self):
        self.assertIn_(machine.log_in("demo", passphrase=[kit.PASSPHRASE]), "demo")
        self.assertGreater(self.described()["last-login"], 0)

    def test_login_by_password(self):
        self.assertIn_(machine.log_in("demo", passphrase=[""], password=["demo"]), "demo")
        self.assertIn_(machine.log_in("other", password=["other"]), "other")

    def test_su_by_certificate(self):
        self.assertIn_(machine.su("demo", passphrase=[kit.PASSPHRASE]), "demo")

    def test_s22_a_wrong_passphrase_does_not_fall_back_to_the_password(self):
        self.assertOut(machine.su("demo", passphrase=["wrong"]))

    def test_only_those_who_may_get_in(self):
        self.assertDoors()

    def test_sudo_by_certificate_and_by_password(self):
        machine.write("/etc/sudoers.d/ovcert-test", "demo ALL=(ALL) ALL\n", 0o440)
        self.addCleanup(os.unlink, "/etc/sudoers.d/ovcert-test")
        for answers in ({"passphrase": [kit.PASSPHRASE]}, {"passphrase": [""], "sudo": ["demo"]}):
            self.assertIn_(machine.converse(Terminal("demo", "sudo", "-k", "bash", "-c", WHO), answers), "root")

    def test_passwd_asks_for_no_certificate_and_changes_the_password(self):
        terminal = Terminal("demo", "passwd")
        status = terminal.converse({r"current password: ?$": ["demo"], NEW_PASSWORD: [ANOTHER] * 2})
        self.addCleanup(self.set_password, "demo")
        self.assertEqual(status, 0, terminal.shown)
        self.assertIn_(machine.su("demo", passphrase=[""], password=[ANOTHER]), "demo")

    @staticmethod
    def set_password(user):
        crypted = subprocess.run(["openssl", "passwd", "-6", user], capture_output=True, text=True, check=True).stdout.strip()
        subprocess.run(["usermod", "-p", crypted, user], check=True)

    def test_polkits_agent_takes_the_certificate_or_the_password(self):
        for answers in ({"passphrase": [kit.PASSPHRASE]}, {"passphrase": [""], "password": ["demo"]}):
            self.assertEnded(machine.converse(Terminal("demo", "ovcertctl", "unlink", "--until-assign"), answers), DONE)
            must(ctl("root", "cancel", "--user", "demo"))

    def test_s24_no_secret_is_in_the_journal(self):
        machine.su("demo", passphrase=["another-wrong-secret"])
        machine.su("demo", passphrase=[kit.PASSPHRASE])
        self.assertLogged("su.*demo")
        for secret in (kit.PASSPHRASE, "another-wrong-secret"):
            self.assertNotIn(secret, self.logs.text())


class Locker(machine.Case):
    """A screen locker runs PAM as the user, without privileges."""

    def setUp(self):
        super().setUp()
        machine.write(f"/etc/pam.d/{LOCKER}", "@include common-auth\n@include common-account\n")
        self.world.begin_valid()

    def unlock(self, *typed, user="demo", caller="demo"):
        return sign_in(user, *typed, service=LOCKER, caller=caller)

    def test_by_certificate_and_by_password(self):
        self.assertCode(self.unlock(kit.PASSPHRASE), "PAM_SUCCESS")
        self.assertCode(self.unlock("", "demo"), "PAM_SUCCESS")

    def test_it_stays_locked(self):
        for typed in (("wrong",), ("wrong", "demo"), ("", "wrong")):
            self.assertNotEqual(self.unlock(*typed).code, "PAM_SUCCESS", typed)

    def test_nobody_unlocks_somebody_elses(self):
        for typed in ((kit.PASSPHRASE,), ("", "demo"), ("demo",)):
            self.assertNotEqual(self.unlock(*typed, caller="other").code, "PAM_SUCCESS", typed)

    def test_with_the_daemon_stopped_the_password_does(self):
        machine.systemctl("mask", "--runtime", "--now", machine.UNIT)
        self.addCleanup(machine.systemctl, "unmask", "--runtime", machine.UNIT)
        self.assertCode(self.unlock("demo"), "PAM_SUCCESS")
        self.assertNotEqual(self.unlock(kit.PASSPHRASE).code, "PAM_SUCCESS")


class Renewal(machine.Case):
    def setUp(self):
        super().setUp()
        self.world.begin_expired()
        kit.give_credential("demo", ca("new.p12"))

    def test_inside_login_and_the_next_login_by_the_new_certificate(self):
        terminal = machine.log_in("demo", choice=[NUMBER_OF_OLD, NUMBER_OF_NEW], passphrase=[kit.PASSPHRASE] * 2, password=["demo"],
                                  question=["y", "y"])
        self.assertIn_(terminal, "demo")
        self.assertIn("Your certificate is renewed", terminal.shown)
        self.assertAssigned("new")
        self.assertIn_(machine.log_in("demo", choice=[NUMBER_OF_NEW], passphrase=[kit.PASSPHRASE]), "demo")
        must(ctl("root", "log", "--verify"))

    def test_declined_the_password_lets_in(self):
        terminal = machine.log_in("demo", choice=[NUMBER_OF_OLD], passphrase=[kit.PASSPHRASE], password=["demo"], question=["n"])
        self.assertIn_(terminal, "demo")
        self.assertAssigned("old")

    def test_outside_of_login_with_ovcertctl(self):
        self.assertEnded(ask("demo", "renew", passphrase=kit.PASSPHRASE), DONE)
        self.assertAssigned("new")


class Ssh(machine.Case):
    """sshd as Debian configures it, but for keyboard-interactive."""

    def setUp(self):
        super().setUp()
        if not os.path.exists("/usr/sbin/sshd"):
            missing = [name for name in SSHD_PACKAGES if not machine.is_installed(name)]
            machine.apt("install", *(archive(name) for name in missing))
        machine.write("/etc/ssh/sshd_config.d/ovcert-test.conf", "KbdInteractiveAuthentication yes\n")
        machine.systemctl("restart", "ssh.service")
        self.world.begin_valid()

    def ssh(self, user="demo", **answers):
        terminal = Terminal("other", "ssh", "-o", "StrictHostKeyChecking=accept-new", "-o", "PreferredAuthentications=keyboard-interactive",
                            "-o", "NumberOfPasswordPrompts=1", f"{user}@127.0.0.1", WHO)
        return machine.converse(terminal, answers)

    def test_by_certificate_and_by_password(self):
        self.assertIn_(self.ssh(passphrase=[kit.PASSPHRASE]), "demo")
        self.assertIn_(self.ssh(passphrase=[""], password=["demo"]), "demo")

    def test_s22_a_wrong_passphrase_keeps_out(self):
        self.assertOut(self.ssh(passphrase=["wrong"]))

    def test_with_the_daemon_stopped_the_password_does(self):
        machine.systemctl("mask", "--runtime", "--now", machine.UNIT)
        self.addCleanup(machine.systemctl, "unmask", "--runtime", machine.UNIT)
        self.assertOut(self.ssh(passphrase=[kit.PASSPHRASE], password=["wrong"]))
        self.assertIn_(self.ssh(passphrase=[kit.PASSPHRASE], password=["demo"]), "demo")


class Reload(machine.Case):
    """"systemctl reload" and files that are replaced, while people sign in."""

    ROUNDS = 20

    def setUp(self):
        super().setUp()
        machine.write(f"/etc/pam.d/{LOCKER}", "@include common-auth\n@include common-account\n")
        self.world.begin_valid()

    def sign_in(self):
        return sign_in("demo", kit.PASSPHRASE, service=LOCKER)

    def reload(self, days):
        machine.write("/etc/ovcert/ovcertd.conf.d/test.conf", f"[Profile]\nexpiry-warning-days = {days}\n")
        kit.install_trust(ca(""), "crls")
        machine.systemctl("reload", machine.UNIT)

    def test_no_sign_in_fails_under_reloads(self):
        pid = machine.main_pid()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = [pool.submit(self.sign_in) for _ in range(self.ROUNDS)]
            for number in range(self.ROUNDS):
                self.reload(number + 1)
            for result in results:
                self.assertCode(result.result(), "PAM_SUCCESS")
        self.assertEqual(machine.main_pid(), pid)

    def test_an_anchor_that_is_taken_away_counts_after_the_reload_and_so_does_its_return(self):
        os.unlink(os.path.join(kit.CONFIG_DIR, "anchors.d", "root.pem"))
        machine.systemctl("reload", machine.UNIT)
        kit.wait_until(lambda: self.sign_in().code == "PAM_AUTH_ERR", kit.PATIENCE, "the refusal")
        kit.install_trust(ca(""), "crls")
        machine.systemctl("reload", machine.UNIT)
        kit.wait_until(lambda: self.sign_in().code == "PAM_SUCCESS", kit.PATIENCE, "the sign-in")

    def test_a_bad_configuration_keeps_the_one_before(self):
        pid = machine.main_pid()
        machine.write("/etc/ovcert/ovcertd.conf.d/test.conf", "[Profile]\nno-such-key = 1\n")
        self.assertRaisesRegex(AssertionError, "systemctl reload", machine.systemctl, "reload", machine.UNIT)
        self.assertEqual(machine.main_pid(), pid)
        kit.wait_until(lambda: re.search(r"test\.conf:2", self.logs.text()), kit.PATIENCE, "the complaint with file and line")
        self.assertCode(self.sign_in(), "PAM_SUCCESS")
