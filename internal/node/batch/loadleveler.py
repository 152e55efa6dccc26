"""LoadLeveler: written from its documentation and recorded output, not run against one.

The front-end is the central manager and has the job queue. Each node has its own copy of the
configuration and of the machine list, and its daemons read them again when they change: a
node that does not answer keeps no other from that, as it would with "llctl -g".

LoadLeveler keeps no reason with a drain. So the front-end has a file for each worker that it
has drained; a worker without one was drained by an operator, and stays so.
"""

import json
import os
import re
import time

from . import BatchSystem
from .. import accounts
from ..document import split_name
from ..files import STATE, at, exists, locked, read, read_json, remove, write
from ..system import Failure, disable, enable, has_unit, processes, run, running, works
from .loadleveler_config import ACCOUNT, ADMIN, EVERY_GROUP, LOGS, STATE_FOLDER, Machine, Site, resources, texts, without

SERVICE = "vmcluster-loadleveler.service"
UNIT = "/etc/systemd/system/" + SERVICE
FOLDERS = ("/opt/ibmll/LoadL/full/bin/", "/opt/ibmll/LoadL/resmgr/full/bin/", "/opt/ibmll/LoadL/scheduler/full/bin/")
NEGOTIATOR = FOLDERS[2] + "LoadL_negotiator"
DRAINED = STATE_FOLDER + "/drained/"  # NAME: "leaving", or "back" until the worker is resumed
GOOD = STATE + "/loadleveler.json"  # the texts, by path, that were last in effect
TIMEOUT = 30  # seconds for a tool
PATIENCE = 10  # seconds for a drain to show, and for a worker's last job to end
MOST = 16 << 20  # bytes of a list
DRAINS = {"Drained": "Drained", "Drned": "Drained", "Draining": "Draining", "Drnng": "Draining"}
ABSENT = ("", "Down", "None")  # states of a machine whose startd the central manager does not hear
WAITING = ("I", "D", "NQ", "H", "S", "HS")

# IBM's packages bring no unit. The daemons' parent ends last.
UNIT_TEXT = """\
[Unit]
Description=LoadLeveler of a vmcluster cluster
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=forking
GuessMainPID=no
ExecStart=%sLoadL_master
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
"""


