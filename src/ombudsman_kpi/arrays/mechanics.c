/* Index of text ids, numbering, sorting into lanes, and gaps within lanes: what numpy does in several passes, in one.

   Nothing here knows a limit, a calendar or a status. Every function works on memory that the caller owns and has
   checked (mechanics.py): it takes none of its own, keeps nothing between calls, never fails, and never writes beyond
   the sizes stated. Arrays are contiguous and aligned. The numpy code beside it is the reference, and gives the same. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(_WIN32)
#define PUBLIC __declspec(dllexport)
#else
#define PUBLIC __attribute__((visibility("default")))
#endif
#define PREFETCH(address) __builtin_prefetch(address)

#ifndef SOURCE_DIGEST
#define SOURCE_DIGEST ""
#endif

/* Return the number of this interface: it changes with any function's arguments or meaning. */
PUBLIC int32_t kpi_interface(void) { return 1; }

/* Return the SHA-256 of the source that this was built from, in hexadecimal digits. */
PUBLIC const char *kpi_source(void) { return SOURCE_DIGEST; }

static uint64_t word_at(const uint8_t *bytes, size_t length) {
    uint64_t word = 0;
    memcpy(&word, bytes, length);
    word *= UINT64_C(0xBF58476D1CE4E5B9);
    word ^= word >> 32;
    word *= UINT64_C(0x94D049BB133111EB);
    return word ^ word >> 29;
}

static uint64_t mixed(uint64_t hash, uint64_t word, uint64_t mix) {
    hash = (hash ^ word) * mix;
    return hash ^ hash >> 29;
}

/* Hash texts, 64 bits each, once for each of two mixes, as fingerprints.py does.

   offsets: size + 1 places in content, never falling; text i is content[offsets[i]] to content[offsets[i + 1]].
   one, other: size hashes each, written; where they are the same memory, it has the other's. */
PUBLIC void kpi_prints(int64_t size, const int32_t *offsets, const uint8_t *content, uint64_t one_mix,
                       uint64_t other_mix, uint64_t *one, uint64_t *other) {
    for (int64_t i = 0; i < size; i++) {
        const uint8_t *text = content + offsets[i];
        size_t length = (size_t)(offsets[i + 1] - offsets[i]);
        uint64_t first = length, second = length, word;
        for (size_t place = 0; place + 8 < length; place += 8) {
            word = word_at(text + place, 8);
            first = mixed(first, word, one_mix);
            second = mixed(second, word, other_mix);
        }
        /* The last word may overlap the one before; texts of up to seven bytes are filled up with zeros. */
        word = length < 8 ? word_at(text, length) : word_at(text + length - 8, 8);
        one[i] = mixed(first, word, one_mix);
        other[i] = mixed(second, word, other_mix);
    }
}

/* A table has 1 << bits slots, of which at least one is free: 0. Others hold the low 36 bits of a text's first
   fingerprint above 28 bits of its number, counted from 1. A text wants the slot of its first fingerprint's highest
   bits, and has the next one that was free, round the end. Its second fingerprint makes sure: seconds[number]. */
#define NUMBER ((UINT64_C(1) << 28) - 1)
#define AHEAD 16

static int64_t probe(uint64_t first, uint64_t second, const uint64_t *table, int32_t bits, const uint64_t *seconds,
                     uint64_t *free) {
    uint64_t last = (UINT64_C(1) << bits) - 1, tag = first << 28, slot = first >> (64 - bits);
    for (; table[slot]; slot = (slot + 1) & last)
        if ((table[slot] ^ tag) <= NUMBER && seconds[(table[slot] & NUMBER) - 1] == second)
            return (int64_t)((table[slot] & NUMBER) - 1);
    *free = slot;
    return -1;
}

/* Fetch into the cache what the texts after text i will need: first its slot, then the second fingerprint. */
static void fetch_ahead(int64_t i, int64_t size, const uint64_t *firsts, const uint64_t *table, int32_t bits,
                        const uint64_t *seconds) {
    if (i + 2 * AHEAD < size)
        PREFETCH(table + (firsts[i + 2 * AHEAD] >> (64 - bits)));
    if (i + AHEAD < size) {
        uint64_t entry = table[firsts[i + AHEAD] >> (64 - bits)];
        PREFETCH(seconds + (entry ? (entry & NUMBER) - 1 : 0));
    }
}

