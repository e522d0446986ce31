"""The currencies of invoices: ISO 4217 codes, English names, symbols, minor units, and the format of amounts."""

from dataclasses import dataclass

from hourhook.domain.decimals import AMOUNT_DIGITS, HUNDREDTH


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency's English name, and the symbol before its amounts."""

    name: str
    symbol: str


# By code; codes are case-sensitive.
CURRENCIES = {
    "AED": Currency("United Arab Emirates dirham", "د.إ"),
    "AFN": Currency("Afghan afghani", "؋"),
    "ALL": Currency("Albanian lek", "L"),
    "AMD": Currency("Armenian dram", "դր."),
    "ANG": Currency("Netherlands Antillean guilder", "ƒ"),
    "AOA": Currency("Angolan kwanza", "Kz"),
    "ARS": Currency("Argentine peso", "$"),
    "AUD": Currency("Australian dollar", "$"),
    "AWG": Currency("Aruban florin", "ƒ"),
    "AZN": Currency("Azerbaijani manat", "₼"),
    "BAM": Currency("Bosnia and Herzegovina convertible mark", "KM"),
    "BBD": Currency("Barbadian dollar", "$"),
    "BDT": Currency("Bangladeshi taka", "৳"),
    "BGN": Currency("Bulgarian lev", "лв"),
    "BHD": Currency("Bahraini dinar", ".د.ب"),
    "BIF": Currency("Burundian franc", "Fr"),
    "BMD": Currency("Bermudian dollar", "$"),
    "BND": Currency("Brunei dollar", "$"),
    "BOB": Currency("Bolivian boliviano", "Bs."),
    "BRL": Currency("Brazilian real", "R$"),
    "BSD": Currency("Bahamian dollar", "$"),
    "BTN": Currency("Bhutanese ngultrum", "Nu."),
    "BWP": Currency("Botswana pula", "P"),
    "BYR": Currency("Belarusian ruble", "Br"),
    "BZD": Currency("Belize dollar", "$"),
    "CAD": Currency("Canadian dollar", "$"),
    "CDF": Currency("Congolese franc", "Fr"),
    "CHF": Currency("Swiss franc", "SFr."),
    "CLP": Currency("Chilean peso", "$"),
    "CNY": Currency("Chinese yuan", "¥"),
    "COP": Currency("Colombian peso", "$"),
    "CRC": Currency("Costa Rican colón", "₡"),
    "CUC": Currency("Cuban convertible peso", "$"),
    "CUP": Currency("Cuban peso", "$"),
    "CVE": Currency("Cape Verdean escudo", "$"),
    "CZK": Currency("Czech koruna", "Kč"),
    "DJF": Currency("Djiboutian franc", "Fr"),
    "DKK": Currency("Danish krone", "kr"),
    "DOP": Currency("Dominican peso", "$"),
    "DZD": Currency("Algerian dinar", "د.ج"),
    "EEK": Currency("Estonian kroon", "kr"),
    "EGP": Currency("Egyptian pound", "£"),
    "ERN": Currency("Eritrean nakfa", "Nfk"),
    "ETB": Currency("Ethiopian birr", "Br"),
    "EUR": Currency("Euro", "€"),
    "FJD": Currency("Fijian dollar", "$"),
    "FKP": Currency("Falkland Islands pound", "£"),
    "GBP": Currency("British pound", "£"),
    "GEL": Currency("Georgian lari", "ლ"),
    "GHS": Currency("Ghanaian cedi", "₵"),
    "GIP": Currency("Gibraltar pound", "£"),
    "GMD": Currency("Gambian dalasi", "D"),
    "GNF": Currency("Guinean franc", "Fr"),
    "GTQ": Currency("Guatemalan quetzal", "Q"),
    "GYD": Currency("Guyanese dollar", "$"),
    "HKD": Currency("Hong Kong dollar", "$"),
    "HNL": Currency("Honduran lempira", "L"),
    "HRK": Currency("Croatian kuna", "kn"),
    "HTG": Currency("Haitian gourde", "G"),
    "HUF": Currency("Hungarian forint", "Ft"),
    "IDR": Currency("Indonesian rupiah", "Rp"),
    "ILS": Currency("Israeli new sheqel", "₪"),
    "INR": Currency("Indian rupee", "₹"),
    "IQD": Currency("Iraqi dinar", "ع.د"),
    "IRR": Currency("Iranian rial", "﷼"),
    "ISK": Currency("Icelandic króna", "kr"),
    "JMD": Currency("Jamaican dollar", "$"),
    "JOD": Currency("Jordanian dinar", "د.ا"),
    "JPY": Currency("Japanese yen", "¥"),
    "KES": Currency("Kenyan shilling", "Sh"),
    "KGS": Currency("Kyrgyzstani som", "лв"),
    "KHR": Currency("Cambodian riel", "៛"),
    "KMF": Currency("Comorian franc", "Fr"),
    "KPW": Currency("North Korean won", "₩"),
    "KRW": Currency("South Korean won", "₩"),
    "KWD": Currency("Kuwaiti dinar", "د.ك"),
    "KYD": Currency("Cayman Islands dollar", "$"),
    "KZT": Currency("Kazakhstani tenge", "₸"),
    "LAK": Currency("Lao kip", "₭"),
    "LBP": Currency("Lebanese pound", "ل.ل"),
    "LKR": Currency("Sri Lankan rupee", "Rs"),
    "LRD": Currency("Liberian dollar", "$"),
    "LSL": Currency("Lesotho loti", "L"),
    "LTL": Currency("Lithuanian litas", "Lt"),
    "LVL": Currency("Latvian lats", "Ls"),
    "LYD": Currency("Libyan dinar", "ل.د"),
    "MAD": Currency("Moroccan dirham", "د.م."),
    "MDL": Currency("Moldovan leu", "L"),
    "MGA": Currency("Malagasy ariary", "Ar"),
    "MKD": Currency("Macedonian denar", "ден"),
    "MMK": Currency("Myanma kyat", "K"),
    "MNT": Currency("Mongolian tögrög", "₮"),
    "MOP": Currency("Macanese pataca", "P"),
    "MRO": Currency("Mauritanian ouguiya", "UM"),
    "MUR": Currency("Mauritian rupee", "₨"),
    "MVR": Currency("Maldivian rufiyaa", "ރ."),
    "MWK": Currency("Malawian kwacha", "MK"),
    "MXN": Currency("Mexican peso", "$"),
    "MYR": Currency("Malaysian ringgit", "RM"),
    "MZN": Currency("Mozambican metical", "MTn"),
    "NAD": Currency("Namibian dollar", "$"),
    "NGN": Currency("Nigerian naira", "₦"),
    "NIO": Currency("Nicaraguan córdoba", "C$"),
    "NOK": Currency("Norwegian krone", "kr"),
    "NPR": Currency("Nepalese rupee", "₨"),
    "NZD": Currency("New Zealand dollar", "$"),
    "OMR": Currency("Omani rial", "ر.ع."),
    "PAB": Currency("Panamanian balboa", "B/."),
    "PEN": Currency("Peruvian nuevo sol", "S/."),
    "PGK": Currency("Papua New Guinean kina", "K"),
    "PHP": Currency("Philippine peso", "₱"),
    "PKR": Currency("Pakistani rupee", "₨"),
    "PLN": Currency("Polish złoty", "zł"),
    "PYG": Currency("Paraguayan guaraní", "₲"),
    "QAR": Currency("Qatari riyal", "ر.ق"),
    "RON": Currency("Romanian new leu", "RON"),
    "RSD": Currency("Serbian dinar", "дин."),
    "RUB": Currency("Russian ruble", "р."),
    "RWF": Currency("Rwandan franc", "Fr"),
    "SAR": Currency("Saudi riyal", "ر.س"),
    "SBD": Currency("Solomon Islands dollar", "$"),
    "SCR": Currency("Seychellois rupee", "₨"),
    "SDG": Currency("Sudanese pound", "£"),
    "SEK": Currency("Swedish krona", "kr"),
    "SGD": Currency("Singapore dollar", "$"),
    "SHP": Currency("Saint Helena pound", "£"),
    "SLL": Currency("Sierra Leonean leone", "Le"),
    "SOS": Currency("Somali shilling", "Sh"),
    "SRD": Currency("Surinamese dollar", "$"),
    "STD": Currency("São Tomé and Príncipe dobra", "Db"),
    "SVC": Currency("Salvadoran colón", "₡"),
    "SYP": Currency("Syrian pound", "£"),
    "SZL": Currency("Swazi lilangeni", "L"),
    "THB": Currency("Thai baht", "฿"),
    "TJS": Currency("Tajikistani somoni", "ЅМ"),
    "TMT": Currency("Turkmenistani manat", "m"),
    "TND": Currency("Tunisian dinar", "د.ت"),
    "TOP": Currency("Tongan paʻanga", "T$"),
    "TRY": Currency("Turkish lira", "TL"),
    "TTD": Currency("Trinidad and Tobago dollar", "$"),
    "TWD": Currency("New Taiwan dollar", "$"),
    "TZS": Currency("Tanzanian shilling", "Sh"),
    "UAH": Currency("Ukrainian hryvnia", "₴"),
    "UGX": Currency("Ugandan shilling", "Sh"),
    "USD": Currency("United States dollar", "$"),
    "UYU": Currency("Uruguayan peso", "$"),
    "UZS": Currency("Uzbekistani som", "лв"),
    "VEF": Currency("Venezuelan bolívar", "Bs F"),
    "VND": Currency("Vietnamese đồng", "₫"),
    "WST": Currency("Samoan tala", "T"),
    "XAF": Currency("Central African CFA franc", "Fr"),
    "XCD": Currency("East Caribbean dollar", "$"),
    "XOF": Currency("West African CFA franc", "Fr"),
    "XPF": Currency("CFP franc", "Fr"),
    "YER": Currency("Yemeni rial", "﷼"),
    "ZAR": Currency("South African rand", "R"),
    "ZMW": Currency("Zambian kwacha", "ZK"),
    "ZWL": Currency("Zimbabwean dollar", "$"),
}

