"""What Slurm's tools say on the front-end, of nodes and of jobs."""

import re

from ..system import Failure, run

TIMEOUT = 30  # seconds; a tool gives up by itself after 9 s without slurmctld
MOST = 8 << 20  # bytes of a list of nodes or jobs
OURS = "vmcluster: "  # begins the reason of a drain of ours


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
