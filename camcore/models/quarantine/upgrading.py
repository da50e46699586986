"""A config that Keras 2 wrote becomes one that Keras 3 reads, where that changes no answer.

Only JSON is rewritten here, and before it is checked: what the checks see is what is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeGuard

from camcore.errors import ModelError
from camcore.models.quarantine import keras2_operations, keras2_settings
from camcore.models.quarantine import keras_allowlist as allowed

_OLD_MODULES = (
    "tf_keras",
    "keras.src.engine",
    "keras.engine",
    "keras.layers.experimental",
    "keras.mixed_precision",
    "keras.src.mixed_precision",
    "tensorflow.keras",
    "tensorflow.python",
)
_INPUT = "InputLayer"
_PLAIN_POLICIES = frozenset({"Policy", "PolicyV1"})
_ADVICE = "rebuild the model in Python with Keras 3, load its weights and save it as .keras."


def upgrade_config(config: dict[str, Any], name: str) -> bool:
    """Rewrite a model's config in place for Keras 3.

    Settings that Keras 3 does not know are dropped where they mean nothing, layers that only kept
    an operation of TensorFlow become operations of Keras, and what inner models were trained with
    goes.

    Parameters
    ----------
    config : dict
        The model's config: ``{"class_name": ..., "config": ...}``.
    name : str
        The model file, for messages.

    Returns
    -------
    bool
        Whether anything was changed.

    Raises
    ------
    ModelError
        A setting or operation that only Keras 2 can give.

    Examples
    --------
    >>> layer = {"class_name": "DepthwiseConv2D", "config": {"name": "d", "groups": 1}}
    >>> model = {"class_name": "Sequential", "config": {"name": "m", "layers": [layer]}}
    >>> upgrade_config(model, "old.h5"), layer["config"]
    (True, {'name': 'd'})
    """
    return _Upgrade(name).run(config)


class _Upgrade:
    """One walk, without recursion, so that depth cannot exhaust the stack."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.changed = False
        self.renamed: dict[str, str] = {}

    def run(self, config: dict[str, Any]) -> bool:
        self.rename_layers(config)
        for value in _objects(config):
            self.rewrite(value)
        return self.changed

    def rename_layers(self, config: dict[str, Any]) -> None:
        """Take the slashes out of names of layers, which Keras 3 allows no more."""
        named = [
            place
            for value in _objects(config)
            for place in (value, value.get("config"))
            if isinstance(place, dict) and isinstance(place.get("name"), str)
        ]
        taken = {place["name"] for place in named}
        for old in sorted(name for name in taken if "/" in name):
            new = old.replace("/", "_")
            while new in taken:
                new += "_"
            taken.add(new)
            self.renamed[old] = new
        for place in named:
            if place["name"] in self.renamed:
                place["name"] = self.renamed[place["name"]]
                self.changed = True

    def refuse(self, value: dict[str, Any], what: str) -> None:
        raise ModelError(
            f"{self.name} was saved by Keras 2: its layer {_label(value)!r}, a "
            f"{_shown(value['class_name'])}, {what}; {_ADVICE}"
        )

    def rewrite(self, value: dict[str, Any]) -> None:
        """Rewrite one ``{"class_name": ...}``."""
        kind = value["class_name"]
        inner = value.get("config")
        if kind in keras2_operations.KINDS and isinstance(inner, dict):
            self.rewrite_operation(value)
            return
        if kind in keras2_settings.RENAMED and isinstance(inner, dict):
            kind, settings = keras2_settings.RENAMED[kind]
            value["class_name"] = kind
            for old, new in settings.items():
                if old in inner:
                    inner[new] = inner.pop(old)
            self.drop(inner, keras2_settings.OF_RENAMED & inner.keys())
            self.changed = True
        self.rename_module(value)
        if kind in allowed.MODELS:
            # What a model was trained with: never needed, and often a function of one's own.
            if value.get("compile_config"):
                self.drop(value, ["compile_config"])
            if kind == "Sequential":
                self.rewrite_sequential(value)
            elif isinstance(inner, dict):
                self.rewrite_graph(inner)
        elif isinstance(inner, dict):
            if kind in _PLAIN_POLICIES:
                value.update(module="keras", class_name="DTypePolicy", registered_name=None)
                value["config"] = {"name": inner.get("name")}
                self.changed = True
            elif kind in allowed.INITIALIZERS and kind not in allowed.LAYERS:
                self.drop(inner, keras2_settings.OF_INITIALIZER.keys() & inner.keys())
            elif kind in allowed.LAYERS:
                self.rewrite_layer(value, inner)
        self.rewrite_calls(value)

    def rename_module(self, value: dict[str, Any]) -> None:
        """Say where Keras 3 keeps a class of Keras 2, known by its name."""
        kind, module = value["class_name"], value.get("module")
        if module is None and kind in allowed.APPLICATION_LAYERS:  # only found with its module
            value.update(module=allowed.APPLICATION_LAYERS[kind], registered_name=kind)
            self.changed = True
        if not isinstance(module, str) or not module.startswith(_OLD_MODULES):
            return
        places = allowed.MODULES_OF.get(kind)
        if module in (places or ()) and not module.startswith("keras.src.engine"):
            return
        if kind == "function":
            value["module"] = "builtins"
            self.changed = True
        elif places:
            value["module"] = _HOME.get(kind) or min(places)
            self.changed = True
        elif module.startswith("tf_keras") and kind not in allowed.REFUSED:
            self.refuse(value, "is no class of Keras 3 but one of tf_keras")

    def place(self, value: dict[str, Any]) -> None:
        """Say in which module Keras 3 finds a layer or model that names none."""
        if "module" not in value:
            module = _HOME.get(value["class_name"], "keras.layers")
            value.update(module=module, registered_name=None)
            self.changed = True

    def drop(self, config: dict[str, Any], settings: Any) -> None:
        for setting in list(settings):
            del config[setting]
            self.changed = True

    def rewrite_layer(self, value: dict[str, Any], inner: dict[str, Any]) -> None:
        kind = value["class_name"]
        known = keras2_settings.OF_EVERY_LAYER | keras2_settings.OF_LAYER.get(kind, {})
        for setting in known.keys() & inner.keys():
            if not keras2_settings.is_neutral(known[setting], inner[setting]):
                self.refuse(
                    value, f"sets {setting!r} to {_shown(inner[setting])}, which Keras 3 cannot do"
                )
            self.drop(inner, [setting])
        built = value.get("build_config")
        if (
            kind in keras2_settings.OF_SEVERAL_SHAPES
            and isinstance(built, dict)
            and "input_shape" in built
        ):
            self.drop(value, ["build_config"])  # it is built when it is called
        axis = inner.get("axis")
        if kind == "BatchNormalization" and isinstance(axis, list) and len(axis) == 1:
            inner["axis"] = axis[0]
            self.changed = True
        elif isinstance(axis, list) or kind in keras2_settings.MISREAD:
            # Keras 3 loses a list of axes where it takes a layer for one of its predecessor.
            self.place(value)
        for setting in keras2_settings.WRAPPED:
            for wrapped in _objects(inner.get(setting)):
                if wrapped["class_name"] in _WRAPPABLE:
                    self.place(wrapped)
        if "batch_input_shape" in inner:
            shape = inner.pop("batch_input_shape")
            if kind == _INPUT:
                inner.setdefault("batch_shape", shape)
            self.changed = True

    def rewrite_sequential(self, value: dict[str, Any]) -> None:
        """Make an input of what a Sequential of Keras 2 may keep in its first layer."""
        if isinstance(value.get("config"), list):  # before Keras 2.2.3 the layers were all
            value["config"] = {"name": value.get("name") or "sequential", "layers": value["config"]}
            self.changed = True
        inner = value.get("config")
        layers = inner.get("layers") if isinstance(inner, dict) else None
        if not isinstance(layers, list) or not layers or not isinstance(layers[0], dict):
            return
        config = layers[0].get("config")
        if not isinstance(config, dict) or layers[0]["class_name"] == _INPUT:
            return
        shape = config.get("batch_input_shape")
        if isinstance(shape, list):
            dtype = config.get("dtype")
            settings = {
                "batch_shape": shape,
                "dtype": dtype if isinstance(dtype, str) else "float32",
                "name": f"{config.get('name', 'first')}_input",
            }
            layers.insert(0, {"class_name": _INPUT, "config": settings, "module": "keras.layers",
                              "registered_name": None})  # fmt: skip
            self.changed = True

    def rewrite_graph(self, inner: dict[str, Any]) -> None:
        """Count the calls of inner models, and bare inputs and outputs, as Keras 3 does."""
        layers = inner.get("layers")
        layers = [layer for layer in layers if isinstance(layer, dict)] if _is_list(layers) else []
        if not any(_references(layer.get("inbound_nodes")) for layer in layers):
            return
        outputs = _references(inner.get("output_layers"))
        references = [
            r for layer in layers for r in _references(layer.get("inbound_nodes"))
        ] + outputs
        for reference in references + _references(inner.get("input_layers")):
            reference[0] = self.renamed.get(reference[0], reference[0])
        for layer in layers:
            if layer.get("class_name") not in allowed.MODELS:
                continue
            calls = [r for r in references if r[0] == layer.get("name")]
            count = len(layer.get("inbound_nodes") or ())
            # Keras 2 counts the call that a model is made from as the first, unless its input
            # was unknown then.
            shifted = any(reference[1] == count for reference in calls)
            for reference in calls:
                # Keras 3 does so too, but for the outputs of a model alone.
                kept = (
                    any(reference is output for output in outputs)
                    and layer["class_name"] != "Sequential"
                )
                reference[1] += kept - shifted
        self.order_arguments(layers)
        for key in ("input_layers", "output_layers"):
            bare = inner.get(key)
            if _is_list(bare) and len(bare) == 1 and _is_list(bare[0]):
                inner[key] = bare[0]

    def order_arguments(self, layers: list[dict[str, Any]]) -> None:
        """Call attention with its value before its key where they were made in that order.

        Keras 2 keeps both by name, and weights in the order in which the layers of a model are
        found, arguments in their order before those by name. Two layers of one shape, one for the
        value and one for the key, would change their weights without a word.
        """
        order = {layer.get("name"): index for index, layer in enumerate(layers)}
        for layer in layers:
            nodes = layer.get("inbound_nodes")
            if layer.get("class_name") != "MultiHeadAttention" or not _is_list(nodes):
                continue
            for index, node in enumerate(nodes):
                calls = [call for call in node if _references([call])] if _is_list(node) else []
                keywords = calls[0][3] if calls and len(calls[0]) > 3 else None
                if not isinstance(keywords, dict):
                    continue
                value, key = keywords.get("value"), keywords.get("key")
                is_reference = keras2_operations.is_reference
                if not is_reference(value) or not is_reference(key):
                    continue
                if order.get(value[0], 0) < order.get(key[0], 0):
                    first, second = keras2_operations.tensor(calls[0]), keywords.pop("value")
                    nodes[index] = {
                        "args": [first, keras2_operations.tensor(second)],
                        "kwargs": keras2_operations.argument(keywords),
                    }
                    self.changed = True

    def rewrite_operation(self, value: dict[str, Any]) -> None:
        function = value["config"].get("function")
        try:
            keras2_operations.rewrite_operation(value)
        except keras2_operations.UnknownOperation:
            self.refuse(
                value,
                f"calls TensorFlow's {_shown(function)}, which only Keras 2 can rebuild",
            )
        self.changed = True

    def rewrite_calls(self, value: dict[str, Any]) -> None:
        """Write calls as Keras 3 does, which overlooks tensors in the arguments of old ones."""
        nodes = value.get("inbound_nodes")
        if not isinstance(nodes, list):
            return
        for index, node in enumerate(nodes):
            calls = [call for call in node if _references([call])] if isinstance(node, list) else []
            if not calls:
                continue
            tensors = [keras2_operations.tensor(call) for call in calls]
            keywords = calls[0][3] if len(calls[0]) > 3 else {}
            nodes[index] = {
                "args": [tensors[0] if len(tensors) == 1 else tensors],
                "kwargs": keras2_operations.argument(keywords),
            }
            self.changed = True


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Every ``{"class_name": ...}`` in a config, outer ones first; what is changed is followed."""
    stack = [config]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if isinstance(value.get("class_name"), str):
                yield value
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _references(value: Any) -> list[list[Any]]:
    """Every ``[layer, call, output]`` or ``[layer, call, output, {...}]`` in nested lists."""
    references: list[list[Any]] = []
    stack = [value]
    while stack:
        item = stack.pop()
        if not isinstance(item, list):
            continue
        if keras2_operations.is_reference(item[:3]):
            references.append(item)
            stack.extend(item[3].values() if len(item) > 3 and isinstance(item[3], dict) else ())
        else:
            stack.extend(item)
    return references


def _label(value: dict[str, Any]) -> str:
    inner = value.get("config")
    return _shown(value.get("name") or (inner.get("name") if isinstance(inner, dict) else "?"))


def _shown(value: object) -> str:
    text = "".join(c if c.isprintable() else "?" for c in str(value))
    return text if len(text) <= 60 else text[:57] + "..."


_WRAPPABLE = allowed.LAYERS | allowed.MODELS | keras2_settings.RENAMED.keys()

# Where a class stands under several modules: the one that this Keras writes.
_HOME = {
    "Functional": "keras.src.models.functional",
    "Model": "keras",
    "Sequential": "keras",
    **dict.fromkeys(allowed.LAYERS, "keras.layers"),
}
