/**
 * Makes an element. Children that are strings become text, never markup: names that cameras gave themselves are shown
 * as they are. `properties` are those of the element's object, as in `className` or `ariaLabel`.
 */
export function h(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Writes only what differs, so that a screen reader or a selection is not disturbed by news that are none. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A moment as an element that machines can read too. */
export function setTime(element, iso, text) {
  if (element.dateTime !== (iso ?? '')) element.dateTime = iso ?? '';
  setText(element, text);
}

/**
 * A list that follows its items, by their `id`: parts are made once, moved only when their place changed, and removed
 * with their item. `create()` gives `{ element, update(item) }`.
 */
export function createList(parent, create) {
  const parts = new Map();
  return (items) => {
    removeOthers(parts, new Set(items.map(({ id }) => id)));
    items.forEach((item, index) => {
      const part = parts.get(item.id) ?? create();
      parts.set(item.id, part);
      part.update(item);
      if (parent.children[index] !== part.element) parent.insertBefore(part.element, parent.children[index] ?? null);
    });
  };
}

function removeOthers(parts, kept) {
  for (const [id, part] of parts) {
    if (kept.has(id)) continue;
    part.element.remove();
    parts.delete(id);
  }
}

/** Many changes between two frames of the screen are one drawing; in a hidden tab there is none. */
export function createRenderer(render) {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      render();
    });
  };
}
