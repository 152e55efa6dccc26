"""The seam, seen from a batch system that is unlike those that exist."""

import os

from .. import node
from . import example
from .contract import Contract
from .harness import FRONT_END, ClusterCase, Double, put

EXAMPLECTL = """#!/bin/sh
echo "$*" >>"$CLUSTER_DIR/examplectl.log"
case "$1" in drain) test ! -e "$CLUSTER_DIR/$2/busy";; esac
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
