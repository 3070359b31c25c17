"""script_params against the flags that the script defines by absl."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.catalog.modules.python_modules import brings
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.lines.wrong_entries import Words, Wrong, is_known_to_tasks_alone, refused
from tfinfra.compiler.source.command_line.absl_flags import AbslFlag, AbslFlags, read_absl
from tfinfra.errors import Diagnostic
from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest

_OWN = frozenset(
    {
        *("?", "alsologtostderr", "delta_threshold", "flagfile", "hbm_oom_exit", "help", "helpfull", "helpshort"),
        *("helpxml", "log_dir", "logger_levels", "logtostderr", "only_check_args", "only_check_flags"),
        *("op_conversion_fallback_to_while_loop", "pdb", "pdb_post_mortem", "profile_file", "run_with_pdb"),
        *("run_with_profiling", "runtime_oom_exit", "showprefixforinfo", "stderrthreshold", "test_random_seed"),
        *("test_randomize_ordering_seed", "test_srcdir", "test_tmpdir", "tt_check_filter", "undefok", "v", "verbosity"),
        *("tt_single_core_summaries", "use_cprofile_for_profiling", "xml_output_file"),
    }
)
"""The flags that absl and TensorFlow define themselves."""
_TAKING = ("int", "float", "text", "enum")
"""The kinds of flags that surely take a value."""
_WITHOUT_FLAGS = frozenset(
    {
        *("absl", "tensorflow", "keras", "tf_keras", "horovod", "numpy", "pandas", "sklearn", "scipy", "matplotlib"),
        *("PIL", "cv2", "h5py", "tqdm", "yaml", "requests", "six", "psutil", "joblib", "seaborn"),
    }
)
"""Packages that define none, beside _OWN, when they are imported: most of them do without absl."""


def arguments_of_absl(facts: Facts) -> Iterator[Diagnostic]:
    """What absl would refuse when the script starts, on every node."""
    manifest, source = facts.manifest, facts.project.source
    if not manifest.sound("entry_script") or not manifest.sound("script_params"):
        return
    known = read_absl(source.modules, source.reach)
    if known is not None and known.is_read and not source.names("DEFINE_", "argv"):
        own = {name.partition("/")[0].removesuffix(".py") for name in source.modules}
        others = [one for one in known.imports if one not in own | _WITHOUT_FLAGS]
        all_known = known.whole and not source.skimmed and all(brings(one, manifest.python_version) for one in others)
        yield from refused(facts, lambda given: _wrongs(known, given, all_known=all_known))


def _wrongs(known: AbslFlags, given: Words, *, all_known: bool) -> Iterator[Wrong]:
    """Each entry that absl refuses. Words that no flag takes go to the script."""
    read = set[str]()
    for entry, values in given.items():
        if entry == "--":  # what follows are words for the script
            break
        name, equals, value = entry.lstrip("-").partition("=")
        flag = known.flags.get(name) or _negated(known, name)
        read.add(flag.name if flag else name)
        if not entry.startswith("-") or is_known_to_tasks_alone(given, entry):
            continue
        if flag is None:
            if known.strict and all_known and not {name, name.removeprefix("no")} & _OWN:
                yield _not_known(known, entry, name)
        elif flag.kind in _TAKING and not values and not equals:
            yield Wrong(entry, f"{entry} takes a value ({_place(flag)}), and has none", f"write `{entry}: …`", "key")
        elif why := _not_taken(flag, value if equals else next(iter(values), "")):
            yield Wrong(entry, f"{entry}: {why}", f"the script's own words are at {_place(flag)}")
    for one in dict.fromkeys(flag for flag in known.flags.values() if flag.required and flag.name not in read):
        yield Wrong(
            "", f"the script requires --{one.name} ({_place(one)})", f"write `--{one.name}: …` in script_params"
        )


def _negated(known: AbslFlags, name: str) -> AbslFlag | None:
    """The flag that "noverbose" unsets: a boolean one, or one of a kind that is not known, an alias of one perhaps."""
    found = known.flags.get(name[2:]) if name.startswith("no") else None
    return found if found and found.kind not in _TAKING else None


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
