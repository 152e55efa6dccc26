"""The batch systems: one module each. A node has the module that its cluster needs.

Nothing outside this folder names a batch system. A module's name is the value
of batch_system.type, and its SYSTEM is a class that implements BatchSystem.
"""

import collections
import importlib
import re

from ..files import STATE, fingerprint, read, write
from ..system import Failure

MOST_SECRET = 16384  # characters of a secret or a credential
MOST_CONFIG = 8192  # characters of own lines
IN_EFFECT = STATE + "/batch"  # see BatchSystem.is_in_effect
MOST_CPUS, MOST_MEMORY, MOST_GPUS = 65535, 1 << 30, 64  # of a worker; memory in MiB

# What configure() is given:
# manager     the front-end's full name
# address     this node's address in the cluster, or None
# secret      the cluster's shared secret, or ""
# credential  on a worker: its own credential, or ""
# groups      on the front-end: a Group for each name; on a worker: {}
# config      own lines of the batch system's configuration, or ""
# gpus        on a worker: how many GPUs it has by its group's configuration
Given = collections.namedtuple("Given", "manager address secret credential groups config gpus", defaults=("", 0))

# most is the largest number of workers that the group may have, 0 for a group that is
# no more in the configuration; members are the names of those in the roster now. cpus,
# memory_mib and gpus are what its flavor promises, each 0 if it is not known.
Group = collections.namedtuple("Group", "most members cpus memory_mib gpus", defaults=(0, 0, 0))


def load(kind, node):
    """Returns the batch system of that name for a node."""
    if not re.fullmatch("[a-z]+", kind):
        raise Failure("there is no batch system %r" % kind)
    try:
        module = importlib.import_module("." + kind, __name__)
    except ImportError as error:
        raise Failure("load the batch system %s: %s" % (kind, error))
    return module.SYSTEM(node)


class BatchSystem:
    """What a node does for its batch system.

    Each method may be called again at any time, after a crash in the middle of
    it as well, and then has the same outcome. A method that can't do its work
    raises Failure with a line for an operator; the caller tries again later.
    The node's name, group, server_id and full() say which node it is, and
    system.memory() and os.cpu_count() how large it is.

    credential, drain, undrain and forget are called in threads, for several
    workers at once: they keep nothing in the object.
    """

    SERVICES = ()  # the units that it starts
    STATE = ""  # a folder of its own that is on the state volume, where the front-end has one
    RUNS_JOBS = True  # False: a worker may leave without being drained
    HAS_CREDENTIALS = False  # True: each worker gets a credential of its own
    USES_GROUPS = False  # True: the front-end's configuration depends on the groups

    def __init__(self, node):
        self.node = node

    # ---- every node

    def check(self, secret, credential):
        """Raises Failure if the cluster's secret or this node's credential, as a bundle
        brings them, are not well-formed; each may be ""."""
        if secret or credential:
            raise Failure("the bundle holds a secret that this batch system does not have")

    def installed(self):
        """Reports whether the node's image has the batch system."""
        return True

    def hold(self):
        """Keeps the daemons from running without our configuration.

        Called at the node's first boot, before configure(); does nothing once
        the node is configured.
        """

    def configure(self, given):
        """Writes the configuration and has the daemons run; given is a Given.

        Called on the front-end for each new version of the roster, so that it
        can admit the groups' members, and on a worker with each bundle. If
        nothing changed, running daemons go on undisturbed. On a worker that is
        retired (node.retired()) the daemons stay as they are.
        """

    def is_in_effect(self, *texts):
        """Reports whether the daemons have this configuration: took_effect noted it. A
        file that has been written may not be known to the daemons yet."""
        return read(IN_EFFECT) == fingerprint(texts)

    def took_effect_once(self):
        """Reports whether the daemons have had a configuration of ours."""
        return read(IN_EFFECT) != ""

    def changes(self):
        """Notes that the daemons are to get another configuration. Until it took effect none is
        known to be in effect: a kill may come before the daemons know it, or after."""
        if self.took_effect_once():
            write(IN_EFFECT, "?", 0o600)

    def took_effect(self, *texts):
        """Notes the configuration that the daemons have."""
        write(IN_EFFECT, fingerprint(texts), 0o600)

    # ---- a worker

    def close(self):
        """Keeps the daemons from running, now and after a reboot, once no job runs.

        Reports whether the worker is closed; False if jobs still run.
        """
        return True

    def reopen(self):
        """Undoes close(): the daemons run again, now and after a reboot. If they run, they
        make themselves known to the pool anew, and jobs are not disturbed."""

    # ---- the front-end

    def shared_secret(self):
        """Returns the secret that every node gets, made once; "" for none."""
        return ""

    def credential(self, name):
        """Makes a worker's own credential: a text, another one at each call."""
        return ""

    def revoke(self, credentials):
        """Has the pool refuse credentials for ever."""

    def drain(self, name, reason, only_idle):
        """Has a worker take no new job.

        Called again and again until the worker has left. Reports whether its
        close() may be tried. False means that the worker runs jobs: with
        only_idle it then goes on taking new ones.
        """
        return True

    def undrain(self, name, reason):
        """Has a worker take jobs again. It may be gone, or not be drained."""

    def forget(self, name, reason):
        """Removes a deleted worker from the pool, or jobs would be sent to it."""

    def tend(self):
        """Does what is due from time to time. Called every minute or so, in a thread."""

    def missing(self, names):
        """Returns those of some workers in service that the pool does not know, though their
        daemons were started, or that it gives no job because of a drain of ours: a kill may
        have come before the drain was undone. If they are missing in the next look as well,
        they are undrained and told to reopen."""
        return []

    def waiting(self):
        """Returns the jobs that wait and that one group alone can run: for each such
        group their number and the IDs of up to three, as [number, [ID, ...]]. An ID is
        ASCII text without spaces."""
        return {}
