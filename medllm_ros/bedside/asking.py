"""How a question is put, where the same topic wants another fact; all patterns are for folded text."""

from __future__ import annotations

import re

HOW_LONG = re.compile(r"多久|多长|几个?(?:小时|钟头|分钟)|偌久|多快|几天|几时|\bhow (?:long|soon|fast|quick)")
HOW_OFTEN = re.compile(
    r"几(?:次|点|时|回)|早上还是晚上|什么时候(?:吃|用|打|服)|时阵"
    r"|\b(?:how (?:many times|often)|times a (?:day|week)|what time|(?:once|twice) a (?:day|week))\b"
)
WHY = re.compile(r"为什么|为何|为啥|为嘛|干嘛|怎么(?:都|总|老|会|每次)|\b(?:why[sd]?|how come)\b")
REASON = re.compile(  # where a fact says why
    r"不然|否则|免得|以免|因为|才不会|比较不会|比较不容易"
    r"|\b(?:or you|otherwise|because|so that|to avoid|may need|keeps? you)\b"
)
NO = r"(?:(?<!有)没有?|(?<!会)不会|(?<!是)不是|(?<![是会要能有])不|(?<!有)无|(?<!会)袂)"  # never half of "is it or not"
DENIED = re.compile(  # right before what is denied
    rf"{NO}(?:觉得|什么|啥|怎么|会|太|在)*[^,]?$|(?:\bno|\bnot|\bwithout|\bisnt|\barent)(?: any| a bit| at all)? $"
)
NOT_FELT = re.compile(
    r"(?:不|没|没有|不会)(?:在)?喘|\b(?:not|no longer|aint|isnt) (?:wheez\w+|breathless|short of breath)"
)
DAYTIMES = tuple(
    re.compile(words)
    for words in (
        r"早上|早晨|朝晨|早起|透早|一大早|早餐|起床|白天|\b(?:mornings?|breakfast|early|wake)\b",
        r"晚上|暗时|暗晡|睡前|睡觉|晚餐|傍晚|半夜|夜|\b(?:evenings?|nights?|bedtime|dinner|sleep|late)\b",
        r"中午|午餐|下午|\b(?:noon|lunch|afternoon)\b",
    )
)

# Where a second question begins, and what makes it one.
SECOND = re.compile(r"[,?!。]|还有|另外|\b(?:and|also|plus)\b")
ASKS = re.compile(
    r"吗|呢|正常|要紧|可以|能不能|还能|是不是|会不会|行不|好不|怎么|多少|多久|什么|咋|\b(?:is|are|does|do|will|can|could|should|normal|ok|okay|how|what|why)\b"
)

SEEKS_YES = re.compile(r"吧|吗|还是|对不|\bright\b|\b(?:yes|yeah|no)$")

