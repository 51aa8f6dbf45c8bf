"""Stop words silence the robot; questions about stopping a medicine do not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medllm_ros.safety.stop import is_stop


@pytest.mark.parametrize(
    "text",
    [
        "停",
        "停！",
        "停止",
        "不要說了",
        "不要再說了",
        "安靜",
        "閉嘴",
        "先不要講",
        "stop",
        "Stop!",
        "be quiet",
        "please be quiet",
        "shut up",
        "hush",
        "恬恬",
        "停下來",
        "請你停一下",
        "好了好了不要再講了",
        "别说了",
        "停，我有問題",
        "stop talking please",
        "Can you stop talking",
        "夠了",
        "等一下",
        "我不想聽",
        "暫停",
        "你可以安靜一下嗎",
        "莫閣講矣",
        "ＳＴＯＰ",
        "停 停 停",
        "不行，停",
        "可以，安靜",
        "that's fine, yeah, stop talking",
    ],
)
def test_the_robot_is_silenced(text: str) -> None:
    assert is_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        "可以停藥嗎",
        "我想停藥",
        "這個藥什麼時候可以停",
        "can I stop taking it",
        "should I stop?",
        "stop taking",
        "I want to stop the medicine",
        "停了可以嗎",
        "心臟閣咇噗咇噗亂彈 有時陣停一下",
        "心跳會停一下又跳",
        "好",
        "謝謝",
        "等一下再吃可以嗎",
        "不要跟我家人說",
        "不要講太快",
        "我的心跳停了",
        "wait, what is it for?",
        "now wait a minute, the gal gave me that pill already",
        "hang on hang on, did you say Helen?",
        "shh, he only just dropped off, I'm the wife",
        "等一下，這是什麼藥",
        "醫生叫我停",
        "can you stop the bleeding",
        "",
        "我不要吃",
        "停多久",
        "隔壁那個阿伯吵死了，欸這個藥是飯前吃嗎",
        "hold on now, is that a sulfa one?",
        "I feel loads better so I'm binning these from Monday, that's okay isn't it, just stop",
        "does the meat stop it working or is that an old wives' tale",
    ],
)
def test_talk_about_the_medicine_goes_on(text: str) -> None:
    assert not is_stop(text)


@given(st.text(max_size=500))
@settings(max_examples=200, deadline=None)
def test_no_text_makes_it_raise(text: str) -> None:
    is_stop(text)


def test_repeated_fillers_are_judged_at_once() -> None:
    assert not is_stop("好了" * 150 + "藥")
    assert not is_stop("wait a minute " * 150 + ", medicine")
