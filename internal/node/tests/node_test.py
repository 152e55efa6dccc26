"""What a worker answers."""

import json
import os
import stat
import subprocess
import sys

from .. import files, node, ssh, system
from .harness import CA, CERTIFICATE, OPERATOR, PROGRAM, ClusterCase, put


class Requests(ClusterCase):
    """What a worker answers."""

    def setUp(self):
        super().setUp()
        self.name = self.cluster.worker(1)
        self.cluster.enter(self.name)
        self.requests = node.Requests(node.Node())
        self.bundle = {
            "hosts": [["10.0.1.1", self.name]], "known_hosts": [], "authorized_keys": [OPERATOR],
            "coordinator_keys": [], "sources": [], "ca": CA, "batch": {"type": "none", "manager": "m"}, "host_certificate": CERTIFICATE,
        }

    def apply(self, generation, **changes):
        return self.requests.answer({"verb": "apply", "generation": generation, "bundle": dict(self.bundle, **changes)})

    def test_join_is_repeatable(self):
        first = self.requests.answer({"verb": "join"})
        self.assertTrue(first["ok"])
        self.assertRegex(first["host_key"], ssh.PUBLIC_KEY)
        self.assertRegex(first["user_key"], ssh.PUBLIC_KEY)
        self.assertEqual(self.requests.answer({"verb": "join"}), first)
        self.assertIn("throw-away", self.cluster.text(self.name, "/etc/ssh/ssh_host_ed25519_key"))

    def test_key_torn_by_a_crash_is_made_again(self):
        path = os.path.join(self.cluster.dir, self.name, "var/lib/vmcluster-node/host_key")
        first = self.requests.answer({"verb": "join"})["host_key"]
        for private, public in (("", ""), ("\0" * 400, first + "\n"), ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb", "")):
            put(path, private, 0o600)
            put(path + ".pub", public)
            key = self.requests.answer({"verb": "join"})["host_key"]
            self.assertRegex(key, ssh.PUBLIC_KEY)
            shown = subprocess.run(["ssh-keygen", "-y", "-f", path], check=True, capture_output=True, text=True).stdout
            self.assertEqual(ssh.public_key(shown), key)
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
            self.assertEqual(sorted(f for f in os.listdir(os.path.dirname(path)) if f not in ("lock", "home.json")), ["host_key", "host_key.pub"])

    def test_users_own_key_stays(self):
        self.requests.answer({"verb": "join"})
        path = os.path.join(self.cluster.dir, self.name, "home/astro/.ssh/id_ed25519")
        subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "a passphrase", "-f", path], check=True, capture_output=True)
        before = self.cluster.text(self.name, "/home/astro/.ssh/id_ed25519")
        self.assertTrue(self.requests.answer({"verb": "join"})["ok"])
        self.assertEqual(self.cluster.text(self.name, "/home/astro/.ssh/id_ed25519"), before)

    def test_order_of_generations(self):
        self.assertEqual(self.apply([1, 1])["error"], "not joined")
        self.requests.answer({"verb": "join"})
        for generation, changes, want in [
            ([2, 1], {}, True),
            ([2, 1], {}, True),  # the answer was lost
            ([2, 1], {"coordinator_keys": [CA]}, False),
            ([1, 9], {}, False),
            ([2, 2], {}, True),
            ([3, 1], {}, True),
            ([2, 9], {}, False),
        ]:
            answer = self.apply(generation, **changes)
            self.assertEqual(answer["ok"], want, (generation, answer))
            if not want:
                self.assertEqual(answer["error"], "stale")

    def test_foreign_lines_stay(self):
        put(self.cluster.dir + "/" + self.name + "/home/astro/.ssh/authorized_keys", "ssh-rsa AAAA own\n", 0o600)
        put(self.cluster.dir + "/" + self.name + "/etc/ssh/ssh_known_hosts", "elsewhere ssh-rsa BBBB\n")
        self.requests.answer({"verb": "join"})
        self.apply([1, 1])
        self.apply([2, 1], authorized_keys=[])
        self.assertEqual(self.cluster.text(self.name, "/home/astro/.ssh/authorized_keys"), "ssh-rsa AAAA own\n")
        self.assertEqual(self.cluster.text(self.name, "/etc/ssh/ssh_known_hosts"), "elsewhere ssh-rsa BBBB\n")

    def test_interrupted_apply_is_not_recorded(self):
        self.requests.answer({"verb": "join"})
        real = ssh.show_host_key
        self.patch(ssh, "show_host_key", lambda *_, **__: (_ for _ in ()).throw(OSError("no space left on device")))
        self.assertFalse(self.apply([1, 1])["ok"])
        self.patch(ssh, "show_host_key", real)
        self.assertTrue(self.apply([1, 1])["ok"])

    def test_host_key_is_shown_whatever_the_batch_system_says(self):
        self.requests.answer({"verb": "join"})
        self.patch(self.requests, "configure", lambda _bundle: (_ for _ in ()).throw(system.Failure("it is not installed")))
        self.assertEqual(self.apply([1, 1]), {"ok": False, "error": "it is not installed"})
        self.assertEqual(self.cluster.text(self.name, ssh.SSHD_KEY), self.cluster.text(self.name, ssh.HOST_KEY))
        self.assertIn("reload ssh.service", self.cluster.text(self.name, "/systemctl.log"))

    def test_account_accepts_the_coordinator_only(self):
        self.requests.answer({"verb": "join"})
        self.apply([1, 1], coordinator_keys=[OPERATOR])
        forced = 'restrict,command="sudo -n /usr/local/sbin/vmcluster-node remote" '
        self.assertEqual(self.cluster.text(self.name, "/var/lib/vmcluster/.ssh/authorized_keys").splitlines(), [
            'cert-authority,principals="vmcluster-coordinator",' + forced + CA, forced + OPERATOR])

    def test_certificate_is_named_where_sshd_looks(self):
        self.requests.answer({"verb": "join"})
        root = os.path.join(self.cluster.dir, self.name)
        line = "HostCertificate /etc/ssh/ssh_host_ed25519_key-cert.pub\n"
        cloud_init, own = "/etc/ssh/sshd_config.d/50-cloud-init.conf", "/etc/ssh/sshd_config.d/50-vmcluster.conf"
        include = "Include /etc/ssh/sshd_config.d/*.conf\n"
        for main, piece, where, want in [
            (include, line, cloud_init, line),
            (include, "", own, line),
            (line + "Port 22\n", "", "/etc/ssh/sshd_config", line + "Port 22\n"),
            ("Match User x\n", line, "/etc/ssh/sshd_config", line + "Match User x\n"),
        ]:
            put(root + "/etc/ssh/sshd_config", main)
            put(root + cloud_init, piece)
            files.remove(own)
            ssh.name_certificate("/etc/ssh/ssh_host_ed25519_key-cert.pub")
            self.assertEqual(self.cluster.text(self.name, where), want)
            self.assertEqual(self.cluster.has(self.name, own), where == own)
            self.assertFalse(ssh.name_certificate("/etc/ssh/ssh_host_ed25519_key-cert.pub"), "once is enough")

    def test_no_certificate(self):
        self.requests.answer({"verb": "join"})
        self.assertIn("no host certificate", self.apply([1, 1], host_certificate="\nHostKey /tmp/x")["error"])

    def test_nonsense(self):
        for request in ({}, [], None, {"verb": "rm"}, {"verb": "setup"}):
            self.assertEqual(self.requests.answer(request)["ok"], False, request)

    def test_over_stdin(self):
        p = subprocess.run([sys.executable, "-B", "-c", PROGRAM, "remote"], input='{"verb":"ping"}', capture_output=True, text=True)
        self.assertEqual(json.loads(p.stdout), {"ok": True, "name": self.name, "generation": None})
        p = subprocess.run([sys.executable, "-B", "-c", PROGRAM, "remote"], input="rubbish", capture_output=True, text=True)
        self.assertEqual(p.returncode, 1)
