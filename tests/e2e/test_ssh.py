# SPDX-License-Identifier: BSD-2-Clause
"""sshd with the module in its stack, over keyboard-interactive on the sandbox's loopback: files and tokens of the machine one signs in to,
the renewal, and a token that the person's own machine forwards with "p11-kit server"."""
import glob
import os
import pwd
import shutil
import subprocess

import harness
from harness import ASK_PASSPHRASE, CHOICE, NOT_FOUND, PASSWORD, QUESTION, Terminal, ca, kit
from sandboxkit import ASK_PIN
from test_prompt import NUMBER_OF_NEW, NUMBER_OF_OLD, Prompt, write, write_stacks

FOLDER = "/run/ovcert-ssh"
PORT = "2222"
PROMPTS = {"choice": CHOICE, "passphrase": ASK_PASSPHRASE, "password": PASSWORD, "question": QUESTION, "pin": ASK_PIN}
WHO = "echo I am $(id -un)"


def archive(package):
    """The newest downloaded one."""
    found = sorted(glob.glob(f"/var/cache/apt/archives/{package}_*.deb"), key=os.path.getmtime)
    assert found, f"{package} is neither installed nor downloaded; tools/test downloads it"
    return found[-1]


def sshd():
    """The installed one, or one that is unpacked into the sandbox: installing it would start a server on the machine itself."""
    if os.path.exists("/usr/sbin/sshd"):
        return "/usr/sbin/sshd"
    unpacked = FOLDER + "/unpacked"
    if not os.path.isdir(unpacked):
        for package in ("openssh-server", "libwrap0"):
            subprocess.run(["dpkg-deb", "-x", archive(package), unpacked], check=True)
    return unpacked + "/usr/sbin/sshd"


def p11_kit_client():
    (module,) = glob.glob("/usr/lib/*/pkcs11/p11-kit-client.so")
    return module


class Ssh(Prompt):
    def setUp(self):
        super().setUp()
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        os.makedirs(FOLDER, mode=0o755, exist_ok=True)
        self.addCleanup(shutil.rmtree, FOLDER)
        if subprocess.run(["id", "sshd"], capture_output=True, check=False).returncode != 0:
            subprocess.run(["useradd", "--system", "--home-dir", "/run/sshd", "--shell", "/usr/sbin/nologin", "sshd"], check=True)
        self.stack()
        self.serve()

    @staticmethod
    def stack(auth="", account="renew=sshd"):
        write_stacks(account=account, auth=auth)
        write("/etc/pam.d/sshd", "@include common-auth\n@include common-account\n@include common-password\n@include common-session\n")

    def serve(self):
        key = FOLDER + "/host"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        write(FOLDER + "/config", f"Port {PORT}\nListenAddress 127.0.0.1\nHostKey {key}\nPidFile none\nUsePAM yes\nStrictModes no\n"
                                  "AuthenticationMethods keyboard-interactive\nPermitRootLogin no\nStreamLocalBindUnlink yes\n")
        program = sshd()
        libraries = ":".join(glob.glob(FOLDER + "/unpacked/usr/lib/*-linux-gnu*") + glob.glob(FOLDER + "/unpacked/lib/*-linux-gnu*"))
        variables = {**kit.environment(), **harness.pam_host_environment(), **({"LD_LIBRARY_PATH": libraries} if libraries else {})}
        with open(os.path.join(kit.LOGS, "sshd.log"), "ab") as log:
            server = subprocess.Popen([program, "-D", "-e", "-f", FOLDER + "/config"], env=variables, stdin=subprocess.DEVNULL, stdout=log,
                                      stderr=log, start_new_session=True)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        with open(key + ".pub", encoding="ascii") as public:
            write(FOLDER + "/known", f"[127.0.0.1]:{PORT} {public.read()}")
        kit.wait_until(lambda: subprocess.run(["bash", "-c", f": </dev/tcp/127.0.0.1/{PORT}"], capture_output=True,
                                              check=False).returncode == 0, kit.PATIENCE, "sshd")

    def ssh(self, *options, command=WHO, user="demo", **answers):
        """"other" signs in to this machine as demo; the terminal. answers: choice, passphrase, password, question, pin."""
        terminal = Terminal("other", "ssh", "-p", PORT, "-o", f"UserKnownHostsFile={FOLDER}/known", "-o", "NumberOfPasswordPrompts=1", *options,
                            f"{user}@127.0.0.1", command)
        terminal.status = terminal.converse({PROMPTS[name]: list(texts) for name, texts in answers.items()})
        return terminal

    def assertRefused(self, terminal):
        self.assertNotIn("I am demo", terminal.shown)
        self.assertEqual(terminal.status, 255, terminal.shown)


