# SPDX-License-Identifier: BSD-2-Clause
"""Backups and restores with the real daemon and its user: what comes back, what stays forbidden, what is refused, what is left behind."""
import os
import shutil
import stat
import subprocess
import threading

import dbus

import harness
from harness import DENIED, DONE, FAILED, NOT_FOUND, QUESTION, Terminal, call_on, connect, ctl, in_child, kit, manager, must, profile, sign_in

EMPTY = dbus.Dictionary({}, signature="sv")
FOLDER = "/root/backups"
FILE = os.path.join(FOLDER, "ovcert.backup")
MANAGER = "org.ovcert1.Manager"


def state_files():
    return sorted(os.listdir(kit.STATE_DIR))


def open_copies(pid):
    """The daemon's descriptors of files that have no name any more."""
    folder = f"/proc/{pid}/fd"
    links = []
    for name in os.listdir(folder):
        try:
            links.append(os.readlink(os.path.join(folder, name)))
        except FileNotFoundError:
            continue
    return [link for link in links if link.startswith(kit.STATE_DIR) and link.endswith("(deleted)")]


class Case(harness.Case):
    def setUp(self):
        super().setUp()
        os.makedirs(FOLDER, mode=0o700, exist_ok=True)
        self.addCleanup(shutil.rmtree, FOLDER)
        self.world.begin_valid()

    def back_up(self, *options):
        return must(ctl("root", "backup", FILE, *options))

    def restore(self, *options, status=DONE):
        """With the daemon stopped; it runs again afterwards."""
        self.world.stop()
        result = self.assertStatus(ctl("root", "restore", FILE, "--yes", *options), status)
        self.world.start()
        return result

    def assertLogWhole(self):
        must(ctl("root", "log", "--verify"))


