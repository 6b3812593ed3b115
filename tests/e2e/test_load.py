# SPDX-License-Identifier: BSD-2-Clause
"""Callers who go away, and callers who come in crowds: nothing is done for somebody who is not there, and nobody's sign-in waits for
what others pile up (SECURITY 6, 28, 33, 40).

Nothing here is measured in seconds: a crowd keeps on for as long as a sign-in takes, and the sign-in has to come through the middle of it.
"""
import contextlib
import mmap
import os
import pwd
import random
import re
import signal
import socket
import subprocess
import time

import dbus
from gi.repository import Gio, GLib

import harness
from harness import BUS_NAME, ROOT_PATH, ca, call_on, connect, der, in_child, kit, manager, profile_path, sign_in, well

EMPTY = dbus.Dictionary({}, signature="sv")
MANAGER = "org.ovcert1.Manager"
PROFILE = "org.ovcert1.Profile"
LOGIN = "org.ovcert1.Login"


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident(pid):
    """KiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def work_of(pid):
    """Seconds of processor that the process has used."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Crowd:
    """Processes that do the same over and over, as a user, and count in shared memory how often they were answered."""

    def __init__(self, user, count, make):
        self.counts = mmap.mmap(-1, 8 * count)
        self.children = [self.start(user, number, make) for number in range(count)]

    def start(self, user, number, make):
        """make(number): called in the child, as the user; returns what is done over and over."""
        entry = pwd.getpwnam(user)
        child = os.fork()
        if child:
            return child
        try:
            os.setsid()
            os.initgroups(user, entry.pw_gid)
            os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
            os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
            act = make(number)
            while True:
                act()
                self.counts[8 * number:8 * number + 8] = (self.count(number) + 1).to_bytes(8, "little")
        finally:
            os._exit(1)

    def count(self, number):
        return int.from_bytes(self.counts[8 * number:8 * number + 8], "little")

    def answered(self):
        return sum(self.count(number) for number in range(len(self.children)))

    def wait(self):
        """Until everybody has been answered once."""
        kit.wait_until(lambda: all(self.count(number) for number in range(len(self.children))), harness.PATIENCE, "the crowd")

    def is_whole(self):
        return all(os.waitpid(child, os.WNOHANG) == (0, 0) for child in self.children)

    def end(self):
        for child in self.children:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)


