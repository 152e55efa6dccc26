"""A crowd of workers, which only answer, and what the coordinator spends on them."""

import base64
import collections
import concurrent.futures
import heapq
import json
import os
import random
import subprocess
import sys
import threading

from .. import batch, calls, checks, coordinator, delivery, node, ssh, system
from ..system import Failure, run
from .harness import BATCH_CA, CERTIFICATE, FRONT_END, Cluster, Double, put
from .kills import Killed

# It answers as a worker does, DELAY seconds later, and costs little.
SSH = """#!/bin/sh
for word; do case "$word" in HostKeyAlias=*) name=${word#HostKeyAlias=};; esac; done
request=$(head -c 80)
sleep "$DELAY"
read -r key <"$CLUSTER_DIR/keys/$name"
case "$request" in
  *'"join"'*) echo '{"ok": true, "host_key": "'"$key"'", "user_key": "'"$key"'", "retired": false, "home": ""}';;
  *'"apply"'*) version=${request#*'"generation": '}
    echo '{"ok": true, "generation": '"${version%%]*}"'], "user_key": "'"$key"'", "home": ""}';;
esac
"""


KEYGEN = "ssh-keygen"


class Credentials(batch.BatchSystem):
    """A batch system that starts a program for each worker's credential."""

    HAS_CREDENTIALS = True

    def credential(self, name):
        return run("echo", "credential-of-" + name).strip()

    def check(self, secret, credential):
        pass


SYSTEM = Credentials
sys.modules[batch.__name__ + ".crowd"] = sys.modules[__name__]  # as if it lay in batch/


class CrowdDouble(Double):
    """What the workers of a crowd run."""

    NAME = "crowd"


class Pool:
    """The threads of a coordinator in virtual time: so many tasks run at once, each for
    as long as its requests take."""

    def __init__(self, crowd, tasks):
        self.crowd, self.tasks = crowd, tasks
        self.waiting, self.ends, self.most = collections.deque(), [], 0
        self.order = 0

    def submit(self, task, *arguments):
        future = concurrent.futures.Future()
        self.waiting.append((future, task, arguments))
        self.fill()
        return future

    def fill(self):
        """Starts what waits, as far as there are threads."""
        while self.waiting and len(self.ends) < self.crowd.PARALLEL:
            future, task, arguments = self.waiting.popleft()
            self.crowd.took, self.order = 0.0, self.order + 1
            try:
                outcome = task(*arguments), None
            except Exception as error:
                outcome = None, error
            heapq.heappush(self.ends, (self.crowd.time + self.crowd.took, self.order, future, outcome))
            self.most = max(self.most, len(self.ends))

    def rest(self, seconds):
        """Stands in for Tasks.rest."""
        end = self.crowd.time + seconds
        if self.ends and self.ends[0][0] <= end:
            end = max(self.crowd.time, self.ends[0][0]) + self.tasks.moment()
        while self.ends and self.ends[0][0] <= end:
            at, _, future, (value, error) = heapq.heappop(self.ends)
            self.crowd.time = max(self.crowd.time, at)
            if error:
                future.set_exception(error)
            else:
                future.set_result(value)
            self.fill()
        self.crowd.time = end


