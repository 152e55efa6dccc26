"""The checks of values that come from elsewhere, and of texts that go to operators."""

import json
import math

LIMIT = 1 << 53  # numbers are below it
STEP = 1000000  # so far above its own may a generation be that a node hears of
TEXT = 400  # characters of a text for operators


def parse(text):
    """Returns the value of a JSON text. Refuses, by ValueError, what other readers take
    for something else: long or infinite numbers, and a name that comes twice."""
    try:
        return json.loads(text, parse_int=_integer, parse_float=_fraction, parse_constant=_fraction, object_pairs_hook=_object)
    except RecursionError:
        raise ValueError("it is nested too deeply")


def _integer(digits):
    if len(digits) > 17:
        raise ValueError("a number has %d digits" % len(digits))
    return int(digits)


def _fraction(text):
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is infinite or none")
    return number


def _object(pairs):
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ValueError("a name comes twice")
    return out


def clean(text, most=TEXT):
    """Returns a text as one line of printable characters, of which there are at most that many."""
    text = text[:4 * most]
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:most].rstrip()


def is_number(value):
    """Reports whether a value is a whole number from 0 on that every reader of JSON takes for the same."""
    return type(value) is int and 0 <= value < LIMIT


def is_version(value):
    """Reports whether a value is the version of a bundle: [generation, number within it]."""
    return isinstance(value, list) and len(value) == 2 and all(is_number(n) for n in value)


def are_lines(value, most):
    """Reports whether a value is a text of printable lines, tabs among them, of at most that many characters."""
    return isinstance(value, str) and len(value) <= most and all(c.isprintable() or c in "\t\n" for c in value)


def is_text(value, most=TEXT):
    """Reports whether a value is a text of one printable line."""
    return isinstance(value, str) and value == clean(value, most)
