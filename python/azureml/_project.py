"""The project folder that a script belongs to, and what is kept for it in `.hdrive`.

Inside a run HDRIVE_PROJECT names the project folder. Outside it is the nearest folder at or above
the current one that has `.azureml`, `aml_config` or `.hdrive`, else the current folder.
"""
import json
import os
import stat

from azureml.exceptions import UserErrorException

MARKS = (".azureml", "aml_config", ".hdrive")
_FIRST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_ALLOWED = _FIRST | frozenset("._-")


def folder():
    """Absolute path of the project folder."""
    named = os.environ.get("HDRIVE_PROJECT")
    if named:
        return os.path.abspath(named)
    here = os.getcwd()
    where = here
    while not _is_project(where):
        above = os.path.dirname(where)
        if above == where:
            return here
        where = above
    return where


def _is_project(where):
    """As the hdrive program sees it: a home folder's `.azureml` without a config.json, where other
    tools keep logins, is no mark, and neither is another user's in a folder that everybody may write
    to."""
    is_home = os.path.realpath(where) == os.path.realpath(os.path.expanduser("~"))
    for mark in MARKS:
        path = os.path.join(where, mark)
        if _is_own_folder(path) and (
            not is_home or mark == ".hdrive" or os.path.isfile(os.path.join(path, "config.json"))
        ):
            return True
    return False


def _is_own_folder(path):
    try:
        found = os.stat(path)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid in (os.getuid(), 0)


def state(*parts):
    """A path below the project's `.hdrive`."""
    return os.path.join(folder(), ".hdrive", *parts)


def checked_name(name, what):
    """`name` as str when it may become part of a path: up to 255 letters, digits, dots, underscores
    and dashes of ASCII, the first one a letter or digit. Raises UserErrorException otherwise."""
    text = str(name)
    if not text or len(text) > 255 or text[0] not in _FIRST or not _ALLOWED.issuperset(text):
        raise UserErrorException(
            "a %s name has 1 to 255 letters, digits, '.', '_' and '-' and starts with a letter or digit, found %r"
            % (what, name)
        )
    return text


def make_private_folders(path):
    """Creates `path` and its missing parents with mode 0700."""
    missing = []
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for one in reversed(missing):
        try:
            os.mkdir(one, 0o700)
        except FileExistsError:
            continue  # another process was first
        if os.path.basename(one) == ".hdrive":  # no part of anybody's commits
            with private_file(os.path.join(one, ".gitignore")) as file:
                file.write(b"*\n")


def private_file(path):
    """A new or emptied file for bytes that only its owner may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb")


def replace_json(path, document):
    """Writes a JSON file so that readers see the old content or the new one, whole."""
    temporary = "%s.%d.tmp" % (path, os.getpid())
    with private_file(temporary) as file:
        file.write(json.dumps(document, indent=1, sort_keys=True).encode("utf-8") + b"\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def read_json(path):
    """The object in a JSON file, {} when there is no such file. Raises UserErrorException for
    anything else than one JSON object."""
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UserErrorException("cannot read %s: %s" % (path, error))
    if not isinstance(document, dict):
        raise UserErrorException("%s holds no JSON object" % path)
    return document


def configuration(name):
    """The JSON file `name` of `.azureml` or `aml_config`, {} when neither has it."""
    for mark in MARKS[:2]:
        path = os.path.join(folder(), mark, name)
        if os.path.exists(path):
            return read_json(path)
    return {}


def new_version(parent):
    """Creates the next free folder 1, 2, ... below `parent`, also beside processes that do the same
    at this moment: (version, path)."""
    make_private_folders(parent)
    version = max([0] + numbered(parent)) + 1
    while True:
        path = os.path.join(parent, str(version))
        try:
            os.mkdir(path, 0o700)
            return version, path
        except FileExistsError:
            version += 1


def numbered(parent):
    """The versions below `parent`, rising; complete ones and others."""
    try:
        names = os.listdir(parent)
    except OSError:
        return []
    return sorted(int(name) for name in names if name.isdigit() and str(int(name)) == name and len(name) < 10)
