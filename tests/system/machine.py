# SPDX-License-Identifier: BSD-2-Clause
"""What every test of a real installation stands on: ovcert from its packages, the services that systemd runs, and the doors that people
come in by.

Runs on a machine of tools/container only, as root. What the end-to-end tests know (people, the bus, PAM, certificates) is theirs.
"""
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import threading

import harness
from harness import ASK_PASSPHRASE, CHOICE, PASSWORD, QUESTION, Terminal, ca, kit
from sandboxkit import ASK_PIN

PACKAGES = os.environ["OVCERT_PACKAGES"]
UNIT = "ovcertd.service"
PROFILE = "ovcert"
DROP_INS = f"/run/systemd/system/{UNIT}.d"
CLOCK_FILE = "/run/ovcert-clock"

LOGIN = r"login: ?$"
SHELL = r"[$#] ?$"
SUDO_PASSWORD = r"password for \w+: ?$"
ANSWERS = {"choice": CHOICE, "passphrase": ASK_PASSPHRASE, "pin": ASK_PIN, "sudo": SUDO_PASSWORD, "password": PASSWORD,
           "question": QUESTION}
WHO = "echo I am $(id -un)"


# ---- commands and units ----

def command(*words, seconds=120, **options):
    """What it wrote; AssertionError when it fails."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="backslashreplace", timeout=seconds,
                          check=False, **options)
    assert done.returncode == 0, f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def systemctl(*words):
    return command("systemctl", *words)


def show(name, unit=UNIT):
    return systemctl("show", "--value", f"--property={name}", unit).strip()


def main_pid(unit=UNIT):
    return int(show("MainPID", unit))


def active(unit=UNIT):
    return show("ActiveState", unit) == "active"


def has_name():
    """Asked with busctl(1), which has a connection of its own each time."""
    return subprocess.run(["busctl", "--timeout=5", "status", harness.BUS_NAME], capture_output=True, stdin=subprocess.DEVNULL,
                          check=False).returncode == 0


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, mode)


def drop_in(name, text, unit=UNIT):
    write(f"/run/systemd/system/{unit}.d/{name}.conf", text)
    systemctl("daemon-reload")


def remove_drop_ins(unit=UNIT):
    shutil.rmtree(f"/run/systemd/system/{unit}.d", ignore_errors=True)
    systemctl("daemon-reload")


class Journal:
    """What was logged from here on."""

    def __init__(self):
        shown = command("journalctl", "--quiet", "--show-cursor", "--lines=0", "--no-pager")
        found = re.search(r"-- cursor: (\S+)", shown)
        self.since = [f"--after-cursor={found.group(1)}"] if found else []

    def text(self):
        return command("journalctl", "--quiet", "--no-pager", "--output=cat", *self.since)


# ---- packages ----

def apt(*words):
    """Never from an archive: a test has no network."""
    return command("apt-get", "-q", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", *words, seconds=300,
                   env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def packages(folder=PACKAGES):
    return sorted(path for path in glob.glob(os.path.join(folder, "*.deb")) if "-dbgsym" not in path)


def package_names():
    return [command("dpkg-deb", "--field", path, "Package").strip() for path in packages()]


def is_installed(name):
    asked = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", name], capture_output=True, text=True, check=False)
    return asked.stdout == "installed"


def install(folder=PACKAGES):
    return apt("install", *packages(folder))


def installed():
    """ovcert on this machine, once for all tests of a group."""
    if not os.path.exists("/usr/libexec/ovcertd"):
        install()
        systemctl("start", UNIT)  # makes the folder of its state


def enable_profile():
    command("pam-auth-update", "--enable", PROFILE)


# ---- the daemon as its unit ----

class Machine(harness.World):
    """The daemon is systemd's here."""

    def start(self, clock=None):
        if clock is not None:
            self.set_clock(clock)
        systemctl("start", UNIT)
        self.daemon = UNIT

    def stop(self):
        systemctl("stop", UNIT)
        self.daemon = None

    def abandon(self):
        subprocess.run(["systemctl", "stop", UNIT], capture_output=True, check=False)  # it may not be installed any more
        subprocess.run(["systemctl", "reset-failed", UNIT], capture_output=True, check=False)
        if os.path.exists(DROP_INS):
            remove_drop_ins()
        self.daemon = None

    @staticmethod
    def set_clock(clock):
        """The wall clock of the daemon alone: a container's is its host's. Counts at once, when the daemon was started with it."""
        write(CLOCK_FILE, str(int(clock[:-1]) * kit.CLOCK_UNITS[clock[-1]]))
        if not os.path.exists(DROP_INS + "/clock.conf"):
            library = "/usr/lib/ovcert-clock.so"
            shutil.copyfile(kit.clock_library(), library)
            drop_in("clock", f"[Service]\nEnvironment=LD_PRELOAD={library} OVCERT_CLOCK_FILE={CLOCK_FILE}\n")


