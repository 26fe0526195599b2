// Lets the reader choose clauses, move over the cells with the arrow keys, and mark the evidence
// behind a cell.  Without this script the page shows everything.
"use strict";
(() => {
  const rows = [...document.querySelectorAll("#matrix .row")];
  const behind = (row) => row.nextElementSibling;
  const search = document.getElementById("search");
  const unlike = document.getElementById("unlike");
  const shown = document.getElementById("shown");
  const buttons = [...document.querySelectorAll(".legend button")];
  const texts = new Map();

  const textOf = (row) => {
    if (!texts.has(row)) {
      const title = row.parentElement.querySelector(".heading").textContent;
      texts.set(row, (title + row.querySelector("th").textContent + behind(row).textContent).toLowerCase());
    }
    return texts.get(row);
  };

  const choose = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const pressed = buttons.filter((b) => b.getAttribute("aria-pressed") === "true").map((b) => b.dataset.verdict);
    let count = 0;
    for (const row of rows) {
      const has = row.dataset.verdicts.split(" ");
      const wanted = (!pressed.length || pressed.some((one) => has.includes(one)))
        && (!unlike?.checked || "unlike" in row.dataset)
        && words.every((word) => textOf(row).includes(word));
      row.hidden = behind(row).hidden = !wanted;
      count += wanted;
    }
    for (const heading of document.querySelectorAll("#matrix .heading")) {
      heading.hidden = ![...heading.parentElement.querySelectorAll(".row")].some((row) => !row.hidden);
    }
    shown.textContent = `${count} of ${rows.length} clauses`;
  };

  const reveal = (element, column) => {
    for (let up = element; up; up = up.parentElement) {
      if (up.tagName === "DETAILS") up.open = true;
    }
    if (element.closest("[hidden]")) {
      search.value = "";
      if (unlike) unlike.checked = false;
      buttons.forEach((button) => button.setAttribute("aria-pressed", "false"));
      choose();
    }
    document.querySelectorAll(".chosen").forEach((one) => one.classList.remove("chosen"));
    if (column !== undefined) {
      const around = element.closest(".evidence") ?? element;
      for (const one of around.querySelectorAll(".variant")) {
        one.classList.toggle("chosen", one.dataset.columns.split(" ").includes(column));
      }
    }
    element.scrollIntoView({ block: "nearest" });
  };

  const columnOf = (cell) => String(cell.cellIndex - 1);
  const links = rows.map((row) => [...row.cells].slice(1).map((cell) => cell.firstElementChild));
  const walk = (from, down, right) => {
    const y = rows.indexOf(from.closest("tr"));
    const x = from.closest("td").cellIndex - 1 + right;
    let next = y + down;
    while (down && rows[next]?.hidden) next += down;
    const to = links[next]?.[x];
    if (!to) return;
    from.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  };
  links.flat().forEach((link) => { link.tabIndex = -1; });
  if (links[0]?.[0]) links[0][0].tabIndex = 0;

  const table = document.getElementById("matrix");
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  table.addEventListener("keydown", (event) => {
    const cell = event.target.closest(".row td");
    if (!cell || !(event.key in steps)) return;
    event.preventDefault();
    walk(event.target, ...steps[event.key]);
  });
  table.addEventListener("click", (event) => {
    const link = event.target.closest(".row td > a");
    if (!link) return;
    const target = document.getElementById(link.hash.slice(1));
    if (!target) return;
    event.preventDefault();
    history.replaceState(null, "", link.hash);
    reveal(target, columnOf(link.parentElement));
  });
  table.addEventListener("mouseover", (event) => {
    const link = event.target.closest(".row td > *");
    if (!link || link.title) return;
    const [kernels, boards] = table.tHead.rows;
    const column = link.parentElement.cellIndex - 1;
    let left = column;
    const kernel = [...kernels.cells].slice(1).find((head) => (left -= head.colSpan) < 0);
    link.title = `${kernel.textContent.trim()} on ${boards.cells[column].textContent.trim()}: ${link.getAttribute("aria-label")}`;
  });

  document.querySelector(".choice").hidden = false;
  document.querySelector(".choice").addEventListener("submit", (event) => event.preventDefault());
  buttons.forEach((button) => {
    button.disabled = false;
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      choose();
    });
  });
  search.addEventListener("input", choose);
  unlike?.addEventListener("change", choose);
  const openAll = (open) => rows.filter((row) => !open || !row.hidden).forEach((row) => {
    const details = behind(row).querySelector("details");
    if (details) details.open = open;
  });
  document.getElementById("open").addEventListener("click", () => openAll(true));
  document.getElementById("close").addEventListener("click", () => openAll(false));
  const follow = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target) reveal(target);
  };
  addEventListener("hashchange", follow);
  choose();
  follow();
})();
