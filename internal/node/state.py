"""The volume of the user's on which the front-end keeps the batch system's state.

Nova attaches it with the create call. The mount is a unit of systemd, so that it comes
back at each boot, and the batch system's units need it: without the volume they would
begin with an empty queue.
"""

import os
import re

from .files import at, read, write
from .system import Failure, install_unit, run, works

FOLDER = "/var/lib/vmcluster/state-volume"
UNIT = "var-lib-vmcluster-state\\x2dvolume.mount"  # systemd's name for a mount at FOLDER
DEVICES = "/dev/disk/by-id"
SERIAL = 20  # characters of a volume's UUID that a virtio disk shows
FIRST = 1 << 20  # bytes of a device that are zero if it is new
TIME = 600  # seconds for a file system on a large volume

# Without nofail the boot would wait for a volume that is not there.
MOUNT = """\
[Unit]
Description=vmcluster: the batch system's state
Before=vmcluster-coordinator.service

[Mount]
What=%%s
Where=%s
Options=nofail,nodev,nosuid,%%s

[Install]
WantedBy=multi-user.target
""" % FOLDER

# A front-end is deleted without a word to its system. By default ext4 leaves the files of the
# last half minute empty then, also those on which a state that was kept in time relies, as the
# scripts of jobs. With this option, what was written before a file that a program has asked to
# be kept is kept as well.
IN_ORDER = {"ext4": "nodelalloc"}
AT_ONCE = "sync"  # for file systems that have no such order

NEEDS = """\
[Unit]
RequiresMountsFor=%s
AssertPathIsMountPoint=%s
""" % (FOLDER, FOLDER)


def folder(volume):
    """Returns the folder of the volume with that UUID; raises Failure if it is not mounted."""
    if not is_mounted():
        raise Failure("the batch system does not start without its state: volume %s is not mounted at %s; "
                      "when the volume is there, reboot this node" % (volume, FOLDER))
    return FOLDER


def is_mounted():
    """Reports whether the volume is there for this program."""
    return any(line.split(" ")[1:2] == [FOLDER] for line in read("/proc/self/mounts").splitlines())


def set_up(volume, services, its_own):
    """Mounts the volume, now and at each boot, has the services need it, and has the batch
    system's own folder, "" for none, be on it."""
    changed = [write("/etc/systemd/system/%s.d/10-vmcluster-state.conf" % service, NEEDS) for service in services]
    path = find(volume)
    if not is_mounted():
        prepare(volume, path)
    os.makedirs(at(FOLDER), exist_ok=True)
    install_unit(UNIT, MOUNT % (path, IN_ORDER.get(kind(path), AT_ONCE)))
    if any(changed) or not is_mounted():
        run("systemctl", "daemon-reload")
        run("systemctl", "start", UNIT, timeout=120)
    works("restorecon", at(FOLDER))  # a new file system has no label
    folder(volume)
    if its_own:
        place(its_own)


def place(path):
    """Has a folder beside FOLDER be on the volume."""
    name = os.path.basename(path)
    os.makedirs(at(FOLDER + "/" + name), exist_ok=True)
    if os.path.isdir(at(path)) and not os.path.islink(at(path)):
        os.rmdir(at(path))  # it fails where the batch system has state in it
    if not os.path.islink(at(path)):
        os.symlink(os.path.basename(FOLDER) + "/" + name, at(path))


def owned(path, name):
    """Makes a folder on the volume for an account, and gives it what an account of another
    uid left there: the image of the front-end before may have had other numbers."""
    from .accounts import account
    owner = account(name)
    if owner is None:
        raise Failure("there is no account %s" % name)
    os.makedirs(at(path), exist_ok=True)
    before = os.stat(at(path))
    if before.st_uid != owner.uid:
        if before.st_uid:
            run("chown", "-R", "-h", "--from=%d" % before.st_uid, "%d:%d" % (owner.uid, owner.gid), at(path), timeout=TIME)
        os.chown(at(path), owner.uid, owner.gid)


def find(volume):
    """Returns the path of the volume's device. Its serial number is the volume's UUID, or
    the beginning of that."""
    name = re.compile(r"(virtio-|(scsi|nvme)-[-\w.]*_)%s[-0-9a-f]*" % re.escape(volume[:SERIAL]), re.ASCII)
    names = sorted(filter(name.fullmatch, os.listdir(at(DEVICES)) if os.path.isdir(at(DEVICES)) else []))
    found = {os.path.realpath(at(DEVICES + "/" + name)) for name in names}
    if len(found) != 1:
        raise Failure("volume %s is %s: %s shows %s" % (
            volume, "not attached" if not found else "more than one device", DEVICES, ", ".join(names) or "no disk with its ID"))
    return DEVICES + "/" + names[0]


def kind(path):
    """Returns the type of the file system on a device."""
    return run("blkid", "-p", "-o", "value", "-s", "TYPE", os.path.realpath(at(path))).strip()


def prepare(volume, path):
    """Makes a file system on an empty volume. One with a file system stays as it is, and one
    with anything else too, which is a failure."""
    device = os.path.realpath(at(path))
    if run("wipefs", "-n", device).strip():  # it fails where the volume can't be read; blkid's status is then that of an empty one
        usage = run("blkid", "-p", "-o", "value", "-s", "USAGE", device).strip()
        if usage != "filesystem":
            raise Failure("volume %s holds %s: name a volume that is empty or has a file system" % (volume, usage or "partitions and no file system"))
        return
    with open(device, "rb") as f:
        if f.read(FIRST).strip(b"\0"):
            raise Failure("volume %s is not empty, and has no file system that this image knows: it is not formatted" % volume)
    run("mkfs.ext4", "-q", "-F", "-E", "nodiscard", "-L", "vmcluster-state", device, timeout=TIME)
