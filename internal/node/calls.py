"""What the coordinator's tasks do, in threads: requests to workers and orders to the batch system.

Each returns an answer {"ok": true, ...} or {"ok": false, "error": ...}, or raises.
"""

import json
import os
import time

from . import ssh
from .answers import checked
from .bundle import COORDINATOR_KEY, HOST_CA
from .files import FIRST_KEY, STATE, at
from .system import Failure, reason

KNOWN_HOSTS = STATE + "/known_hosts"
INVALID = ("its host certificate is not valid now, so this front-end cannot verify it: see whether this node's clock is right; "
           "if it is, the certificate has expired: delete the worker's server, and the next apply makes it anew")
KEPT = 15  # seconds that a connection is kept after a request
MOST_KEPT = 100  # connections, of about 2 MB each
ASKED = 500  # workers at a time, since each is an open file, of which a process may have 1,024
PATIENCE = 3  # seconds that an address has to answer
MOMENT = 0.1  # seconds that the others have to answer after the first that does
PORT = 22
LEAVING = "vmcluster: leaving"
GONE = "vmcluster: deleted"


class Calls:
    """The calls of one coordinator."""

    def __init__(self, batch):
        self.batch = batch
        self.kept = []  # when connections were made that are kept

    def remote(self, name, address, request, timeout=60):
        """Puts one request to a worker over SSH."""
        shared = {"ControlPath": at(STATE + "/ssh-%C")}
        if request["verb"] == "join" and self.may_keep(time.monotonic()):
            shared.update(ControlMaster="auto", ControlPersist=KEPT)  # for the bundle, which comes right after it
        try:
            return ssh.ask(name, address, rendered(request), KNOWN_HOSTS, [COORDINATOR_KEY, FIRST_KEY], timeout, **shared)
        except Failure as error:
            raise Failure(INVALID) if "Certificate invalid: " in str(error) else error

    def may_keep(self, now):
        """Reports whether a connection may be kept for the next request; each is a
        process, and all of them share the memory of the coordinator's unit."""
        self.kept = [made for made in self.kept if now < made + 2 * KEPT]
        if len(self.kept) >= MOST_KEPT:
            return False
        self.kept.append(now)
        return True

    def ask(self, name, address, request, *timeout):
        """Puts one request to a worker and returns its answer, validated."""
        return checked(request["verb"], self.remote(name, address, request, *timeout))

    def up(self, addresses):
        """Returns why no SSH server answers at each address, "" where one does. An address
        is left out if there was no time for it. This costs little: an ssh for each worker
        that boots, every other second, would leave no time for those that have booted."""
        found = {}
        for i in range(0, len(addresses), ASKED):
            found.update(_connect(addresses[i:i + ASKED]))
            if "" in found.values():  # the workers of these are not to wait for others
                break
        return {"ok": True, "up": found}

    def join(self, name, address):
        """Joins a worker and signs its lasting host key."""
        answer = self.ask(name, address, {"verb": "join"})
        if answer["ok"]:
            answer.update(self.certify(name, answer["host_key"]))
        return answer

    def certify(self, name, host_key):
        """Signs a worker's lasting host key, and notes when."""
        certificate = ssh.certify(HOST_CA, name, host_key)
        if not certificate:
            raise Failure("its host key is no ed25519 key")
        return {"certificate": certificate, "certified": int(time.time())}

    def renew(self, name, address, host_key):
        """Has a worker show a new certificate of its host key."""
        new = self.certify(name, host_key)
        return dict(self.ask(name, address, {"verb": "certify", "certificate": new["certificate"]}), **new)

    def apply(self, name, address, version, bundle):
        """Delivers a bundle."""
        answer = self.ask(name, address, {"verb": "apply", "generation": version, "bundle": bundle}, 180)
        if answer["ok"] and answer["generation"] != version:
            raise Failure("it answers for another bundle than it was sent")
        return answer

    def home(self, name, address):
        """Has a worker write the keys in the login user's home, which was not as it should be."""
        return self.ask(name, address, {"verb": "home"})

    def credential(self, name):
        """Makes a worker's credential."""
        return {"ok": True, "token": self.batch.credential(name)}

    def leave(self, name, address, how):
        """Has a worker leave: "idle", only if it runs nothing; "drain", once its jobs are done."""
        if not self.batch.drain(name, LEAVING, how == "idle"):
            return {"ok": True, "drained": False, "busy": True}
        return dict(self.ask(name, address, {"verb": "retire"}, 150), busy=how == "drain")

    def resume(self, name, address):
        """Takes a worker back into service."""
        self.batch.undrain(name, LEAVING)
        return self.ask(name, address, {"verb": "resume"}, 150)

    def queue(self, names):
        """Looks after the batch system. Returns what waits for one group alone, None if that
        is not known, which of the workers are missing in the pool, and why a look failed. One
        that fails costs nothing but itself: a queue may be longer than what is read of it."""
        failed, out = [], {"missing": [], "waits": None}

        def look(into, step):
            try:
                out[into] = step()
            except Exception as error:
                failed.append(reason(error))
        look("tended", self.batch.tend)
        look("missing", lambda: self.batch.missing(names))
        look("waits", lambda: {group: [count, ids[:3]] for group, (count, ids) in sorted(self.batch.waiting().items()) if count})
        return {"ok": True, "missing": out["missing"], "waits": out["waits"], "failed": "; ".join(failed[:1])}

    def forget(self, name):
        """Has the batch system forget a worker that is gone."""
        self.batch.forget(name, GONE)
        return {"ok": True}


def rendered(request):
    """Returns a request's JSON."""
    bundle = request.get("bundle")
    if not hasattr(bundle, "json"):
        return json.dumps(request)
    return '%s, "bundle": %s}' % (json.dumps({key: request[key] for key in request if key != "bundle"})[:-1], bundle.json())


def _connect(addresses):
    """Tries to connect to the SSH servers of some addresses, as Calls.up does to all."""
    import errno
    import selectors
    import socket
    found, deadline = {}, time.monotonic() + PATIENCE
    with selectors.DefaultSelector() as waiting:
        for address in addresses:
            try:
                s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            except OSError as error:  # this system has no IPv6
                found[address] = str(error)
                continue
            s.setblocking(False)
            error = s.connect_ex((address, PORT))
            if error in (0, errno.EINPROGRESS):
                waiting.register(s, selectors.EVENT_WRITE, address)
            else:
                s.close()
                found[address] = os.strerror(error)
        while waiting.get_map() and time.monotonic() < deadline:
            for key, _ in waiting.select(deadline - time.monotonic()):
                error = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                found[key.data] = os.strerror(error) if error else ""
                waiting.unregister(key.fileobj)
                key.fileobj.close()
                if not error:
                    deadline = min(deadline, time.monotonic() + MOMENT)
        for key in list(waiting.get_map().values()):
            key.fileobj.close()
            if "" not in found.values():
                found[key.data] = "no answer within %d s" % PATIENCE
    return found
