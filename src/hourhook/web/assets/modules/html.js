// The only place where text from the server becomes elements: the Trusted Types policy `hourhook`.
// It gets nothing but fragments of our own templates, which escape what users wrote.
const policy = window.trustedTypes?.createPolicy("hourhook", { createHTML: (text) => text });

/** Parse a fragment from this server into a document. */
export function parse(text) {
  return new DOMParser().parseFromString(policy ? policy.createHTML(text) : text, "text/html");
}

/** Replace the content of an element by that of a fragment; leave it alone if nothing changed. */
export function replaceContent(element, fragment) {
  if (element.innerHTML === fragment.innerHTML) return false;
  element.replaceChildren(...fragment.childNodes);
  return true;
}
