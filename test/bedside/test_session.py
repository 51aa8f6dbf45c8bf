"""What a bedside visit does, event by event."""

from __future__ import annotations

import inspect
from dataclasses import replace

import pytest
from visits import Bedside, delivery, of, patient, said

from medllm_ros.bedside import hearing
from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import (
    AlertNurse,
    AskModel,
    Behaviour,
    CancelModel,
    ClearAlert,
    CloseVisit,
    Hold,
    Level,
    Origin,
    PreparePrompt,
    Priority,
    PublishState,
    Release,
    SetTimer,
    Speak,
    StopSpeaking,
    TurnEnded,
    TurnStatus,
)
from medllm_ros.bedside.events import (
    AlertAccepted,
    AlertFailed,
    DeliveryArrived,
    DeliveryCancelled,
    DeliveryDispatched,
    DoseDue,
    HandoverConfirmed,
    IdentityScanned,
    PatientTransferred,
    PrivacyRequested,
    ReplyFailed,
    Restarted,
    SpeechEnded,
    StopRequested,
    StopScope,
    TimerFired,
)
from medllm_ros.delivery import Locale, Scenario
from medllm_ros.orders.text import parse_order_text
from medllm_ros.safety.sentence_vector import kept_vectors

NAME_AND_BIRTH = "我叫王春嬌，民國四十五年三月二號生"


def timer(effects, name: str) -> dict | None:
    """Return the fields with which the newest timer of this name fires."""
    found = [effect for effect in of(effects, SetTimer) if effect.timer == name]
    return {"timer": name, "generation": found[-1].generation} if found else None


def dose_timer(effects) -> SetTimer:
    """Return the timer of the next dose."""
    return next(effect for effect in of(effects, SetTimer) if effect.timer.startswith("dose:"))


def test_the_dispatch_prepares_the_prompt_and_locks_the_compartment(bedside):
    effects = bedside.do(DeliveryDispatched, delivery=bedside.delivery)
    assert of(effects, PreparePrompt)[0].messages[0].role == "system"
    assert of(effects, Hold)[0].reasons == ("away", "unverified")
    assert not of(effects, Speak)


def test_the_greeting_says_it_is_a_machine_and_asks_openly(bedside):
    text = said(bedside.arrive())
    assert "機器人" in text and "人工智慧" in text
    assert "王" not in text and "1956" not in text and "Amlodipine" not in text


def test_arrival_before_the_order_greets_once_the_order_is_there(bedside):
    assert not of(bedside.do(DeliveryArrived), Speak)
    assert said(bedside.do(DeliveryDispatched, delivery=bedside.delivery))


def test_a_repeated_event_changes_nothing(bedside):
    bedside.arrive()
    before = bedside.session.snapshot()
    assert bedside.do(DeliveryArrived, event_id="e2") == []
    assert bedside.session.snapshot() == before


def test_two_identifiers_in_one_answer_release_and_introduce(bedside):
    bedside.arrive()
    effects = bedside.hear(NAME_AND_BIRTH)
    assert of(effects, Release)
    assert "氨氯地平" in said(effects) or "安脈狄平" in said(effects)
    assert "高血壓" in said(effects)


def test_one_identifier_asks_for_the_other(bedside):
    bedside.arrive()
    effects = bedside.hear("我叫王春嬌")
    assert "生" in said(effects) and of(effects, Speak)[0].behaviour is Behaviour.ASK_IDENTITY
    assert of(bedside.hear("民國四十五年三月二號"), Release)


def test_before_a_match_a_question_about_the_medicine_gets_the_identity_question(bedside):
    bedside.arrive()
    effects = bedside.hear("這是什麼藥？")
    assert of(effects, Speak)[0].behaviour is Behaviour.ASK_IDENTITY
    assert "高血壓" not in said(effects)


def test_a_wrong_name_never_reveals_the_right_one_and_twice_calls_the_nurse(bedside):
    bedside.arrive()
    first = bedside.hear("我叫李大明，民國三十年一月一號生")
    assert "王" not in said(first) and not of(first, AlertNurse)
    second = bedside.hear("我叫陳小華，民國三十年一月一號生")
    assert of(second, AlertNurse)[0].category == "identity"
    assert bedside.session.held
    assert of(bedside.hear(NAME_AND_BIRTH), Release) == []  # only staff can verify now


def test_a_wristband_and_one_spoken_identifier_match(bedside):
    bedside.arrive()
    assert not of(bedside.do(IdentityScanned, chart_number="a1234567"), Release)
    assert of(bedside.hear("我是王春嬌"), Release)


