// A program in C with weights and gradients of its own: a network that learns which points lie in a circle.
// compile.sh makes WebAssembly of it.

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define HIDDEN 16
#define POINTS 400

// w1 of shape [2, HIDDEN], b1 and w2 of shape [HIDDEN], one after the other; and their gradients.
static float weights[4 * HIDDEN];
static float gradients[4 * HIDDEN];
static double hidden[HIDDEN];

EXPORT("weights") float *weights_address(void) { return weights; }
EXPORT("gradients") float *gradients_address(void) { return gradients; }
EXPORT("allocate") void *allocate(size_t size) { return malloc(size); }
EXPORT("release") void release(void *block) { free(block); }

static double x(int i) { return fmod(0.7549 * i, 1) * 2 - 1; }
static double y(int i) { return fmod(0.5698 * i, 1) * 2 - 1; }
static int is_inside(int i) { return x(i) * x(i) + y(i) * y(i) < 0.5; }

static double forward(int i) {
  double logit = 0;
  for (int j = 0; j < HIDDEN; j++) {
    hidden[j] = tanh(x(i) * weights[j] + y(i) * weights[HIDDEN + j] + weights[2 * HIDDEN + j]);
    logit += hidden[j] * weights[3 * HIDDEN + j];
  }
  return logit;
}

// Writes the gradients of the mean cross entropy, and returns the mean.
EXPORT("backward") double backward(void) {
  memset(gradients, 0, sizeof gradients);
  double loss = 0;
  for (int i = 0; i < POINTS; i++) {
    double logit = forward(i);
    loss += (log(1 + exp(logit)) - is_inside(i) * logit) / POINTS;
    double d_logit = (1 / (1 + exp(-logit)) - is_inside(i)) / POINTS;
    for (int j = 0; j < HIDDEN; j++) {
      double d_sum = d_logit * weights[3 * HIDDEN + j] * (1 - hidden[j] * hidden[j]); // tanh' = 1 - tanh^2
      gradients[j] += d_sum * x(i);
      gradients[HIDDEN + j] += d_sum * y(i);
      gradients[2 * HIDDEN + j] += d_sum;
      gradients[3 * HIDDEN + j] += d_logit * hidden[j];
    }
  }
  return loss;
}

EXPORT("count_right") int count_right(void) {
  int right = 0;
  for (int i = 0; i < POINTS; i++) right += (forward(i) > 0) == is_inside(i);
  return right;
}
