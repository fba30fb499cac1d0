// The SPARQL page. Engine, graph and editor are scripts that are loaded when they are first needed; a query runs in a
// worker of its own, so that the page never stands still and a query can be ended whatever it does. Nothing is sent.
"use strict";
(async function () {
  var EAA = (window.EAA = window.EAA || {});
  var main = document.getElementById("sparql");
  if (!EAA.questions || !main) return;
  var here = document.currentScript.src.replace(/[^/]*$/, "");
  var root = main.dataset.root;
  var SHOWN = 500, KEPT = 100000, LONGEST = 60e6;

  // --- loading ----------------------------------------------------------------------------------
  var loads = {};
  function load(name) {
    return loads[name] || (loads[name] = new Promise(function (done, failed) {
      var element = document.createElement("script");
      element.src = here + name;
      element.onload = done;
      element.onerror = function () { delete loads[name]; failed(new Error("The file " + name + " cannot be read; it belongs beside this page.")); };
      document.head.append(element);
    }));
  }
  var ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
  var PLACE = new Uint8Array(128);
  for (var i = 0; i < 85; i++) PLACE[ALPHABET.charCodeAt(i)] = i;
  function bytes(text) { // base 85, as Python's base64.b85encode writes it
    var size = Math.floor((text.length * 4) / 5), out = new Uint8Array(size + 4);
    for (var from = 0, to = 0; from < text.length; from += 5, to += 4) {
      var value = 0;
      for (var n = 0; n < 5; n++) value = value * 85 + (from + n < text.length ? PLACE[text.charCodeAt(from + n)] : 84);
      out[to] = value / 16777216; out[to + 1] = (value >>> 16) & 255; out[to + 2] = (value >>> 8) & 255; out[to + 3] = value & 255;
    }
    return out.subarray(0, size);
  }
  async function all(stream) { return new Uint8Array(await new Response(stream).arrayBuffer()); }
  function inflated(text) { return all(new Blob([bytes(text)]).stream().pipeThrough(new DecompressionStream("deflate"))); }
  async function read(text) { return JSON.parse(new TextDecoder().decode(await inflated(text))); }
  async function unpacked(text) {
    await load("xz.js");
    var Reader = window["xz-decompress"].XzReadableStream;
    return all(new Reader(new Blob([bytes(text)]).stream()));
  }
  if (typeof DecompressionStream === "undefined" || typeof WebAssembly === "undefined") {
    main.replaceChildren("This browser is too old to answer here: it lacks WebAssembly or DecompressionStream.");
    main.hidden = false;
    return;
  }
  var told = await read(EAA.questions);
  var ready;
  function parts() {
    return ready || (ready = (async function () {
      await Promise.all([load("oxigraph.js"), load("graph.js")]);
      var engine = await unpacked(EAA.engine), wasm = await unpacked(EAA.wasm);
      var graph = await inflated(EAA.graph), ontology = await inflated(EAA.ontology);
      EAA.things = await read(EAA.things);
      EAA.engine = EAA.wasm = EAA.graph = EAA.ontology = null;
      // A page opened from disk may not start a module as a worker: the engine's module becomes a plain script.
      var plain = new TextDecoder().decode(engine).replace(/^export (?=class|function)/gm, "").replace(/^export \{[^}]*\};?/gm, "").replace(/import\.meta\.url/g, '""');
      return { code: URL.createObjectURL(new Blob([plain, "\n(" + inWorker + ")();\n"], { type: "text/javascript" })), wasm: wasm, graph: graph, ontology: ontology };
    })().catch(function (error) { ready = null; throw error; }));
  }

  // --- the worker -------------------------------------------------------------------------------
  function inWorker() { // runs after the engine's own code, in the worker; `initSync`, `Store`, `namedNode` are the engine's
    var store;
    self.onmessage = function (event) {
      var asked = event.data;
      try {
        if (asked.wasm) {
          initSync({ module: asked.wasm });
          store = new Store();
          store.load(asked.graph, { format: "application/trig", no_transaction: true });
          store.load(asked.ontology, { format: "text/turtle", to_graph_name: namedNode(asked.named), no_transaction: true });
          self.postMessage({ ready: store.size });
          return;
        }
        var text = store.query(asked.query, { results_format: asked.form, use_default_graph_as_union: asked.union });
        if (asked.whole || asked.form !== "json") {
          if (text.length > asked.longest) throw new Error("The answer is too long for a page (" + Math.round(text.length / 1e6) + " MB); end the query with LIMIT.");
          self.postMessage({ text: text });
          return;
        }
        var answer = JSON.parse(text);
        var rows = answer.results ? answer.results.bindings : [];
        self.postMessage({ boolean: answer.boolean, variables: answer.head.vars || [], total: rows.length, rows: rows.slice(0, asked.kept) });
      } catch (error) {
        // After a trap the engine's memory cannot be trusted.
        self.postMessage({ error: String((error && error.message) || error), broken: error instanceof WebAssembly.RuntimeError || error instanceof RangeError });
      }
    };
  }
  var worker = null, running = null;
  function end() { if (worker) worker.terminate(); worker = null; }
  function started(stopped) {
    if (worker) return Promise.resolve(worker);
    return parts().then(function (have) {
      if (stopped()) throw new Error("Stopped.");
      return new Promise(function (done, failed) {
        var made = (worker = new Worker(have.code));
        made.onerror = function (event) { if (worker === made) end(); failed(new Error(event.message || "This browser cannot start the query engine.")); };
        made.onmessage = function (event) {
          if (event.data.error) { end(); failed(new Error(event.data.error)); } else done(made);
        };
        made.postMessage({ wasm: have.wasm, graph: have.graph, ontology: have.ontology, named: told.ontology });
        running.fail = failed;
      });
    });
  }
  // A query's keywords, with texts, IRIs and comments left out.
  function bare(query) {
    return query.replace(/"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|<[^<>\s]*>|#[^\n]*|[?$]\w+|[\w-]*:[\w.-]*/g, " ");
  }
  // Runs one query; a second one waits for nobody: it ends the first.
  async function run(query, whole, signal) {
    if (running) running.stop("Stopped: another query was asked.");
    var mine = (running = { stopped: "" });
    var words = bare(query), form = (/\b(SELECT|ASK|CONSTRUCT|DESCRIBE)\b/i.exec(words) || ["SELECT"])[0].toUpperCase();
    var graph = form === "CONSTRUCT" || form === "DESCRIBE";
    var seconds = Number(byId("seconds").value);
    mine.stop = function (why) { if (mine.stopped) return; mine.stopped = why; end(); if (mine.fail) mine.fail(new Error(why)); };
    if (signal) signal.addEventListener("abort", function () { mine.stop("Stopped."); });
    busy(true);
    try {
      say("Loading the engine and the graph; this happens once …");
      var at = await started(function () { return mine.stopped; });
      say("Working …");
      var clock, begun = performance.now();
      return await new Promise(function (done, failed) {
        mine.fail = failed;
        clock = setTimeout(function () { mine.stop("Stopped after " + seconds + " seconds. Ask for less, or allow more time."); }, seconds * 1000);
        at.onerror = function (event) { end(); failed(new Error(event.message || "The engine gave up; the query may need more memory than a page has.")); };
        at.onmessage = function (event) {
          if (event.data.broken) end();
          if (event.data.error) failed(new Error(event.data.broken ? "The engine gave up: " + event.data.error : event.data.error));
          else done(Object.assign(event.data, { form: form, seconds: (performance.now() - begun) / 1000 }));
        };
        at.postMessage({
          query: told.prefixes + query,
          form: graph ? "text/turtle" : "json",
          union: !/\bFROM\b/i.test(words),
          whole: whole, kept: KEPT, longest: LONGEST,
        });
      }).finally(function () { clearTimeout(clock); });
    } finally {
      if (running === mine) { running = null; busy(false); }
    }
  }

  // --- the form ---------------------------------------------------------------------------------
  function byId(id) { return document.getElementById(id); }
  function made(name, text, more) {
    var element = document.createElement(name);
    if (text !== undefined && text !== null) element.textContent = text;
    return Object.assign(element, more || {});
  }
  function say(text) { byId("said").textContent = text; }
  function busy(is) { byId("stop").disabled = !is; byId("sparql").setAttribute("aria-busy", String(is)); }
  var select = byId("question"), slots = byId("slots"), text = byId("text"), chosen;
  [["Questions to the records", false], ["Gaps in the record", true]].forEach(function (kind) {
    var group = made("optgroup", null, { label: kind[0] });
    told.questions.forEach(function (q, n) { if (q.gaps === kind[1]) group.append(made("option", q.title, { value: n })); });
    select.append(group);
  });
  function choose(given) {
    chosen = told.questions[select.value];
    byId("about").textContent = chosen.about;
    slots.replaceChildren();
    chosen.parameters.forEach(function (p) {
      var label = made("label", (p.name[0].toUpperCase() + p.name.slice(1)).replace(/_/g, " ")), field, choices = told.choices[p.kind];
      if (choices) {
        field = made("select");
        if (!p.needed) field.append(made("option", p.kind === "person" ? "everybody" : "any", { value: "" }));
        choices.forEach(function (c) { field.append(made("option", c[1], { value: c[0] })); });
      } else field = made("input", null, { type: "text", autocomplete: "off" });
      field.dataset.slot = p.name;
      field.value = given && p.name in given ? given[p.name] : p.default || (p.needed && choices && choices[0] ? choices[0][0] : "");
      field.title = p.meaning;
      label.append(field);
      slots.append(label);
    });
    fill();
  }
  function encoded(part) { // as eaa_graph.vocabulary.data_iri does it
    if (/^\.*$/.test(part)) return part ? "%2E".repeat(part.length) : "-";
    if (part === "-") return "%2D";
    return encodeURIComponent(part).replace(/[!'()*]/g, function (c) { return "%" + c.charCodeAt(0).toString(16).toUpperCase(); });
  }
  function term(p, value) {
    if (told.choices[p.kind]) return value;
    if (p.kind === "text") return '"' + value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n").replace(/\r/g, "\\r").replace(/\t/g, "\\t") + '"';
    if (p.kind === "number") return /^-?\d+$/.test(value) ? '"' + value + '"^^<http://www.w3.org/2001/XMLSchema#integer>' : "UNDEF";
    return "<" + told.base + p.kind + "/" + encoded(value) + ">";
  }
  function values() {
    var found = {};
    slots.querySelectorAll("[data-slot]").forEach(function (f) { found[f.dataset.slot] = f.value; });
    return found;
  }
  function fill() {
    var given = values(), query = chosen.sparql;
    chosen.parameters.forEach(function (p) {
      var block = "VALUES\\s+\\?" + p.name + "\\s*\\{[^}]*\\}";
      if (given[p.name] === "") query = query.replace(new RegExp(block + "[ \\t]*\\n?", "g"), "");
      else query = query.replace(new RegExp(block, "g"), function () { return "VALUES ?" + p.name + " { " + term(p, given[p.name]) + " }"; });
    });
    text.value = query;
  }
  select.addEventListener("change", function () { choose(); });
  slots.addEventListener("input", fill);

  // --- the answer -------------------------------------------------------------------------------
  function split(iri) {
    if (iri.indexOf(told.base) !== 0) return null;
    var rest = iri.slice(told.base.length), at = rest.indexOf("/");
    if (at < 1 || at === rest.length - 1) return null;
    return rest.slice(at + 1).split("#")[0].split("/").map(function (p) { try { return p === "-" ? "" : decodeURIComponent(p); } catch (e) { return p; } }).filter(Boolean).join(" / ") || "not named";
  }
  function shown(cell) { // what a reader sees of a term, and where it leads
    if (!cell) return { text: "" };
    if (cell.type === "literal" || cell.type === "typed-literal") {
      var kind = (cell.datatype || "").split("#")[1];
      return { text: cell.value, number: /^(integer|decimal|double|float)$/.test(kind || ""), lang: cell["xml:lang"] };
    }
    if (cell.type !== "uri") return { text: cell.type === "bnode" ? "_:" + cell.value : JSON.stringify(cell.value) };
    var thing = EAA.things[cell.value.slice(told.base.length)];
    if (cell.value.indexOf(told.base) === 0 && thing) return { text: thing[0] || split(cell.value) || cell.value, path: thing[1] && root + thing[1], iri: cell.value };
    var own = split(cell.value);
    if (own) return { text: own, iri: cell.value };
    var name = cell.value.indexOf(told.terms) === 0 ? cell.value.slice(told.terms.length) : "";
    if (name.indexOf("theory-status-") === 0) return { text: name.slice(14), iri: cell.value };
    if (name.indexOf("-") > 0) return { text: name.slice(name.indexOf("-") + 1), iri: cell.value };
    return { text: cell.value, path: /^https?:/.test(cell.value) ? cell.value : "", iri: cell.value };
  }
  function headings(answer, question) {
    var known = question ? question.columns.filter(function (c) { return answer.variables.indexOf(c[0]) >= 0; }) : [];
    // What a question's header does not describe is there for the order of the rows only.
    var names = known.length ? answer.variables.filter(function (v) { return known.some(function (c) { return c[0] === v; }); }) : answer.variables;
    return names.map(function (v) { return known.find(function (c) { return c[0] === v; }) || [v, v.replace(/_/g, " "), ""]; });
  }
  function csv(answer, heads) {
    function field(value) {
      if (/^[=+\-@\t\r]/.test(value) && !/^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value)) value = "'\t" + value; // no cell is a formula
      return /[",\n\r]/.test(value) ? '"' + value.replace(/"/g, '""') + '"' : value;
    }
    var lines = [heads.map(function (h) { return field(h[0]); })].concat(answer.rows.map(function (row) { return heads.map(function (h) { return field(shown(row[h[0]]).text); }); }));
    return "\ufeff" + lines.map(function (l) { return l.join(",") + "\n"; }).join("");
  }
  var address;
  function show(answer, question) {
    var place = byId("answer");
    place.replaceChildren();
    if (address) URL.revokeObjectURL(address);
    address = null;
    function download(content, type, name) {
      address = URL.createObjectURL(new Blob([content], { type: type }));
      return made("a", name, { href: address, download: name });
    }
    var time = answer.seconds < 0.095 ? "under 0.1 s" : answer.seconds.toFixed(1) + " s";
    if (answer.text !== undefined) {
      var lines = answer.text.split("\n");
      say("RDF in Turtle, " + time + ".");
      var saved = made("p", lines.length > 2000 ? "The first 2,000 lines are shown. All of it: " : "To keep: ");
      saved.append(download(answer.text, "text/turtle", "answer.ttl"));
      place.append(saved, made("pre", lines.slice(0, 2000).join("\n"), { tabIndex: 0 }));
      return;
    }
    if (answer.boolean !== undefined) { say("Answer: " + (answer.boolean ? "yes (true)" : "no (false)") + ", " + time + "."); return; }
    var heads = headings(answer, question), many = answer.total.toLocaleString("en") + (answer.total === 1 ? " row" : " rows");
    say(many + ", " + time + (answer.total > SHOWN ? "; the first " + SHOWN + " are shown." : "."));
    if (!answer.total) { place.append(made("p", "Nothing in the review fits the question.", { className: "caution" })); return; }
    var keep = made("p", answer.total > answer.rows.length ? "The first " + answer.rows.length.toLocaleString("en") + " rows as a table: " : "All rows as a table: ");
    keep.append(download(csv(answer, heads), "text/csv", (question ? question.name : "answer") + ".csv"));
    var scroll = made("div", null, { className: "scroll", tabIndex: 0 }), table = made("table", null, { className: "grid" });
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", "Rows of the answer");
    var caption = made("caption", question ? question.title : "Answer");
    if (question && question.counted) caption.append(made("span", "Counted in: " + question.counted, { className: "soft" }));
    var head = made("tr"), body = made("tbody"), top = made("thead");
    heads.forEach(function (h) {
      var numbers = answer.rows.slice(0, 50).some(function (r) { return shown(r[h[0]]).number; });
      head.append(made("th", h[1], { scope: "col", title: h[2], className: numbers ? "n" : "" }));
    });
    answer.rows.slice(0, SHOWN).forEach(function (row) {
      var line = made("tr");
      heads.forEach(function (h) {
        var cell = shown(row[h[0]]), td = made("td", null, { className: cell.number ? "n" : "" });
        var inner = cell.path ? made("a", cell.text, { href: cell.path }) : made("bdi", cell.text);
        if (cell.iri) inner.title = cell.iri;
        if (cell.lang) inner.lang = cell.lang;
        td.append(inner);
        line.append(td);
      });
      body.append(line);
    });
    top.append(head);
    table.append(caption, top, body);
    scroll.append(table);
    place.append(keep, scroll);
  }
  async function answer(question) {
    byId("answer").replaceChildren();
    try { show(await run(text.value, false), question); } catch (error) { say(error.message); }
  }
  byId("ask").addEventListener("submit", function (event) {
    event.preventDefault();
    fill();
    var given = new URLSearchParams(values());
    history.replaceState(null, "", "#question=" + chosen.name + (String(given) ? "&" + given : ""));
    answer(chosen);
  });
  byId("run").addEventListener("click", function () { answer(null); });
  byId("stop").addEventListener("click", function () { if (running) running.stop("Stopped."); });

  // --- the editor -------------------------------------------------------------------------------
  // The editor believes that it asks an endpoint; what it asks is answered by the worker.
  var endpoint = new URL("sparql-in-this-page", location.href).href;
  async function answered(request) {
    if (/update=/.test(new URL(request.url).search)) return new Response("Nothing can be changed here.", { status: 403 });
    var sent = request.method === "POST" ? new URLSearchParams(await request.text()) : new URL(request.url).searchParams;
    if (sent.has("update") || !sent.has("query")) return new Response("Nothing can be changed here.", { status: 403 });
    try {
      var got = await run(sent.get("query"), true, request.signal);
      say("");
      return new Response(got.text, { headers: { "Content-Type": got.form === "CONSTRUCT" || got.form === "DESCRIBE" ? "text/turtle" : "application/sparql-results+json" } });
    } catch (error) { say(error.message); return new Response(error.message, { status: 400 }); }
  }
  byId("edit").addEventListener("click", async function () {
    try {
      say("Loading the editor …");
      await load("yasgui.js");
      var code = new TextDecoder().decode(await unpacked(EAA.editor)), style = new TextDecoder().decode(await unpacked(EAA.editor_style));
      document.head.append(made("style", style), made("script", code));
      window.fetch = function (what, more) {
        var request = what instanceof Request ? what : null;
        if ((request ? request.url : String(what)).split("?")[0] === endpoint) return answered(request || new Request(what, more));
        return Promise.reject(new TypeError("This page sends nothing: " + (request ? request.url : what)));
      };
      var Yasgui = window.Yasgui;
      Yasgui.Yasqe.defaults.value = told.prefixes + text.value;
      byId("with-editor").hidden = false; // before the editor measures itself
      var editor = new Yasgui(byId("editor"), {
        persistenceId: null,
        requestConfig: { endpoint: endpoint, method: "POST" },
        copyEndpointOnNewTab: true,
        autofocus: false,
        endpointCatalogueOptions: { getData: function () { return [{ endpoint: endpoint }]; } },
      });
      EAA.yasgui = editor;
      var tab = editor.getTab() || editor.addTab(true);
      var list = byId("examples");
      told.questions.forEach(function (q, n) { list.append(made("option", q.title, { value: n })); });
      list.value = select.value;
      list.addEventListener("change", function () {
        select.value = list.value;
        choose();
        (editor.getTab() || tab).setQuery(told.prefixes + text.value);
      });
      byId("edit").hidden = true;
      say("");
      byId("editor").scrollIntoView({ block: "nearest" });
    } catch (error) { say(error.message); }
  });

  // --- start ------------------------------------------------------------------------------------
  function begin() {
    var asked = new URLSearchParams(location.hash.slice(1) || location.search), name = asked.get("question");
    var at = told.questions.findIndex(function (q) { return q.name === name; });
    if (at < 0 && chosen) return; // the editor empties the address
    select.value = at < 0 ? 0 : at;
    if (at < 0) select.selectedIndex = 0;
    choose(Object.fromEntries(asked));
  }
  window.addEventListener("hashchange", begin);
  begin();
  main.hidden = false;
})();
