"""What the robot says of itself: complete in every language, warm, short, and never dangerous."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from medllm_ros.delivery import Locale, Profile, Scenario
from medllm_ros.formulary.store import Formulary
from medllm_ros.quantities import find_quantities
from medllm_ros.safety import triage, wording
from medllm_ros.safety.wording import Wording, WordingError

WORDING = Wording.load()
FORMULARY = Formulary.load()
ROOT = Path(wording.__file__).parents[1]

# The robot comforts nobody about a symptom, promises nobody who was not reached, and gives no permission.
FORBIDDEN = re.compile(
    r"沒關係|没关系|不用擔心|不用担心|別擔心|别担心|不要緊|不要紧|放心|沒事|没事|正常的|很安全|是安全的|"
    r"護理師(?:馬上|很快|就|正在)?(?:會)?(?:過來|來了|趕來|到了)|护士(?:马上|很快|就|正在)?(?:会)?(?:过来|来了|赶来|到了)|已經記錄|已经记录|"
    r"nurse is (?:coming|on)|on (?:the|her|his|their) way|no need to worry|don't worry|do not worry|is safe\b|"
    r"you are fine|it is normal|nothing serious|you (?:can|may) (?:stop|skip|double|crush)|has been recorded",
    re.IGNORECASE,
)
NEVER_TWO = re.compile(
    r"一次用[兩两]份|[這这][兩两]種|[這这]两种|take two together|一一九|一二零|nine-one-one|once more"
)
BEFORE_A_MATCH = ("greeting", "identity.", "transfer.", "delivery.due_private", "silence.", "stop.")


def test_every_locale_has_the_same_keys_and_placeholders() -> None:
    for locale in Locale:
        assert {key for key, _ in WORDING.every_text(locale) if "[" not in key} == WORDING.keys


@pytest.mark.parametrize("locale", list(Locale))
def test_variants_exist_in_every_locale_for_the_greeting(locale: Locale) -> None:
    variants = {key for key, _ in WORDING.every_text(locale) if key.startswith("greeting[")}
    assert variants == {key for key, _ in WORDING.every_text(Locale.ZH_TW) if key.startswith("greeting[")}


@pytest.mark.parametrize("locale", list(Locale))
def test_no_wording_reassures_promises_or_permits(locale: Locale) -> None:
    assert [(key, text) for key, text in WORDING.every_text(locale) if FORBIDDEN.search(text)] == []


@pytest.mark.parametrize("locale", list(Locale))
def test_no_wording_holds_a_number_but_never_two_at_once(locale: Locale) -> None:
    for key, text in WORDING.every_text(locale):
        rest = NEVER_TWO.sub("", text)
        amounts = [found.quantity for found in find_quantities(rest)]
        assert [amount.text for amount in amounts if amount.unit not in ("", "{time}")] == [], key
        assert not re.search(r"\d", rest), key


@pytest.mark.parametrize("locale", list(Locale))
def test_wording_before_a_match_names_no_medicine_and_no_person(locale: Locale) -> None:
    for key, text in WORDING.every_text(locale):
        if key.startswith(BEFORE_A_MATCH):
            assert set(re.findall(r"\{\w+\}", text)) <= {"{staff}", "{advisers}"}, key
            assert FORMULARY.mentioned(text) == (), key


@pytest.mark.parametrize("locale", list(Locale))
def test_wording_is_short_and_ends_as_a_sentence(locale: Locale) -> None:
    for key, text in WORDING.every_text(locale):
        if key.partition("[")[0] in wording.FILLED_IN:
            continue
        assert text[-1] in "。？！?.:：}", text
        sentences = [part for part in re.split(r"[。？！?!]|\.(?:\s|$)", text) if part.strip()]
        assert len(sentences) <= 4, text
        assert len(text) <= (75 if locale is not Locale.EN_US else 190), text


@pytest.mark.parametrize("locale", list(Locale))
def test_the_greeting_says_that_it_is_a_robot_and_an_ai_and_asks_openly(locale: Locale) -> None:
    robot = {"zh_TW": ("機器人", "人工智慧"), "zh_CN": ("机器人", "人工智能"), "en_US": ("robot", "an AI")}[locale]
    asks = {"zh_TW": ("名字", "年"), "zh_CN": ("名字", "年"), "en_US": ("name", "birth")}[locale]
    for scenario in Scenario:
        for profile in (None, *Profile):
            text = WORDING.say("greeting", locale, scenario=scenario, profiles={profile} if profile else set())
            assert all(word in text for word in robot)
            assert asks[0] in text and (asks[1] in text or "生日" in text or "出生" in text)


@pytest.mark.parametrize("locale", list(Locale))
def test_an_emergency_sentence_takes_at_most_six_seconds(locale: Locale) -> None:
    # 5 Chinese syllables or 2.8 English words a second: slow, clear speech
    for key, _ in WORDING.every_text(locale):
        if key.startswith("emergency.") and key not in ("emergency.accepted", "emergency.still_calling"):
            said = WORDING.say(key.partition("[")[0], locale)
            length = len(re.findall(r"[\u4e00-\u9fff]", said)) / 5 if locale != "en_US" else len(said.split()) / 2.8
            assert length <= 6, said


@pytest.mark.parametrize("locale", list(Locale))
def test_every_emergency_calls_now_and_says_what_to_do(locale: Locale) -> None:
    calls = {"zh_TW": "我馬上呼叫", "zh_CN": "我马上呼叫", "en_US": "I am calling"}[locale]
    for category in (*triage.categories(), "other"):
        assert calls in WORDING.say(f"emergency.{category}", locale)


@pytest.mark.parametrize("locale", list(Locale))
@pytest.mark.parametrize("category", [*triage.categories(), "faint", "other"])
def test_at_home_an_emergency_promises_no_nurse_and_names_the_way_to_help(locale: Locale, category: str) -> None:
    said = WORDING.say(f"emergency.{category}", locale, scenario=Scenario.HOME)
    nurse = {"zh_TW": "護理師", "zh_CN": "护士", "en_US": "nurse"}[locale]
    help_number = {"zh_TW": "一一九|一一零", "zh_CN": "一二零|一一零", "en_US": "emergency number|with someone"}[locale]
    assert nurse not in said
    assert re.search(help_number, said), said
    words = len(re.findall(r"[\u4e00-\u9fff]", said)) / 5 if locale != "en_US" else len(said.split()) / 2.8
    assert words <= 7, said


@pytest.mark.parametrize("locale", list(Locale))
def test_no_emergency_tells_to_lie_still_or_takes_the_listener_for_a_bystander(locale: Locale) -> None:
    for key, text in WORDING.every_text(locale):
        if key.startswith("emergency."):
            wrong = "躺好不要?[動动]|lie still|[讓让]他|餵|喂|旁[邊边]|with them|give nothing"
            assert not re.search(wrong, text), key


@pytest.mark.parametrize("locale", list(Locale))
def test_there_is_no_call_bell_at_home_or_in_the_pharmacy(locale: Locale) -> None:
    for key in WORDING.keys:
        values = dict.fromkeys(WORDING.placeholders[key], "x")
        for scenario in (Scenario.HOME, Scenario.PHARMACY):
            said = WORDING.say(key, locale, scenario=scenario, **values)
            assert not re.search("呼叫鈴|呼叫铃|call bell", said), key


@pytest.mark.parametrize("locale", list(Locale))
def test_no_wording_speaks_officialese(locale: Locale) -> None:
    for key, text in WORDING.every_text(locale):
        assert not re.search("核可|審核過|审核过|approved information", text), key


@pytest.mark.parametrize("locale", list(Locale))
def test_what_to_ask_comes_last_where_a_question_is_invited(locale: Locale) -> None:
    for profile in (None, *Profile):
        text = WORDING.say("delivery.questions", locale, profiles={profile} if profile else set())
        assert text[-1] in "？?"


@pytest.mark.parametrize("locale", list(Locale))
def test_staff_is_filled_in_by_scenario(locale: Locale) -> None:
    ward, pharmacy = ({"zh_TW": "護理師", "zh_CN": "护士", "en_US": "the nurse"}[locale],
                      {"zh_TW": "藥師", "zh_CN": "药师", "en_US": "the pharmacist"}[locale])  # fmt: skip
    assert ward in WORDING.say("nurse.calling", locale, scenario=Scenario.WARD)
    assert pharmacy in WORDING.say("nurse.calling", locale, scenario=Scenario.PHARMACY)


def test_staff_that_opens_a_sentence_is_capitalised() -> None:
    assert WORDING.say("nurse.accepted", "en_US").startswith("The nurse")
    assert ". The nurse" in WORDING.say("symptom.urgent", "en_US")


def test_zh_tw_uses_taiwan_terms_and_zh_cn_mainland_ones() -> None:
    tw = "".join(text for _, text in WORDING.every_text(Locale.ZH_TW))
    cn = "".join(text for _, text in WORDING.every_text(Locale.ZH_CN))
    assert not re.search("護士|醫生|病曆|信息|軟件|视频|您的信息", tw)
    assert not re.search("護理師|护理师|医师|病歷號碼|智慧|资讯|身分", cn)
    assert not re.search("[們個這說請藥師]", cn)


def test_the_closest_variant_is_chosen() -> None:
    child = WORDING.say("greeting", "zh_TW", scenario=Scenario.WARD, profiles={Profile.CHILD, Profile.HARD_OF_HEARING})
    assert "家長" in child
    assert "家裡" in WORDING.say("greeting", "zh_TW", scenario=Scenario.HOME, profiles={Profile.ELDERLY})
    both = WORDING.say("greeting", "zh_TW", scenario=Scenario.HOME, profiles={Profile.CHILD})
    assert "家裡" in both and "家長" in both


def test_speech_for_the_hard_of_hearing_is_never_longer() -> None:
    for locale in Locale:
        for key in WORDING.keys:
            values = dict.fromkeys(WORDING.placeholders[key], "x")
            plain = WORDING.say(key, locale, **values)
            assert len(WORDING.say(key, locale, profiles={Profile.HARD_OF_HEARING}, **values)) <= len(plain)


def test_a_value_is_inserted_as_it_is_and_never_read_as_a_placeholder() -> None:
    said = WORDING.say("asr.confirm", "zh_TW", heard="{staff} {0} {heard!r} %s")
    assert "{staff} {0} {heard!r} %s" in said


def test_a_missing_value_or_key_is_a_clear_error() -> None:
    with pytest.raises(WordingError, match="medicine"):
        WORDING.say("delivery.due", "zh_TW")
    with pytest.raises(WordingError, match=r"no\.such\.key"):
        WORDING.say("no.such.key", "zh_TW")


def test_every_key_that_the_code_says_exists() -> None:
    said = re.compile(r"""\b(?:say|word|has)\(\s*f?["']([a-z_]+(?:\.[a-z_]+)+)["']""")
    found = {key for path in ROOT.rglob("*.py") for key in said.findall(path.read_text(encoding="utf-8"))}
    assert found - WORDING.keys == set()
    assert len(found) > 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A hospital's own copy of the wording."""
    for path in wording.DATA.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    return tmp_path


def edit(folder: Path, locale: str, **changes: object) -> None:
    path = folder / f"{locale}.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    for key, value in changes.items():
        key = key.replace("__", ".")
        if value is None:
            del document[key]
        else:
            document[key] = value
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


def test_a_hospital_may_edit_its_copy(folder: Path) -> None:
    edit(folder, "zh_TW", stop__ok="好的，我安靜。")
    own = Wording.load(folder)
    assert own.say("stop.ok", "zh_TW") == "好的，我安靜。"
    assert own.hash != WORDING.hash
    assert Wording.load().say("stop.ok", "zh_TW") != "好的，我安靜。"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"stop__ok": None}, r"stop\.ok.*missing"),
        ({"stop__okay": "x"}, r"stop\.okay.*not known"),
        ({"delivery__due": "現在該用藥了。"}, r"delivery\.due.*medicine"),
        ({"delivery__due": "{medicine} {dose}"}, r"delivery\.due.*dose"),
        ({"stop__ok": {"text": "好。", "icu": "好。"}}, "icu.*no variant"),
        ({"stop__ok": {"text": "好。", "ward+pregnant": "{who}。"}}, "who.*not in the plain text"),
        ({"stop__ok": {"ward": "好。"}}, "mapping with 'text'"),
        ({"stop__ok": ""}, "empty"),
        ({"stop__ok": "{"}, "brace"),
        ({"stop__ok": "{a.b}"}, "plain name"),
        ({"stop__ok": "{0}"}, "plain name"),
        ({"stop__ok": 7}, "must be a sentence"),
    ],
)
def test_what_is_wrong_with_a_copy_is_found_when_it_is_loaded(
    folder: Path, changes: dict[str, object], problem: str
) -> None:
    edit(folder, "zh_TW", **changes)
    with pytest.raises(WordingError, match=problem) as error:
        Wording.load(folder)
    assert "zh_TW.yaml" in str(error.value)


def test_a_missing_broken_or_unreadable_file_is_a_sentence(folder: Path) -> None:
    (folder / "en_US.yaml").unlink()
    with pytest.raises(WordingError, match=r"en_US\.yaml does not exist"):
        Wording.load(folder)
    (folder / "en_US.yaml").write_text("greeting: [", encoding="utf-8")
    with pytest.raises(WordingError, match="not valid YAML"):
        Wording.load(folder)
    (folder / "en_US.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(WordingError, match="cannot be read"):
        Wording.load(folder)
    (folder / "en_US.yaml").write_text("- a\n", encoding="utf-8")
    with pytest.raises(WordingError, match="must map keys"):
        Wording.load(folder)