def test_another_patients_wristband_calls_the_nurse_at_once(bedside):
    bedside.arrive()
    effects = bedside.do(IdentityScanned, chart_number="B7654321")
    assert of(effects, AlertNurse) and bedside.session.held


def test_an_emergency_comes_before_the_stop_word_and_before_the_match(bedside):
    bedside.arrive()
    effects = bedside.hear("停，我胸口好痛")
    assert of(effects, AlertNurse)[0].level is Level.URGENT
    spoken = of(effects, Speak)
    assert spoken[0].priority is Priority.EMERGENCY and spoken[0].behaviour is Behaviour.ESCALATE
    assert any(reason.startswith("emergency") for reason in bedside.session.hold_reasons)


def test_the_order_of_safety_stands_in_one_place():
    source = inspect.getsource(hearing.heard)
    names = ["_emergency", "_stop_word", "_identity", "_medication_checks", "_conversation"]
    places = [source.index(name) for name in names]
    assert places == sorted(places)


@pytest.mark.parametrize("phase", ["driving", "closed", "no delivery"])
def test_an_emergency_is_heard_in_every_phase(bedside, phase):
    if phase != "no delivery":
        bedside.do(DeliveryDispatched, delivery=bedside.delivery)
    if phase == "closed":
        bedside.do(DeliveryCancelled)
    effects = bedside.hear("救命，我喘不過氣")
    assert of(effects, AlertNurse) and of(effects, Speak)[0].priority is Priority.EMERGENCY


def test_an_emergency_is_heard_on_a_stable_partial_and_not_called_twice(bedside):
    bedside.arrive()
    assert not of(bedside.hear("我胸口好痛", final=False), AlertNurse)
    assert of(bedside.hear("我胸口好痛喔", final=False), AlertNurse)
    assert not of(bedside.hear("我胸口好痛喔快點", final=True), AlertNurse)


def test_an_emergency_is_heard_in_an_alternative_of_the_recogniser(bedside):
    bedside.arrive()
    assert of(bedside.hear("我凶口好通", alternatives=("我胸口好痛",)), AlertNurse)


def test_after_an_emergency_the_lock_waits_for_staff_and_taking_it_back_changes_nothing(bedside):
    bedside.arrive()
    bedside.verify()
    alert = of(bedside.hear("我不想活了"), AlertNurse)[0]
    assert not of(bedside.hear("沒事，我開玩笑的"), Release)
    assert bedside.session.held
    bedside.do(AlertAccepted, alert_id=alert.alert_id, by="n1")
    assert bedside.session.held
    assert of(bedside.do(AlertAccepted, alert_id=alert.alert_id, by="n1", release_hold=True), Release)


def test_an_unanswered_call_is_repeated_and_escalated_until_it_is_answered(bedside):
    bedside.arrive()
    bedside.verify()
    effects = bedside.hear("請幫我叫護理師")
    alert = of(effects, AlertNurse)[0]
    waits = []
    for attempt in (2, 3, 4, 5):
        name = f"alert:{alert.alert_id}"
        waits.append([t.seconds for t in of(effects, SetTimer) if t.timer == name][-1])
        effects = bedside.do(TimerFired, **timer(effects, name))
        again = of(effects, AlertNurse)[0]
        assert (again.alert_id, again.attempt) == (alert.alert_id, attempt)
        assert "呼叫鈴" in said(effects)
    assert again.level is Level.URGENT
    assert waits == [30.0, 30.0, 60.0, 60.0]
    fields = timer(effects, name)
    assert of(bedside.do(AlertAccepted, alert_id=alert.alert_id, by="n1"), ClearAlert)
    assert bedside.do(TimerFired, **fields) == []


def test_the_nurse_is_never_promised_before_the_call_is_answered(bedside):
    bedside.arrive()
    bedside.verify()
    effects = bedside.hear("請幫我叫護理師")
    assert "收到" not in said(effects) and "來了" not in said(effects)
    alert = of(effects, AlertNurse)[0]
    assert "收到" in said(bedside.do(AlertAccepted, alert_id=alert.alert_id, by="n1"))


def test_a_call_that_reached_nobody_sends_the_patient_to_the_bell(bedside):
    bedside.arrive()
    alert = of(bedside.hear("我喘不過氣"), AlertNurse)[0]
    assert "呼叫鈴" in said(bedside.do(AlertFailed, alert_id=alert.alert_id))


