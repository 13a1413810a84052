"""The project's registered models: `.hdrive/models/<name>/<version>/`.

A version is a folder with the model below `files/` and the manifest `model.json`, which is written
last: a folder without one is a registration under way, or one that was killed. The hdrive program
reads and writes the same folders.
"""
import hashlib
import os
import shutil
import stat
import time

from azureml import _project
from azureml.exceptions import ModelNotFoundException, ModelPathNotFoundException, UserErrorException

MANIFEST = "model.json"
FILES = "files"
_DEFAULTS = {
    "name": None,
    "version": None,
    "path": "",
    "files": [],
    "contentHash": "",
    "createdTimeUtc": "1970-01-01T00:00:00.000Z",
    "description": "",
    "framework": "Custom",
    "frameworkVersion": "",
    "runId": "",
    "experimentName": "",
    "tags": {},
    "properties": {},
}


def register(name, source, details):
    """Copies the file or folder `source` into a new version of the model `name`; its manifest.
    `details`: further keys of the manifest."""
    name = _project.checked_name(name, "model")
    source = os.path.abspath(os.fspath(source))
    if not os.path.exists(source):
        raise ModelPathNotFoundException("cannot register model %r: there is no file or folder %s" % (name, source))
    base = os.path.basename(source)
    version, folder = _project.new_version(_project.state("models", name))
    try:
        files = [_kept(path, os.path.join(folder, FILES), inside) for inside, path in sorted(_listed(source, base))]
        if not files:
            raise ModelPathNotFoundException("cannot register model %r: there is no file in %s" % (name, source))
        manifest = {
            "schemaVersion": 1,
            "name": name,
            "version": version,
            "createdTimeUtc": _utc_time(time.time()),
            "path": base,
            "files": files,
            "contentHash": content_hash(files),
        }
        manifest.update(details)
        _project.replace_json(os.path.join(folder, MANIFEST), manifest)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return manifest


def _utc_time(seconds):
    milliseconds = int(seconds * 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000)) + ".%03dZ" % (milliseconds % 1000)


def _listed(source, base):
    """(path inside the model, path) of every regular file of the source. Links are followed to
    files, never to folders."""
    if not os.path.isdir(source):
        return [(base, source)]
    found = []
    for where, _, names in os.walk(source):
        inside = os.path.relpath(where, source).replace(os.sep, "/")
        for name in names:
            path = os.path.join(where, name)
            if os.path.isfile(path):
                found.append(("/".join(part for part in (base, inside, name) if part != "."), path))
    return found


def _kept(path, folder, inside):
    """Copies one file; what the manifest says of it."""
    try:
        inside.encode("utf-8")
    except UnicodeEncodeError:
        raise UserErrorException("the name of the file %r is not UTF-8; rename it to register it" % inside)
    target = os.path.join(folder, *inside.split("/"))
    _project.make_private_folders(os.path.dirname(target))
    digest = hashlib.sha256()
    size = 0
    with open(path, "rb") as source, _project.private_file(target) as copy:
        for piece in iter(lambda: source.read(1 << 20), b""):
            digest.update(piece)
            size += len(piece)
            copy.write(piece)
        copy.flush()
        os.fsync(copy.fileno())
    return {"path": inside, "size": size, "sha256": digest.hexdigest()}


def content_hash(files):
    """SHA-256 over path, size and hash of every file, by rising bytes of the path: the same files
    have the same hash under every model name."""
    digest = hashlib.sha256()
    for path, size, content in sorted((f["path"].encode("utf-8"), f["size"], f["sha256"]) for f in files):
        digest.update(path + b"\0" + ("%d\0%s\n" % (size, content)).encode("ascii"))
    return digest.hexdigest()


def names():
    """Names of all registered models, sorted."""
    try:
        found = sorted(os.listdir(_project.state("models")))
    except OSError:
        return []
    return [name for name in found if _is_name(name) and versions(name)]


def _is_name(name):
    try:
        return bool(_project.checked_name(name, "model"))
    except UserErrorException:
        return False  # something else lies there


def versions(name):
    """Complete versions of a model, rising."""
    folder = _project.state("models", _project.checked_name(name, "model"))
    return [n for n in _project.numbered(folder) if os.path.exists(os.path.join(folder, str(n), MANIFEST))]


def manifest(name, version=None):
    """The manifest of a version, by default of the newest. Raises ModelNotFoundException."""
    found = versions(name)
    try:
        version = found[-1] if version is None and found else int(version)
    except (TypeError, ValueError):
        version = None
    if version not in found:
        raise ModelNotFoundException(
            "ModelNotFound: there is no model %r%s; registered: %s"
            % (name, "" if version is None else " of version %s" % version, ", ".join(names()) or "none")
        )
    path = os.path.join(folder_of(name, version), MANIFEST)
    document = dict(_DEFAULTS, **_project.read_json(path))
    if (document["name"], document["version"]) != (name, version) or not document["path"]:
        raise UserErrorException("%s is no manifest of this model" % path)
    return document


def folder_of(name, version):
    return _project.state("models", _project.checked_name(name, "model"), str(int(version)))


def copy_to(document, folder):
    """Copies a model's files into `folder`, as files that the script may change; the path of the
    model there."""
    source = os.path.join(folder_of(document["name"], document["version"]), FILES)
    for file in document["files"]:
        parts = file["path"].split("/")
        if not all(parts) or ".." in parts or "." in parts:
            raise UserErrorException("the manifest of model %r names a file %r" % (document["name"], file["path"]))
        target = os.path.join(folder, *parts)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(os.path.join(source, *parts), target)
        os.chmod(target, stat.S_IRUSR | stat.S_IWUSR)
    return os.path.join(folder, document["path"])


def change(name, version, changes):
    """Replaces keys of a manifest; the new manifest."""
    document = manifest(name, version)
    document.update(changes)
    _project.replace_json(os.path.join(folder_of(name, version), MANIFEST), document)
    return document


def delete(name, version):
    """Removes a version. Its empty folder stays, so that its number is never given again."""
    folder = folder_of(name, version)
    # Without its manifest it is no model any more, whatever happens to the rest.
    try:
        os.remove(os.path.join(folder, MANIFEST))
    except FileNotFoundError:
        raise ModelNotFoundException("ModelNotFound: there is no model %r of version %s" % (name, version))
    shutil.rmtree(os.path.join(folder, FILES), ignore_errors=True)
