declare module "cloudflare:workers" {
  export const DurableObject: new (ctx: object, env: object) => object;
}
