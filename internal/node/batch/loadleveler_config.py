"""What LoadLeveler's configuration is made of: values in, texts out.

Keywords and their forms are those of IBM's "Using and Administering" of LoadLeveler 2.2 to
3.5. Version 5 has lists of managers in place of keywords of a machine, and its daemons in two
folders, as xCAT's pages about LoadLeveler 5 show them.
"""

import collections
import re

MASTER = "/etc/LoadL.cfg"  # has the path of CONFIG
CONFIG, ADMIN = "/etc/loadl/LoadL_config", "/etc/loadl/LoadL_admin"
STATE_FOLDER = "/var/lib/vmcluster/loadleveler"  # what a new front-end needs to go on with the jobs
LOGS = "/var/log/loadl"
ACCOUNT = "loadl"
EVERY_GROUP = "all_groups"  # the default class; no group has that name, because of its underscore
NEWER = 4  # the first version with lists of managers

# A node: manager is the front-end's full name, version is LoadLeveler's first number, bin the
# folder of its daemons, negotiator the path of one that lies elsewhere, or "". group is the
# worker's group, "" on the front-end, and cpus how many the worker has.
Site = collections.namedtuple("Site", "manager version bin negotiator group cpus")

# A machine of the machine list: its full name, and what jobs may take of it, or "".
Machine = collections.namedtuple("Machine", "name resources")

MASTER_TEXT = """\
LoadLUserid = %s
LoadLGroupid = %s
LoadLConfig = %s
""" % (ACCOUNT, ACCOUNT, CONFIG)

TEXT = """\
# Written by vmcluster-node. Own lines belong into the cluster's batch_system.config.
LOADL_ADMIN = {account} root
ADMIN_FILE = {admin}
MACHINE_AUTHENTICATE = True
BIN = {site.bin}
LOG = {logs}
SPOOL = {state}/spool
EXECUTE = {state}/execute
SCHEDD_RUNS_HERE = {front_end}
STARTD_RUNS_HERE = {worker}
SCHEDULE_BY_RESOURCES = ConsumableCpus ConsumableMemory{gpus}
POLLING_FREQUENCY = 5
POLLS_PER_UPDATE = 4
MACHINE_UPDATE_INTERVAL = 60
START : T
SUSPEND : F
CONTINUE : T
VACATE : F
KILL : F
"""
MANAGERS = """\
CENTRAL_MANAGER_LIST = {site.manager}
RESOURCE_MGR_LIST = {site.manager}
SCHEDD_LIST = {site.manager}
"""
WORKER = """\
MAX_STARTERS = {site.cpus}
CLASS = %s({site.cpus}) {site.group}({site.cpus})
FEATURE = {{ "{site.group}" }}
""" % EVERY_GROUP
OWN = """\
# From the cluster's batch_system.config.
%s
"""
DEFAULTS = {"SCHEDULER_TYPE": "BACKFILL", "NEGOTIATOR_INTERVAL": "10"}  # users may set these otherwise

ADMIN_TEXT = """\
# Written by vmcluster-node.
default: type = user
    default_class = %s
default: type = class
    default_resources = ConsumableCpus(1)
""" % EVERY_GROUP


def texts(site, machines, groups, own):
    """Returns the text of each file of the configuration. machines are the machine list
    without the front-end, groups names, and own the user's own lines."""
    text = TEXT.format(site=site, account=ACCOUNT, admin=ADMIN, logs=LOGS, state=STATE_FOLDER, front_end=not site.group, worker=bool(site.group),
                       gpus=" gpus" if any("gpus(" in machine.resources for machine in machines) else "")
    text += "NEGOTIATOR = %s\n" % site.negotiator if site.negotiator else ""
    text += MANAGERS.format(site=site) if site.version >= NEWER else ""
    text += WORKER.format(site=site) if site.group else ""
    set_by_user = {name.upper() for name in re.findall(r"(?m)^\s*(\w+)\s*=", own)}
    text += "".join("%s = %s\n" % default for default in DEFAULTS.items() if default[0] not in set_by_user)
    text += OWN % own.strip("\n") if own else ""
    return {MASTER: MASTER_TEXT, CONFIG: text, ADMIN: admin(site, machines, groups)}


def admin(site, machines, groups):
    """Returns the text of the administration file: the classes, and the machine list."""
    text = ADMIN_TEXT + "".join("%s: type = class\n" % name for name in [EVERY_GROUP] + sorted(groups))
    text += "%s: type = machine\n" % site.manager
    if site.version < NEWER:
        text += "    central_manager = true\n    schedd_host = true\n"
    for machine in machines:
        text += "%s: type = machine\n" % machine.name
        text += "    resources = %s\n" % machine.resources if machine.resources else ""
    return text


def without(text, name):
    """Returns an administration file without a machine; name is the full one."""
    return re.sub(r"(?m)^%s: type = machine\n(?:[ \t].*\n)*" % re.escape(name), "", text)


def resources(group):
    """Returns what jobs may take of a worker; group is a batch.Group, or None. The kernel
    keeps some of the memory that a flavor promises."""
    if not group:
        return ""
    cpus = group.cpus or "all"
    memory = "%d mb" % max(1, group.memory_mib * 9 // 10 - 64) if group.memory_mib else "all"
    return "ConsumableCpus(%s) ConsumableMemory(%s)" % (cpus, memory) + (" gpus(%d)" % group.gpus if group.gpus else "")
