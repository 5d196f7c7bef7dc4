// The server has the answers: what the browser kept of this link's pages is forgotten.
["localStorage", "sessionStorage"].forEach(function (name) {
  try {
    var s = window[name];
    Object.keys(s).forEach(function (k) { if (!k.indexOf("engage:" + location.pathname + ":")) s.removeItem(k); });
  } catch (e) {}
});
