"""The bundle: what every node should have, computed from the document and the workers' keys."""

import json

from . import report, ssh, system
from .document import batch_config, groups, split_name
from .files import FIRST_KEY, STATE, exists, fingerprint, locked, read, write
from .node import LOCK_WAIT, Requests

HOST_CA = STATE + "/host_ca"
COORDINATOR_KEY = STATE + "/coordinator"
INTRODUCTION = STATE + "/introduction"  # "<coordinator key>\n<its introduction by the first key>\n"
SETTLE, LONGEST = 10, 30  # seconds that a new bundle waits for the next worker, and for all of them


class Identity:
    """The front-end's own keys and address; "" as long as they are not known."""

    def __init__(self, node):
        self.node = node
        self.host_key = self.user_key = self.coordinator_key = self.host_ca = self.address = ""
        self.introduction = ""
        self.sources = []  # what workers know this node by, see system.sources

    def establish(self, members):
        """Makes the front-end's keys and finds its address towards its workers."""
        self.make_own_key()
        if not self.host_key:
            with locked(LOCK_WAIT):
                own = Requests(self.node).join({})
            self.host_key, self.user_key = own["host_key"], own["user_key"]
        self.address = system.own_address(next((m["address"] for m in members.values()), "169.254.169.254"))
        self.sources = system.sources([m["address"] for m in members.values()])

    def make_own_key(self):
        """Makes the coordinator key, by which this front-end logs in to its workers and signs its reports."""
        if not self.coordinator_key:
            self.coordinator_key = ssh.make_key(COORDINATOR_KEY)

    def introduce(self):
        """Has the first key sign the coordinator key, once: by that signature the creator
        recognizes the front-end's reports."""
        self.make_own_key()
        lines = read(INTRODUCTION).splitlines()
        if lines[:1] != [self.coordinator_key] and exists(FIRST_KEY):
            lines = [self.coordinator_key, report.introduce(self.node, FIRST_KEY, self.coordinator_key)]
            write(INTRODUCTION, "".join(line + "\n" for line in lines), 0o600)
        self.introduction = lines[1] if lines[:1] == [self.coordinator_key] else ""

    def make_host_ca(self):
        """Makes the CA of the workers' host keys. If this front-end is lost, the next
        one verifies the workers by the CA's public half, which is in the report."""
        if not self.host_ca:
            self.host_ca = ssh.make_key(HOST_CA)


class Rendered(dict):
    """A worker's bundle. The parts that all workers have in common are text already."""

    def __init__(self, common, text, own):
        super().__init__(common, **own)
        self.text, self.own = text, own

    def json(self):
        """Returns the bundle's JSON."""
        return self.text[:-1] + ", " + json.dumps(self.own)[1:]


class Bundle:
    """The newest bundle, and its version [G, k].

    G is the document's generation, or a higher one that a node was found to have;
    k counts bundles within it. A document that changes nothing on the nodes (a mark to
    leave) leaves the version as it is and costs no delivery.

    Workers join in waves: one bundle brings the keys of all that have joined while
    others were joining, and while the bundle before was on its way to the nodes. A new
    document is not waited with.
    """

    def __init__(self, node, records, identity):
        self.node, self.records, self.identity = node, records, identity
        self.common, self.text = None, ""  # without the parts that differ between nodes; its JSON
        self.groups = {}  # a Group for each name
        self.generation = None  # of the document that it was computed from
        self.looked = 0.0  # when the front-end's own addresses were looked at
        self.since = None  # since when the next bundle has been waiting
        self.moved = 0.0  # when a worker has last joined, or taken a bundle in place of an earlier one

    def update(self, document, members, joining, pushing, now):
        """Computes the bundle. joining and pushing report whether workers are being asked
        to join, and whether the present bundle is on its way to nodes."""
        generation, state = document["generation"], self.records.state
        if self.common and self.generation == generation and self._waits(joining, pushing, now):
            return
        if self.generation != generation or self._looks(now) or not self.common:
            self.identity.establish(members)
            self.looked = now
        common = self._common(document, members)
        its_groups = groups(document, self.node.cluster, list(members))
        if (common, its_groups) != (self.common, self.groups):
            gpus = {name: group.gpus for name, group in its_groups.items()}
            digest = fingerprint([common, self.node.batch_type, its_groups if self.node.batch.USES_GROUPS else gpus])
            if state.get("digest") != digest:
                g, k = state["version"]
                state["version"] = [generation, 1] if generation > g else [g, k + 1]
            state["digest"] = digest
            self.text = json.dumps({part: value for part, value in common.items() if part != "batch"})
        self.common, self.groups, self.generation, self.since = common, its_groups, generation, None

    def _waits(self, joining, pushing, now):
        """Reports whether the next bundle waits until no worker is joining and no node is
        to get the present bundle. Workers that do not move on are not waited for."""
        if not (joining or pushing):
            return False
        if self.since is None:
            self.since = now
        return now < min(max(self.since, self.moved) + SETTLE, self.since + LONGEST)

    def _looks(self, now):
        """Reports whether the front-end's own addresses are looked at again. On a slow processor
        that takes half a second, so it waits while a worker that has joined has no bundle."""
        waited_for = any(r.get("joined") and not r.get("acked") for r in self.records.workers.values())
        return now >= self.looked + (LONGEST if waited_for else SETTLE)

    def _common(self, document, members):
        own, records = self.identity, self.records.workers
        joined = [n for n in members if records[n].get("joined")]
        user_keys = [ssh.key_line(document.get("operator_key") or ""), own.user_key] + [records[n].get("user_key", "") for n in joined]
        batch = {"type": self.node.batch_type, "manager": self.node.full(self.node.name)}
        self.node.state_folder()  # without the state volume the secret would be another one
        secret = self.node.batch.shared_secret()
        if secret:
            batch["secret"] = secret
        if batch_config(document):
            batch["config"] = batch_config(document)
        return {
            "hosts": [[own.address, self.node.name]] + [[m["address"], n] for n, m in members.items()],
            "known_hosts": [[self.node.name, own.address, own.host_key]]
                           + [[n, members[n]["address"], records[n]["host_key"]] for n in joined],
            "authorized_keys": [k for k in user_keys if k],
            "coordinator_keys": [own.coordinator_key],
            "sources": own.sources,
            "ca": ssh.public_key(document.get("ca") or self.node.config["ca"]),
            "batch": batch,
        }

    def for_front_end(self):
        """Returns the bundle of the front-end itself."""
        if not self.node.batch.USES_GROUPS:
            return self.common
        return dict(self.common, batch=dict(self.common["batch"], groups={name: list(group) for name, group in self.groups.items()}))

    def for_worker(self, name, record):
        """Returns the bundle of a worker; record is about it."""
        batch = dict(self.common["batch"])
        group = self.groups.get(split_name(self.node.cluster, name)[0])
        if group and group.gpus:
            batch["gpus"] = group.gpus
        if record.get("token"):
            batch["token"] = record["token"]
        return Rendered(self.common, self.text, {"batch": batch, "host_certificate": record["certificate"]})
