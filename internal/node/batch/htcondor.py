"""HTCondor.

The front-end is central manager and access point, a worker has one partitionable
slot. Each worker has an IDTOKEN of its own, whose identity begins worker.NAME and
which is good for advertising that worker alone: the collector refuses another
machine's name under it. The front-end keeps the token beside the worker's name, and
refuses its identity for ever when the worker is gone.
"""

import base64
import json
import os
import re
import time

from . import BatchSystem
from ..files import at, exists, read, write
from ..system import Failure, disable, enable, has_unit, is_here, run, running, say, works

SERVICE = "condor.service"
CONFIG = "/etc/condor/config.d/90-vmcluster.conf"
POOL_KEY = "/etc/condor/passwords.d/POOL"
TOKEN = "/etc/condor/tokens.d/vmcluster"
REVOKED = "/etc/condor/config.d/91-vmcluster-revoked.conf"
TOKEN_FORM = re.compile(r"[-\w+/=]+\.[-\w+/=]+\.[-\w+/=]+", re.ASCII)

COMMON = """\
# Written by vmcluster-node; put your own settings into a file that sorts later.
CONDOR_HOST = {manager}
UID_DOMAIN = {domain}
TRUST_DOMAIN = {domain}
DEFAULT_DOMAIN_NAME = {domain}
NETWORK_HOSTNAME = {full}
FILESYSTEM_DOMAIN = $(FULL_HOSTNAME)
use security:recommended_v9_0
UPDATE_INTERVAL = 30
MASTER_UPDATE_INTERVAL = 30
CLASSAD_LIFETIME = 180
"""
FRONT_END = """\
DAEMON_LIST = MASTER COLLECTOR NEGOTIATOR SCHEDD
NEGOTIATOR_INTERVAL = 10
NEGOTIATOR_CYCLE_DELAY = 5
NEGOTIATOR_MIN_INTERVAL = 1
SCHEDD_INTERVAL = 15
# Their own ads would otherwise live for 180 s of the 900 and 300 between two updates.
COLLECTOR_UPDATE_INTERVAL = 30
NEGOTIATOR_UPDATE_INTERVAL = 30
# A worker speaks for itself alone. Its ads are judged in their own scope, where
# unparse() demands plain text: an expression could have another value later.
ALLOW_ADVERTISE_STARTD = $(ALLOW_DAEMON) worker.*@{domain}
ALLOW_ADVERTISE_MASTER = $(ALLOW_DAEMON) worker.*@{domain}
COLLECTOR_REQUIREMENTS = !regexp("^worker[.]", AuthenticatedIdentity ?: "") || countMatches( \\
  unparse(Machine) == strcat("\\"", split(AuthenticatedIdentity, ".")[1], ".{domain}\\"") && \\
  regexp("^\\"([A-Za-z0-9_]+@)?[-A-Za-z0-9.]+\\"$", unparse(Name)) && splitSlotName(Name)[1] == Machine && \\
  member(unparse(VmclusterName), {{"", strcat("\\"", split(AuthenticatedIdentity, ".")[1], "\\"")}}), {{TARGET}}) == 1
# Where a job runs is the schedd's to say, not its user's.
PROTECTED_JOB_ATTRS = $(PROTECTED_JOB_ATTRS) RemoteHost
SUBMIT_REQUIREMENT_NAMES = $(SUBMIT_REQUIREMENT_NAMES) RemoteHost
SUBMIT_REQUIREMENT_RemoteHost = isUndefined(RemoteHost)
SUBMIT_REQUIREMENT_RemoteHost_REASON = "the schedd alone sets RemoteHost"
"""
WORKER = """\
DAEMON_LIST = MASTER STARTD
NUM_SLOTS = 1
NUM_SLOTS_TYPE_1 = 1
SLOT_TYPE_1 = 100%
SLOT_TYPE_1_PARTITIONABLE = True
START = True
SUSPEND = False
PREEMPT = False
KILL = False
RUNBENCHMARKS = False
# A worker that is told to leave lets its jobs finish, for up to 30 days.
MAXJOBRETIREMENTTIME = 86400 * 30
VmclusterName = "{name}"
VmclusterGroup = "{group}"
NovaInstanceUUID = "{server_id}"
STARTD_ATTRS = $(STARTD_ATTRS) VmclusterName VmclusterGroup NovaInstanceUUID
MASTER_ATTRS = $(MASTER_ATTRS) VmclusterName NovaInstanceUUID
"""
STATE = """\
# On the state volume: a new front-end finds jobs, priorities and keys there.
SPOOL = {kept}/spool
SEC_PASSWORD_DIRECTORY = {kept}/passwords.d
SEC_TOKEN_POOL_SIGNING_KEY_FILE = {kept}/passwords.d/POOL
include ifexist : {kept}/revoked.conf
"""
REVOCATION = """\
VMCLUSTER_GONE = %s
SEC_TOKEN_REVOCATION_EXPR = stringListMember(sub, "$(VMCLUSTER_GONE)")
DENY_ADVERTISE_STARTD = $(VMCLUSTER_GONE)
DENY_ADVERTISE_MASTER = $(VMCLUSTER_GONE)
"""


OWN = """\
# From the cluster's batch_system.config.
%s
"""


