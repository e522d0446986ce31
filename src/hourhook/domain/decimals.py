"""Decimals: integers in the database and in all arithmetic, JSON numbers in representations.

Prices of expenses and percentages are in hundredths. Amounts and rates of invoices are in ten-thousandths, because
some currencies have three or four fraction digits.
"""

AMOUNT_DIGITS = 4
# In ten-thousandths.
HUNDREDTH = 100


def to_json_number(hundredths: int) -> float:
    """Return the JSON number, always with a fraction: 49.9 for 4990, 12.0 for 1200.

    Many JSON parsers choose between integer and float by the digits; this way a key always has one type.
    """
    return hundredths / 100


def to_json_amount(ten_thousandths: int) -> float:
    """Return the JSON number of an amount or rate of an invoice, always with a fraction: 3.375 for 33_750."""
    return ten_thousandths / 10_000
