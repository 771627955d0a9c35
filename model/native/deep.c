/* The recurrent path of model/classifier.py, for messages of their true lengths, in float32.

   Four messages at a time read their words: the weights of a step are loaded once for all four, and
   a block of 16 units has its gates at hand until its state is written. What a word of the
   vocabulary says to the gates does not depend on where it stands, so that half of the arithmetic is
   a table; see model/reader.py, which lays out what is read here.

   H hidden units and A attention units are multiples of 16, filled up with zeros; E is the width of
   an embedding, D = 2H. Gates: [H/16][i f g o][16], those of i, f and o at half of their value,
   since sigmoid(x) = 1/2 + 1/2 tanh(x/2). */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define UNITS 16 /* whose gates lie together */
#define ROWS 4   /* messages that read side by side */
#define GATES 4
#define BLOCK (GATES * UNITS)
#define HAS(word, bit) ((word) >> (bit) & 1)
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 8")

struct network {
    int64_t vocabulary, buckets, embedding, hidden, attention;
    int64_t lanes;          /* floats a vector: hamlet_lanes() or less, 4, 8 or 16 */
    const float *words;     /* [vocabulary][E] */
    const float *grams;     /* [buckets][E] */
    const int16_t *said;    /* [vocabulary][2][4H]: what each word says to the gates of each direction */
    const float *input;     /* [2][H/16][E][64]: for words outside the vocabulary */
    const float *bias;      /* [2][4H] */
    const float *recurrent; /* [2][H/16][H][64] */
    const float *project;   /* [A/64][D][64] */
    const float *shift;     /* [A] */
    const float *query;     /* [A] */
    const float *output;    /* [3D + 2E]: mean, maximum, attended states; mean, maximum embedding */
    float said_scale;       /* what a 1 of `said` stands for */
    float output_bias;
};

struct messages {
    int64_t count;
    const int32_t *lengths; /* [count], falling, none of them 0 */
    const int32_t *ids;     /* of all words, one message after the other; vocabulary + k is a message's
                               unknown word k */
    const int32_t *firsts;  /* [count]: how many unknown words the messages before it have */
    int64_t unknowns;
    const int32_t *ends;    /* [unknowns]: where the buckets of each unknown word end */
    const int32_t *grams;
};

/* One for each width of a processor's vectors. What is wider than those compilers keep in memory, not in
   registers: fourteen times slower. */
#define LANES 4
#define TOGETHER 2
#define READ_ALL read_all_4
#define PROCESSOR
#include "deep.h"

#if defined(__x86_64__)
#define LANES 8
#define TOGETHER 2
#define READ_ALL read_all_8
#define PROCESSOR __attribute__((target("avx2,fma")))
#include "deep.h"

#define LANES 16
#define TOGETHER 4
#define READ_ALL read_all_16
#define PROCESSOR __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#include "deep.h"
#endif

/* The widest that this processor and its system have. Not by __builtin_cpu_supports, to which the library
   of one of the compilers answers no, whatever the processor. */
int hamlet_lanes(void) {
#if defined(__x86_64__)
    unsigned eax, ebx, ecx, edx, kept, high;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !HAS(ecx, 27)) return 4; /* XGETBV */
    int fma = HAS(ecx, 12);
    __asm__ volatile("xgetbv" : "=a"(kept), "=d"(high) : "c"(0));
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return 4;
    if (!fma || !HAS(ebx, 5) || (kept & 0x06) != 0x06) return 4; /* AVX2, its registers */
    int f = HAS(ebx, 16), dq = HAS(ebx, 17), bw = HAS(ebx, 30), vl = HAS(ebx, 31); /* AVX-512 */
    return f && dq && bw && vl && (kept & 0xe6) == 0xe6 ? 16 : 8;
#else
    return 4;
#endif
}

static int read_all(const struct network *net, const struct messages *read, int64_t longest,
                    float *memory, const float **words, const int16_t **said, float *logits) {
#if defined(__x86_64__)
    if (net->lanes == 16) return read_all_16(net, read, longest, memory, words, said, logits);
    if (net->lanes == 8) return read_all_8(net, read, longest, memory, words, said, logits);
#endif
    return read_all_4(net, read, longest, memory, words, said, logits);
}

/* Logits of all messages; 0: done, 1: no memory, 2: an id or a bucket that there is not. */
int hamlet_deep(const struct network *net, const struct messages *read, float *logits) {
    int64_t longest = 0, width = 2 * net->hidden;
    for (int64_t first = 0; first < read->count; first += ROWS) {
        int64_t total = 0;
        for (int64_t m = first; m < first + ROWS && m < read->count; m++) total += read->lengths[m];
        longest = total > longest ? total : longest;
    }
    int64_t floats = longest * (width + 1) + (ROWS + 1) * net->hidden + 3 * width
        + 2 * net->embedding + read->unknowns * (net->embedding + 2 * width);
    float *memory = malloc(floats * sizeof(float));
    const float **words = malloc(longest * sizeof(*words));
    const int16_t **said = malloc(longest * sizeof(*said));
    int result = 1;
    if (memory && words && said)
        result = read_all(net, read, longest, memory, words, said, logits) ? 0 : 2;
    free(memory);
    free(words);
    free(said);
    return result;
}
