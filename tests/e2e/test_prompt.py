# SPDX-License-Identifier: BSD-2-Clause
"""The PAM profile of pam-auth-update in the real programs: renewal inside login, everybody's way in when something is missing, require=,
and smart cards."""
import os
import pwd
import shutil
import signal
import subprocess
import unittest

import harness
from harness import ASK_PASSPHRASE, CHOICE, DONE, PASSWORD, QUESTION, Terminal, ask, ca, ctl, kit, memory_holds, must, sign_in
from test_token import helpers

LOGIN = r"login: ?$"
PIN = r"PIN of [^\r\n]*: ?$"
SHELL = r"\$ ?$"
NUMBER_OF_OLD, NUMBER_OF_NEW = "2", "1"  # in the list of new.p12 and old.p12
RENEW = "renew=login,su,gdm-password"


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def write_stacks(account=RENEW, auth=""):
    """What pam-auth-update makes of the module's profile and pam_unix's, and programs that include it as Debian's do."""
    write("/etc/pam.d/common-auth",
          f"auth [success=2 auth_err=die default=ignore] pam_ovcert.so {auth}\n"
          "auth [success=1 default=ignore] pam_unix.so nullok nodelay\n"
          "auth requisite pam_deny.so\nauth required pam_permit.so\n")
    write("/etc/pam.d/common-account",
          f"account [success=ignore ignore=ignore module_unknown=ignore default=die] pam_ovcert.so {account}\n"
          "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\n"
          "account requisite pam_deny.so\naccount required pam_permit.so\n")
    write("/etc/pam.d/common-password", "password required pam_unix.so\n")
    for name in ("common-session", "common-session-noninteractive"):
        write(f"/etc/pam.d/{name}", "session required pam_unix.so\n")
    for name in ("login", "su", "sudo", "gdm-password"):
        write(f"/etc/pam.d/{name}", "@include common-auth\n@include common-account\n@include common-password\n@include common-session\n")
    write("/etc/pam.d/passwd", "@include common-password\n")
    # libpam loads it with every service, polkit's too, which is set-user-id and takes no sanitizer along.
    write("/etc/pam.d/other", "".join(f"{kind} required pam_deny.so\n" for kind in ("auth", "account", "password", "session")))


def shell_word():
    return ["echo I am $(id -un)", "exit"]


class Prompt(harness.Case):
    def setUp(self):
        super().setUp()
        write_stacks()
        self.addCleanup(write, "/etc/pam.d/common-account", "account required pam_unix.so\n")

    def log_in(self, user="demo", **answers):
        """login(1) at a terminal; the terminal, after the shell has ended. answers: choice, passphrase, password, question, pin."""
        terminal = Terminal("root", "login", variables=harness.pam_host_environment())
        patterns = {"choice": CHOICE, "passphrase": ASK_PASSPHRASE, "password": PASSWORD, "question": QUESTION, "pin": PIN}
        table = {LOGIN: [user], SHELL: shell_word(), **{patterns[name]: list(texts) for name, texts in answers.items()}}
        terminal.status = terminal.converse(table)
        return terminal

    def assertIn_(self, terminal, user="demo"):
        self.assertIn(f"I am {user}", terminal.shown)
        return terminal

    def su(self, user, variables=None, **answers):
        """su(1) by somebody else; where a sanitizer forbids set-user-id, by root, who is asked all the same here."""
        variables = harness.pam_host_environment() if variables is None else variables
        terminal = Terminal("root" if variables else "other", "su", user, "-c", "echo I am $(id -un)", variables=variables)
        patterns = {"choice": CHOICE, "passphrase": ASK_PASSPHRASE, "password": PASSWORD, "question": QUESTION}
        terminal.status = terminal.converse({patterns[name]: list(texts) for name, texts in answers.items()})
        return terminal


