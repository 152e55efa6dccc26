"""What the coordinator remembers of the workers, in state.json."""

import json

from . import checks, ssh
from .document import is_name
from .files import STATE, read, write
from .system import Failure

FILE = STATE + "/state.json"


class Records:
    """The coordinator's memory. It is saved before it matters: a worker's keys
    before its first bundle, or the worker could not be reached again.

    state holds, as JSON:
      workers  name -> record: is (batch and address of the server that the
               record is about), joined, known (joined once), host_key, user_key,
               certificate, certified (when, in seconds since the epoch), token (its batch system's credential), acked
               (version of the bundle that it has), leaving, drained, busy,
               home (why the login user's home is not as it should be),
               ahead (it had a version from elsewhere, see overtake)
      version  of the newest bundle
      here     version that the front-end itself has
      digest   of the newest bundle
      forget   names that the batch system has yet to forget
      revoke   credentials that it has yet to revoke
      before   batches of workers that another front-end may have joined
      home     as a record's, for the front-end's own
      sequence of the newest report
    """

    def __init__(self):
        self.state = load()
        self.workers = self.state["workers"]

    def save(self):
        """Writes the records."""
        write(FILE, json.dumps(self.state, sort_keys=True), 0o600)

    def begin(self, members, inherits):
        """Notes, once, the workers that another may have joined before these records
        began: the front-end that this one replaces, or this one before it lost them."""
        if "before" not in self.state:
            self.state["before"] = {name: m.get("batch", "") for name, m in members.items()} if inherits else {}
            self.save()

    def reconcile(self, members):
        """Drops records of workers that are gone or are other servers by now; returns their names."""
        dropped = [name for name in self.workers if name not in members]
        for name in dropped:
            self._drop(name, self.workers.pop(name))
        for name, m in members.items():
            record = self.workers.setdefault(name, {})
            now = [m.get("batch", ""), m["address"]]
            before = record.get("is")
            if before and before != now and before[0] == now[0]:
                # The same server at another address, perhaps: its key stays good.
                record.update(joined=False, acked=None)
            elif before != now:
                self._drop(name, record)
                record.clear()
                dropped.append(name)
            record["is"] = now
        self.state["forget"] = [n for n in self.state["forget"] if not self.workers.get(n, {}).get("acked")]
        return dropped

    def _drop(self, name, record):
        if record.get("token"):
            self.state.setdefault("revoke", []).append(record["token"])
        if record.get("joined"):
            self.state["forget"].append(name)  # jobs would be sent to the one before

    def revoke(self, batch):
        """Has the batch system revoke the credentials of workers that are gone."""
        if self.state.get("revoke"):
            batch.revoke(self.state["revoke"])
            self.state["revoke"] = []

    def known_hosts(self, document, members):
        """Returns the lines of the coordinator's own known hosts.

        A worker has the private half of its lasting key to itself. Until it shows
        that key it is verified by its batch CA, or by the host CA of a front-end
        that this one replaces.
        """
        lines, batches = [], {batch: ssh.public_key(str(ca)) for batch, ca in (document.get("batches") or {}).items()}
        host_cas = [ssh.public_key(str(ca)) for ca in document.get("host_cas") or []]
        for name, m in members.items():
            record = self.workers[name]
            if not record.get("acked"):
                cas = [batches.get(m.get("batch", ""), "")] + host_cas
                lines += ["@cert-authority %s %s" % (name, ca) for ca in cas if ca]
            if record.get("host_key"):
                lines.append("%s %s" % (name, record["host_key"]))
        return lines

    def forgotten(self, name):
        """Notes that the batch system has forgotten a worker."""
        self.state["forget"] = [n for n in self.state["forget"] if n != name]

    def overtake(self, answer, generation, record):
        """Raises the version above one that a node has from elsewhere: from a front-end
        that was replaced, or from this one before it lost its records.

        generation is the document's. Every node gets a new bundle then, so a version is
        taken from a worker only if a front-end can have reached it, and once until the
        worker has put a bundle into effect. The document of the next front-end has a higher
        generation, so that it can get above whatever was taken from a worker.
        """
        if answer.get("error") != "stale" or answer["generation"] < self.state["version"]:
            return
        (g, k), own = answer["generation"], self.state["version"]
        newer = [g, k + 1] if g == own[0] and k <= own[1] + checks.STEP else [g + 1, 1]
        if record.get("ahead") or newer[0] > max(generation + checks.STEP, own[0]):
            raise Failure("it says that it has bundle %d.%d, which no front-end has sent" % (g, k))
        record["ahead"] = True
        self.state["version"] = newer


# ---- what was saved

def load():
    """Returns the saved state, without what is not well-formed in it: the coordinator
    must start whatever an earlier one has taken up."""
    state = {"workers": {}, "version": [0, 0], "forget": []}
    try:
        saved = json.loads(read(FILE), parse_int=lambda digits: int(digits) if len(digits) < 18 else -1)
    except (ValueError, RecursionError):
        return state
    if isinstance(saved, dict):
        state.update(_sound(saved, STATE_FIELDS))
    for name, record in state["workers"].items():
        state["workers"][name] = record = _sound(record, RECORD_FIELDS)
        if not (record.get("host_key") and record.get("certificate")):
            record["joined"] = False
    return state


def _sound(values, fields):
    return {field: values[field] for field, is_sound in fields.items() if field in values and is_sound(values[field])}


def _is_flag(value):
    return isinstance(value, bool)


def _is_secret(value):
    return checks.is_text(value, ssh.MOST_KEY)


def _is_list(value):
    return isinstance(value, list) and all(_is_secret(v) for v in value)


def _is_key(value):
    return isinstance(value, str) and value in ("", ssh.public_key(value))


def _are_names(value, is_sound):
    return isinstance(value, dict) and all(is_name(name) and is_sound(v) for name, v in value.items())


RECORD_FIELDS = {
    "is": _is_list, "joined": _is_flag, "known": _is_flag, "host_key": _is_key, "user_key": _is_key,
    "certificate": lambda value: isinstance(value, str) and value == ssh.certificate(value),
    "token": _is_secret, "acked": checks.is_version, "leaving": checks.is_text, "drained": _is_flag,
    "certified": checks.is_number, "busy": _is_flag, "home": checks.is_text, "ahead": _is_flag,
}
STATE_FIELDS = {
    "workers": lambda value: _are_names(value, lambda record: isinstance(record, dict)),
    "version": checks.is_version, "here": checks.is_version, "digest": checks.is_text, "forget": _is_list,
    "revoke": _is_list, "before": lambda value: _are_names(value, checks.is_text), "home": checks.is_text,
    "sequence": checks.is_number,
}
