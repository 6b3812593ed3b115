# SPDX-License-Identifier: BSD-2-Clause
"""The commands beside the renewal: change, find, list, explain, credentials, block, bar, delete, log --follow."""
import json
import os
import re
import shutil
import signal
import subprocess
import time

import dbus

import harness
from harness import DENIED, DONE, FAILED, NOT_FOUND, USAGE, ask, ca, ctl, kit, manager, must, person_command, sign_in_with

EMPTY = dbus.Dictionary({}, signature="sv")


class Commands(harness.Case):
    def assertShows(self, result, pattern):
        self.assertRegex(result.out + result.err, pattern)
        return result


class Change(Commands):
    """G6: the same steps as a renewal, while the old certificate is still good."""

    def setUp(self):
        super().setUp()
        self.world.begin_valid()
        self.spare = kit.give_credential("demo", ca("spare.p12"))

    def test_change_swaps_a_valid_certificate_for_another_one(self):
        self.assertEnded(ask("demo", "change", "--credential", self.spare), DONE)
        self.assertAssigned("spare")
        self.assertEqual(self.described()["operations"], [])
        must(ctl("root", "log", "--verify"))

    def test_a_declined_change_leaves_everything_as_it_was(self):
        self.assertEnded(ask("demo", "change", "--credential", self.spare, question="n"), FAILED)
        self.assertAssigned("new")
        self.assertEqual(self.described()["operations"], [])

    def test_change_to_another_holders_certificate_is_refused(self):
        other = kit.give_credential("demo", ca("other.p12"))
        self.assertEnded(ask("demo", "change", "--credential", other), FAILED)
        self.assertAssigned("new")


class Find(Commands):
    def setUp(self):
        super().setUp()
        self.world.begin_valid()

    def test_find_names_the_user_and_the_facts(self):
        self.assertShows(must(ctl("root", "find", ca("new.pem"))), r"User: demo\n(.|\n)*" + kit.HOLDER)
        found = must(ctl("root", "--json=short", "find", ca("new.pem"))).json
        self.assertEqual(found["user"], "demo")
        self.assertIn(kit.HOLDER, found["facts"]["holder"])

    def test_a_certificate_of_nobody_ends_with_3(self):
        self.assertShows(self.assertStatus(ctl("root", "find", ca("spare.pem")), NOT_FOUND), "assigned to nobody")

    def test_a_refused_certificate_ends_with_1_and_its_reason(self):
        self.assertShows(self.assertStatus(ctl("root", "find", ca("revoked.pem")), FAILED), "revoked")

    def test_root_finds_the_user_of_a_certificate_that_is_not_accepted_any_more(self):
        self.world.begin_expired()
        self.assertStatus(ctl("root", "find", ca("old.pem")), FAILED)
        self.assertShows(must(ctl("root", "find", "--no-validation", ca("old.pem"))), "User: demo")

    def test_s27_users_find_nobody(self):
        for user in ("demo", "other"):
            self.assertStatus(ctl(user, "find", ca_copy("new.pem")), DENIED)
        self.assertStatus(ctl("demo", "find", "--no-validation", ca_copy("new.pem")), DENIED)

    def test_what_is_no_certificate_is_said_before_anybody_is_asked(self):
        self.assertStatus(ctl("root", "find", "/nonexistent"), NOT_FOUND)
        self.assertStatus(ctl("root", "find", "/dev/null"), FAILED)


def ca_copy(name):
    """Where everybody can read it."""
    path = os.path.join("/tmp", name)
    with open(ca(name), "rb") as source, open(path, "wb") as target:
        target.write(source.read())
    os.chmod(path, 0o644)
    return path


