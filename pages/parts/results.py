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
from pages.components.map_statement import statement
from pages.components.wording import plain, share
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.pickers.model_picker import ModelChoice
from pages.pickers.picture_picker import PictureChoice
from pages.pickers.target_picker import name_or_index

_FOCUS = marked(
    "Counted are the cells with at least half of the map's largest value: their share of all "
    "positive evidence, and their share of the picture."
)
_VANISHED = 1e-4  # share of the score's gradient that is left in the probability's


def show_statements(picture: camcore.Picture, explanations: Sequence[camcore.Explanation]) -> None:
    """The honest sentence of each map, and what was done to the picture."""
    for explanation in explanations:
        st.markdown(f"**{plain(statement(explanation))}**", help=_(_FOCUS))
        if explanation.of == "probability" and vanished(explanation):
            st.warning(
                _(
                    "{target} is at {probability}, where the probability no longer changes: its "
                    "gradient has vanished. What is left, at most {largest} a cell, is rounding "
                    "more than evidence. Explain the class score instead.",
                    target=plain(explanation.target.name),
                    probability=share(explanation.target.probability),
                    largest=f"{explanation.heatmap.raw_range[1]:.1e}",
                ),
                icon=":material/trending_flat:",
            )
    if picture.notes:
        st.caption(_("Picture: {notes}.", notes=plain("; ".join(picture.notes))))


def vanished(explanation: camcore.Explanation) -> bool:
    """Whether the gradient of a probability p is next to nothing.

    By softmax or sigmoid it is that of a score times p (1 - p) at most.
    """
    probability = explanation.target.probability
    return probability * (1 - probability) < _VANISHED


def show_probabilities(
    model: camcore.Classifier, ranked: Sequence[camcore.Prediction], most: int = 20
) -> None:
    """The model's answer as a table with bars."""
    regression = model.output_kind == "regression"
    rows = pd.DataFrame(
        {
            "class": [prediction.name for prediction in ranked[:most]],
            "index": [prediction.index for prediction in ranked[:most]],
            "probability": [prediction.probability for prediction in ranked[:most]],
            "class score": [prediction.score for prediction in ranked[:most]],
        }
    )
    bar = st.column_config.ProgressColumn(
        _("class probability"), min_value=0.0, max_value=1.0, format="percent"
    )
    score = st.column_config.NumberColumn(
        _("value") if regression else _("class score"),
        format="%.3f",
        help=None if regression else _("Before softmax or sigmoid: what the map explains."),
    )
    st.dataframe(
        rows.drop(columns="probability") if regression else rows,
        hide_index=True,
        column_config={
            "class": st.column_config.TextColumn(_("class")),
            "index": st.column_config.NumberColumn(_("index")),
            "probability": bar,
            "class score": score,
        },
        height="content" if len(rows) <= 10 else 390,
    )
    if len(ranked) > most:
        st.caption(_("The {most} most probable of {count} classes.", most=most, count=len(ranked)))
    if model.output_kind == "log-probability":
        st.caption(
            _(
                "The network gives probabilities only, so the score is their logarithm; "
                "its gradient is not that of a score before softmax."
            )
        )


def show_making(explanations: Sequence[camcore.Explanation]) -> None:
    """How the map was made: the method's equation, and all that is needed to redo it."""
    first = explanations[0]
    method = camcore.METHODS[first.method]
    st.markdown(plain(_(method.about)))
    st.latex(method.equation)
    st.caption(
        _(
            "{paper}. $A$: activations of the layer; $y_c$: class score before softmax.",
            paper=plain(method.paper),
        )
    )
    made = first.made | {
        "Scaling": f"{first.heatmap.scaling}: {_(camcore.SCALINGS[first.heatmap.scaling])}"
    }
    made["Target"] = "; ".join(explanation.made["Target"] for explanation in explanations)
    made["Evidence"] = "; ".join(explanation.made["Evidence"] for explanation in explanations)
    rows = [f"| {_(key)} | {plain(value)} |" for key, value in made.items()]
    st.markdown("\n".join([rows[0], "|---|---|", *rows[1:]]))
    st.caption(
        _(
            "“… of the evidence lies in … of the picture”: counted are the cells with at least "
            "half of the map's largest value: their share of all positive evidence, and their "
            "share of the picture."
        )
    )
    st.caption(
        _(
            "The heatmap is shown on its native grid. The overlay fills in between the centres of "
            "its cells (bilinear); finer detail than the grid has is not evidence."
        )
    )


