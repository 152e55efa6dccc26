"""Slurm on a node."""

import json
import os
import random
import re
import time
import unittest

from .. import batch, node, state, system
from ..batch import Given, Group, slurm
from ..batch import slurm_config as config
from ..batch import slurm_daemons as daemons
from ..batch import slurm_tools as tools
from .contract import Contract
from .harness import BATCH_CA, FRONT_END, ClusterCase, Double, put
from .kills import kills
from .mutate import mutated

# A line that scontrol of 24.11.5 printed, and what of it differs. A worker is in the
# pool while the file pool/NAME is there, which holds its drain and the reason. It gets
# there by its slurmd, of which the first look takes notice.
LINE = ("NodeName=%s Arch=x86_64 CoresPerSocket=2  CPUAlloc=%s CPUEfctv=2 CPUTot=2 CPULoad=23.06 AvailableFeatures=cpu ActiveFeatures=cpu Gres=(null) "
        "NodeAddr=10.88.0.11 NodeHostName=%s Version=24.11.5 OS=Linux 6.12.41+deb13-amd64 #1 SMP PREEMPT_DYNAMIC @0  RealMemory=1902 AllocMem=1318 FreeMem=4531 "
        "Sockets=1 Boards=1 State=%s+DYNAMIC_NORM ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A Partitions=cpu,all_groups  "
        "BootTime=2026-11-28T19:14:22 SlurmdStartTime=2026-11-29T11:50:32 LastBusyTime=2026-11-29T11:50:41 ResumeAfterTime=None "
        "CfgTRES=cpu=2,mem=1902M,billing=2 AllocTRES=cpu=2,mem=1318M CurrentWatts=0 AveWatts=0  %s InstanceId=uuid-of-x-15439 ")
SCONTROL = """#!/bin/sh
echo "scontrol $*" >>"$CLUSTER_DIR/slurm.log"
test ! -e "$CLUSTER_DIR/down" || { echo "slurm_load_node error: Unable to contact slurm controller (connect failure)" >&2; exit 1; }
pool=$CLUSTER_DIR/pool
mkdir -p "$pool"
for root in "$CLUSTER_DIR"/astro-*-[0-9]*; do
  name=${root##*/}
  test -e "$pool/$name" -o ! -e "$root/proc/76" -a ! -e "$root/busy" || echo >"$pool/$name"
done
show() {
  test -e "$pool/$1" || { echo "Node $1 not found"; exit 1; }
  read -r drain reason <"$pool/$1"
  state=IDLE alloc=0
  test -e "$CLUSTER_DIR/$1/proc/76" || state=DOWN
  test ! -e "$CLUSTER_DIR/$1/busy" || state=MIXED alloc=1
  printf '""" + LINE % ("%s", "%s", "%s", "%s", "%s") + """\\n' "$1" "$alloc" "$1" "$state$drain" "${reason:+Reason=$reason [root@2026-11-29T12:00:22]}"
}
case "$*" in
  "show hostnames x") grep -o "^NoSuch[A-Za-z]*" "$SLURM_CONF" >&2 && exit 1; exit 0;;
  reconfigure) cp "$VMCLUSTER_ROOT/etc/slurm/slurm.conf" "$CLUSTER_DIR/in-effect";;
  "-o show nodes") ls "$pool" | grep -q . || { echo "No nodes in the system" >&2; exit 1; }; for n in "$pool"/*; do show "${n##*/}"; done;;
  "-o show node "*) show "$4";;
  "update nodename="*|"delete nodename="*)
    name=${2#nodename=}
    test -e "$pool/$name" || { echo "slurm_update error: Invalid node name specified" >&2; exit 1; }
    case "$*" in
      delete*) test ! -e "$CLUSTER_DIR/$name/busy" || { echo "delete_node nodename=$name: Requested nodes are busy" >&2; exit 1; }; rm "$pool/$name";;
      *state=drain*) echo "+DRAIN ${4#reason=}" >"$pool/$name"; test ! -e "$CLUSTER_DIR/late" || mv "$CLUSTER_DIR/late" "$CLUSTER_DIR/$name/busy";;
      *state=undrain*) echo >"$pool/$name";;
      *state=down*) rm -f "$CLUSTER_DIR/$name/busy";;
    esac;;
esac
"""
SLURM = """#!/bin/sh
case "$(basename "$0") $*" in *" -V") cat "$CLUSTER_DIR/version" 2>/dev/null || echo "slurm-wlm 24.11.5"; exit;; esac
echo "$(basename "$0") $*" >>"$CLUSTER_DIR/slurm.log"
test -e "$CLUSTER_DIR/queue" || exit 0
case "$(basename "$0") $*" in "squeue -h -a -o %P") cut -d"|" -f2 "$CLUSTER_DIR/queue";; squeue*) cat "$CLUSTER_DIR/queue";; esac
"""
PLUGINS = "/usr/lib/x86_64-linux-gnu/slurm-wlm/"


class SlurmDouble(Double):
    """Slurm's commands. A worker with a file "busy" runs a job."""

    NAME = "slurm"
    SCRIPTS = dict({n: SLURM for n in ("slurmctld", "slurmd", "squeue", "chown")}, scontrol=SCONTROL)
    UNITS = {"slurmctld.service": "slurmctld\n", "slurmd.service": "slurmd\n"}
    FILES = {PLUGINS + "auth_slurm.so": "", PLUGINS + "auth_jwt.so": "", PLUGINS + "mpi_pmix.so": "", "/usr/lib/x86_64-linux-gnu/libpmix.so.2": "",
             "/sys/fs/cgroup/cgroup.controllers": "cpu memory\n", "/dev/nvidia1": ""}