class List(Commands):
    def setUp(self):
        super().setUp()
        self.world.begin_expired()
        must(ctl("root", "profile", "create", "other", "--holder", f"ES:{kit.OTHER_HOLDER}"))
        must(ctl("root", "assign", "--user", "other", "--certificate", ca("other.pem")))

    def names(self, *options):
        return [row["user"] for row in must(ctl("root", "--json=short", "list", *options)).json]

    def test_list_shows_only_what_fits_every_filter(self):
        self.assertEqual(self.names(), ["demo", "other"])
        self.assertEqual(self.names("--status=expired"), ["demo"])
        self.assertEqual(self.names("--state=assigned", "--status=expired"), ["demo"])
        self.assertEqual(self.names("--state=unassigned"), [])
        self.assertEqual(self.names("--expiring=0d"), ["demo"])
        self.assertEqual(self.names("--expiring=5000d"), ["demo", "other"])
        self.assertEqual(self.names("--expiring=5000d", "--status=expired"), ["demo"])

    def test_what_is_no_stretch_of_time_is_told_with_what_would_be_one(self):
        self.assertShows(self.assertStatus(ctl("root", "list", "--expiring", "soon"), USAGE), "30d")

    def test_a_filter_that_nothing_fits_is_a_usage_error(self):
        for option in ("--status=fine", "--state=expired", "--expiring=30", "--expiring=1y"):
            with self.subTest(option=option):
                self.assertStatus(ctl("root", "list", option), USAGE)

    def test_the_bus_refuses_a_filter_that_nothing_fits(self):
        for key, value in (("state", "fine"), ("certificate-status", "fine"), ("expiring-within", dbus.Int64(-1))):
            reply = manager("root", "ListProfiles", "a{sv}su", dbus.Dictionary({key: value}, signature="sv"), "", 10)
            self.assertReply(reply, "InvalidArgument")

    def test_the_filters_page_through_more_profiles_than_one_page_looks_at(self):
        def make_profiles():
            connection = harness.connect()
            for number in range(300):
                data = dbus.Dictionary({"uid": dbus.UInt32(50000 + number)}, signature="sv")
                reply = harness.call_on(connection, harness.ROOT_PATH, "org.ovcert1.Manager", "CreateProfile", "sa{sv}a{sv}",
                                        f"n{number:03}", data, EMPTY)
                assert reply.error is None, repr(reply)
        harness.in_child("root", make_profiles)
        self.assertEqual(len(self.names()), 302)
        self.assertEqual(self.names("--status=valid"), ["other"])
        self.assertEqual(self.names("--expiring=0d"), ["demo"])


class Explain(Commands):
    def test_an_accepted_certificate_ends_with_0_and_shows_what_it_rests_on(self):
        self.world.begin_valid()
        result = self.assertStatus(ctl("demo", "explain"), DONE)
        for pattern in ("trust anchor", "Revocation data of", "Policies|Key", "Assigned since", "is accepted"):
            self.assertShows(result, pattern)

    def test_each_certificate_is_shown_with_its_usages_policies_and_revocation_list(self):
        self.world.begin_valid()
        leaf, issuer, anchor = re.split(r"^  [12]\. ", self.assertStatus(ctl("demo", "explain"), DONE).out, flags=re.MULTILINE)
        self.assertRegex(leaf, r"  0\. (.|\n)*Key usage: .*digitalSignature(.|\n)*Extended key usage: .*clientAuth(.|\n)*Policies: 1\.3\.6\.")
        self.assertRegex(leaf, r"Revocation list /etc/ovcert/crls\.d/intermediate\.crl: does not name it; of .* next by ")
        self.assertRegex(issuer, r"Key usage: keyCertSign, cRLSign(.|\n)*Revocation list /etc/ovcert/crls\.d/root\.crl: does not name it")
        self.assertNotIn("Revocation list", anchor)

    def test_the_same_stands_in_the_json_and_on_the_bus(self):
        self.world.begin_valid()
        path = self.assertStatus(ctl("demo", "--json=short", "explain"), DONE).json["profile"]["certificate"]["path"]
        self.assertEqual(len(path), 3)
        self.assertIn("clientAuth", path[0]["extended-key-usage"])
        self.assertEqual([step["key-usage"] for step in path[1:]], [["keyCertSign", "cRLSign"]] * 2)
        self.assertEqual([[source["file"] for source in step["revocation"]] for step in path],
                         [["/etc/ovcert/crls.d/intermediate.crl"], ["/etc/ovcert/crls.d/root.crl"], []])
        source = path[0]["revocation"][0]
        self.assertEqual((source["kind"], source["state"]), ("crl", "good"))
        self.assertLess(source["this-update"], source["next-update"])
        verdict = self.assertStatus(ctl("demo", "--json=short", "explain", ca_copy("revoked.pem")), FAILED).json["verdict"]
        self.assertEqual([source["state"] for source in verdict["path"][0]["revocation"]], ["revoked"])

    def test_a_refused_one_ends_with_1_and_every_reason_with_its_advice(self):
        self.world.begin_expired()
        self.assertShows(self.assertStatus(ctl("demo", "explain"), FAILED), r"has expired(.|\n)*ovcertctl renew")
        explained = self.assertStatus(ctl("root", "--json=short", "explain", "demo"), FAILED).json
        self.assertFalse(explained["accepted"])
        self.assertEqual([reason["name"] for reason in explained["profile"]["certificate"]["reasons"]], ["expired"])
        self.assertTrue(explained["profile"]["certificate"]["chain"])

    def test_a_blocked_profile_is_not_accepted_whatever_its_certificate(self):
        self.world.begin_valid()
        must(ctl("root", "block", "demo", "--reason", "card lost"))
        result = self.assertStatus(ctl("demo", "explain"), FAILED)
        self.assertShows(result, "card lost")
        self.assertShows(result, "is accepted(.|\n)*blocked")

    def test_without_a_certificate_it_ends_with_3(self):
        self.world.begin_unassigned()
        self.assertStatus(ctl("demo", "explain"), NOT_FOUND)

    def test_open_operations_are_shown_with_what_is_to_be_typed(self):
        self.world.begin_valid()
        self.assertEnded(ask("demo", "unlink", "--until-assign"), DONE)
        self.assertShows(ctl("demo", "explain"), 'Open operation(.|\n)*"ovcertctl renew"')
        self.assertShows(ctl("root", "explain", "demo"), '"ovcertctl confirm --user demo"')

    def test_a_file_is_explained_for_the_profile_it_would_go_to(self):
        self.world.begin_valid()
        self.assertShows(self.assertStatus(ctl("demo", "explain", ca_copy("new.pem")), DONE), "it is the profile's certificate")
        self.assertShows(self.assertStatus(ctl("demo", "explain", ca_copy("spare.pem")), DONE), "not to this profile")
        other = self.assertStatus(ctl("demo", "explain", "--certificate", ca_copy("other.pem")), FAILED)
        self.assertShows(other, "another holder")
        mine = self.assertStatus(ctl("root", "--json=short", "explain", ca("spare.pem"), "--user", "demo"), DONE).json
        self.assertEqual((mine["accepted"], mine["assigned"], mine["profile"]["user"]), (True, False, "demo"))

    def test_who_has_no_profile_gets_a_file_explained_all_the_same(self):
        self.world.begin_valid()
        self.assertShows(self.assertStatus(ctl("other", "explain", ca_copy("revoked.pem")), FAILED), "revoked")

    def test_s27_another_users_profile_is_denied_whether_it_exists_or_not(self):
        self.world.begin_valid()
        answers = {(result.status, result.out, result.err)
                   for result in (ctl("other", "explain", name) for name in ("demo", "nosuch"))}
        self.assertEqual(len(answers), 1)
        self.assertEqual(answers.pop()[0], DENIED)


