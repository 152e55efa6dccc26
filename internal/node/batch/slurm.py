"""Slurm.

The front-end runs slurmctld with the cluster's one slurm.conf. A worker is a dynamic
node: its slurmd fetches that file and registers itself, with its group as a feature.

slurmctld refuses jobs that no known node could ever run. So each group has as many
placeholders as it may have workers: nodes in state FUTURE, with names that no worker
has, no larger than its smallest worker. They stay when the group's maximum falls: Slurm
holds waiting jobs for ever when the last node that fits is gone (BadConstraints).
"""

import base64
import json
import os
import re
import time

from . import BatchSystem
from ..document import split_name
from ..files import exists, locked, read, read_json, write
from ..system import Failure, add_to, disable, has_unit, is_off, run
from .slurm_config import CONFIG, CONTROLLER_FOLDER, OWN_AUTH, STATE_FOLDER, Site, is_gone, learned, remembered, texts, without_gone
from .slurm_daemons import (CONTROLLER, WORKER, check_lines, controls, daemons, has_library, has_plugin, make_folders, must_last, need_gpus, runs_jobs,
                            start, told, version, write_all, write_key)
from .slurm_tools import MOST, OURS, TIMEOUT, fields, is_drained, is_drained_by_us, is_empty, look, needed, scontrol, states

SECRET_FORM = re.compile("(slurm|munge):([A-Za-z0-9+/=]{64,1024})")
KEY = STATE_FOLDER + "/key"
MEMORY = STATE_FOLDER + "/memory.json"  # see slurm_config.remembered
OPTIONS = "/etc/vmcluster/slurmd.env"
DROP_IN = "/etc/systemd/system/%s.d/50-vmcluster.conf"
PATIENCE = 5  # seconds that a worker's last job has to end
BACK = "taken back by vmcluster"  # Slurm keeps the former reason, and puts those of its own drains behind it

# A worker may boot before its front-end, whose state may lie on a volume.
DROP_IN_TEXT = """\
[Unit]
ConditionPathExists=
RequiresMountsFor=%s
StartLimitIntervalSec=0

[Service]
EnvironmentFile=-%s
Restart=on-failure
RestartSec=5
""" % (STATE_FOLDER, OPTIONS)


