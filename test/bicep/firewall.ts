import { z } from "zod";
import { resourcesOf, type Snapshot } from "../../bicep/cli.ts";

/** A request as Front Door sees it. */
export interface EdgeRequest {
  readonly method: string;
  /** The path and query as the caller spelled them. */
  readonly uri: string;
}

const VARIABLES = {
  RequestMethod: ({ method }: EdgeRequest) => method,
  RequestUri: ({ uri }: EdgeRequest) => uri,
};
const OPERATORS = {
  Any: () => true,
  Equal: (text: string, value: string) => text === value,
  Contains: (text: string, value: string) => text.includes(value),
  BeginsWith: (text: string, value: string) => text.startsWith(value),
  EndsWith: (text: string, value: string) => text.endsWith(value),
};
const TRANSFORMS = {
  Lowercase: (text: string) => text.toLowerCase(),
  Uppercase: (text: string) => text.toUpperCase(),
  Trim: (text: string) => text.trim(),
  UrlDecode: (text: string) => decodeURIComponent(text),
};
const nameIn = <T extends object>(table: T) => z.enum(Object.keys(table) as [keyof T & string]);

/** The parts of a custom rule that are understood here; a rule with another one is not, and fails the test. */
const rule = z.object({
  name: z.string(),
  ruleType: z.literal("RateLimitRule"),
  enabledState: z.literal("Enabled"),
  matchConditions: z
    .array(
      z.strictObject({
        matchVariable: nameIn(VARIABLES),
        operator: nameIn(OPERATORS),
        negateCondition: z.boolean().default(false),
        transforms: z.array(nameIn(TRANSFORMS)).default([]),
        matchValue: z.array(z.string()),
      }),
    )
    .nonempty(),
});

/**
 * Returns the predicate of the rate limit of a firewall: whether it counts a request. Conditions are as in "Custom rules for Azure Web
 * Application Firewall on Azure Front Door" (learn.microsoft.com): all have to match, each with one of its values, after its transforms.
 */
export function rateLimitOf(snapshot: Snapshot): (request: EdgeRequest) => boolean {
  const [policy] = resourcesOf(snapshot, "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies");
  const { rules } = z
    .object({ customRules: z.object({ rules: z.tuple([rule]) }) })
    .parse(policy?.properties).customRules;
  return (request) =>
    rules[0].matchConditions.every(({ matchVariable, operator, negateCondition, transforms, matchValue }) => {
      const text = transforms.reduce((value, name) => TRANSFORMS[name](value), VARIABLES[matchVariable](request));
      return matchValue.some((value) => OPERATORS[operator](text, value)) !== negateCondition;
    });
}
