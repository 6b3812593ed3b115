# SPDX-License-Identifier: BSD-2-Clause
"""Removal and purge with the profile on and the daemon at work: the PAM lines go first, and in the end the machine is what it was."""
import hashlib
import itertools
import os
import pwd
import re
import shutil
import stat
import tempfile

import machine
from harness import ca, ctl, kit, must
from test_install import stacks

README = os.path.join(os.path.dirname(__file__), "..", "..", "README.md")
PLACES = ("/etc", "/usr", "/var", "/opt", "/srv", "/home")
# What package management and the journal write down for themselves, and the backups that useradd(8) makes.
LOGS = {"/var/tmp", "/var/log", "/var/cache", "/var/lib/dpkg", "/var/lib/apt", "/var/lib/PackageKit"}
# What bench/ lays into /srv of the machine outside, whose root shines through.
BENCHMARKS = "ovcert-bench-"
BACKUPS = ("passwd-", "group-", "shadow-", "gshadow-", "subuid-", "subgid-", "ld.so.cache")


def entry(path):
    status = os.lstat(path)
    content = ""
    if stat.S_ISLNK(status.st_mode):
        content = os.readlink(path)
    elif stat.S_ISREG(status.st_mode) and path.startswith("/etc/") and os.path.basename(path) not in BACKUPS:
        with open(path, "rb") as file:
            content = hashlib.sha256(file.read()).hexdigest()
    return stat.filemode(status.st_mode), status.st_uid, status.st_gid, content


def everything():
    """Each file of the machine; of those in /etc what is in them too."""
    found = {}
    for folder, folders, files in itertools.chain.from_iterable(os.walk(place) for place in PLACES):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in LOGS and not name.startswith(BENCHMARKS)]
        found.update((path, entry(path)) for path in (os.path.join(folder, name) for name in folders + files))
    return found


def commands_of(heading):
    """README's commands in this section, without their comments."""
    with open(README, encoding="utf-8") as file:
        text = file.read()
    (block,) = re.findall(rf"^## {heading}\n.*?^```sh\n(.*?)^```", text, re.S | re.M)
    return [line.split(" # ")[0].strip() for line in block.splitlines()]


class Readme(machine.Case):
    """Its commands, word for word, one right after the other."""

    profile = False

    def setUp(self):
        super().setUp()
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        os.mkdir(f"{self.folder.name}/build-deb")
        for path in [*machine.packages(), ca("root.pem"), ca("crls/root.crl"), ca("crls/intermediate.crl")]:
            shutil.copy(path, f"{self.folder.name}/build-deb" if path.endswith(".deb") else self.folder.name)
        with open(f"{self.folder.name}/current.pem", "wb") as target:
            for name in ("new.leaf.pem", "intermediate.pem"):
                with open(ca(name), "rb") as source:
                    target.write(source.read())
        kit.give_credential("demo", ca("new.p12"))

    def follow(self, commands):
        for command in commands:
            machine.command("sh", "-e", "-c", command.replace("USER", "demo").replace("apt ", "apt-get -y "), cwd=self.folder.name,
                            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, seconds=300)

    def test_its_commands_install_sign_in_and_undo(self):
        before = stacks()
        build, *others = commands_of("Install on a workstation")
        self.assertEqual((build, len(others)), ("sudo tools/package", 4))  # the packages are there
        self.follow(others)
        self.assertIn_(machine.su("demo", passphrase=[kit.PASSPHRASE]), "demo")
        must(ctl("root", "doctor"))
        self.follow(commands_of("Undo"))
        self.assertEqual(stacks(), before)
        self.assertFalse(os.path.exists("/etc/ovcert"))
        self.assertIn_(machine.su("demo", password=["demo"]), "demo")


class Undo(machine.Case):
    profile = False

    def setUp(self):
        super().setUp()
        kit.give_credential("demo", ca("new.p12"))
        self.files = everything()
        self.stacks = stacks()
        machine.installed()
        machine.enable_profile()
        self.assertNotEqual(stacks(), self.stacks)
        self.world.begin_valid()
        machine.write("/etc/ovcert/credential.conf", "[pkcs11]\nmodules =\n")
        machine.write("/etc/ovcert/ovcertd.conf.d/test.conf", "[Profile]\nexpiry-warning-days = 20\n")

    def by_password(self):
        for user in ("demo", "root"):
            self.assertIn_(machine.su(user, password=[user]), user)

    def test_after_a_removal_there_are_no_pam_lines_and_the_data_is_kept(self):
        with machine.Visitors(self):
            machine.apt("remove", *machine.package_names())
        self.assertEqual(stacks(), self.stacks)
        self.assertFalse(os.path.exists("/usr/libexec/ovcertd"))
        self.by_password()
        machine.install()
        self.assertAssigned("new")
        must(ctl("root", "log", "--verify"))
        machine.apt("purge", *machine.package_names())

    def test_after_a_purge_there_is_no_file_no_user_and_no_pam_line(self):
        with machine.Visitors(self):
            said = machine.apt("purge", *machine.package_names())
        self.assertRegex(said, r"kept: ~/\.ovcert")
        left = everything()
        self.assertEqual(sorted(left.keys() - self.files.keys()), [], "left behind")
        self.assertEqual(sorted(self.files.keys() - left.keys()), [], "taken away")
        self.assertEqual({path: left[path] for path in left if left[path] != self.files[path]}, {}, "changed")
        self.by_password()


class Elsewhere(machine.Case):
    profile = False

    def test_a_purge_keeps_the_user_of_a_database_in_another_folder(self):
        machine.installed()
        folder = "/srv/ovcert"
        os.mkdir(folder, 0o700)
        kit.own(folder, kit.DAEMON_USER, 0o700)
        machine.write("/etc/ovcert/ovcertd.conf.d/store.conf", f"[Store]\n path = {folder}/my.db \n")
        said = machine.apt("purge", *machine.package_names())
        self.assertRegex(said, f"kept: the user ovcert, whose database is in {folder};")
        self.assertEqual(pwd.getpwnam("ovcert").pw_uid, os.stat(folder).st_uid)
        self.assertRaises(KeyError, pwd.getpwnam, "ovcert-credential")
        self.assertFalse(os.path.exists(kit.STATE_DIR))
        os.rmdir(folder)
        machine.command("userdel", "ovcert")
