// The scopes of a resource: a row more or less at once. Without this the buttons ask the server for the page with it.

const list = /** @type {HTMLElement | null} */ (document.getElementById("scopes"));
const add = document.querySelector("button[name=add]");

/** Names the rows by their place, as the server does. */
function number() {
  [...(list?.children ?? [])].forEach((row, place) => {
    row.setAttribute("aria-label", `Scope ${place + 1}`);
    for (const field of row.querySelectorAll("input, select, textarea")) {
      row.querySelector(`label[for="${field.id}"]`)?.setAttribute("for", `${field.id.split("-")[0]}-${place}`);
      field.id = `${field.id.split("-")[0]}-${place}`;
    }
    const remove = /** @type {HTMLButtonElement} */ (row.querySelector("button[name=remove]"));
    remove.value = String(place);
    const hush = remove.querySelector(".hush");
    if (hush) hush.textContent = ` scope ${place + 1}`;
  });
}

/** Takes out what was typed and what was said about it. @param {Element} row */
function empty(row) {
  for (const field of /** @type {NodeListOf<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>} */ (row.querySelectorAll("input, select, textarea"))) {
    field.value = field.tagName === "SELECT" ? "low" : "";
    for (const name of ["aria-invalid", "aria-describedby", "autofocus"]) field.removeAttribute(name);
  }
  for (const said of row.querySelectorAll(".bad")) said.remove();
}

add?.addEventListener("click", (event) => {
  const last = list?.lastElementChild;
  if (!list || !last) return;
  event.preventDefault();
  const row = /** @type {HTMLElement} */ (last.cloneNode(true));
  empty(row);
  list.append(row);
  number();
  row.querySelector("input")?.focus();
});

list?.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("button[name=remove]");
  const row = button?.closest("li");
  if (!row) return;
  event.preventDefault();
  if (list.children.length === 1) empty(row);
  else row.remove();
  number();
  /** @type {HTMLElement | null} */ (add)?.focus();
});
