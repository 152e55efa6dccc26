"""The coordinator: joining, distributing, replacing."""

import concurrent.futures
import json
import os
import subprocess
import threading
import time

from .. import bundle as bundle_module
from .. import coordinator as coordinator_module
from .. import files, node, ssh
from ..files import STATE
from ..node import Requests
from ..system import Failure
from ..tasks import NOT_FAILED, Tasks
from .harness import BATCH_CA, CA, CLUSTER_ID, FRONT_END, ClusterCase, put


class Coordinator(ClusterCase):
    def test_first_distribution(self):
        c = self.cluster
        one, two = c.worker(1), c.worker(2)
        report = c.settle(c.coordinator(over_ssh=True))
        self.assertEqual((report["generation"], report["joined"], report["pending"]), (1, 2, 0))
        hosts = ["10.0.0.2 astro-frontend.astro.vmcluster.internal astro-frontend",
                 "10.0.1.1 astro-cpu-1.astro.vmcluster.internal astro-cpu-1",
                 "10.0.1.2 astro-cpu-2.astro.vmcluster.internal astro-cpu-2"]
        blocks = set()
        for name in (FRONT_END, one, two):
            text = c.text(name, "/etc/hosts")
            self.assertTrue(text.startswith("127.0.0.1 localhost\n"))
            self.assertNotIn("127.0.1.1", text)
            blocks.add(text[text.index("# BEGIN"):])
            keys = c.text(name, "/home/astro/.ssh/authorized_keys").splitlines()
            self.assertEqual(len(keys), 2 + 4)  # marks; operator and three nodes
            self.assertEqual(len(c.text(name, "/etc/ssh/ssh_known_hosts").splitlines()), 2 + 3)
        self.assertEqual(blocks, {"\n".join(["# BEGIN vmcluster " + CLUSTER_ID] + hosts + ["# END vmcluster " + CLUSTER_ID, ""])})

    def test_host_key_is_swapped(self):
        c = self.cluster
        name = c.worker(1)
        c.settle(c.coordinator())
        self.assertNotIn("throw-away", c.text(name, "/etc/ssh/ssh_host_ed25519_key"))
        certificate = os.path.join(c.dir, name, "etc/ssh/ssh_host_ed25519_key-cert.pub")
        shown = subprocess.run(["ssh-keygen", "-L", "-f", certificate], check=True, capture_output=True, text=True).stdout
        self.assertRegex(shown, r"host certificate[^\0]*Valid: from \S+ to \S+\s+Principals:\s+astro-cpu-1\n")
        self.assertIn("reload ssh.service", c.text(name, "/systemctl.log"))
        lasting = ssh.public_key(c.text(name, "/etc/ssh/ssh_host_ed25519_key.pub"))
        self.assertIn("astro-cpu-1 " + lasting, c.text(FRONT_END, STATE + "/known_hosts"))
        self.assertIn(lasting, c.text(FRONT_END, "/etc/ssh/ssh_known_hosts"))

    def test_host_certificate_is_renewed_in_time(self):
        c = self.cluster
        one, two = c.worker(1), c.worker(2)
        coordinator = c.coordinator()
        c.settle(coordinator)
        before = {name: c.text(name, "/etc/ssh/ssh_host_ed25519_key-cert.pub") for name in (one, two)}
        began, day = time.time(), 86400
        for days, state, renewed in [(1, "", False), (29, "", False), (31, "", True), (32, "", False), (62, "restart", True), (1000, "off", False), (1001, "", True),
                                     (900, "the clock was ahead", True)]:
            c.requests.clear()
            self.patch(time, "time", lambda days=days: began + days * day)
            if state == "restart":
                coordinator = c.coordinator()
            if state == "off":
                os.unlink(c.path(one, "up")), os.unlink(c.path(two, "up"))
            elif days == 1001:
                put(c.path(one, "up"), ""), put(c.path(two, "up"), "")
                self.cluster.time += 100
            for _ in range(4):
                self.cluster.tick(coordinator)
                concurrent.futures.wait([future for future, _ in coordinator.tasks.running.values()], 30)
            asked = sorted(name for name, verb in c.requests if verb == "certify")
            self.assertEqual(asked == [one, two], renewed or state == "off", (days, c.requests))
            self.assertFalse([verb for _, verb in c.requests if verb not in ("certify", "ping")], "a renewal delivers no bundle")
        for name in (one, two):
            self.assertNotEqual(c.text(name, "/etc/ssh/ssh_host_ed25519_key-cert.pub"), before[name])
        c.worker(3)
        c.publish()
        report = c.settle(coordinator, 20)
        self.assertEqual((report["joined"], report["pending"], report.get("error", "")), (3, 0, ""))

    def test_worker_whose_certificate_has_expired_is_named_with_what_helps(self):
        c = self.cluster
        c.worker(1)
        coordinator = c.coordinator(over_ssh=True)

        def ask(*_, **__):
            raise Failure("ssh: Certificate invalid: expired / Host key verification failed.")
        self.patch(ssh, "ask", ask)
        report = c.settle(coordinator, 12)
        self.assertIn("astro-cpu-1: its host certificate is not valid now", report["error"])
        self.assertIn("delete the worker's server", report["error"])

    def test_roster_that_is_in_the_metadata_alone(self):
        """User data has no room for a large one. Without it there is nothing to report."""
        c = self.cluster
        c.worker(1)
        coordinator = c.coordinator()
        self.assertFalse(c.has(FRONT_END, files.FIRST_DOCUMENT))
        there = coordinator.channel.document

        def silent():
            raise Failure("read the metadata service: timed out")
        coordinator.channel.document = silent
        for _ in range(3):
            c.tick(coordinator, report=True)
            c.time += 5
        self.assertEqual((c.reports, c.requests), ([], []))
        coordinator.channel.document = there
        self.assertEqual(c.settle(coordinator)["joined"], 1)

    def test_host_key_of_a_run_that_was_cut_short_is_shown(self):
        c = self.cluster
        name = c.worker(1)
        c.settle(c.coordinator())
        os.unlink(os.path.join(c.dir, name, STATE.lstrip("/"), "applied.json"))
        c.enter(name)
        n = Requests(node.Node())
        for reload, want in ((False, "did not reload"), (True, "")):
            self.patch(ssh, "works", lambda *command, reload=reload: reload)
            bundle = {"hosts": [], "known_hosts": [], "authorized_keys": [], "coordinator_keys": [], "sources": [], "ca": CA, "batch": {"type": "none", "manager": "m"},
                      "host_certificate": c.text(name, "/etc/ssh/ssh_host_ed25519_key-cert.pub").strip()}
            answer = n.answer({"verb": "apply", "generation": [9, 1], "bundle": bundle})
            self.assertEqual((answer["ok"], want in answer.get("error", "")), (not want, True), answer)

    def test_late_worker_reaches_every_node(self):
        c = self.cluster
        one, two = c.worker(1), c.worker(2, up=False)
        coordinator = c.coordinator()
        report = c.settle(coordinator)
        self.assertEqual((report["joined"], report["pending"], report["pending_names"]), (1, 1, "cpu[2]"))
        put(c.path(two, "up"), "")
        report = c.settle(coordinator, 30)
        self.assertEqual((report["joined"], report["pending"]), (2, 0))
        self.assertEqual(c.text(one, "/home/astro/.ssh/authorized_keys"), c.text(two, "/home/astro/.ssh/authorized_keys"))

    def test_worker_that_boots_is_asked_when_it_has_the_account(self):
        """As the front-end's own boot has shown. A worker that was up at the first look is
        asked at once."""
        c = self.cluster
        c.worker(1)
        for noted, waits in (("8.4\n", 8.4), ("", 0), ("1e9", 0), ("700", 15), ("soon", 0)):
            put(c.path(FRONT_END, files.ACCOUNT_AFTER), noted)
            for booted in (True, False):
                coordinator = c.coordinator()
                coordinator.read_document()
                coordinator.reconcile()
                for why in ("",) if booted else ("No route to host", ""):
                    coordinator.found(c.time, {"10.0.1.1": why})
                failed = coordinator.tasks.failed.get(("roster", "astro-cpu-1"), NOT_FAILED)
                self.assertEqual((failed.until, failed.times), (0 if booted else c.time + waits, 0), noted)
                self.assertEqual(coordinator.up, {"10.0.1.1"})

    def test_worker_that_never_joined_is_named_after_some_tries(self):
        c = self.cluster
        c.worker(1), c.worker(2, up=False)
        coordinator = c.coordinator()
        self.assertEqual(c.settle(coordinator, 2).get("never", ""), "")
        report = c.settle(coordinator, 30)
        self.assertEqual((report["pending_names"], report["never"]), ("cpu[2]", "cpu[2]"))
        again = c.coordinator()  # a restart: it has to be tried again
        self.assertEqual(c.settle(again, 2).get("never", ""), "")
        self.assertEqual(c.settle(again, 30)["never"], "cpu[2]")
        put(c.path("astro-cpu-2", "up"), "")
        report = c.settle(again, 40)
        self.assertEqual((report["pending"], report.get("never", "")), (0, ""))

    def test_worker_that_misses_the_newest_generation_has_joined(self):
        c = self.cluster
        one = c.worker(1)
        coordinator = c.coordinator()
        c.settle(coordinator)
        os.unlink(c.path(one, "up"))
        c.worker(2)
        c.publish()
        report = c.settle(coordinator, 30)
        self.assertEqual((report["pending_names"], report.get("never", "")), ("cpu[1]", ""))
        c.document["workers"][0]["address"] = "10.0.9.1"  # the same server at another address
        c.publish()
        self.assertEqual(c.settle(coordinator, 30).get("never", ""), "")
        c.document["workers"][0]["batch"] = "b2"  # another server of that name
        c.publish(batches={"b1": BATCH_CA, "b2": BATCH_CA})
        self.assertEqual(c.settle(coordinator, 2).get("never", ""), "", "the tries were the other server's")
        self.assertEqual(c.settle(coordinator, 30)["never"], "cpu[1]")

    def loses(self, what):
        """A worker that has joined is down, and then the front-end loses what it knew."""
        c = self.cluster
        name = c.worker(1)
        c.document["front_end"]["coordinator_key"] = c.settle(c.coordinator())["coordinator_key"]
        os.unlink(c.path(name, "up"))
        subprocess.run(["rm", "-rf", c.path(FRONT_END, STATE + "/" + what)], check=True)
        c.worker(2, up=False)
        c.publish()
        coordinator = c.coordinator()
        report = c.settle(coordinator, 30)
        self.assertEqual((report["pending_names"], report.get("never", "")), ("cpu[1-2]", ""))
        c.worker(3, up=False)  # added since: no other front-end can have joined it
        c.publish()
        self.assertEqual(c.settle(coordinator, 30)["never"], "cpu[3]")

    def test_worker_that_may_have_joined_before_the_state_was_lost_is_not_named(self):
        self.loses("state.json")

    def test_worker_that_may_have_joined_before_all_was_lost_is_not_named(self):
        self.loses("")

    def test_worker_that_may_have_joined_under_the_front_end_before_is_not_named(self):
        c = self.cluster
        c.worker(1)
        two = c.worker(2)
        c.settle(c.coordinator())
        os.unlink(c.path(two, "up"))
        c.worker(3, up=False)  # as far as the new front-end can know, that one too
        self.replace_front_end()
        coordinator = c.coordinator()
        report = c.settle(coordinator, 30)
        self.assertEqual((report["pending_names"], report.get("never", "")), ("cpu[2-3]", ""))
        c.worker(4, batch="b4", up=False)
        c.publish(host_cas=[], batches={"b4": BATCH_CA})
        report = c.settle(coordinator, 30)
        self.assertEqual((report["pending_names"], report["never"]), ("cpu[2-4]", "cpu[4]"))

    def test_growth_and_removal(self):
        c = self.cluster
        one, two = c.worker(1), c.worker(2)
        coordinator = c.coordinator()
        c.settle(coordinator)
        three = c.worker(3)
        c.publish()
        self.assertEqual(c.settle(coordinator)["joined"], 3)
        gone = c.text(two, "/etc/ssh/ssh_host_ed25519_key.pub").split()[1]
        c.publish(workers=[w for w in c.document["workers"] if w["name"] != two])
        report = c.settle(coordinator)
        self.assertEqual((report["generation"], report["joined"], report["pending"]), (3, 2, 0))
        for name in (FRONT_END, one, three):
            self.assertNotIn(two, c.text(name, "/etc/hosts"))
            self.assertNotIn(gone, c.text(name, "/etc/ssh/ssh_known_hosts"))
            self.assertEqual(len(c.text(name, "/home/astro/.ssh/authorized_keys").splitlines()), 2 + 4)

    def test_name_used_again_is_another_server(self):
        c = self.cluster
        name = c.worker(1)
        coordinator = c.coordinator()
        c.settle(coordinator)
        before = c.text(name, "/etc/ssh/ssh_host_ed25519_key.pub")
        c.delete(name)
        c.document["workers"] = []
        c.worker(1, batch="b2")
        c.publish(batches={"b2": BATCH_CA})
        report = c.settle(coordinator)
        self.assertEqual((report["joined"], report["pending"]), (1, 0))
        known = c.text(FRONT_END, "/etc/ssh/ssh_known_hosts")
        self.assertNotIn(before.split()[1], known)
        self.assertIn(c.text(name, "/etc/ssh/ssh_host_ed25519_key.pub").split()[1], known)

    def test_older_document_is_ignored(self):
        c = self.cluster
        c.worker(1)
        coordinator = c.coordinator()
        old = json.loads(json.dumps(c.document))
        c.worker(2)
        c.publish()
        c.settle(coordinator)
        c.document = old
        self.assertEqual(c.settle(coordinator)["generation"], 2)

    def test_front_end_is_replaced(self):
        c = self.cluster
        names = [c.worker(1), c.worker(2)]
        before = c.settle(c.coordinator())
        host_keys = [c.text(n, "/etc/ssh/ssh_host_ed25519_key.pub") for n in names]
        front_end_key = c.text(FRONT_END, "/home/astro/.ssh/id_ed25519.pub").split()[1]
        host_ca = self.replace_front_end()
        report = c.settle(c.coordinator(over_ssh=True))
        self.assertEqual((report["generation"], report["joined"], report["pending"]), (2, 2, 0))
        self.assertNotEqual((report["host_ca"], report["coordinator_key"]), (host_ca, before["coordinator_key"]))
        self.assertEqual([c.text(n, "/etc/ssh/ssh_host_ed25519_key.pub") for n in names], host_keys, "a worker's own key stays")
        for name in names:
            self.assertNotIn(front_end_key, c.text(name, "/home/astro/.ssh/authorized_keys"), "the lost front-end's key is out")
            account = c.text(name, "/var/lib/vmcluster/.ssh/authorized_keys")
            self.assertIn(report["coordinator_key"], account)
            self.assertNotIn(before["coordinator_key"], account)
            shown = subprocess.run(["ssh-keygen", "-L", "-f", os.path.join(c.dir, name, "etc/ssh/ssh_host_ed25519_key-cert.pub")],
                                   check=True, capture_output=True, text=True).stdout
            new_ca = subprocess.run(["ssh-keygen", "-l", "-f", os.path.join(c.dir, FRONT_END + STATE, "host_ca.pub")],
                                    check=True, capture_output=True, text=True).stdout.split()[1]
            self.assertIn(new_ca, shown, "the certificate is the new front-end's")

    def test_known_by_the_old_host_ca_only_until_reached(self):
        c = self.cluster
        one, two = c.worker(1), c.worker(2)
        c.settle(c.coordinator())
        os.unlink(c.path(two, "up"))
        host_ca = self.replace_front_end()
        c.settle(c.coordinator())
        known = c.text(FRONT_END, STATE + "/known_hosts")
        self.assertIn("@cert-authority %s %s" % (two, host_ca), known)
        self.assertNotIn("@cert-authority " + one, known)

    def test_workers_ahead_of_the_document_are_overtaken(self):
        """What the lost front-end distributed last may be newer than any record of it."""
        c = self.cluster
        name = c.worker(1)
        coordinator = c.coordinator()
        for _ in range(4):
            c.publish()
            c.settle(coordinator)
        c.document["generation"] = 2
        self.replace_front_end()
        coordinator = c.coordinator()
        report = c.settle(coordinator)
        self.assertEqual((report["generation"], report["joined"], report["pending"]), (3, 1, 0))
        self.assertIn(report["coordinator_key"], c.text(name, "/var/lib/vmcluster/.ssh/authorized_keys"))
        for generation in (4, 5, 6, 7):
            c.publish()
            report = c.settle(coordinator)
            self.assertEqual((report["generation"], report["joined"], report["pending"]), (generation, 1, 0))

    def test_cluster_ca_changes(self):
        c = self.cluster
        name = c.worker(1)
        coordinator = c.coordinator()
        c.settle(coordinator)
        c.publish(ca=CA + "Two")
        self.assertEqual(c.settle(coordinator)["pending"], 0)
        account = c.text(name, "/var/lib/vmcluster/.ssh/authorized_keys").splitlines()
        self.assertEqual([line.split()[-1] for line in account if line.startswith("cert-authority")], [(CA + "Two").split()[1]])

    def test_restart_repeats_nothing(self):
        c = self.cluster
        name = c.worker(1)
        c.settle(c.coordinator())
        calls = list(c.requests)
        report = c.settle(c.coordinator())
        self.assertEqual((report["joined"], report["pending"]), (1, 0))
        self.assertEqual(c.requests, calls)
        self.assertTrue(c.has(name, STATE + "/applied.json"))

    def test_first_key_goes_when_the_lasting_one_is_known(self):
        c = self.cluster
        c.worker(1)
        for path in (files.FIRST_KEY, files.FIRST_KEY + "-cert.pub"):
            put(c.path(FRONT_END, path), "key", 0o600)
        coordinator = c.coordinator()
        report = c.settle(coordinator)
        self.assertTrue(c.has(FRONT_END, files.FIRST_KEY), "a worker made before the lasting key is known needs it")
        c.document["front_end"]["coordinator_key"] = report["coordinator_key"]
        c.settle(coordinator)
        self.assertFalse(c.has(FRONT_END, files.FIRST_KEY))
        self.assertFalse(c.has(FRONT_END, files.FIRST_KEY + "-cert.pub"))

    def test_first_key_goes_when_it_has_expired(self):
        c = self.cluster
        c.worker(1, up=False)
        put(c.path(FRONT_END, files.FIRST_KEY), "key", 0o600)
        coordinator = c.coordinator()
        c.settle(coordinator, 3)
        self.assertTrue(c.has(FRONT_END, files.FIRST_KEY))
        c.time = files.FIRST_KEY_TTL + 1.0
        c.settle(coordinator, 1)
        self.assertFalse(c.has(FRONT_END, files.FIRST_KEY))

    def test_no_worker_counts_as_joined_while_the_front_end_lacks_its_own_part(self):
        c = self.cluster
        c.worker(1)
        coordinator = c.coordinator()
        c.settle(coordinator)
        c.worker(2)
        c.publish()
        answer = coordinator.requests.answer
        coordinator.requests.answer = lambda request: {"ok": False, "error": "no space left"}
        report = c.settle(coordinator)
        self.assertEqual((report["joined"], report["pending_names"], report["error"]), (0, "cpu[1-2]", "no space left"))
        coordinator.requests.answer = answer
        report = c.settle(coordinator)
        self.assertEqual((report["joined"], report["pending"]), (2, 0))

    def test_worker_without_address_is_pending(self):
        c = self.cluster
        c.worker(1)
        c.document["workers"].append({"name": "astro-cpu-2", "address": ""})
        report = c.settle(c.coordinator())
        self.assertEqual((report["joined"], report["pending"], report["pending_names"]), (1, 1, "cpu[2]"))

    def test_worker_that_answers_nonsense_stops_no_other(self):
        c = self.cluster
        bad, good = c.worker(1), c.worker(2)
        coordinator = c.coordinator()
        for answer in (None, [], {}, {"ok": True}, {"ok": True, "host_key": 7, "user_key": 7}, {"ok": False},
                       {"ok": False, "error": "stale", "generation": [1, "x"]}, {"ok": False, "error": "stale", "generation": 7}):
            coordinator.calls.remote = lambda name, *rest, answer=answer: answer if name == bad else c.remote(name, *rest)
            coordinator.tasks.failed.clear()
            report = c.settle(coordinator, 6)
            self.assertEqual((report["joined"], report["pending_names"]), (1, "cpu[1]"), answer)
        self.assertIn(good, c.text(FRONT_END, "/etc/hosts"))

    def test_hostile_member_never_reaches_a_file(self):
        c = self.cluster
        one = c.worker(1)
        c.document["workers"].append({"name": "x\n6.6.6.6 bank.example", "address": "10.0.0.9"})
        c.document["workers"].append({"name": "astro-cpu-9", "address": "10.0.0.9 bank.example"})
        c.document["workers"].append({"name": "astro-cpu-9\n", "address": "10.0.0.9"})
        c.document["workers"].append({"name": "astro-cpu-9", "address": "fe80::9%\n6.6.6.6 bank.example"})
        c.document["workers"].append({"name": "astro-cpu-9", "address": 9})
        c.settle(c.coordinator())
        for name in (one, FRONT_END):
            text = c.text(name, "/etc/hosts")
            self.assertNotIn("bank", text)
            self.assertNotIn("cpu-9", text)


