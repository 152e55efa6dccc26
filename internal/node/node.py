"""A node: what it knows about itself, and the requests that it answers."""

import json

from . import accounts, batch, files, ssh, system
from .files import NODE_FILE, STATE, locked, read, read_json, write
from .system import Failure, reason

USER_KEY = STATE + "/user_key.pub"  # the login user's, as setup made it
APPLIED = STATE + "/applied.json"
RETIRED = STATE + "/retired"


class Node:
    """This node, as /etc/vmcluster/node.json describes it.

    name is its host name, group its worker group ("" on the front-end),
    server_id its UUID in the cloud, batch its batch system.
    """

    def __init__(self):
        self.config = read_json(NODE_FILE)
        if not self.config:
            raise Failure("%s is missing or is not JSON" % NODE_FILE)
        self.id = self.config["id"]  # the cluster's
        self.cluster = self.config["cluster"]
        self.name = self.config["name"]
        self.group = self.config.get("group", "")
        self.domain = self.cluster + ".vmcluster.internal"
        self.is_front_end = self.config["role"] == "front_end"
        self.login_user = self.config.get("login_user") or ""
        self.batch_type = self.config.get("batch_system") or "none"

    @property
    def server_id(self):
        """The server's UUID, from cloud-init."""
        return read("/var/lib/cloud/data/instance-id").strip()

    @property
    def batch(self):
        """The node's batch system."""
        return batch.load(self.batch_type, self)

    @property
    def channel(self):
        """On the front-end: the channel by which changed rosters come."""
        from . import channel
        return channel.of(self.config)

    def full(self, name):
        """Returns a node's name with the cluster's domain."""
        return name + "." + self.domain

    def applied(self):
        """Returns generation and digest of the bundle in effect, or {}."""
        return read_json(APPLIED) or {}

    def retired(self):
        """Reports whether this worker is closed."""
        return files.exists(RETIRED)

    def login_key(self, keys=None):
        """Makes the login user and the user's key, and returns its public half.

        keys, where they are not None, become the cluster's block of the
        user's authorized_keys.
        """
        user = accounts.ensure_login_user(self.login_user, self.config["login_uid"])
        return accounts.in_home(user, {"id": self.id, "keys": keys})["user_key"]

    def write_account_keys(self, ca, keys):
        """Has the coordinator's account admit the CA's certificates and some keys."""
        accounts.write_account_keys(self.config["principal"], ca, keys)

    def write_hosts(self, hosts):
        """Writes the cluster's block of /etc/hosts; hosts are [address, name]."""
        lines = ["%s %s %s" % (address, self.full(name), name) for address, name in hosts]
        rest = files.without_loopback(files.with_block(read("/etc/hosts"), self.id, []), self.name)
        write("/etc/hosts", files.with_block(rest, self.id, lines))


class Requests:
    """The requests that a node answers.

    The coordinator puts them to workers over SSH, and to its own front-end
    directly. An answer is {"ok": true, ...} or {"ok": false, "error": ...}.
    """

    def __init__(self, node):
        self.node = node

    def serve(self, request):
        """Answers a request from another node. A worker obeys the coordinator. The
        front-end obeys its own only, so its channel answers other nodes."""
        if self.node.is_front_end:
            return self.node.channel.serve(self.node, request)
        return self.answer(request)

    def answer(self, request):
        """Answers a request of the coordinator."""
        verbs = {"ping": self.ping, "join": self.join, "apply": self.apply, "retire": self.retire, "resume": self.resume}
        try:
            verb = verbs[request["verb"]]
        except (KeyError, TypeError):
            return {"ok": False, "error": "no such verb"}
        try:
            with locked():
                return dict({"ok": True}, **verb(request))
        except Exception as error:  # the coordinator reports an unexpected one as well
            return {"ok": False, "error": reason(error)}

    def ping(self, _request):
        """Returns name and generation."""
        return {"name": self.node.name, "generation": self.node.applied().get("generation")}

    def join(self, request):
        """Makes this node's lasting keys, once, and returns their public halves."""
        user_key = ""
        if self.node.login_user:
            # A new node has just made the key; later the user may have another.
            user_key = not self.node.applied() and read(USER_KEY) or self.node.login_key()
        if self.node.is_front_end:
            host_key = ssh.public_key(read(ssh.SSHD_KEY + ".pub"))
            if not host_key:
                raise Failure("this image's sshd has no ed25519 host key")
        else:
            host_key = ssh.make_key(ssh.HOST_KEY)
        return dict(self.ping(request), host_key=host_key, user_key=user_key, retired=self.node.retired())

    def apply(self, request):
        """Puts a bundle into effect. Its version is recorded last, so that an
        interrupted apply is done again from the start."""
        node, generation, bundle = self.node, request["generation"], request["bundle"]
        digest = files.fingerprint(bundle)
        applied = node.applied()
        if applied and generation <= applied["generation"]:
            if applied == {"generation": generation, "digest": digest}:
                return {"generation": generation}
            return {"ok": False, "error": "stale", "generation": applied["generation"]}
        if not node.is_front_end and not files.exists(ssh.HOST_KEY):
            return {"ok": False, "error": "not joined"}
        self.apply_trust(bundle)
        if node.is_front_end:
            self.configure(bundle)
        else:
            key_is_shown = system.beside(lambda: ssh.show_host_key(bundle["host_certificate"], always=not applied))
            self.configure(bundle)
            key_is_shown()
        write(APPLIED, json.dumps({"generation": generation, "digest": digest}), 0o600)
        return {"generation": generation}

    def apply_trust(self, bundle):
        """Writes the names, host keys and user keys of all nodes."""
        node = self.node
        node.write_hosts(bundle["hosts"])
        known = ["%s,%s,%s %s" % (name, node.full(name), address, key) for name, address, key in bundle["known_hosts"]]
        path = "/etc/ssh/ssh_known_hosts"
        write(path, files.with_block(read(path), node.id, known))
        if node.login_user:
            node.login_key(bundle["authorized_keys"])
        if not node.is_front_end:
            node.write_account_keys(bundle["ca"], bundle["coordinator_keys"])
        elif node.channel.HAS_MESSENGERS:
            node.write_account_keys(bundle["ca"], [])

    def configure(self, bundle):
        """Configures the batch system by the bundle's part about it: manager, and
        where there are any secret, token (the worker's credential) and groups."""
        part = bundle["batch"]
        self.node.batch.configure(batch.Given(
            manager=part["manager"],
            address=next((address for address, name in bundle["hosts"] if name == self.node.name), None),
            secret=part.get("secret", ""),
            credential=part.get("token", ""),
            groups={name: batch.Group(*group) for name, group in part.get("groups", {}).items()},
        ))

    def retire(self, _request):
        """Closes the batch system once no job runs; the mark keeps bundles from starting it."""
        if not self.node.batch.close():
            return {"drained": False}
        write(RETIRED, "", 0o600)
        return {"drained": True}

    def resume(self, _request):
        """Takes this worker back into service."""
        files.remove(RETIRED)
        if self.node.applied():
            self.node.batch.reopen()
        return {}
