"""Runs beside the one of the script: child runs that it makes, and the parent run as it sees it.

Both keep everything with the script's own run, under a prefix: the metric `loss` of the child `fold1`
is `child/fold1/loss` there, its file `model.pkl` is `outputs/child/fold1/model.pkl`. So nothing is
lost, and no interval of the run's own primary metric is counted.
"""
from azureml.core.run import Run
from hdrive import _lines

MAX_PREFIX = 100  # of a child's name; metric names have 250 bytes


class _PrefixedRun(Run):
    """A run whose records go to `host` with `prefix/` before every name."""

    def __init__(self, host, run_id, prefix):
        super(_PrefixedRun, self).__init__(host.experiment, run_id, _inside=True)
        self._host = host
        self._own_prefix = prefix
        self._prefix = host._prefix + "/" + prefix if host._prefix else prefix

    def _send(self, record, kind, name, shown):
        if record["t"] == "end":
            record = {"t": "tag", "k": "status", "v": self._status}
        record = dict(record)
        if record["t"] == "m":
            record["m"] = {self._own_prefix + "/" + key: value for key, value in record["m"].items()}
        else:
            key = "n" if "n" in record else "k"
            record[key] = self._own_prefix + "/" + record[key]
        self._host._send(record, kind, name, shown)


class ChildRun(_PrefixedRun):
    """A run that the script made below its own."""

    def __init__(self, host, name, run_id):
        number = len(host._children)
        taken = {child._own_prefix for child in host._children}
        wanted = _part(name if name else run_id if run_id else str(number))
        prefix = wanted
        while "child/" + prefix in taken:
            number += 1
            prefix = "%s_%d" % (wanted, number)
        run_id = str(run_id) if run_id else "%s_%d" % (host.id, len(host._children))
        super(ChildRun, self).__init__(host, run_id, "child/" + prefix)
        self._display_name = str(name) if name else None

    @property
    def parent(self):
        return self._host


def _part(name):
    """`name` as one part of a path and of a metric's name."""
    text = "".join(c if c.isalnum() or c in "._- " else "_" for c in str(name))
    text = text.encode("utf-8", "replace")[:MAX_PREFIX].decode("utf-8", "ignore").strip(". ")
    return text or "_"


class ParentRun(_PrefixedRun):
    """The parent run, seen from its child. Its children are other processes, so there is nothing
    here to read: the hdrive program shows them."""

    _told = False

    def __init__(self, child, run_id):
        super(ParentRun, self).__init__(child, run_id, "parent")

    def _send(self, record, kind, name, shown):
        if record["t"] == "end":
            _lines.warn("a child run cannot end its parent run; the call is ignored")
            return
        if not ParentRun._told:
            ParentRun._told = True
            _lines.warn("what is logged to the parent run is kept with this child run as parent/<name>")
        super(ParentRun, self)._send(record, kind, name, shown)

    @property
    def parent(self):
        return None

    @property
    def type(self):
        return "hyperdrive"

    def get_children(self, *args, **kwargs):
        """The child run of this script alone."""
        yield self._host
