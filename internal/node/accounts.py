"""The accounts of a node: the login user's, and the coordinator's."""

import collections
import json
import os
import sys
import threading

from .files import PROGRAM, at, read, with_block, write
from .ssh import ACCOUNT, make_key
from .system import Failure, reason, run, works

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


def in_home(user, request):
    """Runs home() with the user's rights: root must not follow links that the
    user could have placed in a directory of theirs."""
    request = dict(request, home=user.home)
    if os.geteuid() == user.uid:
        return home(request)
    if threading.active_count() == 1:
        return home_in_child(user, request)
    # A fork would take over locks that other threads hold.
    return json.loads(run(sys.executable, at(PROGRAM), "home", text=json.dumps(request), cwd="/",
                          user=user.uid, group=user.gid, extra_groups=[]))


def home_in_child(user, request):
    """Runs home() in a child process, which spares another start of this program."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(user.gid)
            os.setuid(user.uid)
            os.chdir("/")
            os.write(theirs, json.dumps(home(request)).encode())
        except BaseException as error:
            os.write(theirs, json.dumps({"error": reason(error)}).encode())
        finally:
            os._exit(0)  # in any case: the code that follows is the parent's
    os.close(theirs)
    with os.fdopen(ours) as f:
        said = f.read()
    os.waitpid(child, 0)
    answer = json.loads(said or '{"error": "it ended early"}')
    if "error" in answer:
        raise Failure("work in the home of %s: %s" % (user.name, answer["error"]))
    return answer


def home(request):
    """Makes the login user's key and writes their authorized_keys.

    request holds home, and, where keys is not None, the cluster's id and the
    keys of its block. The answer holds user_key, the public half.
    """
    folder = request["home"] + "/.ssh"
    os.makedirs(at(folder), mode=0o700, exist_ok=True)
    key = make_key(folder + "/id_ed25519")
    if request.get("keys") is not None:
        path = folder + "/authorized_keys"
        write(path, with_block(read(path), request["id"], request["keys"]), None if read(path) else 0o600)
    works("restorecon", "-R", at(folder))
    return {"user_key": key}


# ---- the coordinator's account

def ensure_coordinator_account():
    """Makes the account by which the coordinator logs in."""
    if account(ACCOUNT):
        run("usermod", "-p", "*", ACCOUNT)
    else:
        run("useradd", "--system", "--user-group", "--no-create-home", "-p", "*", "-d", ACCOUNT_HOME, "-s", "/bin/sh", ACCOUNT)
    # For SELinux: its policy lets sshd read keys in homes that it knows, and this is none.
    works("semanage", "fcontext", "-a", "-t", "ssh_home_t", ACCOUNT_HOME + r"/\.ssh(/.*)?")


def write_account_keys(principal, ca, keys):
    """Has the account admit the cluster CA's certificates for a principal, and some keys.

    The files are root's own, so that the account cannot change who may use it.
    """
    forced = 'restrict,command="%s"' % FORCED_COMMAND
    lines = ['cert-authority,principals="%s",%s %s' % (principal, forced, ca)]
    lines += ["%s %s" % (forced, key) for key in keys if key]
    os.makedirs(at(ACCOUNT_HOME + "/.ssh"), mode=0o755, exist_ok=True)
    write(ACCOUNT_HOME + "/.ssh/authorized_keys", "\n".join(lines) + "\n", 0o644)
    works("restorecon", "-R", at(ACCOUNT_HOME))
    works("chcon", "-R", "-t", "ssh_home_t", at(ACCOUNT_HOME + "/.ssh"))  # there may be no semanage