class Load(harness.Case):
    def setUp(self):
        super().setUp()
        self.world.begin_valid()
        harness.write_pam_service()

    def crowd(self, user, count, make):
        crowd = Crowd(user, count, make)
        self.addCleanup(crowd.end)
        crowd.wait()
        return crowd

    def signs_in_through(self, crowd):
        """The crowd was there before and is there afterwards, and was being served all the while."""
        before = crowd.answered()
        result = self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_SUCCESS")
        self.assertTrue(crowd.is_whole(), "somebody left the crowd")
        return crowd.answered() - before, result

    # ---- SECURITY 40 ----

    def make_slow_chain(self):
        """A valid chain of the greatest length, whose every signature is slow to verify: RSA-3072 with a public exponent
        of 256 bits (longer keys may have short exponents only)."""
        if os.path.exists(ca("slow.pem")):
            return
        subprocess.run(["/bin/sh", "-euc", SLOW_CHAIN], check=True, capture_output=True, cwd=ca(""))

    def slow_chain(self):
        self.make_slow_chain()
        with open(ca("slow.pem"), encoding="ascii") as file:
            blocks = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", file.read(), re.S)
        return [subprocess.run(["openssl", "x509", "-outform", "DER"], input=block.encode(), capture_output=True, check=True).stdout
                for block in blocks]

    def wide_chain(self):
        """Up to no anchor, and as large as certificates may be: each names thousands of extended key usages."""
        usages = b"\x06\x02\x2b\x01" * 15700
        with open(ca("wide.cnf"), "w", encoding="ascii") as file:
            usages = (b"\x30\x82" + len(usages).to_bytes(2, "big") + usages).hex()
            file.write(f"[wide]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign\nextendedKeyUsage = DER:{usages}\n")
        subprocess.run(["/bin/sh", "-euc", WIDE_CHAIN], check=True, capture_output=True, cwd=ca(""))
        chain = []
        for number in range(8):
            with open(ca(f"wide{number}.der"), "rb") as file:
                chain.append(file.read())
        return chain

    def test_s40_twenty_callers_with_the_widest_chain_do_not_keep_others_from_signing_in(self):
        leaf, *chain = (dbus.ByteArray(octets) for octets in self.wide_chain())
        reply = well(manager("other", "CheckCertificate", "ayaaya{sv}", leaf, dbus.Array(chain, signature="ay"), EMPTY))
        self.assertEqual(len(reply.value["path"]), 8)
        for step in reply.value["path"]:
            self.assertEqual(len(step["extended-key-usage"]), 64)

        def make(_):
            connection = connect()
            return lambda: call_on(connection, ROOT_PATH, MANAGER, "CheckCertificate", "ayaaya{sv}", leaf, dbus.Array(chain, signature="ay"),
                                   EMPTY)
        crowd = self.crowd("other", 20, make)
        for _ in range(3):
            checked, result = self.signs_in_through(crowd)
            self.assertGreater(checked, 0, str(result))

    def test_s40_twenty_callers_with_the_slowest_chain_do_not_keep_others_from_signing_in(self):
        leaf, *chain = (dbus.ByteArray(octets) for octets in self.slow_chain())
        self.assertEqual(len(chain), 7)
        reply = well(manager("other", "CheckCertificate", "ayaaya{sv}", leaf, dbus.Array(chain, signature="ay"), EMPTY))
        # It has been built and verified up to the anchor, or it would not be a slow one.
        self.assertNotIn("untrusted", [reason["name"] for reason in reply.value["reasons"]])

        def make(_):
            connection = connect()
            return lambda: call_on(connection, ROOT_PATH, MANAGER, "CheckCertificate", "ayaaya{sv}", leaf, dbus.Array(chain, signature="ay"),
                                   EMPTY)
        crowd = self.crowd("other", 20, make)
        checked, result = self.signs_in_through(crowd)
        self.assertGreater(checked, 0, str(result))

    # ---- SECURITY 6 ----

    def test_s06_a_user_who_asks_for_challenges_without_end_does_not_keep_others_from_signing_in(self):
        def make(_):
            connection = connect()
            return lambda: call_on(connection, ROOT_PATH, LOGIN, "Begin", "sa{sv}", "other", EMPTY)
        begun, result = self.signs_in_through(self.crowd("other", 8, make))
        self.assertGreater(begun, 0, str(result))

    def test_s06_stopped_sign_ins_of_root_do_not_keep_others_from_signing_in(self):
        """As many as the bus lets one user have connections: more than the table has room for beside what it keeps for others."""
        def begin_many(wanted=200):
            names = []
            with contextlib.suppress(dbus.DBusException):
                for number in range(wanted):
                    connection = connect()
                    self.stopped.append(connection)
                    target, uid = (("other", pwd.getpwnam("other").pw_uid), ("demo", pwd.getpwnam("demo").pw_uid),
                                   (f"nobody{number % 23}", 71000 + number % 23))[number % 3]
                    names.append(call_on(connection, ROOT_PATH, LOGIN, "Begin", "sa{sv}", target, {"uid": dbus.UInt32(uid)}).name)
            return names
        self.stopped = []
        names = begin_many()
        self.addCleanup(lambda: [connection.close() for connection in self.stopped])
        self.assertGreater(names.count("ok"), 64)
        self.assertLessEqual(set(names), {"ok", "LimitExceeded"})
        self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_SUCCESS")

    # ---- SECURITY 33 ----

    def forged(self):
        """A certificate that nobody issued, with a name of two lines."""
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null",
                   "-utf8", "-outform", "DER", "-subj", "/CN=x\nAccepted for root"]
        return dbus.ByteArray(subprocess.run(command, check=True, capture_output=True).stdout)

    def test_s33_a_flood_of_refusals_leaves_ten_rows_a_minute_and_a_number(self):
        leaf, none = self.forged(), dbus.Array([], signature="ay")

        def try_often():
            connection = connect()
            answers = []
            for _ in range(500):
                challenge = well(call_on(connection, ROOT_PATH, LOGIN, "Begin", "sa{sv}", "other", EMPTY)).value
                answers.append(call_on(connection, ROOT_PATH, LOGIN, "Finish", "sayaaysaya{sv}", challenge, leaf, none, "ecdsa-sha256",
                                       dbus.ByteArray(bytes(64)), EMPTY).name)
                # Refused before anybody looks, and by polkit.
                call_on(connection, ROOT_PATH, LOGIN, "Begin", "sa{sv}", "other", {"service": "x\nAccepted for root"})
                call_on(connection, profile_path("demo"), PROFILE, "Block", "a{sv}", {"reason": "lost"})
            return answers
        start = time.monotonic()
        answers = in_child("other", try_often)
        minutes = 1 + int((time.monotonic() - start) / 60)
        self.assertNotIn("ok", answers)
        # Somebody else's events have their rows all the same.
        self.assertCode(sign_in("demo", kit.PASSPHRASE), "PAM_SUCCESS")
        self.world.restart()
        self.check_rows(len(answers), minutes)
        text = self.logs.text()
        self.assertNotRegex(text, r"(?m)^(\S+: )?Accepted for root")
        self.assertLess(len(text.splitlines()), 100 * (minutes + 1), text[-2000:])

    def check_rows(self, refusals, minutes):
        rows = [row for _, row in well(manager("root", "ReadLog", "a{sv}tu", EMPTY, dbus.UInt64(0), dbus.UInt32(1000))).values[0]]
        self.assertIn("login-accepted", [row["event"] for row in rows])
        mine = [row for row in rows if row["actor"] == pwd.getpwnam("other").pw_uid]
        counted = [int(row["detail"]) for row in mine if row["event"] == "refusals-suppressed"]
        self.assertTrue(counted, mine)
        self.assertLessEqual(len(mine), 11 * (minutes + 1), mine)
        # None is forgotten.
        self.assertGreaterEqual(len(mine) - len(counted) + sum(counted), refusals)

    # ---- SECURITY 28 ----

    def test_s28_callers_who_leave_at_once_get_nothing_done(self):
        pid = self.world.daemon.pid
        user = "other"
        # What the first ones cost, the others must not cost again.
        in_child(user, lambda: send_and_leave(1000, 5))
        self.settle()
        files, memory, work = open_files(pid), resident(pid), work_of(pid)
        gone = in_child(user, lambda: send_and_leave(10000, 30))
        work = work_of(pid) - work
        print(f"# {gone} callers sent a request and left; the daemon worked for {work:.1f} s", flush=True)
        self.settle()
        self.assertGreater(gone, 500)
        # They were heard: a tenth of what one request takes, at the very least.
        self.assertGreater(work, gone * 0.00001)
        self.assertIsNone(self.world.daemon.process.poll(), self.world.daemon.log_tail())
        self.assertLessEqual(open_files(pid), files + 4)
        # The sanitizer keeps what was freed for a while.
        self.assertLess(resident(pid) - memory, 300 * 1024 if kit.uses_sanitizer(self.world.daemon.program) else 8 * 1024)
        self.nothing_was_done(user)

    def settle(self):
        """Whatever was asked before is answered, by the daemon and by polkit, when this is."""
        time.sleep(0.2)
        for _ in range(3):
            well(harness.profile("root", "demo", "Describe"))
            self.assertNotEqual(harness.profile("other", "other", "Block", "a{sv}", EMPTY).name, "ok")

    def nothing_was_done(self, user):
        self.assertAssigned("new")
        described = self.described()
        self.assertEqual((described["state"], described["operations"], described["candidates"]), ("assigned", [], []))
        listed, after = well(manager("root", "ListProfiles", "a{sv}su", EMPTY, "", dbus.UInt32(100))).values
        self.assertEqual(([row[0] for row in listed], after), (["demo"], ""))
        rows = [row for _, row in well(manager("root", "ReadLog", "a{sv}tu", EMPTY, dbus.UInt64(0), dbus.UInt32(1000))).values[0]]
        uid = pwd.getpwnam(user).pw_uid
        done = [row for row in rows if row["actor"] == uid and row["outcome"] in ("ok", "done", "accepted", "")]
        self.assertEqual(done, [])


