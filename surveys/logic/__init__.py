"""The small expression language of surveys: typed, terminating, the same on the server and in the editor's checks. Pure.

`surveys.logic.parsing` shows how it is written, `functions` what it can do, `evaluating` what missing answers do.
"""

from surveys.logic.deciding import OPEN, Verdict, decide
from surveys.logic.evaluating import evaluate, evaluate_with, holds, holds_with
from surveys.logic.fitting import EXPECTED, Scope, kind_of, scope_of
from surveys.logic.functions import FUNCTIONS
from surveys.logic.kinds import Kind, Name
from surveys.logic.parsing import parse, parsed_or_none
from surveys.logic.problems import LogicProblem
from surveys.logic.tree import Expression, unparse, written_name, written_text
from surveys.logic.values import Facts, Value, stored_number, value_of

__all__ = [
    "EXPECTED", "FUNCTIONS", "OPEN", "Expression", "Facts", "Kind", "LogicProblem", "Name", "Scope", "Value", "Verdict", "decide", "evaluate", "evaluate_with", "holds",
    "holds_with", "kind_of", "parse", "parsed_or_none", "scope_of", "stored_number", "unparse", "value_of", "written_name", "written_text",
]  # fmt: skip
