"""LoadLeveler on a node, with a simulated LoadLeveler."""

import json
import os
import random
import re

from .. import batch, node, system
from ..batch import loadleveler as ll
from ..batch import loadleveler_config as config
from ..batch import Given, Group
from . import loadleveler as double
from .contract import Contract
from .harness import BATCH_CA, FRONT_END, ClusterCase, Double, put
from .kills import kills
from .mutate import mutated

SEED = 20261129

CHOWN = """#!/bin/sh
echo "chown $*" >>"$CLUSTER_DIR/chown.log"
"""


class LoadLevelerDouble(Double):
    NAME = "loadleveler"
    SCRIPTS = dict({tool: double.SCRIPT for tool in double.TOOLS}, chown=CHOWN)
    UNITS = {ll.SERVICE: "LoadL_master\n"}
    FILES = {ll.FOLDERS[0] + "LoadL_master": ""}
    PACKAGE = "opt"
    MODULE = "loadleveler"


class LoadLevelerPrograms(LoadLevelerDouble):
    """The same, with programs that are started."""

    MODULE = ""


class Case(ClusterCase):
    DOUBLE = LoadLevelerDouble

    def setUp(self):
        super().setUp()
        self.patch(ll, "PATIENCE", 1)


class LoadLevelerContract(Contract, Case):
    CONFIGS = (config.MASTER, config.CONFIG, config.ADMIN)
    OPEN = ("SCHEDULER_TYPE", "NEGOTIATOR_INTERVAL",
            "default_class", "default_resources", "central_manager", "schedd_host", "resources",  # of LoadL_admin
            "LoadLUserid", "LoadLGroupid", "LoadLConfig")  # of LoadL.cfg


class LoadLeveler3(Case):
    DOUBLE = LoadLevelerPrograms

    def test_life_of_a_cluster_with_version_3(self):
        c = self.cluster
        put(os.path.join(c.dir, "version"), "3.5.1.16")
        one, two = c.worker(1), c.worker(2)
        coordinator = c.coordinator()
        self.assertEqual(c.settle(coordinator)["joined"], 2)
        self.assertIn("    central_manager = true\n", c.text(FRONT_END, config.ADMIN))
        c.mark("idle", two)
        self.assertEqual(c.settle(coordinator)["drained"], "cpu[2]")
        c.mark("", two)
        c.settle(coordinator)
        self.assertTrue(c.has(two, "proc/76"))
        c.publish(workers=c.document["workers"][:1])
        self.assertEqual(c.settle(coordinator)["joined"], 1)
        self.assertNotIn(two, c.text(FRONT_END, config.ADMIN))
        self.assertEqual(c.enter(FRONT_END).batch.look(one), ("Idle", 0))


