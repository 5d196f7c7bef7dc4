"""The functions of the language: their names, and how many arguments each takes."""

MOST = 20

FUNCTIONS: dict[str, tuple[int, int]] = {
    "answered": (1, 1),
    "count": (1, 1),
    "today": (0, 0),
    "date": (1, 1),
    "time": (1, 1),
    "age": (1, 1),
    "days_between": (2, 2),
    "round": (1, 2),
    "min": (1, MOST),
    "max": (1, MOST),
    "if": (3, 3),
    "length": (1, 1),
    "contains": (2, 2),
    "starts_with": (2, 2),
}
"""answered(q1)            whether anything was answered, also to a part of it
count(q2)               how many options were chosen, or how many rows were answered; 0 for none
today()                 today in Tehran
date("1405/09/01")      a day, in either calendar; time("14:30") a time of day
age(x)                  full years since a date; with a birth year, of either calendar, the difference of the years
days_between(a, b)      days from a to b, negative where b is earlier
round(x), round(x, 2)   halves away from zero
min(…), max(…)          of those that aren't missing
if(c, a, b)             a where c holds, else b
length(text)            in characters
contains(text, "آب"), starts_with(text, "آب")   without regard to Arabic letters, half spaces and the script of digits
"""

NAMING = frozenset({"answered", "count"})
"""Their argument is a question's name, not its value."""
QUOTING = frozenset({"date", "time"})
"""Their argument is written out in quotes."""
