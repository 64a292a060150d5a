// Making elements. Whatever comes from an event is set as text, never as HTML.

/** An element with attributes and children; children that are not nodes become text. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  for (const child of children) element.append(child instanceof Node ? child : String(child ?? ""));
  return element;
}

export const byId = (id) => document.getElementById(id);

export function setText(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}

/** A table; columns: [title, isNumber]. rows: lists of texts or nodes. Without rows the text empty. */
export function table(columns, rows, empty) {
  if (rows.length === 0) return make("p", { class: "empty" }, empty);
  const cell = (name) => (value, i) => make(name, { class: columns[i][1] ? "number" : null, scope: name === "th" ? "col" : null }, value);
  const head = make("tr", {}, ...columns.map((c) => c[0]).map(cell("th")));
  const body = rows.map((row) => make("tr", {}, ...row.map(cell("td"))));
  return make("div", { class: "scroll" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...body)));
}

/** Shows content in place of what is there; leaves it alone while somebody selects text in it. */
export function replace(id, ...content) {
  const place = byId(id);
  const selection = document.getSelection();
  if (selection && !selection.isCollapsed && place.contains(selection.anchorNode)) return;
  if (place.contains(document.activeElement)) return;
  place.replaceChildren(...content);
}