class LoadLevelerCluster(Case):
    def setUp(self):
        super().setUp()
        self.c = self.cluster
        self.one, self.two = self.c.worker(1), self.c.worker(2)
        self.c.document["groups"]["cpu"]["machine"] = {"cpus": 4, "memory_mib": 8000}
        self.coordinator = self.c.coordinator()
        self.c.settle(self.coordinator)

    def later(self, seconds=61):
        """Lets time pass; returns the report."""
        self.c.time += seconds
        self.c.settle(self.coordinator)
        return self.c.settle(self.coordinator)

    def orders(self, *words):
        """Returns the orders to daemons that have one of the words, in order, of all nodes."""
        lines = [line.partition(": llctl ")[2] for line in self.c.log("ll.log").splitlines()]
        return [line for line in lines if set(words) & set(line.split())]

    def reconfigured(self, name):
        """Returns how often a node's daemons have read their configuration again."""
        return self.c.log("ll.log").splitlines().count(name + ": llctl reconfig")

    def flag(self, name, text=""):
        put(os.path.join(self.c.dir, name), text)

    def unflag(self, name):
        os.unlink(os.path.join(self.c.dir, name))

    def has_record(self, name):
        return self.c.has(FRONT_END, ll.DRAINED + name)

    def state_of(self, name):
        return self.c.enter(FRONT_END).batch.look(name)[0]

    def test_front_end_and_workers_are_configured(self):
        front_end, worker = self.c.text(FRONT_END, config.CONFIG), self.c.text(self.one, config.CONFIG)
        for line in ("LOADL_ADMIN = loadl root", "ADMIN_FILE = /etc/loadl/LoadL_admin", "MACHINE_AUTHENTICATE = True", "BIN = /opt/ibmll/LoadL/full/bin",
                     "CENTRAL_MANAGER_LIST = " + double.MANAGER, "SCHEDULE_BY_RESOURCES = ConsumableCpus ConsumableMemory", "SCHEDULER_TYPE = BACKFILL"):
            self.assertIn("\n" + line + "\n", front_end)
            self.assertIn("\n" + line + "\n", worker)
        self.assertIn("\nSCHEDD_RUNS_HERE = True\nSTARTD_RUNS_HERE = False\n", front_end)
        self.assertIn("\nSCHEDD_RUNS_HERE = False\nSTARTD_RUNS_HERE = True\n", worker)
        cpus = os.cpu_count()
        self.assertIn('\nMAX_STARTERS = %d\nCLASS = all_groups(%d) cpu(%d)\nFEATURE = { "cpu" }\n' % (cpus, cpus, cpus), worker)
        self.assertNotIn("MAX_STARTERS", front_end)
        self.assertNotIn("NEGOTIATOR = ", front_end)
        admin = self.c.text(FRONT_END, config.ADMIN)
        self.assertIn("\nall_groups: type = class\ncpu: type = class\n%s: type = machine\nastro-cpu-1.astro.vmcluster.internal: type = machine\n"
                      "    resources = ConsumableCpus(4) ConsumableMemory(7136 mb)\n" % double.MANAGER, admin)
        for name in (self.one, self.two):
            self.assertIn("astro-cpu-2.astro.vmcluster.internal: type = machine\n", self.c.text(name, config.ADMIN))
            self.assertIn("enable --no-reload " + ll.SERVICE, self.c.text(name, "systemctl.log"))
        self.assertEqual(self.c.text(self.one, config.MASTER), "LoadLUserid = loadl\nLoadLGroupid = loadl\nLoadLConfig = /etc/loadl/LoadL_config\n")
        self.assertIn("\nExecStart=/opt/ibmll/LoadL/full/bin/LoadL_master\n", self.c.text(self.one, ll.UNIT))
        self.assertEqual(self.c.mode(FRONT_END, config.STATE_FOLDER + "/spool"), 0o700)
        self.assertEqual({self.state_of(name) for name in (self.one, self.two)}, {"Idle"})

    def test_versions(self):
        machines = [config.Machine("w.x", "ConsumableCpus(4)")]
        old = config.texts(config.Site("m.x", 3, "/b", "", "", 1), machines, ["cpu"], "")
        new = config.texts(config.Site("m.x", 5, "/b", "/s/LoadL_negotiator", "", 1), machines, ["cpu"], "SCHEDULER_TYPE = LL_DEFAULT\n")
        self.assertIn("m.x: type = machine\n    central_manager = true\n    schedd_host = true\nw.x: type = machine\n", old[config.ADMIN])
        self.assertNotIn("_LIST", old[config.CONFIG])
        self.assertIn("m.x: type = machine\nw.x: type = machine\n", new[config.ADMIN])
        self.assertIn("\nNEGOTIATOR = /s/LoadL_negotiator\nCENTRAL_MANAGER_LIST = m.x\nRESOURCE_MGR_LIST = m.x\nSCHEDD_LIST = m.x\n", new[config.CONFIG])
        self.assertEqual(new[config.CONFIG].count("SCHEDULER_TYPE"), 1)
        self.assertEqual(config.without(old[config.ADMIN], "w.x").count("machine"), 1)
        self.assertEqual(config.without(old[config.ADMIN], "w"), old[config.ADMIN])
        self.flag("version", "x")
        with self.assertRaisesRegex(system.Failure, "has no version"):
            self.c.enter(FRONT_END)
            ll.version()

    def test_sizes_of_machines(self):
        self.assertEqual(config.resources(Group(1, [], 0, 0, 0)), "ConsumableCpus(all) ConsumableMemory(all)")
        self.assertEqual(config.resources(Group(1, [], 8, 64000, 2)), "ConsumableCpus(8) ConsumableMemory(57536 mb) gpus(2)")
        self.c.document["groups"]["cpu"]["machine"]["gpus"] = 2
        self.c.publish()
        self.later()
        self.assertIn("\nSCHEDULE_BY_RESOURCES = ConsumableCpus ConsumableMemory gpus\n", self.c.text(FRONT_END, config.CONFIG))

    def test_daemons_of_version_5_lie_in_two_folders(self):
        for name in (FRONT_END, self.one):
            self.c.delete(name, "opt")
            put(self.c.path(name, ll.FOLDERS[1] + "LoadL_master"), "")
            put(self.c.path(name, ll.NEGOTIATOR), "")
        self.c.publish(batch_config="# again")
        self.later()
        self.assertIn("\nBIN = /opt/ibmll/LoadL/resmgr/full/bin\n", self.c.text(FRONT_END, config.CONFIG))
        self.assertIn("\nNEGOTIATOR = /opt/ibmll/LoadL/scheduler/full/bin/LoadL_negotiator\n", self.c.text(FRONT_END, config.CONFIG))

    def test_roster_that_changes_restarts_nothing(self):
        starts = self.c.text(self.one, "systemctl.log").count("start " + ll.SERVICE)
        before = self.reconfigured(FRONT_END), self.reconfigured(self.one)
        three = self.c.worker(3)
        self.c.publish()
        self.assertEqual(self.later()["joined"], 3)
        for name in (FRONT_END, self.one, three):
            self.assertIn("astro-cpu-3.astro.vmcluster.internal: type = machine\n", self.c.text(name, config.ADMIN))
        self.assertGreater(self.reconfigured(FRONT_END), before[0])
        self.assertGreater(self.reconfigured(self.one), before[1])
        self.assertEqual(self.c.text(self.one, "systemctl.log").count("start " + ll.SERVICE), starts)
        self.assertEqual(self.state_of(three), "Idle")
        before = self.reconfigured(FRONT_END), self.reconfigured(self.one)
        self.c.publish(operator_key="ssh-ed25519 AAAAanother")
        self.later()
        self.assertEqual((self.reconfigured(FRONT_END), self.reconfigured(self.one)), before, "nothing has changed")

    def test_bad_own_line_costs_nothing(self):
        before = self.c.text(FRONT_END, config.CONFIG)
        self.flag("refused", "SCHEDULER_TYPE = NONE")
        self.c.publish(batch_config="SCHEDULER_TYPE = NONE")
        self.assertIn("SCHEDULER_TYPE = NONE is no value", self.later()["error"])
        self.assertEqual(self.c.text(FRONT_END, config.CONFIG), before)
        self.c.publish(batch_config="SCHEDULER_TYPE = LL_DEFAULT")
        self.assertNotIn("error", self.later())
        self.assertIn("\nSCHEDULER_TYPE = LL_DEFAULT\n", self.c.text(self.one, config.CONFIG))
        self.assertEqual(self.c.text(self.one, config.CONFIG).count("SCHEDULER_TYPE"), 1)

    def test_busy_worker_goes_on(self):
        put(self.c.path(self.one, "busy"), "")
        for how, state in (("idle", "Running"), ("drain", "Draining"), ("", "Running")):
            self.c.mark(how, self.one)
            report = self.later(6)
            self.assertEqual((report.get("drained", ""), report.get("busy", "")), ("", "cpu[1]" if how else ""))
            self.assertEqual(self.state_of(self.one), state, how)
            self.assertEqual(self.has_record(self.one), how == "drain")
        self.c.mark("drain", self.one)
        self.later(6)
        os.unlink(self.c.path(self.one, "busy"))
        self.assertEqual(self.later(11)["drained"], "cpu[1]")
        self.assertFalse(self.c.has(self.one, "proc/76"))
        self.c.mark("", self.one)
        self.assertEqual(self.later(6).get("drained", ""), "")
        self.later()
        self.assertEqual((self.state_of(self.one), self.has_record(self.one)), ("Idle", False))
        self.assertEqual(self.orders("flush", "stop", "recycle"), [])

    def test_job_that_starts_between_two_looks_keeps_its_worker(self):
        b = self.c.enter(FRONT_END).batch
        self.flag("late")
        self.assertFalse(b.drain(self.one, "vmcluster: leaving", True))
        self.assertEqual((self.state_of(self.one), self.has_record(self.one)), ("Running", False))
        self.assertEqual(self.orders("drain", "resume"), ["-h astro-cpu-1.astro.vmcluster.internal drain startd", "-h astro-cpu-1.astro.vmcluster.internal resume startd"])

    def test_drain_that_does_not_show_closes_nothing(self):
        self.flag("stuck")
        b = self.c.enter(FRONT_END).batch
        with self.assertRaisesRegex(system.Failure, "shows astro-cpu-1 as Idle, 1 s after its drain"):
            b.drain(self.one, "vmcluster: leaving", True)
        self.assertTrue(self.has_record(self.one), "the drain may show later")
        b.undrain(self.one, "vmcluster: leaving")
        self.assertEqual(self.orders("drain", "resume")[1:], ["-h astro-cpu-1.astro.vmcluster.internal resume startd"])
        self.assertFalse(self.has_record(self.one))

    def test_operators_flush_of_a_drained_worker_stays(self):
        b = self.c.enter(FRONT_END).batch
        b.drain(self.one, "vmcluster: leaving", True)
        for state in ("Flush", "Suspend"):
            put(self.c.path(FRONT_END, ll.DRAINED + self.one), "leaving")
            self.patch(b, "look", lambda name: (state, 0))
            b.undrain(self.one, "vmcluster: leaving")
            self.assertEqual((self.orders("resume"), self.has_record(self.one)), ([], False))

    def test_drained_worker_in_service_is_resumed(self):
        """The coordinator may have been killed before its records had the order."""
        self.c.enter(FRONT_END).batch.drain(self.one, "vmcluster: leaving", True)
        ll.llctl("-h", self.two, "drain", "startd")
        for _ in range(3):
            self.later()
        self.assertEqual((self.state_of(self.one), self.has_record(self.one)), ("Idle", False))
        self.assertEqual(self.state_of(self.two), "Drained", "an operator has drained it")

    def test_step_that_the_central_manager_does_not_hear_of_keeps_its_worker(self):
        """As which user a starter runs is not known."""
        self.c.enter(self.one)
        requests = node.Requests(node.Node())
        for uid in (0, 990, 1000, 70000):
            put(self.c.path(self.one, "proc/99/comm"), "LoadL_starter\n")
            put(self.c.path(self.one, "proc/99/status"), "State:\tS (sleeping)\nUid:\t%d\t0\t0\t0\n" % uid)
            self.assertEqual(requests.answer({"verb": "retire"}), {"ok": True, "drained": False}, uid)
            self.assertTrue(self.c.has(self.one, "proc/76"))
        put(self.c.path(self.one, "proc/99/status"), "State:\tZ (zombie)\nUid:\t0\t0\t0\t0\n")
        self.assertEqual(requests.answer({"verb": "retire"}), {"ok": True, "drained": True})

    def test_operators_drain_stays(self):
        b = self.c.enter(FRONT_END).batch
        ll.llctl("-h", self.one, "drain", "startd")
        b.undrain(self.one, "vmcluster: leaving")
        self.assertEqual(self.state_of(self.one), "Drained")
        self.assertTrue(b.drain(self.one, "vmcluster: leaving", True))
        b.undrain(self.one, "vmcluster: leaving")
        b.tend()
        self.assertEqual((self.state_of(self.one), self.has_record(self.one)), ("Drained", False))
        self.assertEqual(self.orders("resume"), [])

    def test_drain_that_outlives_a_closed_daemon_is_undone_later(self):
        self.flag("lasting")
        self.c.mark("idle", self.one)
        self.assertEqual(self.later(6)["drained"], "cpu[1]")
        self.c.mark("", self.one)
        self.later(6)
        self.assertEqual((self.state_of(self.one), self.orders("resume")), ("Drained", []))
        self.later()
        self.assertEqual((self.state_of(self.one), self.has_record(self.one)), ("Idle", False))

    def test_gone_worker_is_purged_when_the_machine_list_lacks_it(self):
        before = self.reconfigured(FRONT_END)
        self.c.delete(self.two)
        self.c.publish(workers=[w for w in self.c.document["workers"] if w["name"] != self.two])
        self.later()
        self.assertEqual(self.reconfigured(FRONT_END), before + 1, "the roster takes it out, and the purge waits for that")
        log = self.c.log("ll.log").splitlines()
        purge = log.index("astro-frontend: llctl -h astro-frontend.astro.vmcluster.internal purge astro-cpu-2.astro.vmcluster.internal")
        self.assertIn("astro-frontend: llctl reconfig", log[:purge])
        self.assertNotIn("astro-cpu-2", self.c.text(FRONT_END, config.ADMIN))
        self.assertEqual(self.state_of(self.two), "")

    def test_worker_that_can_not_be_resumed_costs_no_other(self):
        b, llctl = self.c.enter(FRONT_END).batch, ll.llctl
        for bad, good in ((self.one, self.two), (self.two, self.one)):
            for name in (bad, good):
                b.drain(name, "vmcluster: leaving", True)
                put(self.c.path(FRONT_END, ll.DRAINED + name), "back")

            def fails(*words):
                if bad in words[1]:
                    raise system.Failure("Cannot connect to " + bad)
                llctl(*words)
            ll.llctl = fails
            try:
                with self.assertRaisesRegex(system.Failure, "Cannot connect to " + bad):
                    b.tend()
            finally:
                ll.llctl = llctl
            self.assertEqual((self.state_of(bad), self.has_record(bad)), ("Drained", True))
            self.assertEqual((self.state_of(good), self.has_record(good)), ("Idle", False))
            b.tend()

    def test_steps_that_outlive_the_master_are_not_ended(self):
        b = self.c.enter(self.one).batch
        given = Given(double.MANAGER, "10.0.0.1", "", "", {}, "")
        b.configure(given)
        log = self.c.text(self.one, "systemctl.log")
        self.c.delete(self.one, "proc/76")
        put(self.c.path(self.one, "proc/99/comm"), "LoadL_starter\n")
        for step in (lambda: b.configure(given), b.reopen):
            with self.assertRaisesRegex(system.Failure, "LoadL_master does not run on astro-cpu-1, but a job step does"):
                step()
        self.assertEqual(self.c.text(self.one, "systemctl.log"), log)
        self.c.delete(self.one, "proc/99")
        b.configure(given)
        self.assertTrue(self.c.has(self.one, "proc/76"))

    def test_next_worker_of_a_name_waits_until_the_one_before_is_forgotten(self):
        c = self.c
        c.mark("idle", self.two)
        self.later(6)
        self.flag("down")
        c.delete(self.two)
        c.add(self.two)
        c.publish(batches={"b2": BATCH_CA}, workers=[dict(w, batch="b2", leaving="") if w["name"] == self.two else w for w in c.document["workers"]])
        self.later(6)
        self.assertFalse(c.has(self.two, "proc/76"))
        self.unflag("down")
        self.assertEqual(self.later()["joined"], 2)
        self.assertTrue(c.has(self.two, "proc/76"))
        self.assertEqual((self.state_of(self.two), self.has_record(self.two)), ("Idle", False))
        self.assertIn(self.two, c.text("", "ll_admin"))
        last = [line.partition(": llctl ")[2] for line in c.log("ll.log").splitlines() if "llctl" in line and line.startswith(FRONT_END)][-3:]
        self.assertEqual(last, ["reconfig", self.orders("purge")[-1], "reconfig"])

    def test_new_front_end_with_the_state_of_the_one_before(self):
        """A worker that was told to leave may not be told so any more."""
        self.c.enter(FRONT_END).batch.drain(self.one, "vmcluster: leaving", True)
        ll.llctl("-h", self.two, "drain", "startd")
        self.replace_front_end()
        put(self.c.path(FRONT_END, ll.DRAINED + self.one), "leaving")  # as the state volume has it
        self.coordinator = self.c.coordinator()
        self.assertEqual(self.later()["joined"], 2)
        self.later()
        self.assertEqual((self.state_of(self.one), self.state_of(self.two)), ("Idle", "Drained"))

    def test_new_front_end_leaves_a_worker_drained_that_is_to_leave(self):
        b = self.c.enter(FRONT_END).batch
        b.drain(self.one, "vmcluster: leaving", True)
        put(self.c.path(FRONT_END, ll.DRAINED + self.one), "back")
        self.assertTrue(b.drain(self.one, "vmcluster: leaving", True))
        b.tend()
        self.assertEqual((self.state_of(self.one), self.has_record(self.one), self.orders("resume")), ("Drained", True, []))
        self.flag("down")
        with self.assertRaises(system.Failure):
            b.undrain(self.one, "vmcluster: leaving")
        self.unflag("down")
        b.tend()
        self.assertEqual((self.state_of(self.one), self.has_record(self.one)), ("Idle", False), "it was called back")

    def test_manager_that_is_down_is_told_in_words(self):
        self.flag("down")
        self.c.mark("idle", self.two)
        for _ in range(4):
            report = self.later()
        self.assertIn("Cannot connect to astro-frontend", report["error"])
        self.assertNotIn("drained", report)

    def test_output_that_makes_no_sense_closes_nothing(self):
        b = self.c.enter(FRONT_END).batch

        def shown(line):
            self.patch(ll, "run", lambda *words, **options: line + "\n")
        shown("astro-cpu-1!Idle!many")
        with self.assertRaisesRegex(system.Failure, "llstatus says 'astro-cpu-1!Idle!many'"):
            b.drain(self.one, "vmcluster: leaving", True)
        for state in ("Flush", "Suspend", "Running", "Busy", "Draining", "Drnng", "?"):
            shown("astro-cpu-1.x!%s!0" % state)
            self.assertFalse(b.drain(self.one, "vmcluster: leaving", True), state)
        shown("astro-cpu-1!Drned!0")
        self.assertTrue(b.drain(self.one, "vmcluster: leaving", True), "as narrow columns show it")

    def test_whatever_the_tools_print(self):
        """It closes no worker that may run jobs, and what waits is what a report takes."""
        print("seed of the lines: %d" % SEED)
        choice = random.Random(SEED)
        b = self.c.enter(FRONT_END).batch
        good = {"llstatus": [["astro-cpu-1.x", "Drained", "0"], ["astro-cpu-2", "Busy", "1"]], "llq": [["I", "cpu", "front.x.1.0"], ["R", "cpu", "front.2.0"]]}
        printed = []
        self.patch(ll, "run", lambda *words, **options: "".join(printed))
        self.patch(ll, "PATIENCE", -1)
        for i in range(2000):
            tool = choice.choice(list(good))
            lines = mutated(choice, good[tool])
            printed[:] = ["!".join(map(str, line)) + "\n" if isinstance(line, list) else str(line) for line in (lines if isinstance(lines, list) else [lines])]
            try:
                if tool == "llq":
                    for group, (count, ids) in b.waiting().items():
                        self.assertEqual((group, count >= len(ids), len(ids) <= 3), ("cpu", True, True))
                        self.assertTrue(all(re.fullmatch(r"[-\w]{1,63}(\.[0-9]{1,9}){2}", id, re.ASCII) for id in ids), (SEED, i))
                else:
                    idle = [line for line in "".join(printed).splitlines() if re.match(r"astro-cpu-1(\..*)?!(Drained|Down|None|)!0*(!|$)", line)]
                    self.assertTrue(not b.drain(self.one, "vmcluster: leaving", True) or idle, (SEED, i, printed))
            except system.Failure as error:
                self.assertRegex(str(error), "^llstatus (says|shows|does not show) ")
        for jobs in ("\u0661", "\u00b2", "1" * 5000, "-1", "0 ", ""):
            printed[:] = ["astro-cpu-1!Drained!%s\n" % jobs]
            with self.assertRaises(system.Failure):
                b.look("astro-cpu-1")

    def test_jobs_that_wait_for_one_group(self):
        steps = [double.step(n, **changes) for n, changes in enumerate([
            {"class": "cpu"}, {"class": "all_groups"}, {"class": "cpu", "state": "H"}, {"class": "cpu", "state": "R"}, {"class": "other"}, {"class": "cpu", "state": "D"},
            {"class": "cpu", "id": "a b.1.0"}])]
        self.flag("queue", json.dumps(steps))
        self.assertEqual(self.later()["waits"], {"cpu": [4, ["astro-frontend.0.0", "astro-frontend.2.0", "astro-frontend.5.0"]]})


