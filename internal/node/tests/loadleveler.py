"""LoadLeveler's programs on the nodes of harness.Cluster: the simulated LoadLeveler of
internal/test/loadleveler, with a state that follows the nodes' directories.

The machine list in effect is that of the front-end's last start or reconfiguration. A
machine is up if its LoadL_master runs, and runs a job if its node has a file "busy". Files
in the cluster's directory: "down", no central manager; "version"; "queue", further steps as
JSON; "late", a file that becomes the next drained worker's "busy"; "stuck", a drain that does
not show; "lasting", drains that outlive their daemons; "refused", a word of LoadL_config
that no daemon takes.
"""

import fcntl
import json
import os
import re
import sys

INTERNAL = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, INTERNAL + "/test/loadleveler")
import llsim  # noqa: E402

FRONT_END = "astro-frontend"
MANAGER = FRONT_END + ".astro.vmcluster.internal"
SCRIPT = '#!/bin/sh\nexec "$PYTHON" -B %s "$(basename "$0")" "$@"\n' % os.path.abspath(__file__)
TOOLS = ("llq", "llstatus", "llctl", "llclass")


def install():
    """Has this process run the programs itself; returns what undoes it."""
    from .. import system
    from ..batch import loadleveler
    before = loadleveler.run

    def run(*command, **options):
        if command[0] not in TOOLS:
            return before(*command, **options)
        out, error, status = answer(command[0], command[1:])
        if status:
            raise system.Failure("%s: %s" % (command[0], error.strip()))
        return out
    loadleveler.run = run
    return lambda: setattr(loadleveler, "run", before)


def answer(tool, args):
    """Returns what a program prints, and its error and exit status."""
    folder, root = os.environ["CLUSTER_DIR"], os.environ["VMCLUSTER_ROOT"]
    with open(folder + "/ll.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with open(folder + "/ll.log", "a") as log:
            log.write("%s: %s %s\n" % (os.path.basename(root), tool, " ".join(args)))
        if tool == "llctl" and list(args) == ["reconfig"]:
            why = reconfigure(folder, root)
            return "", why and "llctl: %s\n" % why, 1 if why else 0
        if tool == "llctl" and "purge" in args and "%s: type = machine" % args[-1] in text(folder + "/ll_admin"):
            return "", "llctl: the node program purges %s, which the machine list in effect has\n" % args[-1], 1
        return play(folder, tool, list(args))


def reconfigure(folder, root):
    """Has a node's daemons read the configuration again; returns why they do not, or ""."""
    if not os.path.exists(root + "/proc/76"):
        return "LoadL_master does not run"
    refused = text(folder + "/refused").strip()
    if refused and refused in text(root + "/etc/loadl/LoadL_config"):
        return refused + " is no value"
    if os.path.basename(root) == FRONT_END:
        put(folder + "/ll_admin", text(root + "/etc/loadl/LoadL_admin"))
        put(folder + "/ll_config", text(root + "/etc/loadl/LoadL_config"))
    return ""


def play(folder, tool, args):
    before = json.loads(text(folder + "/ll.json") or '{"machines": []}')
    drains = {m["name"] for m in before["machines"] if m["drain"] and (m["up"] or os.path.exists(folder + "/lasting"))}
    state = found(folder, drains)
    said = llsim.play(state, tool, args)
    for m in state["machines"]:
        if m["drain"] and m["name"] not in drains and os.path.exists(folder + "/late"):
            os.rename(folder + "/late", folder + "/" + m["name"].split(".")[0] + "/busy")
        if os.path.exists(folder + "/stuck"):
            m["drain"] = m["name"] in drains
    put(folder + "/ll.json", json.dumps(state))
    return said


def found(folder, drains):
    """Returns the simulator's state as the nodes' directories have it."""
    if not os.path.exists(folder + "/ll_admin") and os.path.exists(folder + "/%s/proc/76" % FRONT_END):
        put(folder + "/ll_admin", text(folder + "/%s/etc/loadl/LoadL_admin" % FRONT_END))
    admin = text(folder + "/ll_admin")
    machines, steps = [], json.loads(text(folder + "/queue") or "[]")
    for name in re.findall(r"(?m)^(\S+): type = machine$", admin):
        node = folder + "/" + name.split(".")[0]
        machines.append({"name": name, "up": os.path.exists(node + "/proc/76"), "drain": name in drains, "cpus": 4, "memory": 7136,
                         "scheduler": name == MANAGER, "class": "cpu"})
        if os.path.exists(node + "/busy"):
            steps.append(step(len(steps) + 1, state="R", hosts=[name], started=1764417000))
    return {"version": text(folder + "/version") or "5.1.0.4", "manager": MANAGER, "down": os.path.exists(folder + "/down"), "machines": machines,
            "steps": steps, "classes": re.findall(r"(?m)^(\S+): type = class$", admin)[1:]}


def step(number, **changes):
    """Returns a step of the simulator."""
    return dict({"id": "%s.%d.0" % (MANAGER, number), "owner": "ada", "queued": 1764416000, "started": 0, "state": "I", "class": "all_groups", "nodes": 1, "cpus": 1,
                 "memory": 256, "limit": 3600, "priority": 50, "hosts": [], "message": ""}, **changes)


def text(path):
    try:
        with open(path) as f:
            return f.read()
    except FileNotFoundError:
        return ""


def put(path, content):
    with open(path, "w") as f:
        f.write(content)


if __name__ == "__main__":
    words, complaint, code = answer(sys.argv[1], sys.argv[2:])
    sys.stdout.write(words)
    sys.stderr.write(complaint)
    sys.exit(code)
