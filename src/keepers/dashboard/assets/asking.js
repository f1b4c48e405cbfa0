// Forms that are answered while they are filled in. Without it their button does the same.
(function () {
  "use strict";
  document.querySelectorAll("form[data-asks]").forEach(function (form) {
    var waiting, newest = 0;
    function ask() {
      var place = document.getElementById(form.dataset.asks);
      var said = new URLSearchParams(new FormData(form));
      Array.from(said.keys()).forEach(function (name) { if (!said.get(name)) said.delete(name); });
      var address = form.getAttribute("action") + (String(said) ? "?" + said : "");
      var mine = ++newest;
      place.setAttribute("aria-busy", "true");
      fetch(address, { headers: { "accept": "text/html" }, credentials: "same-origin" })
        .then(function (answer) { return answer.ok ? answer.text() : Promise.reject(answer.status); })
        .then(function (text) {
          if (mine !== newest) return; // another question was asked meanwhile
          var fresh = new DOMParser().parseFromString(text, "text/html").getElementById(place.id);
          place.replaceChildren.apply(place, Array.from(document.importNode(fresh, true).childNodes));
          place.setAttribute("aria-busy", "false");
          history.replaceState(null, "", address);
          document.dispatchEvent(new Event("keepers:charts"));
        })
        .catch(function () { if (mine === newest) form.submit(); });
    }
    form.addEventListener("input", function () { clearTimeout(waiting); waiting = setTimeout(ask, 300); });
    form.addEventListener("submit", function (event) { event.preventDefault(); clearTimeout(waiting); ask(); });
  });
})();