# All its effects are asked about, or what to look out for: none in particular.
IN_GENERAL = re.compile(
    r"(?:怎么|按怎)(?:吃|用|服|打|点|喷|食)(?:$|[,?啊呢啦])"
    r"|副作用|不良反应|不舒服|什么反应|啥反应|什么感觉|留神|盯着|注意(?:什么|啥|哪)|不得劲"
    r"|\bhow (?:do|should|am) i (?:supposed to )?(?:take|use) (?:this|it|these|them)(?: thing| one| right)?(?:$|[,?])"
    r"|\b(?:side effects?|watch(?:ing)? (?:out )?for|look(?:ing?|in)? out for|main thing"
    r"|(?:going to|gonna) (?:do to|make) me|people usually|do to (?:me|you)|does to you)\b"
)
# How an upset stomach is kept from coming.
EASES = re.compile(
    r"撇步|比较不会|才不会|比较好受|怎么(?:避免|减少|预防)"
    r"|\b(?:ease|settle|keep|stop|avoid)\b[^,]{0,12}\b(?:runs|upset|queas\w+|nausea|stomach|tummy|belly)\b"
)
# With what it is swallowed, and where a fact says so.
SWALLOWED_WITH = re.compile(
    r"(?:配|用|拿|就着|送)(?!饭|菜|餐)[^,]{0,6}(?:吞|送服|服下|送下)|配(?:什么|啥)(?:水|喝|吞)|配(?:很多|多少|几多|好多)?水|用(?:什么|啥)(?:水)?配"
    r"|\bwash(?:ed|ing)? (?:it|this|that|them|these) down\b|\bswallow\w* (?:it|this|that|them|these) with\b"
)
PLAIN_WATER = re.compile(r"开水|清水|配水|喝水|(?:杯|用)水|\b(?:plain|glass of|with|sip of) water\b")
# The signs to call for are asked about.
SIGNS = re.compile(
    r"苗头|征兆|先兆|兆头|警讯|\b(?:warning signs?|signs? (?:to|i|should|of)|what signs?|which signs?|red flags?)\b"
)
# What others usually get: nothing of what was read out before it.
USUALLY = re.compile(
    r"一般人|大家都(?:会|有)|常见的是"
    r"|\b(?:people|folks|patients|most of us) (?:usually|mostly|generally|normally) (?:get|have|feel)"
)
# Whether it happens often.
OFTEN = re.compile(
    r"(?:常见|多见)(?:吗|不|呀|么)"
    r"|\b(?:is|are) (?:it|that|this|they|those|these|all that) (?:really |actually )?(?:that )?common\b"
)
# What a medicine is used for is asked in so many words.
USED_FOR = re.compile(
    r"做什么|干什么|干啥|干嘛|治什么|治啥|(?:什么|啥)用|用途|作用|功效|功能|为了|治(?:的|疗)"
    r"|\bfor\b|\bwhat (?:does|do|is|are)\b|\bused\b|\bpurpose\b"
)
# "Would this pill fix it": what the medicine does for a symptom, not what it causes.
RELIEF = re.compile(
    r"(?:马上|立刻|立即|很快|赶快|一吃)[^,]{0,5}(?:好|有效|有用|不痛|缓解|舒服|止)|缓解|救急|应急|急救|解除"
    r"|\b(?:this|it|pill|pills|medicine|tablet|one|drug)\b[^,]{0,16}"
    r"\b(?:fix|relieve|help|cure|take care of|get rid of|take away|make it go away|good for)\b"
)

# Something is asked, or a medicine is spoken of: "the lunch here has no taste" does neither.
ABOUT_MEDICINE = re.compile(
    r"药|这(?:个|颗|种|款|包)(?!菜|饭|汤|便当|医院|冷气)|那颗|[颗粒锭]|吃了|(?:可以|能|会|要|好|行)[^,]{0,12}(?:吗|呢|无|不|吧)|可不可以"
    r"|怎么|什么|哪里|几|\?|\b(?:medicines?|medication|pills?|tablets?|it|this|that|these|dose|can|may|should"
    r"|do i|am i|what|when|which|where|how)\b"
)