class SlurmContract(Contract, ClusterCase):
    DOUBLE = SlurmDouble
    CONFIGS = (config.CONFIG, config.CGROUP, config.GRES)
    WORKERS_READ_OWN_LINES = False
    OPEN = ("MpiDefault", "MaxJobCount", "MaxArraySize", "SchedulerParameters", "DefMemPerCPU", "NodeSet", "PartitionName",
            "IgnoreSystemdOnFailure", "ConstrainCores", "ConstrainRAMSpace", "ConstrainDevices")  # of cgroup.conf


class SlurmCluster(ClusterCase):
    DOUBLE = SlurmDouble

    def setUp(self):
        super().setUp()
        self.c = self.cluster
        self.one, self.two = self.c.worker(1), self.c.worker(2)
        self.c.document["groups"]["cpu"]["machine"] = {"cpus": 4, "memory_mib": 2000}
        self.coordinator = self.c.coordinator()
        self.c.settle(self.coordinator)

    def conf(self):
        return self.c.text(FRONT_END, config.CONFIG)

    def later(self, seconds=61):
        """Lets time pass; returns the report."""
        self.c.time += seconds
        self.c.settle(self.coordinator)
        return self.c.settle(self.coordinator)

    def count(self, words):
        return self.c.log("slurm.log").splitlines().count(words)

    def test_front_end_and_workers_are_configured(self):
        for line in ("ClusterName=astro", "SlurmctldHost=astro-frontend", "AuthType=auth/slurm", "CredType=cred/slurm", "AuthInfo=cred_expire=30",
                     "ReturnToService=2", "SlurmdTimeout=60", "JobRequeue=1", "JobCompType=jobcomp/filetxt", "MaxNodeCount=4096", "MpiDefault=pmix",
                     "AuthAltTypes=auth/jwt", "SlurmctldParameters=enable_configless", "TaskPlugin=task/affinity,task/cgroup",
                     "NodeSet=cpu Feature=cpu", "PartitionName=cpu Nodes=cpu State=UP", "PartitionName=all_groups Nodes=ALL Default=YES State=UP"):
            self.assertIn("\n" + line + "\n", self.conf())
        self.assertNotIn("TreeWidth", self.conf())
        self.assertEqual(self.c.text(self.one, slurm.OPTIONS), 'SLURMD_OPTIONS="-Z -N astro-cpu-1 --conf-server astro-frontend.astro.vmcluster.internal '
                                                               "--conf 'Feature=cpu' --instance-id uuid-of-astro-cpu-1\"\n")
        for name, unit in ((FRONT_END, "slurmctld"), (self.one, "slurmd")):
            self.assertIn("\nEnvironmentFile=-/etc/vmcluster/slurmd.env\nRestart=on-failure\n", self.c.text(name, slurm.DROP_IN % (unit + ".service")))
            self.assertIn("enable --no-reload %s.service" % unit, self.c.text(name, "systemctl.log"))
        keys = {self.c.text(name, daemons.KEYS["slurm"]) for name in (FRONT_END, self.one, self.two)}
        self.assertEqual(len(keys), 1)
        self.assertFalse(self.c.has(self.one, config.CONFIG), "it is fetched")
        self.assertEqual(self.c.mode(FRONT_END, config.CONTROLLER_FOLDER), 0o700)
        self.assertEqual(self.c.mode(FRONT_END, config.JWT_KEY), 0o600)
        self.assertTrue(self.c.text(FRONT_END, config.ROTATION).startswith(config.JOBS + " {"))

    def test_units_are_read_again_only_where_systemd_has_read_them_before(self):
        self.assertNotIn("daemon-reload", self.c.text(self.one, "systemctl.log"))
        three = self.c.worker(3)
        self.c.enter(three)
        with open(self.c.path(three, "reload"), "w") as f:
            f.write("yes")
        self.assertEqual(self.setup(), 0)
        lines = self.c.text(three, "systemctl.log").splitlines()
        self.assertEqual(lines.count("daemon-reload"), 1)
        self.assertIn("disable --no-reload --now slurmctld.service slurmd.service", lines)
        self.assertEqual(self.setup(), 0)
        self.assertEqual(self.c.text(three, "systemctl.log").splitlines().count("daemon-reload"), 1, "systemd knows it")
        os.unlink(self.c.path(three, system.KNOWN + slurm.DROP_IN % slurm.WORKER))
        self.assertEqual(self.setup(), 0, "as after a kill before that")
        self.assertEqual(self.c.text(three, "systemctl.log").splitlines().count("daemon-reload"), 2)

    def test_what_is_off_is_not_disabled_again(self):
        """The image recipe leaves the daemons off, and systemd takes a second for each call."""
        three = self.c.worker(3)
        self.c.enter(three)
        for unit in slurm.Slurm.SERVICES:
            put(self.c.path(three, "enabled/" + unit), "disabled")
        self.assertEqual(self.setup(), 0)
        lines = self.c.text(three, "systemctl.log").splitlines()
        self.assertEqual([line for line in lines if "slurm" in line and not line.startswith("cat ")],
                         ["show -p NeedDaemonReload,DropInPaths,UnitFileState,ActiveState slurmd.service slurmctld.service"])
        put(self.c.path(three, "proc/76/comm"), "slurmd\n")
        self.c.delete(three, "/run")
        self.assertEqual(self.setup(), 0)
        self.assertEqual(self.c.text(three, "systemctl.log").splitlines()[-2], "disable --no-reload --now slurmctld.service slurmd.service", "one runs")

    def test_placeholders_follow_the_smallest_worker(self):
        """Of the flavor's 4 CPUs and 2000 MiB a worker shows 2 and 1902."""
        self.later()
        self.assertIn("NodeName=future_cpu_[1-9] CPUs=2 RealMemory=1902 Feature=cpu State=FUTURE\n", self.conf())
        before = self.count("scontrol reconfigure")
        self.later()
        self.c.publish(operator_key="ssh-ed25519 AAAAanother")
        self.later()
        self.assertEqual(self.count("scontrol reconfigure"), before, "nothing has changed")

    def test_group_that_grows_restarts_nothing(self):
        self.later()
        for name, process in ((FRONT_END, "slurmctld"), (self.one, "slurmd")):  # as their processes show themselves then
            put(self.c.path(name, "proc/76/comm"), process + "-wlm\n")
        starts = self.c.text(FRONT_END, "systemctl.log").count("restart slurm")
        reconfigured = self.count("scontrol reconfigure")
        self.c.publish(groups={"cpu": {"count": 2, "scaling": {"min": 0, "max": 30}, "machine": {"cpus": 4, "memory_mib": 2000}}})
        self.later()
        self.assertIn("NodeName=future_cpu_[1-30] CPUs=2 RealMemory=1902 ", self.conf())
        self.assertEqual(self.count("scontrol reconfigure"), reconfigured + 1)
        self.assertEqual(self.c.text(FRONT_END, "systemctl.log").count("restart slurm"), starts)
        self.assertEqual(self.c.text(self.one, "systemctl.log").count("restart slurm"), 1)

    def test_placeholders_stay_when_the_maximum_falls_and_go_with_their_group(self):
        self.c.publish(groups={"cpu": {"count": 2}, "gpu": {"count": 0, "scaling": {"min": 0, "max": 5}, "machine": {"gpus": 2}}})
        self.later()
        self.assertIn("NodeName=future_cpu_[1-9] ", self.conf())
        self.assertIn("NodeName=future_gpu_[1-5] CPUs=1 RealMemory=1 Feature=gpu Gres=gpu:2 State=FUTURE\n", self.conf())
        self.assertEqual(self.c.text(FRONT_END, config.GRES), "NodeName=astro-gpu-[1-5] Name=gpu File=/dev/nvidia[0-1]\n")
        self.c.publish(groups={"gpu": {"count": 2}})
        self.later()
        self.assertIn("PartitionName=cpu ", self.conf(), "its workers may run jobs")
        self.c.publish(workers=[])
        self.later()
        self.assertNotIn("cpu ", self.conf())
        self.assertIn("NodeName=future_gpu_[1-5] ", self.conf())

    def test_partition_of_a_removed_group_stays_as_long_as_jobs_name_it(self):
        """Slurm would end them, even one that names another partition, too, or runs there."""
        queue, gpu = os.path.join(self.c.dir, "queue"), {"count": 0, "scaling": {"min": 0, "max": 5}}
        with_gpu, closed = {"cpu": {"count": 2}, "gpu": gpu}, "NodeSet=gpu Feature=gpu\nPartitionName=gpu Nodes=gpu State=DRAIN\n"
        self.c.publish(groups=with_gpu)
        self.later()
        put(queue, "7|cpu,gpu|(null)\n")
        self.c.publish(groups={"cpu": {"count": 2}})
        self.later()
        self.assertIn(closed, self.conf())
        self.assertNotIn("future_gpu", self.conf())
        self.c.publish(groups=with_gpu)
        self.later()
        self.assertIn("NodeName=future_gpu_[1-5] ", self.conf())
        self.assertIn("PartitionName=gpu Nodes=gpu State=UP\n", self.conf())
        os.unlink(queue)
        os.mkdir(queue)  # it can't be read
        self.c.publish(groups={"cpu": {"count": 2}})
        self.later()
        self.assertIn(closed, self.conf())
        os.rmdir(queue)
        self.later()
        self.assertNotIn("PartitionName=gpu ", self.conf())

    def test_bad_own_line_costs_nothing(self):
        self.later()
        before = self.conf()
        self.c.publish(batch_config="NoSuchSetting=1")
        report = self.later()
        self.assertIn("batch_system.config: env: NoSuchSetting", report["error"])
        self.assertEqual((self.conf(), self.c.has(FRONT_END, daemons.CHECKED)), (before, False))
        put(self.c.path(FRONT_END, config.LOGS + "/slurmctld.log"), "[2026-11-29T12:00:00.000] error: x\n[2026-11-29T12:00:00.000] fatal: no such scheduler\n")
        works = self.c.text("bin", "scontrol")
        put(self.c.path("bin", "scontrol"), works.replace('case "$*" in\n  "show', 'case "$*" in\n  reconfigure) exit 1;;\n  "show'), 0o755)
        self.c.publish(batch_config="SchedulerType=sched/none")
        self.assertIn("slurmctld.log says: fatal: no such scheduler", self.later()["error"])
        self.assertEqual(self.conf(), before)
        put(self.c.path("bin", "scontrol"), works, 0o755)
        self.c.publish(batch_config="SchedulerType=sched/builtin\nMaxArraySize=5")
        self.assertNotIn("error", self.later())
        self.assertIn("\nSchedulerType=sched/builtin\nMaxArraySize=5\n\n", self.conf())
        self.assertEqual(self.conf().count("MaxArraySize"), 1)

    def test_lying_worker_makes_no_placeholder(self):
        """It says that it has next to nothing, more than its flavor, or a size of another group."""
        works = self.c.text("bin", "scontrol")
        for cpus, mib, features in ((2, 1, "cpu"), (1, 1902, "cpu"), (2, 10 ** 9, "cpu"), (64, 1902, "cpu"), (4, 1800, "gpu")):
            lie = works.replace("CPUTot=2", "CPUTot=%d" % cpus).replace("RealMemory=1902", "RealMemory=%d" % mib).replace("AvailableFeatures=cpu", "AvailableFeatures=" + features)
            put(self.c.path("bin", "scontrol"), lie, 0o755)
            if mib == 1:  # the first lie: nothing is known of another worker yet
                self.c.delete(FRONT_END, slurm.MEMORY)
                self.c.publish(batch_config="MaxArraySize=5")
            self.later()
            size = "CPUs=4 RealMemory=1736" if features == "cpu" else "CPUs=4 RealMemory=1800"
            self.assertIn("NodeName=future_cpu_[1-9] %s Feature=cpu State=FUTURE\n" % size, self.conf(), (cpus, mib, features))

    def test_files_that_a_killed_program_left_are_put_right(self):
        """It wrote them, and the change that they were written for has been taken back."""
        self.later()
        before, reconfigured = self.conf(), self.count("scontrol reconfigure")
        put(self.c.path(FRONT_END, config.CONFIG), before + "MaxArraySize=7\n")
        self.c.publish(operator_key="ssh-ed25519 AAAAanother")
        self.later()
        self.assertEqual((self.conf(), self.count("scontrol reconfigure")), (before, reconfigured + 1))

    def test_busy_worker_goes_on(self):
        put(self.c.path(self.one, "busy"), "")
        for how, drained in (("idle", False), ("drain", True), ("", False)):
            self.c.mark(how, self.one)
            report = self.later(6)
            self.assertEqual((report.get("drained", ""), report.get("busy", "")), ("", "cpu[1]" if how else ""))
            self.assertEqual("DRAIN" in self.c.text("pool", self.one), drained, how)
        self.c.mark("drain", self.one)
        self.later(6)
        os.unlink(self.c.path(self.one, "busy"))
        self.assertEqual(self.later(6)["drained"], "cpu[1]")
        self.assertFalse(self.c.has(self.one, "proc/76"))
        self.c.mark("", self.one)
        self.assertEqual(self.later(6).get("drained", ""), "")
        self.assertTrue(self.c.has(self.one, "proc/76"))
        self.assertEqual(self.c.text("pool", self.one), "\n")

    def test_job_that_starts_between_two_looks_keeps_its_worker(self):
        b = self.c.enter(FRONT_END).batch
        put(os.path.join(self.c.dir, "late"), "")
        self.assertFalse(b.drain(self.one, "vmcluster: leaving", True))
        self.assertEqual(self.c.text("pool", self.one), "\n")

    def test_operators_drain_stays(self):
        b = self.c.enter(FRONT_END).batch
        put(self.c.path("pool", self.one), "+DRAIN disk is failing")
        b.undrain(self.one, "vmcluster: leaving")
        self.assertIn("+DRAIN", self.c.text("pool", self.one))
        self.assertTrue(b.drain(self.one, "vmcluster: leaving", True))
        self.assertEqual(self.c.text("pool", self.one), "+DRAIN disk is failing")

    def test_drain_that_was_not_undone_is(self):
        """A killed program had drained both; it had no order to, by what is known now."""
        self.later()
        for name, reason in ((self.one, "+DRAIN vmcluster: leaving"), (self.two, "+DRAIN disk")):
            put(self.c.path("pool", name), reason + "\n")
        for _ in range(3):
            self.later()
        self.assertEqual((self.c.text("pool", self.one), self.c.text("pool", self.two)), ("\n", "+DRAIN disk\n"))
        # As 24.11 words its own drain of a worker that was drained by us before.
        self.assertIn("scontrol update nodename=astro-cpu-1 state=undrain reason=taken back by vmcluster\n", self.c.log("slurm.log"))
        put(self.c.path("pool", self.one), "+DRAIN taken back by vmcluster : Kill task failed\n")
        for _ in range(3):
            self.later()
        self.assertIn("Kill task failed", self.c.text("pool", self.one))

    def test_worker_that_went_while_there_was_no_front_end_is_forgotten(self):
        for name in ("astro-cpu-7", "astro-cpu-8"):
            put(self.c.path("pool", name), "\n")
        put(self.c.path("astro-cpu-8", "proc/76/comm"), "slurmd\n")
        self.later()
        self.assertFalse(self.c.has("pool", "astro-cpu-7"))
        self.assertTrue(self.c.has("pool", "astro-cpu-8"), "it is up: its roster may be on the way")
        self.assertTrue(self.c.has("pool", self.one))

    def test_other_failures_do_not_mean_that_a_worker_is_gone(self):
        b = self.c.enter(FRONT_END).batch
        put(self.c.path("bin", "scontrol"), "#!/bin/sh\necho 'scontrol: error: plugin not found' >&2\nexit 1\n", 0o755)
        with self.assertRaisesRegex(system.Failure, "plugin not found"):
            b.drain(self.one, "vmcluster: leaving", True)

    def test_lost_workers_jobs_are_queued_again_before_it_is_deleted(self):
        self.later()
        self.c.delete(self.two)
        self.c.publish(workers=[w for w in self.c.document["workers"] if w["name"] != self.two])
        self.later()
        orders = [line for line in self.c.log("slurm.log").splitlines() if "nodename=" in line]
        self.assertEqual(orders, ["scontrol update nodename=astro-cpu-2 state=down reason=vmcluster: deleted", "scontrol delete nodename=astro-cpu-2"])
        self.assertFalse(self.c.has("pool", self.two))

    def test_next_worker_of_a_name_waits_until_the_one_before_is_forgotten(self):
        """It would register as the one before, which is drained."""
        c = self.c
        c.mark("idle", self.two)
        self.later(6)
        put(os.path.join(c.dir, "down"), "")
        c.delete(self.two)
        c.add(self.two)
        c.publish(batches={"b2": BATCH_CA}, workers=[dict(w, batch="b2", leaving="") if w["name"] == self.two else w for w in c.document["workers"]])
        self.later(6)
        self.assertFalse(c.has(self.two, "proc/76"))
        os.unlink(os.path.join(c.dir, "down"))
        self.assertEqual(self.later()["joined"], 2)
        self.assertTrue(c.has(self.two, "proc/76"))
        c.enter(FRONT_END)
        self.assertEqual(slurm.look(self.two)["State"], "IDLE+DYNAMIC_NORM")

    def test_worker_that_a_killed_controller_has_lost_registers_again(self):
        self.later()
        starts = self.c.text(self.two, "systemctl.log").count("restart slurmd")
        put(self.c.path(self.two, "proc/76/comm"), "zombie\n")  # it runs, but does not register
        os.unlink(self.c.path("pool", self.two))
        os.rename(self.c.path(self.two, "proc/76"), self.c.path(self.two, "proc/75"))
        for _ in range(3):
            self.later()
        self.assertEqual(self.c.text(self.two, "systemctl.log").count("restart slurmd"), starts + 1)
        self.assertTrue(self.c.has("pool", self.two))

    def test_new_front_end_with_the_state_of_the_one_before(self):
        """A worker that was told to leave may not be told so any more."""
        for name, reason in ((self.one, "+DRAIN vmcluster: leaving"), (self.two, "+DRAIN disk")):
            put(self.c.path("pool", name), reason + "\n")
        self.replace_front_end()
        self.coordinator = self.c.coordinator()
        self.assertEqual(self.later()["joined"], 2)
        self.assertEqual((self.c.text("pool", self.one), self.c.text("pool", self.two)), ("\n", "+DRAIN disk\n"))

    def test_controller_that_is_down_is_told_in_words(self):
        put(os.path.join(self.c.dir, "down"), "")
        self.c.mark("idle", self.two)
        for _ in range(4):
            report = self.later()
        self.assertIn("Unable to contact slurm controller", report["error"])
        self.assertNotIn("drained", report)

    def test_controller_that_ends_again_and_again_is_told_in_words(self):
        log = "[2026-11-30T01:36:28] error: Could not open script file for JobId=2\n[2026-11-30T01:36:28] fatal: Unable to load job batch script\n"
        put(self.c.path(FRONT_END, "/var/log/slurm/slurmctld.log"), log)
        now = int(time.monotonic() * 1e6)
        for restarts, since, want in ((0, now, ""), (2, now, ""), (3, now - 90 * 10 ** 6, ""), (3, now, "slurmctld has ended by itself 3 times; .* fatal: Unable to load job")):
            put(self.c.path(FRONT_END, "/restarts"), str(restarts))
            put(self.c.path(FRONT_END, "/since"), str(since))
            self.c.enter(FRONT_END)
            answer = self.coordinator.calls.queue([self.one, self.two])
            self.assertRegex(answer["failed"], "^%s" % want + ("" if want else "$"), (restarts, since))

    def test_jobs_that_wait_for_one_group(self):
        put(os.path.join(self.c.dir, "queue"), "7|all_groups|(null)\n8_[1-9%2]|cpu|(null)\n9|cpu,all_groups|(null)\n10|all_groups|cpu\n11|all_groups|cpu|gpu\n"
                                               "12|all_groups|[cpu*2&fast]\n13+0|all_groups|gpu\nx|cpu|(null)\n\n14|cpu\n")
        self.assertEqual(self.later()["waits"], {"cpu": [4, ["8", "10", "12"]]})
        self.assertIn("squeue -h -t PD -o %i|%P|%f", self.c.log("slurm.log"))

    def test_jobs_keep_a_worker_open(self):
        b = self.c.enter(self.one).batch
        self.patch(slurm, "PATIENCE", 0)
        put(self.c.path(self.one, "proc/90/comm"), "slurmstepd\n")
        put(self.c.path(self.one, "proc/90/cmdline"), "/usr/sbin/slurmstepd\0infinity\0")
        put(self.c.path(self.one, "proc/91/comm"), "slurmstepd\n")
        put(self.c.path(self.one, "proc/91/cmdline"), "slurmstepd: [12.batch]\0")
        self.assertFalse(b.close())
        put(self.c.path(self.one, "proc/91/status"), "Name:\tslurmstepd\nState:\tZ (zombie)\nUid:\t0\t0\t0\t0\n")
        self.assertTrue(b.close())

    def test_front_end_at_another_address_is_looked_up_again(self):
        starts = self.c.text(self.one, "systemctl.log").count("restart slurmd")
        self.c.publish(operator_key="ssh-ed25519 AAAAanother")
        self.later()
        self.assertEqual(self.c.text(self.one, "systemctl.log").count("restart slurmd"), starts)
        system.own_address = lambda towards="": "10.0.0.99"
        self.c.publish()
        self.later()
        self.assertEqual(self.c.text(self.one, "systemctl.log").count("restart slurmd"), starts + 1)

    def test_new_front_end_has_a_new_key(self):
        before = self.c.text(self.one, daemons.KEYS["slurm"])
        starts = self.c.text(self.one, "systemctl.log").count("restart slurmd")
        self.replace_front_end()
        self.coordinator = self.c.coordinator()
        self.assertEqual(self.later()["joined"], 2)
        self.assertNotEqual(self.c.text(self.one, daemons.KEYS["slurm"]), before)
        self.assertEqual(self.c.text(self.one, "systemctl.log").count("restart slurmd"), starts + 1)

    def test_worker_without_its_gpus(self):
        self.c.document["groups"]["cpu"]["machine"]["gpus"] = 2
        for name in (self.one, self.two):
            self.c.delete(name, "dev/nvidia1")
        self.c.publish()
        for _ in range(3):
            report = self.later()
        self.assertIn("this worker has no /dev/nvidia1, though gpus of its group is 2", report["error"])
        for name in (self.one, self.two):
            put(self.c.path(name, "dev/nvidia1"), "")
        self.assertNotIn("error", self.later())
        self.assertIn("--conf 'Feature=cpu Gres=gpu:2'", self.c.text(self.one, slurm.OPTIONS))


