(() => {
  "use strict";
  const said = document.getElementById("said");
  const say = (text) => { said.textContent = text; };
  const made = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  // Sorting: by the places that the page gives. Cells without one come last, and so do totals, whichever way.
  const sortable = (table) => {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    if (rows.length < 2) return;
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, column) => {
      const label = heading.querySelector("span");
      const button = made("button", { type: "button" }, ...label.childNodes);
      label.append(button);
      button.addEventListener("click", () => {
        const down = heading.getAttribute("aria-sort") === "ascending";
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", down ? "descending" : "ascending");
        const place = (row) => row.cells[column].dataset.p;
        const compared = (one, other) => {
          const last = one.classList.contains("total") - other.classList.contains("total");
          const [a, b] = [place(one), place(other)];
          if (last || a === undefined || b === undefined) return last || (a === undefined) - (b === undefined);
          return down ? b - a : a - b;
        };
        body.append(...[...rows].sort(compared));
        const numeric = heading.classList.contains("n");
        const way = numeric ? ["lowest first", "highest first"] : ["first to last", "last to first"];
        say(`Sorted by ${button.textContent}, ${way[+down]}.`);
      });
    });
  };

  // Filtering: rows that have every word somewhere. Totals stay, since they are of all rows.
  const filterable = (table) => {
    const rows = [...table.tBodies[0].rows].filter((row) => !row.classList.contains("total"));
    const texts = rows.map((row) => plain([...row.cells].map((cell) => cell.textContent).join(" ")));
    const about = table.caption.querySelector("[id]").textContent;
    const input = made("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    const label = made("label", {}, "Filter rows", made("span", { class: "unseen" }, ` of ${about}`));
    const count = made("span");
    input.id = `${table.closest(".table").id}-filter`;
    label.htmlFor = input.id;
    const filter = () => {
      const words = plain(input.value).split(/\s+/).filter(Boolean);
      const fit = texts.map((text) => words.every((word) => text.includes(word)));
      rows.forEach((row, place) => { row.hidden = !fit[place]; });
      const number = fit.filter(Boolean).length;
      count.className = words.length ? "some" : "";
      count.textContent = words.length
        ? `${number} of ${rows.length} rows shown, with “${input.value.trim()}”` : `${rows.length} rows`;
      return count.textContent;
    };
    let waiting;
    const filterAndSay = () => {
      const text = filter();
      clearTimeout(waiting);
      waiting = setTimeout(() => say(text), 400);
    };
    input.addEventListener("input", filterAndSay);
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !input.value) return;
      event.preventDefault();
      input.value = "";
      filterAndSay();
    });
    filter();
    table.closest(".scroll").before(made("div", { class: "filter" }, label, input, count));
  };

  // A table is scrolled from the keyboard only where it is wider than its place.
  const regions = [...document.querySelectorAll(".scroll")];
  const measured = () => {
    const wider = regions.map((region) => region.scrollWidth > region.clientWidth + 1);
    regions.forEach((region, place) => {
      region.classList.toggle("overflows", wider[place]);
      for (const [name, value] of [["role", "group"], ["tabindex", "0"]])
        wider[place] ? region.setAttribute(name, value) : region.removeAttribute(name);
      const id = region.querySelector("caption [id]").id;
      wider[place] ? region.setAttribute("aria-labelledby", id) : region.removeAttribute("aria-labelledby");
    });
  };

  // What is folded opens for whoever follows a link into it, and for the printer: all but the data of charts.
  const folded = [...document.querySelectorAll("details")];
  const openTo = () => {
    const aim = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!aim) return;
    for (let fold = aim.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    const within = aim.querySelector(":scope > details");
    if (within) within.open = true;
    aim.scrollIntoView();
  };
  if (folded.length) {
    const button = (text, open) => {
      const element = made("button", { type: "button" }, text);
      element.addEventListener("click", () => {
        folded.forEach((fold) => { fold.open = open; });
        say(open ? "Everything that was folded is open." : "Everything that folds is closed.");
      });
      return element;
    };
    const buttons = made("div", { class: "open-all" }, button("Open all charts and tables", true), button("Close them", false));
    (document.getElementById("each") ?? document.querySelector("nav ul")).after(buttons);
  }
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = folded.filter((fold) => !fold.open && !fold.matches("figure > details"));
    closed.forEach((fold) => { fold.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((fold) => { fold.open = false; }));

  for (const table of document.querySelectorAll("table")) {
    sortable(table);
    if (table.hasAttribute("data-filter")) filterable(table);
  }
  measured();
  folded.forEach((fold) => fold.addEventListener("toggle", measured));
  new ResizeObserver(measured).observe(document.body);
  addEventListener("hashchange", openTo);
  openTo();
})();
