import { FluentProvider } from "@fluentui/react-components";
import { useCallback } from "react";
import { ErrorNotice } from "./parts/error-notice.tsx";
import { readingDetailOf } from "./parts/error-words.ts";
import { FrameHeader } from "./parts/frame-header.tsx";
import { PendingNotice } from "./parts/pending-notice.tsx";
import { useRequest } from "./parts/use-request.ts";
import { loadSettings } from "./settings.ts";
import { openSignIn } from "./sign-in/open-sign-in.ts";
import { SignInGate } from "./sign-in/sign-in-gate.tsx";
import { useTheme } from "./theme.ts";

/** The admin page: it loads the settings, then shows the sign-in, then the clients. */
export function App() {
  const start = useCallback(async (signal: AbortSignal) => {
    const settings = await loadSettings(signal);
    return { settings, ...(await openSignIn(settings)) };
  }, []);
  const { data, error, reload } = useRequest(start);
  return (
    <FluentProvider theme={useTheme()}>
      {data && <SignInGate {...data} />}
      {!data && <FrameHeader />}
      {!data && !error && <PendingNotice label="Loading…" />}
      {!data && error && <ErrorNotice error={error} detail={readingDetailOf(error)} onRetry={reload} />}
    </FluentProvider>
  );
}
