"""Which target a manifest means: --target, compute_target, or a top-level vm_size; and what the catalog knows of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tfinfra.catalog.sizes import Retired, VmSize, locations, retired, size, sizes
from tfinfra.compiler.project import Project
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import Document, KeyPath, error_at
from tfinfra.manifest.manifest import Manifest, TargetKeys, target_of
from tfinfra.manifest.shape import target_errors, wrong_places
from tfinfra.manifest.words.foreign_paths import target_named
from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest
from tfinfra.model import PackageSources, Target
from tfinfra.system.clock import iso_time

LOCAL_SIZE = "Standard_D8s_v5"
DEFAULT_LOCATION = "eastus"
OS_DISK_GB = 128


@dataclass(frozen=True)
class ChosenTarget:
    """A target and where its keys were written. `target` and `size` are None where errors leave none to go on with."""

    document: Document
    path: KeyPath
    name: str
    keys: TargetKeys | None = None
    target: Target | None = None
    size: VmSize | None = None
    diagnostics: tuple[Diagnostic, ...] = ()

    def at(self, key: str, index: int = 0) -> KeyPath:
        """The path of one of its keys (of the item `index` where it holds a list), or of what named the target where
        the key is not written."""
        path: KeyPath = (*self.path, key)
        right = [place[-1] for place, _ in self.document.items(path)]
        index = int(right[index]) if index < len(right) else index
        found = next((p for p in ((*path, index), path) if p in self.document.values or p in self.document.texts), None)
        return found or self.path

    @property
    def sizes(self) -> tuple[VmSize, ...]:
        """The sizes to choose from that the catalog knows; the first is `size`."""
        written = self.keys.vm_size if self.keys else ()
        known = tuple(found for name in written if (found := size(name)))
        return known or ((self.size,) if self.size else ())


def choose_target(manifest: Manifest, project: Project) -> ChosenTarget:
    """The target that the run goes to; never raises: its diagnostics say what is wrong."""
    if project.target is not None:
        return _named_target(manifest, project, project.target)
    if manifest.vm_size and "compute_target" not in manifest.given:
        keys = TargetKeys(cloud="azure", vm_size=manifest.vm_size, vm_priority=manifest.vm_priority)
        return _checked_target(manifest.document, (), "azure", keys, whole=manifest.sound("vm_size"))
    if isinstance(manifest.compute_target, TargetKeys):
        keys = manifest.compute_target
        whole = manifest.sound("compute_target")
        return _checked_target(manifest.document, ("compute_target",), keys.cloud or "azure", keys, whole=whole)
    if not manifest.sound("compute_target", "vm_size"):
        return ChosenTarget(manifest.document, ("compute_target",), "")
    return _named_target(manifest, project, manifest.compute_target)


def _named_target(manifest: Manifest, project: Project, name: str) -> ChosenTarget:
    path: KeyPath = ("compute_target",)
    if name == "local":
        return _checked_target(manifest.document, path, "local", TargetKeys(cloud="local"))
    document = next((document for document in project.targets if name in document.data), None)
    if document is not None:
        return _target_of_file(document, name)
    known = ["local", *(key for document in project.targets for key in document.data)]
    plain = target_named(name)
    near = plain if plain in known else nearest(plain, known)
    hint = did_you_mean(near) if near else f"known: {', '.join(dict.fromkeys(known))}"
    if plain.lower() == "azure":
        hint = "write {cloud: azure, vm_size: Standard_D8s_v5}"
    elif not near and not project.targets:
        hint += (
            "; there is no compute_targets.yaml beside the manifest or in your configuration folder:"
            f" write one, with `{plain}: {{cloud: azure, vm_size: Standard_D8s_v5}}`"
        )
    at = () if project.target else path
    unknown = error_at(manifest.document, "TFI401", at, f"there is no compute target '{name}'", hint)
    return ChosenTarget(manifest.document, path, name, diagnostics=(unknown,))


def _target_of_file(document: Document, name: str) -> ChosenTarget:
    """The target `name` of a compute_targets.yaml."""
    errors, path = target_errors(document, name), (name,)
    wrong = wrong_places(document, errors, path) if isinstance(document.data[name], Mapping) else {path}
    if path in wrong:
        return ChosenTarget(document, path, name, diagnostics=errors)
    document = replace(document, wrong=frozenset(wrong))
    found = _checked_target(document, path, name, target_of(document, path), whole=not errors)
    return replace(found, diagnostics=(*errors, *found.diagnostics))


def _checked_target(
    document: Document, path: KeyPath, name: str, keys: TargetKeys, *, whole: bool = True
) -> ChosenTarget:
    """The target of these keys, with its defaults, where they are right. Of one that is not `whole`, because other keys
    of it are wrong, only what is wrong by itself is told."""
    cloud = keys.cloud or "azure"
    known = size(keys.vm_size[0]) if keys.vm_size else size(LOCAL_SIZE) if cloud == "local" else None
    chosen = ChosenTarget(document, path, name, keys, size=known)
    diagnostics = tuple(_faults(chosen, cloud, keys, whole=whole))
    if known is None or not whole or any(d.is_error for d in diagnostics):
        return replace(chosen, size=known if whole else None, diagnostics=diagnostics)
    target = Target(
        name=name,
        cloud=cloud,
        location=keys.location[0] if keys.location else _default_location(known),
        vm_size=known.name,
        os_disk_gb=keys.os_disk_gb or OS_DISK_GB,
        subscription_id=keys.subscription_id,
        max_nodes=keys.max_nodes,
        other_locations=keys.location[1:],
        other_vm_sizes=tuple(other.name for other in chosen.sizes[1:]),
        vm_priority=keys.vm_priority or "dedicated",
        max_price=keys.max_price,
        image=keys.image,
        zone=keys.zone,
        subnet_id=keys.subnet_id,
        capacity_reservation_id=keys.capacity_reservation_id,
        identity_id=keys.identity_id,
        store=keys.store,
        reaper_id=keys.reaper_id,
        sources=PackageSources(keys.index_url, keys.extra_index_urls, keys.find_links),
    )
    return replace(chosen, target=target, diagnostics=diagnostics)


def _default_location(known: VmSize) -> str:
    return DEFAULT_LOCATION if known.sold_in(DEFAULT_LOCATION) else min(known.locations or {DEFAULT_LOCATION})


def _faults(chosen: ChosenTarget, cloud: str, keys: TargetKeys, *, whole: bool) -> Iterator[Diagnostic]:
    if not keys.vm_size and cloud == "azure" and whole:
        message, hint = "an azure target needs a vm_size", "for example vm_size: Standard_D8s_v5"
        yield error_at(chosen.document, "TFI402", chosen.path, message, hint)
    for index, name in enumerate(keys.vm_size):
        known, gone = size(name), retired(name)
        if gone is not None and (known is not None or gone.by(iso_time()[:10])):
            yield _retired(chosen, index, name, gone)
        elif known is None:
            yield _unknown_size(chosen, index, name, gone)
        if known is not None and known.architecture != "x86_64":
            message = f"{known.name} has {known.architecture} processors, for which TensorFlow has no GPU build"
            yield error_at(chosen.document, "TFI414", chosen.at("vm_size", index), message, "use an x86_64 size")
    for index, location in enumerate(keys.location):
        if location not in locations():
            near = nearest(location.replace(" ", ""), sorted(locations()))
            hint = did_you_mean(near) if near else "write it as Azure does: eastus, westeurope"
            path = chosen.at("location", index)
            written = chosen.document.texts.get(path) or location
            yield error_at(chosen.document, "TFI404", path, f"there is no location '{written}'", hint)
    if whole and len(chosen.sizes) >= len(keys.vm_size) and locations().issuperset(keys.location):
        yield from _not_offered(chosen, keys)


def _not_offered(chosen: ChosenTarget, keys: TargetKeys) -> Iterator[Diagnostic]:
    """Each location must have one of the sizes, and each size one of the locations; other pairs are left out."""
    offered = chosen.sizes
    for index, location in enumerate(keys.location):
        if offered and not any(known.sold_in(location) for known in offered):
            yield _not_sold(chosen, chosen.at("location", index), offered, (location,))
    places = keys.location or ((_default_location(offered[0]),) if offered else ())
    for index, known in enumerate(offered):
        if len(offered) > 1 and not any(known.sold_in(place) for place in places):
            yield _not_sold(chosen, chosen.at("vm_size", index), (known,), places)


def _not_sold(chosen: ChosenTarget, path: KeyPath, offered: tuple[VmSize, ...], places: tuple[str, ...]) -> Diagnostic:
    names = " and ".join(known.name for known in offered)
    verb, they = ("is", "it is") if len(offered) == 1 else ("are", "they are")
    sold = ", ".join(sorted({place for known in offered for place in known.locations or ()})[:6])
    message = f"{names} {verb} not sold in {' or '.join(places)}"
    return error_at(chosen.document, "TFI403", path, message, f"{they} sold in {sold}")


def _retired(chosen: ChosenTarget, index: int, name: str, gone: Retired) -> Diagnostic:
    """An error from its day on; until then it is Azure's to say whether it still has room."""
    path = chosen.at("vm_size", index)
    if gone.by(iso_time()[:10]):
        return error_at(
            chosen.document, "TFI413", path, f"Azure has retired '{name}': {gone.date}", f"use {gone.instead}"
        )
    message, hint = f"Azure retires '{name}' on {gone.date}", f"from then on use {gone.instead}"
    return error_at(chosen.document, "TFI413", path, message, hint, severity=Severity.WARNING)


