# SPDX-License-Identifier: BSD-2-Clause
"""sshd with the module in its stack, over keyboard-interactive on the sandbox's loopback: files and tokens of the machine one signs in to,
the renewal, and a token that the person's own machine forwards with "p11-kit server"."""
import glob
import os
import pwd
import shutil
import signal
import subprocess
import termios
import time

import harness
from harness import ASK_PASSPHRASE, CHOICE, DENIED, NOT_FOUND, PASSWORD, QUESTION, UNAVAILABLE, Terminal, ca, ctl, kit, must, run_as
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


def terminals_of(user):
    """Those that the user's processes read from."""
    found = set()
    for process in glob.glob("/proc/[0-9]*"):
        try:
            if os.stat(process).st_uid == pwd.getpwnam(user).pw_uid:
                found.add(os.readlink(process + "/fd/0"))
        except OSError:
            pass  # it has ended
    return [path for path in found if path.startswith("/dev/pts/")]


def echoes(terminal):
    try:
        fd = os.open(terminal, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return False  # gone
    try:
        return bool(termios.tcgetattr(fd)[3] & termios.ECHO)
    except termios.error:
        return False  # hung up
    finally:
        os.close(fd)


class Session(Terminal):
    """Where there is a terminal at the other end, its echo is the one to wait for: polkit's agent asks first, and then drops what was typed."""

    def type_secret(self, text):
        kit.wait_until(lambda: not any(echoes(terminal) for terminal in terminals_of("demo")), kit.PATIENCE, "the echo's end")
        super().type_secret(text)


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

    def serve(self, methods="AuthenticationMethods keyboard-interactive"):
        key = FOLDER + "/host"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        write(FOLDER + "/config", f"Port {PORT}\nListenAddress 127.0.0.1\nHostKey {key}\nPidFile none\nUsePAM yes\nStrictModes no\n"
                                  f"{methods}\nPermitRootLogin no\nStreamLocalBindUnlink yes\n")
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
        terminal = Session("other", "ssh", "-p", PORT, "-o", f"UserKnownHostsFile={FOLDER}/known", "-o", "NumberOfPasswordPrompts=1", *options,
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


class PublicKey(Ssh):
    """sshd asks "ovcertctl ssh-keys" for the keys that a user may sign in with, as README says."""

    def setUp(self):
        super().setUp()
        self.world.begin_valid()
        self.key = FOLDER + "/key"
        shutil.copyfile(ca("new.key"), self.key)
        kit.own(self.key, "other", 0o600)

    def serve(self, methods=""):
        super().serve("AuthenticationMethods publickey\nAuthorizedKeysFile none\nAuthorizedKeysCommand /usr/bin/ovcertctl ssh-keys %u\n"
                      "AuthorizedKeysCommandUser ovcert-ssh")

    def sign_in(self, user="demo"):
        return self.ssh("-o", "IdentitiesOnly=yes", "-i", self.key, user=user)

    def keys(self, user="demo", caller="ovcert-ssh"):
        return run_as(caller, "ovcertctl", "ssh-keys", user)

    def test_the_key_of_the_assigned_certificate_signs_in_and_another_does_not(self):
        self.assertIn_(self.sign_in())
        shutil.copyfile(ca("old.key"), self.key)
        self.assertRefused(self.sign_in())

    def test_a_token_signs_in(self):
        tokens = kit.Tokens(ca(""), user="other")
        self.addCleanup(tokens.remove)
        tokens.insert("mine", "new")
        terminal = Terminal("other", "ssh", "-p", PORT, "-o", f"UserKnownHostsFile={FOLDER}/known", "-I", kit.Tokens.MODULE,
                            "demo@127.0.0.1", WHO, variables={"SOFTHSM2_CONF": tokens.configuration})
        terminal.status = terminal.converse({r"PIN for [^\r\n]*: ?$": kit.PIN})
        self.assertIn_(terminal)

    def test_the_line_is_the_key_with_the_certificates_fingerprint(self):
        shown = subprocess.run(["ssh-keygen", "-y", "-f", ca("new.key")], capture_output=True, text=True, check=True).stdout.split()
        fingerprint = self.described()["certificate"]["fingerprint"].hex()
        self.assertEqual(must(self.keys()).out, f"{shown[0]} {shown[1]} ovcert:{fingerprint}\n")
        self.assertEqual(must(self.keys(caller="demo")).out, must(self.keys()).out)

    def test_s27_strangers_see_no_keys(self):
        result = self.assertStatus(self.keys(caller="other"), DENIED)
        self.assertEqual(result.out, "")

    def nobody_gets_in(self):
        self.assertEqual(must(self.keys()).out, "")
        self.assertRefused(self.sign_in())

    def test_a_blocked_profile_does_not_until_it_is_unblocked(self):
        must(ctl("root", "block", "demo"))
        self.nobody_gets_in()
        must(ctl("root", "unblock", "demo"))
        self.assertIn_(self.sign_in())

    def test_an_unlinked_certificate_does_not(self):
        must(ctl("root", "unlink", "demo"))
        self.assertIn_(self.sign_in())
        must(ctl("root", "confirm", "--user", "demo"))
        self.nobody_gets_in()

    def test_a_barred_certificate_does_not(self):
        must(ctl("root", "unlink", "demo", "--bar"))
        self.nobody_gets_in()

    def test_s17_an_expired_certificate_does_not(self):
        self.world.restart(clock="+3000d")
        self.nobody_gets_in()

    def test_a_revoked_certificate_does_not(self):
        self.assertIn_(self.sign_in())
        authority = FOLDER + "/ca"
        shutil.copytree(ca(""), authority)
        for arguments in (["-revoke", "new.leaf.pem"], ["-gencrl", "-crldays", "7", "-out", "crls/intermediate.crl"]):
            subprocess.run(["openssl", "ca", "-config", "intermediate.cnf", *arguments], cwd=authority, check=True, capture_output=True)
        self.addCleanup(kit.install_trust, ca(""), "crls")
        kit.install_trust(authority, "crls")
        kit.wait_until(lambda: self.described()["certificate-status"] == "revoked", kit.PATIENCE, "the new list")
        self.nobody_gets_in()

    def test_s42_a_recycled_user_name_does_not(self):
        self.addCleanup(subprocess.run, ["usermod", "--uid", str(pwd.getpwnam("demo").pw_uid), "demo"], check=True)
        subprocess.run(["usermod", "--uid", "4711", "demo"], check=True)
        self.assertEqual(must(self.keys()).out, "")

    def test_s23_unknown_and_unassigned_users_have_the_same_empty_answer(self):
        answers = {name: self.keys(name) for name in ("other", "root", "nosuch", "no such\nname", "x" * 5000)}
        for name, result in answers.items():
            with self.subTest(name=name[:20]):
                self.assertEqual((result.status, result.out, result.err), (0, "", ""))

    def test_s19_without_the_daemon_there_is_no_key_and_no_wait(self):
        self.world.stop()
        result = self.assertStatus(self.keys(), UNAVAILABLE)
        self.assertEqual(result.out, "")
        self.assertRefused(self.sign_in())

    def test_s19_a_daemon_that_hangs_costs_five_seconds(self):
        os.kill(self.world.daemon.pid, signal.SIGSTOP)
        self.addCleanup(os.kill, self.world.daemon.pid, signal.SIGCONT)
        start = time.monotonic()
        self.assertStatus(self.keys(), UNAVAILABLE)
        self.assertLess(time.monotonic() - start, 6.5)
