"""How a question is put, where the same topic wants another fact; all patterns are for folded text."""

from __future__ import annotations

import re

HOW_LONG = re.compile(r"多久|多快|几天|几时|\bhow (?:long|soon|fast|quick)")
WHY = re.compile(r"为什么|为何|为啥|干嘛|怎么(?:都|总|老|会|每次)|\b(?:why|how come)\b")
DAYTIMES = tuple(
    re.compile(words)
    for words in (
        r"早上|早晨|早起|透早|一大早|早餐|起床|白天|\b(?:mornings?|breakfast|early|wake)\b",
        r"晚上|暗时|睡前|睡觉|晚餐|傍晚|半夜|夜|\b(?:evenings?|nights?|bedtime|dinner|sleep|late)\b",
        r"中午|午餐|下午|\b(?:noon|lunch|afternoon)\b",
    )
)

# "Would this pill fix it": what the medicine does for a symptom, not what it causes.
RELIEF = re.compile(
    r"(?:马上|立刻|立即|很快|赶快|一吃)[^,]{0,5}(?:好|有效|有用|不痛|缓解|舒服|止)|缓解|救急|应急|急救|解除"
    r"|\b(?:this|it|pill|pills|medicine|tablet|one|drug)\b[^,]{0,16}"
    r"\b(?:fix|relieve|help|cure|take care of|get rid of|take away|make it go away|good for)\b"
)
