"use strict";
// 换字的大小不重新打开一页，填了一半的还在。没有脚本时是一个链接，由服务器换。
const size = document.querySelector(".size");
if (size) {
  size.addEventListener("click", (event) => {
    event.preventDefault();
    const large = document.documentElement.classList.toggle("large");
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `zi=${large ? "da" : "xiao"}; Max-Age=31536000; Path=/; SameSite=Lax${secure}`;
    size.textContent = large ? "普通字" : "大字版";
    const next = new URL(location.href);
    next.searchParams.set("zi", large ? "xiao" : "da");
    size.setAttribute("href", next.search);
  });
}
// 嵌在别的网站里时要填的在新窗口打开：嵌着收不到 cookie，填了也交不了。
if (window.top !== window.self) {
  document.documentElement.classList.add("embedded");
  for (const link of document.querySelectorAll("a[data-form]")) {
    link.target = "_blank";
    link.rel = "noopener";
  }
}
