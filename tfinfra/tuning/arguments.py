"""A trial's parameters as the words of a command line."""

from __future__ import annotations

from tfinfra.model.tuning import Parameters, Scalar


def flag(name: str) -> str:
    """The flag of a name of the space. A bare name gets two dashes, as HyperDrive gives it ("lr", "--lr" → "--lr")."""
    return name if name.startswith("-") else f"--{name}"


def same_flag(one: str, other: str) -> bool:
    """Whether a flag of `script_params` is a name of the space: dashes do not count. The space overrides it, as
    HyperDrive does (HyperDriveConfig._remove_duplicate_arguments)."""
    return one.lstrip("-") == other.lstrip("-")


def trial_arguments(base: tuple[str, ...], parameters: Parameters) -> tuple[str, ...]:
    """The arguments of a trial: `base`, which has none of the space's own flags, then each flag with its value."""
    return (*base, *(word for name, value in parameters.items() for word in (flag(name), value_text(value))))


def value_text(value: Scalar) -> str:
    """A value as HyperDrive gives it to a script: True and False by these names, a number in its shortest form."""
    return value if isinstance(value, str) else repr(value)
