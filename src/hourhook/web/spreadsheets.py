"""Write tables as CSV and XLSX: every text stays text, whatever it begins with.

A spreadsheet program would execute a text that begins like a formula. XLSX has a type for each cell; in CSV an
apostrophe before the text says that it is one (CWE-1236).
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

Cell = str | int | float
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ROWS_PER_CHUNK = 500
_FORMULA_STARTS = "=+-@"
# Of XLSX; what is longer is cut.
_MAX_CELL_LENGTH = 32_767
_MIN_WIDTH, _MAX_WIDTH = 10, 60


def write_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield the lines of a CSV file (RFC 4180), some hundred at a time."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    for number, row in enumerate(rows, 1):
        writer.writerow([escape_text(cell) if isinstance(cell, str) else cell for cell in row])
        if number % _ROWS_PER_CHUNK == 0:
            yield _take(buffer)
    yield _take(buffer)


def write_xlsx(sheet_name: str, header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    """Return an XLSX file of one sheet, with a header that stays visible and filters."""
    # Here, since only exports need it and importing it would delay every command.
    from xlsxwriter import Workbook

    buffer = io.BytesIO()
    book = Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet(sheet_name)
    bold, decimal = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
    for column, title in enumerate(header):
        sheet.write_string(0, column, title, bold)
    widths = [len(title) for title in header]
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(number, column, cell[:_MAX_CELL_LENGTH])
                widths[column] = max(widths[column], len(cell))
            else:
                sheet.write_number(number, column, cell, decimal if isinstance(cell, float) else None)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, min(max(width + 2, _MIN_WIDTH), _MAX_WIDTH))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(rows), len(header) - 1)
    book.close()
    return buffer.getvalue()


def escape_text(text: str) -> str:
    """Return a text that no spreadsheet program takes for a formula."""
    start = text.lstrip(" ")[:1]
    is_control = bool(start) and (ord(start) < 0x20 or 0x7F <= ord(start) < 0xA0)
    return f"'{text}" if is_control or (start and start in _FORMULA_STARTS) else text


def _take(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode(errors="replace")
