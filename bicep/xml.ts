/** One element of an XML document; text between elements is kept trimmed. */
export interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** What may stand next: a comment, an end tag, a start tag with its attributes, or text. */
const TOKEN =
  /<!--(?:(?!--).)*-->|<\/(?<end>[\w-]+)\s*>|<(?<start>[\w-]+)(?<attributes>(?:\s+[\w-]+=(?:"[^"<]*"|'[^'<]*'))*)\s*(?<empty>\/?)>|(?<text>[^<]+)/sy;
const ATTRIBUTE = /([\w-]+)=(".*?"|'.*?')/gs;

/**
 * Parses the XML that policies are made of: elements, attributes, text, comments.
 *
 * @throws Error that says why the document is not well formed.
 */
export function parseXml(xml: string): Element {
  const root: Element = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  for (const { end, start, attributes = "", empty, text = "" } of tokensOf(xml)) {
    const parent = open.at(-1) ?? root;
    parent.text += decode(text.trim());
    if (end && end !== parent.name) throw new Error(`unexpected </${end}>`);
    if (end) open.pop();
    if (!start) continue;
    const element: Element = { name: start, attributes: attributesOf(attributes), children: [], text: "" };
    parent.children.push(element);
    if (!empty) open.push(element);
  }
  const [document, ...others] = root.children;
  if (!document || others.length > 0 || open.length > 1 || root.text) throw new Error("not one whole document");
  return document;
}

/** The element and all below it, in the order of the document. */
export function elementsOf(element: Element): Element[] {
  return [element, ...element.children.flatMap(elementsOf)];
}

function* tokensOf(xml: string): Generator<Record<string, string | undefined>> {
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < xml.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(xml);
    if (!match) throw new Error(`not well formed at line ${xml.slice(0, at).split("\n").length}`);
    const next = TOKEN.lastIndex;
    yield match.groups ?? {};
    TOKEN.lastIndex = next;
  }
}

function attributesOf(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name = "", quoted = ""] of text.matchAll(ATTRIBUTE)) {
    if (name in attributes) throw new Error(`${name} is repeated`);
    attributes[name] = decode(quoted.slice(1, -1));
  }
  return attributes;
}

function decode(text: string): string {
  return text.replace(/&(\w*)(;?)/g, (reference, entity: string, end: string) => {
    const character = ENTITIES[entity];
    if (!end || character === undefined) throw new Error(`bare & in "${reference}"`);
    return character;
  });
}
