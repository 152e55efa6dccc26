"""The files of a node: atomic writes, marked blocks, and the node's lock.

Paths are absolute, as on a real node; at() places them below ROOT.
"""

import fcntl
import json
import os
import time

from .checks import parse

ROOT = os.environ.get("VMCLUSTER_ROOT", "/")

PROGRAM = "/usr/local/sbin/vmcluster-node"
NODE_FILE = "/etc/vmcluster/node.json"
FIRST_DOCUMENT = "/etc/vmcluster/document.json"
FIRST_KEY = "/etc/vmcluster/first_key"  # with -cert.pub beside it, good for two hours
FIRST_KEY_TTL = 2 * 3600  # seconds from boot: the certificate has expired by then
STATE = "/var/lib/vmcluster-node"
LOCK = STATE + "/lock"  # under which a node changes
ACCOUNT_AFTER = STATE + "/account_after"  # a front-end's note: seconds from the start of its SSH server to the accounts at its first boot
SETTING_UP = STATE + "/setting-up"  # held by the set-up; a worker that is set up can join meanwhile


def at(path):
    """Returns where a path of the node is on this machine."""
    return os.path.join(ROOT, path.lstrip("/"))


def read(path, default=""):
    """Returns a file's text, or default if there is no such file."""
    try:
        with open(at(path), encoding="utf-8", errors="surrogateescape") as f:
            return f.read()
    except FileNotFoundError:
        return default


def tail(path, most):
    """Returns a file's last bytes, at most that many, as text; "" if there is no such file."""
    try:
        with open(at(path), "rb") as f:
            f.seek(max(0, os.fstat(f.fileno()).st_size - most))
            return f.read(most).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def read_json(path, default=None):
    """Returns a file's value, or default if it is missing or is not JSON."""
    try:
        return parse(read(path))
    except ValueError:
        return default


def write(path, text, mode=None):
    """Replaces a file atomically; reports whether its content or mode changed.

    mode None keeps the mode of an existing file. The owner always stays.
    """
    target = os.path.realpath(at(path))
    try:
        old = os.stat(target)
    except FileNotFoundError:
        old = None
    if mode is None:
        mode = old.st_mode & 0o7777 if old else 0o644
    if old and old.st_mode & 0o7777 == mode and read(path, None) == text:
        return False
    folder = os.path.dirname(target)
    os.makedirs(folder, exist_ok=True)
    # Programs that read whole folders (sudo, sshd, batch systems) skip a name with a dot.
    temporary = "%s/.vmcluster-%s" % (folder, os.urandom(8).hex())
    try:
        _write_new(temporary, text, mode, old)
        os.rename(temporary, target)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
    return True


def _write_new(path, text, mode, old):
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8", errors="surrogateescape") as f:
        f.write(text)
        f.flush()
        os.fchmod(f.fileno(), mode)
        if old and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(f.fileno(), old.st_uid, old.st_gid)
        os.fsync(f.fileno())


def remove(path):
    """Removes a file; reports whether it was there."""
    try:
        os.unlink(at(path))
        return True
    except FileNotFoundError:
        return False


def exists(path):
    """Reports whether a file is there."""
    return os.path.exists(at(path))


def locked(wait=None, lock=LOCK):
    """Takes a lock; closing what it returns frees it. Raises OSError if another process
    holds it for longer than wait, in seconds. Who takes both takes SETTING_UP first."""
    os.makedirs(at(STATE), mode=0o700, exist_ok=True)
    f = open(at(lock), "w")
    deadline = wait is not None and time.monotonic() + wait
    while True:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | (fcntl.LOCK_NB if deadline else 0))
            return f
        except BlockingIOError:
            if time.monotonic() > deadline:
                f.close()
                raise OSError("%s has been under way for more than %d s" % ("another request" if lock == LOCK else "the set-up", wait))
            time.sleep(0.1)


def with_block(text, cluster_id, lines):
    """Returns text with the cluster's marked block holding lines, the rest untouched."""
    begin, end = "# BEGIN vmcluster " + cluster_id, "# END vmcluster " + cluster_id
    block = [begin, *lines, end] if lines else []
    seen = text.splitlines()
    first = seen.index(begin) if begin in seen else None
    last = seen.index(end, first) if first is not None and end in seen[first:] else first
    if first is None:
        seen += block
    else:
        seen[first:last + 1] = block
    return "\n".join(seen) + "\n" if seen else ""


def without_loopback(text, name):
    """Returns a hosts file without a node's own name (with any domain) on loopback lines.

    Programs on the node, MPI and batch systems among them, would otherwise take
    127.0.1.1 for its address.
    """
    out = []
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if words and (words[0].startswith("127.") or words[0] == "::1"):
            kept = [w for w in words[1:] if w.split(".")[0] != name]
            if kept != words[1:]:
                if not kept:
                    continue
                line = words[0] + "\t" + " ".join(kept)
        out.append(line)
    return "\n".join(out) + "\n" if out else ""


def fingerprint(value):
    """Returns 32 hexadecimal digits that stand for a JSON value."""
    import hashlib
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]
