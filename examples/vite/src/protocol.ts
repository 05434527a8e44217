// What page and worker say to each other: the page asks for some steps, the worker answers with how far it is.

/** Pixels of a side of the picture. */
export const SIDE = 48;

export interface Request {
  steps: number;
  lr: number;
  /** of the circle that is to be learned, in the square from -1 to 1 */
  center: [x: number, y: number];
}

export interface Progress {
  step: number;
  loss: number;
  /** how sure the network is, from 0 to 1, that a pixel lies in the circle: `SIDE` rows of `SIDE` pixels */
  picture: Float32Array<ArrayBuffer>;
}
