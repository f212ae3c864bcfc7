// Takes the token out of the address, where it stands behind the #, and puts it into the form.
"use strict";

const token = decodeURIComponent(location.hash.slice(1));
const field = document.getElementById("token");
if (token) {
  field.value = token;
  history.replaceState(null, "", location.pathname); // it need not stay in the address, nor in the history
}
if (field.value) document.getElementById("token-field").hidden = true;