def test_a_question_asks_the_model_with_the_facts_and_the_approved_wording(bedside):
    bedside.arrive()
    bedside.verify()
    ask = of(bedside.hear("這個藥是治療什麼的？"), AskModel)[0]
    assert any("purpose" in fact for fact in ask.facts)
    assert ask.approved and ask.approved[0].startswith("[F")
    assert ask.messages[0].role == "system" and "「這個藥是治療什麼的？」" in ask.messages[-1].content


def test_the_approved_wording_is_spoken_word_for_word(bedside):
    bedside.arrive()
    bedside.verify()
    ask = of(bedside.hear("這個藥是治療什麼的？"), AskModel)[0]
    effects = bedside.reply(ask, *ask.approved, engine="none")
    assert "高血壓" in said(effects)
    assert {speak.origin for speak in of(effects, Speak)} == {Origin.APPROVED}
    assert of(effects, TurnEnded)[0].status is TurnStatus.COMPLETE


def test_a_dose_that_the_model_made_up_is_never_spoken(bedside):
    bedside.arrive()
    bedside.verify()
    ask = of(bedside.hear("這個藥是治療什麼的？"), AskModel)[0]
    effects = bedside.reply(ask, "[F3] 您可以一次吃 20 毫克。", "沒關係，不用擔心。")
    assert "20" not in said(effects) and "擔心" not in said(effects)
    assert "高血壓" in said(effects)  # the approved answer comes instead


def test_a_dead_model_means_approved_wording_and_no_word_of_the_failure(bedside):
    bedside.arrive()
    bedside.verify()
    ask = of(bedside.hear("這個藥是治療什麼的？"), AskModel)[0]
    effects = bedside.do(ReplyFailed, turn_id=ask.turn_id, epoch=ask.epoch, why="CUDA out of memory")
    assert "高血壓" in said(effects) and "CUDA" not in said(effects)


def test_a_slow_model_gets_a_filler_then_the_approved_wording_within_the_limit(bedside):
    bedside.arrive()
    bedside.verify()
    effects = bedside.hear("這個藥是治療什麼的？")
    ask = of(effects, AskModel)[0]
    assert said(bedside.do(TimerFired, **timer(effects, "filler")))
    late = bedside.do(TimerFired, **timer(effects, "first_token"))
    assert of(late, CancelModel) and "高血壓" in said(late)
    assert bedside.reply(ask, "[F3] 太晚了。") == []


def test_a_new_question_supersedes_the_reply_that_was_being_written(bedside):
    bedside.arrive()
    bedside.verify()
    old = of(bedside.hear("這個藥是治療什麼的？"), AskModel)[0]
    effects = bedside.hear("這個藥有什麼副作用？")
    assert of(effects, CancelModel)
    assert of(effects, TurnEnded)[0].status is TurnStatus.CANCELLED
    assert bedside.reply(old, "[F3] 用來治療高血壓。") == []


def test_the_memory_holds_what_was_spoken_to_the_end_not_what_was_generated(bedside):
    bedside.arrive()
    bedside.verify()
    ask = of(bedside.hear("這個藥是治療什麼的？"), AskModel)[0]
    spoken = of(bedside.reply(ask, *ask.approved, engine="none"), Speak)
    bedside.do(SpeechEnded, utterance_id=spoken[0].utterance_id)
    for speak in spoken[1:]:
        bedside.do(SpeechEnded, utterance_id=speak.utterance_id, completed=False)
    history = of(bedside.hear("這個藥有什麼副作用？"), AskModel)[0].messages[1:-1]
    assert history[-1].content == spoken[0].text


def test_stop_ends_ordinary_speech_but_staff_alone_end_everything(bedside):
    bedside.arrive()
    assert of(bedside.hear("停", final=False), StopSpeaking)[0].everything is False
    bedside.hear("停")
    assert of(bedside.do(StopRequested, scope=StopScope.EVERYTHING, by="n1"), StopSpeaking)[0].everything


def test_a_transfer_voids_the_match_and_locks_again(bedside):
    bedside.arrive()
    bedside.verify()
    effects = bedside.do(PatientTransferred, ward="8B", bed="1")
    assert of(effects, Hold) and of(effects, Speak)[0].behaviour is Behaviour.ASK_IDENTITY
    assert not bedside.session.verified


def test_privacy_silences_the_medicine_and_nothing_else(bedside):
    bedside.arrive()
    bedside.verify()
    bedside.do(PrivacyRequested)
    effects = bedside.hear("這個藥是治療什麼的？")
    assert "高血壓" not in said(effects) and not of(effects, AskModel)
    bedside.do(PrivacyRequested, active=False)
    assert of(bedside.hear("這個藥是治療什麼的？"), AskModel)


