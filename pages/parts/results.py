"""What stands below the pictures: probabilities, how it was made, files, and the same in code."""

from __future__ import annotations

import io
import json
import shlex
import zipfile
from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

import camcore
from camcore.drawing.triptych import triptych_png, triptych_svg
from pages.components.copy_slide import show_copy_slide
from pages.components.wording import plain, share
from pages.pickers.model_picker import ModelChoice
from pages.pickers.picture_picker import PictureChoice
from pages.pickers.target_picker import name_or_index

_FOCUS = (
    "Counted are the cells with at least half of the map's largest value: their share of all "
    "positive evidence, and their share of the picture."
)
_VANISHED = 1e-4  # share of the score's gradient that is left in the probability's


def show_statements(picture: camcore.Picture, shown: Sequence[camcore.Explanation]) -> None:
    """The honest sentence of each map, and what was done to the picture."""
    for one in shown:
        st.markdown(f"**{plain(one.statement)}**", help=_FOCUS)
        if one.of == "probability" and vanished(one):
            st.warning(
                f"{plain(one.target.name)} is at {share(one.target.probability)}, where the "
                "probability no longer changes: its gradient has vanished. What is left, at most "
                f"{one.heatmap.raw_range[1]:.1e} a cell, is rounding more than evidence. Explain "
                "the class score instead.",
                icon=":material/trending_flat:",
            )
    if picture.notes:
        st.caption("Picture: " + plain("; ".join(picture.notes)) + ".")


def vanished(shown: camcore.Explanation) -> bool:
    """Whether the gradient of a probability p is next to nothing.

    By softmax or sigmoid it is that of a score times p (1 - p) at most.
    """
    probability = shown.target.probability
    return probability * (1 - probability) < _VANISHED


def show_probabilities(
    model: camcore.Classifier, ranked: Sequence[camcore.Prediction], most: int = 20
) -> None:
    """The model's answer as a table with bars."""
    regression = model.output_kind == "regression"
    rows = pd.DataFrame(
        {
            "class": [one.name for one in ranked[:most]],
            "index": [one.index for one in ranked[:most]],
            "probability": [one.probability for one in ranked[:most]],
            "class score": [one.score for one in ranked[:most]],
        }
    )
    bar = st.column_config.ProgressColumn(
        "class probability", min_value=0.0, max_value=1.0, format="percent"
    )
    score = st.column_config.NumberColumn(
        "value" if regression else "class score",
        format="%.3f",
        help=None if regression else "Before softmax or sigmoid: what the map explains.",
    )
    st.dataframe(
        rows.drop(columns="probability") if regression else rows,
        hide_index=True,
        column_config={"probability": bar, "class score": score},
        height="content" if len(rows) <= 10 else 390,
    )
    if len(ranked) > most:
        st.caption(f"The {most} most probable of {len(ranked)} classes.")
    if model.output_kind == "log-probability":
        st.caption(
            "The network gives probabilities only, so the score is their logarithm; "
            "its gradient is not that of a score before softmax."
        )


def show_making(shown: Sequence[camcore.Explanation]) -> None:
    """How the map was made: the method's equation, and all that is needed to redo it."""
    one = shown[0]
    method = camcore.METHODS[one.method]
    st.markdown(plain(method.about))
    st.latex(method.equation)
    st.caption(
        plain(method.paper) + r". $A$: activations of the layer; $y_c$: class score before softmax."
    )
    made = one.made | {"Scaling": f"{one.heatmap.scaling}: {camcore.SCALINGS[one.heatmap.scaling]}"}
    made["Target"] = "; ".join(own.made["Target"] for own in shown)
    made["Evidence"] = "; ".join(own.made["Evidence"] for own in shown)
    rows = [f"| {key} | {plain(value)} |" for key, value in made.items()]
    st.markdown("\n".join([rows[0], "|---|---|", *rows[1:]]))
    st.caption(f"“… of the evidence lies in … of the picture”: {_FOCUS[0].lower()}{_FOCUS[1:]}")
    st.caption(
        "The heatmap is shown on its native grid. The overlay fills in between the centres of its "
        "cells (bilinear); finer detail than the grid has is not evidence."
    )


def show_downloads(shown: Sequence[camcore.Explanation]) -> None:
    """The files of each explanation, made when they are asked for."""
    for number, one in enumerate(shown):
        if len(shown) > 1:
            st.markdown(plain(one.target.name))
        stem = f"{one.picture.name.rsplit('.', 1)[0]}-{one.target.index}-{one.method}"
        with st.container(horizontal=True):
            for label, name, mime in (
                ("Overlay PNG", "overlay.png", "image/png"),
                ("Heatmap PNG", "heatmap.png", "image/png"),
                ("heatmap.npy", "heatmap.npy", "application/octet-stream"),
                ("raw.npy", "raw.npy", "application/octet-stream"),
                ("JSON", "explanation.json", "application/json"),
            ):
                st.download_button(
                    label,
                    partial(_file, one, name),
                    file_name=f"{stem}-{name}",
                    mime=mime,
                    key=f"download-{number}-{name}",
                    on_click="ignore",
                )
            for label, make, suffix, mime in (
                ("Slide PNG", triptych_png, "png", "image/png"),
                ("Slide SVG", triptych_svg, "svg", "image/svg+xml"),
            ):
                st.download_button(
                    label,
                    partial(make, one),
                    file_name=f"{stem}-slide.{suffix}",
                    mime=mime,
                    key=f"download-{number}-slide.{suffix}",
                    on_click="ignore",
                    help="Original, heatmap with its scale and overlay side by side, 1080 lines, "
                    "with what they say and how they were made.",
                )
            st.download_button(
                "All as a zip",
                partial(_zip, one),
                file_name=f"{stem}.zip",
                mime="application/zip",
                key=f"download-{number}-zip",
                on_click="ignore",
                type="primary",
            )
        show_copy_slide(
            partial(triptych_png, one),
            f"Copy slide of {one.target.name}",
            key=f"copy-slide-{number}",
        )
    st.caption(
        "heatmap.npy: 0 to 1 on the native grid; raw.npy: before ReLU and scaling. The pictures "
        "here have opacity 0.4 in viridis; “Save overlay PNG” above keeps what you see."
    )


