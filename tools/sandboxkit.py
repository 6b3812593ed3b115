# SPDX-License-Identifier: BSD-2-Clause
"""What tools/daemon, the demo and the end-to-end tests know about the sandbox: where things are, and how ovcertd runs in it."""
import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time

import pexpect

SANDBOX = os.environ.get("OVCERT_SANDBOX", "/run/ovcert-sandbox")
TOOLS = os.path.dirname(os.path.abspath(__file__))
LOGS = os.path.join(SANDBOX, "log")
JOURNAL = os.path.join(LOGS, "journal.log")
DAEMON_LOG = os.path.join(LOGS, "ovcertd.log")
PID_FILE = os.path.join(SANDBOX, "ovcertd.pid")
CONFIG_DIR = "/etc/ovcert"
STATE_DIR = "/var/lib/ovcert"
DATABASE = os.path.join(STATE_DIR, "ovcert.db")
DAEMON_USER = "ovcert"

# The people that tools/sandbox makes; the password is the name.
PEOPLE = ("demo", "other")
HOLDER = "99999999R"
OTHER_HOLDER = "00000000T"
PASSPHRASE = "demo-p12"
# Of every software token.
PIN = "246810"


# Seconds that anything may take, under the sanitizers and with all processors busy.
PATIENCE = 40
# What the programs ask, however they word it.
PASSWORD = r"password: ?$"
ASK_PASSPHRASE = r"passphrase[^\r\n]*: ?$"
ASK_PIN = r"PIN of [^\r\n]*: ?$"
QUESTION = r"\[y/n\][^\r\n]*$|\(y/n\)[^\r\n]*$|\[yes/no\][^\r\n]*$"
CHOICE = r"(which|number|choose)[^\r\n]*[:?] ?$"
SECRETS = (PASSWORD, ASK_PASSPHRASE, ASK_PIN)


class Failed(Exception):
    """Something did not happen that had to."""


def find_program(name):
    """Where meson installed it: in the path, or in libexec."""
    for folder in ("/usr/bin", "/usr/sbin", "/usr/libexec", "/usr/lib/ovcert", "/usr/libexec/ovcert"):
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            return path
    raise Failed(f"{name} is not installed")


def environment():
    """What a system service or a fresh session starts with; sanitizer settings are passed on."""
    kept = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TERM", "OVCERT_SANDBOX", "OVCERT_TOOLS")
    plain = {name: os.environ[name] for name in kept if name in os.environ}
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **plain}


def uses_sanitizer(program):
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    for line in listed.splitlines():
        if "libasan" in line:
            return line.split("=>")[1].split("(")[0].strip()
    return None


CLOCK_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def clock_library():
    library = os.path.join(SANDBOX, "clock.so")
    if not os.path.exists(library):
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, os.path.join(TOOLS, "clock.c")], check=True)
    return library


def clock_environment(program, clock):
    """Lets a program believe that it is another time: clock is an offset such as "-10d", in s, m, h or d. Only the wall clock moves."""
    if not clock:
        return {}
    preload = [path for path in (uses_sanitizer(program), clock_library()) if path]
    return {"LD_PRELOAD": " ".join(preload), "OVCERT_CLOCK_OFFSET": str(int(clock[:-1]) * CLOCK_UNITS[clock[-1]])}


def running_daemon():
    """The pid of the ovcertd that runs in this sandbox, whoever has started it."""
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdecimal() and os.readlink(f"/proc/{name}/exe") == os.path.realpath(find_program("ovcertd")):
                return int(name)
    return None


