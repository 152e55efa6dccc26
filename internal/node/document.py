"""The cluster document as a node reads it; see internal/cluster, document.go."""

import re

from .batch import Group
from .system import Failure

LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
ADDRESS = re.compile(r"[0-9a-fA-F:.]+")  # and no IPv6 scope, which may be any text


def decode(meta):
    """Reads the document from a server's metadata; None if there is none, Failure for a torn one."""
    import base64
    import json
    import zlib
    head = meta.get("vmcluster_doc")
    if head is None:
        return None
    try:
        generation, count = (int(w) for w in head.split(" "))
        text = "".join(meta["vmcluster_doc_%03d" % i] for i in range(count))
        document = json.loads(zlib.decompress(base64.b64decode(text, validate=True)))
    except (ValueError, KeyError, zlib.error) as error:
        raise Failure("read the cluster document: %s" % error)
    if document.get("version") != 1 or document.get("generation") != generation:
        raise Failure("read the cluster document: version %s, generation %s of %d"
                      % (document.get("version"), document.get("generation"), generation))
    return document


def workers(document):
    """Yields the roster's entries that are mappings with a name."""
    for m in document.get("workers") or []:
        if isinstance(m, dict) and isinstance(m.get("name"), str):
            yield m


def members(document, front_end):
    """Returns the roster's workers by name, without those whose entry is unusable.

    Names and addresses become lines of files that other programs trust.
    """
    import ipaddress
    out = {}
    for m in workers(document):
        try:
            ipaddress.ip_address(m["address"])
            usable = ADDRESS.fullmatch(m["address"]) and LABEL.fullmatch(m["name"]) and m["name"] != front_end
            if usable and isinstance(m.get("batch", ""), str) and isinstance(m.get("leaving", ""), str):
                out[m["name"]] = m
        except (ValueError, KeyError, TypeError):
            continue
    return out


def groups(document, cluster, names):
    """Returns a Group for each worker group of the document; names are the members of all."""
    by_group = {}
    for name in names:
        by_group.setdefault(split_name(cluster, name)[0], []).append(name)
    out = {}
    for group, spec in (document.get("groups") or {}).items():
        most = max(spec.get("count", 0), (spec.get("scaling") or {}).get("max", 0))
        out[group] = Group(most, by_group.get(group, []))
    return out


def split_name(cluster, name):
    """Returns group and number of a worker's name; ("", 0) if it is none of the cluster's."""
    m = re.match(r"^%s-(.+)-([0-9]+)$" % re.escape(cluster), name)
    return (m.group(1), int(m.group(2))) if m and int(m.group(2)) > 0 else ("", 0)
