"""HTCondor on a node."""

import base64
import json
import os
import subprocess
import threading

from .. import node, state, system
from ..batch import Given, htcondor
from .contract import Contract
from .harness import BATCH_CA, FRONT_END, STATE_FILE, ClusterCase, Double, put
from .kills import Killed

CONDOR = """#!/bin/sh
echo "$(basename "$0") $*" >>"$CLUSTER_DIR/condor.log"
for last; do :; done
worker=$CLUSTER_DIR/${last%%.*}
case "$(basename "$0")" in
  condor_token_create) echo "x.$(printf '{"sub":"%s"}' "$2" | base64 -w0 | tr -d =).y";;
  condor_drain)
    case "$*" in *-cancel*) exit 0;; esac
    test ! -e "$worker/busy" || { echo "Sent request: error code 10003: Draining check expression is false on slot1_1@x" >&2; exit 1; }
    rm -rf "$worker/proc/77";;
  condor_advertise) cat >>"$CLUSTER_DIR/condor.log";;
esac
"""


class HTCondorDouble(Double):
    """HTCondor's commands. A worker with a file "busy" runs a job."""

    NAME = "htcondor"
    SCRIPTS = {n: CONDOR for n in ("condor_token_create", "condor_drain", "condor_advertise", "condor_reconfig")}
    UNITS = {"condor.service": "condor_master\ncondor_startd\n"}


class HTCondorContract(Contract, ClusterCase):
    DOUBLE = HTCondorDouble
    CONFIGS = (htcondor.CONFIG, htcondor.REVOKED)

    def test_configuration_that_goes_back_after_a_kill_is_read_again(self):
        b, run = self.configured(FRONT_END), htcondor.run

        def until_it_is_read(*command, **options):
            run(*command, **options)
            if command[0] == "condor_reconfig":
                raise Killed
        htcondor.run = until_it_is_read
        try:
            with self.assertRaises(Killed):
                b.configure(self.given(FRONT_END, self.OWN))
        finally:
            htcondor.run = run
        b.configure(self.given(FRONT_END))
        self.assertEqual(self.cluster.log("condor.log").splitlines().count("condor_reconfig "), 2)


