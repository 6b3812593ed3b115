# SPDX-License-Identifier: BSD-2-Clause
"""Tokens with many certificates, several tokens, and a renewal with a token that ends at any of its prompts: the old association holds,
nothing stays running, and the next "ovcertctl renew" gets to the end."""
import os
import pwd
import re
import signal
import subprocess

import harness
from harness import CHOICE, DONE, FAILED, NOT_FOUND, PASSWORD, QUESTION, Terminal, ca, ctl, kit, must, sign_in
from sandboxkit import ASK_PIN

INTERRUPTED = 130
# As far as the kernel keeps a name.
HELPER = "ovcert-credential"[:15]
# All that the authority has for a card: the same key under several ids, other holders, expired, revoked, not valid yet, for signing only.
EIGHT = ("ec", "other", "future", "revoked", "spare", "signature", "old", "new")


def left_running():
    """What of "demo" or the helper is still there. The helper is known by its name: it is not dumpable, so its files in /proc are root's."""
    uid, found = pwd.getpwnam("demo").pw_uid, []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                name, state = stat.read().split("(", 1)[1].rsplit(")", 1)
            if (os.stat(f"/proc/{entry}").st_uid == uid or name == HELPER) and not state.startswith(" Z"):
                found.append((int(entry), name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def helpers():
    return [pid for pid, name in left_running() if name == HELPER]


def serial_number(name):
    shown = subprocess.run(["openssl", "x509", "-noout", "-serial", "-in", ca(f"{name}.pem")], capture_output=True, text=True, check=True)
    return shown.stdout.strip().removeprefix("serial=").lower()


class WithTokens(harness.Case):
    """A certificate that expired, assigned; no files; tokens that everybody at this machine can reach."""

    def setUp(self):
        super().setUp()
        harness.write_pam_service()
        self.world.begin_expired()
        kit.take_credentials("demo")
        self.tokens = kit.Tokens(ca(""))
        self.addCleanup(self.tokens.remove)

    def start(self, *arguments):
        return Terminal("demo", "ovcertctl", *arguments, variables={"NO_COLOR": "1"})

    ANSWERS = {CHOICE: "1", ASK_PIN: kit.PIN, PASSWORD: "demo", QUESTION: "y"}

    def renew(self, wanted="first"):
        """To the end; of what is offered, the line with the wanted word is chosen (tokens come in any order)."""
        terminal = self.start("renew")
        patterns = list(self.ANSWERS)
        while (which := terminal.expect(*patterns, end=True)) < len(patterns):
            answer = self.ANSWERS[patterns[which]]
            if patterns[which] == CHOICE:
                answer = re.findall(rf"^ *(\d+)\) .*{wanted}", terminal.shown, re.M)[-1]
            terminal.answer(patterns[which], answer)
        terminal.status = terminal.finish()
        return terminal

    def until(self, prompt):
        """A renewal that has come to this prompt."""
        terminal = self.start("renew")
        answers = {pattern: answer for pattern, answer in self.ANSWERS.items() if pattern != prompt}
        while (which := terminal.expect(prompt, *answers)) != 0:
            pattern, answer = list(answers.items())[which - 1]
            terminal.answer(pattern, answer)
        return terminal


class Many(WithTokens):
    def test_of_eight_certificates_the_right_one_signs_in(self):
        self.tokens.insert("card", *EIGHT)
        self.assertCode(sign_in("demo", kit.PIN), "PAM_CRED_EXPIRED")
        for name in ("new", "ec", "spare"):
            self.world.begin_valid(name)
            kit.take_credentials("demo")
            result = self.assertCode(sign_in("demo", kit.PIN), "PAM_SUCCESS")
            self.assertNotRegex(result.shown, "Number of")

    def test_of_eight_certificates_those_are_offered_that_would_do(self):
        self.tokens.insert("card", *EIGHT)
        listed = must(ctl("demo", "credentials")).out
        self.assertEqual(listed.count("would do for a renewal"), 3, listed)
        self.assertEqual(listed.count("would not do"), 4, listed)
        self.assertEqual(listed.count("assigned to you, and not accepted any more"), 1, listed)

    def test_of_eight_certificates_the_chosen_one_is_assigned(self):
        self.tokens.insert("card", *EIGHT)
        terminal = self.assertEnded(self.renew(serial_number("spare")), DONE)
        self.assertRegex(terminal.shown, "Number of the certificate")
        self.assertAssigned("spare")
        self.assertCode(sign_in("demo", kit.PIN), "PAM_SUCCESS")

    def test_of_two_tokens_the_one_that_fits_is_used(self):
        self.tokens.insert("theirs", "other")
        self.tokens.insert("mine", "old", "new")
        self.assertEnded(self.renew("mine"), DONE)
        self.assertAssigned("new")
        result = self.assertCode(sign_in("demo", kit.PIN), "PAM_SUCCESS")
        self.assertRegex(result.shown, "PIN of mine")

    def test_two_tokens_of_the_same_name_are_told_apart(self):
        self.tokens.insert("card", "other", "spare")
        self.tokens.insert("card", "revoked", "ec")
        for name in ("ec", "spare"):
            self.world.begin_valid(name)
            kit.take_credentials("demo")
            self.assertCode(sign_in("demo", kit.PIN), "PAM_SUCCESS")


class Readers(WithTokens):
    """What SoftHSM2 has not, by a module that changes some of its answers (tests/ovcert-credential/shim.c)."""

    LAST_TRY = r"last try\? \[y/n\] ?$"

    def setUp(self):
        super().setUp()
        self.shim = os.path.join(self.tokens.folder, "shim.so")
        source = os.path.join(os.path.dirname(kit.TOOLS), "tests", "ovcert-credential", "shim.c")
        flags = subprocess.run(["pkg-config", "--cflags", "p11-kit-1"], capture_output=True, text=True, check=True).stdout.split()
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", *flags, f'-DSOFTHSM_MODULE="{self.tokens.MODULE}"', "-o", self.shim, source],
                       check=True)
        self.tokens.insert("card", "old", "new")

    def behave(self, words, pin=kit.PIN):
        """pin: what somebody types on the reader."""
        self.tokens.configure(self.shim, f"SHIM={words} SHIM_PIN={pin} SHIM_LOG={self.tokens.folder}/log")

    def logins(self):
        """A letter for each try of a PIN; they are forgotten."""
        path = os.path.join(self.tokens.folder, "log")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="ascii") as log:
            letters = log.read()
        os.unlink(path)
        return letters

    def answer(self, answers):
        terminal = self.start("renew")
        terminal.status = terminal.converse({CHOICE: "1", PASSWORD: "demo", **answers, QUESTION: "y"})
        return terminal

    def test_a_pin_is_typed_on_the_reader_that_has_a_pad(self):
        self.behave("pinpad")
        terminal = self.assertEnded(self.answer({}), DONE)
        self.assertRegex(terminal.shown, "Enter the PIN of card on the reader")
        self.assertAssigned("new")
        self.logins()
        result = self.assertCode(sign_in("demo"), "PAM_SUCCESS")
        self.assertIn("Enter the PIN on the reader", result.shown)
        self.assertEqual(self.logins(), "U")

    def test_s22_a_wrong_pin_on_the_reader_is_tried_once(self):
        self.behave("pinpad", "135791")
        self.assertRegex(self.assertEnded(self.answer({}), FAILED).shown, "PIN is wrong")
        self.assertEqual(self.logins(), "U")
        self.assertCode(sign_in("demo"), "PAM_AUTH_ERR")
        self.assertEqual(self.logins(), "U")
        self.assertAssigned("old")

    def test_nobody_at_the_reader_is_a_cancelled_renewal(self):
        self.behave("pinpad,cancels")
        self.assertEnded(self.answer({}), FAILED)
        self.assertNotEqual(sign_in("demo").code, "PAM_SUCCESS")
        self.assertAssigned("old")

    def test_s22_the_last_try_is_used_up_by_who_says_so_alone(self):
        self.behave("final-try")
        self.assertEnded(self.answer({self.LAST_TRY: "n"}), FAILED)
        result = sign_in("demo", kit.PIN)
        self.assertRegex(result.shown, "one try left")
        self.assertNotIn("PIN of card (", result.shown)
        self.assertNotEqual(result.code, "PAM_SUCCESS")
        self.assertEqual(self.logins(), "")
        self.assertEnded(self.answer({self.LAST_TRY: ["y"], ASK_PIN: ["135791"]}), FAILED)
        self.assertEqual(self.logins(), "U")
        self.assertEnded(self.answer({self.LAST_TRY: ["y"], ASK_PIN: [kit.PIN]}), DONE)
        self.assertAssigned("new")

    def test_s22_a_locked_pin_is_said_and_not_asked_for(self):
        self.behave("locked")
        self.assertRegex(self.assertEnded(self.answer({}), NOT_FOUND).shown, "locked")
        result = sign_in("demo", kit.PIN)
        self.assertRegex(result.shown, "locked")
        self.assertNotEqual(result.code, "PAM_SUCCESS")
        self.assertEqual(self.logins(), "")

    def test_s22_a_pin_that_gets_locked_is_not_asked_for_again(self):
        self.behave("locks")
        self.assertRegex(self.assertEnded(self.answer({ASK_PIN: ["135791"]}), FAILED).shown, "locked")
        self.assertEqual(self.logins(), "U")

    def test_a_key_that_wants_the_pin_for_each_signature_gets_it(self):
        self.tokens.insert("signing")
        key = os.path.join(self.tokens.folder, "spare.der")
        subprocess.run(["openssl", "pkey", "-in", ca("spare.key"), "-outform", "DER", "-out", key], check=True)
        put = ("pkcs11-tool", "--module", self.tokens.MODULE, "--token-label", "signing", "--login", "--pin", kit.PIN, "--id", "01",
               "--write-object")
        self.tokens.tool(*put, key, "--type", "privkey", "--always-auth", "--usage-sign")
        subprocess.run(["openssl", "x509", "-in", ca("spare.leaf.pem"), "-outform", "DER", "-out", key], check=True)
        self.tokens.tool(*put, key, "--type", "cert")
        self.tokens.share()
        self.world.begin_valid("spare")
        kit.take_credentials("demo")
        self.behave("none")
        self.assertCode(sign_in("demo", kit.PIN), "PAM_SUCCESS")
        self.assertEqual(self.logins(), "UC")


