/** What the network computes in. */
export type Precision = "float32" | "float64";
