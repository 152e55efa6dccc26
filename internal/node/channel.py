"""The channels by which a changed roster reaches the coordinator, and its report the creator.

With a metadata service the document comes from there. On a cloud without one,
the last new worker is the messenger: it takes the document that it was created
with to the front-end, and reports are lines on the console.
"""

import json
import os
import time

from . import system
from .checks import STEP
from .document import MOST, decode, is_document
from .files import FIRST_DOCUMENT, FIRST_KEY, FIRST_KEY_TTL, PROGRAM, STATE, at, exists, locked, read_json, write
from .ssh import ask, drop_key, public_key
from .system import Failure, say

METADATA = os.environ.get("VMCLUSTER_METADATA", "http://169.254.169.254")
HANDED = STATE + "/handed.json"  # the document that a messenger brought
RETRY = 5  # seconds


def of(config):
    """Returns the channel of the front-end that node.json describes."""
    return Console() if config.get("coordinator") == "last_worker" else Metadata()


class Channel:
    """How a changed roster reaches this front-end, and its report the creator."""

    HAS_MESSENGERS = False  # True: workers log in to the front-end

    def document(self):
        """Returns the newest document that this channel has, or None."""
        raise NotImplementedError

    def report(self, text):
        """Offers the report; reports whether it was taken."""
        raise NotImplementedError

    def serve(self, node, request):
        """Answers a request that was put to the front-end."""
        return {"ok": False, "error": "no such verb"}


class Metadata(Channel):
    """The metadata service: the document in the metadata, the report in the password slot."""

    def document(self):
        try:
            meta = json.loads(self._exchange("/openstack/latest/meta_data.json")).get("meta")
        except (ValueError, OSError) as error:
            raise Failure("read the metadata service: %s" % error)
        return decode(meta or {})

    def report(self, text):
        try:
            self._exchange("/openstack/latest/password", text.encode())
            return True
        except OSError as error:
            status = getattr(error, "code", 0)
            if status == 409:  # the slot is taken
                return False
            raise Failure("write the report: %s" % ("HTTP %d" % status if status else error))

    @staticmethod
    def _exchange(path, data=None):
        import http.client
        import urllib.request
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy cannot reach it
        try:
            with opener.open(urllib.request.Request(METADATA + path, data), timeout=10) as answer:
                return answer.read(MOST)
        except urllib.error.HTTPError as error:
            error.close()
            raise
        except http.client.HTTPException as error:
            raise OSError(repr(error))


class Console(Channel):
    """Messengers bring the document, and the report is a line on the console."""

    HAS_MESSENGERS = True
    REPEAT = 300  # seconds: a console log is cut off after 100 KiB of other lines

    def __init__(self, clock=time.monotonic):
        self.clock, self.last, self.due = clock, "", 0.0

    def document(self):
        return read_json(HANDED)

    def report(self, text):
        if text != self.last or self.clock() >= self.due:
            self.last, self.due = text, self.clock() + self.REPEAT
            try:
                with open(at("/dev/console"), "a") as console:
                    console.write("\nvmcluster-report %s\n" % text)
            except OSError as error:
                raise Failure("write the report to the console: %s" % error)
        return True

    def serve(self, node, request):
        if not isinstance(request, dict) or request.get("verb") != "roster":
            return super().serve(node, request)
        document = request.get("document")
        if not is_document(document) or document.get("id") != node.id:
            return {"ok": False, "error": "that is no document of this cluster"}
        with locked():
            ours = [d["generation"] for d in map(read_json, (HANDED, FIRST_DOCUMENT)) if is_document(d)]
            if document["generation"] > max(ours, default=0) + STEP:
                return {"ok": False, "error": "that document's generation is too high"}
            # Equal: of a run that was cut short, what it had brought may be unknown.
            if document["generation"] >= max(ours, default=0):
                write(HANDED, json.dumps(document), 0o600)
        return {"ok": True}


# ---- the messenger

HAND_OVER_UNIT = """\
[Unit]
Description=vmcluster: takes the roster to the front-end
Wants=network-online.target
After=network-online.target
ConditionPathExists=%s

[Service]
ExecStart=%s hand-over
Restart=on-failure
RestartSec=10

[Install]
WantedBy=multi-user.target
""" % (FIRST_KEY, PROGRAM)


def install_messenger():
    """Starts the messenger on a worker that was created with a document."""
    system.start_new("vmcluster-hand-over.service", HAND_OVER_UNIT)


def hand_over(node, clock=time.monotonic):
    """Takes the document, with this worker's address filled in, to the front-end, which distributes it."""
    document = read_json(FIRST_DOCUMENT)
    if not document or not exists(FIRST_KEY):
        return 0
    front_end = document["front_end"]
    for m in document.get("workers") or []:
        if m["name"] == node.name:
            m["address"] = system.own_address(front_end["address"])
    known_hosts = STATE + "/front_end"
    write(known_hosts, "%s %s\n" % (front_end["name"], public_key(front_end["host_key"])), 0o600)
    failed = ""
    while clock() < FIRST_KEY_TTL:
        try:
            answer = ask(front_end["name"], front_end["address"], json.dumps({"verb": "roster", "document": document}), known_hosts, [FIRST_KEY])
            if answer.get("ok"):
                say("generation %d is with %s" % (document["generation"], front_end["name"]))
                break
            failed = answer.get("error")
        except Failure as error:
            failed = str(error)
        say("take the roster to %s: %s" % (front_end["name"], failed))
        time.sleep(RETRY)
    drop_key(FIRST_KEY)
    return 0
