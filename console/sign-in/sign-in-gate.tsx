import { useCallback, useState } from "react";
import type { ConsoleSettings } from "../../shared/model/console-settings.ts";
import { ClientsPage } from "../clients/clients-page.tsx";
import type { OpenedSignIn } from "./open-sign-in.ts";
import { SessionProvider } from "./session.tsx";
import { Welcome } from "./welcome.tsx";

/** Shows the clients after a sign-in, and the welcome page before. */
export function SignInGate({
  settings,
  signIn,
  account: resumed,
  refusal,
}: OpenedSignIn & { settings: ConsoleSettings }) {
  const [account, setAccount] = useState(resumed);
  const forget = useCallback(() => setAccount(undefined), []);
  if (!account) {
    const local = settings.sign_in === "local";
    return <Welcome signIn={signIn} local={local} refusal={refusal} onSignedIn={setAccount} />;
  }
  return (
    <SessionProvider account={account} signIn={signIn} settings={settings} onSignedOut={forget}>
      <ClientsPage />
    </SessionProvider>
  );
}
