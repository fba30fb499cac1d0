// The configuration explorer: contexts left, mechanisms in the middle, outcomes right; a line joins what one passage codes.
"use strict";
(function () {
  var D = window.EAA.explorer, X = D.x, N = X.a.length, K = D.concepts.length;
  var $ = function (id) { return document.getElementById(id); };
  var NAMES = ["contexts", "mechanisms", "outcomes"], ONE = ["context", "mechanism", "outcome"], COLS = [X.c, X.m, X.o];
  var MOST = 40, MANY = 160;
  $("explorer").hidden = false;

  function fold(text) { return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase(); }
  function el(tag, props, children) {
    var e = document.createElement(tag);
    Object.keys(props || {}).forEach(function (k) { if (k in e) e[k] = props[k]; else e.setAttribute(k, props[k]); });
    (children || []).forEach(function (c) { e.append(c); });
    return e;
  }
  function svg(tag, attributes, text) {
    var e = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.keys(attributes).forEach(function (k) { e.setAttribute(k, attributes[k]); });
    if (text !== undefined) e.textContent = text;
    return e;
  }
  function plural(n, name) { return n.toLocaleString("en") + " " + name + (n === 1 ? "" : "s"); }

  // --- what joins what, once: edge ids of every passage ---------------------------------------
  var edgeOf = new Map(), edges = [], links = new Array(N);
  function edge(side, from, to) {
    var key = (side * K + from) * K + to, n = edgeOf.get(key);
    if (n === undefined) { n = edges.length; edgeOf.set(key, n); edges.push({ side: side, from: from, to: to }); }
    return n;
  }
  for (var i = 0; i < N; i++) {
    var mine = [];
    X.m[i].forEach(function (m) {
      X.c[i].forEach(function (c) { mine.push(edge(0, c, m)); });
      X.o[i].forEach(function (o) { mine.push(edge(1, m, o)); });
    });
    links[i] = Array.from(new Set(mine));
  }
  // Links and concepts of each theory version, whether any passage shows them or not.
  var theories = D.theories.map(function (t) {
    var held = new Set(t[2]), its = new Set(), nodes = [new Set(), new Set(), new Set()];
    D.configurations.forEach(function (k) {
      if (!held.has(k[0])) return;
      k[3].forEach(function (members, column) { members.forEach(function (c) { nodes[column].add(c); }); });
      k[3][1].forEach(function (m) {
        k[3][0].forEach(function (c) { its.add(edge(0, c, m)); });
        k[3][2].forEach(function (o) { its.add(edge(1, m, o)); });
      });
    });
    return { edges: its, nodes: nodes };
  });
  var used = [new Set(), new Set(), new Set()];
  COLS.forEach(function (column, n) { column.forEach(function (list) { list.forEach(function (c) { used[n].add(c); }); }); });
  theories.forEach(function (t) { t.nodes.forEach(function (s, n) { s.forEach(function (c) { used[n].add(c); }); }); });
  var columns = used.map(function (s) { return Array.from(s).sort(function (a, b) { return D.concepts[a][3] - D.concepts[b][3]; }); });
  var foldedConcepts = D.concepts.map(function (c) { return fold(c[1] + " " + c[0]); });
  var foldedArticles = D.articles.map(function (a) { return fold(a[0] + " " + a[1]); });

  // --- state, kept in the address --------------------------------------------------------------
  var FIELDS = ["theme", "context", "mechanism", "outcome", "coder", "stance", "theory", "q", "min", "view", "sel"];
  var state = {};
  function defaults() {
    return { theme: "", context: "", mechanism: "", outcome: "", coder: D.counted >= 0 ? D.coders[D.counted] : "", stance: "", theory: "", q: "", min: "", view: window.matchMedia("(max-width: 48rem)").matches ? "table" : "map", sel: "" };
  }
  function read() {
    state = defaults();
    new URLSearchParams(location.hash.slice(1)).forEach(function (v, k) { if (FIELDS.indexOf(k) >= 0) state[k] = v; });
  }
  function keep() {
    var base = defaults(), p = new URLSearchParams();
    FIELDS.forEach(function (k) { if (state[k] !== base[k]) p.set(k, state[k]); });
    var hash = p.toString();
    if (hash !== location.hash.slice(1)) {
      try { history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search); } catch (e) { location.hash = hash; }
    }
  }

  // --- filters ------------------------------------------------------------------------------------
  function select(name, label, options, any) {
    var s = el("select", { id: "f-" + name, name: name });
    s.append(el("option", { value: "", textContent: any }));
    options.forEach(function (o) { s.append(el("option", { value: o[0], textContent: o[1] })); });
    s.addEventListener("change", function () { state[name] = s.value; state.sel = ""; update(); });
    $("filters").append(el("label", {}, [label, s]));
  }
  function listed(column) { return columns[column].map(function (c) { return [D.concepts[c][0], D.concepts[c][1]]; }); }
  if (D.theories.length) select("theory", "Theory version", D.theories.map(function (t) { return [t[0], t[1]]; }), "any: all that is coded");
  select("theme", "Theme", D.themes, "any");
  select("context", "Context", listed(0), "any");
  select("mechanism", "Mechanism", listed(1), "any");
  select("outcome", "Outcome", listed(2), "any");
  select("stance", "Stance", D.stances.map(function (s) { return [s, s]; }), "any");
  select("coder", "Coder", D.coders.map(function (c) { return [c, c || "not named"]; }), "all, side by side");
  var q = el("input", { id: "f-q", type: "search", placeholder: "concept or article" });
  $("filters").append(el("label", {}, ["Search", q]));
  var waiting;
  q.addEventListener("input", function () { clearTimeout(waiting); waiting = setTimeout(function () { state.q = q.value; state.sel = ""; update(); }, 120); });
  var min = el("input", { id: "f-min", type: "number", min: "0", step: "1", inputMode: "numeric" });
  $("filters").append(el("label", {}, ["Fewest articles", min]));
  min.addEventListener("change", function () { state.min = min.value; update(); });
  var reset = el("button", { type: "button", textContent: "Clear filters", id: "clear" });
  reset.addEventListener("click", function () { var view = state.view; state = defaults(); state.view = view; update(); });
  $("filters").append(reset);
  $("filters").addEventListener("submit", function (e) { e.preventDefault(); });
  function show(name, value) { var s = $("f-" + name); if (s) { s.value = value; if (s.tagName === "SELECT" && s.value !== value) { s.value = ""; state[name] = ""; } } }

  // --- counting ------------------------------------------------------------------------------------
  var place = new Map(D.concepts.map(function (c, n) { return [c[0], n]; }));
  function count() {
    var theme = state.theme ? D.themes.findIndex(function (t) { return t[0] === state.theme; }) : -2;
    var coder = state.coder ? D.coders.indexOf(state.coder) : -2;
    var stance = state.stance ? D.stances.indexOf(state.stance) : -2;
    var wanted = ["context", "mechanism", "outcome"].map(function (f) { return state[f] ? place.get(state[f]) : -1; });
    var version = state.theory ? theories[D.theories.findIndex(function (t) { return t[0] === state.theory; })] : null;
    var term = fold(state.q.trim()), hitConcept = null, hitArticle = null;
    if (term) {
      hitConcept = foldedConcepts.map(function (t) { return t.indexOf(term) >= 0; });
      hitArticle = foldedArticles.map(function (t) { return t.indexOf(term) >= 0; });
    }
    var E = edges.length, edgeArticles = new Int32Array(E), edgeLast = new Int32Array(E).fill(-1), edgePassages = new Int32Array(E);
    var nodeArticles = [0, 1, 2].map(function () { return new Int32Array(K); });
    var nodeLast = [0, 1, 2].map(function () { return new Int32Array(K).fill(-1); });
    var kept = [], articles = 0, last = -1;
    for (var i = 0; i < N; i++) {
      if (theme !== -2 && X.t[i] !== theme || coder !== -2 && X.k[i] !== coder || stance !== -2 && X.s[i] !== stance) continue;
      var a = X.a[i], ok = true;
      for (var n = 0; n < 3 && ok; n++) if (wanted[n] >= 0 && COLS[n][i].indexOf(wanted[n]) < 0) ok = false;
      if (ok && term && !hitArticle[a]) {
        ok = false;
        for (n = 0; n < 3 && !ok; n++) for (var j = 0; j < COLS[n][i].length && !ok; j++) ok = hitConcept[COLS[n][i][j]];
      }
      if (!ok) continue;
      kept.push(i);
      if (a !== last) { articles++; last = a; }
      for (n = 0; n < 3; n++) for (j = 0; j < COLS[n][i].length; j++) {
        var c = COLS[n][i][j];
        if (nodeLast[n][c] !== a) { nodeLast[n][c] = a; nodeArticles[n][c]++; }
      }
      for (j = 0; j < links[i].length; j++) {
        var e = links[i][j];
        edgePassages[e]++;
        if (edgeLast[e] !== a) { edgeLast[e] = a; edgeArticles[e]++; }
      }
    }
    return { kept: kept, articles: articles, edges: edgeArticles, passages: edgePassages, nodes: nodeArticles, version: version };
  }

  // --- drawing -----------------------------------------------------------------------------------------
  function shownEdges(found) {
    var all = [];
    for (var e = 0; e < edges.length; e++) if (found.version ? found.version.edges.has(e) : found.edges[e] > 0) all.push(e);
    all.sort(function (a, b) { return found.edges[b] - found.edges[a] || a - b; });
    var least = state.min === "" ? (all.length > MANY && !found.version ? found.edges[all[MANY]] + 1 : 0) : Math.max(0, Number(state.min) || 0);
    return { all: all.filter(function (e) { return found.edges[e] >= least; }), least: least, hidden: all.filter(function (e) { return found.edges[e] < least; }).length };
  }
  function key(kind, ids) { return kind + ":" + ids.map(encodeURIComponent).join(">"); }
  function nodeKey(column, c) { return key("cmo"[column], [D.concepts[c][0]]); }
  function edgeKey(e) { return key(edges[e].side ? "mo" : "cm", [D.concepts[edges[e].from][0], D.concepts[edges[e].to][0]]); }

  // Names as long as there is room, measured in the letters of this very page.
  var ruler = document.createElement("canvas").getContext("2d"), widths = new Map();
  function wide(text) {
    if (!widths.has(text)) { ruler.font = "14px " + getComputedStyle(document.body).fontFamily; widths.set(text, ruler.measureText(text.slice(0, 400)).width); }
    return widths.get(text);
  }
  var cuts = new Map();
  function cut(text, room) {
    if (wide(text) <= room) return text;
    var key = room + " " + text;
    if (!cuts.has(key)) {
      var letters = Array.from(text.slice(0, 80));
      while (letters.length > 1 && wide(letters.join("") + "…") > room) letters.pop();
      cuts.set(key, letters.join("").trimEnd() + "…");
    }
    return cuts.get(key);
  }

  function draw(found, part) {
    var shownNodes = columns.map(function (list, n) {
      var pool = found.version ? list.filter(function (c) { return found.version.nodes[n].has(c); }) : list;
      if (pool.length <= MOST) return pool;
      var best = pool.slice().sort(function (a, b) { return found.nodes[n][b] - found.nodes[n][a] || D.concepts[a][3] - D.concepts[b][3]; }).slice(0, MOST);
      var keep = new Set(best);
      return pool.filter(function (c) { return keep.has(c); });
    });
    var step = 24, top = 40, rows = Math.max.apply(null, shownNodes.map(function (l) { return l.length; }).concat([1]));
    var height = top + rows * step + 16, width = 1190, xs = [276, 595, 914];
    var picture = svg("svg", { viewBox: "0 0 " + width + " " + height, role: "group", "aria-labelledby": "map-title", "aria-describedby": "map-desc" });
    picture.append(svg("title", { id: "map-title" }, "Map of contexts, mechanisms and outcomes"));
    picture.append(svg("desc", { id: "map-desc" }, plural(part.all.length, "link") + ". Arrow keys move, Enter opens what is behind; the table says the same."));
    var y = shownNodes.map(function (list) {
      var gap = list.length > 1 ? Math.min(step * 2, (rows - 1) * step / (list.length - 1)) : 0, off = ((rows - 1) * step - gap * (list.length - 1)) / 2, at = new Map();
      list.forEach(function (c, n) { at.set(c, top + 12 + off + n * gap); });
      return at;
    });
    var most = Math.max.apply(null, part.all.map(function (e) { return found.edges[e]; }).concat([1]));
    var half = Math.min(150, Math.max(98, (Math.max.apply(null, shownNodes[1].map(function (c) { return wide(D.concepts[c][1]); }).concat([0])) + 68) / 2));
    part.all.slice().reverse().forEach(function (e) {
      var d = edges[e], y1 = y[d.side].get(d.from), y2 = y[d.side + 1].get(d.to);
      if (y1 === undefined || y2 === undefined) return;
      var x1 = d.side ? xs[1] + half + 4 : xs[0] + 8, x2 = d.side ? xs[2] - 8 : xs[1] - half - 4, mid = (x1 + x2) / 2;
      var n = found.edges[e], touched = state.sel && related(e);
      var line = svg("path", { "class": "edge" + (n ? "" : " untested") + (state.sel ? (touched ? " chosen" : " dim") : ""), d: "M" + x1 + " " + y1 + "C" + mid + " " + y1 + " " + mid + " " + y2 + " " + x2 + " " + y2, "stroke-width": n ? (1 + 7 * n / most).toFixed(2) : 1.5 });
      line.append(svg("title", {}, D.concepts[d.from][1] + " – " + D.concepts[d.to][1] + ": " + (n ? plural(n, "article") : "in the theory, in no passage")));
      line.addEventListener("click", function () { choose(edgeKey(e)); });
      picture.append(line);
    });
    ["Context", "Mechanism", "Outcome"].forEach(function (name, n) {
      picture.append(svg("text", { "class": "head", x: n === 0 ? xs[0] : n === 1 ? xs[1] : xs[2], y: 20, "text-anchor": ["end", "middle", "start"][n] }, name));
    });
    var order = [];
    shownNodes.forEach(function (list, n) {
      list.forEach(function (c, row) {
        var count = found.nodes[n][c], at = y[n].get(c), id = nodeKey(n, c);
        var g = svg("g", { "class": "node" + (count ? "" : " zero") + (state.sel === id ? " chosen" : ""), tabindex: order.length ? -1 : 0, role: "button", "aria-pressed": state.sel === id, "data-key": id, "data-column": n, "data-row": row });
        g.append(svg("title", {}, D.concepts[c][1] + ", " + ONE[n] + ", " + plural(count, "article")));
        var left = n === 0 ? 8 : n === 1 ? xs[1] - half : xs[2] - 6, wide = n === 1 ? half * 2 : 270;
        g.append(svg("rect", { "class": "hit", x: left, y: at - step / 2 + 1, width: wide, height: step - 2, rx: 3 }));
        if (n === 0) g.append(svg("rect", { "class": "m0", x: xs[0] - 5, y: at - 5, width: 10, height: 10 }));
        if (n === 1) g.append(svg("rect", { "class": "m1", x: xs[1] - half + 6, y: at - 4.5, width: 9, height: 9, transform: "rotate(45 " + (xs[1] - half + 10.5) + " " + at + ")" }));
        if (n === 2) g.append(svg("circle", { "class": "m2", cx: xs[2], cy: at, r: 5 }));
        var label = cut(D.concepts[c][1], n === 1 ? half * 2 - 66 : 230);
        var tx = n === 0 ? xs[0] - 38 : n === 1 ? xs[1] - half + 22 : xs[2] + 38;
        g.append(svg("text", { x: tx, y: at + 5, "text-anchor": n === 0 ? "end" : "start", direction: "ltr", "unicode-bidi": "isolate" }, label));
        g.append(svg("text", { "class": "n", x: n === 0 ? xs[0] - 12 : n === 1 ? xs[1] + half - 4 : xs[2] + 12, y: at + 4.5, "text-anchor": n === 2 ? "start" : "end" }, String(count)));
        g.addEventListener("click", function () { choose(id); });
        g.addEventListener("keydown", move);
        picture.append(g); order.push(g);
      });
    });
    $("map").replaceChildren(picture);
    if (state.sel) { var on = $("map").querySelector(".node.chosen"); if (on) { order[0].setAttribute("tabindex", -1); on.setAttribute("tabindex", 0); } }
    return shownNodes.map(function (l, n) { return columns[n].length - l.length; });
  }
  function related(e) { return edgeKey(e) === state.sel || nodeKey(edges[e].side, edges[e].from) === state.sel || nodeKey(edges[e].side + 1, edges[e].to) === state.sel; }
  function move(event) {
    var at = event.currentTarget, n = Number(at.dataset.column), row = Number(at.dataset.row), to = null;
    function node(column, r) { return $("map").querySelector('[data-column="' + column + '"][data-row="' + r + '"]'); }
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(at.dataset.key); return; }
    if (event.key === "ArrowDown") to = node(n, row + 1);
    else if (event.key === "ArrowUp") to = node(n, row - 1);
    else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      var next = n + (event.key === "ArrowRight" ? 1 : -1);
      for (var r = row; r >= 0 && !to; r--) to = node(next, r);
    } else return;
    event.preventDefault();
    if (to) { at.setAttribute("tabindex", -1); to.setAttribute("tabindex", 0); to.focus(); }
  }

  function tabulate(found, part) {
    var body = el("tbody");
    part.all.slice(0, 500).forEach(function (e) {
      var d = edges[e], go = el("button", { type: "button", className: "link", textContent: found.edges[e].toLocaleString("en"), ariaLabel: plural(found.edges[e], "article") + ", " + D.concepts[d.from][1] + " – " + D.concepts[d.to][1] });
      go.addEventListener("click", function () { choose(edgeKey(e), true); });
      function end(column, c) {
        var b = el("button", { type: "button", className: "link", textContent: D.concepts[c][1], dir: "auto" });
        b.addEventListener("click", function () { choose(nodeKey(column, c), true); });
        return el("td", {}, [el("span", { className: "end" }, [el("span", { className: "c c-" + ONE[column] }), b])]);
      }
      body.append(el("tr", {}, [end(d.side, d.from), end(d.side + 1, d.to), el("td", { className: "n" }, [go]), el("td", { className: "n", textContent: found.passages[e].toLocaleString("en") })]));
    });
    var head = el("tr", {}, ["From", "To", "Articles", "Passages"].map(function (t, n) { return el("th", { scope: "col", className: n > 1 ? "n" : "", textContent: t }); }));
    var box = el("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Links" }, [el("table", { className: "grid" }, [el("thead", {}, [head]), body])]);
    $("table").replaceChildren(box);
    if (part.all.length > 500) $("table").append(el("p", { className: "soft", textContent: "The first 500 of " + part.all.length.toLocaleString("en") + " links; filter to see others." }));
  }

  // --- what is behind --------------------------------------------------------------------------------
  function choose(id, go) { state.sel = state.sel === id && !go ? "" : id; update(); if (go || state.sel) { var b = $("behind"); if (go) { b.focus(); b.scrollIntoView({ block: "start" }); } } var on = $("map").querySelector(".node.chosen"); if (on && !go && state.view === "map") on.focus({ preventScroll: true }); }
  function load(number, then) {
    var name = "passages-" + number;
    if (window.EAA[name]) return then();
    var s = document.createElement("script");
    s.src = "../assets/" + name + ".js"; s.onload = then;
    document.head.append(s);
  }
  function behind(found) {
    var box = $("behind");
    box.replaceChildren();
    if (!state.sel) return;
    var kind = state.sel.split(":")[0], ids = state.sel.slice(kind.length + 1).split(">").map(decodeURIComponent), at = ids.map(function (i) { return place.get(i); });
    if (at.some(function (c) { return c === undefined; })) return;
    var cols = { c: [0], m: [1], o: [2], cm: [0, 1], mo: [1, 2] }[kind];
    if (!cols) return;
    var rows = found.kept.filter(function (i) { return cols.every(function (col, n) { return COLS[col][i].indexOf(at[n]) >= 0; }); });
    var arts = Array.from(new Set(rows.map(function (i) { return X.a[i]; })));
    box.append(el("h2", { dir: "auto", textContent: at.map(function (c) { return D.concepts[c][1]; }).join(" → ") }));
    box.append(el("p", { textContent: plural(rows.length, "passage") + " in " + plural(arts.length, "article") + (rows.length ? "." : ": the theory says so, and no passage shown here does.") }));
    var where = el("p", { className: "small" });
    at.forEach(function (c, n) { if (n) where.append(" · "); where.append(el("a", { href: "../" + D.concepts[c][2], textContent: "All about " + D.concepts[c][1] })); });
    box.append(where);
    var said = D.configurations.filter(function (k) { return cols.every(function (col, n) { return k[3][col].indexOf(at[n]) >= 0; }); });
    if (said.length) {
      box.append(el("h3", { textContent: "Configurations" }));
      box.append(el("ul", { className: "plain" }, said.map(function (k) { return el("li", {}, [el("a", { href: "../" + k[2], textContent: k[0] }), " ", el("bdi", { textContent: k[1] })]); })));
    }
    if (!rows.length) return;
    box.append(el("h3", { textContent: "Articles" }));
    box.append(el("ul", { className: "columns" }, arts.slice(0, 200).map(function (a) { return el("li", {}, [el("a", { href: "../" + D.articles[a][2], textContent: D.articles[a][0], title: D.articles[a][1] })]); })));
    if (arts.length > 200) box.append(el("p", { className: "soft", textContent: "and " + (arts.length - 200).toLocaleString("en") + " more" }));
    box.append(el("h3", { textContent: "Passages" }));
    var list = el("ul", { className: "passages" }), more = el("button", { type: "button", textContent: "Show more passages", hidden: true }), from = 0;
    box.append(list, more);
    function next() {
      var some = rows.slice(from, from + 25), need = Array.from(new Set(some.map(function (i) { return Math.floor(i / D.shard); })));
      from += some.length;
      (function step() {
        if (need.length) return load(need.shift(), step);
        if (!list.isConnected) return;
        some.forEach(function (i) {
          var p = window.EAA["passages-" + Math.floor(i / D.shard)][i % D.shard];
          var words = p[1] ? el("blockquote", { className: "w", dir: "auto", textContent: "“" + p[1] + "”" }) : el("p", { className: "w note", dir: "auto", textContent: p[2] || "No quote and no note: go to the article." });
          var told = [D.articles[X.a[i]][0]];
          if (X.t[i] >= 0) told.push("under " + D.themes[X.t[i]][1]);
          if (X.s[i] >= 0) told.push(D.stances[X.s[i]]);
          if (p[3]) told.push(p[3]);
          if (D.coders[X.k[i]]) told.push(D.coders[X.k[i]]);
          list.append(el("li", { className: "p" }, [words, el("p", { className: "m" }, [el("a", { href: "../" + p[4], textContent: p[0] }), " · " + told.join(" · ")])]));
        });
        more.hidden = from >= rows.length;
      })();
    }
    more.addEventListener("click", next);
    next();
  }

  // --- all together --------------------------------------------------------------------------------------
  function update() {
    var start = performance.now();
    ["theory", "theme", "context", "mechanism", "outcome", "stance", "coder"].forEach(function (f) { show(f, state[f]); });
    if (q.value !== state.q && document.activeElement !== q) q.value = state.q;
    var found = count(), part = shownEdges(found);
    min.value = String(part.least);
    var left = [0, 0, 0], map = state.view === "map";
    $("map").hidden = $("map-key").hidden = !map; $("table").hidden = map;
    $("as-map").setAttribute("aria-pressed", map); $("as-table").setAttribute("aria-pressed", !map);
    if (map) left = draw(found, part); else tabulate(found, part);
    var hidden = left.map(function (n, i) { return n > 0 && !found.version ? plural(n, ONE[i]) : ""; }).filter(Boolean);
    $("summary").textContent = plural(found.kept.length, "passage") + " in " + plural(found.articles, "article") + "; " + plural(part.all.length, "link") + " shown" + (part.hidden ? ", " + part.hidden.toLocaleString("en") + " in fewer than " + plural(part.least, "article") + " hidden" : "") + (hidden.length ? "; not drawn, being rarer: " + hidden.join(", ") : "") + ".";
    behind(found);
    keep();
    document.documentElement.dataset.took = (performance.now() - start).toFixed(1);
  }
  $("as-map").addEventListener("click", function () { state.view = "map"; update(); });
  $("as-table").addEventListener("click", function () { state.view = "table"; update(); });
  window.addEventListener("hashchange", function () { read(); update(); });
  read(); update();
})();