class Renewing(Prompt):
    """An expired certificate, proven, and the password."""

    def setUp(self):
        super().setUp()
        self.world.begin_expired()
        self.new = kit.give_credential("demo", ca("new.p12"))

    def nothing_changed(self):
        self.assertAssigned("old")
        self.assertEqual(self.described()["operations"], [])

    def test_the_whole_renewal_inside_login_and_the_next_login_by_certificate(self):
        shown = self.assertIn_(self.log_in(choice=[NUMBER_OF_OLD, NUMBER_OF_NEW], passphrase=[kit.PASSPHRASE] * 2, password=["demo"],
                                           question=["y", "y"])).shown
        self.assertRegex(shown, r"Your certificate expired on 20\d\d-\d\d-\d\d; renew it now\?")
        self.assertRegex(shown, r"Old certificate: .*99999999R")
        self.assertRegex(shown, r"New certificate: .*99999999R")
        self.assertIn("Your certificate is renewed", shown)
        self.assertAssigned("new")
        self.assertEqual(self.described()["operations"], [])
        self.assertIn_(self.log_in(choice=[NUMBER_OF_NEW], passphrase=[kit.PASSPHRASE]))
        log = must(ctl("root", "log")).out
        self.assertRegex(log, r"proven.*\blogin\b")
        self.assertRegex(log, r"unlink-requested.*until-assign, through login")
        self.assertRegex(log, r"assigned.*proven, through login")
        must(ctl("root", "log", "--verify"))

    def test_inside_su(self):
        terminal = self.su("demo", choice=[NUMBER_OF_OLD, NUMBER_OF_NEW], passphrase=[kit.PASSPHRASE] * 2, password=["demo"],
                           question=["y", "y"])
        self.assertIn_(terminal)
        self.assertAssigned("new")

    def test_in_the_password_stack_of_a_stack_written_by_hand(self):
        write("/etc/pam.d/common-account", "account [success=ok new_authtok_reqd=ok ignore=ignore default=die] pam_ovcert.so password=renew\n"
              "account required pam_unix.so\n")
        self.addCleanup(write, "/etc/pam.d/common-password", "password required pam_unix.so\n")
        write("/etc/pam.d/common-password", "password [success=done default=ignore] pam_ovcert.so password=renew\npassword required pam_unix.so\n")
        shown = self.assertIn_(self.log_in(choice=[NUMBER_OF_OLD, NUMBER_OF_NEW], passphrase=[kit.PASSPHRASE] * 2, password=["demo"],
                                           question=["y", "y"])).shown
        self.assertIn("Your certificate is renewed", shown)
        self.assertAssigned("new")
        self.assertIn_(self.log_in(choice=[NUMBER_OF_NEW], passphrase=[kit.PASSPHRASE]))
        if not harness.pam_host_environment():  # set-user-id programs take no sanitizer along
            self.assertNotEqual(Terminal("demo", "passwd").converse({r"current password: ?$": ["wrong"]}), DONE)

    def test_in_a_conversation_like_gdms(self):
        result = sign_in("demo", NUMBER_OF_OLD, kit.PASSPHRASE, "demo", "y", NUMBER_OF_NEW, kit.PASSPHRASE, "y", service="gdm-password")
        self.assertCode(result, "PAM_SUCCESS")
        self.assertAssigned("new")

    def test_a_service_that_is_not_named_does_not_ask(self):
        write("/etc/pam.d/ovcert-other", "@include common-auth\n@include common-account\n")
        result = sign_in("demo", NUMBER_OF_OLD, kit.PASSPHRASE, "demo", service="ovcert-other")
        self.assertCode(result, "PAM_SUCCESS")
        self.assertNotIn("renew it now", result.shown)
        self.nothing_changed()

    def test_a_password_alone_is_not_asked_about_a_renewal(self):
        result = sign_in("demo", "", "demo", service="gdm-password")
        self.assertCode(result, "PAM_SUCCESS")
        self.assertNotIn("renew it now", result.shown)

    def test_a_wrong_password_gets_no_renewal(self):
        result = sign_in("demo", NUMBER_OF_OLD, kit.PASSPHRASE, "wrong", "y", NUMBER_OF_NEW, kit.PASSPHRASE, "y", service="gdm-password")
        self.assertNotEqual(result.code, "PAM_SUCCESS", str(result))
        self.assertNotIn("renew it now", result.shown)
        self.nothing_changed()

    def test_declining_lets_the_user_in_with_a_warning(self):
        terminal = self.assertIn_(self.log_in(choice=[NUMBER_OF_OLD], passphrase=[kit.PASSPHRASE], password=["demo"], question=["n"]))
        self.assertRegex(terminal.shown, "ovcertctl renew")
        self.nothing_changed()

    def test_declining_at_the_second_question_leaves_no_operation(self):
        terminal = self.assertIn_(self.log_in(choice=[NUMBER_OF_OLD, NUMBER_OF_NEW], passphrase=[kit.PASSPHRASE] * 2, password=["demo"],
                                              question=["y", "n"]))
        self.assertRegex(terminal.shown, "was not renewed")
        self.nothing_changed()

    def test_no_choice_and_no_passphrase_decline(self):
        for typed in (("",), (NUMBER_OF_NEW, "")):
            result = sign_in("demo", NUMBER_OF_OLD, kit.PASSPHRASE, "demo", "y", *typed, service="gdm-password")
            self.assertCode(result, "PAM_SUCCESS")
        self.nothing_changed()

    def test_s22_a_wrong_passphrase_is_tried_once_and_the_user_gets_in(self):
        terminal = self.assertIn_(self.log_in(choice=[NUMBER_OF_OLD, NUMBER_OF_NEW], passphrase=[kit.PASSPHRASE, "wrong"],
                                              password=["demo"], question=["y"]))
        self.assertRegex(terminal.shown, "passphrase is wrong")
        self.nothing_changed()

    def test_s41_what_may_not_take_the_place_is_refused_with_its_reason_and_the_user_gets_in(self):
        for name, reason in (("other", "holder"), ("revoked", "revoked"), ("untrusted", "untrusted|trust|issuer"),
                             ("future", "not-yet-valid"), ("signature", "key-usage|usage")):
            with self.subTest(name):
                kit.take_credentials("demo")
                kit.give_credential("demo", ca("old.p12"))
                kit.give_credential("demo", ca(f"{name}.p12"))
                files = sorted(["old.p12", f"{name}.p12"])
                numbers = [str(files.index("old.p12") + 1), str(files.index(f"{name}.p12") + 1)]
                result = sign_in("demo", numbers[0], kit.PASSPHRASE, "demo", "y", numbers[1], kit.PASSPHRASE, "y", service="gdm-password")
                self.assertCode(result, "PAM_SUCCESS")
                self.assertRegex(result.shown, f"not accepted \\(.*({reason})")
                self.nothing_changed()

    def test_the_expired_one_itself_is_no_choice(self):
        os.unlink(self.new)
        result = sign_in("demo", kit.PASSPHRASE, "demo", "y", kit.PASSPHRASE, "y", service="gdm-password")
        self.assertCode(result, "PAM_SUCCESS")
        self.assertIn("no other certificate", result.shown)
        self.nothing_changed()

    def until(self, question):
        """login's terminal when the question has come so often."""
        terminal = Terminal("root", "login", variables=harness.pam_host_environment())
        answers = {LOGIN: "demo", PASSWORD: "demo", ASK_PASSPHRASE: kit.PASSPHRASE, CHOICE: [NUMBER_OF_OLD, NUMBER_OF_NEW]}
        asked = 0
        patterns = [*answers, QUESTION]
        while asked < question:
            which = terminal.expect(*patterns)
            if which == len(patterns) - 1:
                asked += 1
                if asked < question:
                    terminal.type("y")
                continue
            answer = answers[patterns[which]]
            terminal.answer(patterns[which], answer.pop(0) if isinstance(answer, list) else answer)
        return terminal

    def hang_up_at(self, question):
        self.until(question).child.close(force=True)

    def test_s24_at_the_questions_the_passphrase_is_in_nobodys_memory(self):
        for question in (1, 2):
            terminal = self.until(question)
            for pid in (terminal.child.pid, self.world.daemon.pid):
                with open(f"/proc/{pid}/comm", encoding="ascii") as name:
                    self.assertIn(name.read().strip(), ("login", "ovcertd"))
                self.assertTrue(memory_holds(pid, b"ovcert"), "the search finds nothing at all")
                self.assertFalse(memory_holds(pid, kit.PASSPHRASE.encode()), f"process {pid} still holds the passphrase")
            for pid in helpers():
                self.assertFalse(memory_holds(pid, kit.PASSPHRASE.encode()), f"helper {pid} still holds the passphrase")
            terminal.child.close(force=True)

    def test_a_terminal_that_is_closed_at_the_first_question_changes_nothing(self):
        self.hang_up_at(1)
        self.nothing_changed()

    def test_a_terminal_that_is_closed_at_the_second_question_leaves_all_to_go_on_with(self):
        self.hang_up_at(2)
        self.assertAssigned("old")
        operations = self.described()["operations"]
        self.assertEqual([(entry["kind"], entry["state"], entry["opener"]) for entry in operations],
                         [("unlink", "requested", pwd.getpwnam("demo").pw_uid)])
        terminal = ask("demo", "renew")
        self.assertEnded(terminal, DONE)
        self.assertRegex(terminal.shown, "(?i)going on")
        self.assertAssigned("new")

    def test_it_goes_on_with_an_operation_of_the_users_own(self):
        self.hang_up_at(2)
        result = sign_in("demo", NUMBER_OF_OLD, kit.PASSPHRASE, "demo", "y", NUMBER_OF_NEW, kit.PASSPHRASE, "y", service="gdm-password")
        self.assertCode(result, "PAM_SUCCESS")
        self.assertAssigned("new")

    def test_s41_an_administrators_operation_is_not_gone_on_with(self):
        import dbus
        harness.well(harness.profile("root", "demo", "Unlink", "a{sv}", dbus.Dictionary({"until-assign": True}, signature="sv")))
        result = sign_in("demo", NUMBER_OF_OLD, kit.PASSPHRASE, "demo", "y", NUMBER_OF_NEW, kit.PASSPHRASE, "y", service="gdm-password")
        self.assertCode(result, "PAM_SUCCESS")
        self.assertRegex(result.shown, "operation is open")
        self.assertAssigned("old")

    def test_with_an_expired_password_too_both_are_renewed(self):
        subprocess.run(["chage", "-d", "0", "demo"], check=True)
        self.addCleanup(subprocess.run, ["usermod", "-p", subprocess.run(["openssl", "passwd", "-6", "demo"], capture_output=True, text=True,
                                                                       check=True).stdout.strip(), "demo"], check=True)
        self.addCleanup(subprocess.run, ["chage", "-d", "-1", "demo"], check=True)
        terminal = Terminal("root", "login", variables=harness.pam_host_environment())
        terminal.status = terminal.converse({
            LOGIN: ["demo"], r"current password: ?$": "demo", r"(new|retype)[^\r\n]* password: ?$": "Quite-Another-5",
            PASSWORD: ["demo"], CHOICE: [NUMBER_OF_OLD, NUMBER_OF_NEW], ASK_PASSPHRASE: [kit.PASSPHRASE] * 2, QUESTION: ["y", "y"],
            SHELL: shell_word()})
        self.assertIn_(terminal)
        self.assertAssigned("new")
        self.assertCode(sign_in("demo", "", "Quite-Another-5", service="gdm-password"), "PAM_SUCCESS")


