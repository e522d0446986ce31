"""Decimals: integers in hundredths in the database and in all arithmetic, JSON numbers in representations."""


def number_of(hundredths: int) -> float:
    """The JSON number, with no more fraction digits than it needs: 49.9 for 4990, 12 for 1200."""
    whole, rest = divmod(hundredths, 100)
    return hundredths / 100 if rest else whole
