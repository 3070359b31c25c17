"""The last pass: a Plan becomes the text of its deploy folder. Templates and stacks are read here and nowhere else."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfinfra.model import Plan, to_json
from tfinfra.system.resources import resource_folder

if TYPE_CHECKING:
    from jinja2 import Environment

_RENDERED = {
    "Pulumi.yaml": "Pulumi.yaml.j2",
    "README.md": "README.md.j2",
    "__main__.py": "program.py.j2",
    "cloud-init.yaml": "cloud-init.yaml.j2",
    "config.example.yaml": "config.example.yaml.j2",
}


def render(plan: Plan, resolved_manifest: str) -> dict[str, str]:
    """{path relative to deploy/<name>/: text}, sorted by path; the same plan gives the same bytes."""
    folder = resource_folder("templates")
    templates, bootstrap = _environment(folder), (folder / "bootstrap.py").read_text(encoding="utf-8")
    tree = {
        path: templates.get_template(name).render(plan=plan, bootstrap=bootstrap) for path, name in _RENDERED.items()
    }
    # The components that the plan needs, word for word
    made = plan.infrastructure
    optional = {"shared.py": made.shared_directory, "joined_network.py": made.subnet_id is not None}
    for file in resource_folder("stacks").glob("*.py"):
        if optional.get(file.name, True):
            tree[f"stacks/{file.name}"] = file.read_text(encoding="utf-8")
    tree["requirements.txt"] = (folder / "requirements.txt").read_text(encoding="utf-8")
    tree["plan.json"] = json.dumps(to_json(plan), indent=2) + "\n"
    tree["manifest.resolved.yaml"] = resolved_manifest
    return dict(sorted(tree.items()))


@cache  # a template takes longer to compile than to fill in
def _environment(folder: Path) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    options: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True}
    # What is rendered are programs and YAML, never HTML
    return Environment(loader=FileSystemLoader(folder), undefined=StrictUndefined, autoescape=False, **options)  # noqa: S701