class HTCondor(BatchSystem):
    """HTCondor on one node; see BatchSystem."""

    SERVICES = (SERVICE,)
    HAS_CREDENTIALS = True

    def check(self, secret, credential):
        if secret or credential and not TOKEN_FORM.fullmatch(credential):
            raise Failure("the bundle's token is not well-formed")

    def installed(self):
        return has_unit(SERVICE)

    def hold(self):
        if not read(CONFIG) and self.installed():
            disable(SERVICE)

    def configure(self, given):
        if not self.installed():
            raise Failure("HTCondor is not installed on %s (no %s in its image)" % (self.node.name, SERVICE))
        fresh, text = not read(CONFIG), self.configuration(given)
        changed = not self.is_in_effect(text, given.credential)
        if changed:
            self.changes()
        if self.node.is_front_end:
            key, kept = POOL_KEY, self.kept()
            if kept:
                from .. import state
                state.owned(kept + "/spool", "condor")
                key = kept + "/passwords.d/POOL"
            if not exists(key):
                write_secret(key, base64.b64encode(os.urandom(48)).decode())
        else:  # a front-end that was made anew signs with another key
            write_secret(TOKEN, given.credential.strip() + "\n")
        write(CONFIG, text, 0o644)
        if self.node.retired() or self.node.applied() and not changed and running("condor_master"):
            return
        run("systemctl", "restart" if fresh else "start", SERVICE, timeout=120)
        enable(SERVICE)
        if changed and not fresh:
            run("condor_reconfig")
        self.took_effect(text, given.credential)

    def configuration(self, given):
        """Returns the configuration file's text."""
        node = self.node
        text = COMMON + (FRONT_END if node.is_front_end else WORKER)
        if given.address and is_here(given.address):  # of several networks, the cluster's
            text += "NETWORK_INTERFACE = %s\n" % given.address
        if given.gpus:
            text += "use feature:GPUs\n"
        if node.state_volume:
            text += STATE
        text = text.format(manager=given.manager, domain=node.domain, full=node.full(node.name), name=node.name,
                           group=node.group, server_id=node.server_id, kept=self.kept())
        return text + OWN % given.config if given.config else text

    def kept(self):
        """Returns the folder on the state volume, "" if there is none."""
        folder = self.node.state_folder()
        return folder and folder + "/condor"

    # ---- a worker

    def close(self):
        for _ in range(10):  # a startd that was idle ends within a second
            if not running("condor_startd") and not running("condor_starter"):
                break
            time.sleep(0.5)
        else:
            return False
        if self.installed():
            disable(SERVICE)
        return True

    def reopen(self):
        enable(SERVICE)
        # A master whose startd has ended by a drain does not start it again.
        run("systemctl", "start" if running("condor_startd") else "restart", SERVICE, timeout=120)

    # ---- the front-end

    def credential(self, name):
        """The next worker of the name gets another identity: this one is refused for
        ever once its worker is gone, and with it the tokens that its holder has fetched."""
        identity = "worker.%s.%s@%s" % (name, os.urandom(4).hex(), self.node.domain)
        return run("condor_token_create", "-identity", identity, "-key", "POOL",
                   "-authz", "ADVERTISE_STARTD", "-authz", "ADVERTISE_MASTER").strip()

    def revoke(self, credentials):
        """A token does not expire, so the file keeps the identities of all that were ever
        revoked. The lists of those that may not advertise end sessions that go on."""
        kept = self.kept()
        path = kept + "/revoked.conf" if kept else REVOKED
        gone = set(re.findall(r"worker[.][\w.@-]+", read(path)))
        for token in credentials:
            try:
                body = token.split(".")[1]
                gone.add(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["sub"])
            except (IndexError, ValueError, KeyError, TypeError):
                say("a token without an identity is not revoked")
        write(path, REVOCATION % ", ".join(sorted(gone)))
        run("condor_reconfig")

    def drain(self, name, reason, only_idle):
        """The startd ends when it has no job. With only_idle it checks that in the
        same step as it closes, so that no job can come in between."""
        check = ["-check", 'State=="Unclaimed" && Activity=="Idle"'] if only_idle else []
        try:
            run("condor_drain", *check, "-exit-on-completion", "-reason", reason, self.node.full(name), timeout=30)
        except Failure as error:
            if "10003" in str(error):  # the check failed
                return False
            # 10001 is "draining already". Any other error may mean that the startd
            # has ended, which close() finds out on the worker.
        return True

    def undrain(self, name, reason):
        works("condor_drain", "-cancel", self.node.full(name), timeout=30)

    def forget(self, name, reason):
        """Jobs would go on matching the ads that the collector has of the worker."""
        for command, kind in (("INVALIDATE_STARTD_ADS", "Machine"), ("INVALIDATE_STARTD_ADS", "StartD"),
                              ("INVALIDATE_MASTER_ADS", "DaemonMaster")):
            query = 'MyType = "Query"\nTargetType = "%s"\nRequirements = Machine == "%s"\n' % (kind, self.node.full(name))
            run("condor_advertise", command, "-", text=query, timeout=20)


def write_secret(path, text):
    """Writes a file for root alone, in a folder for root alone; reports whether it changed."""
    os.makedirs(os.path.dirname(at(path)), exist_ok=True)
    os.chmod(os.path.dirname(at(path)), 0o700)
    return write(path, text, 0o600)


SYSTEM = HTCondor
