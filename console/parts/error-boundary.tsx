import { Component, type ReactNode } from "react";

/**
 * The last line of defence against an error while the page is drawn, by its own fault or because something else changed the document.
 * Plain elements: what failed may be the component library.
 */
export class ErrorBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <main className="stopped">
        <h1>This page has stopped working</h1>
        <p>
          Changes that were confirmed are made. If a secret was shown and you have not copied it, regenerate it. A
          translation by the browser or an extension may be the reason.
        </p>
        <button type="button" onClick={() => location.reload()}>
          Reload the page
        </button>
      </main>
    );
  }
}
