import { printable } from "../../shared/model/single-line-text.ts";

/** A stored text, inert: nothing in it is markup, and its direction ends with it. */
export function NameText({ text }: { text: string }) {
  return <bdi translate="no">{printable(text)}</bdi>;
}
