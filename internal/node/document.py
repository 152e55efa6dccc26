"""The cluster document as a node reads it; see internal/cluster, document.go."""

import re

from .batch import MOST_CONFIG, MOST_CPUS, MOST_GPUS, MOST_MEMORY, Group
from .checks import are_lines, is_number, parse
from .system import Failure

LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
MOST = 8 << 20  # bytes of a document
ADDRESS = re.compile(r"[0-9a-fA-F:.]+")  # and no IPv6 scope, which may be any text


def decode(meta):
    """Reads the document from a server's metadata; None if there is none, Failure for a torn one."""
    import base64
    import zlib
    head = meta.get("vmcluster_doc")
    if head is None:
        return None
    try:
        generation, count = (int(w) for w in head.split(" "))
        text = "".join(meta["vmcluster_doc_%03d" % i] for i in range(count))
        document = parse(zlib.decompressobj().decompress(base64.b64decode(text, validate=True), MOST))
    except (ValueError, KeyError, zlib.error) as error:
        raise Failure("read the cluster document: %s" % error)
    if not is_document(document) or document["generation"] != generation:
        raise Failure("read the cluster document: it is none, or not generation %d" % generation)
    return document


def is_document(value):
    """Reports whether a value is a document of the version that this program knows."""
    return isinstance(value, dict) and value.get("version") == 1 and is_number(value.get("generation"))


def workers(document):
    """Yields the roster's entries that are mappings with a name."""
    for m in document.get("workers") or []:
        if isinstance(m, dict) and isinstance(m.get("name"), str):
            yield m


def is_name(value):
    """Reports whether a value is the name of a node or of a group."""
    return isinstance(value, str) and len(value) < 64 and LABEL.fullmatch(value) is not None


def is_address(value):
    """Reports whether a value is the text of an IP address without a scope."""
    import ipaddress
    try:
        return isinstance(value, str) and ADDRESS.fullmatch(value) is not None and bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def members(document, front_end):
    """Returns the roster's workers by name, without those whose entry is unusable.

    Names and addresses become lines of files that other programs trust.
    """
    out = {}
    for m in workers(document):
        usable = is_address(m.get("address")) and is_name(m["name"]) and m["name"] != front_end
        if usable and isinstance(m.get("batch", ""), str) and isinstance(m.get("leaving", ""), str):
            out[m["name"]] = m
    return out


def batch_config(document):
    """Returns the own lines of the batch system's configuration, "" if they are no text of lines."""
    text = document.get("batch_config")
    return text if are_lines(text, MOST_CONFIG) else ""


def groups(document, cluster, names):
    """Returns a Group for each worker group of the document, and for each that is no more
    in it but has members still; names are the members of all."""
    by_group = {}
    for name in names:
        by_group.setdefault(split_name(cluster, name)[0], []).append(name)
    specs = document.get("groups")
    out = {group: Group(0, members) for group, members in by_group.items() if is_name(group)}
    for group, spec in (specs if isinstance(specs, dict) else {}).items():
        if is_name(group) and isinstance(spec, dict):
            most = max(_amount(spec, "count"), _amount(spec.get("scaling"), "max"))
            machine = spec.get("machine")
            out[group] = Group(most, by_group.get(group, []), _amount(machine, "cpus", MOST_CPUS),
                               _amount(machine, "memory_mib", MOST_MEMORY), _amount(machine, "gpus", MOST_GPUS))
    return out


def _amount(values, field, most=1 << 31):
    """Returns a number of a mapping, 0 if there is none or it is above most."""
    value = values.get(field) if isinstance(values, dict) else 0
    return value if is_number(value) and value <= most else 0


def split_name(cluster, name):
    """Returns group and number of a worker's name; ("", 0) if it is none of the cluster's."""
    m = re.fullmatch(r"%s-(.+)-([0-9]{1,9})" % re.escape(cluster), name)
    return (m.group(1), int(m.group(2))) if m and int(m.group(2)) > 0 else ("", 0)
