"""Slurm.

The front-end runs slurmctld with the cluster's one slurm.conf. A worker is a dynamic
node: its slurmd fetches that file and registers itself, with its group as a feature.

slurmctld refuses jobs that no known node could ever run. So each group has as many
placeholders as it may have workers: nodes in state FUTURE, with names that no worker
has, no larger than its smallest worker. They stay when the group's maximum falls: Slurm
holds waiting jobs for ever when the last node that fits is gone (BadConstraints).
"""

import base64
import glob
import json
import os
import re
import time

from . import BatchSystem
from .. import accounts
from ..document import split_name
from ..files import at, exists, locked, read, read_json, remove, tail, write
from ..system import Failure, disable, enable, has_unit, processes, run, works
from .slurm_config import CONFIG, CONTROLLER_FOLDER, JOBS, JWT_KEY, LOGS, OWN_AUTH, STATE_FOLDER, Site, learned, remembered, texts

CONTROLLER, WORKER = "slurmctld.service", "slurmd.service"
OLDEST = (22, 5, 4)  # before it, jobs were put on placeholders
KEYS = {"slurm": "/etc/slurm/slurm.key", "munge": "/etc/munge/munge.key"}  # by the kind of authentication
SECRET_FORM = re.compile("(slurm|munge):([A-Za-z0-9+/=]{64,1024})")
CHECKED = "/etc/vmcluster/checked.conf"
KEY = STATE_FOLDER + "/key"
MEMORY = STATE_FOLDER + "/memory.json"  # see slurm_config.remembered
OPTIONS = "/etc/vmcluster/slurmd.env"
DROP_IN = "/etc/systemd/system/%s.d/50-vmcluster.conf"
PLUGINS = ("/usr/lib/*/slurm-wlm/", "/usr/lib/*/slurm/", "/usr/lib64/slurm/", "/usr/lib/slurm/")
TIMEOUT = 30  # seconds; a tool gives up by itself after 9 s without slurmctld
PATIENCE = 5  # seconds that a worker's last job has to end
OURS = "vmcluster: "  # begins the reason of a drain of ours
BACK = "taken back by vmcluster"  # Slurm keeps the former reason, and puts those of its own drains behind it
MOST = 8 << 20  # bytes of a list of nodes or jobs

# Units of older packages do not say whether their daemon is ready.
AWAIT = "for i in 1 2 3 4 5 6 7 8 9; do scontrol ping >&2 && exit; sleep 1; done; echo slurmctld does not answer >&2; exit 1"

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
        if not self.took_effect_once():
            for unit in filter(has_unit, self.SERVICES):
                disable(unit)
        if self.installed():
            self.write_drop_in()

    def write_drop_in(self):
        """Has the unit find our options, and be started again if it fails."""
        if write(DROP_IN % self.unit, DROP_IN_TEXT, 0o644):
            run("systemctl", "daemon-reload")

    def configure(self, given):
        if not self.installed():
            raise Failure("Slurm is not installed on %s (no %s in its image)" % (self.node.name, self.unit))
        if self.node.is_front_end:
            try:
                workers = self.workers()
            except Failure:  # a new configuration may be what helps
                workers = []
            self.control(learned(remembered(read_json(MEMORY), given), workers))
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
        forgets workers that went while no front-end knew of it."""
        workers = self.workers()
        if learned(read_json(MEMORY, NOTHING), workers) != read_json(MEMORY, NOTHING):
            with locked(TIMEOUT):
                self.control(learned(read_json(MEMORY, NOTHING), workers))
        for worker in workers:
            # A worker that registers before the front-end has its roster is up.
            if states(worker)[0] == "DOWN" and worker["NodeName"] not in read_json(MEMORY, NOTHING)["members"]:
                self.forget(worker["NodeName"], OURS + "not in the roster")

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
        groups = set(read_json(MEMORY, NOTHING)["groups"])
        out = {}
        for line in run("squeue", "-h", "-t", "PD", "-o", "%i|%P|%f", timeout=TIMEOUT, most=MOST).splitlines():
            number, partitions, constraint = (line.split("|", 2) + ["", ""])[:3]
            job = re.match("[0-9]+", number)
            for group in needed(partitions, constraint) & groups if job else ():
                found = out.setdefault(group, [0, []])
                found[0] += 1
                found[1] += [job.group()] if len(found[1]) < 3 else []
        return out


NOTHING = {"config": "", "groups": {}, "members": []}


# ---- the daemons' programs and files

def version(daemon):
    """Returns a daemon's version, as (24, 11, 5)."""
    said = run(daemon, "-V")
    found = re.search(r"([0-9]+)\.([0-9]+)(?:\.([0-9]+))?", said)
    numbers = tuple(int(n or 0) for n in found.groups()) if found else (0, 0, 0)
    if numbers < OLDEST:
        raise Failure("%s -V says %r, but Slurm 22.05.4 or newer is needed: use another image" % (daemon, said.strip()[:60]))
    return numbers


def has_plugin(name):
    """Reports whether Slurm has a plugin."""
    return any(glob.glob(at(folder) + name + ".so") for folder in PLUGINS)