class LoadLevelerKills(Case):
    """A kill before any of the module's writes and commands."""

    def setUp(self):
        super().setUp()
        self.one = self.cluster.worker(1)
        self.b = self.cluster.enter(FRONT_END).batch
        put(self.cluster.path(self.one, "proc/76/comm"), "LoadL_master\n")
        self.configure("")

    def configure(self, own):
        self.b.configure(Given(double.MANAGER, "10.0.0.2", "", "", {"cpu": Group(9, [self.one], 4, 2000)}, own))

    def kills(self, step):
        return kills((ll, batch), step)

    def test_configuration_that_counts_comes_into_effect(self):
        for back in (False, True):
            self.configure("A = 7")
            kills = 0
            for calls in self.kills(lambda: self.configure("A = 8")):
                kills += 1
                for _ in self.kills(lambda: self.configure("A = 7")) if back else ():
                    break  # killed at its first call as well
                self.configure("A = 7" if back else "A = 8")
                want = self.cluster.text(FRONT_END, config.CONFIG)
                self.assertIn("A = 7\n" if back else "A = 8\n", want, calls)
                self.assertEqual(self.cluster.text("", "ll_config"), want, (back, calls))
                self.configure("A = 7")
            self.assertGreater(kills, 8)

    def test_bad_line_after_a_kill_leaves_what_was_good(self):
        self.configure("A = 7")
        put(os.path.join(self.cluster.dir, "refused"), "A = 8")
        for _ in self.kills(lambda: self.assertRaises(system.Failure, self.configure, "A = 8")):
            with self.assertRaises(system.Failure):
                self.configure("A = 8")
            self.assertIn("\nA = 7\n", self.cluster.text(FRONT_END, config.CONFIG))

    def test_orders_are_carried_out_again(self):
        busy = self.cluster.path(self.one, "busy")
        for is_busy in (False, True):
            for only_idle in (False, True):
                put(busy, "") if is_busy else None
                for calls in self.kills(lambda: self.b.drain(self.one, "vmcluster: leaving", only_idle)):
                    self.assertEqual(self.b.drain(self.one, "vmcluster: leaving", only_idle), not is_busy, calls)
                    drains = not (is_busy and only_idle)
                    self.assertEqual((self.b.look(self.one)[0] in ll.DRAINS, self.cluster.has(FRONT_END, ll.DRAINED + self.one)), (drains, drains), calls)
                    for _ in self.kills(lambda: self.b.undrain(self.one, "vmcluster: leaving")):
                        break
                    self.b.undrain(self.one, "vmcluster: leaving")
                    self.assertEqual((self.b.look(self.one)[0] in ll.DRAINS, self.cluster.has(FRONT_END, ll.DRAINED + self.one)), (False, False), calls)
        self.patch(ll, "PATIENCE", 0)
        for calls in self.kills(lambda: self.b.forget(self.one, "vmcluster: deleted")):
            self.b.forget(self.one, "vmcluster: deleted")
            self.configure("A = 1")
            self.assertIn(self.one, self.cluster.text("", "ll_admin"), calls)
