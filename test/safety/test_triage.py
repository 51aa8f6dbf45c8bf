"""Triage finds emergencies in every language and lets everyday talk pass."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from medllm_ros.safety.triage import MAX_CHARS, Triage, bounded, categories, triage

CASES = yaml.safe_load((Path(__file__).parent / "triage_cases.yaml").read_text("utf-8"))
ASIDE = yaml.safe_load((Path(__file__).parent / "triage_aside.yaml").read_text("utf-8"))
RETRACTIONS = (
    "沒有啦，開玩笑的",
    "我亂講的，當我沒說",
    "算了沒事",
    "just kidding",
    "never mind, I'm fine",
    "I didn't mean it",
)


@pytest.mark.parametrize(("category", "text"), CASES["emergencies"])
def test_every_emergency_is_found(category: str, text: str) -> None:
    found = triage(text)
    assert found is not None, text
    assert category in ("any", found.category, *found.also)


def test_everyday_talk_rarely_raises_an_alarm() -> None:
    alarms = [text for text in CASES["everyday"] if triage(text)]
    assert len(CASES["everyday"]) >= 60
    assert len(alarms) / len(CASES["everyday"]) < 0.05, alarms


def test_sentences_kept_aside_are_mostly_found(record_property: Callable[[str, object], None]) -> None:
    missed = [text for _, text in ASIDE["emergencies"] if triage(text) is None]
    alarms = [text for text in ASIDE["everyday"] if triage(text)]
    recall = 1 - len(missed) / len(ASIDE["emergencies"])
    record_property("recall", recall)
    record_property("false_alarms", len(alarms) / len(ASIDE["everyday"]))
    assert recall >= 0.9, missed
    assert len(alarms) / len(ASIDE["everyday"]) <= 0.05, alarms


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("我眼前發黑 快昏倒了", "faint"),
        ("I feel like I'm going to pass out", "faint"),
        ("我媽昏倒了", "unconscious"),
        ("he passed out", "unconscious"),
        ("我手一直抖 冒冷汗 肚子好餓 眼前黑黑的", "hypoglycaemia"),
        ("我要殺了你", "threat"),
        ("他說要殺了我", "violence"),
        ("救命", "other"),
    ],
)
def test_the_category_fits_who_speaks(text: str, category: str) -> None:
    found = triage(text)
    assert found is not None
    assert found.category == category


@pytest.mark.parametrize(
    "text",
    [
        "可以多打兩單位嗎",
        "我再多吃一粒好了",
        "如果我一次吃兩天份會怎樣",
        "我想多吃一顆",
        "can I take an extra one",
        "maybe I'll take two",
    ],
)
def test_a_wish_to_take_more_is_not_an_overdose(text: str) -> None:
    assert triage(text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("今天多吃了半個西瓜 血糖會怎樣", False), ("多吃了一碗飯", False), ("我早上多吃了一次藥跟飯一起", True),
        ("媽媽多吃了兩顆糖尿病的藥", True),
    ],
)  # fmt: skip
def test_too_much_of_a_meal_is_no_overdose(text: str, found: bool) -> None:
    assert (triage(text) is not None) == found


@pytest.mark.parametrize(
    "text", ["我不小心多吃了一顆 可以嗎", "我多打了兩單位會怎樣", "I took two by mistake, is that ok?"]
)
def test_a_question_after_an_overdose_does_not_undo_it(text: str) -> None:
    found = triage(text)
    assert found is not None
    assert found.category == "overdose"


@pytest.mark.parametrize("text", [t for _, t in CASES["emergencies"] if all("\u4e00" <= c <= "\u9fff" for c in t)])
def test_blanks_that_a_recogniser_writes_change_nothing(text: str) -> None:
    assert triage(" ".join(text)) is not None


def test_alternatives_count_like_the_transcript() -> None:
    assert triage("今天天氣很好") is None
    found = triage("今天天氣很好", ("凶口好痛", "胸口好痛"))
    assert found is not None
    assert found.category == "chest_pain"


def test_the_rule_id_names_category_and_number() -> None:
    found = triage("胸口好痛")
    assert found is not None
    assert found.rule == "triage.chest_pain.1"


def test_the_most_urgent_category_comes_first_and_the_others_are_kept() -> None:
    found = triage("我不想活了，剛剛把整瓶藥都吃了")
    assert found is not None
    assert found.category == "self_harm"
    assert "overdose" in found.also


@pytest.mark.parametrize("text", [t for c, t in CASES["emergencies"] if c in ("self_harm", "overdose")])
@pytest.mark.parametrize("retraction", RETRACTIONS)
def test_taking_it_back_never_cancels(text: str, retraction: str) -> None:
    assert triage(f"{text}。{retraction}") is not None
    assert triage(f"{retraction}。{text}") is not None


@given(st.sampled_from([t for c, t in CASES["emergencies"] if c == "self_harm"]), st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_no_later_sentence_hides_self_harm(text: str, more: str) -> None:
    assert triage(f"{text}。{more}") is not None


@given(st.text(max_size=300), st.lists(st.text(max_size=30), max_size=3))
@settings(max_examples=300, deadline=None)
def test_no_text_makes_it_raise(text: str, alternatives: list[str]) -> None:
    triage(text, alternatives)


def test_a_denied_symptom_before_a_real_one_does_not_hide_it() -> None:
    for text in ("沒有胸痛但是喘不過氣", "我不喘，可是胸口很悶", "no chest pain but my lips are swelling"):
        assert triage(text) is not None


def test_a_question_about_the_past_or_side_effects_with_a_present_symptom_is_an_emergency() -> None:
    for text in (
        "去年胸痛過，現在又痛了，胸口好悶",
        "這個藥會不會胸痛？我現在胸口好痛",
        "I had a stroke last year and now my face is drooping",
    ):
        assert triage(text) is not None


def test_an_endless_transcript_is_read_at_both_ends_only() -> None:
    noise = "今天天氣很好。" * 1_500_000
    assert sum(map(len, bounded(noise))) == 2 * MAX_CHARS
    assert triage(noise + "胸口好痛") is not None
    assert triage("胸口好痛" + noise) is not None


def test_a_normal_sentence_takes_less_than_five_milliseconds() -> None:
    texts = [text for _, text in CASES["emergencies"]] + CASES["everyday"]
    for text in texts:
        triage(text)

    def seconds(text: str) -> float:
        start = time.perf_counter()
        triage(text, (text, text))
        return time.perf_counter() - start

    taken = sorted(min(seconds(text) for _ in range(3)) for text in texts)  # a shared machine's pauses left out
    assert taken[int(len(taken) * 0.99)] < 0.005


def test_a_broken_list_is_refused_with_a_sentence(tmp_path: Path) -> None:
    context = "context: {always_live: [], wishes: [], symptoms: a, esymptoms: b}"
    broken = f"words: {{}}\n{context}\ncategories: {{x: {{rules: {{1: '(('}}}}}}\n"
    (tmp_path / "triage.yaml").write_text(broken)
    with pytest.raises(ValueError, match="cannot be read"):
        Triage.load(tmp_path)


def test_every_category_of_the_design_is_there() -> None:
    assert set(categories()) >= {
        "chest_pain",
        "stroke",
        "anaphylaxis",
        "breathing",
        "bleeding",
        "hypoglycaemia",
        "overdose",
        "seizure",
        "unconscious",
        "fall",
        "self_harm",
        "violence",
        "child_ingestion",
    }


@pytest.mark.parametrize(
    "text",
    [
        "我看單子寫有人會手抖，是不是每個人吃了都會這樣",
        "單子上寫可能會胸痛，是不是每個人都會",
        "說明書寫有人會喘不過氣，真的嗎",
        "單子寫有人會胸痛，我也會這樣嗎",
        "the leaflet says some people get chest pain, does everyone get that",
        "the leaflet says chest pain, is that common",
    ],
)
def test_what_a_leaflet_says_of_others_is_no_report(text: str) -> None:
    assert triage(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "小時候對盤尼西林過敏",
        "我小時候打盤尼西林臉腫起來過",
        "多年前打盤尼西林休克過",
        "I had an allergic reaction to penicillin as a child",
    ],
)
def test_an_allergy_of_long_ago_is_no_emergency_now(text: str) -> None:
    assert triage(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "孩子幫我拿藥過來",
        "my daughter puts my pills in the box",
        "I take it three times a day",
        "I took it twice a day as prescribed",
        "this medicine put weight on me",
        "the blood pressure cuff is tight and my arm hurts",
        "天氣好悶，手臂有點痠",
        "點滴壓在我的手",
        "my inhaler is not in the bag",
        "這支針是飯前打 我都七點吃早餐",
        "抽屜卡住了 可以幫我拉開嗎",
        "房間熱得要死 冷氣可以開嗎",
        "藥卡在假牙上面了",
        "這個會害我白天打瞌睡嗎",
        "醫師說從今天起吃雙份",
        "聽說吃這種的會中風 是真的嗎",
        "他中風以後吞東西比較慢",
        "你講不清楚 再說一次",
        "這顆跟我的鈣片有沒有反應",
        "could you help me to the bathroom",
        "do I have to finish the whole pack",
        "I'm hopeless at swallowing pills",
        "can I take them all in one go or should I space them out",
    ],
)
def test_words_that_look_alike_raise_no_alarm(text: str) -> None:
    assert triage(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "假使哪一天大便變黑我要怎麼辦？現在是正常的啦，只是問問",
        "胸口不疼，气也不短，这都问我第八遍了。这药一天吃几回啊",
        "大夫老追着问我胸闷不闷，不闷，真不闷，也不喘",
        "都说吃这个会吐血，真的假的？我可没吐啊，就打听打听",
        "I had one seizure when I was nineteen and nothing since. Anything I shouldn't drink with it?",
        "I feel fine by the way, I'm only reading up on it. Is chest pain one of the things on the list for this one?",
        "我孫女考上醫學系，爽到我差點昏倒，哈哈哈",
        "那是電視啦，劇裡面有人中刀在那邊喊救命，不要理它",
    ],
)
def test_who_only_asks_or_is_well_is_no_emergency(text: str) -> None:
    assert triage(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "胸口真的很痛 我不是在開玩笑",
        "哈哈 我胸口好痛喘不過氣",
        "我只是想問一下 我現在胸口好痛",
        "just asking, my chest hurts really bad",
        "我只是問問 可是現在血止不住",
        "你再過來我就拿這把水果刀捅人，我不是開玩笑的",
        "I'll stab you and I'm not joking",
        "哈哈我不想活了",
        "我只是問問 全部的安眠藥一次吞下去會不會死",
    ],
)
def test_a_joke_or_a_question_beside_it_hides_no_emergency(text: str) -> None:
    assert triage(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "他打我 我手上都是傷",
        "東西卡在喉嚨 吸不到氣",
        "help me I can't breathe",
        "I need somebody to help me please",
        "我不小心吃了雙份的",
        "發燒一直發抖牙齒打架",
        "我爸中風了嘴巴歪一邊",
        "他突然講不清楚話 嘴角歪歪的",
        "我真的想死",
        "I feel hopeless",
        "she swallowed the whole bottle",
    ],
)
def test_the_same_words_where_they_are_meant_are_an_emergency(text: str) -> None:
    assert triage(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "昨天連續劇裡男主角吐血死了 我看到哭",
        "昨儿晚上电视里演那个抗战片 男主角中枪吐血死了",
    ],
)
def test_what_a_film_tells_is_no_emergency(text: str) -> None:
    assert triage(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "我看電視看到一半突然吐血",
        "新聞在報 我胸口好痛",
        "I was watching a movie and now my chest hurts",
        "連續劇看一看 我就不想活了",
    ],
)
def test_a_film_beside_it_hides_no_emergency(text: str) -> None:
    assert triage(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "從半夜吐到現在 水喝下去也吐出來 都沒什麼尿",
        "肚子痛到硬邦邦的 碰都不能碰",
        "been throwing up two days can't even keep water down",
        "my belly is hard as a board",
    ],
)
def test_nothing_stays_down_or_a_hard_belly_is_an_emergency(text: str) -> None:
    assert triage(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "今天天氣很好 我孫子要來 胸口好痛",
        "今天天氣很好，我孫子要來，胸口好痛。",
        "早安 今天禮拜幾 我喘不過氣 電視可以轉台嗎",
        "謝謝你喔 你好可愛 我胸口好痛 你幾點下班",
        "lovely weather, my grandson is coming, my chest hurts",
        "nice robot. what's the score tonight. my chest hurts. is the tea coming",
    ],
)
def test_small_talk_around_it_hides_nothing(text: str) -> None:
    assert triage(text) is not None


_BESIDE_ZH = (
    "上次謝謝你喔", "年輕的時候我很會跑", "去年來過這裡", "上個月我孫子結婚", "我以前是老師", "我只是問一下",
    "我沒什麼事啦", "我沒有過敏", "說明書我看過了", "昨天電視演得好好笑", "這個藥是治胸痛的嗎", "我媽以前也吃這個",
)  # fmt: skip
_BESIDE_EN = (
    "my son was in last week", "I used to be a nurse", "back in the war we had no robots", "last year I was in Spain",
    "only joking with you", "just asking love", "that film last night was rubbish", "no allergies", "I'm fine really",
)  # fmt: skip


@pytest.mark.parametrize("other", _BESIDE_ZH)
@pytest.mark.parametrize(
    "now", ["我胸口好痛", "我喘不過氣", "我喉嚨腫起來了", "我吞了一整罐安眠藥", "我阿公昏倒了叫不醒"]
)
def test_what_explains_other_words_hides_no_emergency(other: str, now: str) -> None:
    for after in ("", "，你幾點下班", " 電視在演什麼", "，謝謝"):
        assert triage(f"{other}，{now}{after}") is not None
        assert triage(f"{other} {now}{after}") is not None


@pytest.mark.parametrize(
    "text",
    [
        "do you suppose my chest pain is my heart",
        "我喉嚨腫起來，他們說抽血已經正常了",
        "my son was watching the match and had a seizure",
        "女兒發作了才叫你",
        "my seizure tablets ran out and I had one this morning",
        "the statins turn my pee the colour of coke and my muscles hurt",
        "I used to have chest pain in 2010, my chest hurts",
        "他拿菜刀要把我切成一塊一塊",
        "my baby is choking for a minute",
    ],
)
def test_what_takes_back_another_sense_takes_back_no_emergency(text: str) -> None:
    assert triage(text) is not None


@pytest.mark.parametrize("text", ["我袂喘氣", "胸坎予石磨仔硩牢咧，強欲袂喘氣", "伊袂喘氣矣"])
def test_who_cannot_breathe_denies_no_breathlessness(text: str) -> None:
    assert triage(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "Say I did come over all itchy and me tongue swelled, not that it has, who do I shout for",
        "Suppose I got stung someday and my throat closed up, where on the leg does this go",
        "我的枕頭跋落去塗跤矣，你有手無？無喔，無要緊",
        "吃這個會害我血糖衝上去嗎",
        "我拿菜刀把它切成兩半可以嗎",
        "它是發作了才吃，還是每天吃",
        "my friend said it'll turn my pee the colour of Coke, is that a thing",
    ],
)
def test_what_is_supposed_or_falls_like_a_thing_is_none(text: str) -> None:
    assert triage(text) is None


def test_a_supposition_of_something_else_hides_no_plain_emergency() -> None:
    assert triage("如果有空幫我叫護理師 我胸口好痛") is not None
    assert triage("如果有空幫我叫護理師，我喘不過氣，謝謝") is not None


@pytest.mark.parametrize("other", _BESIDE_EN)
@pytest.mark.parametrize("now", ["my chest hurts", "I can't breathe", "I've just thrown up blood"])
def test_what_explains_other_words_hides_no_emergency_in_english(other: str, now: str) -> None:
    for after in ("", ", is the tea coming", ". you're lovely"):
        assert triage(f"{other}, {now}{after}") is not None


@pytest.mark.parametrize(
    "text",
    [
        "去年我有胸口痛 喘",
        "之前住過院 胸口會痛 現在沒事",
        "前年心肌梗塞 那時候胸口痛到不行 還好裝了支架",
        "had my bypass last year after weeks of chest pain",
        "I had a heart attack in 2010, couldn't breathe at all, I'm fine since",
    ],
)
def test_a_memory_of_the_emergency_itself_stays_one(text: str) -> None:
    assert triage(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "昨天那齣八點檔 那個董事長喘不過氣昏倒 演得有夠假",
        "昨晚电视里头演那个男的心梗，捂着胸口就倒了，看得我心惊肉跳的哈哈，我倒没哪里不舒服",
        "I've had this dry tickly cough every night since they started the blood pressure one",
        "現在把第二格跟第三格抽屜都打開讓我檢查",
        "is that my seizure medicine",
    ],
)
def test_a_tale_is_taken_back_as_a_whole_and_other_senses_of_a_word_are_none(text: str) -> None:
    assert triage(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "老公說他要殺了我", "我太太要殺了我", "媳婦說要殺了我", "我是不是想不開", "會不會想不開",
        "I keep having seizures pill didn't help", "飯前吃錯了 吃成隔壁的",
        "手機掉下去我也摔在地上", "床欄沒拉 手機掉下去 我也跟著掉下去了",
    ],
)  # fmt: skip
def test_what_excuses_another_sense_of_a_word_excuses_no_emergency(text: str) -> None:
    assert triage(text) is not None