class OlderSlurm(ClusterCase):
    DOUBLE = SlurmDouble

    def versions(self, text):
        put(os.path.join(self.cluster.dir, "version"), text + "\n")

    def test_older_ones_use_munge_and_are_restarted(self):
        c = self.cluster
        self.versions("slurm-wlm 22.05.8")
        self.patch(SlurmDouble, "FILES", {})
        one = c.worker(1)
        c.delete(FRONT_END)
        c.add(FRONT_END)
        coordinator = c.coordinator()
        self.assertEqual(c.settle(coordinator)["joined"], 1)
        text = c.text(FRONT_END, config.CONFIG)
        for line in ("AuthType=auth/munge", "CredType=cred/munge", "TreeWidth=65533", "MpiDefault=none", "ProctrackType=proctrack/linuxproc"):
            self.assertIn("\n" + line + "\n", text)
        self.assertNotIn("jwt", text)
        self.assertEqual(c.text(FRONT_END, daemons.KEYS["munge"]), c.text(one, daemons.KEYS["munge"]))
        self.assertNotIn("--instance-id", c.text(one, slurm.OPTIONS))
        self.assertIn("restart munge.service\n", c.text(one, "systemctl.log"))
        starts = c.text(FRONT_END, "systemctl.log").count("restart slurmctld")
        c.publish(batch_config="MaxArraySize=5")
        c.settle(coordinator)
        self.assertEqual(c.text(FRONT_END, "systemctl.log").count("restart slurmctld"), starts + 1)

    def test_too_old(self):
        for text, ok in (("slurm-wlm 22.05.3", False), ("slurm 21.08.8-2", False), ("slurm 22.05.4", True), ("slurm 26.05.0-rc1", True), ("what", False)):
            self.versions(text)
            if ok:
                self.assertEqual(daemons.version("slurmd")[2], int(text.split(".")[2][0]))
            else:
                with self.assertRaisesRegex(system.Failure, "22.05.4 or newer is needed"):
                    daemons.version("slurmd")

    def test_nodes_of_two_kinds(self):
        self.versions("slurm-wlm 22.05.8")
        one = self.cluster.worker(1)
        self.cluster.enter(one)
        with self.assertRaisesRegex(system.Failure, "they need one image"):
            node.Node().batch.configure(Given("m", None, "slurm:" + "x" * 64, "", {}))


