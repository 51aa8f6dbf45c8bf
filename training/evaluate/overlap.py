"""How near replies are to reference replies in words: BLEU, ROUGE-L, METEOR, each 0-100.

They say little of whether a reply is right (a wrong number costs one word), and stand here because the systems that
this one goes on from report them. Citations are left out. Chinese needs sacreBLEU's tokenizer ``zh``, and jieba's words
for the other two, which else score 0. METEOR matches words and English stems only: its synonyms are English, and
WordNet is no part of this package.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import jieba
from nltk.stem import PorterStemmer
from nltk.translate.meteor_score import single_meteor_score
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU

from medllm_ros.safety.folding import is_cjk
from medllm_ros.safety.guard import citations

jieba.setLogLevel(logging.WARNING)


class _Words:
    """jieba's words of Chinese, else what stands between blanks; lower case, no punctuation."""

    def tokenize(self, text: str) -> list[str]:
        return [word for word in jieba.lcut(text.lower()) if any(char.isalnum() for char in word)]


class _NoSynonyms:
    """Stands in WordNet's place and knows no word."""

    def synsets(self, _word: str) -> list[Any]:
        return []


def overlap(pairs: Sequence[tuple[str, str]]) -> dict[str, float]:
    """Return ``bleu`` of the corpus, mean ``rouge_l`` and ``meteor``; (reply, reference) pairs of one language."""
    both = [(citations(reply)[1], citations(reference)[1]) for reply, reference in pairs]
    words, stemmer = _Words(), PorterStemmer()
    chinese = any(is_cjk(char) for _, wanted in both for char in wanted)
    bleu = BLEU(tokenize="zh" if chinese else "13a").corpus_score(
        [reply for reply, _ in both], [[wanted for _, wanted in both]]
    )
    scorer = RougeScorer(["rougeL"], tokenizer=words)
    rouge = [scorer.score(wanted, reply)["rougeL"].fmeasure for reply, wanted in both]
    meteor = [
        single_meteor_score(words.tokenize(wanted), words.tokenize(reply), stemmer=stemmer, wordnet=_NoSynonyms())
        for reply, wanted in both
    ]
    return {
        "bleu": round(bleu.score, 1),
        "rouge_l": round(100 * fmean(rouge), 1),
        "meteor": round(100 * fmean(meteor), 1),
    }