def _file(one: camcore.Explanation, name: str) -> bytes:
    return one.files()[name]


def _zip(one: camcore.Explanation) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in one.files().items():
            archive.writestr(name, content)
    return buffer.getvalue()


def show_code(
    choice: ModelChoice,
    source: PictureChoice,
    model: camcore.Classifier,
    shown: Sequence[camcore.Explanation],
) -> None:
    """The lines that redo this view, in Python and on the command line."""
    st.code(python_lines(choice, source, model, shown), language="python")
    st.code(command_lines(choice, source, model, shown), language="bash", wrap_lines=True)


def python_lines(
    choice: ModelChoice,
    source: PictureChoice,
    model: camcore.Classifier,
    shown: Sequence[camcore.Explanation],
) -> str:
    """Python that redoes this view."""
    one = shown[0]
    load = [_quoted(_written(choice))]
    load += [f"labels={_quoted(choice.labels.rsplit('/', 1)[-1])}"] if choice.labels else []
    load += [f"output={_quoted(choice.output)}"] if choice.output else []
    load += [f"output_kind={_quoted(choice.output_kind)}"] if choice.output_kind else []
    load += [f"input_size={choice.input_size}"] if choice.input_size else []
    load += [f"input={_quoted(choice.input)}"] if choice.input else []
    held = ", ".join(
        f"{_quoted(name)}: {_quoted(value.rsplit('/', 1)[-1])}" for name, value in choice.others
    )
    load += [f"others={{{held}}}"] if held else []
    file = (
        f"camcore.sample({_quoted(source.sample)}).file" if source.sample else _quoted(source.file)
    )
    scaled = source.picture.stretch
    stretch = f", stretch={_quoted(scaled)}" if scaled != "none" else ""
    options = [f"layer={_quoted(one.layer.name)}", f"method={_quoted(one.method)}"]
    if one.preprocessing != model.preprocessing:
        options.append(f"preprocessing={_quoted(one.preprocessing)}")
    if one.fit != "stretch":
        options.append(f"fit={_quoted(one.fit)}")
    if one.of != "score":
        options.append(f"of={_quoted(one.of)}")
    lines = [
        "import camcore",
        "",
        f"model = camcore.load_model({', '.join(load)})",
        f"picture = camcore.read_image({file}{stretch})",
    ]
    for own in shown:
        target = name_or_index(model, own.target.index)
        arguments = ", ".join([f"target={_quoted(target)}", *options])
        lines += [
            "shown = camcore.explain(",
            f"    model, picture, {arguments}",
            ")",
            "print(shown.statement)",
            f"shown.save({_quoted(f'explained-{own.target.index}')})",
        ]
    return "\n".join(lines)


def command_lines(
    choice: ModelChoice,
    source: PictureChoice,
    model: camcore.Classifier,
    shown: Sequence[camcore.Explanation],
) -> str:
    """Commands that redo this view, one for each target."""
    lines = []
    for one in shown:
        words = ["python", "-m", "camcore", "explain", source.file, "--model", _written(choice)]
        words += ["--layer", one.layer.name, "--class", name_or_index(model, one.target.index)]
        words += ["--method", one.method]
        words += ["--labels", choice.labels.rsplit("/", 1)[-1]] if choice.labels else []
        words += ["--output", choice.output] if choice.output else []
        words += ["--output-kind", choice.output_kind] if choice.output_kind else []
        if choice.input_size:
            words += ["--input-size", "x".join(map(str, choice.input_size))]
        words += ["--input", choice.input] if choice.input else []
        for name, value in choice.others:
            words += ["--other", f"{name}={value.rsplit('/', 1)[-1]}"]
        if one.preprocessing != model.preprocessing or choice.file:
            words += ["--preprocess", one.preprocessing]
        words += ["--fit", one.fit] if one.fit != "stretch" else []
        stretch = source.picture.stretch
        words += ["--stretch", stretch] if stretch != "none" else []
        words += ["--of", one.of] if one.of != "score" else []
        words += ["--out", f"explained-{one.target.index}"]
        lines.append(" ".join(map(shlex.quote, words)))
    return "\n".join(lines)


def _written(choice: ModelChoice) -> str:
    """The model as a person would write it: an uploaded file by its own name."""
    return choice.title if choice.uploaded else choice.name


def _quoted(text: str | None) -> str:
    return json.dumps(text, ensure_ascii=False)
