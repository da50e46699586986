"""Which probes there are, and how each is found again by its name."""

from __future__ import annotations

from camcore.auditing.edits.composition import Background, Object
from camcore.auditing.edits.compression import Compression
from camcore.auditing.edits.detail import Detail
from camcore.auditing.edits.frequency import Blur, Illumination
from camcore.auditing.edits.images import Images
from camcore.auditing.edits.part import part_named
from camcore.auditing.edits.probe import Probe
from camcore.auditing.edits.regions import NAMED, Region, region_named
from camcore.auditing.edits.residual import Noise, Watermark
from camcore.auditing.edits.texture import Texture
from camcore.auditing.edits.tone import Brightness, Colour
from camcore.auditing.edits.transplant import Transplant
from camcore.auditing.edits.vignette import Vignette
from camcore.errors import InputError

_GLOBAL = (
    Brightness(), Colour(), Illumination(), Vignette(), Blur(), Detail(), Noise(), Texture(),
    Watermark(), Compression(),
)  # fmt: skip
_OBJECT = (Background(), Object())
_BY_NAME: dict[str, Probe] = {probe.name: probe for probe in (*_GLOBAL, *_OBJECT)}


def probe_named(name: str) -> Probe:
    """The probe that a `Probe.name` stands for.

    Raises
    ------
    InputError
        If the text names neither a global probe nor a part nor a region.

    Examples
    --------
    >>> probe_named("brightness").family, probe_named("cells 8x8: 0,0").cue
    ('brightness', 'top left corner, row 1, column 1 of 8×8')
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    if (part := part_named(name)) is not None:
        return part
    try:
        return Transplant(region_named(name))
    except InputError as error:
        raise InputError(f"{error} A global probe is one of {', '.join(_BY_NAME)}.") from None


def local_probes(grid: int = 4) -> tuple[Transplant, ...]:
    """The coarse scan: every cell of a grid x grid grid, and every named region.

    Examples
    --------
    >>> len(local_probes()), {probe.family for probe in local_probes()} >= {"tag", "frame"}
    (24, True)
    """
    cells = [Region(grid, grid, ((r, c),)) for r in range(grid) for c in range(grid)]
    return tuple(Transplant(region) for region in (*cells, *NAMED.values()))


def refine(probe: Probe) -> tuple[Probe, ...]:
    """Finer probes inside a local one; none where the grid ends, or for a global one.

    Examples
    --------
    >>> [finer.name for finer in refine(probe_named("top 1/3"))]
    ['cells 6x2: 0,0', 'cells 6x2: 0,1', 'cells 6x2: 1,0', 'cells 6x2: 1,1']
    """
    region = probe.region
    return () if region is None else tuple(Transplant(part) for part in region.children())


def global_probes(images: Images) -> tuple[Probe, ...]:
    """The probes of whole-image statistics that apply to such images."""
    return tuple(probe for probe in _GLOBAL if probe.applies(images))


def object_probes(images: Images) -> tuple[Probe, ...]:
    """Background and object, if any mask is known; else none."""
    return tuple(probe for probe in _OBJECT if probe.applies(images))


def most_probes() -> int:
    """How many probes a class is tried with at most, before its own maps propose others."""
    return len(local_probes()) + len(_GLOBAL) + len(_OBJECT)