class NewWorker(ClusterCase):
    """What waits while a new worker waits: the front-end may have one slow processor."""

    def setUp(self):
        super().setUp()
        c = self.cluster
        c.worker(1)
        self.coordinator = c.coordinator()
        c.settle(self.coordinator)
        c.time += 60
        self.two = c.worker(2)
        c.publish()
        self.held, self.free = [], threading.Event()  # the requests to the new worker that do not return
        self.addCleanup(self.free.set)
        real = self.coordinator.calls.remote

        def remote(name, address, request, timeout=0):
            if name == self.two and request["verb"] in self.held:
                self.free.wait(30)
            return real(name, address, request, timeout)
        self.coordinator.calls.remote = remote

    def until(self, *, asked):
        """Lets the coordinator work until it has asked the new worker for something."""
        for _ in range(50):
            self.cluster.tick(self.coordinator)
            if ("roster", self.two) in self.coordinator.tasks.running and bool(self.coordinator.records.workers[self.two].get("joined")) == (asked == "apply"):
                return
            concurrent.futures.wait([f for (_, name), (f, _) in self.coordinator.tasks.running.items() if name != self.two or "join" not in self.held], 1)
            time.sleep(0.01)
        self.fail("the worker is not asked to " + asked)

    def looks(self):
        """Returns the seconds until the next look at the document."""
        self.cluster.tick(self.coordinator)
        return self.coordinator.next_read - self.cluster.time

    def test_one_that_boots_is_no_reason_to_look_often(self):
        c = self.cluster
        self.held = ["join"]
        self.until(asked="join")
        c.tick(self.coordinator, report=True)
        self.assertEqual(self.looks(), coordinator_module.BUSY_INTERVAL, "the document has just changed")
        c.time += 31
        self.assertEqual(self.looks(), coordinator_module.QUIET_INTERVAL)
        self.held = ["apply"]
        self.free.set()
        concurrent.futures.wait([f for f, _ in self.coordinator.tasks.running.values()], 30)
        self.coordinator.next_report = c.time + 15
        self.assertEqual(self.looks(), coordinator_module.BUSY_INTERVAL, "it has joined")
        self.assertEqual(self.coordinator.next_report - c.time, coordinator_module.BUSY_INTERVAL, "and that is reported soon")

    def test_its_answer_is_followed_up_before_the_cloud_is_looked_at(self):
        c, coordinator, real, reads = self.cluster, self.coordinator, self.coordinator.channel.document, []
        coordinator.channel.document = lambda: reads.append(c.time) or real()
        for late, looks in ((0, 0), (coordinator_module.BUSY_INTERVAL, 1)):
            self.held = ["join"]
            self.free.clear()
            self.until(asked="join")
            self.held = ["apply"]
            self.free.set()
            concurrent.futures.wait([coordinator.tasks.running["roster", self.two][0]], 30)
            self.free.clear()
            coordinator.next_read = coordinator.next_report = c.time - late
            reads.clear()
            coordinator.tick(c.time)
            self.assertTrue(coordinator.records.workers[self.two]["joined"])
            self.assertIn(("roster", self.two), coordinator.tasks.running, "its bundle")
            self.assertEqual((len(reads), coordinator.postponed), (looks, not looks))
            coordinator.tick(c.time)
            self.assertEqual(len(reads), 1, "in the next turn")
            self.free.set()
            coordinator.records.workers[self.two].update(joined=False, acked=None)
            c.settle(coordinator)
            coordinator.records.workers[self.two].update(joined=False, acked=None)

    def test_the_cloud_is_looked_at_some_seconds_later_while_it_is_asked_to_join(self):
        c, coordinator, real, reads = self.cluster, self.coordinator, self.coordinator.channel.document, []
        coordinator.channel.document = lambda: reads.append(c.time) or real()
        self.held = ["join"]
        self.until(asked="join")
        concurrent.futures.wait([f for (purpose, _), (f, _) in coordinator.tasks.running.items() if purpose != "roster"], 30)
        c.tick(coordinator)  # takes up what has finished
        for late, looks in ((0, 0), (coordinator_module.BUSY_INTERVAL - 1, 0), (coordinator_module.BUSY_INTERVAL, 1)):
            coordinator.tasks.finished.clear()
            coordinator.next_read = coordinator.next_report = c.time - late
            reads.clear()
            coordinator.tick(c.time)
            self.assertEqual((len(reads), coordinator.postponed), (looks, not looks), "%d s after it was due" % late)

    def test_its_bundle_waits_for_no_look_at_the_front_ends_addresses(self):
        c, coordinator, bundle, looks = self.cluster, self.coordinator, self.coordinator.bundle, []
        self.held = ["join"]
        self.until(asked="join")
        self.patch(coordinator.identity, "establish", looks.append)
        self.held = ["apply"]
        self.free.set()
        concurrent.futures.wait([coordinator.tasks.running["roster", self.two][0]], 30)
        self.free.clear()
        bundle.looked = c.time - bundle_module.SETTLE
        coordinator.tick(c.time)
        self.assertIn(("roster", self.two), coordinator.tasks.running, "its bundle")
        self.assertEqual(len(looks), 0)
        for later in (1, 2):
            coordinator.tick(c.time + later * bundle_module.LONGEST)
        self.assertTrue(looks, "whatever becomes of that")

    def test_first_bundle_goes_before_the_front_ends_own_work(self):
        c = self.cluster
        self.held = ["apply"]
        self.until(asked="apply")
        state = self.coordinator.records.state
        self.assertNotEqual(state["here"], state["version"])
        c.time += coordinator_module.HEAD_START
        c.tick(self.coordinator)
        self.assertEqual(state["here"], state["version"], "the request is on its way")

    def test_look_at_the_queue_waits_for_a_minute(self):
        c = self.cluster
        key = ("queue", FRONT_END)
        self.held = ["join"]
        self.until(asked="join")
        self.coordinator.tasks.running.pop(key, None)
        self.coordinator.tasks.put_off(c.time, key)
        c.tick(self.coordinator)
        self.assertNotIn(key, self.coordinator.tasks.running)
        c.time += coordinator_module.QUEUE_PAUSE
        c.tick(self.coordinator)
        self.assertIn(key, self.coordinator.tasks.running, "whatever becomes of the worker")


