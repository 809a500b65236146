"use strict";
/* 锦上添花：没有脚本也都能办。长选单可以搜、照片先看缩略图和大小、取当前位置、不重复提交、没交就走先问一句。 */
(function () {
  function size(bytes) {
    return bytes < 1048576 ? Math.max(1, Math.round(bytes / 1024)) + " KB" : (bytes / 1048576).toFixed(1) + " MB";
  }

  document.querySelectorAll("select[data-search]").forEach(function (select) {
    if (select.options.length < 12) return;
    var box = document.createElement("input");
    box.type = "search";
    box.placeholder = "输入几个字查找，再从下面选";
    box.setAttribute("aria-label", "查找" + (select.dataset.search || ""));
    box.autocomplete = "off";
    select.parentNode.insertBefore(box, select);
    var all = Array.prototype.slice.call(select.querySelectorAll("option"));
    box.addEventListener("input", function () {
      var words = box.value.trim().toLowerCase();
      var shown = [];
      all.forEach(function (option) {
        var group = option.parentNode.label || "";
        var fits = !words || !option.value || (group + option.text).toLowerCase().indexOf(words) >= 0;
        option.hidden = option.disabled = !fits;
        if (fits && option.value) shown.push(option);
      });
      if (words && shown.length === 1) select.value = shown[0].value;
    });
  });

  document.querySelectorAll("input[type=file]").forEach(function (input) {
    var place = document.createElement("div");
    place.className = "previews";
    place.setAttribute("aria-live", "polite");
    input.insertAdjacentElement("afterend", place);
    /* 浏览器自带的按钮未必是中文。 */
    var label = document.createElement("label");
    label.className = "button";
    label.htmlFor = input.id;
    label.textContent = input.accept === "image/*" ? "拍照或选照片" : "选文件";
    input.insertAdjacentElement("afterend", label);
    input.classList.add("chosen-by-button");
    input.addEventListener("change", function () {
      place.textContent = "";
      Array.prototype.forEach.call(input.files, function (file) {
        var figure = document.createElement("figure");
        if (/^image\//.test(file.type)) {
          var picture = document.createElement("img");
          picture.alt = "";
          picture.src = URL.createObjectURL(file);
          picture.addEventListener("load", function () { URL.revokeObjectURL(picture.src); });
          figure.appendChild(picture);
        }
        var words = document.createElement("figcaption");
        words.textContent = file.name + "，" + size(file.size);
        figure.appendChild(words);
        place.appendChild(figure);
      });
    });
  });

  document.querySelectorAll("[data-place]").forEach(function (group) {
    if (!navigator.geolocation || !window.isSecureContext) return;
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = "填入我现在的位置";
    group.appendChild(button);
    button.addEventListener("click", function () {
      button.textContent = "正在定位……";
      navigator.geolocation.getCurrentPosition(function (found) {
        group.querySelector("[name$='-lon']").value = found.coords.longitude.toFixed(6);
        group.querySelector("[name$='-lat']").value = found.coords.latitude.toFixed(6);
        button.textContent = "已填入，误差约 " + Math.round(found.coords.accuracy) + " 米";
      }, function () {
        button.textContent = "没有定到位置，请写地址";
      }, { enableHighAccuracy: true, timeout: 15000 });
    });
  });

  document.querySelectorAll(".drawing").forEach(function (box) {
    box.scrollLeft = (box.scrollWidth - box.clientWidth) / 2;
  });

  /* 窄屏上左栏横着排：亮着的一项滚到看得见；筛选好的先看结果，筛选收起来。 */
  if (window.matchMedia("(max-width: 820px)").matches) {
    var here = document.querySelector(".rail [aria-current]");
    if (here) here.parentNode.scrollLeft = here.offsetLeft - 16;
    document.querySelectorAll("details[data-fold]").forEach(function (part) { part.open = false; });
  }

  var missing = document.getElementById("missing");
  if (missing) missing.focus();

  var dirty = false;
  document.querySelectorAll("form[data-keep]").forEach(function (form) {
    form.addEventListener("input", function () { dirty = true; });
  });
  window.addEventListener("beforeunload", function (event) {
    if (dirty) event.preventDefault();
  });
  document.querySelectorAll("form[method=post]").forEach(function (form) {
    if ("again" in form.dataset) return; /* 下载的不离开这一页，可以再取 */
    form.addEventListener("submit", function (event) {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "1";
      dirty = false;
      form.querySelectorAll("button[type=submit], button:not([type])").forEach(function (button) {
        button.setAttribute("aria-disabled", "true");
      });
    });
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
  });
})();
