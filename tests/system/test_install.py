# SPDX-License-Identifier: BSD-2-Clause
"""The packages on a machine that never had them: what they bring, what they leave alone, and what the bus and polkit make of them."""
import grp
import os
import pwd
import re
import stat

import machine
from harness import DENIED, DONE, PASSWORD, Terminal, ctl, kit, must

EXPOSURE = 1.0


def stacks():
    """What pam-auth-update writes."""
    texts = {}
    for name in ("auth", "account", "password", "session", "session-noninteractive"):
        with open(f"/etc/pam.d/common-{name}", encoding="ascii") as file:
            texts[name] = file.read()
    return texts


def owner_and_mode(path):
    status = os.stat(path)
    return pwd.getpwuid(status.st_uid).pw_name, stat.S_IMODE(status.st_mode)


class Installed(machine.Case):
    profile = False
    before = None
    running = False

    def setUp(self):
        super().setUp()
        if Installed.before is None:
            Installed.before = stacks()
            machine.install()
            Installed.running = machine.active() and machine.has_name()

    def test_the_service_runs_once_it_is_installed_and_will_at_each_start(self):
        self.assertTrue(self.running)
        self.assertEqual(machine.systemctl("is-enabled", machine.UNIT), "enabled\n")

    def test_pam_is_left_alone_until_the_profile_is_turned_on(self):
        self.assertEqual(stacks(), self.before)
        self.world.begin_valid()
        self.assertIn_(machine.su("demo", password=["demo"]), "demo")
        machine.enable_profile()
        self.assertIn_(machine.su("demo", passphrase=[kit.PASSPHRASE]), "demo")
        machine.command("pam-auth-update", "--disable", machine.PROFILE)
        self.assertEqual(stacks(), self.before)

    def test_it_has_users_and_groups_of_its_own_and_a_private_state(self):
        for user in ("ovcert", "ovcert-credential"):
            self.assertEqual(pwd.getpwnam(user).pw_shell, "/usr/sbin/nologin")
        grp.getgrnam("ovcert-services")
        self.world.begin_empty()
        self.assertEqual(owner_and_mode(kit.STATE_DIR), ("ovcert", 0o700))
        self.assertEqual(owner_and_mode(kit.DATABASE), ("ovcert", 0o600))

    def test_the_first_call_starts_it_as_its_own_user_and_it_stays(self):
        self.world.begin_valid()
        machine.systemctl("stop", machine.UNIT)
        self.assertFalse(machine.has_name())
        must(ctl("demo", "status"))
        self.assertTrue(machine.active())
        pid = machine.main_pid()
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            text = file.read()
        self.assertIn(f"Uid:\t{pwd.getpwnam('ovcert').pw_uid}\t", text)
        self.assertRegex(text, r"CapEff:\t0+\n")
        self.assertRegex(text, r"NoNewPrivs:\t1\n")
        must(ctl("demo", "status"))
        self.assertEqual(machine.main_pid(), pid)

    def test_its_exposure_is_small(self):
        said = machine.command("systemd-analyze", "security", "--no-pager", f"--threshold={round(EXPOSURE * 10)}", machine.UNIT)
        self.assertRegex(said, f"exposure level for {machine.UNIT}")

    def test_polkit_asks_for_the_users_own_password(self):
        self.world.begin_valid()
        self.assertEqual(ctl("demo", "unlink").status, DENIED)
        terminal = Terminal("demo", "ovcertctl", "unlink", "--until-assign")
        self.assertEqual(terminal.converse({PASSWORD: ["wrong"]}), DENIED, terminal.shown)
        self.assertEqual(self.described()["operations"], [])
        terminal = Terminal("demo", "ovcertctl", "unlink", "--until-assign")
        self.assertEqual(terminal.converse({PASSWORD: ["demo"]}), DONE, terminal.shown)
        self.assertEqual(len(self.described()["operations"]), 1)

    def test_polkit_lets_no_user_at_other_profiles(self):
        self.world.begin_valid()
        terminal = Terminal("other", "ovcertctl", "block", "demo")
        self.assertEqual(terminal.converse({PASSWORD: "other", r"[^\r\n]*choose identity[^\r\n]*": "1"}), DENIED, terminal.shown)
        self.assertEqual(self.described()["state"], "assigned")

    def test_programs_say_which_version_they_are(self):
        version = machine.command("dpkg-deb", "--field", machine.packages()[0], "Version").strip()
        self.assertIn(re.sub(r"-[^-]*$", "", version), must(ctl("root", "--version")).out)
