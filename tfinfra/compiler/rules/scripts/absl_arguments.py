"""script_params against the flags that the script defines by absl, which reads them up to the first other word."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from tfinfra.catalog.modules.python_modules import brings
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.rules.scripts.arguments import OFF, Words, Wrong, is_known_to_tasks_alone, refused
from tfinfra.compiler.source.command_line.absl_flags import AbslFlag, AbslFlags, read_absl
from tfinfra.errors import Diagnostic
from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest

_OWN = frozenset(
    {
        *("help", "helpshort", "helpfull", "helpxml", "?", "flagfile", "undefok", "logtostderr", "alsologtostderr"),
        *("log_dir", "verbosity", "v", "logger_levels", "stderrthreshold", "showprefixforinfo", "run_with_pdb"),
        *("pdb_post_mortem", "pdb", "run_with_profiling", "profile_file", "use_cprofile_for_profiling"),
        *("only_check_args", "test_random_seed", "test_srcdir", "test_tmpdir", "test_randomize_ordering_seed"),
    }
)
"""The flags that absl and TensorFlow define themselves."""
_WITHOUT_FLAGS = frozenset(
    {
        *("absl", "tensorflow", "keras", "tf_keras", "horovod", "numpy", "pandas", "sklearn", "scipy", "matplotlib"),
        *("PIL", "cv2", "h5py", "tqdm", "yaml", "requests", "six", "psutil", "tensorboard", "joblib", "seaborn"),
    }
)
"""Packages that define none when they are imported, beside _OWN: each was imported, and absl asked."""


def arguments_of_absl(facts: Facts) -> Iterator[Diagnostic]:
    """What absl would refuse when the script starts, and what it would not read."""
    manifest, source = facts.manifest, facts.project.source
    if not manifest.sound("entry_script") or not manifest.sound("script_params"):
        return
    known = read_absl(source.modules, source.reach)
    if known is not None and known.is_read and not source.names("DEFINE_", "argv", "gnu_getopt"):
        own = {name.partition("/")[0].removesuffix(".py") for name in source.modules}
        others = [one for one in known.imports if one not in own | _WITHOUT_FLAGS]
        all_known = known.whole and not source.skimmed and all(brings(one, manifest.python_version) for one in others)
        yield from refused(facts, _wrongs(known, manifest.script_params, all_known=all_known))


def _wrongs(known: AbslFlags, given: Words, *, all_known: bool) -> Iterator[Wrong]:
    read = set[str]()
    for number, (entry, values) in enumerate(given.items(), start=1):
        name, equals, value = entry.lstrip("-").partition("=")
        flag = known.flags.get(name) or _negated(known, name)
        behind = [other for other in islice(given, number, None) if other.startswith("-")]
        read.add(flag.name if flag else name)
        if not entry.startswith("-"):
            yield from [_stopped(entry, entry, "", behind)] if behind else []
            return
        if flag is None and name not in _OWN:
            if known.strict and all_known:
                yield _not_known(known, entry, name)
            elif not known.strict:
                continue
            else:
                return  # it may take a word, or none
        elif flag is not None and not is_known_to_tasks_alone(given, entry):
            left = values if flag.kind == "bool" else values[0 if equals else 1 :]
            if left:
                yield from [_stopped(entry, left[0], _place(flag), behind)] if behind else []
                return
            if flag.kind != "bool" and not values and not equals:
                yield Wrong(
                    entry, f"{entry} takes a value ({_place(flag)}), and has none", f"write `{entry}: …`", "key"
                )
            elif why := _not_taken(flag, value if equals else next(iter(values), "")):
                yield Wrong(entry, f"{entry}: {why}", f"the script's own words are at {_place(flag)}")
    needed = [one for one in known.flags.values() if one.required and one.name not in read]
    for one in dict.fromkeys(needed) if known.is_read else ():
        yield Wrong(
            "", f"the script requires --{one.name} ({_place(one)})", f"write `--{one.name}: …` in script_params"
        )


def _stopped(entry: str, word: str, place: str, behind: list[str]) -> Wrong:
    """A word after which absl reads no more flags."""
    what = f"{entry} takes no word behind it ({place}): {word!r}" if place else f"{word!r}"
    more = f" and {len(behind) - 1} more" if len(behind) > 1 else ""
    message = f"{what} is where absl stops reading, and {behind[0]}{more} is not read"
    hint = (
        f"write `{'--no' + entry.lstrip('-') if OFF.fullmatch(word) else entry}:` alone" if place else "write it last"
    )
    return Wrong(entry, message, hint, "value" if place else "key")


def _negated(known: AbslFlags, name: str) -> AbslFlag | None:
    """The boolean flag that "noverbose" unsets."""
    found = known.flags.get(name[2:]) if name.startswith("no") else None
    return found if found and found.kind == "bool" else None


def _not_known(known: AbslFlags, entry: str, name: str) -> Wrong:
    names = sorted(f"--{one}" for one in known.flags)
    near = nearest(f"--{name}", names)
    hint = did_you_mean(near) if near else f"it defines {', '.join(names)}"
    return Wrong(entry, f"the script defines no flag --{name}, and absl refuses it", hint, "key")


def _not_taken(flag: AbslFlag, value: str) -> str:
    """Why a flag's value is refused, "" where it is not."""
    if flag.choices and value not in flag.choices:
        return f"{value!r} is none of {', '.join(flag.choices)}"
    try:
        if flag.kind == "int":
            int(value, 16 if value.lower().startswith("0x") else 8 if value.lower().startswith("0o") else 10)
        elif flag.kind == "float":
            float(value)
    except ValueError:
        return f"{value!r} is no {'whole ' if flag.kind == 'int' else ''}number"
    return ""


def _place(flag: AbslFlag) -> str:
    return f"{flag.module}:{flag.line}"


RULES: tuple[Rule, ...] = (arguments_of_absl,)