class Missing(Prompt):
    """Everybody still gets in with the password."""

    def everybody(self, certificate=True):
        for user in ("demo", "other"):
            with self.subTest(user):
                passphrase = {"passphrase": [""]} if certificate and user == "demo" else {}
                self.assertIn_(self.log_in(user, password=[user], **passphrase), user)
        self.assertIn_(self.su("demo", password=["demo"], **({"passphrase": [""]} if certificate else {})))

    def test_with_the_daemon_stopped(self):
        self.world.begin_valid()
        self.world.stop()
        self.everybody(certificate=False)

    def test_with_the_daemon_hanging(self):
        self.world.begin_valid()
        os.kill(self.world.daemon.pid, signal.SIGSTOP)
        try:
            self.assertIn_(self.log_in("demo", password=["demo"]))
        finally:
            os.kill(self.world.daemon.pid, signal.SIGCONT)

    def test_with_the_module_missing(self):
        self.world.begin_valid()
        module = harness.pam_module()
        os.rename(module, module + ".away")
        self.addCleanup(os.rename, module + ".away", module)
        for user in ("demo", "other"):
            terminal = Terminal("root", "login")
            terminal.converse({LOGIN: [user], PASSWORD: [user], SHELL: shell_word()})
            self.assertIn_(terminal, user)
        self.assertIn_(self.su("demo", variables={}, password=["demo"]))

    def test_with_nothing_missing_an_empty_passphrase_leads_to_the_password(self):
        self.world.begin_valid()
        self.everybody()

    def test_s19_a_daemon_that_hangs_at_the_question_keeps_nobody_out(self):
        self.world.begin_expired()
        kit.give_credential("demo", ca("new.p12"))
        terminal = Terminal("root", "login", variables=harness.pam_host_environment())
        for pattern, text in ((LOGIN, "demo"), (CHOICE, NUMBER_OF_OLD), (ASK_PASSPHRASE, kit.PASSPHRASE), (PASSWORD, "demo")):
            terminal.expect(pattern)
            terminal.answer(pattern, text)
        terminal.expect(QUESTION)
        os.kill(self.world.daemon.pid, signal.SIGSTOP)
        try:
            terminal.type("y")
            terminal.converse({CHOICE: NUMBER_OF_NEW, ASK_PASSPHRASE: kit.PASSPHRASE, SHELL: shell_word()})
        finally:
            os.kill(self.world.daemon.pid, signal.SIGCONT)
        self.assertIn_(terminal)
        self.assertRegex(terminal.shown, "was not renewed")
        self.assertAssigned("old")

    def test_the_daemon_dies_between_auth_and_account(self):
        self.world.begin_expired()
        terminal = Terminal("root", "login", variables=harness.pam_host_environment())
        for pattern, text in ((LOGIN, "demo"), (ASK_PASSPHRASE, kit.PASSPHRASE)):
            terminal.expect(pattern)
            terminal.answer(pattern, text)
        terminal.expect(PASSWORD)
        self.world.abandon()
        terminal.answer(PASSWORD, "demo")
        terminal.converse({SHELL: shell_word()})
        self.assertIn_(terminal)

    def test_sudo_and_passwd_are_as_ever(self):
        if harness.pam_host_environment():
            return  # set-user-id programs take no sanitizer along
        self.world.begin_valid()
        write("/etc/sudoers.d/ovcert-test", "demo ALL=(ALL) ALL\n")
        self.addCleanup(os.unlink, "/etc/sudoers.d/ovcert-test")
        for answers in ({ASK_PASSPHRASE: [""], PASSWORD: ["demo"], r"password for demo: ?$": ["demo"]}, {ASK_PASSPHRASE: [kit.PASSPHRASE]}):
            terminal = Terminal("demo", "sudo", "-k", "id", "-un")
            self.assertEqual(terminal.converse(answers), 0, terminal.shown)
            self.assertRegex(terminal.shown, r"\broot\b")
        terminal = Terminal("other", "passwd")
        status = terminal.converse({r"current password: ?$": ["other"], r"(new|retype)[^\r\n]* password: ?$": ["Quite-Another-5"] * 2})
        self.addCleanup(subprocess.run, ["usermod", "-p", subprocess.run(["openssl", "passwd", "-6", "other"], capture_output=True, text=True,
                                                                       check=True).stdout.strip(), "other"], check=True)
        self.assertEqual(status, 0, terminal.shown)


