"""What the front-end accepts of a document's CA and operators' key, with document_signing.

Everybody who may write the server's metadata may write the document. With
document_signing the front-end accepts another CA or operators' key only by the
document's links, each of which the CA before has signed (internal/cluster, signing.go).
"""

import hashlib
import json

from . import ssh
from .files import FIRST_DOCUMENT, STATE, read_json, write

FILE = STATE + "/trust.json"  # number of the last link, ca, operator_key, off
MOST = 8  # links that are looked at
UNSIGNED = "the cluster document names a CA or an operators' key that the CA before has not signed; the former ones stay"


def judge(node, document):
    """Returns the document with the CA and the operators' key that count, and why others do not, or ""."""
    said = {"ca": document.get("ca") or node.config["ca"], "operator_key": (document.get("operator_key") or "").strip()}
    links = _links(document)
    accepted = read_json(FILE) or _born(node)
    if not accepted or accepted["off"]:
        if links and not links[-1]["off"]:
            _accept(said, links[-1])
        return document, ""
    last = accepted
    for link in links:
        if link["number"] > last["number"] and ssh.has_signed(last["ca"], "vmcluster-document", _message(node, link), link["signature"]):
            last = link
    if last is not accepted and (last["ca"], last["operator"]) == (said["ca"], _print(said["operator_key"])):
        _accept(said, last)
    elif said != {key: accepted[key] for key in said}:
        return dict(document, **{key: accepted[key] for key in said}), UNSIGNED
    return document, ""


def _born(node):
    """Returns what this front-end was born with, None without document_signing."""
    if not node.config.get("document_signing"):
        return None
    links = _links(read_json(FIRST_DOCUMENT) or {})
    return {"ca": node.config["ca"], "operator_key": (node.config.get("operator_key") or "").strip(),
            "number": links[-1]["number"] if links else 1, "off": False}


def _accept(said, link):
    write(FILE, json.dumps(dict(said, number=link["number"], off=link["off"])), 0o600)


def _links(document):
    """Returns a document's links, without those that are none."""
    out = []
    signed = document.get("signed")
    for link in signed[-MOST:] if isinstance(signed, list) else []:
        try:
            number, ca, operator, signature = link["number"], link["ca"], link["operator"], link.get("signature", "")
        except (KeyError, TypeError, AttributeError):
            continue
        if type(number) is int and 0 < number < 1 << 53 and all(isinstance(t, str) for t in (ca, operator, signature)):
            out.append({"number": number, "ca": ca, "operator": operator, "signature": signature, "off": link.get("off") is True})
    return out


def _message(node, link):
    return "\n".join((node.id, str(link["number"]), link["ca"], link["operator"], "off" if link["off"] else "on"))


def _print(key):
    return hashlib.sha256(key.encode()).hexdigest()[:32]
