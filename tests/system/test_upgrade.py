# SPDX-License-Identifier: BSD-2-Clause
"""An upgrade from an older build with data in it, while people sign in."""
import os
import re
import shutil

import machine
from harness import assign, create, ctl, kit, must, well
from test_install import stacks

OLDER = "0.0.9-1"
FOLDER = "/var/tmp/ovcert-older"
SETTINGS = {"/etc/ovcert/ovcertd.conf": "[Profile]\nexpiry-warning-days = 20\n",
            "/etc/ovcert/ovcertd.conf.d/local.conf": "[Trust]\nmax-stale = 3\n",
            "/etc/ovcert/credential.conf": "[pkcs11]\nmodules =\n"}


def make_older():
    """The same packages by an older number."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(FOLDER + "/built")
    for path in machine.packages():
        tree = os.path.join(FOLDER, os.path.basename(path))
        machine.command("dpkg-deb", "--raw-extract", path, tree)
        control = os.path.join(tree, "DEBIAN", "control")
        version = machine.command("dpkg-deb", "--field", path, "Version").strip()
        with open(control, encoding="utf-8") as file:
            text = file.read()
        with open(control, "w", encoding="utf-8") as file:
            file.write(text.replace(version, OLDER))
        machine.command("dpkg-deb", "--build", tree, FOLDER + "/built")
    return FOLDER + "/built"


def version_of(name):
    return machine.command("dpkg-query", "-W", "-f", "${Version}", name)


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


class Upgrade(machine.Case):
    profile = False

    def setUp(self):
        super().setUp()
        machine.install(make_older())
        self.assertEqual({version_of(name) for name in machine.package_names()}, {OLDER})
        machine.systemctl("start", machine.UNIT)
        machine.enable_profile()
        for path, text in SETTINGS.items():
            machine.write(path, text)
        self.world.begin_valid()
        well(create("other", kit.OTHER_HOLDER))
        well(assign("other", "other"))
        must(ctl("root", "block", "other"))

    def state(self):
        profiles = {name: {key: value for key, value in self.described(name).items() if key != "last-login"} for name in kit.PEOPLE}
        return profiles, stacks(), {path: read(path) for path in SETTINGS if os.path.exists(path)}

    def test_an_upgrade_keeps_the_data_the_settings_and_the_profile_and_nobody_out(self):
        self.assertIn_(machine.su("demo", passphrase=[kit.PASSPHRASE]), "demo")
        before, pid = self.state(), machine.main_pid()
        with machine.Visitors(self):
            machine.install()
        self.assertNotIn(OLDER, {version_of(name) for name in machine.package_names()})
        self.assertEqual(self.state(), before)
        self.assertNotIn(machine.main_pid(), (0, pid), "the older daemon is still at work")
        self.assertIn_(machine.su("demo", passphrase=[kit.PASSPHRASE]), "demo")
        must(ctl("root", "log", "--verify"))
        left = [name for _, _, names in os.walk("/etc") for name in names if re.search(r"\.dpkg-(old|new|dist)$", name)]
        self.assertEqual([name for name in left if "ovcert" in name], [])
