# SPDX-License-Identifier: BSD-2-Clause
"""What breaks on a machine, with the profile of pam-auth-update on: during each, root signs in with the password and nobody gets in who
should not; and after each the certificate signs in again, without anybody's help."""
import os
import signal
import subprocess

import harness
import machine
from harness import ctl, kit

LOCKER = "ovcert-locker"


class Faults(machine.Case):
    def setUp(self):
        super().setUp()
        machine.write(f"/etc/pam.d/{LOCKER}", "@include common-auth\n@include common-account\n")
        self.world.begin_valid()

    def by_certificate(self):
        """pamtester(1), which runs no shell: the quickest way in."""
        return harness.sign_in("demo", kit.PASSPHRASE, service=LOCKER)

    def assertCertificateSignsIn(self, seconds=kit.PATIENCE):
        kit.wait_until(lambda: self.by_certificate().code == "PAM_SUCCESS", seconds, "a sign-in by certificate")

    def assertNoCertificateSignsIn(self):
        self.assertNotEqual(self.by_certificate().code, "PAM_SUCCESS")


class Daemon(Faults):
    def test_killed(self):
        before = machine.main_pid()
        os.kill(before, signal.SIGKILL)
        self.assertDoors()
        self.assertCertificateSignsIn()
        self.assertNotEqual(machine.main_pid(), before)

    def test_s19_hung(self):
        machine.drop_in("watchdog", "[Service]\nWatchdogSec=0\n")
        machine.systemctl("restart", machine.UNIT)
        pid = machine.main_pid()
        os.kill(pid, signal.SIGSTOP)
        self.assertNoCertificateSignsIn()
        self.assertDoors()
        os.kill(pid, signal.SIGCONT)
        self.assertCertificateSignsIn()
        self.assertEqual(machine.main_pid(), pid)

    def test_hung_it_is_ended_by_the_watchdog_and_started_anew(self):
        machine.drop_in("watchdog", "[Service]\nWatchdogSec=2\n")
        machine.systemctl("restart", machine.UNIT)
        pid = machine.main_pid()
        os.kill(pid, signal.SIGSTOP)
        kit.wait_until(lambda: machine.main_pid() not in (0, pid), kit.PATIENCE, "another daemon")
        self.assertCertificateSignsIn()
        self.assertLogged("[Ww]atchdog")

    def test_killed_over_and_over(self):
        for _ in range(10):
            kit.wait_until(lambda: machine.show("ActiveState") in ("active", "failed"), kit.PATIENCE, "its start or its end")
            pid = machine.main_pid()
            if pid:
                os.kill(pid, signal.SIGKILL)
        self.assertDoors()
        self.assertCertificateSignsIn()

    def test_ending_at_every_start(self):
        machine.drop_in("broken", "[Service]\nExecStart=\nExecStart=/bin/false\n")
        subprocess.run(["systemctl", "restart", machine.UNIT], capture_output=True, check=False)
        self.assertNoCertificateSignsIn()
        self.assertDoors()
        machine.remove_drop_ins()
        self.assertCertificateSignsIn()

    def test_masked(self):
        machine.systemctl("mask", "--runtime", "--now", machine.UNIT)
        self.addCleanup(machine.systemctl, "unmask", "--runtime", machine.UNIT)
        self.assertNoCertificateSignsIn()
        self.assertDoors()
        machine.systemctl("unmask", "--runtime", machine.UNIT)
        self.assertCertificateSignsIn()


class Around(Faults):
    """What the daemon stands on."""

    def test_the_bus_is_stopped(self):
        machine.systemctl("stop", "dbus.socket", "dbus.service")
        try:
            self.assertNoCertificateSignsIn()
            self.assertDoors()
            self.assertFalse(machine.active("dbus.socket"), "somebody has started it again")
        finally:
            machine.systemctl("start", "dbus.socket", "dbus.service")
        kit.wait_until(machine.has_name, kit.PATIENCE, "the name")
        self.assertCertificateSignsIn()

    def test_s29_polkit_is_stopped(self):
        machine.systemctl("mask", "--runtime", "--now", "polkit.service")
        try:
            self.assertCertificateSignsIn()
            self.assertDoors()
            self.assertEqual(ctl("demo", "unlink").status, harness.DENIED)
            self.assertAssigned("new")
        finally:
            machine.systemctl("unmask", "--runtime", "polkit.service")
        self.assertEnded(harness.ask("demo", "unlink", "--until-assign", passphrase=kit.PASSPHRASE), harness.DONE)

    def test_the_disk_is_full(self):
        self.world.stop()
        command = machine.command
        command("mount", "-t", "tmpfs", "-o", "size=4m,mode=0700,uid=ovcert,gid=ovcert", "tmpfs", kit.STATE_DIR)
        self.addCleanup(command, "umount", "--lazy", kit.STATE_DIR)
        self.addCleanup(self.world.abandon)
        self.world.begin_valid()
        filler = os.path.join(kit.STATE_DIR, "filler")
        self.fill(filler)
        # Every sign-in by certificate leaves a row in the log, or is none; the log may have a little room left.
        rows, granted = self.rows(), 0
        while self.by_certificate().code == "PAM_SUCCESS":
            granted += 1
            self.assertLess(granted, 100, "the disk does not get full")
        self.assertEqual(self.rows() - rows, granted)
        self.assertDoors()
        os.unlink(filler)
        self.assertCertificateSignsIn()
        harness.must(ctl("root", "log", "--verify"))

    @staticmethod
    def fill(path):
        with open(path, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    @staticmethod
    def rows():
        return sum(row["event"] == "login-accepted" for row in harness.must(ctl("root", "--json=short", "log")).json)


class Clock(Faults):
    """The daemon's wall clock is set while it runs. A container cannot set its own: tools/clock.c moves it, for the daemon alone."""

    def setUp(self):
        super().setUp()
        self.world.stop()
        self.world.start(clock="0s")
        self.assertCertificateSignsIn()

    def back_to_normal(self):
        self.world.set_clock("0s")
        self.assertCertificateSignsIn()

    def test_forward_over_the_end_of_the_certificate(self):
        self.world.set_clock("1500d")
        self.assertNoCertificateSignsIn()
        self.assertDoors()
        self.back_to_normal()

    def test_s39_back_before_the_revocation_list(self):
        self.world.set_clock("-20d")
        self.assertNoCertificateSignsIn()
        self.assertDoors()
        self.back_to_normal()

    def test_s39_a_daemon_that_starts_at_a_day_gone_by(self):
        self.world.stop()
        self.world.start(clock="-20d")
        self.assertNoCertificateSignsIn()
        self.assertDoors()
        self.back_to_normal()
