/**
 * What a prepared step depends on, beyond the groups: which parameters have a gradient and where, which have momentum buffers
 * and where. Whatever changes that counts the version up, so that an optimizer need not look at every parameter in every step.
 */
export const structure = { version: 0 };
