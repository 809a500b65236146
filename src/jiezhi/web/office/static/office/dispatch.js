"use strict";
/* 分派台的快捷键：a 采纳、j 下一件、k 上一件、r 退回。只是替人点那个按钮；正在填写时不起作用。 */
(function () {
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
    var at = event.target;
    if (at.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName) && at.type !== "checkbox") return;
    var found = document.querySelector('[data-key="' + event.key + '"]');
    if (!/^[ajkr]$/.test(event.key) || !found) return;
    event.preventDefault();
    found.click();
  });

  /* 点了“退回”之类的，表单已经打开，直接填。 */
  if (location.hash === "#other") {
    var field = document.querySelector("#other textarea, #other input:not([type=hidden]), #other select");
    if (field) field.focus();
  }
})();
