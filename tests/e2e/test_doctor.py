# SPDX-License-Identifier: BSD-2-Clause
"""ovcertctl doctor: silent about a healthy machine; each fault, made for real, is found and named with what to do."""
import contextlib
import os
import shutil
import signal
import subprocess
import time

import harness
from harness import DONE, FAILED, USAGE, ca, ctl, kit, run_as

SERVICE = "/etc/pam.d/ovcert-doctor"
GOOD_STACK = """\
auth [success=done auth_err=die cred_expired=ignore default=ignore] pam_ovcert.so
auth required pam_unix.so
account [success=ignore ignore=ignore module_unknown=ignore default=die] pam_ovcert.so renew=login,su
account required pam_unix.so
"""
DROP_IN = "/etc/ovcert/ovcertd.conf.d/50-test.conf"


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


@contextlib.contextmanager
def away(path):
    os.rename(path, path + ".away")
    try:
        yield
    finally:
        os.rename(path + ".away", path)


class Doctor(harness.Case):
    def setUp(self):
        super().setUp()
        self.world.begin_valid()
        write(SERVICE, GOOD_STACK)
        self.addCleanup(os.unlink, SERVICE)

    def examine(self, user="root", status=None, **options):
        """The findings, {check: [finding]}."""
        result = ctl(user, "doctor", "--json=short", **options)
        if status is not None:
            self.assertStatus(result, status)
        found = {}
        for finding in result.json:
            found.setdefault(finding["check"], []).append(finding)
        return found

    def assertFound(self, check, state, pattern, user="root", status=FAILED, **options):
        found = self.examine(user, status, **options)
        for finding in found.get(check, []):
            if finding["state"] == state:
                if state in ("warning", "error"):
                    self.assertTrue(finding.get("advice") or check == "tokens", finding)
                if pattern in finding["text"]:
                    return found
        return self.fail(f"no {state} of {check} with “{pattern}” in {found}")

    # ---- healthy ----

    def test_a_healthy_machine_is_in_order_in_every_way(self):
        found = self.examine(status=DONE)
        self.assertEqual({finding["state"] for findings in found.values() for finding in findings}, {"ok"}, found)
        self.assertEqual(sorted(found), ["accounts", "anchors", "audit", "bus", "clock", "configuration", "daemon", "database", "disk",
                                         "files", "kinds", "pam", "pkcs11", "polkit", "revocation", "tokens"])

    def test_it_prints_a_line_each_and_sums_up(self):
        result = self.assertStatus(ctl("root", "doctor"), DONE)
        self.assertRegex(result.out, r"(?m)^ok +database +The database is whole\.$")
        self.assertIn("Everything is in order.", result.out)
        self.assertEqual(result.err, "")
        self.assertEqual(self.assertStatus(ctl("root", "doctor", "--quiet"), DONE).out, "")
        self.assertStatus(ctl("root", "doctor", "demo"), USAGE)

    def test_a_user_sees_what_he_may_and_is_told_what_not_without_being_asked_anything(self):
        result = self.assertStatus(run_as("demo", "ovcertctl", "doctor", "--json=short"), DONE)
        states = {finding["check"]: finding["state"] for finding in result.json}
        for check in ("database", "audit", "clock", "files"):
            self.assertEqual(states[check], "not-checked", result)
        for check in ("anchors", "revocation", "pam", "polkit", "daemon", "configuration", "kinds"):
            self.assertEqual(states[check], "ok", result)

    def test_it_changes_nothing(self):
        before = self.described()
        self.examine(status=DONE)
        self.assertEqual(self.described(), before)
        self.assertEqual(harness.well(harness.manager("root", "VerifyLog", "tu", 0, 100)).values[2],
                         harness.well(harness.manager("root", "VerifyLog", "tu", 0, 100)).values[2])

    # ---- the daemon and what is around it ----

    def test_a_daemon_that_is_down_is_an_error_and_the_rest_is_looked_at(self):
        self.world.stop()
        found = self.assertFound("daemon", "error", "does not answer")
        self.assertEqual(found["database"][0]["state"], "not-checked")
        self.assertEqual(found["anchors"][0]["state"], "ok")
        self.assertEqual(found["pam"][0]["state"], "ok")

    def test_a_daemon_that_hangs_is_an_error_within_seconds(self):
        os.kill(self.world.daemon.pid, signal.SIGSTOP)
        self.addCleanup(os.kill, self.world.daemon.pid, signal.SIGCONT)
        start = time.monotonic()
        self.assertFound("daemon", "error", "does not answer")
        self.assertLess(time.monotonic() - start, harness.PATIENCE)

    def test_a_missing_bus_policy_is_an_error(self):
        with away("/usr/share/dbus-1/system.d/org.ovcert1.conf"):
            self.assertFound("bus", "error", "bus policy")

    def test_a_bus_that_is_not_there_is_an_error(self):
        found = self.assertFound("bus", "error", "does not answer", variables={"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nosuch"})
        self.assertEqual(found["audit"][0]["state"], "not-checked")

    def test_s29_polkit_that_is_stopped_is_an_error(self):
        harness.stop_polkit()
        self.addCleanup(harness.start_polkit)
        self.assertFound("polkit", "error", "does not answer")

    def test_actions_that_polkit_does_not_know_are_an_error(self):
        def restart():
            harness.stop_polkit()
            harness.start_polkit()
        with away("/usr/share/polkit-1/actions/org.ovcert1.policy"):
            restart()
            self.assertFound("polkit", "error", "0 of 6 actions")
        restart()
        self.examine(status=DONE)

    def test_a_daemon_that_has_not_loaded_what_is_there_is_warned_about(self):
        shutil.copyfile(ca("root.pem"), "/etc/ovcert/anchors.d/more.pem")
        self.addCleanup(os.unlink, "/etc/ovcert/anchors.d/more.pem")
        os.chmod("/etc/ovcert/anchors.d", 0o700)  # root's alone: the daemon cannot read it
        self.addCleanup(os.chmod, "/etc/ovcert/anchors.d", 0o755)
        os.unlink("/etc/ovcert/crls.d/" + sorted(os.listdir("/etc/ovcert/crls.d"))[0])
        # It is noticed by the daemon, which keeps what it had.
        time.sleep(2)
        self.assertFound("daemon", "warning", "are there", status=None)

    # ---- settings, owners, room ----

    def test_a_mistake_in_the_settings_is_named_with_file_and_line(self):
        write(DROP_IN, "[Trust]\n# a comment\nrevocatoin = hard\n")
        self.assertFound("configuration", "error", f"{DROP_IN}:3: unknown key revocatoin in [Trust]")
        write(DROP_IN, "[Trust]\nmax-stale = often\n")
        self.assertFound("configuration", "error", f"{DROP_IN}:2: max-stale")

    def test_a_mistake_in_the_kinds_is_named_with_file_line_and_column(self):
        path = "/etc/ovcert/kinds.d/60-test.conf"
        write(path, "[fnmt-citizen]\nlogin = perhaps\n")
        finding = self.assertFound("kinds", "error", f"{path}:2:9: login wants")["kinds"][0]
        self.assertIn("Correct it", finding["advice"])
        os.chmod(path, 0o600)
        found = self.examine("demo", DONE)
        self.assertEqual((found["kinds"][0]["state"], found["kinds"][0]["advice"]), ("not-checked", "Run it as root."))
        write(path, "[fnmt-citizen]\nlogin = no\n", 0o666)
        self.assertFound("files", "error", path)

    def test_s34_wrong_owners_and_modes_are_errors(self):
        cases = (("/var/lib/ovcert", 0o755, 0o700), ("/var/lib/ovcert/ovcert.db", 0o644, 0o600), ("/etc/ovcert/anchors.d", 0o777, 0o755),
                 ("/etc/ovcert/anchors.d/root.pem", 0o666, 0o644), (kit.find_program("ovcert-credential"), 0o4755, 0o755),
                 (harness.pam_module(), 0o777, 0o755))
        for path, bad, good in cases:
            with self.subTest(path=path):
                os.chmod(path, bad)
                self.addCleanup(os.chmod, path, good)
                # A folder may have two names (/lib, /usr/lib).
                self.assertFound("files", "error", f"{os.path.basename(path)} has mode {bad:04o}")
                os.chmod(path, good)
        shutil.chown("/etc/ovcert/anchors.d/root.pem", "demo")
        self.assertFound("files", "error", "root.pem belongs to demo")
        shutil.chown("/etc/ovcert/anchors.d/root.pem", "root")
        self.examine(status=DONE)

    def test_a_missing_helper_is_an_error(self):
        with away(kit.find_program("ovcert-credential")):
            found = self.assertFound("files", "error", "ovcert-credential")
            self.assertEqual(found["pkcs11"][0]["state"], "error")

    def test_a_missing_system_user_is_an_error(self):
        passwd = "/etc/passwd"
        shutil.copyfile(passwd, passwd + ".kept")
        self.addCleanup(os.rename, passwd + ".kept", passwd)
        with open(passwd + ".kept", encoding="utf-8") as lines:
            kept = [line for line in lines if not line.startswith("ovcert-credential:")]
        write(passwd, "".join(kept))
        self.assertFound("accounts", "error", "ovcert-credential")

    def test_a_full_disk_is_an_error(self):
        self.world.stop()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700,uid=ovcert,gid=ovcert", "tmpfs", kit.STATE_DIR], check=True)
        self.addCleanup(subprocess.run, ["umount", kit.STATE_DIR], check=True)
        self.assertFound("disk", "error", "MiB are free")

    # ---- trust ----

    def test_missing_anchors_and_lists_are_errors(self):
        for name, check in (("anchors.d", "anchors"), ("crls.d", "revocation")):
            with self.subTest(folder=name):
                folder = os.path.join("/etc/ovcert", name)
                with away(folder):
                    os.mkdir(folder)
                    self.assertFound(check, "error", folder)
                    os.rmdir(folder)

    def test_a_file_that_is_no_anchor_is_warned_about(self):
        target = "/etc/ovcert/anchors.d/intermediate.pem"
        shutil.copyfile(ca("intermediate.pem"), target)
        self.addCleanup(os.unlink, target)
        self.assertFound("anchors", "warning", "intermediate.pem", status=DONE)

    def test_s09_old_lists_and_s39_lists_of_the_future_are_errors(self):
        program = kit.find_program("ovcertctl")
        later = kit.clock_environment(program, "3650d")
        self.assertFound("revocation", "error", "too old", variables=later)
        earlier = kit.clock_environment(program, "-20d")
        self.assertFound("revocation", "error", "is of the future", variables=earlier)

    def test_an_anchor_that_ends_soon_is_warned_about(self):
        end = subprocess.run(["openssl", "x509", "-in", ca("root.pem"), "-noout", "-enddate", "-dateopt", "iso_8601"], capture_output=True,
                             text=True, check=True).stdout.strip().removeprefix("notAfter=")
        days = (time.mktime(time.strptime(end, "%Y-%m-%d %H:%M:%SZ")) - time.time()) / 86400
        soon = kit.clock_environment(kit.find_program("ovcertctl"), f"{int(days) - 5}d")
        self.assertFound("anchors", "warning", "ends on", status=None, variables=soon)

    def test_s39_a_clock_behind_the_lists_is_an_error(self):
        self.world.restart(clock="-20d")
        self.assertFound("clock", "error", "it is wrong")

    # ---- database and log ----

    def sql(self, statement):
        done = subprocess.run(["sqlite3", kit.DATABASE, statement], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def test_s35_a_database_that_is_damaged_while_it_is_used_is_an_error(self):
        self.world.restart()
        # No page that a start writes: the log would have it whole.
        page = int(self.sql("SELECT rootpage FROM sqlite_schema WHERE name = 'certificate'"))
        with open(kit.DATABASE, "r+b") as file:
            file.seek((page - 1) * 4096)
            file.write(b"\0" * 4096)
        self.assertFound("database", "error", "damaged")

    def test_s37_a_log_that_was_changed_is_an_error(self):
        self.world.stop()
        self.sql("UPDATE audit SET outcome = 'ok!' WHERE seq = 1")
        kit.own(kit.DATABASE, kit.DAEMON_USER, 0o600)
        self.world.start()
        found = self.assertFound("audit", "error", "not whole")
        self.assertEqual(found["database"][0]["state"], "ok")

    # ---- tokens ----

    def test_a_driver_that_cannot_be_loaded_is_an_error(self):
        path = "/etc/ovcert/credential.conf"
        self.addCleanup(os.unlink, path)
        write(path, "[pkcs11]\nmodules = /usr/lib/nosuch.so\n")
        self.assertFound("pkcs11", "error", "/usr/lib/nosuch.so")
        write(path, "[pkcs11]\nmoduls = /usr/lib/nosuch.so\n")
        self.assertFound("pkcs11", "error", f"{path}:2:")
        write(path, "[pkcs11]\nmodules =\n", mode=0o666)
        self.assertFound("pkcs11", "error", "may write it")

    def test_a_token_that_is_there_is_seen_by_root_and_by_its_user(self):
        tokens = kit.Tokens(ca(""))
        self.addCleanup(tokens.remove)
        tokens.insert("My card", "new")
        for user in ("root", "demo"):
            self.assertFound("tokens", "ok", "My card", user=user, status=DONE)

    # ---- PAM ----

    def test_stacks_that_lock_out_are_errors_and_that_skip_are_warnings(self):
        write(SERVICE, GOOD_STACK.replace("module_unknown=ignore ", ""))
        self.assertFound("pam", "error", f"{SERVICE}:3: should the module's file go missing, nobody gets in")
        write(SERVICE, "auth [success=done default=die] pam_ovcert.so\n")
        self.assertFound("pam", "error", "while ovcertd is not running nobody gets in here, root neither")
        write(SERVICE, GOOD_STACK.replace("auth required pam_unix.so\n", "auth required pam_unix.so\nauth optional pam_group.so\n"))
        self.assertFound("pam", "warning", "skipped: pam_group.so", status=DONE)
        write(SERVICE, GOOD_STACK.replace("renew=login,su", "renwe=login"))
        self.assertFound("pam", "error", "renwe=login")

    def test_what_it_says_of_a_stack_that_locks_out_is_what_pam_does(self):
        write(SERVICE, GOOD_STACK)
        self.world.stop()
        typed = ("demo",)
        self.assertCode(harness.sign_in("demo", *typed, service="ovcert-doctor"), "PAM_SUCCESS")
        write(SERVICE, "auth [success=done default=die] pam_ovcert.so\nauth required pam_unix.so\naccount required pam_permit.so\n")
        self.assertCode(harness.sign_in("demo", *typed, service="ovcert-doctor"), "PAM_AUTHINFO_UNAVAIL")

    def test_a_missing_module_is_an_error(self):
        with away(harness.pam_module()):
            self.assertFound("pam", "error", "file is not there")

    def test_a_machine_without_the_module_in_any_stack_is_warned_about(self):
        write(SERVICE, "auth required pam_unix.so\n")
        self.assertFound("pam", "warning", "No PAM service has the module", status=DONE)
