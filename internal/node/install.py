"""The installation of the batch system's packages where cloud-init could not install them.

A mirror that does not answer while the node boots may do so a minute later.
"""

import os

from .files import STATE, locked, read, remove, write
from .system import Failure, run, works

WHY = STATE + "/install"  # why the last try failed
APT = ("apt-get", "-q", "-y", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Options::=--force-confold")
FETCH, UNPACK = 1800, 600  # seconds


def wanted(node):
    """Returns the packages of a node that lacks its batch system, or []."""
    packages = node.config.get("install") or []
    return packages if packages and not node.batch.installed() else []


def install(node):
    """Installs what is wanted. The node's requests wait only while packages are unpacked."""
    packages = wanted(node)
    if not packages:
        return
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    first = ""
    try:
        run(*APT, "-o", "APT::Update::Error-Mode=any", "update", timeout=FETCH)
    except Failure as error:  # the mirror that does not answer may be another one's
        first = "%s; " % error
    try:
        run(*APT, "install", "--download-only", *packages, timeout=FETCH)
        with locked():
            works("dpkg", "--configure", "-a", timeout=UNPACK)  # of a try that was interrupted
            run(*APT, "install", *packages, timeout=UNPACK)
            node.batch.hold()
    except Failure as error:
        write(WHY, first + str(error))
        raise Failure(first + str(error))
    remove(WHY)


def check(node):
    """Raises Failure while the node lacks its batch system."""
    packages = wanted(node)
    if packages:
        raise Failure("the packages %s are not installed yet, they are tried again each minute: %s" % (
            ", ".join(packages), read(WHY) or "the first try is under way"))
