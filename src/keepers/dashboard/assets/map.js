// Maps of the base: one cell, then another, span a region, whose customers are a list. Without it a cell is a link.
(function () {
  "use strict";

  document.querySelectorAll("[data-map]").forEach(function (card) {
    var table = card.querySelector("table.map"), pick = card.querySelector(".map-pick");
    var rows = Array.prototype.slice.call(table.tBodies[0].rows);
    var heads = table.tHead.rows[0].cells;
    var from = null, to = null, pressed = null, dragged = false;

    function place(target) {
      var cell = target.closest && target.closest("td");
      if (!cell || !table.contains(cell)) return null;
      return { row: rows.indexOf(cell.parentElement), column: cell.cellIndex };
    }
    function inside(row, column) {
      if (!from) return false;
      return row >= Math.min(from.row, to.row) && row <= Math.max(from.row, to.row) &&
        column >= Math.min(from.column, to.column) && column <= Math.max(from.column, to.column);
    }
    function money(value) {
      var digits = Math.abs(value) < 100 ? 2 : 0;
      return card.dataset.currency + value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    }
    function add(address, head, what) {
      var asked = JSON.parse(head.dataset[what]);
      Object.keys(asked).forEach(function (name) { address.searchParams.set(name, asked[name]); });
    }
    function address() {
      var made = new URL(card.dataset.list, location.href);
      add(made, rows[Math.min(from.row, to.row)].cells[0], "begins");
      add(made, rows[Math.max(from.row, to.row)].cells[0], "ends");
      add(made, heads[Math.min(from.column, to.column)], "begins");
      add(made, heads[Math.max(from.column, to.column)], "ends");
      return made.pathname + made.search;
    }
    function show() {
      var customers = 0, value = 0, valued = false;
      rows.forEach(function (row, r) {
        Array.prototype.forEach.call(row.cells, function (cell, c) {
          if (!c) return;
          var chosen = inside(r, c), link = cell.querySelector("a");
          cell.classList.toggle("chosen", chosen);
          if (!link) return;
          if (!chosen) return link.removeAttribute("aria-current");
          link.setAttribute("aria-current", "true");
          customers += Number(link.dataset.customers);
          if (link.dataset.value) { value += Number(link.dataset.value); valued = true; }
        });
      });
      pick.textContent = "";
      pick.hidden = !from;
      if (!from) return;
      var said = pick.appendChild(document.createElement("span"));
      said.textContent = customers.toLocaleString("en") + (customers === 1 ? " customer" : " customers") +
        (valued ? ", worth " + money(value) + (customers === 1 ? "" : " together") : "");
      var link = pick.appendChild(document.createElement("a"));
      link.className = "button strong";
      link.href = address();
      link.textContent = "Show the list";
      var clear = pick.appendChild(document.createElement("button"));
      clear.type = "button";
      clear.className = "button";
      clear.textContent = "Clear";
      clear.addEventListener("click", function () { from = to = null; show(); });
    }
    function choose(spot) {
      if (from && from.row === to.row && from.column === to.column && !(from.row === spot.row && from.column === spot.column)) {
        to = spot;
      } else if (from && inside(spot.row, spot.column)) {
        from = to = null;
      } else {
        from = to = spot;
      }
      show();
    }

    table.addEventListener("click", function (event) {
      if (event.ctrlKey || event.metaKey || event.button) return;
      var spot = place(event.target);
      if (!spot || !event.target.closest("a")) return;
      event.preventDefault();
      if (dragged) return;
      choose(spot);
    });
    table.addEventListener("dragstart", function (event) { event.preventDefault(); });
    table.addEventListener("pointerdown", function (event) {
      pressed = event.pointerType === "mouse" && !event.button ? place(event.target) : null;
      dragged = false;
    });
    table.addEventListener("pointermove", function (event) {
      var spot = pressed && place(event.target);
      if (!spot || (!dragged && spot.row === pressed.row && spot.column === pressed.column)) return;
      dragged = true;
      from = pressed;
      to = spot;
      show();
    });
    document.addEventListener("pointerup", function () {
      pressed = null;
      // The click of a drag comes at once, or never where it ended elsewhere.
      setTimeout(function () { dragged = false; }, 0);
    });
    table.addEventListener("keydown", function (event) {
      var step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
      if (event.key === "Escape" && from) { from = to = null; return show(); }
      if (!step) return;
      var spot = place(event.target), next = spot, link = null;
      if (!spot) return;
      do {
        next = { row: next.row + step[0], column: next.column + step[1] };
        var row = rows[next.row];
        link = row && next.column > 0 && row.cells[next.column] && row.cells[next.column].querySelector("a");
      } while (!link && rows[next.row] && next.column > 0 && next.column < heads.length);
      if (!link) return;
      event.preventDefault();
      link.focus();
      if (event.shiftKey) { if (!from) from = spot; to = next; show(); }
    });
  });
})();