class KeyboardInteractive(Ssh):
    """What the machine has that one signs in to."""

    def test_a_file_signs_in(self):
        self.world.begin_valid()
        self.assertIn_(self.ssh(passphrase=[kit.PASSPHRASE]))

    def test_a_token_signs_in(self):
        self.world.begin_valid()
        kit.take_credentials("demo")
        tokens = kit.Tokens(ca(""))
        self.addCleanup(tokens.remove)
        tokens.insert("theirs", "other")
        tokens.insert("mine", "new")
        terminal = self.assertIn_(self.ssh(pin=[kit.PIN]))
        self.assertRegex(terminal.shown, "PIN of mine")

    def test_s22_a_wrong_passphrase_does_not_fall_back_to_the_password(self):
        self.world.begin_valid()
        terminal = self.ssh(passphrase=["wrong"])
        self.assertRefused(terminal)
        self.assertRegex(terminal.shown, "passphrase is wrong")

    def test_an_empty_passphrase_leads_to_the_password(self):
        self.world.begin_valid()
        self.assertIn_(self.ssh(passphrase=[""], password=["demo"]))

    def test_with_the_daemon_stopped_the_password_does(self):
        self.world.begin_valid()
        self.world.stop()
        self.assertIn_(self.ssh(password=["demo"]))

    def test_the_renewal_is_offered_where_sshd_is_named(self):
        self.world.begin_expired()
        kit.give_credential("demo", ca("new.p12"))
        self.assertIn_(self.ssh(choice=[NUMBER_OF_OLD, NUMBER_OF_NEW], passphrase=[kit.PASSPHRASE] * 2, password=["demo"],
                                question=["y", "y"]))
        self.assertAssigned("new")

    def test_the_renewal_is_not_offered_where_sshd_is_not_named(self):
        self.world.begin_expired()
        self.stack(account="renew=login")
        self.assertIn_(self.ssh(passphrase=[kit.PASSPHRASE], password=["demo"]))
        self.assertAssigned("old")


class Forwarded(Ssh):
    """A token that stays with the person: "p11-kit server" there, its socket forwarded by ssh to where p11-kit's client looks for it."""

    def setUp(self):
        super().setUp()
        self.world.begin_expired()
        kit.take_credentials("demo")
        self.tokens = kit.Tokens(ca(""), user="other")
        self.addCleanup(self.tokens.remove)
        self.tokens.insert("forwarded", "old", "new")
        # This machine has no token itself.
        write(os.path.join(kit.CONFIG_DIR, "credential.conf"), f"[pkcs11]\nmodules = {p11_kit_client()}\n")
        self.socket = self.share()

    def share(self):
        """On the person's machine."""
        path = f"/run/user/{pwd.getpwnam('other').pw_uid}/shared"
        arguments, home = kit.person_command("other", ["p11-kit", "server", "-f", "-n", path, "--provider", self.tokens.MODULE, "pkcs11:"],
                                             {"SOFTHSM2_CONF": self.tokens.configuration})
        with open(os.path.join(kit.LOGS, "p11-kit.log"), "ab") as log:
            server = subprocess.Popen(arguments, cwd=home, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        kit.wait_until(lambda: os.path.exists(path), kit.PATIENCE, "p11-kit server")
        self.addCleanup(lambda: os.path.exists(path) and os.unlink(path))
        return path

    def forwarding(self):
        folder = f"/run/user/{pwd.getpwnam('demo').pw_uid}/p11-kit"
        os.makedirs(folder, mode=0o700, exist_ok=True)
        kit.own(folder, "demo", 0o700)
        return ("-t", "-R", f"{folder}/pkcs11:{self.socket}")

    def test_it_is_listed_and_renewed_with_inside_the_session(self):
        terminal = self.ssh(*self.forwarding(), command="ovcertctl credentials; ovcertctl renew", password=["demo", "demo"], pin=[kit.PIN],
                            question=["y"], choice=["1"])
        self.assertRegex(terminal.shown, "forwarded")
        self.assertEqual(terminal.status, 0, terminal.shown)
        self.assertAssigned("new")

    def test_it_signs_nobody_in_and_the_password_does(self):
        """The connection that it would come through is being signed in."""
        self.world.begin_valid()
        kit.take_credentials("demo")
        terminal = self.assertIn_(self.ssh(*self.forwarding(), password=["demo"]))
        self.assertNotIn("PIN", terminal.shown)

    def test_inside_the_session_it_signs_nobody_in_either(self):
        """Programs of root drive tokens as a system user, which looks into no socket of a user's."""
        if harness.pam_host_environment():
            return  # set-user-id programs take no sanitizer along
        self.world.begin_valid()
        kit.take_credentials("demo")
        terminal = self.ssh(*self.forwarding(), command=f"su demo -c '{WHO}'", password=["demo", "demo"])
        self.assertIn_(terminal)
        self.assertNotIn("PIN", terminal.shown)

    def test_without_the_forwarding_there_is_none(self):
        terminal = self.ssh("-t", command="ovcertctl credentials", password=["demo"])
        self.assertEqual(terminal.status, NOT_FOUND, terminal.shown)
