import { type Theme, webDarkTheme, webLightTheme } from "@fluentui/react-components";
import { useMedia } from "./parts/use-media.ts";

/** The theme that the reader's system asks for; paper is light. */
export function useTheme(): Theme {
  return useMedia("screen and (prefers-color-scheme: dark)") ? webDarkTheme : webLightTheme;
}