def _unknown_size(chosen: ChosenTarget, index: int, name: str, gone: Retired | None) -> Diagnostic:
    """Azure may well have it: the catalog's are those that tfinfra knows the image, drivers and prices of."""
    path = chosen.at("vm_size", index)
    message = f"the catalog knows no VM size '{name}', and no others are taken"
    known = {known.name.lower(): known.name for known in sizes()}
    near = nearest(name.lower() if name.lower().startswith("standard_") else f"standard_{name.lower()}", known, 0.75)
    all_of_them = "`tfinfra catalog sizes` lists all"
    if gone is not None:
        hint = f"use {gone.instead} (Azure retires yours on {gone.date}); {all_of_them}"
    else:
        hint = f"{did_you_mean(known[near])} {all_of_them}" if near else f"{all_of_them}, for example Standard_D8s_v5"
    return error_at(chosen.document, "TFI402", path, message, hint)


def gpus_per_node(manifest: Manifest, chosen: ChosenTarget, project: Project) -> int:
    """The GPUs of each node that tasks may use: none without use_gpu; those of this machine on the local cloud."""
    if not manifest.use_gpu or chosen.size is None or chosen.target is None:
        return 0
    return project.machine_gpus if chosen.target.cloud == "local" and not chosen.size.gpus else chosen.size.gpus


def sources(targets: tuple[Document, ...]) -> Mapping[str, str]:
    """Each known target's name and the file that defines it; the nearest file wins."""
    return {name: document.file for document in reversed(targets) for name in document.data}
