// The explorer: Swagger UI, given our document, our theme, and one token for all requests that are tried.
"use strict";

(function () {
  const place = document.querySelector("[data-explorer]");
  const form = document.querySelector("[data-explorer-token]");
  const who = document.querySelector("[data-explorer-who]");
  const SIGN_IN = /^\/api\/collections\/[^/]+\/auth-(with-password|refresh)$/;
  const address = place.dataset.explorer;
  let token = ""; // in this tab's memory only

  // A token says who it is for, without a look at the server: its middle part is JSON.
  function bearer(text) {
    try {
      const middle = text.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
      return JSON.parse(atob(middle)).id || "";
    } catch {
      return "";
    }
  }

  function take(given, reread) {
    token = given.replace(/^bearer\s+/i, "").trim();
    form.elements.token.value = token;
    const id = bearer(token);
    who.textContent = !token ? "a guest" : id ? `the record ${id}` : "whoever the token is for";
    if (reread && "rereads" in place.dataset) ui.specActions.download(address);
  }

  function isOurs(url) {
    return new URL(url, location.href).origin === location.origin;
  }

  const ui = SwaggerUIBundle({
    domNode: place,
    url: address,
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    deepLinking: true,
    filter: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    requestInterceptor(request) {
      if (token && isOurs(request.url)) request.headers.Authorization = `Bearer ${token}`;
      return request;
    },
    responseInterceptor(response) {
      // Who signs in here goes on as that record. The page stays as it is: the answer is being read.
      if (response.ok && SIGN_IN.test(new URL(response.url, location.href).pathname) && response.body?.token) {
        take(response.body.token, false);
      }
      return response;
    },
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take(form.elements.token.value, true);
  });
})();
