// Progressive enhancement: every page reads without this.
"use strict";
(function () {
  var menu = document.querySelector("details.menu");
  var entries = [];
  // Pages about one thing come without search and menu of their own; both are made here.
  if (menu && menu.dataset.here) {
    var top = document.querySelector(".site a").getAttribute("href").replace("index.html", "");
    var add = function (to, name, attributes, text) {
      var made = document.createElement(name);
      Object.keys(attributes).forEach(function (key) { made.setAttribute(key, attributes[key]); });
      if (text) made.textContent = text;
      return to.appendChild(made);
    };
    var form = add(document.createDocumentFragment(), "form", { "class": "find", role: "search", action: top + "pages/search.html" });
    add(form, "label", { "for": "q", "class": "off" }, "Search everything");
    add(form, "input", { id: "q", name: "q", type: "search", placeholder: "Search everything", autocomplete: "off" });
    add(form, "button", {}, "Search");
    menu.parentNode.insertBefore(form, menu);
    menu.removeChild(menu.lastElementChild);
    var list = add(add(menu, "nav", { "aria-label": "Site" }), "ul", {});
    entries.forEach(function (entry) {
      var link = add(add(list, "li", {}), "a", { href: top + entry[0] }, entry[1]);
      if (entry[0] === menu.dataset.here) link.setAttribute("aria-current", "page");
    });
  }
  var wide = window.matchMedia("(min-width: 62rem)");
  function fit() { if (menu) menu.open = wide.matches; }
  fit();
  wide.addEventListener("change", fit);
  document.querySelectorAll(".js-note").forEach(function (e) { e.hidden = true; });
  document.addEventListener("keydown", function (event) {
    var at = document.activeElement;
    var typing = at && /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      document.getElementById("q").focus();
    }
  });
  // What a link points at may lie in a closed part.
  function reveal() {
    var to = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (var e = to && to.parentElement; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
    if (to && to.scrollIntoView) to.scrollIntoView();
  }
  if (!document.getElementById("explorer")) { window.addEventListener("hashchange", reveal); if (location.hash) reveal(); }
  // Print closed parts too, but not the long lists in tables: they would push the rows apart.
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("main details:not(.more):not(.beware)").forEach(function (d) { if (!d.open) { d.open = true; d.dataset.shut = "1"; } });
  });
  window.addEventListener("afterprint", function () {
    document.querySelectorAll("details[data-shut]").forEach(function (d) { d.open = false; delete d.dataset.shut; });
  });
  // Theory versions one at a time.
  var slider = document.getElementById("when");
  if (slider) {
    var versions = Array.prototype.slice.call(document.querySelectorAll(".version"));
    var told = document.getElementById("when-is");
    slider.closest(".slider").hidden = false;
    var slide = function () {
      var at = Number(slider.value);
      versions.forEach(function (v, n) { v.hidden = at < versions.length && n !== at; });
      told.textContent = at < versions.length ? versions[at].dataset.label : "all";
      slider.setAttribute("aria-valuetext", told.textContent);
    };
    slider.addEventListener("input", slide);
    slide();
  }
})();