# Currencies have two fraction digits, except these: ISO 4217, list one of 2024, and BYR from list three (withdrawn
# codes). Not from the CLDR, which has the digits of daily life instead: none for IQD, LAK or HUF.
_FRACTION_DIGITS = {
    **dict.fromkeys(
        (
            "BIF", "BYR", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV",
            "XAF", "XOF", "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}  # fmt: skip


def fraction_digits(code: str) -> int:
    """Return how many fraction digits the amounts in a currency have."""
    return _FRACTION_DIGITS.get(code, 2)


def smallest_unit(code: str) -> int:
    """Return the unit that amounts in a currency are rounded to, in ten-thousandths."""
    return int(10 ** (AMOUNT_DIGITS - fraction_digits(code)))


def smallest_rate(code: str) -> int:
    """Return the unit that rates in a currency are rounded to, in ten-thousandths: a hundredth or less."""
    return min(HUNDREDTH, smallest_unit(code))


def format_amount(amount: int, symbol: str, code: str) -> str:
    """Format ten-thousandths like ``$1,234.50`` or ``-$5.00``, the same in every locale.

    The number has as many decimals as the currency; halves are rounded away from zero.
    """
    digits, unit = fraction_digits(code), smallest_unit(code)
    units, rest = divmod((2 * abs(amount) + unit) // (2 * unit), 10**digits)
    return f"{'-' if amount < 0 else ''}{symbol}{units:,}{f'.{rest:0{digits}}' if digits else ''}"
