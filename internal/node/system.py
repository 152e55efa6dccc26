"""The system that a node runs on: programs, systemd's units, processes, addresses."""

import os
import re
import subprocess
import sys
import time

from .checks import clean
from .files import at, fingerprint, read, write

FIRST_USER = 1000  # uids of the system's own accounts are below it
KNOWN = "/run/vmcluster-node"  # the drop-ins that systemd has read since the machine booted
MOST = 1 << 20  # bytes of stdout, and of stderr, of any program


class Failure(Exception):
    """An expected error; its text is one line for an operator."""


def reason(error):
    """Returns an exception's text, with its type if it is an unexpected one."""
    return str(error) if isinstance(error, (Failure, OSError)) else "%s: %s" % (type(error).__name__, error)


def say(text):
    """Writes one line for operators to the journal and to the console that the cloud shows."""
    line = "vmcluster: " + clean(text, 1000)
    try:
        print(line, file=sys.stderr, flush=True)
        with open(at("/dev/console"), "a", encoding="utf-8") as console:
            console.write(line + "\n")
    except OSError:
        pass


# ---- programs

def run(*command, text=None, timeout=60, most=MOST, **options):
    """Runs a program and returns its stdout; raises Failure with the program's own words.

    text is its stdin, timeout is in seconds, most is in bytes for each of stdout and
    stderr: a program that writes more is killed. options go to subprocess.Popen.
    """
    if not is_installed(command[0]):
        raise Failure("%s is not installed" % command[0])
    env = dict(os.environ, LC_ALL="C", SYSTEMCTL_SKIP_SYSV="1")  # Debian's tool for init scripts reads all units, twice
    with _stdin(text) as stdin:
        try:
            p = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, **options)
        except FileNotFoundError:  # removed meanwhile, or without its interpreter
            raise Failure("%s can't be started" % command[0])
    try:
        out, errors = _said(p, command[0], timeout, most)
    finally:
        _end(p)
    if p.returncode != 0:
        words = (errors.strip() or out.strip() or "exit status %s" % p.returncode).splitlines()
        raise Failure("%s: %s" % (command[0], " / ".join(words[-3:])[:400]))
    return out


def is_installed(program):
    """Reports whether a program is there. To try costs a process, on a slow machine a
    tenth of a second."""
    return any(os.access(os.path.join(folder, program), os.X_OK) for folder in os.environ["PATH"].split(":"))


def _stdin(text):
    """Returns a file that holds text, so that a program that does not read it blocks nothing."""
    if text is None:
        return open(os.devnull, "rb")
    f = os.fdopen(os.memfd_create("stdin"), "w+b")
    f.write(text.encode("utf-8", "surrogateescape"))
    f.seek(0)
    return f


def _said(p, name, timeout, most):
    """Returns what a process has written to stdout and stderr when it has ended."""
    deadline = time.monotonic() + timeout
    said = gather([p.stdout, p.stderr], name, timeout, most)
    try:
        p.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise Failure("%s: no answer within %d s" % (name, timeout))
    return said


def gather(pipes, name, timeout, most=MOST):
    """Returns the texts that come through pipes until each is closed; raises Failure
    after timeout, in seconds, or for more than most bytes. name says who writes."""
    import selectors
    deadline, said = time.monotonic() + timeout, {pipe: b"" for pipe in pipes}
    with selectors.DefaultSelector() as waiting:
        for pipe in pipes:
            waiting.register(pipe, selectors.EVENT_READ)
        while waiting.get_map():
            left = deadline - time.monotonic()
            ready = waiting.select(left) if left > 0 else []
            if not ready:
                raise Failure("%s: no answer within %d s" % (name, timeout))
            for key, _ in ready:
                piece = os.read(key.fd, 65536)
                said[key.fileobj] += piece
                if len(said[key.fileobj]) > most:
                    raise Failure("%s: it wrote more than %d bytes" % (name, most))
                if not piece:
                    waiting.unregister(key.fileobj)
    return [text.decode("utf-8", "replace") for text in said.values()]


def _end(p):
    """Kills a process that still runs. One that hangs in the kernel is not waited for."""
    p.stdout.close()
    p.stderr.close()
    if p.poll() is None:
        p.kill()
        try:
            p.wait(5)
        except subprocess.TimeoutExpired:
            pass


def works(*command, **options):
    """Runs a program; reports whether it succeeded."""
    try:
        run(*command, **options)
        return True
    except Failure:
        return False


def processes(program, owner=0):
    """Yields the ID of each living process of a daemon of that name. A process of a user's is
    none, unless the user has the uid owner: some daemons have an account among the users'.
    With None the process may be whichever user's."""
    for pid in filter(str.isdigit, os.listdir(at("/proc")) if os.path.isdir(at("/proc")) else []):
        if read("/proc/%s/comm" % pid).strip() == program:
            status = read("/proc/%s/status" % pid)
            uid = re.search(r"(?m)^Uid:\s+([0-9]+)", status)  # the real one
            has_ended = re.search(r"(?m)^State:\s+[ZX]", status)
            if not has_ended and (owner is None or not uid or int(uid.group(1)) < FIRST_USER or int(uid.group(1)) == owner):
                yield pid


