"""Files of a run: everything below its `outputs` and `logs` folders.

Runs below a run (child runs that the script made, and the parent as its child sees it) keep theirs
under a prefix: `outputs/<prefix>/...` and `logs/<prefix>/...`.
"""
import os

from azureml.exceptions import UserErrorException

TOPS = ("outputs", "logs")


def root():
    """The run's working directory, wherever the script has moved since."""
    outputs = os.environ.get("HDRIVE_OUTPUT_DIR")
    return os.path.dirname(os.path.abspath(outputs)) if outputs else os.getcwd()


def place(name, prefix=""):
    """Absolute path of the artifact `name`. Names outside `outputs/` and `logs/` are kept below
    `outputs/`; a name that leads out of the run, by itself or through a link, is refused."""
    parts = [part for part in str(name).replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts or ".." in parts or "\0" in str(name):
        raise UserErrorException("an artifact name is a relative path inside the run, found %r" % (name,))
    if parts[0] not in TOPS:
        parts.insert(0, "outputs")
    path = os.path.join(root(), parts[0], *([prefix] if prefix else []) + parts[1:])
    if not _is_inside(path):
        raise UserErrorException("the artifact %r leads out of the run's folder through a link" % (name,))
    return path


def _is_inside(path):
    base = os.path.realpath(root())
    return os.path.realpath(path).startswith(base + os.sep)


def save(name, source, prefix=""):
    """Copies `source`, a path or an object with read(), to the artifact `name`; gives its path."""
    target = place(name, prefix)
    if hasattr(source, "read"):
        data = source.read()
        _make_folder_of(target)
        with open(target, "wb") as file:
            file.write(data.encode("utf-8") if isinstance(data, str) else data)
        return target
    source = os.fspath(source)
    if not os.path.isfile(source):
        raise UserErrorException("cannot upload %r as %r: there is no such file" % (source, name))
    _make_folder_of(target)
    _copy(source, target)
    return target


def save_folder(name, folder, prefix=""):
    """Copies every file below `folder` to artifacts below `name`."""
    folder = os.fspath(folder)
    if not os.path.isdir(folder):
        raise UserErrorException("cannot upload %r as %r: there is no such folder" % (folder, name))
    found = [os.path.join(where, file) for where, _, files in os.walk(folder) for file in files]
    for path in found:  # listed before copying: `name` may lie inside `folder`
        save(os.path.join(str(name), os.path.relpath(path, folder)), path, prefix)


def names(prefix=""):
    """Artifact names, sorted, with `/` between folders, the prefix left out."""
    base = root()
    found = []
    for top in TOPS:
        inside = os.path.join(base, top, prefix) if prefix else os.path.join(base, top)
        for where, _, files in os.walk(inside):
            paths = [os.path.join(where, file) for file in files]
            found.extend(os.path.join(top, os.path.relpath(path, inside)) for path in paths if _is_inside(path))
    return sorted(name.replace(os.sep, "/") for name in found)


def fetch(name, target, prefix=""):
    """Copies the artifact `name` to the path `target`, by default to its own base name."""
    source = place(name, prefix)
    if not os.path.isfile(source):
        known = names(prefix)
        raise UserErrorException(
            "the run has no file %r; it has %s" % (name, ", ".join(known[:20]) + (", ..." if known[20:] else "") or "none")
        )
    target = os.fspath(target) if target else os.path.basename(source)
    if os.path.isdir(target) or target.endswith(os.sep):
        target = os.path.join(target, os.path.basename(source))
    _make_folder_of(target)
    _copy(source, target)
    return target


def fetch_all(wanted, folder, targets, keep_prefix, prefix=""):
    """Copies the artifacts whose name starts with `wanted`: to `targets` in order when given, else
    below `folder`, under their names or, without `keep_prefix`, what follows `wanted` in them."""
    wanted = (wanted or "").replace("\\", "/").lstrip("/")
    found = [name for name in names(prefix) if name.startswith(wanted)]
    if targets is not None:
        targets = [targets] if isinstance(targets, str) else list(targets)
        if len(targets) != len(found):
            raise UserErrorException("download_files: %d paths for %d files: %s" % (len(targets), len(found), found))
    else:
        rests = [name if keep_prefix else name[len(wanted) :].lstrip("/") or os.path.basename(name) for name in found]
        targets = [os.path.join(os.fspath(folder or os.curdir), rest) for rest in rests]
    for name, target in zip(found, targets):
        fetch(name, target, prefix)


def fetch_logs(folder):
    """Copies what the run has printed so far and the files of `logs/`; the paths of the copies."""
    base = root()
    found = []
    for inside in (os.path.join(os.path.dirname(base), "logs"), os.path.join(base, "logs")):
        for where, _, files in os.walk(inside):
            for file in sorted(files):
                source = os.path.join(where, file)
                target = os.path.join(folder, os.path.relpath(source, inside))
                _make_folder_of(target)
                _copy(source, target)
                found.append(target)
    return found


def _make_folder_of(target):
    folder = os.path.dirname(target)
    if folder:
        os.makedirs(folder, exist_ok=True)


def _copy(source, target):
    import shutil  # here, because scripts that only log need not load it

    if not (os.path.exists(target) and os.path.samefile(source, target)):
        shutil.copyfile(source, target)
