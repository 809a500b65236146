"use strict";
/* 锦上添花：没有脚本也都能报、能查。一步一屏；照片先缩小、边传边填；认地点；没交的在这个标签页里留着；不重复提交。 */
(function () {
  var SIDE = 1600, SMALL = 400 * 1024, HEAD = 256 * 1024;
  var form = document.querySelector("form[data-report]");
  var missing = document.getElementById("missing") || document.getElementById("similar");

  function size(bytes) {
    return bytes < 1048576 ? Math.max(1, Math.round(bytes / 1024)) + " KB" : (bytes / 1048576).toFixed(1) + " MB";
  }

  function make(tag, name, text) {
    var found = document.createElement(tag);
    if (name) found.className = name;
    if (text) found.textContent = text;
    return found;
  }

  function button(text, name, act) {
    var found = make("button", name, text);
    found.type = "button";
    found.addEventListener("click", act);
    return found;
  }

  /* 这个标签页里留着的；存不了就不存。 */
  function store(key, value) {
    try { sessionStorage.setItem(key, JSON.stringify(value)); } catch (error) { return; }
  }

  function stored(key, usual) {
    try { return JSON.parse(sessionStorage.getItem(key)) || usual; } catch (error) { return usual; }
  }

  /* ---- 照片里的附加信息：位置；整段原样抄到缩小的照片上，只把方向改成“已摆正” ---- */

  function exifOf(buffer) {
    var view = new DataView(buffer), at = 2;
    if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return null;
    while (at + 10 < view.byteLength && view.getUint8(at) === 0xff) {
      var kind = view.getUint16(at), length = view.getUint16(at + 2);
      if (kind === 0xffe1 && view.getUint32(at + 4) === 0x45786966 && at + 2 + length <= view.byteLength) {
        var segment = new Uint8Array(buffer.slice(at, at + 2 + length));
        try { return tags(segment); } catch (error) { return null; }
      }
      if (kind === 0xffda) return null;
      at += 2 + length;
    }
    return null;
  }

  function tags(segment) {
    var view = new DataView(segment.buffer), base = 10, little = view.getUint16(base) === 0x4949;
    function each(start, act) {
      var count = view.getUint16(base + start, little);
      for (var i = 0; i < count; i++) act(view.getUint16(base + start + 2 + i * 12, little), base + start + 2 + i * 12);
    }
    function degrees(entry) {
      var from = base + view.getUint32(entry + 8, little), parts = [0, 8, 16].map(function (step) {
        return view.getUint32(from + step, little) / view.getUint32(from + step + 4, little);
      });
      return parts[0] + parts[1] / 60 + parts[2] / 3600;
    }
    var gps = 0, lat = NaN, lon = NaN, south = 1, west = 1, first = view.getUint32(base + 4, little);
    each(first, function (tag, entry) {
      if (tag === 0x0112) view.setUint16(entry + 8, 1, little);
      if (tag === 0x8825) gps = view.getUint32(entry + 8, little);
    });
    if (gps) each(gps, function (tag, entry) {
      if (tag === 1 && view.getUint8(entry + 8) === 0x53) south = -1;
      if (tag === 3 && view.getUint8(entry + 8) === 0x57) west = -1;
      if (tag === 2) lat = degrees(entry);
      if (tag === 4) lon = degrees(entry);
    });
    var known = isFinite(lat) && isFinite(lon) && (lat || lon) && lat <= 90 && lon <= 180;
    return { segment: segment, spot: known ? { lat: lat * south, lon: lon * west } : null };
  }

  function shrink(file, exif, done) {
    var picture = new Image(), address = URL.createObjectURL(file);
    function finish(blob) { URL.revokeObjectURL(address); done(blob); }
    picture.onerror = function () { finish(file); };
    picture.onload = function () {
      var ratio = Math.min(1, SIDE / Math.max(picture.naturalWidth, picture.naturalHeight));
      if (ratio === 1 && file.size <= SMALL) return finish(file);
      var canvas = document.createElement("canvas");
      canvas.width = Math.max(1, Math.round(picture.naturalWidth * ratio));
      canvas.height = Math.max(1, Math.round(picture.naturalHeight * ratio));
      var context = canvas.getContext("2d");
      context.fillStyle = "#fff";
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.drawImage(picture, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(function (blob) {
        if (!blob || blob.size >= file.size) return finish(file);
        finish(exif ? new Blob([blob.slice(0, 2), exif.segment, blob.slice(2)], { type: "image/jpeg" }) : blob);
      }, "image/jpeg", 0.85);
    };
    picture.src = address;
  }

  /* ---- 先传照片 ---- */

  var queue = [], busy = false, failed = [], whenDone = null;

  function next() {
    if (busy) return;
    var job = queue.shift();
    if (!job) {
      if (whenDone) { var act = whenDone; whenDone = null; act(); }
      return;
    }
    busy = true;
    job(function () { busy = false; next(); });
  }

  function photos(box) {
    var input = box.querySelector("input[type=file]"), list = box.querySelector("[data-taken]");
    var said = box.querySelector("[data-said]"), most = Number(box.dataset.most) || 9, name = box.dataset.photos;
    var label = make("label", "big-button", "拍照或选照片");
    label.htmlFor = input.id;
    input.classList.add("chosen-by-button");
    input.insertAdjacentElement("afterend", label);

    input.addEventListener("change", function () {
      var files = Array.prototype.slice.call(input.files);
      input.value = "";
      said.textContent = "";
      files.forEach(function (file) {
        if (list.children.length >= most) { said.textContent = "最多 " + most + " 张，多出的没有收"; return; }
        add(file);
      });
      next();
    });

    function add(file) {
      var item = make("li"), picture = make("img"), words = make("span", "", file.name + "，等着传");
      picture.width = picture.height = 96;
      picture.alt = "";
      item.append(picture, words);
      item.append(dropping(item));
      list.append(item);
      file.slice(0, HEAD).arrayBuffer().catch(function () { return new ArrayBuffer(0); }).then(function (head) {
        var exif = exifOf(head);
        if (exif && exif.spot) suggest(exif.spot);
        shrink(file, exif, function (blob) {
          var shown = URL.createObjectURL(blob);
          picture.addEventListener("load", function () { URL.revokeObjectURL(shown); });
          picture.src = shown;
          queue.push(function (over) { send(blob, file, item, words, over); });
          next();
        });
      });
      pending += 1;
    }

    function dropping(item) {
      return button("不要这张", "plain small", function () {
        item.remove();
        failed = failed.filter(function (one) { return one !== item; });
        remember();
      });
    }

    function received(item, words, slip) {
      var held = make("input");
      held.type = "hidden";
      held.name = name + "-slip";
      held.value = slip;
      item.append(held);
      item.dataset.words = words;
      remember();
    }

    /* 拍照的时候浏览器可能把这一页关了再开：收下过的凭收据还在。 */
    var key = "baoshi-" + form.querySelector("[name=yewu]").value + "-" + name;
    function remember() {
      store(key, Array.prototype.map.call(list.querySelectorAll("[data-words]"), function (item) {
        return [item.dataset.words, item.querySelector("[type=hidden]").value];
      }));
    }
    if (!missing) stored(key, []).forEach(function (one) {
      var item = make("li");
      item.append(make("span", "", one[0]), dropping(item));
      list.append(item);
      received(item, one[0], one[1]);
    });

    function send(blob, file, item, words, over) {
      if (!item.isConnected) { pending -= 1; over(); return; }
      var request = new XMLHttpRequest(), data = new FormData();
      data.append("file", blob, "照片.jpg");
      request.open("POST", form.dataset.photo);
      request.setRequestHeader("X-CSRFToken", form.querySelector("[name=csrfmiddlewaretoken]").value);
      request.upload.addEventListener("progress", function (event) {
        if (event.lengthComputable) words.textContent = "正在传 " + Math.round(event.loaded * 100 / event.total) + "%";
      });
      request.addEventListener("loadend", function () {
        var answer = {};
        try { answer = JSON.parse(request.responseText); } catch (error) { answer = {}; }
        pending -= 1;
        if (request.status === 200 && answer.slip) {
          words.textContent = "已收下，" + size(answer.size);
          received(item, words.textContent, answer.slip);
        } else {
          words.textContent = answer.say || "没有传上去，可能网络断了。";
          failed.push(item);
          var again = button("再传一次", "plain small", function () {
            again.remove();
            failed = failed.filter(function (one) { return one !== item; });
            pending += 1;
            queue.push(function (done) { send(blob, file, item, words, done); });
            next();
          });
          item.append(again);
        }
        over();
      });
      request.send(data);
    }
  }
  var pending = 0;

  /* ---- 地点 ---- */

  var place = form && form.querySelector("[data-place]");
  var address = place && place.querySelector("[name$='-address']");
  var lon = place && place.querySelector("[name$='-lon']"), lat = place && place.querySelector("[name$='-lat']");
  var pin = place && place.querySelector("[data-pin]"), looked = "", turn = 0;

  function suggest(spot) {
    if (place && !lon.value && !address.value.trim()) pinned(spot, "照片里带着拍摄的位置，已经用上");
  }

  function pinned(spot, words) {
    lon.value = spot.lon.toFixed(6);
    lat.value = spot.lat.toFixed(6);
    pin.hidden = false;
    pin.querySelector("input").checked = true;
    pin.querySelector("span").textContent = words;
  }

  function look(force) {
    var shown = form.querySelector("[data-found]"), at = pin.querySelector("input").checked;
    var data = new FormData(), mine = ++turn;
    data.append("yewu", form.querySelector("[name=yewu]").value);
    data.append("address", address.value.trim());
    data.append("lon", at ? lon.value : "");
    data.append("lat", at ? lat.value : "");
    var key = JSON.stringify([data.get("address"), data.get("lon"), data.get("lat")]);
    if (!force && (key === looked || key === '["","",""]' || !place.offsetParent)) return;
    looked = key;
    if (!shown.children.length) shown.append(make("p", "soft", "正在认……"));
    fetch(form.dataset.locate, {
      method: "POST", body: data, credentials: "same-origin",
      headers: { "X-CSRFToken": form.querySelector("[name=csrfmiddlewaretoken]").value }
    }).then(function (answer) {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.text();
    }).then(function (html) {
      if (mine === turn) shown.innerHTML = html;
    }).catch(function () {
      looked = "";
      if (mine === turn) shown.replaceChildren(make("p", "note warning", "现在认不了，可能网络不通。先往下填，登记的时候再认。"));
    });
  }

  function places() {
    if (!place) return;
    var row = form.querySelector("[data-look]").parentNode;
    if (navigator.geolocation && window.isSecureContext) {
      var here = button("用我现在的位置", "", function () {
        here.textContent = "正在定位……";
        navigator.geolocation.getCurrentPosition(function (found) {
          pinned({ lon: found.coords.longitude, lat: found.coords.latitude },
            "用的是现在的位置，误差约 " + Math.round(found.coords.accuracy) + " 米");
          here.textContent = "重新定位";
          look(true);
        }, function () {
          here.textContent = "没有定到，请写地址";
        }, { enableHighAccuracy: true, timeout: 15000 });
      });
      row.insertBefore(here, row.firstChild);
    }
    /* 写完地址去点“下一步”的，先让他点着：马上换内容，按钮就从手指下面移走了。 */
    address.addEventListener("change", function () { setTimeout(function () { look(false); }, 500); });
    pin.querySelector("input").addEventListener("change", function () { look(true); });
  }

  /* ---- 一步一屏 ---- */

  var steps = form ? Array.prototype.slice.call(form.querySelectorAll("[data-step]")) : [], current = 0;

  function go(index, focus) {
    current = Math.max(0, Math.min(index, steps.length - 1));
    steps.forEach(function (step, number) { step.hidden = number !== current; });
    if (steps[current].dataset.step === "place") look(false);
    if (focus) {
      window.scrollTo(0, 0);
      steps[current].querySelector("h2").focus();
    }
  }

  function forward(index) {
    history.pushState({ step: index }, "");
    go(index, true);
  }

  function stepped() {
    if (steps.length < 2) return;
    form.classList.add("stepped");
    steps.forEach(function (step, index) {
      step.querySelector(".count").textContent = "第 " + (index + 1) + " 步，共 " + steps.length + " 步";
      var row = make("div", "turns");
      if (index) row.append(button("上一步", "plain", function () { history.back(); }));
      if (index < steps.length - 1) {
        var following = steps[index + 1].querySelector("h2").lastChild.textContent.trim();
        row.append(button("下一步：" + following, "big-button", function () { forward(index + 1); }));
      }
      step.append(row);
    });
    var wanted = steps.findIndex(function (step) { return step.dataset.step === form.dataset.start; });
    history.replaceState({ step: 0 }, "");
    for (var at = 1; at <= wanted; at++) history.pushState({ step: at }, "");
    window.addEventListener("popstate", function (event) {
      if (event.state && typeof event.state.step === "number") go(event.state.step, true);
    });
    go(Math.max(wanted, 0), false);
  }

  /* ---- 没交的字留着（不留姓名、电话） ---- */

  function keeping() {
    var key = "baoshi-" + form.querySelector("[name=yewu]").value;
    var kept = Array.prototype.filter.call(form.elements, function (one) {
      return (one.tagName === "TEXTAREA" || one.type === "text") && !/-(name|phone|identifier)$/.test(one.name);
    });
    var before = stored(key, {});
    if (!missing) kept.forEach(function (one) { if (!one.value && before[one.name]) one.value = before[one.name]; });
    form.addEventListener("input", function () {
      var now = {};
      kept.forEach(function (one) { if (one.value) now[one.name] = one.value; });
      store(key, now);
    });
  }

  /* ---- 交 ---- */

  function problem(words) {
    var shown = form.querySelector("[data-problem]");
    if (shown) shown.textContent = words;
  }

  function once(found) {
    found.addEventListener("submit", function (event) {
      if (found.dataset.sent) { event.preventDefault(); return; }
      if (found === form && !ready(event)) { event.preventDefault(); return; }
      found.dataset.sent = "1";
      found.querySelectorAll("button:not([type=button])").forEach(function (one) { one.setAttribute("aria-disabled", "true"); });
      if (event.submitter && event.submitter.hasAttribute("data-send")) event.submitter.textContent = "正在登记……";
    });
  }

  function ready(event) {
    if (event.submitter && event.submitter.hasAttribute("data-look")) { look(true); return false; }
    var asked = event.submitter && (event.submitter.hasAttribute("data-send") || event.submitter.closest("#similar"));
    if (steps.length > 1 && current < steps.length - 1 && !asked) { forward(current + 1); return false; }
    if (navigator.onLine === false) { problem("现在没有网络，还没有登记。填的都在，连上之后再点一次。"); return false; }
    if (pending > 0) {
      problem("照片还在传，传完就登记……");
      whenDone = function () { form.requestSubmit ? form.requestSubmit(event.submitter) : form.submit(); };
      return false;
    }
    if (failed.length) {
      problem("有 " + failed.length + " 张照片没有传上去。请回到照片那一步再传一次，或者点“不要这张”。");
      return false;
    }
    return true;
  }

  if (form) {
    form.querySelectorAll("[data-photos]").forEach(photos);
    places();
    keeping();
    stepped();
  }
  document.querySelectorAll("form[data-report], form[data-once]").forEach(once);
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (found) {
      delete found.dataset.sent;
      found.querySelectorAll("[aria-disabled]").forEach(function (one) { one.removeAttribute("aria-disabled"); });
      var send = found.querySelector("[data-send]");
      if (send) send.textContent = "登记";
    });
  });
  var printing = document.querySelector("[data-print]");
  if (printing) {
    printing.hidden = false;
    printing.querySelector("button").addEventListener("click", function () { window.print(); });
    try {
      Object.keys(sessionStorage).forEach(function (key) { if (/^baoshi-/.test(key)) sessionStorage.removeItem(key); });
    } catch (error) { /* 没有存过 */ }
  }
  if (missing) missing.focus();
})();