@pytest.mark.parametrize(
    ("order", "profile", "category"),
    [
        ("Amoxicillin 500 mg PO TID", {"allergies": ("盤尼西林",)}, "check.allergy"),
        ("Amlodipine 5 mg PO QD", {"current_medications": ("Amlodipine 5 mg",)}, "check.duplicate"),
        ("Warfarin 3 mg PO QD", {"pregnant": True, "age_years": 30}, "check.pregnancy"),
    ],
)
def test_what_speaks_against_the_medicine_holds_it_before_its_name_is_said(context, order, profile, category):
    bedside = Bedside(context, delivery(order, patient=patient(**profile)))
    bedside.arrive()
    effects = bedside.verify()
    assert of(effects, AlertNurse)[0].category == category
    assert not of(effects, Release) and bedside.session.held
    assert not context.formulary.mentioned(said(effects))
    later = bedside.hear("這個藥是治療什麼的？")
    assert not of(later, AskModel) and of(later, Speak)[0].behaviour is Behaviour.ESCALATE


@pytest.mark.parametrize(
    ("medicines", "called"), [((), False), (("Metformin 500 mg",), False), (("Warfarin 3 mg",), True)]
)
def test_dark_stools_with_iron_are_answered_unless_the_record_gives_bleeding_a_reason(context, medicines, called):
    bedside = Bedside(
        context, delivery("Ferrous sulfate 325 mg PO QD", patient=patient(current_medications=medicines))
    )
    bedside.arrive()
    bedside.verify()
    alerts = of(bedside.hear("吃鐵劑大便變黑黑的是正常的齁"), AlertNurse)
    assert [alert.category for alert in alerts] == (["bleeding"] if called else [])


@pytest.mark.parametrize(
    "text", ["我姓蔡啦 早上才搬進來的", "春嬌姨昨晚就換去窗邊那床了", "蛤 誰是王春嬌", "我叫陳淑芬，這是什麼藥"]
)
def test_after_the_match_whoever_turns_out_to_be_another_hears_nothing_and_staff_are_called(bedside, text):
    bedside.arrive()
    bedside.verify()
    effects = bedside.hear(text)
    assert of(effects, Hold) and of(effects, AlertNurse) and not of(effects, AskModel)
    assert of(effects, Speak)[0].behaviour is Behaviour.ASK_IDENTITY
    assert not of(bedside.hear("這個藥是治療什麼的？"), AskModel)


@pytest.mark.parametrize("text", ["我就是王春嬌啦 這藥治什麼的", "叫我春嬌就好 這藥治什麼的"])
def test_a_patient_who_says_their_own_name_again_is_answered(bedside, text):
    bedside.arrive()
    bedside.verify()
    effects = bedside.hear(text)
    assert not of(effects, Hold) and of(effects, AskModel)


def test_an_allergy_reported_now_locks_the_medicine(bedside):
    bedside.arrive()
    bedside.verify()
    effects = bedside.hear("我對這個藥過敏")
    assert of(effects, AlertNurse)[0].level is Level.URGENT and of(effects, Hold)


def test_the_hand_over_closes_the_visit_locks_and_forgets(bedside):
    bedside.arrive()
    bedside.verify()
    bedside.hear("這個藥要飯前吃嗎")
    assert kept_vectors.cache_info().currsize
    effects = bedside.do(HandoverConfirmed, by="n1")
    assert of(effects, CloseVisit)[0].outcome == "handed_over" and of(effects, Hold)
    assert bedside.session.snapshot()["memory"] == ()
    assert kept_vectors.cache_info().currsize == 0
    assert bedside.do(HandoverConfirmed, by="n1") == []


def test_a_hand_over_of_held_medicine_is_refused_and_reported(bedside):
    bedside.arrive()
    effects = bedside.do(HandoverConfirmed, by="n1")
    assert of(effects, AlertNurse)[0].level is Level.URGENT and not of(effects, CloseVisit)


def test_a_cancelled_delivery_says_nothing_of_the_medicine_and_locks(bedside, context):
    bedside.arrive()
    bedside.verify()
    effects = bedside.do(DeliveryCancelled, reason="withdrawn")
    assert of(effects, CloseVisit) and of(effects, Hold)
    assert not context.formulary.mentioned(said(effects))


