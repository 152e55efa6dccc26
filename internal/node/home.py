"""The login user's home: what is written there, with that user's rights and within a time.

A user can put anything in place of a file, so nothing here follows a link or waits.
"""

import json
import os
import signal
import stat
import sys
import threading
import time

from .checks import parse
from .files import PROGRAM, at, with_block
from .ssh import public_key
from .system import Failure, gather, reason, run, works

LIMIT = 30  # seconds
MOST = 1 << 20  # bytes of a file in a home


def in_home(user, request):
    """Runs home() with the rights of a user, who is an accounts.Account; raises Failure
    if it does not end in time."""
    request = dict(request, home=user.home)
    if os.geteuid() == user.uid:
        return home(request)
    if threading.active_count() == 1:
        said = in_child(user, request)
    else:  # a fork would take over locks that other threads hold
        said = run(sys.executable, at(PROGRAM), "home", text=json.dumps(request), timeout=LIMIT, cwd="/",
                   user=user.uid, group=user.gid, extra_groups=[])
    try:
        answer = dict(parse(said or '{"error": "it ended early"}'))
        if "error" not in answer:
            return {"user_key": public_key(answer["user_key"])}
    except (ValueError, TypeError, KeyError, AttributeError):  # a user can take over a process of theirs
        answer = {"error": "its answer makes no sense"}
    raise Failure(str(answer["error"]))


def in_child(user, request):
    """Runs home() in a child process, which spares another start of this program;
    returns what the child says."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(user.gid)
            os.setuid(user.uid)
            os.chdir("/")
            _let_go(theirs)
            os.write(theirs, json.dumps(home(request)).encode())
        except BaseException as error:
            os.write(theirs, json.dumps({"error": reason(error)[:1000]}).encode())
        finally:
            os._exit(0)  # in any case: the code that follows is the parent's
    os.close(theirs)
    try:
        with os.fdopen(ours, "rb", buffering=0) as f:
            return gather([f], "it", LIMIT)[0]
    finally:
        _end(child)


def _let_go(pipe):
    """Closes what a child holds of its parent: a child that hangs must hold no lock and no connection."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in range(3):
        os.dup2(null, fd)
    os.closerange(3, pipe)
    os.closerange(pipe + 1, 1024)


def _end(child):
    """Waits for a child, then kills it. One that hangs in the kernel is left to itself."""
    for tries in range(60):
        if tries == 10:
            os.kill(child, signal.SIGKILL)
        if os.waitpid(child, os.WNOHANG)[0]:
            return
        time.sleep(0.01 if tries < 10 else 0.1)


def home(request):
    """Makes the login user's key and writes their authorized_keys.

    request holds home, and, where keys is not None, the cluster's id and the
    keys of its block. The answer holds user_key, the public half.
    """
    path = request["home"] + "/.ssh"
    top = _open(at(request["home"]), os.O_DIRECTORY, os.O_NONBLOCK)
    try:
        try:
            os.mkdir(".ssh", 0o700, dir_fd=top)
        except FileExistsError:
            pass
        folder = _open(".ssh", os.O_DIRECTORY, dir_fd=top)
    finally:
        os.close(top)
    try:
        key, changed = _key(folder)
        if request.get("keys") is not None:
            changed |= _authorize(folder, request["id"], request["keys"])
    finally:
        os.close(folder)
    if changed:
        works("restorecon", "-R", at(path), timeout=LIMIT // 3)
    return {"user_key": key}


def _authorize(folder, cluster_id, keys):
    text, mode = _read(folder, "authorized_keys")
    wanted = with_block(text, cluster_id, keys)
    if wanted != text:
        _write(folder, "authorized_keys", wanted, mode if text else 0o600)
    return wanted != text


def _key(folder):
    """Returns the public half of the user's key, and reports whether the key had to be made.

    A key that a crash cut off is made anew. A key with a passphrase of the user's stays.
    """
    private, public = _read(folder, "id_ed25519")[0], ""
    if "-----END " in private:
        public = public_key(_read(folder, "id_ed25519.pub")[0])
        return (public or _run_keygen(private)[1]), False
    private, public = _run_keygen("")
    _write(folder, "id_ed25519.pub", public + "\n", 0o644)
    _write(folder, "id_ed25519", private, 0o600)
    return public_key(public), True


def _run_keygen(private):
    """Makes a key, or reads a private key; returns both halves."""
    import tempfile
    with tempfile.TemporaryDirectory(prefix="vmcluster-") as made:
        path = made + "/key"
        if private:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8", errors="surrogateescape") as f:
                f.write(private)
            return private, public_key(run("ssh-keygen", "-y", "-f", path, timeout=LIMIT // 3))
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path, timeout=LIMIT // 3)
        with open(path, encoding="ascii") as f, open(path + ".pub", encoding="ascii") as p:
            return f.read(), public_key(p.read())


# ---- files in an open folder

def _open(name, flags, follow=os.O_NOFOLLOW, dir_fd=None):
    try:
        return os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | flags | follow, dir_fd=dir_fd)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Failure("%s cannot be opened: %s" % (name, error.strerror))


def _read(folder, name):
    """Returns text and mode of a regular file; ("", 0) if there is none."""
    try:
        fd = _open(name, 0, dir_fd=folder)
    except FileNotFoundError:
        return "", 0
    try:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode):
            raise Failure("%s is no regular file" % name)
        if about.st_size > MOST:
            raise Failure("%s has %d bytes, more than %d" % (name, about.st_size, MOST))
        return os.read(fd, MOST).decode("utf-8", "surrogateescape"), stat.S_IMODE(about.st_mode)
    finally:
        os.close(fd)


def _write(folder, name, text, mode):
    """Replaces a file atomically."""
    temporary = ".vmcluster-" + os.urandom(8).hex()
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
    try:
        with os.fdopen(fd, "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write(text)
            f.flush()
            os.fchmod(f.fileno(), mode)
            os.fsync(f.fileno())
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(temporary, dir_fd=folder)
        raise
