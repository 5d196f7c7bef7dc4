"""What reports tell groups of people apart by, as SQL over a row `person` of contacts: never a name, never a number."""

from __future__ import annotations

PROFILE_JOIN = "LEFT JOIN contact person ON person.id = {contact_id}"
"""One row at most; whoever was erased meanwhile has none, and belongs to no group."""

UNIT = "coalesce(person.unit_id::text, '')"
NEIGHBOURHOOD = "coalesce(person.neighbourhood, '')"
GENDER = "coalesce(person.gender, '')"
AGE_BAND = """
    CASE
        WHEN person.birth_year IS NULL THEN ''
        WHEN %(jalali_year)s - person.birth_year < 18 THEN '0-17'
        WHEN %(jalali_year)s - person.birth_year < 30 THEN '18-29'
        WHEN %(jalali_year)s - person.birth_year < 45 THEN '30-44'
        WHEN %(jalali_year)s - person.birth_year < 60 THEN '45-59'
        ELSE '60+'
    END
"""
"""By the year alone, which is all that is known; needs `jalali_year`. Empty where nothing is known."""

AGE_BANDS = ("0-17", "18-29", "30-44", "45-59", "60+")
