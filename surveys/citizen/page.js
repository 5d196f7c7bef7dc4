// What a citizen's form gains where scripts run; nothing depends on it. Chrome 69 and up.
// Lines that begin with // are left out of the page.
(function () {
var d = document, m = d.getElementById("main"), f = d.querySelector("form[data-page]"), key = "engage:" + location.pathname + ":", store, sent = 0;
try { store = m.hasAttribute("data-tab") ? sessionStorage : localStorage; } catch (e) {}
function get(k) { try { return store.getItem(key + k); } catch (e) { return null; } }
function set(k, v) { try { v === null ? store.removeItem(key + k) : store.setItem(key + k, v); } catch (e) {} }
function each(list, act) { Array.prototype.forEach.call(list, act); }
function all(css, act) { each((f || d).querySelectorAll(css), act); }
// Digits as the page writes them.
function fa(n) { var l = d.documentElement.lang; return n.toLocaleString(l === "fa" ? "fa-IR" : l === "ar" ? "ar-EG" : l); }
// Digits of any script this country types, without what stands between them.
function num(t) {
  return parseInt(t.replace(/[\u06f0-\u06f9]/g, function (c) { return c.charCodeAt(0) - 1776; })
    .replace(/[\u0660-\u0669]/g, function (c) { return c.charCodeAt(0) - 1632; }).replace(/[^0-9]/g, ""), 10) || 0;
}
if (!f) return;
var page = f.getAttribute("data-page"), last = get("sent");
// The next page came: the one before was read.
if (last && last !== page) { set(last, null); set("sent", null); }
function typed(x) { return x.name && x.type !== "hidden" && x.type !== "file" && x.type !== "submit"; }
function save() {
  var found = [];
  each(f.elements, function (x) {
    if (typed(x)) { if (x.type === "radio" || x.type === "checkbox") { if (x.checked) found.push([x.name, x.value]); } else if (x.value) found.push([x.name, x.value]); }
  });
  set(page, found.length ? JSON.stringify(found) : null);
}
// What was typed and never acknowledged; a page of mistakes shows what the server got.
if (!f.hasAttribute("data-bad")) {
  try {
    var old = JSON.parse(get(page) || "[]");
    if (old.length) each(f.elements, function (x) {
      if (!typed(x)) return;
      var box = x.type === "radio" || x.type === "checkbox", hit = old.filter(function (o) { return o[0] === x.name && (!box || o[1] === x.value); })[0];
      if (box) x.checked = !!hit; else if (hit) x.value = hit[1];
    });
  } catch (e) {}
}
function status(p, n) { p.className = n < 0 ? "kb over" : "kb"; p.textContent = n < 0 ? p.getAttribute("data-over").replace("{}", fa(-n)) : p.getAttribute("data-left").replace("{}", fa(n)); }
function count() {
  all("[data-budget]", function (g) {
    var n = num(g.getAttribute("data-budget"));
    each(g.querySelectorAll("[data-cost]"), function (x) { if (x.checked) n -= num(x.getAttribute("data-cost")); });
    each(g.querySelectorAll("[data-left]"), function (p) { status(p, n); });
  });
  all("[data-points]", function (g) {
    var n = num(g.getAttribute("data-points"));
    each(g.querySelectorAll("[data-point]"), function (x) { n -= num(x.value); });
    each(g.querySelectorAll("[data-left]"), function (p) { status(p, n); });
  });
  all("textarea[maxlength]", function (x) {
    var left = x.maxLength - x.value.length, p = x.nextElementSibling;
    if (!p || !p.hasAttribute("data-count")) {
      if (left > x.maxLength / 4) return;
      p = d.createElement("p"); p.className = "m"; p.setAttribute("data-count", ""); p.setAttribute("aria-live", "polite");
      x.parentNode.insertBefore(p, x.nextSibling);
    }
    p.textContent = f.getAttribute("data-letters").replace("{}", fa(left));
  });
}
count();
f.addEventListener("input", function () { count(); save(); });
f.addEventListener("change", function () { count(); save(); });
f.addEventListener("submit", function (e) {
  if (Date.now() - sent < 8000) { e.preventDefault(); return; }
  sent = Date.now(); save(); set("sent", page);
});
addEventListener("pageshow", function () { sent = 0; });
})();
