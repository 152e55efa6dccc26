"""The accounts of a node: the login user's, and the coordinator's."""

import collections
import os

from .files import PROGRAM, at, read, write
from .ssh import ACCOUNT
from .system import Failure, run, works

ACCOUNT_HOME = "/var/lib/vmcluster"
FORCED_COMMAND = "sudo -n %s remote" % PROGRAM

Account = collections.namedtuple("Account", "name uid gid home shell")


def accounts():
    """Yields the accounts of /etc/passwd; NIS has lines of its own there, which are none."""
    for line in read("/etc/passwd").splitlines():
        f = line.split(":")
        if len(f) == 7 and f[2].isdigit() and f[3].isdigit():
            yield Account(f[0], int(f[2]), int(f[3]), f[5], f[6])


def account(name):
    """Returns the account of that name, or None."""
    return next((a for a in accounts() if a.name == name), None)


def groups():
    """Returns the gid of each group of /etc/group."""
    return {f[0]: int(f[2]) for f in (line.split(":") for line in read("/etc/group").splitlines()) if len(f) >= 3 and f[2].isdigit()}


# ---- the login user

def ensure_login_user(name, uid):
    """Makes the login user with the same uid and gid as on every other node."""
    owner = next((a.name for a in accounts() if a.uid == uid and a.name != name), None)
    group_owner = next((g for g, gid in groups().items() if gid == uid and g != name), None)
    if owner or group_owner:
        raise Failure("login user %s cannot have uid and gid %d: they belong to %s in this image; choose another login_uid"
                      % (name, uid, owner or "group " + group_owner))
    if name not in groups():
        run("groupadd", "-g", str(uid), name)
    elif groups()[name] != uid:
        run("groupmod", "-g", str(uid), name)
    found = account(name)
    if found is None:
        # '*' is "no password"; '!' would be "locked", which sshd without PAM refuses.
        run("useradd", "-m", "-p", "*", "-u", str(uid), "-g", name, "-s", "/bin/bash", name)
    elif (found.uid, found.gid) != (uid, uid):
        run("usermod", "-u", str(uid), "-g", name, name)
    return account(name)


# ---- the coordinator's account

def ensure_coordinator_account():
    """Makes the account by which the coordinator logs in."""
    if account(ACCOUNT):
        run("usermod", "-p", "*", ACCOUNT)
    else:
        run("useradd", "--system", "--user-group", "--no-create-home", "-p", "*", "-d", ACCOUNT_HOME, "-s", "/bin/sh", ACCOUNT)
    # For SELinux: its policy lets sshd read keys in homes that it knows, and this is none.
    works("semanage", "fcontext", "-a", "-t", "ssh_home_t", ACCOUNT_HOME + r"/\.ssh(/.*)?")


def write_account_keys(principal, ca, keys, sources):
    """Has the account admit the cluster CA's certificates for a principal, and some keys.

    A key is good from the sources only, addresses or networks, if there are any. A
    certificate is good from anywhere: the address of the front-end that may replace
    this one is not known. The files are root's own, so that the account cannot change
    who may use it.
    """
    forced = 'restrict,command="%s"' % FORCED_COMMAND
    limited = 'from="%s",%s' % (",".join(sources), forced) if sources else forced
    lines = ['cert-authority,principals="%s",%s %s' % (principal, forced, ca)]
    lines += ["%s %s" % (limited, key) for key in keys if key]
    os.makedirs(at(ACCOUNT_HOME + "/.ssh"), mode=0o755, exist_ok=True)
    write(ACCOUNT_HOME + "/.ssh/authorized_keys", "\n".join(lines) + "\n", 0o644)
    works("restorecon", "-R", at(ACCOUNT_HOME))
    works("chcon", "-R", "-t", "ssh_home_t", at(ACCOUNT_HOME + "/.ssh"))  # there may be no semanage
