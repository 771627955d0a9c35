/* What deep.c includes once for each width of vectors: LANES floats a vector, TOGETHER vectors of sums
   at a time for each row, READ_ALL the name of what reads, PROCESSOR its attribute. */

#define NAME_(name, lanes) name##_##lanes
#define NAME(name, lanes) NAME_(name, lanes)
/* Each width has types and functions of its own. */
#define lanes NAME(lanes, LANES)
#define masks NAME(masks, LANES)
#define shorts NAME(shorts, LANES)
#define load NAME(load, LANES)
#define store NAME(store, LANES)
#define widen NAME(widen, LANES)
#define least NAME(least, LANES)
#define narrow NAME(narrow, LANES)
#define tanh_of NAME(tanh_of, LANES)
#define sigmoid_of NAME(sigmoid_of, LANES)
#define multiply NAME(multiply, LANES)
#define step NAME(step, LANES)
#define recur NAME(recur, LANES)
#define attend NAME(attend, LANES)
#define pool NAME(pool, LANES)
#define say_unknown NAME(say_unknown, LANES)
#define VECTORS (BLOCK / LANES)

typedef float lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float))));
typedef int32_t masks __attribute__((vector_size(LANES * sizeof(int32_t))));
typedef int16_t shorts __attribute__((vector_size(LANES * sizeof(int16_t)), aligned(sizeof(int16_t))));

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

/* Of twice what is given. */
INLINE lanes sigmoid_of(lanes x) { return tanh_of(x) * 0.5f + 0.5f; }

/* sums[row] += row [width] times weights [width][64], for 1 to ROWS rows, TOGETHER vectors of the sums
   at a time, as many as there are registers for. */
INLINE void multiply(int rows, const float *const *row, const float *weights, int64_t width,
                     lanes sums[ROWS][VECTORS]) {
    for (int v = 0; v < VECTORS; v += TOGETHER) {
        lanes part[ROWS][TOGETHER];
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int i = 0; i < TOGETHER; i++) part[r][i] = sums[r][v + i];
        for (int64_t k = 0; k < width; k++) {
            const float *from = weights + k * BLOCK + v * LANES;
            lanes w[TOGETHER];
            UNROLL for (int i = 0; i < TOGETHER; i++) w[i] = load(from + i * LANES);
            UNROLL for (int r = 0; r < rows; r++) {
                float x = row[r][k];
                UNROLL for (int i = 0; i < TOGETHER; i++) part[r][i] += w[i] * x;
            }
        }
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int i = 0; i < TOGETHER; i++) sums[r][v + i] = part[r][i];
    }
}

/* One step of `rows` messages: Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. */
INLINE void step(int rows, const struct network *net, const float *recurrent,
                 const int16_t *const *said, const float *const *before, float *const *after,
                 float *cells) {
    int64_t hidden = net->hidden;
    for (int64_t unit = 0; unit < hidden; unit += UNITS) {
        lanes gates[ROWS][VECTORS];
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < VECTORS; v++)
                gates[r][v] = widen(said[r] + unit * GATES + v * LANES) * net->said_scale;
        multiply(rows, before, recurrent + unit * GATES * hidden, hidden, gates);
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < VECTORS / GATES; v++) {
                const lanes *gate = gates[r] + v;
                lanes in = sigmoid_of(gate[0]), keep = sigmoid_of(gate[VECTORS / GATES]);
                lanes new = tanh_of(gate[2 * VECTORS / GATES]);
                lanes out = sigmoid_of(gate[3 * VECTORS / GATES]);
                float *cell = cells + r * hidden + unit + v * LANES;
                lanes c = keep * load(cell) + in * new;
                store(cell, c);
                store(after[r] + unit + v * LANES, out * tanh_of(c));
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
    for (int64_t unit = 0; unit < net->attention; unit += BLOCK) {
        lanes sums[ROWS][VECTORS];
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < VECTORS; v++) sums[r][v] = load(net->shift + unit + v * LANES);
        multiply(rows, row, net->project + unit * width, width, sums);
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < VECTORS; v++)
                total[r] += tanh_of(sums[r][v]) * load(net->query + unit + v * LANES);
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
        for (int64_t gate = 0; gate < gates; gate += BLOCK) {
            lanes sums[ROWS][VECTORS];
            for (int r = 0; r < ROWS; r++)
                for (int v = 0; v < VECTORS; v++) sums[r][v] = load(net->bias + gate + v * LANES);
            multiply(ROWS, row, net->input + gate * embedding, embedding, sums);
            for (int r = 0; r < rows; r++)
                for (int v = 0; v < VECTORS; v++)
                    narrow(said + (u + r) * gates + gate + v * LANES, sums[r][v] * scale);
        }
    }
    return 1;
}

PROCESSOR static int READ_ALL(const struct network *net, const struct messages *read, int64_t longest,
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

#undef lanes
#undef masks
#undef shorts
#undef load
#undef store
#undef widen
#undef least
#undef narrow
#undef tanh_of
#undef sigmoid_of
#undef multiply
#undef step
#undef recur
#undef attend
#undef pool
#undef say_unknown
#undef VECTORS
#undef NAME
#undef NAME_
#undef LANES
#undef TOGETHER
#undef READ_ALL
#undef PROCESSOR
