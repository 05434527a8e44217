// The parameters of ResNet-50 (He et al., 2015; as torchvision has it): 161 tensors, 25,557,032 elements.

const STEM_CHANNELS = 64;
const EXPANSION = 4;
const CLASSES = 1000;
/** blocks of each stage, and the width of their 3 × 3 convolutions */
const STAGES = [
  { blocks: 3, width: 64 },
  { blocks: 4, width: 128 },
  { blocks: 6, width: 256 },
  { blocks: 3, width: 512 },
];

/** A convolution without bias, and the scale and shift of its batch normalisation. */
function convolution(inputs: number, outputs: number, kernel: number): number[] {
  return [inputs * outputs * kernel * kernel, outputs, outputs];
}

function stage(inputs: number, { blocks, width }: (typeof STAGES)[number]): number[] {
  const outputs = width * EXPANSION;
  return Array.from({ length: blocks }, (_, block) => [
    ...convolution(block === 0 ? inputs : outputs, width, 1),
    ...convolution(width, width, 3),
    ...convolution(width, outputs, 1),
    ...(block === 0 ? convolution(inputs, outputs, 1) : []),
  ]).flat();
}

const FEATURES = STAGES[STAGES.length - 1].width * EXPANSION;

/** The number of elements of every parameter. */
export const RESNET50_SIZES: number[] = [
  ...convolution(3, STEM_CHANNELS, 7),
  ...STAGES.flatMap((one, i) => stage(i === 0 ? STEM_CHANNELS : STAGES[i - 1].width * EXPANSION, one)),
  FEATURES * CLASSES,
  CLASSES,
];
