// Another identity: what is new for it may differ, so the server draws the page again.

const picker = /** @type {HTMLSelectElement | null} */ (document.querySelector("select[data-switch]"));

picker?.addEventListener("change", () => {
  const url = new URL((picker.dataset.switch ?? "") + encodeURIComponent(picker.value), location.origin);
  if (url.origin === location.origin) location.replace(url);
});
