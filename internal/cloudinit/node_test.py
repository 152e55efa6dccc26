"""Tests of the node program. A whole cluster runs here as directories: each
node is a root directory, ssh and the system's commands are small scripts in
PATH, and the node program itself is the real one, also on the far side of ssh.
"""

import base64
import concurrent.futures
import importlib.util
import json
import os
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zlib
from http.server import BaseHTTPRequestHandler, HTTPServer

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(HERE, "node.py")
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location("node", PROGRAM)
node = importlib.util.module_from_spec(spec)
spec.loader.exec_module(node)

CLUSTER_ID = "6b1f0a52-1111-4222-8333-944445555666"
CA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIClusterCA"
BATCH_CA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBatchCA"
CERTIFICATE = "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaCBjZXJ0"
OPERATOR = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOperator"

# Every command notes its words; what it does is no more than the tests look at.
SYSTEMCTL = """#!/bin/sh
echo "$*" >>"$VMCLUSTER_ROOT/systemctl.log"
case "$*" in
  "cat condor.service") test -d "$VMCLUSTER_ROOT/etc/condor";;
  "start condor.service"|"restart condor.service") mkdir -p "$VMCLUSTER_ROOT/proc/77"; echo condor_startd >"$VMCLUSTER_ROOT/proc/77/comm";;
  "disable --no-reload --now condor.service") rm -rf "$VMCLUSTER_ROOT/proc/77";;
esac
"""
USERADD = """#!/bin/sh
echo "$(basename "$0") $*" >>"$VMCLUSTER_ROOT/users.log"
uid=$(id -u)
for last; do :; done
case "$(basename "$0") $*" in
  useradd*) test ! -e "$VMCLUSTER_ROOT/held" || { rm "$VMCLUSTER_ROOT/held"; echo "cannot lock /etc/passwd; try again later." >&2; exit 1; };;
esac
case "$(basename "$0") $*" in
  useradd*--system*) echo "$last:x:64999:64999::/:/bin/sh" >>"$VMCLUSTER_ROOT/etc/passwd";;
  useradd*) echo "$last:x:$uid:$uid::/home/$last:/bin/bash" >>"$VMCLUSTER_ROOT/etc/passwd"; mkdir -p "$VMCLUSTER_ROOT/home/$last";;
  groupadd*) echo "$last:x:$uid:" >>"$VMCLUSTER_ROOT/etc/group";;
esac
"""
NFT = """#!/bin/sh
echo "$*" >>"$VMCLUSTER_ROOT/nft.log"
"""
LABEL = """#!/bin/sh
echo "$(basename "$0") $*" >>"$VMCLUSTER_ROOT/label.log"
"""
SSH = """#!/bin/sh
for word; do case "$word" in
  HostKeyAlias=*) name=${word#HostKeyAlias=};;
  UserKnownHostsFile=*) known=${word#UserKnownHostsFile=};;
esac; done
root=$CLUSTER_DIR/$name
echo "$*" >>"$CLUSTER_DIR/ssh.log"
test -e "$root/up" || { echo "ssh: connect to host $name port 22: Connection refused" >&2; exit 255; }
grep -qE "^(@cert-authority )?$name " "$known" || { echo "Host key verification failed." >&2; exit 255; }
VMCLUSTER_ROOT=$root exec "$PYTHON" "$NODE_PROGRAM" remote
"""
CONDOR = """#!/bin/sh
echo "$(basename "$0") $*" >>"$CLUSTER_DIR/condor.log"
for last; do :; done
worker=$CLUSTER_DIR/${last%%.*}
case "$(basename "$0")" in
  condor_token_create) echo "x.$(printf '{"jti":"id%s"}' $$ | base64 | tr -d =).y";;
  condor_drain)
    case "$*" in *-cancel*) exit 0;; esac
    test ! -e "$worker/busy" || { echo "Sent request: error code 10003: Draining check expression is false on slot1_1@x" >&2; exit 1; }
    rm -rf "$worker/proc/77";;
  condor_advertise) cat >>"$CLUSTER_DIR/condor.log";;
esac
"""


def far_side():
    """The other end of Cluster.remote: one process that plays every worker."""
    for line in sys.stdin:
        node.ROOT, request = json.loads(line)
        os.environ["VMCLUSTER_ROOT"] = node.ROOT
        print(json.dumps(node.Node().answer(request)), flush=True)


