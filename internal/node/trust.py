"""What the front-end accepts of a document's CA, operators' key and batch_config, with document_signing.

Everybody who may write the server's metadata may write the document. With
document_signing the front-end accepts another CA, operators' key or batch_config (whose
lines name programs that daemons run) only by the document's links, each of which the CA
before has signed (internal/cluster, signing.go).
"""

import hashlib
import json

from . import ssh
from .files import FIRST_DOCUMENT, STATE, read_json, write

FILE = STATE + "/trust.json"  # number of the last link, ca, operator_key, batch_config, off
MOST = 8  # links that are looked at
UNSIGNED = "the cluster document has a CA, an operators' key or a batch_config that the CA before has not signed; the former ones stay"


def judge(node, document):
    """Returns the document with the CA, operators' key and batch_config that count, and why others do not, or ""."""
    config = document.get("batch_config")
    said = {"ca": document.get("ca") or node.config["ca"], "operator_key": (document.get("operator_key") or "").strip(),
            "batch_config": config if isinstance(config, str) else ""}
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
    prints = _print(said["operator_key"]), said["batch_config"] and _print(said["batch_config"])
    if last is not accepted and (last["ca"], last["operator"], last["config"]) == (said["ca"], *prints):
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
            "batch_config": node.config.get("batch_config", ""),
            "number": links[-1]["number"] if links else 1, "off": False}


def _accept(said, link):
    write(FILE, json.dumps(dict(said, number=link["number"], off=link["off"])), 0o600)


def _links(document):
    """Returns a document's links, without those that are none."""
    out = []
    signed = document.get("signed")
    for link in signed[-MOST:] if isinstance(signed, list) else []:
        try:
            number, texts = link["number"], {"ca": link["ca"], "operator": link["operator"], "config": link.get("config", ""), "signature": link.get("signature", "")}
        except (KeyError, TypeError, AttributeError):
            continue
        if type(number) is int and 0 < number < 1 << 53 and all(isinstance(t, str) for t in texts.values()):
            out.append(dict(texts, number=number, off=link.get("off") is True))
    return out


def _message(node, link):
    return "\n".join((node.id, str(link["number"]), link["ca"], link["operator"], link["config"], "off" if link["off"] else "on"))


def _print(text):
    return hashlib.sha256(text.encode()).hexdigest()[:32]
