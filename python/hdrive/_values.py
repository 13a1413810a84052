"""From whatever a script logs to the values that the line protocol carries."""
import math
from numbers import Number

from hdrive._lines import MAX_TEXT, warn

_warned_types = set()


class NotOneValue(TypeError):
    """A list, array, range or generator was given where one value is expected."""


def scalar(value):
    """`value` as int, float or str. Numbers of numpy, torch, TensorFlow and friends become plain
    numbers, truth values 0 or 1. Raises NotOneValue for anything that holds several values."""
    kind = type(value)
    if kind is float or kind is int:
        return value
    if kind is bool:
        return int(value)
    if isinstance(value, str):
        return str(value)
    if not isinstance(value, Number) or hasattr(value, "item"):
        value = _unwrapped(value)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, Number) and not isinstance(value, complex):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
        except (TypeError, ValueError):
            return str(value)
    if type(value) not in _warned_types:
        _warned_types.add(type(value))
        warn("a value of type %s is logged as text; log float(value) to log a number" % type(value).__name__)
    return str(value)


def _unwrapped(value):
    """What is inside a 0-dimensional array or tensor; anything else unchanged."""
    shape_count = _count(value)
    if hasattr(value, "item") and callable(value.item):
        if shape_count is not None and shape_count != 1:
            raise _several(value)
        try:
            return value.item()
        except (TypeError, ValueError, RuntimeError):
            raise _several(value)
    if hasattr(value, "numpy") and callable(value.numpy):  # TensorFlow and Keras
        inner = value.numpy()
        if type(inner) is not type(value):
            return _unwrapped(inner)
    if isinstance(value, (bytes, bytearray)) or value is None:
        return value
    if isinstance(value, (dict, list, tuple, set, frozenset, range)) or hasattr(value, "__next__"):
        raise _several(value)
    if shape_count is not None and shape_count != 1:
        raise _several(value)
    return value


def _count(value):
    """Number of elements of an array, or None where that means nothing."""
    shape = getattr(value, "shape", None)
    if shape is None or callable(shape):
        return None
    count = 1
    try:
        for length in shape:
            count *= int(length)
    except (TypeError, ValueError):
        return None
    return count


def _several(value):
    return NotOneValue(
        "log() takes one value, found %s; use log_list(name, values) for several values, "
        "log_row(name, column=value) or log_table(name, columns) for a table" % type(value).__name__
    )


def encoded(value):
    """A result of scalar() as JSON value: JSON has no NaN, infinity or huge integer."""
    if isinstance(value, str):
        return cut(value)
    if isinstance(value, int):
        if -(2 ** 63) <= value < 2 ** 63:
            return value
        try:
            value = float(value)
        except OverflowError:
            return "Infinity" if value > 0 else "-Infinity"
    if value != value:
        return "NaN"
    if value in (math.inf, -math.inf):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def cut(text):
    """`text`, at most MAX_TEXT characters of it."""
    text = str(text)
    if len(text) <= MAX_TEXT:
        return text
    if "cut" not in _warned_types:
        _warned_types.add("cut")
        warn("a text of %d characters was cut to %d" % (len(text), MAX_TEXT))
    return text[:MAX_TEXT]


def step_number(step):
    """`step` as int, or None when it is absent or no whole number."""
    if step is None:
        return None
    try:
        number = int(step)
        if number == step and -(2 ** 63) <= number < 2 ** 63:
            return number
    except (TypeError, ValueError, OverflowError):
        pass
    if "step" not in _warned_types:
        _warned_types.add("step")
        warn("a step must be a whole number, found %r; the value is logged without a step" % (step,))
    return None
