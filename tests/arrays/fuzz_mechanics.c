/* Random inputs for the mechanics, against plain loops: fuzz_mechanics INPUTS SEED. See fuzz_mechanics.py.

   All memory is taken anew for each input and is as large as it must be and no larger, so that the sanitizers see
   whatever is read or written beside it. */

#include "../../src/ombudsman_kpi/arrays/mechanics.c"

#include <stdio.h>
#include <stdlib.h>

static uint64_t state;
static uint64_t input;

static uint64_t random_word(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static int64_t below(uint64_t end) { return (int64_t)((random_word() >> 11) % end); }

static void *room(int64_t size, size_t each) {
    void *memory = malloc((size_t)size * each);
    if (!memory)
        exit(3);
    return memory;
}

static void expect(int holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "%s: wrong for input %llu\n", what, (unsigned long long)input);
    exit(1);
}

typedef struct {
    int64_t size;
    int32_t *offsets;
    uint8_t *content, *there;
    uint64_t *one, *other;
} Texts;

/* Make texts that share beginnings, of lengths around those of words of eight bytes; some are missing. */
static Texts random_texts(void) {
    Texts texts = {.size = below(24)};
    int32_t end = (int32_t)below(5); /* a slice begins somewhere within the bytes */
    texts.offsets = room(texts.size + 1, sizeof *texts.offsets);
    texts.there = room(texts.size, 1);
    texts.offsets[0] = end;
    for (int64_t i = 0; i < texts.size; i++) {
        texts.there[i] = below(8) > 0;
        end += (int32_t)(below(3) ? below(4) + 8 * below(3) : below(below(20) ? 20 : 300));
        texts.offsets[i + 1] = end;
    }
    texts.content = room(end, 1);
    for (int32_t i = 0; i < end; i++)
        texts.content[i] = (uint8_t)(below(6) ? 'a' : below(256));
    texts.one = room(texts.size, sizeof *texts.one);
    texts.other = room(texts.size, sizeof *texts.other);
    return texts;
}

static void forget(Texts texts) {
    free(texts.offsets);
    free(texts.content);
    free(texts.there);
    free(texts.one);
    free(texts.other);
}

static int32_t length_of(Texts texts, int64_t i) { return texts.offsets[i + 1] - texts.offsets[i]; }

static int same(Texts a, int64_t i, Texts b, int64_t j) {
    if (length_of(a, i) != length_of(b, j))
        return 0;
    for (int32_t k = 0; k < length_of(a, i); k++)
        if (a.content[a.offsets[i] + k] != b.content[b.offsets[j] + k])
            return 0;
    return 1;
}

/* Hash a text a byte at a time. */
static uint64_t plain_print(Texts texts, int64_t i, uint64_t mix) {
    int32_t length = length_of(texts, i), words = length < 8 ? 1 : (length + 7) / 8;
    uint64_t hash = (uint64_t)length;
    for (int32_t number = 0; number < words; number++) {
        int32_t begin = length < 8 ? 0 : number < words - 1 ? 8 * number : length - 8;
        uint64_t word = 0;
        for (int32_t k = 0; k < 8 && begin + k < length; k++)
            word |= (uint64_t)texts.content[texts.offsets[i] + begin + k] << 8 * k;
        word *= UINT64_C(0xBF58476D1CE4E5B9);
        word = (word ^ word >> 32) * UINT64_C(0x94D049BB133111EB);
        word ^= word >> 29;
        hash = (hash ^ word) * mix;
        hash ^= hash >> 29;
    }
    return hash;
}

static void check_prints(Texts texts, uint64_t weak) {
    uint64_t mix = random_word() | 1, other = below(4) ? random_word() | 1 : mix;
    kpi_prints(texts.size, texts.offsets, texts.content, mix, other, texts.one, texts.other);
    for (int64_t i = 0; i < texts.size; i++)
        expect(texts.one[i] == plain_print(texts, i, mix) && texts.other[i] == plain_print(texts, i, other), "prints");
    kpi_prints(texts.size, texts.offsets, texts.content, UINT64_C(0x9E3779B97F4A7C15), UINT64_C(0xC2B2AE3D27D4EB4F),
               texts.one, texts.other);
    for (int64_t i = 0; i < texts.size; i++)
        texts.one[i] = (texts.one[i] & weak) | 1; /* many first ones meet */
}

