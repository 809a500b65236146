"use strict";
/* 按离我远近排：位置只在手机里算，不上传。 */
(function () {
  var box = document.getElementById("nearest");
  if (!box || !navigator.geolocation || !window.isSecureContext) return;
  box.hidden = false;
  var button = box.querySelector("button"), told = box.querySelector("[role=status]");
  button.addEventListener("click", function () {
    told.textContent = "正在定位……";
    navigator.geolocation.getCurrentPosition(function (found) {
      var list = document.querySelector(".jobs"), lat = found.coords.latitude, lon = found.coords.longitude;
      var items = Array.prototype.slice.call(list.children).map(function (item, index) {
        var metres = Infinity;
        if (item.dataset.lon) {
          var north = (item.dataset.lat - lat) * 111195;
          var east = (item.dataset.lon - lon) * 111195 * Math.cos(lat * Math.PI / 180);
          metres = Math.sqrt(north * north + east * east);
          item.querySelector(".far").textContent = metres < 1000 ? "约 " + Math.round(metres / 10) * 10 + " 米" : "约 " + (metres / 1000).toFixed(1) + " 公里";
        }
        return { item: item, metres: metres, index: index };
      });
      items.sort(function (a, b) { return a.metres === b.metres ? a.index - b.index : a.metres - b.metres; });
      items.forEach(function (one) { list.appendChild(one.item); });
      told.textContent = "已按远近排，没有坐标的在后。位置没有上传。";
    }, function () {
      told.textContent = "没有定到位置，还是快到期的在前。";
    }, { enableHighAccuracy: true, timeout: 15000 });
  });
})();
