"""A refusal that only the making of a lock can know is told at the line that asks for the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.manifests import checked
from tfinfra.compiler.packages.located import refused_at_their_lines
from tfinfra.environment.requirements.refused_packages import RefusedPackages

MANIFEST = """\
framework_version: 2.15.1
pip_packages: [pandas==2.2.0, rich]
pip_requirements_file: requirements.txt
conda_dependencies_file: environment.yml
compute_target: {cloud: local, index_url: "https://a.example/simple"}
"""
ENVIRONMENT = "channels: [./channel]\ndependencies:\n- ffmpeg=6\n- pip:\n  - six==99\n"

PLACES: dict[str, tuple[RefusedPackages, str, int, int]] = {
    "of the list": (RefusedPackages("no", about=("pandas",)), "digits.yaml", 3, 16),
    "of a file that the requirements file names": (RefusedPackages("no", about=("numpy",)), "base.txt", 2, 1),
    "of the environment file's own list": (RefusedPackages("no", about=("six",)), "environment.yml", 5, 5),
    "the first that anybody asked for": (RefusedPackages("no", about=("wheel", "rich")), "digits.yaml", 3, 31),
    "a key's": (RefusedPackages("no", key="framework_version"), "digits.yaml", 2, 20),
    "nobody's": (RefusedPackages("no", about=("wheel",)), "digits.yaml", 3, 15),
    "conda's": (RefusedPackages("no", key="conda_packages", about=("x", "ffmpeg")), "environment.yml", 3, 3),
    "the target's": (RefusedPackages("no", key="index_url"), "digits.yaml", 6, 43),
    "a key's that is not written": (RefusedPackages("no", key="python_version"), "digits.yaml", 4, 24),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "requirements.txt").write_text("-r base.txt\n")
    (tmp_path / "base.txt").write_text("# frames\nNumPy<1.20\n")
    (tmp_path / "environment.yml").write_text(ENVIRONMENT)
    return tmp_path


@pytest.mark.parametrize("sentence", PLACES)
def test_the_place(sentence: str, folder: Path) -> None:
    error, file, line, column = PLACES[sentence]
    facts = checked(folder, MANIFEST).facts
    with pytest.raises(RefusedPackages) as caught, refused_at_their_lines(facts.manifest, facts.project):
        raise error
    (found,) = caught.value.diagnostics
    assert found.position is not None
    assert (Path(found.position.file).name, found.position.line, found.position.column) == (file, line, column)
    assert caught.value.exit_code == 3


def test_the_other_lines_that_do_not_fit_are_named(folder: Path) -> None:
    facts = checked(folder, MANIFEST).facts
    error = RefusedPackages("pip_packages: they do not fit", hint="loosen one", about=("numpy", "pandas"))
    with pytest.raises(RefusedPackages) as caught, refused_at_their_lines(facts.manifest, facts.project):
        raise error
    (found,) = caught.value.diagnostics
    assert found.message.startswith("they do not fit\n  asked for beside it: 'pandas==2.2.0' (")
    assert found.message.endswith("digits.yaml:3)")
    assert (found.code, found.hint) == ("TFI329", "loosen one")
