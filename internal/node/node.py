"""A node: what it knows about itself, and the requests that it answers."""

import contextlib
import json
import os
import time

from . import accounts, batch, delivery, files, home, install, ssh, system
from .checks import clean, is_version
from .files import NODE_FILE, SETTING_UP, STATE, locked, read, read_json, write
from .system import Failure, reason

APPLIED = STATE + "/applied.json"
HOME = STATE + "/home.json"  # see Node.in_home
LOCK_WAIT = 50  # seconds: less than the coordinator waits for an answer
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
        self.state_volume = self.is_front_end and self.config.get("state_volume") or ""  # its UUID
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

    def state_folder(self):
        """Returns the folder on the state volume, "" where this node has none: what is there
        outlives the front-end. Raises Failure if the volume is not mounted."""
        if not self.state_volume:
            return ""
        from .state import folder
        return folder(self.state_volume)

    def full(self, name):
        """Returns a node's name with the cluster's domain."""
        return name + "." + self.domain

    def applied(self):
        """Returns generation and digest of the bundle in effect, or {}."""
        saved = read_json(APPLIED)
        return saved if isinstance(saved, dict) and is_version(saved.get("generation")) else {}

    def retired(self):
        """Reports whether this worker is closed."""
        return files.exists(RETIRED)

    def login_account(self):
        """Makes the login user, and returns the account."""
        return accounts.ensure_login_user(self.login_user, self.config["login_uid"])

    def at_home(self):
        """Returns what was last done in the login user's home: user_key, the public half
        of the user's key; home, why it is not as it should be, or ""; keys, the lines of
        the cluster's block in authorized_keys, or None as long as there are none."""
        return dict({"user_key": "", "home": "", "keys": None}, **read_json(HOME, {}))

    def in_home(self, keys=None):
        """Makes the login user's key and writes keys, or those of before, to the user's
        authorized_keys. Returns user_key and home, as at_home does: what a user does to
        a home must cost this node nothing else."""
        if not self.login_user:
            return {"user_key": "", "home": ""}
        self.want_home(keys)
        wanted = self.at_home()
        wanted["home"] = ""
        try:
            wanted.update(home.in_home(self.login_account(), {"id": self.id, "keys": wanted["keys"]}))
        except Exception as error:
            wanted["home"] = clean("the home of %s: %s" % (self.login_user, reason(error)))
        write(HOME, json.dumps(wanted), 0o600)
        return {field: wanted[field] for field in ("user_key", "home")}

    def want_home(self, keys):
        """Saves what is to be done in the login user's home: it is not as it should be
        until it is done."""
        before = self.at_home()
        if self.login_user:
            unfinished = {"keys": before["keys"] if keys is None else keys, "home": "the work in it was interrupted"}
            write(HOME, json.dumps(dict(before, **unfinished)), 0o600)

    def write_account_keys(self, ca, keys, sources=()):
        """Has the coordinator's account admit the CA's certificates, and some keys from
        the sources: addresses or networks, from anywhere if there are none."""
        accounts.write_account_keys(self.config["principal"], ssh.public_key(ca), keys, sources)

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
        verbs = {"ping": self.ping, "join": self.join, "apply": self.apply, "home": self.home, "retire": self.retire, "resume": self.resume,
                 "certify": self.certify}
        try:
            verb = verbs[request["verb"]]
        except (KeyError, TypeError):
            return {"ok": False, "error": "no such verb"}
        try:
            with self.turn(verb):
                return dict({"ok": True}, **verb(request))
        except Exception as error:  # the coordinator reports an unexpected one as well
            return {"ok": False, "error": reason(error)}

    @contextlib.contextmanager
    def turn(self, verb):
        """Waits until a request may be carried out. A worker joins while its set-up goes on:
        the front-end has work to do before it sends the bundle."""
        began = time.monotonic()
        with contextlib.ExitStack() as held:
            if verb not in (self.ping, self.join):
                held.enter_context(locked(LOCK_WAIT, SETTING_UP))
            held.enter_context(locked(max(0, began + LOCK_WAIT - time.monotonic())))
            yield

    def ping(self, _request):
        """Returns name and generation."""
        return {"name": self.node.name, "generation": self.node.applied().get("generation")}

    def join(self, request):
        """Makes this node's lasting keys, once, and returns their public halves."""
        if self.node.login_user:
            self.node.login_account()
        at_home = self.node.at_home()
        # A new node has just made the key; later the user may have another.
        if self.node.applied() or not at_home["user_key"]:
            at_home = self.node.in_home()
        if self.node.is_front_end:
            host_key = ssh.public_key(read(ssh.SSHD_KEY + ".pub"))
            if not host_key:
                raise Failure("this image's sshd has no ed25519 host key")
        else:
            host_key = ssh.make_key(ssh.HOST_KEY)
        return dict(self.ping(request), host_key=host_key, user_key=at_home["user_key"], home=at_home["home"], retired=self.node.retired())

    def apply(self, request):
        """Puts a bundle into effect. Its version is recorded when all is done but the
        work in the login user's home, so that an interrupted apply is done again from
        the start, and no user keeps root's own files from being written."""
        delivery.check(self.node, request)
        node, generation, bundle = self.node, request["generation"], request["bundle"]
        digest = files.fingerprint(bundle)
        applied = node.applied()
        if applied and generation <= applied["generation"]:
            if applied == {"generation": generation, "digest": digest}:
                at_home = node.at_home()
                return {"generation": generation, "user_key": at_home["user_key"], "home": at_home["home"]}
            return {"ok": False, "error": "stale", "generation": applied["generation"]}
        if not node.is_front_end and not files.exists(ssh.HOST_KEY):
            return {"ok": False, "error": "not joined"}
        self.apply_trust(bundle)
        try:
            self.configure(bundle)
        finally:  # the other nodes know this key already, whatever the batch system says
            if not node.is_front_end:
                ssh.show_host_key(bundle["host_certificate"], always=not applied)
        node.want_home(bundle["authorized_keys"])
        write(APPLIED, json.dumps({"generation": generation, "digest": digest}), 0o600)
        return dict(node.in_home(bundle["authorized_keys"]), generation=generation)

    def home(self, _request):
        """Does the work in the login user's home again."""
        return self.node.in_home()

    def apply_trust(self, bundle):
        """Writes the names and host keys of all nodes, and who may act as coordinator."""
        node = self.node
        node.write_hosts(bundle["hosts"])
        known = ["%s,%s,%s %s" % (name, node.full(name), address, key) for name, address, key in bundle["known_hosts"]]
        path = "/etc/ssh/ssh_known_hosts"
        write(path, files.with_block(read(path), node.id, known))
        if not node.is_front_end:
            # The way by which this bundle came must stay open; where it is not known, all do.
            here = system.source(os.environ.get("SSH_CONNECTION", "").split(" ")[0])
            node.write_account_keys(bundle["ca"], bundle["coordinator_keys"], sorted({here, *bundle["sources"]}) if here else [])
        elif node.channel.HAS_MESSENGERS:
            node.write_account_keys(bundle["ca"], [])

    def configure(self, bundle):
        """Configures the batch system by the bundle's part about it: manager, and
        where there are any secret, token (the worker's credential), groups, config and
        gpus (this worker's)."""
        install.check(self.node)
        part = bundle["batch"]
        self.node.state_folder()  # the batch system must not start without its state
        self.node.batch.configure(batch.Given(
            manager=part["manager"],
            address=next((address for address, name in bundle["hosts"] if name == self.node.name), None),
            secret=part.get("secret", ""),
            credential=part.get("token", ""),
            groups={name: batch.Group(*group) for name, group in part.get("groups", {}).items()},
            config=part.get("config", ""),
            gpus=part.get("gpus", 0),
        ))

    def certify(self, request):
        """Shows a renewed certificate of the lasting host key."""
        shown = request.get("certificate")
        if not isinstance(shown, str) or not shown or shown != ssh.certificate(shown):
            raise Failure("it is no host certificate")
        if not files.exists(ssh.HOST_KEY):
            return {"ok": False, "error": "not joined"}
        ssh.show_host_key(shown, always=False)
        return {}

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