def running(program, owner=0):
    """Reports whether a daemon of that name runs; owner is as in processes."""
    return any(True for _ in processes(program, owner))


# ---- units

def has_unit(unit):
    """Reports whether the image has a unit."""
    folders = ("/etc/systemd/system/", "/usr/lib/systemd/system/", "/lib/systemd/system/")
    return any(os.path.exists(at(folder + unit)) for folder in folders) or works("systemctl", "cat", unit)


def enable(unit):
    """Has a package's unit started at each boot.

    Reading all units again, which systemd needs not do for that, takes seconds
    on a slow machine.
    """
    run("systemctl", "enable", "--no-reload", unit)


def disable(*names):
    """Stops units and keeps them from being started at the next boot."""
    if names:
        run("systemctl", "disable", "--no-reload", "--now", *names, timeout=120)


def show(*names):
    """Returns what systemd says of units: for each name the properties that this program looks at."""
    names = list(dict.fromkeys(names))
    said = run("systemctl", "show", "-p", "NeedDaemonReload,DropInPaths,UnitFileState,ActiveState", *names).split("\n\n")
    if len(said) != len(names):
        raise Failure("systemctl: it shows %d units and not %d" % (len(said), len(names)))
    return {name: dict(line.split("=", 1) for line in part.splitlines() if "=" in line) for name, part in zip(names, said)}


def is_off(shown):
    """Reports whether a unit neither runs nor is started at the next boot."""
    return shown.get("UnitFileState") == "disabled" and shown.get("ActiveState") == "inactive"


def add_to(unit, path, text, others=()):
    """Writes a drop-in of a unit. All units are read again, which takes seconds on a slow
    machine, only where systemd has read this one before, and not since: a kill may have come
    between the two. Returns what systemd says of the unit and of others, or {} if it was asked
    about this text before."""
    if not write(path, text, 0o644) and read(KNOWN + path) == fingerprint(text):
        return {}
    shown = show(unit, *others)
    if shown[unit].get("NeedDaemonReload") != "no" or path not in shown[unit].get("DropInPaths", "").split():
        run("systemctl", "daemon-reload")
    write(KNOWN + path, fingerprint(text), 0o600)
    return shown


def install_unit(unit, text):
    """Writes a unit of this program, which systemd starts from the next boot on."""
    path, link = "/etc/systemd/system/" + unit, "/etc/systemd/system/multi-user.target.wants/" + unit
    write(path, text)
    os.makedirs(os.path.dirname(at(link)), exist_ok=True)
    if not os.path.islink(at(link)):
        os.symlink(path, at(link))  # as "enable" makes it of the [Install] section


def start_new(unit, text):
    """Writes a unit of this program and starts it, now and at each boot."""
    install_unit(unit, text)
    run("systemctl", "daemon-reload")
    run("systemctl", "start", "--no-block", unit)


def start(unit):
    """Starts a unit that was installed just now. Reading all units again, which takes
    seconds on a slow machine, is needed only where systemd does not find it."""
    if not works("systemctl", "start", "--no-block", unit):
        run("systemctl", "daemon-reload")
        run("systemctl", "start", "--no-block", unit)


# ---- the machine

def memory():
    """Returns the machine's memory in kB, or 0 if it is unknown."""
    found = re.search(r"MemTotal: *([0-9]+)", read("/proc/meminfo"))
    return int(found.group(1)) if found else 0


def own_address(towards="169.254.169.254"):
    """Returns the address that this node has on the way to another; nothing is sent.

    Without a way (a subnet without a gateway, or with IPv6 only) it is the
    node's first address.
    """
    with _socket(towards) as s:
        try:
            s.connect((towards, 9))
            return s.getsockname()[0]
        except OSError:
            shown = run("ip", "-o", "addr", "show", "scope", "global")
    found = re.search(r" inet ([0-9.]+)", shown) or re.search(r" inet6 ([0-9a-f:]+)", shown)
    if not found:
        raise Failure("find this node's own address: it has none")
    return found.group(1)


def sources(towards):
    """Returns the addresses by which other machines know this one as a client: those on
    its ways to the addresses towards, and its network cards'. Of IPv6, whose addresses
    change by themselves, they are networks."""
    found = set()
    for target in towards:
        with _socket(target) as s:
            try:
                s.connect((target, 9))
                found.add(s.getsockname()[0])
            except OSError:
                pass
    try:
        shown = run("ip", "-o", "addr", "show", "scope", "global")
    except Failure:
        shown = ""
    for card, address in re.findall(r"(?m)^\d+: (\S+) +inet6? ([0-9a-f.:]+)/", shown):
        if os.path.exists(at("/sys/class/net/%s/device" % card)):  # others are those of containers
            found.add(address)
    return sorted(set(filter(None, map(source, found))))


def source(address):
    """Returns an address as it stands in a list of clients, or "" if it is none."""
    import ipaddress
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    if parsed.version == 6:
        return "" if "%" in address or parsed.is_link_local else str(ipaddress.ip_network(address + "/64", strict=False))
    return str(parsed)


def is_here(address):
    """Reports whether an interface of this node has that address."""
    with _socket(address) as s:
        try:
            s.bind((address, 0))
            return True
        except OSError:
            return False


def _socket(address):
    import socket
    return socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
