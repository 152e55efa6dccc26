"""The coordinator: the front-end's daemon."""

import json
import os
import re
import time

from . import document as documents
from . import files, report, ssh, system, trust
from .bundle import COORDINATOR_KEY, Bundle, Identity
from .calls import KNOWN_HOSTS, Calls
from .checks import clean
from .files import ACCOUNT_AFTER, FIRST_DOCUMENT, FIRST_KEY, FIRST_KEY_TTL, STATE, at, read, read_json, write
from .node import Requests
from .progress import NO_NEWS, Pool, Progress
from .records import Records
from .system import Failure, reason, say
from .tasks import FIRST_PAUSE, LAST_PAUSE, NOT_FAILED, Guard, Tasks

BUSY_INTERVAL = 4  # seconds; 5 reads and writes of the metadata service in 10 s, of 10 allowed
QUIET_INTERVAL = 15  # the metadata service itself caches for 15 s
HOME_PAUSE = 300  # seconds until a login user's home that is not as it should be is looked at again
QUEUE_PAUSE, SUSPECT_PAUSE = 60, 10  # seconds between two looks at the batch system's queue; with a worker that is missing
HEAD_START, HEAD_STARTS = 3, 15  # seconds that the front-end's own work leaves to a first bundle, and between two such
BOOT_PAUSE, BOOT_TRIES = 2, 180  # a worker that boots is asked this often, for some minutes
MOST_ACCOUNT_AFTER = 15  # seconds
DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def account_after():
    """Returns for how many seconds a worker's SSH server answers before it has the account
    for the first request: as long as this node's own did. A request that comes too early
    delays the set-up, and on a slow processor the next request as well."""
    noted = read(ACCOUNT_AFTER).strip()
    return min(float(noted), MOST_ACCOUNT_AFTER) if DECIMAL.fullmatch(noted) else 0


