"""How far the nodes have come, for the report and for the coordinator's pace."""

from . import report
from .document import workers

GIVEN_UP = 12  # a worker that is to leave and can't be reached so often is not waited for
NO_QUEUE = {"waits": "", "waits_unknown": ""}  # of a report
NO_NEWS = dict(NO_QUEUE, error="")  # of a report: what changes without a new document, or a worker's step


class Pool:
    """What the looks at the batch system have shown, see Calls.queue."""

    def __init__(self):
        self.waits, self.unknown = {}, False  # the jobs that wait for one group alone; whether some may not be among them
        self.missing, self.suspects = set(), set()  # workers that are missing in the pool; those that were in the last look

    def take(self, answer):
        """Takes up what a look has brought. A worker is missing if it was twice in a row."""
        found = set(answer["missing"])
        self.missing, self.suspects = found & self.suspects, found
        self.unknown = answer["waits"] is None
        if not self.unknown:
            self.waits = answer["waits"]

    def report(self):
        """Returns what the report says of the queue."""
        return dict(NO_QUEUE, waits=self.waits or "", waits_unknown=self.unknown or "")


class Progress:
    """What the coordinator knows about each worker's way; all of it is computed anew."""

    def __init__(self, node, records, bundle, tasks):
        self.node, self.records, self.bundle, self.tasks = node, records, bundle, tasks

    def never_worked(self, name):
        """Reports whether a worker can't have a job of ours, since this front-end has
        never reached it. That is found out by trying: the records may have been lost."""
        return not self._record(name).get("known") and self.tasks.times_failed(("roster", name)) >= GIVEN_UP

    def never_joined(self, name, member):
        """Reports whether certainly no front-end has ever joined a worker: it can't
        run a job, and may be made anew."""
        return self.never_worked(name) and self.records.state["before"].get(name) != member.get("batch", "")

    def has_current(self, document, name):
        """Reports whether a worker and the front-end have the document's bundle."""
        state = self.records.state
        return self.bundle.generation == document["generation"] and self._record(name).get("acked") == state["version"] == state.get("here")

    def pending(self, document):
        """Returns the workers without the current bundle. A drained worker is about to
        be deleted and is not waited for."""
        if document is None:
            return []
        return [m["name"] for m in workers(document)
                if not self.has_current(document, m["name"])
                and not (m.get("leaving") and self._record(m["name"]).get("drained"))]

    def is_delivering(self, document):
        """Reports whether a worker that has joined lacks the current bundle."""
        return any(self._record(name).get("joined") for name in self.pending(document))

    def is_pushing(self):
        """Reports whether the newest bundle is on its way to workers that have an earlier
        one. A worker that could not be reached is not waited for."""
        version = self.records.state["version"]
        return any(r.get("joined") and r.get("acked") not in (None, version) and not self.tasks.times_failed(("roster", name))
                   for name, r in self.records.workers.items())

    def unsettled(self, document):
        """Reports whether something other than the roster is still to be done."""
        state = self.records.state
        if document is None or state["forget"] or state.get("here") != state["version"]:
            return True
        return any(r.get("leaving") and not r.get("drained") for r in self.records.workers.values())

    def report(self, document, members, identity, problems):
        """Returns what the report says."""
        pending = self.pending(document)
        leaving = [n for n in members if members[n].get("leaving")]
        drained = [n for n in leaving if self._record(n).get("drained")]

        def fold(names):
            return report.fold_names(self.node.cluster, names)
        return {
            "generation": document["generation"],
            "joined": sum(1 for n in members if self.has_current(document, n)),
            "pending": len(pending),
            "pending_names": fold(pending),
            "never": fold([n for n in pending if n in members and self.never_joined(n, members[n])]),
            "drained": fold(drained),
            "drained_count": len(drained),
            "busy": fold([n for n in leaving if self._record(n).get("busy")]),
            "error": "; ".join(problems + self.tasks.stubborn()[:2] + self.homes(members)[:2]),
            "address": identity.address,
            "host_key": identity.host_key,
            "coordinator_key": identity.coordinator_key,
            "host_ca": identity.host_ca,
            "ca": document.get("ca", "") if self.node.channel.HAS_MESSENGERS else "",
        }

    def homes(self, members):
        """Returns a line for each node whose login user has a home that is not as it should be."""
        found = [(self.node.name, self.records.state)] + [(n, self._record(n)) for n in members]
        return ["%s: %s" % (name, record["home"]) for name, record in found if record.get("home")]

    def _record(self, name):
        return self.records.workers.get(name, {})
