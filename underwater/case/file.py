"""A counterexample as one small YAML file that a person can read and edit.

It holds names and exact decimals only: no address, selector or calldata, so it outlives changes of code and ABI.
A key that every case needs, ``found``, stands last: a truncated file is never taken for a shorter case.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from underwater.actions import Act, Action, Aim, Block, Bundle, Loan
from underwater.document import Field, read
from underwater.engine.registry import ENGINES, engine_named
from underwater.engine.vocabulary import Vocabulary

FORMAT = 1
"""The version of the format that this code writes and reads."""

MOST_LOAN_UNITS = 1 << 200
"""What a test double lends at once, whatever there is of it already."""
DEFAULT = "default"
NOTHING = "nothing"
BUNDLE = "bundle"
_TITLE = "# A counterexample, found by Underwater. To replay it: ape underwater replay FILE\n"
_FAILS_HERE, _FAILS_AFTER = "  # fails here", "  # what the check tries after this fails"
_NO_STEPS = "steps: []  # fails while it is deployed"
_AIM = re.compile(r"(.+?)(?: ([+-]) (\d+))?", re.DOTALL)
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./+-]*( [A-Za-z0-9_./+-]+)*")


@dataclass(frozen=True)
class Case:
    """A failed check with the history that fails it.

    ``says`` is the check's sentence; ``fault`` the planted fault it was found with, if any; ``seed`` and ``sequence``
    where it came from. ``deployment`` is of the engine's own type, None for ``parameters/default.yaml``. ``step`` is
    the number of the act that fails, from 1.
    """

    engine: str
    check: str
    says: str
    fault: str | None
    seed: int
    sequence: int
    deployment: Any | None
    blocks: tuple[Block, ...]
    note: str = ""
    step: int | None = None
    refused: tuple[int, ...] = ()
    """Numbers of the acts that were refused when it was found: if others are now, the history is not the same any more."""
    by_probe: bool = False
    """Whether it is what the check tried after the last act that failed, not the act itself."""
    deploying: bool = False
    """Whether it is the deployment itself that is refused: there are no steps then."""


def vocabulary_of(case: Case) -> Vocabulary:
    """The words that the case is written in."""
    files = engine_named(case.engine)
    return files.vocabulary(files.default_deployment() if case.deployment is None else case.deployment)


def aim_text(aim: Aim) -> str:
    """An aim in words: ``largest withdrawal + 1``."""
    if aim.offset or _AIM.fullmatch(aim.boundary)[2]:  # type: ignore[index]  # every text matches
        return f"{aim.boundary} {'-' if aim.offset < 0 else '+'} {abs(aim.offset)}"
    return aim.boundary


def parse_aim(text: str) -> Aim:
    """The inverse of ``aim_text``."""
    match = _AIM.fullmatch(text)
    assert match is not None
    boundary, sign, offset = match.groups()
    return Aim(boundary, int(offset or 0) * (-1 if sign == "-" else 1))


def write_case(case: Case) -> str:
    """The document that ``read_case`` reads back to the same case."""
    words = vocabulary_of(case)
    lines = [f"underwater: {FORMAT}", f"engine: {scalar_text(case.engine)}", f"check: {scalar_text(case.check)}"]
    lines.append(f"says: {scalar_text(case.says)}")
    if case.note:
        lines.append(f"note: {_note(case.note)}")
    steps = [_NO_STEPS] if case.deploying else write_steps(case.blocks, words, case.step, _fails(case))
    lines += ["", *steps]
    lines += ["", *write_deployment(case.engine, case.deployment)]
    found = {"seed": str(case.seed), "sequence": str(case.sequence)}
    if case.step is not None:
        found["step"] = str(case.step)
    if case.fault is not None:
        found["fault"] = case.fault
    if case.by_probe:
        found["by_probe"] = "true"
    if case.deploying:
        found["deploying"] = "true"
    refused = f", refused: [{', '.join(map(str, case.refused))}]" if case.refused else ""
    lines += ["", f"found: {_flow(found)[:-1]}{refused}}}"]
    return _TITLE + "\n".join(lines) + "\n"


def _fails(case: Case) -> str:
    return _FAILS_AFTER if case.by_probe else _FAILS_HERE


def write_steps(blocks: tuple[Block, ...], words: Vocabulary, marked: int | None = None, remark: str = "") -> list[str]:
    """The lines of ``steps``, with a remark at the act that is ``marked`` (from 1)."""
    lines = ["steps:"]
    number = 0
    for block in blocks:
        time = {} if block.after_s == 1 else {"after_s": str(block.after_s)}
        if not block.acts:
            lines.append(f"  - {_flow({**time, 'do': NOTHING})}")
        for act in block.acts:
            number += 1
            lines += _write_step(act, time, words, remark if number == marked else "")
            time = {"same_block": "true"}
    return lines


def write_deployment(engine: str, deployment: Any | None) -> list[str]:
    """The lines of ``deployment``. None is the parameter file."""
    if deployment is None:
        return [f"deployment: {DEFAULT}"]
    document = engine_named(engine).write_deployment(deployment)
    return ["deployment:", *(f"  {line}" for line in document.splitlines())]


def _write_step(act: Act, time: dict[str, str], words: Vocabulary, remark: str) -> list[str]:
    if isinstance(act, Action):
        return [f"  - {_flow({**time, 'by': act.caller, **_action(act, words)})}{remark}"]
    head = [f"{key}: {scalar_text(value)}" for key, value in {**time, "by": act.caller, "do": BUNDLE}.items()]
    head[0] += remark
    if act.loan is not None:
        head.append(f"loan: {_flow(words.write(words.loan_kind, act.loan))}")
    lines = [f"  - {head[0]}", *(f"    {line}" for line in head[1:])]
    for key, actions in (("acts", act.actions), ("during", act.during)):
        if actions:
            lines += [f"    {key}:", *(f"      - {_flow(_action(action, words))}" for action in actions)]
    return lines


def _action(action: Action, words: Vocabulary) -> dict[str, str]:
    texts = {"do": action.kind, **words.write(action.kind, action.arguments)}
    return texts if action.aim is None else {**texts, "aim": aim_text(action.aim)}


def _flow(texts: dict[str, str]) -> str:
    """A mapping on one line."""
    return "{" + ", ".join(f"{key}: {scalar_text(text, '{a: %s}')}" for key, text in texts.items()) + "}"


def scalar_text(text: str, frame: str = "a: %s") -> str:
    """A text as YAML within its frame: plain where it reads back as it is, else quoted."""
    if _SAFE.fullmatch(text) or _reads_back(text, frame % text):
        return text
    return yaml.safe_dump(text, default_style='"', width=sys.maxsize, allow_unicode=True).rstrip("\n")


def _note(text: str) -> str:
    """A note: lines of text as they are where YAML can hold them so."""
    if "\n" in text:
        block = "|-\n" + "\n".join(f"  {line}" if line else "" for line in text.split("\n"))
        if _reads_back(text, f"a: {block}\n"):
            return block
    return scalar_text(text)


def _reads_back(text: str, document: str) -> bool:
    try:
        node = yaml.compose(document, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return False
    if not isinstance(node, yaml.MappingNode) or len(node.value) != 1:
        return False
    value = node.value[0][1]
    # A quoted, tagged or anchored text would read back as less than was written.
    return isinstance(value, yaml.ScalarNode) and value.value == text


def read_case(source: Field | Path) -> Case:
    """A case from its file or document. Raises ``UserError`` naming file, line and field of what is wrong."""
    document = source if isinstance(source, Field) else read(source)
    require_format(document, "case")
    fields = document.mapping(("underwater", "engine", "check", "says", "steps", "deployment", "found"), ("note",))
    engine = fields["engine"].choice(tuple(ENGINES))
    files = engine_named(engine)
    deployment = read_deployment(fields["deployment"], engine)
    words = files.vocabulary(files.default_deployment() if deployment is None else deployment)
    found = fields["found"].mapping(("seed", "sequence"), ("step", "refused", "fault", "by_probe", "deploying"))
    deploying = "deploying" in found and found["deploying"].boolean()
    if deploying and any(fields["steps"].items()):
        raise fields["steps"].fail("a deployment that is refused has no steps after it")
    blocks = () if deploying else read_steps(fields["steps"], words)
    step = None
    if "step" in found:
        step = found["step"].integer(1)
        count = sum(len(block.acts) for block in blocks)
        if step > count:
            raise found["step"].fail(f"step {step}, but there are {count} steps: correct it or leave it out")
    return Case(
        engine,
        fields["check"].text(),
        fields["says"].text(),
        found["fault"].text() if "fault" in found else None,
        found["seed"].integer(),
        found["sequence"].integer(),
        deployment,
        blocks,
        fields["note"].text() if "note" in fields else "",
        step,
        tuple(item.integer(1) for item in found["refused"].items()) if "refused" in found else (),
        "by_probe" in found and found["by_probe"].boolean(),
        deploying,
    )


def require_format(document: Field, noun: str) -> None:
    """First of all: what another version wrote may have other fields."""
    version = document.any_mapping().get("underwater")
    if version is None:
        raise document.fail(f"is no {noun}: 'underwater', the version of its format, is missing")
    if version.integer() != FORMAT:
        raise version.fail(f"format {version.text()} is unknown; this version reads format {FORMAT}")


def read_deployment(field: Field, engine: str) -> Any | None:
    """A deployment; None for the parameter file."""
    if not isinstance(field.node, yaml.ScalarNode):
        return engine_named(engine).read_deployment(field)
    if field.text() != DEFAULT:
        raise field.fail(f"'{field.text()}' should be the word '{DEFAULT}', or a whole deployment")
    return None


def read_steps(field: Field, words: Vocabulary) -> tuple[Block, ...]:
    """A history. Raises ``UserError`` naming file, line and field."""
    blocks: list[Block] = []
    for item in field.items():
        fields = item.any_mapping()
        if "do" not in fields:
            raise item.fail("'do' is missing")
        joins = "same_block" in fields and fields["same_block"].boolean()
        if joins and not blocks:
            raise fields["same_block"].fail("the first step has no block before it")
        if joins and "after_s" in fields:
            raise fields["after_s"].fail("a step of the same block comes after no time")
        after_s = fields["after_s"].integer(1) if "after_s" in fields else 1
        acts = _read_act(item, fields, words)
        if joins:
            if not acts or not blocks[-1].acts:
                raise item.fail(f"'{NOTHING}' is a block of its own")
            blocks[-1] = Block(blocks[-1].after_s, (*blocks[-1].acts, *acts))
        else:
            blocks.append(Block(after_s, acts))
    if not blocks:
        raise field.fail("there are no steps")
    return tuple(blocks)


_TIMES = ("after_s", "same_block")


def _read_act(item: Field, fields: dict[str, Field], words: Vocabulary) -> tuple[Act, ...]:
    """The act of one step; none for ``nothing``."""
    kind = fields["do"].choice((*words.kinds, BUNDLE, NOTHING))
    if kind == NOTHING:
        item.mapping(("do",), _TIMES)
        return ()
    if kind != BUNDLE:
        action = _read_action(item, words, ("by",), _TIMES)
        return (action._replace(caller=fields["by"].choice(words.callers)),)
    item.mapping(("by", "do", "acts"), ("during", "loan", *_TIMES))
    caller = fields["by"].choice(words.bundle_callers)
    inner = tuple(_read_action(part, words)._replace(caller=caller) for part in fields["acts"].items())
    if not inner:
        raise fields["acts"].fail("a bundle needs an action")
    during: tuple[Action, ...] = ()
    if "during" in fields:
        during = tuple(_read_action(part, words)._replace(caller=caller) for part in fields["during"].items())
    return (Bundle(caller, inner, during, _read_loan(fields["loan"], words) if "loan" in fields else None),)


def _read_loan(field: Field, words: Vocabulary) -> Loan:
    fields = field.mapping(tuple(parameter.name for parameter in words.kinds[words.loan_kind].parameters))
    loan = Loan(*words.read(words.loan_kind, fields))
    if not 0 < loan.units <= MOST_LOAN_UNITS:
        raise fields["units"].fail(
            f"{fields['units'].text()} cannot be borrowed: it should be positive, and at most 2^200 units"
        )
    return loan


def _read_action(
    item: Field, words: Vocabulary, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()
) -> Action:
    """An action whose caller is yet to be set."""
    fields = item.any_mapping()
    if "do" not in fields:
        raise item.fail("'do' is missing")
    kind = fields["do"].choice(tuple(words.kinds))
    names = tuple(parameter.name for parameter in words.kinds[kind].parameters)
    fields = item.mapping((*required, "do", *names), ("aim", *optional))
    aim = parse_aim(fields["aim"].text()) if "aim" in fields else None
    return Action(kind, "", words.read(kind, fields), aim)
