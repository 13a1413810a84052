"""Tables at places, read with pandas when they are wanted."""
import random

from azureml import _data
from azureml._supported import not_provided
from azureml.data.abstract_dataset import AbstractDataset
from azureml.exceptions import DatasetExecutionError

_PANDAS = "Call to_pandas_dataframe() and go on with pandas"
_TYPES = {"string": "str", "float": "float64", "long": "Int64", "bool": "boolean"}


class TabularDataset(AbstractDataset):
    """Delimited, JSON-lines or Parquet files as one table, and the steps to take on it."""

    def __init__(self, places, kind, options=None, steps=(), **facts):
        super(TabularDataset, self).__init__(places, **facts)
        self._kind = kind
        self._options = dict(options or {})
        self._steps = [list(step) for step in steps]

    def _entry(self):
        return {
            "type": "tabular",
            "path": self._sources,
            "kind": self._kind,
            "options": self._options,
            "steps": self._steps,
        }

    def _as_other_kind(self):
        from azureml.data.file_dataset import FileDataset

        return FileDataset(self._sources)

    def _with(self, *step):
        return TabularDataset(
            self._sources,
            self._kind,
            self._options,
            self._steps + [list(step)],
            name=self._name,
            version=self._version,
        )

    def to_pandas_dataframe(self, on_error="null", out_of_range_datetime="null"):
        """The table as a pandas data frame."""
        pandas = _pandas()
        frames = []
        for name, path in _data.files(self._sources):
            try:
                frame = _READERS[self._kind](pandas, path, self._options)
            except (OSError, ValueError) as error:
                raise DatasetExecutionError("cannot read %s: %s" % (path, error))
            if self._options.get("include_path"):
                frame.insert(0, "Path", "/" + name)
            frames.append(frame)
        whole = frames[0] if len(frames) == 1 else pandas.concat(frames, ignore_index=True)
        for step in self._steps:
            whole = _STEPS[step[0]](whole, *step[1:])
        return whole

    def take(self, count):
        return self._with("take", count)

    def skip(self, count):
        return self._with("skip", count)

    def random_sample(self, probability, seed=None):
        return self._with("part", probability, _seed(seed), True)

    def random_split(self, percentage, seed=None):
        """Two datasets: `percentage` (0 to 1) of the rows, and the others."""
        seed = _seed(seed)
        return self._with("part", percentage, seed, True), self._with("part", percentage, seed, False)

    def keep_columns(self, columns, validate=False):
        return self._with("keep", [columns] if isinstance(columns, str) else list(columns))

    def drop_columns(self, columns):
        return self._with("drop", [columns] if isinstance(columns, str) else list(columns))

    def with_timestamp_columns(self, timestamp=None, partition_timestamp=None, validate=False, **kwargs):
        """The same table; its columns of time steer nothing."""
        return self

    def download(self, stream_column=None, target_path=None, overwrite=False, ignore_not_found=True):
        """Copies the files of the table; the paths of the copies."""
        return self._as_other_kind().download(target_path, overwrite)

    def to_path(self):
        return self._as_other_kind().to_path()

    def to_spark_dataframe(self):
        raise not_provided("TabularDataset.to_spark_dataframe", _PANDAS)

    def to_csv_files(self, separator=","):
        raise not_provided("TabularDataset.to_csv_files", _PANDAS)

    def to_parquet_files(self):
        raise not_provided("TabularDataset.to_parquet_files", _PANDAS)

    def partition_by(self, *args, **kwargs):
        raise not_provided("TabularDataset.partition_by", _PANDAS)

    def time_before(self, *args, **kwargs):
        raise not_provided("TabularDataset.time_before", _PANDAS)

    def time_after(self, *args, **kwargs):
        raise not_provided("TabularDataset.time_after", _PANDAS)

    def time_between(self, *args, **kwargs):
        raise not_provided("TabularDataset.time_between", _PANDAS)

    def time_recent(self, *args, **kwargs):
        raise not_provided("TabularDataset.time_recent", _PANDAS)

    def submit_profile(self, *args, **kwargs):
        raise not_provided("TabularDataset.submit_profile", _PANDAS)

    def get_profile(self, *args, **kwargs):
        raise not_provided("TabularDataset.get_profile", _PANDAS)


def _pandas():
    try:
        import pandas
    except ImportError:
        raise ImportError("to_pandas_dataframe() needs pandas, which this Python does not have: pip install pandas")
    return pandas


def _seed(seed):
    # Both parts of a split have to draw the same rows.
    return random.randrange(2 ** 31) if seed is None else seed


def _read_delimited(pandas, path, options):
    header = options.get("header", True)
    how = {"sep": options.get("separator", ","), "encoding": options.get("encoding") or "utf8"}
    how["header"] = 0 if header else None
    if options.get("empty_as_string"):
        how["keep_default_na"] = False
    types = options.get("types") or {}
    how["dtype"] = {column: _TYPES[kind] for column, kind in types.items() if kind in _TYPES}
    how["parse_dates"] = [column for column, kind in types.items() if kind == "datetime"]
    if not options.get("infer", True):
        how["dtype"] = how["dtype"] or str
    frame = pandas.read_csv(path, **{key: value for key, value in how.items() if value not in ({}, [])})
    if not header:
        frame.columns = ["Column%d" % (number + 1) for number in range(len(frame.columns))]
    return frame


def _read_json(pandas, path, options):
    return pandas.read_json(path, lines=True, encoding=options.get("encoding") or "utf8")


def _read_parquet(pandas, path, options):
    return pandas.read_parquet(path)


def _part(frame, share, seed, first):
    chosen = frame.sample(frac=share, random_state=seed)
    if not first:
        chosen = frame.drop(chosen.index)
    return chosen.sort_index().reset_index(drop=True)


_READERS = {"delimited": _read_delimited, "json": _read_json, "parquet": _read_parquet}
_STEPS = {
    "take": lambda frame, count: frame.head(count),
    "skip": lambda frame, count: frame.iloc[count:].reset_index(drop=True),
    "keep": lambda frame, columns: frame[columns],
    "drop": lambda frame, columns: frame.drop(columns=columns),
    "part": _part,
}
