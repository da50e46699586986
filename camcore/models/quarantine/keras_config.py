"""A model's config is read as plain JSON, object by object, before anything is built from it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any, NoReturn

from camcore.errors import ModelError, UnsafeModelError
from camcore.models.quarantine import keras_allowlist as allowed

MAX_CONFIG_BYTES = 32 * 1024**2
MAX_DEPTH = 256
MAX_LAYERS = 20_000
MAX_PARAMETERS = 1_000_000_000
MAX_WIDTH = 1_000_000
MAX_DIMENSION = 2**28
MAX_ELEMENTS = 2**30

# Settings that set the size of a layer, by name.
_WIDTHS = allowed.words(
    """
    units filters kernel_size pool_size depth_multiplier num_heads num_query_heads
    num_key_value_heads key_dim value_dim head_dim projection_dim groups strides dilation_rate
    height width num_tokens num_bins n
    """
)
_SHAPES = allowed.words(
    """
    batch_shape batch_input_shape input_shape build_input_shape target_shape output_shape shape
    newshape size kernel_size pool_size dims
    """
)
# Integers that never become a size: seeds, identifiers, bounds of slices.
_UNBOUNDED = frozenset({"seed", "shared_object_id", "start", "stop", "step"})

ADVICE = (
    "CAM Audit does not load it. If you trust the file, load it in Python with your own code and "
    "pass the model to camcore.KerasClassifier."
)


@dataclass
class ConfigFacts:
    """What a walk over a config has seen.

    Attributes
    ----------
    layers : int
        Layers, operations and inner models, at any depth.
    classes : set of str
        Names of all Keras classes named.
    """

    layers: int = 0
    classes: set[str] = field(default_factory=set)


def parse_config(data: bytes | str, name: str) -> dict[str, Any]:
    """Parse JSON that must be one object.

    Parameters
    ----------
    data : bytes or str
        JSON text as stored.
    name : str
        The model file, for messages.

    Raises
    ------
    ModelError
        It is too large, not JSON, or not an object.

    Examples
    --------
    >>> parse_config(b'{"class_name": "Sequential"}', "model.keras")
    {'class_name': 'Sequential'}
    """
    if len(data) > MAX_CONFIG_BYTES:
        raise UnsafeModelError(
            f"{name}: its config is larger than {MAX_CONFIG_BYTES // 1024**2} MB, "
            "more than any real network needs; it is not loaded."
        )
    try:
        config = json.loads(data)
    except (ValueError, RecursionError):
        raise ModelError(
            f"{name}: its config is not valid JSON, so the file is damaged; save the model again."
        ) from None
    if not isinstance(config, dict):
        raise ModelError(f"{name}: its config describes no model; save the whole model again.")
    return config


def check_config(config: dict[str, Any], name: str) -> ConfigFacts:
    """Walk every object of a model's config; anything but plain Keras classes raises.

    The settings for training at the top are skipped: models are loaded uncompiled.

    Parameters
    ----------
    config : dict
        The model's config: ``{"class_name": ..., "config": ...}``.
    name : str
        The model file, for messages.

    Raises
    ------
    UnsafeModelError
        A class, module or size that is not allowed; the text names the layer.
    ModelError
        No model at all, or one that only Keras 2 can rebuild.

    Examples
    --------
    >>> layer = {"class_name": "Flatten", "config": {"name": "flat"}}
    >>> model = {"class_name": "Sequential", "config": {"name": "m", "layers": [layer]}}
    >>> check_config(model, "model.h5").layers
    1
    """
    walk = _Walk(name)
    walk.run({key: value for key, value in config.items() if key != "compile_config"})
    top = config.get("class_name")
    if top not in allowed.MODELS:
        raise ModelError(f"{name} holds a {_show(top)}, not a model; save the whole model.")
    return walk.facts


def _show(text: object) -> str:
    printable = "".join(c if c.isprintable() else "?" for c in str(text))
    return printable if len(printable) <= 60 else printable[:57] + "..."


class _Walk:
    """One walk, without recursion, so that depth cannot exhaust the stack."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.facts = ConfigFacts()

    def run(self, config: dict[str, Any]) -> None:
        # value, the key it is under, the layer it belongs to, depth
        stack: list[tuple[Any, str, str, int]] = [(config, "", "the model", 0)]
        while stack:
            value, key, owner, depth = stack.pop()
            if depth > MAX_DEPTH:
                self.refuse(f"its config is nested more than {MAX_DEPTH} deep")
            if isinstance(value, dict):
                if "class_name" in value:
                    owner = self.check_object(value, owner, depth)
                for inner_key, inner in value.items():
                    stack.append((inner, inner_key, owner, depth + 1))
            elif isinstance(value, list):
                if key in _SHAPES:
                    self.check_shape(value, owner)
                for inner in value:
                    stack.append((inner, key, owner, depth + 1))
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                self.check_number(value, key, owner)

    def refuse(self, what: str) -> NoReturn:
        raise UnsafeModelError(f"{self.name}: {what}; {ADVICE}")

    def check_object(self, value: dict[str, Any], owner: str, depth: int) -> str:
        """Check one ``{"class_name": ...}`` and return the name of the layer it belongs to."""
        kind = value["class_name"]
        inner = value.get("config")
        label = value.get("name")
        if not isinstance(label, str) and isinstance(inner, dict):
            label = inner.get("name")
        here = f"layer '{_show(label)}'" if isinstance(label, str) and depth else owner
        if not isinstance(kind, str):
            self.refuse(f"{here} has a class that is no name")
        if kind in allowed.VALUES:
            self.check_value(kind, inner, owner)
            return owner
        if kind == "function":
            self.check_function(value, owner)
            return owner
        if kind in allowed.REFUSED:
            self.refuse(f"{here} is a {kind.strip('_')}, which {allowed.REFUSED[kind]}")
        if kind in allowed.UNREADABLE:
            raise ModelError(
                f"{self.name}: {here} is a {kind}, which {allowed.UNREADABLE[kind]}; rebuild the "
                "model in Python with Keras layers, load its weights and save it as .keras."
            )
        if kind not in allowed.MODULES_OF:
            self.refuse(
                f"{here} is a {_show(kind)}, which is not one of the Keras classes known to be safe"
            )
        module = value.get("module")
        known = isinstance(module, str) and module in allowed.MODULES_OF[kind]
        if module is not None and not known:
            self.refuse(
                f"{here} wants the class {kind} from {_show(module)!r}, "
                "which is not where Keras keeps it"
            )
        registered = value.get("registered_name")
        if registered is not None and registered != kind:
            self.refuse(
                f"{here} calls itself a {kind} but asks for the custom object {_show(registered)!r}"
            )
        self.facts.classes.add(kind)
        if kind in allowed.LAYERS or kind in allowed.MODELS or _is_operation(kind, module):
            if depth:
                self.count_layer(value, here)
            return here
        return owner

    def check_value(self, kind: str, inner: Any, owner: str) -> None:
        if kind not in ("__numpy__", "__tensor__", "__keras_tensor__"):
            return
        dtype = inner.get("dtype") if isinstance(inner, dict) else None
        # A dtype such as 'S2000000000' would make one small number take gigabytes.
        if not isinstance(dtype, str) or dtype not in allowed.DTYPES:
            self.refuse(f"{owner} holds an array of the type {_show(dtype)!r}")

    def check_function(self, value: dict[str, Any], owner: str) -> None:
        """A function may only be one of Keras' activations, as Keras 2 wrote some of them."""
        function = value.get("config")
        known = isinstance(function, str) and function in allowed.ACTIVATIONS
        where = value.get("module") in ("builtins", "keras.activations")
        if not (known and where and value.get("registered_name") in (None, function)):
            self.refuse(f"{owner} names the function {_show(function)!r} to call")

    def count_layer(self, value: dict[str, Any], here: str) -> None:
        self.facts.layers += 1
        if self.facts.layers > MAX_LAYERS:
            self.refuse(f"it has more than {MAX_LAYERS:,} layers")
        if _weights(value) > MAX_PARAMETERS:
            self.refuse(f"{here} would have more than {MAX_PARAMETERS:,} weights")

    def check_number(self, value: float, key: str, owner: str) -> None:
        if key in _UNBOUNDED:
            return
        limit = MAX_WIDTH if key in _WIDTHS else MAX_DIMENSION
        sizes = isinstance(value, int) or key in _WIDTHS or key in _SHAPES
        if sizes and not abs(value) <= limit:  # written so that NaN fails too
            self.refuse(f"{owner} sets {_show(key)!r} to {value:.3g}, above any real size")

    def check_shape(self, shape: list[Any], owner: str) -> None:
        if len(shape) > 16 and all(not isinstance(size, (dict, list)) for size in shape):
            self.refuse(f"{owner} has a shape of {len(shape)} dimensions")
        if _product(shape) > MAX_ELEMENTS:
            self.refuse(f"{owner} has a shape of more than {MAX_ELEMENTS:,} values")


