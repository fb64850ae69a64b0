import { createContext, type ReactNode, useContext, useState } from "react";
import type { ConsoleSettings } from "../../shared/model/console-settings.ts";
import { type AdminApi, createAdminApi } from "../api/admin-api.ts";
import { SessionEndedDialog } from "./session-ended-dialog.tsx";
import type { Account, SignIn } from "./sign-in.ts";

/** The account, the admin API and the settings during a session. */
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

/** Provides the session to its children. After its end a new sign-in continues at the same place. */
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
    // A new API, so that the requests that failed without a session are sent again.
    setSession(newSession());
  };
  return (
    <SessionContext value={session}>
      {children}
      {ended && <SessionEndedDialog signIn={signIn} onSignedIn={resume} />}
    </SessionContext>
  );
}

/** Returns the session of a component. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("There is no session here.");
  return session;
}