class HTCondorCluster(ClusterCase):
    DOUBLE = HTCondorDouble

    def setUp(self):
        super().setUp()
        self.c = self.cluster
        self.one, self.two = self.c.worker(1), self.c.worker(2)
        self.coordinator = self.c.coordinator()
        self.c.settle(self.coordinator)

    def mark(self, how, name="astro-cpu-2"):
        self.c.mark(how, name)

    def test_worker_is_configured(self):
        config = self.c.text(self.one, htcondor.CONFIG)
        for line in ("CONDOR_HOST = astro-frontend.astro.vmcluster.internal", 'NovaInstanceUUID = "uuid-of-astro-cpu-1"',
                     "UID_DOMAIN = astro.vmcluster.internal", "MAXJOBRETIREMENTTIME = 86400 * 30"):
            self.assertIn(line + "\n", config)
        self.assertEqual(self.c.mode(self.one, htcondor.TOKEN), 0o600)
        self.assertEqual(self.c.mode(self.one, os.path.dirname(htcondor.TOKEN)), 0o700)
        self.assertNotEqual(self.c.text(self.one, htcondor.TOKEN), self.c.text(self.two, htcondor.TOKEN))
        self.assertIn("SCHEDD", self.c.text(FRONT_END, htcondor.CONFIG))
        self.assertFalse(self.c.has(self.one, htcondor.POOL_KEY))

    def test_address_of_the_cluster_is_advertised(self):
        """With several networks HTCondor would choose by itself."""
        n = node.Node()
        for address, want in [("127.0.0.1", ["NETWORK_INTERFACE = 127.0.0.1"]), ("192.0.2.7", []), (None, [])]:
            text = n.batch.configuration(Given("m", address, "", "", {}))
            self.assertEqual([line for line in text.splitlines() if "NETWORK_INTERFACE" in line], want)
        given = []
        self.patch(htcondor.HTCondor, "configure", lambda _self, what: given.append(what))
        self.assertTrue(node.Requests(n).answer({"verb": "apply", "generation": [99, 1], "bundle": self.coordinator.bundle.for_front_end()})["ok"])
        self.assertEqual([g.address for g in given], ["10.0.0.2"])

    def test_own_lines_come_last(self):
        config = "FLOCK_TO = a\nBRACES = {x} 100%"
        self.c.publish(batch_config=config)
        self.c.settle(self.coordinator)
        for name in (FRONT_END, self.one):
            self.assertTrue(self.c.text(name, htcondor.CONFIG).endswith("\n# From the cluster's batch_system.config.\n" + config + "\n"))
        self.assertEqual(self.c.text("", "condor.log").count("condor_reconfig"), 3)

    def test_gpus_are_looked_for_where_the_group_has_them(self):
        self.assertNotIn("GPU", self.c.text(self.one, htcondor.CONFIG))
        self.c.document["groups"]["cpu"]["machine"] = {"gpus": 1}
        self.c.publish()
        self.c.settle(self.coordinator)
        self.assertIn("\nuse feature:GPUs\n", self.c.text(self.one, htcondor.CONFIG))

    def test_new_generation_restarts_nothing(self):
        starts = self.c.text(self.one, "/systemctl.log").count("restart condor")
        self.c.publish()
        self.c.settle(self.coordinator)
        self.assertEqual(self.c.text(self.one, "/systemctl.log").count("restart condor"), starts)
        self.assertNotIn("condor_reconfig", self.c.text("", "condor.log"))

    def test_mark_alone_delivers_nothing(self):
        self.c.requests.clear()
        self.mark("idle")
        report = self.c.settle(self.coordinator)
        self.assertEqual((report["generation"], report["joined"], report["drained"]), (self.c.document["generation"], 2, "cpu[2]"))
        self.assertNotIn("apply", [verb for _, verb in self.c.requests])

    def test_idle_worker_leaves(self):
        self.mark("idle")
        report = self.c.settle(self.coordinator)
        self.assertEqual((report["drained"], report.get("busy", ""), report["pending"]), ("cpu[2]", "", 0))
        self.assertIn("condor_drain -check State==\"Unclaimed\" && Activity==\"Idle\" -exit-on-completion", self.c.text("", "condor.log"))
        self.assertIn("disable --no-reload --now condor.service", self.c.text(self.two, "/systemctl.log"))

    def test_busy_worker_stays_until_it_is_idle(self):
        put(self.c.path(self.two, "busy"), "")
        self.mark("idle")
        report = self.c.settle(self.coordinator)
        self.assertEqual((report.get("drained", ""), report["busy"]), ("", "cpu[2]"))
        os.unlink(self.c.path(self.two, "busy"))
        self.assertEqual(self.c.settle(self.coordinator)["drained"], "cpu[2]")

    def test_drain_lets_jobs_finish(self):
        self.mark("drain")
        self.assertEqual(self.c.settle(self.coordinator)["drained"], "cpu[2]")
        self.assertNotIn("-check", self.c.text("", "condor.log"))

    def test_mark_taken_back(self):
        self.mark("idle")
        self.c.settle(self.coordinator)
        self.assertFalse(self.c.has(self.two, "/proc/77/comm"))
        self.mark("")
        report = self.c.settle(self.coordinator)
        self.assertEqual((report.get("drained", ""), report["joined"], report["pending"]), ("", 2, 0))
        self.assertTrue(self.c.has(self.two, "/proc/77/comm"))
        self.assertIn("condor_drain -cancel", self.c.text("", "condor.log"))

    def test_drained_worker_is_not_started_by_a_bundle(self):
        self.mark("idle")
        self.c.settle(self.coordinator)
        self.c.worker(3)
        self.c.publish()
        self.c.settle(self.coordinator)
        self.assertFalse(self.c.has(self.two, "/proc/77/comm"))

    def test_new_front_end_gives_new_tokens_and_wakes_the_worker_that_left(self):
        c = self.c
        tokens = [c.text(n, htcondor.TOKEN) for n in (self.one, self.two)]
        self.mark("idle")
        host_ca = c.settle(self.coordinator)["host_ca"]
        self.assertFalse(c.has(self.two, "/proc/77/comm"))
        c.delete(FRONT_END)
        c.add(FRONT_END)
        c.document["host_cas"] = [host_ca]
        self.mark("")
        report = c.settle(c.coordinator())
        self.assertEqual((report["joined"], report["pending"], report.get("drained", "")), (2, 0, ""))
        for name, token in zip((self.one, self.two), tokens):
            self.assertNotEqual(c.text(name, htcondor.TOKEN), token)
            self.assertTrue(c.has(name, "/proc/77/comm"))
        self.assertIn("condor_reconfig", c.text("", "condor.log"))

    def test_never_joined_worker_may_go_at_once(self):
        name = self.c.worker(3, up=False)
        self.c.publish()
        self.c.settle(self.coordinator, 14)  # it is looked for, then asked
        self.mark("idle", name)
        report = self.c.settle(self.coordinator)
        self.assertEqual((report["drained"], report["pending"]), ("cpu[3]", 0))

    def test_known_worker_that_is_asked_again_is_not_taken_for_empty(self):
        """At a new address, or after the coordinator lost what it knew, a worker
        may have jobs: only the worker can say that it has none."""
        put(self.c.path(self.two, "busy"), "")
        self.c.document["workers"] = [dict(w, leaving="idle", address="10.9.9.2") if w["name"] == self.two else w
                                      for w in self.c.document["workers"]]
        self.c.publish()
        report = self.c.settle(self.coordinator)
        self.assertEqual((report.get("drained", ""), report["busy"]), ("", "cpu[2]"))
        os.unlink(self.c.path(FRONT_END, STATE_FILE))
        os.unlink(self.c.path(self.two, "up"))
        again = self.c.coordinator()
        self.assertEqual(self.c.settle(again, 2).get("drained", ""), "")
        put(self.c.path(self.two, "up"), "")
        report = self.c.settle(again)
        self.assertEqual((report.get("drained", ""), report["busy"]), ("", "cpu[2]"))

    def test_mark_taken_back_while_the_state_was_lost(self):
        self.mark("idle")
        self.c.settle(self.coordinator)
        os.unlink(self.c.path(FRONT_END, STATE_FILE))
        self.mark("")
        self.c.settle(self.c.coordinator())
        self.assertTrue(self.c.has(self.two, "/proc/77/comm"))

    def held(self, task):
        """Has the coordinator's task wait until it is let go."""
        go, begun, real = threading.Event(), threading.Event(), getattr(self.coordinator.calls, task)

        def waits(*arguments):
            begun.set()
            go.wait(30)
            return real(*arguments)
        setattr(self.coordinator.calls, task, waits)
        return go, begun

    def test_mark_taken_back_while_the_worker_is_being_closed(self):
        go, begun = self.held("leave")
        self.mark("idle")
        for _ in range(2):
            self.c.tick(self.coordinator)
        self.assertTrue(begun.wait(30))
        self.mark("")
        self.c.tick(self.coordinator)
        self.assertNotIn(("resume", self.two), self.coordinator.tasks.running)
        go.set()
        self.c.settle(self.coordinator)
        self.assertTrue(self.c.has(self.two, "/proc/77/comm"), "it was resumed before it was closed, and stays closed for ever")

    def test_marked_again_while_the_worker_is_being_opened(self):
        self.mark("idle")
        self.c.settle(self.coordinator)
        go, begun = self.held("resume")
        self.mark("")
        self.c.tick(self.coordinator)
        self.assertTrue(begun.wait(30))
        self.mark("idle")
        self.c.tick(self.coordinator, report=True)
        self.assertEqual(self.c.reports[-1].get("drained", ""), "", "it is being opened")
        go.set()
        self.assertEqual(self.c.settle(self.coordinator)["drained"], "cpu[2]")
        self.assertFalse(self.c.has(self.two, "/proc/77/comm"))

    def test_gone_worker_is_forgotten_by_the_collector(self):
        self.c.publish(workers=[w for w in self.c.document["workers"] if w["name"] != self.two])
        self.c.settle(self.coordinator)
        log = self.c.text("", "condor.log")
        for kind in ("Machine", "StartD", "DaemonMaster"):
            self.assertIn('TargetType = "%s"\nRequirements = Machine == "astro-cpu-2.astro.vmcluster.internal"' % kind, log)

    def test_lost_answer_costs_no_other_worker_a_bundle(self):
        c = self.c
        three, four = c.worker(3), c.worker(4)
        c.publish()
        lost = []

        def remote(name, address, request, timeout=0):
            answer = c.remote(name, address, request, timeout)
            if name == three and request["verb"] == "apply" and answer["ok"] and not lost:
                lost.append(answer["generation"])
                raise system.Failure("ssh: connection reset")
            return answer
        self.coordinator.calls.remote = remote
        report = c.settle(self.coordinator, 30)
        self.assertEqual((report["joined"], report["pending"], len(lost)), (4, 0, 1))
        self.assertEqual(self.coordinator.records.state["version"], lost[0])
        self.assertEqual(c.requests.count((four, "apply")), 1)

    def identity(self, name):
        """Returns the identity that the collector reads in a worker's token."""
        body = self.c.text(name, htcondor.TOKEN).split(".")[1]
        return json.loads(base64.b64decode(body + "=="))["sub"]

    def revoked(self, *identities):
        return htcondor.REVOCATION % ", ".join(sorted(identities))

    def test_worker_has_an_identity_of_its_own(self):
        for name in (self.one, self.two):
            self.assertRegex(self.identity(name), r"^worker[.]%s[.][0-9a-f]{8}@astro[.]vmcluster[.]internal$" % name)
        rights = [line for line in self.c.text("", "condor.log").splitlines() if line.startswith("condor_token_create")]
        self.assertEqual({line.partition("-key")[2] for line in rights}, {" POOL -authz ADVERTISE_STARTD -authz ADVERTISE_MASTER"})

    def test_collector_takes_a_workers_word_for_itself_alone(self):
        config = self.c.text(FRONT_END, htcondor.CONFIG)
        for line in ("ALLOW_ADVERTISE_STARTD = $(ALLOW_DAEMON) worker.*@astro.vmcluster.internal\n",
                     "ALLOW_ADVERTISE_MASTER = $(ALLOW_DAEMON) worker.*@astro.vmcluster.internal\n",
                     'COLLECTOR_REQUIREMENTS = !regexp("^worker[.]", AuthenticatedIdentity ?: "") || countMatches(',
                     'unparse(Machine) == strcat("\\"", split(AuthenticatedIdentity, ".")[1], ".astro.vmcluster.internal\\"") &&',
                     '"\\"")}), {TARGET}) == 1\n'):
            self.assertIn(line, config)
        self.assertNotIn("COLLECTOR", self.c.text(self.one, htcondor.CONFIG))
        self.assertIn("\nMASTER_ATTRS = $(MASTER_ATTRS) VmclusterName NovaInstanceUUID\n", self.c.text(self.one, htcondor.CONFIG))

    def test_gone_workers_token_is_revoked(self):
        one, two = self.identity(self.one), self.identity(self.two)
        self.c.publish(workers=[w for w in self.c.document["workers"] if w["name"] != self.two])
        self.c.settle(self.coordinator)
        self.assertEqual(self.c.text(FRONT_END, htcondor.REVOKED), self.revoked(two))
        self.assertEqual(self.c.text("", "condor.log").count("condor_reconfig"), 1)
        put(self.c.path("bin", "condor_reconfig"), "#!/bin/sh\nexit 1\n", 0o755)
        self.c.document["workers"][0]["batch"] = "b2"  # another server of that name
        self.c.delete(self.one)
        self.c.add(self.one)
        self.c.publish(batches={"b2": BATCH_CA})
        self.assertIn("condor_reconfig", self.c.settle(self.coordinator)["error"])
        put(self.c.path("bin", "condor_reconfig"), CONDOR, 0o755)
        report = self.c.settle(self.c.coordinator())  # what is still to be done outlives a restart
        self.assertEqual((report["joined"], report.get("error", "")), (1, ""))
        self.assertEqual(self.c.text(FRONT_END, htcondor.REVOKED), self.revoked(one, two))
        self.assertEqual(self.c.text("", "condor.log").count("condor_reconfig"), 2)
        self.assertNotIn(self.identity(self.one), (one, two))

    def test_the_one_before_under_a_name_is_forgotten(self):
        put(os.path.join(self.c.dir, "condor.log"), "")
        self.c.publish(workers=[dict(w, batch="b2", address="10.0.9.9") if w["name"] == self.two else w for w in self.c.document["workers"]])
        self.c.settle(self.coordinator, 5)
        self.assertIn('Requirements = Machine == "astro-cpu-2.astro.vmcluster.internal"', self.c.text("", "condor.log"))
        self.assertNotIn('Requirements = Machine == "astro-cpu-1', self.c.text("", "condor.log"))

    def test_forgetting_is_tried_until_it_is_done(self):
        script = self.c.path("bin", "condor_advertise")
        works = self.c.text("bin", "condor_advertise")
        put(script, "#!/bin/sh\necho failed to send classad >&2\nexit 1\n", 0o755)
        self.c.publish(workers=[w for w in self.c.document["workers"] if w["name"] != self.two])
        self.c.settle(self.coordinator, 5)
        self.assertEqual(self.coordinator.records.state["forget"], [self.two])
        put(script, works, 0o755)
        self.c.settle(self.coordinator, 30)
        self.assertEqual(self.coordinator.records.state["forget"], [])
        self.assertIn('TargetType = "StartD"\nRequirements = Machine == "astro-cpu-2.', self.c.text("", "condor.log"))

    def test_daemons_that_were_not_told_are_told_again(self):
        """The file is written before condor_reconfig fails."""
        put(self.c.path("bin", "condor_reconfig"), "#!/bin/sh\nexit 1\n", 0o755)
        self.c.publish(batch_config="A = 1")
        self.assertIn("condor_reconfig", self.c.settle(self.coordinator)["error"])
        put(self.c.path("bin", "condor_reconfig"), CONDOR, 0o755)
        self.c.settle(self.c.coordinator())
        self.assertEqual(self.c.text("", "condor.log").count("condor_reconfig"), 3, "front-end and two workers")

    def test_missing_package_is_told(self):
        name = self.c.worker(3)
        self.c.delete(name, "units")
        self.c.publish()
        report = self.c.settle(self.coordinator, 20)
        self.assertEqual(report["pending_names"], "cpu[3]")
        self.assertIn("HTCondor is not installed on astro-cpu-3", report["error"])

    def test_token_is_made_while_the_worker_boots(self):
        c, coordinator = self.c, self.coordinator
        name = c.worker(3, up=False)
        c.publish()
        c.settle(coordinator)
        self.assertIn("token", coordinator.records.state["workers"][name])
        self.assertFalse(coordinator.records.state["workers"][name].get("joined"))


