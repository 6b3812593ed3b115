# SPDX-License-Identifier: BSD-2-Clause
"""Kinds of certificate: who of a pair signs in, and what a faulty file does at a start and at a reload."""
import grp
import os
import shutil
import signal

import dbus

import harness
from harness import FAILED, assign, ca, ctl, kit, manager, sign_in, well

EMPTY = dbus.Dictionary({}, signature="sv")
KINDS = os.path.join(kit.CONFIG_DIR, "kinds.d")
VENDOR_KINDS = "/usr/lib/ovcert/kinds.d"


def drop_in(text, name="60-test.conf"):
    os.makedirs(KINDS, exist_ok=True)
    with open(os.path.join(KINDS, name), "w", encoding="utf-8") as file:
        file.write(text)


class SignIn(harness.Case):
    def setUp(self):
        super().setUp()
        harness.write_pam_service()
        self.world.begin_unassigned()

    def test_s11_the_signature_certificate_of_a_dnie_never_signs_in(self):
        self.assertReply(assign("demo", "dnie-sign"), "CertificateRefused")
        result = self.assertStatus(ctl("demo", "check", ca("dnie-sign.pem")), FAILED)
        self.assertRegex(result.out, "(?i)of this kind")
        self.assertUnassigned()

    def test_s11_a_dnie_signs_in_without_an_extended_key_usage(self):
        well(assign("demo", "dnie"))
        kit.give_credential("demo", ca("dnie.p12"))
        self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_SUCCESS")
        self.assertEqual(self.described()["certificate"]["kind"], "dnie-authentication")


class Files(harness.Case):
    def verdict(self):
        chain = dbus.Array([dbus.ByteArray(harness.der("intermediate"))], signature="ay")
        reply = manager("root", "CheckCertificate", "ayaaya{sv}", dbus.ByteArray(harness.der("new")), chain, EMPTY)
        return self.assertReply(reply, "ok").value

    def reasons(self):
        return [reason["name"] for reason in self.verdict()["reasons"]]

    def reload(self):
        os.kill(self.world.daemon.pid, signal.SIGHUP)

    def test_a_faulty_file_refuses_the_start_with_file_line_and_column(self):
        self.world.clear()
        drop_in("[mine]\nmatch = <ISSUER>x<KU>nothing\n")
        with self.assertRaises(kit.Failed) as refusal:
            self.world.start()
        self.world.daemon = None
        self.assertRegex(str(refusal.exception), r"60-test\.conf:2:22: .*nothing")

    def test_a_faulty_file_at_a_reload_keeps_the_former_kinds_and_takes_the_rest(self):
        self.world.begin_unassigned()
        drop_in("[fnmt-citizen]\nlogin = perhaps\n")
        os.unlink(os.path.join(kit.CONFIG_DIR, "crls.d", "intermediate.crl"))
        self.addCleanup(kit.install_trust, ca(""), "crls")
        self.reload()
        self.assertLogged(r"60-test\.conf:2:9: login wants")
        kit.wait_until(lambda: self.reasons() == ["revocation-missing"], harness.PATIENCE, "the reload")

    def test_a_drop_in_that_switches_a_kind_off_counts_after_a_reload(self):
        self.world.begin_unassigned()
        self.assertEqual(self.reasons(), [])
        drop_in("[fnmt-citizen]\nlogin = no\n")
        self.reload()
        kit.wait_until(lambda: self.reasons() == ["kind"], harness.PATIENCE, "the refusal of the kind")
        reason = self.verdict()["reasons"][0]
        self.assertEqual(reason["wanted"], "login = yes")
        self.assertIn("/etc/ovcert/kinds.d/60-test.conf:2", reason["found"])

    def test_the_tool_explains_which_line_to_change(self):
        self.world.begin_unassigned()
        drop_in("[fnmt-citizen]\nlogin = no\n")
        self.reload()
        kit.wait_until(lambda: self.reasons() == ["kind"], harness.PATIENCE, "the refusal of the kind")
        result = self.assertStatus(ctl("demo", "explain", ca("new.pem")), FAILED)
        self.assertRegex(result.out, r"fnmt-citizen")
        self.assertRegex(result.out, r"login = no.*/etc/ovcert/kinds\.d/60-test\.conf:2")
        self.assertRegex(result.out, r"match = <POLICY>1\.3\.6\.1\.4\.1\.5734\.3\.10\.1.*20-fnmt\.conf:\d+")
        self.assertStatus(ctl("root", "explain", "demo"), harness.NOT_FOUND)


