import { Button, type ButtonProps, Tooltip } from "@fluentui/react-components";
import { CheckmarkRegular } from "@fluentui/react-icons/svg/checkmark";
import { CopyRegular } from "@fluentui/react-icons/svg/copy";
import { useEffect, useState } from "react";
import { ChangingText } from "./changing-text.tsx";

const SHOW_RESULT_MS = 2_500;

interface CopyButtonProps {
  text: string;
  /** The name of the text in the button's label: `client secret`. */
  what: string;
  /** Shows the label in the button and not as a tooltip. */
  labelled?: boolean;
  appearance?: ButtonProps["appearance"];
  onCopied?: ((text: string) => void) | undefined;
}

/** Copies a text and shows the outcome. */
export function CopyButton({ text, what, labelled = false, appearance = "subtle", onCopied }: CopyButtonProps) {
  const [result, setResult] = useState<"copied" | "failed">();

  useEffect(() => {
    if (!result) return;
    const timer = setTimeout(() => setResult(undefined), SHOW_RESULT_MS);
    return () => clearTimeout(timer);
  }, [result]);

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setResult("copied");
      onCopied?.(text);
    } catch {
      setResult("failed");
    }
  };

  const label = {
    copied: "Copied",
    failed: "Not allowed: select it and copy",
    idle: labelled ? "Copy" : `Copy ${what}`,
  }[result ?? "idle"];
  const button = (
    <Button
      appearance={appearance}
      size={labelled ? "medium" : "small"}
      icon={result === "copied" ? <CheckmarkRegular /> : <CopyRegular />}
      onClick={() => void copy()}
      {...(labelled && { "aria-label": result ? label : `Copy ${what}` })}
    >
      {labelled && <ChangingText>{label}</ChangingText>}
    </Button>
  );
  return (
    <>
      {labelled ? (
        button
      ) : (
        <Tooltip content={label} relationship="label" {...(result && { visible: true })}>
          {button}
        </Tooltip>
      )}
      <span role="status" className="visually-hidden">
        {result && (result === "copied" ? `Copied ${what}.` : `The browser did not allow to copy ${what}.`)}
      </span>
    </>
  );
}