SLOW_CHAIN = """
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out slow.key \
    -pkeyopt rsa_keygen_pubexp:115792089237316195423570985008687907853269984665640564039457584007913129639747
cat >slow.cnf <<'EOF'
[issuing]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[citizen]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
EOF
issuer=root issuer_key=root.key
for name in slow6 slow5 slow4 slow3 slow2 slow1 slow; do
    extensions=issuing
    [ $name != slow ] || extensions=citizen
    openssl req -new -key slow.key -subj "/C=ES/serialNumber=IDCES-99999999R/CN=$name" |
        openssl x509 -req -CA $issuer.pem -CAkey $issuer_key -days 30 -extfile slow.cnf -extensions $extensions -out $name.one
    cp $name.one $name.pem
    issuer=$name issuer_key=slow.key
done
cat slow.one slow1.one slow2.one slow3.one slow4.one slow5.one slow6.one root.pem >slow.pem
"""

WIDE_CHAIN = """
openssl ecparam -name prime256v1 -genkey -noout -out wide.key
openssl req -new -key wide.key -subj /CN=wide7 |
    openssl x509 -req -signkey wide.key -days 30 -extfile wide.cnf -extensions wide -out wide7.pem
for number in 6 5 4 3 2 1 0; do
    openssl req -new -key wide.key -subj /CN=wide$number |
        openssl x509 -req -CA wide$((number + 1)).pem -CAkey wide.key -days 30 -extfile wide.cnf -extensions wide -out wide$number.pem
done
for number in 0 1 2 3 4 5 6 7; do
    openssl x509 -in wide$number.pem -outform DER -out wide$number.der
done
"""


