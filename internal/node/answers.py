"""The validator of workers' answers: root on a worker can have it answer anything."""

from . import ssh
from .checks import clean, is_version
from .system import Failure

NO_ANSWER = "its answer makes no sense"


def checked(verb, answer):
    """Returns the known fields of the answer to a verb, each well-formed; else raises Failure."""
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
        raise Failure(NO_ANSWER)
    if answer["ok"]:
        return dict({"ok": True}, **{field: read(field, answer.get(field)) for field, read in FIELDS[verb].items()})
    error = answer.get("error")
    out = {"ok": False, "error": clean(error) if isinstance(error, str) else ""}
    if out["error"] == "stale":
        out["generation"] = _version("generation", answer.get("generation"))
    return out


def _key(field, value):
    key = ssh.public_key(value) if isinstance(value, str) else ""
    if not key:
        raise Failure("%s: no %s" % (NO_ANSWER, field.replace("_", " ")))
    return key


def _key_or_none(field, value):
    return "" if value == "" else _key(field, value)


def _flag(field, value):
    if not isinstance(value, bool):
        raise Failure("%s: %s is neither true nor false" % (NO_ANSWER, field))
    return value


def _version(field, value):
    if not is_version(value):
        raise Failure("%s: %s is no version of a bundle" % (NO_ANSWER, field))
    return value


def _text(_field, value):
    return clean(value) if isinstance(value, str) else ""


# home is why the login user's home is not as it should be, or "".
FIELDS = {
    "join": {"host_key": _key, "user_key": _key_or_none, "retired": _flag, "home": _text},
    "apply": {"generation": _version, "user_key": _key_or_none, "home": _text},
    "home": {"user_key": _key_or_none, "home": _text},
    "retire": {"drained": _flag},
    "resume": {},
    "certify": {},
}