class LoadLeveler(BatchSystem):
    """LoadLeveler on one node; see BatchSystem."""

    SERVICES = (SERVICE,)
    STATE = STATE_FOLDER
    USES_GROUPS = True

    def installed(self):
        return bool(folder("LoadL_master"))

    def hold(self):
        """An image may start LoadLeveler in a way of its own."""
        if not self.took_effect_once():
            if has_unit(SERVICE):
                disable(SERVICE)
            if daemons("LoadL_master"):
                works(tool("llctl"), "stop", timeout=TIMEOUT)

    def configure(self, given):
        if not self.installed():
            raise Failure("LoadLeveler is not installed on %s (no LoadL_master in its image)" % self.node.name)
        files = self.files(given)
        if self.is_in_effect(files) and daemons("LoadL_master"):
            return
        fresh = not self.took_effect_once()
        make_folders(self.node.state_folder())
        if write(UNIT, UNIT_TEXT % folder("LoadL_master")):
            run("systemctl", "daemon-reload")
        self.changes()
        write_all(files)
        if self.node.retired():
            return
        try:
            if daemons("LoadL_master") and not fresh:
                llctl("reconfig")
            else:
                self.start()
        except Failure:  # what was in effect before goes on
            write_all(read_json(GOOD, dict.fromkeys(files)))
            raise
        if self.node.is_front_end and fresh:
            for name in drained():  # a worker that was told to leave may not be told so any more
                write(DRAINED + name, "back", 0o600)
        write(GOOD, json.dumps(files), 0o600)
        self.took_effect(files)

    def start(self):
        """Starts the daemons anew, now and at each boot. Those that are left end, with their job steps."""
        if runs_jobs():
            raise Failure("LoadL_master does not run on %s, but a job step does: it is started once the step has ended" % self.node.name)
        run("systemctl", "restart", SERVICE, timeout=120)
        enable(SERVICE)

    def files(self, given):
        """Returns the texts of this node's configuration by path."""
        node = self.node
        names = [name for group in given.groups.values() for name in group.members] if node.is_front_end else neighbours(node)
        machines = [Machine(node.full(name), resources(given.groups.get(split_name(node.cluster, name)[0]))) for name in sorted(names)]
        scheduler = NEGOTIATOR if exists(NEGOTIATOR) and folder("LoadL_master") != FOLDERS[2] else ""
        site = Site(given.manager, version(), folder("LoadL_master").rstrip("/"), scheduler, "" if node.is_front_end else node.group, os.cpu_count() or 1)
        return texts(site, machines, given.groups if node.is_front_end else [node.group], given.config)

    # ---- a worker

    def close(self):
        deadline = time.monotonic() + PATIENCE
        while runs_jobs():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.5)
        if has_unit(SERVICE):
            disable(SERVICE)
        return True

    def reopen(self):
        if daemons("LoadL_master"):
            enable(SERVICE)
            run("systemctl", "start", SERVICE, timeout=120)
        else:
            self.start()

    # ---- the front-end

    def tend(self):
        """Resumes workers that could not be reached when they were called back."""
        failed = None
        for name in drained():
            try:
                self.resume(name)
            except Failure as error:  # costs this worker its turn
                failed = failed or error
        if failed:
            raise failed

    def missing(self, names):
        """The order to drain them may have come before a kill, and not be in the records."""
        return [name for name in names if read(DRAINED + name) == "leaving"]

    def drain(self, name, reason, only_idle):
        """No order drains a machine only if it is idle, so what it shows after its drain decides."""
        if exists(DRAINED + name):
            write(DRAINED + name, "leaving", 0o600)  # it may have been called back
        state, jobs = self.look(name)
        if not state and is_listed(self.node.full(name)):
            raise Failure("llstatus does not show %s, which is in the machine list" % name)
        busy = is_busy(state, jobs)
        if state not in ABSENT and state not in DRAINS.values() and not (busy and only_idle):
            write(DRAINED + name, "leaving", 0o600)  # first: a drain of ours without it would be an operator's
            llctl("-h", self.node.full(name), "drain", "startd")
            busy = self.settle(name)
        if busy and only_idle:
            self.undrain(name, reason)
        return not busy

    def settle(self, name):
        """Waits until a drain shows; reports whether the worker runs jobs."""
        deadline = time.monotonic() + PATIENCE
        while True:
            state, jobs = self.look(name)
            if state in ABSENT or state in DRAINS.values():
                return is_busy(state, jobs)
            if time.monotonic() > deadline:
                raise Failure("llstatus shows %s as %s, %d s after its drain" % (name, state, PATIENCE))
            time.sleep(0.5)

    def undrain(self, name, reason):
        if exists(DRAINED + name):
            write(DRAINED + name, "back", 0o600)
            self.resume(name)

    def resume(self, name):
        """Undoes a drain of the front-end's own once the worker is there; a worker that is to
        leave by now stays drained."""
        if read(DRAINED + name) != "back":
            return
        state, _ = self.look(name)
        if state in ABSENT or read(DRAINED + name) != "back":
            return
        if state not in ("Flush", "Suspend"):  # these are an operator's; a drain may show late
            llctl("-h", self.node.full(name), "resume", "startd")
        remove(DRAINED + name)

    def forget(self, name, reason):
        """A purge is for machines that are out of the machine list and never come back. The
        next roster takes the worker out. Another worker may have its name by now: it does
        not run yet, and is out of the list while its predecessor is purged."""
        remove(DRAINED + name)
        full = self.node.full(name)
        deadline = time.monotonic() + PATIENCE
        while is_listed(full) and time.monotonic() < deadline:
            time.sleep(0.2)
        if not is_listed(full):
            purge(self.node, full)
            return
        with locked(TIMEOUT):
            listed = in_effect()
            try:
                write(ADMIN, without(listed, full))
                llctl("reconfig")
                purge(self.node, full)
            finally:
                write(ADMIN, listed)
                llctl("reconfig")

    def waiting(self):
        groups, out = set(re.findall(r"(?m)^(\S+): type = class", read(ADMIN))) - {"default", EVERY_GROUP}, {}
        for line in run(tool("llq"), "-r", "%st", "%c", "%id", timeout=TIMEOUT, most=MOST).splitlines():
            state, job_class, step = (line.split("!") + ["", ""])[:3]
            if state in WAITING and job_class in groups:
                found = out.setdefault(job_class, [0, []])
                found[0] += 1
                found[1] += [short(step)] if len(found[1]) < 3 and short(step) else []
        return out

    def look(self, name):
        """Returns the state of a worker's startd, "" if LoadLeveler does not know the worker,
        and how many job steps run there."""
        for line in run(tool("llstatus"), "-r", "%n", "%sts", "%r", timeout=TIMEOUT, most=MOST).splitlines():
            host, state, jobs = (line.split("!") + ["", ""])[:3]
            if host.split(".")[0] == name:
                if not re.fullmatch("[0-9]{1,9}", jobs):
                    raise Failure("llstatus says %r" % line[:80])
                return DRAINS.get(state, state), int(jobs)
        return "", 0


