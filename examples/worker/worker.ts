// A model per user, in a Durable Object:
//
//   POST /ada/learn      [{ "input": [64 numbers], "label": 7 }, …]  →  { "loss": 0.41, "steps": 30 }
//   POST /ada/predict    [64 numbers]                                →  { "label": 7, "probabilities": [10 numbers] }
//   GET  /ada/model.pt   what torch.load reads

import { DurableObject } from "cloudflare:workers";
import { createEngine, SGD } from "sgd-wasm";
import { decodeTorch, encodeTorch, restoreParameters, saveParameters } from "sgd-wasm/checkpoint";
import { Classifier, type Example, isExamples, isInput } from "./classifier.js";

/** One memory for all users of this isolate: each request gives back what it takes. */
const engine = createEngine();

export class UserModel extends DurableObject {
  /** Loads the user's model, or a new one, for as long as `work` runs. */
  async #load<T>(work: (classifier: Classifier, optimizer: SGD, steps: number) => T): Promise<T> {
    const file = await this.ctx.storage.get<Uint8Array>("model.pt");
    using classifier = new Classifier(engine);
    const optimizer = new SGD(classifier.parameters, { lr: 0.1, momentum: 0.9, weightDecay: 1e-4 });
    if (!file) return work(classifier, optimizer, 0);
    const { model, optimizer: state, steps } = decodeTorch(file);
    restoreParameters(classifier.parameters, model, { optimizer, state });
    return work(classifier, optimizer, steps);
  }

  async learn(examples: Example[]): Promise<{ loss: number; steps: number }> {
    const { file, ...result } = await this.#load((classifier, optimizer, before) => {
      const loss = classifier.backward(examples);
      optimizer.step({ maxGradNorm: 1, skipNonfinite: true }); // whatever users send, the model stays finite
      const steps = before + 1;
      const model = saveParameters(classifier.parameters);
      return { loss, steps, file: encodeTorch({ model, optimizer: optimizer.stateDict(), steps }) };
    });
    await this.ctx.storage.put("model.pt", file);
    return result;
  }

  predict(input: number[]): Promise<{ label: number; probabilities: number[] }> {
    return this.#load((classifier) => {
      const probabilities = classifier.forward(input);
      return { label: probabilities.indexOf(Math.max(...probabilities)), probabilities };
    });
  }

  async file(): Promise<Uint8Array | undefined> {
    return this.ctx.storage.get<Uint8Array>("model.pt");
  }
}

interface Env {
  MODELS: DurableObjectNamespace<UserModel>;
}

const refuse = (expected: string) => new Response(`expected ${expected}`, { status: 400 });

export default {
  async fetch(request: Request, { MODELS }: Env): Promise<Response> {
    const [, user, action] = new URL(request.url).pathname.split("/");
    const model = MODELS.getByName(user);
    const body: unknown = request.method === "POST" ? await request.json().catch(() => null) : null;
    switch (`${request.method} ${action}`) {
      case "POST learn":
        if (!isExamples(body)) return refuse("[{ input: 64 numbers, label: 0 to 9 }, …]");
        return Response.json(await model.learn(body));
      case "POST predict":
        if (!isInput(body)) return refuse("64 numbers");
        return Response.json(await model.predict(body));
      case "GET model.pt": {
        const file = await model.file();
        return new Response(file, { status: file ? 200 : 404 });
      }
      default:
        return new Response("not found", { status: 404 });
    }
  },
};
