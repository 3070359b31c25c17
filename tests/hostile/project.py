"""A stranger's repository: whatever of it a program may pick up by accident leaves a mark when it is picked up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

MODULES = (
    *("queue", "copy", "yaml", "random", "types", "token", "inspect", "logging", "json", "http", "email", "tokenize"),
    *("string", "platform", "operator", "tfinfra", "pulumi", "pulumi_azure_native", "site", "sitecustomize", "click"),
    *("usercustomize", "numpy", "conftest", "runpy", "encodings", "os", "subprocess", "stacks", "grpc", "pip", "uv"),
    *("orjson", "simplejson", "brotli", "dotenv", "rattler", "packaging", "pathspec", "jinja2", "cerberus", "rich"),
)
PACKAGES = ("pulumi", "tfinfra", "concurrent", "importlib")
SETTINGS = {
    ".env": "AZURE_CLIENT_SECRET=planted\nPULUMI_BACKEND_URL=file:///planted\n",
    "Pulumi.yaml": "name: planted\nruntime: {name: python, options: {virtualenv: planted}}\nmain: planted\n",
    "pip.conf": "[global]\nindex-url = https://planted.example/simple\n",
    "uv.toml": 'index-url = "https://planted.example/simple"\n',
    "pyproject.toml": '[tool.uv]\nindex-url = "https://planted.example"\n[build-system]\nrequires = ["planted"]\n',
    ".python-version": "2.7\n",
    ".condarc": "channels: [https://planted.example]\n",
    "sitecustomize.pth": "import planted\n",
    ".npmrc": "registry=https://planted.example\n",
    "pulumi-resource-azure-native": "#!/bin/sh\ntouch MARKER\n",
}
MANIFEST = "name: stranger\nentry_script: train.py\n"


def stranger(folder: Path, manifest: str = MANIFEST) -> Path:
    """The repository in `folder`; what runs of it makes a file in `folder`/../marks."""
    folder.mkdir(parents=True)
    marks = folder.parent / "marks"
    marks.mkdir()
    for name in MODULES:
        (folder / f"{name}.py").write_text(_code(marks, name))
    for name in PACKAGES:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(_code(marks, f"{name}-package"))
    for name, text in SETTINGS.items():
        (folder / name).write_text(text.replace("MARKER", str(marks / name)))
        (folder / name).chmod(0o755)
    (folder / "train.py").write_text(_code(marks, "train"))
    (folder / "train.yaml").write_text(manifest)
    return folder


def _code(marks: Path, name: str) -> str:
    return f"open({str(marks / name)!r}, 'w').close()\nraise ImportError('a stranger''s {name}')\n"


def marks(project: Path) -> list[str]:
    """What of the repository has run."""
    return sorted(path.name for path in (project.parent / "marks").iterdir())


def secret_of(folder: Path, name: str = "credentials") -> tuple[Path, str]:
    """A file outside of any project, and the text that no message may show."""
    text = "hunter2-outside"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"[default]\naws_secret_access_key = {text}\n{text}: x\nprint {text}\n")
    return folder / name, text


Plant = Callable[[Path, Path], str]
"""Changes a project, given the folder of a secret file; returns the manifest that goes with it."""
