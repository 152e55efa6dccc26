"""The system that a node runs on: programs, systemd's units, processes, addresses."""

import os
import re
import subprocess
import sys
import threading

from .files import at, read, write


class Failure(Exception):
    """An expected error; its text is one line for an operator."""


def reason(error):
    """Returns an exception's text, with its type if it is an unexpected one."""
    return str(error) if isinstance(error, (Failure, OSError)) else "%s: %s" % (type(error).__name__, error)


def say(text):
    """Writes one line for operators to the journal and to the console that the cloud shows."""
    print("vmcluster: " + text, file=sys.stderr, flush=True)
    try:
        with open(at("/dev/console"), "a") as console:
            console.write("vmcluster: %s\n" % text)
    except OSError:
        pass


# ---- programs

def run(*command, text=None, timeout=60, **options):
    """Runs a program and returns its stdout; raises Failure with the program's own words.

    text is its stdin, timeout is in seconds, options go to subprocess.run.
    """
    env = dict(os.environ, LC_ALL="C")
    try:
        p = subprocess.run(command, input=text, stdin=subprocess.DEVNULL if text is None else None,
                           capture_output=True, text=True, errors="replace", timeout=timeout, env=env, **options)
    except FileNotFoundError:
        raise Failure("%s is not installed" % command[0])
    except subprocess.TimeoutExpired:
        raise Failure("%s: no answer within %d s" % (command[0], timeout))
    if p.returncode != 0:
        words = (p.stderr.strip() or p.stdout.strip() or "exit status %d" % p.returncode).splitlines()
        raise Failure("%s: %s" % (command[0], " / ".join(words[-3:])[:400]))
    return p.stdout


def works(*command, **options):
    """Runs a program; reports whether it succeeded."""
    try:
        run(*command, **options)
        return True
    except Failure:
        return False


def running(program):
    """Reports whether a process of that name runs."""
    for pid in filter(str.isdigit, os.listdir(at("/proc")) if os.path.isdir(at("/proc")) else []):
        if read("/proc/%s/comm" % pid).strip() == program:
            return True
    return False


def beside(step):
    """Starts a slow step in a thread; returns a function that waits for it and raises what it raised."""
    raised = []

    def work():
        try:
            step()
        except Exception as error:
            raised.append(error)
    thread = threading.Thread(target=work)
    thread.start()

    def wait():
        thread.join()
        if raised:
            raise raised[0]
    return wait


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


def disable(unit):
    """Stops a unit and keeps it from being started at the next boot."""
    run("systemctl", "disable", "--no-reload", "--now", unit, timeout=120)


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
