"use strict";
/* 拖卡片：放下就把卡片上“移到…”同样的表单交上去，办不办得成由服务器说。触屏、键盘用“移到…”的按钮。 */
(function () {
  var form = document.querySelector("form[data-board]");
  if (!form) return;
  var board = form.querySelector(".board");
  var columns = Array.prototype.slice.call(form.querySelectorAll("[data-state]"));
  var held = null;

  /* 移了一张、页面重出之后，横向滚到的地方还在。 */
  var kept = "board:" + location.pathname + location.search;
  try {
    board.scrollLeft = Number(sessionStorage.getItem(kept)) || 0;
    window.addEventListener("pagehide", function () { sessionStorage.setItem(kept, board.scrollLeft); });
  } catch (error) { /* 不让存就算了 */ }

  function clear() {
    if (held) held.classList.remove("moving");
    held = null;
    columns.forEach(function (column) { column.classList.remove("reach", "over"); });
  }

  form.querySelectorAll("[data-card]").forEach(function (card) {
    card.draggable = true;
    card.addEventListener("dragstart", function (event) {
      held = card;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", card.dataset.card);
      card.classList.add("moving");
      var moves = card.dataset.moves.split(" ");
      columns.forEach(function (column) {
        if (moves.indexOf(column.dataset.state) >= 0) column.classList.add("reach");
      });
    });
    card.addEventListener("dragend", clear);
  });

  columns.forEach(function (column) {
    column.addEventListener("dragover", function (event) {
      if (!held || column.contains(held)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "move";
      column.classList.add("over");
    });
    column.addEventListener("dragleave", function (event) {
      if (!column.contains(event.relatedTarget)) column.classList.remove("over");
    });
    column.addEventListener("drop", function (event) {
      if (!held || column.contains(held)) return;
      event.preventDefault();
      var move = document.createElement("input");
      move.type = "hidden";
      move.name = "move";
      move.value = held.dataset.card + ":" + column.dataset.state;
      clear();
      form.appendChild(move);
      form.requestSubmit();
    });
  });
})();