class Crowd(Cluster):
    """A cluster whose workers have no directories: they answer by themselves, in virtual
    time, or by a script in place of ssh. What the coordinator does for them is counted."""

    PARALLEL = 64
    CHECKED = 1000  # of so many bundles one is read as a worker reads it

    def __init__(self, number, scripted=False):
        super().__init__(CrowdDouble)
        self.lock, self.random = threading.Lock(), random.Random(11)
        self.down = set()  # workers that have not booted
        self.keys, self.shown = {}, set()  # each worker's lasting host key, and the workers that show it
        self.has, self.generations = {}, collections.Counter()  # version that each worker has; bundles of each version
        self.takes = {"join": (0.3, 0.7), "apply": (0.3, 0.7)}  # seconds, from one to the other
        self.took = 0.0  # seconds of the task that is under way
        self.asked, self.spawned, self.renamed = collections.Counter(), collections.Counter(), collections.Counter()
        self.kill_at = None  # so many more steps until the coordinator is killed
        self.add("astro-cpu-0")
        self.enter("astro-cpu-0")
        self.reader = node.Node()
        self.enrol(number)
        self.real = subprocess.Popen, os.rename, calls.Calls.ask, ssh.run, os.fsync
        subprocess.Popen, os.rename, calls.Calls.ask = self.popen, self.rename, lambda asking, *what: self.ask(asking, *what)
        if scripted:
            system.sources = self.saved[3]
            put(self.dir + "/bin/ssh", SSH, 0o755)
            for name, key in self.keys.items():
                put(self.dir + "/keys/" + name, key + "\n")
        else:
            ssh.run, os.fsync = self.run, lambda fd: None

    def close(self):
        subprocess.Popen, os.rename, calls.Calls.ask, ssh.run, os.fsync = self.real
        super().close()

    def enrol(self, number):
        """Adds so many workers to the roster, in one generation; returns their names."""
        new = []
        for n in range(len(self.keys) + 1, len(self.keys) + number + 1):
            name = "astro-cpu-%d" % n
            blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + n.to_bytes(32, "big")
            self.keys[name] = "ssh-ed25519 " + base64.b64encode(blob).decode()
            self.document["workers"].append({"name": name, "address": "10.1.%d.%d" % divmod(n, 250), "batch": "b1"})
            new.append(name)
        self.publish()
        return new

    def all_joined(self):
        """Reports whether the report says that all workers have what they should have."""
        last = self.reports[-1] if self.reports else {}
        return (last.get("generation"), last.get("joined")) == (self.document["generation"], len(self.keys))

    # ---- what is counted

    def popen(self, command, *rest, **options):
        self.count(self.spawned, os.path.basename(command[0]))
        return self.real[0](command, *rest, **options)

    def rename(self, old, new, **options):
        self.step()
        self.real[1](old, new, **options)
        self.count(self.renamed, os.path.basename(new))

    def ask(self, asking, name, address, request, *timeout):
        self.count(self.asked, request["verb"])
        if request["verb"] == "apply":
            self.count(self.generations, tuple(request["generation"]))
        return self.real[2](asking, name, address, request, *timeout)

    def count(self, counter, what):
        with self.lock:
            counter[what] += 1

    def step(self):
        """Kills the coordinator if it is time."""
        if self.kill_at is not None:
            self.kill_at -= 1
            if self.kill_at < 0:
                self.kill_at = None
                raise Killed

    def forget_counts(self):
        for counter in (self.asked, self.spawned, self.renamed, self.generations):
            counter.clear()

    # ---- workers that answer by themselves, in virtual time

    def coordinator(self, over_ssh=False):
        """Returns a coordinator in virtual time, which passes while it rests."""
        self.time = getattr(self, "time", 0.0)
        made = coordinator.Coordinator(self.enter(FRONT_END), self.metadata(), clock=lambda: self.time)
        made.tasks.pool.shutdown()
        made.tasks.pool = Pool(self, made.tasks)
        made.tasks.rest = made.tasks.pool.rest
        made.calls.up = self.up
        return made

    def run_until(self, made, is_done):
        """Runs a coordinator until something holds; returns the number of turns."""
        turns, end = 0, self.time + 1800
        while not is_done():
            assert self.time < end, "it never ends: %s" % self.reports[-1:]
            made.turn()
            turns += 1
        return turns

    def up(self, addresses):
        """Stands in for the connections that show which workers have booted."""
        self.took += 0.01
        down = {m["address"] for m in self.document["workers"] if m["name"] in self.down}
        return {"ok": True, "up": {address: "No route to host" if address in down else "" for address in addresses}}

    def run(self, *command, text=None, **options):
        """Stands in for ssh and ssh-keygen."""
        self.count(self.spawned, command[0])
        if command[0] == KEYGEN:
            self.took += 0.01
            return self.keygen(command)
        options = dict(word.split("=", 1) for word in command if "=" in word)
        answer = json.dumps(self.answer(options["HostKeyAlias"], options["UserKnownHostsFile"], text))
        self.step()
        return answer

    @staticmethod
    def keygen(command):
        """Makes a key, or signs a host key or a text."""
        if "-s" in command:
            with open(command[-1][:-len(".pub")] + "-cert.pub", "w") as f:
                f.write(CERTIFICATE)
        elif "sign" in command:
            return base64.b64encode(bytes(64)).decode()
        else:
            for end, text in ((".pub", "ssh-ed25519 AAAA%s\n" % os.urandom(20).hex()), ("", "-----END \n")):
                with open(command[-1] + end, "w") as f:
                    f.write(text)
        return ""

    def answer(self, name, known_hosts, text):
        """Answers as a worker. One that shows its lasting key is reached only by a
        coordinator that knows that key; one that does not, by its batch CA."""
        with open(known_hosts) as f:
            known = f.read()
        line = "\n%s %s\n" % (name, self.keys[name]) if name in self.shown else "\n@cert-authority %s %s\n" % (name, BATCH_CA)
        if name in self.down or line not in "\n" + known:
            self.took += 3.0
            raise Failure("it is not reached")
        verb = "join" if text.startswith('{"verb": "join"') else "apply"
        self.took += self.random.uniform(*self.takes[verb])
        if verb == "join":
            return {"ok": True, "host_key": self.keys[name], "user_key": self.keys[name], "retired": False, "home": ""}
        if self.asked["apply"] % self.CHECKED == 1:
            delivery.check(self.reader, checks.parse(text))
        version = json.loads(text[text.index("["):text.index("]") + 1])
        self.shown.add(name)
        if self.has.get(name, [0, 0]) > version:
            return {"ok": False, "error": "stale", "generation": self.has[name]}
        self.has[name] = version
        return {"ok": True, "generation": version, "user_key": self.keys[name], "home": ""}
