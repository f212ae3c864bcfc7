// Piccolo Admin has one place each for a schema, a record and a list, and shows in it whatever answer comes last. On a slow
// line that may be the one that was asked for first: another record's values below this one's address, to be saved there.
// So what fills the same place is asked for in turn, and a form cannot be typed into until all of it has come.
"use strict";

(function () {
  const READS = /\/tables\/([^/]+)\/(?:([^/]+)\/)?(?:\?.*)?$/; // a table's list, or a part of it
  const underWay = new Map(); // request → the place that it fills

  function place(url) {
    const [path, table, part] = READS.exec(url) ?? [];
    if (!path || table === "grouped") return ""; // the names of all tables
    if (!part) return "list";
    if (part === "schema" || part === "count") return part;
    if (part === "ids" || part === "references") return path.replace(/\?.*/, ""); // each has a place of its own
    return "record"; // or the defaults of a new one
  }

  // Whoever leaves a list has it count the rows of no table; the 404 would lead them home from wherever they are then.
  const isOfNoTable = (url) => /\/tables\/\/count\/(\?|$)/.test(url);

  const fillsForm = (place) => place === "schema" || place === "record";

  function hold() {
    const waits = [...underWay.values()].some(fillsForm);
    for (const form of document.querySelectorAll("#app form")) form.inert = waits;
  }

  const { open, send } = XMLHttpRequest.prototype;

  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    this.fills = /^get$/i.test(method) ? place(String(url)) : "";
    this.stays = isOfNoTable(String(url));
    return open.call(this, method, url, ...rest);
  };

  XMLHttpRequest.prototype.send = function (body) {
    if (this.stays) return;
    if (!this.fills) return send.call(this, body);
    const ahead = [...underWay].findLast(([, place]) => place === this.fills)?.[0];
    underWay.set(this, this.fills);
    hold();
    this.addEventListener("loadend", () => {
      underWay.delete(this);
      hold();
    });
    if (ahead) ahead.addEventListener("loadend", () => send.call(this, body));
    else send.call(this, body);
  };

  new MutationObserver(hold).observe(document.getElementById("app").parentNode, { childList: true, subtree: true });
})();
