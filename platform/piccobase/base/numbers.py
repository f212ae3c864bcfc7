"""Numbers as text the way ECMAScript prints them (protocol.md §1.5; ECMA-262, Number::toString)."""

from decimal import Decimal


def ecma_number(value: float) -> str:
    """A finite double as JavaScript prints it: `1.0` -> `1`, `1e16` -> `10000000000000000`, `1e-7` -> `1e-7`.

    Minus zero prints as `-0`, which is what the reference sends. Raises ValueError for NaN and the infinities:
    JSON has no way to write them.
    """
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(f"{value} cannot be written as JSON")
    if value == 0:
        return "-0" if str(value).startswith("-") else "0"
    # repr() gives the shortest digits that read back as the same double, which is what ECMAScript asks for;
    # only where it puts the point and when it turns to an exponent differ.
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + int(exponent)  # where the decimal point stands, counted from the first digit
    if len(text) <= point <= 21:
        body = text + "0" * (point - len(text))
    elif 0 < point <= 21:
        body = f"{text[:point]}.{text[point:]}"
    elif -6 < point <= 0:
        body = "0." + "0" * -point + text
    else:
        mantissa = text if len(text) == 1 else f"{text[0]}.{text[1:]}"
        body = f"{mantissa}e{point - 1:+d}"
    return f"-{body}" if sign else body
