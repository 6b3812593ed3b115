# SPDX-License-Identifier: BSD-2-Clause
"""What every end-to-end test stands on: the installed product, a person at a terminal, a service on the bus, a PAM application.

Runs inside tools/sandbox only, as root. Nothing here is faked: commands run as the users they belong to, polkit asks for passwords.
"""
import functools
import json
import os
import pickle
import pwd
import re
import shutil
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.environ["OVCERT_TOOLS"])
import sandboxkit as kit  # noqa: E402  (its folder is known only now)
from sandboxkit import ASK_PASSPHRASE, CHOICE, PASSWORD, QUESTION, person_command  # noqa: E402

BUS_ADDRESS = "unix:path=/run/dbus/system_bus_socket"
BUS_NAME = "org.ovcert1"
ROOT_PATH = "/org/ovcert1"
PROFILE_PREFIX = "/org/ovcert1/profile"
ERROR_PREFIX = "org.ovcert1.Error."
PAM_SERVICE = "ovcert-test"
SNAPSHOTS = os.path.join(kit.SANDBOX, "snapshots")
SANITIZER_REPORT = re.compile(r"(Address|Leak|UndefinedBehavior)Sanitizer|runtime error: ")
# Under the sanitizers and with both processors busy.
PATIENCE = kit.PATIENCE

# exit statuses of ovcertctl
DONE, FAILED, USAGE, NOT_FOUND, DENIED, UNAVAILABLE = range(6)

# pam_strerror(3), as pamtester prints it
PAM_TEXTS = {
    "successfully authenticated": "PAM_SUCCESS",
    "account management done": "PAM_SUCCESS",
    "User credentials expired": "PAM_CRED_EXPIRED",
    "Authentication service cannot retrieve authentication info": "PAM_AUTHINFO_UNAVAIL",
    "Authentication failure": "PAM_AUTH_ERR",
    "Permission denied": "PAM_PERM_DENIED",
    "Conversation error": "PAM_CONV_ERR",
    "Critical error - immediate abort": "PAM_ABORT",
    "System error": "PAM_SYSTEM_ERR",
    "User not known to the underlying authentication module": "PAM_USER_UNKNOWN",
}


def no_sanitizer_report(text):
    if SANITIZER_REPORT.search(text):
        raise AssertionError(f"a sanitizer reports:\n{text}")
    return text


# ---- people ----

class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __str__(self):
        return f"status {self.status}\n{self.out}{self.err}"

    @property
    def json(self):
        return json.loads(self.out)


def run_as(user, *command, text_in="", seconds=PATIENCE, variables=None):
    arguments, home = person_command(user, command, variables)
    done = subprocess.run(arguments, input=text_in, capture_output=True, text=True, timeout=seconds, check=False, cwd=home,
                          start_new_session=True, errors="backslashreplace")
    no_sanitizer_report(done.stderr)
    return Result(done.returncode, done.stdout, done.stderr)


def ctl(user, *arguments, **options):
    """ovcertctl where nobody can be asked."""
    return run_as(user, "ovcertctl", "--no-ask-password", *arguments, **options)


class Terminal(kit.Terminal):
    def finish(self, seconds=PATIENCE):
        status = super().finish(seconds)
        no_sanitizer_report(self.shown)
        return status


def ask(user, *arguments, password=None, passphrase=kit.PASSPHRASE, question="y", choice="1", variables=None):
    """ovcertctl at a terminal, with a person who answers; the terminal, with .status."""
    terminal = Terminal(user, "ovcertctl", *arguments, variables=variables)
    terminal.status = terminal.converse({PASSWORD: password or user, ASK_PASSPHRASE: passphrase, QUESTION: question, CHOICE: choice})
    return terminal


# ---- the bus ----

def in_child(user, function):
    """Runs function() in a child that is the user, and returns what it returned. Exceptions come back as AssertionError."""
    entry = pwd.getpwnam(user)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            os.setsid()
            os.initgroups(user, entry.pw_gid)
            os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
            os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
            try:
                answer = (True, function())
            except Exception as failure:  # pylint: disable=broad-except
                answer = (False, f"{type(failure).__name__}: {failure}")
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump(answer, pipe)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    os.waitpid(pid, 0)
    if not data:
        raise AssertionError("the child ended without an answer")
    good, value = pickle.loads(data)
    if not good:
        raise AssertionError(value)
    return value


def connect():
    import dbus.bus
    connection = dbus.bus.BusConnection(BUS_ADDRESS)
    connection.set_exit_on_disconnect(False)
    return connection


