"""A simulated LoadLeveler: llq, llstatus, llctl and llclass over one state on disk.

The forms are those of versions 3 and 5, as IBM's manuals and recorded output show them:
llstatus and llclass as a cluster with LoadLeveler 3.5 on Linux printed them, llq and the long
lists as one with version 5 on AIX did, and for version 3 the long list of a parallel job on
AIX 5.3. What no source shows is not played: such a call fails with words that say so.

The state is JSON:
  version   "3.5.1.6" or "5.1.0.4"
  manager   the central manager's full name
  down      true if the central manager does not answer
  classes   names
  machines  of the machine list: name (full), up, drain, cpus, memory (MiB), class (its group's)
  steps     id (HOST.JOB.STEP), owner, queued and started (seconds since the epoch), state (as in
            the column ST), class, nodes, cpus and memory (of each node, MiB), limit (seconds),
            priority, hosts (full names), message, geometry (true: a Node block for each node)
"""

import fcntl
import json
import os
import sys
import time

STATES = {"I": "Idle", "R": "Running", "H": "User Hold", "S": "System Hold", "HS": "User and System Hold", "D": "Deferred", "NQ": "Not Queued",
          "NR": "Not Run", "P": "Pending", "ST": "Starting", "C": "Completed", "CA": "Canceled", "RM": "Removed", "RP": "Remove Pending",
          "E": "Preempted", "EP": "Preempt Pending", "MP": "Resume Pending", "CK": "Checkpointing", "CP": "Complete Pending", "X": "Rejected",
          "XP": "Reject Pending", "V": "Vacated", "VP": "Vacate Pending", "TX": "Terminated", "SX": "Submission Error"}
COUNTS = {"waiting": ("I", "D", "NQ"), "pending": ("P", "ST"), "running": ("R", "CP", "RP", "VP", "XP", "CK"), "held": ("H", "S", "HS"),
          "preempted": ("E", "EP", "MP")}
OCCUPIES = ("P", "ST", "R", "CK", "CP", "RP", "XP", "VP", "E", "EP", "MP")
NOTHING = "llq: There is currently no job status to report.\n"


class NotPlayed(Exception):
    """A call that no source shows."""


class Refused(Exception):
    """What LoadLeveler says in place of carrying an order out."""


def is_new(state):
    """Reports whether the state is of a version after 3."""
    return int(state["version"].split(".")[0]) >= 4


def short(name):
    """Returns a host name without its domain."""
    return name.split(".")[0]


# ---- llq

def llq(state, args):
    options, rest = options_of(args, {"-l": 0, "-x": 0, "-u": "+", "-c": "+", "-h": "+", "-j": "+", "-r": "%", "-f": "%"})
    steps = [s for s in state["steps"] if is_asked_for(s, options, rest)]
    if "-l" not in options and "-f" not in options and "-r" not in options:
        return short_list(state, steps, bool(options or rest))
    if not steps:
        return NOTHING
    if "-r" in options:
        return "".join("!".join(field(s, code) for code in options["-r"]) + "\n" for s in steps)
    if "-f" in options:
        raise NotPlayed("llq -f")
    query = bool(rest or len(options) > 1)
    return "".join(long_step(state, s) for s in steps) + "\n" + totals(steps, query)


def is_asked_for(step, options, ids):
    """Reports whether the options and the list of jobs select a step."""
    def selects(option, *values):
        return option not in options or bool(set(values) & set(options[option]))
    name = step["id"].rpartition(".")[0]
    wanted = ids + options.get("-j", [])
    return (selects("-u", step["owner"]) and selects("-c", step["class"]) and selects("-h", *step["hosts"], *map(short, step["hosts"]))
            and (not wanted or step["id"] in wanted or name in wanted))


def short_list(state, steps, filtered):
    if not steps:
        return NOTHING
    on = "Running On" if is_new(state) else "Running on"
    out = "%-24s %-10s %-11s %-2s %-3s %-12s %s\n" % ("Id", "Owner", "Submitted", "ST", "PRI", "Class", on)
    out += " ".join("-" * width for width in (24, 10, 11, 2, 3, 12, 11)) + "\n"
    for s in steps:
        t = time.localtime(s["queued"])
        submitted = "%2d/%-2d %02d:%02d" % (t.tm_mon, t.tm_mday, t.tm_hour, t.tm_min)
        host = short(s["hosts"][0]) if s["hosts"] else ""
        out += "%-24s %-10s %-11s %-2s %-3d %-12s %s\n" % (s["id"], s["owner"], submitted, s["state"], s["priority"], s["class"], host)
    return out + "\n" + totals(steps, filtered)


