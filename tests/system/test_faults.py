# SPDX-License-Identifier: BSD-2-Clause
"""What breaks on a machine, with the profile of pam-auth-update on: during each, root signs in with the password and nobody gets in who
should not; and after each the certificate signs in again, without anybody's help."""
import glob
import os
import signal
import subprocess
import threading

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


class Restore(Faults):
    """systemd, the bus and people who call meanwhile: the daemon and its restore mode are never at one database at the same time."""

    FILE = "/root/ovcert.backup"

    def setUp(self):
        super().setUp()
        self.addCleanup(lambda: os.path.exists(self.FILE) and os.unlink(self.FILE))
        harness.must(ctl("root", "backup", self.FILE))
        harness.well(harness.create("other"))
        self.before = machine.main_pid()

    def restore(self, *options):
        return ctl("root", "restore", self.FILE, "--yes", *options, seconds=2 * kit.PATIENCE)

    def assertRestored(self):
        self.assertTrue(machine.active())
        self.assertNotIn(machine.main_pid(), (0, self.before))
        self.assertReply(harness.manager("root", "GetProfile", "s", "other"), "NotFound")
        harness.must(ctl("root", "log", "--verify"))
        self.assertCertificateSignsIn()

    def test_the_service_is_stopped_and_started_and_has_the_backup(self):
        harness.must(self.restore())
        self.assertRestored()

    def test_a_service_that_did_not_run_runs_afterwards(self):
        self.world.stop()
        harness.must(self.restore())
        self.assertRestored()

    def test_s35_what_fails_starts_the_service_again_as_it_was(self):
        with open(self.FILE, "r+b") as file:
            file.seek(16)  # it begins like one
            file.write(b"this is no database any more".ljust(100, b"!"))
        self.assertStatus(self.restore("--force"), harness.FAILED)
        self.assertTrue(machine.active())
        self.assertNotIn(machine.main_pid(), (0, self.before))
        self.assertReply(harness.manager("root", "GetProfile", "s", "other"), "ok")
        self.assertEqual(glob.glob(kit.DATABASE + ".re*"), [])
        self.assertCertificateSignsIn()

    def test_s35_a_damaged_database_is_replaced_by_force_and_the_service_is_back(self):
        self.world.stop()
        with open(kit.DATABASE, "r+b") as file:
            file.write(b"this is no database any more".ljust(100, b"!"))
        self.assertRegex(self.assertStatus(self.restore(), harness.FAILED).err, "--force")
        harness.must(self.restore("--force"))
        self.assertRestored()

    def test_s34_who_calls_in_the_middle_starts_no_second_daemon_on_the_database(self):
        # Free pages, which take their time to be copied.
        machine.command("sqlite3", self.FILE, "CREATE TABLE filler (x); INSERT INTO filler VALUES (zeroblob(60000000)); DROP TABLE filler")
        result = []
        thread = threading.Thread(target=lambda: result.append(self.restore()))
        thread.start()
        pid = self.stopped_in_the_middle()
        try:
            self.assertNotEqual(harness.manager("demo", "GetProfile", "s", "demo", seconds=1).name, "ok")
            self.assertNoCertificateSignsIn()
            self.assertFalse(machine.has_name())
            self.assertTrue(os.path.exists(kit.DATABASE + ".restoring"), "a daemon has cleaned up after it")
            self.assertLogged("another ovcertd uses it")
        finally:
            os.kill(pid, signal.SIGCONT)
            thread.join()
        harness.must(result[0])
        self.assertRestored()

    @staticmethod
    def stopped_in_the_middle():
        """The process that restores, stopped while it copies: it has the lock then."""
        kit.wait_until(lambda: os.path.exists(kit.DATABASE + ".restoring"), kit.PATIENCE, "the restore")
        pid = int(machine.command("pgrep", "--full", "^ovcertd --restore"))
        os.kill(pid, signal.SIGSTOP)
        return pid

    def test_people_who_call_all_the_time_do_not_keep_it_from_its_end(self):
        gone = threading.Event()

        def call():
            while not gone.is_set():
                harness.manager("demo", "GetProfile", "s", "demo")
        callers = [threading.Thread(target=call) for _ in range(2)]
        for caller in callers:
            caller.start()
        try:
            harness.must(self.restore())
        finally:
            gone.set()
            for caller in callers:
                caller.join()
        self.assertRestored()


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