class Cluster:
    """Nodes as directories below one temporary directory."""

    def __init__(self, batch_system="none"):
        self.temporary = tempfile.TemporaryDirectory()
        self.dir = os.path.realpath(self.temporary.name)
        self.batch_system = batch_system
        self.document = {
            "version": 1, "id": CLUSTER_ID, "name": "astro", "generation": 1, "login_user": "astro", "login_uid": os.getuid(),
            "operator_key": OPERATOR, "batch_system": batch_system, "ca": CA, "front_end": {"name": "astro-frontend"},
            "batches": {"b1": BATCH_CA}, "workers": [],
        }
        self.reports = []
        self.slot_taken = False
        scripts = {"systemctl": SYSTEMCTL, "ssh": SSH, "restorecon": LABEL, "chcon": LABEL, "semanage": LABEL, "nft": NFT}
        scripts.update({n: USERADD for n in ("useradd", "usermod", "groupadd", "groupmod")})
        scripts.update({n: CONDOR for n in ("condor_token_create", "condor_drain", "condor_advertise", "condor_reconfig")})
        os.mkdir(self.dir + "/bin")
        for name, text in scripts.items():
            put(self.dir + "/bin/" + name, text, 0o755)
        self.saved = dict(os.environ), node.ROOT, node.own_address
        os.environ.update(PATH=self.dir + "/bin:" + os.environ["PATH"], CLUSTER_DIR=self.dir,
                          PYTHON=sys.executable, NODE_PROGRAM=PROGRAM)
        node.own_address = lambda towards="": "10.0.0.2"
        self.add("astro-frontend")
        self.enter("astro-frontend")
        self.requests = []
        self.far, self.far_lock = None, threading.Lock()

    def close(self):
        if self.far:
            self.far.communicate()
        environment, node.ROOT, node.own_address = self.saved
        os.environ.clear()
        os.environ.update(environment)
        self.temporary.cleanup()

    def add(self, name, up=True, **more):
        """A freshly booted node, as cloud-init leaves it."""
        root = os.path.join(self.dir, name)
        role = "front_end" if name == "astro-frontend" else "worker"
        config = dict(id=CLUSTER_ID, cluster="astro", name=name, role=role, group="cpu", front_end="astro-frontend",
                      login_user="astro", login_uid=os.getuid(), operator_key=OPERATOR, batch_system=self.batch_system,
                      ca=CA, principal="vmcluster-coordinator", **more)
        put(root + "/etc/vmcluster/node.json", json.dumps(config), 0o600)
        put(root + "/etc/passwd", "")
        put(root + "/etc/group", "")
        put(root + "/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 %s.novalocal %s\n::1 localhost\n" % (name, name))
        put(root + "/etc/ssh/ssh_host_ed25519_key", "throw-away\n", 0o600)
        put(root + "/etc/ssh/ssh_host_ed25519_key.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIThrowAway root@x\n")
        put(root + "/var/lib/cloud/data/instance-id", "uuid-of-" + name + "\n")
        if role == "worker":
            put(root + "/etc/ssh/ssh_host_ed25519_key-cert.pub", "cert\n")
            put(root + "/etc/ssh/sshd_config.d/50-cloud-init.conf",
                "PasswordAuthentication no\nHostCertificate /etc/ssh/ssh_host_ed25519_key-cert.pub\n")
        if self.batch_system == "htcondor":
            os.makedirs(root + "/etc/condor")
        os.makedirs(root + "/dev")
        if up:
            put(root + "/up", "")
        return root

    def worker(self, number, batch="b1", up=True, enroll=True):
        name = "astro-cpu-%d" % number
        self.add(name, up)
        if enroll:
            self.document["workers"].append({"name": name, "address": "10.0.1.%d" % number, "batch": batch})
        return name

    def enter(self, name):
        node.ROOT = os.path.join(self.dir, name)
        os.environ["VMCLUSTER_ROOT"] = node.ROOT

    def text(self, name, path):
        with open(os.path.join(self.dir, name, path.lstrip("/"))) as f:
            return f.read()

    def has(self, name, path):
        return os.path.exists(os.path.join(self.dir, name, path.lstrip("/")))

    def publish(self, **changes):
        self.document = json.loads(json.dumps(dict(self.document, **changes)))
        self.document["generation"] += 1

    # the two sides of the metadata service
    def metadata(self):
        cluster = self

        class Fake:
            def document(self):
                return json.loads(json.dumps(cluster.document))

            def report(self, text):
                cluster.reports.append(json.loads(text))
                return not cluster.slot_taken
        return Fake()

    def remote(self, name, _address, request, _timeout=0):
        """Stands in for ssh, without starting a Python for every request."""
        self.requests.append((name, request["verb"]))
        if not self.has(name, "/up"):
            raise node.Failure("ssh: connect to host %s port 22: Connection refused" % name)
        with self.far_lock:
            if self.far is None:
                self.far = subprocess.Popen([sys.executable, "-B", os.path.abspath(__file__), "far_side"], text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.far.stdin.write(json.dumps([os.path.join(self.dir, name), request]) + "\n")
            self.far.stdin.flush()
            return json.loads(self.far.stdout.readline())

    def coordinator(self, over_ssh=False):
        self.enter("astro-frontend")
        self.time = 0.0
        c = node.Coordinator(node.Node(), self.metadata(), clock=lambda: self.time)
        if not over_ssh:
            c.remote = self.remote
        return c

    def settle(self, c, ticks=12):
        """Lets the coordinator work until nothing is under way, its clock running on."""
        for _ in range(ticks):
            c.next_read = c.next_report = 0.0
            c.tick(self.time)
            if not c.tasks and not c.pending() and not c.unsettled():
                break
            concurrent.futures.wait([future for future, _ in c.tasks.values()], 30)
            self.time += 5
        return self.reports[-1]


def put(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


class ClusterCase(unittest.TestCase):
    batch_system = "none"

    def setUp(self):
        self.cluster = Cluster(self.batch_system)
        self.addCleanup(self.cluster.close)
        pause, node.SETUP_PAUSE = node.SETUP_PAUSE, 0
        self.addCleanup(lambda: setattr(node, "SETUP_PAUSE", pause))
        stderr = sys.stderr
        sys.stderr = open(os.devnull, "w")
        self.addCleanup(lambda: (sys.stderr.close(), setattr(sys, "stderr", stderr)))


class Join(ClusterCase):
    def test_first_distribution(self):
        c = self.cluster
        one, two = c.worker(1), c.worker(2)
        report = c.settle(c.coordinator(over_ssh=True))
        self.assertEqual((report["generation"], report["joined"], report["pending"]), (1, 2, 0))
        hosts = ["10.0.0.2 astro-frontend.astro.vmcluster.internal astro-frontend",
                 "10.0.1.1 astro-cpu-1.astro.vmcluster.internal astro-cpu-1",
                 "10.0.1.2 astro-cpu-2.astro.vmcluster.internal astro-cpu-2"]
        blocks = set()
        for name in ("astro-frontend", one, two):
            text = c.text(name, "/etc/hosts")
            self.assertTrue(text.startswith("127.0.0.1 localhost\n"))
            self.assertNotIn("127.0.1.1", text)
            blocks.add(text[text.index("# BEGIN"):])
            keys = c.text(name, "/home/astro/.ssh/authorized_keys").splitlines()
            self.assertEqual(len(keys), 2 + 4)  # marks; operator and three nodes
            self.assertEqual(len(c.text(name, "/etc/ssh/ssh_known_hosts").splitlines()), 2 + 3)
        self.assertEqual(blocks, {"\n".join(["# BEGIN vmcluster " + CLUSTER_ID] + hosts + ["# END vmcluster " + CLUSTER_ID, ""])})

    def test_host_key_is_swapped(self):
        c = self.cluster
        name = c.worker(1)
        c.settle(c.coordinator())
        self.assertNotIn("throw-away", c.text(name, "/etc/ssh/ssh_host_ed25519_key"))
        certificate = os.path.join(c.dir, name, "etc/ssh/ssh_host_ed25519_key-cert.pub")
        shown = subprocess.run(["ssh-keygen", "-L", "-f", certificate], check=True, capture_output=True, text=True).stdout
        self.assertRegex(shown, r"host certificate[^\0]*Valid: forever\s+Principals:\s+astro-cpu-1\n")
        self.assertIn("reload ssh.service", c.text(name, "/systemctl.log"))
        lasting = node.public_key(c.text(name, "/etc/ssh/ssh_host_ed25519_key.pub"))
        self.assertIn("astro-cpu-1 " + lasting, c.text("astro-frontend", node.STATE + "/known_hosts"))
        self.assertIn(lasting, c.text("astro-frontend", "/etc/ssh/ssh_known_hosts"))

    def test_host_key_of_a_run_that_was_cut_short_is_shown(self):
        c = self.cluster
        name = c.worker(1)
        c.settle(c.coordinator())
        os.unlink(os.path.join(c.dir, name, node.STATE.lstrip("/"), "applied.json"))
        c.enter(name)
        n = node.Node()
        for reload, want in ((False, "did not reload"), (True, "")):
            works = node.works
            node.works = lambda *command, reload=reload: reload
            self.addCleanup(setattr, node, "works", works)
            bundle = {"hosts": [], "known_hosts": [], "authorized_keys": [], "coordinator_keys": [], "ca": CA, "batch": {"type": "none"},
                      "host_certificate": c.text(name, "/etc/ssh/ssh_host_ed25519_key-cert.pub").strip()}
            answer = n.answer({"verb": "apply", "generation": [9, 1], "bundle": bundle})
            self.assertEqual((answer["ok"], want in answer.get("error", "")), (not want, True), answer)
            node.works = works

    def test_late_worker_reaches_everyone(self):
        c = self.cluster
        one, two = c.worker(1), c.worker(2, up=False)
        coordinator = c.coordinator()
        report = c.settle(coordinator)
        self.assertEqual((report["joined"], report["pending"], report["pending_names"]), (1, 1, "cpu[2]"))
        put(os.path.join(c.dir, two, "up"), "")
        report = c.settle(coordinator, 30)
        self.assertEqual((report["joined"], report["pending"]), (2, 0))
        self.assertEqual(c.text(one, "/home/astro/.ssh/authorized_keys"), c.text(two, "/home/astro/.ssh/authorized_keys"))

    def test_who_never_joined_is_named_after_some_tries(self):
        c = self.cluster
        c.worker(1), c.worker(2, up=False)
        coordinator = c.coordinator()
        self.assertEqual(c.settle(coordinator, 2).get("never", ""), "")
        report = c.settle(coordinator, 30)
        self.assertEqual((report["pending_names"], report["never"]), ("cpu[2]", "cpu[2]"))
        again = c.coordinator()  # a restart: it has to be tried again
        self.assertEqual(c.settle(again, 2).get("never", ""), "")
        self.assertEqual(c.settle(again, 30)["never"], "cpu[2]")
        put(os.path.join(c.dir, "astro-cpu-2", "up"), "")
        report = c.settle(again, 40)
        self.assertEqual((report["pending"], report.get("never", "")), (0, ""))

    def test_who_misses_the_newest_generation_has_joined(self):
        c = self.cluster
        one = c.worker(1)
        coordinator = c.coordinator()
        c.settle(coordinator)
        os.unlink(os.path.join(c.dir, one, "up"))
        c.worker(2)
        c.publish()
        report = c.settle(coordinator, 30)
        self.assertEqual((report["pending_names"], report.get("never", "")), ("cpu[1]", ""))
        c.document["workers"][0]["address"] = "10.0.9.1"  # the same server at another address
        c.publish()
        self.assertEqual(c.settle(coordinator, 30).get("never", ""), "")
        c.document["workers"][0]["batch"] = "b2"  # another server of that name
        c.publish(batches={"b1": BATCH_CA, "b2": BATCH_CA})
        self.assertEqual(c.settle(coordinator, 2).get("never", ""), "", "the tries were the other server's")
        self.assertEqual(c.settle(coordinator, 30)["never"], "cpu[1]")

    def loses(self, what):
        """A worker that has joined is down, and then the front-end loses what it knew."""
        c = self.cluster
        name = c.worker(1)
        c.document["front_end"]["coordinator_key"] = c.settle(c.coordinator())["coordinator_key"]
        os.unlink(os.path.join(c.dir, name, "up"))
        subprocess.run(["rm", "-rf", os.path.join(c.dir, "astro-frontend", node.STATE.lstrip("/"), what)], check=True)
        c.worker(2, up=False)
        c.publish()
        coordinator = c.coordinator()
        report = c.settle(coordinator, 30)
        self.assertEqual((report["pending_names"], report.get("never", "")), ("cpu[1-2]", ""))
        c.worker(3, up=False)  # added since: nobody else can have joined it
        c.publish()
        self.assertEqual(c.settle(coordinator, 30)["never"], "cpu[3]")

    def test_who_may_have_joined_before_the_state_was_lost_is_not_named(self):
        self.loses("state.json")

    def test_who_may_have_joined_before_everything_was_lost_is_not_named(self):
        self.loses("")

    def test_who_may_have_joined_under_the_front_end_before_is_not_named(self):
        c = self.cluster
        c.worker(1)
        two = c.worker(2)
        c.settle(c.coordinator())
        os.unlink(os.path.join(c.dir, two, "up"))
        c.worker(3, up=False)  # as far as the new front-end can know, that one too
        self.replace_front_end()
        coordinator = c.coordinator()
        report = c.settle(coordinator, 30)
        self.assertEqual((report["pending_names"], report.get("never", "")), ("cpu[2-3]", ""))
        c.worker(4, batch="b4", up=False)
        c.publish(host_cas=[], batches={"b4": BATCH_CA})
        report = c.settle(coordinator, 30)
        self.assertEqual((report["pending_names"], report["never"]), ("cpu[2-4]", "cpu[4]"))

    def test_growth_and_removal(self):
        c = self.cluster
        one, two = c.worker(1), c.worker(2)
        coordinator = c.coordinator()
        c.settle(coordinator)
        three = c.worker(3)
        c.publish()
        self.assertEqual(c.settle(coordinator)["joined"], 3)
        gone = c.text(two, "/etc/ssh/ssh_host_ed25519_key.pub").split()[1]
        c.publish(workers=[w for w in c.document["workers"] if w["name"] != two])
        report = c.settle(coordinator)
        self.assertEqual((report["generation"], report["joined"], report["pending"]), (3, 2, 0))
        for name in ("astro-frontend", one, three):
            self.assertNotIn(two, c.text(name, "/etc/hosts"))
            self.assertNotIn(gone, c.text(name, "/etc/ssh/ssh_known_hosts"))
            self.assertEqual(len(c.text(name, "/home/astro/.ssh/authorized_keys").splitlines()), 2 + 4)

    def test_name_used_again_is_another_server(self):
        c = self.cluster
        name = c.worker(1)
        coordinator = c.coordinator()
        c.settle(coordinator)
        before = c.text(name, "/etc/ssh/ssh_host_ed25519_key.pub")
        subprocess.run(["rm", "-rf", os.path.join(c.dir, name)], check=True)
        c.document["workers"] = []
        c.worker(1, batch="b2")
        c.publish(batches={"b2": BATCH_CA})
        report = c.settle(coordinator)
        self.assertEqual((report["joined"], report["pending"]), (1, 0))
        known = c.text("astro-frontend", "/etc/ssh/ssh_known_hosts")
        self.assertNotIn(before.split()[1], known)
        self.assertIn(c.text(name, "/etc/ssh/ssh_host_ed25519_key.pub").split()[1], known)

    def test_older_document_is_ignored(self):
        c = self.cluster
        c.worker(1)
        coordinator = c.coordinator()
        old = json.loads(json.dumps(c.document))
        c.worker(2)
        c.publish()
        c.settle(coordinator)
        c.document = old
        self.assertEqual(c.settle(coordinator)["generation"], 2)

    def replace_front_end(self, **changes):
        """The old front-end's disk is gone; the new one's document names its host CA."""
        c = self.cluster
        host_ca = c.reports[-1]["host_ca"]
        subprocess.run(["rm", "-rf", os.path.join(c.dir, "astro-frontend")], check=True)
        c.add("astro-frontend")
        c.publish(**dict({"host_cas": [host_ca], "batches": {}}, **changes))
        return host_ca

    def test_front_end_is_replaced(self):
        c = self.cluster
        names = [c.worker(1), c.worker(2)]
        before = c.settle(c.coordinator())
        host_keys = [c.text(n, "/etc/ssh/ssh_host_ed25519_key.pub") for n in names]
        front_end_key = c.text("astro-frontend", "/home/astro/.ssh/id_ed25519.pub").split()[1]
        host_ca = self.replace_front_end()
        report = c.settle(c.coordinator(over_ssh=True))
        self.assertEqual((report["generation"], report["joined"], report["pending"]), (2, 2, 0))
        self.assertNotEqual((report["host_ca"], report["coordinator_key"]), (host_ca, before["coordinator_key"]))
        self.assertEqual([c.text(n, "/etc/ssh/ssh_host_ed25519_key.pub") for n in names], host_keys, "a worker's own key stays")
        for name in names:
            self.assertNotIn(front_end_key, c.text(name, "/home/astro/.ssh/authorized_keys"), "the lost front-end's key is out")
            account = c.text(name, "/var/lib/vmcluster/.ssh/authorized_keys")
            self.assertIn(report["coordinator_key"], account)
            self.assertNotIn(before["coordinator_key"], account)
            shown = subprocess.run(["ssh-keygen", "-L", "-f", os.path.join(c.dir, name, "etc/ssh/ssh_host_ed25519_key-cert.pub")],
                                   check=True, capture_output=True, text=True).stdout
            new_ca = subprocess.run(["ssh-keygen", "-l", "-f", os.path.join(c.dir, "astro-frontend" + node.STATE, "host_ca.pub")],
                                    check=True, capture_output=True, text=True).stdout.split()[1]
            self.assertIn(new_ca, shown, "the certificate is the new front-end's")

    def test_known_by_the_old_host_ca_only_until_reached(self):
        c = self.cluster
        one, two = c.worker(1), c.worker(2)
        c.settle(c.coordinator())
        os.unlink(os.path.join(c.dir, two, "up"))
        host_ca = self.replace_front_end()
        c.settle(c.coordinator())
        known = c.text("astro-frontend", node.STATE + "/known_hosts")
        self.assertIn("@cert-authority %s %s" % (two, host_ca), known)
        self.assertNotIn("@cert-authority " + one, known)

    def test_workers_ahead_of_the_document_are_overtaken(self):
        """What the lost front-end distributed last may be newer than anybody remembers."""
        c = self.cluster
        name = c.worker(1)
        coordinator = c.coordinator()
        for _ in range(4):
            c.publish()
            c.settle(coordinator)
        c.document["generation"] = 2
        self.replace_front_end()
        coordinator = c.coordinator()
        report = c.settle(coordinator)
        self.assertEqual((report["generation"], report["joined"], report["pending"]), (3, 1, 0))
        self.assertIn(report["coordinator_key"], c.text(name, "/var/lib/vmcluster/.ssh/authorized_keys"))
        for generation in (4, 5, 6, 7):
            c.publish()
            report = c.settle(coordinator)
            self.assertEqual((report["generation"], report["joined"], report["pending"]), (generation, 1, 0))

    def test_cluster_ca_changes(self):
        c = self.cluster
        name = c.worker(1)
        coordinator = c.coordinator()
        c.settle(coordinator)
        c.publish(ca=CA + "Two")
        self.assertEqual(c.settle(coordinator)["pending"], 0)
        account = c.text(name, "/var/lib/vmcluster/.ssh/authorized_keys").splitlines()
        self.assertEqual([line.split()[-1] for line in account if line.startswith("cert-authority")], [(CA + "Two").split()[1]])

    def test_restart_repeats_nothing(self):
        c = self.cluster
        name = c.worker(1)
        c.settle(c.coordinator())
        calls = list(c.requests)
        report = c.settle(c.coordinator())
        self.assertEqual((report["joined"], report["pending"]), (1, 0))
        self.assertEqual(c.requests, calls)
        self.assertTrue(c.has(name, node.STATE + "/applied.json"))

    def test_first_key_goes_when_the_lasting_one_is_known(self):
        c = self.cluster
        c.worker(1)
        for path in (node.FIRST_KEY, node.FIRST_KEY + "-cert.pub"):
            put(c.dir + "/astro-frontend" + path, "key", 0o600)
        coordinator = c.coordinator()
        report = c.settle(coordinator)
        self.assertTrue(c.has("astro-frontend", node.FIRST_KEY), "a worker made before the lasting key is known needs it")
        c.document["front_end"]["coordinator_key"] = report["coordinator_key"]
        c.settle(coordinator)
        self.assertFalse(c.has("astro-frontend", node.FIRST_KEY))
        self.assertFalse(c.has("astro-frontend", node.FIRST_KEY + "-cert.pub"))

    def test_first_key_goes_when_it_has_expired(self):
        c = self.cluster
        c.worker(1, up=False)
        put(c.dir + "/astro-frontend" + node.FIRST_KEY, "key", 0o600)
        coordinator = c.coordinator()
        c.settle(coordinator, 3)
        self.assertTrue(c.has("astro-frontend", node.FIRST_KEY))
        c.time = node.FIRST_KEY_TTL + 1.0
        c.settle(coordinator, 1)
        self.assertFalse(c.has("astro-frontend", node.FIRST_KEY))

    def test_nobody_has_joined_a_front_end_that_lacks_its_own_part(self):
        c = self.cluster
        c.worker(1)
        coordinator = c.coordinator()
        c.settle(coordinator)
        c.worker(2)
        c.publish()
        answer = coordinator.node.answer
        coordinator.node.answer = lambda request: {"ok": False, "error": "no space left"}
        report = c.settle(coordinator)
        self.assertEqual((report["joined"], report["pending_names"], report["error"]), (0, "cpu[1-2]", "no space left"))
        coordinator.node.answer = answer
        report = c.settle(coordinator)
        self.assertEqual((report["joined"], report["pending"]), (2, 0))

    def test_token_is_made_while_the_worker_boots(self):
        c = Cluster("htcondor")
        self.addCleanup(c.close)
        c.worker(1)
        coordinator = c.coordinator()
        c.settle(coordinator)
        name = c.worker(2, up=False)
        c.publish()
        c.settle(coordinator)
        self.assertIn("token", coordinator.state["workers"][name])
        self.assertFalse(coordinator.state["workers"][name].get("joined"))

    def test_worker_without_address_is_pending(self):
        c = self.cluster
        c.worker(1)
        c.document["workers"].append({"name": "astro-cpu-2", "address": ""})
        report = c.settle(c.coordinator())
        self.assertEqual((report["joined"], report["pending"], report["pending_names"]), (1, 1, "cpu[2]"))

    def test_worker_that_answers_nonsense_stops_nobody(self):
        c = self.cluster
        bad, good = c.worker(1), c.worker(2)
        coordinator = c.coordinator()
        for answer in (None, [], {}, {"ok": True}, {"ok": True, "host_key": 7, "user_key": 7}, {"ok": False},
                       {"ok": False, "error": "stale", "generation": [1, "x"]}, {"ok": False, "error": "stale", "generation": 7}):
            coordinator.remote = lambda name, *rest, answer=answer: answer if name == bad else c.remote(name, *rest)
            coordinator.retries.clear()
            report = c.settle(coordinator, 6)
            self.assertEqual((report["joined"], report["pending_names"]), (1, "cpu[1]"), answer)
        self.assertIn(good, c.text("astro-frontend", "/etc/hosts"))

    def test_hostile_member_never_reaches_a_file(self):
        c = self.cluster
        one = c.worker(1)
        c.document["workers"].append({"name": "x\n6.6.6.6 bank.example", "address": "10.0.0.9"})
        c.document["workers"].append({"name": "astro-cpu-9", "address": "10.0.0.9 bank.example"})
        c.document["workers"].append({"name": "astro-cpu-9\n", "address": "10.0.0.9"})
        c.document["workers"].append({"name": "astro-cpu-9", "address": "fe80::9%\n6.6.6.6 bank.example"})
        c.document["workers"].append({"name": "astro-cpu-9", "address": 9})
        c.settle(c.coordinator())
        for name in (one, "astro-frontend"):
            text = c.text(name, "/etc/hosts")
            self.assertNotIn("bank", text)
            self.assertNotIn("cpu-9", text)


class LastWorker(ClusterCase):
    """A cloud without a metadata service: what a new worker brings, and the console."""

    def setUp(self):
        super().setUp()
        c = self.cluster
        c.more = {"coordinator": "last_worker"}
        subprocess.run(["rm", "-rf", c.dir + "/astro-frontend"], check=True)
        c.add("astro-frontend", **c.more)
        c.document["coordinator"] = "last_worker"
        c.metadata = lambda: self.console
        self.one = c.worker(1)
        c.enter("astro-frontend")
        put(c.dir + "/astro-frontend" + node.FIRST_DOCUMENT, json.dumps(c.document))
        self.console = node.Console(clock=lambda: c.time)
        self.coordinator = c.coordinator(over_ssh=True)
        put(c.dir + "/astro-frontend/up", "")

    def settle(self, ticks=12):
        c = self.cluster
        c.reports.append(None)
        c.enter("astro-frontend")
        c.settle(self.coordinator, ticks)
        line = [w for w in c.text("astro-frontend", "/dev/console").splitlines() if w.startswith("vmcluster-report ")][-1]
        return json.loads(line.split(" ", 1)[1])

    def test_growth(self):
        c = self.cluster
        report = self.settle()
        self.assertEqual((report["generation"], report["joined"], report.get("error", "")), (1, 1, ""))
        two, last = c.worker(2), "astro-cpu-3"
        c.document["workers"].append({"name": last, "address": "", "batch": "b1"})
        c.document["front_end"] = {"name": "astro-frontend", "address": "10.0.0.2", "host_key": report["host_key"]}
        c.publish()
        c.add(last, **c.more)
        root = os.path.join(c.dir, last)
        put(root + node.FIRST_DOCUMENT, json.dumps(c.document))
        put(root + node.FIRST_KEY, "key", 0o600)
        c.enter(last)
        node.own_address = lambda towards="": "10.0.1.3"
        self.assertEqual(node.Node().setup(), 0)
        self.assertIn("start --no-block vmcluster-hand-over.service", c.text(last, "/systemctl.log"))
        self.assertEqual(node.hand_over(node.Node(), clock=lambda: 0.0), 0)
        self.assertFalse(c.has(last, node.FIRST_KEY))
        node.own_address = lambda towards="": "10.0.0.2"
        report = self.settle(20)
        self.assertEqual((report["generation"], report["joined"], report["pending"]), (2, 3, 0))
        for name in ("astro-frontend", self.one, two, last):
            self.assertIn("10.0.1.3 astro-cpu-3.astro", c.text(name, "/etc/hosts"))
        self.assertIn(CA, c.text("astro-frontend", "/var/lib/vmcluster/.ssh/authorized_keys"))

    def test_growth_after_one_that_was_cut_short(self):
        """Its roster was brought, and nobody noted it down: the next run's may
        have the same generation, and another server under the same name."""
        c = self.cluster
        self.assertEqual(self.settle()["ca"], CA)
        two = c.worker(2)
        first = json.loads(json.dumps(c.document))
        first["workers"][-1].update(address="10.0.1.99", batch="b0")
        first["batches"]["b0"] = "ssh-ed25519 AAAAgone"
        first["ca"] = "ssh-ed25519 AAAAnext"
        n = node.Node()
        for document, ca in ((first, first["ca"]), (c.document, CA)):
            self.assertTrue(n.serve({"verb": "roster", "document": document})["ok"])
            report = self.settle(20)
            self.assertEqual((report["generation"], report["ca"]), (c.document["generation"], ca))
        self.assertEqual((report["joined"], report["pending"]), (2, 0))
        self.assertNotIn("10.0.1.99", c.text(two, "/etc/hosts"))

    def test_front_end_takes_rosters_only(self):
        c = self.cluster
        n = node.Node()
        newer = dict(c.document, generation=5)
        for request, ok in [
            ({"verb": "join"}, False), ({"verb": "apply", "generation": [9, 1], "bundle": {}}, False), (None, False), ([], False),
            ({"verb": "roster"}, False), ({"verb": "roster", "document": dict(newer, id="other")}, False),
            ({"verb": "roster", "document": newer}, True), ({"verb": "roster", "document": c.document}, True),
        ]:
            self.assertEqual(n.serve(request)["ok"], ok, request)
        self.assertEqual(self.console.document()["generation"], 5, "an older one changes nothing")
        other = dict(newer, workers=[])
        self.assertTrue(n.serve({"verb": "roster", "document": other})["ok"])
        self.assertEqual(self.console.document(), other, "of two with one generation the one that came last counts")
        n.by_last_worker = False
        self.assertFalse(n.serve({"verb": "roster", "document": dict(newer, generation=6)})["ok"])

    def test_console_is_not_flooded(self):
        for seconds, text, lines in [(0, "a", 1), (10, "a", 1), (20, "b", 2), (400, "b", 3)]:
            self.cluster.time = float(seconds)
            self.console.report(text)
            self.assertEqual(self.cluster.text("astro-frontend", "/dev/console").count("vmcluster-report"), lines)


class Requests(ClusterCase):
    """What a worker answers."""

    def setUp(self):
        super().setUp()
        self.name = self.cluster.worker(1)
        self.cluster.enter(self.name)
        self.node = node.Node()
        self.bundle = {
            "hosts": [["10.0.1.1", self.name]], "known_hosts": [], "authorized_keys": [OPERATOR],
            "coordinator_keys": [], "ca": CA, "batch": {"type": "none"}, "host_certificate": CERTIFICATE,
        }

    def apply(self, generation, **changes):
        return self.node.answer({"verb": "apply", "generation": generation, "bundle": dict(self.bundle, **changes)})

    def test_join_is_repeatable(self):
        first = self.node.answer({"verb": "join"})
        self.assertTrue(first["ok"])
        self.assertRegex(first["host_key"], node.PUBLIC_KEY)
        self.assertRegex(first["user_key"], node.PUBLIC_KEY)
        self.assertEqual(self.node.answer({"verb": "join"}), first)
        self.assertIn("throw-away", self.cluster.text(self.name, "/etc/ssh/ssh_host_ed25519_key"))

    def test_key_torn_by_a_crash_is_made_again(self):
        path = os.path.join(self.cluster.dir, self.name, "var/lib/vmcluster-node/host_key")
        first = self.node.answer({"verb": "join"})["host_key"]
        for private, public in (("", ""), ("\0" * 400, first + "\n"), ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb", "")):
            put(path, private, 0o600)
            put(path + ".pub", public)
            key = self.node.answer({"verb": "join"})["host_key"]
            self.assertRegex(key, node.PUBLIC_KEY)
            shown = subprocess.run(["ssh-keygen", "-y", "-f", path], check=True, capture_output=True, text=True).stdout
            self.assertEqual(node.public_key(shown), key)
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
            self.assertEqual(sorted(f for f in os.listdir(os.path.dirname(path)) if f != "lock"), ["host_key", "host_key.pub"])

    def test_users_own_key_stays(self):
        self.node.answer({"verb": "join"})
        path = os.path.join(self.cluster.dir, self.name, "home/astro/.ssh/id_ed25519")
        subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "a passphrase", "-f", path], check=True, capture_output=True)
        before = self.cluster.text(self.name, "/home/astro/.ssh/id_ed25519")
        self.assertTrue(self.node.answer({"verb": "join"})["ok"])
        self.assertEqual(self.cluster.text(self.name, "/home/astro/.ssh/id_ed25519"), before)

    def test_order_of_generations(self):
        self.assertEqual(self.apply([1, 1])["error"], "not joined")
        self.node.answer({"verb": "join"})
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
        self.node.answer({"verb": "join"})
        self.apply([1, 1])
        self.apply([2, 1], authorized_keys=[])
        self.assertEqual(self.cluster.text(self.name, "/home/astro/.ssh/authorized_keys"), "ssh-rsa AAAA own\n")
        self.assertEqual(self.cluster.text(self.name, "/etc/ssh/ssh_known_hosts"), "elsewhere ssh-rsa BBBB\n")

    def test_interrupted_apply_is_not_recorded(self):
        self.node.answer({"verb": "join"})
        self.node.show_host_key = lambda _certificate: (_ for _ in ()).throw(OSError("no space left on device"))
        self.assertFalse(self.apply([1, 1])["ok"])
        del self.node.show_host_key
        self.assertTrue(self.apply([1, 1])["ok"])

    def test_account_accepts_the_coordinator_only(self):
        self.node.answer({"verb": "join"})
        self.apply([1, 1], coordinator_keys=[OPERATOR])
        forced = 'restrict,command="sudo -n /usr/local/sbin/vmcluster-node remote" '
        self.assertEqual(self.cluster.text(self.name, "/var/lib/vmcluster/.ssh/authorized_keys").splitlines(), [
            'cert-authority,principals="vmcluster-coordinator",' + forced + CA, forced + OPERATOR])

    def test_certificate_is_named_where_sshd_looks(self):
        self.node.answer({"verb": "join"})
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
            node.remove(own)
            node.name_certificate("/etc/ssh/ssh_host_ed25519_key-cert.pub")
            self.assertEqual(self.cluster.text(self.name, where), want)
            self.assertEqual(self.cluster.has(self.name, own), where == own)
            self.assertFalse(node.name_certificate("/etc/ssh/ssh_host_ed25519_key-cert.pub"), "once is enough")

    def test_no_certificate(self):
        self.node.answer({"verb": "join"})
        self.assertIn("no host certificate", self.apply([1, 1], host_certificate="\nHostKey /tmp/x")["error"])

    def test_nonsense(self):
        for request in ({}, [], None, {"verb": "rm"}, {"verb": "setup"}):
            self.assertEqual(self.node.answer(request)["ok"], False, request)

    def test_over_stdin(self):
        p = subprocess.run([sys.executable, PROGRAM, "remote"], input='{"verb":"ping"}', capture_output=True, text=True)
        self.assertEqual(json.loads(p.stdout), {"ok": True, "name": self.name, "generation": None})
        p = subprocess.run([sys.executable, PROGRAM, "remote"], input="rubbish", capture_output=True, text=True)
        self.assertEqual(p.returncode, 1)


class Setup(ClusterCase):
    def test_worker(self):
        c = self.cluster
        name = c.worker(1)
        c.enter(name)
        self.assertEqual(node.Node().setup(), 0)
        self.assertEqual(node.Node().setup(), 0, "again")
        users = c.text(name, "/users.log")
        self.assertRegex(users, "useradd --system .*-p \\* .* vmcluster")
        self.assertIn("usermod -p * vmcluster", users, "the second time")
        self.assertIn(CA, c.text(name, "/var/lib/vmcluster/.ssh/authorized_keys"))
        self.assertIn(OPERATOR, c.text(name, "/home/astro/.ssh/authorized_keys"))
        self.assertIn("skuid != 0 reject", c.text(name, "/etc/vmcluster/metadata.nft"))
        self.assertIn("-f /etc/vmcluster/metadata.nft", c.text(name, "/nft.log"), "closed at once")
        wanted = c.dir + "/" + name + "/etc/systemd/system/multi-user.target.wants"
        self.assertEqual(sorted(os.listdir(wanted)), ["vmcluster-metadata.service", "vmcluster-setup.service"], "and at each boot")
        self.assertEqual(os.readlink(wanted + "/vmcluster-metadata.service"), "/etc/systemd/system/vmcluster-metadata.service")
        self.assertFalse(c.has(name, "/systemctl.log"), "systemd takes its time")
        self.assertIn("vmcluster: astro-cpu-1 is set up", c.text(name, "/dev/console"))

    def test_account_keys_are_labelled_for_sshd(self):
        c = self.cluster
        name = c.worker(1)
        c.enter(name)
        node.Node().setup()
        folder = os.path.join(c.dir, name, "var/lib/vmcluster")
        labels = ["semanage fcontext -a -t ssh_home_t /var/lib/vmcluster/\\.ssh(/.*)?", "restorecon -R " + folder,
                  "chcon -R -t ssh_home_t %s/.ssh" % folder]
        self.assertEqual([line for line in c.text(name, "/label.log").splitlines() if "/vmcluster" in line], labels)
        node.Node().write_account_keys(CA, [])
        self.assertEqual(c.text(name, "/label.log").splitlines()[-2:], labels[1:], "semanage takes seconds: once is enough")

    def test_metadata_is_closed_by_iptables_where_nft_does_not_work(self):
        c = self.cluster
        self.assertEqual(node.Node().setup(), 0)
        unit = c.text("astro-frontend", "/etc/systemd/system/vmcluster-metadata.service")
        for early in ("ssh.service", "cron.service", "condor.service"):
            self.assertIn(early, next(line for line in unit.splitlines() if line.startswith("Before="))[len("Before="):].split())
        command = next(line for line in unit.splitlines() if line.startswith("ExecStart=/bin/sh -c "))[len("ExecStart="):]
        put(c.dir + "/bin/nft", "#!/bin/sh\nexit 1\n", 0o755)
        put(c.dir + "/bin/iptables", "#!/bin/sh\necho \"$*\" >>\"$CLUSTER_DIR/iptables.log\"\ntest \"$1\" = -A\n", 0o755)
        subprocess.run(["/bin/sh", "-c", command], check=True)
        self.assertEqual([line.split()[0] for line in c.text("", "iptables.log").splitlines()], ["-C", "-A"])

    def test_front_end(self):
        c = self.cluster
        self.assertEqual(node.Node().setup(), 0)
        self.assertIn("start --no-block vmcluster-coordinator.service", c.text("astro-frontend", "/systemctl.log"))
        self.assertFalse(c.has("astro-frontend", "/var/lib/vmcluster/.ssh/authorized_keys"))

    def test_taken_uid_is_said_and_the_rest_done(self):
        c = self.cluster
        name = c.worker(1)
        put(os.path.join(c.dir, name, "etc/passwd"), "irc:x:%d:39::/run:/bin/sh\n" % os.getuid())
        c.enter(name)
        self.assertEqual(node.Node().setup(), 1)
        self.assertIn("belong to irc", c.text(name, "/dev/console"))
        self.assertTrue(c.has(name, "/var/lib/vmcluster/.ssh/authorized_keys"))
        self.assertIn("belong to irc", node.Node().answer({"verb": "join"})["error"])

    def test_request_that_comes_during_setup_is_answered_after_it(self):
        c = self.cluster
        name = c.worker(1)
        c.enter(name)
        n, order = node.Node(), []

        def coordinator_comes():
            request = threading.Thread(target=lambda: order.append(("join", n.answer({"verb": "join"})["ok"])))
            request.start()
            self.addCleanup(request.join)
            self.assertTrue(c.has(name, "/var/lib/vmcluster/.ssh/authorized_keys"), "it could log in")
            request.join(0.3)
            order.append("steps")
        n.name_itself = coordinator_comes
        self.assertEqual(n.setup(), 0)
        for _ in range(100):
            if len(order) == 2:
                break
            time.sleep(0.05)
        self.assertEqual(order, ["steps", ("join", True)])

    def test_home_is_worked_on_by_a_child_with_the_users_rights(self):
        c = self.cluster
        c.enter(c.worker(1))
        user = node.Account("astro", os.getuid(), os.getgid(), "/home/astro", "/bin/bash")
        called = open(os.path.join(c.dir, "called"), "ab", buffering=0)
        self.addCleanup(called.close)
        for name in ("setgroups", "setgid", "setuid"):  # only root may
            real = getattr(os, name)
            self.addCleanup(setattr, os, name, real)
            setattr(os, name, lambda what, name=name: called.write(b"%s(%r) " % (name.encode(), what)))
        answer = node.home_in_child(user, {"id": "i1", "home": user.home, "keys": ["ssh-ed25519 AAAA"]})
        self.assertEqual(c.text("", "called"), "setgroups([]) setgid(%d) setuid(%d) " % (user.gid, user.uid))
        self.assertRegex(answer["user_key"], "^ssh-ed25519 AAAA")
        self.assertIn("ssh-ed25519 AAAA\n", c.text("astro-cpu-1", "/home/astro/.ssh/authorized_keys"))
        for how, want in ((lambda what: os.kill(os.getpid(), 9), "ended early"), (lambda what: 1 // 0, "ZeroDivisionError")):
            os.setuid = how
            with self.assertRaisesRegex(node.Failure, want):
                node.home_in_child(user, {"id": "i1", "home": user.home})

    def test_step_that_fails_once_is_repeated(self):
        c = self.cluster
        name = c.worker(1)
        put(os.path.join(c.dir, name, "held"), "")
        c.enter(name)
        self.assertEqual(node.Node().setup(), 0)
        self.assertIn("try again later", c.text(name, "/dev/console"))
        self.assertEqual(c.text(name, "/users.log").count("useradd"), 3, "one of them twice")
        self.assertEqual(c.text(name, "/nft.log").count("metadata.nft"), 1, "what succeeded is not repeated")
        self.assertIn("vmcluster: astro-cpu-1 is set up", c.text(name, "/dev/console"))

    def test_setup_that_did_not_end_well_is_repeated_at_the_next_boot(self):
        c = self.cluster
        name = c.worker(1)
        put(os.path.join(c.dir, name, "etc/passwd"), "irc:x:%d:39::/run:/bin/sh\n" % os.getuid())
        c.enter(name)
        self.assertEqual(node.Node().setup(), 1)
        self.assertTrue(os.path.islink(c.dir + "/" + name + "/etc/systemd/system/multi-user.target.wants/vmcluster-setup.service"))
        unit = c.text(name, "/etc/systemd/system/vmcluster-setup.service")
        self.assertIn("ExecStart=/usr/local/sbin/vmcluster-node setup\n", unit)
        mark = next(line for line in unit.splitlines() if line.startswith("ConditionPathExists=!")).split("!")[1]
        self.assertFalse(c.has(name, mark))
        put(os.path.join(c.dir, name, "etc/passwd"), "")
        self.assertEqual(node.Node().setup(), 0)
        self.assertTrue(c.has(name, mark))

    def test_unexpected_exception_stops_one_step_only(self):
        c = self.cluster
        name = c.worker(1)
        put(os.path.join(c.dir, name, "etc/passwd"), "+::::::\n")
        put(os.path.join(c.dir, name, "etc/group"), "+:::\n")
        c.enter(name)
        self.assertEqual(node.Node().setup(), 0, "a line for NIS is nobody's")
        home = node.in_home
        self.addCleanup(lambda: setattr(node, "in_home", home))

        def older_python(*_):
            raise TypeError("run() got an unexpected keyword argument 'user'")
        node.in_home = older_python
        os.unlink(os.path.join(c.dir, name, "var/lib/vmcluster/.ssh/authorized_keys"))
        self.assertEqual(node.Node().setup(), 1)
        self.assertIn("unexpected keyword argument 'user'", c.text(name, "/dev/console"))
        self.assertTrue(c.has(name, "/var/lib/vmcluster/.ssh/authorized_keys"))
        self.assertIn("unexpected keyword argument 'user'", node.Node().answer({"verb": "join"})["error"])


class Leaving(ClusterCase):
    batch_system = "htcondor"

    def setUp(self):
        super().setUp()
        self.c = self.cluster
        self.one, self.two = self.c.worker(1), self.c.worker(2)
        self.coordinator = self.c.coordinator()
        self.c.settle(self.coordinator)

    def mark(self, how, name="astro-cpu-2"):
        self.c.publish(workers=[dict(w, leaving=how if w["name"] == name else "") for w in self.c.document["workers"]])

    def test_worker_is_configured(self):
        config = self.c.text(self.one, node.HTCondor.CONFIG)
        for line in ("CONDOR_HOST = astro-frontend.astro.vmcluster.internal", 'NovaInstanceUUID = "uuid-of-astro-cpu-1"',
                     "UID_DOMAIN = astro.vmcluster.internal", "MAXJOBRETIREMENTTIME = 86400 * 30"):
            self.assertIn(line + "\n", config)
        token = os.path.join(self.c.dir, self.one, node.HTCondor.TOKEN.lstrip("/"))
        self.assertEqual(stat.S_IMODE(os.stat(token).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(token)).st_mode), 0o700)
        self.assertNotEqual(self.c.text(self.one, node.HTCondor.TOKEN), self.c.text(self.two, node.HTCondor.TOKEN))
        self.assertIn("SCHEDD", self.c.text("astro-frontend", node.HTCondor.CONFIG))
        self.assertFalse(self.c.has(self.one, node.HTCondor.POOL_KEY))

    def test_address_of_the_cluster_is_advertised(self):
        """With several networks HTCondor would choose by itself."""
        n = node.Node()
        for address, want in [("127.0.0.1", ["NETWORK_INTERFACE = 127.0.0.1"]), ("192.0.2.7", []), (None, [])]:
            text = node.HTCondor(n, {"manager": "m"}, address).configuration()
            self.assertEqual([line for line in text.splitlines() if "NETWORK_INTERFACE" in line], want)
        seen, real = [], node.HTCondor
        self.addCleanup(lambda: setattr(node, "HTCondor", real))

        class Spy(real):
            def __init__(self, *arguments):
                seen.append(arguments[2:])
                super().__init__(*arguments)
        node.HTCondor = Spy
        self.assertTrue(n.answer({"verb": "apply", "generation": [99, 1], "bundle": self.coordinator.bundle({})})["ok"])
        self.assertEqual(seen, [("10.0.0.2",)])

    def test_new_generation_restarts_nothing(self):
        starts = self.c.text(self.one, "/systemctl.log").count("restart condor")
        self.c.publish()
        self.c.settle(self.coordinator)
        self.assertEqual(self.c.text(self.one, "/systemctl.log").count("restart condor"), starts)
        self.assertNotIn("condor_reconfig", self.c.text("", "condor.log"))

    def test_mark_alone_delivers_nothing(self):
        self.c.requests.clear()
        self.mark("idle")
        report = self.c.settle(self.coordinator)
        self.assertEqual((report["generation"], report["joined"], report["drained"]), (self.c.document["generation"], 2, "cpu[2]"))
        self.assertNotIn("apply", [verb for _, verb in self.c.requests])

    def test_idle_worker_leaves(self):
        self.mark("idle")
        report = self.c.settle(self.coordinator)
        self.assertEqual((report["drained"], report.get("busy", ""), report["pending"]), ("cpu[2]", "", 0))
        self.assertIn("condor_drain -check State==\"Unclaimed\" && Activity==\"Idle\" -exit-on-completion", self.c.text("", "condor.log"))
        self.assertIn("disable --no-reload --now condor.service", self.c.text(self.two, "/systemctl.log"))

    def test_busy_worker_stays_until_it_is_idle(self):
        put(os.path.join(self.c.dir, self.two, "busy"), "")
        self.mark("idle")
        report = self.c.settle(self.coordinator)
        self.assertEqual((report.get("drained", ""), report["busy"]), ("", "cpu[2]"))
        os.unlink(os.path.join(self.c.dir, self.two, "busy"))
        self.assertEqual(self.c.settle(self.coordinator)["drained"], "cpu[2]")

    def test_drain_lets_jobs_finish(self):
        self.mark("drain")
        self.assertEqual(self.c.settle(self.coordinator)["drained"], "cpu[2]")
        self.assertNotIn("-check", self.c.text("", "condor.log"))

    def test_mark_taken_back(self):
        self.mark("idle")
        self.c.settle(self.coordinator)
        self.assertFalse(self.c.has(self.two, "/proc/77/comm"))
        self.mark("")
        report = self.c.settle(self.coordinator)
        self.assertEqual((report.get("drained", ""), report["joined"], report["pending"]), ("", 2, 0))
        self.assertTrue(self.c.has(self.two, "/proc/77/comm"))
        self.assertIn("condor_drain -cancel", self.c.text("", "condor.log"))

    def test_drained_worker_is_not_started_by_a_bundle(self):
        self.mark("idle")
        self.c.settle(self.coordinator)
        self.c.worker(3)
        self.c.publish()
        self.c.settle(self.coordinator)
        self.assertFalse(self.c.has(self.two, "/proc/77/comm"))

    def test_new_front_end_gives_new_tokens_and_wakes_who_left(self):
        c = self.c
        tokens = [c.text(n, node.HTCondor.TOKEN) for n in (self.one, self.two)]
        self.mark("idle")
        host_ca = c.settle(self.coordinator)["host_ca"]
        self.assertFalse(c.has(self.two, "/proc/77/comm"))
        subprocess.run(["rm", "-rf", os.path.join(c.dir, "astro-frontend")], check=True)
        c.add("astro-frontend")
        c.document["host_cas"] = [host_ca]
        self.mark("")
        report = c.settle(c.coordinator())
        self.assertEqual((report["joined"], report["pending"], report.get("drained", "")), (2, 0, ""))
        for name, token in zip((self.one, self.two), tokens):
            self.assertNotEqual(c.text(name, node.HTCondor.TOKEN), token)
            self.assertTrue(c.has(name, "/proc/77/comm"))
        self.assertIn("condor_reconfig", c.text("", "condor.log"))

    def test_never_joined_worker_may_go_at_once(self):
        name = self.c.worker(3, up=False)
        self.c.publish()
        self.c.settle(self.coordinator)
        self.mark("idle", name)
        report = self.c.settle(self.coordinator)
        self.assertEqual((report["drained"], report["pending"]), ("cpu[3]", 0))

    def test_known_worker_that_is_asked_again_is_not_taken_for_empty(self):
        """At a new address, or after the coordinator lost what it knew, a worker
        may have jobs: only the worker can say that it has none."""
        put(os.path.join(self.c.dir, self.two, "busy"), "")
        self.c.document["workers"] = [dict(w, leaving="idle", address="10.9.9.2") if w["name"] == self.two else w
                                      for w in self.c.document["workers"]]
        self.c.publish()
        report = self.c.settle(self.coordinator)
        self.assertEqual((report.get("drained", ""), report["busy"]), ("", "cpu[2]"))
        os.unlink(os.path.join(self.c.dir, "astro-frontend", node.STATE.lstrip("/"), "state.json"))
        os.unlink(os.path.join(self.c.dir, self.two, "up"))
        again = self.c.coordinator()
        self.assertEqual(self.c.settle(again, 2).get("drained", ""), "")
        put(os.path.join(self.c.dir, self.two, "up"), "")
        report = self.c.settle(again)
        self.assertEqual((report.get("drained", ""), report["busy"]), ("", "cpu[2]"))

    def test_mark_taken_back_while_the_state_was_lost(self):
        self.mark("idle")
        self.c.settle(self.coordinator)
        os.unlink(os.path.join(self.c.dir, "astro-frontend", node.STATE.lstrip("/"), "state.json"))
        self.mark("")
        self.c.settle(self.c.coordinator())
        self.assertTrue(self.c.has(self.two, "/proc/77/comm"))

    def held(self, task):
        """Has the coordinator's task wait until it is let go."""
        go, begun, real = threading.Event(), threading.Event(), getattr(self.coordinator, task)

        def waits(*arguments):
            begun.set()
            go.wait(30)
            return real(*arguments)
        setattr(self.coordinator, task, waits)
        return go, begun

    def test_mark_taken_back_while_the_worker_is_being_closed(self):
        go, begun = self.held("task_leave")
        self.mark("idle")
        for _ in range(2):
            self.coordinator.next_read = 0.0
            self.coordinator.tick(self.c.time)
        self.assertTrue(begun.wait(30))
        self.mark("")
        self.coordinator.next_read = 0.0
        self.coordinator.tick(self.c.time)
        self.assertNotIn(("resume", self.two), self.coordinator.tasks)
        go.set()
        self.c.settle(self.coordinator)
        self.assertTrue(self.c.has(self.two, "/proc/77/comm"), "it was resumed before it was closed, and stays closed for ever")

    def test_marked_again_while_the_worker_is_being_opened(self):
        self.mark("idle")
        self.c.settle(self.coordinator)
        go, begun = self.held("task_resume")
        self.mark("")
        self.coordinator.next_read = 0.0
        self.coordinator.tick(self.c.time)
        self.assertTrue(begun.wait(30))
        self.mark("idle")
        self.coordinator.next_read = self.coordinator.next_report = 0.0
        self.coordinator.tick(self.c.time)
        self.assertEqual(self.c.reports[-1].get("drained", ""), "", "it is being opened")
        go.set()
        self.assertEqual(self.c.settle(self.coordinator)["drained"], "cpu[2]")
        self.assertFalse(self.c.has(self.two, "/proc/77/comm"))

    def test_gone_worker_is_forgotten_by_the_collector(self):
        self.c.publish(workers=[w for w in self.c.document["workers"] if w["name"] != self.two])
        self.c.settle(self.coordinator)
        log = self.c.text("", "condor.log")
        for kind in ("Machine", "StartD", "DaemonMaster"):
            self.assertIn('TargetType = "%s"\nRequirements = Machine == "astro-cpu-2.astro.vmcluster.internal"' % kind, log)

    def test_lost_answer_costs_nobody_else_a_bundle(self):
        c = self.c
        three, four = c.worker(3), c.worker(4)
        c.publish()
        lost = []

        def remote(name, address, request, timeout=0):
            answer = c.remote(name, address, request, timeout)
            if name == three and request["verb"] == "apply" and answer["ok"] and not lost:
                lost.append(answer["generation"])
                raise node.Failure("ssh: connection reset")
            return answer
        self.coordinator.remote = remote
        report = c.settle(self.coordinator, 30)
        self.assertEqual((report["joined"], report["pending"], len(lost)), (4, 0, 1))
        self.assertEqual(self.coordinator.state["version"], lost[0])
        self.assertEqual(c.requests.count((four, "apply")), 1)

    def token_id(self, name):
        body = self.c.text(name, node.HTCondor.TOKEN).split(".")[1]
        return json.loads(base64.b64decode(body + "=="))["jti"]

    def test_gone_workers_token_is_revoked(self):
        one, two = self.token_id(self.one), self.token_id(self.two)
        self.c.publish(workers=[w for w in self.c.document["workers"] if w["name"] != self.two])
        self.c.settle(self.coordinator)
        revoked = "SEC_TOKEN_REVOCATION_EXPR = member(jti, {%s})\n"
        self.assertEqual(self.c.text("astro-frontend", node.HTCondor.REVOKED), revoked % ('"%s"' % two))
        self.assertEqual(self.c.text("", "condor.log").count("condor_reconfig"), 1)
        put(self.c.dir + "/bin/condor_reconfig", "#!/bin/sh\nexit 1\n", 0o755)
        self.c.document["workers"][0]["batch"] = "b2"  # another server of that name
        subprocess.run(["rm", "-rf", os.path.join(self.c.dir, self.one)], check=True)
        self.c.add(self.one)
        self.c.publish(batches={"b2": BATCH_CA})
        self.assertIn("condor_reconfig", self.c.settle(self.coordinator)["error"])
        put(self.c.dir + "/bin/condor_reconfig", CONDOR, 0o755)
        report = self.c.settle(self.c.coordinator())  # what is still to be done outlives a restart
        self.assertEqual((report["joined"], report.get("error", "")), (1, ""))
        self.assertEqual(self.c.text("astro-frontend", node.HTCondor.REVOKED), revoked % ", ".join('"%s"' % i for i in sorted((one, two))))
        self.assertEqual(self.c.text("", "condor.log").count("condor_reconfig"), 2)
        self.assertNotIn(self.token_id(self.one), (one, two))

    def test_the_one_before_under_a_name_is_forgotten(self):
        put(os.path.join(self.c.dir, "condor.log"), "")
        self.c.publish(workers=[dict(w, batch="b2", address="10.0.9.9") if w["name"] == self.two else w for w in self.c.document["workers"]])
        self.c.settle(self.coordinator, 5)
        self.assertIn('Requirements = Machine == "astro-cpu-2.astro.vmcluster.internal"', self.c.text("", "condor.log"))
        self.assertNotIn('Requirements = Machine == "astro-cpu-1', self.c.text("", "condor.log"))

    def test_forgetting_is_tried_until_it_is_done(self):
        script = os.path.join(self.c.dir, "bin/condor_advertise")
        works = self.c.text("bin", "condor_advertise")
        put(script, "#!/bin/sh\necho failed to send classad >&2\nexit 1\n", 0o755)
        self.c.publish(workers=[w for w in self.c.document["workers"] if w["name"] != self.two])
        self.c.settle(self.coordinator, 5)
        self.assertEqual(self.coordinator.state["forget"], [self.two])
        put(script, works, 0o755)
        self.c.settle(self.coordinator, 30)
        self.assertEqual(self.coordinator.state["forget"], [])
        self.assertIn('TargetType = "StartD"\nRequirements = Machine == "astro-cpu-2.', self.c.text("", "condor.log"))

    def test_missing_package_is_told(self):
        name = self.c.worker(3)
        os.rmdir(os.path.join(self.c.dir, name, "etc/condor"))
        self.c.publish()
        report = self.c.settle(self.coordinator, 20)
        self.assertEqual(report["pending_names"], "cpu[3]")
        self.assertIn("HTCondor is not installed on astro-cpu-3", report["error"])


class LeavingWithoutBatchSystem(ClusterCase):
    def test_is_drained_at_once(self):
        c = self.cluster
        c.worker(1)
        coordinator = c.coordinator()
        c.settle(coordinator)
        c.publish(workers=[dict(w, leaving="drain") for w in c.document["workers"]])
        self.assertEqual(c.settle(coordinator)["drained"], "cpu[1]")


class Pure(unittest.TestCase):
    def test_with_block(self):
        block = "# BEGIN vmcluster i\nx\n# END vmcluster i\n"
        for before, lines, after in [
            ("", ["x"], block),
            ("a\n", ["x"], "a\n" + block),
            ("a", ["x"], "a\n" + block),
            ("a\n" + block + "b\n", ["x"], "a\n" + block + "b\n"),
            ("a\n" + block + "b\n", [], "a\nb\n"),
            ("a\n# BEGIN vmcluster i\nb\n", ["x"], "a\n" + block + "b\n"),  # its end was lost
            ("# BEGIN vmcluster other\ny\n# END vmcluster other\n", ["x"],
             "# BEGIN vmcluster other\ny\n# END vmcluster other\n" + block),
            ("a\n", [], "a\n"),
        ]:
            self.assertEqual(node.with_block(before, "i", lines), after, (before, lines))

    def test_without_loopback(self):
        for before, after in [
            ("127.0.1.1 n.dom n\n", ""),
            ("127.0.0.1 localhost n\n", "127.0.0.1\tlocalhost\n"),
            ("::1 n localhost # x\n", "::1\tlocalhost\n"),
            ("127.0.0.1 localhost\n10.0.0.1 n\n", "127.0.0.1 localhost\n10.0.0.1 n\n"),
            ("# 127.0.1.1 n\n", "# 127.0.1.1 n\n"),
        ]:
            self.assertEqual(node.without_loopback(before, "n"), after)

    def test_fold_names(self):
        for names, want in [
            ([], ""),
            (["a-cpu-1", "a-cpu-3", "a-cpu-2", "a-gpu-1"], "cpu[1-3],gpu[1]"),
            (["a-cpu-10", "a-cpu-9", "a-cpu-12"], "cpu[9-10,12]"),
            (["b-cpu-1", "a-frontend", "a-x-y-2", "a-cpu-0"], "x-y[2]"),
        ]:
            self.assertEqual(node.fold_names("a", names), want)

    def test_fit_report(self):
        report = {"generation": 7, "joined": 0, "pending": 900, "error": "x" * 5000, "drained": "cpu[1]", "busy": "",
                  "pending_names": "cpu[%s]" % ",".join(str(i) for i in range(1, 900, 2)), "host_key": "k" * 80, "coordinator_key": "c" * 80}
        text = node.fit_report(report)
        self.assertLessEqual(len(text), node.MAX_REPORT)
        got = json.loads(text)
        self.assertEqual((got["pending"], got["drained"]), (900, "cpu[1]"))
        self.assertNotIn("busy", got)
        self.assertLess(len(got["pending_names"]), len(report["pending_names"]))
        self.assertEqual(len(got["error"]), 300)
        names = ["a-cpu-%d" % i for i in range(101, 701, 2)]
        report.update(drained=node.fold_names("a", names), pending_names=node.fold_names("a", names + ["a-gpu-1", "a-gpu-3"]), error="", drained_count=300)
        text = node.fit_report(report)
        self.assertLessEqual(len(text), node.MAX_REPORT)
        self.assertGreater(len(text), node.MAX_REPORT * 2 // 3)
        got = json.loads(text)
        self.assertEqual(got["drained_count"], 300)
        self.assertNotIn("drained_count", json.loads(node.fit_report(dict(report, drained="cpu[1]", drained_count=1))), "the names tell")
        for key in ("drained", "pending_names"):
            self.assertRegex(got[key], r"^cpu\[101(,[0-9]+){30,}\]$")
            self.assertTrue(set(got[key][4:-1].split(",")) <= {name[6:] for name in names})

    def test_shorter(self):
        for names, want in [("cpu[1-3,7],gpu[1,2]", "cpu[1-3,7],gpu[1]"), ("cpu[1-3,7],gpu[1]", "cpu[1-3,7]"),
                            ("cpu[1-3,7]", "cpu[1-3]"), ("cpu[1-3]", ""), ("x-y[1],z[2]", "x-y[1]")]:
            self.assertEqual(node.shorter(names, len(names) - 1), want)
        self.assertEqual(node.shorter("cpu[1,22,333,4444]", 10), "cpu[1,22]")

    def test_decode_document(self):
        document = {"version": 1, "generation": 3, "id": "i"}
        text = base64.b64encode(zlib.compress(json.dumps(document).encode())).decode()
        meta = {"vmcluster_doc": "3 2", "vmcluster_doc_000": text[:20], "vmcluster_doc_001": text[20:], "other": "x"}
        self.assertEqual(node.decode_document(meta), document)
        self.assertIsNone(node.decode_document({}))
        for change in ({"vmcluster_doc": "4 2"}, {"vmcluster_doc": "3 3"}, {"vmcluster_doc": "x"}, {"vmcluster_doc_001": "!"}):
            with self.assertRaises(node.Failure):
                node.decode_document(dict(meta, **change))

    def test_atomic_write_keeps_mode(self):
        with tempfile.TemporaryDirectory() as root:
            saved, node.ROOT = node.ROOT, root
            self.addCleanup(lambda: setattr(node, "ROOT", saved))
            put(root + "/f", "old", 0o640)
            self.assertTrue(node.write("/f", "new"))
            self.assertFalse(node.write("/f", "new"))
            self.assertEqual(stat.S_IMODE(os.stat(root + "/f").st_mode), 0o640)
            self.assertEqual(os.listdir(root), ["f"])


class OwnAddress(unittest.TestCase):
    """A node without a way to the metadata service's IPv4 address."""

    IPV4 = "2: eth0    inet 10.9.0.4/24 brd 10.9.0.255 scope global eth0\\       valid_lft forever\n"
    IPV6 = "2: eth0    inet6 2001:db8::4/64 scope global \\       valid_lft forever\n"

    def test_without_a_route(self):
        real_run, real_socket = node.run, node.socket.socket
        self.addCleanup(lambda: (setattr(node, "run", real_run), setattr(node.socket, "socket", real_socket)))
        said = []

        class Unreachable:
            def __init__(self, family, _kind):
                self.family = family

            def __enter__(self):
                return self

            def __exit__(self, *_):
                pass

            def connect(self, towards):
                if self.family == node.socket.AF_INET or not said:
                    raise OSError(101, "Network is unreachable")

            def getsockname(self):
                return (said[0], 1, 0, 0)
        node.socket.socket = Unreachable
        for text, want in [(self.IPV4, "10.9.0.4"), (self.IPV6, "2001:db8::4"), (self.IPV6 + self.IPV4, "10.9.0.4")]:
            node.run = lambda *_, text=text: text
            self.assertEqual(node.own_address(), want)
        node.run = lambda *_: ""
        with self.assertRaisesRegex(node.Failure, "own address"):
            node.own_address()
        said.append("2001:db8::5")
        self.assertEqual(node.own_address("2001:db8::1"), "2001:db8::5")


class MetadataService(unittest.TestCase):
    def test_over_http(self):
        posts, codes = [], [200, 409]

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"uuid": "u", "meta": {}}')

            def do_POST(self):
                posts.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(codes.pop(0))
                self.end_headers()

            def log_message(self, *_):
                pass
        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        saved, node.METADATA = node.METADATA, "http://127.0.0.1:%d" % server.server_port
        try:
            m = node.Metadata()
            self.assertIsNone(m.document())
            self.assertEqual([m.report('{"a":1}'), m.report('{"a":1}')], [True, False])
            self.assertEqual(posts[0], ("/openstack/latest/password", b'{"a":1}'))
        finally:
            node.METADATA = saved
            server.shutdown()
            server.server_close()
        with self.assertRaises(node.Failure):
            m.document()


if __name__ == "__main__":
    far_side() if sys.argv[1:] == ["far_side"] else unittest.main()
