// Rules of rate limits: a row more, a row less. The form works without this, with one empty row.
"use strict";

(function () {
  let added = 10000; // numbers for new rows; only their order counts

  function show(root) {
    root.querySelectorAll("[data-rule-add], [data-rule-remove]").forEach((button) => (button.hidden = false));
  }

  document.addEventListener("click", (event) => {
    const remove = event.target.closest("[data-rule-remove]");
    if (remove) {
      const rules = remove.closest("[data-rules]");
      remove.closest("[data-rule]").remove();
      rules.querySelector("[data-rule-add]").focus();
      return;
    }
    const add = event.target.closest("[data-rule-add]");
    if (!add) return;
    const rules = add.closest("[data-rules]");
    const row = document.createElement("template");
    row.innerHTML = rules.querySelector("template").innerHTML.replaceAll(".NEW.", `.${added++}.`);
    show(row.content);
    rules.querySelector("[data-rules-list]").append(row.content);
    rules.querySelector("[data-rules-list]").lastElementChild.querySelector("input").focus();
  });

  show(document);
  document.addEventListener("htmx:load", (event) => show(event.target));
})();
