"""Decimals: integers in hundredths in the database and in all arithmetic, JSON numbers in representations."""


def to_json_number(hundredths: int) -> float:
    """The JSON number, always with a fraction: 49.9 for 4990, 12.0 for 1200.

    Readers that tell integers from decimals by their looks, as many do, so meet one type only.
    """
    return hundredths / 100