class SlurmKills(ClusterCase):
    """A kill before any of the module's writes and commands."""

    DOUBLE = SlurmDouble

    def setUp(self):
        super().setUp()
        self.one = self.cluster.worker(1)
        self.b = self.cluster.enter(FRONT_END).batch
        put(self.cluster.path(self.one, "proc/76/comm"), "slurmd\n")
        self.configure("")

    def configure(self, own):
        secret = self.b.shared_secret()
        self.b.configure(Given("astro-frontend.astro.vmcluster.internal", "10.0.0.2", secret, "", {"cpu": Group(9, [self.one], 4, 2000)}, own))

    def kills(self, step):
        return kills((slurm, daemons, tools, batch), step)

    def test_configuration_that_counts_comes_into_effect(self):
        for back in (False, True):
            self.configure("MaxArraySize=7")
            kills = 0
            for calls in self.kills(lambda: self.configure("MaxArraySize=8")):
                kills += 1
                self.configure("MaxArraySize=7" if back else "MaxArraySize=8")
                want = self.cluster.text(FRONT_END, config.CONFIG)
                self.assertIn("MaxArraySize=7\n" if back else "MaxArraySize=8\n", want, calls)
                self.assertEqual(self.cluster.text("", "in-effect"), want, (back, calls))
                self.configure("MaxArraySize=7")
            self.assertGreater(kills, 10)

    def test_worker_whose_options_go_back_after_a_kill_starts_anew(self):
        worker = self.cluster.enter(self.one).batch
        secret = self.b.shared_secret()

        def configure(gpus):
            worker.configure(Given("astro-frontend.astro.vmcluster.internal", "10.0.0.2", secret, "", {}, "", gpus))

        def starts():
            return self.cluster.text(self.one, "systemctl.log").count("restart slurmd")
        configure(0)
        put(self.cluster.path(self.one, node.APPLIED), '{"generation": [1, 1]}')
        for calls in self.kills(lambda: configure(2)):
            before, changed = starts(), "gpu:2" in self.cluster.text(self.one, slurm.OPTIONS)
            configure(0)
            self.assertNotIn("gpu", self.cluster.text(self.one, slurm.OPTIONS), calls)
            self.assertTrue(starts() == before + 1 or not changed, calls)
            configure(0)

    def test_orders_are_carried_out_again(self):
        busy, pool = self.cluster.path(self.one, "busy"), self.cluster.path("pool", self.one)
        for is_busy in (False, True):
            for only_idle in (False, True):
                put(busy, "") if is_busy else None
                for calls in self.kills(lambda: self.b.drain(self.one, "vmcluster: leaving", only_idle)):
                    self.assertEqual(self.b.drain(self.one, "vmcluster: leaving", only_idle), not is_busy, calls)
                    self.assertEqual("DRAIN" in self.cluster.text("pool", self.one), not (is_busy and only_idle), calls)
                    put(pool, "\n")
        for calls in self.kills(lambda: self.b.forget(self.one, "vmcluster: deleted")):
            self.b.forget(self.one, "vmcluster: deleted")
            self.cluster.delete(self.one, "proc")
            self.assertFalse(self.cluster.has("pool", self.one), calls)
            put(self.cluster.path(self.one, "proc/76/comm"), "slurmd\n")
            put(pool, "\n")


