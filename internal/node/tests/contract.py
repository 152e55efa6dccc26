"""What every batch system must hold to; see Contract."""

import os
import re

from .. import batch, node, system
from ..batch import Given, Group
from .harness import FRONT_END, put


def listed(name, file):
    """Returns the words about a batch system in one of the lists of its folder; None if it is not there."""
    with open(os.path.join(os.path.dirname(batch.__file__), file)) as f:
        lines = [line.split() for line in f]
    return {word for line in lines for word in line[1:] if line[0] == name} if any(line[0] == name for line in lines) else None


class Contract:
    """The contract of batch.BatchSystem, as a mixin of a ClusterCase.

    DOUBLE's commands stand in for the batch system's. A worker runs a job if it
    has a file "busy".
    """

    CONFIGS = ()  # the files of the batch system's configuration
    OPEN = ()  # settings in them that users may set as well
    OWN = "OWN_SETTING = 1"  # a line of a user's own
    WORKERS_READ_OWN_LINES = True  # False: they get the configuration from the front-end

    def setUp(self):
        super().setUp()
        self.one, self.two = self.cluster.worker(1), self.cluster.worker(2)

    def runs(self, name):
        """Reports whether a worker's daemons run."""
        return bool(os.listdir(self.cluster.path(name, "proc"))) if self.cluster.has(name, "proc") else False

    def starts(self, name):
        """Returns how often a node's daemons were started."""
        log = self.cluster.path(name, "systemctl.log")
        words = open(log).read().split() if os.path.exists(log) else []
        return words.count("start") + words.count("restart")

    def configured(self, name):
        """Configures a node's daemons; returns its batch system."""
        b = self.cluster.enter(name).batch
        b.configure(self.given(name))
        return b

    def given(self, name, config=""):
        """Returns what a node is given; that node is entered."""
        b = self.cluster.enter(FRONT_END).batch
        secret = b.shared_secret()
        credential = b.credential(name) if b.HAS_CREDENTIALS and name != FRONT_END else ""
        groups = {"cpu": Group(9, [self.one, self.two], 4, 8000, 2)} if name == FRONT_END else {}
        self.cluster.enter(name)
        return Given("astro-frontend.astro.vmcluster.internal", "127.0.0.1", secret, credential, groups, config, 2 if name != FRONT_END else 0)

    def test_is_found_by_its_name(self):
        b = node.Node().batch
        self.assertIsInstance(b, batch.BatchSystem)
        self.assertEqual(type(b).__module__.rpartition(".")[2], self.DOUBLE.NAME)
        for kind in ("fork", "../node", "", "__init__"):
            with self.assertRaises(system.Failure):
                batch.load(kind, None)

    def test_image_without_it(self):
        b = self.cluster.enter(self.one).batch
        self.assertTrue(b.installed())
        self.cluster.delete(self.one, self.DOUBLE.PACKAGE)
        if self.DOUBLE.UNITS:
            self.assertFalse(b.installed())
            with self.assertRaisesRegex(system.Failure, "not installed on astro-cpu-1"):
                b.configure(self.given(self.one))

    def test_daemons_are_held_until_they_are_configured(self):
        b = self.cluster.enter(self.one).batch
        for unit in self.DOUBLE.UNITS:
            system.run("systemctl", "start", unit)  # as the package does
        b.hold()
        self.assertFalse(self.runs(self.one))
        given = self.given(self.one)
        b.configure(given)
        b.hold()
        self.assertEqual(self.runs(self.one), bool(self.DOUBLE.UNITS), "set-up may be repeated later")

    def test_services_start_when_the_metadata_address_is_closed(self):
        self.cluster.enter(self.one)
        self.assertEqual(self.setup(), 0)
        unit = self.cluster.text(self.one, "/etc/systemd/system/vmcluster-metadata.service")
        early = next(line for line in unit.splitlines() if line.startswith("Before=")).partition("=")[2].split()
        self.assertEqual([s for s in self.DOUBLE.UNITS if s not in early], [])
        self.assertEqual(sorted(node.Node().batch.SERVICES), sorted(self.DOUBLE.UNITS))

    def test_configuring_again_disturbs_nothing(self):
        c = self.cluster
        c.settle(c.coordinator())
        before = {name: self.starts(name) for name in (FRONT_END, self.one)}
        c.publish(operator_key="ssh-ed25519 AAAAanother")
        self.assertEqual(c.settle(c.coordinator())["pending"], 0)
        self.assertEqual({name: self.starts(name) for name in before}, before)

    def test_says_what_waits_if_the_list_says_so(self):
        """The plan of a group's removal asks only batch systems of the list."""
        if os.path.exists(os.path.join(os.path.dirname(batch.__file__), self.DOUBLE.NAME + ".py")):
            says = type(node.Node().batch).waiting is not batch.BatchSystem.waiting
            self.assertEqual(listed(self.DOUBLE.NAME, "waiting.txt") is not None, says)

    def lines(self):
        """Returns the lines of both nodes' configuration."""
        found = [(name, path) for name in (FRONT_END, self.one) for path in self.CONFIGS if self.cluster.has(name, path)]
        return [line for name, path in found for line in self.cluster.text(name, path).splitlines()]

    def test_what_the_module_sets_is_no_users_to_set(self):
        ours = listed(self.DOUBLE.NAME, "settings.txt") or set()
        for name in (FRONT_END, self.one):
            b = self.configured(name)
            b.revoke(["x.eyJzdWIiOiJ3b3JrZXIueC55In0.y"])
        sets = {m.group(1) for m in (re.match(r"\s*(\w+)\s*=", line) for line in self.lines()) if m}
        self.assertEqual(sets - ours - set(self.OPEN), set(), "not in batch/settings.txt")
        self.assertEqual(bool(sets), bool(self.CONFIGS))
        self.assertEqual(ours & set(self.OPEN), set())

    def test_own_lines(self):
        """They come into effect, once, and go again."""
        for name in (FRONT_END, self.one):
            b = self.cluster.enter(name).batch
            for config, want in (("", 0), ("# why\n" + self.OWN, 1), (self.OWN + "\n", 1), ("", 0)):
                b.configure(self.given(name, config))
                got = [line for path in self.CONFIGS if self.cluster.has(name, path) for line in self.cluster.text(name, path).splitlines()]
                reads = name == FRONT_END or self.WORKERS_READ_OWN_LINES
                self.assertEqual(got.count(self.OWN), want if self.CONFIGS and reads else 0, (name, config))

    def test_secrets_are_for_root_alone(self):
        given = {name: self.given(name) for name in (self.one, self.two)}
        for name in given:
            self.cluster.enter(name).batch.configure(given[name])
        secrets = {s for g in given.values() for s in (g.secret, g.credential) if s}
        for name in given:
            for folder, _, files in os.walk(self.cluster.path(name, "etc")):
                for path in (os.path.join(folder, f) for f in files):
                    with open(path) as f:
                        text = f.read()
                    if any(s.strip() in text for s in secrets):
                        self.assertEqual(os.stat(path).st_mode & 0o077, 0, path)

    def test_secrets(self):
        b = node.Node().batch
        self.assertEqual(b.shared_secret(), b.shared_secret(), "it is made once")
        self.assertEqual(b.HAS_CREDENTIALS, bool(b.credential(self.one)))
        credentials = [b.credential(self.one), b.credential(self.one)]
        b.revoke(credentials)
        b.revoke(credentials[:1])

    def test_closed_worker_stays_closed(self):
        b = self.configured(self.one)
        running = self.runs(self.one)
        self.cluster.enter(FRONT_END).batch.drain(self.one, "why", True)
        self.cluster.enter(self.one)
        requests = node.Requests(node.Node())
        self.assertEqual([requests.answer({"verb": "retire"}) for _ in range(2)], [{"ok": True, "drained": True}] * 2)
        self.assertFalse(self.runs(self.one))
        b.configure(self.given(self.one))
        self.assertFalse(self.runs(self.one), "a bundle started it")
        put(self.cluster.path(self.one, node.APPLIED), '{"generation": [1, 1]}')
        self.assertEqual([requests.answer({"verb": "resume"}) for _ in range(2)], [{"ok": True}] * 2)
        self.assertEqual(self.runs(self.one), running)

    def test_orders_may_be_repeated_and_may_come_too_late(self):
        self.configured(FRONT_END)
        b = node.Node().batch
        for name in (self.one, "astro-cpu-77"):
            for _ in range(2):
                self.assertTrue(b.drain(name, "why", False))
                b.undrain(name, "why")
            for _ in range(2):
                b.forget(name, "why")

    def test_busy_worker_is_not_drained_if_only_idle_ones_should_be(self):
        self.configured(FRONT_END)
        put(self.cluster.path(self.one, "busy"), "")
        b = node.Node().batch
        self.assertEqual(b.drain(self.one, "why", True), not b.RUNS_JOBS)
        self.assertTrue(b.drain(self.two, "why", True))

    def test_life_of_a_cluster(self):
        c = self.cluster
        coordinator = c.coordinator()
        report = c.settle(coordinator)
        self.assertEqual((report["joined"], report.get("error", "")), (2, ""))
        self.assertEqual([self.runs(name) for name in (self.one, self.two)], [bool(self.DOUBLE.UNITS)] * 2)
        for how in ("idle", "", "drain"):
            c.mark(how, self.two)
            report = c.settle(coordinator)
            self.assertEqual((report.get("drained", ""), report["pending"], report.get("error", "")), ("cpu[2]" if how else "", 0, ""))
            self.assertTrue(self.runs(self.one) == bool(self.DOUBLE.UNITS))
        c.publish(workers=c.document["workers"][:1])
        report = c.settle(coordinator)
        self.assertEqual((report["joined"], report["pending"], report.get("error", "")), (1, 0, ""))
        self.assertEqual((coordinator.records.state["forget"], coordinator.records.state.get("revoke", [])), ([], []))
