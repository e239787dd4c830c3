"""The default deployment, its words, and an outcome that is nothing but done."""

from __future__ import annotations

from underwater.actions import Outcome
from underwater.engine.bundled.deployment import Deployment
from underwater.engine.bundled.vocabulary import vocabulary
from underwater.engine.registry import engine_named

DEFAULT: Deployment = engine_named("bundled").default_deployment()
WORDS = vocabulary(DEFAULT)

DONE = Outcome(None, (), ())
