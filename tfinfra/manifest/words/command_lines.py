"""A command line that starts a training (`horovodrun -np 4 python train.py --lr 0.1`) as the keys of a manifest.
Nothing of it is run or expanded."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

_PYTHON = re.compile(r"(?:.*/)?(?:python|pypy)[\d.]*(?:\.exe)?")
_LAUNCHERS = ("horovodrun", "mpirun", "mpiexec", "orterun")
_BEFORE = ("exec", "time", "sudo", "nohup", "env", "then", "do")
_SHELL = re.compile(r"(?:.*/)?(?:ba|da|z|)sh")
_VALUED = ("-W", "-X")
ASSIGNED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_FLAG = re.compile(r"--?[A-Za-z_?][^\s]*")
_SCRIPT = re.compile(r"[^\s=]+\.py")
_BETWEEN = {"&&", "||", ";", "&", "|", ";;"}
_COUNTS = ("-np", "-n", "--num-proc", "-c", "--np")
_PER_NODE = ("-N", "-npernode", "--npernode", "-ppn", "--slots-per-host", "--map-by-node")
_HOSTS = ("-H", "--hosts", "-host", "--host")
_LONGEST = 20_000
_TRAINING = re.compile(r"train|fit|main")
_TOOLS = ("setup.py", *(f"-m {name}" for name in ("pip", "venv", "ensurepip", "spacy", "nltk.downloader", "pytest")))
"""What Python starts to prepare a machine."""
_AT_HOME = re.compile(r"~/sky_workdir/?")
"""Where SkyPilot puts the code, and starts its commands."""


@dataclass(frozen=True)
class Started:
    """`script_params` maps a flag, or an argument that no flag is before, to the words behind it. `ranks` is the number
    of processes that a launcher was told, in all and `per_node`. `others` are the commands beside, as written."""

    entry_script: str
    script_params: dict[str, list[str]] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    launcher: str | None = None
    ranks: int | None = None
    per_node: int | None = None
    others: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    """Flags that stand there twice: the last one's words count."""
    unread: tuple[str, ...] = ()
    """Options of the launcher that say neither a number of processes nor a variable."""


def started(command: str | Sequence[str]) -> Started | None:
    """What a command line, a script of them, or a list of words starts with Python. Of several it is what a launcher
    starts, else the first that is called like a training, else the first; the rest are `others`. None where there is
    none. The script's path is from where the command line itself begins."""
    if not isinstance(command, str):
        return _of_words([str(word) for word in command])
    lines = commands(command)
    begun = {index: one for index, line in enumerate(lines) if (one := started_by(line))}
    if not begun:
        return None
    index = max(begun, key=lambda each: _likely(begun[each]))
    found, folder = begun[index], ""
    for line in lines[:index]:
        folder = moved(line, folder) or "" if is_move(line) else folder
    inside = not found.entry_script.startswith(("/", "-m ", "$", "~"))
    entry = posixpath.normpath(posixpath.join(folder, found.entry_script)) if inside and folder else found.entry_script
    return replace(found, entry_script=entry, others=(*lines[:index], *found.others, *lines[index + 1 :]))


def _likely(one: Started) -> int:
    """How likely it is that this is the training."""
    name = one.entry_script.rpartition("/")[2].lower()
    return 2 if one.launcher else 1 if _TRAINING.search(name) else 0


def started_by(line: str) -> Started | None:
    """What one simple command starts with Python; None also for what only prepares a machine."""
    one = _of_words(split(line))
    return one if one and one.entry_script and one.entry_script not in _TOOLS else None


def is_move(line: str) -> bool:
    """Whether a simple command changes the folder."""
    return split(line)[:1] in (["cd"], ["pushd"])


def moved(line: str, folder: str | None) -> str | None:
    """The folder after a command that changes it, relative to where the first began; None where nobody can say."""
    words = split(line)[1:]
    place = _AT_HOME.sub("", words[0], count=1) if len(words) == 1 else "/"
    if _AT_HOME.match(words[0] if words else ""):
        folder = ""
    if folder is None or place.startswith(("/", "~", "-")) or re.search(r"[$`*?]", place):
        return None
    after = posixpath.normpath(posixpath.join(folder, place))
    return None if after.startswith("..") else "" if after == "." else after


def shell_text(words: Sequence[str]) -> str | None:
    """What a shell is told by a list of words (`bash -c TEXT`); None where there is no shell."""
    shell = len(words) > 2 and _SHELL.fullmatch(words[0]) and words[1].startswith("-") and "c" in words[1]
    return words[2] if shell else None


def commands(text: str) -> list[str]:
    """The simple commands of a shell script, each on a line of its own, without comments."""
    joined = re.sub(r"\\\s*\n\s*", " ", text[:_LONGEST])
    found: list[str] = []
    for line in joined.splitlines():
        words: list[str] = []
        for word in [*_tokens(line), ";"]:
            if word in _BETWEEN:
                if words := _without_brackets(words):
                    found.append(" ".join(words))
                words = []
            else:
                words.append(word)
    return found


def _without_brackets(words: list[str]) -> list[str]:
    """Without the brackets of a subshell or a group: `(cd a` and `python b.py)` are commands of one."""
    begun = [words[0].lstrip("("), *words[1:]] if words else []
    if begun and begun[-1].count(")") > begun[-1].count("(") and not any("(" in word for word in begun[:-1]):
        begun[-1] = begun[-1].removesuffix(")")
    return [word for word in begun if word not in ("", "{", "}")]


