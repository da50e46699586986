"""What a model is, as one hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np


def content_sha256(model: Any) -> str:
    """Hash of a model's configuration and weights."""
    digest = hashlib.sha256()
    try:
        digest.update(json.dumps(model.get_config(), sort_keys=True, default=str).encode())
    except NotImplementedError:  # a subclassed model without a configuration
        digest.update(type(model).__qualname__.encode())
    for variable in model.variables:
        value = np.ascontiguousarray(variable.value.numpy())
        digest.update(f"{value.dtype}{value.shape}".encode())
        digest.update(value.data)
    return digest.hexdigest()
