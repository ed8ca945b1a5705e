// The API's description, from openapi.json: readable, and from no other host.

import { ask } from "/static/api.js";
import { element } from "/static/elements.js";

const nameOf = (schema = {}) => {
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.anyOf) return schema.anyOf.map(nameOf).join(" or ");
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" or ");
  if (schema.type === "array") return `list of ${nameOf(schema.items)}`;
  return schema.format ?? schema.type ?? "anything";
};

function table(rows) {
  const made = element("table");
  for (const [name, kind, text] of rows) {
    const row = element("tr");
    const cell = element("td");
    if (kind) cell.append(element("code", kind), " ");
    cell.append(text ?? "");
    const head = element("th", name);
    head.scope = "row";
    row.append(head, cell);
    made.append(row);
  }
  return made;
}

function describe(path, method, operation) {
  const article = element("article", "", "operation");
  const head = element("h3", ` ${path}`);
  head.prepend(element("b", method.toUpperCase()));
  article.append(head, element("p", operation.description));
  const given = (operation.parameters ?? []).map((one) =>
    [one.name, nameOf(one.schema), one.description]);
  const body = operation.requestBody?.content?.["application/json"]?.schema;
  if (body) given.push(["body", nameOf(body), body.description]);
  const answers = Object.entries(operation.responses).map(([status, answer]) => {
    const [kind, content] = Object.entries(answer.content ?? {})[0] ?? [];
    const what = kind === "application/json" ? nameOf(content.schema) : kind;
    return [status, what, answer.description];
  });
  article.append(table([...given, ...answers]));
  return article;
}

function describeModel(name, model) {
  const article = element("article", "", "model");
  article.append(element("h3", name), element("p", model.description ?? ""));
  article.append(table(Object.entries(model.properties ?? {}).map(([field, schema]) =>
    [field, nameOf(schema), schema.description])));
  return article;
}

try {
  const schema = await ask("GET", "/v1/openapi.json");
  const sections = new Map();
  for (const [path, operations] of Object.entries(schema.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const tag = operation.tags?.[0] ?? "other";
      if (!sections.has(tag)) sections.set(tag, [element("h2", tag)]);
      sections.get(tag).push(describe(path, method, operation));
    }
  }
  const models = Object.entries(schema.components.schemas).filter(([name]) => !/Error/.test(name));
  sections.set("models", [element("h2", "models"),
    ...models.map(([name, model]) => describeModel(name, model))]);
  document.getElementById("intro").textContent = schema.info.description.trim();
  document.getElementById("main").append(...[...sections.values()].flat());
} catch (failure) {
  document.getElementById("intro").textContent =
    `${failure.message}${failure.status === 401 ? ": open the live page and give it there" : ""}`;
}