def totals(steps, filtered):
    counts = ", ".join("%d %s" % (sum(s["state"] in states for s in steps), what) for what, states in COUNTS.items())
    return "%d job step(s) in %s, %s\n" % (len(steps), "query" if filtered else "queue", counts)


def field(step, code):
    """Returns what -r prints for a code."""
    def day(at):
        return time.strftime("%m/%d/%Y %H:%M", time.localtime(at)) if at else ""
    fields = {
        "%id": step["id"], "%o": step["owner"], "%st": step["state"], "%c": step["class"], "%p": str(step["priority"]), "%dq": day(step["queued"]),
        "%dd": day(step["started"]), "%h": step["hosts"][0] if step["hosts"] else "", "%jt": "Serial" if is_serial(step) else "Parallel", "%cc": "",
        "%nh": str(len(step["hosts"])), "%jn": step["id"].rpartition(".")[0],
    }
    if code not in fields:
        raise NotPlayed("llq -r " + code)
    return fields[code]


def is_serial(step):
    return step["nodes"] == 1 and not step.get("geometry")


def long_step(state, step):
    """Returns a step as llq -l prints it."""
    bars = "=====" if is_new(state) else "==============="
    host, job, number = step["id"].rsplit(".", 2)
    wait, limit = date(state, step["queued"]), duration(step["limit"])
    consumes = "ConsumableCpus(%d) ConsumableMemory(%d.000 mb) " % (step["cpus"], step["memory"]) if step["cpus"] else ""
    labels = [("Job Step Id", step["id"]), ("Job Name", "%s.%s" % (host, job)), ("Step Name", number), ("Structure Version", "10"), ("Owner", step["owner"]),
              ("Queue Date", wait), ("Status", STATES[step["state"]])]
    if is_new(state):
        labels += [("Reservation ID", ""), ("Requested Res. ID", ""), ("Recurring", "False"), ("Scheduling Cluster", ""), ("Eligibility Time", wait)]
    labels += [("Dispatch Time", date(state, step["started"])), ("Completion Date", ""), ("Completion Code", ""), ("User Priority", step["priority"]),
               ("user_sysprio", 0), ("class_sysprio", 0), ("group_sysprio", 0), ("System Priority", step["priority"] * 1000), ("Notifications", "Never"),
               ("Restart", "yes"), ("Preemptable", "yes"), ("Hold Job Until", ""), ("User Hold Time", "00:00:00 (0 seconds)")]
    if is_serial(step):
        labels += [("Cmd", "/home/%s/job.cmd" % step["owner"]), ("Args", "")]
    labels += [("Env", ""), ("In", "/dev/null"), ("Out", "/dev/null"), ("Err", "/dev/null"), ("Initial Working Dir", "/home/" + step["owner"]), ("Dependency", "")]
    if step.get("geometry"):
        labels += [("Task_geometry", "{%s}" % "".join("(%d)" % n for n in range(step["nodes"])))]
    labels += [("Resources", consumes)]
    if is_new(state):
        labels += [("Node Resources", ""), ("Step Resources", "")]
    if is_serial(step):
        labels += [("Requirements", ""), ("Preferences", ""), ("Step Type", "Serial"), ("Min Processors", ""), ("Max Processors", ""),
                   ("Allocated Host", step["hosts"][0] if step["hosts"] else "")]
    else:
        labels += [("Step Type", "General Parallel")]
    labels += [("Node Usage", "shared"), ("Submitting Host", host), ("Schedd Host", host), ("Notify User", "%s@%s" % (step["owner"], host)),
               ("Shell", "/bin/bash"), ("LoadLeveler Group", "No_Group"), ("Class", step["class"]), ("Cpu Hard Limit", "undefined"),
               ("Cpu Soft Limit", "undefined"), ("Wall Clk Hard Limit", limit), ("Wall Clk Soft Limit", limit), ("Comment", ""), ("Account", ""),
               ("Unix Group", "users"), ("Negotiator Messages", step["message"])]
    if is_new(state):
        labels += [("Bulk Transfer", "No"), ("Adapter Requirement", ""), ("Step Cpus", 0), ("Step Virtual Memory", "0.000 mb"),
                   ("Step Real Memory", "0.000 mb"), ("Network Usages", ""), ("Monitor Program", "")]
    out = "%s Job Step %s %s\n" % (bars, step["id"], bars) + "".join("%19s: %s\n" % label for label in labels)
    return out if is_serial(step) else out + "-" * 80 + "\n" + node_blocks(step)


