"""A cluster of directories; see Cluster."""

import concurrent.futures
import importlib
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import threading
import unittest

sys.dont_write_bytecode = True

from .. import batch, channel, coordinator, files, node, setup, system  # noqa: E402
from ..files import STATE  # noqa: E402
from . import example  # noqa: E402

sys.modules[batch.__name__ + ".example"] = example  # as if it lay in batch/

INTERNAL = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGE = __package__.partition(".")[0]

CLUSTER_ID = "6b1f0a52-1111-4222-8333-944445555666"
CA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIClusterCA"
BATCH_CA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBatchCA"
CERTIFICATE = "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaCBjZXJ0"
OPERATOR = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOperator"
FRONT_END = "astro-frontend"

# Every command notes its words; what it does is no more than the tests look at. The
# file units/NAME holds the processes that a unit runs, one per line, from number 76 on.
SYSTEMCTL = """#!/bin/sh
echo "$*" >>"$VMCLUSTER_ROOT/systemctl.log"
for unit; do :; done
case "$1" in
  cat) test -e "$VMCLUSTER_ROOT/units/$unit"; exit;;
  show) cd "$VMCLUSTER_ROOT" && shift 3 && between=
    for unit; do
      printf "$between"; between='\n'
      echo NeedDaemonReload=$(cat reload 2>/dev/null || echo no)
      echo NRestarts=$(cat restarts 2>/dev/null || echo 0)
      echo ActiveEnterTimestampMonotonic=$(cat since 2>/dev/null || echo 0)
      echo DropInPaths=$(ls -d etc/systemd/system/"$unit".d/* 2>/dev/null | sed 's|^|/|')
      echo UnitFileState=$(cat "enabled/$unit" 2>/dev/null || echo enabled)
      echo ActiveState=$(test -e proc/76 && echo active || echo inactive)
    done; exit;;
esac
test -e "$VMCLUSTER_ROOT/units/$unit" || exit 0
case "$*" in
  start*|restart*) n=76; while read -r process; do
    mkdir -p "$VMCLUSTER_ROOT/proc/$n"; echo "$process" >"$VMCLUSTER_ROOT/proc/$n/comm"; n=$((n+1))
  done <"$VMCLUSTER_ROOT/units/$unit";;
  disable*--now*) rm -rf "$VMCLUSTER_ROOT/proc";;
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
test ! -e "$root/attack" || exec /bin/sh "$root/attack"
VMCLUSTER_ROOT=$root exec "$PYTHON" -B -c "$PROGRAM" remote
"""
PROGRAM = "import sys; sys.path.insert(0, %r); import %s as p; sys.exit(p.main(sys.argv[1:]))" % (INTERNAL, PACKAGE)
FAR_SIDE = "import sys; sys.path.insert(0, %r); from %s.tests import harness; harness.far_side()" % (INTERNAL, PACKAGE)


def far_side():
    """The other end of Cluster.remote: one process that plays every worker."""
    install(os.environ["DOUBLE"])
    for line in sys.stdin:
        files.ROOT, request = json.loads(line)
        os.environ["VMCLUSTER_ROOT"] = files.ROOT
        print(json.dumps(node.Requests(node.Node()).answer(request)), flush=True)


def install(module):
    """Has a double's commands run in this process; module is its MODULE."""
    return importlib.import_module("." + module, __package__).install() if module else None