# A fact that nothing is eaten or drunk with the medicine.
EMPTY_STOMACH = re.compile(
    r"空腹(?!或|或者|、|和)|(?:吃东西|进食|吃饭|早餐|喝饮料)[^,]{0,4}前"
    r"|\b(?:on an )?empty stomach\b|\bbefore (?:food|meals?|breakfast|eating|you eat|drinking)\b"
)
# The delivered one, in a question that names another: "that knocked me out, does this do it too".
THIS_ONE = re.compile(
    r"这(?:个|颗|种|款|药|粒|包)?(?:药)?(?:也|敢)?会"
    r"|\b(?:do|does|will|would|can|could|is|are|gonna) (?:it|this|this one|these)\b"
)
# Food itself is asked about, beside what is named: "before or after dinner, and can I have wine".
MEAL_ASKED = re.compile(
    r"[饭餐](?:前|后)|空腹|随餐|配饭|跟着?饭|吃饱|食饱|[很太得完好]饱|宵夜|消夜|垫"
    r"|\b(?:with(?:out)?|before|after|need|some) (?:any |my |a )?(?:food|meals?|eating|breakfast|lunch|dinner|supper)\b"
    r"|\b(?:empty|full|my) (?:stomach|belly|tummy)\b"
)
# "這個降血壓藥", "this painkiller": the delivered one is called by its kind, and no other medicine is meant.
_OWN_KIND = re.compile(
    r"(?:这|那|此|本)(?:个|颗|种|款|包|瓶|支|片|罐)?(?:是)?"
    r"(?:止痛|止疼|止咳|消炎|降压|降血压|血压|降血糖|血糖|糖尿病|胆固醇|抗生素|安眠|胃|感冒|利尿|抗凝血|通血路|过敏|心脏|抗癫痫|抗忧郁)(?:药|的|丸|片|锭)*"
    r"|(?:这|那|此|本)(?:个|颗|种|款|包|瓶|支|片|罐)?(?:是)?(?:钙|铁|补血|补铁|叶酸|维他命|维生素|骨松|骨质疏松|甲状腺|痛风|胰岛素)(?:药|的|丸|片|锭|剂|针|笔)+"
    r"|\b(?:this|these|my new|that) (?:pain ?killers?|antibiotics?|blood thinners?"
    r"|(?:blood pressure|cholesterol|diabetes|sugar|bone|thyroid|heart|stomach|sleeping|allergy|pain|water) "
    r"(?:pills?|tablets?|medicines?|medication))\b"
    r"|(?<!with )(?<!and )(?<!than )\bthe (?:water|heart|sugar|thyroid|bone|blood pressure|cholesterol) "
    r"(?:pills?|tablets?)\b"
)

# "Leave it, I will take it after my shower": not now. Not "may I take it at nine", which asks for another time.
LATER = re.compile(
    r"(?:晚点|晚一点|晚(?:个|上)?[^,]{1,5}(?:分钟|会儿|钟头)|等一下|等下|等会儿?|待会儿?|等[^,]{1,12}(?:再|完)|[一二两三五十半几]+个?(?:分钟|钟头)(?:后|再|就))[^,]{0,8}(?:再|就|来|说|吃)"
    r"|先(?:放|搁)(?:着|在|那|这)|搁(?:那|这)|你(?:晚点|等一下|待会|先)(?:再)?(?:来|转去|回去)"
    r"|\b(?:come back|not (?:right |just )?now|leave it (?:there|here|on)|let me (?:just |first )?(?:finish|sleep|nap)"
    r"|give (?:me|us) (?:a|an|five|ten|fifteen|twenty|half an|\w+) (?:minutes?|mins?|moment|sec|second|hour)"
    r"|ill (?:take|have|do) it (?:later|after|when|in a))\b"
)
# Beside it: leave is asked, and only staff can give it.
ASKS_LEAVE = re.compile(
    r"可以|可不可|能不能|能否|行吗|行不行|会使|\b(?:can|could|may|should) i\b|\b(?:ok|okay|alright|fine) (?:if|to)\b"
)


# "My sister bled from hers twenty years ago; what I want to ask is whether this goes into the fridge."
_POINT = re.compile(
    r".*(?:我?是?要问的?是?|我?(?:只|就)?是?想(?:请|要)?问(?:你|一下|问|的是)?|我?(?:只|就)是?想(?:知道|打听|请教)(?:一下|打听)?|问题是)"
    r"|.*\b(?:what i (?:really |actually )?(?:want(?:ed)?|need(?:ed)?|was going) to (?:ask|know)(?: you)?(?: is| was)?"
    r"|my questions?(?: is)?"
    r"|(?:i )?(?:just|only) (?:want(?:ed)?|need(?:ed)?) to (?:ask|know)(?: you)?)\b"
)
_LEAST = 6  # characters of a question that has been announced


def to_the_point(heard: str) -> str:
    """Return of folded words the question that somebody announces after a tale, else all of them."""
    found = _POINT.match(heard)
    rest = heard[found.end() :].lstrip(", ") if found else ""
    return rest if len(rest) >= _LEAST else heard


def without_own_kind(heard: str) -> str:
    """Return folded words with the kind of the delivered medicine replaced by "the medicine"."""
    return _OWN_KIND.sub(lambda match: "this medicine" if match.group().isascii() else "这药", heard)