def node_blocks(step):
    """Returns the Node blocks of a parallel step: one for each node where the step has a
    geometry, and otherwise one for all."""
    blocks = [(1, step["hosts"][n:n + 1]) for n in range(step["nodes"])] if step.get("geometry") else [(step["nodes"], step["hosts"])]
    out = ""
    for n, (minimum, hosts) in enumerate(blocks):
        allocated = "\n                   + ".join(h + "::" for h in hosts)
        out += "Node\n----\n\n"
        for label, value in (("Name", ""), ("Requirements", ""), ("Preferences", ""), ("Node minimum", minimum), ("Node maximum", minimum), ("Node actual", len(hosts))):
            out += "   %-16s: %s\n" % (label, value)
        out += "   Allocated Hosts : %s\n\n" % allocated
        if n == 0:
            out += "   Master Task\n   -----------\n\n      Executable   : /home/%s/job.cmd\n      Exec Args    : \n      Num Task Inst: %d\n      Task Instance: \n\n" % (
                step["owner"], len(hosts) > 0)
        out += "   Task\n   ----\n\n      Num Task Inst: %d\n      Task Instance: \n" % len(hosts)
    return out


def date(state, at):
    """Returns a time as the long list prints it: version 3 with the zone."""
    return time.strftime("%a %b %e %H:%M:%S %Y" if is_new(state) else "%a %b %e %H:%M:%S %Z %Y", time.localtime(at)) if at else ""


