// A public name as Markdown: its signature, and what its docstring says.

import { ReflectionKind } from "typedoc";

/** A section with a heading. Names without a docstring are added to `undocumented`. */
export function section(reflection, undocumented) {
  const { name, kind } = reflection;
  const parts = [`### ${name}`];
  if (kind === ReflectionKind.Function) parts.push(...functionParts(reflection, undocumented));
  else if (kind === ReflectionKind.Class) parts.push(...classParts(reflection, undocumented));
  else if (kind === ReflectionKind.Interface) parts.push(...interfaceParts(reflection, undocumented));
  else
    parts.push(
      code(`${kind === ReflectionKind.Variable ? "const" : "type"} ${typeText(reflection)}`),
      ...documented(reflection, undocumented),
    );
  return parts.filter(Boolean).join("\n\n");
}

function functionParts(reflection, undocumented) {
  const signatures = reflection.signatures;
  return [
    code(signatures.map((one) => signatureText(one)).join("\n")),
    ...documented(signatures.find(({ comment }) => comment) ?? signatures[0], undocumented),
  ];
}

function classParts(reflection, undocumented) {
  const { name, children = [] } = reflection;
  const own = children.find(({ kind }) => kind === ReflectionKind.Constructor)?.signatures[0];
  const parts = documented(reflection.comment ? reflection : (own ?? reflection), undocumented);
  if (own) {
    parts.push(code(signatureText(own).replace(/^\w+/, `new ${name}`)));
    if (reflection.comment) parts.push(...comment(own.comment));
  }
  for (const member of children.filter(({ kind }) => kind !== ReflectionKind.Constructor)) {
    if (member.name.startsWith("[")) continue;
    parts.push(`#### ${name}.${member.name}`, ...memberParts(member, undocumented));
  }
  return parts;
}

function memberParts(member, undocumented) {
  if (member.kind === ReflectionKind.Method) return functionParts(member, undocumented);
  const { getSignature, setSignature } = member;
  if (!getSignature)
    return [
      code(`${member.flags.isReadonly ? "readonly " : ""}${typeText(member)}`),
      ...documented(member, undocumented),
    ];
  const lines = [`get ${member.name}(): ${getSignature.type}`];
  if (setSignature && String(setSignature.parameters[0].type) !== "never")
    lines.push(`set ${member.name}(${parameters(setSignature)})`);
  return [code(lines.join("\n")), ...documented(getSignature, undocumented), ...comment(setSignature?.comment)];
}

function interfaceParts(reflection, undocumented) {
  const members = (reflection.children ?? []).filter(({ name }) => !name.startsWith("["));
  const rows = members.map((child) => {
    const { name, flags, type, signatures } = child;
    const what = type ? String(type) : signatures.map((one) => signatureText(one)).join("; ");
    const text = [...documented(child.signatures?.[0] ?? child, undocumented)].join(" ").replaceAll("\n", " ");
    return `| \`${name}${flags.isOptional ? "?" : ""}\` | \`${what.replaceAll("|", "\\|")}\` | ${text.replaceAll("|", "\\|")} |`;
  });
  const from = reflection.extendedTypes?.map(String).join(", ");
  return [
    ...documented(reflection, undocumented),
    from ? `With all of \`${from}\`.` : "",
    rows.length > 0 ? ["| | type | |", "| --- | --- | --- |", ...rows].join("\n") : "",
  ];
}

const code = (text) => `\`\`\`typescript\n${text}\n\`\`\``;

function signatureText(signature) {
  const generics = signature.typeParameters?.map(({ name, type, default: otherwise }) =>
    [name, type ? ` extends ${type}` : "", otherwise ? ` = ${otherwise}` : ""].join(""),
  );
  return `${signature.name}${generics ? `<${generics.join(", ")}>` : ""}(${parameters(signature)}): ${signature.type}`;
}

function parameters({ parameters: list = [] }) {
  return list
    .map(({ name, flags, type, defaultValue }) => {
      const rest = flags.isRest ? "..." : "";
      return `${rest}${name === "__namedParameters" ? "options" : name}${flags.isOptional || defaultValue ? "?" : ""}: ${type}`;
    })
    .join(", ");
}

function typeText({ name, type, typeParameters }) {
  const generics = typeParameters ? `<${typeParameters.map(({ name }) => name).join(", ")}>` : "";
  return `${name}${generics}${type ? `: ${type}` : ""}`;
}

/** What the docstring says. A name without one is noted, unless it is a property, which its own name may explain. */
function documented(reflection, undocumented) {
  const { kind, parent } = reflection;
  const isProperty = [ReflectionKind.Property, ReflectionKind.Accessor, ReflectionKind.GetSignature].includes(kind);
  if (!reflection.comment && !isProperty) {
    undocumented.push((kind === ReflectionKind.CallSignature ? parent : reflection).getFullName());
  }
  return comment(reflection.comment, reflection.parameters);
}

export function comment(given, list = []) {
  const described = list.filter(({ comment: own }) => own?.summary.length > 0);
  const parameterLines = described.map(({ name, comment: own }) => `* \`${name}\`: ${textOf(own.summary)}`);
  const tags = (given?.blockTags ?? []).map(({ tag, content }) => {
    const text = textOf(content).trim();
    if (tag === "@returns") return `Returns ${text}`;
    if (tag === "@throws") return `Throws ${text}`;
    return tag === "@param" ? "" : text;
  });
  return [given ? textOf(given.summary) : "", parameterLines.join("\n"), ...tags].filter(Boolean);
}

/** Examples in docstrings are parts of programs, which the tests of documents must not run. */
const textOf = (parts) =>
  parts
    .map(({ text }) => text)
    .join("")
    .trim()
    .replace(/^```ts$/gm, "```typescript")
    .replace(/\n {2}(?=\S)/g, "\n");