class Notify:
    """The service manager's side of sd_notify(3)."""

    def __init__(self, name="notify"):
        self.path = os.path.join(SANDBOX, f"{name}-{os.getpid()}-{time.monotonic_ns()}")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)
        self.seen = []

    def wait(self, wanted, seconds, alive=lambda: True):
        """True when a message with the line `wanted` ("READY=1") came, False when the time ran out or the sender is gone."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.socket.settimeout(0.1)
            try:
                lines = self.socket.recv(65536).decode("utf-8", "replace").splitlines()
            except socket.timeout:
                if not alive():
                    return False
                continue
            self.seen += lines
            if any(line == wanted or line.startswith(wanted + "=") for line in lines):
                return True
        return False

    def close(self):
        self.socket.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)


class Daemon:
    """ovcertd as its own user, as its unit would start it, but without systemd."""

    def __init__(self, arguments=(), clock=None, extra_environment=None, log=DAEMON_LOG):
        self.program = find_program("ovcertd")
        self.arguments = list(arguments)
        self.clock = clock
        self.extra = extra_environment or {}
        self.log = log
        self.log_start = 0
        self.process = None
        self.notify = None

    def start(self, wait=True, seconds=30):
        """Waits for READY=1; Failed with the end of the log when it does not come."""
        self.notify = Notify()
        variables = {**environment(), "NOTIFY_SOCKET": self.notify.path, "STATE_DIRECTORY": STATE_DIR,
                     **clock_environment(self.program, self.clock), **self.extra}
        # env(1) sets them after the change of user: setpriv itself shall not run under another clock.
        command = ["setpriv", f"--reuid={DAEMON_USER}", f"--regid={DAEMON_USER}", "--clear-groups", "--no-new-privs", "--inh-caps=-all",
                   "--", "env", "-i", *(f"{name}={value}" for name, value in variables.items()), self.program, *self.arguments]
        with open(self.log, "ab") as log:
            self.log_start = log.tell()
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/",
                                            umask=0o077)
        if wait and not self.notify.wait("READY=1", seconds, lambda: self.process.poll() is None):
            self.kill()
            raise Failed(f"ovcertd did not get ready (status {self.process.returncode}):\n{self.log_tail()}")
        return self

    @property
    def pid(self):
        return self.process.pid

    def log_tail(self, lines=30):
        """Of what it wrote since its start."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            log.seek(self.log_start)
            return "".join(log.readlines()[-lines:])

    def stop(self, seconds=20):
        """SIGTERM; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        status = self.process.wait(seconds)
        self.notify.close()
        return status

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.notify:
            self.notify.close()


def person_command(user, command, variables=None):
    """The command with the user's ids and a fresh environment (root stays root), and the user's home."""
    entry = pwd.getpwnam(user)
    values = {**environment(), "HOME": entry.pw_dir, "USER": user, "LOGNAME": user, "SHELL": "/bin/bash", "TERM": "xterm",
              **(variables or {})}
    start = [] if user == "root" else ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--init-groups", "--"]
    return start + ["env", "-i", *(f"{name}={value}" for name, value in values.items())] + list(command), entry.pw_dir


class Terminal:
    """A person at a terminal, who reads before typing. transcript: called with what is shown, as it comes, and with what is typed."""

    def __init__(self, user, *command, variables=None, transcript=None, size=(50, 160)):
        arguments, home = person_command(user, command, variables)
        self.child = pexpect.spawn(arguments[0], arguments[1:], timeout=PATIENCE, encoding="utf-8", codec_errors="backslashreplace",
                                   dimensions=size, cwd=home)
        self.child.delaybeforesend = None
        self.transcript = transcript or (lambda text: None)
        self.shown = ""

    def note(self, text):
        self.shown += text
        self.transcript(text)

    def give_up(self, why):
        self.note(self.child.before if isinstance(self.child.before, str) else "")
        self.child.close(force=True)
        raise Failed(f"{why}; shown:\n{self.shown}")

    def expect(self, *patterns, seconds=PATIENCE, end=False):
        """Which of the patterns came, len(patterns) for the end (if `end`)."""
        wanted = [re.compile(pattern, re.I) for pattern in patterns] + ([pexpect.EOF] if end else [])
        try:
            which = self.child.expect(wanted, timeout=seconds)
        except (pexpect.TIMEOUT, pexpect.EOF) as gone:
            self.give_up(f"none of {patterns} came ({type(gone).__name__})")
        self.note(self.child.before + (self.child.after if which < len(patterns) else ""))
        return which

    def type(self, text):
        self.child.sendline(text)

    def type_secret(self, text):
        """Whoever asks drops what was typed before the echo was off."""
        if not self.child.waitnoecho(PATIENCE):
            self.give_up("the echo stays on")
        self.type(text)

    def answer(self, pattern, text):
        (self.type_secret if pattern in SECRETS else self.type)(text)

    def interrupt(self):
        self.child.sendintr()

    def converse(self, answers, seconds=PATIENCE, limit=30):
        """Answers every question until the end, and returns the exit status. answers: pattern → text, or a list of texts, one a time."""
        patterns = list(answers)
        for _ in range(limit):
            which = self.expect(*patterns, seconds=seconds, end=True)
            if which == len(patterns):
                return self.finish()
            answer = answers[patterns[which]]
            if isinstance(answer, list):
                if not answer:
                    self.give_up(f"asked once more than expected ({patterns[which]})")
                answer = answer.pop(0)
            self.answer(patterns[which], answer)
        return self.give_up("it asks without end")

    def finish(self, seconds=PATIENCE):
        """Waits for the end; the exit status (128 + signal when killed)."""
        if not self.child.flag_eof:
            self.expect(seconds=seconds, end=True)
        self.child.wait()
        return self.child.exitstatus if self.child.exitstatus is not None else 128 + self.child.signalstatus


def wait_until(condition, seconds=10, what="the condition"):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"{what} did not come within {seconds} s")
        time.sleep(0.02)


def own(path, user, mode):
    shutil.chown(path, user, user)
    os.chmod(path, mode)


def give_credential(user, source, name=None):
    """Puts a .p12 file into the user's ~/.ovcert, as the user would; the path."""
    folder = os.path.join(os.path.expanduser(f"~{user}"), ".ovcert")
    os.makedirs(folder, exist_ok=True)
    own(folder, user, 0o700)
    target = os.path.join(folder, name or os.path.basename(source))
    shutil.copyfile(source, target)
    own(target, user, 0o600)
    return target