class Required(Prompt):
    """require= for the service ovcert-required."""

    def setUp(self):
        super().setUp()
        self.stack("require=ovcert-required renew=ovcert-required")

    def stack(self, options):
        write("/etc/pam.d/ovcert-required",
              "auth [success=done auth_err=die default=ignore] pam_ovcert.so\nauth required pam_unix.so nodelay\n"
              f"account [success=ignore ignore=ignore default=die] pam_ovcert.so {options}\naccount required pam_unix.so\n")

    def sign_in(self, user, *typed, **options):
        return sign_in(user, *typed, service="ovcert-required", **options)

    def test_the_password_alone_does_not_do_for_who_has_a_certificate(self):
        self.world.begin_valid()
        result = self.assertCode(self.sign_in("demo", "", "demo"), "PAM_PERM_DENIED")
        self.assertIn("certificate is required", result.shown)

    def test_the_certificate_does(self):
        self.world.begin_valid()
        self.assertCode(self.sign_in("demo", kit.PASSPHRASE), "PAM_SUCCESS")

    def test_who_has_none_gets_in(self):
        self.world.begin_unassigned()
        self.assertCode(self.sign_in("demo", "demo"), "PAM_SUCCESS")
        self.assertCode(self.sign_in("other", "other"), "PAM_SUCCESS")

    def test_an_expired_one_that_is_not_renewed_does_not_do(self):
        self.world.begin_expired()
        self.assertCode(self.sign_in("demo", kit.PASSPHRASE, "demo", "n"), "PAM_PERM_DENIED")

    def test_one_that_is_renewed_does(self):
        self.world.begin_expired()
        kit.give_credential("demo", ca("new.p12"))
        result = self.sign_in("demo", NUMBER_OF_OLD, kit.PASSPHRASE, "demo", "y", NUMBER_OF_NEW, kit.PASSPHRASE, "y")
        self.assertCode(result, "PAM_SUCCESS")
        self.assertAssigned("new")

    def test_without_the_daemon_nobody_can_tell(self):
        self.world.begin_valid()
        self.world.stop()
        self.assertCode(self.sign_in("demo", "demo"), "PAM_AUTHINFO_UNAVAIL")

    def test_a_group_is_exempt(self):
        self.world.begin_valid()
        for group, code in (("nogroup", "PAM_PERM_DENIED"), ("no-such-group", "PAM_PERM_DENIED"), ("demo", "PAM_SUCCESS")):
            self.stack(f"require=ovcert-required exempt-group={group}")
            self.assertCode(self.sign_in("demo", "", "demo"), code)

    def test_root_is_exempt_even_without_the_daemon(self):
        self.world.begin_valid()
        self.world.stop()
        write("/etc/pam.d/ovcert-required", "auth required pam_permit.so\naccount [success=ignore ignore=ignore default=die] pam_ovcert.so "
                                            "require=ovcert-required\naccount required pam_permit.so\n")
        self.assertCode(self.sign_in("root"), "PAM_SUCCESS")

    def test_other_services_are_not_meant(self):
        self.world.begin_valid()
        self.stack("require=sshd,cron")
        self.assertCode(self.sign_in("demo", "", "demo"), "PAM_SUCCESS")