class Credentials(Commands):
    def setUp(self):
        super().setUp()
        self.world.begin_expired()

    def test_none_ends_with_3(self):
        kit.take_credentials("demo")
        self.assertStatus(ctl("demo", "credentials"), NOT_FOUND)

    def test_files_are_named_and_stay_locked_without_unlock(self):
        kit.give_credential("demo", ca("new.p12"))
        result = must(ctl("demo", "credentials"))
        for pattern in (r"old\.p12", r"new\.p12", "--unlock"):
            self.assertShows(result, pattern)
        self.assertNotRegex(result.out, "serial")

    def test_a_file_that_cannot_be_used_is_listed_with_what_it_is(self):
        os.symlink("old.p12", os.path.expanduser("~demo/.ovcert/link.p12"))
        self.assertShows(ctl("demo", "credentials"), r"link\.p12(.|\n)*not a regular file.*\(a symbolic link\)")

    def test_unlock_says_of_every_certificate_what_it_is_good_for(self):
        kit.give_credential("demo", ca("new.p12"))
        kit.give_credential("demo", ca("other.p12"))
        terminal = self.assertEnded(ask("demo", "credentials", "--unlock", variables={"NO_COLOR": "1"}), DONE)
        self.assertRegex(terminal.shown, "assigned to you, and not accepted any more")
        self.assertRegex(terminal.shown, "would do for a renewal")
        self.assertRegex(terminal.shown, r"would not do:\s+- The certificate belongs to another holder")
        self.assertAssigned("old")

    def test_unlock_of_one_file_as_json(self):
        new = kit.give_credential("demo", ca("new.p12"))
        terminal = ask("demo", "--json=short", "credentials", "--unlock", "--credential", new)
        self.assertEnded(terminal, DONE)
        line = next(line for line in terminal.shown.splitlines() if line.startswith("["))
        source, = json.loads(line)
        certificate, = source["certificates"]
        self.assertEqual((certificate["role"], certificate["accepted"]), ("candidate", True))

    def test_a_file_that_stays_locked_does_not_hide_the_others(self):
        kit.give_credential("demo", ca("new.p12"))
        terminal = ask("demo", "credentials", "--unlock", passphrase=["wrong", "wronger", "wrongest", kit.PASSPHRASE])
        self.assertEnded(terminal, FAILED)
        self.assertRegex(terminal.shown, "stays locked")
        self.assertRegex(terminal.shown, r"old\.p12(.|\n)*assigned to you")

    def test_without_anybody_to_ask_unlock_says_what_is_missing(self):
        self.assertShows(self.assertStatus(ctl("demo", "credentials", "--unlock"), FAILED), "(?i)passphrase is missing")

    def test_a_file_that_cannot_be_used_is_said_before_a_passphrase_is_asked_for(self):
        path = os.path.join(os.path.dirname(kit.give_credential("demo", ca("new.p12"))), "link.p12")
        os.symlink("new.p12", path)
        for file, pattern in ((path, "not a regular file"), ("/etc/passwd", "somebody else"), ("/nonexistent", "no such file")):
            for verb in (("renew", "--yes"), ("credentials", "--unlock")):
                with self.subTest(file=file, verb=verb[0]):
                    terminal = ask("demo", *verb, "--credential", file, passphrase=[], password=[])
                    self.assertRegex(terminal.shown, pattern)
                    self.assertEqual(terminal.status, NOT_FOUND if file == "/nonexistent" else FAILED)

    def test_who_has_no_profile_sees_his_files_all_the_same(self):
        kit.give_credential("other", ca("other.p12"))
        self.assertShows(must(ctl("other", "credentials")), r"other\.p12")


