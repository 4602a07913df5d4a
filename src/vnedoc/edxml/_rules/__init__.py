"""The rules of a message as a table: what is checked, by which source, how certain that is, and where."""

from vnedoc.edxml._rules._places import agree, locate
from vnedoc.edxml._rules._rule import Given, Rule
from vnedoc.edxml._rules._spelling import did_you_mean
from vnedoc.edxml._rules._table import check, rules, rules_to_json

__all__ = ["Given", "Rule", "agree", "check", "did_you_mean", "locate", "rules", "rules_to_json"]
