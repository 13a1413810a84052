"""How scripts make datasets from paths."""
import os

from azureml import _data
from azureml._supported import not_provided
from azureml.data.file_dataset import FileDataset
from azureml.data.tabular_dataset import TabularDataset


class DataType(object):
    """Types of columns, for `set_column_types`."""

    def __init__(self, kind):
        self._kind = kind

    @staticmethod
    def to_string():
        return DataType("string")

    @staticmethod
    def to_float(decimal_mark="."):
        return DataType("float")

    @staticmethod
    def to_long():
        return DataType("long")

    @staticmethod
    def to_bool(*args, **kwargs):
        return DataType("bool")

    @staticmethod
    def to_datetime(formats=None):
        return DataType("datetime")

    @staticmethod
    def to_stream(*args, **kwargs):
        return DataType("string")


class TabularDatasetFactory(object):
    """Tables from files. A path is text, a (datastore, path) pair, a DataPath, or a list of those."""

    @staticmethod
    def from_delimited_files(
        path,
        validate=True,
        include_path=False,
        infer_column_types=True,
        set_column_types=None,
        separator=",",
        header=True,
        partition_format=None,
        support_multi_line=False,
        empty_as_string=False,
        encoding="utf8",
        **kwargs
    ):
        """`header`: whether the first line of each file names its columns; without names they are
        Column1, Column2, ..."""
        named = header is not False and "NO_HEADERS" not in str(getattr(header, "name", header))
        options = {
            "separator": separator,
            "header": named,
            "encoding": encoding,
            "infer": bool(infer_column_types),
            "include_path": bool(include_path),
            "empty_as_string": bool(empty_as_string),
            "types": {name: getattr(kind, "_kind", "string") for name, kind in (set_column_types or {}).items()},
        }
        return _table(path, "delimited", options, partition_format)

    @staticmethod
    def from_json_lines_files(
        path, validate=True, include_path=False, set_column_types=None, partition_format=None, encoding="utf8", **kwargs
    ):
        return _table(path, "json", {"include_path": bool(include_path), "encoding": encoding}, partition_format)

    @staticmethod
    def from_parquet_files(
        path, validate=True, include_path=False, set_column_types=None, partition_format=None, **kwargs
    ):
        return _table(path, "parquet", {"include_path": bool(include_path)}, partition_format)

    @staticmethod
    def from_sql_query(query, *args, **kwargs):
        raise not_provided("from_sql_query", "Query the database with its own client")

    @staticmethod
    def register_pandas_dataframe(dataframe, target, name, description=None, tags=None, show_progress=True, **kwargs):
        """Writes the data frame as CSV below `target`, a datastore or (datastore, path), and registers
        it as `name`."""
        place = _data.places(target if isinstance(target, tuple) else (target, name))[0]
        os.makedirs(place, exist_ok=True)
        file = os.path.join(place, name + ".csv")
        dataframe.to_csv(file, index=False)
        made = TabularDataset([file], "delimited")
        return made.register(None, name, description, tags, create_new_version=True)


class FileDatasetFactory(object):
    """Files as a dataset."""

    @staticmethod
    def from_files(path, validate=True, partition_format=None, is_file=False, **kwargs):
        return FileDataset(_data.places(path))

    @staticmethod
    def upload_directory(src_dir, target, pattern=None, overwrite=False, show_progress=True):
        """Copies a folder to a (datastore, path) and gives the dataset of the copy."""
        place = _data.places(target if isinstance(target, tuple) else (target, ""))[0]
        source = os.path.join(src_dir, pattern) if pattern else src_dir
        _data.copy_files(_data.files([_data.absolute(source)]), place, overwrite)
        return FileDataset([place])


def _table(path, kind, options, partition_format):
    if partition_format is not None:
        raise not_provided("partition_format", "include_path=True gives the path as a column")
    return TabularDataset(_data.places(path), kind, options)