def plain(value):
    """A D-Bus value as Python's own types."""
    import dbus
    if isinstance(value, (dbus.Boolean, bool)):
        return bool(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, (str, bytes)):
        return str(value)
    if isinstance(value, dbus.Array) and value.signature == "y":
        return bytes(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    return value


class Reply:
    """error: the D-Bus error's name or None; message: its text; values: what came back."""

    def __init__(self, error=None, message="", values=()):
        self.error, self.message, self.values = error, message, list(values)

    @property
    def name(self):
        """"ok", or the error's name, ours without its prefix."""
        return self.error.removeprefix(ERROR_PREFIX) if self.error else "ok"

    @property
    def value(self):
        return self.values[0]

    def __repr__(self):
        return f"{self.error}: {self.message}" if self.error else repr(self.values)


def call_on(connection, path, interface, member, signature="", *arguments, seconds=PATIENCE, destination=BUS_NAME):
    import dbus
    import dbus.lowlevel
    message = dbus.lowlevel.MethodCallMessage(destination, path, interface, member)
    message.append(*arguments, signature=signature)
    try:
        reply = connection.send_message_with_reply_and_block(message, seconds)
    except dbus.DBusException as failure:
        return Reply(failure.get_dbus_name(), failure.get_dbus_message() or "")
    return Reply(values=[plain(value) for value in reply.get_args_list()])


def call(user, path, interface, member, signature="", *arguments, **options):
    """One call of org.ovcert1 as the user, on a connection of its own, with no polkit agent around."""
    return in_child(user, lambda: call_on(connect(), path, interface, member, signature, *arguments, **options))


def manager(user, member, signature="", *arguments, **options):
    return call(user, ROOT_PATH, "org.ovcert1.Manager", member, signature, *arguments, **options)


def profile(user, name, member, signature="", *arguments, **options):
    return call(user, profile_path(name), "org.ovcert1.Profile", member, signature, *arguments, **options)


def login(user, member, signature="", *arguments, **options):
    return call(user, ROOT_PATH, "org.ovcert1.Login", member, signature, *arguments, **options)


def profile_path(name):
    """sd_bus_path_encode(3)."""
    data = name.encode("utf-8", "surrogateescape")
    if not data:
        return PROFILE_PREFIX + "/_"
    escaped = "".join(chr(octet) if (chr(octet).isascii() and chr(octet).isalpha()) or (index and chr(octet) in "0123456789")
                      else f"_{octet:02x}" for index, octet in enumerate(data))
    return f"{PROFILE_PREFIX}/{escaped}"


def bus_has_daemon():
    reply = in_child("root", lambda: call_on(connect(), "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner", "s", BUS_NAME,
                                             destination="org.freedesktop.DBus"))
    return bool(reply.values and reply.value)


@functools.lru_cache(maxsize=None)
def der(name):
    pem = subprocess.run(["openssl", "x509", "-in", ca(f"{name}.pem"), "-outform", "DER"], capture_output=True, check=True)
    return pem.stdout


def ca(name):
    return os.path.join(kit.SANDBOX, "ca", name)


# ---- PAM ----

def pam_module():
    for folder, _, files in os.walk("/usr/lib"):
        if "pam_ovcert.so" in files:
            return os.path.join(folder, "pam_ovcert.so")
    raise AssertionError("pam_ovcert.so is not installed")


def write_pam_service(name=PAM_SERVICE, auth="[success=done default=die]", options=""):
    with open(f"/etc/pam.d/{name}", "w", encoding="ascii") as file:
        file.write(f"auth {auth} pam_ovcert.so {options}\n"
                   f"account required pam_ovcert.so {options}\n"
                   f"password required pam_ovcert.so {options}\nsession required pam_ovcert.so {options}\n")


def pam_host_environment():
    """What a program needs to load the module when it was built with a sanitizer: its library, and libcrypt before it looks for crypt(3)."""
    sanitizer = kit.uses_sanitizer(pam_module())
    return {"LD_PRELOAD": f"{sanitizer} libcrypt.so.1", "ASAN_OPTIONS": "detect_leaks=0"} if sanitizer else {}


class PamResult:
    """code: a PAM_ name; shown: everything the application showed."""

    def __init__(self, code, shown, seconds):
        self.code, self.shown, self.seconds = code, shown, seconds

    def __str__(self):
        return f"{self.code} after {self.seconds:.1f} s\n{self.shown}"


def sign_in_with(name, user="demo", passphrase=kit.PASSPHRASE, **options):
    """Signs in with one of the user's files: with several, its number is asked for first."""
    files = sorted(os.listdir(os.path.join(pwd.getpwnam(user).pw_dir, ".ovcert")))
    number = [str(files.index(f"{name}.p12") + 1)] if len(files) > 1 else []
    return sign_in(user, *number, passphrase, **options)


def sign_in(user, *typed, service=PAM_SERVICE, operations=("authenticate", "acct_mgmt"), caller="root", seconds=PATIENCE):
    """pamtester(1); what is typed is given line by line."""
    import time
    variables = pam_host_environment()
    start = time.monotonic()
    result = run_as(caller, "pamtester", service, user, *operations, text_in="".join(line + "\n" for line in typed), seconds=seconds,
                    variables=variables)
    shown = result.out + result.err
    codes = [code for text, code in PAM_TEXTS.items() if text in shown]
    failed = [code for code in codes if code != "PAM_SUCCESS"]
    code = failed[0] if failed else "PAM_SUCCESS" if codes and result.status == 0 else f"? (status {result.status})"
    return PamResult(code, shown, time.monotonic() - start)


# ---- the world ----

def certificates(*names):
    import dbus
    return dbus.Array([dbus.ByteArray(der(name)) for name in names], signature="ay")


def create(name, holder=""):
    """As root over the bus, as "ovcertctl profile create" does."""
    import dbus
    data = dbus.Dictionary({"uid": dbus.UInt32(pwd.getpwnam(name).pw_uid), **({"holder": holder} if holder else {})}, signature="sv")
    return manager("root", "CreateProfile", "sa{sv}a{sv}", name, data, dbus.Dictionary({}, signature="sv"))


def assign(name, certificate, **options):
    """As root over the bus, without proof, as "ovcertctl assign --certificate" does."""
    import dbus
    values = {"certificate": dbus.ByteArray(der(certificate)), "chain": certificates("intermediate"), **options}
    return profile("root", name, "Assign", "sa{sv}", "", dbus.Dictionary(values, signature="sv"))


def well(reply):
    assert reply.error is None, repr(reply)
    return reply


class World:
    """The daemon and its state. Snapshots of the database make a test's start cheap; the daemon is down while they are restored."""

    def __init__(self):
        self.daemon = None
        kit.make_authority()

    def start(self, clock=None, arguments=(), **options):
        assert self.daemon is None
        self.daemon = kit.Daemon(arguments, clock=clock, **options).start(seconds=PATIENCE)
        return self.daemon

    def stop(self):
        if self.daemon:
            daemon, self.daemon = self.daemon, None
            status = daemon.stop(seconds=PATIENCE)
            assert status == 0, f"ovcertd ended with {status}:\n{daemon.log_tail()}"

    def restart(self, **options):
        self.stop()
        return self.start(**options)

    def abandon(self):
        """The end of a test, whatever state it is in."""
        if self.daemon:
            self.daemon.kill()
            self.daemon = None

    def clear(self):
        """Nothing at all: no database, no credentials, no changed configuration."""
        self.abandon()
        for name in os.listdir(kit.STATE_DIR):
            path = os.path.join(kit.STATE_DIR, name)
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        for user in kit.PEOPLE:
            kit.take_credentials(user)
        for name in ("ovcertd.conf.d", "kinds.d"):
            shutil.rmtree(os.path.join(kit.CONFIG_DIR, name), ignore_errors=True)

    def snapshot(self, name):
        assert self.daemon is None
        shutil.copytree(kit.STATE_DIR, os.path.join(SNAPSHOTS, name))

    def restore(self, name):
        self.clear()
        source = os.path.join(SNAPSHOTS, name)
        for file in os.listdir(source):
            shutil.copyfile(os.path.join(source, file), os.path.join(kit.STATE_DIR, file))
            kit.own(os.path.join(kit.STATE_DIR, file), kit.DAEMON_USER, 0o600)

    def begin_empty(self):
        """A daemon of now, no profile at all."""
        self.clear()
        kit.install_trust(ca(""), "crls")
        self.start()

    def begin_unassigned(self):
        """A daemon of now; "demo" has a profile with a holder and no certificate."""
        self.begin_empty()
        well(create("demo", kit.HOLDER))

    def begin_expired(self):
        """A daemon of now; "demo" has a profile whose certificate expired last week, and its .p12; assigned while it was valid."""
        if not os.path.isdir(os.path.join(SNAPSHOTS, "expired")):
            self.clear()
            kit.install_trust(ca(""), "crls-before")
            self.start(clock="-10d")
            well(create("demo", kit.HOLDER))
            well(assign("demo", "old"))
            self.stop()
            self.snapshot("expired")
        self.restore("expired")
        kit.install_trust(ca(""), "crls")
        kit.give_credential("demo", ca("old.p12"))
        self.start()

    def begin_valid(self, certificate="new"):
        """A daemon of now; "demo" has a valid certificate and its .p12."""
        self.begin_unassigned()
        well(assign("demo", certificate))
        kit.give_credential("demo", ca(f"{certificate}.p12"))


def must(result):
    assert result.status == DONE, str(result)
    return result


def memory_holds(pid, secret):
    """Searches what the process could read."""
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            span, access = line.split()[:2]
            # A sanitizer keeps terabytes of shadow for itself.
            start, end = (int(number, 16) for number in span.split("-"))
            if "r" not in access or end - start > 1 << 30 or "[v" in line:
                continue
            try:
                memory.seek(start)
                if secret in memory.read(end - start):
                    return True
            except (OSError, ValueError, OverflowError):
                continue
    return False


class Logs:
    """What was logged from here on, by the daemon and to the journal."""

    def __init__(self):
        self.start = {path: os.path.getsize(path) if os.path.exists(path) else 0 for path in (kit.JOURNAL, kit.DAEMON_LOG)}

    def text(self):
        result = ""
        for path, start in self.start.items():
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as log:
                    log.seek(start)
                    result += log.read()
        return result


class Case(unittest.TestCase):
    """A test with a world of its own making."""

    maxDiff = None

    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.abandon)
        self.logs = Logs()

    def assertStatus(self, result, status):
        self.assertEqual(result.status, status, str(result))
        return result

    def assertEnded(self, terminal, status):
        self.assertEqual(terminal.status, status, terminal.shown)
        return terminal

    def assertLogged(self, pattern, shown=""):
        """In the journal (which comes a moment later), or shown."""
        def there():
            return re.search(pattern, shown + self.logs.text())
        try:
            kit.wait_until(there, 5)
        except kit.Failed:
            self.fail(f"no “{pattern}” in:\n{shown}{self.logs.text()}")

    def assertCode(self, result, code):
        self.assertEqual(result.code, code, str(result))
        return result

    def assertReply(self, reply, name):
        self.assertEqual(reply.name, name, repr(reply))
        return reply

    def described(self, name="demo"):
        """What root is told about a profile."""
        return self.assertReply(profile("root", name, "Describe"), "ok").value

    def assertAssigned(self, certificate, name="demo"):
        import hashlib
        facts = self.described(name)["certificate"]
        self.assertEqual(facts["fingerprint"], hashlib.sha256(der(certificate)).digest(), f"not {certificate}: {facts}")

    def assertUnassigned(self, name="demo"):
        self.assertNotIn("certificate", self.described(name))