def show_downloads(explanations: Sequence[camcore.Explanation]) -> None:
    """The files of each explanation, made when they are asked for."""
    for number, explanation in enumerate(explanations):
        if len(explanations) > 1:
            st.markdown(plain(explanation.target.name))
        stem = (
            f"{explanation.picture.name.rsplit('.', 1)[0]}"
            f"-{explanation.target.index}-{explanation.method}"
        )
        with st.container(horizontal=True):
            for label, name, mime in (
                (_("Overlay PNG"), "overlay.png", "image/png"),
                (_("Heatmap PNG"), "heatmap.png", "image/png"),
                ("heatmap.npy", "heatmap.npy", "application/octet-stream"),
                ("raw.npy", "raw.npy", "application/octet-stream"),
                ("JSON", "explanation.json", "application/json"),
            ):
                st.download_button(
                    label,
                    partial(_file, explanation, name),
                    file_name=f"{stem}-{name}",
                    mime=mime,
                    key=f"download-{number}-{name}",
                    on_click="ignore",
                )
            for label, make, suffix, mime in (
                (_("Slide PNG"), triptych_png, "png", "image/png"),
                (_("Slide SVG"), triptych_svg, "svg", "image/svg+xml"),
            ):
                st.download_button(
                    label,
                    partial(make, explanation),
                    file_name=f"{stem}-slide.{suffix}",
                    mime=mime,
                    key=f"download-{number}-slide.{suffix}",
                    on_click="ignore",
                    help=_(
                        "Original, heatmap with its scale and overlay side by side, 1080 lines, "
                        "with what they say and how they were made."
                    ),
                )
            st.download_button(
                _("All as a zip"),
                partial(_zip, explanation),
                file_name=f"{stem}.zip",
                mime="application/zip",
                key=f"download-{number}-zip",
                on_click="ignore",
                type="primary",
            )
        show_copy_slide(
            partial(triptych_png, explanation),
            _("Copy slide of {name}", name=explanation.target.name),
            key=f"copy-slide-{number}",
        )
    st.caption(
        _(
            "heatmap.npy: 0 to 1 on the native grid; raw.npy: before ReLU and scaling. The "
            "pictures here have opacity 0.4 in viridis; “Save overlay PNG” above keeps what you "
            "see."
        )
    )


def _file(explanation: camcore.Explanation, name: str) -> bytes:
    return explanation.files()[name]


def _zip(explanation: camcore.Explanation) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in explanation.files().items():
            archive.writestr(name, content)
    return buffer.getvalue()


def show_code(
    choice: ModelChoice,
    source: PictureChoice,
    model: camcore.Classifier,
    explanations: Sequence[camcore.Explanation],
) -> None:
    """The lines that redo this view, in Python and on the command line."""
    st.code(python_lines(choice, source, model, explanations), language="python")
    st.code(command_lines(choice, source, model, explanations), language="bash", wrap_lines=True)


def python_lines(
    choice: ModelChoice,
    source: PictureChoice,
    model: camcore.Classifier,
    explanations: Sequence[camcore.Explanation],
) -> str:
    """Python that redoes this view."""
    first = explanations[0]
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
    options = [f"layer={_quoted(first.layer.name)}", f"method={_quoted(first.method)}"]
    if first.preprocessing != model.preprocessing:
        options.append(f"preprocessing={_quoted(first.preprocessing)}")
    if first.fit != model.fit:
        options.append(f"fit={_quoted(first.fit)}")
    if first.of != "score":
        options.append(f"of={_quoted(first.of)}")
    lines = [
        "import camcore",
        "",
        f"model = camcore.load_model({', '.join(load)})",
        f"picture = camcore.read_image({file}{stretch})",
    ]
    for explanation in explanations:
        target = name_or_index(model, explanation.target.index)
        arguments = ", ".join([f"target={_quoted(target)}", *options])
        lines += [
            "shown = camcore.explain(",
            f"    model, picture, {arguments}",
            ")",
            "print(shown.statement)",
            f"shown.save({_quoted(f'explained-{explanation.target.index}')})",
        ]
    return "\n".join(lines)


def command_lines(
    choice: ModelChoice,
    source: PictureChoice,
    model: camcore.Classifier,
    explanations: Sequence[camcore.Explanation],
) -> str:
    """Commands that redo this view, one for each target."""
    lines = []
    for explanation in explanations:
        words = ["python", "-m", "camcore", "explain", source.file, "--model", _written(choice)]
        words += [
            "--layer",
            explanation.layer.name,
            "--class",
            name_or_index(model, explanation.target.index),
        ]
        words += ["--method", explanation.method]
        words += ["--labels", choice.labels.rsplit("/", 1)[-1]] if choice.labels else []
        words += ["--output", choice.output] if choice.output else []
        words += ["--output-kind", choice.output_kind] if choice.output_kind else []
        if choice.input_size:
            words += ["--input-size", "x".join(map(str, choice.input_size))]
        words += ["--input", choice.input] if choice.input else []
        for name, value in choice.others:
            words += ["--other", f"{name}={value.rsplit('/', 1)[-1]}"]
        if explanation.preprocessing != model.preprocessing or choice.file:
            words += ["--preprocess", explanation.preprocessing]
        words += ["--fit", explanation.fit] if explanation.fit != model.fit else []
        stretch = source.picture.stretch
        words += ["--stretch", stretch] if stretch != "none" else []
        words += ["--of", explanation.of] if explanation.of != "score" else []
        words += ["--out", f"explained-{explanation.target.index}"]
        lines.append(" ".join(map(shlex.quote, words)))
    return "\n".join(lines)


def _written(choice: ModelChoice) -> str:
    """The model as a person would write it: an uploaded file by its own name."""
    return choice.title if choice.uploaded else choice.name


def _quoted(text: str | None) -> str:
    return json.dumps(text, ensure_ascii=False)