def has_library(name):
    """Reports whether the system has a library."""
    return any(glob.glob(at(folder) + name + ".so*") for folder in ("/usr/lib/*/", "/usr/lib64/", "/usr/lib/"))


def daemons(name):
    """Returns the process IDs of a daemon. On Debian its program has a longer name, which
    the process shows once it has taken a new configuration."""
    slurm = accounts.account("slurm")
    return [pid for program in (name, name + "-wlm") for pid in processes(program, slurm.uid if slurm else 0)]


def controls():
    """Reports whether slurmctld runs."""
    return bool(daemons("slurmctld"))


def make_folders(site):
    """Makes what slurmctld writes to and reads."""
    for folder in (CONTROLLER_FOLDER, LOGS):
        os.makedirs(at(folder), exist_ok=True)
    paths = [CONTROLLER_FOLDER, LOGS, JOBS]
    if not exists(JOBS):
        write(JOBS, "", 0o644)
    if site.has_jwt:
        paths.append(JWT_KEY)
        if not exists(JWT_KEY):
            write(JWT_KEY, base64.b64encode(os.urandom(48)).decode(), 0o600)
    os.chmod(at(CONTROLLER_FOLDER), 0o700)
    run("chown", "slurm:", *map(at, paths))


def check_lines(text):
    """Raises Failure if slurm.conf has a line that no program of Slurm would read."""
    try:
        write(CHECKED, text, 0o600)
        run("env", "SLURM_CONF=" + at(CHECKED), "scontrol", "show", "hostnames", "x", timeout=TIMEOUT)
    except Failure as error:
        raise Failure("slurm.conf with the lines of batch_system.config: %s" % error)
    finally:
        remove(CHECKED)


def write_all(files):
    """Writes the files of the configuration; files are texts by path."""
    for path, text in files.items():
        write(path, text, 0o644)


def write_key(kind, key):
    """Writes the key of all daemons."""
    write(KEYS[kind], key, 0o600)
    run("chown", kind + ":", at(KEYS[kind]))


def need_gpus(count):
    """Raises Failure if this worker does not have its GPUs: slurmd would not start."""
    last = "/dev/nvidia%d" % (count - 1)
    if count and not exists(last) and not (works("nvidia-smi", "-L") and exists(last)):
        raise Failure("this worker has no %s, though gpus of its group is %d" % (last, count))


def start(unit, kind, daemon):
    """Starts a unit anew, now and at each boot."""
    if kind == "munge":
        run("systemctl", "restart", "munge.service")
        enable("munge.service")
    told(daemon, "systemctl", "restart", unit)
    enable(unit)
    if unit == CONTROLLER:
        told(daemon, "sh", "-c", AWAIT)


def told(daemon, *command):
    """Runs a command that has a daemon take its configuration; Failure has the daemon's own words."""
    try:
        run(*command, timeout=120)
    except Failure as error:
        log = "%s/%s.log" % (LOGS, daemon)
        errors = re.findall(r"(?m)^\[\S+\] ((?:fatal|error): .*)", tail(log, 20000))
        fatal = [line for line in errors if line.startswith("fatal")]
        raise Failure("%s; %s says: %s" % (error, log, " / ".join(fatal[-1:] or errors[-2:]) or "nothing of it"))


# ---- the front-end's tools

def scontrol(*words):
    """Runs scontrol and returns what it prints."""
    return run("scontrol", *words, timeout=TIMEOUT, most=MOST)


def look(name):
    """Returns a worker's fields, None if slurmctld does not know it."""
    try:
        return fields(scontrol("-o", "show", "node", name))
    except Failure as error:
        if "Node %s not found" % name in str(error):
            return None
        raise


def fields(line):
    """Returns the fields of a line of scontrol, the reason with its spaces. Of a name that
    comes twice the first counts: texts that workers and users choose come later."""
    out = {}
    for name, value in re.findall(r"(?<!\S)(\w+)=(\S*)", line):
        out.setdefault(name, value)
    reason = re.search(r" Reason=(.*)", line)
    return dict(out, Reason=reason.group(1)) if reason else out


def states(node):
    """Returns a node's states: the base, and what is added to it."""
    return node.get("State", "").replace("*", "").split("+")


def is_drained(node):
    """Reports whether a node takes no job because of a drain."""
    return "DRAIN" in states(node)


def is_drained_by_us(node):
    """Reports whether a node takes no job because of a drain of ours."""
    return is_drained(node) and node.get("Reason", "").startswith(OURS)


def is_empty(node):
    """Reports whether a node certainly runs no job."""
    return states(node)[0] in ("IDLE", "DOWN") and "COMPLETING" not in states(node) and node.get("CPUAlloc") == "0"


def needed(partitions, constraint):
    """Returns the names in a job's demands that it can't do without."""
    names = {partitions}
    if "|" not in constraint:
        names.update(re.findall(r"[\w.-]+", constraint))
    return names


# ---- the worker's processes

def runs_jobs():
    """Reports whether this node runs a job. One process without a job keeps the cgroup of all of them."""
    return any("infinity" not in read("/proc/%s/cmdline" % pid).split("\0") for pid in daemons("slurmstepd"))


SYSTEM = Slurm
