#!/usr/bin/env python3
"""Grid Engine as a queue of vmcluster-scaler: prints a snapshot; drain, undrain and forget change a worker."""

import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml
from datetime import datetime, timezone

MEMORY = "h_vmem"  # consumable, for each slot
GPUS = "gpu"  # consumable, for each slot
GROUP = "worker_group"  # complex of type RESTRING: the worker's group
DRAINED = "@vmcluster_drained"  # host group of the workers that this program has drained


def tool(*command, fails=False):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
    if done.returncode and not fails:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return "" if done.returncode else done.stdout


def mib(amount):
    """Returns an amount such as 1.500G in MiB. K, M, G are powers of 1024, and k, m, g of 1000."""
    number, unit = re.fullmatch(r"([0-9.]+)([kKmMgGtT]?)", amount).groups()
    return int(float(number) * (1000 if unit.islower() else 1024) ** " KMGT".index(unit.upper() or " ") / 2**20)


def short(host):
    return host.split(".")[0].lower()


def count(tasks):
    """Returns the number of tasks of an array: "4-6:1", or "5,6"."""
    return sum(len(range(int(a), int(b or a) + 1, int(step or 1))) for a, b, step in re.findall(r"(\d+)(?:-(\d+):(\d+))?", tasks)) or 1


def layout(job, rules):
    """Returns the slots on one worker, the number of workers, and the number of tasks if any worker may run them."""
    pe = job.find("requested_pe")
    if pe is None:
        return 1, 0, 0
    slots, name = int(re.match(r"\d*", pe.text).group() or 1), pe.get("name")  # the fewest of a range
    if name not in rules:
        rules[name] = re.search(r"allocation_rule\s+(\S+)", tool("qconf", "-sp", name)).group(1)
    if rules[name].isdigit():
        return int(rules[name]), slots // int(rules[name]), 0
    return (slots, 0, 0) if rules[name] == "$pe_slots" else (1, 0, slots)


def why_not(job, held):
    if job.findtext("JB_job_number") in held or "E" in job.findtext("state"):
        return "is in error, is held, or waits for a time or for another job"
    if job.find("hard_request[@name='hostname']") is not None or re.search(r"@[^@]", job.findtext("hard_req_queue", "")):
        return "asks for a certain host"
    forms = {MEMORY: r"[0-9]{1,12}(\.[0-9]{1,9})?[kKmMgGtT]?", GPUS: r"[0-9]{1,9}"}  # not INFINITY, not 0x1G
    if any(not re.fullmatch(forms.get(r.get("name"), "(?s).*"), r.text or "") for r in job.iter("hard_request")):
        return "asks for an amount that is not understood"
    return ""


def jobs():
    held = {j.findtext("JB_job_number") for j in xml.fromstring(tool("qstat", "-u", "*", "-s", "h", "-xml")).iter("job_list")}
    groups, skipped, running, on_node, rules = {}, {}, set(), {}, {}
    for job in xml.fromstring(tool("qstat", "-u", "*", "-s", "prs", "-g", "t", "-r", "-xml")).iter("job_list"):
        number, tasks = job.findtext("JB_job_number"), job.findtext("tasks", "")
        if job.get("state") == "running":
            running.add((number, tasks))
            on_node.setdefault(short(job.findtext("queue_name").partition("@")[2]), set()).add((number, tasks))
            continue
        if why := why_not(job, held):
            skipped.setdefault(why, {"why": why, "count": 0, "first": number})["count"] += count(tasks)
            continue
        asked, (slots, nodes, parts) = {r.get("name"): r.text for r in job.iter("hard_request")}, layout(job, rules)
        asks = {"cpus": slots, "memory_mib": slots * mib(asked.get(MEMORY, "0")), "gpus": slots * int(asked.get(GPUS, "0"))}
        oldest = datetime.fromisoformat(job.findtext("JB_submission_time")).astimezone(timezone.utc).isoformat()
        kind = {"asks": asks, "nodes": nodes, "tasks": parts, "group": asked.get(GROUP, "")}
        group = groups.setdefault(json.dumps(kind), {**kind, "count": 0, "first": number, "oldest": oldest})
        group.update(count=group["count"] + count(tasks), oldest=min(group["oldest"], oldest))
    on_node = {host: len(names) for host, names in on_node.items()}
    return {"jobs": list(groups.values()), "skipped": list(skipped.values()), "running": len(running), "on_node": on_node}


