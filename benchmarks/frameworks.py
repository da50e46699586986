"""Grad-CAM and the scan against each framework's own forward pass, on one network: ResNet-50.

Keras' own, PyTorch's as transformers builds it, and the ONNX file exported from that one, all with
random weights. What is compared runs in turn within each round, NumPy in and NumPy out on every
side; `measure_frameworks` prints the median ratio with its range.
"""

from __future__ import annotations

import importlib.util
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.pairs import Ratio, in_turn, ratio, seconds
from benchmarks.scan import BATCH as SCANNED
from benchmarks.scan import Audited, make_photos
from camcore.classifier import Classifier
from camcore.methods import METHODS
from camcore.methods.applying import raw_maps
from camcore.models.keras.classifier import KerasClassifier
from camcore.models.keras.loading import import_keras, seeded
from camcore.models.onnx.classifier import OnnxClassifier
from camcore.pictures.preprocessing import preprocess

BATCH = 16
SIZE = 224
Pass = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Framework:
    """The network in one framework.

    Attributes
    ----------
    plain : callable
        The framework's own forward pass: pictures (N, H, W, C) float32 -> scores (N, C).
    beside : callable or None
        Another library's Grad-CAM on the same module: pictures, classes -> maps.
    """

    name: str
    classifier: Classifier
    plain: Pass
    beside: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None


def _keras() -> Framework:
    keras = import_keras()
    import tensorflow as tf

    with seeded(0):
        model = keras.applications.ResNet50(weights=None)
    compiled = tf.function(lambda images: model(images, training=False))
    classifier = KerasClassifier(model, name="Keras", preprocessing="torch")
    return Framework("Keras", classifier, lambda images: compiled(tf.constant(images)).numpy())


