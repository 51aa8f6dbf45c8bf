"""What the robot does with what it heard, in the fixed order of safety.

    emergency -> stop word -> identity gate -> medication checks -> conversation

Each step returns True where it has settled the turn; no later step then sees the words. "Stop, my chest
hurts" is an emergency first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from medllm_ros.bedside.alerts import OpenAlert
from medllm_ros.bedside.answers import answer
from medllm_ros.bedside.effects import Behaviour, Level, Priority
from medllm_ros.bedside.events import TranscriptHeard
from medllm_ros.bedside.expected import BLEEDING, may_bleed, only_its_colour
from medllm_ros.bedside.heard_drugs import allergy, ask, readings, reported, understood
from medllm_ros.bedside.identity_gate import Outcome
from medllm_ros.bedside.intents import Intent, by_patterns, classify, in_order
from medllm_ros.bedside.memory import estimate_tokens
from medllm_ros.bedside.outbox import Outbox
from medllm_ros.bedside.replies import begin_answer
from medllm_ros.bedside.verification import verified
from medllm_ros.bedside.visit import PartialCall, Phase, Visit
from medllm_ros.delivery import PatientProfile
from medllm_ros.safety.identity import Identifier, asked_to_say, gave_bed, gave_own_name
from medllm_ros.safety.medication_checks import Finding, Severity, reported_medicine
from medllm_ros.safety.other_name import other_name
from medllm_ros.safety.stop import is_stop
from medllm_ros.safety.triage import Emergency, triage

# What staff must hear of even from somebody who is not yet matched: intent, urgency, lock.
_SERIOUS = (
    (Intent.SEVERE_SYMPTOM, Level.URGENT, "symptom"),
    (Intent.ALREADY_TOOK, Level.ROUTINE, "taken"),
    (Intent.ALLERGY, Level.URGENT, "allergy"),
    (Intent.WRONG_LOOK, Level.ROUTINE, "appearance"),
    (Intent.CALL_NURSE, Level.ROUTINE, ""),
    (Intent.REFUSAL, Level.ROUTINE, "refusal"),
)

# "Thanks, hand me the water": polite, and about to take what is locked.
_TAKES = re.compile(
    r"水|药|藥|吃|喝|吞|[给給]我|拿[来來]|\b(?:water|pills?|tablets?|take|swallow|pass|hand|give)\b", re.IGNORECASE
)

PARTIAL_S = 10.0  # a final follows its partials within seconds

_Step = Callable[[Visit, TranscriptHeard, str, tuple[str, ...], Outbox], bool]


def prepare() -> None:
    """Read word lists, patterns, nets and the sentence encoder: a second or two, which no first word should wait."""
    triage("")
    classify("hello")
    other_name("hello", "nobody")


def heard(visit: Visit, event: TranscriptHeard, out: Outbox) -> None:
    """Take one hypothesis of the recogniser, partial or final."""
    limit = visit.context.config.max_transcript_chars
    text = event.text.strip()
    bounded = text if len(text) <= limit else text[: limit // 2] + " " + text[-limit // 2 :]
    alternatives = tuple(other[:limit] for other in event.alternatives[:5])
    if visit.phase is Phase.AT_BEDSIDE:
        visit.timers.start("silence", visit.context.config.silence_s, out)
    visit.silences = 0
    steps: tuple[_Step, ...] = (_emergency, _stop_word, _identity, _medication_checks, _conversation)
    if visit.delivery is None or visit.phase is not Phase.AT_BEDSIDE:
        steps = (_emergency,)  # driving, waiting or done: only an emergency is answered
    for step in steps:
        if step(visit, event, bounded, alternatives, out):
            break
    if event.final:
        visit.partial_call, visit.stable_partial = None, ""


def _emergency(
    visit: Visit, event: TranscriptHeard, text: str, alternatives: tuple[str, ...], out: Outbox
) -> bool:
    found = triage(text, alternatives)
    if found and found.category == BLEEDING and not found.also and _usual(visit, text, alternatives, asked=event.final):
        found = None
    if not event.final:
        stable = found is not None and visit.stable_partial == found.category
        visit.stable_partial = found.category if found else ""
        if found is None or not stable or _called_for(visit, found, event):
            return False
        alert = _escalate(visit, found, text, out)
        visit.partial_call = PartialCall(found.category, alert.alert_id, event.at)
        return True
    if found is None:
        return False
    if not _called_for(visit, found, event):
        _escalate(visit, found, text, out)
    return True


def _usual(visit: Visit, text: str, alternatives: tuple[str, ...], *, asked: bool = True) -> bool:
    """Return True where a matched patient asks about nothing but a colour that the medicine is known to give."""
    if not visit.gate.verified or visit.delivery is None or visit.sheet is None:
        return False
    colour = only_its_colour(text, visit.sheet, alternatives=alternatives, asked=asked)
    return colour and not may_bleed(visit.delivery.patient, visit.context.formulary)


def _called_for(visit: Visit, found: Emergency, event: TranscriptHeard) -> bool:
    """Return True where these words were called for a moment ago, while they were being said, and nobody answered."""
    call = visit.partial_call
    if call is None or call.category != found.category or event.at - call.at > PARTIAL_S:
        return False
    alert = visit.alerts.get(call.alert_id)
    return alert is not None and not alert.accepted


def _escalate(visit: Visit, found: Emergency, text: str, out: Outbox) -> OpenAlert:
    visit.new_turn(out)
    visit.symptom_named = True
    visit.memory.heard(visit.turn_id, text, estimate_tokens(text))
    alert = visit.call_nurse(Level.URGENT, found.category, found.rule, out, hold="emergency")
    key = f"emergency.{found.category}"
    visit.speak(
        visit.word(key if visit.context.wording.has(key) else "emergency.other"), out,
        behaviour=Behaviour.ESCALATE, priority=Priority.EMERGENCY, rules=(found.rule,),
    )  # fmt: skip
    visit.end_turn(out)
    return alert


def _stop_word(
    visit: Visit, event: TranscriptHeard, text: str, alternatives: tuple[str, ...], out: Outbox
) -> bool:
    if not is_stop(text):
        return not event.final  # nothing but emergencies and stop words is acted on before the sentence is over
    if not event.final:
        if visit.sounding or visit.turn:
            visit.supersede(out)
        return True
    said = readings(visit, text)
    if allergy(visit, said) or _taken(visit, said):
        return False  # "enough! I am allergic to that"
    visit.new_turn(out)
    visit.speak(visit.word("stop.ok"), out, rules=("stop",))
    visit.end_turn(out)
    return True


def _identity(
    visit: Visit, event: TranscriptHeard, text: str, alternatives: tuple[str, ...], out: Outbox
) -> bool:
    assert visit.delivery
    if visit.gate.verified:
        return False
    visit.new_turn(out)
    patient = visit.delivery.patient
    intents = by_patterns(text, formulary=visit.context.formulary)
    asked_privacy = Intent.PRIVACY in intents and not visit.privacy
    visit.privacy |= asked_privacy
    outcome = visit.gate.heard((text, *alternatives), patient) if not visit.gate.failed else Outcome.FAILED
    if outcome is Outcome.MATCH:
        verified(visit, out)
        visit.end_turn(out)
        return True
    behaviour = Behaviour.ASK_IDENTITY
    serious = _serious_before_match(visit, text, intents, out)
    if serious:
        visit.speak(visit.word("nurse.calling"), out, behaviour=Behaviour.ESCALATE, rules=(serious,))
    if outcome is Outcome.FAILED:
        visit.call_nurse(Level.ROUTINE, "identity", "identity.failed", out, hold="identity")
        behaviour, key = Behaviour.ESCALATE, "identity.failed"
    elif outcome is Outcome.IMPOSSIBLE:
        visit.call_nurse(Level.ROUTINE, "identity", "identity.record_incomplete", out, hold="identity")
        behaviour, key = Behaviour.ESCALATE, "identity.failed"
    elif outcome is Outcome.OTHER_PERSON:
        key = "identity.other_person"
    elif outcome is Outcome.MISMATCH:
        key = "identity.retry"
    elif outcome is Outcome.PARTIAL:
        missing = visit.gate.missing(patient)
        key = {Identifier.NAME: "identity.ask_name", Identifier.DATE_OF_BIRTH: "identity.ask_birth_date"}.get(
            missing[0], "identity.ask_second"
        )
    elif Intent.SAY_MY_NAME in intents or asked_to_say(text):
        key = "identity.open_only"
    elif Intent.BED_NUMBER in intents or gave_bed(text):
        key = "identity.bed_is_no_identifier"
    else:
        key = "identity.required"
    if asked_privacy:
        visit.speak(visit.word("privacy.on"), out, behaviour=behaviour, rules=("privacy",))
    visit.speak(visit.word(key), out, behaviour=behaviour, rules=(f"identity.{outcome}",))
    visit.end_turn(out)
    return True


def _serious_before_match(visit: Visit, text: str, intents: tuple[Intent, ...], out: Outbox) -> str:
    """Call the nurse for what cannot wait for a match; nothing of the medicine is said. Return the rule, or ""."""
    assert visit.delivery
    said = readings(visit, text)
    if allergy(visit, said):
        visit.call_nurse(Level.URGENT, "allergy", "allergy.reported", out, hold="allergy")
        return "allergy.reported"
    if taken := _taken(visit, said):
        visit.call_nurse(Level.URGENT, "check.interaction", taken.rule, out, hold="check")
        return taken.rule
    for intent, level, hold in _SERIOUS:
        if intent in intents:
            visit.call_nurse(level, intent.value, f"intent.{intent}", out, hold=hold)
            return f"intent.{intent}"
    return ""


def _taken(visit: Visit, said: Sequence[str]) -> Finding | None:
    """Return a medicine that the patient reports to have taken and that holds the delivered one."""
    found = reported(reported_medicine, visit, said)
    return found if found and found.severity is Severity.HOLD else None


def _medication_checks(
    visit: Visit, event: TranscriptHeard, text: str, alternatives: tuple[str, ...], out: Outbox
) -> bool:
    assert visit.delivery
    visit.new_turn(out)
    visit.memory.heard(visit.turn_id, text, event.tokens)
    said = readings(visit, text)
    found = allergy(visit, said)
    if found is not None:
        visit.call_nurse(Level.URGENT, "allergy", found.rule, out, hold="allergy")
        key = "hold.reason.reported_allergy"
    else:
        found = reported(reported_medicine, visit, said)
        if found is None or found.severity is not Severity.HOLD:
            if found is not None and found.severity is Severity.CAUTION:
                visit.call_nurse(Level.ROUTINE, "check.caution", found.rule, out)
            return False
        visit.call_nurse(Level.URGENT, "check.interaction", found.rule, out, hold="check")
        kind = f"hold.reason.{found.rule.removeprefix('check.reported_medicine.').split('.')[0]}"
        key = kind if visit.context.wording.has(kind) else "hold.reason.default"
    visit.speak(visit.word(key), out, behaviour=Behaviour.ESCALATE, rules=(found.rule,))
    visit.end_turn(out)
    return True


def _conversation(
    visit: Visit, event: TranscriptHeard, text: str, alternatives: tuple[str, ...], out: Outbox
) -> bool:
    assert visit.delivery and visit.sheet
    formulary = visit.context.formulary
    intents = classify(text, formulary=formulary)
    if visit.confirming and intents[0] is Intent.YES:
        text, visit.confirming = visit.confirming, ""
        intents = classify(text, formulary=formulary)
    elif 0 <= event.confidence_mean < visit.context.config.asr_confidence_min:
        visit.confirming = text
        visit.speak(visit.word("asr.confirm", heard=text[:40]), out, behaviour=Behaviour.CLARIFY, rules=("asr.low",))
        visit.end_turn(out)
        return True
    visit.confirming = ""
    utterance = understood(visit, text, intents)
    text, intents = utterance.text, utterance.intents
    intents = _by_whom(text, intents, visit.delivery.patient)
    if set(intents) & {Intent.SEVERE_SYMPTOM, Intent.SYMPTOM} and _usual(visit, text, alternatives):
        intents = (Intent.SIDE_EFFECTS,)
    visit.named.update(utterance.mentioned)
    visit.symptom_named |= bool({Intent.SYMPTOM, Intent.SEVERE_SYMPTOM} & set(intents))
    # "Never mind, go" does not end an emergency: only staff do.
    polite = (Intent.CALL_NURSE,) if visit.in_emergency else (Intent.THANKS, Intent.GOODBYE, Intent.CALL_NURSE)
    if visit.blocked and (intents[0] not in polite or _TAKES.search(text)):
        key = "emergency.still_calling" if visit.alerts.open else "hold.still"
        if any(reason.startswith("emergency") for reason in visit.holds) and visit.alerts.any_accepted:
            key = "emergency.accepted"
        visit.speak(visit.word(key), out, behaviour=Behaviour.ESCALATE, rules=("blocked", *sorted(visit.holds)))
        visit.end_turn(out)
        return True
    visit.privacy |= Intent.PRIVACY in intents
    if intents[0] in (Intent.PRIVACY, Intent.PRIVACY_OFF):
        visit.privacy = intents[0] is Intent.PRIVACY
        visit.speak(visit.word("privacy.on" if visit.privacy else "privacy.off"), out, rules=("privacy",))
        visit.end_turn(out)
        return True
    if intents[0] is Intent.REPEAT and visit.repeatable:
        for said in visit.repeatable:
            if not (visit.privacy and said.facts):
                visit.speak(said.text, out, rules=("repeat",), facts=said.facts)
        visit.end_turn(out)
        return True
    if ask(visit, utterance, out):
        return True
    reply = answer(
        intents,
        sheet=visit.sheet,
        delivery=visit.delivery,
        formulary=formulary,
        wording=visit.context.wording,
        alert_accepted=visit.alerts.any_accepted,
        mentioned=utterance.mentioned,
        text=text,
    )
    if visit.privacy and any(sentence.labels for sentence in reply.sentences):
        visit.speak(visit.word("privacy.active"), out, behaviour=Behaviour.REFUSE, rules=("privacy",))
        visit.end_turn(out)
        return True
    if reply.alert:
        level, category = reply.alert
        visit.call_nurse(level, category, ",".join(reply.rules) or category, out, hold=reply.hold or "")
    begin_answer(visit, reply, text, out)
    return True


def _by_whom(text: str, intents: tuple[Intent, ...], patient: PatientProfile) -> tuple[Intent, ...]:
    """Return ``intents`` with another person among them where the names that were said tell of one, or of none."""
    if other_name(text, patient.name):
        return in_order({*intents, Intent.OTHER_PERSON})
    if Intent.OTHER_PERSON in intents and gave_own_name(text, patient):
        return tuple(intent for intent in intents if intent is not Intent.OTHER_PERSON) or (Intent.STATEMENT,)
    return intents
