"""Numbers as the readers of a language write them."""

from __future__ import annotations

import re

from babel import Locale
from babel.numbers import format_decimal, format_percent

from pages.languages.catalogues import spoken


def decimal(value: float, digits: int) -> str:
    """A number with so many digits behind the point, or the comma.

    Examples
    --------
    >>> decimal(-0.0312, 2)
    '-0.03'
    """
    pattern = f"0.{'0' * digits}" if digits else "0"
    return format_decimal(round(float(value), digits), pattern, spoken())


def whole(count: int) -> str:
    """A whole number, its thousands set apart.

    Examples
    --------
    >>> whole(12800)
    '12,800'
    """
    return format_decimal(count, "#,##0", spoken())


def percent(share: float, digits: int = 0) -> str:
    """A share of 0 to 1 in percent.

    Examples
    --------
    >>> percent(0.998, 1), percent(0.97)
    ('99.8%', '97%')
    """
    pattern = Locale.parse(spoken()).percent_formats[None].pattern
    if digits:
        pattern = re.sub(r"0(?=\D*%)", f"0.{'0' * digits}", pattern)
    return format_percent(round(float(share), digits + 2), pattern, spoken())


def decimal_mark() -> str:
    """What stands between the ones and the tenths.

    Examples
    --------
    >>> decimal_mark()
    '.'
    """
    return str(Locale.parse(spoken()).number_symbols["latn"]["decimal"])