# ---- callers who leave ----

def blob(serial, path, interface, member, body=None, flags=0, destination=BUS_NAME):
    message = Gio.DBusMessage.new_method_call(destination, path, interface, member)
    message.set_serial(serial)
    message.set_flags(Gio.DBusMessageFlags(flags))
    if body is not None:
        message.set_body(body)
    return bytes(message.to_blob(Gio.DBusCapabilityFlags.NONE))


def requests():
    """What only an administrator or the owner may do, as the bytes of the wire; with and without the leave to ask for a password."""
    path = profile_path("demo")
    leaf, chain = der("spare"), [der("intermediate")]
    unproven = {"certificate": GLib.Variant("ay", leaf), "chain": GLib.Variant("aay", chain)}
    calls = [
        (path, PROFILE, "Block", GLib.Variant("(a{sv})", ({"reason": GLib.Variant("s", "lost")},))),
        (path, PROFILE, "Unlink", GLib.Variant("(a{sv})", ({},))),
        (path, PROFILE, "Delete", GLib.Variant("(a{sv})", ({},))),
        (path, PROFILE, "Assign", GLib.Variant("(sa{sv})", ("", unproven))),
        (path, PROFILE, "BeginProof", GLib.Variant("(ayaaya{sv})", (leaf, chain, {}))),
        (ROOT_PATH, MANAGER, "CreateProfile", GLib.Variant("(sa{sv}a{sv})", ("ghost", {"holder": GLib.Variant("s", kit.HOLDER)}, {}))),
        (ROOT_PATH, MANAGER, "ReadLog", GLib.Variant("(a{sv}tu)", ({}, 0, 10))),
    ]
    return [blob(2, *call, flags=flags) for call in calls for flags in (0, 4)]


def send_and_leave(wanted, seconds):
    """Connects, asks, and leaves at once, or a moment later; how often."""
    chance = random.Random(28)
    asked = requests()
    hello = blob(1, "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", destination="org.freedesktop.DBus")
    start = b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\nBEGIN\r\n"
    deadline = time.monotonic() + seconds
    for number in range(wanted):
        if time.monotonic() > deadline:
            return number
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(harness.BUS_ADDRESS.removeprefix("unix:path="))
            connection.sendall(start + hello)
            # Only a connection with a name of its own is heard.
            wait_for_name(connection)
            connection.sendall(chance.choice(asked))
            if chance.random() < 0.3:
                time.sleep(chance.uniform(0, 0.002))
    return wanted


def wait_for_name(connection):
    seen = b""
    while b"NameAcquired" not in seen:
        more = connection.recv(4096)
        if not more:
            raise ConnectionError(f"the bus has closed the connection: {seen!r}")
        seen += more