class Backup(Case):
    def test_s34_the_file_is_roots_alone_and_the_daemon_keeps_nothing(self):
        before = state_files()
        result = must(ctl("root", "--json=short", "backup", FILE))
        status = os.stat(FILE)
        self.assertEqual((status.st_uid, stat.S_IMODE(status.st_mode)), (0, 0o600))
        self.assertEqual(result.json["size"], status.st_size)
        self.assertEqual(os.listdir(FOLDER), [os.path.basename(FILE)])
        self.assertEqual(state_files(), before)
        kit.wait_until(lambda: not open_copies(self.world.daemon.pid), kit.PATIENCE, "the end of the copy")

    def test_it_is_a_whole_database_and_in_the_log(self):
        self.back_up()
        checked = subprocess.run(["sqlite3", FILE, "PRAGMA integrity_check; PRAGMA journal_mode; SELECT name FROM profile"],
                                 capture_output=True, text=True, check=True).stdout.split()
        self.assertEqual(checked, ["ok", "delete", "demo"])
        self.assertRegex(must(ctl("root", "log")).out, "backup-made")
        self.assertLogWhole()

    def test_a_file_that_is_there_stays_unless_forced(self):
        with open(FILE, "w", encoding="ascii") as file:
            file.write("mine")
        self.assertRegex(self.assertStatus(ctl("root", "backup", FILE), FAILED).err, "--force")
        with open(FILE, encoding="ascii") as file:
            self.assertEqual(file.read(), "mine")
        self.back_up("--force")
        self.assertGreater(os.path.getsize(FILE), 4)

    def test_a_link_that_is_there_is_replaced_and_not_followed(self):
        os.symlink("/root/backups/elsewhere", FILE)
        self.assertStatus(ctl("root", "backup", FILE), FAILED)
        self.back_up("--force")
        self.assertFalse(os.path.islink(FILE))
        self.assertEqual(os.listdir(FOLDER), [os.path.basename(FILE)])

    def test_a_folder_that_is_not_there_is_said(self):
        self.assertStatus(ctl("root", "backup", FOLDER + "/none/file"), FAILED)

    def test_s27_nobody_but_root_has_one(self):
        self.assertStatus(ctl("demo", "backup", "/tmp/mine"), DENIED)
        self.assertReply(manager("demo", "Backup", "a{sv}", EMPTY), "Denied")
        self.assertFalse(os.path.exists("/tmp/mine"))

    def test_s4_a_copy_is_read_by_its_own_connection_and_dies_with_it(self):
        daemon = self.world.daemon.pid

        def read_elsewhere():
            first, second = connect(), connect()
            made = call_on(first, harness.ROOT_PATH, MANAGER, "Backup", "a{sv}", EMPTY)
            replies = [call_on(connection, harness.ROOT_PATH, MANAGER, "ReadBackup", "t", dbus.UInt64(offset))
                       for connection, offset in ((second, 0), (first, 0), (first, made.values[0]), (first, 2**64 - 1))]
            open_now = len(open_copies(daemon))
            first.close()
            return [reply.name for reply in replies], [len(reply.value) for reply in replies if not reply.error], made.values[0], open_now
        names, sizes, size, open_now = in_child("root", read_elsewhere)
        self.assertEqual(names, ["NotFound", "ok", "ok", "ok"])
        self.assertEqual(sizes, [min(size, 1024 * 1024), 0, 0])
        self.assertEqual(open_now, 1)
        kit.wait_until(lambda: not open_copies(daemon), kit.PATIENCE, "the end of the copy")

    def test_s40_sign_ins_go_on_while_backups_are_made(self):
        harness.write_pam_service()
        stop = threading.Event()
        made = []

        def back_up():
            while not stop.is_set():
                made.append(ctl("root", "backup", FILE, "--force").status)
        thread = threading.Thread(target=back_up)
        thread.start()
        try:
            for _ in range(5):
                self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_SUCCESS")
        finally:
            stop.set()
            thread.join()
        self.assertEqual(set(made), {DONE})

    def test_s36_a_full_disk_makes_no_backup_and_no_harm(self):
        self.world.stop()
        away = FOLDER + "/state"
        shutil.copytree(kit.STATE_DIR, away)
        size = sum(os.path.getsize(os.path.join(away, name)) for name in os.listdir(away))
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size + 200 * 1024},mode=0700", "tmpfs", kit.STATE_DIR], check=True)
        self.addCleanup(subprocess.run, ["umount", kit.STATE_DIR], check=True)
        self.addCleanup(self.world.abandon)
        kit.own(kit.STATE_DIR, kit.DAEMON_USER, 0o700)
        for name in os.listdir(away):
            shutil.copyfile(os.path.join(away, name), os.path.join(kit.STATE_DIR, name))
            kit.own(os.path.join(kit.STATE_DIR, name), kit.DAEMON_USER, 0o600)
        self.world.start()
        free = os.statvfs(kit.STATE_DIR)
        with open(kit.STATE_DIR + "/ballast", "wb") as file:
            file.write(b"x" * max(0, free.f_bavail * free.f_frsize - 60 * 1024))
        self.assertStatus(ctl("root", "backup", FILE), FAILED)
        self.assertEqual(os.listdir(FOLDER), ["state"])
        self.assertFalse([name for name in state_files() if "copying" in name])
        os.unlink(kit.STATE_DIR + "/ballast")
        self.assertAssigned("new")