/* Find the number of each text by its fingerprints; -1 where there is none.

   firsts, others: size fingerprints each; table: 1 << bits slots, bits from 1 to 32; seconds: of every number in the
   table; numbers: size, written. */
PUBLIC void kpi_find(int64_t size, const uint64_t *firsts, const uint64_t *others, const uint64_t *table, int32_t bits,
                     const uint64_t *seconds, int64_t *numbers) {
    uint64_t free;
    for (int64_t i = 0; i < size; i++) {
        fetch_ahead(i, size, firsts, table, bits, seconds);
        numbers[i] = probe(firsts[i], others[i], table, bits, seconds, &free);
    }
}

/* Number texts in the order in which they are first seen.

   As kpi_find, but that a text which isn't in the table gets the number `next`, and is put there. `there` says of each
   text whether there is one at all: a missing one gets -1, and takes a number only by row. by_row: every text takes a
   number, new or not, so that numbers are those of rows; otherwise only new ones do.
   Takes up to size numbers from `next` on, of which the largest is at most NUMBER - 1; so many slots and one more must
   be free. seconds: written for each number taken. */
PUBLIC void kpi_number(int64_t size, const uint64_t *firsts, const uint64_t *others, const uint8_t *there,
                       int32_t by_row, int64_t next, uint64_t *table, int32_t bits, uint64_t *seconds,
                       int64_t *numbers) {
    for (int64_t i = 0; i < size; i++) {
        uint64_t free = 0;
        fetch_ahead(i, size, firsts, table, bits, seconds);
        numbers[i] = -1;
        if (there[i] && (numbers[i] = probe(firsts[i], others[i], table, bits, seconds, &free)) < 0) {
            numbers[i] = next;
            table[free] = firsts[i] << 28 | (uint64_t)(next + 1);
            seconds[next] = others[i];
            next += !by_row;
        }
        next += by_row;
    }
}

/* Sort whole numbers of 64 bits without a sign, in place: rows, lanes and days that are packed into one (row_days.py).

   numbers, room: size each; what is in room doesn't matter before, nor after. Counts digits of 9 bits, from the
   lowest, those alone that differ anywhere: a lane and a day have about 30 bits, so four. */
#define DIGIT 9
PUBLIC void kpi_sort(int64_t size, uint64_t *numbers, uint64_t *room) {
    uint64_t differ = 0, *from = numbers, *to = room;
    int sorted = 1;
    for (int64_t i = 1; i < size; i++) {
        differ |= numbers[i] ^ numbers[0];
        sorted &= numbers[i - 1] <= numbers[i];
    }
    for (int shift = 0; !sorted && shift < 64 && differ >> shift;) {
        if (!(differ >> shift & 1)) {
            shift++;
            continue;
        }
        int64_t places[1 << DIGIT] = {0}, place = 0;
        for (int64_t i = 0; i < size; i++)
            places[from[i] >> shift & ((1 << DIGIT) - 1)]++;
        for (int digit = 0; digit < 1 << DIGIT; digit++) {
            int64_t count = places[digit];
            places[digit] = place;
            place += count;
        }
        for (int64_t i = 0; i < size; i++)
            to[places[from[i] >> shift & ((1 << DIGIT) - 1)]++] = from[i];
        uint64_t *other = from;
        from = to;
        to = other;
        shift += DIGIT;
    }
    if (from != numbers)
        memcpy(numbers, from, (size_t)size * sizeof *numbers);
}

/* Cut lanes into intervals, by points that are packed with their lane: lane << day_bits | day - first_day.

   points: size, sorted, packed; their lanes are from 0 to the number of lanes - 1. begun, ended: packed, of each lane
   where it begins and ends, begun <= ended; begun is changed. A point outside its lane's span is moved to its nearer
   end. lane, begin, end: of size each, written: the interval before each point, its begin and end as days. */
PUBLIC void kpi_intervals(int64_t size, const int64_t *points, int64_t *begun, const int64_t *ended, int32_t day_bits,
                          int64_t first_day, int64_t *lane, int64_t *begin, int64_t *end) {
    int64_t days = (INT64_C(1) << day_bits) - 1;
    for (int64_t i = 0; i < size; i++) {
        int64_t own = points[i] >> day_bits, before = begun[own], point = points[i];
        point = point < before ? before : point;
        point = point > ended[own] ? ended[own] : point;
        lane[i] = own;
        begin[i] = (before & days) + first_day;
        end[i] = (point & days) + first_day;
        begun[own] = point;
    }
}
