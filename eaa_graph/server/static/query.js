// Puts the editor in front of the plain form, which stays for whoever prefers it. Asks nobody but this server.
"use strict";
(function () {
  const place = document.getElementById("editor");
  const text = document.getElementById("query");
  const form = document.getElementById("plain");
  if (!place || !text || !form || typeof Yasgui === "undefined") return;
  const endpoint = new URL(place.dataset.endpoint, location.href).href;
  Yasgui.Yasqe.defaults.value = text.value;
  const editor = new Yasgui(place, {
    persistenceId: "eaa-graph " + endpoint,
    requestConfig: { endpoint: endpoint, method: "POST" },
    copyEndpointOnNewTab: true,
    autofocus: false,
    endpointCatalogueOptions: { getData: () => [{ endpoint: endpoint }] },
  });
  const asked = new URLSearchParams(location.search);
  const tab = editor.getTab() || editor.addTab(true);
  if (tab && (asked.has("example") || asked.has("query"))) tab.setQuery(text.value);
  const folded = document.createElement("details");
  const head = document.createElement("summary");
  head.textContent = "Plain form (no editor)";
  form.before(folded);
  folded.append(head, form);
  if (asked.has("query")) folded.open = true;
})();