class Restore(Case):
    def test_what_was_lost_comes_back(self):
        self.back_up()
        self.world.stop()
        for name in state_files():
            os.unlink(os.path.join(kit.STATE_DIR, name))
        must(ctl("root", "restore", FILE, "--yes"))
        self.world.start()
        self.assertAssigned("new")
        self.assertRegex(must(ctl("root", "log")).out, "database-restored")
        self.assertLogWhole()

    def test_s35_a_damaged_database_is_replaced_and_kept(self):
        self.back_up()
        self.world.stop()
        with open(kit.DATABASE, "r+b") as file:
            file.write(b"this is not a database".ljust(100, b"!"))
        with self.assertRaises(kit.Failed):
            self.world.start()
        self.world.daemon = None
        refused = self.assertStatus(ctl("root", "restore", FILE, "--yes"), FAILED)
        self.assertRegex(refused.err, "(?s)would be forgotten.*--force")
        self.assertFalse([name for name in state_files() if "restor" in name or "replaced" in name])
        result = must(ctl("root", "restore", FILE, "--yes", "--force"))
        self.assertRegex(result.err, "was damaged")
        self.world.start()
        self.assertAssigned("new")
        kept = os.stat(kit.DATABASE + ".replaced-1")
        self.assertEqual(stat.S_IMODE(kept.st_mode), 0o600)

    def test_a_block_and_an_ending_after_the_backup_stay(self):
        self.back_up()
        must(ctl("root", "block", "demo", "--reason", "card lost"))
        must(ctl("root", "unlink", "demo", "--bar"))
        must(ctl("root", "confirm", "--user", "demo"))
        result = self.restore()
        self.assertRegex(result.err, "1 endings, 1 blocks, 1 bars")
        self.assertUnassigned()
        self.assertEqual(self.described()["state"], "blocked")
        must(ctl("root", "unblock", "demo"))
        self.assertReply(harness.assign("demo", "new"), "CertificateRefused")
        self.assertLogWhole()

    def test_a_renewed_certificate_stays_ended(self):
        self.back_up()
        must(ctl("root", "unlink", "demo"))
        must(ctl("root", "confirm", "--user", "demo"))
        self.assertReply(harness.assign("demo", "spare"), "ok")
        harness.write_pam_service()
        self.restore()
        self.assertNotEqual(sign_in("demo", kit.PASSPHRASE).code, "PAM_SUCCESS")
        self.assertUnassigned()

    def test_s37_an_erased_person_does_not_come_back(self):
        self.back_up()
        must(ctl("root", "profile", "delete", "demo", "--yes"))
        self.restore()
        self.assertReply(manager("root", "GetProfile", "s", "demo"), "NotFound")
        self.world.stop()
        self.assertNoTrace()

    def test_s37_who_is_erased_after_a_restore_is_in_no_file_that_it_has_left(self):
        self.back_up()
        self.restore()
        self.assertTrue(os.path.exists(kit.DATABASE + ".replaced-1"))
        must(ctl("root", "profile", "delete", "demo", "--yes"))
        self.world.stop()
        self.assertNoTrace()

    def assertNoTrace(self):
        for name in state_files():
            with open(os.path.join(kit.STATE_DIR, name), "rb") as file:
                self.assertNotIn(kit.HOLDER.encode(), file.read(), name)

    def test_nothing_is_restored_while_the_daemon_runs(self):
        self.back_up()
        result = self.assertStatus(ctl("root", "restore", FILE, "--yes"), FAILED)
        self.assertRegex(result.err, "running")
        self.assertAssigned("new")

    def test_what_is_no_backup_is_refused_and_nothing_changes(self):
        self.back_up()
        with open(FILE, "r+b") as file:
            whole = file.read()
        damaged = {"noise": b"\x5a" * 8192, "empty": b"", "cut": whole[:len(whole) // 2], "end": whole[:-4096] + b"\x5a" * 4096}
        self.world.stop()
        with open(kit.DATABASE, "rb") as file:
            before = file.read()
        for name, octets in damaged.items():
            with self.subTest(name):
                with open(FILE, "wb") as file:
                    file.write(octets)
                self.assertStatus(ctl("root", "restore", FILE, "--yes", "--force"), FAILED)
                with open(kit.DATABASE, "rb") as file:
                    self.assertEqual(file.read(), before)
                self.assertFalse([name for name in state_files() if "restor" in name or "replaced" in name])

    def test_s37_another_log_takes_force(self):
        self.back_up()
        self.world.clear()
        self.world.start()
        self.assertReply(harness.create("other"), "ok")
        self.assertRegex(self.restore(status=FAILED).err, "--force")
        self.assertReply(manager("root", "GetProfile", "s", "demo"), "NotFound")
        self.restore("--force")
        self.assertAssigned("new")
        self.assertLogWhole()

    def test_the_question_comes_first(self):
        self.back_up()
        self.world.stop()
        terminal = Terminal("root", "ovcertctl", "restore", FILE)
        self.assertEqual(terminal.converse({QUESTION: "n"}), FAILED, terminal.shown)
        self.assertFalse([name for name in state_files() if "replaced" in name])
        self.assertStatus(ctl("root", "restore", FILE), FAILED)

    def test_what_cannot_be_a_backup_is_refused_before_the_question(self):
        result = self.assertStatus(ctl("root", "restore", "/etc/passwd"), FAILED)
        self.assertIn("it is no backup", result.err)
        self.assertNotIn("--yes", result.err)

    def test_s27_nobody_but_root_restores(self):
        self.assertStatus(ctl("demo", "restore", "/dev/null", "--yes"), DENIED)
        self.assertStatus(ctl("root", "restore", FOLDER + "/none", "--yes"), NOT_FOUND)
        self.assertStatus(ctl("root", "restore", "/dev/zero", "--yes"), FAILED)

    def test_a_restored_daemon_makes_the_next_backup(self):
        self.back_up()
        self.restore()
        self.back_up("--force")
        self.restore()
        self.assertReply(profile("root", "demo", "Describe"), "ok")
        self.assertLogWhole()
