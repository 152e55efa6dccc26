"""What Slurm's configuration is made of: values in, texts out."""

import collections
import re

from . import MOST_CPUS, MOST_MEMORY

CONFIG, CGROUP, GRES = "/etc/slurm/slurm.conf", "/etc/slurm/cgroup.conf", "/etc/slurm/gres.conf"
STATE_FOLDER = "/var/lib/vmcluster/slurm"  # of slurmctld: what a new front-end needs to go on with the jobs
CONTROLLER_FOLDER, JOBS, JWT_KEY = STATE_FOLDER + "/controller", STATE_FOLDER + "/jobs.txt", STATE_FOLDER + "/jwt.key"
LOGS = "/var/log/slurm"
ROTATION = "/etc/logrotate.d/vmcluster-slurm"
OWN_AUTH = (23, 11)  # auth/slurm, fanout to dynamic nodes, and a reconfiguration that is as good as a restart
MOST_NODES = 65536  # that Slurm takes as MaxNodeCount
NOT_GROUPS = ("all", "default")  # words of slurm.conf in the place of a NodeSet or a partition

# The front-end: cluster and name are those of the node, version is slurmctld's, as
# (24, 11, 5), auth is "slurm" or "munge", has_cgroups reports whether the system has
# cgroups of version 2, has_jwt and has_pmix whether Slurm has these plugins.
Site = collections.namedtuple("Site", "cluster name version auth has_cgroups has_jwt has_pmix")

# The default partition has a name that no group has, because of its underscore.
TEXT = """\
# Written by vmcluster-node. Own lines belong into the cluster's batch_system.config.
ClusterName={site.cluster}
SlurmctldHost={site.name}
SlurmUser=slurm
AuthType=auth/{site.auth}
CredType=cred/{site.auth}
AuthInfo=cred_expire=30
SlurmctldParameters=enable_configless
MaxNodeCount={count}
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
ReturnToService=2
SlurmdTimeout=60
JobRequeue=1
JobCompType=jobcomp/filetxt
JobCompLoc=%s
StateSaveLocation=%s
SlurmdSpoolDir=/var/spool/slurmd
SlurmctldLogFile=%s/slurmctld.log
SlurmdLogFile=%s/slurmd.log
""" % (JOBS, CONTROLLER_FOLDER, LOGS, LOGS)
JWT = """\
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key=%s
""" % JWT_KEY
WITH_CGROUPS = """\
ProctrackType=proctrack/cgroup
TaskPlugin=task/affinity,task/cgroup
"""
WITHOUT_CGROUPS = """\
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
"""
CGROUPS = """\
IgnoreSystemdOnFailure=yes
ConstrainCores=yes
ConstrainRAMSpace=yes
"""
CONSTRAIN_GPUS = "ConstrainDevices=yes\n"  # a job sees the GPUs that it has, and no others
# slurmctld appends to the file that it has open, and writes some 400 bytes for a job.
ROTATED = """\
%s {
  size 100M
  rotate 9
  copytruncate
  compress
  missingok
}
""" % JOBS
OWN = """
# From the cluster's batch_system.config.
%s

"""
PARTITIONS = "PartitionName=all_groups Nodes=ALL Default=YES State=UP\n"


def texts(site, memory):
    """Returns the text of each file of the configuration; memory is as from remembered."""
    groups, own = with_room(memory["groups"]), memory["config"]
    text = TEXT.format(site=site, count=most_nodes(groups))
    text += JWT if site.has_jwt else ""
    text += WITH_CGROUPS if site.has_cgroups else WITHOUT_CGROUPS
    text += "TreeWidth=65533\n" if site.version < OWN_AUTH else ""
    set_by_user = {name.lower() for name in re.findall(r"(?m)^\s*(\w+)\s*=", own)}
    text += "".join("%s=%s\n" % (name, value) for name, value in defaults(site, groups).items() if name.lower() not in set_by_user)
    # Before the partitions, so that a "PartitionName=DEFAULT" holds for them.
    text += OWN % own if own else ""
    text += "".join(group_lines(name, group) for name, group in sorted(groups.items())) + PARTITIONS
    return {CONFIG: text, CGROUP: cgroups(site, groups), GRES: gres(site.cluster, groups)}


def cgroups(site, groups):
    """Returns the file that says what of a worker a job may use."""
    if not site.has_cgroups:
        return "CgroupPlugin=disabled\n" if site.version >= OWN_AUTH else ""
    return CGROUPS + (CONSTRAIN_GPUS if any(group["gpus"] for group in groups.values()) else "")