# ---- what it shows

def is_busy(state, jobs):
    """Reports whether a worker may run jobs."""
    return jobs > 0 or state not in ABSENT and state not in ("Idle", "Drained")


def in_effect():
    """Returns the text of the machine list that configure() has put into effect. On the disk
    a kill of forget() may have left another one."""
    return read_json(GOOD, {}).get(ADMIN, "")


def is_listed(full):
    """Reports whether the machine list has a machine."""
    return ("\n%s: type = machine\n" % full) in in_effect()


def short(step):
    """Returns a job step's ID with a host name without a domain, "" if it is none."""
    host, _, number = step.rpartition(".")[0].rpartition(".")
    found = "%s.%s.%s" % (host.split(".")[0], number, step.rpartition(".")[2])
    return found if re.fullmatch(r"[-\w]{1,63}\.[0-9]{1,9}\.[0-9]{1,9}", found, re.ASCII) else ""


def drained():
    """Returns the names of the workers that the front-end has drained."""
    return [name for name in os.listdir(at(DRAINED)) if name[0] != "."] if os.path.isdir(at(DRAINED)) else []


def neighbours(node):
    """Returns the names of the cluster's workers, as this node's hosts file has them."""
    names = [line.split()[-1] for line in read("/etc/hosts").splitlines() if node.domain in line]
    return {name for name in names + [node.name] if split_name(node.cluster, name)[0]}


# ---- its programs

def folder(program):
    """Returns the folder that has a program of LoadLeveler, "" if none has it."""
    return next((folder for folder in FOLDERS if exists(folder + program)), "")


def tool(name):
    """Returns how a program of LoadLeveler is called."""
    return at(folder(name) + name) if folder(name) else name


def llctl(*words):
    """Gives LoadLeveler's daemons an order."""
    run(tool("llctl"), *words, timeout=TIMEOUT)


def purge(node, full):
    """Has the queue drop what it has yet to tell a machine that is gone. One node has the
    queue; with "-g" each machine would have to answer."""
    llctl("-h", node.full(node.name), "purge", full)


def version():
    """Returns the first number of LoadLeveler's version."""
    said = run(tool("llstatus"), "-v", timeout=TIMEOUT)
    found = re.match(r"\S+ +([0-9]+)\.", said)
    if not found:
        raise Failure("llstatus -v says %r, which has no version" % said.strip()[:60])
    return int(found.group(1))


def daemons(name):
    """Returns the process IDs of a daemon."""
    owner = accounts.account(ACCOUNT)
    return list(processes(name, owner.uid if owner else 0))


def runs_jobs():
    """Reports whether this node runs a job step. No source says as which user a step's starter runs."""
    return running("LoadL_starter", None)


def make_folders(state_folder):
    """Makes what the daemons write to."""
    if state_folder:
        from ..state import owned
        owned(STATE_FOLDER + "/spool", ACCOUNT)
    for path, mode in ((STATE_FOLDER + "/spool", 0o700), (STATE_FOLDER + "/execute", 0o1777), (LOGS, 0o775)):
        os.makedirs(at(path), exist_ok=True)
        os.chmod(at(path), mode)
        run("chown", ACCOUNT + ":", at(path))


def write_all(files):
    """Writes files by path; None is a file that is not there."""
    for path, text in files.items():
        write(path, text, 0o644) if text is not None else remove(path)


SYSTEM = LoadLeveler