def _is_operation(kind: str, module: object) -> bool:
    return module in allowed.OPERATIONS or kind in allowed.APPLICATION_LAYERS


def _product(sizes: Any) -> float:
    """Product of the sizes in a list, unknown ones taken as 1; of a bare number, itself."""
    if isinstance(sizes, (int, float)):
        sizes = [sizes]
    if not isinstance(sizes, list):
        return 1
    known = [s for s in sizes if isinstance(s, (int, float)) and not isinstance(s, bool)]
    return math.prod(max(abs(s), 1) for s in known)


def _weights(value: dict[str, Any]) -> float:
    """A lower bound of a layer's weights, as far as its own config tells it."""
    inner = value.get("config")
    if not isinstance(inner, dict):
        return 0
    build = value.get("build_config")
    shape = build.get("input_shape") if isinstance(build, dict) else None
    entering = _product(shape[-1:]) if isinstance(shape, list) else 1
    if isinstance(inner.get("units"), (int, float)):
        return entering * _product(inner["units"])
    if isinstance(inner.get("filters"), (int, float)):
        kernel = inner.get("kernel_size")
        groups = _product(inner.get("groups"))
        if isinstance(value.get("class_name"), str) and value["class_name"].startswith("Sep"):
            return entering * (_product(kernel) + _product(inner["filters"]))
        return _product(kernel) * _product(inner["filters"]) * entering / groups
    if isinstance(inner.get("input_dim"), int) and isinstance(inner.get("output_dim"), int):
        return _product(inner["input_dim"]) * _product(inner["output_dim"])
    return 0