class Values(unittest.TestCase):
    SITE = config.Site("astro", "astro-frontend", (24, 11, 5), "slurm", True, True, True)

    def texts(self, groups, own=""):
        return config.texts(self.SITE, config.remembered(None, Given("m", None, "", "", groups, own)))

    def test_words_of_slurm_conf_are_no_partitions(self):
        text = self.texts({"all": Group(2, [], 2, 2000), "default": Group(2, [], 2, 2000), "cpu": Group(1, [], 2, 2000)})[config.CONFIG]
        self.assertEqual(re.findall("(?m)^(?:NodeSet|PartitionName)=([^ ]*)", text), ["cpu", "cpu", "all_groups"])
        self.assertIn("NodeName=future_default_[1-2] ", text)

    def test_own_lines_take_the_place_of_defaults_and_come_before_the_partitions(self):
        own = "  maxarraysize = 7\nDefMemPerCPU=3\n# MpiDefault=x\nPartitionName=DEFAULT MaxTime=5 \\"
        text = self.texts({"cpu": Group(1, [], 2, 2000)}, own)[config.CONFIG]
        self.assertEqual((text.lower().count("maxarraysize"), text.count("DefMemPerCPU"), text.count("MpiDefault")), (1, 1, 2))
        self.assertIn(own + "\n\nNodeName=future_cpu_[1-1] ", text)

    def test_jobs_are_kept_from_others_gpus(self):
        for gpus, has_cgroups, want in ((0, True, False), (2, True, True), (2, False, False)):
            text = config.texts(self.SITE._replace(has_cgroups=has_cgroups), config.remembered(None, Given("m", None, "", "", {"cpu": Group(1, [], 2, 2000, gpus)})))[config.CGROUP]
            self.assertEqual(("ConstrainDevices=yes\n" in text, "ConstrainRAMSpace=yes\n" in text), (want, has_cgroups))
        self.assertEqual(text, "CgroupPlugin=disabled\n")

    def test_room_for_all_nodes(self):
        for most, groups, want, placeholders in ((0, 1, 4096, 0), (1300, 1, 4096, 1300), (1400, 1, 8192, 1400), (10000, 2, 65536, 10000), (10000, 3, 65536, 7281),
                                                 (1 << 31, 1, 65536, 21845)):
            text = self.texts({"g%d" % i: Group(most, [], 2, 2000) for i in range(groups)})[config.CONFIG]
            self.assertIn("\nMaxNodeCount=%d\n" % want, text)
            self.assertEqual(set(re.findall(r"future_g\d_\[1-(\d+)\]", text)), {str(placeholders)} if most else set())

    def test_placeholders_are_no_larger_than_workers(self):
        """Whatever flavors and workers come and go: a job that is accepted can run."""
        print("seed of the workers: %d" % SEED)
        choice = random.Random(SEED)
        for _ in range(300):
            remembers, here = None, {}
            for _ in range(8):
                flavor = choice.choice(((2, 2000), (4, 8000), (0, 0)))
                numbers = choice.sample(range(1, 20), choice.randrange(4))
                sizes = (2, 1900), (2, 1500), (1, 1000), (4, 7700), (3, 4000), (2, 7000), (8, 1 << 20), (1, 1)
                here = {n: here.get(n) or choice.choice(sizes) for n in numbers}
                given = Given("m", None, "", "", {"cpu": Group(choice.randrange(9), ["astro-cpu-%d" % n for n in numbers], *flavor)})
                most = remembers["groups"]["cpu"]["most"] if remembers else 0
                workers = [{"CPUTot": str(c), "RealMemory": str(m), "Group": "cpu"} for c, m in here.values()]
                remembers = config.learned(config.remembered(remembers, given), workers)
                group = json.loads(json.dumps(remembers))["groups"]["cpu"]
                believed = [(c, m) for c, m in here.values() if not flavor[0] or flavor[0] <= 2 * c <= 2 * flavor[0] and flavor[1] <= 2 * m <= 2 * flavor[1]]
                if believed:
                    self.assertEqual((group["cpus"], group["memory"]), (min(c for c, _ in believed), min(m for _, m in believed)))
                if flavor[0]:
                    self.assertTrue(flavor[0] / 2 <= config.cpus(group) <= flavor[0] and flavor[1] / 2 <= config.memory(group) <= flavor[1])
                self.assertTrue(group["most"] >= max(most, given.groups["cpu"].most) and group["top"] >= max(numbers + [group["most"]]))

    def test_lies_of_workers(self):
        """Whatever a worker says, the line of its group's placeholders is one, within the flavor."""
        print("seed of the lines: %d" % SEED)
        choice = random.Random(SEED)
        remembers = config.remembered(None, Given("m", None, "", "", {"cpu": Group(3, [], 2, 2000)}))
        for i in range(2000):
            line = mutated(choice, [LINE % ("astro-cpu-1", 1, "x", "MIXED", "Reason=vmcluster: leaving")])
            if not line or not isinstance(line, list) or not isinstance(line[0], str):
                continue
            found = slurm.fields(line[0])
            group = config.learned(remembers, [dict(found, Group="cpu")])["groups"]["cpu"]
            self.assertTrue(1 <= config.cpus(group) <= 2 and 1000 <= config.memory(group) <= 2000, (SEED, i))
            self.assertRegex(config.group_lines("cpu", group), r"\ANodeName=future_cpu_\[1-3\] CPUs=\d+ RealMemory=\d+ Feature=cpu State=FUTURE\n")
            slurm.is_empty(found), slurm.is_drained(found)
        lying = "NodeName=astro-cpu-1 CPUAlloc=2 OS=Linux State=IDLE CPUAlloc=0 State=MIXED+DYNAMIC_NORM Comment=State=IDLE Reason=x"
        self.assertTrue(slurm.fields(lying)["CPUAlloc"] == "2" and not slurm.is_empty(slurm.fields(lying)))

    def test_states(self):
        for state, alloc, empty, drained in [
            ("IDLE+DRAIN+DYNAMIC_NORM", 0, True, True), ("IDLE+DYNAMIC_NORM+NOT_RESPONDING", 0, True, False), ("MIXED+DRAIN", 1, False, True), ("ALLOCATED", 2, False, False),
            ("IDLE+COMPLETING+DRAIN", 0, False, True), ("DOWN*+DRAIN", 0, True, True), ("DOWN", 2, False, False), ("UNKNOWN+DRAIN", 0, False, True), ("IDLE+DRAIN*", 0, True, True),
            ("", 0, False, False), ("IDLE+DRAINED", 0, True, False),
        ]:
            node_ = {"State": state, "CPUAlloc": str(alloc)}
            self.assertEqual((slurm.is_empty(node_), slurm.is_drained(node_)), (empty, drained), state)


