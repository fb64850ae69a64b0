import {
  Button,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  makeStyles,
  Text,
  tokens,
} from "@fluentui/react-components";
import { ErrorCircleFilled } from "@fluentui/react-icons/svg/error-circle";
import { PlugConnectedRegular } from "@fluentui/react-icons/svg/plug-connected";
import { useState } from "react";
import type { Credentials } from "../api/admin-api.ts";
import { requestToken, type TokenOutcome } from "../api/token-request.ts";
import { ChangingText } from "../parts/changing-text.tsx";
import { RequestId } from "../parts/request-id.tsx";
import { minutesOf } from "../parts/time-words.ts";

const useStyles = makeStyles({
  root: { display: "grid", gap: tokens.spacingVerticalS, justifyItems: "start" },
  start: {
    display: "flex",
    flexWrap: "wrap",
    alignItems: "center",
    gap: `${tokens.spacingVerticalXS} ${tokens.spacingHorizontalM}`,
  },
  aside: { color: tokens.colorNeutralForeground3 },
  result: { width: "100%", boxSizing: "border-box" },
});

interface TestConnectionProps {
  tokenEndpoint: string;
  credentials: Credentials;
}

/** Requests a token with the credentials, as the integration will, and shows the outcome. */
export function TestConnection({ tokenEndpoint, credentials }: TestConnectionProps) {
  const styles = useStyles();
  const [state, setState] = useState<TokenOutcome | "idle" | "pending" | "no-answer">("idle");
  const test = async () => {
    setState("pending");
    setState(await requestToken(tokenEndpoint, credentials).catch(() => "no-answer" as const));
  };
  const pending = state === "pending";
  return (
    <div className={styles.root}>
      <div className={styles.start}>
        <Button icon={<PlugConnectedRegular />} disabledFocusable={pending} onClick={() => void test()}>
          <ChangingText>{pending ? "Testing…" : "Test connection"}</ChangingText>
        </Button>
        <Text size={200} className={styles.aside}>
          Requests a token and discards it. The client counts as used from then on.
        </Text>
      </div>
      <div role="status" className={styles.result}>
        {typeof state === "object" && <Outcome outcome={state} />}
        {state === "no-answer" && (
          <Result intent="warning" title="No answer reached this page.">
            That says nothing about the secret. The token endpoint {tokenEndpoint} may be out of reach of this browser:
            try the curl command below from where the integration runs.
          </Result>
        )}
      </div>
    </div>
  );
}

function Outcome({ outcome }: { outcome: TokenOutcome }) {
  return outcome.ok ? (
    <Result intent="success" title="It works.">
      Got a token for {minutesOf(outcome.lifetimeSeconds)} with {outcome.scopes.join(", ")}.
    </Result>
  ) : (
    <Result intent="error" title={`The token endpoint refused with ${outcome.status}.`}>
      {outcome.reason}
      {outcome.requestId && <RequestId id={outcome.requestId} />}
    </Result>
  );
}

function Result(props: { intent: "success" | "warning" | "error"; title: string; children: React.ReactNode }) {
  return (
    <MessageBar
      intent={props.intent}
      layout="multiline"
      {...(props.intent === "error" && { icon: <ErrorCircleFilled /> })}
    >
      <MessageBarBody>
        <MessageBarTitle>{props.title}</MessageBarTitle>
        {props.children}
      </MessageBarBody>
    </MessageBar>
  );
}
