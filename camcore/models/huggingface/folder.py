"""What an inspected folder tells: the network with its weights, its classes, and its kind."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import transformers

from camcore.classifier import OutputKind
from camcore.errors import ModelError
from camcore.models.quarantine.huggingface_folder import CONFIG

_PLAIN_NAME = "LABEL_"  # what transformers calls classes that have no names
_KINDS: dict[str, OutputKind] = {
    "multi_label_classification": "multi-label",
    "single_label_classification": "logits",
    "regression": "regression",
}


@dataclasses.dataclass(frozen=True, eq=False)
class FolderModel:
    """A network of a folder.

    Attributes
    ----------
    module : torch.nn.Module
        On the CPU, in float32, with all of its weights from the folder.
    size : tuple of int or None
        Height and width that the network itself asks for.
    channels : int
    class_names : tuple of str or None
        None where the folder has no names for them.
    output_kind : str or None
        Where the folder tells how its output is read.
    """

    module: Any
    size: tuple[int, int] | None
    channels: int
    class_names: tuple[str, ...] | None
    output_kind: OutputKind | None


def read_folder(path: str, name: str) -> FolderModel:
    """Load the network of a folder that has been inspected.

    Parameters
    ----------
    path : str
        Of the inspected copy.
    name : str
        What to call it in messages.

    Raises
    ------
    ModelError
        If transformers cannot build it, or not all of its weights are in the folder.
    """
    with open(os.path.join(path, CONFIG), "rb") as file:
        settings = json.load(file)
    kind = getattr(transformers, settings["architectures"][0])
    # Only what this kind of network is made of: nothing that names files, kernels or devices.
    known = {field.name for field in dataclasses.fields(kind.config_class)} | {"num_labels"}
    known -= {"dtype", "output_hidden_states", "return_dict"}
    with _quiet():
        try:
            config = kind.config_class(**{key: settings[key] for key in settings if key in known})
            module, loaded = kind.from_pretrained(
                path,
                config=config,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                dtype=torch.float32,
                output_loading_info=True,
            )
        except MemoryError:
            raise
        except Exception as error:  # transformers raises nearly anything of a config
            raise ModelError(
                f"{name}: transformers {transformers.__version__} cannot load it "
                f"({_first_line(error)}); save it again with save_pretrained."
            ) from error
    if missing := sorted(loaded["missing_keys"]):
        raise ModelError(
            f"{name} lacks {len(missing)} of the weights of its {type(module).__name__}, such as "
            f"{missing[0]}; save it again with save_pretrained."
        )
    labels = config.id2label or {}
    named = tuple(str(labels[index]) for index in sorted(labels))
    if all(label == f"{_PLAIN_NAME}{index}" for index, label in enumerate(named)):
        named = ()
    side = getattr(config, "image_size", None)
    return FolderModel(
        module.eval(),
        (side, side) if isinstance(side, int) else tuple(side) if side else None,
        getattr(config, "num_channels", 3),
        named or None,
        _KINDS.get(config.problem_type or ""),
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the bars and warnings that transformers prints."""
    log = logging.getLogger("transformers")
    level, bars = log.level, transformers.utils.logging.is_progress_bar_enabled()
    log.setLevel(logging.CRITICAL)
    transformers.utils.logging.disable_progress_bar()
    try:
        yield
    finally:
        log.setLevel(level)
        if bars:
            transformers.utils.logging.enable_progress_bar()


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = "".join(c if c.isprintable() else " " for c in (lines or [type(error).__name__])[0])
    return (text if len(text) <= 160 else text[:157] + "...").rstrip(".")
