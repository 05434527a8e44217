// SGD in C, one fused loop: what the machine can do. Asked line by line, see process.ts. The compiler vectorises, with the
// width that its options say.

#define _GNU_SOURCE
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
  double lr, momentum, dampening, weight_decay;
  int nesterov;
} Options;

// Large tensors are walked at so many places by turns, as the kernel does; the compiler's options say how many.
#ifndef PLACES
#define PLACES 1
#endif
#define BLOCK_BYTES 256
#define LARGE_BYTES (1 << 22)

// Called with literals for the last three, so that the loop has no branches.
#define DEFINE_UPDATE(T, FMA)                                                                                          \
  static inline __attribute__((always_inline)) void loop_##T(                                                         \
      T *restrict p, const T *restrict g, T *restrict b, size_t n, T lr, T retain, T undamped, T decay, T lookahead,   \
      int momentum, int damped, int decays) {                                                                          \
    for (size_t i = 0; i < n; i++) {                                                                                   \
      T d = decays ? FMA(p[i], decay, g[i]) : g[i];                                                                    \
      if (momentum) {                                                                                                  \
        T retained = b[i] * retain;                                                                                    \
        T buffer = damped ? FMA(d, undamped, retained) : d + retained;                                                 \
        b[i] = buffer;                                                                                                 \
        d = momentum == 2 ? FMA(buffer, lookahead, d) : buffer;                                                        \
      }                                                                                                                \
      p[i] = FMA(d, -lr, p[i]);                                                                                        \
    }                                                                                                                  \
  }                                                                                                                    \
  static inline __attribute__((always_inline)) void walk_##T(                                                          \
      T *p, const T *g, T *b, size_t n, T lr, T retain, T undamped, T decay, T lookahead, int momentum, int damped,    \
      int decays) {                                                                                                    \
    size_t end = 0;                                                                                                    \
    if (PLACES > 1 && n * sizeof(T) >= LARGE_BYTES) {                                                                  \
      const size_t block = BLOCK_BYTES / sizeof(T), apart = n / PLACES / block * block;                                \
      end = apart * PLACES;                                                                                            \
      for (size_t offset = 0; offset < apart; offset += block)                                                         \
        for (size_t at = offset; at < end; at += apart)                                                                \
          loop_##T(p + at, g + at, b + at, block, lr, retain, undamped, decay, lookahead, momentum, damped, decays);   \
    }                                                                                                                  \
    loop_##T(p + end, g + end, b + end, n - end, lr, retain, undamped, decay, lookahead, momentum, damped, decays);    \
  }                                                                                                                    \
  static void update_##T(T *p, const T *g, T *b, size_t n, const Options *o, int first) {                              \
    T lr = o->lr, mu = o->momentum, retain = first ? 0 : mu, u = 1 - o->dampening, wd = o->weight_decay;               \
    int kind = mu == 0 ? 0 : o->nesterov ? 2 : 1;                                                                      \
    int damped = u != 1 && !first && kind != 0;                                                                        \
    switch (kind * 4 + damped * 2 + (wd != 0)) {                                                                       \
      case 0: walk_##T(p, g, b, n, lr, retain, u, wd, mu, 0, 0, 0); break;                                             \
      case 1: walk_##T(p, g, b, n, lr, retain, u, wd, mu, 0, 0, 1); break;                                             \
      case 4: walk_##T(p, g, b, n, lr, retain, u, wd, mu, 1, 0, 0); break;                                             \
      case 5: walk_##T(p, g, b, n, lr, retain, u, wd, mu, 1, 0, 1); break;                                             \
      case 6: walk_##T(p, g, b, n, lr, retain, u, wd, mu, 1, 1, 0); break;                                             \
      case 7: walk_##T(p, g, b, n, lr, retain, u, wd, mu, 1, 1, 1); break;                                             \
      case 8: walk_##T(p, g, b, n, lr, retain, u, wd, mu, 2, 0, 0); break;                                             \
      case 9: walk_##T(p, g, b, n, lr, retain, u, wd, mu, 2, 0, 1); break;                                             \
      case 10: walk_##T(p, g, b, n, lr, retain, u, wd, mu, 2, 1, 0); break;                                            \
      case 11: walk_##T(p, g, b, n, lr, retain, u, wd, mu, 2, 1, 1); break;                                            \
    }                                                                                                                  \
  }

