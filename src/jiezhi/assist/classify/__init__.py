"""归类建议:给一段文字建议类别,说出依据的词;没把握时不建议。由人决定。

`model` and `tokens` are light; `train` and `evaluate` are for commands and import scikit-learn when called.
"""
