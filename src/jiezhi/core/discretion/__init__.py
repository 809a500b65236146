"""裁量基准：情形 → 档次 → 幅度。纯函数；数据在业务模板包的 `_discretion/`。

基准由业务模板加载器（core/procedure/loader）读入、`check` 校验；`assess` 按它裁量。
"""
