// Pages of collections' APIs: languages of code, copying, finding a collection by name.
"use strict";

(function () {
  const KEY = "piccobase-language";
  const COPIED = 1500; // milliseconds the button says so

  function remembered() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage is switched off
    }
  }

  function showLanguage(wanted) {
    const tabs = [...document.querySelectorAll("[data-language]")];
    if (!tabs.length) return;
    const shown = tabs.find((tab) => tab.dataset.language === wanted) || tabs[0];
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === shown));
      tab.tabIndex = tab === shown ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = tab !== shown;
    }
    return shown;
  }

  function chooseLanguage(language) {
    const shown = showLanguage(language);
    try {
      localStorage.setItem(KEY, language);
    } catch {
      // then it holds until the next page
    }
    return shown;
  }

  // Behind a proxy that ends TLS the server knows its address only by halves; the browser knows it.
  function correctAddress(code) {
    const told = code.dataset.baseUrl;
    if (told !== location.origin) code.textContent = code.textContent.replaceAll(told, location.origin);
  }

  // Over plain http a browser may have no clipboard to offer.
  function copyBySelection(code) {
    getSelection().selectAllChildren(code);
    const done = document.execCommand("copy");
    getSelection().removeAllRanges();
    return done;
  }

  async function copy(button) {
    const code = button.parentElement.querySelector("code");
    const label = button.querySelector("span");
    let done;
    try {
      await navigator.clipboard.writeText(code.textContent);
      done = true;
    } catch {
      done = copyBySelection(code);
    }
    label.textContent = done ? "Copied" : "Select it by hand";
    setTimeout(() => { label.textContent = "Copy"; }, COPIED);
  }

  document.querySelectorAll("[data-base-url]").forEach(correctAddress);
  document.querySelectorAll(".languages, [data-copy]").forEach((one) => { one.hidden = false; });
  showLanguage(remembered());

  document.addEventListener("click", (event) => {
    const language = event.target.closest("[data-language]");
    if (language) chooseLanguage(language.dataset.language);
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });

  document.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const tab = event.target.closest("[data-language]");
    if (!tab || !step) return;
    const tabs = [...document.querySelectorAll("[data-language]")];
    chooseLanguage(tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length].dataset.language).focus();
  });

  // htmx shows answers that succeed; of any other the form says so itself.
  function tellFailure(event, text) {
    const notice = document.createElement("div");
    notice.className = "notice danger";
    notice.setAttribute("role", "alert");
    notice.append(Object.assign(document.createElement("p"), { textContent: text }));
    event.detail.target.replaceChildren(notice);
  }

  document.addEventListener("htmx:sendError", (event) => tellFailure(event, "The server cannot be reached. Is it running?"));
  document.addEventListener("htmx:responseError", (event) => {
    const told = { 413: "That is too much to be sent from here.", 503: "The server is busy. Try again in a moment." };
    const status = event.detail.xhr.status;
    tellFailure(event, told[status] || `The dashboard could not do it (status ${status}). The server's log says why.`);
  });

  document.addEventListener("input", (event) => {
    const items = event.target.dataset.filters;
    if (!items) return;
    const wanted = event.target.value.trim().toLowerCase();
    for (const item of document.querySelectorAll(items)) item.hidden = !item.textContent.toLowerCase().includes(wanted);
  });
})();
