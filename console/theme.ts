import { type Theme, webDarkTheme, webLightTheme } from "@fluentui/react-components";
import { useMedia } from "./parts/use-media.ts";

/** The theme that the reader's system asks for. */
export function useTheme(): Theme {
  return useMedia("(prefers-color-scheme: dark)") ? webDarkTheme : webLightTheme;
}
