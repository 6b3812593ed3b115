# SPDX-License-Identifier: BSD-2-Clause
"""What bench/daemon and bench/login share: the way into the sandbox, a folder on a real disk, a private bus, medians, tables."""
import argparse
import json
import os
import pwd
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(HERE)
TOOLS = os.path.join(SOURCE, "tools")
SANDBOX = os.environ.get("OVCERT_SANDBOX", "/run/ovcert-sandbox")
# The programs where ovcertd's user can reach them, whoever's home the source tree lies in.
PROGRAMS = os.path.join(SANDBOX, "bench")
# Rounds that bench-turns does before it measures.
WARM_UPS = 2
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <includedir>/usr/share/dbus-1/system.d</includedir>
  <limit name="max_connections_per_user">4096</limit>
  <limit name="max_completed_connections">8192</limit>
  <limit name="max_incomplete_connections">2048</limit>
</busconfig>
"""


def arguments(parser, prepare=lambda options, work: None):
    """Parses, and enters the sandbox when we are outside; returns inside only, with .work: a folder on a disk. prepare: what is to be done
    outside before."""
    parser.add_argument("--build", default=os.environ.get("OVCERT_BUILD", os.path.join(SOURCE, "build")), metavar="FOLDER",
                        help="what to measure (default: $OVCERT_BUILD, or build)")
    parser.add_argument("--folder", default="/srv", help="where the databases go for the while: on a disk, and not below a folder that the "
                        "sandbox keeps in memory, as /var and /tmp (default: /srv)")
    parser.add_argument("--inside", dest="work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        # Of a build with sanitizers: these programs end without clearing up, and that is not what is looked at here.
        os.environ["ASAN_OPTIONS"] = "detect_leaks=0"
        prepare_programs(options.build)
        return options
    if os.geteuid() != 0:
        sys.exit(f"{os.path.basename(sys.argv[0])}: this needs root, because it makes a sandbox with its own users, bus and mounts.")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))  # through the clearing up below
    work = tempfile.mkdtemp(prefix="ovcert-bench-", dir=options.folder)
    os.chmod(work, 0o711)
    try:
        prepare(options, work)
        sys.exit(subprocess.run([os.path.join(TOOLS, "sandbox"), "--build", options.build, "--no-daemon", "--", os.path.abspath(sys.argv[0]),
                                 *sys.argv[1:], "--build", os.path.abspath(options.build), "--inside", work], check=False).returncode)
    finally:
        shutil.rmtree(work)


def prepare_programs(build):
    os.makedirs(PROGRAMS, exist_ok=True)
    folder = os.path.join(build, "bench")
    for name in os.listdir(folder):
        if name.startswith("bench-") and os.path.isfile(os.path.join(folder, name)):
            shutil.copy(os.path.join(folder, name), PROGRAMS)
    sys.path.insert(0, TOOLS)


def program(name):
    return os.path.join(PROGRAMS, name)


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def run_as_daemon(*command):
    """As the user who owns the database."""
    entry = pwd.getpwnam("ovcert")
    return run("setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", "--", *command)


def median(values):
    return statistics.median(values)


def say(text=""):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def aim(value, wanted, fine):
    """One line of the report: what was aimed at, beside."""
    return f"{value}   (aim: {wanted}; {'met' if fine else 'missed'})"


class Bus:
    """A dbus-daemon of our own with room for a thousand clients; the product's own policy holds."""

    def __init__(self, name):
        self.address = f"unix:path={PROGRAMS}/{name}.socket"
        path = os.path.join(PROGRAMS, f"{name}-bus.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(BUS_CONFIG.format(socket=f"{PROGRAMS}/{name}.socket"))
        with open(os.path.join(PROGRAMS, f"{name}-bus.log"), "wb") as log:  # it complains of a lower limit of descriptors than it would like
            self.process = subprocess.Popen(["dbus-daemon", f"--config-file={path}", "--nofork", "--nopidfile", "--nosyslog"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: os.path.exists(f"{PROGRAMS}/{name}.socket"), "the bus")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def wait_until(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"{what} did not come within {seconds} s")
        time.sleep(0.01)


def cpu_seconds(pid):
    """Of all its threads, in nanoseconds' precision."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def memory_mib(pid):
    """(RSS, of it anonymous) of a process: the heap, whoever else has the libraries mapped."""
    values = {}
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            words = line.split()
            if len(words) == 3 and words[2] == "kB":
                values[words[0]] = int(words[1]) / 1024
    return values["Rss:"], values["Anonymous:"]


def turns(commands, runs, typed, variables=None):
    """Runs pamtester and the like in turn; one dict each (turns.c)."""
    output = run(program("bench-turns"), "-n", runs, "-w", WARM_UPS, "-i", typed, *commands, env=variables)
    return [json.loads(line) for line in output.splitlines()]


def machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "?")
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} × {model}, Linux {os.uname().release}, load {load}, {time.strftime('%Y-%m-%d')}"