def last_ends():
    """Returns when the last job of each host ended, by the newest part of the accounting file."""
    root, cell = os.environ.get("SGE_ROOT", "/var/lib/gridengine"), os.environ.get("SGE_CELL", "default")
    try:
        with open(os.path.join(root, cell, "common/accounting"), "rb") as f:
            f.seek(max(0, os.fstat(f.fileno()).st_size - 2**20))
            lines = [line.decode(errors="replace").split(":") for line in f]
    except OSError:
        return {}  # then the scaler counts from when it first saw the worker empty
    ends = {short(x[1]): int(x[10]) for x in lines if len(x) > 40 and x[10].isdigit() and int(x[10])}
    return {host: datetime.fromtimestamp(end, timezone.utc).isoformat() for host, end in ends.items()}


def workers():
    ends, found = last_ends(), []
    for host in xml.fromstring(tool("qhost", "-q", "-F", "-xml")).iter("host"):
        queues = [{v.get("name"): v.text or "" for v in q} for q in host.iter("queue")]
        if not queues or any("u" in q["state_string"] for q in queues):
            continue  # no execution host, or it does not answer
        name, left = short(host.get("name")), {v.get("name"): v.text for v in host.iter("resourcevalue")}
        used, slots = sum(int(q["slots_used"]) for q in queues), max(int(q["slots"]) for q in queues)
        free = {"cpus": max(0, slots - used), "memory_mib": mib(left.get(MEMORY, "0")), "gpus": int(float(left.get(GPUS, 0)))}
        total = {**free, "cpus": slots}
        if used:
            values = dict(re.findall(r"(\w+)=([^,\s\\]+)", tool("qconf", "-se", host.get("name"))))
            total.update(memory_mib=mib(values.get(MEMORY, "0")), gpus=int(values.get(GPUS, 0)))
        worker = {"name": name, "total": total, "free": free, "running": used, "state": ",".join(q["state_string"] for q in queues)}
        worker["draining"] = all("d" in q["state_string"] for q in queues)
        found.append({**worker, "ran_before": True, "idle_since": ends[name]} if name in ends else worker)
    return {"workers": found}


def change(verb, name):
    ours = name in re.split(r"[\s\\]+", drained := tool("qconf", "-shgrp", DRAINED, fails=True))
    if verb == "drain" and not ours:
        if tool("qselect", "-q", f"*@{name}") == tool("qselect", "-qs", "d", "-q", f"*@{name}", fails=True):
            return  # somebody has drained it already, and takes that back
        if not drained:
            with tempfile.NamedTemporaryFile("w") as f:
                print(f"group_name {DRAINED}\nhostlist NONE", file=f, flush=True)
                tool("qconf", "-Ahgrp", f.name)
        tool("qconf", "-aattr", "hostgroup", "hostlist", name, DRAINED)
    if verb == "drain":
        tool("qmod", "-d", f"*@{name}")
    elif verb == "undrain" and ours:
        tool("qmod", "-e", f"*@{name}")
        tool("qconf", "-dattr", "hostgroup", "hostlist", name, DRAINED)
    elif verb == "forget":
        tool("qmod", "-f", "-rq", f"*@{name}", fails=True)  # the jobs that it took with it begin again
        for group in tool("qconf", "-shgrpl", fails=True).split():
            tool("qconf", "-dattr", "hostgroup", "hostlist", name, group, fails=True)
        for queue in tool("qconf", "-sql", fails=True).split():
            tool("qconf", "-purge", "queue", "*", f"{queue}@{name}", fails=True)
        for listed, delete in (("-sel", "-de"), ("-sh", "-dh")):
            if name in tool("qconf", listed, fails=listed == "-sel").split():
                tool("qconf", delete, name)


if len(sys.argv) == 3 and sys.argv[1] in ("drain", "undrain", "forget"):
    change(*sys.argv[1:])
elif len(sys.argv) == 1:
    print(json.dumps({"version": 1, "traits": {"directory": "sge_qmaster", "match_seconds": 30}, **jobs(), **workers()}))
else:
    sys.exit("usage: gridengine.py [drain|undrain|forget NAME]")
