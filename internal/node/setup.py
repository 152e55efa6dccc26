"""The set-up of a node at its first boot."""

import contextlib
import os
import sys
import time

from . import accounts, files, install, node, ssh, system, units
from .files import ACCOUNT_AFTER, FIRST_DOCUMENT, SETTING_UP, at, locked, write
from .system import Failure, install_unit, reason, run, say
from .units import SET_UP

TRIES, PAUSE = 5, 10  # the pause is in seconds
POLITE = 10  # see nice(1)
SSHD_PID = "/run/sshd.pid"  # which sshd writes when it begins to listen


class Setup:
    """Runs every step even if one fails: a node that can be reached and reports
    the failure is of more use than one that stops early.

    A failed step is tried again: another program may have held the lock of
    /etc/passwd, for instance. Once its account exists the coordinator may come. An SSH
    session, and the front-end's work between a join and the bundle, take as long as most
    steps: so what a join needs is done first, and a worker joins beside the other steps.
    The bundle waits for these.
    """

    def __init__(self, this):
        self.node = this
        self.said = set()

    def run(self):
        """Sets the node up and returns the exit status."""
        stages = self.stages()
        for tries in range(TRIES):
            time.sleep(PAUSE if tries else 0)
            with locked(lock=SETTING_UP):
                stages = [(alone, self.failing(alone, steps)) for alone, steps in stages]
                if not any(steps for _, steps in stages):
                    write(SET_UP, "")
                    say("%s is set up" % self.node.name)
                    return 0
        return 1

    def stages(self):
        """Returns the steps of this node, in their order, as stages: whether a stage holds
        the node's lock, and its steps. The batch system is held before the metadata address
        is closed: the units that do this name its units, so systemd reads these."""
        first, slow, last = [self.repeat_at_boot], [self.hold_batch_system, self.close_metadata, self.install_batch_system], []
        if not self.node.is_front_end or self.node.channel.HAS_MESSENGERS:
            first.append(self.coordinator_account)
        first.append(self.own_name)
        if self.node.is_front_end:
            first.append(self.note_account_after)
        if self.node.state_volume:
            slow.append(self.state)
        if self.node.login_user:
            first.append(self.login_account)
            last.append(self.login_user)
        if self.node.is_front_end:
            last.append(self.coordinator)
        elif files.exists(FIRST_DOCUMENT):
            last.append(self.messenger)
        return [(True, first), (self.node.is_front_end, slow), (True, last)]

    def failing(self, alone, steps):
        """Runs the steps of a stage and returns those that fail. A join beside them goes
        first: on a slow processor it takes as long as they do."""
        with locked() if alone else politely():
            return [step for step in steps if not self.done(step)]

    def done(self, step):
        """Runs a step and says its failure once; reports whether it succeeded."""
        try:
            step()
            return True
        except Exception as error:
            if reason(error) not in self.said:
                say("setup of %s: %s" % (self.node.name, reason(error)))
            self.said.add(reason(error))
            return False

    def repeat_at_boot(self):
        """cloud-init runs its commands once, even if the node is reset meanwhile."""
        if sys.version_info < (3, 9):
            say("this image's Python is %d.%d; the node program needs 3.9 or newer" % sys.version_info[:2])
        install_unit("vmcluster-setup.service", units.SETUP)

    def close_metadata(self):
        """Limits the metadata address, where every local user could read the user
        data, to root: now, at each boot, and within a minute after a person or a
        program has cleared the packet filter."""
        write(units.NFT, units.METADATA_NFT)
        write(units.CLOSE, units.METADATA_SH)
        run("sh", at(units.CLOSE))
        install_unit("vmcluster-metadata.service", units.METADATA % " ".join(self.node.batch.SERVICES))
        install_unit("vmcluster-metadata.timer", units.METADATA_TIMER)
        system.start("vmcluster-metadata.timer")

    def hold_batch_system(self):
        """Keeps a batch system of the image's from running with another configuration."""
        self.node.batch.hold()

    def install_batch_system(self):
        """Has what cloud-init could not install installed beside the set-up."""
        if install.wanted(self.node):
            system.start_new("vmcluster-install.service", units.INSTALL)

    def own_name(self):
        """Until the first bundle comes, sudo and other programs want to resolve this
        node's name, and would wait for a DNS server that does not know it."""
        if not self.node.applied():
            self.node.write_hosts([[system.own_address(), self.node.name]])

    def state(self):
        """Mounts the volume for the batch system's state."""
        from .state import set_up
        set_up(self.node.state_volume, self.node.batch.SERVICES, self.node.batch.STATE)

    def note_account_after(self):
        """Notes at the first boot how long a worker's SSH server will answer before it has
        the coordinator's account. Where systemd starts sshd for each connection nothing
        tells."""
        with contextlib.suppress(FileNotFoundError):
            since = time.time() - os.stat(at(SSHD_PID)).st_mtime
            if since >= 0 and not files.exists(ACCOUNT_AFTER):
                write(ACCOUNT_AFTER, "%.1f" % since)

    def login_account(self):
        """Makes the login user and a key."""
        self.node.login_account()
        files.remove(node.HOME)
        self.node.in_home()

    def login_user(self):
        """Operators may log in from now on."""
        keys = [line for line in [ssh.key_line(self.node.config.get("operator_key") or "")] if line]
        why = self.node.in_home(None if self.node.applied() else keys)["home"]
        if why:
            raise Failure(why)

    def coordinator_account(self):
        """Makes the account by which the coordinator, or a messenger, logs in."""
        accounts.ensure_coordinator_account()
        if not self.node.applied():
            self.node.write_account_keys(self.node.config["ca"], [self.node.config.get("coordinator_key")])

    def coordinator(self):
        """Starts the front-end's daemon."""
        user = accounts.account(self.node.login_user)  # without one there is a failure to report
        home = os.path.realpath(user.home) if user else ""
        system.start_new("vmcluster-coordinator.service", units.coordinator(home, system.memory()))

    def messenger(self):
        """Starts what takes the roster to the front-end."""
        from . import channel
        channel.install_messenger()


@contextlib.contextmanager
def politely():
    """Has this process, and what it starts, leave the processors to others."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, max(before, POLITE))
    try:
        yield
    finally:
        with contextlib.suppress(PermissionError):  # nobody but root may go back
            os.setpriority(os.PRIO_PROCESS, 0, before)
