// Search over titles, definitions and sentences at once; over the words of passages shard by shard.
"use strict";
(function () {
  var index = window.EAA.index;
  var entries = index.entries;
  var box = document.getElementById("q");
  var list = document.getElementById("results");
  var found = document.getElementById("found");
  var folded = entries.map(function (e) { return fold(e[1] + " " + e[2]); });
  var run = 0;
  function fold(text) { return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase(); }
  function add(kind, title, words, path) {
    var li = document.createElement("li"), p = document.createElement("p"), a = document.createElement("a"), k = document.createElement("span");
    k.className = "gt"; k.textContent = kind;
    a.href = "../" + path; a.textContent = title; a.dir = "auto";
    p.append(k, " ", a); li.append(p);
    if (words) { var w = document.createElement("p"); w.className = "soft small"; w.dir = "auto"; w.textContent = words; li.append(w); }
    list.append(li);
  }
  function around(text, term) {
    var at = fold(text).indexOf(term);
    if (text.length <= 260) return text;
    var from = Math.max(0, at - 100);
    return (from ? "…" : "") + text.slice(from, from + 260) + "…";
  }
  function load(number, then) {
    var name = "passages-" + number;
    if (window.EAA[name]) return then(window.EAA[name]);
    var s = document.createElement("script");
    s.src = "../assets/" + name + ".js";
    s.onload = function () { then(window.EAA[name]); };
    document.head.append(s);
  }
  function search() {
    var mine = ++run, terms = fold(box.value).split(/\s+/).filter(Boolean);
    list.textContent = "";
    if (!terms.length) { found.textContent = "Type what you look for."; return; }
    var hits = [];
    folded.forEach(function (text, n) {
      if (!terms.every(function (t) { return text.indexOf(t) >= 0; })) return;
      var title = fold(entries[n][1]);
      hits.push([title === terms.join(" ") ? 0 : title.indexOf(terms[0]) === 0 ? 1 : title.indexOf(terms[0]) > 0 ? 2 : 3, n]);
    });
    hits.sort(function (x, y) { return x[0] - y[0] || x[1] - y[1]; });
    hits.slice(0, 100).forEach(function (h) { var e = entries[h[1]]; add(e[0], e[1], around(e[2], terms[0]), e[3]); });
    var count = 0;
    function say(done) {
      found.textContent = hits.length + (hits.length === 1 ? " page" : " pages") + (hits.length > 100 ? " (the first 100 are shown)" : "") + ", " + count + (count === 1 ? " passage" : " passages") + (count > 200 ? " (the first 200 are shown)" : "") + (done ? "." : " so far …");
    }
    (function next(number) {
      if (mine !== run) return;
      if (number >= index.shards) return say(true);
      load(number, function (passages) {
        if (mine !== run) return;
        passages.forEach(function (p) {
          var words = p[1] || p[2], text = fold(p[0] + " " + p[1] + " " + p[2]);
          if (terms.every(function (t) { return text.indexOf(t) >= 0; }) && ++count <= 200) add("passage", p[0], around(words, terms[0]), p[4]);
        });
        say(false);
        next(number + 1);
      });
    })(0);
  }
  var wait;
  box.addEventListener("input", function () {
    clearTimeout(wait);
    wait = setTimeout(function () { try { history.replaceState(null, "", "?q=" + encodeURIComponent(box.value)); } catch (e) { /* some browsers refuse this on files */ } search(); }, 120);
  });
  box.form.addEventListener("submit", function (event) { event.preventDefault(); search(); });
  box.value = new URLSearchParams(location.search).get("q") || "";
  box.focus();
  search();
})();