class Verify(harness.Case):
    """A verdict without the daemon goes by the kinds that are installed, as the daemon's does."""

    def setUp(self):
        super().setUp()
        self.world.clear()

    def verify(self, name, *options):
        return ctl("demo", "verify", "--ca", ca("root.pem"), "--intermediates", ca("intermediate.pem"), *options, ca(f"{name}.pem"))

    def test_s11_a_kind_that_is_switched_off_here_is_refused(self):
        self.assertStatus(self.verify("new"), harness.DONE)
        drop_in("[fnmt-citizen]\nlogin = no\n")
        self.assertRegex(self.assertStatus(self.verify("new"), FAILED).out, r"login = no \(/etc/ovcert/kinds\.d/60-test\.conf:2\)")
        self.assertStatus(self.verify("new", "--purpose=any"), harness.DONE)

    def test_s11_a_dnie_needs_no_extended_key_usage(self):
        self.assertStatus(self.verify("dnie"), harness.DONE)
        self.assertStatus(self.verify("dnie-sign"), FAILED)

    def test_faulty_kinds_are_no_verdict(self):
        drop_in("[fnmt-citizen]\nlogin = perhaps\n")
        result = self.assertStatus(self.verify("new"), harness.USAGE)
        self.assertRegex(result.err, r"/etc/ovcert/kinds\.d/60-test\.conf:2:9: login wants")
        self.assertStatus(self.verify("new", "--purpose=any"), harness.DONE)

    def test_where_none_are_installed_the_other_rules_count_and_it_says_so(self):
        os.rename(VENDOR_KINDS, VENDOR_KINDS + ".away")
        self.addCleanup(os.rename, VENDOR_KINDS + ".away", VENDOR_KINDS)
        self.assertRegex(self.assertStatus(self.verify("new"), harness.DONE).out, "no kinds of certificate are installed")
        self.assertStatus(self.verify("dnie"), FAILED)
        (problem,) = self.assertStatus(self.verify("new", "--json=short"), harness.DONE).json["problems"]
        self.assertIn("no kinds", problem)


