"""What the coordinator remembers of the workers, in state.json."""

import json

from .files import STATE, read_json, write

FILE = STATE + "/state.json"


class Records:
    """The coordinator's memory. It is saved before it matters: a worker's keys
    before its first bundle, or the worker could not be reached again.

    state holds, as JSON:
      workers  name -> record: is (batch and address of the server that the
               record is about), joined, known (joined once), host_key, user_key,
               certificate, token (its batch system's credential), acked
               (version of the bundle that it has), leaving, drained, busy
      version  of the newest bundle
      here     version that the front-end itself has
      digest   of the newest bundle
      forget   names that the batch system has yet to forget
      revoke   credentials that it has yet to revoke
      before   batches of workers that another front-end may have joined
      sequence of the newest report
    """

    def __init__(self):
        self.state = read_json(FILE) or {"workers": {}, "version": [0, 0], "forget": []}
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
        self.state["forget"] = [n for n in self.state["forget"] if not self.workers.get(n, {}).get("joined")]
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

    def forgotten(self, name):
        """Notes that the batch system has forgotten a worker."""
        self.state["forget"] = [n for n in self.state["forget"] if n != name]

    def overtake(self, answer):
        """Raises the version above one that a node has from elsewhere: from a front-end
        that was replaced, or from this one before it lost its records."""
        if answer.get("error") != "stale":
            return
        generation, k = answer["generation"]
        if isinstance(generation, int) and isinstance(k, int) and [generation, k] >= self.state["version"]:
            self.state["version"] = [generation, k + 1]