def put(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


class Double:
    """What stands in for a batch system's packages; none of them for a cluster without one."""

    NAME = "none"
    SCRIPTS = {}  # command -> script; it finds the cluster in $CLUSTER_DIR and its node in $VMCLUSTER_ROOT
    UNITS = {}  # unit -> the processes that it runs, one per line
    FILES = {}  # path -> text: what each image has beside them
    PACKAGE = "units"  # what an image without the batch system lacks
    MODULE = ""  # a module here whose install() has the commands run in the program's own process, where starting them would take long


class Cluster:
    """Nodes as directories below one temporary directory."""

    def __init__(self, double=Double):
        self.temporary = tempfile.TemporaryDirectory()
        self.dir = os.path.realpath(self.temporary.name)
        self.double = double
        self.document = {
            "version": 1, "id": CLUSTER_ID, "name": "astro", "generation": 1, "login_user": "astro", "login_uid": os.getuid(),
            "operator_key": OPERATOR, "batch_system": double.NAME, "ca": CA, "front_end": {"name": FRONT_END},
            "groups": {"cpu": {"count": 2, "scaling": {"min": 0, "max": 9}}},
            "batches": {"b1": BATCH_CA}, "workers": [],
        }
        self.reports, self.longest_report = [], 0
        self.slot_taken = False
        scripts = {"systemctl": SYSTEMCTL, "ssh": SSH, "restorecon": LABEL, "chcon": LABEL, "semanage": LABEL, "nft": NFT}
        scripts.update({n: USERADD for n in ("useradd", "usermod", "groupadd", "groupmod")}, **double.SCRIPTS)
        os.mkdir(self.dir + "/bin")
        for name, text in scripts.items():
            put(self.dir + "/bin/" + name, text, 0o755)
        self.saved = dict(os.environ), files.ROOT, system.own_address, system.sources
        os.environ.update(PATH=self.dir + "/bin:" + os.environ["PATH"], CLUSTER_DIR=self.dir, PYTHON=sys.executable, PROGRAM=PROGRAM, DOUBLE=double.MODULE)
        self.uninstall = install(double.MODULE)
        system.own_address = lambda towards="": "10.0.0.2"
        system.sources = lambda towards: ["10.0.0.2"]
        self.add(FRONT_END)
        self.enter(FRONT_END)
        self.requests = []
        self.far, self.far_lock = None, threading.Lock()

    def close(self):
        if self.far:
            self.far.communicate()
        if self.uninstall:
            self.uninstall()
        environment, files.ROOT, system.own_address, system.sources = self.saved
        os.environ.clear()
        os.environ.update(environment)
        self.temporary.cleanup()

    def add(self, name, up=True, **more):
        """A freshly booted node, as cloud-init leaves it."""
        root = os.path.join(self.dir, name)
        role = "front_end" if name == FRONT_END else "worker"
        config = dict(id=CLUSTER_ID, cluster="astro", name=name, role=role, group="cpu", front_end=FRONT_END,
                      login_user="astro", login_uid=os.getuid(), operator_key=OPERATOR, batch_system=self.double.NAME,
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
        for unit, processes in self.double.UNITS.items():
            put(root + "/units/" + unit, processes)
        os.makedirs(root + "/dev")
        for path, text in self.double.FILES.items():
            put(root + path, text)
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
        """Has the program of this process run on a node from now on."""
        files.ROOT = os.path.join(self.dir, name)
        os.environ["VMCLUSTER_ROOT"] = files.ROOT
        return node.Node()

    def path(self, name, path):
        return os.path.join(self.dir, name, path.lstrip("/"))

    def text(self, name, path):
        with open(self.path(name, path)) as f:
            return f.read()

    def has(self, name, path):
        return os.path.exists(self.path(name, path))

    def mode(self, name, path):
        return stat.S_IMODE(os.stat(self.path(name, path)).st_mode)

    def log(self, name):
        """What a command has noted, "" if it never ran."""
        return self.text("", name) if self.has("", name) else ""

    def delete(self, name, path=""):
        subprocess.run(["rm", "-rf", self.path(name, path)], check=True)

    def publish(self, **changes):
        self.document = json.loads(json.dumps(dict(self.document, **changes)))
        self.document["generation"] += 1

    def mark(self, how, name):
        """Marks a worker as leaving, and no other."""
        self.publish(workers=[dict(w, leaving=how if w["name"] == name else "") for w in self.document["workers"]])

    # the two sides of the metadata service
    def metadata(self):
        cluster = self

        class Double(channel.Channel):
            def document(self):
                return json.loads(json.dumps(cluster.document))

            def report(self, text):
                cluster.longest_report = max(cluster.longest_report, len(text.encode()))
                cluster.reports.append(json.loads(text.split(" ", 1)[1]))
                return not cluster.slot_taken
        return Double()

    def remote(self, name, _address, request, _timeout=0):
        """Stands in for ssh, without starting a Python for every request."""
        self.requests.append((name, request["verb"]))
        if not self.has(name, "/up"):
            raise system.Failure("ssh: connect to host %s port 22: Connection refused" % name)
        with self.far_lock:
            if self.far is None:
                self.far = subprocess.Popen([sys.executable, "-B", "-c", FAR_SIDE], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.far.stdin.write(json.dumps([os.path.join(self.dir, name), request]) + "\n")
            self.far.stdin.flush()
            return json.loads(self.far.stdout.readline())

    def up(self, addresses):
        """Stands in for the connections that show which workers have booted. The ssh of
        this cluster says it as well."""
        return {"ok": True, "up": dict.fromkeys(addresses, "")}

    def coordinator(self, over_ssh=False):
        self.time = 0.0
        c = coordinator.Coordinator(self.enter(FRONT_END), self.metadata(), clock=lambda: self.time)
        if not over_ssh:
            c.calls.remote = self.remote
        c.calls.up = self.up
        return c

    def tick(self, c, report=False):
        """One turn that looks at the document."""
        c.next_read = float("-inf")
        if report:
            c.next_report = float("-inf")
        c.tick(self.time)

    def settle(self, c, ticks=12):
        """Lets the coordinator work until nothing is under way, its clock running on."""
        for _ in range(ticks):
            self.tick(c, report=True)
            if not c.tasks.running and not c.progress.pending(c.document) and not c.progress.unsettled(c.document):
                break
            concurrent.futures.wait([future for future, _ in c.tasks.running.values()], 30)
            self.time += 5
        return self.reports[-1]


class ClusterCase(unittest.TestCase):
    DOUBLE = Double

    def setUp(self):
        self.cluster = Cluster(self.DOUBLE)
        self.addCleanup(self.cluster.close)
        self.patch(setup, "PAUSE", 0)
        self.addCleanup(self.patch(sys, "stderr", open(os.devnull, "w")).close)

    def patch(self, where, name, value):
        """Replaces an attribute until the test ends."""
        self.addCleanup(setattr, where, name, getattr(where, name))
        setattr(where, name, value)
        return value

    def setup(self):
        """Sets the node up that was entered last; returns the exit status."""
        return setup.Setup(node.Node()).run()

    def replace_front_end(self, **changes):
        """The old front-end's disk is gone; the new one's document names its host CA."""
        c = self.cluster
        host_ca = c.reports[-1]["host_ca"]
        c.delete(FRONT_END)
        c.add(FRONT_END)
        c.publish(**dict({"host_cas": [host_ca], "batches": {}}, **changes))
        return host_ca


# ---- the forms of the lines that files may have

KEY = r"(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp\d+|sk-[-a-z0-9]+@openssh\.com) AAAA[A-Za-z0-9+/]*={0,2}"
NAME = r"[a-z](?:[-a-z0-9]*[a-z0-9])?"
FORCED = r'restrict,command="sudo -n /usr/local/sbin/vmcluster-node remote" '
MARK = "# (?:BEGIN|END) vmcluster " + CLUSTER_ID
FORMS = {
    "/home/astro/.ssh/authorized_keys": r"%s|%s(?: [ -~]*)?" % (MARK, KEY),
    "/var/lib/vmcluster/.ssh/authorized_keys": r'(?:cert-authority,principals="[a-z-]+",%s|(?:from="[0-9a-f.:/,]+",)?%s)%s' % (FORCED, FORCED, KEY),
    "/etc/ssh/ssh_known_hosts": r"%s|%s,[-a-z0-9.]+,[0-9a-f.:]+ %s" % (MARK, NAME, KEY),
    "/etc/hosts": r"%s|[0-9a-f.:]+ [-a-z0-9.]+( %s)?" % (MARK, NAME),
}


def malformed(root):
    """Returns the lines of a node's files that have none of the known forms."""
    bad = []
    for path, form in FORMS.items():
        if os.path.exists(root + path):
            with open(root + path, encoding="utf-8", errors="surrogateescape", newline="\n") as f:
                bad += [(path, line) for line in f.read().split("\n")[:-1] if not re.fullmatch(form, line) or len(line) > 17000]
    return bad


STATE_FILE = STATE + "/state.json"
