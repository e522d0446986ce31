"""Decimals: integers in hundredths in the database and in all arithmetic, JSON numbers in representations."""


def to_json_number(hundredths: int) -> float:
    """Return the JSON number, always with a fraction: 49.9 for 4990, 12.0 for 1200.

    Many JSON parsers choose between integer and float by the digits; this way a key always has one type.
    """
    return hundredths / 100