class HTCondorState(ClusterCase):
    """A front-end with a volume for its state."""

    DOUBLE = HTCondorDouble
    FOLDER = state.FOLDER + "/condor"

    def boot(self):
        """Has the front-end made anew; what is on the volume stays."""
        c = self.cluster
        kept = c.path("", "volume")
        if c.has(FRONT_END, state.FOLDER):
            os.rename(c.path(FRONT_END, state.FOLDER), kept)
        c.delete(FRONT_END)
        root = c.add(FRONT_END, state_volume="0f3a5c1e-2b4d-4e6f-8a9b-123456789abc")
        put(root + "/proc/self/mounts", "/dev/vdb %s ext4 rw 0 0\n" % state.FOLDER)
        os.makedirs(root + os.path.dirname(state.FOLDER))
        if os.path.exists(kept):
            os.rename(kept, root + state.FOLDER)

    def owned(self, path, name):
        self.assertEqual(name, "condor")
        os.makedirs(self.cluster.path(FRONT_END, path), exist_ok=True)

    def test_front_end_made_anew_has_the_jobs_and_the_keys_of_the_one_before(self):
        c = self.cluster
        self.patch(state, "owned", self.owned)
        self.boot()
        one, two = c.worker(1), c.worker(2)
        report = c.settle(c.coordinator())
        self.assertEqual((report["joined"], report.get("error", "")), (2, ""))
        config = c.text(FRONT_END, htcondor.CONFIG)
        for line in ("SPOOL = %s/spool", "SEC_PASSWORD_DIRECTORY = %s/passwords.d", "SEC_TOKEN_POOL_SIGNING_KEY_FILE = %s/passwords.d/POOL", "include ifexist : %s/revoked.conf"):
            self.assertIn(line % self.FOLDER + "\n", config)
            self.assertNotIn(line.split(" = ")[0].split(" : ")[0] + " ", c.text(one, htcondor.CONFIG))
        self.assertFalse(c.has(FRONT_END, htcondor.POOL_KEY))
        self.assertEqual(c.mode(FRONT_END, self.FOLDER + "/passwords.d"), 0o700)
        self.assertEqual(c.mode(FRONT_END, self.FOLDER + "/passwords.d/POOL"), 0o600)
        key = c.text(FRONT_END, self.FOLDER + "/passwords.d/POOL")
        put(c.path(FRONT_END, self.FOLDER + "/spool/job_queue.log"), "jobs")
        c.publish(workers=c.document["workers"][:1])
        report = c.settle(c.coordinator())
        revoked = c.text(FRONT_END, self.FOLDER + "/revoked.conf")
        self.assertIn("worker.%s." % two, revoked)
        c.document["host_cas"] = [report["host_ca"]]
        self.boot()
        c.publish()
        report = c.settle(c.coordinator())
        self.assertEqual((report["joined"], report.get("error", "")), (1, ""))
        self.assertEqual(c.text(FRONT_END, self.FOLDER + "/passwords.d/POOL"), key)
        self.assertEqual(c.text(FRONT_END, self.FOLDER + "/spool/job_queue.log"), "jobs")
        self.assertEqual(c.text(FRONT_END, self.FOLDER + "/revoked.conf"), revoked, "a token that was refused stays refused")
        self.assertFalse(c.has(FRONT_END, htcondor.REVOKED))

    def test_front_end_without_its_volume_does_not_start(self):
        c = self.cluster
        self.boot()
        c.delete(FRONT_END, "proc")
        self.assertIn("does not start without its state", c.settle(c.coordinator(), 2)["error"])
        self.assertFalse(c.has(FRONT_END, htcondor.CONFIG))