class Slurm(BatchSystem):
    """Slurm on one node; see BatchSystem."""

    SERVICES = (CONTROLLER, WORKER)
    STATE = STATE_FOLDER
    USES_GROUPS = True

    @property
    def unit(self):
        """The unit that runs on this node."""
        return CONTROLLER if self.node.is_front_end else WORKER

    def check(self, secret, credential):
        if credential or secret and not SECRET_FORM.fullmatch(secret):
            raise Failure("the bundle's key is not well-formed")

    def installed(self):
        return has_unit(self.unit)

    def hold(self):
        """One image has both daemons; each node runs one."""
        there = [unit for unit in self.SERVICES if has_unit(unit)]
        shown = self.write_drop_in(*there) if self.installed() else {}
        if not self.took_effect_once():
            disable(*[unit for unit in there if not is_off(shown.get(unit, {}))])

    def write_drop_in(self, *others):
        """Has the unit find our options, and be started again if it fails."""
        return add_to(self.unit, DROP_IN % self.unit, DROP_IN_TEXT, others)

    def configure(self, given):
        if not self.installed():
            raise Failure("Slurm is not installed on %s (no %s in its image)" % (self.node.name, self.unit))
        if self.node.is_front_end:
            try:
                workers = self.workers()
            except Failure:  # a new configuration may be what helps
                workers = []
            before = read_json(MEMORY, NOTHING)
            named = self.named() if set(before["groups"]) - set(given.groups) else ()
            self.control(learned(remembered(before, given, named), workers))
        else:
            self.work(given)

    # ---- a worker

    def work(self, given):
        """Has slurmd register with the front-end."""
        kind, key = SECRET_FORM.fullmatch(given.secret).groups() if given.secret else ("", "")
        found = version("slurmd")
        if not kind or kind == "slurm" and found < OWN_AUTH:
            raise Failure("this node's Slurm (%d.%d) and its front-end's can't prove to each other who they are: they need one image" % found[:2])
        options = self.options(given, found)
        # slurmd looks its front-end's address up when it starts.
        addresses = [line for line in read("/etc/hosts").splitlines() if given.manager in line.split()]
        in_effect = (options, given.secret, addresses)
        if self.is_in_effect(*in_effect) and self.node.applied() and daemons("slurmd"):
            return
        need_gpus(given.gpus)
        self.changes()
        write_key(kind, key)
        write(OPTIONS, options, 0o644)
        self.write_drop_in()
        if not self.node.retired():
            start(WORKER, kind, "slurmd")
            self.took_effect(*in_effect)

    def options(self, given, found):
        """Returns the environment file of slurmd's unit."""
        node = self.node
        gpus = " Gres=gpu:%d" % given.gpus if given.gpus else ""
        words = "-Z -N %s --conf-server %s --conf 'Feature=%s%s'" % (node.name, given.manager, node.group, gpus)
        if found >= OWN_AUTH and re.fullmatch(r"[-\w]+", node.server_id, re.ASCII):
            words += " --instance-id " + node.server_id
        return 'SLURMD_OPTIONS="%s"\n' % words

    def close(self):
        deadline = time.monotonic() + PATIENCE
        while runs_jobs():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.5)
        if self.installed():
            disable(WORKER)
        return True

    def reopen(self):
        start(WORKER, "", "slurmd")

    # ---- the front-end: its configuration

    def shared_secret(self):
        """The key of all daemons: who has it can act as any user of Slurm."""
        if not exists(KEY):
            write(KEY, base64.b64encode(os.urandom(96)).decode(), 0o600)
        kind = "slurm" if has_plugin("auth_slurm") else "munge"
        return "%s:%s" % (kind, read(KEY).strip())

    def control(self, remembers):
        """Has slurmctld run with the configuration that is made of what is remembered."""
        kind, key = self.shared_secret().split(":")
        site = Site(self.node.cluster, self.node.name, version("slurmctld"), kind, exists("/sys/fs/cgroup/cgroup.controllers"),
                    has_plugin("auth_jwt"), has_plugin("mpi_pmix") and has_library("libpmix"))
        files = texts(site, remembers)
        # A kill may have come between the files and their effect.
        differ = not self.is_in_effect(files, key) or any(read(path) != text for path, text in files.items())
        if differ or not controls():
            if self.node.state_folder():
                from ..state import owned
                owned(CONTROLLER_FOLDER, "slurm")
            make_folders(site)
            write_key(kind, key)
            self.write_drop_in()
            check_lines(files[CONFIG])
            before = {path: read(path) for path in files}
            fresh = not self.took_effect_once()
            self.changes()
            try:
                write_all(files)
                if fresh or site.version < OWN_AUTH or not controls():
                    start(CONTROLLER, kind, "slurmctld")
                if not fresh:
                    told("slurmctld", "scontrol", "reconfigure")
            except Failure:
                if not fresh:  # slurmctld goes on, or comes back, with the files that it had
                    write_all(before)
                    if not controls():
                        start(CONTROLLER, kind, "slurmctld")
                raise
            if fresh:  # the orders of the front-end before are not known
                for worker in self.workers():
                    self.undrain(worker["NodeName"], OURS)
            self.took_effect(files, key)
        write(MEMORY, json.dumps(remembers, sort_keys=True), 0o600)

    def tend(self):
        """Has the placeholders be no larger than the workers that have registered by now, and
        forgets what is gone: partitions that no job names any more, and workers that went
        while no front-end knew of it."""
        must_last(CONTROLLER, "slurmctld")
        workers = self.workers()
        named = self.named() if any(map(is_gone, read_json(MEMORY, NOTHING)["groups"].values())) else ()

        def newest():
            return learned(without_gone(read_json(MEMORY, NOTHING), named), workers)
        if newest() != read_json(MEMORY, NOTHING):
            with locked(TIMEOUT):
                self.control(newest())
        members = read_json(MEMORY, NOTHING)["members"]
        for worker in workers if members is not None else []:
            # A worker that registers before the front-end has its roster is up.
            if states(worker)[0] == "DOWN" and worker["NodeName"] not in members:
                self.forget(worker["NodeName"], OURS + "not in the roster")

    def named(self):
        """Returns the partitions that jobs name, None if that is not known."""
        try:
            lists = run("squeue", "-h", "-a", "-o", "%P", timeout=TIMEOUT, most=MOST).split()
        except Failure:
            return None
        return {name for partitions in lists for name in partitions.split(",")}

    # ---- the front-end: its workers

    def workers(self):
        """Returns the fields of each worker that has registered; none as long as slurmctld is not up."""
        if not controls():
            return []
        try:
            lines = scontrol("-o", "show", "nodes").splitlines()
        except Failure as error:
            if "No nodes" in str(error):
                return []
            raise
        found = [dict(f, Group=split_name(self.node.cluster, f.get("NodeName", ""))[0]) for f in map(fields, lines)]
        return [worker for worker in found if worker["Group"]]

    def drain(self, name, reason, only_idle):
        """A job may start between two looks, so the second one decides."""
        node = look(name)
        busy = node is not None and not is_empty(node)
        if node is not None and not is_drained(node) and not (busy and only_idle):
            scontrol("update", "nodename=" + name, "state=drain", "reason=" + reason)
            node = look(name)
            busy = node is not None and not is_empty(node)
        if busy and only_idle:
            self.undrain(name, reason)
        return not busy

    def undrain(self, name, reason):
        """A drain with another reason is an operator's."""
        node = look(name)
        if node is not None and is_drained_by_us(node):
            scontrol("update", "nodename=" + name, "state=undrain", "reason=" + BACK)

    def missing(self, names):
        """A slurmctld that is killed loses what it has heard in its last seconds, and a
        slurmd registers by itself only when it starts."""
        known = {worker["NodeName"]: worker for worker in self.workers()}
        return [name for name in names if name not in known or is_drained_by_us(known[name])] if controls() else []

    def forget(self, name, reason):
        """The state has its jobs queued again at once."""
        try:
            scontrol("update", "nodename=" + name, "state=down", "reason=" + reason)
            scontrol("delete", "nodename=" + name)
        except Failure as error:
            if "Invalid node name" not in str(error):
                raise

    def waiting(self):
        groups = {name for name, group in read_json(MEMORY, NOTHING)["groups"].items() if not is_gone(group)}
        out = {}
        for line in run("squeue", "-h", "-t", "PD", "-o", "%i|%P|%f", timeout=TIMEOUT, most=MOST).splitlines():
            number, partitions, constraint = (line.split("|", 2) + ["", ""])[:3]
            job = re.match("[0-9]+", number)
            for group in needed(partitions, constraint) & groups if job else ():
                found = out.setdefault(group, [0, []])
                found[0] += 1
                found[1] += [job.group()] if len(found[1]) < 3 else []
        return out


NOTHING = {"config": "", "groups": {}, "members": None}


SYSTEM = Slurm