/* Number two batches of texts by row or by text, then look for a third. */
static void check_table(void) {
    uint64_t weak = below(2) ? UINT64_MAX : below(2) ? random_word() & random_word() & random_word() : 0;
    int by_row = (int)below(2);
    Texts batches[3] = {random_texts(), random_texts(), random_texts()};
    int64_t both = batches[0].size + batches[1].size, next = 0;
    int32_t bits = 1;
    while (INT64_C(1) << bits <= both)
        bits++;
    bits += (int32_t)below(3);
    uint64_t *table = room(INT64_C(1) << bits, sizeof *table), *seconds = room(both, sizeof *seconds);
    memset(table, 0, sizeof *table << bits);
    int64_t *first_batch = room(both, sizeof *first_batch), *first_row = room(both, sizeof *first_row);
    for (int b = 0; b < 3; b++) {
        Texts texts = batches[b];
        int64_t *numbers = room(texts.size, sizeof *numbers), begin = next;
        check_prints(texts, weak);
        if (b < 2)
            kpi_number(texts.size, texts.one, texts.other, texts.there, by_row, begin, table, bits, seconds, numbers);
        else
            kpi_find(texts.size, texts.one, texts.other, table, bits, seconds, numbers);
        for (int64_t i = 0; i < texts.size; i++) {
            int64_t expected = -1;
            for (int64_t n = 0; n < next && expected < 0; n++)
                if (first_batch[n] >= 0 && same(texts, i, batches[first_batch[n]], first_row[n]))
                    expected = n;
            int present = b == 2 || texts.there[i], is_new = expected < 0;
            if (b < 2 && (by_row || (present && is_new))) {
                if (present && is_new)
                    expected = next;
                first_batch[next] = present && is_new ? b : -1;
                first_row[next++] = i;
            }
            expect(numbers[i] == (present ? expected : -1), b < 2 ? "number" : "find");
        }
        free(numbers);
    }
    for (int b = 0; b < 3; b++)
        forget(batches[b]);
    free(table);
    free(seconds);
    free(first_batch);
    free(first_row);
}

static int compare(const void *a, const void *b) {
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
    return (one > other) - (one < other);
}

static void check_sort(void) {
    int64_t size = below(below(50) ? 40 : 3000);
    uint64_t mask = below(3) ? random_word() & random_word() : below(2) ? UINT64_MAX : 0, same_bits = random_word();
    uint64_t *numbers = room(size, sizeof *numbers), *expected = room(size, sizeof *expected);
    uint64_t *other = room(size, sizeof *other);
    for (int64_t i = 0; i < size; i++)
        expected[i] = numbers[i] = (random_word() & mask) | (same_bits & ~mask);
    qsort(expected, (size_t)size, sizeof *expected, compare);
    kpi_sort(size, numbers, other);
    for (int64_t i = 0; i < size; i++)
        expect(numbers[i] == expected[i], "sort");
    free(numbers);
    free(expected);
    free(other);
}

static void check_intervals(void) {
    int64_t lanes = 1 + below(6), size = below(20), span = 1 + below(400);
    int32_t day_bits = 10;
    int64_t first_day = -512, low = below((uint64_t)(1024 - span));
    int64_t *begun = room(lanes, sizeof *begun), *ended = room(lanes, sizeof *ended), *now = room(lanes, sizeof *now);
    int64_t *points = room(size, sizeof *points), *lane = room(size, sizeof *lane);
    int64_t *begin = room(size, sizeof *begin), *end = room(size, sizeof *end);
    for (int64_t i = 0; i < lanes; i++) {
        int64_t a = low + below((uint64_t)span), b = low + below((uint64_t)span);
        now[i] = a < b ? a : b;
        begun[i] = i << day_bits | now[i];
        ended[i] = i << day_bits | (a < b ? b : a);
    }
    for (int64_t i = 0; i < size; i++)
        points[i] = below((uint64_t)lanes) << day_bits | (low + below((uint64_t)span));
    qsort(points, (size_t)size, sizeof *points, compare);
    kpi_intervals(size, points, begun, ended, day_bits, first_day, lane, begin, end);
    for (int64_t i = 0; i < size; i++) {
        int64_t own = points[i] / 1024, day = points[i] % 1024, last = ended[own] % 1024;
        day = day < now[own] ? now[own] : day > last ? last : day;
        expect(lane[i] == own && begin[i] == now[own] - 512 && end[i] == day - 512, "intervals");
        now[own] = day;
    }
    for (int64_t i = 0; i < lanes; i++)
        expect(begun[i] == (i << day_bits | now[i]), "what was begun");
    free(begun);
    free(ended);
    free(now);
    free(points);
    free(lane);
    free(begin);
    free(end);
}

int main(int count, char **words) {
    if (count != 3)
        return 2;
    uint64_t inputs = strtoull(words[1], NULL, 10), seed = strtoull(words[2], NULL, 10);
    for (input = 0; input < inputs; input++) {
        state = (seed + input + 1) * UINT64_C(0x9E3779B97F4A7C15);
        for (int i = 0; i < 4; i++)
            random_word();
        check_table();
        check_sort();
        check_intervals();
    }
    printf("%llu inputs, no fault\n", (unsigned long long)inputs);
    return 0;
}
