// Runs before the page is drawn: the theme that was chosen here, if one was.
const chosen = localStorage.getItem("tracegraph-theme");
if (chosen) document.documentElement.dataset.theme = chosen;
