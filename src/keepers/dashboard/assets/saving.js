// Files of what a page shows: every table as CSV, every chart as PNG, named by what they hold.
(function () {
  "use strict";
  var store = document.body.dataset.store || "keepers", day = document.body.dataset.day || "";
  var scales = { k: 1e3, thousand: 1e3, M: 1e6, million: 1e6, B: 1e9, billion: 1e9, T: 1e12, trillion: 1e12 };

  function words(node) { return (node ? node.textContent : "").replace(/\s+/g, " ").trim(); }
  function file(name, kind) {
    var whole = [store, name, day].filter(Boolean).join(" ").toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
    return whole.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 110) + kind;
  }
  function give(blob, name) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 10000);
  }

  // What stands in a cell, and what stands beside it in small letters.
  function said(cell) {
    var copy = cell.cloneNode(true), beside = [];
    copy.querySelectorAll("[aria-hidden=true], .sr, form").forEach(function (part) { part.remove(); });
    copy.querySelectorAll("small, em").forEach(function (part) { beside.push(words(part)); part.remove(); });
    if (cell.classList.contains("ahead")) beside.push("forecast");
    return { main: words(copy), beside: beside.filter(Boolean).join("; ") };
  }
  // A number as programs write it; anything else as it is. "<0.1%" and dates stay texts.
  function number(text) {
    var found = /^([\u2212+-]?)([^\d\s.,<>+\u2212-]{0,4}\s?)([\d,]*\.?\d+)\s?(k|M|B|T|thousand|million|billion|trillion)?(%?)$/.exec(text);
    if (!found) return null;
    var value = Number(found[3].replace(/,/g, "")) * (scales[found[4]] || 1) / (found[5] ? 100 : 1);
    return { value: Number((found[1] === "\u2212" || found[1] === "-" ? -value : value).toPrecision(12)), unit: found[2].trim() };
  }
  function quoted(value) {
    var text = String(value);
    // A spreadsheet would take such a text for a formula.
    if (typeof value === "string" && /^[\x00-\x20]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/.test(text)) text = "'" + text;
    return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  }
  function csv(table) {
    var heads = Array.prototype.map.call(table.tHead.rows[table.tHead.rows.length - 1].cells, function (cell) { return words(cell); });
    var rows = [];
    Array.prototype.forEach.call(table.tBodies, function (body) {
      Array.prototype.forEach.call(body.rows, function (row) {
        var cells = [];
        Array.prototype.forEach.call(row.cells, function (cell) {
          cells.push(said(cell));
          for (var more = 1; more < cell.colSpan; more++) cells.push({ main: "", beside: "" });
        });
        rows.push(cells);
      });
    });
    var lines = [[]].concat(rows.map(function () { return []; }));
    heads.forEach(function (head, place) {
      var column = rows.map(function (row) { return row[place] || { main: "", beside: "" }; });
      var numbers = column.map(function (one) { return place ? number(one.main) : null; });
      var units = numbers.filter(Boolean).map(function (one) { return one.unit; }).filter(function (unit, at, all) { return all.indexOf(unit) === at; });
      var pure = units.length <= 1;
      lines[0].push(units.length === 1 && units[0] ? head + " (" + units[0] + ")" : head);
      column.forEach(function (one, row) {
        var missing = one.main === "\u2013";
        lines[row + 1].push(missing ? "" : pure && numbers[row] ? numbers[row].value : one.main);
      });
      if (!column.some(function (one) { return one.beside; })) return;
      lines[0].push(head + ", more");
      column.forEach(function (one, row) { lines[row + 1].push(one.beside); });
    });
    var text = lines.map(function (line) { return line.map(quoted).join(","); }).join("\r\n");
    return new Blob(["\ufeff" + text + "\r\n"], { type: "text/csv;charset=utf-8" });
  }
  function title(table) {
    var caption = table.caption && table.caption.cloneNode(true);
    if (caption) caption.querySelectorAll("span").forEach(function (part) { part.remove(); });
    return words(caption).split(";")[0] || words(table.closest(".card, .section").querySelector("h2, h3"));
  }

  // A chart alone cannot be read: its picture has its title, its legend and what it is of.
  function picture(figure, name) {
    var svg = figure.querySelector(".chart svg"), copy = svg.cloneNode(true), look = getComputedStyle(document.documentElement);
    var width = svg.clientWidth, height = svg.clientHeight, edge = 24, room = width + 2 * edge;
    var parts = svg.querySelectorAll("*"), copies = copy.querySelectorAll("*");
    Array.prototype.forEach.call(parts, function (part, place) {
      var style = getComputedStyle(part);
      ["fill", "stroke"].forEach(function (what) {
        if (part.hasAttribute(what) || part.style[what]) { copies[place].style[what] = ""; copies[place].setAttribute(what, style[what]); }
      });
    });
    var canvas = document.createElement("canvas"), pen = canvas.getContext("2d"), family = "'Inter Report', sans-serif";
    var out = [], y = edge + 16;
    function colour(variable) { return look.getPropertyValue(variable).trim(); }
    function escaped(text) { return text.replace(/&/g, "&amp;").replace(/</g, "&lt;"); }
    function text(x, at, size, weight, hue, what) {
      out.push('<text x="' + x + '" y="' + at + '" font-size="' + size + '" font-weight="' + weight + '" fill="' + hue + '">' + escaped(what) + "</text>");
    }
    pen.font = "600 16px " + family;
    var line = "";
    name.split(" ").concat("").forEach(function (word, place, all) {
      var longer = line ? line + " " + word : word;
      if (place < all.length - 1 && pen.measureText(longer).width <= width) { line = longer; return; }
      text(edge, y, 16, 600, colour("--ink"), line);
      y += 21;
      line = word;
    });
    pen.font = "400 13px " + family;
    var x = edge;
    figure.querySelectorAll(".legend li").forEach(function (item) {
      var key = item.querySelector(".key"), label = words(item), wide = pen.measureText(label).width + 42;
      if (x > edge && x + wide > room - edge) { x = edge; y += 20; }
      var hue = colour(getComputedStyle(key).getPropertyValue("--key").replace(/^\s*var\((.*)\)\s*$/, "$1").trim()) || getComputedStyle(key).getPropertyValue("--key");
      var dashes = key.classList.contains("key-dashed") ? ' stroke-dasharray="5 3"' : "";
      out.push('<path d="M' + x + " " + (y - 5) + 'h18" fill="none" stroke-width="4" stroke="' + hue.trim() + '"' + dashes + "/>");
      text(x + 24, y, 13, 400, colour("--muted"), label);
      x += wide;
    });
    if (x > edge) y += 12;
    var top = y;
    copy.setAttribute("x", edge);
    copy.setAttribute("y", top);
    copy.setAttribute("width", width);
    copy.setAttribute("height", height);
    text(edge, top + height + 26, 12, 400, colour("--muted"), [document.body.dataset.store, document.body.dataset.until, "Keepers"].filter(Boolean).join(" · "));
    var whole = top + height + 26 + edge;
    var face = "";
    Array.prototype.forEach.call(document.styleSheets, function (sheet) {
      Array.prototype.forEach.call(sheet.cssRules, function (rule) { if (rule instanceof CSSFontFaceRule) face = rule.cssText; });
    });
    var drawn = '<svg xmlns="http://www.w3.org/2000/svg" width="' + room + '" height="' + whole + '" style="font-family: ' + family + '"><style>' +
      escaped(face) + "</style><rect width=\"100%\" height=\"100%\" fill=\"" + colour("--surface") + '"/>' + out.join("") + new XMLSerializer().serializeToString(copy) + "</svg>";
    var image = new Image();
    image.onload = function () {
      canvas.width = 2 * room;
      canvas.height = 2 * whole;
      pen.scale(2, 2);
      pen.drawImage(image, 0, 0, room, whole);
      canvas.toBlob(function (blob) { give(blob, file(name, ".png")); });
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(drawn);
  }

  function button(label, name, act) {
    var made = document.createElement("button");
    made.type = "button";
    made.className = "save";
    made.textContent = label;
    made.setAttribute("aria-label", label + ": " + name);
    made.addEventListener("click", act);
    return made;
  }
  function row(after) {
    var made = document.createElement("p");
    made.className = "save-row";
    after.insertAdjacentElement("afterend", made);
    return made;
  }
  function dress() {
    document.querySelectorAll("main .figure").forEach(function (figure) {
      if (figure.querySelector(".save-row")) return;
      var chart = figure.querySelector(".chart"), table = figure.querySelector("table");
      var heading = figure.closest(".card, .section").querySelector("h3, h2");
      var name = table ? title(table) : words(heading) || chart.getAttribute("aria-label");
      var place = row(chart);
      place.appendChild(button("PNG", name, function () { if (chart.querySelector("svg")) picture(figure, name); }));
      if (table) place.appendChild(button("CSV", name, function () { give(csv(table), file(name, ".csv")); }));
    });
    document.querySelectorAll("main table").forEach(function (table) {
      // What has several pages is a file of all of them; a chart's table has its button beside the chart.
      if (table.closest(".figure") || table.matches(".list, .bounds, [data-file]") || !table.tHead) return;
      var name = title(table), box = table.closest(".scroll") || table;
      if (box.nextElementSibling && box.nextElementSibling.matches(".save-row")) return;
      row(box).appendChild(button("CSV", name, function () { give(csv(table), file(name, ".csv")); }));
    });
  }
  dress();
  // A part of the page was put in anew.
  document.addEventListener("keepers:charts", dress);
  document.addEventListener("keepers:tables", dress);
})();