def take_credentials(user):
    shutil.rmtree(os.path.join(os.path.expanduser(f"~{user}"), ".ovcert"), ignore_errors=True)


def install_trust(authority, crls):
    """The test CA's root and revocation lists where the daemon looks for them."""
    for name, files in (("anchors.d", [os.path.join(authority, "root.pem")]),
                        ("crls.d", [os.path.join(authority, crls, name) for name in sorted(os.listdir(os.path.join(authority, crls)))])):
        folder = os.path.join(CONFIG_DIR, name)
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o755)
        for file in files:
            # Whole or not at all: a daemon may be reading.
            target = os.path.join(folder, os.path.basename(file))
            shutil.copyfile(file, target + ".new")
            os.chmod(target + ".new", 0o644)
            os.rename(target + ".new", target)


def make_authority(folder=None):
    folder = folder or os.path.join(SANDBOX, "ca")
    if not os.path.exists(os.path.join(folder, "root.pem")):
        subprocess.run([os.path.join(TOOLS, "testca"), folder], check=True, stdout=subprocess.DEVNULL)
    return folder


class Tokens:
    """Software tokens (SoftHSM2) in the place of smart cards, in a reader that everybody at this machine has: the user in his session,
    and root's sign-in programs, for which the helper becomes its own system user."""

    MODULE = "/usr/lib/softhsm/libsofthsm2.so"
    HELPER_USER = "ovcert-credential"

    def __init__(self, authority, user="demo", folder="/run/ovcert-tokens"):
        self.authority, self.user, self.folder = authority, user, folder
        self.store = os.path.join(folder, "tokens")
        self.configuration = os.path.join(folder, "softhsm2.conf")
        os.makedirs(self.store)
        with open(self.configuration, "w", encoding="ascii") as file:
            file.write(f"directories.tokendir = {self.store}\nobjectstore.backend = file\n")
        self.share()
        self.configure(self.MODULE)

    def configure(self, modules, environment=""):
        path = os.path.join(CONFIG_DIR, "credential.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"[pkcs11]\nmodules = {modules}\nenvironment = SOFTHSM2_CONF={self.configuration} {environment}\n")
        os.chmod(path, 0o644)

    def share(self):
        """SoftHSM2 keeps its files to who made them; a wrong PIN is written down by whoever reads the card."""
        for folder, _, files in os.walk(self.folder):
            for path, mode in ((folder, 0o2770), *((os.path.join(folder, name), 0o660) for name in files)):
                shutil.chown(path, self.user, self.HELPER_USER)
                os.chmod(path, mode)

    def tool(self, *command):
        done = subprocess.run(command, env={**environment(), "SOFTHSM2_CONF": self.configuration}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def insert(self, label, *certificates):
        """A token with these certificates of the test CA, their keys, and their issuer's certificate. Labels may be the same."""
        made = self.tool("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "31415926")
        slot = re.search(r"slot (\d+)\s*$", made).group(1)
        self.put_certificate(slot, "intermediate.pem", "intermediate", "99")
        for number, name in enumerate(certificates, 1):
            self.tool("softhsm2-util", "--import", os.path.join(self.authority, f"{name}.key"), "--slot", slot, "--label", name,
                      "--id", f"{number:02}", "--pin", PIN, *(["--force"] if number > 1 else []))
            self.put_certificate(slot, f"{name}.leaf.pem", name, f"{number:02}")
        self.share()

    def put_certificate(self, slot, file, name, number):
        der = os.path.join(self.folder, f"{name}.der")
        subprocess.run(["openssl", "x509", "-in", os.path.join(self.authority, file), "-outform", "DER", "-out", der], check=True)
        self.tool("pkcs11-tool", "--module", self.MODULE, "--slot", slot, "--login", "--pin", PIN, "--write-object", der,
                  "--type", "cert", "--label", name, "--id", number)
        os.unlink(der)

    def remove(self):
        shutil.rmtree(self.folder)
        self.configure("")
