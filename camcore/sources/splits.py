"""Training, validation and test parts of a data set, told by the paths of its pictures."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from camcore.errors import InputError
from camcore.sources.listing import counted

Role = Literal["train", "val", "test", "unlabelled"]

ALL = "all"
"""What a person names to take all splits together."""

# How data sets spell the three parts, and the parts whose answers nobody gave.
_WORDS: dict[str, Role] = {
    **dict.fromkeys(("train", "training", "trn", "trainval", "learn", "learning"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "devel", "eval"), "val"),
    **dict.fromkeys(("evaluation", "development", "validating"), "val"),
    **dict.fromkeys(("test", "testing", "tst", "holdout", "heldout"), "test"),
    # Spanish, Portuguese, French, Italian, German, Polish, Turkish, Russian, Chinese, Japanese,
    # Korean; without accents.
    **dict.fromkeys(
        ("entrenamiento", "treinamento", "treino", "entrainement", "apprentissage",
         "addestramento", "trening", "egitim", "обучение", "обучающая", "тренировка",
         "тренировочная", "训练", "訓練", "学習", "학습", "훈련"), "train"),
    **dict.fromkeys(
        ("validacion", "validacao", "validazione", "validierung", "walidacja", "dogrulama",
         "валидация", "валидационная", "验证", "驗證", "検証", "검증"), "val"),
    **dict.fromkeys(
        ("prueba", "pruebas", "teste", "testes", "prova", "тест", "тестирование", "тестовая",
         "测试", "測試", "テスト", "테스트"), "test"),
    **dict.fromkeys(("pred", "predict", "prediction", "unlabeled", "unlabelled"), "unlabelled"),
}  # fmt: skip
# Words that say nothing of what a folder holds.
_FILLERS = {
    "a", "b", "c", "set", "sets", "split", "splits", "data", "dataset", "datasets", "image",
    "images", "img", "imgs", "picture", "pictures", "photo", "photos", "pic", "pics", "jpg",
    "jpeg", "png", "jpegimages", "folder", "files", "file", "part", "new", "all", "raw",
    "resized", "cropped", "the", "of", "for",
}  # fmt: skip
# What is written behind a part without a space: "testset", "Trainingsdaten", "训练集".
_BEHIND = re.compile(
    r"(set|data|images?|imgs?|split|folder|s?daten|s?bilder|集|数据集?|用?[テデ]ータ|데이터|выборка)$"
)
_FOLDS = frozenset(["fold", "folds", "kfold"])
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_a-zA-Z]+")
_ALIKE = 0.5  # share of the smaller split's class folders that the other must have too


@dataclass(frozen=True)
class Split:
    """One part of a data set.

    Attributes
    ----------
    name : str
        As its folder or the table has it.
    role : {"train", "val", "test", "unlabelled"}
    images : int
    labelled : bool
        Whether any of its pictures has a label.
    """

    name: str
    role: Role
    images: int
    labelled: bool


@dataclass(frozen=True)
class Layout:
    """What the folders of a data set mean.

    Attributes
    ----------
    labels : tuple of str
        One a picture; "" without one.
    splits : tuple of str
        One a picture: the name of its split; "" where there are no splits, or for a picture that
        lies outside of them.
    """

    labels: tuple[str, ...]
    splits: tuple[str, ...]


def role_of(name: str) -> tuple[Role, str] | None:
    """The part that a name stands for, and what else the name says; None for other names.

    Examples
    --------
    >>> role_of("Training"), role_of("test_set"), role_of("val2017"), role_of("testset")
    (('train', ''), ('test', ''), ('val', ''), ('test', ''))
    >>> role_of("seg_train"), role_of("steam train"), role_of("latest"), role_of("train or test")
    (('train', 'seg'), ('train', 'steam'), None, None)
    >>> role_of("fold_3"), role_of("Fold 10"), role_of("blindfold 1")
    (('train', ''), ('train', ''), None)
    """
    tokens = [token.casefold() for token in _WORD.findall(_without_accents(name))]
    roles: list[Role] = []
    rest = []
    for token in tokens:
        role = _WORDS.get(token) or _WORDS.get(_BEHIND.sub("", token))
        if role:
            roles.append(role)
        elif token not in _FILLERS:
            rest.append(token)
    if not roles and _FOLDS.intersection(rest):
        # Each part of a cross-validation is learnt from in turn.
        return "train", " ".join(
            token for token in rest if not (token.isdigit() or token in _FOLDS)
        )
    return (roles[0], " ".join(rest)) if len(roles) == 1 else None


def _without_accents(name: str) -> str:
    apart = unicodedata.normalize("NFKD", name)
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", plain)  # the syllables of Korean were apart as well


def same_inside(paths: Sequence[str]) -> tuple[str, ...]:
    """What the folders of every class are called, where they are the same for all classes.

    Those may be the classes then, and the classes parts of the data set with names of their own.

    Examples
    --------
    >>> same_inside(["seen/cat/1.png", "seen/dog/1.png", "new/cat/2.png", "new/dog/2.png"])
    ('cat', 'dog')
    >>> same_inside(["cat/a/1.png", "cat/b/2.png", "dog/a/3.png"])
    ()
    """
    inside: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        top, *below = path.split("/")[:-1] or [""]
        inside[top].add(below[0] if below else "")
    names = list(inside.values())
    if len(names) < 2 or any(other != names[0] for other in names) or "" in names[0]:
        return ()
    return tuple(sorted(names[0])) if len(names[0]) > 1 else ()


def lay_out(paths: Sequence[str]) -> Layout:
    """Tell class folders from the splits of a data set.

    Splits are recognised by their names *and* by what lies below them: folders called like splits
    are splits where their class folders are nearly the same, or where nothing else lies beside
    them. The folders may be nested (``train/train/cats``), and classes may come first
    (``cats/train``).

    Parameters
    ----------
    paths : sequence of str
        Of all pictures, relative to one folder, with ``/``.

    Examples
    --------
    >>> lay_out(["train/cat/1.png", "train/dog/1.png", "valid/cat/2.png"])
    Layout(labels=('cat', 'dog', 'cat'), splits=('train', 'train', 'valid'))
    >>> lay_out(["fold1/cat/1.png", "fold2/cat/2.png"])
    Layout(labels=('cat', 'cat'), splits=('fold1', 'fold2'))
    >>> lay_out(["bus/1.png", "car/1.png", "train/1.png"])
    Layout(labels=('bus', 'car', 'train'), splits=('', '', ''))
    >>> lay_out(["cat/train/1.png", "cat/test/1.png", "dog/train/1.png"])
    Layout(labels=('cat', 'cat', 'dog'), splits=('train', 'test', 'train'))
    """
    folders = [tuple(path.split("/")[:-1]) for path in paths]
    inside = [folder for folder in folders if folder]
    for depth in range(max(map(len, inside), default=0)):
        below = [folder[depth:] for folder in folders]
        layout = _splits_first(below) or _classes_first(below)
        if layout is not None:
            return layout
        # pets/train/cat, where something else lies beside pets
        if len({folder[: depth + 1] for folder in inside}) > 1:
            break
    return Layout(tuple(folder[0] if folder else "" for folder in folders), ("",) * len(folders))


def _splits_first(folders: Sequence[tuple[str, ...]]) -> Layout | None:
    """``train/cats``: the splits and below them the classes, or None."""
    below: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for folder in folders:
        if folder:
            below[folder[0]].append(folder[1:])
    splits = _named_alike(below)
    others = below.keys() - splits.keys()
    if not splits or (others and len(splits) < 2):
        return None
    classes = _classes_below(splits, below)
    if others and not _same_classes(classes) and not _flat_and_many(classes, len(others)):
        return None
    if len(below) == 1 and not any(classes.values()):
        return None  # a flat folder that happens to be called so is no part of anything
    split_of = [folder[0] if folder and folder[0] in splits else "" for folder in folders]
    labels = [
        classes[split].get(folder[1:], "") if split else ""
        for folder, split in zip(folders, split_of, strict=True)
    ]
    return Layout(tuple(labels), tuple(split_of))


def _named_alike(names: Iterable[str]) -> dict[str, Role]:
    """The folders that are called like splits of one data set: the largest group of them."""
    groups: dict[str, dict[str, Role]] = defaultdict(dict)
    for name in names:
        role_and_rest = role_of(name)
        if role_and_rest:
            groups[role_and_rest[1]][name] = role_and_rest[0]
    if not groups:
        return {}
    best = max(groups.values(), key=lambda group: (len(set(group.values())), len(group)))
    return best if set(best.values()) != {"unlabelled"} else {}


def _classes_below(
    splits: Mapping[str, Role], below: Mapping[str, list[tuple[str, ...]]]
) -> dict[str, dict[tuple[str, ...], str]]:
    """For each split, the class of each folder below it; without those that only nest it."""
    rest = {name: list(set(below[name])) for name in splits}
    dropped = dict.fromkeys(splits, 0)

    def first(name: str) -> set[str]:
        return {folder[dropped[name]] for folder in rest[name] if len(folder) > dropped[name]}

    def whole(name: str) -> bool:
        return all(len(folder) > dropped[name] for folder in rest[name])

    while True:
        heads = {name: first(name) for name in splits}
        # One of several folders elsewhere is a class, whatever it is called.
        classes = set().union(*(folders for folders in heads.values() if len(folders) > 1))
        nested = [
            name
            for name, folders in heads.items()
            if len(folders) == 1
            and whole(name)
            and _says_nothing(next(iter(folders)), splits[name])
            and not folders & classes
        ]
        if not nested:
            # train/pets/cat and test/pets/cat
            together = set().union(*heads.values())
            deeper = all(
                len(folder) > dropped[name] + 1 for name in splits for folder in rest[name]
            )
            if len(together) != 1 or not deeper:
                break
            nested = list(splits)
        for name in nested:
            dropped[name] += 1
    return {
        name: {
            folder: folder[dropped[name]] for folder in rest[name] if len(folder) > dropped[name]
        }
        for name in splits
    }


def _says_nothing(folder: str, role: Role) -> bool:
    """Whether a folder alone inside a split only nests it: ``train/train``, ``train/images``."""
    role_and_rest = role_of(folder)
    if role_and_rest:
        return role_and_rest[0] == role
    tokens = [token.casefold() for token in _WORD.findall(folder)]
    return bool(tokens) and all(token in _FILLERS for token in tokens)


def _same_classes(classes: Mapping[str, Mapping[tuple[str, ...], str]]) -> bool:
    """Whether two of the splits have nearly the same class folders."""
    names = [
        {_folded(class_name) for class_name in of_split.values()}
        for of_split in classes.values()
        if of_split
    ]
    return any(
        len(this & other) >= _ALIKE * min(len(this), len(other))
        for k, this in enumerate(names)
        for other in names[:k]
        if this & other
    )


def _flat_and_many(classes: Mapping[str, Mapping[tuple[str, ...], str]], others: int) -> bool:
    """Whether flat folders called like splits are most of what there is."""
    return not any(classes.values()) and len(classes) > others


def _classes_first(folders: Sequence[tuple[str, ...]]) -> Layout | None:
    """``cats/train``: below every class the splits, and nothing else, or None."""
    inside = [folder for folder in folders if folder]
    if not inside or any(len(folder) < 2 for folder in inside):
        return None
    names = {folder[1] for folder in inside}
    splits = _named_alike(names)
    classes = {folder[0] for folder in inside}
    roles = Counter(splits.values())
    if splits.keys() != names or len(roles) < 2 or len(classes) < 2:
        return None
    return Layout(
        tuple(folder[0] if folder else "" for folder in folders),
        tuple(folder[1] if folder else "" for folder in folders),
    )


def _folded(name: str) -> str:
    return " ".join(name.replace("_", " ").replace("-", " ").split()).casefold()


def splits_of(labels: Sequence[str], splits: Sequence[str]) -> tuple[Split, ...]:
    """The splits of a data set, in the order train, val, test, unlabelled, then by name.

    Examples
    --------
    >>> for split in splits_of(["cat", "dog", ""], ["train", "train", "test1"]):
    ...     print(split)
    Split(name='train', role='train', images=2, labelled=True)
    Split(name='test1', role='test', images=1, labelled=False)
    """
    counts = Counter(name for name in splits if name)
    labelled = {name for name, label in zip(splits, labels, strict=True) if label}
    order: list[Role] = ["train", "val", "test", "unlabelled"]
    unordered = []
    for name, count in counts.items():
        role_and_rest = role_of(name)
        unordered.append(
            Split(
                name, role_and_rest[0] if role_and_rest else "unlabelled", count, name in labelled
            )
        )
    return tuple(sorted(unordered, key=lambda split: (order.index(split.role), split.name)))


def choose_splits(splits: Sequence[Split], wanted: str | None) -> tuple[Split, ...]:
    """The splits that are taken.

    Parameters
    ----------
    splits : sequence of Split
        Empty for a data set without splits.
    wanted : str or None
        Name of a split, or what it is (``train``, ``val``, ``test``); ``all`` for all together.
        By default the one named test, else val, else all; one without labels only where none
        has labels.

    Raises
    ------
    InputError
        If there is no such split.

    Examples
    --------
    >>> splits = splits_of(["cat"] * 3, ["Training", "valid", "valid"])
    >>> [split.name for split in choose_splits(splits, None)]
    ['valid']
    >>> [split.name for split in choose_splits(splits, "train")]
    ['Training']
    """
    if not splits and (wanted is None or wanted.strip().casefold() == ALL):
        return ()
    if not splits:
        raise InputError(
            f"There is no split {wanted!r}: the pictures do not lie in folders like train and test,"
            " and no table says which is which. Leave --split out."
        )
    if wanted is None:
        usable = [split for split in splits if split.labelled] or list(splits)
        for role in ("test", "val"):
            if taken := tuple(split for split in usable if split.role == role):
                return taken
        return tuple(usable)
    key = wanted.strip().casefold()
    if key == ALL:
        return tuple(splits)
    if taken := tuple(split for split in splits if split.name == wanted.strip()):
        return taken
    if taken := tuple(split for split in splits if split.name.casefold() == key):
        return taken
    role_and_rest = role_of(wanted)
    if role_and_rest and (
        taken := tuple(split for split in splits if split.role == role_and_rest[0])
    ):
        return taken
    named = ", ".join(split.name for split in splits)
    raise InputError(
        f"There is no split {wanted!r}; the pictures lie in {named}. Name one of these, or {ALL!r} "
        "to take them together."
    )


def told(splits: Sequence[Split], taken: Sequence[Split]) -> str:
    """What was taken of the splits and what was left out, as one clause.

    Examples
    --------
    >>> splits = splits_of(["cat"] * 3, ["train", "test", "test"])
    >>> print(told(splits, choose_splits(splits, None)))
    of the splits train (1 picture) and test (2 pictures), test was taken and train left out
    """
    names = [f"{split.name} ({counted(split.images, 'picture', 'pictures')})" for split in splits]
    left = [split.name for split in splits if split not in taken]
    if len(splits) == 1:
        return f"all pictures with a place lie in one split, {names[0]}"
    took = listed([split.name for split in taken])
    if not left:
        return f"the splits {listed(names)} were taken together"
    were = "was" if len(taken) == 1 else "were"
    return f"of the splits {listed(names)}, {took} {were} taken and {listed(left)} left out"


def listed(names: Sequence[str]) -> str:
    """Names as a person lists them.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
