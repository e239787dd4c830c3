"""What holds for every test."""

from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

# Hypothesis also draws numbers that stand in the sources of whatever modules are loaded: then what a test draws would
# depend on which tests run beside it, and differ from one run to the next. There is no setting for it.
_NONE = Constants()
providers._get_local_constants = lambda: _NONE