def test_silence_is_asked_after_then_the_nurse_is_offered_then_the_visit_ends(bedside):
    effects = bedside.arrive()
    texts = []
    for _ in range(3):
        effects = bedside.do(TimerFired, **timer(effects, "silence"))
        texts.append(said(effects))
    assert len(set(texts)) == 3
    assert of(effects, CloseVisit)[0].outcome == "no_response" and of(effects, AlertNurse)
    assert of(effects, PublishState)[0].phase == "closed"


def test_at_home_the_orders_own_times_remind_and_ask_again_who_it_is(context):
    home = delivery("Amlodipine 5 mg PO QD 08:00", scenario=Scenario.HOME)
    bedside = Bedside(context, home)
    effects = bedside.do(DeliveryDispatched, delivery=home)
    dose = dose_timer(effects)
    assert 0 < dose.seconds <= 24 * 3600
    bedside.at += dose.seconds
    effects = bedside.do(TimerFired, timer=dose.timer, generation=dose.generation)
    assert "用藥時間" in said(effects) and not context.formulary.mentioned(said(effects))
    assert of(bedside.hear(NAME_AND_BIRTH), Release)
    effects = bedside.do(HandoverConfirmed, by="patient")
    assert of(effects, Hold) and not of(effects, CloseVisit)
    following = dose_timer(effects)
    assert 23 * 3600 < following.seconds <= 24 * 3600


def test_a_due_dose_of_a_medicine_that_is_not_in_the_order_is_ignored(bedside):
    bedside.arrive()
    assert bedside.do(DoseDue, medication=7) == []


def test_an_order_that_changes_at_the_bed_is_looked_at_by_staff(bedside):
    bedside.arrive()
    bedside.verify()
    changed = replace(delivery("Amlodipine 10 mg PO QD"), delivery_id="d1")
    effects = bedside.do(DeliveryDispatched, delivery=changed)
    assert of(effects, Hold) and of(effects, AlertNurse)[0].category == "order"


def test_a_medicine_outside_the_formulary_is_named_as_ordered_and_the_rest_deferred(context):
    bedside = Bedside(context, delivery("Zorbamycin 250 mg PO BID"))
    bedside.arrive()
    assert "Zorbamycin" in said(bedside.verify())
    effects = bedside.hear("這個藥是治療什麼的？")
    assert of(effects, Speak)[0].behaviour is Behaviour.DEFER


@pytest.mark.parametrize("locale", list(Locale))
def test_every_locale_carries_a_whole_visit(context, locale):
    bedside = Bedside(context, delivery(locale=locale, patient=patient(name="Grace Lin")))
    bedside.arrive()
    assert of(bedside.hear("Grace Lin, March 2nd 1956"), Release)
    question = {Locale.ZH_TW: "這個藥有什麼副作用？", Locale.ZH_CN: "这个药有什么副作用？"}
    ask = of(bedside.hear(question.get(locale, "What are the side effects?")), AskModel)[0]
    assert of(bedside.reply(ask, *ask.approved, engine="none"), Speak)
    assert of(bedside.do(HandoverConfirmed, by="n1"), CloseVisit)


def test_a_badly_heard_sentence_is_asked_back_and_a_yes_confirms_it(bedside):
    bedside.arrive()
    bedside.verify()
    effects = bedside.hear("這個藥是治療什麼的", confidence_mean=0.2, confidence_min=0.1)
    assert of(effects, Speak)[0].behaviour is Behaviour.CLARIFY
    assert of(bedside.hear("對"), AskModel)


def test_a_huge_transcript_is_bounded_and_its_end_is_still_heard(bedside):
    bedside.arrive()
    assert of(bedside.hear("嗯" * 5_000_000 + "我胸口好痛"), AlertNurse)


def test_the_same_events_give_the_same_effects(context: SessionContext):
    def run() -> list:
        bedside = Bedside(context)
        bedside.arrive()
        bedside.hear(NAME_AND_BIRTH)
        bedside.hear("這個藥是治療什麼的？")
        bedside.hear("我胸口好痛")
        return bedside.effects

    assert run() == run()


def test_privacy_asked_for_before_the_match_stands_after_it(bedside, context):
    bedside.arrive()
    bedside.hear("請不要講藥名")
    effects = bedside.hear(NAME_AND_BIRTH)
    assert bedside.session.verified
    assert not context.formulary.mentioned(said(effects)) and "高血壓" not in said(effects)


def test_a_childs_parent_answers_for_the_child(context):
    child = delivery("Amoxicillin 250 mg PO TID", patient=patient(name="王柏宇", age_years=5))
    bedside = Bedside(context, child)
    bedside.arrive()
    assert of(bedside.hear("我是他媽媽，弟弟叫王柏宇，民國四十五年三月二號生"), Release)