class Anchors(harness.Case):
    """Whose certificates are accepted: "ovcertctl trust"."""

    def setUp(self):
        super().setUp()
        self.world.begin_empty()
        self.addCleanup(kit.install_trust, ca(""), "crls")

    def listed(self):
        return {anchor["fingerprint"]: anchor for anchor in harness.must(ctl("demo", "trust", "list", "--json=short")).json}

    def reason(self, name):
        chain = dbus.Array([], signature="ay")
        reply = manager("root", "CheckCertificate", "ayaaya{sv}", dbus.ByteArray(harness.der(name)), chain, EMPTY)
        return [reason["name"] for reason in self.assertReply(reply, "ok").value["reasons"]]

    def test_only_root_changes_them(self):
        self.assertStatus(ctl("demo", "trust", "add", ca("untrusted-root.pem"), "--yes"), harness.DENIED)
        self.assertStatus(ctl("demo", "trust", "remove", next(iter(self.listed())), "--yes"), harness.DENIED)
        self.assertEqual(len(self.listed()), 1)

    def test_s12_a_certificate_that_is_no_authority_s_is_not_added(self):
        result = self.assertStatus(ctl("root", "trust", "add", ca("new.leaf.pem"), "--yes"), FAILED)
        self.assertIn("no trust anchor", result.err)
        self.assertEqual(len(self.listed()), 1)

    def test_without_an_answer_nothing_is_added(self):
        self.assertNotEqual(ctl("root", "trust", "add", ca("untrusted-root.pem"), "--no-ask-password").status, 0)
        self.assertEqual(len(self.listed()), 1)

    def test_what_was_never_there_cannot_be_removed(self):
        self.assertStatus(ctl("root", "trust", "remove", "00" * 32, "--yes"), harness.NOT_FOUND)
        self.assertStatus(ctl("root", "trust", "remove", "nonsense", "--yes"), harness.USAGE)

    def test_one_of_several_in_a_file_is_removed_and_the_rest_stays(self):
        path, before = "/etc/ovcert/anchors.d/both.pem", set(self.listed())
        with open(ca("root.pem"), encoding="ascii") as root, open(ca("untrusted-root.pem"), encoding="ascii") as untrusted:
            kept, gone = "# ours\n" + root.read(), untrusted.read()
        for name, text in (("both.pem", kept + gone + "# theirs\n"), ("again.pem", gone)):
            with open(f"/etc/ovcert/anchors.d/{name}", "w", encoding="ascii") as file:
                file.write(text)
        self.addCleanup(os.unlink, path)
        os.chmod(path, 0o640)
        shutil.chown(path, group="ovcert")
        (fingerprint,) = set(self.listed()) - before
        kit.wait_until(lambda: "untrusted" not in self.reason("untrusted"), harness.PATIENCE, "the new anchor")
        result = harness.must(ctl("root", "trust", "remove", fingerprint, "--yes"))
        self.assertIn("both.pem stay", result.out)
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.read(), kept + "# theirs\n")
        self.assertEqual((os.stat(path).st_mode & 0o7777, os.stat(path).st_gid), (0o640, grp.getgrnam("ovcert").gr_gid))
        self.assertFalse(os.path.exists("/etc/ovcert/anchors.d/again.pem"))
        self.assertEqual(set(self.listed()), before)
        kit.wait_until(lambda: "untrusted" in self.reason("untrusted"), harness.PATIENCE, "the anchor to be gone")

    def rows(self):
        return [(row["event"], row["detail"], row.get("subject", "")) for row in harness.must(ctl("root", "--json=short", "log")).json
                if row["event"].startswith("anchor-")]

    def test_s36_each_change_is_in_the_log_and_the_journal_while_it_runs_and_when_it_starts(self):
        first, = self.listed()
        self.assertEqual(self.rows(), [])  # a log with nothing else in it
        harness.well(harness.create("demo"))
        os.kill(self.world.daemon.pid, signal.SIGHUP)
        kit.wait_until(lambda: len(self.rows()) == 1, harness.PATIENCE, "the first row")
        self.assertEqual(self.rows()[0][:2], ("anchor-added", first))
        harness.must(ctl("root", "trust", "add", ca("untrusted-root.pem"), "--yes"))
        second, = set(self.listed()) - {first}
        kit.wait_until(lambda: len(self.rows()) == 2, harness.PATIENCE, "the row")
        event, detail, subject = self.rows()[-1]
        self.assertEqual((event, detail), ("anchor-added", second))
        self.assertIn("AC DESCONOCIDA", subject)
        self.assertLogged(rf"AC DESCONOCIDA.*{second}.*OVCERT_EVENT=trust-anchor\b")
        self.world.stop()
        os.unlink(f"/etc/ovcert/anchors.d/{second}.pem")
        self.world.start()
        kit.wait_until(lambda: len(self.rows()) == 3, harness.PATIENCE, "the row")
        self.assertEqual(self.rows()[-1], ("anchor-removed", second, ""))
        self.assertLogged(rf"refused.*{second}.*OVCERT_EVENT=trust-anchor\b")
        self.world.restart()
        self.assertEqual(len(self.rows()), 3)
        harness.must(ctl("root", "log", "--verify"))

    def test_one_is_added_with_its_fingerprint_shown_and_removed_by_it(self):
        self.assertIn("untrusted", self.reason("untrusted"))
        before = set(self.listed())
        shown = harness.must(ctl("root", "trust", "add", ca("untrusted-root.pem"), "--yes")).out
        (fingerprint,) = set(self.listed()) - before
        self.assertIn(fingerprint, shown)
        self.assertEqual(self.listed()[fingerprint]["file"], f"/etc/ovcert/anchors.d/{fingerprint}.pem")
        kit.wait_until(lambda: "untrusted" not in self.reason("untrusted"), harness.PATIENCE, "the new anchor")
        harness.must(ctl("root", "trust", "add", ca("untrusted-root.pem"), "--yes"))  # once more changes nothing
        colons = ":".join(fingerprint[i:i + 2] for i in range(0, 64, 2)).upper()
        harness.must(ctl("root", "trust", "remove", colons, "--yes"))
        self.assertEqual(set(self.listed()), before)
        kit.wait_until(lambda: "untrusted" in self.reason("untrusted"), harness.PATIENCE, "the anchor to be gone")
