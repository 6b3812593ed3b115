# SPDX-License-Identifier: BSD-2-Clause
"""sudo(8) and passwd(1), set-user-id as they are, with the module's profile in their stacks: by certificate, and with the password when
the daemon is stopped or the module is missing."""
import os
import subprocess

import harness
from harness import ASK_PASSPHRASE, PASSWORD, Terminal, kit
from test_prompt import Prompt, write

SUDO_PASSWORD = r"password for demo: ?$"
NEW_PASSWORD = r"(new|retype)[^\r\n]* password: ?$"
ANOTHER = "Quite-Another-5"


class Programs(Prompt):
    """Set-user-id programs cannot load a module that was built with a sanitizer: it is missing then, in every test."""

    def setUp(self):
        super().setUp()
        self.there = True
        if harness.pam_host_environment():
            self.take_module_away()
        write("/etc/sudoers.d/ovcert-test", "demo ALL=(ALL) ALL\n")
        os.chmod("/etc/sudoers.d/ovcert-test", 0o440)
        self.addCleanup(os.unlink, "/etc/sudoers.d/ovcert-test")
        self.world.begin_valid()

    def take_module_away(self):
        if not self.there:
            return
        module = harness.pam_module()
        os.rename(module, module + ".away")
        self.addCleanup(os.rename, module + ".away", module)
        self.there = False

    def sudo(self, passphrase=(), password=()):
        """demo becomes root; asked for nothing else than this, and for all of it."""
        terminal = Terminal("demo", "sudo", "-k", "id", "-un")
        passphrase, password = list(passphrase), list(password)
        status = terminal.converse({ASK_PASSPHRASE: passphrase, SUDO_PASSWORD: password, PASSWORD: password})
        self.assertEqual((status, passphrase, password), (0, [], []), terminal.shown)
        self.assertRegex(terminal.shown, r"(?m)^root\r?$")

    def passwd(self, user="other"):
        """The user's new password lets in, the old one does not."""
        self.addCleanup(self.set_password, user)
        terminal = Terminal(user, "passwd")
        status = terminal.converse({r"current password: ?$": [user], NEW_PASSWORD: [ANOTHER] * 2})
        self.assertEqual(status, 0, terminal.shown)
        write("/etc/pam.d/ovcert-password", "auth required pam_unix.so nodelay\naccount required pam_unix.so\n")
        for password, good in ((ANOTHER, True), (user, False)):
            result = harness.run_as("root", "pamtester", "ovcert-password", user, "authenticate", text_in=password + "\n")
            self.assertEqual(result.status == 0, good, str(result))

    @staticmethod
    def set_password(user):
        crypted = subprocess.run(["openssl", "passwd", "-6", user], capture_output=True, text=True, check=True).stdout.strip()
        subprocess.run(["usermod", "-p", crypted, user], check=True)

    def test_by_certificate_or_by_password(self):
        if self.there:
            self.sudo(passphrase=[kit.PASSPHRASE])
        self.sudo(passphrase=[""] if self.there else [], password=["demo"])
        self.passwd("demo")
        self.passwd("other")

    def test_a_wrong_passphrase_makes_nobody_root(self):
        terminal = Terminal("demo", "sudo", "-k", "id", "-un")
        terminal.expect(ASK_PASSPHRASE if self.there else SUDO_PASSWORD)
        terminal.type_secret("wrong")
        # It asks anew, as often as sudo is set to.
        wrong = "wrong"
        self.assertNotEqual(terminal.converse({ASK_PASSPHRASE: wrong, SUDO_PASSWORD: wrong, PASSWORD: wrong}), 0, terminal.shown)
        self.assertNotRegex(terminal.shown, r"(?m)^root\r?$")

    def test_with_the_daemon_stopped_the_password_does(self):
        self.world.stop()
        self.sudo(password=["demo"])
        self.passwd()

    def test_with_the_module_missing_the_password_does(self):
        self.take_module_away()
        self.sudo(password=["demo"])
        self.passwd()

    def test_with_the_helper_missing_the_password_does(self):
        helper = kit.find_program("ovcert-credential")
        os.rename(helper, helper + ".away")
        self.addCleanup(os.rename, helper + ".away", helper)
        self.sudo(password=["demo"])
        self.passwd()
