/* The wide path of model/wide.py: of the words and the pairs of neighbours of a message, each counted
   once, those that the table has, over the root of the number of all. */

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

static int64_t find(const struct wide *path, int32_t key) {
    int64_t at = path->starts[key >> path->bits], end = path->starts[(key >> path->bits) + 1];
    for (; at < end; at++)
        if (path->keys[at] == key) return at;
    return -1;
}

/* Whether `key` is new to the set `seen`, -1 where it is empty, of which it takes a place then. */
static int take(int32_t *seen, int64_t places, int32_t key) {
    int64_t at = key & (places - 1);
    for (; seen[at] >= 0; at = (at + 1) & (places - 1))
        if (seen[at] == key) return 0;
    seen[at] = key;
    return 1;
}

/* A power of two, at least twice the words and pairs of a message. */
static int64_t places_for(int64_t words) {
    int64_t places = 4;
    while (places < 4 * words) places *= 2;
    return places;
}

/* Sums of the messages whose hashes lie one after the other; 0: done, 1: no memory. */
int hamlet_wide(const struct wide *path, int64_t count, const int32_t *lengths,
                const uint32_t *hashes, double *sums) {
    int64_t longest = 0;
    for (int64_t m = 0; m < count; m++) longest = lengths[m] > longest ? lengths[m] : longest;
    int32_t *seen = malloc(places_for(longest) * sizeof(*seen));
    if (!seen) return 1;
    for (int64_t m = 0; m < count; hashes += lengths[m++]) {
        int64_t distinct = 0, places = places_for(lengths[m]);
        double sum = 0;
        memset(seen, -1, places * sizeof(*seen));
        for (int64_t w = 0; w < 2 * (int64_t)lengths[m] - 1; w++) {
            int64_t first = w >> 1; /* a word, or a pair that begins with it */
            uint64_t mixed = w & 1 ? hashes[first] * FIRST + hashes[first + 1] * SECOND
                                   : hashes[first] * WORD;
            int32_t key = (int32_t)((mixed >> SHIFT) & (KEYS - 1));
            if (!take(seen, places, key)) continue;
            distinct++;
            int64_t feature = find(path, key);
            if (feature >= 0) sum += path->weights[feature];
        }
        sums[m] = (distinct ? sum / __builtin_sqrt((double)distinct) : 0) + path->bias;
    }
    free(seen);
    return 0;
}
