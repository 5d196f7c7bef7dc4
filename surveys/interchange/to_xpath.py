"""Expressions of `surveys.logic` into XPath for an XLSForm. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from engage.persian import parse_date
from surveys.interchange import xpath
from surveys.interchange.xpath import Figure, Minus, Pair, Text, Tree, XPathProblem, written
from surveys.logic.kinds import Kind, Name
from surveys.logic.parsing import parse
from surveys.logic.problems import LogicProblem
from surveys.logic.tree import Call, Literal, Node, Paired, Prefixed, Reference

AS_XPATH = {"contains": "contains", "starts_with": "starts-with", "min": "min", "max": "max", "length": "string-length"}


def to_xpath(text: str, names: Mapping[str, Name], forms: Mapping[str, str], itself: str = "") -> str:
    """The expression as XPath: `names` are the kinds of what it names, `forms` the names of those in the form, `itself` what a dot is.

    XPathProblem: expression_unreadable, expression_name (of something the form doesn't have), expression_function.
    """
    try:
        root = parse(text).root
    except LogicProblem:
        raise XPathProblem("expression_unreadable") from None
    return written(_Writer(names, forms, itself).truth(root))


class _Writer:
    def __init__(self, names: Mapping[str, Name], forms: Mapping[str, str], itself: str) -> None:
        self._names, self._forms, self._itself = names, forms, itself

    def tree(self, node: Node) -> Tree:
        if isinstance(node, Literal):
            if isinstance(node.value, bool):
                return xpath.Call("true" if node.value else "false", ())
            return Text(node.value) if isinstance(node.value, str) else Figure(f"{node.value:f}")
        if isinstance(node, Reference):
            return self.reference(node.name)
        if isinstance(node, Prefixed):
            return xpath.Call("not", (self.truth(node.operand),)) if node.operator == "not" else Minus(self.tree(node.operand))
        if isinstance(node, Call):
            return self.call(node)
        return self.paired(node)

    def kind(self, node: Node) -> Kind | None:
        return self._names[node.name].kind if isinstance(node, Reference) and node.name in self._names else None

    def truth(self, node: Node) -> Tree:
        """A yes-no answer is one of two choices in a form."""
        if self.kind(node) is Kind.TRUTH:
            return Pair("=", self.tree(node), Text("yes"))
        return self.tree(node)

    def reference(self, name: str) -> Tree:
        if self._itself and name == self._itself:
            return xpath.Reference("")
        found = self._forms.get(name)
        if found is None:
            raise XPathProblem("expression_name")
        return xpath.Reference(found)

    def paired(self, node: Paired) -> Tree:
        if node.operator == "has":
            return xpath.Call("selected", (self.tree(node.left), self.tree(node.right)))
        if node.operator in ("and", "or"):
            return Pair(node.operator, self.truth(node.left), self.truth(node.right))
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if self.kind(one) is Kind.TRUTH and isinstance(other, Literal) and isinstance(other.value, bool):
                return Pair(node.operator, self.tree(one), Text("yes" if other.value else "no"))
        plain = Pair({"/": "div"}.get(node.operator, node.operator), self.tree(node.left), self.tree(node.right))
        if node.operator == "!=" and isinstance(plain.left, xpath.Reference) and plain.left.name and isinstance(plain.right, Text | Figure):
            # An answer that is missing is unlike everything in a form.
            return Pair("and", Pair("!=", plain.left, Text("")), plain)
        return plain

    def call(self, node: Call) -> Tree:
        name, given = node.function, node.arguments
        if name == "answered" and isinstance(given[0], Reference):
            return self.answered(given[0].name)
        if name == "count" and self.kind(given[0]) is Kind.CHOICES:
            return xpath.Call("count-selected", (self.tree(given[0]),))
        if name == "today":
            return xpath.Call("today", ())
        if name == "date" and isinstance(given[0], Literal):
            day = parse_date(str(given[0].value))
            if day is not None:
                return xpath.Call("date", (Text(day.isoformat()),))
        if name == "time" and isinstance(given[0], Literal):
            return Text(str(given[0].value))
        if name == "age" and self.kind(given[0]) is Kind.DATE:
            since = Pair("-", xpath.Call("today", ()), self.tree(given[0]))
            return xpath.Call("int", (Pair("div", since, Figure("365.25")),))
        if name == "days_between":
            return xpath.Call("int", (Pair("-", self.tree(given[1]), self.tree(given[0])),))
        if name == "round":
            return xpath.Call("round", (self.tree(given[0]), self.tree(given[1]) if len(given) > 1 else Figure("0")))
        if name == "if":
            return xpath.Call("if", (self.truth(given[0]), self.tree(given[1]), self.tree(given[2])))
        if name in AS_XPATH:
            return xpath.Call(AS_XPATH[name], tuple(self.tree(each) for each in given))
        raise XPathProblem("expression_function")

    def answered(self, name: str) -> Tree:
        if name in self._forms or name == self._itself:
            return Pair("!=", self.reference(name), Text(""))
        # A question of several parts is answered where one of them is.
        parts = [xpath.Reference(form) for place, form in self._forms.items() if place.partition(".")[0] == name]
        if not parts:
            raise XPathProblem("expression_name")
        tree: Tree = Pair("!=", parts[0], Text(""))
        for part in parts[1:]:
            tree = Pair("or", tree, Pair("!=", part, Text("")))
        return tree
