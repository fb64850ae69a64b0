/**
 * A text that changes, or that comes and goes beside others. It has an element of its own, which is replaced with it: a browser that
 * translates the page puts elements of its own in the place of text nodes, so that React can neither change nor remove those.
 */
export function ChangingText({ children }: { children: string }) {
  return <span key={children}>{children}</span>;
}
