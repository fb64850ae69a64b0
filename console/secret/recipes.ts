import { n8n, sentinel, shuffle, splunkSoar, tines, xsoar } from "./recipes/platforms.ts";
import { csharp, curl, go, java, node, powershell, python } from "./recipes/programs.ts";
import type { Connection, Recipe } from "./recipes/recipe.ts";

const RECIPES = [
  ...[curl, python, powershell, csharp, java, node, go],
  ...[xsoar, splunkSoar, sentinel, n8n, tines, shuffle],
];

/**
 * Makes the recipe of every platform, with the values filled in. All of them fit into any quotes and into a form: their alphabets need
 * no escaping.
 */
export function recipesFor(connection: Connection): Recipe[] {
  return RECIPES.map((recipe) => recipe(connection));
}
