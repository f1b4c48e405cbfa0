// Charts, their tooltips, tabs and printing. Without it a page shows its tables.
(function () {
  "use strict";
  var root = document.documentElement;
  var drawn = [];

  function short(value) {
    var size = Math.abs(value);
    var steps = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]];
    for (var i = 0; i < steps.length; i++) {
      if (size >= steps[i][0]) {
        return trim(value / steps[i][0]) + steps[i][1];
      }
    }
    return trim(value);
  }
  function trim(value) {
    return value.toLocaleString("en", { maximumSignificantDigits: 3 }).replace("-", "\u2212");
  }
  var formats = {
    count: function () { return short; },
    money: function (prefix) {
      return function (value) { return (value < 0 ? "\u2212" : "") + prefix + short(Math.abs(value)); };
    },
    percent: function () { return function (value) { return trim(value * 100) + "%"; }; }
  };
  function filled(option) {
    if (Array.isArray(option)) return option.map(filled);
    if (option === null || typeof option !== "object") return option;
    if (typeof option.$format === "string") return formats[option.$format](option.prefix);
    var copy = {};
    Object.keys(option).forEach(function (key) { copy[key] = filled(option[key]); });
    return copy;
  }

  function tooltip(table, columns) {
    return function (points) {
      var row = table.tBodies[0].rows[points[0].dataIndex];
      var box = document.createElement("div");
      var title = box.appendChild(document.createElement("strong"));
      title.textContent = table.tHead.rows[0].cells[0].textContent + " " + row.cells[0].textContent;
      columns.forEach(function (column) {
        var line = box.appendChild(document.createElement("div"));
        line.appendChild(document.createElement("span")).textContent = table.tHead.rows[0].cells[column].textContent;
        line.appendChild(document.createElement("b")).textContent = row.cells[column].textContent;
      });
      return box;
    };
  }

  function room(place) {
    var part = place.closest(".section") || document.body;
    var box = place.parentElement;
    while (box !== part && box.clientWidth === 0) box = box.parentElement;
    var style = getComputedStyle(box);
    return box.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  }
  function draw() {
    var data = JSON.parse(document.getElementById("chart-data").textContent);
    Object.keys(data).forEach(function (id) {
      var place = document.getElementById("chart-" + id);
      if (!place) return;
      var option = filled(data[id].option);
      var table = document.getElementById("table-" + data[id].table);
      option.tooltip.formatter = tooltip(table, data[id].columns);
      option.tooltip.className = "chart-tip";
      option.tooltip.transitionDuration = 0;
      option.tooltip.axisPointer.lineStyle = { color: "var(--muted)" };
      option.tooltip.axisPointer.shadowStyle = { color: "var(--shade)" };
      var chart = echarts.init(place, null, { renderer: "svg", width: room(place), height: data[id].height });
      chart.setOption(option);
      drawn.push({ chart: chart, place: place, height: data[id].height });
      place.classList.add("is-drawn");
      boxed(place);
    });
  }
  function boxed(place) {
    var svg = place.querySelector("svg");
    if (svg) svg.setAttribute("viewBox", "0 0 " + svg.getAttribute("width") + " " + svg.getAttribute("height"));
  }
  function fit(paper) {
    drawn.forEach(function (item) {
      var half = item.place.closest(".hero-side");
      var width = paper ? (half ? paper / 2 - 20 : paper) : room(item.place);
      item.chart.resize({ width: width, height: paper && half ? 0.7 * item.height : item.height });
      item.chart.getZr().flush(); // paper does not wait for the next frame
      boxed(item.place);
    });
  }

  function tabs() {
    document.querySelectorAll("[data-tabs]").forEach(function (group) {
      var panels = Array.prototype.slice.call(group.querySelectorAll(":scope > [data-tab]"));
      if (panels.length < 2) return;
      var list = document.createElement("div");
      list.className = "tabs";
      list.setAttribute("role", "tablist");
      list.setAttribute("aria-label", group.dataset.tabs);
      var buttons = panels.map(function (panel, index) {
        var button = list.appendChild(document.createElement("button"));
        button.type = "button";
        button.textContent = panel.dataset.tab;
        button.id = panel.id + "-tab";
        button.setAttribute("role", "tab");
        button.setAttribute("aria-controls", panel.id);
        panel.setAttribute("role", "tabpanel");
        panel.setAttribute("aria-labelledby", button.id);
        button.addEventListener("click", function () { show(index); });
        button.addEventListener("keydown", function (event) {
          var step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (!step) return;
          event.preventDefault();
          show((index + step + panels.length) % panels.length).focus();
        });
        return button;
      });
      function show(chosen) {
        panels.forEach(function (panel, index) {
          panel.classList.toggle("is-away", index !== chosen);
          buttons[index].setAttribute("aria-selected", String(index === chosen));
          buttons[index].tabIndex = index === chosen ? 0 : -1;
        });
        return buttons[chosen];
      }
      group.insertBefore(list, panels[0]);
      show(0);
    });
  }

  tabs();
  function ready() { root.classList.add("is-ready"); }
  if (typeof echarts === "undefined") {
    ready();
  } else {
    // The letters must be there before their widths are measured.
    var letters = document.fonts ? document.fonts.load("12px 'Inter Report'") : Promise.resolve();
    letters.catch(function () {}).then(draw).then(ready);
    var waiting;
    window.addEventListener("resize", function () {
      clearTimeout(waiting);
      waiting = setTimeout(function () { fit(); }, 120);
    });
    window.addEventListener("beforeprint", function () { fit(680); });
    window.addEventListener("afterprint", function () { fit(); });
    // A part of the page was put in anew.
    document.addEventListener("keepers:charts", function () {
      drawn.splice(0).forEach(function (item) { item.chart.dispose(); });
      if (document.getElementById("chart-data")) draw();
    });
  }
})();