class Unexpected(ClusterCase):
    """Errors that nothing foresees: each costs its step a turn and is reported."""

    def boom(self, *_, **__):
        raise RuntimeError("boom")

    def test_step_that_fails_stops_no_other(self):
        c = self.cluster
        c.worker(1)
        coordinator = c.coordinator()
        steps = [(coordinator, "collect"), (coordinator, "read_document"), (coordinator, "reconcile"), (coordinator.records, "revoke"),
                 (coordinator.identity, "make_host_ca"), (coordinator.bundle, "update"), (coordinator, "write_known_hosts"),
                 (coordinator.records, "save"), (coordinator, "tend"), (coordinator, "apply_here"), (coordinator, "drop_first_key")]
        c.settle(coordinator)
        for where, step in steps:
            real = getattr(where, step)
            self.patch(where, step, self.boom)
            c.publish()
            c.tick(coordinator, report=True)
            self.assertIn("RuntimeError: boom", c.reports[-1]["error"], step)
            setattr(where, step, real)
            report = c.settle(coordinator)
            self.assertEqual((report["generation"], report["joined"], report.get("error", "")), (c.document["generation"], 1, ""), step)

    def test_report_that_fails_stops_nothing(self):
        c = self.cluster
        coordinator = c.coordinator()
        c.settle(coordinator)
        c.worker(1)
        c.publish()
        reports = len(c.reports)
        real = coordinator.progress.report
        coordinator.progress.report = self.boom
        for _ in range(6):
            c.tick(coordinator, report=True)
            concurrent.futures.wait([future for future, _ in coordinator.tasks.running.values()], 30)
            c.time += 1
        self.assertEqual(len(c.reports), reports)
        self.assertIn("RuntimeError: boom", coordinator.guard.problems["report"])
        coordinator.progress.report = real
        c.tick(coordinator, report=True)
        self.assertEqual((c.reports[-1]["joined"], c.reports[-1].get("error", "")), (1, ""))

    def test_what_is_not_saved_does_not_take_effect(self):
        c = self.cluster
        c.worker(1)
        coordinator = c.coordinator()
        self.patch(coordinator.records, "save", self.boom)
        for _ in range(3):
            c.tick(coordinator)
        self.assertEqual((c.requests, coordinator.tasks.running), ([], {}))

    def test_worker_that_fails_stops_no_other(self):
        c = self.cluster
        one, two = c.worker(1), c.worker(2)
        coordinator = c.coordinator()
        real = coordinator.tend
        self.patch(coordinator, "tend", lambda now, name, m: self.boom() if name == one else real(now, name, m))
        report = c.settle(coordinator)
        self.assertEqual((report["joined"], report["pending_names"], report["error"]), (1, "cpu[1]", "RuntimeError: boom"))

    def test_daemon_goes_on(self):
        """systemd would start one that ended again, to end again."""
        c = self.cluster
        coordinator = c.coordinator()
        turns = []

        class Enough(BaseException):
            pass

        def rest(_seconds):
            turns.append(dict(coordinator.guard.problems))
            if len(turns) == 3:
                raise Enough
        coordinator.tasks.rest = rest
        self.patch(coordinator_module, "BUSY_INTERVAL", 0)
        self.patch(coordinator, "interval", self.boom)
        with self.assertRaises(Enough):
            coordinator.run()
        self.assertEqual([t.get("tick") for t in turns], ["RuntimeError: boom"] * 3)

    def test_worker_that_never_answers_is_asked_for_ever(self):
        tasks = Tasks(1)
        for _ in range(3000):
            tasks.fail(7.0, ("roster", "astro-cpu-1"), "no route to host")
        self.assertEqual(tasks.failed["roster", "astro-cpu-1"], (3000, 67.0, "no route to host"))

    def test_document_that_makes_no_sense_is_reported_and_the_last_one_kept(self):
        c = self.cluster
        c.worker(1)
        coordinator = c.coordinator()
        c.settle(coordinator)
        good = c.document
        for bad in ([7], 7, dict(good, generation="x"), dict(good, generation=9, workers=7)):
            c.document = bad
            c.tick(coordinator, report=True)
            self.assertNotEqual(c.reports[-1].get("error", ""), "", bad)
            self.assertEqual((c.reports[-1]["generation"], c.reports[-1]["joined"]), (1, 1))
        for bad in ([{}], [7], [{"name": 7}], [dict(good["workers"][0], batch=[])], [dict(good["workers"][0], leaving=["x"])]):
            c.document = dict(good, generation=c.reports[-1]["generation"] + 1, workers=bad)
            c.tick(coordinator, report=True)
            self.assertEqual(c.reports[-1]["generation"], c.document["generation"], bad)
        c.document = dict(good, generation=99)
        report = c.settle(coordinator)
        self.assertEqual((report["joined"], report["pending"], report.get("error", "")), (1, 0, ""))
