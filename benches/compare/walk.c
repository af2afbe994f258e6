/* The least work that finds the table: map the file, walk the header, skip every
 * string. Prints "ggml-type n_vocab d_model offset".
 *
 *     walk MODEL.gguf
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char TABLE[] = "token_embd.weight";
static const char ALIGNMENT[] = "general.alignment";

static const unsigned char *at, *end;

static const unsigned char *take(uint64_t bytes) {
    if (bytes > (uint64_t)(end - at)) { fputs("walk: the file ends in its header\n", stderr); exit(1); }
    const unsigned char *here = at;
    at += bytes;
    return here;
}

static uint32_t u32(void) { uint32_t v; memcpy(&v, take(4), 4); return v; }
static uint64_t u64(void) { uint64_t v; memcpy(&v, take(8), 8); return v; }

/* Steps over a string. Returns whether it is `name`. */
static int string_is(const char *name) {
    uint64_t length = u64();
    const unsigned char *text = take(length);
    return length == strlen(name) && memcmp(text, name, length) == 0;
}

static void skip_value(uint32_t type) {
    /* u8 i8 u16 i16 u32 i32 f32 bool string array u64 i64 f64 */
    static const unsigned char size[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    if (type >= sizeof size) { fputs("walk: an unknown type of value\n", stderr); exit(1); }
    if (type == 8) {
        take(u64());
    } else if (type == 9) {
        uint32_t of = u32();
        uint64_t count = u64();
        if (of < sizeof size && size[of]) {
            if (count > UINT64_MAX / 8) count = UINT64_MAX / 8;
            take(count * size[of]);
        } else {
            while (count--) skip_value(of);
        }
    } else {
        take(size[type]);
    }
}

int main(int argc, char **argv) {
    struct stat file;
    int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    if (fd < 0 || fstat(fd, &file)) { fputs("usage: walk MODEL.gguf\n", stderr); return 1; }
    const unsigned char *map = mmap(NULL, file.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) { perror("mmap"); return 1; }
    at = map;
    end = map + file.st_size;

    if (memcmp(take(4), "GGUF", 4) || u32() < 2) { fputs("walk: not GGUF 2 or 3\n", stderr); return 1; }
    uint64_t tensors = u64(), pairs = u64(), alignment = 32;
    while (pairs--) {
        int aligns = string_is(ALIGNMENT);
        uint32_t type = u32();
        if (aligns && type == 4) alignment = u32();
        else skip_value(type);
    }

    uint64_t shape[2] = {0, 0}, offset = 0;
    uint32_t found = UINT32_MAX;
    while (tensors--) {
        int wanted = string_is(TABLE);
        uint64_t sizes[2] = {1, 1};
        uint32_t dimensions = u32();
        for (uint32_t i = 0; i < dimensions; i++) {
            uint64_t size = u64();
            if (i < 2) sizes[i] = size;
        }
        uint32_t type = u32();
        uint64_t start = u64();
        if (wanted) { memcpy(shape, sizes, sizeof shape); offset = start; found = type; }
    }
    if (found == UINT32_MAX || alignment == 0) { fputs("walk: no table\n", stderr); return 1; }

    uint64_t data = ((uint64_t)(at - map) + alignment - 1) / alignment * alignment;
    printf("%u %llu %llu %llu\n", found, (unsigned long long)shape[1],
           (unsigned long long)shape[0], (unsigned long long)(data + offset));
    return 0;
}