class Cards(Prompt):
    """Software tokens in the place of cards: the daemon's machine reads them as the system user that drives tokens."""

    MODULE = "/usr/lib/softhsm/libsofthsm2.so"
    USER = "ovcert-credential"
    FOLDER = "/run/ovcert-cards"
    CODE = "246810"

    def setUp(self):
        super().setUp()
        os.makedirs(self.FOLDER + "/tokens")
        self.addCleanup(shutil.rmtree, self.FOLDER)
        write(self.FOLDER + "/softhsm2.conf", f"directories.tokendir = {self.FOLDER}/tokens\nobjectstore.backend = file\n")
        for path in (self.FOLDER, self.FOLDER + "/tokens"):
            kit.own(path, self.USER, 0o700)
        kit.own(self.FOLDER + "/softhsm2.conf", self.USER, 0o600)
        self.configure(self.MODULE)
        self.addCleanup(self.configure, "")

    def configure(self, modules):
        write(os.path.join(kit.CONFIG_DIR, "credential.conf"),
              f"[pkcs11]\nmodules = {modules}\nenvironment = SOFTHSM2_CONF={self.FOLDER}/softhsm2.conf\n")

    def tool(self, *command):
        must(harness.run_as(self.USER, *command, variables={"SOFTHSM2_CONF": self.FOLDER + "/softhsm2.conf"}))

    def insert(self, label, *certificates, hidden=False):
        """A card with these certificates and their keys."""
        self.tool("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", self.CODE, "--so-pin", "31415926")
        self.put_certificate(label, "intermediate", "99", False)
        for number, name in enumerate(certificates, 1):
            self.put(label, name, f"0{number}", hidden)

    def put_certificate(self, label, name, number, hidden):
        path = f"{self.FOLDER}/{name}.der"
        with open(path, "wb") as file:
            file.write(harness.der(name))
        kit.own(path, self.USER, 0o600)
        self.tool("pkcs11-tool", "--module", self.MODULE, "--token-label", label, "--login", "--pin", self.CODE, "--write-object", path,
                  "--type", "cert", "--label", name, "--id", number, *(["--private"] if hidden else []))

    def put(self, label, name, number, hidden):
        path = f"{self.FOLDER}/{name}"
        key = subprocess.run(["openssl", "pkcs12", "-in", ca(f"{name}.p12"), "-passin", f"pass:{kit.PASSPHRASE}", "-nodes", "-nocerts"],
                                capture_output=True, check=True).stdout
        with open(path + ".key", "wb") as file:
            file.write(subprocess.run(["openssl", "pkcs8", "-topk8", "-nocrypt"], input=key, capture_output=True, check=True).stdout)
        kit.own(path + ".key", self.USER, 0o600)
        self.tool("softhsm2-util", "--import", path + ".key", "--token", label, "--label", name, "--id", number, "--pin", self.CODE)
        self.put_certificate(label, name, number, hidden)

    def begin(self, certificate="new"):
        """"demo" has this certificate, and no file."""
        if certificate == "old":
            self.world.begin_expired()
        else:
            self.world.begin_valid(certificate)
        kit.take_credentials("demo")

    def test_the_card_signs_in_inside_login(self):
        self.begin()
        self.insert("card", "new")
        terminal = self.assertIn_(self.log_in(pin=[self.CODE]))
        self.assertIn("PIN of ", terminal.shown)

    def test_of_several_tokens_and_certificates_the_right_one_is_asked_for(self):
        self.begin()
        self.insert("another", "other", "spare")
        self.insert("right", "revoked", "new", "ec")
        kit.give_credential("demo", ca("old.p12"))
        result = self.assertCode(sign_in("demo", self.CODE, service="gdm-password"), "PAM_SUCCESS")
        self.assertRegex(result.shown, "PIN of .*right")

    def test_s22_a_card_that_shows_others_is_not_asked_for_its_pin(self):
        self.begin()
        self.insert("card", "other")
        result = self.assertCode(sign_in("demo", "demo", service="gdm-password"), "PAM_SUCCESS")
        self.assertNotIn("PIN", result.shown)

    def test_s01_a_card_with_the_certificate_alone_signs_nobody_in(self):
        self.begin()
        self.tool("softhsm2-util", "--init-token", "--free", "--label", "card", "--pin", self.CODE, "--so-pin", "31415926")
        self.put_certificate("card", "new", "01", False)
        result = sign_in("demo", self.CODE, service="gdm-password")
        self.assertIn("PIN of ", result.shown)
        self.assertNotEqual(result.code, "PAM_SUCCESS", str(result))

    def test_s22_a_wrong_pin_does_not_fall_back_to_the_password(self):
        self.begin()
        self.insert("card", "new")
        result = self.assertCode(sign_in("demo", "135791", "demo", service="gdm-password"), "PAM_AUTH_ERR")
        self.assertIn("The PIN is wrong", result.shown)

    def test_an_empty_pin_leads_to_the_password(self):
        self.begin()
        self.insert("card", "new")
        self.assertCode(sign_in("demo", "", "demo", service="gdm-password"), "PAM_SUCCESS")

    def test_a_card_that_hides_its_certificates_is_asked(self):
        self.begin()
        self.insert("card", "other", "new", hidden=True)
        self.assertCode(sign_in("demo", self.CODE, service="gdm-password"), "PAM_SUCCESS")

    def test_an_expired_file_is_renewed_with_a_card(self):
        self.begin("old")
        kit.give_credential("demo", ca("old.p12"))
        self.insert("card", "new")
        result = sign_in("demo", kit.PASSPHRASE, "demo", "y", "1", self.CODE, "y", service="gdm-password")
        self.assertCode(result, "PAM_SUCCESS")
        self.assertAssigned("new")
        self.assertCode(sign_in("demo", self.CODE, service="gdm-password"), "PAM_SUCCESS")

    def test_an_expired_card_is_renewed_with_what_it_holds_too(self):
        self.begin("old")
        self.insert("card", "old", "new", "other")
        result = sign_in("demo", self.CODE, "demo", "y", self.CODE, "y", service="gdm-password")
        self.assertCode(result, "PAM_SUCCESS")
        self.assertAssigned("new")

    def test_a_card_without_a_fit_is_not_asked_for_a_renewal(self):
        self.begin("old")
        self.insert("card", "old", "other", "revoked")
        result = sign_in("demo", self.CODE, "demo", "y", self.CODE, "y", service="gdm-password")
        self.assertCode(result, "PAM_SUCCESS")
        self.assertIn("no certificate file or token with another certificate", result.shown)
        self.assertAssigned("old")

    def test_an_empty_user_name_stands_for_the_cards_user(self):
        self.begin()
        write_stacks(auth="card-user")
        self.insert("card", "new")
        result = self.assertCode(sign_in("", self.CODE, service="gdm-password"), "PAM_SUCCESS")
        self.assertIn("Signing in demo", result.shown)

    def test_an_empty_user_name_needs_the_option(self):
        self.begin()
        self.insert("card", "new")
        self.assertNotEqual(sign_in("", self.CODE, service="gdm-password").code, "PAM_SUCCESS")

    def test_s1_a_card_without_its_pin_names_its_user_and_lets_nobody_in(self):
        self.begin()
        write_stacks(auth="card-user")
        self.insert("card", "new")
        self.assertNotEqual(sign_in("", "135791", "demo", service="gdm-password").code, "PAM_SUCCESS")

    def test_of_cards_of_two_users_one_is_chosen(self):
        self.begin()
        harness.well(harness.create("other", kit.OTHER_HOLDER))
        harness.well(harness.assign("other", "other"))
        write_stacks(auth="card-user")
        self.insert("one", "new")
        self.insert("two", "other")
        result = sign_in("", "1", self.CODE, service="gdm-password")
        self.assertCode(result, "PAM_SUCCESS")
        self.assertRegex(result.shown, "Number of the card")

    def test_a_card_is_waited_for(self):
        self.begin()
        write_stacks(auth="wait=120")
        self.insert("card", "new")
        (token,) = os.listdir(self.FOLDER + "/tokens")
        os.rename(f"{self.FOLDER}/tokens/{token}", f"{self.FOLDER}/{token}")
        terminal = Terminal("root", "pamtester", "gdm-password", "demo", "authenticate", variables=harness.pam_host_environment())
        terminal.expect("Insert your card")
        os.rename(f"{self.FOLDER}/{token}", f"{self.FOLDER}/tokens/{token}")
        self.assertEqual(terminal.converse({PIN: [self.CODE]}, seconds=120), 0, terminal.shown)

    def test_waiting_for_a_card_is_cancelled_by_ctrl_c_and_the_password_does(self):
        self.begin()
        write_stacks(auth="wait=300")
        for program, patterns in ((("login",), {LOGIN: ["demo"]}), (("su", "demo"), {})):
            with self.subTest(program[0]):
                terminal = Terminal("root" if program[0] == "login" or harness.pam_host_environment() else "other", *program,
                                    variables=harness.pam_host_environment())
                while terminal.expect("Insert your card", *patterns) != 0:
                    terminal.answer(LOGIN, patterns[LOGIN].pop(0))
                terminal.interrupt()
                terminal.converse({PASSWORD: ["demo"], SHELL: shell_word()})
                self.assertIn_(terminal)

    def test_without_the_system_user_for_tokens_files_still_do(self):
        self.begin()
        kit.give_credential("demo", ca("new.p12"))
        subprocess.run(["usermod", "-l", "ovcert-away", self.USER], check=True)
        self.addCleanup(subprocess.run, ["usermod", "-l", self.USER, "ovcert-away"], check=True)
        self.assertCode(sign_in("demo", kit.PASSPHRASE, service="gdm-password"), "PAM_SUCCESS")


