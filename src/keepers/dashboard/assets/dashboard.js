// The dashboard's behaviour: colours, numbers that follow events, pages that look again while work goes on.
(function () {
  "use strict";
  var root = document.documentElement;
  var button = document.getElementById("theme");
  if (button) button.addEventListener("click", function () {
    var dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("keepers-theme", root.dataset.theme); } catch (error) { /* not kept, then */ }
  });

  document.querySelectorAll("form[data-busy]").forEach(function (form) {
    form.addEventListener("submit", function () {
      var submit = form.querySelector("button[type=submit]");
      submit.disabled = true;
      submit.textContent = form.dataset.busy;
    });
  });

  // "/" goes to the search: that of the page, where it has one, else that of everybody.
  document.addEventListener("keydown", function (event) {
    var search = document.querySelector("main input[type=search]") || document.querySelector(".find input[type=search]");
    if (event.key === "/" && search && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) {
      event.preventDefault();
      var shut = search.closest("[popover]");
      if (shut && !search.offsetParent) shut.showPopover();
      search.focus();
    }
  });

  function plain(part) {
    var copy = part.cloneNode(true);
    // Buttons that a script has added are no news.
    copy.querySelectorAll(".save-row").forEach(function (row) { row.remove(); });
    return copy.innerHTML;
  }
  function again(ids) {
    return fetch(location.href, { headers: { "accept": "text/html" }, credentials: "same-origin" })
      .then(function (answer) { return answer.ok ? answer.text() : Promise.reject(answer.status); })
      .then(function (text) {
        var page = new DOMParser().parseFromString(text, "text/html");
        ids.forEach(function (id) {
          var fresh = page.getElementById(id), old = document.getElementById(id);
          if (fresh && old && plain(fresh) !== plain(old)) {
            old.replaceWith(document.importNode(fresh, true));
            document.getElementById(id).classList.add("pulse");
            document.dispatchEvent(new Event("keepers:tables"));
          }
        });
        return page;
      });
  }

  var work = document.querySelector("[data-refresh]");
  if (work) {
    var look = function () {
      again(["jobs", "sources"]).then(function (page) {
        var waiting = page.querySelector("[data-refresh]");
        // What was waited for is there: the whole page says other things now.
        if (!waiting) location.reload();
      }).catch(function () { /* the next look may find it */ });
    };
    setInterval(look, 1000 * Number(work.dataset.refresh));
  }

  var live = document.getElementById("live");
  if (!live || document.body.dataset.live !== "1" || !window.EventSource) return;
  var word = document.getElementById("live-word");
  var news = new EventSource("/news");
  var due = false;
  news.onopen = function () { live.hidden = false; live.classList.remove("off"); word.textContent = "listening"; };
  news.onerror = function () { live.classList.add("off"); word.textContent = "connecting again"; };
  news.addEventListener("customers", function (event) {
    var said = JSON.parse(event.data);
    word.textContent = said.changed === 1 ? "1 customer changed" : said.changed + " customers changed";
    if (due) return;
    // However fast events come, the page looks once in two seconds.
    due = true;
    setTimeout(function () { due = false; again(["total", "feed"]).catch(function () {}); }, 300);
    setTimeout(function () { due = false; }, 2000);
  });
  news.addEventListener("values", function () { location.reload(); });
})();
