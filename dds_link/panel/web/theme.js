// Light or dark: as the system says, until somebody chooses.
const ORDER = ["auto", "light", "dark"];

export function theme() {
  return ORDER.includes(localStorage.ddsLinkTheme) ? localStorage.ddsLinkTheme : "auto";
}

export function loadTheme() {
  document.documentElement.dataset.theme = theme();
}

export function nextTheme() {
  localStorage.ddsLinkTheme = ORDER[(ORDER.indexOf(theme()) + 1) % ORDER.length];
  loadTheme();
  return theme();
}