SEED = 13


class SlurmState(ClusterCase):
    """A front-end with a volume for its state."""

    DOUBLE = SlurmDouble

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
        state.place(slurm.Slurm.STATE)

    def test_front_end_made_anew_has_the_jobs_and_the_keys_of_the_one_before(self):
        c, owned = self.cluster, []
        self.patch(state, "owned", lambda path, name: owned.append((path, name)))
        self.boot()
        c.worker(1)
        report = c.settle(c.coordinator())
        self.assertEqual((report["joined"], report.get("error", "")), (1, ""))
        self.assertEqual(set(owned), {(config.CONTROLLER_FOLDER, "slurm")})
        on_volume = state.FOLDER + "/slurm"
        put(c.path(FRONT_END, config.CONTROLLER_FOLDER + "/job_state"), "jobs")
        before = {name: c.text(FRONT_END, on_volume + name) for name in ("/key", "/jwt.key", "/controller/job_state")}
        secret = node.Node().batch.shared_secret()
        c.document["host_cas"] = [report["host_ca"]]
        self.boot()
        c.publish()
        report = c.settle(c.coordinator())
        self.assertEqual((report["joined"], report.get("error", "")), (1, ""))
        self.assertEqual({name: c.text(FRONT_END, on_volume + name) for name in before}, before)
        self.assertEqual(node.Node().batch.shared_secret(), secret)

    def test_no_key_is_made_without_the_volume(self):
        c = self.cluster
        self.boot()
        c.delete(FRONT_END, "proc")
        self.assertIn("does not start without its state", c.settle(c.coordinator(), 2)["error"])
        self.assertFalse(c.has(FRONT_END, slurm.KEY))
