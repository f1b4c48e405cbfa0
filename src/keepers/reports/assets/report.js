// The report's behaviour: the theme and the menu that follows what is read.
(function () {
  "use strict";
  var root = document.documentElement;

  function theme() {
    var button = document.getElementById("theme");
    if (!button) return;
    var system = window.matchMedia("(prefers-color-scheme: dark)");
    function dark() { return root.dataset.theme ? root.dataset.theme === "dark" : system.matches; }
    function name() {
      button.setAttribute("aria-label", dark() ? "Show in light colours" : "Show in dark colours");
      button.title = button.getAttribute("aria-label");
    }
    button.addEventListener("click", function () {
      root.dataset.theme = dark() ? "light" : "dark";
      try { localStorage.setItem("keepers-theme", root.dataset.theme); } catch (error) { /* not kept */ }
      name();
    });
    if (system.addEventListener) system.addEventListener("change", name);
    name();
  }

  function menu() {
    var links = Array.prototype.slice.call(document.querySelectorAll(".menu a"));
    if (!("IntersectionObserver" in window) || !links.length) return;
    var seen = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (!entry.isIntersecting) return;
        links.forEach(function (link) {
          if (link.hash !== "#" + entry.target.id) return link.removeAttribute("aria-current");
          link.setAttribute("aria-current", "true");
          var bar = link.closest(".menu");
          bar.scrollTo({ left: link.offsetLeft - bar.clientWidth / 2 + link.clientWidth / 2 });
        });
      });
    }, { rootMargin: "-20% 0px -75% 0px" });
    document.querySelectorAll(".section").forEach(function (section) { seen.observe(section); });
  }

  theme();
  menu();
})();
