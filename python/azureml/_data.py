"""Where data lies: names to places, and places to files.

A *place* is text: an absolute path (a file, a folder or a pattern with `*`, `**` and `?`) or a URL. An
*entry* says what a name stands for: {"path": place or list of places, "type": "file" or "tabular", ...}.
"""
import os

from azureml import _project
from azureml.exceptions import DatasetValidationError, UserErrorException

INPUTS = "AZUREML_DATAREFERENCE_"
DEFAULT_DATASTORE = "workspaceblobstore"
DATASETS_FILE = "datasets.json"
DATASTORES_FILE = "datastores.json"
_WEB = ("http://", "https://", "ftp://")


def is_web(place):
    return place.startswith(_WEB)


# Names to entries


def input_entry(name):
    """The entry of a named input, or None: AZUREML_DATAREFERENCE_<name>, the variable <name> when it
    holds a path that exists or a URL, then what the project knows under the name."""
    name = str(name)
    for variable in (INPUTS + name, name):
        value = os.environ.get(variable)
        if value and (variable != name or is_web(value) or os.path.exists(value)):
            return {"path": value}
    return named_entry(name)


def named_entry(name, version=None):
    """The entry of `.azureml/datasets.json`, else of the dataset registered by a script; None when
    neither knows the name."""
    listed = _project.configuration(DATASETS_FILE).get(name)
    if listed is not None:
        entry = {"path": listed} if isinstance(listed, (str, list)) else dict(listed)
        if "path" not in entry:
            raise UserErrorException('%s: the entry of %r has no "path"' % (DATASETS_FILE, name))
        paths = [entry["path"]] if isinstance(entry["path"], str) else entry["path"]
        entry["path"] = [absolute(path, _project.folder()) for path in paths]
        return entry
    try:
        folder = _project.state("datasets", _project.checked_name(name, "dataset"))
    except UserErrorException:
        return None
    versions = [n for n in _project.numbered(folder) if os.path.exists(_registered(folder, n))]
    wanted = versions[-1:] if version in (None, "latest") else [n for n in versions if str(n) == str(version)]
    return _project.read_json(_registered(folder, wanted[0])) if wanted else None


def _registered(folder, version):
    return os.path.join(folder, str(version), "dataset.json")


def register(name, entry, new_version):
    """Keeps an entry under a name, as a new version when the name is taken and `new_version` allows
    it; the entry with its name and version."""
    name = _project.checked_name(name, "dataset")
    if not new_version and named_entry(name) is not None:
        raise UserErrorException("there is a dataset %r already; create_new_version=True adds a version" % name)
    folder = _project.state("datasets", name)
    version, path = _project.new_version(folder)
    entry = dict(entry, name=name, version=version)
    _project.replace_json(os.path.join(path, "dataset.json"), entry)
    return entry


def unregister(name):
    """Forgets what scripts registered under a name. The data itself stays."""
    import shutil

    shutil.rmtree(_project.state("datasets", _project.checked_name(name, "dataset")), ignore_errors=True)


def names():
    """Names of inputs and datasets that are known, sorted."""
    found = {name[len(INPUTS) :] for name in os.environ if name.startswith(INPUTS)}
    found.update(_project.configuration(DATASETS_FILE))
    try:
        found.update(os.listdir(_project.state("datasets")))
    except OSError:
        pass
    return sorted(found)


# Datastores


def datastores():
    """Folder or URL of every datastore, by name."""
    found = {DEFAULT_DATASTORE: _project.state("datastores", DEFAULT_DATASTORE)}
    for name, path in _project.configuration(DATASTORES_FILE).items():
        if name != "default":
            found[name] = absolute(path, _project.folder())
    for variable, value in os.environ.items():
        if variable.startswith(INPUTS):
            found.setdefault(variable[len(INPUTS) :], value)
    return found


def default_datastore():
    return _project.configuration(DATASTORES_FILE).get("default") or DEFAULT_DATASTORE


# Arguments to places


def absolute(path, base=None):
    """A path or URL as place; relative paths count from `base`, by default the current folder."""
    text = os.fspath(path)
    if is_web(text):
        return text
    if text.startswith("file://"):
        text = text[len("file://") :]
    if "://" in text:
        raise DatasetValidationError("cannot read %s: only local paths and http(s) addresses are read" % text)
    return os.path.normpath(os.path.join(base or os.getcwd(), os.path.expanduser(text)))


def places(path):
    """Places of what scripts give as path: text, (datastore, path), an object with places of its own
    (DataPath, DataReference, FileDataset), or a list of those."""
    if hasattr(path, "_places"):
        return path._places()
    if isinstance(path, tuple) and len(path) == 2 and hasattr(path[0], "_place"):
        inside = path[1] if isinstance(path[1], (list, tuple)) else [path[1]]
        return [path[0]._place(one) for one in inside]
    if isinstance(path, (list, tuple)):
        return [place for one in path for place in places(one)]
    if isinstance(path, str) or hasattr(path, "__fspath__"):
        return [absolute(path)]
    raise UserErrorException("a path is text, a (datastore, path) pair, or a list of those, found %r" % (path,))


# Places to files


def has_pattern(place):
    return not is_web(place) and any(c in place for c in "*?[") and not os.path.exists(place)


def root_of(place):
    """The folder that relative names below a place count from: of a pattern what is before its first
    wildcard, of a file the file itself."""
    if not has_pattern(place):
        return place
    fixed = []
    for part in place.split(os.sep):
        if any(c in part for c in "*?["):
            break
        fixed.append(part)
    return os.sep.join(fixed) or os.sep


def files(found):
    """(name relative to its place, path or URL) of every file of the places, sorted within each.
    Raises DatasetValidationError for a place without any."""
    listed = []
    for place in found:
        if is_web(place):
            listed.append((os.path.basename(place.split("?", 1)[0].rstrip("/")) or "data", place))
            continue
        if has_pattern(place):
            import glob

            matches = sorted(glob.glob(place, recursive=True))
            base = root_of(place)
        else:
            matches = [place]
            base = place if os.path.isdir(place) else os.path.dirname(place)
        here = [file for match in matches for file in _below(match)]
        if not here:
            raise DatasetValidationError("there are no data files at %s" % place)
        seen = set()
        for file in here:
            if file not in seen:
                seen.add(file)
                listed.append((os.path.relpath(file, base).replace(os.sep, "/"), file))
    return listed


def _below(path):
    if os.path.isfile(path):
        return [path]
    return sorted(os.path.join(where, name) for where, _, names in os.walk(path) for name in names)


def copy(source, target, overwrite=True):
    """Copies a file or fetches a URL to the path `target`."""
    import shutil

    if os.path.exists(target) and not overwrite:
        raise UserErrorException("%s exists already; overwrite=True replaces it" % target)
    if os.path.dirname(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
    if not is_web(source):
        if not (os.path.exists(target) and os.path.samefile(source, target)):
            shutil.copyfile(source, target)
        return
    from urllib.request import urlopen

    temporary = "%s.%d.part" % (target, os.getpid())
    try:
        with urlopen(source) as response, open(temporary, "wb") as file:
            shutil.copyfileobj(response, file)
        os.replace(temporary, target)
    except OSError as error:
        raise DatasetValidationError("cannot fetch %s: %s" % (source, error))
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def copy_files(listed, folder, overwrite=True):
    """Copies files as files() lists them below a folder; the paths of the copies."""
    copies = []
    for name, source in listed:
        parts = [part for part in name.split("/") if part not in ("", ".", "..")]
        target = os.path.join(folder, *parts)
        copy(source, target, overwrite)
        copies.append(target)
    return copies
