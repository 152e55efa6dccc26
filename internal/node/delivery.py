"""The validator of a bundle on the node that it is delivered to. Its fields become
lines of files that other programs trust, so one that is not well-formed refuses all."""

import re

from . import batch, checks, ssh
from .batch import MOST_CONFIG, MOST_CPUS, MOST_GPUS, MOST_MEMORY
from .document import is_address, is_name
from .system import Failure, source

HOST = re.compile(r"(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
MOST_NODES = 100000


def check(node, request):
    """Raises Failure if a request to apply is not well-formed."""
    bundle = request.get("bundle")
    _want(checks.is_version(request.get("generation")), "generation")
    _want(isinstance(bundle, dict), "bundle")
    _each(bundle, "hosts", 2, lambda address, name: is_address(address) and is_name(name))
    _each(bundle, "known_hosts", 3, lambda name, address, key: is_name(name) and is_address(address) and is_key(key))
    _list(bundle, "authorized_keys", lambda line: isinstance(line, str) and line and line == ssh.key_line(line))
    _list(bundle, "coordinator_keys", is_key)
    _list(bundle, "sources", lambda s: isinstance(s, str) and s == _network(s))
    _want(is_key(bundle.get("ca")), "ca")
    if not node.is_front_end:
        shown = bundle.get("host_certificate")
        if not isinstance(shown, str) or not shown or shown != ssh.certificate(shown):
            raise Failure("the bundle holds no host certificate")
    _batch(node, bundle)


def _batch(node, bundle):
    part = bundle.get("batch")
    _want(isinstance(part, dict), "batch")
    _want(part.get("type") == node.batch_type, "batch.type")
    _want(isinstance(part.get("manager"), str) and len(part["manager"]) < 254 and HOST.fullmatch(part["manager"]), "batch.manager")
    for field in ("secret", "token"):
        _want(isinstance(part.get(field, ""), str) and len(part.get(field, "")) <= batch.MOST_SECRET, "batch." + field)
    _want(isinstance(part.get("groups", {}), dict), "batch.groups")
    for name, group in part.get("groups", {}).items():
        _want(is_name(name) and isinstance(group, list) and len(group) == 5 and checks.is_number(group[0])
              and isinstance(group[1], list) and all(is_name(m) for m in group[1])
              and all(map(_up_to, group[2:], (MOST_CPUS, MOST_MEMORY, MOST_GPUS))), "batch.groups")
    _want(checks.are_lines(part.get("config", ""), MOST_CONFIG), "batch.config")
    _want(_up_to(part.get("gpus", 0), MOST_GPUS), "batch.gpus")
    node.batch.check(part.get("secret", ""), part.get("token", ""))


def is_key(value):
    """Reports whether a value is a public key without a comment."""
    return isinstance(value, str) and value != "" and value == ssh.public_key(value)


def _up_to(value, most):
    return checks.is_number(value) and value <= most


def _network(text):
    address, _, length = text.partition("/")
    return source(address) if length in ("", "64") else ""


def _each(bundle, field, size, is_sound):
    _list(bundle, field, lambda entry: isinstance(entry, list) and len(entry) == size and is_sound(*entry))


def _list(bundle, field, is_sound):
    value = bundle.get(field)
    _want(isinstance(value, list) and len(value) <= MOST_NODES, field)
    for entry in value:
        if not is_sound(entry):
            raise Failure("the bundle's %s has an entry that is not well-formed: %s" % (field, checks.clean(repr(entry), 100)))


def _want(is_sound, field):
    if not is_sound:
        raise Failure("the bundle's %s is not well-formed" % field)
