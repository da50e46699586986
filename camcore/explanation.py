"""An explanation as a value: the map, what it was made from, and how to keep it."""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from camcore.classifier import Explained, Layer
from camcore.drawing import notebook
from camcore.drawing import overlay as render
from camcore.heatmap import Heatmap
from camcore.methods import METHODS
from camcore.pictures.codecs import printable
from camcore.pictures.picture import Picture

_OF = {"score": "class score", "probability": "class probability"}


@dataclass(frozen=True)
class Prediction:
    """One class of the model's answer: class score before softmax and class probability."""

    index: int
    name: str
    score: float
    probability: float


@dataclass(frozen=True)
class Cost:
    """What a map took when it was first made.

    Attributes
    ----------
    passes : int
        Forward passes beside the first one.
    seconds : float
        With the first forward pass, and whatever had to be prepared for it.
    precision : str
        ``float32``, or what was measured and taken instead.
    """

    passes: int
    seconds: float
    precision: str


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where a model looks in one picture for one target.

    Attributes
    ----------
    picture : Picture
    heatmap : Heatmap
    target : Prediction
        The class (or direction of a regression) that the map explains.
    predictions : tuple of Prediction
        The five most probable classes, best first; for a regression, its first five outputs.
    layer : Layer
    method : str
        Key of the method in `camcore.METHODS`.
    model, model_sha256, output : str
    preprocessing, fit, version : str
    of : {"score", "probability"}
        What is explained: the class score before softmax, or the class probability.
    cost : Cost
    notes : tuple of str
        What was decided where the model leaves a choice, one short clause each.
    """

    picture: Picture
    heatmap: Heatmap
    target: Prediction
    predictions: tuple[Prediction, ...]
    layer: Layer
    method: str
    model: str
    model_sha256: str
    output: str
    preprocessing: str
    fit: str
    of: Explained
    cost: Cost
    version: str
    notes: tuple[str, ...] = ()

    @property
    def evidence(self) -> str:
        """``positive`` or ``none``."""
        return self.heatmap.evidence

    @property
    def statement(self) -> str:
        """What the map says, in one honest sentence."""
        name = printable(self.target.name)
        if self.of == "probability":
            name = f"the probability of {name}"
        if self.heatmap.evidence == "none":
            return f"No positive evidence for {name} at layer {printable(self.layer.name)}."
        share, area = self.heatmap.focus
        if area > 0.995:
            return f"The evidence for {name} is spread evenly over the whole map."
        where = "the picture" if self.fit == "stretch" else "what the model saw"
        much = _percent(share)
        much = much[0].upper() + much[1:]
        return f"{much} of the evidence for {name} lies in {_percent(area)} of {where}."

    @property
    def made(self) -> dict[str, str]:
        """How the map was made, as the text chunks that every saved picture carries."""
        made = {
            "Software": f"CAM Audit {self.version}",
            "Model": f"{self.model} (sha256 {self.model_sha256})",
            "Layer": str(self.layer),
            "Method": METHODS[self.method].title,
            "Target": f"{self.target.index}: {self.target.name} ({_OF[self.of]})",
            "Image": f"{self.picture.name} (sha256 {self.picture.sha256})",
            "Preprocessing": f"{self.preprocessing}, {self.fit}",
            "Scaling": self.heatmap.scaling,
            "Evidence": self.evidence,
        }
        if self.cost.passes:
            made["Passes"] = f"{self.cost.passes:,} in {self.cost.precision}"
        return made

    def overlay(
        self,
        alpha: float = 0.4,
        colormap: str = "viridis",
        *,
        interpolation: str = "bilinear",
        blend: str = "mix",
        box: bool = False,
    ) -> Image.Image:
        """The map over the picture, at the picture's own size.

        Raises
        ------
        InputError
            For an alpha outside 0..1 or an unknown colour map, interpolation or blend.
        """
        pixels = self.picture.pixels
        if self.evidence == "positive":
            values = self.heatmap.upsampled(interpolation)
            pixels = render.overlay(
                pixels,
                values,
                alpha=alpha,
                colormap=colormap,
                blend=blend,
                seen=self.heatmap.seen(),
            )
        return Image.fromarray(render.with_box(pixels, self.heatmap.box() if box else None))

    def _repr_html_(self) -> str:
        """The three pictures and the sentence, in a notebook."""
        cells = render.colour(self.heatmap.values, "viridis")
        scale = max(1, notebook.SIDE // max(cells.shape[:2]))
        raw = render.enlarge(cells, scale * cells.shape[0], scale * cells.shape[1])
        title, target = METHODS[self.method].title, printable(self.target.name)
        pictures = (
            (Image.fromarray(self.picture.pixels), printable(self.picture.name)),
            (Image.fromarray(raw), f"{title}, {printable(str(self.layer))}"),
            (self.overlay(), f"{target}, {self.target.probability:.1%}"),
        )
        figure = notebook.row(
            (notebook.picture(image, caption), caption) for image, caption in pictures
        )
        return str(figure + notebook.paragraph(self.statement))

    def _repr_png_(self) -> bytes:
        """The overlay, where a notebook shows no HTML."""
        image = self.overlay()
        image.thumbnail((2 * notebook.SIDE, 2 * notebook.SIDE))
        return render.png(np.asarray(image), self.made)

    def to_json(self) -> dict[str, Any]:
        """Everything but the arrays, as plain JSON values."""
        grid = self.layer
        return {
            "model": {
                "name": self.model,
                "sha256": self.model_sha256,
                "output": self.output,
                "notes": list(self.notes),
            },
            "layer": {
                "name": grid.name,
                "height": grid.height,
                "width": grid.width,
                "channels": grid.channels,
            },
            "target": vars(self.target).copy(),
            "of": self.of,
            "method": self.method,
            "cost": vars(self.cost).copy(),
            "evidence": self.evidence,
            "statement": self.statement,
            "raw_range": list(self.heatmap.raw_range),
            "scaling": self.heatmap.scaling,
            "predictions": [vars(p).copy() for p in self.predictions],
            "box": list(box) if (box := self.heatmap.box()) else None,
            "image": {
                "path": self.picture.path,
                "name": self.picture.name,
                "sha256": self.picture.sha256,
                "width": self.picture.width,
                "height": self.picture.height,
                "notes": list(self.picture.notes),
            },
            "preprocessing": self.preprocessing,
            "fit": self.fit,
            "frame": vars(self.heatmap.frame).copy(),
            "version": self.version,
        }

    def files(self, alpha: float = 0.4, colormap: str = "viridis") -> dict[str, bytes]:
        """The six files of an explanation: name -> content.

        Raises
        ------
        InputError
            For an alpha outside 0..1 or an unknown colour map.
        """
        height, width = self.heatmap.values.shape
        scale = max(1, 448 // max(height, width))
        cells = render.enlarge(
            render.colour(self.heatmap.values, colormap), height * scale, width * scale
        )
        over = np.asarray(self.overlay(alpha, colormap))
        return {
            "raw.npy": _npy(self.heatmap.raw),
            "heatmap.npy": _npy(self.heatmap.values),
            "original.png": render.png(self.picture.pixels),
            "heatmap.png": render.png(cells, self.made | {"Colour map": colormap}),
            "overlay.png": render.png(
                over, self.made | {"Colour map": colormap, "Alpha": f"{alpha:g}"}
            ),
            "explanation.json": json.dumps(
                self.to_json(), indent=2, ensure_ascii=False, allow_nan=False
            ).encode(),
        }

    def save(
        self, folder: str | os.PathLike[str], alpha: float = 0.4, colormap: str = "viridis"
    ) -> Path:
        """Write the six files into a folder, all or none of them.

        Raises
        ------
        InputError
            For an alpha outside 0..1 or an unknown colour map.
        OSError
            If the folder cannot be written.
        """
        content = self.files(alpha, colormap)
        out = Path(folder)
        out.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        try:
            for name, data in content.items():
                (part / name).write_bytes(data)
            out.mkdir(exist_ok=True)
            for name in content:
                os.replace(part / name, out / name)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return out


def _percent(share: float) -> str:
    if 0 < share < 0.01:
        return "less than 1%"
    return "more than 99%" if 0.99 < share < 1 else f"{share:.0%}"


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array.astype(np.float32), allow_pickle=False)
    return buffer.getvalue()