class OwnersName(harness.Case):
    """Root's calls in the owner's name, as the module makes them."""

    def options(self, **values):
        import dbus
        kinds = {"uid": dbus.UInt32, "service": dbus.String}
        return dbus.Dictionary({key: kinds[key](value) for key, value in values.items()}, signature="sv")

    def test_s41_nobody_but_root_may_speak_for_an_owner(self):
        self.world.begin_valid()
        uid = pwd.getpwnam("demo").pw_uid
        for user in ("demo", "other"):
            reply = harness.profile(user, "demo", "Unlink", "a{sv}", self.options(uid=uid))
            self.assertReply(reply, "Denied")

    def test_s42_a_uid_that_is_not_the_owners_is_refused(self):
        self.world.begin_valid()
        reply = harness.profile("root", "demo", "Unlink", "a{sv}", self.options(uid=pwd.getpwnam("other").pw_uid))
        self.assertReply(reply, "AccountChanged")
        self.assertEqual(self.described()["operations"], [])

    def test_s41_the_owners_name_assigns_nothing_unproven(self):
        import dbus
        self.world.begin_unassigned()
        values = {"certificate": dbus.ByteArray(harness.der("new")), "chain": harness.certificates("intermediate"),
                  "uid": dbus.UInt32(pwd.getpwnam("demo").pw_uid)}
        reply = harness.profile("root", "demo", "Assign", "sa{sv}", "", dbus.Dictionary(values, signature="sv"))
        self.assertReply(reply, "InvalidArgument")
        self.assertUnassigned()


if __name__ == "__main__":
    unittest.main()