# ---- doors ----

def converse(terminal, answers, **more):
    """answers: choice, passphrase, pin, password, sudo, question → a text for each time, or a list of texts, one a time."""
    terminal.status = terminal.converse({**more, **{ANSWERS[name]: texts if isinstance(texts, str) else list(texts)
                                                    for name, texts in answers.items()}})
    return terminal


def log_in(user, **answers):
    """login(1) at a terminal of root's; the terminal, with .status."""
    return converse(Terminal("root", "login"), answers, **{LOGIN: [user], SHELL: [WHO, "exit"]})


def su(user, caller="other", **answers):
    return converse(Terminal(caller, "su", user, "-c", WHO), answers)


class Visitors:
    """While something else happens, over and over: root signs in with the password, and somebody tries to who should not."""

    def __init__(self, case):
        self.case = case
        self.gone = threading.Event()
        self.thread = threading.Thread(target=self.visit)
        self.visits = 0
        self.failure = None

    def visit(self):
        try:
            while self.visits == 0 or not self.gone.is_set():
                self.case.assertIn_(su("root", password=["root"]), "root")
                self.case.assertOut(su("demo", passphrase="wrong", password="wrong"))
                self.visits += 1
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.gone.set()
        self.thread.join()
        if self.failure:
            raise self.failure


class Case(harness.Case):
    """A test on a machine where ovcert is installed and its PAM profile is on, or not yet."""

    profile = True

    def setUp(self):
        kit.make_authority()
        if self.profile:
            installed()
            enable_profile()
        self.world = Machine()
        self.addCleanup(self.world.abandon)
        self.logs = Journal()

    def assertIn_(self, terminal, user):
        self.assertIn(f"I am {user}", terminal.shown)
        return terminal

    def assertOut(self, terminal):
        self.assertNotRegex(terminal.shown, "I am (root|demo|other)")
        self.assertNotEqual(terminal.status, 0, terminal.shown)
        return terminal

    # What must hold whatever is broken.

    def assertRootGetsIn(self):
        self.assertIn_(log_in("root", password=["root"]), "root")

    def assertNobodyElseGetsIn(self):
        """Nobody without the password or the certificate that is assigned, in whatever order the questions come."""
        wrong = {"choice": "1", "password": "wrong", "question": "y"}
        attempts = [lambda: su("root", **wrong, passphrase="wrong"), lambda: su("demo", **wrong, passphrase="wrong"),
                    lambda: su("other", caller="demo", **wrong, passphrase=kit.PASSPHRASE)]
        # "other" has a good certificate of somebody else.
        kit.give_credential("other", ca("other.p12"))
        with concurrent.futures.ThreadPoolExecutor(len(attempts)) as pool:
            for terminal in pool.map(lambda attempt: attempt(), attempts):
                self.assertOut(terminal)

    def assertDoors(self):
        """Root gets in, nobody else does."""
        self.assertRootGetsIn()
        self.assertNobodyElseGetsIn()
