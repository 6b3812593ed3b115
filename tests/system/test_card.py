# SPDX-License-Identifier: BSD-2-Clause
"""A smart card the way that Debian drives it: pcscd, its reader's driver and OpenSC, without a line of configuration. The card and the
reader alone are not of plastic (piv_card.py). And the prompt for smart cards that GDM's package brings."""
import os
import re
import subprocess
import sys

import machine
from harness import Terminal, ca, ctl, der, kit, must, sign_in
from machine import WHO
from sandboxkit import ASK_PIN
from test_ssh import archive

HERE = os.path.dirname(os.path.abspath(__file__))
READER_PACKAGES = ("libusb-1.0-0", "libccid", "pcscd", "libqrencode4", "vsmartcard-vpcd")
FOLDER = "/run/ovcert-card"
CODE, WRONG = "246810", "135791"
PROMPT = "gdm-smartcard"
OURS = "/etc/pam.d/gdm-smartcard-ovcert"


def key_of(name):
    return subprocess.run(["openssl", "pkcs12", "-in", ca(f"{name}.p12"), "-passin", f"pass:{kit.PASSPHRASE}", "-nodes", "-nocerts"],
                          capture_output=True, check=True).stdout


class Reader(machine.Case):
    def setUp(self):
        super().setUp()
        if not os.path.exists("/usr/sbin/pcscd"):
            machine.apt("install", *(archive(name) for name in READER_PACKAGES if not machine.is_installed(name)))
        os.makedirs(FOLDER, exist_ok=True)
        machine.systemctl("start", "pcscd.socket")
        machine.systemctl("restart", "pcscd.service")
        self.card = None

    def insert(self, name="new"):
        """demo's certificate on a card, and nowhere else."""
        self.world.begin_valid(name)
        kit.take_credentials("demo")
        paths = f"{FOLDER}/{name}.der", f"{FOLDER}/{name}.pem"
        for path, content in zip(paths, (der(name), key_of(name))):
            with open(path, "wb") as file:
                file.write(content)
        self.card = subprocess.Popen([sys.executable, f"{HERE}/piv_card.py", *paths, CODE], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.pull)
        self.assertEqual(self.card.stdout.readline(), "inserted\n")
        kit.wait_until(self.noticed, what="the card")

    @staticmethod
    def noticed():
        """pcscd looks into its readers every now and then."""
        return re.search(r"^0 +Yes ", machine.command("opensc-tool", "--list-readers"), re.M)

    def pull(self):
        if self.card:
            self.card.kill()
            self.card.wait()
            self.card.stdout.close()
            self.card = None


class Card(Reader):
    def test_it_signs_in(self):
        self.insert()
        self.assertRegex(self.assertIn_(machine.su("demo", pin=[CODE]), "demo").shown, "PIN of ")

    def test_s22_a_wrong_pin_is_one_try_and_no_password_follows(self):
        self.insert()
        self.assertOut(machine.su("demo", pin=[WRONG]))
        self.assertIn_(machine.su("demo", pin=[CODE]), "demo")

    def test_a_last_try_is_not_spent(self):
        self.insert()
        for _ in range(2):
            self.assertOut(machine.su("demo", pin=[WRONG]))
        terminal = self.assertIn_(machine.su("demo", password=["demo"]), "demo")
        self.assertNotRegex(terminal.shown, ASK_PIN)

    def test_pulled_out_at_the_prompt_it_lets_nobody_in_and_nothing_hangs(self):
        self.insert()
        terminal = Terminal("other", "su", "demo", "-c", WHO)
        terminal.expect(ASK_PIN)
        self.pull()
        terminal.type_secret(CODE)
        self.assertOut(machine.converse(terminal, {"password": "wrong"}))

    def test_without_pcscd_the_password_does(self):
        self.insert()
        machine.systemctl("mask", "--runtime", "--now", "pcscd.socket", "pcscd.service")
        self.addCleanup(machine.systemctl, "unmask", "--runtime", "pcscd.socket", "pcscd.service")
        self.assertIn_(machine.su("demo", password=["demo"]), "demo")

    def test_the_doctor_sees_it_and_is_content(self):
        self.insert()
        self.assertRegex(must(ctl("root", "doctor")).out, r"ok +tokens +\S.* is there")


class Gdm(Reader):
    """Debian's package of GDM, for its scripts and its PAM services; what it would take to run is not here."""

    def setUp(self):
        super().setUp()
        machine.command("dpkg", "--install", "--force-depends", archive("gdm3"), env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        self.addCleanup(machine.command, "dpkg", "--purge", "gdm3")

    @staticmethod
    def prompt():
        return os.path.realpath(f"/etc/pam.d/{PROMPT}")

    def test_its_prompt_for_smart_cards_is_ours_once_it_is_chosen_until_the_module_goes(self):
        self.insert()
        theirs = self.prompt()
        self.assertNotEqual(theirs, OURS)
        machine.command("update-alternatives", "--set", PROMPT, OURS)
        self.assertEqual(self.prompt(), OURS)
        result = self.assertCode(sign_in("", CODE, service=PROMPT), "PAM_SUCCESS")
        self.assertIn("Signing in demo", result.shown)
        self.assertNotEqual(sign_in("", WRONG, "demo", service=PROMPT).code, "PAM_SUCCESS")
        machine.command("dpkg", "--remove", "libpam-ovcert")
        self.addCleanup(machine.command, "dpkg", "--install", *machine.packages())
        self.assertEqual(self.prompt(), theirs)