def duration(seconds):
    """Returns a limit as the long lists print it."""
    days, rest = divmod(seconds, 86400)
    clock = "%02d:%02d:%02d" % (rest // 3600, rest // 60 % 60, rest % 60)
    return "%s (%d seconds)" % ("%d+%s" % (days, clock) if days else clock, seconds)


# ---- llstatus

def llstatus(state, args):
    options, rest = options_of(args, {"-v": 0, "-l": 0, "-R": 0, "-r": "%", "-f": "%"})
    machines = [m for m in state["machines"] if not rest or m["name"] in rest or short(m["name"]) in rest]
    if "-v" in options:
        return "llstatus %s rsat1s004a 2012/06/01 Linux 2.6 110\n" % state["version"]
    if "-r" in options:
        return "".join("!".join(machine_field(state, m, code) for code in options["-r"]) + "\n" for m in machines)
    if "-R" in options:
        return consumables(state, machines)
    if "-l" in options:
        return "".join(long_machine(state, m) for m in machines)
    if "-f" in options:
        raise NotPlayed("llstatus -f")
    return status_list(state, machines)


def steps_on(state, machine):
    return [s for s in state["steps"] if s["state"] in OCCUPIES and machine["name"] in s["hosts"]]


def startd(state, machine):
    """Returns the state of a machine's startd."""
    jobs = len(steps_on(state, machine))
    if machine.get("scheduler"):
        return "None"
    if not machine["up"]:
        return "Down"
    if machine["drain"]:
        return "Draining" if jobs else "Drained"
    cpus = sum(s["cpus"] for s in steps_on(state, machine))
    return "Idle" if not jobs else "Busy" if cpus >= machine["cpus"] else "Running"


def machine_field(state, machine, code):
    """Returns what -r prints for a code."""
    scheduler, jobs = machine.get("scheduler"), len(steps_on(state, machine))
    fields = {
        "%n": machine["name"], "%sts": startd(state, machine), "%sta": "1" if machine["up"] and not scheduler else "0", "%r": str(jobs),
        "%scs": "Avail" if scheduler else "None", "%sca": "1" if scheduler else "0", "%inq": str(len(state["steps"]) if scheduler else 0), "%act": "0",
        "%cpu": str(machine["cpus"]), "%m": str(machine["memory"]), "%mt": str(machine["cpus"]), "%l": "0.00", "%i": "9999", "%a": "x86_64", "%o": "Linux2",
    }
    if code not in fields:
        raise NotPlayed("llstatus -r " + code)
    return fields[code]


def left(state, machine):
    """Returns the CPUs and MiB that jobs do not use."""
    used = steps_on(state, machine)
    return machine["cpus"] - sum(s["cpus"] for s in used), machine["memory"] - sum(s["memory"] for s in used)


def consumables(state, machines):
    """Returns a line for each machine; # marks one whose startd does not run."""
    out = ""
    for m in machines:
        cpus, memory = left(state, m)
        amounts = "ConsumableCpus(%d,%d)* ConsumableMemory(%d.000 mb,%d.000 mb)*" % (cpus, m["cpus"], memory, m["memory"])
        runs = m["up"] and not m.get("scheduler")
        out += ("%-30s %s" % (m["name"] + ("" if runs else "#"), "" if m.get("scheduler") else amounts)).rstrip() + "\n"
    return out


def long_machine(state, machine):
    classes = " ".join("%s(%d)" % (c, machine["cpus"]) for c in state["classes"] if c in (state["classes"][0], machine.get("class")))
    cpus, memory = left(state, machine)
    lines = [("Name", machine["name"]), ("Machine", machine["name"]), ("Arch", "x86_64"), ("OpSys", "Linux2"), ("Startd", startd(state, machine)),
             ("Running", len(steps_on(state, machine))), ("Max_Starters", machine["cpus"]), ("ConfiguredClasses", classes), ("AvailableClasses", classes),
             ("Feature", machine.get("class", "")), ("Cpus", machine["cpus"]), ("Total Memory", "%d mb" % machine["memory"]),
             ("ConsumableResources", "ConsumableCpus(%d,%d) ConsumableMemory(%d.000 mb,%d.000 mb)" % (cpus, machine["cpus"], memory, machine["memory"]))]
    return "".join("%-20s = %s\n" % line for line in lines) + "\n"


def status_list(state, machines):
    out = "%-25s %-7s %4s %4s %-7s %4s %5s %4s %-9s %s\n" % ("Name", "Schedd", "InQ", "Act", "Startd", "Run", "LdAvg", "Idle", "Arch", "OpSys")
    for m in machines:
        short_state = {"Draining": "Drnng", "Drained": "Drned"}.get(startd(state, m), startd(state, m))
        scheduler = m.get("scheduler")
        out += "%-25s %-7s %4d %4d %-7s %4d %5s %4d %-9s %s\n" % (
            m["name"], "Avail" if scheduler else "None", len(state["steps"]) if scheduler else 0, 0, short_state, len(steps_on(state, m)), "0.00", 9999,
            "x86_64", "Linux2")
    jobs = sum(s["state"] in OCCUPIES for s in state["steps"])
    tasks = sum(len(s["hosts"]) for s in state["steps"] if s["state"] in OCCUPIES)
    absent = [m["name"] for m in machines if not m["up"]]
    out += "\n%-19s %6d machines %6d  jobs %6d  running tasks\n" % ("x86_64/Linux2", len(machines), jobs, tasks)
    out += "%-19s %6d machines %6d  jobs %6d  running tasks\n\n" % ("Total Machines", len(machines), jobs, tasks)
    out += "The Central Manager is defined on %s\n\nThe BACKFILL scheduler is in use\n\n" % state["manager"]
    if absent:
        return out + "The following machines are absent\n\n" + "".join("        %s\n" % name for name in absent)
    return out + "All machines on the machine_list are present.\n"


# ---- llclass

def llclass(state, args):
    options, names = options_of(args, {"-l": 0})
    classes = [c for c in state["classes"] if not names or c in names]
    if "-l" in options:
        return "".join(long_class(state, c) for c in classes)
    out = "%-15s %11s %11s %5s %5s %s\n" % ("Name", "MaxJobCPU", "MaxProcCPU", "Free", "Max", "Description")
    out += "%-15s %11s %11s %5s %5s %s\n" % ("", "d+hh:mm:ss", "d+hh:mm:ss", "Slots", "Slots", "")
    out += "%s %s %s %s %s %s\n" % tuple("-" * width for width in (15, 11, 11, 5, 5, 21))
    for c in classes:
        free, most = slots(state, c)
        out += "%-15s %11s %11s %5d %5d %s\n" % (c, "undefined", "undefined", free, most, "")
    return out + "-" * 80 + '\n"Free Slots" values of the classes are constrained by the MAX_STARTERS limit(s).\n'


def slots(state, name):
    """Returns the free and all slots of a class."""
    machines = [m for m in state["machines"] if m["up"] and not m.get("scheduler") and name in (state["classes"][0], m.get("class"))]
    return sum(left(state, m)[0] for m in machines if not m["drain"]), sum(m["cpus"] for m in machines)


def long_class(state, name):
    free, most = slots(state, name)
    default = "Default_wall_clock_limit" if is_new(state) else "Def_wall_clock_limit"
    labels = [("Name", name), ("Priority", 0), ("Exclude_Users", ""), ("Include_Users", ""), ("Exclude_Groups", ""), ("Include_Groups", ""), ("Admin", ""),
              ("Max_node", -1), ("Maxjobs", -1), ("Resource_requirement", "ConsumableCpus(1) "), ("Max Resources", ""), ("Class_comment", ""),
              ("Wall_clock_limit", "undefined, undefined"), (default, "undefined, undefined"), ("Job_cpu_limit", "undefined, undefined"), ("Nice", 0),
              ("Free_slots", free), ("Maximum_slots", most), ("Max_total_tasks", -1), ("Preempt_class", ""), ("Start_class", "")]
    return "=============== Class %s ===============\n" % name + "".join("%24s: %s\n" % label for label in labels)


# ---- llctl

def llctl(state, args):
    """Carries an order out; it changes the state."""
    words, host = list(args), ""
    while words and words[0].startswith("-"):
        flag = words.pop(0)
        if flag == "-h":
            host = words.pop(0)
        elif flag not in ("-g", "-q"):
            raise NotPlayed("llctl " + flag)
    order = " ".join(words)
    machine = next((m for m in state["machines"] if host in (m["name"], short(m["name"]))), None)
    if order in ("drain startd", "resume startd"):
        if machine is None or not machine["up"]:
            raise Refused("llctl: 2539-463 Cannot connect to %s \"LoadL_master\" on port 9616. errno = 111" % host)
        machine["drain"] = order == "drain startd"
    elif order != "reconfig" and words[:1] != ["purge"]:
        raise NotPlayed("llctl " + order)
    return "llctl: Sent %s command to host %s\n" % (words[0], host or state["manager"])


# ---- the programs

TOOLS = {"llq": llq, "llstatus": llstatus, "llctl": llctl, "llclass": llclass}


def options_of(args, known):
    """Returns the options, each with the words that follow it, and the other words. An
    option of kind "+" takes all words up to the next option, "%" those that begin so."""
    options, rest, words = {}, [], list(args)
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            rest.append(word)
        elif word not in known:
            raise NotPlayed(word)
        else:
            options[word] = []
            while words and known[word] and not words[0].startswith("-") and (known[word] == "+" or words[0].startswith("%")):
                options[word].append(words.pop(0))
    return options, rest


def play(state, tool, args):
    """Returns what a tool prints, and its error and exit status."""
    if state.get("down") and args[:1] != ["-v"]:
        return "", "%s: 2539-463 Cannot connect to %s \"LoadL_negotiator\" on port 9614. errno = 111\n" % (tool, state["manager"]), 1
    try:
        return TOOLS[tool](state, args), "", 0
    except NotPlayed as error:
        return "", "%s: %s is not played\n" % (tool, error), 1
    except Refused as error:
        return "", "%s\n" % error, 1


def main(argv):
    """Plays a tool: argv has the state's path, the tool's name and its arguments."""
    path, tool, args = argv[0], os.path.basename(argv[1]), argv[2:]
    with open(path, "r+", encoding="utf-8") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        state = json.load(f)
        out, error, status = play(state, tool, args)
        if tool == "llctl":
            f.seek(0)
            f.truncate()
            json.dump(state, f)
    sys.stdout.write(out)
    sys.stderr.write(error)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
