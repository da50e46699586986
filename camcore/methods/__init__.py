"""Class activation maps: the registry of methods.

A method is a pure NumPy formula over what the model protocol gives (`camcore.methods.weighted`),
or a rule for variants whose class scores become the map (`camcore.methods.variants` and
`camcore.methods.perturbed`). To add one, write the function, its test and its entry here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from camcore.classifier import Layer
from camcore.errors import InputError, MethodError
from camcore.methods import noise, variants, weighted
from camcore.methods.variants import MOST_ACTIVE
from camcore.pictures.preprocessing import Frame, whole_frame

Need = Literal["class weights", "gradients", "activations", "head", "image"]


@dataclass(frozen=True)
class Method:
    """One entry of the registry.

    Attributes
    ----------
    name, title : str
        Key on the command line, and name shown to people.
    formula : callable
        ``formula(A, w)``, ``formula(A, G)`` or ``formula(A)`` -> raw maps; with look-alikes
        ``formula(A, G, L)``, where L holds the gradients of each, and with noisy copies
        ``formula(A, N)``, where N holds the gradients at each; for the needs ``head`` and
        ``image``, ``formula(image, A, frame)`` of one picture, with the frame of A's grid in it
        -> `camcore.methods.variants.Variants`.
    needs : {"class weights", "gradients", "activations", "head", "image"}
        What it takes beside the feature maps; ``head`` is many passes through the rest of the
        network, ``image`` many passes through all of it.
    equation : str
        The map in LaTeX.
    paper : str
        Where it was published.
    about : str
        One plain sentence for a newcomer.
    scaling : {"relu", "min-max"}
        How its paper brings the map to 0..1.
    class_agnostic : bool
        Whether the map is the same for every class.
    layer_free : bool
        Whether it is the same for every layer.
    look_alikes : int
        With how many other classes, nearest in score, it compares the class.
    noisy_copies : int
        At how many noisy copies of the picture it takes the gradients.
    """

    name: str
    title: str
    formula: Callable[..., Any]
    needs: Need
    equation: str
    paper: str
    about: str
    scaling: str = "relu"
    class_agnostic: bool = False
    layer_free: bool = False
    look_alikes: int = 0
    noisy_copies: int = 0
    _passes: Callable[[Layer, tuple[int, int, int]], int] = lambda layer, shape: 0

    @property
    def many_passes(self) -> bool:
        """Whether it asks the model about many variants."""
        return self.needs in ("head", "image")

    @property
    def scans(self) -> bool:
        """Whether it suits thousands of pictures: one pass each, and a map for each class."""
        return not (self.many_passes or self.class_agnostic or self.noisy_copies)

    def passes(self, layer: Layer, input_shape: tuple[int, int, int]) -> int:
        """Forward passes beside the first one; at most, where some channels are flat.

        Of the rest of the network for the need ``head``, of the whole for ``image``.

        Examples
        --------
        >>> METHODS["recipro-cam"].passes(Layer("conv", 7, 7, 512, "Conv2D"), (224, 224, 3))
        50
        """
        return self.noisy_copies + self._passes(layer, input_shape)

    def costly(self, layer: Layer, input_shape: tuple[int, int, int]) -> bool:
        """Whether it may take long enough that somebody should ask for it."""
        # The rest of the network behind a pooled head is one product of matrices.
        return bool(self.noisy_copies) or (
            self.many_passes and not (self.needs == "head" and layer.cam)
        )

    def frame(self, layer: Layer, input_shape: tuple[int, int, int]) -> Frame:
        """Where its maps lie in the model's input."""
        height, width = input_shape[:2]
        whole = whole_frame(width, height)
        return whole if self.layer_free or layer.frame is None else layer.frame

    def possible(self, layer: Layer) -> bool:
        """Whether a layer allows it."""
        if self.needs == "gradients":
            return layer.differentiable
        return layer.cam or self.needs != "class weights"

    def why_not(self, model: str, layer: str) -> str:
        """Why a layer that does not allow it does not."""
        if self.needs == "gradients":
            return (
                f"{self.title} needs gradients at {layer!r}, and behind it {model} has an "
                "operation whose derivative is not known; a later layer may allow it, and "
                "Recipro-CAM, Ablation-CAM, Score-CAM and occlusion need no gradients."
            )
        return (
            f"{self.title} needs global average pooling and affine layers right behind "
            f"{layer!r}, and {model} has none there; Grad-CAM, HiResCAM and Layer-CAM work on "
            "any layer."
        )


