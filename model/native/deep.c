/* The recurrent path of model/classifier.py, for messages of their true lengths, in float32.

   Four messages at a time read their words: the weights of a step are loaded once for all four, and
   a block of 16 units has its four gates in registers until its state is written. What a word of the
   vocabulary says to the gates does not depend on where it stands, so that half of the arithmetic is
   a table; see model/compiled.py, which lays out what is read here.

   H hidden units and A attention units are multiples of 16, filled up with zeros; E is the width of
   an embedding, D = 2H. Gates: [H/16][i f g o][16], those of i, f and o at half of their value,
   since sigmoid(x) = 1/2 + 1/2 tanh(x/2). */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LANES 16
#define ROWS 4   /* messages that read side by side */
#define GATES 4
#define INLINE static inline __attribute__((always_inline))

/* One function for each kind of processor, chosen when the library is loaded. */
#if defined(__x86_64__) && defined(__linux__)
#define FOR_EACH_PROCESSOR \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

typedef float lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float))));
typedef int32_t masks __attribute__((vector_size(LANES * sizeof(int32_t))));
typedef int16_t shorts __attribute__((vector_size(LANES * sizeof(int16_t)), aligned(sizeof(int16_t))));

struct network {
    int64_t vocabulary, buckets, embedding, hidden, attention;
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

INLINE lanes load(const float *from) { return *(const lanes *)from; }
INLINE void store(float *to, lanes x) { *(lanes *)to = x; }
INLINE lanes widen(const int16_t *from) {
    return __builtin_convertvector(__builtin_convertvector(*(const shorts *)from, masks), lanes);
}

INLINE lanes least(lanes x, float bound) {
    masks over = x > bound;
    return (lanes)(((masks)x & ~over) | ((masks)(x * 0 + bound) & over));
}

/* To the nearest, or the last that there is. */
INLINE void narrow(int16_t *to, lanes x) {
    x = -least(-least(x, 32767), 32767) + 32768.5f; /* not below 0, where a conversion rounds up */
    *(shorts *)to = __builtin_convertvector(__builtin_convertvector(x, masks) - 32768, shorts);
}

/* A rational function, to 5e-7; its coefficients are those of Eigen's ptanh. */
INLINE lanes tanh_of(lanes x) {
    x = -least(-least(x, 7.9f), 7.9f);
    lanes s = x * x;
    lanes p = s * -2.76076847742355e-16f + 2.00018790482477e-13f;
    p = p * s + -8.60467152213735e-11f;
    p = p * s + 5.12229709037114e-08f;
    p = p * s + 1.48572235717979e-05f;
    p = p * s + 6.37261928875436e-04f;
    p = p * s + 4.89352455891786e-03f;
    lanes q = s * 1.19825839466702e-06f + 1.18534705686654e-04f;
    q = q * s + 2.26843463243900e-03f;
    q = q * s + 4.89352518554385e-03f;
    return x * p / q;
}

/* sums[row] += row [width] times weights [width][64], for 1 to ROWS rows. */
INLINE void multiply(int rows, const float *const *row, const float *weights, int64_t width,
                     lanes sums[ROWS][GATES]) {
    for (int64_t k = 0; k < width; k++) {
        const float *w = weights + k * GATES * LANES;
        lanes w0 = load(w), w1 = load(w + LANES), w2 = load(w + 2 * LANES), w3 = load(w + 3 * LANES);
        for (int r = 0; r < rows; r++) {
            float x = row[r][k];
            sums[r][0] += w0 * x;
            sums[r][1] += w1 * x;
            sums[r][2] += w2 * x;
            sums[r][3] += w3 * x;
        }
    }
}

/* One step of `rows` messages: Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. */
INLINE void step(int rows, const struct network *net, const float *recurrent,
                 const int16_t *const *said, const float *const *before, float *const *after,
                 float *cells) {
    int64_t hidden = net->hidden;
    for (int64_t unit = 0; unit < hidden; unit += LANES) {
        lanes gates[ROWS][GATES];
        for (int r = 0; r < rows; r++)
            for (int g = 0; g < GATES; g++)
                gates[r][g] = widen(said[r] + unit * GATES + g * LANES) * net->said_scale;
        multiply(rows, before, recurrent + unit * GATES * hidden, hidden, gates);
        for (int r = 0; r < rows; r++) {
            lanes in = tanh_of(gates[r][0]) * 0.5f + 0.5f, keep = tanh_of(gates[r][1]) * 0.5f + 0.5f;
            lanes out = tanh_of(gates[r][3]) * 0.5f + 0.5f;
            float *cell = cells + r * hidden + unit;
            lanes c = keep * load(cell) + in * tanh_of(gates[r][2]);
            store(cell, c);
            store(after[r] + unit, out * tanh_of(c));
        }
    }
}

/* States [words][D] of up to ROWS messages; `said`, a row for each word. */
INLINE void recur(const struct network *net, int rows, const int32_t *lengths,
                  const int16_t *const *said, float *cells, const float *zeros, float *states) {
    int64_t hidden = net->hidden, width = 2 * hidden;
    for (int way = 0; way < 2; way++) {
        const float *recurrent = net->recurrent + way * GATES * hidden * hidden;
        memset(cells, 0, ROWS * hidden * sizeof(float));
        int active = rows;
        for (int32_t t = 0; t < lengths[0]; t++) {
            const int16_t *in[ROWS];
            const float *before[ROWS];
            float *after[ROWS];
            while (lengths[active - 1] <= t) active--;
            int64_t start = 0;
            for (int r = 0; r < active; start += lengths[r++]) {
                int64_t word = start + (way ? lengths[r] - 1 - t : t);
                in[r] = said[word] + way * GATES * hidden;
                after[r] = states + word * width + way * hidden;
                before[r] = t == 0 ? zeros : way ? after[r] + width : after[r] - width;
            }
            switch (active) {
            case 1: step(1, net, recurrent, in, before, after, cells); break;
            case 2: step(2, net, recurrent, in, before, after, cells); break;
            case 3: step(3, net, recurrent, in, before, after, cells); break;
            default: step(4, net, recurrent, in, before, after, cells);
            }
        }
    }
}

INLINE void attend(int rows, const struct network *net, const float *states, float *scores) {
    int64_t width = 2 * net->hidden;
    const float *row[ROWS];
    lanes total[ROWS];
    for (int r = 0; r < rows; r++) {
        row[r] = states + r * width;
        total[r] = (lanes){0};
    }
    for (int64_t unit = 0; unit < net->attention; unit += GATES * LANES) {
        lanes sums[ROWS][GATES];
        for (int r = 0; r < rows; r++)
            for (int g = 0; g < GATES; g++) sums[r][g] = load(net->shift + unit + g * LANES);
        multiply(rows, row, net->project + unit * width, width, sums);
        for (int r = 0; r < rows; r++)
            for (int g = 0; g < GATES; g++)
                total[r] += tanh_of(sums[r][g]) * load(net->query + unit + g * LANES);
    }
    for (int r = 0; r < rows; r++) {
        scores[r] = 0;
        for (int lane = 0; lane < LANES; lane++) scores[r] += total[r][lane];
    }
}

/* The logit of one message: what is pooled, times the weights of the output. */
INLINE float pool(const struct network *net, int32_t length, const float *states,
                  const float *const *words, float *scores, float *pooled) {
    int64_t width = 2 * net->hidden, embedding = net->embedding;
    float *mean = pooled, *most = mean + width, *attended = most + width;
    float *mean_word = attended + width, *most_word = mean_word + embedding;
    float highest = scores[0], sum = 0, share = 1.0f / length;
    for (int32_t t = 1; t < length; t++) highest = fmaxf(highest, scores[t]);
    for (int32_t t = 0; t < length; t++) sum += scores[t] = expf(scores[t] - highest);
    memset(pooled, 0, (3 * width + 2 * embedding) * sizeof(float));
    memcpy(most, states, width * sizeof(float));
    memcpy(most_word, words[0], embedding * sizeof(float));
    for (int32_t t = 0; t < length; t++) {
        const float *state = states + t * width, *word = words[t];
        float weight = scores[t] / sum;
        for (int64_t d = 0; d < width; d++) {
            mean[d] += state[d] * share;
            attended[d] += state[d] * weight;
            most[d] = state[d] > most[d] ? state[d] : most[d];
        }
        for (int64_t e = 0; e < embedding; e++) {
            mean_word[e] += word[e] * share;
            most_word[e] = word[e] > most_word[e] ? word[e] : most_word[e];
        }
    }
    float logit = net->output_bias;
    for (int64_t d = 0; d < 3 * width + 2 * embedding; d++) logit += pooled[d] * net->output[d];
    return logit;
}

/* Embeddings [unknowns][E] and what they say [unknowns][2][4H]; 0 if a bucket is none. */
INLINE int say_unknown(const struct network *net, const struct messages *read, float *embedded,
                       int16_t *said) {
    int64_t embedding = net->embedding, gates = 2 * GATES * net->hidden, begin = 0;
    float scale = 1 / net->said_scale;
    for (int64_t u = 0; u < read->unknowns; u++) {
        float *x = embedded + u * embedding;
        memset(x, 0, embedding * sizeof(float));
        for (int64_t g = begin; g < read->ends[u]; g++) {
            if (read->grams[g] < 0 || read->grams[g] >= net->buckets) return 0;
            const float *gram = net->grams + read->grams[g] * embedding;
            for (int64_t e = 0; e < embedding; e++) x[e] += gram[e];
        }
        for (int64_t e = 0; e < embedding; e++) x[e] /= read->ends[u] - begin;
        begin = read->ends[u];
    }
    for (int64_t u = 0; u < read->unknowns; u += ROWS) {
        int rows = read->unknowns - u < ROWS ? read->unknowns - u : ROWS;
        const float *row[ROWS];
        for (int r = 0; r < ROWS; r++) row[r] = embedded + (u + (r < rows ? r : 0)) * embedding;
        for (int64_t gate = 0; gate < gates; gate += GATES * LANES) {
            lanes sums[ROWS][GATES];
            for (int r = 0; r < ROWS; r++)
                for (int g = 0; g < GATES; g++) sums[r][g] = load(net->bias + gate + g * LANES);
            multiply(ROWS, row, net->input + gate * embedding, embedding, sums);
            for (int r = 0; r < rows; r++)
                for (int g = 0; g < GATES; g++)
                    narrow(said + (u + r) * gates + gate + g * LANES, sums[r][g] * scale);
        }
    }
    return 1;
}

FOR_EACH_PROCESSOR
static int read_all(const struct network *net, const struct messages *read, int64_t longest,
                    float *memory, const float **words, const int16_t **said, float *logits) {
    int64_t width = 2 * net->hidden, embedding = net->embedding, gates = 4 * width;
    float *states = memory, *scores = states + longest * width, *cells = scores + longest;
    float *zeros = cells + ROWS * net->hidden, *pooled = zeros + net->hidden;
    float *embedded = pooled + 3 * width + 2 * embedding;
    int16_t *newly = (int16_t *)(embedded + read->unknowns * embedding);
    const int32_t *id = read->ids;
    memset(zeros, 0, net->hidden * sizeof(float));
    if (!say_unknown(net, read, embedded, newly)) return 0;
    for (int64_t first = 0; first < read->count; first += ROWS) {
        int rows = read->count - first < ROWS ? read->count - first : ROWS;
        const int32_t *lengths = read->lengths + first;
        int64_t total = 0;
        for (int r = 0; r < rows; r++) total += lengths[r];
        for (int64_t n = 0, r = 0, end = lengths[0]; n < total; n++, id++) {
            if (n == end) end += lengths[++r];
            int known = *id < net->vocabulary;
            int64_t unknown = *id - net->vocabulary + read->firsts[first + r];
            if (*id < 0 || (!known && unknown >= read->unknowns)) return 0;
            words[n] = known ? net->words + *id * embedding : embedded + unknown * embedding;
            said[n] = known ? net->said + *id * gates : newly + unknown * gates;
        }
        recur(net, rows, lengths, said, cells, zeros, states);
        int64_t n = 0;
        for (; n + ROWS <= total; n += ROWS) attend(ROWS, net, states + n * width, scores + n);
        for (; n < total; n++) attend(1, net, states + n * width, scores + n);
        n = 0;
        for (int r = 0; r < rows; n += lengths[r++])
            logits[first + r] = pool(net, lengths[r], states + n * width, words + n, scores + n, pooled);
    }
    return 1;
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
