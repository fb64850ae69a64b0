import { createContext, type ReactNode, useContext, useState } from "react";
import type { ConsoleSettings } from "../../shared/model/console-settings.ts";
import { type AdminApi, createAdminApi } from "../api/admin-api.ts";
import { SessionEndedDialog } from "./session-ended-dialog.tsx";
import type { Account, SignIn } from "./sign-in.ts";

/** What the page may use while somebody is signed in. */
export interface Session {
  account: Account;
  api: AdminApi;
  settings: ConsoleSettings;
  signOut: () => void;
}

const SessionContext = createContext<Session | undefined>(undefined);

interface SessionProviderProps {
  account: Account;
  signIn: SignIn;
  settings: ConsoleSettings;
  onSignedOut: () => void;
  children: ReactNode;
}

/** Gives the session to what is in it. When it ends, a new sign-in goes on where the old one stopped. */
export function SessionProvider({ account, signIn, settings, onSignedOut, children }: SessionProviderProps) {
  const [ended, setEnded] = useState(false);
  const newSession = (): Session => ({
    account,
    settings,
    api: createAdminApi(signIn, () => setEnded(true)),
    signOut: () => void signIn.end().then(onSignedOut),
  });
  const [session, setSession] = useState(newSession);
  const resume = () => {
    setEnded(false);
    // A new API, so that what failed for lack of a session is fetched again.
    setSession(newSession());
  };
  return (
    <SessionContext value={session}>
      {children}
      {ended && <SessionEndedDialog signIn={signIn} onSignedIn={resume} />}
    </SessionContext>
  );
}

/** The session that a component is in. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("There is no session here.");
  return session;
}