METHODS = {
    method.name: method
    for method in (
        Method(
            "cam",
            "CAM",
            weighted.cam,
            "class weights",
            r"M_c = \mathrm{ReLU}\Big(\sum_k w_k^c A_k\Big)",
            "Zhou et al., CVPR 2016, arXiv:1512.04150",
            "The class's own weights behind global average pooling, laid over the feature maps.",
        ),
        Method(
            "grad-cam",
            "Grad-CAM",
            weighted.grad_cam,
            "gradients",
            r"M_c = \mathrm{ReLU}\Big(\sum_k \alpha_k^c A_k\Big),\quad"
            r"\alpha_k^c = \frac{1}{HW}\sum_{ij}\frac{\partial y_c}{\partial A_{ijk}}",
            "Selvaraju et al., ICCV 2017, arXiv:1610.02391",
            "Each feature map weighted by the mean gradient of the class score; any network.",
        ),
        Method(
            "grad-cam++",
            "Grad-CAM++",
            weighted.grad_cam_plus_plus,
            "gradients",
            r"M_c = \mathrm{ReLU}\Big(\sum_k w_k^c A_k\Big),\quad w_k^c = \sum_{ij}"
            r"\frac{G_{ijk}^2\,\mathrm{ReLU}(G_{ijk})}{2G_{ijk}^2 + G_{ijk}^3\sum_{ab}A_{abk}},"
            r"\quad G = \frac{\partial y_c}{\partial A}",
            "Chattopadhay et al., WACV 2018, arXiv:1710.11063",
            "Positive gradients only, weighted so that several objects of a class all count.",
        ),
        Method(
            "smooth-grad-cam++",
            "Smooth Grad-CAM++",
            weighted.smooth_grad_cam_plus_plus,
            "gradients",
            r"M_c = \mathrm{ReLU}\Big(\sum_k w_k^c A_k\Big),\quad w_k^c = \sum_{ij}"
            r"\frac{\overline{G_{ijk}^2}\,\mathrm{ReLU}(\overline{G_{ijk}})}"
            r"{2\overline{G_{ijk}^2} + \overline{G_{ijk}^3}\sum_{ab}A_{abk}},\quad"
            rf"\text{{means over {noise.COPIES} noisy pictures}}",
            "Omeiza et al. 2019, arXiv:1908.01224",
            "Grad-CAM++ with gradients averaged over noisy copies of the picture, so that chance "
            "counts less.",
            noisy_copies=noise.COPIES,
        ),
        Method(
            "xgrad-cam",
            "XGrad-CAM",
            weighted.xgrad_cam,
            "gradients",
            r"M_c = \mathrm{ReLU}\Big(\sum_k w_k^c A_k\Big),\quad w_k^c = \sum_{ij}"
            r"\frac{A_{ijk}}{\sum_{ab}A_{abk}}\frac{\partial y_c}{\partial A_{ijk}}",
            "Fu et al., BMVC 2020, arXiv:2008.02312",
            "Gradients averaged where the feature map is active, so that the map adds up better.",
        ),
        Method(
            "hirescam",
            "HiResCAM",
            weighted.hires_cam,
            "gradients",
            r"M_c = \mathrm{ReLU}\Big(\sum_k \frac{\partial y_c}{\partial A_k} \odot A_k\Big)",
            "Draelos and Carin 2020, arXiv:2011.08891",
            "Gradient times activation cell by cell: shows only what the score really used.",
        ),
        Method(
            "layer-cam",
            "Layer-CAM",
            weighted.layer_cam,
            "gradients",
            r"M_c = \mathrm{ReLU}\Big(\sum_k"
            r"\mathrm{ReLU}\big(\tfrac{\partial y_c}{\partial A_k}\big) \odot A_k\Big)",
            "Jiang et al., IEEE TIP 2021, doi:10.1109/TIP.2021.3089943",
            "Positive gradients only, cell by cell; made for early, fine-grained layers.",
        ),
        Method(
            "finer-cam",
            "Finer-CAM",
            weighted.finer_cam,
            "gradients",
            r"M_c = \mathrm{ReLU}\Big(\sum_k \alpha_k^c A_k\Big),\quad"
            r"\alpha_k^c = \frac{1}{HW}\sum_{ij}\frac{\partial}{\partial A_{ijk}}"
            rf"\Big(y_c - {weighted.CONTRAST}\ \underset{{d}}{{\mathrm{{mean}}}}\ y_d\Big),"
            rf"\quad d:\ {weighted.LOOK_ALIKES}\ \text{{classes nearest in score}}",
            "Zhang et al., CVPR 2025, arXiv:2501.11309",
            "Grad-CAM of what sets a class off against the classes that the model nearly chose.",
            look_alikes=weighted.LOOK_ALIKES,
        ),
        Method(
            "eigen-cam",
            "Eigen-CAM",
            weighted.eigen_cam,
            "activations",
            r"M = \mathrm{ReLU}(A\,v_1),\quad A = U\Sigma V^\top \in \mathbb{R}^{HW \times K}",
            "Muhammad and Yeasin, IJCNN 2020, arXiv:2008.00299",
            "What the feature maps have most in common; it knows no class, so it explains none.",
            class_agnostic=True,
        ),
        Method(
            "score-cam",
            "Score-CAM",
            variants.channel_masks,
            "image",
            r"M_c = \mathrm{ReLU}\Big(\sum_k \mathrm{softmax}(s)_k A_k\Big),\quad"
            r"s_k = y_c\big(x \odot \mathrm{norm}(\mathrm{up}(A_k))\big)",
            "Wang et al., CVPRW 2020, arXiv:1910.01279",
            "Each feature map masks the picture; those that keep the class score weigh most.",
            _passes=lambda layer, shape: layer.channels,
        ),
        Method(
            "score-cam-fast",
            f"Score-CAM ({MOST_ACTIVE} most active channels)",
            partial(variants.channel_masks, most=MOST_ACTIVE),
            "image",
            r"M_c = \mathrm{ReLU}\Big(\sum_{k \in T} \mathrm{softmax}(s)_k A_k\Big),\quad"
            r"s_k = y_c\big(x \odot \mathrm{norm}(\mathrm{up}(A_k))\big),\quad"
            rf"T:\ {MOST_ACTIVE}\ \text{{largest}}\ \mathrm{{std}}(A_k)",
            "after Wang et al., CVPRW 2020, arXiv:1910.01279",
            "Score-CAM with the feature maps that vary most: quicker, and not the whole sum.",
            _passes=lambda layer, shape: min(MOST_ACTIVE, layer.channels),
        ),
        Method(
            "recipro-cam",
            "Recipro-CAM",
            variants.kept_positions,
            "head",
            r"M_c(i,j) = y_c(A \odot m_{ij}) - y_c(0),\quad m_{ij} = \text{one at } (i,j)",
            "Byun and Lee 2022, arXiv:2209.14074; on tokens 2023, arXiv:2310.02588",
            "One place of the feature maps at a time through the rest of the network; no gradient.",
            scaling="min-max",
            _passes=lambda layer, shape: 1 + layer.height * layer.width,
        ),
        Method(
            "recipro-cam-gaussian",
            "Recipro-CAM (3×3 Gaussian)",
            partial(variants.kept_positions, gaussian=True),
            "head",
            r"M_c(i,j) = y_c(A \odot g_{ij}) - y_c(0),\quad g = \tfrac{1}{16}"
            r"\begin{bmatrix}1&2&1\\2&4&2\\1&2&1\end{bmatrix}\text{ at } (i,j)",
            "Byun and Lee 2022, arXiv:2209.14074; on tokens 2023, arXiv:2310.02588",
            "Recipro-CAM that keeps a place with its neighbours, weighted by a small Gaussian.",
            scaling="min-max",
            _passes=lambda layer, shape: 1 + layer.height * layer.width,
        ),
        Method(
            "ablation-cam",
            "Ablation-CAM",
            variants.missing_channels,
            "head",
            r"M_c = \mathrm{ReLU}\Big(\sum_k a_k A_k\Big),\quad"
            r"a_k = \frac{y_c - y_c^{\setminus k}}{|y_c|}",
            "Desai and Ramaswamy, WACV 2020",
            "Each feature map weighs what the class score loses without it; no gradient.",
            _passes=lambda layer, shape: layer.channels,
        ),
        Method(
            "occlusion",
            "Occlusion",
            variants.occluded_patches,
            "image",
            r"M_c = \mathrm{ReLU}\Big(\underset{P \ni ij}{\mathrm{mean}}\ "
            r"y_c - y_c^{\setminus P}\Big)",
            "Zeiler and Fergus, ECCV 2014, arXiv:1311.2901",
            "What the class score loses where a patch is covered; owes nothing to feature maps.",
            layer_free=True,
            _passes=lambda layer, shape: variants.occlusion_places(shape),
        ),
    )
}  # fmt: skip


def method_named(name: str) -> Method:
    """Find a method by its name, whatever its case and hyphens.

    Raises
    ------
    InputError
        If there is none.

    Examples
    --------
    >>> method_named("GradCAM").title
    'Grad-CAM'
    """
    key = name.lower().replace("-", "").replace("_", "").replace(" ", "")
    for method in METHODS.values():
        if method.name.replace("-", "") == key:
            return method
    raise InputError(f"method {name!r} is not known; choose one of {', '.join(METHODS)}.")


def require(method: Method, cam_possible: bool, model: str, layer: str) -> None:
    """Refuse a method that needs what the model does not have, and say what can be done.

    Raises
    ------
    MethodError
    """
    if method.needs == "class weights" and not cam_possible:
        raise MethodError(method.why_not(model, layer))
