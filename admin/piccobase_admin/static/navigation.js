// On a narrow screen the navigation runs out of it: the page that is open must be in sight.
"use strict";

document.querySelector(".bar-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
