// Before anything is painted: the theme that the reader chose earlier.
try {
  var chosen = localStorage.getItem("keepers-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch (error) { /* a file opened without storage follows the system */ }
document.documentElement.classList.add("js");
