// On a device that stands in public: whoever leaves is followed by a fresh form. Lines that begin with // are left out.
(function () {
var d = document, b = d.getElementById("idle"), last = Date.now(), back;
if (!b) return;
var p = b.querySelector("[data-say]"), idle = +b.getAttribute("data-idle"), warn = +b.getAttribute("data-warn");
function here() {
  last = Date.now();
  if (!b.hidden) { b.hidden = true; if (back && back.focus) back.focus(); }
}
// A finger that comes down only stops the clock: what it is on must not move away before it is lifted.
["pointerdown", "touchstart", "wheel"].forEach(function (n) { addEventListener(n, function () { last = Date.now(); }, true); });
["click", "keydown", "input"].forEach(function (n) { addEventListener(n, here, true); });
// Out of the browser's memory it comes as it was left: whose it was nobody knows.
addEventListener("pageshow", function (e) { if (e.persisted) location.replace(b.getAttribute("data-start")); });
setInterval(function () {
  var left = idle - Math.floor((Date.now() - last) / 1000), l = d.documentElement.lang;
  if (left <= 0) { d.body.hidden = true; location.replace(b.getAttribute("data-start")); return; }
  if (left > warn) { if (Date.now() - last > 2000 && !b.hidden) here(); return; }
  p.textContent = p.getAttribute("data-say").replace("{}", left.toLocaleString(l === "fa" ? "fa-IR" : l === "ar" ? "ar-EG" : l));
  if (b.hidden) { back = d.activeElement; b.hidden = false; b.querySelector("button").focus(); }
}, 500);
})();
