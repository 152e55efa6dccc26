"""The seam, seen from a batch system that is unlike those that exist."""

import os

from .. import node
from . import example
from .contract import Contract
from .harness import FRONT_END, ClusterCase, Double, put

EXAMPLECTL = """#!/bin/sh
echo "$*" >>"$CLUSTER_DIR/examplectl.log"
case "$1" in
  drain) test ! -e "$CLUSTER_DIR/$2/busy";;
  knows) test ! -e "$CLUSTER_DIR/$2/unknown";;
  queue) test ! -e "$CLUSTER_DIR/queue" || . "$CLUSTER_DIR/queue";;
esac
"""


class ExampleDouble(Double):
    NAME = "example"
    SCRIPTS = {"examplectl": EXAMPLECTL}
    UNITS = {example.SERVICE: "exampled\n"}


class ExampleContract(Contract, ClusterCase):
    DOUBLE = ExampleDouble


class ExampleCluster(ClusterCase):
    DOUBLE = ExampleDouble

    def test_secret_reaches_every_node(self):
        c = self.cluster
        one = c.worker(1)
        self.assertEqual(c.settle(c.coordinator())["joined"], 1)
        self.assertRegex(c.text(one, example.KEY), "^[0-9a-f]{32}$")
        self.assertEqual(c.text(one, example.KEY), c.text(FRONT_END, example.KEY))

    def test_groups_reach_the_front_end(self):
        c = self.cluster
        one, two = c.worker(1), c.worker(2)
        coordinator = c.coordinator()
        c.settle(coordinator)
        manager = "manager astro-frontend.astro.vmcluster.internal\n"
        self.assertEqual(c.text(FRONT_END, example.CONFIG), manager + "cpu 9 %s %s\n" % (one, two))
        self.assertEqual(c.text(one, example.CONFIG), manager)
        c.publish(groups={"cpu": {"count": 12}, "gpu": {"count": 0, "scaling": {"min": 0, "max": 4}}}, workers=c.document["workers"][:1])
        self.assertEqual(c.settle(coordinator)["pending"], 0)
        self.assertEqual(c.text(FRONT_END, example.CONFIG), manager + "cpu 12 %s\ngpu 4 \n" % one)

    def test_own_lines_and_gpus_reach_every_node(self):
        c = self.cluster
        one = c.worker(1)
        coordinator = c.coordinator()
        c.document["groups"]["cpu"]["machine"] = {"cpus": 4, "memory_mib": 8000, "gpus": 2}
        c.document["batch_config"] = "OWN = 1\n"
        c.settle(coordinator)
        manager = "manager astro-frontend.astro.vmcluster.internal\n"
        self.assertEqual(c.text(FRONT_END, example.CONFIG), manager + "cpu 9 %s\ncpu 4 x 8000 MiB\nOWN = 1\n" % one)
        self.assertEqual(c.text(one, example.CONFIG), manager + "gpus 2\nOWN = 1\n")
        c.document["groups"]["cpu"]["machine"]["gpus"] = 1
        c.publish(batch_config="")
        self.assertEqual(c.settle(coordinator)["pending"], 0)
        self.assertEqual(c.text(one, example.CONFIG), manager + "gpus 1\n")
        c.publish(batch_config="bad\x1b\n", operator_key="ssh-ed25519 AAAAanother")
        self.assertEqual(c.settle(coordinator)["pending"], 0)
        self.assertIn("AAAAanother", c.text(one, "/home/astro/.ssh/authorized_keys"))
        self.assertEqual(c.text(FRONT_END, example.CONFIG), manager + "cpu 9 %s\ncpu 4 x 8000 MiB\n" % one)

    def test_jobs_that_wait_for_one_group_are_reported(self):
        c = self.cluster
        c.worker(1)
        coordinator = c.coordinator()
        self.assertNotIn("waits", c.settle(coordinator))
        put(os.path.join(c.dir, "queue"), "echo gpu 4 7 8 9 10; echo cpu 0; echo big 1 12")
        c.time += 61
        c.settle(coordinator)
        self.assertEqual(c.settle(coordinator)["waits"], {"gpu": [4, ["7", "8", "9"]], "big": [1, ["12"]]})
        looked = c.text("", "examplectl.log").splitlines()
        self.assertEqual(looked.count("queue"), looked.count("tend"))

    def test_queue_that_changes_does_not_quicken_the_pace(self):
        c = self.cluster
        c.worker(1)
        coordinator = c.coordinator()
        c.settle(coordinator)
        c.time += 61
        c.settle(coordinator)
        before = coordinator.busy_until
        put(os.path.join(c.dir, "queue"), "echo gpu 4 7")
        c.time += 61
        c.settle(coordinator)
        self.assertIn("waits", c.settle(coordinator))
        self.assertEqual(coordinator.busy_until, before)

    def test_queue_that_can_not_be_read_holds_nothing_up(self):
        c = self.cluster
        c.worker(1)
        coordinator = c.coordinator()
        put(os.path.join(c.dir, "queue"), "echo the daemon is down >&2; exit 1")
        self.assertEqual(c.settle(coordinator)["joined"], 1)
        c.worker(2)
        c.publish()
        for _ in range(4):
            c.time += 61
            report = c.settle(coordinator)
        self.assertEqual((report["joined"], report["pending"]), (2, 0))
        self.assertEqual(report["error"], "astro-frontend: examplectl: the daemon is down")
        os.unlink(os.path.join(c.dir, "queue"))
        c.time += 61
        c.settle(coordinator)
        self.assertNotIn("error", c.settle(coordinator))

    def test_worker_that_the_pool_has_lost_is_told_to_come_back(self):
        c = self.cluster
        one, two = c.worker(1), c.worker(2)
        coordinator = c.coordinator()
        c.settle(coordinator)
        put(c.path(one, "unknown"), "")
        c.requests.clear()
        c.time += 61
        c.settle(coordinator)
        self.assertEqual(c.requests, [], "it may be about to come")
        c.time += 11
        c.settle(coordinator)
        self.tick_until(coordinator, lambda: c.requests)
        self.assertEqual(c.requests, [(one, "resume")])
        os.unlink(c.path(one, "unknown"))
        for _ in range(3):
            c.time += 61
            c.settle(coordinator)
        self.assertEqual(len(c.requests), 1)
        put(c.path(two, "unknown"), "")
        c.mark("idle", two)
        for _ in range(4):
            c.time += 61
            c.settle(coordinator)
        self.assertNotIn((two, "resume"), c.requests, "it is to leave")

    def test_worker_that_is_lost_and_told_to_leave_gets_one_order(self):
        c = self.cluster
        one = c.worker(1)
        coordinator = c.coordinator()
        c.settle(coordinator)
        c.requests.clear()
        c.mark("idle", one)
        coordinator.pool.missing = {one}
        self.assertEqual(c.settle(coordinator)["drained"], "cpu[1]")
        self.assertNotIn((one, "resume"), c.requests)

    def test_queue_that_can_not_be_read_hides_no_lost_worker(self):
        c = self.cluster
        one = c.worker(1)
        coordinator = c.coordinator()
        put(os.path.join(c.dir, "queue"), "echo gpu 4 7")
        c.settle(coordinator)
        put(os.path.join(c.dir, "queue"), "echo it is too long >&2; exit 1")
        put(c.path(one, "unknown"), "")
        c.requests.clear()
        for _ in range(4):
            c.time += 61
            report = c.settle(coordinator)
        self.assertIn((one, "resume"), c.requests)
        self.assertEqual(report["error"], "astro-frontend: examplectl: it is too long")
        self.assertEqual((report["waits"], report["waits_unknown"]), ({"gpu": [4, ["7"]]}, True), "what is known stays")

    def tick_until(self, coordinator, is_so):
        """Lets some turns pass, until something is so."""
        for _ in range(5):
            if not is_so():
                self.cluster.time += 1
                self.cluster.settle(coordinator)

    def test_group_that_grows_is_distributed_though_no_worker_comes(self):
        c = self.cluster
        c.worker(1)
        coordinator = c.coordinator()
        c.settle(coordinator)
        c.publish(groups={"cpu": {"count": 1, "scaling": {"min": 0, "max": 30}}})
        self.assertEqual(c.settle(coordinator)["pending"], 0)
        self.assertIn("cpu 30", c.text(FRONT_END, example.CONFIG))

    def test_busy_worker_leaves_when_the_front_end_sees_it_empty(self):
        c = self.cluster
        one = c.worker(1)
        coordinator = c.coordinator()
        c.settle(coordinator)
        put(c.path(one, "busy"), "")
        c.mark("drain", one)
        report = c.settle(coordinator)
        self.assertEqual((report.get("drained", ""), report["busy"]), ("", "cpu[1]"))
        self.assertFalse(c.has(one, node.RETIRED))
        os.unlink(c.path(one, "busy"))
        self.assertEqual(c.settle(coordinator)["drained"], "cpu[1]")
        self.assertTrue(c.has(one, node.RETIRED))