def test_silence_before_a_match_asks_who_it_is(bedside):
    effects = bedside.arrive()
    effects = bedside.do(TimerFired, **timer(effects, "silence"))
    assert "姓名" in said(effects) or "全名" in said(effects)


@pytest.mark.parametrize("text", ["你先念我的名字給我聽", "十二床"])
def test_the_robot_neither_reads_the_record_aloud_nor_takes_the_bed_for_a_name(bedside, text):
    bedside.arrive()
    effects = bedside.hear(text)
    assert of(effects, Speak)[0].behaviour is Behaviour.ASK_IDENTITY and not of(effects, AlertNurse)
    assert said(effects) != said(bedside.hear("嗯"))
    assert "王" not in said(effects)


def test_a_medicine_that_the_patient_reports_now_goes_through_the_interaction_check(context):
    bedside = Bedside(context, delivery("Nitroglycerin 0.6 mg SL PRN"))
    bedside.arrive()
    bedside.verify()
    effects = bedside.hear("我昨天晚上有吃威而鋼，要緊嗎")
    assert of(effects, AlertNurse)[0].category == "check.interaction" and bedside.session.held
    assert of(effects, Speak)[0].behaviour is Behaviour.ESCALATE


def test_two_medicines_of_the_same_hour_are_reminded_of_together(context):
    home = delivery(
        scenario=Scenario.HOME,
        medications=(
            parse_order_text("Amlodipine 5 mg PO QD 08:00"),
            parse_order_text("Metformin 500 mg PO BID 08:00 18:00"),
        ),
    )
    bedside = Bedside(context, home)
    dose = dose_timer(bedside.do(DeliveryDispatched, delivery=home))
    bedside.at += dose.seconds
    bedside.do(TimerFired, timer=dose.timer, generation=dose.generation)
    text = said(bedside.hear(NAME_AND_BIRTH))
    assert "Amlodipine" in text and "Metformin" in text


def test_a_reminder_that_the_robot_slept_through_is_given_late_or_told_to_staff(context):
    home = delivery("Amlodipine 5 mg PO QD 08:00", scenario=Scenario.HOME)
    for late, told in ((600.0, False), (7200.0, True)):
        bedside = Bedside(context, home)
        dose = dose_timer(bedside.do(DeliveryDispatched, delivery=home))
        bedside.at += dose.seconds + late
        effects = bedside.do(Restarted)
        again = dose_timer(effects)
        assert bool(of(effects, AlertNurse)) == told
        assert (again.seconds > 3600) == told and (again.timer == dose.timer) != told


def test_a_patient_in_an_emergency_who_falls_silent_is_not_left(bedside):
    bedside.arrive()
    effects = bedside.hear("我喘不過氣")
    for _ in range(5):
        effects = bedside.do(TimerFired, **timer(effects, "silence"))
        assert not of(effects, CloseVisit) and not of(effects, Speak)


def test_a_second_emergency_after_the_first_was_answered_is_called_again(bedside):
    bedside.arrive()
    bedside.hear("我胸口好痛", final=False)
    alert = of(bedside.hear("我胸口好痛", final=False), AlertNurse)[0]
    bedside.do(AlertAccepted, alert_id=alert.alert_id, by="n1", release_hold=True)
    assert of(bedside.hear("我胸口好痛"), AlertNurse)


def test_a_match_does_not_carry_over_to_another_patients_order(bedside):
    bedside.do(DeliveryDispatched, delivery=bedside.delivery)
    bedside.verify()
    other = replace(bedside.delivery, patient=patient(name="李大明", chart_number="B1"))
    bedside.do(DeliveryDispatched, delivery=other)
    effects = bedside.do(DeliveryArrived)
    assert not of(effects, Release) and not bedside.session.verified


def test_a_changed_order_is_taken_in_when_staff_release_it_and_identity_is_asked_again(bedside):
    bedside.arrive()
    bedside.verify()
    changed = replace(delivery("Bisoprolol 5 mg PO QD"), delivery_id="d1")
    alert = of(bedside.do(DeliveryDispatched, delivery=changed), AlertNurse)[0]
    bedside.do(AlertAccepted, alert_id=alert.alert_id, by="n1", release_hold=True)
    assert bedside.session.held and not bedside.session.verified
    assert "Bisoprolol" in said(bedside.hear(NAME_AND_BIRTH))
