"""Slurm's programs, daemons and files on one node."""

import base64
import glob
import os
import re
import time

from .. import accounts
from ..files import at, exists, read, remove, tail, write
from ..system import Failure, enable, processes, run, works
from .slurm_config import CONTROLLER_FOLDER, JOBS, JWT_KEY, LOGS, ROTATED, ROTATION
from .slurm_tools import TIMEOUT

CONTROLLER, WORKER = "slurmctld.service", "slurmd.service"
OLDEST = (22, 5, 4)  # before it, jobs were put on placeholders
KEYS = {"slurm": "/etc/slurm/slurm.key", "munge": "/etc/munge/munge.key"}  # by the kind of authentication
CHECKED = "/etc/vmcluster/checked.conf"
PLUGINS = ("/usr/lib/*/slurm-wlm/", "/usr/lib/*/slurm/", "/usr/lib64/slurm/", "/usr/lib/slurm/")

MANY, MOMENT = 3, 60  # ends of a daemon; seconds

# Units of older packages do not say whether their daemon is ready.
AWAIT = "for i in 1 2 3 4 5 6 7 8 9; do scontrol ping >&2 && exit; sleep 1; done; echo slurmctld does not answer >&2; exit 1"


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
    """Makes what slurmctld writes to and reads, and has logrotate keep it small."""
    for folder in (CONTROLLER_FOLDER, LOGS):
        os.makedirs(at(folder), exist_ok=True)
    paths = [CONTROLLER_FOLDER, LOGS, JOBS]
    if not exists(JOBS):
        write(JOBS, "", 0o644)
    write(ROTATION, ROTATED, 0o644)
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
        raise Failure("%s; %s" % (error, last_words(daemon)))


def last_words(daemon):
    """Returns what a daemon's log says last of a failure."""
    log = "%s/%s.log" % (LOGS, daemon)
    errors = re.findall(r"(?m)^\[\S+\] ((?:fatal|error): .*)", tail(log, 20000))
    fatal = [line for line in errors if line.startswith("fatal")]
    return "%s says: %s" % (log, " / ".join(fatal[-1:] or errors[-2:]) or "nothing of it")


def must_last(unit, daemon):
    """Raises Failure if a daemon ends again and again: systemd has started it anew some times,
    and a moment ago."""
    shown = dict(line.split("=", 1) for line in run("systemctl", "show", "-p", "NRestarts,ActiveEnterTimestampMonotonic", unit).split() if "=" in line)
    times, since = (int(shown.get(name) or 0) for name in ("NRestarts", "ActiveEnterTimestampMonotonic"))
    if times >= MANY and time.monotonic() - since / 1e6 < MOMENT:
        raise Failure("%s has ended by itself %d times; %s" % (daemon, times, last_words(daemon)))


def runs_jobs():
    """Reports whether this node runs a job. One process without a job keeps the cgroup of all of them."""
    return any("infinity" not in read("/proc/%s/cmdline" % pid).split("\0") for pid in daemons("slurmstepd"))
