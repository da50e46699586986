"""Which values of a picture of 16 bits are shown black and white."""

from __future__ import annotations

from camcore.errors import InputError

STRETCHES = {
    "none": "0 to 65535, all that 16 bits can hold",
    "8-bit": "0 to 255",
    "10-bit": "0 to 1023",
    "12-bit": "0 to 4095, as X-ray and CT scanners and many cameras write",
    "14-bit": "0 to 16383",
    "range": "the lowest and the highest value of each picture",
}
FULL = 65535


class StretchAdvice(str):
    """A note that advises a stretch.

    Attributes
    ----------
    stretch : str
        One of `STRETCHES`.

    Examples
    --------
    >>> advice = StretchAdvice("it is dark", "12-bit")
    >>> advice, advice.stretch
    ('it is dark', '12-bit')
    """

    stretch: str

    def __new__(cls, text: str, stretch: str) -> StretchAdvice:
        advice = super().__new__(cls, text)
        advice.stretch = stretch
        return advice

    def __reduce__(self) -> tuple[type[StretchAdvice], tuple[str, str]]:
        """What a copy is made of, as where a picture is decoded in another process."""
        return StretchAdvice, (str(self), self.stretch)


def check_stretch(stretch: str) -> None:
    """Refuse a name that is not one of `STRETCHES`.

    Raises
    ------
    InputError
    """
    if stretch not in STRETCHES:
        raise InputError(f"stretch {stretch!r} is not known; choose one of {', '.join(STRETCHES)}.")


def black_and_white(stretch: str, low: float, high: float) -> tuple[float, float]:
    """The values that become 0 and 255.

    Parameters
    ----------
    stretch : str
        One of `STRETCHES`.
    low, high : float
        Lowest and highest value of the picture.

    Examples
    --------
    >>> black_and_white("none", 7, 900), black_and_white("12-bit", 7, 900)
    ((0.0, 65535.0), (0.0, 4095.0))
    >>> black_and_white("range", 7, 900), black_and_white("range", 7, 7)
    ((7.0, 900.0), (7.0, 8.0))
    """
    check_stretch(stretch)
    if stretch == "range":
        return float(low), float(max(high, low + 1))
    bits = 16 if stretch == "none" else int(stretch.removesuffix("-bit"))
    return 0.0, float(2**bits - 1)


def level_notes(stretch: str, low: float, high: float) -> list[str]:
    """What was done to the values of 16 bits, and whether much of their range is not used.

    Examples
    --------
    >>> level_notes("none", 0, 60000), level_notes("12-bit", 0, 4000)
    (['16-bit scaled to 8-bit'], ['values 0 to 4095 stretched to 0-255'])
    >>> print(*level_notes("none", 0, 4000), sep="\\n")
    16-bit scaled to 8-bit
    only 0 to 4000 of 0 to 65535 is used (12 bits), so it is nearly black: choose stretch 12-bit
    >>> print(*level_notes("10-bit", 0, 4000), sep="\\n")
    values 0 to 1023 stretched to 0-255
    values above 1023 (up to 4000) are white
    """
    black, white = black_and_white(stretch, low, high)
    if stretch != "none":
        notes = [f"values {black:g} to {white:g} stretched to 0-255"]
        if high > white:
            notes.append(f"values above {white:g} (up to {high:g}) are white")
        return notes
    notes = ["16-bit scaled to 8-bit"]
    bits = next((depth for depth in (8, 10, 12, 14) if high < 2**depth), 16)
    if high > 0 and bits < 16:
        text = (
            f"only {low:g} to {high:g} of 0 to {FULL} is used ({bits} bits), so it is "
            f"{'nearly black' if bits <= 12 else 'dark'}: choose stretch {bits}-bit"
        )
        notes.append(StretchAdvice(text, f"{bits}-bit"))
    return notes
