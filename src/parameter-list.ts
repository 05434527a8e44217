// Parameters as they are given: one, many, or many with names.

import { isRecord, tagOf, typeName } from "./common/checks.js";
import { type AnyParameter, Parameter } from "./parameter.js";

/** Parameters by name: pairs, a `Map`, or an object. */
export type ParametersByName =
  | Iterable<readonly [name: string, parameter: AnyParameter]>
  | { readonly [name: string]: AnyParameter };

/** Parameters, with or without names. */
export type Parameters = Iterable<AnyParameter> | ParametersByName;

/** A parameter, and the name that it was given with, which wins over its own. */
export interface ListedParameter {
  parameter: AnyParameter;
  name?: string;
}

/**
 * @param what messages call them
 * @throws TypeError for anything but a parameter, Error for one that was disposed
 */
export function listParameters(params: unknown, what = "params"): ListedParameter[] {
  return itemsOf(params, what).map((item) => {
    const isPair = Array.isArray(item) && item.length === 2 && Parameter.is(item[1]);
    const parameter = isPair ? item[1] : item;
    if (!Parameter.is(parameter)) throw new TypeError(`${what} must hold parameters, ${whatCame(item)}`);
    if (isPair && typeof item[0] !== "string") {
      const hint = Parameter.is(item[0]) ? `: ${FLAT_LIST}` : "";
      throw new TypeError(`the name of a parameter must be a string, got ${kindOf(item[0])}${hint}`);
    }
    parameter.checkAlive();
    return isPair ? { parameter, name: item[0] } : { parameter };
  });
}

/** What a collection holds: parameters, pairs or groups; of an object its entries. */
export function itemsOf(collection: unknown, what: string): unknown[] {
  if (Parameter.is(collection)) return [collection];
  if (typeof collection === "object" && collection !== null) {
    if (Symbol.iterator in collection) return [...(collection as Iterable<unknown>)];
    if (isRecord(collection) && !("paramGroups" in collection)) return Object.entries(collection);
  }
  const isOptimizer = isRecord(collection) && "paramGroups" in collection;
  throw new TypeError(
    `${what} must be an array, a Map or an object of parameters, got ` +
      (isOptimizer
        ? "an optimizer: write optimizer.paramGroups.flatMap(({ params }) => params)"
        : typeName(collection)),
  );
}

const FLAT_LIST = "a list of parameters is flat, with pairs as [name, parameter]";

/** As `typeName`, but for the name of our own class, which bundlers change. */
export function kindOf(value: unknown): string {
  return Parameter.is(value) ? "a parameter" : typeName(value);
}

/** Whether it has what a parameter has, but is none of ours. */
export function isAlien(value: unknown): boolean {
  return !Parameter.is(value) && typeof (value as Partial<AnyParameter> | null | undefined)?.ensureGrad === "function";
}

/** The end of a message about anything but a parameter, with the remedy. */
function whatCame(item: unknown): string {
  const isEntry = Array.isArray(item) && item.length === 2 && typeof item[0] === "string";
  const value = isEntry ? item[1] : item;
  const got = `got ${typeName(value)}${isEntry ? ` as "${item[0]}"` : ""}`;
  if (isAlien(value)) {
    return "got a Proxy of one (in Vue: pass toRaw(parameter), or make it with markRaw), or one of another copy of sgd-wasm";
  }
  if (ArrayBuffer.isView(value)) return `${got}: a parameter is made by engine.parameter(shape, { data })`;
  if (Array.isArray(value)) return `${got}: ${FLAT_LIST}`;
  if (tagOf(value) === "Object")
    return `${got}: parameters are made by engine.parameter(shape), and an object of them is flat`;
  return `${got}: a parameter is made by engine.parameter(shape)`;
}
