"""Files of a run: everything below its `outputs` and `logs` folders."""
import os

from azureml.exceptions import UserErrorException


def root():
    """The run's working directory, wherever the script has moved since."""
    outputs = os.environ.get("HDRIVE_OUTPUT_DIR")
    return os.path.dirname(os.path.abspath(outputs)) if outputs else os.getcwd()


def place(name):
    """Absolute path of the artifact `name`. Names outside `outputs/` and `logs/` are kept below
    `outputs/`; a name that leads out of the run, by itself or through a link, is refused."""
    parts = [part for part in str(name).replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts or ".." in parts or "\0" in str(name):
        raise UserErrorException("an artifact name is a relative path inside the run, found %r" % (name,))
    if parts[0] not in ("outputs", "logs"):
        parts.insert(0, "outputs")
    path = os.path.join(root(), *parts)
    if not _is_inside(path):
        raise UserErrorException("the artifact %r leads out of the run's folder through a link" % (name,))
    return path


def _is_inside(path):
    base = os.path.realpath(root())
    return os.path.realpath(path).startswith(base + os.sep)


def save(name, source):
    """Copies `source`, a path or an object with read(), to the artifact `name`; gives its path."""
    target = place(name)
    if os.path.dirname(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
    if hasattr(source, "read"):
        data = source.read()
        with open(target, "wb") as file:
            file.write(data.encode("utf-8") if isinstance(data, str) else data)
        return target
    source = os.fspath(source)
    if not os.path.isfile(source):
        raise UserErrorException("cannot upload %r as %r: there is no such file" % (source, name))
    _copy(source, target)
    return target


def save_folder(name, folder):
    """Copies every file below `folder` to artifacts below `name`."""
    folder = os.fspath(folder)
    if not os.path.isdir(folder):
        raise UserErrorException("cannot upload %r as %r: there is no such folder" % (folder, name))
    found = [os.path.join(where, file) for where, _, files in os.walk(folder) for file in files]
    for path in found:  # listed before copying: `name` may lie inside `folder`
        save(os.path.join(name, os.path.relpath(path, folder)), path)


def names():
    """Artifact names, sorted, with `/` between folders."""
    base = root()
    found = []
    for top in ("logs", "outputs"):
        for where, _, files in os.walk(os.path.join(base, top)):
            paths = [os.path.join(where, file) for file in files]
            found.extend(os.path.relpath(path, base) for path in paths if _is_inside(path))
    return sorted(name.replace(os.sep, "/") for name in found)


def fetch(name, target):
    """Copies the artifact `name` to the path `target`, by default to its own base name."""
    source = place(name)
    if not os.path.isfile(source):
        raise UserErrorException("the run has no file %r" % (name,))
    target = os.fspath(target) if target else os.path.basename(source)
    if os.path.isdir(target) or target.endswith(os.sep):
        target = os.path.join(target, os.path.basename(source))
    if os.path.dirname(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
    _copy(source, target)


def _copy(source, target):
    import shutil  # here, because scripts that only log need not load it

    if not (os.path.exists(target) and os.path.samefile(source, target)):
        shutil.copyfile(source, target)
