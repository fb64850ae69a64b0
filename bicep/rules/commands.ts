import { COMMANDS, GLOBAL_FLAGS } from "./command-list.ts";
import type { Rule } from "./project.ts";

const CODE = /^```(?:sh|bash|powershell)\n(?<block>[\s\S]*?)^```|(?<!`)`(?<inline>[^`\n]+)`/gm;
/** Where a command starts: at the start of a line or after what separates commands. */
const START = /(?<=^|[($;|&{]|\bdo|\bthen|=)[ \t]*(?=azd? )/gm;

const WORD = /[ \t]*(?!#)(?:\\[\s\S]|"(?:\\[\s\S]|[^"\\])*"|'[^']*'|\$\((?:[^()]|\([^()]*\))*\)|[^\s;|&()'"\\])+/gy;

/** Every `az` and `azd` command in the documents has a sub-command that exists, with flags that it takes. */
export const commandsParse: Rule = {
  name: "commands-parse",
  check: ({ files }) =>
    [...files]
      .filter(([path]) => path.endsWith(".md"))
      .flatMap(([path, text]) =>
        commandsIn(text).flatMap((words) => faultOf(words).map((fault) => `${path}: ${fault}`)),
      ),
};

/** The commands in the code of a document, each as its words. */
export function commandsIn(markdown: string): string[][] {
  const code = [...markdown.matchAll(CODE)].map(({ groups }) => groups?.block ?? groups?.inline ?? "");
  return code.flatMap((text) => [...text.matchAll(START)].map(({ index }) => wordsFrom(text.slice(index).trimStart())));
}

function faultOf(words: string[]): string[] {
  const length = words.findLastIndex((_, i) => words.slice(0, i + 1).join(" ") in COMMANDS) + 1;
  const command = words.slice(0, length).join(" ");
  // az takes no bare values; azd does, after the sub-command.
  const isUnknown =
    length === 0 || (words[0] === "az" && words[length] !== undefined && !words[length]?.startsWith("-"));
  if (isUnknown) return [`\`${words.join(" ")}\` is not in the list of commands.`];
  const flags = words.filter((word) => word.startsWith("-")).map((word) => word.replace(/=.*/s, ""));
  const taken = [...(COMMANDS[command] ?? "").split(" "), ...GLOBAL_FLAGS[words[0] === "az" ? "az" : "azd"]];
  return flags.filter((flag) => !taken.includes(flag)).map((flag) => `\`${command}\` does not take ${flag}.`);
}

/** Splits a command of a shell into its words, up to its end. Quotes, and what is substituted, stay inside a word. */
function wordsFrom(text: string): string[] {
  return [...text.replace(/\\\n/g, " ").matchAll(WORD)].map(([word]) => word.trim());
}
