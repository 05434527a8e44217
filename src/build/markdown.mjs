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
  const bases = basesOf(reflection);
  if (bases.length > 0) parts.push(`It has what ${link(bases.at(-1))} has as well.`);
  const members = children.filter((child) => isOwn(child, bases));
  parts.push(
    table(
      members.filter(({ kind }) => kind === ReflectionKind.Property),
      undocumented,
    ),
  );
  for (const member of members.filter(({ kind }) => kind !== ReflectionKind.Property)) {
    parts.push(`#### ${name}.${member.name}`, ...memberParts(member, undocumented));
  }
  return parts;
}

/** Abstract classes of the same module with no member that this one has not: what lies between is not public. */
function basesOf(reflection) {
  const has = ({ name }) => reflection.getChildByName([name]);
  const members = ({ children = [] }) => children.filter(({ kind }) => kind !== ReflectionKind.Constructor);
  const others = reflection.parent.children.filter((other) => other !== reflection && other.flags.isAbstract);
  return others.filter((other) => members(other).every(has)).sort((a, b) => members(a).length - members(b).length);
}

const link = ({ name }) => `[\`${name}\`](#${name.toLowerCase()})`;

/** Whether a member has to be shown: not what a base class says in the same words. */
function isOwn(member, bases) {
  if (member.kind === ReflectionKind.Constructor || member.name.startsWith("[")) return false;
  const text = (one) => memberParts(one, []).join("\n");
  return !bases.some((base) => {
    const inherited = base.getChildByName([member.name]);
    return inherited && text(inherited) === text(member);
  });
}

function memberParts(member, undocumented) {
  const { name, kind, flags, getSignature, setSignature } = member;
  if (kind === ReflectionKind.Method) return functionParts(member, undocumented);
  if (!getSignature)
    return [code(`${flags.isReadonly ? "readonly " : ""}${typeText(member)}`), ...comment(member.comment)];
  const lines = [`get ${name}(): ${getSignature.type}`];
  const settable = setSignature && String(setSignature.parameters[0].type) !== "never";
  if (settable) lines.push(`set ${name}(${parameters(setSignature)})`);
  return [code(lines.join("\n")), ...documented(getSignature, undocumented), ...comment(setSignature?.comment)];
}

function interfaceParts(reflection, undocumented) {
  const { children = [], extendedTypes = [] } = reflection;
  const bases = extendedTypes.map(({ reflection: base }) => base).filter(Boolean);
  const isInherited = ({ inheritedFrom }) => bases.includes(inheritedFrom?.reflection?.parent);
  const members = children.filter((child) => !child.name.startsWith("[") && !isInherited(child));
  return [
    ...documented(reflection, undocumented),
    bases.length > 0 ? `With all of ${bases.map(link).join(", ")}.` : "",
    table(members, undocumented),
  ];
}

/** A row for each property. */
function table(members, undocumented) {
  if (members.length === 0) return "";
  const rows = members.map(({ name, flags, type, signatures, ...member }) => {
    const what = type ? String(type) : signatures.map((one) => signatureText(one)).join("; ");
    const text = signatures ? documented(signatures[0], undocumented) : comment(member.comment);
    const cells = [`\`${name}${flags.isOptional ? "?" : ""}\``, `\`${what}\``, text.join(" ").replaceAll("\n", " ")];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return ["| | type | |", "| --- | --- | --- |", ...rows].join("\n");
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