def with_room(groups):
    """Returns the groups with so many placeholders that there is room for as many workers
    and for those that are not forgotten yet: as many as a group may have workers, unless
    all together are too many."""
    room = MOST_NODES // 3
    if sum(group["most"] for group in groups.values()) > room:
        groups = {name: dict(group, most=min(group["most"], room // len(groups))) for name, group in groups.items()}
    return {name: dict(group, top=min(group["top"], MOST_NODES)) for name, group in groups.items()}


def most_nodes(groups):
    """Returns MaxNodeCount. It is so high that most clusters never outgrow it."""
    return max(4096, 1 << (3 * sum(group["most"] for group in groups.values())).bit_length())


def defaults(site, groups):
    """Returns the settings that users may set otherwise."""
    out = {"MpiDefault": "pmix" if site.has_pmix else "none", "MaxJobCount": 200000, "MaxArraySize": 100001,
           "SchedulerParameters": "batch_sched_delay=1,bf_interval=5,sched_interval=5"}
    per_cpu = [memory(group) // cpus(group) for group in groups.values() if memory(group) > 1]
    if per_cpu:  # without it a job takes all of a worker's memory
        out["DefMemPerCPU"] = max(1, min(per_cpu))
    return out


def group_lines(name, group):
    """Returns the lines of slurm.conf about a group."""
    text = ""
    if group["most"]:
        gpus = " Gres=gpu:%d" % group["gpus"] if group["gpus"] else ""
        text = "NodeName=future_%s_[1-%d] CPUs=%d RealMemory=%d Feature=%s%s State=FUTURE\n" % (
            name, group["most"], cpus(group), memory(group), name, gpus)
    if name not in NOT_GROUPS:
        text += "NodeSet=%s Feature=%s\nPartitionName=%s Nodes=%s State=%s\n" % (name, name, name, name, "DRAIN" if is_gone(group) else "UP")
    return text


def gres(cluster, groups):
    """Returns the file that says which GPUs each worker has."""
    return "".join("NodeName=%s-%s-[1-%d] Name=gpu File=/dev/nvidia[0-%d]\n" % (cluster, name, group["top"], group["gpus"] - 1)
                   for name, group in sorted(groups.items()) if group["gpus"] and group["top"])


# ---- what is remembered

def remembered(before, given, named=()):
    """Returns what the configuration is made of, as JSON: config, the own lines; groups,
    for each name most (the largest number of workers that the group ever could have),
    top (the highest number in its workers' names), gpus, flavor ([CPUs, MiB], what its
    flavor promises), cpus and memory (see learned; 0 if no worker of that flavor has
    registered), gone (only if it is no more in the cluster); members, the names in the
    roster. before is the same from earlier, or None; given is a Given; named are the
    partitions that jobs name, None if that is not known.

    Slurm ends each job that names a partition which is gone, even if the job runs in another
    one. So the partition of a group outlives it, closed, until no job names it."""
    before, groups = (before or {}).get("groups", {}), {}
    for name, group in given.groups.items():
        flavor = [group.cpus, group.memory_mib]
        old = before.get(name, {})
        size = {what: old[what] if old.get("flavor") == flavor else 0 for what in ("cpus", "memory")}
        most = max(group.most, old.get("most", 0))
        numbers = [int(member.rpartition("-")[2]) for member in group.members]
        groups[name] = dict(size, most=most, top=max(numbers + [most]), gpus=group.gpus, flavor=flavor)
    for name, old in before.items():
        if name not in groups and (named is None or name in named):
            groups[name] = dict(old, most=0, top=0, gpus=0, gone=True)
    return {"config": given.config.strip("\n"), "groups": groups, "members": sorted(name for group in given.groups.values() for name in group.members)}


def is_gone(group):
    """Reports whether a group is remembered for the sake of jobs alone."""
    return group.get("gone", False)


def without_gone(remembers, named):
    """Returns what is remembered without the gone groups that no job names; named is as in
    remembered."""
    groups = {name: group for name, group in remembers["groups"].items() if not is_gone(group) or named is None or name in named}
    return dict(remembers, groups=groups)


def learned(remembers, workers):
    """Returns what is remembered, with the least CPUs and MiB that any registered worker
    of a group has. workers are fields as scontrol shows them, each with its Group."""
    groups = {name: dict(group) for name, group in remembers["groups"].items()}
    seen = {}
    for worker in workers:
        amounts = [worker.get("CPUTot", ""), worker.get("RealMemory", "")]
        if worker["Group"] in groups and all(re.fullmatch("[1-9][0-9]{0,9}", amount) for amount in amounts):
            size = [int(amount) for amount in amounts]
            if all(map(is_likely, size, groups[worker["Group"]]["flavor"], (MOST_CPUS, MOST_MEMORY))):
                seen.setdefault(worker["Group"], []).append(size)
    for name, sizes in seen.items():
        groups[name].update(cpus=min(c for c, _ in sizes), memory=min(m for _, m in sizes))
    return dict(remembers, groups=groups)


def is_likely(amount, promised, most):
    """Reports whether a worker can have an amount of what its flavor promises, 0 if that is
    not known. By a worker's word alone no job of its group would find a placeholder, and
    every job would get so much memory as that word says."""
    return promised / 2 <= amount <= (promised or most)


def cpus(group):
    """Returns the CPUs of a group's placeholders."""
    return group["cpus"] or group["flavor"][0] or 1


def memory(group):
    """Returns the MiB of a group's placeholders: the kernel keeps some of what a flavor promises."""
    return group["memory"] or max(1, group["flavor"][1] * 9 // 10 - 64)