class Tokens(Commands):
    """A software token of the user's own, in the place of a card."""

    MODULE = "/usr/lib/softhsm/libsofthsm2.so"
    FOLDER = "/tmp/ovcert-token"
    PIN = "271828"
    PIN_PROMPT = r"PIN of [^\r\n]*: ?$"

    def setUp(self):
        super().setUp()
        self.world.begin_expired()
        kit.take_credentials("demo")
        os.makedirs(self.FOLDER + "/tokens")
        self.addCleanup(shutil.rmtree, self.FOLDER)
        with open(self.FOLDER + "/softhsm2.conf", "w", encoding="ascii") as file:
            file.write(f"directories.tokendir = {self.FOLDER}/tokens\nobjectstore.backend = file\n")
        for path in (self.FOLDER, self.FOLDER + "/tokens"):
            kit.own(path, "demo", 0o700)
        configuration = os.path.join(kit.CONFIG_DIR, "credential.conf")
        with open(configuration, "w", encoding="ascii") as file:
            file.write(f"[pkcs11]\nmodules = {self.MODULE}\nenvironment = SOFTHSM2_CONF={self.FOLDER}/softhsm2.conf\n")
        os.chmod(configuration, 0o644)
        self.addCleanup(os.unlink, configuration)
        must(self.tool("softhsm2-util", "--init-token", "--free", "--label", "card", "--pin", self.PIN, "--so-pin", "31415926"))
        self.put_certificate("intermediate", "99")

    def tool(self, *command):
        return harness.run_as("demo", *command, variables={"SOFTHSM2_CONF": self.FOLDER + "/softhsm2.conf"})

    def put_certificate(self, name, number):
        path = f"{self.FOLDER}/{name}.der"
        with open(path, "wb") as file:
            file.write(harness.der(name))
        kit.own(path, "demo", 0o600)
        must(self.tool("pkcs11-tool", "--module", self.MODULE, "--token-label", "card", "--login", "--pin", self.PIN,
                       "--write-object", path, "--type", "cert", "--id", number, "--label", name))

    def put(self, name, number):
        """Certificate and key, as a card's maker would."""
        path = f"{self.FOLDER}/{name}.key"
        key = subprocess.run(["openssl", "pkcs12", "-in", ca(f"{name}.p12"), "-passin", f"pass:{kit.PASSPHRASE}", "-nodes", "-nocerts"],
                             check=True, capture_output=True).stdout
        subprocess.run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-out", path], input=key, check=True)
        kit.own(path, "demo", 0o600)
        must(self.tool("softhsm2-util", "--import", path, "--token", "card", "--label", name, "--id", number, "--pin", self.PIN))
        self.put_certificate(name, number)

    def ask_pin(self, *arguments, pins):
        terminal = harness.Terminal("demo", "ovcertctl", *arguments, variables={"NO_COLOR": "1"})
        prompts = {self.PIN_PROMPT: list(pins), harness.PASSWORD: "demo", harness.QUESTION: "y", harness.CHOICE: "1"}
        while (which := terminal.expect(*prompts, end=True)) < len(prompts):
            pattern, answer = list(prompts.items())[which]
            answer = answer.pop(0) if isinstance(answer, list) else answer
            (terminal.type_secret if pattern in (self.PIN_PROMPT, harness.PASSWORD) else terminal.type)(answer)
        terminal.status = terminal.finish()
        return terminal

    def test_what_a_token_shows_is_judged_without_its_pin(self):
        self.put("old", "01")
        self.put("new", "02")
        self.put("other", "03")
        result = must(ctl("demo", "credentials"))
        self.assertShows(result, r"card(.|\n)*pkcs11:")
        self.assertShows(result, "assigned to you, and not accepted any more")
        self.assertShows(result, "would do for a renewal")
        self.assertShows(result, r"would not do:\s+- The certificate belongs to another holder")

    def test_a_token_that_does_not_fit_is_not_asked_for_its_pin(self):
        self.put("old", "01")
        terminal = self.assertEnded(self.ask_pin("renew", pins=[]), NOT_FOUND)
        self.assertRegex(terminal.shown, "assigned now, and has expired")
        self.assertAssigned("old")

    def test_renewal_with_a_token(self):
        self.put("old", "01")
        self.put("new", "02")
        self.assertEnded(self.ask_pin("renew", pins=[self.PIN]), DONE)
        self.assertAssigned("new")

    def test_s22_the_same_wrong_pin_is_not_tried_again(self):
        self.put("new", "02")
        terminal = self.assertEnded(self.ask_pin("renew", pins=["1111", "1111", self.PIN]), DONE)
        self.assertRegex(terminal.shown, "PIN is wrong")
        self.assertRegex(terminal.shown, "it was not tried again")
        self.assertAssigned("new")

    def test_a_token_is_named_by_the_uri_that_the_list_shows(self):
        self.put("new", "02")
        source, = must(ctl("demo", "--json=short", "credentials")).json
        self.assertEqual((source["kind"], source["certificates"][0]["role"]), ("pkcs11", "candidate"))
        self.assertEnded(self.ask_pin("renew", "--credential", source["id"], pins=[self.PIN]), DONE)
        self.assertAssigned("new")

    def test_a_token_that_is_not_there_is_said(self):
        self.assertStatus(ctl("demo", "renew", "--yes", "--credential", "pkcs11:token=nosuch"), NOT_FOUND)


