"""Tiny Hugging Face folders with random weights, by transformers' own classes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
import transformers
from transformers.models.beit.image_processing_pil_beit import BeitImageProcessorPil
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
from transformers.models.deit.image_processing_pil_deit import DeiTImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

NAMES = ("cat", "dog", "tank")
_NAMED = {"id2label": dict(enumerate(NAMES)), "label2id": {n: i for i, n in enumerate(NAMES)}}
_TOKENS = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
    "image_size": 32, "patch_size": 8, **_NAMED,
}  # fmt: skip
_IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
FAMILIES = ("ViT", "DeiT", "Swin", "ConvNext", "ResNet", "Beit")


def _config(family):
    if family == "Swin":
        return {
            "embed_dim": 16, "depths": [2, 1], "num_heads": [2, 2], "window_size": 4,
            "image_size": 32, "patch_size": 4, **_NAMED,
        }  # fmt: skip
    if family == "ConvNext":
        return {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "image_size": 64, **_NAMED}
    if family == "ResNet":
        return {
            "embedding_size": 8, "hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1],
            "layer_type": "basic", **_NAMED,
        }  # fmt: skip
    return _TOKENS


def _processor(family):
    if family == "ViT":
        return ViTImageProcessorPil(size=32)
    if family == "DeiT":
        return DeiTImageProcessorPil(size=40, crop_size=32, **_IMAGENET)
    if family == "Swin":
        return ViTImageProcessorPil(size=32, resample=1, do_rescale=True, rescale_factor=1 / 128)
    if family == "ConvNext":
        return ConvNextImageProcessorPil(size={"shortest_edge": 64}, **_IMAGENET)
    if family == "ResNet":
        return ConvNextImageProcessorPil(
            size={"shortest_edge": 64}, crop_pct=0.95, resample=2, do_normalize=False
        )
    return BeitImageProcessorPil(
        size=36, crop_size=32, do_center_crop=True, image_mean=0.4, image_std=0.2
    )


@cache
def network(family):
    """A network and its preprocessor; nobody changes them."""
    torch.manual_seed(0)
    config = getattr(transformers, f"{family}Config")(**_config(family))
    module = getattr(transformers, f"{family}ForImageClassification")(config).eval()
    with torch.no_grad():  # weights of a size that pictures make a difference to
        for tensor in module.parameters():
            if tensor.dim() > 1:
                tensor.normal_(std=tensor[0].numel() ** -0.5)
    return module, _processor(family)


def saved(family, folder: Path) -> Path:
    """A folder as `save_pretrained` writes it."""
    module, processor = network(family)
    module.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
