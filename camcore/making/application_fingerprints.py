"""Remake the table of `camcore.models.keras.application_table`.

``python -m camcore.making.application_fingerprints`` builds each network of Keras Applications
that does not scale pixels itself, with random weights, and takes its convolutions; some minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from camcore.models.catalogue import CATALOGUE
from camcore.models.keras.loading import import_keras

WIDTHS = {
    "MobileNet": (0.25, 0.5, 0.75, 1.0),
    "MobileNetV2": (0.35, 0.5, 0.75, 1.0, 1.3, 1.4),
}
"""Factors of the numbers of filters that there are ImageNet weights for."""


def convolutions(model: Any) -> Iterator[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    """Every convolution of a functional model, as its graph has them."""
    for layer in model.layers:
        kind = type(layer).__name__
        if kind in ("Conv2D", "DepthwiseConv2D"):
            name = "Conv2D" if kind == "Conv2D" else "DepthwiseConv2dNative"
            yield name, tuple(layer.kernel.shape), tuple(layer.strides)
        elif kind == "SeparableConv2D":
            yield "DepthwiseConv2dNative", tuple(layer.depthwise_kernel.shape), tuple(layer.strides)
            yield "Conv2D", tuple(layer.pointwise_kernel.shape), (1, 1)


def variants() -> Iterator[tuple[str, dict[str, Any]]]:
    """Names for the table, and what the builder is given."""
    for entry in CATALOGUE.values():
        if entry.preprocessing == "none":
            continue
        for width in WIDTHS.get(entry.name, (None,)):
            yield (entry.name, {}) if width is None else (f"{entry.name} {width}", {"alpha": width})


def main() -> None:
    """Write the table."""
    from camcore.models.keras import application_table
    from camcore.models.keras.application_structure import fingerprint

    keras = import_keras()
    rows = []
    for name, options in variants():
        build = getattr(keras.applications, name.partition(" ")[0])
        size = CATALOGUE[name.partition(" ")[0]].size
        model = build(weights=None, include_top=False, input_shape=(size, size, 3), **options)
        layers = list(convolutions(model))
        rows.append(f'    "{name}": ({len(layers)}, "{fingerprint(layers)}"),\n')
        print(rows[-1].strip(), flush=True)
        keras.backend.clear_session()
    path = Path(application_table.__file__)
    head = path.read_text().partition(" = {")[0]
    path.write_text(f"{head} = {{\n{''.join(rows)}}}\n")


if __name__ == "__main__":
    main()