class Blocks(Commands):
    def setUp(self):
        super().setUp()
        harness.write_pam_service()
        self.world.begin_valid()

    def test_a_blocked_user_signs_in_no_more_until_unblocked(self):
        must(ctl("root", "block", "demo", "--reason", "card lost"))
        self.assertShows(self.assertStatus(ctl("demo", "status"), FAILED), r"blocked(.|\n)*card lost(.|\n)*nobody signs in by it")
        self.assertCode(sign_in_with("new"), "PAM_AUTH_ERR")
        terminal = ask("demo", "unlink")
        self.assertEnded(terminal, FAILED)
        must(ctl("root", "unblock", "demo"))
        self.assertCode(sign_in_with("new"), "PAM_SUCCESS")

    def test_users_block_and_unblock_nobody(self):
        for verb in ("block", "unblock"):
            self.assertStatus(ctl("demo", verb, "demo"), DENIED)
            self.assertStatus(ctl("other", verb, "demo"), DENIED)
        self.assertEqual(self.described()["state"], "assigned")

    def test_a_missing_profile_ends_with_3_and_a_missing_name_with_2(self):
        self.assertStatus(ctl("root", "block", "nosuch"), NOT_FOUND)
        self.assertStatus(ctl("root", "block"), USAGE)

    def test_a_barred_certificate_is_refused_at_once_and_again_accepted_when_unbarred(self):
        result = must(ctl("root", "unlink", "demo", "--bar"))
        self.assertShows(result, "barred(.|\n)*confirm --user demo")
        self.assertCode(sign_in_with("new"), "PAM_AUTH_ERR")
        must(ctl("root", "cancel", "--user", "demo"))
        self.assertCode(sign_in_with("new"), "PAM_AUTH_ERR")
        fingerprint = [row["detail"] for row in must(ctl("root", "--json=short", "log")).json if row["event"] == "certificate-barred"][-1]
        must(ctl("root", "unbar", fingerprint))
        self.assertCode(sign_in_with("new"), "PAM_SUCCESS")
        self.assertStatus(ctl("root", "unbar", ca("new.pem")), NOT_FOUND)
        must(ctl("root", "log", "--verify"))

    def test_users_bar_and_unbar_nothing(self):
        self.assertStatus(ctl("demo", "unlink", "--bar"), DENIED)
        self.assertStatus(ctl("demo", "unbar", ca_copy("new.pem")), DENIED)
        self.assertEqual(self.described()["operations"], [])


