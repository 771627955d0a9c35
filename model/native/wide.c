/* The wide path of model/wide.py: of the words and the pairs of neighbours of a message those that
   the table has, each counted once. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t WORD = 0x9E3779B1, FIRST = 0x85EBCA77, SECOND = 0xC2B2AE3D;
static const uint64_t KEYS = (uint64_t)1 << 31;
enum { SHIFT = 13 };

struct wide {
    int64_t features, bits;
    const int32_t *keys;   /* [features], rising; they are spread evenly over 0 .. 2^31 - 1 */
    const int32_t *starts; /* [2^(31 - bits) + 1]: the first of the keys that are alike but for `bits` */
    const float *weights;  /* [features] */
    float bias;
};

static int64_t find(const struct wide *path, uint64_t mixed) {
    int32_t key = (int32_t)((mixed >> SHIFT) & (KEYS - 1));
    int64_t at = path->starts[key >> path->bits], end = path->starts[(key >> path->bits) + 1];
    for (; at < end; at++)
        if (path->keys[at] == key) return at;
    return -1;
}

/* Sums of the messages whose hashes lie one after the other; 0: done, 1: no memory. */
int hamlet_wide(const struct wide *path, int64_t count, const int32_t *lengths,
                const uint32_t *hashes, double *sums) {
    int64_t longest = 0;
    for (int64_t m = 0; m < count; m++) longest = lengths[m] > longest ? lengths[m] : longest;
    int64_t *found = malloc((2 * longest + 1) * sizeof(*found));
    unsigned char *counted = calloc(path->features / 8 + 1, 1); /* a bit a feature */
    if (!found || !counted) {
        free(found);
        free(counted);
        return 1;
    }
    for (int64_t m = 0; m < count; hashes += lengths[m++]) {
        int64_t distinct = 0;
        double sum = 0;
        for (int64_t w = 0; w < 2 * (int64_t)lengths[m] - 1; w++) {
            int64_t first = w >> 1; /* a word, or a pair that begins with it */
            int64_t feature = w & 1 ? find(path, hashes[first] * FIRST + hashes[first + 1] * SECOND)
                                    : find(path, hashes[first] * WORD);
            if (feature < 0 || counted[feature >> 3] >> (feature & 7) & 1) continue;
            counted[feature >> 3] |= 1 << (feature & 7);
            found[distinct++] = feature;
            sum += path->weights[feature];
        }
        for (int64_t f = 0; f < distinct; f++) counted[found[f] >> 3] = 0;
        sums[m] = (distinct ? sum / __builtin_sqrt((double)distinct) : 0) + path->bias;
    }
    free(found);
    free(counted);
    return 0;
}
