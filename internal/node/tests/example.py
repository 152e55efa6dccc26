"""A batch system that exists in tests only.

It differs from the real ones where batch systems differ: all nodes share one
secret, workers have no credential of their own, the front-end's configuration
holds the groups, and the front-end sees whether a worker is empty.
"""

import os
import re

from ..batch import BatchSystem
from ..files import read, write
from ..system import Failure, disable, enable, has_unit, run, running, works

SERVICE = "exampled.service"
KEY = "/etc/example/key"
CONFIG = "/etc/example/config"


class Example(BatchSystem):
    SERVICES = (SERVICE,)
    USES_GROUPS = True

    def check(self, secret, credential):
        if credential or secret and not re.fullmatch("[0-9a-f]{32}", secret):
            raise Failure("the bundle's secret is not well-formed")

    def installed(self):
        return has_unit(SERVICE)

    def hold(self):
        if not read(CONFIG) and self.installed():
            disable(SERVICE)

    def configure(self, given):
        if not self.installed():
            raise Failure("it is not installed on %s" % self.node.name)
        groups = "".join("%s %d %s\n" % (name, g.most, " ".join(g.members)) for name, g in sorted(given.groups.items()))
        groups += "".join("%s %d x %d MiB\n" % (name, g.cpus, g.memory_mib) for name, g in sorted(given.groups.items()) if g.cpus)
        groups += "gpus %d\n" % given.gpus if given.gpus else ""
        changed = write(KEY, given.secret, 0o600)
        changed |= write(CONFIG, "manager %s\n%s%s" % (given.manager, groups, given.config))
        if self.node.retired() or self.node.applied() and not changed and running("exampled"):
            return
        run("systemctl", "start", SERVICE)
        enable(SERVICE)

    def close(self):
        disable(SERVICE)
        return True

    def reopen(self):
        enable(SERVICE)
        run("systemctl", "start", SERVICE)

    def shared_secret(self):
        path = "/var/lib/example/key"
        if not read(path):
            write(path, os.urandom(16).hex(), 0o600)
        return read(path)

    def drain(self, name, reason, only_idle):
        idle = works("examplectl", "drain", name, reason)
        if only_idle and not idle:
            self.undrain(name, reason)
        return idle

    def undrain(self, name, reason):
        run("examplectl", "undrain", name)

    def forget(self, name, reason):
        run("examplectl", "forget", name)

    def tend(self):
        run("examplectl", "tend")

    def missing(self, names):
        return [name for name in names if not works("examplectl", "knows", name)]

    def waiting(self):
        lines = [line.split() for line in run("examplectl", "queue").splitlines()]
        return {group: [int(count), ids] for group, count, *ids in lines}


SYSTEM = Example