class Delete(Commands):
    def setUp(self):
        super().setUp()
        self.world.begin_valid()

    def assertThere(self):
        self.assertEqual(self.described()["operations"], [])

    def assertGone(self, name="demo"):
        self.assertReply(harness.profile("root", name, "Describe"), "NotFound")

    def test_the_owner_deletes_his_profile_after_password_and_question(self):
        terminal = self.assertEnded(ask("demo", "profile", "delete"), DONE)
        self.assertRegex(terminal.shown, "Delete the profile demo")
        self.assertGone()
        must(ctl("root", "log", "--verify"))

    def test_no_keeps_it(self):
        self.assertEnded(ask("demo", "profile", "delete", question="n"), FAILED)
        self.assertThere()

    def test_no_leaves_what_was_open_before(self):
        must(ctl("root", "profile", "delete", "demo"))
        operations = self.described()["operations"]
        self.assertEnded(ask("root", "profile", "delete", "demo", question="n"), FAILED)
        self.assertEqual(self.described()["operations"], operations)
        self.assertEnded(ask("root", "profile", "delete", "demo"), DONE)
        self.assertGone()

    def test_without_the_password_nothing_is_opened(self):
        self.assertEnded(ask("demo", "profile", "delete", password="wrong"), DENIED)
        self.assertThere()

    def test_without_an_answer_it_is_prepared_and_confirmed_by_a_second_command(self):
        result = must(ctl("root", "profile", "delete", "demo"))
        operation = self.described()["operations"][0]["id"]
        self.assertShows(result, operation)
        self.assertShows(must(ctl("root", "confirm", "--user", "demo", operation)), "deleted")
        self.assertGone()

    def test_yes_deletes_at_once(self):
        done = must(ctl("root", "--json=short", "profile", "delete", "demo", "--yes")).json
        self.assertEqual(done["state"], "confirmed")
        self.assertGone()

    def test_another_user_deletes_nothing(self):
        self.assertStatus(ctl("other", "profile", "delete", "demo", "--yes"), DENIED)
        self.assertThere()

    def test_a_missing_profile_ends_with_3(self):
        self.assertStatus(ctl("root", "profile", "delete", "nosuch", "--yes"), NOT_FOUND)


class Follow(Commands):
    def setUp(self):
        super().setUp()
        self.world.begin_valid()

    def start(self, *options):
        arguments, home = person_command("root", ("ovcertctl", "log", "--follow", *options), None)
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   cwd=home, start_new_session=True)
        self.addCleanup(process.kill)
        return process

    def test_new_entries_come_as_lines_until_it_is_interrupted(self):
        process = self.start("--json=short", "--lines=1")
        first = json.loads(process.stdout.readline())
        must(ctl("root", "block", "demo"))
        second = json.loads(process.stdout.readline())
        self.assertEqual((second["seq"], second["event"]), (first["seq"] + 1, "profile-blocked"))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=harness.PATIENCE)
        self.assertEqual((process.returncode, out), (DONE, ""), harness.no_sanitizer_report(err))

    def test_text_of_one_user(self):
        process = self.start("--user", "demo")
        self.assertRegex(process.stdout.readline(), "profile-created")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(harness.PATIENCE), DONE)

    def test_it_ends_when_the_daemon_is_gone(self):
        process = self.start()
        process.stdout.readline()
        self.world.stop()
        start = time.monotonic()
        self.assertEqual(process.wait(harness.PATIENCE), harness.UNAVAILABLE)
        self.assertLess(time.monotonic() - start, harness.PATIENCE)

    def test_users_follow_nothing(self):
        self.assertStatus(ctl("demo", "log", "--follow"), DENIED)