# ---- the programs around ----

def running(name):
    with open(os.path.join(kit.SANDBOX, f"{name}.pid"), encoding="ascii") as file:
        return int(file.read())


POLKIT = "org.freedesktop.PolicyKit1"


def activation_file(name):
    return f"/usr/share/dbus-1/system-services/{name}.service"


def set_activation(name, wanted):
    """Whether the bus starts the service when somebody calls it."""
    here, away = activation_file(name), activation_file(name) + ".away"
    if os.path.exists(away if wanted else here):
        os.rename(*((away, here) if wanted else (here, away)))
    in_child("root", lambda: call_on(connect(), "/org/freedesktop/DBus", "org.freedesktop.DBus", "ReloadConfig", "",
                                     destination="org.freedesktop.DBus"))


def stop_polkit():
    """And keeps the bus from starting it again."""
    set_activation(POLKIT, False)
    os.kill(running("polkitd"), signal.SIGKILL)


def start_polkit():
    set_activation(POLKIT, True)
    with open(os.path.join(kit.LOGS, "polkitd.log"), "ab") as log:
        process = subprocess.Popen(["/usr/lib/polkit-1/polkitd", "--no-debug"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   start_new_session=True)
    with open(os.path.join(kit.SANDBOX, "polkitd.pid"), "w", encoding="ascii") as file:
        file.write(str(process.pid))

    def there():
        reply = in_child("root", lambda: call_on(connect(), "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner", "s",
                                                 POLKIT, destination="org.freedesktop.DBus"))
        return bool(reply.values and reply.value)
    kit.wait_until(there, PATIENCE, "polkitd")