class Ended(WithTokens):
    """One way to end at each prompt of "renew", one after the other, and then a renewal that is let go on."""

    # Two tokens would do, so that one is chosen, and then one certificate.
    PROMPTS = (CHOICE, ASK_PIN, PASSWORD, QUESTION)

    def setUp(self):
        super().setUp()
        self.tokens.insert("first", "old", "new")
        self.tokens.insert("second", "spare")

    def ends_everywhere(self, end, statuses):
        for prompt in self.PROMPTS:
            with self.subTest(prompt=prompt):
                terminal = self.until(prompt)
                end(terminal)
                kit.wait_until(lambda: not left_running(), kit.PATIENCE, f"the end of everything ({prompt})")
                terminal.child.wait() if not terminal.child.flag_eof else None
                self.assertAssigned("old")
                status = terminal.child.exitstatus if terminal.child.exitstatus is not None else 128 + terminal.child.signalstatus
                self.assertIn(status, statuses, terminal.shown)
                states = [row["state"] for row in self.described()["operations"]]
                self.assertIn(states, ([], ["requested"]))
        self.goes_on()

    def goes_on(self):
        self.assertEnded(self.renew(), DONE)
        self.assertIn(self.described()["certificate"]["serial"], (serial_number("new"), serial_number("spare")))
        self.assertEqual(self.described()["operations"], [])
        self.assertCode(sign_in("demo", kit.PIN), "PAM_SUCCESS")
        must(ctl("root", "log", "--verify"))

    def test_ctrl_c_at_each_prompt(self):
        def interrupt(terminal):
            terminal.interrupt()
            terminal.finish()
        self.ends_everywhere(interrupt, (INTERRUPTED,))

    def test_a_terminal_that_is_closed_at_each_prompt(self):
        def hang_up(terminal):
            terminal.child.ptyproc.fileobj.close()
            kit.wait_until(lambda: not terminal.child.isalive(), kit.PATIENCE, "the end of ovcertctl")
        self.ends_everywhere(hang_up, (FAILED, INTERRUPTED, 128 + signal.SIGHUP))

    def test_s36_kill_9_of_the_tool_at_each_prompt(self):
        def kill(terminal):
            os.kill(terminal.child.pid, signal.SIGKILL)
            terminal.finish()
        self.ends_everywhere(kill, (128 + signal.SIGKILL,))

    def test_s36_kill_9_of_the_helper_at_each_prompt(self):
        """Where none is there, the renewal goes on; where one was, it says so and ends, or asks anew."""
        killed = 0
        for prompt in self.PROMPTS[:-1]:
            with self.subTest(prompt=prompt):
                self.world.begin_expired()
                kit.take_credentials("demo")
                terminal = self.until(prompt)
                there = helpers()
                killed += len(there)
                for pid in there:
                    os.kill(pid, signal.SIGKILL)
                terminal.answer(prompt, self.ANSWERS[prompt])
                answers = {**self.ANSWERS, QUESTION: "n"}
                self.assertEqual(terminal.converse(answers), FAILED, terminal.shown)
                self.assertAssigned("old")
                kit.wait_until(lambda: not left_running(), kit.PATIENCE, "the end of everything")
        self.assertGreater(killed, 0)
        self.goes_on()

    def test_s36_kill_9_of_the_daemon_at_each_prompt(self):
        for prompt in self.PROMPTS:
            with self.subTest(prompt=prompt):
                terminal = self.until(prompt)
                self.world.abandon()
                if prompt != PASSWORD:  # polkit does not ask on for who is gone
                    terminal.answer(prompt, self.ANSWERS[prompt])
                self.assertIn(terminal.converse(self.ANSWERS), (FAILED, harness.UNAVAILABLE, harness.DENIED), terminal.shown)
                self.world.start()
                self.assertAssigned("old")
        self.goes_on()
