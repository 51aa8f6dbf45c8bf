"""What follows a verified match: the medication checks, then the first word about the medicine."""

from __future__ import annotations

from collections.abc import Sequence

from medllm_ros.bedside.effects import Behaviour, Level
from medllm_ros.bedside.fact_words import with_subject
from medllm_ros.bedside.outbox import Outbox
from medllm_ros.bedside.turn import references
from medllm_ros.bedside.visit import Visit
from medllm_ros.delivery import Profile
from medllm_ros.formulary.model import FactField
from medllm_ros.formulary.sheet import NAME, SheetLine
from medllm_ros.safety.medication_checks import Finding, Severity, check_delivery

MOST_CAUTIONS = 2  # said aloud; staff see them all


def verified(visit: Visit, out: Outbox) -> None:
    """Thank for the match, check every medicine, then introduce it or hold it."""
    assert visit.delivery
    visit.holds = {reason for reason in visit.holds if not reason.startswith("identity:")}
    carer = Profile.CHILD in visit.delivery.patient.profiles and not visit.gate.by_staff
    visit.speak(visit.word("identity.carer_ok" if carer else "identity.ok"), out, rules=("identity.match",))
    findings = check_delivery(visit.delivery, visit.context.formulary)
    rules = tuple(finding.rule for finding in findings)
    stops = [finding for finding in findings if finding.severity is Severity.HOLD]
    for finding in stops:
        kind = finding.rule.split(".")[1].replace("fact", "interaction")  # the facts that check are interactions
        level = Level.URGENT if kind == "allergy" else Level.ROUTINE
        visit.call_nurse(level, f"check.{kind}", finding.rule, out, hold="check")
        key = f"hold.reason.{kind}"
        visit.speak(
            visit.word(key if visit.context.wording.has(key) else "hold.reason.default"), out,
            behaviour=Behaviour.ESCALATE, rules=(finding.rule,),
        )  # fmt: skip
    cautions = [finding for finding in findings if finding.severity is Severity.CAUTION and not stops]
    for finding in cautions:
        visit.call_nurse(Level.ROUTINE, "check.caution", finding.rule, out)
    if stops or visit.blocked:
        return
    if visit.privacy:
        visit.speak(visit.word("privacy.active"), out, rules=("privacy",))
        return
    introduce(visit, rules, out)
    _caution(visit, cautions, out)
    if len(_named(visit)) == 1:
        visit.speak(visit.word("delivery.questions"), out, rules=rules)


def introduce(visit: Visit, rules: tuple[str, ...], out: Outbox) -> None:
    """Say name and purpose: both, since names that sound alike are told apart by the purpose."""
    assert visit.sheet
    names = _named(visit)
    if len(names) > 1:
        listed = ("、" if visit.locale != "en_US" else ", ").join(line.text for line in names)
        _say(visit, visit.word("delivery.intro_several", medicines=listed), names, rules, out)
        return
    name = names[0]
    if visit.due:
        _say(visit, visit.word("delivery.due", medicine=name.text), (name,), rules, out)
    purpose = visit.sheet.of(FactField.PURPOSE, name.medication)[:1]
    if not visit.due or purpose:
        if purpose:
            text = visit.word("delivery.intro", medicine=name.text, purpose=with_subject(purpose[0].text, visit.locale))
        else:
            text = visit.word("delivery.intro_plain", medicine=name.text)
        _say(visit, text, (name, *purpose), rules, out)
    drug = visit.sheet.drugs[name.medication]
    if drug is None:
        visit.speak(visit.word("delivery.not_in_formulary"), out, rules=rules)
    elif drug.high_alert:
        visit.speak(visit.word("delivery.high_alert"), out, rules=rules)


def _named(visit: Visit) -> tuple[SheetLine, ...]:
    """Return the names to introduce: those of the dose that is due, or all."""
    assert visit.sheet
    names = visit.sheet.of(NAME)
    return tuple(line for line in names if line.medication in visit.due) or names if visit.due else names


def _caution(visit: Visit, cautions: Sequence[Finding], out: Outbox) -> None:
    """Say that staff will look once more, and the medicine's own fact where one names the reason."""
    assert visit.sheet
    if not cautions:
        return
    rules = tuple(finding.rule for finding in cautions)
    visit.speak(visit.word("check.caution"), out, rules=rules)
    wanted = dict.fromkeys(finding.fact for finding in cautions if finding.fact)
    lines = [line for line in visit.sheet.lines if line.fact and line.fact.id in wanted]
    for line in lines[:MOST_CAUTIONS]:
        _say(visit, line.text, (line,), rules, out)


def _say(visit: Visit, text: str, lines: tuple[SheetLine, ...], rules: tuple[str, ...], out: Outbox) -> None:
    assert visit.sheet
    visit.speak(text, out, rules=rules, facts=references(visit.sheet, tuple(line.label for line in lines)))
