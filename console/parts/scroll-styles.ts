import { type GriffelStyle, tokens } from "@fluentui/react-components";

/**
 * Makes the style of a box that scrolls up and down: a shadow at each edge beyond which there is more. The covers scroll with the content
 * and hide the shadows at its ends (background-attachment: local).
 */
export function scrollShadows(background: string): GriffelStyle {
  const cover = (side: string) => `linear-gradient(to ${side}, ${background} 50%, transparent)`;
  const shadow = (side: string) => `linear-gradient(to ${side}, ${tokens.colorNeutralShadowKey}, transparent)`;
  return {
    backgroundColor: background,
    backgroundImage: `${cover("bottom")}, ${cover("top")}, ${shadow("bottom")}, ${shadow("top")}`,
    backgroundRepeat: "no-repeat",
    backgroundPosition: "top, bottom, top, bottom",
    backgroundSize: "100% 1.5rem, 100% 1.5rem, 100% 0.5rem, 100% 0.5rem",
    backgroundAttachment: "local, local, scroll, scroll",
  };
}
