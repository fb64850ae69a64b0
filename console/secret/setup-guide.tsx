import { makeStyles, Tab, TabList, Text, tokens } from "@fluentui/react-components";
import { Fragment, useId, useState } from "react";
import { CodeBlock } from "../parts/code-block.tsx";
import { CopyField } from "../parts/copy-field.tsx";
import type { Connection } from "./recipes/recipe.ts";
import { recipesFor } from "./recipes.ts";

const useStyles = makeStyles({
  root: { display: "grid", gap: tokens.spacingVerticalS, minWidth: 0 },
  tabs: { flexWrap: "wrap", marginInline: `calc(-1 * ${tokens.spacingHorizontalSNudge})` },
  panel: { display: "grid", gap: tokens.spacingVerticalM, minWidth: 0 },
});

interface SetupGuideProps {
  connection: Connection;
  onCopied?: ((text: string) => void) | undefined;
}

/** The connection of a client for each platform, ready to paste. */
export function SetupGuide({ connection, onCopied }: SetupGuideProps) {
  const styles = useStyles();
  const id = useId();
  const recipes = recipesFor(connection);
  const [platform, setPlatform] = useState("curl");
  /** References to ids are separated by spaces, so an id has none. */
  const tabId = (name: string) => `${id}-${name.replaceAll(" ", "-")}`;
  const recipe = recipes.find((other) => other.platform === platform);
  return (
    <section className={styles.root} aria-label="Set up the integration">
      <TabList
        size="small"
        className={styles.tabs}
        selectedValue={platform}
        onTabSelect={(_, { value }) => setPlatform(String(value))}
      >
        {recipes.map((other) => (
          <Tab
            key={other.platform}
            value={other.platform}
            id={tabId(other.platform)}
            {...(other.platform === platform && { "aria-controls": `${id}-panel` })}
          >
            {other.platform}
          </Tab>
        ))}
      </TabList>
      {recipe && (
        <div role="tabpanel" id={`${id}-panel`} aria-labelledby={tabId(platform)} className={styles.panel}>
          {recipe.steps.map(({ text, fields, code }) => (
            <Fragment key={text}>
              <Text>{text}</Text>
              {fields?.map(([name, value]) => (
                <CopyField key={name} label={name} value={value} onCopied={onCopied} />
              ))}
              {code && <CodeBlock code={code.text} what={code.name} onCopied={onCopied} />}
            </Fragment>
          ))}
        </div>
      )}
    </section>
  );
}
