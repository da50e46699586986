"""The audited classes: what columns of the model they stand for, and how an image scores there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import logsumexp

from camcore.classifier import OutputKind
from camcore.errors import InputError, LabelsError
from camcore.sources.matching import by_mapping, by_name, none_found, read_mapping

__all__ = [
    "AuditClass",
    "Classes",
    "class_margins",
    "match_classes",
    "predicted_classes",
    "read_mapping",
    "require_classes",
]

_NAMED = 5


@dataclass(frozen=True)
class AuditClass:
    """One audited class.

    Attributes
    ----------
    name : str
        Shown to people; no two classes of an audit have the same.
    columns : tuple of int
        Columns of the model's scores that it stands for.
    label : str
        The label as it stands in the data; "" where the audit goes by predicted class.
    """

    name: str
    columns: tuple[int, ...]
    label: str


@dataclass(frozen=True)
class Classes:
    """All audited classes; no column belongs to two of them, and none has all.

    Attributes
    ----------
    classes : tuple of AuditClass
    by : {"label", "prediction"}
        What puts an image into a class.
    notes : tuple of str
        What was left out and why.
    """

    classes: tuple[AuditClass, ...]
    by: Literal["label", "prediction"]
    notes: tuple[str, ...] = ()


def require_classes(kind: OutputKind, model_name: str) -> None:
    """Refuse a model that has no classes.

    Raises
    ------
    InputError
        If its output is a regression.

    Examples
    --------
    >>> require_classes("softmax", "VGG16")
    """
    if kind == "regression":
        raise InputError(
            f"{model_name} predicts numbers, and the audit is for classifiers; choose another "
            "output with --output, or say how to read this one with --output-kind."
        )


def match_classes(
    labels: Mapping[str, int],
    class_names: Sequence[str],
    mapping: Mapping[str, Sequence[int]] | None = None,
    *,
    by_prediction: bool = False,
) -> Classes:
    """Find the columns that each label stands for, by a mapping, or else by name or index.

    Labels are never matched by their order.

    Parameters
    ----------
    labels : mapping of str to int
        How many images have each label; "" is no label.
    class_names : sequence of str
        One name for each column of the scores.
    mapping : mapping of str to sequence of int, optional
        The columns of each label, as from `read_mapping`; case does not matter. In an audit by
        predicted class its entries are the classes.
    by_prediction : bool
        Audit by predicted class although there are labels.

    Returns
    -------
    Classes
        Sorted by label; by predicted class, in the order of the columns or of the mapping.

    Raises
    ------
    LabelsError
        If no label matches, two of them share a column, or one has all columns.

    Examples
    --------
    >>> found = match_classes({"Cat": 70, "owl": 2}, ["cat", "dog", "fish"])
    >>> found.classes
    (AuditClass(name='cat', columns=(0,), label='Cat'),)
    >>> print(found.notes[0])
    1 of 2 labels left out (2 images): No class is called 'owl'; give a name or an index, 0 to 2.
    """
    counts = {label: count for label, count in sorted(labels.items()) if label}
    if by_prediction or not counts:
        why = "the labels are set aside" if counts else "there are no labels"
        if mapping is None:
            audited = [AuditClass(name, (index,), "") for index, name in enumerate(class_names)]
        else:
            audited = [AuditClass(name, tuple(columns), "") for name, columns in mapping.items()]
        return _checked(audited, "prediction", [f"{why}: audited by predicted class"], class_names)
    if mapping is None:
        matched, refusals = by_name(counts, class_names)
        audited = [AuditClass(class_names[at[0]], at, label) for label, at in matched.items()]
    else:
        matched, refusals = by_mapping(counts, mapping)
        audited = [AuditClass(label, columns, label) for label, columns in matched.items()]
    if not audited:
        raise none_found(list(counts), class_names, mapping)
    notes = []
    if refusals:
        images = sum(counts[label] for label in refusals)
        reasons = list(refusals.values())[:_NAMED] + ["..."] * (len(refusals) > _NAMED)
        notes.append(
            f"{len(refusals)} of {len(counts)} labels left out ({images:,} images): "
            f"{' '.join(reasons)}"
        )
    return _checked(audited, "label", notes, class_names)


def _checked(
    audited: Sequence[AuditClass],
    by: Literal["label", "prediction"],
    notes: Sequence[str],
    class_names: Sequence[str],
) -> Classes:
    """The classes under names of their own, if no column belongs to two and none has all."""
    owners: dict[int, str] = {}
    for audit_class in audited:
        called = audit_class.label or audit_class.name
        for column in audit_class.columns:
            if column in owners:
                raise LabelsError(
                    f"{owners[column]!r} and {called!r} both stand for class {column}, "
                    f"{class_names[column]!r}; give each class of the model to one label."
                )
            owners[column] = called
        if len(audit_class.columns) == len(class_names):
            raise LabelsError(
                f"{called!r} stands for all classes of the model, which leaves nothing to compare "
                "it with; give it fewer, or take a model with more."
            )
    if len(audited) == 1:
        only = f"one class only, {audited[0].name!r}: nothing can be swapped between classes"
        notes = [*notes, only]
    times = Counter(audit_class.name for audit_class in audited)
    named = (
        replace(audit_class, name=f"{audit_class.name} ({audit_class.columns[0]})")
        if times[audit_class.name] > 1
        else audit_class
        for audit_class in audited
    )
    return Classes(tuple(named), by, tuple(notes))


def class_margins(scores: np.ndarray, classes: Classes, kind: OutputKind) -> np.ndarray:
    r"""Log-odds of each audited class against all other columns.

    For one softmax over all columns, with :math:`K` the columns of a class and :math:`s` the
    scores,

    .. math:: m = \log \sum_{c \in K} e^{s_c} - \log \sum_{c \notin K} e^{s_c},

    the same for logits as for log-probabilities. Independent outputs (``sigmoid``,
    ``multi-label``) are log-odds already: the column's score, or the largest of several.

    Parameters
    ----------
    scores : ndarray, shape (N, C)
        Class scores before the last activation, finite.
    classes : Classes
        G classes.
    kind : str
        How the scores are to be read; see `camcore.classifier.OutputKind`.

    Returns
    -------
    ndarray, shape (N, G), float32

    Examples
    --------
    >>> classes = match_classes({}, ["cat", "dog"])
    >>> class_margins(np.array([[3.0, 1.0]]), classes, "softmax")
    array([[ 2., -2.]], dtype=float32)
    """
    if kind in ("sigmoid", "multi-label"):
        return _largest(scores, classes).astype(np.float32)
    terms = _terms(scores, classes)
    rows, top = np.arange(len(terms)), terms.argmax(axis=1)
    peak = terms[rows, top][:, None]
    # All but one term is the sum less that term. For the largest one this would cancel, so what
    # is left without it is summed anew, by its own largest; without any other, at least 1 is left.
    shares = np.exp(terms - peak)
    left = shares.sum(axis=1, keepdims=True) - shares
    left[rows, top] = 1.0
    others = peak + np.log(left)
    without = terms.copy()
    without[rows, top] = -np.inf
    others[rows, top] = logsumexp(without, axis=1)
    margins: np.ndarray = (terms - others)[:, : len(classes.classes)].astype(np.float32)
    return margins


def predicted_classes(scores: np.ndarray, classes: Classes, kind: OutputKind) -> np.ndarray:
    """The audited class that each image is taken for.

    The largest of the audited classes, each with the probability of all its columns, and of every
    single other column. Of a multi-label model, the audited class with the highest score.

    Parameters
    ----------
    scores, classes, kind
        As for `class_margins`.

    Returns
    -------
    ndarray, shape (N,), int32
        Index of the class; -1 where another column is the largest, or where no class of a
        multi-label model has a score above 0.

    Examples
    --------
    >>> classes = match_classes({"cat": 1}, ["cat", "dog"])
    >>> predicted_classes(np.array([[3.0, 1.0], [0.0, 1.0]]), classes, "softmax")
    array([ 0, -1], dtype=int32)
    """
    if kind == "multi-label":
        class_scores = _largest(scores, classes)
        return np.where(class_scores.max(axis=1) > 0, class_scores.argmax(axis=1), -1).astype(
            np.int32
        )
    best = _terms(scores, classes).argmax(axis=1)
    return np.where(best < len(classes.classes), best, -1).astype(np.int32)


def _terms(scores: np.ndarray, classes: Classes) -> np.ndarray:
    """Scores of the classes, columns joined by log-sum-exp, then of every column in none of them.

    Shape (N, G + columns in no class), float64.
    """
    columns, starts = _layout(classes)
    class_scores = scores[:, columns].astype(np.float64)
    peak = np.maximum.reduceat(class_scores, starts, axis=1)
    spread = np.repeat(peak, np.diff(starts, append=len(columns)), axis=1)
    joined = peak + np.log(np.add.reduceat(np.exp(class_scores - spread), starts, axis=1))
    return np.concatenate([joined, np.delete(scores, columns, axis=1)], axis=1)


def _largest(scores: np.ndarray, classes: Classes) -> np.ndarray:
    """The largest score of each class, shape (N, G)."""
    columns, starts = _layout(classes)
    return np.maximum.reduceat(scores[:, columns], starts, axis=1)


def _layout(classes: Classes) -> tuple[np.ndarray, np.ndarray]:
    """All columns of the classes one after another, and where each class begins."""
    sizes = [len(audit_class.columns) for audit_class in classes.classes]
    columns = np.concatenate([audit_class.columns for audit_class in classes.classes])
    return columns, np.cumsum([0, *sizes[:-1]])
