"""文字里的数：金额大写、日期的公文写法。"""

from jiezhi.core.prose.figures import capital, day_words, due_words, moment_words, short_day, yuan

__all__ = ["capital", "day_words", "due_words", "moment_words", "short_day", "yuan"]