def _tokens(line: str) -> list[str]:
    """The words of one line with their quotes, its operators apart."""
    stripped = line.strip()
    if stripped.startswith("#"):
        return []
    pieces = re.findall(
        r"'[^']*'|\"(?:[^\"\\]|\\.)*\"|\$\([^()]*\)|\d?>>?&?\d?|&&|\|\||;;?|(?<![>&])&(?![>&\d])|\|"
        r"|(?:[^\s'\"&|;>$]|\$(?!\())+|\S|\s+",
        stripped,
    )
    words: list[str] = []
    apart = True
    for piece in pieces:
        if piece.isspace() or piece in _BETWEEN:
            words += [] if piece.isspace() else [piece]
            apart = True
        elif apart:
            words.append(piece)
            apart = False
        else:
            words[-1] += piece
    return words


def split(line: str) -> list[str]:
    """The words of a command line, as a shell parts them; at blanks where a quote is not closed."""
    try:
        return shlex.split(line, comments=True)
    except ValueError:  # a quote that is not closed
        return line.split()


def _of_words(words: list[str]) -> Started | None:
    environment: dict[str, str] = {}
    while words and (words[0] in _BEFORE or ASSIGNED.fullmatch(words[0])):
        if given := ASSIGNED.fullmatch(words[0]):
            environment[given[1]] = given[2]
        words = words[1:]
    if (inner := shell_text(words)) is not None:
        return started(inner)
    launcher = words[0].rpartition("/")[2] if words and words[0].rpartition("/")[2] in _LAUNCHERS else None
    begin = next((i for i, word in enumerate(words) if _PYTHON.fullmatch(word)), None)
    if begin is None:
        begin = next((i for i, word in enumerate(words) if _SCRIPT.fullmatch(word) and (launcher or i == 0)), None)
        if begin is None:
            return None
        rest = words[begin:]
    else:
        rest = _after_options(words[begin + 1 :])
    if not rest or (begin and not launcher and words[0] in ("echo", "which")):
        return None
    entry, arguments = (f"-m {rest[1]}", rest[2:]) if rest[0] == "-m" and len(rest) > 1 else (rest[0], rest[1:])
    if entry.startswith("-") and not entry.startswith("-m "):
        return None
    params, repeated = parameters(arguments)
    ranks, per_node = _counts(words[1:begin]) if launcher else (None, None)
    environment |= _exported(words[1:begin]) if launcher else {}
    unread = _unread(words[1:begin]) if launcher else ()
    return Started(entry.removeprefix("./"), params, environment, launcher, ranks, per_node, (), repeated, unread)


def _after_options(words: list[str]) -> list[str]:
    """Behind the interpreter's own options."""
    while words and words[0].startswith("-") and words[0] not in ("-m", "-c", "-"):
        words = words[2 if words[0] in _VALUED else 1 :]
    return words


def parameters(words: Sequence[str]) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """Words of a command line by their flags, and the flags that stand there twice."""
    found: dict[str, list[str]] = {}
    repeated: list[str] = []
    last: str | None = None
    for word in words:
        if word in (">", ">>", "2>&1", "<", "2>", "&>") or re.match(r"\d?>", word):
            break
        if _FLAG.fullmatch(word):
            flag, equals, value = word.partition("=")
            repeated += [flag] if flag in found else []
            found[flag] = [value] if equals else []
            last = flag if not equals else None
        elif last is not None:
            found[last].append(word)
        else:
            found[word] = []
    return found, tuple(repeated)


def values_of(params: Mapping[str, list[str]]) -> dict[str, str | list[str] | None]:
    """The same as a manifest has it: one word alone, several as a list, null for a flag without any."""
    return {flag: words if len(words) > 1 else next(iter(words), None) for flag, words in params.items()}


def _counts(words: Sequence[str]) -> tuple[int | None, int | None]:
    """How many processes a launcher's options ask for: in all, and on each node."""
    ranks = per_node = None
    hosts: list[str] = []
    for option, behind in pairwise([*words, ""]):
        name, equals, own = option.partition("=")
        value = own if equals else behind
        if name in _COUNTS and value.isdigit():
            ranks = int(value)
        elif name in _PER_NODE and value.isdigit():
            per_node = int(value)
        elif name in _HOSTS:
            hosts = value.split(",")
    slots = {int(part) for host in hosts if (part := host.partition(":")[2]).isdigit()}
    return ranks, per_node or (slots.pop() if len(slots) == 1 else None)


def _unread(words: Sequence[str]) -> tuple[str, ...]:
    """What of a launcher's options says neither how many processes nor a variable, nor that root may start it."""
    found: list[str] = []
    is_value = False  # of an option that was read
    for option, behind in pairwise([*words, ""]):
        name, equals, own = option.partition("=")
        value = own if equals else behind
        counts = name in (*_COUNTS, *_PER_NODE) and value.isdigit()
        known = counts or name in _HOSTS or (name == "-x" and ASSIGNED.fullmatch(value))
        if is_value:
            is_value = False
        elif known:
            is_value = not equals
        elif option not in ("--allow-run-as-root", "-allow-run-as-root", "--verbose", "--"):
            found.append(option)
    return tuple(found)


def _exported(words: Sequence[str]) -> dict[str, str]:
    """`-x NAME=value` of mpirun."""
    given = (ASSIGNED.fullmatch(value) for option, value in pairwise(words) if option == "-x")
    return {found[1]: found[2] for found in given if found}
