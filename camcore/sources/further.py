"""What a table says of its pictures beside their files, labels, boxes and masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from camcore.sources.columns import normal_name
from camcore.sources.finding import Finder


@dataclass(frozen=True, eq=False)
class FurtherColumns:
    """The columns of one table that list no pictures.

    Attributes
    ----------
    table : str
        Name of its file.
    cells : dict of str to sequence of str
        By the names of the columns, one a row.
    lines : sequence of int
        The line of each row.
    finder : Finder
        Of pictures that the cells name.

    Examples
    --------
    >>> columns = FurtherColumns("t.csv", {"Age": ["40", "41"]}, [2, 3], Finder("/data"))
    >>> columns.called("age"), columns.called("sex")
    ('Age', None)
    """

    table: str
    cells: Mapping[str, Sequence[str]]
    lines: Sequence[int]
    finder: Finder
    _places: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False)

    def called(self, name: str) -> str | None:
        """The column of a name, whatever its case, spaces and signs; None without one."""
        if name in self.cells:
            return name
        alike = [column for column in self.cells if normal_name(column) == normal_name(name)]
        return alike[0] if len(alike) == 1 else None

    def place(self, name: str, row: int) -> str:
        """The picture that a cell names, as an absolute path; "" where there is none."""
        if name not in self._places:
            self._places[name] = self.finder.find(self.cells[name])
        return self._places[name][row]


@dataclass(frozen=True, eq=False)
class TableRow:
    """The row of a picture in the table that lists it.

    Attributes
    ----------
    columns : FurtherColumns
    row : int
        From 0, of those of the table.
    """

    columns: FurtherColumns
    row: int

    @property
    def line(self) -> int:
        """Its line in the file."""
        return self.columns.lines[self.row]

    def cell(self, name: str) -> str:
        """What stands in a column."""
        return self.columns.cells[name][self.row].strip()

    def place(self, name: str) -> str:
        """The picture that a cell names, as an absolute path; "" where there is none."""
        return self.columns.place(name, self.row)