class Coordinator:
    """Brings every node to the newest document, and reports how far it came.

    Each turn runs the same steps. A step that fails costs itself this turn; it
    is reported and tried again. Only the main thread changes the state.
    """

    def __init__(self, node, channel=None, clock=time.monotonic):
        self.node, self.channel, self.clock = node, channel or node.channel, clock
        os.makedirs(at(STATE), exist_ok=True)
        os.chmod(at(STATE), 0o700)
        self.records = Records()
        self.identity = Identity(node)
        self.bundle = Bundle(node, self.records, self.identity)
        self.tasks = Tasks(min(64, max(8, system.memory() // 16384)) if system.memory() else 64)
        self.calls = Calls(node.batch)
        self.requests = Requests(node)
        self.progress = Progress(node, self.records, self.bundle, self.tasks)
        self.guard = Guard()
        self.document, self.members = None, {}  # members: the document's usable workers
        self.up = set()  # addresses at which an SSH server has answered
        self.account_after = account_after()
        self.refused = ""  # why the document's CA or operators' key is not accepted
        self.guard.run("metadata", lambda: self.adopt(read_json(STATE + "/document.json")))
        self.was_here = self.document is not None
        self.next_read = self.next_report = self.next_home = self.busy_until = 0.0
        self.first_sent = -HEAD_STARTS  # when a first bundle was sent, see HEAD_STARTS
        self.postponed = False  # whether this turn has left the document or the report to the next
        self.last_summary = self.last_report = ""
        self.last_facts = None  # of the last report
        self.pool = Pool()

    def run(self):
        """Runs turns for ever."""
        while True:
            self.turn()

    def turn(self):
        """Runs one turn, and rests until there is a reason for the next."""
        started = self.clock()
        if not self.guard.run("tick", lambda: self.tick(started)):
            time.sleep(BUSY_INTERVAL)
        later = BUSY_INTERVAL if self.is_joining() else 0  # see is_time
        due = [self.next_read + later, self.next_report + later] + [f.until for f in self.tasks.failed.values()]
        pause = min([t for t in due if t > started] or [started + BUSY_INTERVAL]) - self.clock()
        self.tasks.rest(max(0.5, pause if later or not self.postponed else 0))

    def tick(self, now):
        """Does what a turn has to do."""
        run = self.guard.run
        self.postponed, answered = False, self.tasks.finished.is_set()
        run("answers", lambda: self.collect(now))
        if self.is_time(now, self.next_read, answered):
            self.next_read = now + BUSY_INTERVAL
            run("metadata", self.read_document)
            self.next_read = now + self.interval(now)
        if self.document is None:
            return
        if run("records", self.reconcile):
            run("revoke", lambda: self.records.revoke(self.node.batch))
            run("host_ca", self.identity.make_host_ca)
            run("bundle", lambda: self.bundle.update(self.document, self.members, self.is_joining(), self.progress.is_pushing(), now))
            run("known_hosts", self.write_known_hosts)
            if run("save", self.records.save):  # what is not saved must not take effect
                run("tasks", lambda: self.start_tasks(now))
                run("apply", lambda: self.apply_here(now))
        run("introduction", self.identity.introduce)
        run("first_key", self.drop_first_key)
        if self.is_time(now, self.next_report, answered or self.tasks.finished.is_set()):
            self.next_report = now + BUSY_INTERVAL
            run("report", lambda: self.report(now))
            self.next_report = now + self.interval(now)

    def is_time(self, now, due, answered):
        """Reports whether the cloud is looked at, as is due. A new worker waits until it has been
        asked to join, and each worker for what follows its answer; the cloud does not: that is
        done first, for some seconds at most."""
        if due <= now < due + BUSY_INTERVAL and (answered or self.is_joining()):
            self.postponed = True
        return now >= due and not self.postponed

    def interval(self, now):
        """Returns the seconds until the next look at the document. A worker that boots does
        so for minutes, and what it waits for is known."""
        busy = now < self.busy_until or self.progress.is_delivering(self.document) or self.progress.unsettled(self.document)
        return BUSY_INTERVAL if busy else QUIET_INTERVAL

    def hurry(self, now):
        """Has what has just changed be reported soon."""
        self.busy_until = now + 2 * QUIET_INTERVAL
        self.next_read, self.next_report = (min(at, now + BUSY_INTERVAL) for at in (self.next_read, self.next_report))

    # ---- what should be

    def read_document(self):
        """Looks for a newer document."""
        if self.document is None:
            self.adopt(read_json(FIRST_DOCUMENT))
        self.adopt(self.channel.document())

    def adopt(self, document):
        """Takes a document unless it is an older one, which a cloud with several metadata
        services may show. What does not concern the roster changes within a generation."""
        if not document or document.get("id") != self.node.id:
            return
        if not documents.is_document(document):
            raise Failure("the cluster document makes no sense: generation %s" % clean(repr(document.get("generation")), 40))
        if document["generation"] >= (self.document or {}).get("generation", 0):
            document, self.refused = trust.judge(self.node, document)
            members = documents.members(document, self.node.name)
            self.document, self.members = document, members
            write(STATE + "/document.json", json.dumps(document), 0o600)
        if self.refused:
            raise Failure(self.refused)

    def reconcile(self):
        """Brings the records to the roster."""
        front_end = self.document.get("front_end") or {}
        self.records.begin(self.members, self.was_here or self.document.get("host_cas") or front_end.get("coordinator_key"))
        for name in self.records.reconcile(self.members):
            self.tasks.drop(name)

    def is_joining(self, until="joined"):
        """Reports whether a worker is being asked to join; until "acked", or is getting its
        first bundle."""
        return any(purpose == "roster" and not self.records.workers.get(name, {}).get(until) for purpose, name in self.tasks.running)

    def write_known_hosts(self):
        """Writes the coordinator's own known hosts."""
        lines = self.records.known_hosts(self.document, self.members)
        write(KNOWN_HOSTS, "".join(line + "\n" for line in lines), 0o600)

    # ---- bringing it about

    def apply_here(self, now):
        """Applies the bundle to the front-end itself, while the requests to workers are
        under way. They count as done when this is. A new worker has been waiting for its
        request, which both would make late on one processor."""
        state = self.records.state
        if self.bundle.common and state.get("here") != state["version"]:
            if state.get("here") and now < self.first_sent + HEAD_START:
                return
            request = {"verb": "apply", "generation": state["version"], "bundle": self.bundle.for_front_end()}
        elif state.get("home") and now >= self.next_home:
            request = {"verb": "home"}
        else:
            return
        answer = self.requests.answer(request)
        if not answer["ok"]:
            self.records.overtake(answer, self.document["generation"], {})
            raise Failure(answer["error"])
        if "bundle" in request:
            state["here"] = state["version"]
        state["home"], self.next_home = answer["home"], now + HOME_PAUSE
        self.identity.user_key = answer["user_key"] or self.identity.user_key

    def start_tasks(self, now):
        """Starts what is to be done for each worker: last for those that fail, since they
        could keep all threads busy; first for those that have no bundle, then for those
        with the oldest."""
        def rank(member):
            return self.tasks.times_failed(("roster", member[0])), self.records.workers[member[0]].get("acked") or []
        failed = None
        for name, m in sorted(self.members.items(), key=rank):
            try:
                self.tend(now, name, m)
            except Exception as error:  # costs this worker its turn
                failed = failed or error
        self.look_for(now)
        for name in self.records.state["forget"]:
            self.tasks.submit(now, ("forget", name), None, self.calls.forget, name)
        if self.records.state.get("here") and not self.queue_waits(now):
            names = [n for n, m in self.members.items() if self.records.workers[n].get("acked") and not m.get("leaving")]
            self.tasks.submit(now, ("queue", self.node.name), None, self.calls.queue, names)
        if failed:
            raise failed

    def queue_waits(self, now):
        """Reports whether a look at the batch system's queue is put off: new workers wait."""
        due = self.tasks.failed.get(("queue", self.node.name), NOT_FAILED).until
        return self.is_joining("acked") and now < due + QUEUE_PAUSE

    def tend(self, now, name, m):
        """Starts what is to be done for one worker."""
        record, state = self.records.workers[name], self.records.state
        self.follow_mark(now, name, m, record)
        if m.get("leaving") and not record.get("acked") and (record.get("joined") or record.get("drained")):
            return  # a bundle would start the batch system of a worker that leaves
        if self.tasks.are_enough():
            return
        here = self.bundle.common is not None and state.get("here")
        lacks_credential = self.node.batch.HAS_CREDENTIALS and not record.get("token")
        if lacks_credential and state.get("here"):
            # While the worker boots. It is saved before it is sent: if the answer
            # were lost, another credential would be another bundle.
            self.submit(now, "token", name, self.calls.credential, name)
        if not record.get("joined"):
            if self.identity.host_ca and m["address"] in self.up:
                self.submit(now, "roster", name, self.calls.join, name, m["address"])
        elif not record.get("acked") and name in state["forget"]:
            return  # it would come into the pool as the one before
        elif here and not lacks_credential and record.get("acked") != state["version"]:
            if not record.get("acked") and now >= self.first_sent + HEAD_STARTS:
                self.first_sent = now
            self.submit(now, "roster", name, self.calls.apply, name, m["address"], list(state["version"]), self.bundle.for_worker(name, record))
        else:
            self.look_after(now, name, m, record)

    def look_for(self, now):
        """Looks which of the workers that are to join have booted."""
        wanted = [m["address"] for name, m in self.members.items()
                  if not self.records.workers[name].get("joined") and m["address"] not in self.up and self.tasks.is_due(now, ("roster", name))]
        if wanted and self.identity.host_ca:
            self.tasks.submit(now, ("up", self.node.name), None, self.calls.up, wanted)

    def found(self, now, found):
        """Notes which workers have booted."""
        for name, m in self.members.items():
            why = found.get(m["address"])
            if why:
                self.failed(now, ("roster", name), self.records.workers.get(name, {}), clean(why))
            elif why is not None:
                self.up.add(m["address"])
                boots = self.tasks.times_failed(("roster", name))
                self.tasks.succeed(("roster", name))  # its failures were those of its boot
                if boots:
                    self.tasks.put_off(now + self.account_after, ("roster", name))

    def look_after(self, now, name, m, record):
        """Starts what is to be done from time to time for a worker that has the bundle."""
        if name in self.pool.missing and not m.get("leaving"):
            self.submit(now, "resume", name, self.calls.resume, name, m["address"])
        if record.get("home"):
            self.submit(now, "home", name, self.calls.home, name, m["address"])
        if record.get("acked") and ssh.is_due(record.get("certified", 0), time.time()):
            self.submit(now, "certificate", name, self.calls.renew, name, m["address"], record["host_key"])

    def follow_mark(self, now, name, m, record):
        """Has a worker leave or come back. One order at a time: of two under way the
        earlier could be carried out last."""
        how = m.get("leaving") or ""
        if ("leave", name) in self.tasks.running or ("resume", name) in self.tasks.running:
            return
        if record.get("leaving", "") != how:
            record["drained"] = record["busy"] = False
            if how or not record.get("known"):
                record["leaving"] = how
                self.tasks.succeed(("resume", name))
            elif record.get("joined"):
                self.tasks.succeed(("leave", name))
                self.submit(now, "resume", name, self.calls.resume, name, m["address"])
        elif how and not record.get("drained"):
            if not self.node.batch.RUNS_JOBS or self.progress.never_worked(name):
                record["drained"] = True
            elif record.get("joined"):
                self.submit(now, "leave", name, self.calls.leave, name, m["address"], how)

    def submit(self, now, purpose, name, task, *arguments):
        """Starts a task about the server that has a worker's name now."""
        self.tasks.submit(now, (purpose, name), self.records.workers[name].get("is"), task, *arguments)

    def collect(self, now):
        """Takes up what finished tasks brought back."""
        for key, future, about in self.tasks.take_finished():
            purpose, name = key
            record = self.records.workers.get(name)
            if purpose not in ("forget", "up", "queue") and (record is None or record.get("is") != about):
                continue  # about a server that is gone
            why = self.settle(now, key, record, future)
            if record is not None and why == "not joined":
                # A join may bring other keys, and with them a bundle to every node.
                record["joined"] = False
                self.tasks.put_off(now + LAST_PAUSE, key, self.tasks.times_failed(key) + 1, why)
            elif why:
                self.failed(now, key, record or {}, why)

    def failed(self, now, key, record, why):
        """Notes that a task has failed. A worker that boots is tried again soon."""
        booting = key[0] == "roster" and self.tasks.times_failed(key) < BOOT_TRIES and not record.get("joined")
        self.tasks.fail(now, key, why, BOOT_PAUSE if booting else LAST_PAUSE)

    def settle(self, now, key, record, future):
        """Takes up one task's answer; returns why it failed, or ""."""
        try:
            answer = future.result()
            if answer["ok"]:
                if key[0] == "queue" and answer["failed"]:
                    self.pool.take(answer)
                    return clean(answer["failed"])
                self.tasks.succeed(key)
                self.take(now, key, record, answer)
                if key[0] in ("roster", "leave"):
                    self.hurry(now)
                return ""
            if key[0] == "roster":  # no other request brings a bundle
                self.records.overtake(answer, self.document["generation"], record)
            why = answer["error"]
        except Exception as error:  # in whatever way: it costs this worker its turn
            why = reason(error)
        return clean(why) or "it did not say why"

    def take(self, now, key, record, answer):
        """Puts an answer into a worker's record."""
        purpose, name = key
        if purpose == "forget":
            self.records.forgotten(name)
        elif purpose == "up":
            self.found(now, answer["up"])
        elif purpose == "queue":
            self.pool.take(answer)
            # On a console each change of the report is one more line.
            pause = HOME_PAUSE if self.channel.HAS_MESSENGERS else QUEUE_PAUSE
            self.tasks.put_off(now + (SUSPECT_PAUSE if self.pool.suspects else pause), key)
        elif "host_key" in answer:  # a join
            if record.get("host_key") != answer["host_key"] or not record.get("certificate"):
                record.update(certificate=answer["certificate"], certified=answer["certified"])
            # Without a home that can be read there is no key: the one that is known stays.
            self.bundle.moved = now
            record.update(joined=True, known=True, drained=False, host_key=answer["host_key"],
                          user_key=answer["user_key"] or record.get("user_key", ""))
            self.take_home(now, name, record, answer)
            if answer.get("retired") and not record.get("leaving"):
                record["leaving"] = "idle"  # closed by an order that these records do not know of
        elif purpose == "certificate":
            record.update(certificate=answer["certificate"], certified=answer["certified"])
        elif purpose == "token":
            record["token"] = answer["token"]
        elif purpose == "roster":
            if record.get("acked"):
                self.bundle.moved = now
            record.update(acked=answer["generation"], ahead=False)
            # The first one only: every change of a key sends a bundle to every node.
            record["user_key"] = record.get("user_key") or answer["user_key"]
            self.take_home(now, name, record, answer)
        elif purpose == "home":
            record["user_key"] = answer["user_key"] or record.get("user_key", "")
            self.take_home(now, name, record, answer)
        elif purpose == "leave":
            record["drained"], record["busy"] = answer["drained"], answer["busy"] and not answer["drained"]
            if not answer["drained"]:
                self.tasks.put_off(now + FIRST_PAUSE * (2 if record["leaving"] == "drain" else 1), key)
        elif purpose == "resume":
            record["leaving"], record["drained"], record["busy"] = "", False, False
            self.pool.missing.discard(name)

    def take_home(self, now, name, record, answer):
        """Notes why a worker's login user has no proper home; it is looked at again later."""
        record["home"] = answer["home"]
        if record["home"]:
            self.tasks.put_off(now + HOME_PAUSE, ("home", name))

    # ---- what is known

    def report(self, now):
        """Reports upward, and says in one line what is new."""
        problems = [why for what, why in self.guard.problems.items() if what != "report"]
        facts = self.progress.report(self.document, self.members, self.identity, problems)
        facts.update(self.pool.report(), refused=bool(self.refused) or "")
        if facts != self.last_facts:
            state = self.records.state
            state["sequence"] = max(state.get("sequence", 0) + 1, int(time.time()))  # also above one of records that were lost
            text = report.fit(dict(facts, sequence=state["sequence"]))
            self.last_report = report.seal(self.node, text, COORDINATOR_KEY, self.identity.introduction)
            if dict(facts, **NO_NEWS) != dict(self.last_facts or {}, **NO_NEWS):
                self.hurry(now)
            self.last_facts = facts
            summary = report.summary(json.loads(text))
            if summary != self.last_summary:
                self.last_summary = summary
                say(summary)
        self.channel.report(self.last_report)

    def drop_first_key(self):
        """Removes the two-hour key when it is of no more use: every worker has the
        lasting key, and the creator of further workers knows it; or it has expired."""
        if not files.exists(FIRST_KEY):
            return
        known = (self.document.get("front_end") or {}).get("coordinator_key") == self.identity.coordinator_key
        expired = self.clock() > FIRST_KEY_TTL  # since boot: the wall clock may have been wrong then
        if expired or known and all(r.get("acked") for r in self.records.workers.values()):
            ssh.drop_key(FIRST_KEY)
