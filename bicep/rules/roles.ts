import { z } from "zod";
import { resourcesOf } from "../cli.ts";
import type { Rule } from "./project.ts";

/** Roles that manage resources or give out roles. https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/privileged */
const PRIVILEGED: Record<string, string> = {
  "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
  "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
  "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
  "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
};

const permissionsSchema = z.array(z.object({ actions: z.array(z.string()), dataActions: z.array(z.string()) }));

/** No identity of the installation manages resources, and none may do whatever there is to do with data. */
export const noPrivilegedRole: Rule = {
  name: "no-privileged-role",
  check: (project) =>
    project.names.flatMap((name) => {
      const snapshot = project.deployment(name);
      const granted = resourcesOf(snapshot, "Microsoft.Authorization/roleAssignments")
        .map(({ properties }) => PRIVILEGED[String(properties?.roleDefinitionId).split("/").at(-1) ?? ""])
        .filter((role) => role !== undefined);
      const wide = resourcesOf(snapshot, "Microsoft.Authorization/roleDefinitions").filter(({ properties }) =>
        permissionsSchema
          .parse(properties?.permissions)
          .some(({ actions, dataActions }) => actions.length > 0 || dataActions.some((action) => action.includes("*"))),
      );
      return [
        ...granted.map((role) => `${name}: somebody is made ${role}.`),
        ...wide.map(({ properties }) => `${name}: ${properties?.roleName} is wider than named operations on data.`),
      ];
    }),
};
