// SPDX-License-Identifier: GPL-2.0-only
// What mdBook's pages lack for those who cannot see them.
(() => {
  // Each table gets a caption, which is the heading above it, and its own headings their scope.
  let heading = document.title;
  for (const element of document.querySelectorAll("main h1, main h2, main h3, main h4, main table")) {
    if (element.tagName !== "TABLE") {
      heading = element.textContent;
      continue;
    }
    element.createCaption().textContent = heading;
    for (const cell of element.querySelectorAll("th")) {
      if (cell.textContent.trim()) {
        cell.scope = "col";
      } else {
        cell.replaceWith(document.createElement("td"));
      }
    }
  }
  // What takes the focus gets a name.
  const names = { "sidebar-toggle-anchor": "Show the table of contents", searchbar: "Search" };
  for (const [id, name] of Object.entries(names)) {
    document.getElementById(id)?.setAttribute("aria-label", name);
  }
  // The help on keys stands above the title of the page, and is a dialogue of its own: its heading is none of the page's.
  const help = document.querySelector("h2.mdbook-help-title");
  if (help) {
    const title = document.createElement("p");
    title.className = help.className;
    title.textContent = help.textContent;
    help.replaceWith(title);
  }
})();