def _torch() -> tuple[Any, Framework]:
    """The module, and the module as it is measured."""
    import torch
    from transformers import ResNetConfig, ResNetForImageClassification

    from camcore.models.torch.classifier import TorchClassifier

    class Logits(torch.nn.Module):
        """The scores alone, which is what pytorch-grad-cam takes."""

        def __init__(self) -> None:
            super().__init__()
            self.network = ResNetForImageClassification(
                ResNetConfig.from_dict({"num_labels": 1000})
            )

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = self.network(pictures).logits
            return logits

    torch.manual_seed(0)
    module = Logits().eval()
    classifier = TorchClassifier(module, name="PyTorch", preprocessing="torch")

    def tensor(images: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(images).permute(0, 3, 1, 2)

    def plain(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            scores: np.ndarray = module(tensor(images)).numpy()
        return scores

    beside = _pytorch_grad_cam(module, classifier.default_layer, tensor)
    return module, Framework("PyTorch", classifier, plain, beside)


def _pytorch_grad_cam(
    module: Any, layer: str, tensor: Callable[[np.ndarray], Any]
) -> Callable[[np.ndarray, np.ndarray], np.ndarray] | None:
    """Grad-CAM of pytorch-grad-cam, where that is installed; it upsamples to the picture."""
    try:
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
    except ImportError as missing:
        print(f"without pytorch-grad-cam: {missing}")
        return None
    grad_cam = GradCAM(model=module, target_layers=[module.get_submodule(layer)])

    def maps(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
        wanted = [ClassifierOutputTarget(int(target)) for target in targets]
        upsampled: np.ndarray = grad_cam(input_tensor=tensor(images), targets=wanted)
        return upsampled

    return maps


def _onnx(module: Any, folder: Path) -> Framework:
    import onnx
    import onnxruntime
    import torch

    path = folder / "resnet50.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter without onnxscript is an old one
        torch.onnx.export(
            module,
            (torch.zeros(1, 3, SIZE, SIZE),),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["picture"],
            dynamic_axes={"picture": {0: "N"}},
        )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def plain(images: np.ndarray) -> np.ndarray:
        pictures = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
        scores: np.ndarray = session.run(None, {"picture": pictures})[0]
        return scores

    model = onnx.load(path)
    classifier = OnnxClassifier(model, name="ONNX", sha256="0", preprocessing="torch")
    return Framework("ONNX", classifier, plain)


def frameworks(folder: Path) -> Iterator[Framework]:
    """Each framework that is installed, one after another, so that memory holds few at a time."""
    yield _keras()
    if any(importlib.util.find_spec(name) is None for name in ("torch", "transformers")):
        print("without PyTorch and ONNX: pip install '.[torch]', which both networks are made by")
        return
    module, framework = _torch()
    yield framework
    yield _onnx(module, folder)


def speed(framework: Framework, rounds: int) -> dict[str, Ratio]:
    """Maps over the framework's own forward pass."""
    classifier, layer = framework.classifier, framework.classifier.default_layer
    rng = np.random.default_rng(0)
    many = rng.uniform(-1, 1, (BATCH, *classifier.input_shape)).astype(np.float32)

    def maps(images: np.ndarray, method: str = "grad-cam") -> np.ndarray:
        forward = classifier.forward(images, layer)
        return raw_maps(classifier, forward, forward.scores.argmax(axis=1), METHODS[method])

    single_image = many[:1]
    seen = classifier.forward(single_image, layer)
    others = iter(np.argsort(-seen.scores[0])[1 : rounds + 3].tolist())
    classes = classifier.scores(many)[0].argmax(axis=1)
    single: dict[str, Callable[[], object]] = {
        "plain": lambda: framework.plain(single_image),
        "Grad-CAM": lambda: maps(single_image),
        "CAM": lambda: maps(single_image, "cam"),
        "another": lambda: raw_maps(classifier, seen, [next(others)], METHODS["grad-cam"]),
    }
    batch: dict[str, Callable[[], object]] = {
        "plain": lambda: framework.plain(many),
        "Grad-CAM": lambda: maps(many),
    }
    beside = framework.beside
    if beside is not None:
        single["beside"] = lambda: beside(single_image, classes[:1])
        batch["beside"] = lambda: beside(many, classes)
    times, of_batch = in_turn(single, rounds), in_turn(batch, max(3, rounds // 5), warm=1)
    ratios = {
        "Grad-CAM / forward pass, one image      ": ratio(times, "Grad-CAM", "plain"),
        "Grad-CAM / forward pass, batch of 16    ": ratio(of_batch, "Grad-CAM", "plain"),
        "another class, image seen / forward     ": ratio(times, "another", "plain"),
        "CAM / forward pass, one image           ": ratio(times, "CAM", "plain"),
    }
    if beside is not None:
        ratios |= {
            "pytorch-grad-cam / Grad-CAM, one image  ": ratio(times, "beside", "Grad-CAM"),
            "pytorch-grad-cam / Grad-CAM, batch of 16": ratio(of_batch, "beside", "Grad-CAM"),
        }
    return ratios


def plain_loop(framework: Framework, folder: Path) -> None:
    """What a user's own script does: PIL, batches, scores, and no map."""
    files = sorted(folder.glob("*/*.jpg"))
    for start in range(0, len(files), SCANNED):
        pixels = [
            np.asarray(Image.open(file).convert("RGB").resize((SIZE, SIZE)), np.float32)
            for file in files[start : start + SCANNED]
        ]
        framework.plain(preprocess(np.stack(pixels), framework.classifier.preprocessing))


def scan_speed(framework: Framework, photos: list[Path], runs: Path) -> Ratio:
    """Pictures per second of the whole scan over those of the plain loop."""
    audited = Audited(framework.classifier, photos[0], runs)
    times: dict[str, list[float]] = {"loop": [], "scan": []}
    for folder in photos:
        times["loop"].append(seconds(partial(plain_loop, framework, folder)))
        times["scan"].append(seconds(audited.pass_over(folder)))
    return ratio({name: each[1:] for name, each in times.items()}, "loop", "scan")


LIMITS = {  # what the project promises
    "Grad-CAM / forward pass, one image      ": "<= 1.25",
    "Grad-CAM / forward pass, batch of 16    ": "<= 1.15",
    "another class, image seen / forward     ": "<= 0.1",
    "CAM / forward pass, one image           ": "<= 1.1",
    "pytorch-grad-cam / Grad-CAM, one image  ": ">= 3",
    "pytorch-grad-cam / Grad-CAM, batch of 16": ">= 1.5",
}


def measure_frameworks(rounds: int, images: int) -> None:
    """Print every ratio of every framework that is installed.

    Parameters
    ----------
    rounds : int
        For single images; a fifth of them, but three at least, for batches.
    images : int
        How many photographs the scan reads, in two rounds.
    """
    with tempfile.TemporaryDirectory(prefix="frameworks-benchmark-") as name:
        work = Path(name)
        photos = [work / "photos" / f"round-{k}" for k in range(3)]
        for k, folder in enumerate(photos):
            make_photos(folder, images // 2 if k else SCANNED, seed=k)
        for framework in frameworks(work):
            print(f"\n{framework.name}, ResNet-50, random weights")
            for title, measured in speed(framework, rounds).items():
                print(f"  {title} {measured}  {LIMITS[title]}", flush=True)
            scanned = scan_speed(framework, photos, work / framework.name)
            print(f"  scan / plain loop, images per second     {scanned}  >= 1.0", flush=True)
