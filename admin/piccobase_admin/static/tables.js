// Beside Piccolo Admin's own script: the dashboard's theme, inputs that suit their fields, links, and refusals told.
"use strict";

(function () {
  const forms = JSON.parse(document.getElementById("forms").textContent);
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  window.FontAwesomeConfig = { autoAddCss: false }; // its styles stand in tables.css

  // --- light and dark: theme.js decides, Piccolo Admin follows ---

  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

  function follow() {
    const app = document.querySelector("#app.dark_mode, #app.light_mode");
    if (!app) return;
    const [wanted, other] = isDark() ? ["dark_mode", "light_mode"] : ["light_mode", "dark_mode"];
    if (app.classList.contains(wanted) && !app.classList.contains(other)) return;
    app.classList.replace(other, wanted);
  }

  localStorage.setItem("darkMode", String(isDark())); // Piccolo Admin reads it when it starts
  new MutationObserver(follow).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
  system.addEventListener("change", follow);

  // --- where we are: #/cities/ or #/cities/2988507/ ---

  function here() {
    const [, table, record] = location.hash.replace(/\?.*$/, "").split("/").map(decodeURIComponent);
    return { table, record: record && record !== "add" ? record : "", form: forms[table] };
  }

  function toSignIn() {
    location.href = "/admin/sign-in?next=" + encodeURIComponent("/admin/tables/");
  }

  // --- the form: other inputs for some texts, and what is not written cannot be typed into ---

  function suit(input) {
    const { form, record } = here();
    if (!form || input.dataset.suited) return;
    const name = input.name;
    const asks = input.closest(".right_column"); // a filter
    const fixed = !asks && (form.fixed.includes(name) || (name === "id" && record && !input.closest("#overlay")));
    const type = form.inputs[name];
    if (type && input.type === "text" && !fixed) {
      const text = input.value;
      input.type = type;
      input.step = type === "date" ? "1" : "0.001";
      input.value = text;
    }
    if (fixed) input.readOnly = true;
    if (form.secret.includes(name)) input.classList.add("secret");
    if (form.code.includes(name)) input.classList.add("code");
    input.dataset.suited = "yes";
  }

  // --- a list's heading leads to the collection's page in the API ---

  function link() {
    const { table, record, form } = here();
    const buttons = document.querySelector(".title_bar .buttons");
    const known = document.getElementById("to-api");
    if (known && (!form || !buttons || known.dataset.table !== table)) known.remove();
    if (!form || record || !buttons || document.getElementById("to-api")) return;
    const to = document.createElement("a");
    Object.assign(to, { id: "to-api", className: "button", href: `/admin/collections/${encodeURIComponent(table)}` });
    to.dataset.table = table;
    to.textContent = "API";
    to.title = `How programs read and write ${table}`;
    buttons.append(to);
  }

  function look() {
    follow();
    link();
    document.querySelectorAll("#app input[name], #app textarea[name]").forEach(suit);
    if (location.hash.startsWith("#/login")) toSignIn();
  }

  new MutationObserver(look).observe(document.getElementById("app").parentNode, { childList: true, subtree: true });
  addEventListener("hashchange", look);

  // --- what the server refuses, where Piccolo Admin says nothing of it ---

  const note = document.getElementById("note");

  // What was refused is told until the same is answered, something is written, or the reader has seen it or goes on.
  function tell(text, asked = note.dataset.asked) {
    if (!text && asked !== note.dataset.asked) return;
    note.querySelector("p").textContent = text;
    note.dataset.asked = asked ?? "";
    note.hidden = !text;
  }

  note.querySelector("button").addEventListener("click", () => tell(""));
  addEventListener("hashchange", () => tell(""));

  const open = XMLHttpRequest.prototype.open;
  XMLHttpRequest.prototype.open = function (method, ...rest) {
    const reads = /^get$/i.test(method);
    const asked = `${method} ${String(rest[0]).replace(/\?.*/, "")}`;
    this.addEventListener("load", () => {
      if (this.status === 401) toSignIn();
      else if (this.status < 400) tell("", reads ? asked : undefined);
      else if (reads || !here().record) tell(said(this), asked); // a form tells it by itself
    });
    return open.call(this, method, ...rest);
  };

  function said(request) {
    try {
      const body = JSON.parse(request.responseText);
      return body.custom_form_error || body.message || request.responseText;
    } catch {
      return request.responseText;
    }
  }
})();