DEFINE_UPDATE(float, __builtin_fmaf)
DEFINE_UPDATE(double, __builtin_fma)

typedef struct {
  void *p, *g, *b;
  size_t n;
} Tensor;

static Options options;
static Tensor *tensors;
static size_t count;
static int is_double, steps_made;

// The numbers of workload.ts.
static double seeded(uint32_t array, uint32_t i) {
  uint32_t hash = ((i + 1) * 2654435761u) ^ ((array + 1) * 2246822519u);
  return ((hash >> 8) * 2.0 + 1) / 16777216.0 - 1;
}

static void *array_of(size_t n, int64_t seed) {
  size_t bytes = (n * (is_double ? 8 : 4) + 4095) / 4096 * 4096;
  void *array = aligned_alloc(4096, bytes);
  if (!array) exit(1);
  memset(array, 0, bytes);
  for (size_t i = 0; seed >= 0 && i < n; i++) {
    if (is_double) ((double *)array)[i] = seeded(seed, i);
    else ((float *)array)[i] = seeded(seed, i);
  }
  return array;
}

static void dispose(void) {
  for (size_t t = 0; t < count; t++) free(tensors[t].p), free(tensors[t].g), free(tensors[t].b);
  free(tensors);
  tensors = NULL;
  count = 0;
}

static void prepare(char *words) {
  dispose();
  is_double = strcmp(strsep(&words, " "), "float64") == 0;
  options.lr = atof(strsep(&words, " "));
  options.momentum = atof(strsep(&words, " "));
  options.dampening = atof(strsep(&words, " "));
  options.weight_decay = atof(strsep(&words, " "));
  options.nesterov = atoi(strsep(&words, " "));
  steps_made = 0;
  for (char *word; (word = strsep(&words, " "));) {
    size_t n = strtoull(word, NULL, 10);
    tensors = realloc(tensors, (count + 1) * sizeof(Tensor));
    tensors[count] = (Tensor){array_of(n, 2 * count), array_of(n, 2 * count + 1), array_of(n, -1), n};
    count++;
  }
}

static long long now(void) {
  static int chosen;
  static clockid_t clock = CLOCK_MONOTONIC;
  if (!chosen) {
    const char *name = getenv("SGD_WASM_BENCH_CLOCK");
    if (name && strcmp(name, "cpu") == 0) clock = CLOCK_PROCESS_CPUTIME_ID;
    chosen = 1;
  }
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static long long run(long steps) {
  long long start = now();
  for (long step = 0; step < steps; step++, steps_made++) {
    for (size_t t = 0; t < count; t++) {
      Tensor *x = &tensors[t];
      if (is_double) update_double(x->p, x->g, x->b, x->n, &options, steps_made == 0);
      else update_float(x->p, x->g, x->b, x->n, &options, steps_made == 0);
    }
  }
  return now() - start;
}

static void sample(void) {
  for (size_t t = 0; t < count; t += (count + 15) / 16) {
    for (size_t i = 0; i < 100; i++) {
      size_t at = i * (tensors[t].n - 1) / 99;
      printf("%.17g ", is_double ? ((double *)tensors[t].p)[at] : ((float *)tensors[t].p)[at]);
    }
  }
  printf("\n");
}

int main(void) {
  char *line = NULL;
  size_t capacity = 0;
  for (ssize_t length; (length = getline(&line, &capacity, stdin)) > 0; fflush(stdout)) {
    line[strcspn(line, "\n")] = 0;
    char *words = line, *command = strsep(&words, " ");
    if (strcmp(command, "run") == 0) {
      printf("%lld\n", run(atol(words)));
    } else if (strcmp(command, "sample") == 0) {
      sample();
    } else {
      if (strcmp(command, "prepare") == 0) prepare(words);
      else dispose();
      printf("done\n");
    }
  }
  return 0;
}
